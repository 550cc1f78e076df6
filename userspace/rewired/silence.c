// SPDX-License-Identifier: MIT
/*
 * Who keeps the SDS away from a host keeps revocations and updates away, too. The
 * SM knows since when it heard no witness; here it is said when that is too long.
 */
#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "silence.h"

#define LONGEST_PAUSE_MS	60000

int silence_judge(struct silence *silence,
		  const struct rewire_journal_info *info)
{
	__u64 most = silence->helper->options.max_silence_s * 1000ULL;
	bool before = silence->told;

	silence->told = info->silent_ms > most;
	return silence->told - before;
}

static void tell(struct silence *silence,
		 const struct rewire_journal_info *info)
{
	switch (silence_judge(silence, info)) {
	case 1:
		log_warning("stale: no witness was heard for %s%ju s, at most %u s are allowed; the last one said that it was %ju s since 1970",
			    info->heard ? "" : "more than ",
			    (uintmax_t)info->silent_ms / 1000,
			    silence->helper->options.max_silence_s,
			    (uintmax_t)info->told);
		break;
	case -1:
		log_notice("a witness was heard again");
		break;
	}
}

static void work(struct job *job)
{
	struct silence *silence = (struct silence *)job;
	struct rewire_journal_info info = { 0 };
	struct rewire_error err;
	int sm = rewire_sm_open(&err), ret = sm;

	if (sm >= 0) {
		ret = rewire_sm_journal_info(sm, &info, &err);
		close(sm);
	}
	if (!ret)
		tell(silence, &info);
	else if (ret != -ENOKEY)
		log_warning("%s", err.text);
}

static void done(struct job *job)
{
	struct silence *silence = (struct silence *)job;
	int64_t pause = silence->helper->options.max_silence_s * 100LL;

	silence->running = false;
	silence->next = clock_ms() + clock_earlier(pause, LONGEST_PAUSE_MS);
}

void silence_init(struct silence *silence, struct helper *helper)
{
	*silence = (struct silence){
		.job = { .work = work, .done = done },
		.helper = helper,
	};
}

void silence_tick(struct silence *silence)
{
	if (!silence->helper->options.max_silence_s || silence->running ||
	    clock_ms() < silence->next)
		return;
	silence->running = pool_submit(silence->helper->pool, POOL_KEEPER,
				       &silence->job);
}
