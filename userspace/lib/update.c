// SPDX-License-Identifier: MIT
/*
 * Updates: thin wrappers, one command of the SM each.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "rewire_update.h"

static int begin(int sm, const struct rewire_update_order *order,
		 const __u8 *workload, __u32 flags,
		 struct rewire_update_begin *begin, struct rewire_error *err)
{
	struct rewire_signature root[REWIRE_MAX_ROOT_SIGNATURES] = { 0 };
	const struct rewire_order *words = &order->words;

	*begin = (struct rewire_update_begin){
		.size = sizeof(*begin),
		.flags = flags,
		.package = (uintptr_t)&words->package,
		.package_cms = (uintptr_t)words->signature.bytes,
		.package_cms_length = (__u32)words->signature.length,
		.manifest = (uintptr_t)&words->manifest.body.manifest,
		.manifest_cms = (uintptr_t)words->manifest.signature,
		.manifest_cms_length = (__u32)words->manifest.signature_length,
		.root_signatures = (__u32)words->roots,
	};
	memcpy(begin->workload, workload, REWIRE_ID_SIZE);
	if (order->wrap.length) {
		begin->wrap = (uintptr_t)&order->wrap.body.wrap;
		begin->wrap_cms = (uintptr_t)order->wrap.signature;
		begin->wrap_cms_length = (__u32)order->wrap.signature_length;
	}
	for (size_t i = 0; i < words->roots; i++) {
		root[i].cms = (uintptr_t)words->root[i].bytes;
		root[i].length = (__u32)words->root[i].length;
	}
	if (words->roots)
		begin->root_signature = (uintptr_t)root;
	if (ioctl(sm, REWIRE_UPDATE_BEGIN, begin))
		return rewire_update_refused(err, sm, errno, "beginning the update");
	return 0;
}

int rewire_update_start(int sm, const struct rewire_update_order *order,
			const __u8 workload[REWIRE_ID_SIZE], bool is_volatile,
			__u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err)
{
	struct rewire_update_begin arg;
	int rc = begin(sm, order, workload,
		       is_volatile ? REWIRE_UPDATE_VOLATILE : 0, &arg, err);

	if (rc)
		return rc;
	if (ret_id)
		memcpy(ret_id, arg.id, REWIRE_ID_SIZE);
	return arg.fd;
}

int rewire_update_try(int sm, const struct rewire_update_order *order,
		      const __u8 workload[REWIRE_ID_SIZE], bool is_volatile,
		      struct rewire_error *err)
{
	struct rewire_update_begin arg;

	return begin(sm, order, workload, REWIRE_UPDATE_TRY |
		     (is_volatile ? REWIRE_UPDATE_VOLATILE : 0), &arg, err);
}

int rewire_update_open(int sm, const __u8 id[REWIRE_ID_SIZE],
		       struct rewire_error *err)
{
	struct rewire_open_update arg = { .size = sizeof(arg) };

	memcpy(arg.id, id, sizeof(arg.id));
	if (ioctl(sm, REWIRE_OPEN_UPDATE, &arg))
		return rewire_update_refused(err, sm, errno, "opening the update");
	return arg.fd;
}

int rewire_update_open_enclave(int update, struct rewire_error *err)
{
	struct rewire_update_enclave arg = { .size = sizeof(arg) };

	if (ioctl(update, REWIRE_UPDATE_ENCLAVE, &arg))
		return rewire_update_refused(err, update, errno,
					 "taking the new version");
	return arg.fd;
}

int rewire_update_hand_over(int update, unsigned int timeout_ms,
			    struct rewire_error *err)
{
	struct rewire_update_handover arg = {
		.size = sizeof(arg),
		.timeout_ms = timeout_ms,
	};

	if (ioctl(update, REWIRE_UPDATE_HANDOVER, &arg))
		return rewire_update_refused(err, update, errno,
					 "handing over the state");
	return 0;
}

int rewire_update_seal(int update, __u32 version, struct rewire_error *err)
{
	struct rewire_update_checkpoint arg = {
		.size = sizeof(arg),
		.version = version,
	};

	if (ioctl(update, REWIRE_UPDATE_CHECKPOINT, &arg))
		return rewire_update_refused(err, update, errno,
					 version == REWIRE_VERSION_OLD ?
					 "sealing the old version" :
					 "sealing the new version");
	return arg.fd;
}

int rewire_update_enter_trial(int update, struct rewire_error *err)
{
	struct rewire_update_begin_trial arg = { .size = sizeof(arg) };

	if (ioctl(update, REWIRE_UPDATE_BEGIN_TRIAL, &arg))
		return rewire_update_refused(err, update, errno,
					 "beginning the trial");
	return 0;
}

int rewire_update_ask_health(int update, unsigned int timeout_ms,
			     struct rewire_error *err)
{
	struct rewire_update_health arg = {
		.size = sizeof(arg),
		.timeout_ms = timeout_ms,
	};

	if (ioctl(update, REWIRE_UPDATE_HEALTH, &arg))
		return rewire_update_refused(err, update, errno,
					 "the new version's health");
	return 0;
}

int rewire_update_make_switch(int update, __u64 *ret_epoch,
			      struct rewire_error *err)
{
	struct rewire_update_switch arg = { .size = sizeof(arg) };

	if (ioctl(update, REWIRE_UPDATE_SWITCH, &arg))
		return rewire_update_refused(err, update, errno,
					 "switching to the new version");
	if (ret_epoch)
		*ret_epoch = arg.epoch;
	return arg.fd;
}

int rewire_update_give_up(int update, struct rewire_error *err)
{
	struct rewire_update_abort arg = { .size = sizeof(arg) };

	if (ioctl(update, REWIRE_UPDATE_ABORT, &arg))
		return rewire_update_refused(err, update, errno,
					 "aborting the update");
	return 0;
}

int rewire_update_get_info(int update, struct rewire_update_info *ret_info,
			   struct rewire_error *err)
{
	struct rewire_update_info arg = { .size = sizeof(arg) };

	if (ioctl(update, REWIRE_UPDATE_INFO, &arg))
		return rewire_update_refused(err, update, errno,
					 "asking for the update's state");
	arg.reason[sizeof(arg.reason) - 1] = '\0';
	*ret_info = arg;
	return 0;
}

int rewire_update_read_receipt(int update, void *buffer, size_t *ret_length,
			       struct rewire_error *err)
{
	struct rewire_update_get_receipt arg = {
		.size = sizeof(arg),
		.length = (__u32)(*ret_length < REWIRE_MAX_UPDATE_RECEIPT ?
				  *ret_length : REWIRE_MAX_UPDATE_RECEIPT),
		.buffer = (uintptr_t)buffer,
	};

	if (ioctl(update, REWIRE_UPDATE_RECEIPT, &arg))
		return rewire_update_refused(err, update, errno,
					 "asking for the update's receipt");
	*ret_length = arg.length;
	return 0;
}

const char *rewire_update_state_name(__u32 state)
{
	static const char *const names[REWIRE_UPDATE_STATES] = {
		[REWIRE_UPDATE_LOADING] = "loading",
		[REWIRE_UPDATE_LOADED] = "loaded",
		[REWIRE_UPDATE_HANDING] = "handing",
		[REWIRE_UPDATE_HANDED] = "handed",
		[REWIRE_UPDATE_TRIAL] = "trial",
		[REWIRE_UPDATE_SWITCHED] = "switched",
		[REWIRE_UPDATE_ABORTED] = "aborted",
	};

	return state < REWIRE_UPDATE_STATES ? names[state] : "unknown";
}
