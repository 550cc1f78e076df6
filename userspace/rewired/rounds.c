// SPDX-License-Identifier: MIT
/*
 * Pre-copy: rounds of what was written, and when to stop.
 */
#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "rounds.h"

#define MOST_ROUNDS	16
/* Less than a tenth less than before: the enclave writes as fast as we copy. */
#define PROGRESS	10
#define PAGE_BYTES	4096

static int copy(int session, struct link *link, __u64 *bytes,
		struct rewire_error *err)
{
	ssize_t n;
	int ret;

	for (;;) {
		n = read(session, link_payload(link), PEER_MAX_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail_ioctl(err, session, errno,
						 "reading the enclave's state");
		if (!n)
			return 0;
		ret = link_overheard(link, err);
		if (!ret)
			ret = link_send(link, PEER_STREAM, n, err);
		if (ret)
			return ret;
		*bytes += (__u64)n;
	}
}

int rounds_run(int session, struct link *link, unsigned int goal_ms,
	       __u64 *bytes, struct rewire_error *err)
{
	__u64 before = 0;

	for (unsigned int round = 1; goal_ms && round <= MOST_ROUNDS; round++) {
		int64_t start = clock_ms(), took;
		__u64 pages, left, expected, sent = *bytes;
		int ret = rewire_session_round(session, false, &pages, err);

		if (!ret)
			ret = copy(session, link, bytes, err);
		if (!ret)
			ret = rewire_session_round(session, true, &left, err);
		if (ret)
			return ret;
		took = clock_ms() - start;
		sent = *bytes - sent;
		/* Nothing sent, or sent in no time: there is little to expect. */
		expected = sent ? left * PAGE_BYTES * (__u64)took / sent : 0;
		log_info("round %u: %llu bytes in %lld ms, then %llu pages written, to be sent in %llu ms",
			 round, (unsigned long long)sent, (long long)took,
			 (unsigned long long)left,
			 (unsigned long long)expected);
		if (expected <= goal_ms)
			return 0;
		if (round > 1 && left > before - before / PROGRESS) {
			log_notice("the enclave writes as fast as it is copied: it will stand still for about %llu ms, not %u",
				   (unsigned long long)expected, goal_ms);
			return 0;
		}
		before = left;
	}
	return 0;
}
