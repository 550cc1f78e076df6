// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates for the bench, by librewire's engine: what `rewire update apply` does.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "update.h"

#define TRIAL_MS	600000

static int open_signer(struct result *result, const char *role,
		       struct rewire_signer **ret_signer)
{
	char name[64], key[512], certificate[512];
	struct rewire_error err;

	snprintf(name, sizeof(name), "pki/%s.key", role);
	world_path(key, name);
	snprintf(name, sizeof(name), "pki/%s.crt", role);
	world_path(certificate, name);
	if (rewire_signer_open(key, certificate, NULL, NULL, ret_signer, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

/* The first release is what the guest was made from. */
static int read_release(struct result *result, struct update *update)
{
	struct rewire_image image;
	struct rewire_error err;
	char name[64], path[512];
	int rc;

	snprintf(name, sizeof(name), "%s.manifest", update->image);
	world_path(path, name);
	if (rewire_signed_read(path, REWIRE_TYPE_MANIFEST, &update->manifest,
			       &err))
		return bench_missing(result, "%s", err.text);
	snprintf(path, sizeof(path), "build/enclaves/%s.elf", update->image);
	if (rewire_image_open(path, &image, &err))
		return bench_missing(result, "%s", err.text);
	update->length = rewire_payload_length(&image, false);
	update->payload = memfd_create("payload", MFD_CLOEXEC);
	rc = update->payload < 0 ? bench_missing(result, "no memory file") :
	     rewire_payload_write(&image, &(struct rewire_payload){ 0 },
				  update->payload, &err) ?
	     bench_missing(result, "%s", err.text) : 0;
	rewire_image_close(&image);
	return rc;
}

int update_open(struct result *result, struct update *update, enum keep keep)
{
	update->payload = -1;
	update->guest.fd = -1;
	update->place.sm = -1;
	if (open_signer(result, "developer", &update->developer) ||
	    open_signer(result, "sds", &update->sds) ||
	    read_release(result, update) ||
	    place_open(result, &update->place, "alpha", keep) ||
	    world_guest(result, update->place.sm, update->place.netns,
			update->image, &update->guest))
		return -1;
	return update->fill ? world_call(result, &update->guest, "fill",
					 update->fill, "1", NULL) : 0;
}

void update_close(struct update *update)
{
	world_gone(&update->guest);
	place_close(&update->place);
	if (update->payload >= 0)
		close(update->payload);
	rewire_signer_free(update->developer);
	rewire_signer_free(update->sds);
}

int update_order(struct result *result, struct update *update)
{
	struct rewire_manifest next = update->manifest.body.manifest;
	struct rewire_package package = {
		.from_max = next.release, .payload_length = update->length,
		.trial_ms = TRIAL_MS,
	};
	struct rewire_order *words;
	struct rewire_error err;

	next.release++;
	next.attributes = REWIRE_ATTR_STATE_HANDOVER;
	if (rewire_sign_manifest(update->developer, &next, &update->manifest,
				 &err) ||
	    rewire_order_sign(update->sds, &package, &update->manifest, &words,
			      &err))
		return bench_missing(result, "%s", err.text);
	update->order = (struct rewire_update_order){ .words = *words };
	free(words);
	return 0;
}

/* The instance is another enclave now. */
static int follow(struct result *result, struct update *update)
{
	struct rewire_error err;
	int fd = rewire_enclave_open(update->place.sm, 0,
				     update->guest.workload, &err);

	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	close(update->guest.fd);
	update->guest.fd = fd;
	return 0;
}

int update_apply(struct result *result, struct update *update, bool well)
{
	struct rewire_update_job job = {
		.order = &update->order, .payload = update->payload,
		.is_volatile = !update->checkpoints,
		.checkpoints = update->place.journal,
	};
	static struct rewire_update_result end;
	struct rewire_error err = { 0 };
	int rc;

	memcpy(job.workload, update->guest.workload, REWIRE_ID_SIZE);
	if (world_enter(result, update->place.netns))
		return -1;
	rc = rewire_update_apply(update->place.sm, &job, &end, &err);
	if (world_enter(result, NULL))
		return -1;
	update->info = end.info;
	if (rc && (well || end.info.state != REWIRE_UPDATE_ABORTED))
		return bench_missing(result, "%s", err.text);
	if (!rc && !well)
		return bench_missing(result, "an update succeeded that had to fail");
	return rc ? 0 : follow(result, update);
}

double update_pause(struct result *result, struct update *update)
{
	if (update_order(result, update) || update_apply(result, update, true))
		return -1;
	return (double)update->info.pause_us / 1e6;
}
