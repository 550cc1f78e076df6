/* SPDX-License-Identifier: MIT */
/*
 * A host with an SM that is played, for tests of updates: it knows the order of the
 * commands, and fails where it is told to. It stands in for librewire's update.c,
 * sm.c, enclave.c, enter.c, stream.c and events.c.
 */
#ifndef TESTS_USER_UPDATE_PLAY_H
#define TESTS_USER_UPDATE_PLAY_H

#include <event2/event.h>

#include "update_fixture.h"

#include "updater.h"

#define PAYLOAD_LENGTH	(600 * 1024)

enum command {
	START, ENCLAVE, ENTER, HAND_OVER, SEAL_OLD, TRIAL, HEALTH, SEAL_NEW,
	SWITCH, GIVE_UP, COMMANDS
};

struct update_sm {
	bool known;		/* the update */
	__u32 state;
	struct rewire_enclave_info instance;	/* state DESTROYED: none */
	struct rewire_update_order order;
	int fail[COMMANDS];	/* errno, or 0 */
	int fail_after;		/* of SWITCH: errno though it was done */
	int busy;		/* START says EBUSY that often */
	int file;		/* what was written to the update */
	bool old_restored, new_restored;
	char commands[256];
	unsigned int begun;
	int watch;		/* eventfd */
	char trials[256];	/* where checkpoints have to be */
	bool unsafe;		/* a step without the checkpoint it needs: never */
	bool is_volatile;
	const char *restoring;
	void (*in_trial)(void);	/* what happens meanwhile */
};

extern struct update_sm sm;

/* The package whose payload was asked for last. */
extern char wanted[256];

/* The host. */
extern struct helper helper;
extern char dir[256], inbox[300];
extern struct updater *updater;		/* of tests that have one */

/* What there is to be installed, and for whom. */
extern struct package_file file;
extern struct rewire_update_order *order;
extern __u8 *payload;
extern int payload_fd;
extern const __u8 workload[REWIRE_ID_SIZE];

int set_up(void **state);
int tear_down(void **state);
int set_up_updater(void **state);
int tear_down_updater(void **state);

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define with_updater(name) \
	cmocka_unit_test_setup_teardown(name, set_up_updater, tear_down_updater)

/* The policy is this from now on. */
void policy_is(const char *text);
/* Package and payload come into the inbox. */
void drop(void);
/* One look of the updater, from its beginning to its end. */
void look(void);
/* What the ledger has of the one update there is; -1 for nothing. */
int entry_is(struct entry *entry);
/* Does the folder have a file that ends so? */
bool has_file(const char *dir, const char *end);
/* Is there any checkpoint of an update? */
bool trials_left(void);

#endif
