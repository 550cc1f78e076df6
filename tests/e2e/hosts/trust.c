// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who speaks for a role is said anew while enclaves run: what is not signed by
 * enough root keys, is old or malformed changes nothing; what is taken counts at
 * once, for whatever comes afterwards.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "events.h"

#define LENGTH_MAX	(sizeof(struct rewire_bundle) + \
			 REWIRE_BUNDLE_ANCHORS * REWIRE_MAX_CERT)

static struct host alpha, beta;
static struct work work;
static __u64 version;	/* of the last statement of any kind */
static struct rewire_error error;

static const char *key_file(const char *name, const char *suffix)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), E2E_PKI "/%s%s", name, suffix);
	return path;
}

static struct rewire_signer *signer_of(const char *name)
{
	struct rewire_signer *signer;

	if (rewire_signer_open(key_file(name, ".key"), key_file(name, ".crt"),
			       NULL, NULL, &signer, &error))
		tap_bail("%s", error.text);
	return signer;
}

static void sign(struct rewire_statement *statement, const char *name)
{
	struct rewire_signer *signer = signer_of(name);

	if (rewire_trust_sign(signer, statement, &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
}

/* A bundle of one role and its certificates, without a signature. */
static struct rewire_statement *bundle_of(struct rewire_bundle bundle,
					  const char *first, const char *second)
{
	const char *files[2] = { key_file(first, ".crt") };
	struct rewire_statement *statement;

	if (second)
		files[1] = key_file(second, ".crt");
	if (rewire_trust_bundle(&bundle, files, second ? 2 : 1, &statement,
				&error))
		tap_bail("%s", error.text);
	return statement;
}

static struct rewire_statement *developers(__u64 number, const char *first,
					   const char *second)
{
	return bundle_of((struct rewire_bundle){
				 .version = number,
				 .role = REWIRE_ROLE_DEVELOPER,
				 .threshold = 1,
			 }, first, second);
}

/* Signed by these two root keys; either may be NULL. */
static int give(struct rewire_statement *statement, const char *first,
		const char *second)
{
	int rc;

	if (first)
		sign(statement, first);
	if (second)
		sign(statement, second);
	rc = rewire_trust_give(alpha.sm, statement, &error);
	rewire_trust_free(statement);
	return rc;
}

static void give_developers(const char *first, const char *second)
{
	expect_ok(give(developers(++version, first, second), "root-1",
		       "root-2"), &error);
}

/* A manifest of the developer, then one of whom the sds key stands for. */
static void expect_developers(int code_first, int code_second)
{
	static const char *const manifests[] = { "counter", "wrong-role" };
	const int codes[] = { code_first, code_second };

	for (int i = 0; i < 2; i++) {
		struct work other;
		int fd;

		work_init(&other);
		fd = work_load(&other, &alpha, "counter", manifests[i]);
		if (codes[i])
			expect_refusal(fd, codes[i], &other.error,
				       "not signed by an anchor of role developer");
		else if (expect_ok(fd, &other.error))
			close(fd);
	}
	expect_counts(&work, &alpha);
}

static void while_it_runs(void)
{
	give_developers("developer", NULL);
	expect_developers(0, ENOKEY);
	give_developers("developer", "sds");
	expect_developers(0, 0);
	give_developers("sds", NULL);
	expect_developers(ENOKEY, 0);
	give_developers("developer", NULL);
	expect_developers(0, ENOKEY);
}

static void old_bundle(void)
{
	give_developers("sds", NULL);
	give_developers("developer", NULL);
	expect_refusal(give(developers(version, "sds", NULL), "root-1",
			    "root-2"), ESTALE, &error, "in force is");
	expect_refusal(give(developers(version - 1, "sds", NULL), "root-2",
			    "root-3"), ESTALE, &error, "in force is");
	expect_developers(0, ENOKEY);
}

static void too_few(void)
{
	struct rewire_statement *statement;

	give_developers("developer", NULL);
	expect_refusal(give(developers(version + 1, "sds", NULL), "root-1",
			    NULL), ENOKEY, &error, "signed by 1 of the 3");
	expect_refusal(give(developers(version + 1, "sds", NULL), "root-1",
			    "developer"), ENOKEY, &error,
		       "signed by 1 of the 3");
	/* once more, with the same key: no other holder had to agree */
	statement = developers(version + 1, "sds", NULL);
	sign(statement, "root-1");
	memcpy(statement->signature[1], statement->signature[0],
	       statement->signature_length[0]);
	statement->signature_length[1] = statement->signature_length[0];
	statement->signatures = 2;
	expect_refusal(give(statement, NULL, NULL), ENOKEY, &error,
		       "signed by 1 of the 3");
	expect_developers(0, ENOKEY);
}

static void changed(void)
{
	struct rewire_statement *statement = developers(version + 1, "sds",
							NULL);

	sign(statement, "root-1");
	sign(statement, "root-2");
	sign(statement, "root-3");
	statement->signature[2][statement->signature_length[2] - 1] ^= 1;
	expect_refusal(give(statement, NULL, NULL), EKEYREJECTED, &error,
		       "the signature for role root is wrong");
	statement = developers(version + 1, "sds", NULL);
	sign(statement, "root-1");
	sign(statement, "root-2");
	((struct rewire_bundle *)statement->body)->version++;
	expect_refusal(give(statement, NULL, NULL), EKEYREJECTED, &error,
		       "the signature for role root is wrong");
	expect_developers(0, ENOKEY);
}

static void rotate(const char *first, const char *second, const char *by,
		   const char *and_by, const char *last, int code,
		   const char *why)
{
	struct rewire_statement *statement =
		bundle_of((struct rewire_bundle){
				  .version = version + 1,
				  .role = REWIRE_ROLE_ROOT,
				  .threshold = 2,
			  }, first, second);

	if (last)
		sign(statement, last);
	if (code) {
		expect_refusal(give(statement, by, and_by), code, &error, why);
	} else if (expect_ok(give(statement, by, and_by), &error)) {
		version++;
	}
}

/* tls-ca stands for a new holder of a root key; then all is as it was. */
static void root_rotation(void)
{
	rotate("root-3", "tls-ca", "root-1", "root-2", NULL, ENOKEY, "new");
	rotate("root-3", "tls-ca", "root-3", "tls-ca", NULL, ENOKEY, "present");
	rotate("root-3", "tls-ca", "root-1", "root-3", "tls-ca", 0, NULL);
	expect_refusal(give(developers(version + 1, "developer", NULL),
			    "root-1", "root-2"), ENOKEY, &error,
		       "signed by 0 of the 2");
	expect_ok(give(developers(++version, "developer", NULL), "root-3",
		       "tls-ca"), &error);
	rotate("root-1", "root-2", "root-3", "tls-ca", "root-1", ENOKEY, "new");
	expect_developers(0, ENOKEY);
}

/* The new root keys of the case before are in force: put the first back. */
static void root_returns(void)
{
	struct rewire_statement *statement;
	const char *files[3] = {
		key_file("root-1", ".crt"), key_file("root-2", ".crt"),
		key_file("root-3", ".crt"),
	};
	struct rewire_bundle bundle = {
		.version = ++version, .role = REWIRE_ROLE_ROOT, .threshold = 2,
	};

	if (rewire_trust_bundle(&bundle, files, 3, &statement, &error))
		tap_bail("%s", error.text);
	sign(statement, "root-1");
	sign(statement, "tls-ca");
	expect_ok(give(statement, "root-3", NULL), &error);
	give_developers("developer", NULL);
	expect_developers(0, ENOKEY);
}

static void platform(bool revoke)
{
	struct rewire_bundle bundle = {
		.version = ++version, .role = REWIRE_ROLE_PLATFORM,
		.threshold = 1, .revoked = revoke,
	};

	if (revoke)
		memcpy(bundle.revoked_sm[0], beta.id, REWIRE_ID_SIZE);
	expect_ok(give(bundle_of(bundle, "platform", NULL), "root-2",
		       "root-3"), &error);
}

static void revoked_peer(void)
{
	struct carry carry;

	platform(false);
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_ACCEPT), &carry.error);
	platform(true);
	expect_refusal(carry_step(&carry, STEP_AGREE), EKEYREJECTED,
		       &carry.error, "is revoked");
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_put(&carry, carry.in, &carry.said[REWIRE_MSG_ABORTED]),
		  &carry.error);
	carry_end(&carry);
	platform(false);
	expect_only_at(&work, &alpha, &beta, 0);
}

/* A manifest that wants a level, of the counter's image. */
static int load_at_level(__u32 min_atl)
{
	struct rewire_signer *signer = signer_of("developer");
	struct rewire_signed manifest;
	struct rewire_image image;
	struct work other;
	int fd, rc;

	work_init(&other);
	if (rewire_signed_read(E2E_DIR "/counter.manifest",
			       REWIRE_TYPE_MANIFEST, &manifest, &error) ||
	    rewire_image_open(E2E_ENCLAVES "/counter.elf", &image, &error))
		tap_bail("%s", error.text);
	manifest.body.manifest.min_atl = min_atl;
	if (rewire_sign_manifest(signer, &manifest.body.manifest, &manifest,
				 &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
	fd = rewire_enclave_create(alpha.sm, &image, NULL, &error);
	if (fd < 0)
		tap_bail("%s", error.text);
	rewire_image_close(&image);
	rc = rewire_enclave_init(fd, &manifest, other.id, NULL, &error);
	close(fd);
	return rc;
}

static void level_of_platform(void)
{
	struct rewire_levels levels = {
		.version = ++version, .rules = 2,
		.rule = {
			{ .level = 3, .min_kernel = 0x60100 },
			/* no machine of a test has all of this */
			{ .level = 7, .min_kernel = 0x60100,
			  .claims = REWIRE_CLAIMS },
		},
	};
	struct rewire_statement *statement;

	give_developers("developer", NULL);
	expect_refusal(load_at_level(1), EPERM, &error,
		       "this platform has trust level 0");
	if (rewire_trust_levels(&levels, &statement, &error))
		tap_bail("%s", error.text);
	expect_ok(give(statement, "root-1", "root-3"), &error);
	expect_ok(load_at_level(3), &error);
	expect_refusal(load_at_level(4), EPERM, &error,
		       "this platform has trust level 3");
	expect_refusal(load_at_level(REWIRE_MAX_LEVEL + 1), EBADMSG, &error,
		       "trust level 8");
	expect_counts(&work, &alpha);
}

struct news {
	const char *reason;
	unsigned int count;
};

static void note(const struct rewire_event *event, void *data)
{
	struct news *news = data;

	news->count += event->type == REWIRE_EVENT_TYPE_TRUST &&
		       !strcmp(event->reason, news->reason);
}

static unsigned int told(const char *reason)
{
	struct news news = { .reason = reason };
	struct rewire_watch *watch;

	host_enter(&alpha);
	if (!expect_ok(rewire_watch_open(0, &watch, &error), &error))
		return 0;
	expect_ok(rewire_watch_read(watch, note, &news, &error), &error);
	rewire_watch_close(watch);
	return news.count;
}

static struct rewire_get_trust in_force(__u32 kind)
{
	struct rewire_get_trust trust = { 0 };

	expect_ok(rewire_sm_trust(alpha.sm, kind, &trust, &error), &error);
	return trust;
}

/* What counts can be asked for, and who listens hears when it changes. */
static void in_force_now(void)
{
	struct rewire_get_trust trust;
	struct rewire_statement *statement;
	struct rewire_anchor_name name;
	char reason[64];

	snprintf(reason, sizeof(reason),
		 "the bundle of role developer is of version %llu",
		 (unsigned long long)version + 1);
	expect(!told(reason), "told before it is so");
	give_developers("developer", "sds");
	expect(told(reason) == 1, "told %u times", told(reason));
	statement = developers(version, "developer", "sds");
	trust = in_force(REWIRE_ROLE_DEVELOPER);
	expect(trust.version == version && trust.anchors == 2 &&
	       trust.threshold == 1, "version %llu, %u anchors",
	       (unsigned long long)trust.version, trust.anchors);
	for (__u32 i = 0; i < 2; i++)
		expect(!rewire_trust_anchor(statement, i, &name, &error) &&
		       !memcmp(name.id, trust.anchor[i], REWIRE_ID_SIZE),
		       "anchor %u is another", i);
	rewire_trust_free(statement);
	/* one that is refused is no news, and changes nothing */
	expect_refusal(give(developers(version + 1, "developer", NULL), "root-1",
			    NULL), ENOKEY, &error, "have to");
	snprintf(reason, sizeof(reason),
		 "the bundle of role developer is of version %llu",
		 (unsigned long long)version + 1);
	expect(!told(reason), "what was refused is told as taken");
	expect(in_force(REWIRE_ROLE_DEVELOPER).version == version,
	       "what was refused is in force");
	expect(in_force(REWIRE_ROLE_SDS).anchors == 1, "not one for role sds");
	expect_refusal(rewire_sm_trust(alpha.sm, REWIRE_TRUST_LEVELS + 1,
				       &trust, &error), EINVAL, &error,
		       "no statement of kind");
	give_developers("developer", NULL);
}

/* One argument is wrong, all the others are right. */
static void arguments(void)
{
	struct rewire_statement *statement = developers(version + 1,
							"developer", NULL);
	struct rewire_signature given[REWIRE_MAX_ROOT_SIGNATURES + 1] = { 0 };
	struct rewire_trust good, arg;

	sign(statement, "root-1");
	sign(statement, "root-2");
	for (int i = 0; i <= REWIRE_MAX_ROOT_SIGNATURES; i++) {
		given[i].cms = (uintptr_t)statement->signature[i % 2];
		given[i].length = (__u32)statement->signature_length[i % 2];
	}
	good = (struct rewire_trust){
		.size = sizeof(good),
		.statement = (uintptr_t)statement->body,
		.statement_length = (__u32)statement->length,
		.signatures = 2,
		.signature = (uintptr_t)given,
	};
#define REFUSED(code, change) do {					\
	arg = good;							\
	change;								\
	expect(ioctl(alpha.sm, REWIRE_TRUST, &arg) && errno == (code),	\
	       "%s: not %s", #change, strerrorname_np(code));		\
} while (0)
	REFUSED(EINVAL, arg.size = sizeof(arg) - 1);
	REFUSED(EINVAL, arg.flags = 1);
	REFUSED(EINVAL, arg.statement_length = 0);
	REFUSED(EINVAL, arg.statement_length = LENGTH_MAX + 1);
	REFUSED(EBADMSG, arg.statement_length--);
	REFUSED(EFAULT, arg.statement = 8);
	REFUSED(EFAULT, arg.signature = 8);
	REFUSED(EINVAL, arg.signatures = 0);
	REFUSED(EINVAL, arg.signatures = REWIRE_MAX_ROOT_SIGNATURES + 1);
	REFUSED(EINVAL, given[0].__reserved = 1);
	given[0].__reserved = 0;
	REFUSED(EINVAL, given[1].length = REWIRE_MAX_CMS + 1);
	REFUSED(EINVAL, given[1].length = 0);
	given[1].length = (__u32)statement->signature_length[1];
	REFUSED(EFAULT, given[1].cms = 8);
	given[1].cms = (uintptr_t)statement->signature[1];
	arg = good;
	expect(!ioctl(alpha.sm, REWIRE_TRUST, &arg), "refused at last");
	version++;
	rewire_trust_free(statement);
}

static const struct test_case cases[] = {
	{ "developers come and go while an enclave runs", while_it_runs },
	{ "attack_07_old_bundle", old_bundle },
	{ "attack_57_too_few_root_keys", too_few },
	{ "attack_01_changed_bundle", changed },
	{ "attack_58_root_rotation", root_rotation },
	{ "the old root keys return", root_returns },
	{ "attack_01_revoked_peer", revoked_peer },
	{ "what is in force, and who hears of it", in_force_now },
	{ "a manifest that wants a trust level", level_of_platform },
	{ "wrong arguments", arguments },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
