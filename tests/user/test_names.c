// SPDX-License-Identifier: MIT
#include <errno.h>

#include "test.h"

#define UUID "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
#define HEX "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

static const __u8 id[REWIRE_ID_SIZE] = {
	0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x60, 0x71,
	0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9,
};

static void id_parse_valid(void **state)
{
	static const char *const texts[] = {
		UUID, HEX, "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		__u8 out[REWIRE_ID_SIZE] = { 0 };

		assert_int_equal(rewire_id_parse(texts[i], out), 0);
		assert_memory_equal(out, id, sizeof(id));
	}
}

static void id_parse_invalid(void **state)
{
	static const char *const texts[] = {
		"", "1", UUID "0", HEX "0", "0a1b2c3d4e5f60718293a4b5c6d7e8f",
		"0a1b2c3d4-e5f-6071-8293-a4b5c6d7e8f9",
		"0a1b2c3d-4e5f-6071-8293+a4b5c6d7e8f9",
		"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg",
		"0a1b2c3d-4e5f-6071-8293--4b5c6d7e8f9",
		" a1b2c3d4e5f60718293a4b5c6d7e8f9",
	};
	__u8 out[REWIRE_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(rewire_id_parse(texts[i], out), -EINVAL);
}

static void id_format(void **state)
{
	char text[REWIRE_ID_TEXT];

	(void)state;
	assert_string_equal(rewire_id_format(id, text), UUID);
}

static void id_random_is_version_4(void **state)
{
	__u8 one[REWIRE_ID_SIZE], other[REWIRE_ID_SIZE];

	(void)state;
	assert_int_equal(rewire_id_random(one, NULL), 0);
	assert_int_equal(rewire_id_random(other, NULL), 0);
	assert_memory_not_equal(one, other, sizeof(one));
	assert_int_equal(one[6] >> 4, 4);
	assert_int_equal(one[8] >> 6, 2);
}

static void hex_round_trip(void **state)
{
	__u8 out[REWIRE_ID_SIZE];
	char text[2 * REWIRE_ID_SIZE + 1];

	(void)state;
	assert_string_equal(rewire_hex(id, sizeof(id), text), HEX);
	assert_int_equal(rewire_unhex(text, out, sizeof(out)), 0);
	assert_memory_equal(out, id, sizeof(id));
	assert_int_equal(rewire_unhex(text, out, sizeof(out) - 1), -EINVAL);
}

static void names_cover_all_states(void **state)
{
	(void)state;
	for (__u32 i = 0; i < REWIRE_ENCLAVE_STATES; i++)
		assert_string_not_equal(rewire_enclave_state_name(i), "unknown");
	for (__u32 i = 0; i < REWIRE_SESSION_STATES; i++)
		assert_string_not_equal(rewire_session_state_name(i), "unknown");
	for (__u32 i = REWIRE_MSG_OFFER; i <= REWIRE_MSG_ABORTED; i++)
		assert_string_not_equal(rewire_message_name(i), "unknown");
	assert_string_equal(rewire_enclave_state_name(REWIRE_ENCLAVE_STATES),
			    "unknown");
	assert_string_equal(rewire_session_state_name(UINT32_MAX), "unknown");
	assert_string_equal(rewire_message_name(0), "unknown");
	assert_string_equal(rewire_side_name(0), "unknown");
	assert_string_equal(rewire_side_name(REWIRE_SIDE_TARGET), "target");
}

static void fail_cuts_long_text(void **state)
{
	struct rewire_error err;
	char *text = malloc(2000);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 1999);
	text[1999] = '\0';
	assert_int_equal(rewire_fail(&err, EIO, "%s", text), -EIO);
	assert_int_equal(err.code, EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(rewire_fail(NULL, EIO, "%s", text), -EIO);
	free(text);
}

static void fail_ioctl_without_reason(void **state)
{
	struct rewire_error err;

	(void)state;
	/* No SM behind this file: the errno's own text, and what to do. */
	assert_int_equal(rewire_fail_ioctl(&err, -1, ETIMEDOUT, "pausing"),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.text, "pausing: "));
	assert_non_null(strstr(err.text, "longer time-out"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_parse_valid),
		cmocka_unit_test(id_parse_invalid),
		cmocka_unit_test(id_format),
		cmocka_unit_test(id_random_is_version_4),
		cmocka_unit_test(hex_round_trip),
		cmocka_unit_test(names_cover_all_states),
		cmocka_unit_test(fail_cuts_long_text),
		cmocka_unit_test(fail_ioctl_without_reason),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
