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

/* The first look begins the tracking; what it counts is everything. */
int rounds_begin(struct rounds *r, struct rewire_error *err)
{
	__u64 pages;

	return rewire_session_round(r->session, true, &pages, err);
}

static int copy(struct rounds *r, struct rewire_error *err)
{
	ssize_t n;
	int ret;

	for (;;) {
		n = read(r->session, link_payload(r->link), PEER_MAX_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail_ioctl(err, r->session, errno,
						 "reading the enclave's state");
		if (!n)
			return 0;
		ret = link_overheard(r->link, err);
		if (!ret)
			ret = link_send(r->link, PEER_STREAM, n, err);
		if (ret)
			return ret;
		*r->bytes += (__u64)n;
	}
}

/* Sent and, but for a little, sealed; the time it takes is that of both. */
static int one_round(struct rounds *r, struct rewire_error *err)
{
	__u64 pages;
	int ret = rewire_session_round(r->session, false, &pages, err);

	if (!ret)
		ret = copy(r, err);
	if (!ret)
		ret = sealer_keep_up(r->sealer, SEALER_BEHIND, r->link, true,
				     err);
	return ret;
}

static int until_small(struct rounds *r, struct rewire_error *err)
{
	__u64 before = 0;

	for (unsigned int round = 1; round <= MOST_ROUNDS; round++) {
		__u64 left, expected, sent = *r->bytes;
		int64_t start = clock_ms(), took;
		int ret = one_round(r, err);

		if (!ret)
			ret = rewire_session_round(r->session, true, &left,
						   err);
		if (ret)
			return ret;
		took = clock_ms() - start;
		sent = *r->bytes - sent;
		/* Nothing sent, or sent in no time: there is little to expect. */
		expected = sent ? left * PAGE_BYTES * (__u64)took / sent : 0;
		log_info("round %u: %llu bytes in %lld ms, then %llu pages written, to be sent in %llu ms",
			 round, (unsigned long long)sent, (long long)took,
			 (unsigned long long)left,
			 (unsigned long long)expected);
		if (expected <= r->goal_ms)
			return 0;
		if (round > 1 && left > before - before / PROGRESS) {
			log_notice("the enclave writes as fast as it is copied: it will stand still for about %llu ms, not %u",
				   (unsigned long long)expected, r->goal_ms);
			return 0;
		}
		before = left;
	}
	return 0;
}

int rounds_run(struct rounds *r, struct rewire_error *err)
{
	int ret = until_small(r, err);

	/* What is sealed now needs no sealing while the enclave stands still. */
	return ret ? ret : sealer_keep_up(r->sealer, 0, r->link, true, err);
}
