// SPDX-License-Identifier: MIT
/*
 * The tests of libtuf: tuf-test [GROUP]... runs all, or those groups. Each prints
 * a document of TAP. tuf-test --list names them.
 */
#include "test.h"

static const struct {
	const char *name;
	int (*run)(void);
} groups[] = {
#define X(name) { #name, test_##name },
	TEST_GROUPS(X)
#undef X
};

static bool wanted(const char *name, int count, char **names)
{
	int i;

	for (i = 1; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return count < 2;
}

int main(int argc, char **argv)
{
	int ran = 0, failed = 0;
	size_t i;

	for (i = 0; argc == 2 && !strcmp(argv[1], "--list"); i++) {
		if (i == ARRAY_SIZE(groups))
			return 0;
		puts(groups[i].name);
	}
	setenv("no_proxy", "*", 1);
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!wanted(groups[i].name, argc, argv))
			continue;
		printf("TAP version 13\n# Subtest: %s\n", groups[i].name);
		fflush(stdout);
		failed += groups[i].run();
		fflush(stdout);
		ran++;
	}
	keys_free();
	if (!ran)
		fprintf(stderr, "no such group of tests\n");
	return !ran || failed;
}
