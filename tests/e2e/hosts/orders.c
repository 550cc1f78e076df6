// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may order an update, of what, when, and to which version. Whatever is
 * refused changes nothing: the old version goes on with its state, and a right
 * package works afterwards.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "lives.h"
#include "upgrade.h"

#define UNRULY		"unruly"
#define HANDOVER	REWIRE_ATTR_STATE_HANDOVER
#define STRIDE		61	/* of a signature, each so many bytes */
#define YEAR		(365 * 24 * 3600L)
#define NOON		2000000000ULL	/* by the SDS's clock */

static struct host alpha, beta;
static struct work work;
static struct upgrade upgrade;
static struct rewire_error error;

static const struct edition four = { UNRULY, 1, 4, HANDOVER };
static const struct edition five = { UNRULY, 1, 5, HANDOVER };
static const struct edition six = { UNRULY, 1, 6, HANDOVER };

/* Release 5 runs, and there is a package for 6. */
static void start(void)
{
	work_init(&work);
	edition_start(&work, &alpha, &five);
	work.counter = 0;
	expect_edition(&work, &alpha, &five);
	upgrade_make(&upgrade, &alpha, &six);
}

/* Another package, for something else. */
static void turn_to(const struct edition *edition)
{
	upgrade_free(&upgrade);
	upgrade_make(&upgrade, &alpha, edition);
}

static void expect_update_to(const struct edition *edition)
{
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha, edition);
}

/* Release 5 goes on until somebody orders it rightly. */
static void end(void)
{
	expect_edition(&work, &alpha, &five);
	turn_to(&six);
	expect_update_to(&six);
	upgrade_free(&upgrade);
	work_destroy(&work, &alpha);
}

static int try(void)
{
	return rewire_update_try(alpha.sm, upgrade.order, work.id, false,
				 &upgrade.error);
}

/* By the one who only asks, and by the one who means it. */
static void expect_refused(int code, const char *why)
{
	expect_refusal(try(), code, &upgrade.error, why);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_BEGIN), code,
		       &upgrade.error, why);
	if (upgrade.update >= 0)
		close(upgrade.update);
	upgrade.update = -1;
}

/* ---- attacks 1 and 3: what was signed, and by whom ---- */

static void expect_no_flip(__u8 *byte, const char *what, size_t at)
{
	int rc;

	*byte ^= 1;
	rc = try();
	expect(rc == -EKEYREJECTED || rc == -ENOKEY || rc == -EBADMSG ||
	       rc == -EOPNOTSUPP || rc == -EINVAL, "byte %zu of the %s: %s",
	       at, what, rc ? upgrade.error.text : "not refused");
	*byte ^= 1;
}

static void flipped(void)
{
	struct rewire_update_order *order;
	struct rewire_manifest *manifest;

	start();
	order = upgrade.order;
	manifest = &order->words.manifest.body.manifest;
	for (size_t at = 0; at < sizeof(order->words.package); at++)
		expect_no_flip((__u8 *)&order->words.package + at, "package", at);
	for (size_t at = 0; at < sizeof(*manifest); at++)
		expect_no_flip((__u8 *)manifest + at, "manifest", at);
	for (size_t at = 0; at < order->words.signature.length; at += STRIDE)
		expect_no_flip(order->words.signature.bytes + at,
			       "package's signature", at);
	for (size_t at = 0; at < order->words.manifest.signature_length; at += STRIDE)
		expect_no_flip(order->words.manifest.signature + at,
			       "manifest's signature", at);
	expect_ok(try(), &upgrade.error);
	end();
}

/* The SDS signs it all the same: the developer did not. */
static void other_manifest(void)
{
	struct rewire_signed good;

	start();
	good = upgrade.order->words.manifest;
	upgrade.order->words.manifest.body.manifest.max_memory *= 2;
	upgrade_describe_as(&upgrade, "sds");
	expect_refused(ENOKEY, "not signed by an anchor of role developer");
	memcpy(upgrade.order->words.manifest.signature, good.signature,
	       good.signature_length);
	upgrade.order->words.manifest.signature_length = good.signature_length;
	expect_refused(EKEYREJECTED, "the signature for role developer");
	/* one of another package, properly signed */
	turn_to(&six);
	upgrade.order->words.manifest = good;
	upgrade.order->words.manifest.body.manifest.release = 7;
	expect_refused(EBADMSG, "the package names another manifest");
	end();
}

static void wrong_signer(void)
{
	static const char *const names[] = { "developer", "root-1", "platform",
					     "tls-ca" };

	start();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		upgrade_sign_as(&upgrade, names[i]);
		expect_refused(ENOKEY, "not signed by an anchor of role sds");
	}
	for (size_t i = 1; i < sizeof(names) / sizeof(*names); i++) {
		upgrade_describe_as(&upgrade, names[i]);
		expect_refused(ENOKEY,
			       "not signed by an anchor of role developer");
	}
	end();
}

static void truncated(void)
{
	struct rewire_update_order *order;
	size_t length;

	start();
	order = upgrade.order;
	length = order->words.signature.length;
	order->words.signature.length = 0;
	expect_refused(EINVAL, "");
	order->words.signature.length = length - 1;
	expect_refused(EBADMSG, "");
	order->words.signature.length = length / 2;
	expect_refused(EBADMSG, "");
	order->words.signature.length = length;
	length = order->words.manifest.signature_length;
	order->words.manifest.signature_length = 0;
	expect_refused(EINVAL, "");
	order->words.manifest.signature_length = length - 1;
	expect_refused(EBADMSG, "");
	order->words.manifest.signature_length = length;
	expect_ok(try(), &upgrade.error);
	end();
}

/* From here on these, PEM files of the PKI's, speak for the role. */
static void give(__u32 role, const char *first, const char *second)
{
	static const char *const holders[] = { "root-1", "root-2" };
	static __u64 version;
	const struct rewire_bundle bundle = {
		.version = ++version, .role = role, .threshold = 1,
	};
	char path[2][128], key[128], certificate[128];
	const char *files[] = { path[0], path[1] };
	struct rewire_statement *statement;
	struct rewire_signer *signer;

	snprintf(path[0], sizeof(path[0]), E2E_PKI "/%s.crt", first);
	snprintf(path[1], sizeof(path[1]), E2E_PKI "/%s.crt", second ?: first);
	if (rewire_trust_bundle(&bundle, files, second ? 2 : 1, &statement,
				&error))
		tap_bail("%s", error.text);
	for (int i = 0; i < 2; i++) {
		snprintf(key, sizeof(key), E2E_PKI "/%s.key", holders[i]);
		snprintf(certificate, sizeof(certificate), E2E_PKI "/%s.crt",
			 holders[i]);
		if (rewire_signer_open(key, certificate, NULL, NULL, &signer,
				       &error) ||
		    rewire_trust_sign(signer, statement, &error))
			tap_bail("%s", error.text);
		rewire_signer_free(signer);
	}
	expect_ok(rewire_trust_give(alpha.sm, statement, &error), &error);
	rewire_trust_free(statement);
}

/* Another key took over from one that was stolen. */
static void revoked_signer(void)
{
	start();
	give(REWIRE_ROLE_SDS, "tls-ca", NULL);
	expect_refused(ENOKEY, "not signed by an anchor of role sds");
	upgrade_sign_as(&upgrade, "tls-ca");
	expect_ok(try(), &upgrade.error);
	give(REWIRE_ROLE_SDS, "sds", NULL);
	expect_refused(ENOKEY, "not signed by an anchor of role sds");
	upgrade_sign(&upgrade);
	give(REWIRE_ROLE_DEVELOPER, "sds", NULL);
	expect_refused(ENOKEY, "not signed by an anchor of role developer");
	give(REWIRE_ROLE_DEVELOPER, "developer", NULL);
	expect_ok(try(), &upgrade.error);
	end();
}

/* ... after the order was taken: it has no say any more at the next step. */
static void revoked_meanwhile(void)
{
	static const enum upgrade_step last[] = { UPGRADE_ENTER,
						  UPGRADE_SEAL_NEW };

	for (size_t i = 0; i < 2; i++) {
		__u32 role = i ? REWIRE_ROLE_DEVELOPER : REWIRE_ROLE_SDS;

		start();
		expect_ok(upgrade_steps(&upgrade, &work, 0, last[i]),
			  &upgrade.error);
		give(role, "tls-ca", NULL);
		expect_refusal(upgrade_step(&upgrade, &work, last[i] + 1),
			       ENOKEY, &upgrade.error, "not signed by an anchor");
		give(role, i ? "developer" : "sds", NULL);
		close(upgrade.update);
		upgrade.update = -1;
		expect_edition(&work, &alpha, &five);
		end();
	}
}

/* Everything in it is good for some other update; only nobody signed this. */
static void fields_changed(void)
{
	struct rewire_package *package;
	struct rewire_package good;

	start();
	package = &upgrade.order->words.package;
	good = *package;
	for (int i = 0; i < 6; i++) {
		*package = good;
		if (i == 0)
			package->nonce[0] ^= 1;
		else if (i == 1)
			memcpy(package->device, alpha.id, REWIRE_ID_SIZE);
		else if (i == 2)
			memcpy(package->workload, work.id, REWIRE_ID_SIZE);
		else if (i == 3)
			package->from_max--;
		else if (i == 4)
			package->trial_ms++;
		else
			package->payload_length++;
		expect_refused(EKEYREJECTED, "the signature for role sds");
	}
	end();
}

/* ---- attacks 4 and 54: for whom ---- */

static void other_device(void)
{
	struct rewire_package *package;
	struct work other;

	start();
	package = &upgrade.order->words.package;
	memcpy(package->device, beta.id, REWIRE_ID_SIZE);
	upgrade_sign(&upgrade);
	expect_refused(EPERM, "the package is for SM");
	memcpy(package->device, alpha.id, REWIRE_ID_SIZE);
	upgrade_sign(&upgrade);
	expect_ok(try(), &upgrade.error);

	work_init(&other);
	memcpy(package->workload, other.id, REWIRE_ID_SIZE);
	upgrade_sign(&upgrade);
	expect_refused(EPERM, "the package is for workload");
	edition_start(&other, &alpha, &five);
	memcpy(package->workload, work.id, REWIRE_ID_SIZE);
	upgrade_sign(&upgrade);
	expect_refusal(rewire_update_try(alpha.sm, upgrade.order, other.id,
					 false, &error), EPERM, &error,
		       "the package is for workload");
	expect_ok(try(), &upgrade.error);
	work_destroy(&other, &alpha);
	memset(package->workload, 0, REWIRE_ID_SIZE);
	upgrade_sign(&upgrade);
	expect_refusal(rewire_update_try(alpha.sm, upgrade.order, other.id,
					 false, &error), ENOENT, &error,
		       "the workload does not live here");
	end();
}

static void other_software(void)
{
	static const struct edition other = { UNRULY, 2, 6, HANDOVER };

	start();
	upgrade.order->words.package.software[15] = 2;
	upgrade_sign(&upgrade);
	expect_refused(EPERM, "about different software");
	turn_to(&other);
	expect_refused(EPERM, "for other software than what runs");
	end();
}

/* ---- attack 10: versions ---- */

/* A package to another release and SVN, of the same code as 6. */
static void turn_to_version(__u64 release, __u64 svn)
{
	struct rewire_manifest *manifest;

	turn_to(&six);
	manifest = &upgrade.order->words.manifest.body.manifest;
	manifest->release = release;
	manifest->svn = svn;
	upgrade_describe_as(&upgrade, "developer");
}

static void versions(void)
{
	static const struct edition other_code = { "vault", 1, 5, HANDOVER };

	start();
	turn_to(&four);
	expect_refused(ESTALE, "release 4 after 5");
	turn_to(&five);
	expect_refused(ESTALE, "runs already");
	turn_to(&other_code);
	expect_refused(ESTALE, "release 5 after 5");
	turn_to_version(6, 4);
	expect_refused(ESTALE, "SVN 4 after 5");
	turn_to_version(~0ULL, 5);
	expect_refused(EPERM, "no update may go there");
	turn_to_version(6, REWIRE_MAX_SVN + 1);
	expect_refused(EPERM, "no update may go there");
	turn_to_version(6 + REWIRE_MAX_LEAP, 5);
	expect_refused(EPERM, "leaps too far");
	turn_to_version(5 + REWIRE_MAX_LEAP, 5);
	expect_ok(try(), &upgrade.error);
	end();
}

static void from_other_versions(void)
{
	start();
	upgrade.order->words.package.from_max = 4;
	upgrade_sign(&upgrade);
	expect_refused(EPERM, "release 5 runs, the package is for 0 to 4");
	upgrade.order->words.package.from_min = 6;
	upgrade.order->words.package.from_max = 7;
	upgrade_sign(&upgrade);
	expect_refused(EPERM, "release 5 runs, the package is for 6 to 7");
	upgrade.order->words.package.from_min = 5;
	upgrade.order->words.package.from_max = 5;
	upgrade_sign(&upgrade);
	expect_ok(try(), &upgrade.error);
	end();
}

static void other_developer(void)
{
	start();
	give(REWIRE_ROLE_DEVELOPER, "developer", "platform");
	upgrade_describe_as(&upgrade, "platform");
	expect_refused(EPERM, "signed by developer");
	upgrade.order->words.package.header.flags |= REWIRE_PACKAGE_ROOT;
	upgrade_sign(&upgrade);
	upgrade_authorise(&upgrade, "root-1");
	upgrade_authorise(&upgrade, "root-3");
	expect_ok(try(), &upgrade.error);
	give(REWIRE_ROLE_DEVELOPER, "developer", NULL);
	end();
}

/* A package that needs the root role, with these keys of it. */
static void authorise(const char *first, const char *second)
{
	upgrade.order->words.package.header.flags |= REWIRE_PACKAGE_ROOT;
	upgrade.order->words.roots = 0;
	upgrade_sign(&upgrade);
	if (first)
		upgrade_authorise(&upgrade, first);
	if (second)
		upgrade_authorise(&upgrade, second);
}

static void downgrade_refused(void)
{
	start();
	turn_to(&four);
	authorise(NULL, NULL);
	expect_refused(EINVAL, "root signatures");
	authorise("root-1", NULL);
	expect_refused(ENOKEY, "signed by 1 of the 3");
	authorise("root-2", "root-2");
	expect_refused(ENOKEY, "signed by 1 of the 3");
	authorise("root-1", "developer");
	expect_refused(ENOKEY, "signed by 1 of the 3");
	/* they have signed it, and then it was changed */
	authorise("root-1", "root-2");
	upgrade.order->words.package.trial_ms++;
	upgrade_sign(&upgrade);
	expect_refused(EKEYREJECTED, "the signature for role root");
	/* nor does the root role's word count where it was not asked for */
	authorise("root-1", "root-2");
	upgrade.order->words.package.header.flags = 0;
	upgrade_sign(&upgrade);
	expect_refused(EINVAL, "root signatures");
	/* two of three, without the SDS */
	authorise("root-1", "root-2");
	upgrade_sign_as(&upgrade, "root-1");
	expect_refused(ENOKEY, "not signed by an anchor of role sds");
	turn_to_version(~0ULL, 5);
	authorise("root-1", "root-2");
	expect_refused(EPERM, "no update may go there");
	end();
}

/* With the root role's word it goes, and from there on up again. */
static void downgrade_authorised(void)
{
	static const struct edition three = { UNRULY, 1, 3, HANDOVER };

	start();
	turn_to(&four);
	authorise("root-1", "root-3");
	expect_update_to(&four);
	turn_to(&three);
	expect_refused(ESTALE, "release 3 after 4, and the least is 4");
	work_destroy(&work, &alpha);
	expect_refusal(edition_try(&work, &alpha, &three), ESTALE, &work.error,
		       "below the floor, 4");
	edition_start(&work, &alpha, &four);
	work.counter = 0;
	turn_to(&five);
	expect_update_to(&five);
	end();
}

/* ---- attack 5: until when ---- */

static void clock_moved(long seconds)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now))
		tap_bail("clock_gettime: %s", strerror(errno));
	now.tv_sec += seconds;
	if (clock_settime(CLOCK_REALTIME, &now))
		tap_bail("clock_settime: %s", strerror(errno));
}

static void expires(__u64 time)
{
	upgrade.order->words.package.expires = time;
	upgrade_sign(&upgrade);
}

/* On a host that hears the time, from a witness; release 5 runs there too. */
static void start_life(struct life *life)
{
	life_begin(life, "alpha", REWIRE_PROVISION_UNWITNESSED);
	alpha = life->host;
	start();
}

/* A witness says that, and the SM hears it. */
static void hear(const struct life *life, struct memory *memory, __u64 time)
{
	struct rewire_signed said;

	if (expect_ok(life_witness_at(life, memory, time, &said, &error),
		      &error))
		expect_ok(rewire_sm_witness(life->host.sm, &said, &error),
			  &error);
}

/* A package to the end of a second; @time: how late it is said to be now. */
static void wait_until_expired(__u64 time)
{
	int left = PATIENCE_MS / 100, rc;

	expires(time + 60);
	expect_ok(try(), &upgrade.error);
	expires(time + 1);
	do
		rc = try();
	while (!rc && left-- && !poll(NULL, 0, 100));
	expect_refusal(rc, ETIME, &upgrade.error, "it expired");
}

static void expiry(void)
{
	struct memory memory = { 0 };
	struct host before = alpha;
	struct life life;

	start_life(&life);
	expires(NOON + 3600);
	expect_refused(ENOLINK, "no witness has told the time");
	expires(0);
	expect_ok(try(), &upgrade.error);
	hear(&life, &memory, NOON);
	expires(NOON + 3600);
	expect_ok(try(), &upgrade.error);
	expires(NOON - 3600);
	expect_refused(ETIME, "it expired");
	/* whatever the host says that the time is */
	clock_moved(-2 * YEAR);
	expect_refused(ETIME, "it expired");
	clock_moved(4 * YEAR);
	expires(NOON + 3600);
	expect_ok(try(), &upgrade.error);
	clock_moved(-2 * YEAR);
	hear(&life, &memory, NOON + 7200);
	expect_refused(ETIME, "it expired");

	life_restart(&life);
	alpha = life.host;
	edition_start(&work, &alpha, &five);
	work.counter = 0;
	expect_refused(ETIME, "it expired");
	expires(NOON + 3 * 3600);
	expect_refused(ENOLINK, "no witness has told the time");
	hear(&life, &memory, NOON + 7300);
	expect_ok(try(), &upgrade.error);
	end();
	alpha = before;
}

/* What was said late, or by a clock that is behind, does not bring it back. */
static void witness_held_back(void)
{
	struct memory memory = { 0 };
	struct host before = alpha;
	struct rewire_signed said;
	struct life life;

	start_life(&life);
	hear(&life, &memory, NOON);
	expect_ok(life_witness_at(&life, &memory, NOON + 10, &said, &error),
		  &error);
	wait_until_expired(NOON);
	hear(&life, &memory, NOON);
	expect_refused(ETIME, "it expired");
	expect_refusal(rewire_sm_witness(alpha.sm, &said, &error), ESTALE,
		       &error, "does not answer the last head");

	expect_ok(life_witness_at(&life, &memory, NOON + 100, &said, &error),
		  &error);
	wait_until_expired(NOON + 1);
	wait_until_expired(NOON + 2);
	expires(NOON + 101);
	expect_ok(try(), &upgrade.error);
	expect_ok(rewire_sm_witness(alpha.sm, &said, &error), &error);
	expect_refused(ETIME, "it expired");
	end();
	alpha = before;
}

/* Begun in time, and kept for later. */
static void kept_loaded(void)
{
	struct memory memory = { 0 };
	struct host before = alpha;
	struct life life;

	start_life(&life);
	hear(&life, &memory, NOON);
	expires(NOON + 3600);
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_BEGIN, UPGRADE_ENTER),
		  &upgrade.error);
	hear(&life, &memory, NOON + 7200);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_HANDOVER), ETIME,
		       &upgrade.error, "it expired");
	close(upgrade.update);
	upgrade.update = -1;
	end();
	alpha = before;
}

static const struct test_case cases[] = {
	{ "attack_01_package", flipped },
	{ "attack_01_manifest_of_a_package", other_manifest },
	{ "attack_01_package_of_the_wrong_role", wrong_signer },
	{ "attack_01_package_of_a_revoked_key", revoked_signer },
	{ "attack_01_revoked_meanwhile", revoked_meanwhile },
	{ "attack_01_truncated_signatures", truncated },
	{ "attack_03_package", fields_changed },
	{ "attack_04_other_device", other_device },
	{ "attack_54_other_software", other_software },
	{ "attack_05_package_expiry", expiry },
	{ "attack_05_package_kept_loaded", kept_loaded },
	{ "attack_05_witness_held_back", witness_held_back },
	{ "attack_10_versions", versions },
	{ "attack_10_from_other_versions", from_other_versions },
	{ "attack_10_other_developer", other_developer },
	{ "attack_10_downgrade_without_authority", downgrade_refused },
	{ "attack_10_downgrade_authorised", downgrade_authorised },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
