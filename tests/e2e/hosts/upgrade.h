/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Updates, step by step: the test is developer, SDS and helper.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_UPGRADE_H
#define E2E_UPGRADE_H

#include <rewire_update.h>
#include <rewire_package.h>

#include "blob.h"
#include "work.h"

/**
 * struct edition - a version of a software, as its developer signs it
 * @image: name of an example enclave
 * @software: last byte of the software id
 * @release: release, and SVN
 * @state: REWIRE_ATTR_STATE_*
 */
struct edition {
	const char *image;
	__u8 software;
	__u64 release;
	__u32 state;
};

/* Run it as @work, whose id stays; what ran there as that must be gone. */
int edition_try(struct work *work, const struct host *host,
		const struct edition *edition);
void edition_start(struct work *work, const struct host *host,
		   const struct edition *edition);

/**
 * struct upgrade - one package, and one use of it
 * @order: what is signed, by upgrade_sign() or by upgrade_seal()
 * @payload: its bytes
 * @length: how many
 * @host: where it is used
 * @update: the update's file, -1 without one
 * @id: of the update
 * @ckpt: checkpoints of the old and the new version
 * @epoch: after the switch
 * @is_volatile: without checkpoints
 * @error: why the last thing failed
 */
struct upgrade {
	struct rewire_update_order *order;
	__u8 *payload;
	size_t length;
	const struct host *host;
	int update;
	__u8 id[REWIRE_ID_SIZE];
	struct blob ckpt[2];
	__u64 epoch;
	bool is_volatile;
	struct rewire_error error;
};

#define TRIAL_MS	60000

/* A package to go from anything to @edition, signed. */
void upgrade_make(struct upgrade *upgrade, const struct host *host,
		  const struct edition *edition);
/* Sign the package anew, after it was changed. */
void upgrade_sign(struct upgrade *upgrade);
/* By another key of the PKI's; "sds", "developer", "root" ... */
void upgrade_sign_as(struct upgrade *upgrade, const char *role);
/* What the developer says, after it was changed; and the package that names it. */
void upgrade_describe_as(struct upgrade *upgrade, const char *role);
/* One more signature of the root role's, which the package must ask for. */
void upgrade_authorise(struct upgrade *upgrade, const char *holder);

#define CONTENT_KEY	{ 7 }

/* Another payload, which the package then speaks of; to be signed afterwards. */
void upgrade_load_image(struct upgrade *upgrade, const char *image);
/* The payload encrypted with CONTENT_KEY, the package signed. */
void upgrade_seal(struct upgrade *upgrade, const struct edition *edition);
/* Its key, for an SM by what that says of itself. */
struct rewire_suk suk_of(const struct host *host);
void upgrade_wrap(struct upgrade *upgrade, const struct rewire_suk *suk,
		  const char *role);
void upgrade_free(struct upgrade *upgrade);

/* The steps, in order; those of no use to a volatile update are left out. */
enum upgrade_step {
	UPGRADE_BEGIN,
	UPGRADE_LOAD,
	UPGRADE_ENTER,
	UPGRADE_HANDOVER,
	UPGRADE_SEAL_OLD,
	UPGRADE_TRIAL,
	UPGRADE_HEALTH,
	UPGRADE_SEAL_NEW,
	UPGRADE_SWITCH,
	UPGRADE_STEPS
};

extern const char *const upgrade_step_name[UPGRADE_STEPS];

/* 0 or a negative errno, and why in @upgrade->error. */
int upgrade_step(struct upgrade *upgrade, const struct work *work,
		 enum upgrade_step step);
/* All of @from to @to. */
int upgrade_steps(struct upgrade *upgrade, const struct work *work,
		  enum upgrade_step from, enum upgrade_step to);
/* From the first to the last; the test fails if any does. */
void upgrade_all(struct upgrade *upgrade, const struct work *work);

/* Bytes of a payload, whatever they are. */
int upgrade_write(struct upgrade *upgrade, const void *data, size_t length);

struct rewire_update_info upgrade_info(struct upgrade *upgrade);
/* Wait for a state; false: it does not come. */
bool upgrade_becomes(struct upgrade *upgrade, __u32 state);

/* An unruly counts on from where it must be, in this release, alone. */
void expect_edition(struct work *work, const struct host *host,
		    const struct edition *edition);

/* Its receipt is good, and says this. */
void expect_receipt(struct upgrade *upgrade, __u32 state,
		    const struct edition *from, const struct edition *to);

#endif /* E2E_UPGRADE_H */
