// SPDX-License-Identifier: MIT
/*
 * The enclave image of elf_fixture.c on standard output, for tests of commands.
 */
#include <stdio.h>
#include <string.h>

#include "elf_fixture.h"

int main(void)
{
	static struct elf_fixture fix;

	elf_fixture_make(&fix);
	/* to be looked for where nothing may be read */
	memcpy(fix.data, "ENCLAVE-TEXT", 12);
	return fwrite(&fix, sizeof(fix), 1, stdout) == 1 && !fflush(stdout) ?
	       0 : 1;
}
