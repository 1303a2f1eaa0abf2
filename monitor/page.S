/* SPDX-License-Identifier: GPL-2.0 */
/* page.html as it is, for report_page.c */
	.section .rodata
	.global page_html
	.global page_html_end
page_html:
	.incbin "page.html"
page_html_end:
	.section .note.GNU-stack, "", %progbits
