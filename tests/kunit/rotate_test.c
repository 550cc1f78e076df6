// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new root key takes over: what was sealed opens, and sealing goes on.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>

#include "../../kmod/rotate.h"
#include "../../kmod/seal.h"
#include "util.h"
#include "world.h"

#define PLAIN_LEN	32
#define BLOB_LEN	(PLAIN_LEN + REWIRE_SEAL_OVERHEAD)

struct rotation {
	struct rewire_sm *sm;
	struct rewire_file rfile;
	struct rewire_manifest manifest;
	struct rewire_svn_key svn_key;
	struct rewire_sealer sealer;
	u8 *plain, *blob, *back;
	u32 flags;
};

static int rotation_init(struct kunit *test)
{
	struct rotation *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	test->priv = r;
	r->sm = world_sm(test, 'a', false);
	r->rfile.sm = r->sm;
	r->manifest.svn = REWIRE_MAX_SVN;
	r->sealer = (struct rewire_sealer){
		.roots = &r->sm->roots,
		.manifest = &r->manifest,
		.developer = WORLD_WORKLOAD,
		.workload = WORLD_WORKLOAD,
		.svn_key = &r->svn_key,
	};
	r->plain = test_ramp(test, PLAIN_LEN, 1);
	r->blob = test_ramp(test, BLOB_LEN, 0);
	r->back = test_ramp(test, BLOB_LEN, 0);
	return 0;
}

static void rotation_exit(struct kunit *test)
{
	struct rotation *r = test->priv;

	if (r)
		world_sm_free(r->sm);
}

static int rotate_by(struct rotation *r, s32 serial, u32 *generation,
		     const char *why)
{
	struct rewire_context context = { .rfile = &r->rfile };
	struct rewire_rotate_root arg = {
		.size = sizeof(arg),
		.root_key = serial,
	};
	int ret = rewire_rotate_root(&context, &arg);

	*generation = arg.generation;
	if (ret && !strstr(context.why.text, why))
		return -ENOMSG;
	return ret;
}

/* under a key that was never one before */
static int rotate(struct kunit *test, u32 *generation)
{
	struct rotation *r = test->priv;
	u8 first = r->sm->roots.newest;
	struct key *root;
	int ret;

	root = test_key(test, "logon", "rewire:test",
			test_ramp(test, REWIRE_KEY_SIZE, first),
			REWIRE_KEY_SIZE);
	ret = rotate_by(r, key_serial(root), generation, "");
	key_put(root);
	return ret;
}

static ssize_t seal(struct rotation *r, u32 policy)
{
	return rewire_seal(&r->sealer, policy, r->plain, PLAIN_LEN, r->blob);
}

static ssize_t unseal(struct rotation *r)
{
	return rewire_unseal(&r->sealer, r->blob, BLOB_LEN, r->back, &r->flags);
}

static void rotated_seals_under_the_new_key(struct kunit *test)
{
	struct rotation *r = test->priv;
	const struct rewire_sealed *header = (void *)r->blob;
	u32 policy, generation;

	for (policy = REWIRE_SEAL_MEASUREMENT; policy <= REWIRE_SEAL_WORKLOAD;
	     policy++) {
		KUNIT_ASSERT_EQ(test, seal(r, policy), (ssize_t)BLOB_LEN);
		KUNIT_EXPECT_EQ(test, header->generation, policy);
		KUNIT_ASSERT_EQ(test, rotate(test, &generation), 0);
		KUNIT_EXPECT_EQ(test, generation, policy + 1);
		KUNIT_EXPECT_EQ(test, unseal(r), (ssize_t)PLAIN_LEN);
		KUNIT_EXPECT_EQ(test, r->flags, REWIRE_SEALED_LEGACY);
		KUNIT_ASSERT_EQ(test, seal(r, policy), (ssize_t)BLOB_LEN);
		KUNIT_EXPECT_EQ(test, header->generation, policy + 1);
		KUNIT_EXPECT_EQ(test, unseal(r), (ssize_t)PLAIN_LEN);
		KUNIT_EXPECT_EQ(test, r->flags, 0);
	}
}

/* Each refusal leaves everything as it was, and no reference behind. */
static void rotate_is_refused(struct kunit *test)
{
	struct rotation *r = test->priv;
	struct key *root, *ring;
	u32 generation = 0;

	root = test_key(test, "user", "rewire:test", "short", 5);
	KUNIT_EXPECT_EQ(test, rotate_by(r, key_serial(root), &generation,
					"no key of 32 bytes"), -EINVAL);
	key_put(root);
	ring = test_key(test, "keyring", "rewire:test", NULL, 0);
	KUNIT_EXPECT_EQ(test, rotate_by(r, key_serial(ring), &generation,
					"no key of 32 bytes"), -EINVAL);
	key_put(ring);
	KUNIT_EXPECT_EQ(test, rotate_by(r, S32_MAX, &generation,
					"no key of 32 bytes"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, rotate_by(r, key_serial(r->sm->roots.key[1]),
					&generation, "root key 1 already"),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, generation, 0);
	KUNIT_EXPECT_EQ(test, rewire_roots_newest(&r->sm->roots), 1);
	KUNIT_EXPECT_NULL(test, r->sm->roots.key[2]);
}

static void rotate_ends_somewhere(struct kunit *test)
{
	struct rotation *r = test->priv;
	u32 generation = 0;
	int i;

	for (i = 2; i <= REWIRE_MAX_GENERATIONS; i++) {
		KUNIT_ASSERT_EQ(test, rotate(test, &generation), 0);
		KUNIT_ASSERT_EQ(test, generation, i);
	}
	KUNIT_EXPECT_EQ(test, rotate(test, &generation), -EDQUOT);
	KUNIT_EXPECT_EQ(test, rewire_roots_newest(&r->sm->roots),
			REWIRE_MAX_GENERATIONS);
}

/**
 * struct busy - somebody who seals and unseals all the time
 * @rotation: with buffers that are its own
 * @done: it has sealed and unsealed once more
 * @wrong: what did not open, or opened as something else
 * @seen: the highest generation it sealed under
 */
struct busy {
	struct rotation rotation;
	struct completion done;
	u32 wrong;
	u32 seen;
};

static void busy_once(struct busy *busy, u32 policy)
{
	struct rotation *r = &busy->rotation;
	const struct rewire_sealed *header = (void *)r->blob;

	memset(r->back, 0, PLAIN_LEN);
	if (seal(r, policy) != (ssize_t)BLOB_LEN ||
	    header->generation < busy->seen ||
	    unseal(r) != (ssize_t)PLAIN_LEN ||
	    memcmp(r->back, r->plain, PLAIN_LEN))
		busy->wrong++;
	busy->seen = header->generation;
}

static int busy_run(void *data)
{
	struct busy *busy = data;
	u32 i;

	for (i = 0; !kthread_should_stop(); i++) {
		busy_once(busy, REWIRE_SEAL_MEASUREMENT + i % 3);
		complete(&busy->done);
	}
	return 0;
}

static void sealing_goes_on(struct kunit *test)
{
	struct rotation *r = test->priv;
	struct busy *busy = kunit_kzalloc(test, sizeof(*busy), GFP_KERNEL);
	struct task_struct *task;
	u32 generation;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, busy);
	busy->rotation = *r;
	busy->rotation.blob = test_ramp(test, BLOB_LEN, 0);
	busy->rotation.back = test_ramp(test, BLOB_LEN, 0);
	init_completion(&busy->done);
	task = kthread_run(busy_run, busy, "rewire_busy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (i = 2; i <= REWIRE_MAX_GENERATIONS; i++) {
		/* some of it lies between any two rotations */
		reinit_completion(&busy->done);
		wait_for_completion(&busy->done);
		KUNIT_EXPECT_EQ(test, rotate(test, &generation), 0);
	}
	kthread_stop(task);
	busy_once(busy, REWIRE_SEAL_SOFTWARE);
	KUNIT_EXPECT_EQ(test, busy->wrong, 0);
	KUNIT_EXPECT_EQ(test, busy->seen, REWIRE_MAX_GENERATIONS);
}

static struct kunit_case rotate_cases[] = {
	KUNIT_CASE(rotated_seals_under_the_new_key),
	KUNIT_CASE(rotate_is_refused),
	KUNIT_CASE(rotate_ends_somewhere),
	KUNIT_CASE(sealing_goes_on),
	{}
};

static struct kunit_suite rotate_suite = {
	.name = "rewire_rotate",
	.init = rotation_init,
	.exit = rotation_exit,
	.test_cases = rotate_cases,
};

kunit_test_suite(rotate_suite);
