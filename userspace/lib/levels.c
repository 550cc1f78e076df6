// SPDX-License-Identifier: MIT
/*
 * A table of trust levels as text: platform claims by name, kernels by release.
 * A member that is not known is refused: a rule that nobody checks is none.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "rewire.h"

static const char *const claim_names[] = {
	"lockdown-integrity", "lockdown-confidentiality", "module-signatures",
	"yama", "no-ptrace", "secure-boot", "kexec-off", "perf-restricted",
	"bpf-restricted", "ima", "journal", "witnessed", "tpm-counter",
};

#define CLAIMS (sizeof(claim_names) / sizeof(claim_names[0]))

_Static_assert(REWIRE_CLAIMS == (1ULL << CLAIMS) - 1, "a claim has no name");

const char *rewire_claim_name(unsigned int bit)
{
	return bit < CLAIMS ? claim_names[bit] : NULL;
}

int rewire_claim_parse(const char *text, __u64 *ret_claim)
{
	for (unsigned int bit = 0; bit < CLAIMS; bit++)
		if (!strcmp(text, claim_names[bit])) {
			*ret_claim = 1ULL << bit;
			return 0;
		}
	return -EINVAL;
}

/* "6.12" or "6.12.3", packed as LINUX_VERSION_CODE */
static int parse_release(const char *text, __u32 *ret_release)
{
	unsigned long part[3] = { 0 };
	char *end;
	int i = 0;

	for (;;) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		part[i] = strtoul(text, &end, 10);
		if (part[i++] > 255)
			return -EINVAL;
		if (!*end)
			break;
		if (*end != '.' || i == 3)
			return -EINVAL;
		text = end + 1;
	}
	if (i < 2)
		return -EINVAL;
	*ret_release = (__u32)(part[0] << 16 | part[1] << 8 | part[2]);
	return 0;
}

static int parse_claims(json_t *list, size_t at, __u64 *ret_claims,
			struct rewire_error *err)
{
	__u64 claims = 0, claim;
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value) {
		const char *name = json_string_value(value);

		if (!name || rewire_claim_parse(name, &claim))
			return rewire_fail(err, EBADMSG, "rule %zu: there is no claim %s",
					   at + 1, name ? name : "without a name");
		if (claims & claim)
			return rewire_fail(err, EBADMSG, "rule %zu: %s is there twice",
					   at + 1, name);
		claims |= claim;
	}
	*ret_claims = claims;
	return 0;
}

static int parse_rule(json_t *object, size_t at, struct rewire_level_rule *rule,
		      struct rewire_error *err)
{
	const char *kernel;
	json_error_t why;
	json_t *claims;
	int level;

	if (json_unpack_ex(object, &why, JSON_STRICT, "{s:i, s:s, s:o}",
			   "level", &level, "min_kernel", &kernel, "claims",
			   &claims) || !json_is_array(claims))
		return rewire_fail(err, EBADMSG, "rule %zu is not of level, min_kernel and claims: %s",
				   at + 1, why.text[0] ? why.text :
					   "claims is no list");
	if (level < 1 || level > REWIRE_MAX_LEVEL)
		return rewire_fail(err, EBADMSG, "rule %zu: level %d is not 1 to %d",
				   at + 1, level, REWIRE_MAX_LEVEL);
	if (parse_release(kernel, &rule->min_kernel))
		return rewire_fail(err, EBADMSG, "rule %zu: %s is no kernel release, as 6.12.0",
				   at + 1, kernel);
	rule->level = (__u32)level;
	return parse_claims(claims, at, &rule->claims, err);
}

static int parse_table(json_t *root, struct rewire_levels *levels,
		       struct rewire_error *err)
{
	json_int_t version;
	json_error_t why;
	json_t *rules;
	int rc = 0;

	if (json_unpack_ex(root, &why, JSON_STRICT, "{s:I, s:o}", "version",
			   &version, "rules", &rules))
		return rewire_fail(err, EBADMSG, "not a table of version and rules: %s",
				   why.text);
	if (version < 1)
		return rewire_fail(err, EBADMSG, "the version is 1 or more");
	if (!json_is_array(rules) || !json_array_size(rules) ||
	    json_array_size(rules) > REWIRE_LEVEL_RULES)
		return rewire_fail(err, EBADMSG, "rules is no list of 1 to %d",
				   REWIRE_LEVEL_RULES);
	levels->version = (__u64)version;
	levels->rules = (__u32)json_array_size(rules);
	for (size_t i = 0; i < levels->rules && !rc; i++)
		rc = parse_rule(json_array_get(rules, i), i, &levels->rule[i],
				err);
	return rc;
}

int rewire_levels_parse(const char *text, size_t length,
			struct rewire_levels *ret_levels,
			struct rewire_error *err)
{
	struct rewire_levels levels = { 0 };
	json_error_t why;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!root)
		return rewire_fail(err, EBADMSG, "line %d: %s", why.line,
				   why.text);
	rc = parse_table(root, &levels, err);
	json_decref(root);
	if (!rc)
		*ret_levels = levels;
	return rc;
}
