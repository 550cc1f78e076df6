/* SPDX-License-Identifier: MIT */
/* What cmocka wants included before itself, in its order. */
#ifndef TESTS_TUF_TEST_H
#define TESTS_TUF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tuf.h>

#include "repo.h"
#include "world.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A test with a world of its own. */
#define in_world(test) cmocka_unit_test_setup_teardown(test, world_new, world_free)

/* Each file test_NAME.c is one group, a function that returns how many failed. What
 * takes longest comes first, since groups run beside each other. */
#define TEST_GROUPS(X) X(kill) X(json) X(form) X(keys) X(root) X(timestamp) \
	X(snapshot) X(targets) X(delegate) X(succinct) X(download) X(http) X(tls) \
	X(mirrors) X(store) X(attacks) X(matrix) X(command) \
	X(members) X(media)

#define X(name) int test_##name(void);
TEST_GROUPS(X)
#undef X

#endif
