// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generations of the root key: a new one takes over while everything runs.
 *
 * What the journal says decides which generation is the newest, so it is told
 * first, under the old key. Until then nobody seals under the new one, and if it
 * cannot be told nobody ever did. Old keys stay: they unseal.
 */
#include <linux/capability.h>
#include <linux/err.h>

#include "compat.h"
#include "rotate.h"

static int rotate_to(struct rewire_sm *sm, struct key *root, u32 *generation,
		     struct rewire_why *why)
{
	int ret;

	lockdep_assert_held(&sm->journal.lock);
	ret = rewire_roots_stage(&sm->roots, root, generation, why);
	if (ret) {
		key_put(root);
		return ret;
	}
	ret = rewire_journal_rotate(&sm->journal, *generation, root, why);
	if (ret)
		rewire_roots_unstage(&sm->roots, *generation);
	else
		rewire_roots_switch(&sm->roots, *generation);
	return ret;
}

/**
 * rewire_rotate_root() - REWIRE_ROTATE_ROOT
 * @context: on /dev/rewire of an SM that has its keys
 * @arg: flags checked
 *
 * Return: 0; -EPERM without CAP_SYS_ADMIN in the initial user namespace, or for
 * a key that the caller may not use; -ENOKEY, -EINVAL when it is none that a
 * root can be; -EEXIST when it is one already; -EDQUOT after
 * REWIRE_MAX_GENERATIONS; else as the journal says.
 */
int rewire_rotate_root(struct rewire_context *context,
		       struct rewire_rotate_root *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct key *root;
	u32 generation;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return rewire_because(&context->why, -EPERM,
				      "a new root key needs CAP_SYS_ADMIN in the initial user namespace");
	root = rewire_root_get(arg->root_key);
	if (IS_ERR(root))
		return rewire_because(&context->why, PTR_ERR(root),
				      "root key %d: no key of %u bytes that a root can be",
				      arg->root_key, REWIRE_KEY_SIZE);
	mutex_lock(&sm->journal.lock);
	ret = rotate_to(sm, root, &generation, &context->why);
	mutex_unlock(&sm->journal.lock);
	if (!ret)
		arg->generation = generation;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_rotate_root);
