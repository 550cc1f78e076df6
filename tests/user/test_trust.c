// SPDX-License-Identifier: MIT
/*
 * Trust bundles, tables of levels, anchors in a host's folder, fences: how they
 * are made and signed, and each way in which a file of one can be wrong.
 */
#include <errno.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "test.h"

#include "anchors.h"
#include "scratch.h"

static char *folder;	/* of the whole group: keys are slow to make */

static const char *in_pki(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "pki/%s", name);
	return scratch_path(folder, path);
}

static int make_pki(void **state)
{
	__u8 sm[REWIRE_ID_SIZE];
	struct rewire_error err;

	(void)state;
	folder = scratch_make();
	if (rewire_pki_init(scratch_path(folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(folder, "pki"), "alpha", NULL, sm,
			    &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int remove_pki(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static struct rewire_signer *open_signer(const char *role)
{
	struct rewire_signer *signer = NULL;
	struct rewire_error err = { 0 };
	char key[64], crt[64];

	snprintf(key, sizeof(key), "%s.key", role);
	snprintf(crt, sizeof(crt), "%s.crt", role);
	if (rewire_signer_open(in_pki(key), in_pki(crt), NULL, NULL, &signer,
			       &err))
		fail_msg("%s", err.text);
	return signer;
}

static int sign_by(struct rewire_statement *statement, const char *role)
{
	struct rewire_signer *signer = open_signer(role);
	int rc = rewire_trust_sign(signer, statement, NULL);

	rewire_signer_free(signer);
	return rc;
}

static struct rewire_bundle platform_bundle(void)
{
	struct rewire_bundle bundle = {
		.version = 3,
		.role = REWIRE_ROLE_PLATFORM,
		.threshold = 1,
		.revoked = 2,
	};

	memset(bundle.revoked_sm[0], 0x11, REWIRE_ID_SIZE);
	memset(bundle.revoked_sm[1], 0x22, REWIRE_ID_SIZE);
	return bundle;
}

static struct rewire_statement *make_platform(void)
{
	const char *const files[] = { in_pki("platform.crt"), in_pki("sds.crt") };
	struct rewire_bundle bundle = platform_bundle();
	struct rewire_statement *statement = NULL;
	struct rewire_error err = { 0 };

	if (rewire_trust_bundle(&bundle, files, 2, &statement, &err))
		fail_msg("%s", err.text);
	return statement;
}

/* Where it says what it should: this header, these lengths, these bytes. */
static void bundle_is_laid_out(void **state)
{
	struct rewire_statement *statement = make_platform();
	const struct rewire_bundle *b = (const void *)statement->body;
	struct rewire_anchor_name name;

	(void)state;
	assert_int_equal(b->header.magic, REWIRE_MAGIC);
	assert_int_equal(b->header.type, REWIRE_TYPE_BUNDLE);
	assert_int_equal(b->header.size, sizeof(*b));
	assert_int_equal(b->version, 3);
	assert_int_equal(b->anchors, 2);
	assert_int_equal(statement->length,
			 sizeof(*b) + b->cert_len[0] + b->cert_len[1]);
	assert_int_equal(statement->signatures, 0);
	assert_int_equal(rewire_trust_anchor(statement, 0, &name, NULL), 0);
	assert_non_null(strstr(name.subject, "platform CA"));
	rewire_trust_free(statement);
}

static void signatures_come_one_by_one(void **state)
{
	struct rewire_statement *statement = make_platform(), *back = NULL;
	char *path = strdup(scratch_path(folder, "platform.trust"));

	(void)state;
	assert_int_equal(sign_by(statement, "root-1"), 0);
	assert_int_equal(sign_by(statement, "root-1"), -EEXIST);
	assert_int_equal(rewire_trust_write(path, statement, NULL), 0);
	rewire_trust_free(statement);

	assert_int_equal(rewire_trust_read(path, &statement, NULL), 0);
	assert_int_equal(statement->signatures, 1);
	assert_int_equal(sign_by(statement, "root-3"), 0);
	assert_int_equal(sign_by(statement, "root-1"), -EEXIST);
	assert_int_equal(rewire_trust_write(path, statement, NULL), 0);

	assert_int_equal(rewire_trust_read(path, &back, NULL), 0);
	assert_int_equal(back->signatures, 2);
	assert_int_equal(back->length, statement->length);
	assert_memory_equal(back->body, statement->body, back->length);
	assert_int_equal(rewire_trust_signed_by(back, 0, in_pki("root-1.crt"),
						NULL), 0);
	assert_int_equal(rewire_trust_signed_by(back, 1, in_pki("root-3.crt"),
						NULL), 0);
	assert_int_equal(rewire_trust_signed_by(back, 1, in_pki("root-2.crt"),
						NULL), -EKEYREJECTED);
	rewire_trust_free(back);
	rewire_trust_free(statement);
	free(path);
}

static void no_more_than_eight_sign(void **state)
{
	struct rewire_statement *statement = make_platform();

	(void)state;
	assert_int_equal(sign_by(statement, "root-1"), 0);
	for (int i = 1; i < REWIRE_MAX_ROOT_SIGNATURES; i++) {
		statement->signature_length[i] = 1;
		statement->signatures++;
	}
	assert_int_equal(sign_by(statement, "root-2"), -EMSGSIZE);
	rewire_trust_free(statement);
}

/* A file of a statement with two signatures, as bytes; the statement is freed. */
static __u8 *signed_file(struct rewire_statement *statement, size_t *ret_length,
			 size_t *ret_body)
{
	const char *path;
	__u8 *data;

	assert_int_equal(sign_by(statement, "root-1"), 0);
	assert_int_equal(sign_by(statement, "root-2"), 0);
	path = scratch_path(folder, "flip.trust");
	assert_int_equal(rewire_trust_write(path, statement, NULL), 0);
	assert_int_equal(rewire_file_read(path, 1 << 20, &data, ret_length,
					  NULL), 0);
	*ret_body = statement->length;
	rewire_trust_free(statement);
	return data;
}

/* Taken apart, with both signatures good? If not, @why says what is wrong. */
static bool both_signed(const __u8 *data, size_t length,
			struct rewire_error *why)
{
	struct rewire_statement *statement;
	int rc = rewire_trust_parse(data, length, &statement, why);

	if (rc)
		return false;
	rc = statement->signatures == 2 ? 0 :
	     rewire_fail(why, EBADMSG, "%zu signatures", statement->signatures);
	if (!rc)
		rc = rewire_trust_signed_by(statement, 0, in_pki("root-1.crt"),
					    why);
	if (!rc)
		rc = rewire_trust_signed_by(statement, 1, in_pki("root-2.crt"),
					    why);
	rewire_trust_free(statement);
	return !rc;
}

static void change_each_byte(struct rewire_statement *statement)
{
	size_t length, body;
	__u8 *data = signed_file(statement, &length, &body);
	struct rewire_error why;

	assert_true(both_signed(data, length, &why));
	for (size_t at = 0; at < length; at++) {
		why = (struct rewire_error){ 0 };
		data[at] ^= 0x20;
		if (both_signed(data, length, &why) || !why.text[0])
			fail_msg("byte %zu of %zu", at, body);
		data[at] ^= 0x20;
	}
	free(data);
}

/* Either it is not taken apart any more, or a signature does not hold. */
static void attack_01_each_byte_changed(void **state)
{
	struct rewire_levels levels = {
		.version = 2, .rules = 1, .rule = { { .level = 1 } },
	};
	struct rewire_statement *statement;

	(void)state;
	change_each_byte(make_platform());
	assert_int_equal(rewire_trust_levels(&levels, &statement, NULL), 0);
	change_each_byte(statement);
}

static void file_cut_or_longer(void **state)
{
	struct rewire_statement *statement;
	struct rewire_error err;
	size_t length, body;
	__u8 *data = signed_file(make_platform(), &length, &body), *more;

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		int rc = rewire_trust_parse(data, cut, &statement, &err);
		__u32 first;

		/* Between two signatures it is a file of fewer. */
		memcpy(&first, data + body, sizeof(first));
		if (cut == body || cut == body + sizeof(first) + first) {
			assert_int_equal(rc, 0);
			rewire_trust_free(statement);
		} else {
			assert_int_equal(rc, -EBADMSG);
		}
	}
	more = calloc(1, length + 4);
	assert_non_null(more);
	memcpy(more, data, length);
	for (size_t extra = 1; extra <= 4; extra++)
		assert_int_equal(rewire_trust_parse(more, length + extra,
						    &statement, &err),
				 -EBADMSG);
	free(more);
	free(data);
}

static int try_bundle(const struct rewire_bundle *bundle, const char *first,
		      const char *second)
{
	const char *files[2] = { in_pki(first) };
	struct rewire_statement *statement;
	struct rewire_error err;
	int rc;

	if (second)
		files[1] = in_pki(second);
	rc = rewire_trust_bundle(bundle, files, second ? 2 : 1, &statement,
				 &err);
	if (!rc)
		rewire_trust_free(statement);
	return rc;
}

static void attack_08_bundle_elements(void **state)
{
	struct rewire_bundle b = platform_bundle();

	(void)state;
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), 0);
	b.version = 0;
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), -EBADMSG);
	b = platform_bundle();
	b.threshold = 2;
	assert_int_equal(try_bundle(&b, "platform.crt", "sds.crt"), -EBADMSG);
	b.threshold = 0;
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), -EBADMSG);
	b = platform_bundle();
	b.role = REWIRE_ROLE_SDS;
	assert_int_equal(try_bundle(&b, "sds.crt", NULL), -EBADMSG);
	b.role = REWIRE_ROLES;
	assert_int_equal(try_bundle(&b, "sds.crt", NULL), -EBADMSG);
	b = platform_bundle();
	b.revoked = 1;
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), -EBADMSG);
	b.revoked = 3;
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), -EBADMSG);
	b.revoked = REWIRE_BUNDLE_REVOKED + 1;
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), -EBADMSG);
	b = platform_bundle();
	memcpy(b.revoked_sm[1], b.revoked_sm[0], REWIRE_ID_SIZE);
	assert_int_equal(try_bundle(&b, "platform.crt", NULL), -EBADMSG);
	/* one key is one signer */
	b = (struct rewire_bundle){
		.version = 1, .role = REWIRE_ROLE_ROOT, .threshold = 2,
	};
	assert_int_equal(try_bundle(&b, "root-1.crt", "root-1.crt"), -EBADMSG);
	assert_int_equal(try_bundle(&b, "root-1.crt", NULL), -EBADMSG);
	assert_int_equal(try_bundle(&b, "root-1.crt", "root-2.crt"), 0);
	assert_int_equal(try_bundle(&b, "root-1.crt", "root-2.key"), -EINVAL);
}

#define RULE "{\"level\":2,\"min_kernel\":\"6.1.0\",\"claims\":[\"yama\"]}"
#define TABLE(version, rules) "{\"version\":" version ",\"rules\":[" rules "]}"

static void levels_from_text(void **state)
{
	static const char text[] = TABLE("7", RULE ",{\"level\":6,"
		"\"min_kernel\":\"6.12\",\"claims\":[\"journal\",\"witnessed\"]}");
	struct rewire_statement *statement = NULL;
	const struct rewire_levels *table;
	struct rewire_levels levels;

	(void)state;
	assert_int_equal(rewire_levels_parse(text, strlen(text), &levels, NULL),
			 0);
	assert_int_equal(rewire_trust_levels(&levels, &statement, NULL), 0);
	table = (const void *)statement->body;
	assert_int_equal(statement->length, sizeof(*table));
	assert_int_equal(table->header.type, REWIRE_TYPE_LEVELS);
	assert_int_equal(table->version, 7);
	assert_int_equal(table->rules, 2);
	assert_int_equal(table->rule[0].level, 2);
	assert_int_equal(table->rule[0].min_kernel, 0x60100);
	assert_int_equal(table->rule[0].claims, REWIRE_CLAIM_YAMA);
	assert_int_equal(table->rule[1].min_kernel, 0x60c00);
	assert_int_equal(table->rule[1].claims,
			 REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED);
	assert_int_equal(table->rule[2].level, 0);
	rewire_trust_free(statement);
}

static void attack_08_level_elements(void **state)
{
	static const char *const texts[] = {
		"", "[]", "{}", TABLE("0", RULE), TABLE("-1", RULE),
		TABLE("\"1\"", RULE), TABLE("1", ""), TABLE("1", "7"),
		TABLE("1", RULE) "x", "{\"rules\":[" RULE "]}", "{\"version\":1}",
		"{\"version\":1,\"version\":2,\"rules\":[" RULE "]}",
		"{\"version\":1,\"rules\":[" RULE "],\"rule\":[]}",
		TABLE("1", "{\"level\":0,\"min_kernel\":\"6.1\",\"claims\":[]}"),
		TABLE("1", "{\"level\":8,\"min_kernel\":\"6.1\",\"claims\":[]}"),
		TABLE("1", "{\"min_kernel\":\"6.1\",\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\"}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\",\"claims\":null}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\",\"claims\":{}}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6\",\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.\",\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1.2.3\",\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.256\",\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.-1\",\"claims\":[]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\",\"claims\":[\"x\"]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\",\"claims\":[1]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\","
		      "\"claims\":[\"yama\",\"yama\"]}"),
		TABLE("1", "{\"level\":1,\"min_kernel\":\"6.1\",\"claims\":[],"
		      "\"max_kernel\":\"6.2\"}"),
		/* what it says of this one quotes it */
		"{\"version\":1,\"rules,: \\\n\033[2J}]}",
	};
	static const char twice[] = TABLE("1", RULE "," RULE);
	struct rewire_statement *statement;
	struct rewire_levels levels;
	struct rewire_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (rewire_levels_parse(texts[i], strlen(texts[i]), &levels,
					&err) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
		else if (strpbrk(err.text, "\n\033"))
			fail_msg("not one line: %s", err.text);
	assert_int_equal(rewire_levels_parse(twice, strlen(twice), &levels,
					     &err), 0);
	assert_int_equal(rewire_trust_levels(&levels, &statement, &err),
			 -EBADMSG);
	levels.rules = 1;
	assert_int_equal(rewire_trust_levels(&levels, &statement, &err),
			 -EBADMSG);
	levels.rules = REWIRE_LEVEL_RULES + 1;
	assert_int_equal(rewire_trust_levels(&levels, &statement, &err),
			 -EBADMSG);
}

static void names_of_roles_and_claims(void **state)
{
	__u32 role = 9;
	__u64 claim;

	(void)state;
	for (__u32 i = 0; i < REWIRE_ROLES; i++) {
		assert_int_equal(rewire_role_parse(rewire_role_name(i), &role),
				 0);
		assert_int_equal(role, i);
	}
	assert_null(rewire_role_name(REWIRE_ROLES));
	assert_int_equal(rewire_role_parse("roots", &role), -EINVAL);
	for (unsigned int bit = 0; bit < 13; bit++) {
		assert_int_equal(rewire_claim_parse(rewire_claim_name(bit),
						    &claim), 0);
		assert_int_equal(claim, 1ULL << bit);
	}
	assert_null(rewire_claim_name(13));
	assert_int_equal(rewire_claim_parse("", &claim), -EINVAL);
}

static void write_text(const char *path, const char *text)
{
	assert_int_equal(rewire_file_write(path, text, strlen(text), 0644,
					   NULL), 0);
}

static void anchors_of_a_host(void **state)
{
	static const char *const bad[] = { "", "2", "0\n", "9\n", "two\n",
					   "-1\n", "2\n\n" };
	char *host = strdup(in_pki("hosts/alpha"));
	char *file = strdup(in_pki("hosts/alpha/anchors/root.threshold"));
	char *sds = strdup(in_pki("hosts/alpha/anchors/sds.crt"));
	char *odd = strdup(in_pki("hosts/alpha/anchors/sds-2.crt"));
	static const __u32 roles[] = { 0, 0, 0, 1, 2, 3 };
	struct anchors anchors;

	(void)state;
	assert_int_equal(anchors_load(host, &anchors, NULL), 0);
	assert_int_equal(anchors.count, ARRAY_SIZE(roles));
	assert_int_equal(anchors.root_threshold, 2);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		assert_int_equal(anchors.anchor[i].role, roles[i]);
	anchors_free(&anchors);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_text(file, bad[i]);
		assert_int_equal(anchors_load(host, &anchors, NULL), -EINVAL);
		anchors_free(&anchors);
	}
	unlink(file);
	assert_int_equal(anchors_load(host, &anchors, NULL), -ENOENT);
	anchors_free(&anchors);
	write_text(file, "3\n");

	/* a role by a numbered file alone; then by none */
	assert_int_equal(rename(sds, odd), 0);
	assert_int_equal(anchors_load(host, &anchors, NULL), 0);
	assert_int_equal(anchors.count, ARRAY_SIZE(roles));
	assert_int_equal(anchors.root_threshold, 3);
	anchors_free(&anchors);
	assert_int_equal(rename(odd, sds), 0);
	assert_int_equal(rename(sds, in_pki("hosts/alpha/anchors/sds2.crt")), 0);
	assert_int_equal(anchors_load(host, &anchors, NULL), -ENOENT);
	anchors_free(&anchors);
	assert_int_equal(rename(in_pki("hosts/alpha/anchors/sds2.crt"), sds), 0);
	write_text(file, "2\n");
	free(host);
	free(file);
	free(sds);
	free(odd);
}

static void fence_of_a_request(void **state)
{
	struct rewire_request request = { .epoch = 5, .lifetime_ms = 1000 };
	struct rewire_signer *signer = open_signer("sds");
	struct rewire_signed order, object, back;
	__u8 digest[SHA256_DIGEST_LENGTH];
	struct rewire_fence fence;
	const char *path;

	(void)state;
	memset(request.id, 1, REWIRE_ID_SIZE);
	memset(request.source, 2, REWIRE_ID_SIZE);
	memset(request.target, 3, REWIRE_ID_SIZE);
	memset(request.workload, 4, REWIRE_ID_SIZE);
	assert_int_equal(rewire_sign_request(signer, &request, &order, NULL), 0);
	assert_int_equal(rewire_fence_of(&order.body.request, &fence, NULL), 0);
	SHA256((const __u8 *)&order.body.request, sizeof(request), digest);
	assert_memory_equal(fence.request_digest, digest, sizeof(digest));
	assert_memory_equal(fence.request_id, request.id, REWIRE_ID_SIZE);
	assert_memory_equal(fence.source, request.source, REWIRE_ID_SIZE);
	assert_memory_equal(fence.target, request.target, REWIRE_ID_SIZE);
	assert_memory_equal(fence.workload, request.workload, REWIRE_ID_SIZE);
	assert_int_equal(fence.epoch, 5);

	assert_int_equal(rewire_sign_fence(signer, &fence, &object, NULL), 0);
	assert_int_equal(object.body.header.type, REWIRE_TYPE_FENCE);
	assert_int_equal(object.length, sizeof(fence));
	path = scratch_path(folder, "fence");
	assert_int_equal(rewire_signed_write(path, &object, NULL), 0);
	assert_int_equal(rewire_signed_read(path, REWIRE_TYPE_REQUEST, &back,
					    NULL), -EBADMSG);
	assert_int_equal(rewire_signed_read(path, REWIRE_TYPE_FENCE, &back,
					    NULL), 0);
	assert_int_equal(rewire_signed_verify(&back, in_pki("sds.crt"), NULL),
			 0);
	back.body.fence.epoch++;
	assert_int_equal(rewire_signed_verify(&back, in_pki("sds.crt"), NULL),
			 -EKEYREJECTED);
	rewire_signer_free(signer);
}

static void witness_is_signed(void **state)
{
	struct rewire_witness witness = { .sequence = 9 };
	struct rewire_signer *signer = open_signer("sds");
	struct rewire_signed object;

	(void)state;
	assert_int_equal(rewire_sign_witness(signer, &witness, &object, NULL),
			 0);
	assert_int_equal(object.body.header.type, REWIRE_TYPE_WITNESS);
	assert_int_equal(object.length, sizeof(witness));
	assert_int_equal(object.body.witness.sequence, 9);
	assert_int_equal(rewire_signed_verify(&object, in_pki("sds.crt"), NULL),
			 0);
	rewire_signer_free(signer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bundle_is_laid_out),
		cmocka_unit_test(signatures_come_one_by_one),
		cmocka_unit_test(no_more_than_eight_sign),
		cmocka_unit_test(attack_01_each_byte_changed),
		cmocka_unit_test(file_cut_or_longer),
		cmocka_unit_test(attack_08_bundle_elements),
		cmocka_unit_test(levels_from_text),
		cmocka_unit_test(attack_08_level_elements),
		cmocka_unit_test(names_of_roles_and_claims),
		cmocka_unit_test(anchors_of_a_host),
		cmocka_unit_test(fence_of_a_request),
		cmocka_unit_test(witness_is_signed),
	};

	return cmocka_run_group_tests_name("trust", tests, make_pki, remove_pki);
}
