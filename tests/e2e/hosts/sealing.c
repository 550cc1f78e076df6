// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed blobs by policy: who opens what a vault exported. And root keys that
 * change meanwhile.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include <keyutils.h>

#include <uapi/rewire_trust.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "vaults.h"

static struct host alpha, beta;
static struct work work;

static const struct identity first = { VAULT, 1, 5, NULL };
static const struct identity newer = { VAULT, 1, 6, NULL };
static const struct identity older = { VAULT, 1, 4, NULL };
static const struct identity other_code = { VAULT_OTHER, 1, 5, NULL };
static const struct identity successor = { VAULT_OTHER, 1, 6, VAULT };
static const struct identity other_software = { VAULT_OTHER, 2, 9, NULL };

/* Another life of the workload, empty. */
static void become(const struct identity *identity)
{
	work_destroy(&work, &alpha);
	vault_start(&work, &alpha, identity);
}

/* The first vault's, under a policy. */
static struct export made_by(const struct identity *identity,
			     const char *policy)
{
	work_init(&work);
	vault_start(&work, &alpha, identity);
	work_prepare(&work, "put", "a", "sealed", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	vault_do(&work, &alpha, "policy", policy);
	return vault_export(&work, &alpha);
}

static void expect_opens(const struct identity *identity,
			 const struct export *export, int result)
{
	become(identity);
	expect_import(&work, &alpha, export, result,
		      result < 0 ? NULL : "sealed");
}

static void for_this_code(void)
{
	struct export export = made_by(&first, "measurement");

	expect_opens(&first, &export, 0);
	expect_opens(&newer, &export, LEGACY);
	expect_opens(&older, &export, 0);
	expect_opens(&other_code, &export, -EKEYREJECTED);
	expect_opens(&other_software, &export, -EKEYREJECTED);
	expect_opens(&successor, &export, LEGACY);
	vault_forget(&export);
	work_destroy(&work, &alpha);
}

/* What the successor seals anew is its own; the predecessor is out. */
static void sealed_anew(void)
{
	struct export export = made_by(&first, "measurement"), fresh;

	expect_opens(&successor, &export, LEGACY);
	fresh.count = export.count;
	vault_take(&work, &alpha, &fresh);
	expect_opens(&successor, &fresh, 0);
	expect_opens(&first, &fresh, -EKEYREJECTED);
	vault_forget(&export);
	vault_forget(&fresh);
	work_destroy(&work, &alpha);
}

static void for_this_software(void)
{
	struct export export = made_by(&first, "software");

	expect_opens(&first, &export, 0);
	expect_opens(&other_code, &export, 0);
	expect_opens(&newer, &export, LEGACY);
	expect_opens(&successor, &export, LEGACY);
	expect_opens(&older, &export, -EKEYREJECTED);
	expect_opens(&other_software, &export, -EKEYREJECTED);
	vault_forget(&export);
	work_destroy(&work, &alpha);
}

static void for_this_workload(void)
{
	struct export export = made_by(&first, "workload");

	expect_opens(&first, &export, 0);
	expect_opens(&older, &export, 0);
	expect_opens(&other_code, &export, 0);
	expect_opens(&other_software, &export, LEGACY);
	work_destroy(&work, &alpha);
	work_init(&work);
	vault_start(&work, &alpha, &first);
	expect_import(&work, &alpha, &export, -EKEYREJECTED, NULL);
	vault_forget(&export);
	work_destroy(&work, &alpha);
}

/* Whatever the policy, another SM has other keys. */
static void at_another_sm(void)
{
	static const char *const policies[] = {
		"measurement", "software", "workload",
	};

	for (size_t i = 0; i < 3; i++) {
		struct export export = made_by(&first, policies[i]);

		work_destroy(&work, &alpha);
		vault_start(&work, &beta, &first);
		expect_import(&work, &beta, &export, -EKEYREJECTED, NULL);
		work_destroy(&work, &beta);
		vault_forget(&export);
	}
}

static void with_a_byte_changed(void)
{
	struct export export = made_by(&first, "software");
	const size_t header = sizeof(struct rewire_sealed);
	__u8 *chunk = export.chunk[0];

	become(&first);
	for (size_t i = 0; i < export.length[0]; i += i < header ? 1 : 13) {
		chunk[i] ^= 0x10;
		expect(vault_import(&work, &alpha, &export) < 0,
		       "byte %zu does not count", i);
		chunk[i] ^= 0x10;
	}
	expect_import(&work, &alpha, &export, 0, "sealed");
	vault_forget(&export);
	work_destroy(&work, &alpha);
}

/* Software that its SVN does not fit the chain of seals for others only. */
static void with_an_svn_too_high(void)
{
	static const struct identity high = { VAULT, 1, REWIRE_MAX_SVN + 1, NULL };
	struct export export = made_by(&high, "measurement");

	vault_do(&work, &alpha, "policy", "software");
	work_prepare(&work, "export", "0", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	expect(work.status == -EOPNOTSUPP, "it seals: status %d", work.status);
	expect_opens(&high, &export, 0);
	vault_forget(&export);
	work_destroy(&work, &alpha);
}

/* 0 or a positive errno. */
static int rotate(const struct host *host, size_t key_size, __u32 *generation)
{
	struct rewire_rotate_root rotate = { .size = sizeof(rotate) };
	__u8 secret[64];
	int code;

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		tap_bail("no random numbers");
	rotate.root_key = add_key("user", "rewire:rotated", secret, key_size,
				  KEY_SPEC_PROCESS_KEYRING);
	if (rotate.root_key < 0)
		tap_bail("no key: %s", strerror(errno));
	code = ioctl(host->sm, REWIRE_ROTATE_ROOT, &rotate) ? errno : 0;
	keyctl_unlink(rotate.root_key, KEY_SPEC_PROCESS_KEYRING);
	*generation = rotate.generation;
	return code;
}

static __u32 generation_of(const struct export *export)
{
	struct rewire_sealed header;

	memcpy(&header, export->chunk[0], sizeof(header));
	return header.generation;
}

/* It runs on, opens the old, and seals under the new. */
static void rotated(void)
{
	static const char *const policies[] = {
		"measurement", "software", "workload",
	};

	for (size_t i = 0; i < 3; i++) {
		struct export old = made_by(&first, policies[i]), fresh;
		__u32 before = host_info(&alpha).generation, now = 0;

		expect(!rotate(&alpha, 32, &now), "not rotated: %s",
		       strerror(errno));
		expect(now == before + 1 && host_info(&alpha).generation == now,
		       "generation %u after %u", now, before);
		expect_import(&work, &alpha, &old, LEGACY, "sealed");
		expect(generation_of(&old) == before, "it was %u already",
		       generation_of(&old));
		fresh.count = old.count;
		vault_take(&work, &alpha, &fresh);
		expect(generation_of(&fresh) == now, "it is sealed under %u",
		       generation_of(&fresh));
		expect_import(&work, &alpha, &fresh, 0, "sealed");
		vault_forget(&old);
		vault_forget(&fresh);
		work_destroy(&work, &alpha);
	}
}

static void rotation_refused(void)
{
	struct rewire_rotate_root flags = { .size = sizeof(flags), .flags = 1 };
	struct rewire_rotate_root none = { .size = sizeof(none) };
	__u32 before = host_info(&alpha).generation, now;

	expect(rotate(&alpha, 31, &now) == EINVAL, "a key of 31 bytes");
	expect(rotate(&alpha, 64, &now) == EINVAL, "a key of 64 bytes");
	expect(ioctl(alpha.sm, REWIRE_ROTATE_ROOT, &flags) && errno == EINVAL,
	       "an unknown flag");
	none.root_key = 0x7fffffff;
	expect(ioctl(alpha.sm, REWIRE_ROTATE_ROOT, &none) && errno == ENOKEY,
	       "no key at all");
	expect(host_info(&alpha).generation == before, "it was rotated");
}

static const struct test_case cases[] = {
	{ "attack_26_blob_of_other_code", for_this_code },
	{ "sealed anew by a successor", sealed_anew },
	{ "for this software", for_this_software },
	{ "for this workload", for_this_workload },
	{ "at another SM", at_another_sm },
	{ "with a byte changed", with_a_byte_changed },
	{ "with an SVN too high", with_an_svn_too_high },
	{ "root key rotated", rotated },
	{ "rotation refused", rotation_refused },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
