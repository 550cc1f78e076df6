// SPDX-License-Identifier: MIT
/*
 * The tables of what to do after a crash, of either side, at any moment.
 */
#include <errno.h>

#include "decide.h"

#define STATES	(REWIRE_SESSION_ABORTED + 1)

/* The same for whatever the SM has, and whatever was kept. */
#define ALWAYS(action)							\
	{ [IMAGE_NONE] = { action, action }, [IMAGE_IDLE] = { action, action }, \
	  [IMAGE_RUNS] = { action, action }, [IMAGE_AWAY] = { action, action } }

/* [...][...][KEPT_NONE, KEPT_MINE] */
static const enum action source[STATES][IMAGES][KEPTS] = {
	/* The helper died, and with it the keys of the stream's other end. */
	[REWIRE_SESSION_OFFERED] = ALWAYS(ACTION_ABORT),
	[REWIRE_SESSION_AGREED] = ALWAYS(ACTION_ABORT),
	/* Without an image the host has been down: the target may have it all. */
	[REWIRE_SESSION_FROZEN] = {
		[IMAGE_NONE] = { ACTION_ASK, ACTION_ASK },
		[IMAGE_IDLE] = { ACTION_ABORT, ACTION_ABORT },
		[IMAGE_RUNS] = { ACTION_ABORT, ACTION_ABORT },
		[IMAGE_AWAY] = { ACTION_ABORT, ACTION_ABORT },
	},
	[REWIRE_SESSION_RELINQUISHED] = ALWAYS(ACTION_START),
	[REWIRE_SESSION_DESTROYED] = ALWAYS(ACTION_RECEIPT),
	[REWIRE_SESSION_ABORTED] = {
		[IMAGE_NONE] = { ACTION_LOST, ACTION_RESTORE },
		[IMAGE_IDLE] = { ACTION_ENTER, ACTION_ENTER },
		[IMAGE_RUNS] = { ACTION_DROP, ACTION_DROP },
		[IMAGE_AWAY] = { ACTION_DROP, ACTION_DROP },
	},
};

static const enum action target[STATES][IMAGES][KEPTS] = {
	/* Its connection ends it, or the SM does. */
	[REWIRE_SESSION_RECEIVING] = ALWAYS(ACTION_WAIT),
	[REWIRE_SESSION_PREPARED] = {
		[IMAGE_NONE] = { ACTION_ABORT, ACTION_RELOAD },
		[IMAGE_IDLE] = { ACTION_KEEP, ACTION_WAIT },
		[IMAGE_RUNS] = { ACTION_WAIT, ACTION_WAIT },
		[IMAGE_AWAY] = { ACTION_WAIT, ACTION_WAIT },
	},
	[REWIRE_SESSION_ACTIVE] = {
		[IMAGE_NONE] = { ACTION_LOST, ACTION_RESTORE },
		[IMAGE_IDLE] = { ACTION_ENTER, ACTION_ENTER },
		[IMAGE_RUNS] = { ACTION_DROP, ACTION_DROP },
		[IMAGE_AWAY] = { ACTION_DROP, ACTION_DROP },
	},
	[REWIRE_SESSION_ABORTED] = ALWAYS(ACTION_DROP),
};

enum action decide_source(__u32 state, enum image image, enum kept kept)
{
	return state < STATES ? source[state][image][kept] : ACTION_WAIT;
}

enum action decide_target(__u32 state, enum image image, enum kept kept,
			  bool is_volatile)
{
	enum action action = state < STATES ? target[state][image][kept] :
					      ACTION_WAIT;

	return action == ACTION_KEEP && is_volatile ? ACTION_WAIT : action;
}

bool decide_ready(enum image image, enum kept kept, bool is_volatile)
{
	static const bool table[2][IMAGES][KEPTS] = {
		/* [is_volatile][...][KEPT_NONE, KEPT_MINE] */
		{ [IMAGE_NONE] = { false, true }, [IMAGE_IDLE] = { false, true } },
		{ [IMAGE_NONE] = { false, true }, [IMAGE_IDLE] = { true, true } },
	};

	return table[is_volatile][image][kept];
}

enum action decide_reply(enum reply reply, enum kept kept)
{
	static const enum action table[REPLIES][KEPTS] = {
		[REPLY_READY] = { ACTION_START, ACTION_START },
		[REPLY_ABORTED] = { ACTION_START, ACTION_START },
		[REPLY_EARLY] = { ACTION_WAIT, ACTION_WAIT },
		/* With nothing to fall back on, hope costs nothing. */
		[REPLY_UNKNOWN] = { ACTION_WAIT, ACTION_ABORT },
	};

	return table[reply][kept];
}

enum recovery decide_update(__u32 state, enum image image, bool old_kept,
			    bool new_kept)
{
	bool switched = state == REWIRE_UPDATE_SWITCHED;

	if (state < REWIRE_UPDATE_SWITCHED)
		return RECOVERY_ABORT;
	switch (image) {
	case IMAGE_IDLE:
		return RECOVERY_ENTER;
	case IMAGE_NONE:
		break;
	default:
		return RECOVERY_DROP;
	}
	/* Never the other one: the SM would refuse it. */
	if (switched)
		return new_kept ? RECOVERY_NEW : RECOVERY_LOST;
	return old_kept ? RECOVERY_OLD : RECOVERY_LOST;
}

enum verdict decide_restored(int error)
{
	static const struct {
		int error;
		enum verdict verdict;
	} table[] = {
		{ 0, VERDICT_DONE },
		/* Another instance is here, or another SM has it. */
		{ -EEXIST, VERDICT_DONE },
		{ -EREMCHG, VERDICT_DONE },
		{ -ESTALE, VERDICT_STALE },
		/* Damaged, gone, another SM's, or of another processor. */
		{ -EBADMSG, VERDICT_BROKEN },
		{ -EKEYREJECTED, VERDICT_BROKEN },
		{ -EINVAL, VERDICT_BROKEN },
		{ -ENOENT, VERDICT_BROKEN },
		{ -EOPNOTSUPP, VERDICT_BROKEN },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].error == error)
			return table[i].verdict;
	return VERDICT_LATER;
}

bool decide_is_unfresh(int error)
{
	return error == -ENOLINK || error == -EUCLEAN;
}
