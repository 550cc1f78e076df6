// SPDX-License-Identifier: MIT
/*
 * Output: for people, and as JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

const char *show_colour(FILE *file, int colour)
{
	static const char *const codes[] = {
		[SHOW_PLAIN] = "\033[0m",
		[SHOW_GOOD] = "\033[32m",
		[SHOW_WAITING] = "\033[33m",
		[SHOW_BAD] = "\033[31m",
		[SHOW_FAINT] = "\033[2m",
	};
	const char *none = getenv("NO_COLOR");

	if ((none && none[0]) || !isatty(fileno(file)))
		return "";
	return codes[colour];
}

int show_state_colour(__u32 state)
{
	switch (state) {
	case REWIRE_ENCLAVE_RUNNING:
		return SHOW_GOOD;
	case REWIRE_ENCLAVE_DESTROYED:
		return SHOW_FAINT;
	default:
		return SHOW_WAITING;
	}
}

const char *show_size(__u64 bytes, char text[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit < ARRAY_SIZE(units) - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

void show_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
	fflush(stdout);
	json_decref(value);
}

void show_error(const struct rewire_error *err)
{
	show_json(json_pack("{s:b, s:i, s:o}", "ok", 0, "errno", err->code,
			    "error", show_text(err->text)));
}

json_t *show_text(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(text that is not UTF-8)");
}

json_t *show_id(const __u8 id[REWIRE_ID_SIZE])
{
	char text[REWIRE_ID_TEXT];

	return json_string(rewire_id_format(id, text));
}

json_t *show_hex(const void *data, size_t length)
{
	char text[2 * REWIRE_POINT_SIZE + 1];

	return json_string(rewire_hex(data, length, text));
}

json_t *show_enclave(const struct rewire_enclave_info *info)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:i}",
			 "enclave", (json_int_t)info->id,
			 "state", rewire_enclave_state_name(info->state),
			 "workload", show_id(info->workload),
			 "software", show_id(info->software),
			 "developer", show_id(info->developer),
			 "epoch", (json_int_t)info->epoch,
			 "release", (json_int_t)info->release,
			 "svn", (json_int_t)info->svn,
			 "measurement", show_hex(info->measurement,
						 sizeof(info->measurement)),
			 "memory", (json_int_t)info->memory,
			 "max_memory", (json_int_t)info->max_memory,
			 "threads", (int)info->threads,
			 "max_threads", (int)info->max_threads,
			 "min_atl", (int)info->min_atl,
			 "attributes", (int)info->attributes,
			 "pid", (int)info->pid,
			 "pending", (int)info->pending);
}

int show_done(int enclave)
{
	struct rewire_enclave_info info;
	struct rewire_error err;

	if (!cli.json)
		return EXIT_SUCCESS;
	if (rewire_enclave_get_info(enclave, &info, &err))
		return cli_fail(&err);
	show_json(show_enclave(&info));
	return EXIT_SUCCESS;
}
