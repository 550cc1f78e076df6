/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_REPORT_H
#define REWIRED_REPORT_H

#include <stdint.h>

#include <jansson.h>

#include <rewire.h>

/**
 * struct report - who is told of the steps of a migration
 * @client: control socket the steps are written to, or -1
 * @request_id: the migration
 * @start: clock_ms() at its beginning
 */
struct report {
	int client;
	__u8 request_id[REWIRE_ID_SIZE];
	int64_t start;
};

/**
 * struct round - a round of an enclave that is copied while it runs
 * @number: from 1 on
 * @pages: that it had, at most
 * @bytes: of the stream
 * @ms: that it took
 * @left: pages written meanwhile
 * @expected_ms: of the pause, were it now: to send those, and the messages
 * @delay_us: by which a page's first write was slowed down
 */
struct round {
	unsigned int number;
	__u64 pages;
	__u64 bytes;
	__u64 ms;
	__u64 left;
	__u64 expected_ms;
	unsigned int delay_us;
};

/* Log a round that was sent, and tell the client. @bytes: of the stream so far. */
void report_round(const struct report *report, const struct round *round,
		  __u64 bytes);

/* Tell the client how far a round is: what it has so far of @round. */
void report_copying(const struct report *report, const struct round *round,
		    __u64 bytes);

/**
 * report_step - log a step, and tell the client
 * @report: to whom
 * @side: REWIRE_SIDE_*, whose SM made it
 * @state: REWIRE_SESSION_*, what it is now
 * @bytes: of the stream so far, or 0
 *
 * A client that does not listen is no reason for anything.
 */
void report_step(const struct report *report, __u32 side, __u32 state,
		 __u64 bytes);

/* Write one line of the control protocol, which is freed; -errno on failure. */
int report_line(int client, char *line);

#endif /* REWIRED_REPORT_H */
