// SPDX-License-Identifier: MIT
/*
 * Every command of the uapi headers, and how to fill its struct so that it would
 * succeed in the right state.
 */
#include <string.h>
#include <sys/ioctl.h>

#include <uapi/rewire_trust.h>
#include <uapi/rewire_update.h>

#include "fuzz.h"

/* Some of what commands point to is not quite right. */
#define SPOILT_PERCENT 30
/* Signing takes its time; a request that was used is refused early. */
#define FRESH_PERCENT 20

/* Places in memory->data: apart, so that one does not spoil the other. */
#define AT_BODY 0
#define AT_CMS (16 * 1024)
#define AT_MESSAGE (32 * 1024)
#define AT_INPUT (64 * 1024)
#define AT_OUTPUT (192 * 1024)
#define AT_PAGES (512 * 1024)

bool commands_faultless;

static uint64_t address(const struct memory *memory, size_t at)
{
	return (uintptr_t)memory->data + at;
}

/* Copy a sample there, now and then spoilt. */
static uint64_t sample(const struct memory *memory, size_t at,
		       const void *data, size_t length, struct rng *rng)
{
	memcpy(memory->data + at, data, length);
	if (!commands_faultless && rng_percent(rng, SPOILT_PERCENT))
		mutate_bytes(memory->data + at, length, rng);
	return address(memory, at);
}

static void fill_provision(void *arg, const struct memory *memory,
			   struct rng *rng)
{
	struct rewire_provision *provision = arg;
	struct rewire_anchor *anchor = (void *)(memory->data + AT_BODY);

	provision->root_keys = address(memory, AT_BODY);
	provision->generations = (__u32)rng_below(rng, REWIRE_MAX_GENERATIONS + 2);
	provision->root_threshold = (__u32)rng_below(rng, 4);
	provision->journal[0] = provision->journal[1] = -1;
	provision->attest_key = (__s32)rng_below(rng, 1UL << 31);
	provision->certificate = address(memory, AT_CMS);
	provision->certificate_length = (__u32)rng_below(rng, REWIRE_MAX_CERT);
	provision->anchors = (__u32)rng_below(rng, REWIRE_MAX_ANCHORS + 1);
	provision->anchor = address(memory, AT_BODY);
	for (__u32 i = 0; i < provision->anchors; i++)
		anchor[i] = (struct rewire_anchor){
			.role = (__u32)rng_below(rng, REWIRE_ROLES),
			.length = (__u32)rng_below(rng, REWIRE_MAX_CERT),
			.certificate = address(memory, AT_CMS),
		};
}

static void fill_create(void *arg, const struct memory *memory, struct rng *rng)
{
	struct rewire_create *create = arg;

	(void)memory;
	create->layout = world.samples.image.layout;
	if (!commands_faultless && rng_percent(rng, SPOILT_PERCENT))
		mutate_bytes(&create->layout, sizeof(create->layout), rng);
}

static void fill_open_enclave(void *arg, const struct memory *memory,
			      struct rng *rng)
{
	struct rewire_open_enclave *open = arg;

	(void)memory;
	if (rng_percent(rng, 50))
		open->id = 1 + rng_below(rng, 64);
	else
		memcpy(open->workload, world.samples.request.body.request.workload,
		       REWIRE_ID_SIZE);
}

static void fill_list(void *arg, const struct memory *memory, struct rng *rng)
{
	struct rewire_list *list = arg;

	list->count = (__u32)rng_below(rng, 64);
	list->ids = address(memory, AT_OUTPUT);
}

static void fill_migrate_out(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	const struct rewire_signed *request = &world.samples.request;
	struct rewire_migrate_out *out = arg;
	struct rewire_signed fresh;

	if ((commands_faultless || rng_percent(rng, FRESH_PERCENT)) &&
	    world_sign_request(&fresh, rng))
		request = &fresh;
	out->request = sample(memory, AT_BODY, &request->body.request,
			      sizeof(request->body.request), rng);
	out->signature = sample(memory, AT_CMS, request->signature,
				request->signature_length, rng);
	out->signature_length = (__u32)request->signature_length;
}

static void fill_try_request(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	struct rewire_migrate_out out = { 0 };
	struct rewire_try_request *try = arg;

	fill_migrate_out(&out, memory, rng);
	try->side = commands_faultless ? REWIRE_SIDE_SOURCE :
		    (__u32)rng_below(rng, 4);
	try->request = out.request;
	try->signature = out.signature;
	try->signature_length = out.signature_length;
	if (!commands_faultless && rng_percent(rng, 30)) {
		try->evidence = address(memory, AT_OUTPUT);
		try->evidence_length = (__u32)rng_below(rng, 4096);
	}
}

/* Signed by the right role, and about something else. */
static void fill_fence(void *arg, const struct memory *memory, struct rng *rng)
{
	const struct rewire_signed *request = &world.samples.request;
	struct rewire_session_fence *fence = arg;

	fence->fence = sample(memory, AT_BODY, &request->body.request,
			      sizeof(struct rewire_fence), rng);
	fence->signature = sample(memory, AT_CMS, request->signature,
				  request->signature_length, rng);
	fence->signature_length = (__u32)request->signature_length;
}

static void fill_migrate_in(void *arg, const struct memory *memory,
			    struct rng *rng)
{
	const struct rewire_signed *request = &world.samples.open_request;
	struct rewire_migrate_in *in = arg;

	in->request = sample(memory, AT_BODY, &request->body.request,
			     sizeof(request->body.request), rng);
	in->signature = sample(memory, AT_CMS, request->signature,
			       request->signature_length, rng);
	in->signature_length = (__u32)request->signature_length;
	in->offer = sample(memory, AT_MESSAGE, world.samples.open_offer,
			   world.samples.open_offer_length, rng);
	in->offer_length = (__u32)world.samples.open_offer_length;
}

static void fill_open_session(void *arg, const struct memory *memory,
			      struct rng *rng)
{
	struct rewire_open_session *open = arg;

	(void)memory;
	open->side = 1 + (__u32)rng_below(rng, 2);
	memcpy(open->request_id, world.samples.request.body.request.id,
	       REWIRE_ID_SIZE);
}

static void fill_trust(void *arg, const struct memory *memory, struct rng *rng)
{
	const struct rewire_statement *statement;
	struct rewire_signature given[REWIRE_MAX_ROOT_SIGNATURES] = { 0 };
	struct rewire_trust *trust = arg;

	if (commands_faultless || rng_percent(rng, FRESH_PERCENT))
		world_sign_trust();
	statement = world.samples.trust;
	if (!statement)
		return;
	trust->statement = sample(memory, AT_BODY, statement->body,
				  statement->length, rng);
	trust->statement_length = (__u32)statement->length;
	trust->signatures = (__u32)statement->signatures;
	for (size_t i = 0; i < statement->signatures; i++) {
		given[i].cms = sample(memory, AT_CMS + i * REWIRE_MAX_CMS,
				      statement->signature[i],
				      statement->signature_length[i], rng);
		given[i].length = (__u32)statement->signature_length[i];
	}
	trust->signature = sample(memory, AT_MESSAGE, given,
				  statement->signatures * sizeof(given[0]),
				  rng);
}

static void fill_get_head(void *arg, const struct memory *memory,
			  struct rng *rng)
{
	struct rewire_get_head *get = arg;

	get->length = rng_percent(rng, 80) ? (__u32)REWIRE_MAX_HEAD :
		      (__u32)rng_below(rng, 512);
	get->buffer = address(memory, AT_OUTPUT);
}

static void fill_get_suk(void *arg, const struct memory *memory,
			 struct rng *rng)
{
	struct rewire_get_suk *get = arg;

	get->length = rng_percent(rng, 80) ? (__u32)REWIRE_MAX_SUK :
		      (__u32)rng_below(rng, 512);
	get->buffer = address(memory, AT_OUTPUT);
}

/* Signed by the right role, and about something else. */
static void fill_put_witness(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	const struct rewire_signed *request = &world.samples.request;
	struct rewire_put_witness *put = arg;

	put->witness = sample(memory, AT_BODY, &request->body.request,
			      sizeof(struct rewire_witness), rng);
	put->signature = sample(memory, AT_CMS, request->signature,
				request->signature_length, rng);
	put->signature_length = (__u32)request->signature_length;
}

static void fill_rotate_root(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	struct rewire_rotate_root *rotate = arg;

	(void)memory;
	rotate->root_key = (__s32)rng_below(rng, 1UL << 31);
}

static void fill_add_pages(void *arg, const struct memory *memory,
			   struct rng *rng)
{
	static const __u32 prots[] = {
		REWIRE_PROT_READ, REWIRE_PROT_READ | REWIRE_PROT_WRITE,
		REWIRE_PROT_READ | REWIRE_PROT_EXEC,
	};
	struct rewire_add_pages *add = arg;
	uint64_t pages = world.samples.image.layout.span / PAGE;

	add->flags = rng_percent(rng, 50) ? REWIRE_ADD_ZERO : 0;
	add->offset = PAGE * rng_below(rng, pages);
	add->length = PAGE * (1 + rng_below(rng, 4));
	add->source = address(memory, AT_PAGES);
	add->prot = prots[rng_below(rng, ARRAY_SIZE(prots))];
}

static void fill_init(void *arg, const struct memory *memory, struct rng *rng)
{
	const struct rewire_signed *manifest = &world.samples.manifest;
	struct rewire_init *init = arg;

	init->manifest = sample(memory, AT_BODY, &manifest->body.manifest,
				sizeof(manifest->body.manifest), rng);
	init->signature = sample(memory, AT_CMS, manifest->signature,
				 manifest->signature_length, rng);
	init->signature_length = (__u32)manifest->signature_length;
	rng_bytes(rng, init->workload, sizeof(init->workload));
}

static void fill_pause(void *arg, const struct memory *memory, struct rng *rng)
{
	struct rewire_pause *pause = arg;

	(void)memory;
	pause->timeout_ms = 1 + (__u32)rng_below(rng, 50);
}

static void fill_call(void *arg, const struct memory *memory, struct rng *rng)
{
	struct rewire_call *call = arg;

	call->client[0] = 1 + (__u8)rng_below(rng, 4);
	call->sequence = 1 + rng_below(rng, 4);
	call->input = address(memory, AT_INPUT);
	call->input_length = (__u32)(rng_percent(rng, 80) ?
		rng_below(rng, 64) : rng_below(rng, REWIRE_MAX_PAYLOAD + 1));
	call->output = address(memory, AT_OUTPUT);
	call->output_length = (__u32)rng_below(rng, REWIRE_MAX_PAYLOAD + 1);
	call->timeout_ms = 1 + (__u32)rng_below(rng, 20);
}

static void fill_session_get(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	struct rewire_session_get *get = arg;

	get->length = rng_percent(rng, 80) ? REWIRE_MAX_MESSAGE :
		      (__u32)rng_below(rng, 2048);
	get->buffer = address(memory, AT_OUTPUT);
}

static void fill_session_put(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	struct rewire_session_put *put = arg;
	size_t which = rng_below(rng, ARRAY_SIZE(world.samples.message));

	put->length = (__u32)world.samples.message_length[which];
	put->buffer = sample(memory, AT_MESSAGE, world.samples.message[which],
			     put->length, rng);
}

static void fill_session_freeze(void *arg, const struct memory *memory,
				struct rng *rng)
{
	struct rewire_session_freeze *freeze = arg;

	(void)memory;
	freeze->timeout_ms = 1 + (__u32)rng_below(rng, 50);
}

/* A round that is begun has to be read to its end before anything follows. */
static void fill_session_round(void *arg, const struct memory *memory,
			       struct rng *rng)
{
	struct rewire_session_round *session_round = arg;

	(void)memory;
	if (commands_faultless || rng_percent(rng, 60))
		session_round->flags = REWIRE_ROUND_LOOK;
	else if (rng_percent(rng, 50))
		session_round->delay_us = rng_below(rng, 2000);
}

static void fill_session_lane(void *arg, const struct memory *memory,
			      struct rng *rng)
{
	struct rewire_session_lane *lane = arg;

	(void)memory;
	/* as many as there are, if there are any */
	lane->count = 2;
	if (!commands_faultless && rng_percent(rng, 40))
		lane->count += (__u32)rng_below(rng, REWIRE_MAX_LANES - 1);
	lane->index = 1 + (__u32)rng_below(rng, lane->count - 1);
}

static void fill_stream_round(void *arg, const struct memory *memory,
			      struct rng *rng)
{
	struct rewire_session_round *round = arg;

	(void)memory;
	if (commands_faultless || rng_percent(rng, 30))
		round->flags = REWIRE_ROUND_LOOK;
}

static void fill_get_trust(void *arg, const struct memory *memory,
			   struct rng *rng)
{
	struct rewire_get_trust *get = arg;

	(void)memory;
	get->kind = (__u32)rng_below(rng, REWIRE_TRUST_LEVELS +
					  (commands_faultless ? 1 : 3));
}

static void fill_evidence(void *arg, const struct memory *memory,
			  struct rng *rng)
{
	struct rewire_get_evidence *get = arg;

	get->nonce_length = (__u32)rng_below(rng, REWIRE_MAX_CHALLENGE + 2);
	get->length = rng_percent(rng, 80) ? REWIRE_MAX_EVIDENCE :
		      (__u32)rng_below(rng, 2048);
	get->buffer = address(memory, AT_OUTPUT);
}

/* ---- updates ---- */

static void fill_update_begin(void *arg, const struct memory *memory,
			      struct rng *rng)
{
	const struct rewire_update_order *order =
		&world.samples.order[rng_below(rng, ORDERS)];
	struct rewire_signature root[REWIRE_MAX_ROOT_SIGNATURES] = { 0 };
	const struct rewire_order *words = &order->words;
	struct rewire_update_begin *begin = arg;
	size_t at = AT_CMS;

	if (!world_running(begin->workload))
		rng_bytes(rng, begin->workload, REWIRE_ID_SIZE);
	begin->flags = (__u32)rng_below(rng, 4);
	begin->package = sample(memory, AT_BODY, &words->package,
				sizeof(words->package), rng);
	begin->package_cms_length = (__u32)words->signature.length;
	begin->package_cms = sample(memory, at, words->signature.bytes,
				    words->signature.length, rng);
	begin->manifest = sample(memory, AT_BODY + 1024,
				 &words->manifest.body.manifest,
				 sizeof(words->manifest.body.manifest), rng);
	at += REWIRE_MAX_CMS;
	begin->manifest_cms_length = (__u32)words->manifest.signature_length;
	begin->manifest_cms = sample(memory, at, words->manifest.signature,
				     words->manifest.signature_length, rng);
	if (order->wrap.length) {
		begin->wrap = sample(memory, AT_BODY + 2048,
				     &order->wrap.body.wrap,
				     sizeof(order->wrap.body.wrap), rng);
		at += REWIRE_MAX_CMS;
		begin->wrap_cms_length = (__u32)order->wrap.signature_length;
		begin->wrap_cms = sample(memory, at, order->wrap.signature,
					 order->wrap.signature_length, rng);
	}
	begin->root_signatures = (__u32)words->roots;
	for (size_t i = 0; i < words->roots; i++) {
		root[i].cms = sample(memory, AT_INPUT + i * REWIRE_MAX_CMS,
				     words->root[i].bytes,
				     words->root[i].length, rng);
		root[i].length = (__u32)words->root[i].length;
	}
	if (words->roots)
		begin->root_signature = sample(memory, AT_BODY + 4096, root,
					       words->roots * sizeof(root[0]),
					       rng);
}

static void fill_open_update(void *arg, const struct memory *memory,
			     struct rng *rng)
{
	struct rewire_open_update *open = arg;

	(void)memory;
	(void)rng;
	memcpy(open->id, world.samples.update_id, REWIRE_ID_SIZE);
}

/* One that is too short ends the update. */
static __u32 patience(struct rng *rng)
{
	if (commands_faultless)
		return 60000;
	if (rng_percent(rng, 70))
		return 5000;
	return 1 + (__u32)rng_below(rng, 20);
}

static void fill_update_handover(void *arg, const struct memory *memory,
				 struct rng *rng)
{
	struct rewire_update_handover *handover = arg;

	(void)memory;
	handover->timeout_ms = patience(rng);
}

static void fill_update_health(void *arg, const struct memory *memory,
			       struct rng *rng)
{
	struct rewire_update_health *health = arg;

	(void)memory;
	health->timeout_ms = patience(rng);
}

static void fill_update_checkpoint(void *arg, const struct memory *memory,
				   struct rng *rng)
{
	struct rewire_update_checkpoint *checkpoint = arg;

	(void)memory;
	checkpoint->version = 1 + (__u32)rng_below(rng, 2);
}

static void fill_update_receipt(void *arg, const struct memory *memory,
				struct rng *rng)
{
	struct rewire_update_get_receipt *get = arg;

	get->length = rng_percent(rng, 80) ? (__u32)REWIRE_MAX_UPDATE_RECEIPT :
		      (__u32)rng_below(rng, 1024);
	get->buffer = address(memory, AT_OUTPUT);
}

#define FD(type) ((int)offsetof(struct type, fd))
#define COMMON(NAME, type, on, fd, likely)				\
	.name = #NAME, .cmd = REWIRE_##NAME, .kind = KIND_##on,		\
	.size = sizeof(struct type), .out_fd = fd, .weight = likely

const struct command commands[] = {
	{ COMMON(GET_WHY, rewire_get_why, DEVICE, -1, 4), .gentle = true,
	  .any_kind = true },
	{ COMMON(GET_INFO, rewire_get_info, DEVICE, -1, 6), .gentle = true },
	{ COMMON(PROVISION, rewire_provision, DEVICE, -1, 6), .hopeless = true,
	  .pointer = { offsetof(struct rewire_provision, certificate),
		       offsetof(struct rewire_provision, root_keys),
		       offsetof(struct rewire_provision, anchor) },
	  .fill = fill_provision },
	{ COMMON(CREATE, rewire_create, DEVICE, FD(rewire_create), 12),
	  .fill = fill_create },
	{ COMMON(OPEN_ENCLAVE, rewire_open_enclave, DEVICE,
		 FD(rewire_open_enclave), 8), .fill = fill_open_enclave },
	{ COMMON(LIST, rewire_list, DEVICE, -1, 6), .gentle = true,
	  .pointer = { offsetof(struct rewire_list, ids) },
	  .fill = fill_list },
	{ COMMON(RESEAL, rewire_reseal, DEVICE, FD(rewire_reseal), 8) },
	{ COMMON(MIGRATE_OUT, rewire_migrate_out, DEVICE,
		 FD(rewire_migrate_out), 6),
	  .pointer = { offsetof(struct rewire_migrate_out, request),
		       offsetof(struct rewire_migrate_out, signature) },
	  .fill = fill_migrate_out },
	{ COMMON(MIGRATE_IN, rewire_migrate_in, DEVICE, FD(rewire_migrate_in),
		 6),
	  .pointer = { offsetof(struct rewire_migrate_in, request),
		       offsetof(struct rewire_migrate_in, signature),
		       offsetof(struct rewire_migrate_in, offer) },
	  .fill = fill_migrate_in },
	{ COMMON(OPEN_SESSION, rewire_open_session, DEVICE,
		 FD(rewire_open_session), 8), .fill = fill_open_session },
	{ COMMON(TRUST, rewire_trust, DEVICE, -1, 6),
	  .pointer = { offsetof(struct rewire_trust, statement),
		       offsetof(struct rewire_trust, signature) },
	  .fill = fill_trust },
	{ COMMON(GET_TRUST, rewire_get_trust, DEVICE, -1, 4), .gentle = true,
	  .fill = fill_get_trust },
	{ COMMON(GET_HEAD, rewire_get_head, DEVICE, -1, 4), .gentle = true,
	  .pointer = { offsetof(struct rewire_get_head, buffer) },
	  .fill = fill_get_head },
	{ COMMON(GET_SUK, rewire_get_suk, DEVICE, -1, 4), .gentle = true,
	  .pointer = { offsetof(struct rewire_get_suk, buffer) },
	  .fill = fill_get_suk },
	{ COMMON(PUT_WITNESS, rewire_put_witness, DEVICE, -1, 4),
	  .hopeless = true,
	  .pointer = { offsetof(struct rewire_put_witness, witness),
		       offsetof(struct rewire_put_witness, signature) },
	  .fill = fill_put_witness },
	{ COMMON(JOURNAL_INFO, rewire_journal_info, DEVICE, -1, 4),
	  .gentle = true },
	{ COMMON(GET_EVIDENCE, rewire_get_evidence, DEVICE, -1, 2),
	  .gentle = true,
	  .pointer = { offsetof(struct rewire_get_evidence, buffer) },
	  .fill = fill_evidence },
	{ COMMON(ROTATE_ROOT, rewire_rotate_root, DEVICE, -1, 4),
	  .hopeless = true,
	  .fill = fill_rotate_root },
	{ COMMON(TRY_REQUEST, rewire_try_request, DEVICE, -1, 4),
	  .pointer = { offsetof(struct rewire_try_request, request),
		       offsetof(struct rewire_try_request, signature),
		       offsetof(struct rewire_try_request, evidence) },
	  .fill = fill_try_request },
	{ COMMON(JOURNAL_COMPACT, rewire_journal_compact, DEVICE, -1, 1),
	  .hopeless = true },
	{ COMMON(ADD_PAGES, rewire_add_pages, ENCLAVE, -1, 10),
	  .pointer = { offsetof(struct rewire_add_pages, source) },
	  .fill = fill_add_pages },
	{ COMMON(INIT, rewire_init, ENCLAVE, -1, 6),
	  .pointer = { offsetof(struct rewire_init, manifest),
		       offsetof(struct rewire_init, signature) },
	  .fill = fill_init },
	{ COMMON(GET_TICKET, rewire_get_ticket, ENCLAVE, -1, 6) },
	{ COMMON(PAUSE, rewire_pause, ENCLAVE, -1, 6), .gentle = true,
	  .fill = fill_pause },
	{ COMMON(RESUME, rewire_resume, ENCLAVE, -1, 8), .gentle = true },
	{ COMMON(DESTROY, rewire_destroy, ENCLAVE, -1, 1) },
	{ COMMON(EXTRACT, rewire_extract, ENCLAVE, FD(rewire_extract), 6) },
	{ COMMON(CALL, rewire_call, ENCLAVE, -1, 8), .gentle = true,
	  .pointer = { offsetof(struct rewire_call, input),
		       offsetof(struct rewire_call, output) },
	  .fill = fill_call },
	{ COMMON(ENCLAVE_INFO, rewire_enclave_info, ENCLAVE, -1, 6),
	  .gentle = true },
	{ COMMON(ENCLAVE_EVIDENCE, rewire_get_evidence, ENCLAVE, -1, 2),
	  .gentle = true,
	  .pointer = { offsetof(struct rewire_get_evidence, buffer) },
	  .fill = fill_evidence },
	{ COMMON(STREAM_ROUND, rewire_session_round, STREAM, -1, 2),
	  .fill = fill_stream_round },
	{ COMMON(STREAM_COMMIT, rewire_stream_commit, STREAM,
		 FD(rewire_stream_commit), 3) },
	{ COMMON(SESSION_GET, rewire_session_get, SESSION, -1, 8),
	  .gentle = true,
	  .pointer = { offsetof(struct rewire_session_get, buffer) },
	  .fill = fill_session_get },
	{ COMMON(SESSION_PUT, rewire_session_put, SESSION, -1, 8),
	  .pointer = { offsetof(struct rewire_session_put, buffer) },
	  .fill = fill_session_put },
	{ COMMON(SESSION_LANE, rewire_session_lane, SESSION,
		 FD(rewire_session_lane), 2), .fill = fill_session_lane },
	{ COMMON(SESSION_ROUND, rewire_session_round, SESSION, -1, 2),
	  .fill = fill_session_round },
	{ COMMON(SESSION_FREEZE, rewire_session_freeze, SESSION, -1, 4),
	  .fill = fill_session_freeze },
	{ COMMON(SESSION_ABORT, rewire_session_abort, SESSION, -1, 1) },
	{ COMMON(SESSION_INFO, rewire_session_info, SESSION, -1, 8),
	  .gentle = true },
	{ COMMON(SESSION_FENCE, rewire_session_fence, SESSION, -1, 4),
	  .hopeless = true,
	  .pointer = { offsetof(struct rewire_session_fence, fence),
		       offsetof(struct rewire_session_fence, signature) },
	  .fill = fill_fence },
	{ COMMON(SESSION_CHECKPOINT, rewire_session_checkpoint, SESSION,
		 FD(rewire_session_checkpoint), 4) },
	{ COMMON(UPDATE_BEGIN, rewire_update_begin, DEVICE,
		 FD(rewire_update_begin), 10),
	  .pointer = { offsetof(struct rewire_update_begin, package),
		       offsetof(struct rewire_update_begin, package_cms),
		       offsetof(struct rewire_update_begin, manifest),
		       offsetof(struct rewire_update_begin, manifest_cms),
		       offsetof(struct rewire_update_begin, wrap),
		       offsetof(struct rewire_update_begin, wrap_cms),
		       offsetof(struct rewire_update_begin, root_signature) },
	  .fill = fill_update_begin },
	{ COMMON(OPEN_UPDATE, rewire_open_update, DEVICE,
		 FD(rewire_open_update), 6), .fill = fill_open_update },
	{ COMMON(UPDATE_INFO, rewire_update_info, UPDATE, -1, 8),
	  .gentle = true },
	{ COMMON(UPDATE_RECEIPT, rewire_update_get_receipt, UPDATE, -1, 6),
	  .gentle = true,
	  .pointer = { offsetof(struct rewire_update_get_receipt, buffer) },
	  .fill = fill_update_receipt },
	{ COMMON(UPDATE_ENCLAVE, rewire_update_enclave, UPDATE,
		 FD(rewire_update_enclave), 6) },
	{ COMMON(UPDATE_HANDOVER, rewire_update_handover, UPDATE, -1, 6),
	  .fill = fill_update_handover },
	{ COMMON(UPDATE_HEALTH, rewire_update_health, UPDATE, -1, 6),
	  .fill = fill_update_health },
	{ COMMON(UPDATE_CHECKPOINT, rewire_update_checkpoint, UPDATE,
		 FD(rewire_update_checkpoint), 4),
	  .fill = fill_update_checkpoint },
	{ COMMON(UPDATE_BEGIN_TRIAL, rewire_update_begin_trial, UPDATE, -1, 4) },
	{ COMMON(UPDATE_SWITCH, rewire_update_switch, UPDATE,
		 FD(rewire_update_switch), 4) },
	{ COMMON(UPDATE_ABORT, rewire_update_abort, UPDATE, -1, 1) },
};
const size_t command_count = ARRAY_SIZE(commands);

const struct command *command_find(enum kind kind, unsigned int nr)
{
	for (size_t i = 0; i < command_count; i++)
		if (_IOC_NR(commands[i].cmd) == nr &&
		    (commands[i].any_kind || commands[i].kind == kind))
			return &commands[i];
	return NULL;
}

static bool fits(const struct command *command, enum kind kind, bool gentle)
{
	return (command->any_kind || command->kind == kind) &&
	       (!gentle || command->gentle);
}

const struct command *command_choose(enum kind kind, bool gentle,
				     struct rng *rng)
{
	uint64_t total = 0, at;
	size_t i;

	for (i = 0; i < command_count; i++)
		if (fits(&commands[i], kind, gentle))
			total += commands[i].weight;
	at = rng_below(rng, total);
	for (i = 0; i < command_count; i++) {
		if (!fits(&commands[i], kind, gentle))
			continue;
		if (at < commands[i].weight)
			break;
		at -= commands[i].weight;
	}
	return &commands[i];
}
