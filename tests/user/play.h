/* SPDX-License-Identifier: MIT */
/*
 * Two hosts, played: helpers that are real, a wire between them that can be cut,
 * and SMs that know the order of states and no cryptography. The SMs stand in for
 * librewire's session.c, enclave.c, stream.c and sm.c, and are in shared memory:
 * they outlive a process that is killed, as the kernel does.
 */
#ifndef TESTS_USER_PLAY_H
#define TESTS_USER_PLAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "test.h"

#include "helper.h"

#define STREAM_SIZE	(600 * 1024)
#define LANE_SIZE	(300 * 1024)	/* of each further stream */

/* What an SM has of the workload. */
enum lives {
	LIVES_NOWHERE,
	LIVES_AWAY,	/* at the other SM, as far as this one knows */
	LIVES_HELD,	/* by a migration */
	LIVES_IDLE,	/* paused, without a process */
	LIVES_RUNNING,
};

struct played_sm {
	pthread_mutex_t lock;
	struct {
		int fd;		/* what is read, or written */
		int lane[REWIRE_MAX_LANES];
		int state;
		bool exists;
		bool image;	/* the session has one */
		bool complete;	/* source: END was read */
		bool stale;	/* the instance ran on after its checkpoint */
		enum lives lives;
	} side[3];
	__u8 request_id[REWIRE_ID_SIZE], workload[REWIRE_ID_SIZE];
	unsigned int lanes;	/* streams, as the source was told */
	unsigned int entered;
	unsigned int calls;
	bool refuse_accept;	/* the target aborts instead */
	bool refuse_start;	/* the same */
	bool both;		/* two instances ran at a time: never */
	bool early;		/* PREPARED without a fallback at the source: never */
	int unfresh;		/* errno of an SM that waits, or 0 */
	int refuse_try[3];	/* errno of REWIRE_TRY_REQUEST, or 0 */
	int refuse_level;	/* the same, when there is evidence */
	long countdown;		/* commands until the process is killed; 0: never */
};

/* Shared by all processes that are forked from the test. */
extern struct played_sm *sm;

/* Which SM a thread of this program talks to. */
extern _Thread_local __u32 here;

/* play_sm.c: both, from their beginning to their end. */
void play_sm_open(void);
void play_sm_close(void);
/* As if nothing had ever happened. */
void play_sm_reset(void);
/* What the request names runs at the source. */
void play_sm_begin(const struct rewire_request *request);
/* Whoever had it locked is gone. */
void play_sm_unlock(void);
/* The session of that side is in another state now. */
void play_sm_state(__u32 side, int state);

struct wire {
	int front, back;		/* listening sockets */
	uint16_t front_port, back_port;
	pthread_mutex_t lock;		/* of both counts */
	long budget;			/* bytes until the next cut; -1: none */
	long seen;
};

struct world {
	char *folder;
	struct helper source, target;
	struct wire wire;
	pthread_t proxy, server;
	int quit;			/* ends both */
	char peer[64];
	atomic_int serving, passing;	/* connections */
};
extern struct world world;

int play_set_up(void **state);
int play_tear_down(void **state);

/* The other end of the wire, and who listens there. */
void play_serve(void);
void play_unserve(void);

/* New state folders, new SMs: as if nothing had ever happened. */
void play_begin(struct rewire_signed *request, unsigned int run, long budget);
int play_migrate(const struct rewire_signed *request, struct rewire_error *err);

/* What the keeper of a side does: now, and over time. */
void play_keep_once(__u32 side);
void play_keep(__u32 side);

/* A helper is gone, and its files with it; the next one reads its store. */
void play_kill(__u32 side);
/* A whole host is gone, and comes up again. */
void play_crash(__u32 side);

#endif
