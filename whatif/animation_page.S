/* SPDX-License-Identifier: GPL-2.0 */
/* animation_page.html as it is, for animation.c */
	.section .rodata
	.global animation_html
	.global animation_html_end
animation_html:
	.incbin "animation_page.html"
animation_html_end:
	.section .note.GNU-stack, "", %progbits
