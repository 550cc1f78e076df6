/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the ioctl fuzzer share:
 *
 *	fuzz-ioctl.c	chooses, counts, judges
 *	commands.c	every command of the uapi headers, and how to fill it validly
 *	mutate.c	random numbers, and what is wrong with an argument
 *	memory.c	user memory of every sort that a pointer may point to
 *	world.c		SMs, and enclaves, streams and sessions in every state
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rewire.h>
#include <rewire_update.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096UL

/* ---- random numbers (SplitMix64): the same seed, the same run ---- */

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 .. limit - 1; 0 for a limit of 0 */
uint64_t rng_below(struct rng *rng, uint64_t limit);
bool rng_percent(struct rng *rng, unsigned int percent);
void rng_bytes(struct rng *rng, void *data, size_t length);

/* ---- user memory ---- */

/*
 * Everything a command may read or write lies between guard pages in a large
 * reserved range, so that a pointer with some bits changed hits that range and
 * never the fuzzer's own variables.
 */
struct memory {
	uint8_t *data;		/* DATA_SIZE bytes, readable and writable */
	uint8_t *readonly;	/* one page */
	uint8_t *argument;	/* two pages, then nothing: structs end there */
	uint8_t *nowhere;	/* mapped, no access */
};

#define DATA_SIZE (1UL << 20)

bool memory_open(struct memory *memory, unsigned int index);
/* A pointer of which something is wrong, for an object of @length bytes. */
uint64_t memory_hostile(const struct memory *memory, struct rng *rng,
			size_t length);

/* ---- objects ---- */

enum kind {
	KIND_DEVICE,
	KIND_ENCLAVE,
	KIND_STREAM,
	KIND_SESSION,
	KIND_UPDATE,
	KINDS,
};

#define SCENE_FDS 4

/* Some files made together: an enclave, a migration with both its ends, or an update
 * with both versions.
 */
struct scene {
	const char *name;
	bool (*make)(struct scene *scene, struct rng *rng);
	int stage;
	int fd[SCENE_FDS];
	enum kind kind[SCENE_FDS];
	bool made;
	unsigned int life;	/* operations until it is made anew */
	const struct content *content;	/* that is written to its files */
	size_t written;		/* of it */
};

/* What is written to a file, in any pieces. */
struct content {
	uint8_t *bytes;
	size_t length;
};

/* Orders of an update. */
enum {
	ORDER_PLAIN,		/* starts anew */
	ORDER_HANDOVER,		/* imports what the old version exports */
	ORDER_SEALED,		/* and the root role has signed it, too */
	ORDERS,
};

/* Real content that commands start from. */
struct samples {
	struct rewire_image image;
	struct rewire_signed manifest;
	struct rewire_signed request;	/* of the latest migration */
	struct rewire_signed open_request;	/* of one not yet accepted */
	uint8_t open_offer[REWIRE_MAX_MESSAGE];	/* and its OFFER */
	size_t open_offer_length;
	uint8_t message[3][REWIRE_MAX_MESSAGE];	/* its OFFER, ACCEPT, READY */
	size_t message_length[3];
	struct content checkpoint;
	struct rewire_signed next_manifest[ORDERS];	/* of the version after */
	struct rewire_update_order order[ORDERS];
	struct content payload[ORDERS];
	uint8_t update_id[REWIRE_ID_SIZE];	/* of the latest update */
	struct rewire_statement *trust;	/* bundle or levels, the latest */
};

#define SM_ALPHA 0
#define SM_BETA 1
#define SM_BARE 2	/* never provisioned */
#define SMS 3

struct world {
	int sm[SMS];
	bool provisioned;
	struct samples samples;
	struct scene *scenes;
	size_t scene_count;
	uint64_t making_ns;	/* time spent in making scenes */
	uint64_t handed_over;	/* updates that exported and imported state */
};

extern struct world world;

bool world_open(const char *pki, const char *image);
/* Make @scene when there is none or its life is over. False: not now. */
bool world_ready(struct scene *scene, struct rng *rng);
void scene_drop(struct scene *scene);
/* Sign a request to move the running enclave. False: there is none. */
bool world_sign_request(struct rewire_signed *ret_request, struct rng *rng);
/* The workload of the running enclave. False: there is none. */
bool world_running(uint8_t ret_workload[REWIRE_ID_SIZE]);
/* The next bundle or table of levels into the samples. False: there is none. */
bool world_sign_trust(void);
void world_close(void);
uint64_t now_ns(void);

/* ---- commands ---- */

#define COMMAND_POINTERS 7

struct command {
	const char *name;
	unsigned int cmd;
	enum kind kind;
	size_t size;
	int out_fd;		/* offset of a descriptor it returns, or -1 */
	unsigned int weight;
	bool gentle;		/* changes little and ends soon: for the racer */
	bool any_kind;
	bool hopeless;		/* needs keys or words that the fuzzer lacks */
	size_t pointer[COMMAND_POINTERS];	/* offsets, 0 ends them */
	void (*fill)(void *arg, const struct memory *memory, struct rng *rng);
};

/* While true, arguments are filled without any spoilt content. */
extern bool commands_faultless;
extern const struct command commands[];
extern const size_t command_count;

/* What the module will take @nr for on a file of @kind; NULL: nothing. */
const struct command *command_find(enum kind kind, unsigned int nr);
const struct command *command_choose(enum kind kind, bool gentle,
				     struct rng *rng);

/* ---- mutation ---- */

/* One ioctl as it will be issued. */
struct request {
	unsigned int cmd;
	uint64_t arg;
};

struct request mutate(const struct command *command,
		      const struct memory *memory, struct rng *rng);
/* The same without anything wrong. */
struct request arrange(const struct command *command,
		       const struct memory *memory, struct rng *rng);
void mutate_bytes(void *data, size_t length, struct rng *rng);

#endif
