// SPDX-License-Identifier: MIT
#include <string.h>

#include "elf_fixture.h"

static void set_load(Elf64_Phdr *load, __u32 flags, size_t offset,
		     __u64 address, size_t in_file, size_t in_memory)
{
	*load = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_offset = offset,
		.p_vaddr = address,
		.p_filesz = in_file,
		.p_memsz = in_memory,
		.p_align = FIX_PAGE,
	};
}

static void set_sections(struct elf_fixture *fix)
{
	static const char names[] = "\0.shstrtab\0.rewire.layout";

	memcpy(fix->names, names, sizeof(names));
	fix->section[1] = (Elf64_Shdr){
		.sh_name = 1,
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct elf_fixture, names),
		.sh_size = sizeof(fix->names),
	};
	fix->section[2] = (Elf64_Shdr){
		.sh_name = 11,
		.sh_type = SHT_PROGBITS,
		.sh_flags = SHF_ALLOC,
		.sh_addr = FIX_BASE,
		.sh_offset = offsetof(struct elf_fixture, layout),
		.sh_size = sizeof(fix->layout),
	};
}

void elf_fixture_make(struct elf_fixture *fix)
{
	static const unsigned char ident[EI_NIDENT] = {
		ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
		ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV,
	};

	memset(fix, 0, sizeof(*fix));
	fix->header = (Elf64_Ehdr){
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = FIX_CODE,
		.e_phoff = offsetof(struct elf_fixture, load),
		.e_shoff = offsetof(struct elf_fixture, section),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = FIX_LOADS,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = FIX_SECTIONS,
		.e_shstrndx = 1,
	};
	memcpy(fix->header.e_ident, ident, sizeof(ident));
	set_load(&fix->load[0], PF_R, offsetof(struct elf_fixture, layout),
		 FIX_BASE, sizeof(fix->layout), sizeof(fix->layout));
	set_load(&fix->load[1], PF_R | PF_X, offsetof(struct elf_fixture, code),
		 FIX_CODE, FIX_CODE_BYTES, FIX_CODE_BYTES);
	set_load(&fix->load[2], PF_R | PF_W, offsetof(struct elf_fixture, data),
		 FIX_DATA, FIX_DATA_BYTES, 10 * FIX_PAGE);
	set_sections(fix);
	fix->layout = (struct rewire_layout){
		.base = FIX_BASE,
		.span = FIX_SPAN,
		.entry = FIX_CODE,
		.resume = FIX_CODE + 0x10,
		.park = FIX_CODE + 0x20,
		.restorer = FIX_CODE + FIX_PAGE,
		.ssa = FIX_DATA + 0x800,
		.ssa_size = REWIRE_MIN_SSA,
		.gate = FIX_DATA,
		.doorbell = FIX_BASE + FIX_SPAN,
	};
	for (size_t i = 0; i < sizeof(fix->code); i++)
		fix->code[i] = (__u8)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(fix->data); i++)
		fix->data[i] = (__u8)(i * 13 + 5);
}
