// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <crypto.h>
#include <digest.h>

#include "../attacks/tap.h"
#include "cases.h"

#define PAGE	4096

const char *const upgrade_step_name[UPGRADE_STEPS] = {
	"BEGIN", "LOAD", "ENTER", "HANDOVER", "SEAL_OLD", "TRIAL", "HEALTH",
	"SEAL_NEW", "SWITCH",
};

static void image_open(const char *name, struct rewire_image *image)
{
	struct rewire_error error;
	char path[128];

	snprintf(path, sizeof(path), E2E_ENCLAVES "/%s.elf", name);
	if (rewire_image_open(path, image, &error))
		tap_bail("%s", error.text);
}

static struct rewire_signer *signer_of(const char *role)
{
	struct rewire_signer *signer;
	struct rewire_error error;
	char key[128], cert[128];

	snprintf(key, sizeof(key), E2E_PKI "/%s.key", role);
	snprintf(cert, sizeof(cert), E2E_PKI "/%s.crt", role);
	if (rewire_signer_open(key, cert, NULL, NULL, &signer, &error))
		tap_bail("%s", error.text);
	return signer;
}

static void manifest_of(const struct edition *edition,
			const struct rewire_image *image,
			struct rewire_signed *said)
{
	struct rewire_manifest manifest = {
		.software = { [15] = edition->software },
		.release = edition->release,
		.svn = edition->release,
		.max_memory = image->memory,
		/* its State Save Areas are the last that it has */
		.max_threads = (image->layout.base + image->layout.span -
				image->layout.ssa) / image->layout.ssa_size,
		.attributes = edition->state,
	};
	struct rewire_signer *signer = signer_of("developer");
	struct rewire_error error;

	memcpy(manifest.image_digest, image->digest, sizeof(image->digest));
	if (rewire_image_measure(image, manifest.measurement, &error) ||
	    rewire_sign_manifest(signer, &manifest, said, &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
}

int edition_try(struct work *work, const struct host *host,
		const struct edition *edition)
{
	struct rewire_signed said;
	struct rewire_image image;
	int fd, rc;

	image_open(edition->image, &image);
	manifest_of(edition, &image, &said);
	fd = rewire_enclave_create(host->sm, &image, NULL, &work->error);
	rewire_image_close(&image);
	if (fd < 0)
		return fd;
	host_enter(host);
	rc = rewire_enclave_init(fd, &said, work->id, NULL, &work->error);
	if (!rc)
		rc = rewire_enclave_enter(fd, PATIENCE_MS, NULL, &work->error);
	close(fd);
	/* Its call table knows nobody. */
	if (!rc)
		work->sequence = 0;
	return rc;
}

void edition_start(struct work *work, const struct host *host,
		   const struct edition *edition)
{
	if (edition_try(work, host, edition))
		tap_bail("%s", work->error.text);
}

/* ---- the package ---- */

static void append(struct upgrade *upgrade, const void *data, size_t length)
{
	upgrade->payload = realloc(upgrade->payload, upgrade->length + length);
	if (!upgrade->payload)
		tap_bail("no memory for a payload");
	memcpy(upgrade->payload + upgrade->length, data, length);
	upgrade->length += length;
}

static void append_segment(struct upgrade *upgrade,
			   const struct rewire_segment *segment)
{
	struct rewire_page_measure page = {
		.offset = segment->offset,
		.prot = segment->prot,
	};

	if (!segment->data) {
		page.zero_pages = segment->length / PAGE;
		append(upgrade, &page, sizeof(page));
		return;
	}
	for (__u64 done = 0; done < segment->length; done += PAGE) {
		page.offset = segment->offset + done;
		append(upgrade, &page, sizeof(page));
		append(upgrade, segment->data + done, PAGE);
	}
}

void upgrade_sign_as(struct upgrade *upgrade, const char *role)
{
	struct rewire_order *words = &upgrade->order->words;
	struct rewire_signer *signer = signer_of(role);

	if (crypto_cms_sign(signer, &words->package, sizeof(words->package),
			    words->signature.bytes, &words->signature.length,
			    &upgrade->error))
		tap_bail("%s", upgrade->error.text);
	rewire_signer_free(signer);
}

void upgrade_sign(struct upgrade *upgrade)
{
	upgrade_sign_as(upgrade, "sds");
}

void upgrade_describe_as(struct upgrade *upgrade, const char *role)
{
	struct rewire_update_order *order = upgrade->order;
	struct rewire_manifest manifest = order->words.manifest.body.manifest;
	struct rewire_signer *signer = signer_of(role);

	if (rewire_sign_manifest(signer, &manifest, &order->words.manifest,
				 &upgrade->error) ||
	    digest_bytes(&order->words.manifest.body, sizeof(manifest),
			 order->words.package.manifest_digest, &upgrade->error))
		tap_bail("%s", upgrade->error.text);
	rewire_signer_free(signer);
	upgrade_sign(upgrade);
}

void upgrade_authorise(struct upgrade *upgrade, const char *holder)
{
	struct rewire_order *words = &upgrade->order->words;
	struct rewire_cms_bytes *next = &words->root[words->roots++];
	struct rewire_signer *signer = signer_of(holder);

	if (crypto_cms_sign(signer, &words->package, sizeof(words->package),
			    next->bytes, &next->length, &upgrade->error))
		tap_bail("%s", upgrade->error.text);
	rewire_signer_free(signer);
}

static void append_image(struct upgrade *upgrade,
			 const struct rewire_image *image)
{
	upgrade->length = 0;
	append(upgrade, &image->layout, sizeof(image->layout));
	for (size_t i = 0; i < image->count; i++)
		append_segment(upgrade, &image->segments[i]);
	upgrade->order->words.package.payload_length = upgrade->length;
}

void upgrade_load_image(struct upgrade *upgrade, const char *name)
{
	struct rewire_image image;

	image_open(name, &image);
	append_image(upgrade, &image);
	rewire_image_close(&image);
}

void upgrade_seal(struct upgrade *upgrade, const struct edition *edition)
{
	static const __u8 content[REWIRE_CONTENT_KEY_SIZE] = CONTENT_KEY;
	struct rewire_package *package = &upgrade->order->words.package;
	const struct rewire_payload payload = {
		.package = package,
		.content = content,
	};
	int fd = memfd_create("payload", MFD_CLOEXEC);
	struct rewire_image image;

	image_open(edition->image, &image);
	package->header.flags |= REWIRE_PACKAGE_SEALED;
	memset(package->salt, 1, sizeof(package->salt));
	package->payload_length = rewire_payload_length(&image, true);
	upgrade->length = package->payload_length;
	upgrade->payload = realloc(upgrade->payload, upgrade->length);
	if (!upgrade->payload || fd < 0 ||
	    rewire_payload_write(&image, &payload, fd, &upgrade->error) ||
	    pread(fd, upgrade->payload, upgrade->length, 0) !=
		    (ssize_t)upgrade->length)
		tap_bail("encrypting a payload: %s", upgrade->error.text);
	close(fd);
	rewire_image_close(&image);
	upgrade_sign(upgrade);
}

struct rewire_suk suk_of(const struct host *host)
{
	__u8 data[REWIRE_MAX_SUK];
	size_t length = sizeof(data);
	struct rewire_error error;
	struct rewire_suk suk;

	if (rewire_sm_suk(host->sm, data, &length, &error) ||
	    rewire_suk_check(data, length, E2E_PKI "/platform.crt", &suk,
			     &error))
		tap_bail("%s", error.text);
	return suk;
}

void upgrade_wrap(struct upgrade *upgrade, const struct rewire_suk *suk,
		  const char *role)
{
	static const __u8 content[REWIRE_CONTENT_KEY_SIZE] = CONTENT_KEY;
	struct rewire_signer *signer = signer_of(role);

	if (rewire_wrap_sign(signer, &upgrade->order->words, content, suk,
			     &upgrade->order->wrap, &upgrade->error))
		tap_bail("%s", upgrade->error.text);
	rewire_signer_free(signer);
}

void upgrade_make(struct upgrade *upgrade, const struct host *host,
		  const struct edition *edition)
{
	struct rewire_update_order *order = calloc(1, sizeof(*order));
	struct rewire_image image;

	memset(upgrade, 0, sizeof(*upgrade));
	upgrade->order = order;
	upgrade->host = host;
	upgrade->update = -1;
	if (!order)
		tap_bail("no memory for an order");
	image_open(edition->image, &image);
	manifest_of(edition, &image, &order->words.manifest);
	append_image(upgrade, &image);
	rewire_image_close(&image);
	order->words.package = (struct rewire_package){
		.header = {
			.magic = REWIRE_MAGIC,
			.type = REWIRE_TYPE_PACKAGE,
			.version = REWIRE_VERSION,
			.size = sizeof(order->words.package),
		},
		.software = { [15] = edition->software },
		.from_max = ~0ULL,
		.payload_length = upgrade->length,
		.trial_ms = TRIAL_MS,
	};
	if (getrandom(order->words.package.nonce, REWIRE_NONCE_SIZE, 0) !=
		    REWIRE_NONCE_SIZE ||
	    digest_bytes(&order->words.manifest.body, sizeof(struct rewire_manifest),
			 order->words.package.manifest_digest, &upgrade->error))
		tap_bail("no nonce or digest");
	upgrade_sign(upgrade);
}

void upgrade_free(struct upgrade *upgrade)
{
	if (upgrade->update >= 0)
		close(upgrade->update);
	upgrade->update = -1;
	blob_free(&upgrade->ckpt[0]);
	blob_free(&upgrade->ckpt[1]);
	free(upgrade->order);
	free(upgrade->payload);
	upgrade->order = NULL;
	upgrade->payload = NULL;
}

/* ---- the steps ---- */

int upgrade_write(struct upgrade *upgrade, const void *data, size_t length)
{
	const __u8 *bytes = data;
	ssize_t n;

	for (size_t done = 0; done < length; done += n) {
		n = write(upgrade->update, bytes + done, length - done);
		if (n < 0)
			return rewire_fail_ioctl(&upgrade->error,
						 upgrade->update, errno,
						 "writing the payload");
	}
	return 0;
}

static int load(struct upgrade *upgrade)
{
	return upgrade_write(upgrade, upgrade->payload, upgrade->length);
}

static int enter(struct upgrade *upgrade)
{
	int rc, fd = rewire_update_open_enclave(upgrade->update,
						&upgrade->error);

	if (fd < 0)
		return fd;
	host_enter(upgrade->host);
	rc = rewire_enclave_enter(fd, PATIENCE_MS, NULL, &upgrade->error);
	close(fd);
	return rc;
}

static int save(struct upgrade *upgrade, __u32 version)
{
	struct blob *blob = &upgrade->ckpt[version == REWIRE_VERSION_NEW];
	int fd, rc;

	if (upgrade->is_volatile)
		return 0;
	fd = rewire_update_seal(upgrade->update, version, &upgrade->error);
	if (fd < 0)
		return fd;
	blob_free(blob);
	rc = blob_read(blob, fd, &upgrade->error);
	close(fd);
	return rc;
}

static int make_switch(struct upgrade *upgrade)
{
	int fd = rewire_update_make_switch(upgrade->update, &upgrade->epoch,
					   &upgrade->error);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int upgrade_step(struct upgrade *upgrade, const struct work *work,
		 enum upgrade_step step)
{
	switch (step) {
	case UPGRADE_BEGIN:
		upgrade->update = rewire_update_start(upgrade->host->sm,
						      upgrade->order, work->id,
						      upgrade->is_volatile,
						      upgrade->id,
						      &upgrade->error);
		return upgrade->update < 0 ? upgrade->update : 0;
	case UPGRADE_LOAD:
		return load(upgrade);
	case UPGRADE_ENTER:
		return enter(upgrade);
	case UPGRADE_HANDOVER:
		return rewire_update_hand_over(upgrade->update, PATIENCE_MS,
					       &upgrade->error);
	case UPGRADE_SEAL_OLD:
		return save(upgrade, REWIRE_VERSION_OLD);
	case UPGRADE_TRIAL:
		return rewire_update_enter_trial(upgrade->update,
						 &upgrade->error);
	case UPGRADE_HEALTH:
		return rewire_update_ask_health(upgrade->update, PATIENCE_MS,
						&upgrade->error);
	case UPGRADE_SEAL_NEW:
		return save(upgrade, REWIRE_VERSION_NEW);
	case UPGRADE_SWITCH:
		return make_switch(upgrade);
	default:
		return -EINVAL;
	}
}

int upgrade_steps(struct upgrade *upgrade, const struct work *work,
		  enum upgrade_step from, enum upgrade_step to)
{
	int rc = 0;

	for (enum upgrade_step step = from; step <= to && !rc; step++)
		rc = upgrade_step(upgrade, work, step);
	return rc;
}

void upgrade_all(struct upgrade *upgrade, const struct work *work)
{
	for (enum upgrade_step step = 0; step < UPGRADE_STEPS; step++) {
		int rc = upgrade_step(upgrade, work, step);

		if (!expect(!rc, "%s: %s", upgrade_step_name[step],
			    upgrade->error.text))
			return;
	}
}

struct rewire_update_info upgrade_info(struct upgrade *upgrade)
{
	struct rewire_update_info info = { 0 };

	expect_ok(rewire_update_get_info(upgrade->update, &info,
					 &upgrade->error), &upgrade->error);
	return info;
}

bool upgrade_becomes(struct upgrade *upgrade, __u32 state)
{
	struct pollfd poll_fd = { .fd = upgrade->update, .events = POLLPRI };

	while (upgrade_info(upgrade).state != state)
		if (poll(&poll_fd, 1, PATIENCE_MS) <= 0)
			return false;
	return true;
}

void expect_edition(struct work *work, const struct host *host,
		    const struct edition *edition)
{
	struct rewire_enclave_info info = work_info(work, host);

	work_prepare(work, "add", NULL);
	work->counter++;
	if (expect_ok(work_ask(work, host, PATIENCE_MS), &work->error))
		expect(strtoul((char *)work->answer, NULL, 10) == work->counter,
		       "%s instead of %lu", work->answer, work->counter);
	expect(info.release == edition->release, "release %llu runs, not %llu",
	       (unsigned long long)info.release,
	       (unsigned long long)edition->release);
	expect(work_count(work, host) == 1, "there are %u",
	       work_count(work, host));
}

void expect_receipt(struct upgrade *upgrade, __u32 state,
		    const struct edition *from, const struct edition *to)
{
	__u8 data[REWIRE_MAX_UPDATE_RECEIPT];
	struct rewire_update_receipt receipt;
	size_t length = sizeof(data);

	if (!expect_ok(rewire_update_read_receipt(upgrade->update, data,
						  &length, &upgrade->error),
		       &upgrade->error) ||
	    !expect_ok(rewire_update_receipt_verify(data, length,
						    E2E_PKI "/platform.crt",
						    &receipt, &upgrade->error),
		       &upgrade->error))
		return;
	expect(receipt.state == state, "the receipt says %s: %s",
	       rewire_update_state_name(receipt.state), receipt.reason);
	expect(receipt.from.release == from->release &&
	       receipt.to.release == to->release, "from %llu to %llu",
	       (unsigned long long)receipt.from.release,
	       (unsigned long long)receipt.to.release);
	expect(!memcmp(receipt.nonce, upgrade->order->words.package.nonce,
		       REWIRE_NONCE_SIZE) &&
	       !memcmp(receipt.id, upgrade->id, REWIRE_ID_SIZE),
	       "the receipt is of another update");
}
