/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is attacked: an instance of the probe enclave, and beside it an ordinary
 * process with the same bytes at the same addresses. An attack counts as
 * repelled only if it succeeds on the ordinary process.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ATTACK_VICTIM_H
#define ATTACK_VICTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rewire.h"

#define PAGE 4096UL

/* Where things are in every instance of the probe; from victim_setup(). */
extern uint64_t secret_address, secret_size, guard_address, guard_size;
extern struct rewire_image probe_image;
extern int sm;

/**
 * struct victim - an enclave with its process, or an ordinary process
 * @fd: of the enclave; -1 for an ordinary process
 * @id: number of the enclave
 * @pid: process, our child
 * @client: of our calls
 * @sequence: of the last call
 * @answer: to it, with a zero at its end
 * @length: its bytes
 */
struct victim {
	int fd;
	uint64_t id;
	pid_t pid;
	uint8_t client[REWIRE_ID_SIZE];
	uint64_t sequence;
	char answer[REWIRE_MAX_PAYLOAD + 1];
	size_t length;
};

/**
 * typedef prepare_fn - what a launcher does before it executes the ticket
 * @data: as given to victim_enter()
 *
 * Runs in the child. Returns 0, or an errno to give up with.
 */
typedef int prepare_fn(void *data);

/**
 * victim_setup() - read the environment, look where the probe's memory is
 *
 * REWIRE_PROBE names the image, REWIRE_MANIFEST its signed manifest.
 */
void victim_setup(void);

/* A READY instance of a fresh workload; bails out on failure. */
void victim_create(struct victim *victim);

/* The same, and entered with nothing prepared. */
void victim_start(struct victim *victim);

/*
 * A child prepares and executes a ticket. Returns 0 once it is RUNNING, or the
 * errno that the child gave up with (EPROTO: it was killed).
 */
int victim_enter(struct victim *victim, prepare_fn *prepare, void *data);

/* The parts of it, for those who need something in between. */
int victim_ticket(struct victim *victim, struct rewire_ticket *ret_ticket);
int ticket_file(const void *ticket, size_t length);
_Noreturn void ticket_execute(int fd);

/* Waits until a child has entered. Returns as victim_enter(). */
int victim_wait(struct victim *victim, pid_t child);

/*
 * One call with text arguments up to NULL. Returns 0 and the enclave's own
 * status; or an errno.
 */
int victim_call(struct victim *victim, int *ret_status, const char *verb, ...);

/* It answers, and says that nothing in it was changed. */
bool victim_intact(struct victim *victim);

/* It can still be paused and resumed, and is intact. */
bool victim_pauses(struct victim *victim);

uint32_t victim_state(struct victim *victim);

/* It is in that state, or will be within a few seconds. */
bool victim_becomes(struct victim *victim, uint32_t state);

/* Destroys it and reaps its process. */
void victim_end(struct victim *victim);

/*
 * An ordinary process with the probe's segments mapped at their addresses and
 * the secret in place; runs @prepare, then sleeps. @shared: the mapping of the
 * guard is shared with us, for attacks that end the process.
 */
void bystander_start(struct victim *victim, prepare_fn *prepare, void *data);
void bystander_end(struct victim *victim);

/*
 * What a launcher does to have something at the enclave's future addresses: maps
 * secret and guard, and fills them like the probe. Also part of a bystander.
 */
int map_decoy(void *data);

/* Is the probe's secret somewhere in these bytes? */
bool has_secret(const void *bytes, size_t length);

/* Does the memory still hold what the probe put into its guard? */
bool is_guard(const void *bytes, size_t length);

#endif /* ATTACK_VICTIM_H */
