// SPDX-License-Identifier: MIT
/*
 * The witness's command: run with the names of two files, the head that the SM
 * signed, and where the witness's answer is to be.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "log.h"
#include "witness.h"

#define MAX_ROUNDS	2	/* the second moves the witness on */

/* One at a time: an answer is to the last head, and the files are the same. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* 1: it knows the head that it was shown; 0: only an older one. */
static int ask_once(const struct helper *helper, int sm,
		    struct rewire_error *err)
{
	const char *dir = helper->options.state_dir;
	char asked[STORE_PATH], answer[STORE_PATH];
	const char *const argv[] = { helper->options.witness_command, asked,
				     answer, NULL };
	_Alignas(8) __u8 head[REWIRE_MAX_HEAD];
	size_t length = sizeof(head);
	struct rewire_signed witness;
	int ret = rewire_sm_head(sm, head, &length, err);

	if (ret)
		return ret;
	if (snprintf(asked, sizeof(asked), "%s/witness.head", dir) >=
		    (int)sizeof(asked) ||
	    snprintf(answer, sizeof(answer), "%s/witness.answer", dir) >=
		    (int)sizeof(answer))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	/* An old answer must not be taken for this one's. */
	if (unlink(answer) && errno != ENOENT)
		return rewire_fail(err, errno, "%s: %s", answer,
				   strerror(errno));
	ret = rewire_file_write(asked, head, length, 0600, err);
	if (!ret)
		ret = command_run(helper, argv, -1, false, err);
	if (!ret)
		ret = rewire_signed_read(answer, REWIRE_TYPE_WITNESS, &witness,
					 err);
	if (!ret)
		ret = rewire_sm_witness(sm, &witness, err);
	if (ret)
		return ret;
	return witness.body.witness.sequence ==
	       ((const struct rewire_head *)(const void *)head)->sequence;
}

static int ask(const struct helper *helper, struct rewire_error *err)
{
	int sm = rewire_sm_open(err), ret = 0;

	if (sm < 0)
		return sm;
	for (int i = 0; i < MAX_ROUNDS && !ret; i++)
		ret = ask_once(helper, sm, err);
	close(sm);
	return ret < 0 ? ret : 0;
}

int witness_ask(struct helper *helper, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	int ret;

	if (!helper->options.witness_command)
		return -ENOLINK;
	pthread_mutex_lock(&lock);
	ret = ask(helper, &why);
	pthread_mutex_unlock(&lock);
	if (ret)
		return rewire_fail(err, why.code, "asking the witness: %s",
				   why.text);
	log_info("the witness knows the journal as it is");
	return 0;
}

int witness_after(struct helper *helper, struct rewire_error *err)
{
	struct rewire_journal_info info;
	int sm, ret;

	if (!helper->options.witness_command)
		return 0;
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	ret = rewire_sm_journal_info(sm, &info, err);
	close(sm);
	if (ret || info.freshness != REWIRE_FRESHNESS_STRICT)
		return ret;
	return witness_ask(helper, err);
}

bool witness_helps(struct helper *helper, int ret, struct rewire_error *err)
{
	return ret == -ENOLINK && !witness_ask(helper, err);
}
