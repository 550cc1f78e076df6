// SPDX-License-Identifier: GPL-2.0-only
/*
 * Platform claims: that they follow the kernel's own words. That they follow
 * changes, and not what is mounted over /proc, is shown in tests/e2e.
 */
#include <kunit/test.h>
#include <linux/capability.h>
#include <linux/module.h>

#include "../../kmod/platform.h"
#include "world.h"

static void sysctl_number_is_read(struct kunit *test)
{
	long value = 0;

	KUNIT_ASSERT_TRUE(test, rewire_platform_sysctl("kernel/cap_last_cap",
						       &value));
	KUNIT_EXPECT_EQ(test, value, CAP_LAST_CAP);
}

static void sysctl_that_is_no_number_is_none(struct kunit *test)
{
	long value = 42;

	KUNIT_EXPECT_FALSE(test, rewire_platform_sysctl("kernel/ostype",
							&value));
	KUNIT_EXPECT_FALSE(test, rewire_platform_sysctl("kernel/no_such_thing",
							&value));
	KUNIT_EXPECT_FALSE(test, rewire_platform_sysctl("kernel", &value));
	KUNIT_EXPECT_FALSE(test, rewire_platform_sysctl("", &value));
	KUNIT_EXPECT_FALSE(test, rewire_platform_sysctl("kernel/a name that is longer than any that is asked for here, and then some",
							&value));
	KUNIT_EXPECT_EQ(test, value, 42);
}

/* its own root: nothing above it, and no link out of it */
static void sysctl_stays_in_its_proc(struct kunit *test)
{
	long value;

	KUNIT_EXPECT_TRUE(test, rewire_platform_sysctl("../../../sys/kernel/cap_last_cap",
						       &value));
	KUNIT_EXPECT_FALSE(test, rewire_platform_sysctl("../../etc/hostname",
							&value));
}

static void expect_sysctl(struct kunit *test, u64 claims, const char *path,
			  long least, u64 claim)
{
	long value = 0;
	bool known = rewire_platform_sysctl(path, &value);

	KUNIT_EXPECT_EQ_MSG(test, !!(claims & claim), known && value >= least,
			    "%s is %s, %ld", path, known ? "known" : "unknown",
			    value);
}

static void claims_follow_the_sysctls(struct kunit *test)
{
	u64 claims = rewire_platform_measure();

	expect_sysctl(test, claims, "kernel/yama/ptrace_scope", 1,
		      REWIRE_CLAIM_YAMA);
	expect_sysctl(test, claims, "kernel/yama/ptrace_scope", 3,
		      REWIRE_CLAIM_NO_PTRACE);
	expect_sysctl(test, claims, "kernel/perf_event_paranoid", 2,
		      REWIRE_CLAIM_PERF_RESTRICTED);
	expect_sysctl(test, claims, "kernel/kexec_load_disabled", 1,
		      REWIRE_CLAIM_KEXEC_OFF);
	expect_sysctl(test, claims, "kernel/unprivileged_bpf_disabled", 1,
		      REWIRE_CLAIM_BPF_RESTRICTED);
}

/* this very module carries no signature: it would not be here */
static void claims_of_a_bench_are_few(struct kunit *test)
{
	u64 claims = rewire_platform_measure();

	KUNIT_EXPECT_EQ(test, claims & (REWIRE_CLAIM_LOCKDOWN_INTEGRITY |
					REWIRE_CLAIM_LOCKDOWN_CONFIDENTIALITY |
					REWIRE_CLAIM_MODULE_SIGNATURES |
					REWIRE_CLAIM_SECURE_BOOT |
					REWIRE_CLAIM_IMA), 0);
	KUNIT_EXPECT_EQ(test, claims & ~REWIRE_CLAIMS, 0);
	KUNIT_EXPECT_EQ(test, claims & rewire_platform_freshness(REWIRE_FRESHNESS_TPM),
			0);
}

static void freshness_gives_the_journals_claims(struct kunit *test)
{
	static const struct {
		u32 freshness;
		u64 claims;
	} cases[] = {
		{ REWIRE_FRESHNESS_VOLATILE, 0 },
		{ REWIRE_FRESHNESS_NONE, REWIRE_CLAIM_JOURNAL },
		{ REWIRE_FRESHNESS_WAITING, REWIRE_CLAIM_JOURNAL },
		{ REWIRE_FRESHNESS_WITNESSED,
		  REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED },
		{ REWIRE_FRESHNESS_TPM,
		  REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED |
		  REWIRE_CLAIM_TPM_COUNTER },
		{ REWIRE_FRESHNESS_ROLLED_BACK, 0 },
		{ REWIRE_FRESHNESS_STRICT,
		  REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED },
		{ U32_MAX, 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    rewire_platform_freshness(cases[i].freshness),
				    cases[i].claims, "freshness %u",
				    cases[i].freshness);
}

static void claims_of_an_sm_have_both(struct kunit *test)
{
	struct rewire_sm *sm = world_sm(test, 'a', false);
	u32 freshness = rewire_platform_journal(sm);

	KUNIT_EXPECT_EQ(test, rewire_platform_claims(sm),
			rewire_platform_measure() |
			rewire_platform_freshness(freshness));
	world_sm_free(sm);
}

static struct kunit_case platform_cases[] = {
	KUNIT_CASE(sysctl_number_is_read),
	KUNIT_CASE(sysctl_that_is_no_number_is_none),
	KUNIT_CASE(sysctl_stays_in_its_proc),
	KUNIT_CASE(claims_follow_the_sysctls),
	KUNIT_CASE(claims_of_a_bench_are_few),
	KUNIT_CASE(freshness_gives_the_journals_claims),
	KUNIT_CASE(claims_of_an_sm_have_both),
	{}
};

static struct kunit_suite platform_suite = {
	.name = "rewire_platform",
	.test_cases = platform_cases,
};

kunit_test_suite(platform_suite);
