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
