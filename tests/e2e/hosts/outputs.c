// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each command gives back: every byte of an output is the SM's, every byte
 * that is none is as the caller left it, and nothing lies beside.
 *
 * Each command is given twice, over different patterns: a byte that shows the
 * pattern both times was not written. REWIRE_ROTATE_ROOT gives back a number
 * alone, and wears the host's keys; it is not here.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "lives.h"

#define BESIDE		64	/* bytes before and behind that must stay */
#define TAIL		16	/* of a struct from the future, zero */
#define ROOM		(REWIRE_MAX_PAYLOAD + BESIDE)
#define RANGES		12

struct range {
	size_t at, length;
};

/**
 * struct output - a command, and what of its struct it may write
 * @name: of the command
 * @cmd: the command
 * @size: of its struct
 * @make: fills the struct's inputs and returns the file; its own to close
 * @out: members that it has to write; a length of 0 ends them
 * @length: offset of the member that is the room of the buffer, and then the
 *	bytes (or entries) in it; 0: there is no buffer
 * @buffer: offset of the pointer to it
 * @entry: bytes of an entry; 0 for bytes
 * @fd: offset of the descriptor among @out; 0: none
 */
struct output {
	const char *name;
	unsigned long cmd;
	size_t size;
	int (*make)(void *arg);
	struct range out[RANGES];
	size_t length, buffer, entry, fd;
};

static struct life alpha, beta;
static struct work work;
static struct carry carry;
static struct rewire_image image;
static struct rewire_signed manifest;
static struct blob checkpoint;
static struct rewire_error error;
static struct work fresh;

static int need(int fd, const char *what)
{
	if (fd < 0)
		tap_bail("%s: %s", what, error.text);
	return fd;
}

static int device(void *arg)
{
	(void)arg;
	return dup(alpha.host.sm);
}

static int refused(void *arg)
{
	struct rewire_open_session open = { .size = sizeof(open), .side = 1 };

	(void)arg;
	if (!ioctl(alpha.host.sm, REWIRE_OPEN_SESSION, &open))
		tap_bail("a session of no request");
	return dup(alpha.host.sm);
}

static int enclave(void *arg)
{
	(void)arg;
	return need(work_open(&work, &alpha.host), "opening the enclave");
}

static int create(void *arg)
{
	((struct rewire_create *)arg)->layout = image.layout;
	return device(arg);
}

static int open_enclave(void *arg)
{
	memcpy(((struct rewire_open_enclave *)arg)->workload, work.id,
	       REWIRE_ID_SIZE);
	return device(arg);
}

static int nonce(void *arg)
{
	((struct rewire_get_evidence *)arg)->nonce_length = 32;
	return device(arg);
}

static int enclave_nonce(void *arg)
{
	((struct rewire_get_evidence *)arg)->nonce_length = 32;
	return enclave(arg);
}

static int init(void *arg)
{
	struct rewire_init *in = arg;

	work_init(&fresh);
	in->manifest = (uintptr_t)&manifest.body.manifest;
	in->signature = (uintptr_t)manifest.signature;
	in->signature_length = (__u32)manifest.signature_length;
	memcpy(in->workload, fresh.id, REWIRE_ID_SIZE);
	return need(rewire_enclave_create(alpha.host.sm, &image, NULL, &error),
		    "creating an enclave");
}

static int ready(void *arg)
{
	(void)arg;
	work_init(&fresh);
	return need(work_load(&fresh, &alpha.host, "counter", "counter"),
		    "loading an enclave");
}

static int call(void *arg)
{
	struct rewire_call *c = arg;

	c->sequence = work.sequence;
	c->input = (uintptr_t)work.args.data;
	c->input_length = (__u32)work.args.length;
	c->timeout_ms = PATIENCE_MS;
	memcpy(c->client, work.client, REWIRE_ID_SIZE);
	return enclave(arg);
}

static int paused(void *arg)
{
	carry_end(&carry);
	if (work_info(&work, &alpha.host).state != REWIRE_ENCLAVE_PAUSED)
		expect_ok(work_pause(&work, &alpha.host), &work.error);
	return enclave(arg);
}

static void ask_for(struct carry *c)
{
	carry_end(c);
	carry_init(c, &work, &alpha.host, &beta.host, LIFETIME_MS);
}

static int migrate_out(void *arg)
{
	const struct rewire_signed *request = &carry.request;
	struct rewire_migrate_out *out = arg;

	ask_for(&carry);
	out->request = (uintptr_t)&request->body.request;
	out->signature = (uintptr_t)request->signature;
	out->signature_length = (__u32)request->signature_length;
	return device(arg);
}

static int migrate_in(void *arg)
{
	const struct rewire_signed *request = &carry.request;
	struct rewire_migrate_in *in = arg;

	ask_for(&carry);
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	in->request = (uintptr_t)&request->body.request;
	in->signature = (uintptr_t)request->signature;
	in->signature_length = (__u32)request->signature_length;
	in->offer = (uintptr_t)carry.said[REWIRE_MSG_OFFER].bytes;
	in->offer_length = (__u32)carry.said[REWIRE_MSG_OFFER].length;
	return dup(beta.host.sm);
}

static int frozen(void *arg)
{
	(void)arg;
	ask_for(&carry);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_FREEZE), &carry.error);
	return dup(carry.out);
}

static int agreed(void *arg)
{
	(void)arg;
	ask_for(&carry);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_AGREE), &carry.error);
	return dup(carry.out);
}

static int lane(void *arg)
{
	struct rewire_session_lane *lane = arg;

	lane->index = 1;
	lane->count = 2;
	return agreed(arg);
}

static int copying(void *arg)
{
	int fd, session = agreed(arg);
	bool rounds;
	__u64 pages;

	expect_ok(rewire_session_look(session, &pages, &carry.error),
		  &carry.error);
	fd = rewire_session_checkpoint(session, &rounds, &carry.error);
	expect_ok(fd, &carry.error);
	close(session);
	return fd;
}

static int known_session(void *arg)
{
	struct rewire_open_session *open = arg;

	close(frozen(arg));
	open->side = REWIRE_SIDE_SOURCE;
	memcpy(open->request_id, carry.request.body.request.id, REWIRE_ID_SIZE);
	return device(arg);
}

/* The instance goes, and its checkpoint may come. */
static int complete(void *arg)
{
	close(paused(arg));
	blob_free(&checkpoint);
	checkpoint = blob_extract(&work, &alpha.host);
	expect_ok(work_destroy(&work, &alpha.host), &work.error);
	return need(blob_take_in(&checkpoint, &alpha.host, &error),
		    "taking a checkpoint in");
}

#define AT(type, member)						\
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member) }
#define COMMAND(NAME, type, from)					\
	.name = #NAME, .cmd = REWIRE_##NAME, .size = sizeof(struct type), \
	.make = from
#define BUFFER(type, len, pointer)					\
	.length = offsetof(struct type, len),				\
	.buffer = offsetof(struct type, pointer)
#define FD(type)	.fd = offsetof(struct type, fd)

static const struct output outputs[] = {
	{ COMMAND(GET_WHY, rewire_get_why, refused),
	  .out = { AT(rewire_get_why, error), AT(rewire_get_why, text) } },
	{ COMMAND(GET_INFO, rewire_get_info, device),
	  .out = { { 4, sizeof(struct rewire_get_info) - 4 } } },
	{ COMMAND(LIST, rewire_list, device), BUFFER(rewire_list, count, ids),
	  .entry = sizeof(__u64) },
	{ COMMAND(CREATE, rewire_create, create), FD(rewire_create),
	  .out = { AT(rewire_create, fd), AT(rewire_create, id) } },
	{ COMMAND(OPEN_ENCLAVE, rewire_open_enclave, open_enclave),
	  FD(rewire_open_enclave), .out = { AT(rewire_open_enclave, fd) } },
	{ COMMAND(RESEAL, rewire_reseal, device), FD(rewire_reseal),
	  .out = { AT(rewire_reseal, fd) } },
	{ COMMAND(GET_HEAD, rewire_get_head, device),
	  BUFFER(rewire_get_head, length, buffer) },
	{ COMMAND(JOURNAL_INFO, rewire_journal_info, device),
	  .out = { { 4, sizeof(struct rewire_journal_info) - 4 } } },
	{ COMMAND(GET_TRUST, rewire_get_trust, device),
	  .out = { AT(rewire_get_trust, version),
		   AT(rewire_get_trust, threshold),
		   AT(rewire_get_trust, anchors),
		   AT(rewire_get_trust, revoked),
		   AT(rewire_get_trust, anchor) } },
	{ COMMAND(GET_EVIDENCE, rewire_get_evidence, nonce),
	  BUFFER(rewire_get_evidence, length, buffer) },
	{ COMMAND(INIT, rewire_init, init),
	  .out = { AT(rewire_init, epoch), AT(rewire_init, measurement) } },
	{ COMMAND(GET_TICKET, rewire_get_ticket, ready),
	  .out = { AT(rewire_get_ticket, ticket) } },
	{ COMMAND(ENCLAVE_INFO, rewire_enclave_info, enclave),
	  .out = { { 4, sizeof(struct rewire_enclave_info) - 4 } } },
	{ COMMAND(ENCLAVE_EVIDENCE, rewire_get_evidence, enclave_nonce),
	  BUFFER(rewire_get_evidence, length, buffer) },
	{ COMMAND(CALL, rewire_call, call),
	  BUFFER(rewire_call, output_length, output),
	  .out = { AT(rewire_call, status) } },
	{ COMMAND(MIGRATE_OUT, rewire_migrate_out, migrate_out),
	  FD(rewire_migrate_out), .out = { AT(rewire_migrate_out, fd) } },
	{ COMMAND(MIGRATE_IN, rewire_migrate_in, migrate_in),
	  FD(rewire_migrate_in), .out = { AT(rewire_migrate_in, fd) } },
	{ COMMAND(OPEN_SESSION, rewire_open_session, known_session),
	  FD(rewire_open_session), .out = { AT(rewire_open_session, fd) } },
	{ COMMAND(SESSION_GET, rewire_session_get, frozen),
	  BUFFER(rewire_session_get, length, buffer) },
	{ COMMAND(SESSION_INFO, rewire_session_info, frozen),
	  .out = { { 4, sizeof(struct rewire_session_info) - 4 } } },
	{ COMMAND(SESSION_ROUND, rewire_session_round, agreed),
	  .out = { AT(rewire_session_round, pages) } },
	{ COMMAND(SESSION_LANE, rewire_session_lane, lane),
	  FD(rewire_session_lane), .out = { AT(rewire_session_lane, fd) } },
	{ COMMAND(STREAM_ROUND, rewire_session_round, copying),
	  .out = { AT(rewire_session_round, pages) } },
	{ COMMAND(SESSION_CHECKPOINT, rewire_session_checkpoint, frozen),
	  FD(rewire_session_checkpoint),
	  .out = { AT(rewire_session_checkpoint, fd) } },
	{ COMMAND(EXTRACT, rewire_extract, paused), FD(rewire_extract),
	  .out = { AT(rewire_extract, fd) } },
	{ COMMAND(STREAM_COMMIT, rewire_stream_commit, complete),
	  FD(rewire_stream_commit),
	  .out = { AT(rewire_stream_commit, fd), AT(rewire_stream_commit, id),
		   AT(rewire_stream_commit, epoch) } },
};

/* Where a command was given, and what was found there. */
struct try {
	__u8 pattern;
	_Alignas(8) __u8 area[2 * BESIDE + 512];
	__u8 before[2 * BESIDE + 512];
	_Alignas(8) __u8 room[ROOM];
	size_t length;
};

static bool may_write(const struct output *o, size_t at)
{
	for (const struct range *r = o->out; r->length; r++)
		if (at >= r->at && at < r->at + r->length)
			return true;
	return o->length && at >= o->length && at < o->length + sizeof(__u32);
}

static bool given(const struct output *o, struct try *t)
{
	__u8 *arg = t->area + BESIDE;
	const __u32 size = (__u32)(o->size + TAIL), room = ROOM - BESIDE;
	const __u64 buffer = (uintptr_t)t->room;
	int file, fd, rc, code;
	__u32 length;

	memset(t->area, t->pattern, sizeof(t->area));
	memset(t->room, t->pattern, sizeof(t->room));
	memset(arg, 0, size);
	for (const struct range *r = o->out; r->length; r++)
		memset(arg + r->at, t->pattern, r->length);
	file = o->make(arg);
	memcpy(arg, &size, sizeof(size));
	if (o->length) {
		length = room / (__u32)(o->entry ? o->entry : 1);
		memcpy(arg + o->length, &length, sizeof(length));
		memcpy(arg + o->buffer, &buffer, sizeof(buffer));
	}
	memcpy(t->before, t->area, sizeof(t->area));
	rc = ioctl(file, o->cmd, arg);
	code = errno;
	close(file);
	if (!expect(!rc, "%s: %s", o->name, strerrorname_np(code)))
		return false;
	if (o->length) {
		memcpy(&length, arg + o->length, sizeof(length));
		t->length = length * (o->entry ? o->entry : 1);
	}
	if (o->fd) {
		memcpy(&fd, arg + o->fd, sizeof(fd));
		close(fd);
	}
	return true;
}

static void look_beside(const struct output *o, const struct try *t)
{
	for (size_t i = 0; i < sizeof(t->area); i++)
		if (t->area[i] != t->before[i] &&
		    (i < BESIDE || i >= BESIDE + o->size ||
		     !may_write(o, i - BESIDE)))
			expect(false, "%s writes byte %zd of its struct of %zu",
			       o->name, (ssize_t)i - BESIDE, o->size);
	for (size_t i = t->length; i < ROOM; i++)
		if (t->room[i] != t->pattern)
			expect(false, "%s writes byte %zu of a buffer where %zu count",
			       o->name, i, t->length);
}

static void look_within(const struct output *o, const struct try t[2])
{
	size_t least = t[0].length < t[1].length ? t[0].length : t[1].length;

	for (const struct range *r = o->out; r->length; r++)
		for (size_t i = r->at; i < r->at + r->length; i++)
			expect(t[0].area[BESIDE + i] != t[0].pattern ||
			       t[1].area[BESIDE + i] != t[1].pattern,
			       "%s leaves byte %zu of its struct", o->name, i);
	for (size_t i = 0; i < least; i++)
		expect(t[0].room[i] != t[0].pattern ||
		       t[1].room[i] != t[1].pattern,
		       "%s leaves byte %zu of its answer", o->name, i);
	if (o->length)
		expect(least, "%s gives no answer", o->name);
}

static struct try tries[2] = { { .pattern = 0xa5 }, { .pattern = 0x5a } };

static void every_command(void)
{
	for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		const struct output *o = &outputs[i];

		tries[0].length = tries[1].length = 0;
		if (!given(o, &tries[0]) || !given(o, &tries[1]))
			continue;
		look_beside(o, &tries[0]);
		look_beside(o, &tries[1]);
		look_within(o, tries);
	}
}

/* Nothing of an earlier, longer sentence behind a shorter one. */
static void sentences(void)
{
	struct rewire_open_enclave open = { .size = sizeof(open) };
	struct rewire_get_why why = { .size = sizeof(why) };
	size_t length;

	expect(ioctl(alpha.host.sm, REWIRE_OPEN_ENCLAVE, &open) &&
	       errno == EINVAL, "an enclave without a name");
	open.id = ~0ULL;
	expect(ioctl(alpha.host.sm, REWIRE_OPEN_ENCLAVE, &open) &&
	       errno == ENOENT, "an enclave that is none");
	expect(!ioctl(alpha.host.sm, REWIRE_GET_WHY, &why) &&
	       why.error == ENOENT, "no reason");
	length = strnlen(why.text, sizeof(why.text));
	for (size_t i = length; i < sizeof(why.text); i++)
		expect(!why.text[i], "byte %zu behind '%s' is not zero", i,
		       why.text);
}

/* What is signed and sent has zeros where nothing is said. */
static void signed_outputs(void)
{
	const struct rewire_message *offer;
	struct rewire_head head;
	__u8 data[REWIRE_MAX_HEAD];
	size_t length = sizeof(data);

	expect_ok(rewire_sm_head(alpha.host.sm, data, &length, &error),
		  &error);
	memcpy(&head, data, sizeof(head));
	expect(!head.header.flags && head.header.size == sizeof(head) &&
	       length == sizeof(head) + head.cert_len + head.sig_len,
	       "a head of %zu bytes", length);
	ask_for(&carry);
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	offer = (const void *)carry.said[REWIRE_MSG_OFFER].bytes;
	expect(!offer->__reserved && !offer->header.flags,
	       "OFFER has something in a reserved member");
	expect(carry.said[REWIRE_MSG_OFFER].length ==
	       sizeof(*offer) + offer->cert_len + offer->sig_len +
	       offer->evidence_len, "an OFFER of %zu bytes",
	       carry.said[REWIRE_MSG_OFFER].length);
	carry_end(&carry);
}

static const struct test_case cases[] = {
	{ "what is signed has zeros where nothing is said", signed_outputs },
	{ "a reason ends with zeros", sentences },
	{ "attack_42_outputs_of_every_command", every_command },
	{ 0 }
};

int main(int argc, char **argv)
{
	life_begin(&alpha, "alpha", REWIRE_PROVISION_UNWITNESSED);
	life_begin(&beta, "beta", REWIRE_PROVISION_UNWITNESSED);
	work_start(&work, &alpha.host, "counter");
	expect_counts(&work, &alpha.host);
	if (rewire_image_open(E2E_ENCLAVES "/counter.elf", &image, &error) ||
	    rewire_signed_read(E2E_DIR "/counter.manifest",
			       REWIRE_TYPE_MANIFEST, &manifest, &error))
		tap_bail("%s", error.text);
	carry.out = carry.in = -1;
	return cases_run(cases, argc, argv);
}
