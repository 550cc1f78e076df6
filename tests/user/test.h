/* SPDX-License-Identifier: MIT */
/* What cmocka wants included before itself, in its order. */
#ifndef TESTS_USER_TEST_H
#define TESTS_USER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rewire.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
