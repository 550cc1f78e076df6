/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_PLAN_H
#define REWIRED_PLAN_H

#include <jansson.h>

#include <rewire_update.h>

#include "ledger.h"

#define PLAN_MAX_INSTANCES	100

/**
 * struct plan_instance - one that would be updated
 * @info: what the SM says of it
 * @update: id that the update would have
 * @refused: errno, positive, with which the SM would refuse; 0: it would not
 * @why: in words
 */
struct plan_instance {
	struct rewire_enclave_info info;
	__u8 update[REWIRE_ID_SIZE];
	int refused;
	char why[384];
};

/**
 * struct plan - what is known before anybody agrees
 * @order: what was ordered
 * @signers: by the anchors in this host's folder
 * @instance: all that would be updated
 * @instances: how many
 * @left_out: how many more there are
 * @past: what happened here before, the latest first
 * @pasts: how many
 * @is_volatile: it would be done without checkpoints
 */
struct plan {
	const struct rewire_update_order *order;
	struct rewire_update_signers signers;
	const struct plan_instance *instance;
	size_t instances;
	size_t left_out;
	const struct entry *past;
	size_t pasts;
	bool is_volatile;
};

/* As JSON; NULL: no memory. Pure: nothing is asked. */
json_t *plan_describe(const struct plan *plan);

/**
 * plan_estimate - how long calls would wait
 * @plan: the plan
 * @instance: of whom
 *
 * The last update of this software here, done in the same way, scaled by memory.
 *
 * Return: the entry that it rests on, or NULL: nothing was measured here yet.
 */
const struct entry *plan_estimate(const struct plan *plan,
				  const struct plan_instance *instance,
				  __u64 *ret_us);

#endif /* REWIRED_PLAN_H */
