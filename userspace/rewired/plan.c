// SPDX-License-Identifier: MIT
/*
 * What an update would change, in JSON. What is not known is null, and not
 * guessed.
 */
#include <inttypes.h>
#include <string.h>

#include "plan.h"

static const __u8 none[REWIRE_DIGEST_SIZE];

static json_t *id_of(const __u8 *id)
{
	char text[REWIRE_ID_TEXT];

	return memcmp(id, none, REWIRE_ID_SIZE) ?
	       json_string(rewire_id_format(id, text)) : json_null();
}

static json_t *hex_of(const void *data, size_t length)
{
	char text[2 * REWIRE_DIGEST_SIZE + 1];

	return json_string(rewire_hex(data, length, text));
}

static json_t *name_of(const char *name)
{
	json_t *value = *name ? json_string(name) : json_null();

	return value ? value : json_string("(text that is not UTF-8)");
}

static const char *state_handling(__u32 attributes)
{
	static const char *const names[] = {
		[REWIRE_ATTR_STATE_NONE] = "none",
		[REWIRE_ATTR_STATE_HANDOVER] = "handover",
		[REWIRE_ATTR_STATE_SEALED] = "sealed",
	};
	__u32 state = attributes & REWIRE_ATTR_STATE;

	return state < sizeof(names) / sizeof(names[0]) ? names[state] :
							   "unknown";
}

static json_t *describe_package(const struct rewire_package *package)
{
	__u32 flags = package->header.flags;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:o}",
		"nonce", hex_of(package->nonce, REWIRE_NONCE_SIZE),
		"software", id_of(package->software),
		"device", memcmp(package->device, none, REWIRE_ID_SIZE) ?
		hex_of(package->device, REWIRE_ID_SIZE) : json_null(),
		"workload", id_of(package->workload),
		"sealed", !!(flags & REWIRE_PACKAGE_SEALED),
		"root", !!(flags & REWIRE_PACKAGE_ROOT),
		"payload", (json_int_t)package->payload_length,
		"trial_ms", (json_int_t)package->trial_ms,
		"expires", (json_int_t)package->expires,
		"from_min", (json_int_t)package->from_min,
		/* "Any later one" does not fit a number of JSON. */
		"from_max", package->from_max > INT64_MAX ? json_null() :
		json_integer((json_int_t)package->from_max));
}

static json_t *describe_version(const struct plan *plan)
{
	const struct rewire_manifest *m =
		&plan->order->words.manifest.body.manifest;

	return json_pack("{s:I, s:I, s:o, s:o, s:I, s:i, s:i, s:s, s:i}",
			 "release", (json_int_t)m->release,
			 "svn", (json_int_t)m->svn,
			 "measurement", hex_of(m->measurement,
					       REWIRE_DIGEST_SIZE),
			 "developer", id_of(plan->signers.developer_id),
			 "max_memory", (json_int_t)m->max_memory,
			 "max_threads", (int)m->max_threads,
			 "min_atl", (int)m->min_atl,
			 "state", state_handling(m->attributes),
			 "attributes", (int)m->attributes);
}

const struct entry *plan_estimate(const struct plan *plan,
				  const struct plan_instance *instance,
				  __u64 *ret_us)
{
	for (size_t i = 0; i < plan->pasts; i++) {
		const struct entry *past = &plan->past[i];
		double scale = 1;

		if (past->state != ENTRY_SWITCHED || !past->pause_us ||
		    past->is_volatile != plan->is_volatile ||
		    memcmp(past->software, instance->info.software,
			   REWIRE_ID_SIZE))
			continue;
		/* What does not depend on memory does not shrink with it. */
		if (past->memory && instance->info.memory > past->memory)
			scale = (double)instance->info.memory /
				(double)past->memory;
		*ret_us = (__u64)((double)past->pause_us * scale);
		return past;
	}
	return NULL;
}

static json_t *describe_pause(const struct plan *plan,
			      const struct plan_instance *instance)
{
	__u64 us;
	const struct entry *past = plan_estimate(plan, instance, &us);

	if (!past)
		return json_null();
	return json_pack("{s:I, s:o, s:I, s:I}", "us", (json_int_t)us,
			 "measured_in", id_of(past->id),
			 "measured_us", (json_int_t)past->pause_us,
			 "measured_memory", (json_int_t)past->memory);
}

static json_t *describe_old(const struct rewire_enclave_info *info)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:i, s:i, s:s, s:i}",
			 "release", (json_int_t)info->release,
			 "svn", (json_int_t)info->svn,
			 "software", id_of(info->software),
			 "measurement", hex_of(info->measurement,
					       REWIRE_DIGEST_SIZE),
			 "developer", id_of(info->developer),
			 "max_memory", (json_int_t)info->max_memory,
			 "max_threads", (int)info->max_threads,
			 "min_atl", (int)info->min_atl,
			 "state", state_handling(info->attributes),
			 "attributes", (int)info->attributes);
}

static json_t *describe_instance(const struct plan *plan,
				 const struct plan_instance *i)
{
	const struct rewire_enclave_info *info = &i->info;

	return json_pack(
		"{s:o, s:o, s:I, s:s, s:I, s:o, s:I, s:b, s:i, s:o, s:o}",
		"workload", id_of(info->workload),
		"update", id_of(i->update),
		"enclave", (json_int_t)info->id,
		"enclave_state", rewire_enclave_state_name(info->state),
		"epoch", (json_int_t)info->epoch,
		"from", describe_old(info),
		"memory", (json_int_t)info->memory,
		"allowed", !i->refused,
		"errno", i->refused,
		"why", name_of(i->why),
		"pause", describe_pause(plan, i));
}

json_t *plan_describe(const struct plan *plan)
{
	json_t *instances = json_array();

	for (size_t i = 0; instances && i < plan->instances; i++)
		json_array_append_new(instances,
				      describe_instance(plan,
							&plan->instance[i]));
	return json_pack("{s:o, s:o, s:{s:o, s:o}, s:b, s:o, s:i}",
			 "package",
			 describe_package(&plan->order->words.package),
			 "to", describe_version(plan),
			 "signers",
			 "sds", name_of(plan->signers.sds),
			 "developer", name_of(plan->signers.developer),
			 "volatile", (int)plan->is_volatile,
			 "instances", instances,
			 "left_out", (int)plan->left_out);
}
