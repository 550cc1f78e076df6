/* SPDX-License-Identifier: MIT */
/*
 * A small enclave image, made byte by byte:
 *
 *	base + 0x0000  r--  layout				1 page
 *	base + 0x1000  r-x  code				1 page and a bit
 *	base + 0x3000  rw-  gate and data, then zeroes		1 page + 9 pages
 */
#ifndef TESTS_USER_ELF_FIXTURE_H
#define TESTS_USER_ELF_FIXTURE_H

#include <elf.h>

#include <rewire.h>

#define FIX_BASE 0x100000000000ULL
#define FIX_CODE (FIX_BASE + 0x1000)
#define FIX_DATA (FIX_BASE + 0x3000)
#define FIX_SPAN 0xd000ULL
#define FIX_PAGE 4096

#define FIX_CODE_BYTES (FIX_PAGE + 100)
#define FIX_DATA_BYTES 200
#define FIX_LOADS 3
#define FIX_SECTIONS 3

/* The file as it lies on disk. */
struct elf_fixture {
	Elf64_Ehdr header;
	Elf64_Phdr load[FIX_LOADS];
	Elf64_Shdr section[FIX_SECTIONS];
	char names[32];
	__u8 pad[FIX_PAGE - sizeof(Elf64_Ehdr) -
		 FIX_LOADS * sizeof(Elf64_Phdr) -
		 FIX_SECTIONS * sizeof(Elf64_Shdr) - 32];
	struct rewire_layout layout;
	__u8 code[FIX_CODE_BYTES];
	__u8 data[FIX_DATA_BYTES];
};

void elf_fixture_make(struct elf_fixture *fix);

#endif
