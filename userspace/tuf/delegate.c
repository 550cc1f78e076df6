// SPDX-License-Identifier: MIT
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "delegate.h"
#include "error.h"
#include "hash.h"

/* A "*" ends at a slash. */
static bool path_matches(const json_t *patterns, const char *path)
{
	json_t *pattern;
	size_t i;

	json_array_foreach((json_t *)patterns, i, pattern)
		if (!fnmatch(json_string_value(pattern), path,
			     FNM_PATHNAME | FNM_NOESCAPE))
			return true;
	return false;
}

static bool hash_matches(const json_t *prefixes, const char *hex)
{
	json_t *prefix;
	size_t i;

	json_array_foreach((json_t *)prefixes, i, prefix)
		if (!strncasecmp(json_string_value(prefix), hex,
				 json_string_length(prefix)))
			return true;
	return false;
}

static void read_role(const json_t *object, const json_t *keys,
		      struct tuf_role *ret)
{
	*ret = (struct tuf_role){
		.name = json_string_value(json_object_get(object, "name")),
		.keys = keys,
		.keyids = json_object_get(object, "keyids"),
		.threshold = json_integer_value(json_object_get(object,
								"threshold")),
		.terminating = json_is_true(json_object_get(object,
							    "terminating")),
	};
}

/* TAP 15 */
static int name_bin(const json_t *succinct, const json_t *keys, int bits,
		    uint32_t number, struct tuf_delegate *ret,
		    struct tuf_error *err)
{
	const char *prefix = json_string_value(json_object_get(succinct,
							       "name_prefix"));

	read_role(succinct, keys, &ret->role);
	if (asprintf(&ret->name, "%s-%0*x", prefix, (bits + 3) / 4, number) < 0)
		return tuf_no_memory(err);
	ret->role.name = ret->name;
	ret->role.terminating = true;
	return 1;
}

/* TAP 15: the first bits of the path's hash are the number of its bin. */
static int find_bin(const json_t *succinct, const json_t *keys,
		    const unsigned char *hash, struct tuf_delegate *ret,
		    struct tuf_error *err)
{
	int bits = (int)json_integer_value(json_object_get(succinct,
							   "bit_length"));
	uint32_t first = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
			 (uint32_t)hash[2] << 8 | hash[3];

	return name_bin(succinct, keys, bits, first >> (32 - bits), ret, err);
}

int tuf_delegate_next(const struct tuf_metadata *targets, const char *path,
		      size_t *position, struct tuf_delegate *ret,
		      struct tuf_error *err)
{
	const json_t *delegations = json_object_get(targets->body, "delegations");
	const json_t *succinct = json_object_get(delegations, "succinct_roles");
	const json_t *roles = json_object_get(delegations, "roles");
	const json_t *keys = json_object_get(delegations, "keys");
	unsigned char hash[32];
	char hex[65];

	*ret = (struct tuf_delegate){ 0 };
	if (tuf_sha256(path, strlen(path), hash))
		return tuf_no_memory(err);
	tuf_hex(hash, sizeof(hash), hex);
	if (succinct)
		return (*position)++ ? 0 : find_bin(succinct, keys, hash, ret, err);
	while (*position < json_array_size(roles)) {
		const json_t *role = json_array_get(roles, (*position)++);
		const json_t *paths = json_object_get(role, "paths");

		if (paths ? path_matches(paths, path) :
		    hash_matches(json_object_get(role, "path_hash_prefixes"), hex)) {
			read_role(role, keys, &ret->role);
			return 1;
		}
	}
	return 0;
}

int tuf_delegate_at(const struct tuf_metadata *targets, uint64_t position,
		    struct tuf_delegate *ret, struct tuf_error *err)
{
	const json_t *delegations = json_object_get(targets->body, "delegations");
	const json_t *succinct = json_object_get(delegations, "succinct_roles");
	const json_t *roles = json_object_get(delegations, "roles");
	const json_t *keys = json_object_get(delegations, "keys");
	int bits = (int)json_integer_value(json_object_get(succinct,
							   "bit_length"));

	*ret = (struct tuf_delegate){ 0 };
	if (succinct)
		return position >> bits ? 0 :
		       name_bin(succinct, keys, bits, (uint32_t)position, ret, err);
	if (position >= json_array_size(roles))
		return 0;
	read_role(json_array_get(roles, position), keys, &ret->role);
	return 1;
}
