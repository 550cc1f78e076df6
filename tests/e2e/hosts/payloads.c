// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is loaded is what was signed, or nothing: other bytes than the manifest's,
 * too many, too few, changed on the way, encrypted for somebody else.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "lives.h"
#include "upgrade.h"

#define UNRULY		"unruly"
#define HANDOVER	REWIRE_ATTR_STATE_HANDOVER
#define PAGE		4096
#define STRIDE		61	/* of a signature, each so many bytes */
#define ROUNDS		12

static struct host alpha, beta;
static struct work work;
static struct upgrade upgrade;

static const struct edition one = { UNRULY, 1, 1, HANDOVER };
static const struct edition two = { UNRULY, 1, 2, HANDOVER };

static void start_at(const struct host *host)
{
	work_init(&work);
	edition_start(&work, host, &one);
	work.counter = 0;
	expect_edition(&work, host, &one);
	upgrade_make(&upgrade, host, &two);
}

static void start(void)
{
	start_at(&alpha);
}

/* Release 1 goes on until a right package comes. */
static void end(void)
{
	const struct host *host = upgrade.host;

	expect_edition(&work, host, &one);
	upgrade_free(&upgrade);
	upgrade_make(&upgrade, host, &two);
	upgrade_all(&upgrade, &work);
	expect_edition(&work, host, &two);
	upgrade_free(&upgrade);
	work_destroy(&work, host);
}

static __u64 memory_used(void)
{
	return host_info(upgrade.host).memory_used;
}

static int begin(void)
{
	return upgrade_step(&upgrade, &work, UPGRADE_BEGIN);
}

static int put(const void *data, size_t length)
{
	return upgrade_write(&upgrade, data, length);
}

/* Where the line of a page begins in the payload: code, which comes first. */
static size_t line_at(unsigned int page)
{
	return sizeof(struct rewire_layout) +
	       page * (sizeof(struct rewire_page_measure) + PAGE);
}

/* A byte of that page. */
static __u8 *code_at(unsigned int page)
{
	return upgrade.payload + line_at(page) +
	       sizeof(struct rewire_page_measure) + PAGE / 2;
}

static void drop(void)
{
	close(upgrade.update);
	upgrade.update = -1;
}

/* It was given up, what it had taken is free again. */
static void expect_dropped(__u64 used)
{
	expect(upgrade_info(&upgrade).state == REWIRE_UPDATE_ABORTED,
	       "it is %s",
	       rewire_update_state_name(upgrade_info(&upgrade).state));
	expect(memory_used() == used, "%llu bytes are in use, %llu before",
	       (unsigned long long)memory_used(), (unsigned long long)used);
	expect_refusal(put("more", 4), EBADFD, &upgrade.error, "ABORTED");
	drop();
}

static void expect_load_refused(int code, const char *why)
{
	__u64 used = memory_used();

	expect_ok(begin(), &upgrade.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_LOAD), code,
		       &upgrade.error, why);
	expect_dropped(used);
}

/* ---- attack 11 ---- */

static void other_image(void)
{
	static const char why[] = "the measurement is not the manifest's";
	struct rewire_layout *layout;

	start();
	upgrade_load_image(&upgrade, "unruly-crash");
	upgrade_sign(&upgrade);
	expect_load_refused(EKEYREJECTED, why);
	/* as long as it should be, and one byte is another */
	upgrade_load_image(&upgrade, UNRULY);
	upgrade_sign(&upgrade);
	*code_at(2) ^= 1;
	expect_load_refused(EKEYREJECTED, why);
	*code_at(2) ^= 1;
	/* in the layout: another place to begin at */
	layout = (struct rewire_layout *)upgrade.payload;
	layout->entry += 16;
	expect_load_refused(EKEYREJECTED, why);
	layout->entry -= 16;
	/* nobody has seen it run: the package may still be used */
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha, &two);
	upgrade_free(&upgrade);
	work_destroy(&work, &alpha);
}

/* ---- attack 13 ---- */

static void endless(void)
{
	static __u8 zeros[PAGE];
	__u64 used;

	start();
	used = memory_used();
	expect_ok(begin(), &upgrade.error);
	/* the end is known, whatever comes behind it */
	expect_ok(put(upgrade.payload, upgrade.length - 1), &upgrade.error);
	expect_refusal(put(zeros, sizeof(zeros)), EBADMSG, &upgrade.error,
		       "the payload goes on after");
	for (int i = 0; i < 1000; i++)
		if (put(zeros, sizeof(zeros)) != -EBADFD)
			expect(false, "write %d: %s", i, upgrade.error.text);
	expect_dropped(used);
	/* no package may be longer than what could be kept of it */
	upgrade.order->words.package.payload_length = 1ULL << 50;
	upgrade_sign(&upgrade);
	expect_refusal(begin(), EDQUOT, &upgrade.error, "would exceed");
	expect(memory_used() == used, "a refusal costs memory");
	end();
}

/* A line of a few bytes stands for as many zero pages as it likes. */
static void zero_pages(void)
{
	struct rewire_page_measure line = { .prot = REWIRE_PROT_READ };
	const __u64 counts[] = { 1, 1 << 10, 1ULL << 40, ~0ULL };
	struct rewire_layout layout;
	__u64 used, most, pages;
	int rc = 0;

	start();
	used = memory_used();
	memcpy(&layout, upgrade.payload, sizeof(layout));
	most = upgrade.order->words.manifest.body.manifest.max_memory;
	upgrade.order->words.package.payload_length = 64 << 20;
	upgrade_sign(&upgrade);
	for (int i = 0; i < 4; i++) {
		line.offset = 0;
		line.zero_pages = counts[i];
		expect_ok(begin(), &upgrade.error);
		expect_ok(put(&layout, sizeof(layout)), &upgrade.error);
		for (pages = 0; !rc && pages * PAGE <= most;
		     pages += counts[i]) {
			rc = put(&line, sizeof(line));
			line.offset += counts[i] * PAGE;
			expect(memory_used() <= used + most + (1 << 20),
			       "%llu bytes more are in use",
			       (unsigned long long)(memory_used() - used));
		}
		expect(rc == -EPERM || rc == -EINVAL, "%llu pages a line: %s",
		       (unsigned long long)counts[i], upgrade.error.text);
		expect_dropped(used);
		rc = 0;
	}
	end();
}

/* One byte at a time. */
static void slow(void)
{
	const size_t bytes = 3 * PAGE;

	start();
	expect_ok(begin(), &upgrade.error);
	for (size_t at = 0; at < bytes; at++)
		if (!expect_ok(put(upgrade.payload + at, 1), &upgrade.error))
			break;
	expect_edition(&work, &alpha, &one);
	expect_ok(put(upgrade.payload + bytes, upgrade.length - bytes),
		  &upgrade.error);
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_ENTER, UPGRADE_SWITCH),
		  &upgrade.error);
	expect_edition(&work, &alpha, &two);
	upgrade_free(&upgrade);
	work_destroy(&work, &alpha);
}

static void cut_off(void)
{
	__u64 used;

	start();
	for (int i = 0; i < 3; i++) {
		const size_t part[] = { 0, upgrade.length / 2,
					upgrade.length - 1 };

		used = memory_used();
		expect_ok(begin(), &upgrade.error);
		expect_ok(put(upgrade.payload, part[i]), &upgrade.error);
		for (enum upgrade_step step = UPGRADE_ENTER;
		     step <= UPGRADE_SWITCH; step++)
			expect_refusal(upgrade_step(&upgrade, &work, step),
				       EBADFD, &upgrade.error, "LOADING");
		drop();
		expect(memory_used() == used, "%llu bytes are in use, %llu before",
		       (unsigned long long)memory_used(),
		       (unsigned long long)used);
		expect_edition(&work, &alpha, &one);
	}
	end();
}

static void give_up_after(const char *ms)
{
	int fd = open("/sys/module/rewire/parameters/loading_ms",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, ms, strlen(ms)) != (ssize_t)strlen(ms))
		tap_bail("loading_ms: %m");
	close(fd);
}

static void expect_given_up(__u64 used, const char *what)
{
	struct rewire_update_info info;

	upgrade_becomes(&upgrade, REWIRE_UPDATE_ABORTED);
	info = upgrade_info(&upgrade);
	expect(info.error == ETIMEDOUT && strstr(info.reason, what),
	       "it ended by %s", info.reason);
	expect_dropped(used);
	expect_edition(&work, &alpha, &one);
}

/* Nobody sends the rest, or goes on: the memory comes back all the same. */
static void never_complete(void)
{
	__u64 used;

	start();
	used = memory_used();
	give_up_after("2000");
	expect_ok(begin(), &upgrade.error);
	give_up_after("3600000");
	/* on a slow machine it may be over already */
	if (put(upgrade.payload, upgrade.length / 2))
		tap_note("too late: %s", upgrade.error.text);
	expect_given_up(used, "payload");

	expect_ok(begin(), &upgrade.error);
	expect_ok(put(upgrade.payload, upgrade.length - 1), &upgrade.error);
	expect(upgrade_info(&upgrade).remaining_ms > 3000000, "it has no hour");
	expect(memory_used() > used, "nothing was taken in");
	give_up_after("1");
	expect_ok(put(upgrade.payload + upgrade.length - 1, 1), &upgrade.error);
	give_up_after("3600000");
	expect_given_up(used, "handover");
	end();
}

/* What is being loaded is nobody else's to add to, or to make something of. */
static void nobody_else_loads(void)
{
	const __u8 page[4096] = { 0 };
	struct rewire_add_pages add = {
		.size = sizeof(add), .length = sizeof(page),
		.source = (uintptr_t)page, .prot = REWIRE_PROT_READ,
	};
	__u64 *ids;
	size_t count;
	int fd;

	start();
	expect_ok(begin(), &upgrade.error);
	expect_ok(put(upgrade.payload, upgrade.length / 2), &upgrade.error);
	if (rewire_sm_list(alpha.sm, &ids, &count, &upgrade.error))
		tap_bail("%s", upgrade.error.text);
	fd = rewire_enclave_open(alpha.sm, ids[count - 1], NULL,
				 &upgrade.error);
	if (expect_ok(fd, &upgrade.error)) {
		expect(ioctl(fd, REWIRE_ADD_PAGES, &add) && errno == EBUSY,
		       "pages are added by hand: %s", strerror(errno));
		expect_refusal(rewire_enclave_init(fd, &upgrade.order->words.manifest,
						   work.id, NULL, &upgrade.error),
			       EBUSY, &upgrade.error, "an update has it");
		expect_refusal(rewire_enclave_destroy(fd, &upgrade.error), EBUSY,
			       &upgrade.error, "an update has it");
		close(fd);
	}
	free(ids);
	expect_ok(put(upgrade.payload + upgrade.length / 2,
		      upgrade.length - upgrade.length / 2), &upgrade.error);
	drop();
	expect_edition(&work, &alpha, &one);
	end();
}

/* ---- attack 14 ---- */

struct swapper {
	__u8 *byte;
	volatile bool stop;
	unsigned long swaps;
};

static void *swap_on(void *data)
{
	struct swapper *swapper = data;

	while (!swapper->stop) {
		*(volatile __u8 *)swapper->byte ^= 1;
		swapper->swaps++;
	}
	return NULL;
}

/* Loaded: then it is what the manifest says, and does what that does. */
static void expect_measured(void)
{
	int fd = rewire_update_open_enclave(upgrade.update, &upgrade.error);
	struct rewire_enclave_info info = { 0 };

	if (expect_ok(fd, &upgrade.error))
		expect_ok(rewire_enclave_get_info(fd, &info, &upgrade.error),
			  &upgrade.error);
	close(fd);
	expect(!memcmp(info.measurement,
		       upgrade.order->words.manifest.body.manifest.measurement,
		       REWIRE_DIGEST_SIZE), "another measurement was admitted");
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_ENTER,
				UPGRADE_HANDOVER), &upgrade.error);
}

static void swapped_meanwhile(void)
{
	struct swapper swapper;
	unsigned int loaded = 0;
	pthread_t thread;
	int rc;

	start();
	for (int i = 0; i < ROUNDS; i++) {
		expect_ok(begin(), &upgrade.error);
		swapper = (struct swapper){
			.byte = code_at(2),
		};
		if (pthread_create(&thread, NULL, swap_on, &swapper))
			tap_bail("no thread");
		rc = upgrade_step(&upgrade, &work, UPGRADE_LOAD);
		swapper.stop = true;
		pthread_join(thread, NULL);
		if (swapper.swaps % 2)
			*swapper.byte ^= 1;
		if (rc)
			expect_refusal(rc, EKEYREJECTED, &upgrade.error,
				       "the measurement");
		else
			expect_measured();
		loaded += !rc;
		drop();
		expect_edition(&work, &alpha, &one);
	}
	tap_note("%u of %d were loaded", loaded, ROUNDS);
	end();
}

/* Between two writes: what was taken is taken, what was not counts as it is. */
static void swapped_between(void)
{
	size_t half;

	start();
	half = line_at(2);
	expect_ok(begin(), &upgrade.error);
	expect_ok(put(upgrade.payload, half), &upgrade.error);
	memset(upgrade.payload, 0xcc, half);
	expect_ok(put(upgrade.payload + half, upgrade.length - half),
		  &upgrade.error);
	expect_measured();
	drop();
	upgrade_load_image(&upgrade, UNRULY);
	upgrade_sign(&upgrade);
	expect_ok(begin(), &upgrade.error);
	expect_ok(put(upgrade.payload, half), &upgrade.error);
	*code_at(2) ^= 1;
	expect_refusal(put(upgrade.payload + half, upgrade.length - half),
		       EKEYREJECTED, &upgrade.error, "the measurement");
	drop();
	end();
}

/* ---- attack 15: encrypted, for one device ---- */

static void expect_refused(int code, const char *why)
{
	expect_refusal(begin(), code, &upgrade.error, why);
	if (upgrade.update >= 0)
		drop();
}

static void start_sealed(const struct host *host)
{
	start_at(host);
	upgrade_seal(&upgrade, &two);
}

static void expect_installs(void)
{
	upgrade_all(&upgrade, &work);
	expect_edition(&work, upgrade.host, &two);
	upgrade_free(&upgrade);
	work_destroy(&work, upgrade.host);
}

static void other_device(void)
{
	struct rewire_suk ours = suk_of(&alpha), theirs = suk_of(&beta);

	start_sealed(&alpha);
	expect_refused(EINVAL, "this SM's wrap is missing");
	upgrade_wrap(&upgrade, &theirs, "sds");
	expect_refused(EPERM, "the wrap is for SM");
	/* it says our name, and is encrypted to their key */
	memcpy(theirs.sm, ours.sm, REWIRE_ID_SIZE);
	upgrade_wrap(&upgrade, &theirs, "sds");
	expect_refused(EBADMSG,
		       "the wrap is not for this SM's Software Update Key");
	/* who has the content key passes it on */
	upgrade_wrap(&upgrade, &ours, "developer");
	expect_refused(ENOKEY, "not signed by an anchor of role sds");
	/* of a root key that nobody has made yet */
	ours.generation++;
	upgrade_wrap(&upgrade, &ours, "sds");
	expect_refused(ENOKEY, "");
	ours.generation--;
	upgrade_wrap(&upgrade, &ours, "sds");
	expect_installs();
}

static void other_package(void)
{
	struct rewire_suk suk = suk_of(&alpha);

	start_sealed(&alpha);
	upgrade_wrap(&upgrade, &suk, "sds");
	upgrade.order->words.package.trial_ms++;
	upgrade_sign(&upgrade);
	expect_refused(EBADMSG, "the wrap belongs to another package");
	/* one that is not encrypted has none */
	upgrade.order->words.package.header.flags = 0;
	memset(upgrade.order->words.package.salt, 0, REWIRE_SALT_SIZE);
	upgrade_sign(&upgrade);
	expect_refused(EINVAL, "a wrap, and the payload is not encrypted");
	end();
}

static void expect_no_flip(__u8 *byte, const char *what, size_t at)
{
	int rc;

	*byte ^= 1;
	rc = rewire_update_try(alpha.sm, upgrade.order, work.id, false,
			       &upgrade.error);
	expect(rc == -EKEYREJECTED || rc == -ENOKEY || rc == -EBADMSG ||
	       rc == -EOPNOTSUPP || rc == -EINVAL, "byte %zu of the %s: %s",
	       at, what, rc ? upgrade.error.text : "not refused");
	*byte ^= 1;
}

static void flipped_wrap(void)
{
	struct rewire_suk suk = suk_of(&alpha);
	struct rewire_update_order *order;

	start_sealed(&alpha);
	upgrade_wrap(&upgrade, &suk, "sds");
	order = upgrade.order;
	for (size_t at = 0; at < sizeof(struct rewire_wrap); at++)
		expect_no_flip((__u8 *)&order->wrap.body.wrap + at, "wrap", at);
	for (size_t at = 0; at < order->wrap.signature_length; at += STRIDE)
		expect_no_flip(order->wrap.signature + at, "wrap's signature", at);
	expect_installs();
}

/* Records of the payload: changed, exchanged, from another package. */
static void changed_record(void)
{
	struct rewire_suk suk = suk_of(&alpha);

	start_sealed(&alpha);
	upgrade_wrap(&upgrade, &suk, "sds");
	upgrade.payload[upgrade.length - 1] ^= 1;
	expect_load_refused(EBADMSG, "of the payload was changed");
	upgrade.payload[upgrade.length - 1] ^= 1;
	upgrade.payload[sizeof(struct rewire_record)] ^= 1;
	expect_load_refused(EBADMSG, "of the payload was changed");
	upgrade.payload[sizeof(struct rewire_record)] ^= 1;
	upgrade.order->words.package.salt[0] ^= 2;
	upgrade_sign(&upgrade);
	upgrade_wrap(&upgrade, &suk, "sds");
	expect_load_refused(EBADMSG, "of the payload was changed");
	upgrade.order->words.package.salt[0] ^= 2;
	/* others of what the key is not bound to: one payload serves them all */
	upgrade.order->words.package.trial_ms++;
	upgrade_sign(&upgrade);
	upgrade_wrap(&upgrade, &suk, "sds");
	expect_installs();
}

/* The wrap was on its way when the root key was replaced. */
static void older_generation(void)
{
	char scratch[] = "/tmp/rewire-payloads.XXXXXX", command[128];
	struct rewire_suk before, after;
	struct host host;
	__u32 generation;

	host_open(&host, "alpha", 0);
	start_sealed(&host);
	before = suk_of(&host);
	upgrade_wrap(&upgrade, &before, "sds");
	if (!mkdtemp(scratch))
		tap_bail("%s: %s", scratch, strerror(errno));
	/* the new key is not for the next test */
	snprintf(command, sizeof(command), "cp -r %s/hosts/alpha/. %s",
		 E2E_PKI, scratch);
	if (system(command))
		tap_bail("failed: %s", command);
	expect_ok(rewire_root_rotate(host.sm, scratch, &generation,
				     &upgrade.error), &upgrade.error);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	if (system(command))
		tap_note("failed: %s", command);
	after = suk_of(&host);
	expect(after.generation == generation &&
	       generation == before.generation + 1, "generation %u after %u",
	       after.generation, before.generation);
	expect(memcmp(before.point, after.point, REWIRE_POINT_SIZE),
	       "a new root key has the old Software Update Key");
	expect_installs();
}

static void expect_used(void)
{
	expect_refused(ESTALE, "was used on this workload before");
}

/* Used in a trial, or up to the switch; the floor alone would not refuse it. */
static void replayed(void)
{
	struct work other;

	start();
	expect_ok(upgrade_steps(&upgrade, &work, 0, UPGRADE_TRIAL),
		  &upgrade.error);
	drop();
	expect_used();
	expect_edition(&work, &alpha, &one);
	/* but others may use it, too */
	other = work;
	work_init(&work);
	edition_start(&work, &alpha, &one);
	work.counter = 0;
	expect_installs();
	work = other;
	expect_edition(&work, &alpha, &one);
	work_destroy(&work, &alpha);
}

static void replayed_after_restart(void)
{
	struct life life;

	life_begin(&life, "alpha", REWIRE_PROVISION_UNWITNESSED);
	start_at(&life.host);
	expect_ok(upgrade_steps(&upgrade, &work, 0, UPGRADE_TRIAL),
		  &upgrade.error);
	life_restart(&life);
	close(upgrade.update);
	upgrade.update = -1;
	edition_start(&work, &life.host, &one);
	work.counter = 0;
	expect_used();
	end();
}

/* ---- there is no room ---- */

static void quota(void)
{
	struct rewire_get_info info;
	struct host host;
	__u64 room, used;

	start();
	info = host_info(&alpha);
	work_destroy(&work, &alpha);
	room = info.memory_used - host_info(&alpha).memory_used;
	upgrade_free(&upgrade);
	/* for one version, and for a part of another; then for all but the state */
	for (int i = 0; i < 3; i++) {
		const __u64 limit[] = { room + room / 4, room + room * 3 / 4,
					2 * room };

		host_open(&host, "alpha", limit[i]);
		start_at(&host);
		used = memory_used();
		expect_refusal(upgrade_steps(&upgrade, &work, 0,
					     UPGRADE_HANDOVER), EDQUOT,
			       &upgrade.error, "would exceed");
		if (upgrade.update >= 0)
			drop();
		expect(memory_used() == used, "%llu bytes are in use, %llu before",
		       (unsigned long long)memory_used(),
		       (unsigned long long)used);
		expect_edition(&work, &host, &one);
		upgrade_free(&upgrade);
		work_destroy(&work, &host);
	}
}

static const struct test_case cases[] = {
	{ "attack_11_other_image", other_image },
	{ "attack_13_endless_payload", endless },
	{ "attack_13_endless_zero_pages", zero_pages },
	{ "attack_13_slow_payload", slow },
	{ "attack_13_truncated_payload", cut_off },
	{ "attack_13_payload_never_comes", never_complete },
	{ "nobody else adds to what is being loaded", nobody_else_loads },
	{ "attack_14_swapped_while_written", swapped_meanwhile },
	{ "attack_14_swapped_between_writes", swapped_between },
	{ "attack_15_other_device", other_device },
	{ "attack_15_wrap_of_another_package", other_package },
	{ "attack_15_wrap_of_an_older_root_key", older_generation },
	{ "attack_01_wrap", flipped_wrap },
	{ "attack_26_record_of_a_payload", changed_record },
	{ "attack_15_replayed", replayed },
	{ "attack_15_replayed_after_restart", replayed_after_restart },
	{ "no room for the new version", quota },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
