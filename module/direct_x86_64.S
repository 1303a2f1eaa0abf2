/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where ftrace direct calls end, and what C cannot express.
 *
 * ftrace calls these at the entry of a kernel function, with that function's arguments in
 * their registers and two return addresses on the stack: where the function goes on (its
 * body), and its caller.  Call depth tracking (retbleed=stuff) is not told of the calls
 * that ftrace makes: it takes the stack for less deep than it is, and refills early.
 */

#include <linux/linkage.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

/*
 * At the entry of the function that puts pages of files in place, for each page that a
 * fault maps: go on unless vmf->cow_page says that this one is a copy.
 */
SYM_CODE_START(faultline_first_entry)
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	movq	faultline_cow_page_offset(%rip), %rax
	cmpq	$0, (%rdi, %rax)
	jne	.Lcopy
	RET
.Lcopy:
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	call	faultline_cow_first
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	RET
SYM_CODE_END(faultline_first_entry)

/*
 * At the entry of the function that copies.  Take the first address off, so that what is
 * called from here returns to that function's caller in its stead, and hand both on as
 * further arguments.
 */
SYM_CODE_START(faultline_copy_entry)
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	popq	%r8			/* body */
	UNWIND_HINT_FUNC
	movq	(%rsp), %rcx		/* caller */
	jmp	faultline_latency_copy
SYM_CODE_END(faultline_copy_entry)

/*
 * unsigned long faultline_copy_resume(to, from, length, body): go on in the copy function
 * behind its call of ftrace.  By a return, because with indirect branch tracking a call
 * or jump may only end at an ENDBR, which is before that place.
 */
SYM_CODE_START(faultline_copy_resume)
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	pushq	%rcx
	UNWIND_HINT_FUNC
	RET
SYM_CODE_END(faultline_copy_resume)

/*
 * At the entry of the function that breaks a share: go on there, unless there is a window.
 * If so take the first address off, as above, and have C take the function's place.
 */
SYM_CODE_START(faultline_write_entry)
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	pushq	%rdi
	call	faultline_in_place_wanted
	popq	%rdi
	testl	%eax, %eax
	jnz	.Lwindow
	RET
.Lwindow:
	popq	%rsi			/* body */
	UNWIND_HINT_FUNC
	movl	%eax, %edx		/* what speaks for the window */
	jmp	faultline_in_place_fault
SYM_CODE_END(faultline_write_entry)

/* At the entry of the function that ends a process's memory. */
SYM_CODE_START(faultline_exit_entry)
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	pushq	%rdi
	call	faultline_forecast_end
	popq	%rdi
	RET
SYM_CODE_END(faultline_exit_entry)

/* vm_fault_t faultline_write_resume(vmf, body): as faultline_copy_resume(). */
SYM_CODE_START(faultline_write_resume)
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
	pushq	%rsi
	UNWIND_HINT_FUNC
	RET
SYM_CODE_END(faultline_write_resume)

	.section .note.GNU-stack, "", @progbits
