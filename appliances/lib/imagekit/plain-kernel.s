# SPDX-License-Identifier: GPL-3.0-or-later
# Takes the place of a kernel image's decompressor: puts an uncompressed kernel where it was linked for and enters it.
# In: Linux' 32-bit boot protocol (flat protected mode, %esi = boot parameters). Out: its 64-bit protocol.
# plain_kernel.py fills in what stands from `tables` on and lays the kernel's bytes behind.

	.set	SCRATCH_STACK, 0x1e8		# in the boot parameters, for early use: four bytes are enough for a call
	.set	PAGE, 0x1000
	.set	PRESENT_WRITABLE, 3
	.set	LARGE_PAGE, 0x80 | PRESENT_WRITABLE
	.set	LARGE_PAGE_BYTES, 0x200000
	.set	MAPPED_GIB, 4
	.set	CR4_PAE, 0x20
	.set	CR0_PAGING_PROTECTION, 0x80000001
	.set	EFER, 0xc0000080
	.set	EFER_LONG_MODE_BIT, 8
	.set	CODE_SEGMENT, 0x10
	.set	DATA_SEGMENT, 0x18

	.code32
	.globl	_start
_start:
	cli
	cld
	movl	%esi, %ebp
	leal	SCRATCH_STACK(%ebp), %esp
	call	here
here:
	popl	%ebx
	subl	$(here - _start), %ebx

	# Each segment: from, to, long words to copy, long words to clear behind them.
	leal	(segments - _start)(%ebx), %edx
next_segment:
	movl	4(%edx), %edi
	testl	%edi, %edi
	jz	map_memory
	movl	(%edx), %esi
	addl	%ebx, %esi
	movl	8(%edx), %ecx
	rep movsl
	movl	12(%edx), %ecx
	xorl	%eax, %eax
	rep stosl
	addl	$16, %edx
	jmp	next_segment

	# The first gibibytes, each address mapped to itself, in large pages: one top table, one below it, one a gibibyte.
map_memory:
	movl	(tables - _start)(%ebx), %edx
	addl	%ebx, %edx
	movl	%edx, %cr3
	movl	%edx, %edi
	xorl	%eax, %eax
	movl	$((2 + MAPPED_GIB) * PAGE / 4), %ecx
	rep stosl
	leal	(PAGE + PRESENT_WRITABLE)(%edx), %eax
	movl	%eax, (%edx)
	leal	PAGE(%edx), %edi
	movl	$MAPPED_GIB, %ecx
next_gibibyte:
	addl	$PAGE, %eax
	movl	%eax, (%edi)
	addl	$8, %edi
	loop	next_gibibyte
	leal	(2 * PAGE)(%edx), %edi
	movl	$LARGE_PAGE, %eax
	movl	$(MAPPED_GIB * 512), %ecx
next_page:
	movl	%eax, (%edi)
	addl	$LARGE_PAGE_BYTES, %eax
	addl	$8, %edi
	loop	next_page

	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$EFER, %ecx
	rdmsr
	btsl	$EFER_LONG_MODE_BIT, %eax
	wrmsr
	leal	(descriptors - _start)(%ebx), %eax
	movl	%eax, (descriptors_register + 2 - _start)(%ebx)
	lgdt	(descriptors_register - _start)(%ebx)
	movl	(entry - _start)(%ebx), %edi
	leal	(stack_top - _start)(%ebx), %esp
	pushl	$CODE_SEGMENT
	leal	(long_mode - _start)(%ebx), %eax
	pushl	%eax
	movl	%cr0, %eax
	orl	$CR0_PAGING_PROTECTION, %eax
	movl	%eax, %cr0
	lret

	.code64
long_mode:
	movl	$DATA_SEGMENT, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%ebp, %esi
	jmp	*%rdi

	.balign	8
descriptors:
	.quad	0, 0
	.quad	0x00af9a000000ffff		# code, 64 bits
	.quad	0x00cf92000000ffff		# data
descriptors_register:
	.word	descriptors_register - descriptors - 1
	.long	0

	.balign	16
	.skip	64
stack_top:
tables:
	.long	0				# offset of room for page tables
entry:
	.long	0				# the kernel's entry, a physical address
segments:
