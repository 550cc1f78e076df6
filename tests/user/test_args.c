// SPDX-License-Identifier: MIT
#include <errno.h>

#include "test.h"

static void args_encoding(void **state)
{
	static const __u8 expected[] = "\3\0\0\0put\0\0\0\0\2\0\0\0a\0";
	struct rewire_args args = { .length = 0 };

	(void)state;
	assert_int_equal(rewire_args_add(&args, "put", 3), 0);
	assert_int_equal(rewire_args_add(&args, NULL, 0), 0);
	assert_int_equal(rewire_args_add(&args, "a\0", 2), 0);
	assert_int_equal(args.length, sizeof(expected) - 1);
	assert_memory_equal(args.data, expected, args.length);
}

static void args_round_trip(void **state)
{
	struct rewire_args args = { .length = 0 };
	size_t position = 0, length;
	const void *argument;
	__u8 data[300];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (__u8)i;
	for (size_t n = 0; n < sizeof(data); n += 7)
		assert_int_equal(rewire_args_add(&args, data, n), 0);
	for (size_t n = 0; n < sizeof(data); n += 7) {
		assert_int_equal(rewire_args_next(args.data, args.length,
						  &position, &argument,
						  &length), 1);
		assert_int_equal(length, n);
		assert_memory_equal(argument, data, n);
	}
	assert_int_equal(rewire_args_next(args.data, args.length, &position,
					  &argument, &length), 0);
}

static void args_full(void **state)
{
	static __u8 large[REWIRE_MAX_PAYLOAD];
	struct rewire_args *args = calloc(1, sizeof(*args));

	(void)state;
	assert_non_null(args);
	assert_int_equal(rewire_args_add(args, large, sizeof(large) - 3),
			 -EMSGSIZE);
	assert_int_equal(args->length, 0);
	assert_int_equal(rewire_args_add(args, large, SIZE_MAX), -EMSGSIZE);
	assert_int_equal(rewire_args_add(args, large, sizeof(large) - 4), 0);
	assert_int_equal(args->length, sizeof(args->data));
	assert_int_equal(rewire_args_add(args, NULL, 0), -EMSGSIZE);
	free(args);
}

static void args_cut_off(void **state)
{
	struct rewire_args args = { .length = 0 };

	(void)state;
	assert_int_equal(rewire_args_add(&args, "put", 3), 0);
	assert_int_equal(rewire_args_add(&args, "key", 3), 0);
	for (size_t cut = 1; cut < args.length; cut++) {
		size_t position = 0, length;
		const void *argument;
		int rc;

		do
			rc = rewire_args_next(args.data, cut, &position,
					      &argument, &length);
		while (rc > 0);
		assert_int_equal(rc, cut == 7 ? 0 : -EBADMSG);
	}
}

static void args_huge_length(void **state)
{
	static const __u8 data[] = { 0xff, 0xff, 0xff, 0xff, 'x' };
	size_t position = 0, length;
	const void *argument;

	(void)state;
	assert_int_equal(rewire_args_next(data, sizeof(data), &position,
					  &argument, &length), -EBADMSG);
	position = 6;
	assert_int_equal(rewire_args_next(data, sizeof(data), &position,
					  &argument, &length), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(args_encoding),
		cmocka_unit_test(args_round_trip),
		cmocka_unit_test(args_full),
		cmocka_unit_test(args_cut_off),
		cmocka_unit_test(args_huge_length),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
