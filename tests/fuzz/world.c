// SPDX-License-Identifier: MIT
/*
 * Three SMs, each in a network namespace of its own, and objects in every state
 * that can be reached without a source giving up an enclave for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MEMORY_LIMIT (48UL << 20)
#define PAUSE_MS 20000
#define MAX_CHECKPOINT (4UL << 20)
#define UPDATE_MS 5000

struct world world = { .sm = { -1, -1, -1 } };

static struct rewire_signer *developer, *sds, *root[2];
static char platform_path[4096];
static uint8_t sm_id[SMS][REWIRE_ID_SIZE];

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool complain(const char *what, const struct rewire_error *err)
{
	printf("# %s: %s\n", what, err->text);
	return false;
}

/* ---- scenes ---- */

static void put_fd(struct scene *scene, size_t at, int fd, enum kind kind)
{
	scene->fd[at] = fd;
	scene->kind[at] = kind;
}

static bool make_devices(struct scene *scene, struct rng *rng)
{
	(void)rng;
	for (size_t i = 0; i < SMS; i++)
		put_fd(scene, i, fcntl(world.sm[i], F_DUPFD_CLOEXEC, 0),
		       KIND_DEVICE);
	return true;
}

enum enclave_stage {
	STAGE_EMPTY,	/* created; the others have their pages */
	STAGE_BUILDING,
	STAGE_READY,
	STAGE_RUNNING,
	STAGE_PAUSED,
};

static int make_empty(struct rewire_error *err)
{
	struct rewire_create create = {
		.size = sizeof(create),
		.layout = world.samples.image.layout,
	};

	if (ioctl(world.sm[SM_ALPHA], REWIRE_CREATE, &create))
		return rewire_fail_ioctl(err, world.sm[SM_ALPHA], errno,
					 "creating an enclave");
	return create.fd;
}

/* An enclave at that stage, and what it is for; or a negative errno. */
static int make_stage(int stage, __u8 workload[REWIRE_ID_SIZE], struct rng *rng,
		      struct rewire_error *err)
{
	int fd, rc = 0;

	if (stage == STAGE_EMPTY)
		return make_empty(err);
	rng_bytes(rng, workload, REWIRE_ID_SIZE);
	fd = rewire_enclave_create(world.sm[SM_ALPHA], &world.samples.image,
				   NULL, err);
	if (fd < 0)
		return fd;
	if (stage >= STAGE_READY)
		rc = rewire_enclave_init(fd, &world.samples.manifest, workload,
					 NULL, err);
	if (!rc && stage >= STAGE_RUNNING)
		rc = rewire_enclave_enter(fd, PAUSE_MS, NULL, err);
	if (!rc && stage >= STAGE_PAUSED)
		rc = rewire_enclave_pause(fd, PAUSE_MS, err);
	if (!rc)
		return fd;
	rewire_enclave_destroy(fd, NULL);
	close(fd);
	return rc;
}

static bool make_enclave(struct scene *scene, struct rng *rng)
{
	__u8 workload[REWIRE_ID_SIZE];
	struct rewire_error err;
	int fd = make_stage(scene->stage, workload, rng, &err);

	if (fd < 0)
		return complain(scene->name, &err);
	put_fd(scene, 0, fd, KIND_ENCLAVE);
	return true;
}

static bool make_extract(struct scene *scene, struct rng *rng)
{
	__u8 workload[REWIRE_ID_SIZE];
	struct rewire_error err;
	int fd = make_stage(STAGE_PAUSED, workload, rng, &err);

	if (fd < 0)
		return complain(scene->name, &err);
	put_fd(scene, 0, fd, KIND_ENCLAVE);
	fd = rewire_enclave_extract(scene->fd[0], &err);
	if (fd < 0)
		return complain(scene->name, &err);
	put_fd(scene, 1, fd, KIND_STREAM);
	return true;
}

static bool make_reseal(struct scene *scene, struct rng *rng)
{
	size_t length = world.samples.checkpoint.length;
	struct rewire_error err;
	int fd = rewire_reseal_open(world.sm[SM_ALPHA], &err);

	if (fd < 0)
		return complain(scene->name, &err);
	put_fd(scene, 0, fd, KIND_STREAM);
	/* nothing, some, or all of it */
	if (scene->stage == 0)
		length = 0;
	else if (scene->stage == 1)
		length = rng_below(rng, length);
	if (rewire_write_all(fd, world.samples.checkpoint.bytes, length, &err))
		return complain(scene->name, &err);
	scene->written = length;
	return true;
}

/* ---- migrations: enclave, source, target ---- */

enum migration_stage {
	STAGE_OFFERED,
	STAGE_AGREED,
	STAGE_COPYING,	/* and sealed meanwhile */
	STAGE_FROZEN,
	STAGE_PREPARED,
};

static int remember(int session, size_t which, struct rewire_error *err)
{
	struct samples *samples = &world.samples;

	samples->message_length[which] = REWIRE_MAX_MESSAGE;
	return rewire_session_get_message(session, samples->message[which],
					  &samples->message_length[which], err);
}

static int sign_request(const __u8 workload[REWIRE_ID_SIZE], __u64 epoch,
			struct rewire_signed *ret_request, struct rng *rng,
			struct rewire_error *err)
{
	struct rewire_request request = { .epoch = epoch,
					  .lifetime_ms = 600000 };

	rng_bytes(rng, request.id, REWIRE_ID_SIZE);
	memcpy(request.workload, workload, REWIRE_ID_SIZE);
	memcpy(request.source, sm_id[SM_ALPHA], REWIRE_ID_SIZE);
	memcpy(request.target, sm_id[SM_BETA], REWIRE_ID_SIZE);
	return rewire_sign_request(sds, &request, ret_request, err);
}

static int make_offer(struct scene *scene, struct rng *rng,
		      struct rewire_error *err)
{
	__u8 workload[REWIRE_ID_SIZE];
	int fd, rc;

	fd = make_stage(STAGE_RUNNING, workload, rng, err);
	if (fd < 0)
		return fd;
	put_fd(scene, 0, fd, KIND_ENCLAVE);
	rc = sign_request(workload, 1, &world.samples.request, rng, err);
	if (rc)
		return rc;
	fd = rewire_session_out(world.sm[SM_ALPHA], &world.samples.request, err);
	if (fd < 0)
		return fd;
	put_fd(scene, 1, fd, KIND_SESSION);
	return remember(fd, 0, err);
}

static int make_agreement(struct scene *scene, struct rewire_error *err)
{
	struct samples *samples = &world.samples;
	int fd, rc;

	fd = rewire_session_in(world.sm[SM_BETA], &samples->request,
			       samples->message[0], samples->message_length[0],
			       err);
	if (fd < 0)
		return fd;
	put_fd(scene, 2, fd, KIND_SESSION);
	rc = remember(fd, 1, err);
	if (rc)
		return rc;
	return rewire_session_put_message(scene->fd[1], samples->message[1],
					  samples->message_length[1], err);
}

/* A stream of its own, for half of the pages. */
static int make_lane(struct scene *scene, struct rewire_error *err)
{
	int fd = rewire_session_lane(scene->fd[1], 1, 2, err);

	if (fd < 0)
		return fd;
	put_fd(scene, 3, fd, KIND_STREAM);
	return 0;
}

static int make_rounds(struct scene *scene, struct rewire_error *err)
{
	bool rounds;
	__u64 pages;
	int fd, rc = rewire_session_look(scene->fd[1], &pages, err);

	if (rc)
		return rc;
	fd = rewire_session_checkpoint(scene->fd[1], &rounds, err);
	if (fd < 0)
		return fd;
	put_fd(scene, 3, fd, KIND_STREAM);
	return 0;
}

static void keep_open(struct samples *samples)
{
	samples->open_request = samples->request;
	samples->open_offer_length = samples->message_length[0];
	memcpy(samples->open_offer, samples->message[0],
	       samples->open_offer_length);
}

static bool make_migration(struct scene *scene, struct rng *rng)
{
	struct rewire_error err;
	int rc = make_offer(scene, rng, &err);

	if (!rc && scene->stage == STAGE_OFFERED)
		keep_open(&world.samples);
	if (!rc && scene->stage >= STAGE_AGREED)
		rc = make_agreement(scene, &err);
	if (!rc && scene->stage == STAGE_AGREED)
		rc = make_lane(scene, &err);
	if (!rc && scene->stage == STAGE_COPYING)
		rc = make_rounds(scene, &err);
	if (!rc && scene->stage >= STAGE_FROZEN)
		rc = rewire_session_stop(scene->fd[1], PAUSE_MS, &err);
	if (!rc && scene->stage >= STAGE_PREPARED)
		rc = rewire_stream_copy(scene->fd[1], scene->fd[2], NULL, &err);
	if (!rc && scene->stage >= STAGE_PREPARED)
		rc = remember(scene->fd[2], 2, &err);
	return rc ? complain(scene->name, &err) : true;
}

/* ---- updates: old version, update, new version ---- */

enum update_stage {
	STAGE_LOADING,
	STAGE_LOADING_SEALED,
	STAGE_LOADED,
	STAGE_HANDED,
	STAGE_TRIAL,
	STAGE_WELL,	/* it can be switched */
	STAGE_SWITCHED,
	STAGE_ABORTED,
};

static int begin_update(struct scene *scene, bool is_volatile, struct rng *rng,
			struct rewire_error *err)
{
	size_t which = scene->stage == STAGE_LOADING_SEALED ? ORDER_SEALED :
		       rng_percent(rng, 50) ? ORDER_HANDOVER : ORDER_PLAIN;
	struct samples *samples = &world.samples;
	__u8 workload[REWIRE_ID_SIZE];
	int fd = make_stage(STAGE_RUNNING, workload, rng, err);

	if (fd < 0)
		return fd;
	put_fd(scene, 0, fd, KIND_ENCLAVE);
	fd = rewire_update_start(world.sm[SM_ALPHA], &samples->order[which],
				 workload, is_volatile, samples->update_id, err);
	if (fd < 0)
		return fd;
	put_fd(scene, 1, fd, KIND_UPDATE);
	scene->content = &samples->payload[which];
	scene->written = scene->stage > STAGE_LOADING_SEALED ?
			 scene->content->length :
			 rng_below(rng, scene->content->length);
	return rewire_write_all(fd, scene->content->bytes, scene->written, err);
}

static int enter_new_version(struct scene *scene, struct rewire_error *err)
{
	int fd = rewire_update_open_enclave(scene->fd[1], err);

	if (fd < 0)
		return fd;
	put_fd(scene, 2, fd, KIND_ENCLAVE);
	return rewire_enclave_enter(fd, PAUSE_MS, NULL, err);
}

/* A checkpoint that is read to its end, and lost. */
static int seal(const struct scene *scene, __u32 version,
		struct rewire_error *err)
{
	int fd = rewire_update_seal(scene->fd[1], version, err);
	char buffer[65536];
	ssize_t got;

	if (fd < 0)
		return fd;
	do {
		got = read(fd, buffer, sizeof(buffer));
	} while (got > 0);
	close(fd);
	return got ? -EIO : 0;
}

static int pass_trial(struct scene *scene, bool is_volatile,
		      struct rewire_error *err)
{
	int rc = rewire_update_ask_health(scene->fd[1], UPDATE_MS, err);

	if (!rc && !is_volatile)
		rc = seal(scene, REWIRE_VERSION_NEW, err);
	return rc;
}

static int switch_versions(struct scene *scene, struct rewire_error *err)
{
	int fd = rewire_update_make_switch(scene->fd[1], NULL, err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Did the two versions hand over anything? */
static void count_state(int update)
{
	struct rewire_update_info info;

	if (!rewire_update_get_info(update, &info, NULL) && info.state_bytes)
		world.handed_over++;
}

static bool make_update(struct scene *scene, struct rng *rng)
{
	bool is_volatile = rng_percent(rng, 50);
	struct rewire_error err = { 0 };
	int stage = scene->stage, update;
	int rc = begin_update(scene, is_volatile, rng, &err);

	update = scene->fd[1];
	if (!rc && stage >= STAGE_LOADED)
		rc = enter_new_version(scene, &err);
	if (!rc && stage >= STAGE_HANDED)
		rc = rewire_update_hand_over(update, UPDATE_MS, &err);
	if (!rc && stage >= STAGE_HANDED)
		count_state(update);
	if (!rc && stage >= STAGE_HANDED && !is_volatile)
		rc = seal(scene, REWIRE_VERSION_OLD, &err);
	if (!rc && stage >= STAGE_TRIAL)
		rc = rewire_update_enter_trial(update, &err);
	if (!rc && (stage == STAGE_WELL || stage == STAGE_SWITCHED))
		rc = pass_trial(scene, is_volatile, &err);
	if (!rc && stage == STAGE_SWITCHED)
		rc = switch_versions(scene, &err);
	if (!rc && stage == STAGE_ABORTED)
		rc = rewire_update_give_up(update, &err);
	return rc ? complain(scene->name, &err) : true;
}

static struct scene scenes[] = {
	{ .name = "devices", .make = make_devices },
	{ .name = "empty enclave", .make = make_enclave, .stage = STAGE_EMPTY },
	{ .name = "building enclave", .make = make_enclave,
	  .stage = STAGE_BUILDING },
	{ .name = "ready enclave", .make = make_enclave, .stage = STAGE_READY },
	{ .name = "running enclave", .make = make_enclave,
	  .stage = STAGE_RUNNING },
	{ .name = "paused enclave", .make = make_enclave,
	  .stage = STAGE_PAUSED },
	{ .name = "extraction", .make = make_extract },
	{ .name = "reseal, empty", .make = make_reseal, .stage = 0 },
	{ .name = "reseal, part", .make = make_reseal, .stage = 1 },
	{ .name = "reseal, all", .make = make_reseal, .stage = 2 },
	{ .name = "migration, offered", .make = make_migration,
	  .stage = STAGE_OFFERED },
	{ .name = "migration, agreed", .make = make_migration,
	  .stage = STAGE_AGREED },
	{ .name = "migration, copying", .make = make_migration,
	  .stage = STAGE_COPYING },
	{ .name = "migration, frozen", .make = make_migration,
	  .stage = STAGE_FROZEN },
	{ .name = "migration, prepared", .make = make_migration,
	  .stage = STAGE_PREPARED },
	{ .name = "update, loading", .make = make_update,
	  .stage = STAGE_LOADING },
	{ .name = "update, loading what is sealed", .make = make_update,
	  .stage = STAGE_LOADING_SEALED },
	{ .name = "update, loaded", .make = make_update,
	  .stage = STAGE_LOADED },
	{ .name = "update, handed over", .make = make_update,
	  .stage = STAGE_HANDED },
	{ .name = "update, on trial", .make = make_update,
	  .stage = STAGE_TRIAL },
	{ .name = "update, well", .make = make_update,
	  .stage = STAGE_WELL },
	{ .name = "update, switched", .make = make_update,
	  .stage = STAGE_SWITCHED },
	{ .name = "update, aborted", .make = make_update,
	  .stage = STAGE_ABORTED },
};

static bool running(struct rewire_enclave_info *ret_info)
{
	for (size_t i = 0; i < world.scene_count; i++) {
		const struct scene *scene = &scenes[i];

		if (scene->make == make_enclave &&
		    scene->stage == STAGE_RUNNING && scene->made)
			return !rewire_enclave_get_info(scene->fd[0], ret_info,
							NULL);
	}
	return false;
}

bool world_running(uint8_t ret_workload[REWIRE_ID_SIZE])
{
	struct rewire_enclave_info info;

	if (!running(&info))
		return false;
	memcpy(ret_workload, info.workload, REWIRE_ID_SIZE);
	return true;
}

bool world_sign_request(struct rewire_signed *ret_request, struct rng *rng)
{
	struct rewire_enclave_info info;

	return running(&info) &&
	       !sign_request(info.workload, info.epoch, ret_request, rng, NULL);
}

static void relay(int from, int to)
{
	uint8_t message[REWIRE_MAX_MESSAGE];
	size_t length = sizeof(message);

	if (!rewire_session_get_message(from, message, &length, NULL))
		rewire_session_put_message(to, message, length, NULL);
}

/*
 * A READY that was put unspoilt makes the source relinquish, and then only the
 * end of the protocol ends it: START, ACTIVE, RECEIPT; or ABORTED.
 */
static void finish_migration(const struct scene *scene)
{
	for (int i = 0; i < 2; i++) {
		relay(scene->fd[1], scene->fd[2]);
		relay(scene->fd[2], scene->fd[1]);
	}
}

/*
 * Sessions and updates first: an enclave within one cannot be destroyed. The new
 * version of one that is aborted is gone by then.
 */
void scene_drop(struct scene *scene)
{
	struct rewire_session_abort abort = { .size = sizeof(abort) };
	size_t i;

	if (scene->fd[2] >= 0 && scene->kind[2] == KIND_SESSION &&
	    ioctl(scene->fd[1], REWIRE_SESSION_ABORT, &abort))
		finish_migration(scene);
	for (i = 0; i < SCENE_FDS; i++)
		if (scene->fd[i] >= 0 && scene->kind[i] == KIND_SESSION)
			ioctl(scene->fd[i], REWIRE_SESSION_ABORT, &abort);
		else if (scene->fd[i] >= 0 && scene->kind[i] == KIND_UPDATE)
			rewire_update_give_up(scene->fd[i], NULL);
	for (i = SCENE_FDS; i-- > 0;) {
		if (scene->fd[i] < 0)
			continue;
		if (scene->kind[i] == KIND_ENCLAVE)
			rewire_enclave_destroy(scene->fd[i], NULL);
		close(scene->fd[i]);
		scene->fd[i] = -1;
	}
	scene->made = false;
}

/* Undisturbed by the alarm, which ends waits that were asked to be too long. */
static bool scene_make(struct scene *scene, struct rng *rng)
{
	uint64_t start = now_ns();
	sigset_t alarm, old;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &old);
	scene->content = &world.samples.checkpoint;
	scene->written = 0;
	scene->made = scene->make(scene, rng);
	if (!scene->made)
		scene_drop(scene);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	scene->life = 50 + (unsigned int)rng_below(rng, 1000);
	world.making_ns += now_ns() - start;
	return scene->made;
}

bool world_ready(struct scene *scene, struct rng *rng)
{
	static uint64_t started;

	if (!started)
		started = now_ns();
	if (scene->made && scene->life) {
		scene->life--;
		return true;
	}
	/* Making is dear: it may have a third of the time. */
	if (scene->made && 3 * world.making_ns > now_ns() - started)
		return true;
	if (scene->made)
		scene_drop(scene);
	return scene_make(scene, rng);
}

/* ---- the SMs ---- */

/* The last one stays: enclaves are entered in the namespace of their SM. */
static int open_in_new_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET)) {
		perror("# a network namespace");
		return -1;
	}
	fd = open(REWIRE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		perror("# " REWIRE_DEVICE);
	return fd;
}

static bool provision(size_t which, const char *pki, const char *name)
{
	char path[4096], journal[] = "/tmp/rewire-journal.XXXXXX";
	const struct rewire_provision_options options = {
		.memory_limit = MEMORY_LIMIT,
		.flags = REWIRE_PROVISION_UNWITNESSED,
		.journal = journal,
	};
	struct rewire_get_info info;
	struct rewire_error err;

	if (!mkdtemp(journal)) {
		perror("# a folder for the journal");
		return false;
	}
	snprintf(path, sizeof(path), "%s/hosts/%s", pki, name);
	if (rewire_sm_provision(world.sm[which], path, &options, &err) ||
	    rewire_sm_info(world.sm[which], &info, &err))
		return complain(name, &err);
	memcpy(sm_id[which], info.sm, REWIRE_ID_SIZE);
	return true;
}

static bool open_signer(const char *pki, const char *role,
			struct rewire_signer **ret_signer)
{
	char key[4096], certificate[4096];
	struct rewire_error err;

	snprintf(key, sizeof(key), "%s/%s.key", pki, role);
	snprintf(certificate, sizeof(certificate), "%s/%s.crt", pki, role);
	if (rewire_signer_open(key, certificate, NULL, NULL, ret_signer, &err))
		return complain(role, &err);
	return true;
}

static bool sign_image(const char *path)
{
	struct rewire_manifest manifest = { .release = 1, .svn = 1,
					    .max_threads = 1 };
	struct samples *samples = &world.samples;
	struct rewire_image *image = &samples->image;
	struct rewire_error err;

	if (rewire_image_open(path, image, &err) ||
	    rewire_image_measure(image, manifest.measurement, &err))
		return complain(path, &err);
	manifest.software[0] = 0xf2;
	manifest.max_memory = image->memory;
	memcpy(manifest.image_digest, image->digest, REWIRE_DIGEST_SIZE);
	if (rewire_sign_manifest(developer, &manifest, &samples->manifest,
				 &err))
		return complain("manifest", &err);
	manifest.release = 2;
	for (size_t i = 0; i < ORDERS; i++) {
		manifest.attributes = i == ORDER_HANDOVER ?
				      REWIRE_ATTR_STATE_HANDOVER :
				      REWIRE_ATTR_STATE_NONE;
		if (rewire_sign_manifest(developer, &manifest,
					 &samples->next_manifest[i], &err))
			return complain("manifest of an update", &err);
	}
	return true;
}

/* ---- packages: the same image again, as the next release ---- */

static int sign_package(size_t which, const __u8 *key, struct rewire_error *err)
{
	struct samples *samples = &world.samples;
	struct rewire_package package = {
		.from_min = 1, .from_max = 1, .trial_ms = 60000,
		.payload_length = rewire_payload_length(&samples->image, key),
	};
	struct rewire_order *words;
	int rc;

	if (key) {
		package.header.flags = REWIRE_PACKAGE_SEALED |
				       REWIRE_PACKAGE_ROOT;
		memset(package.salt, 0x5a, sizeof(package.salt));
	}
	rc = rewire_order_sign(sds, &package, &samples->next_manifest[which],
			       &words, err);
	if (rc)
		return rc;
	for (size_t i = 0; key && !rc && i < ARRAY_SIZE(root); i++)
		rc = rewire_order_authorise(root[i], words, err);
	samples->order[which].words = *words;
	free(words);
	return rc;
}

static int sign_wrap(const __u8 *key, struct rewire_error *err)
{
	struct rewire_update_order *order = &world.samples.order[ORDER_SEALED];
	__u8 buffer[REWIRE_MAX_SUK];
	size_t length = sizeof(buffer);
	struct rewire_suk suk;
	int rc;

	rc = rewire_sm_suk(world.sm[SM_ALPHA], buffer, &length, err);
	if (!rc)
		rc = rewire_suk_check(buffer, length, platform_path, &suk, err);
	if (!rc)
		rc = rewire_wrap_sign(sds, &order->words, key, &suk,
				      &order->wrap, err);
	return rc;
}

static int record_payload(size_t which, const __u8 *key,
			  struct rewire_error *err)
{
	struct samples *samples = &world.samples;
	struct content *content = &samples->payload[which];
	const struct rewire_payload payload = {
		.package = &samples->order[which].words.package,
		.content = key,
	};
	int fd = memfd_create("payload", MFD_CLOEXEC);
	struct stat status;
	int rc;

	if (fd < 0)
		return -errno;
	rc = rewire_payload_write(&samples->image, &payload, fd, err);
	if (!rc && fstat(fd, &status))
		rc = -errno;
	if (!rc) {
		content->length = (size_t)status.st_size;
		content->bytes = malloc(content->length);
		if (!content->bytes ||
		    pread(fd, content->bytes, content->length, 0) !=
			    status.st_size)
			rc = -EIO;
	}
	close(fd);
	return rc;
}

static bool sign_updates(void)
{
	static const __u8 key[REWIRE_CONTENT_KEY_SIZE] = { 0xcc };
	struct rewire_error err = { 0 };

	if (sign_package(ORDER_PLAIN, NULL, &err) ||
	    record_payload(ORDER_PLAIN, NULL, &err) ||
	    sign_package(ORDER_HANDOVER, NULL, &err) ||
	    record_payload(ORDER_HANDOVER, NULL, &err) ||
	    sign_package(ORDER_SEALED, key, &err) || sign_wrap(key, &err) ||
	    record_payload(ORDER_SEALED, key, &err))
		return complain("packages", &err);
	return true;
}

bool world_sign_trust(void)
{
	static uint64_t version;
	const char *const platform = platform_path;
	struct rewire_bundle bundle = {
		.version = ++version,
		.role = REWIRE_ROLE_PLATFORM,
		.threshold = 1,
	};
	struct rewire_levels levels = {
		.version = version,
		.rules = 1,
		.rule = { { .level = 1 + version % REWIRE_MAX_LEVEL } },
	};
	struct rewire_statement *next;
	struct rewire_error err;

	if (version % 2 ? rewire_trust_levels(&levels, &next, &err) :
			  rewire_trust_bundle(&bundle, &platform, 1, &next,
					      &err))
		return complain("trust", &err);
	if (rewire_trust_sign(root[0], next, &err) ||
	    rewire_trust_sign(root[1], next, &err)) {
		rewire_trust_free(next);
		return complain("signing trust", &err);
	}
	rewire_trust_free(world.samples.trust);
	world.samples.trust = next;
	return true;
}

/* A checkpoint to write to streams ever after. */
static bool record_checkpoint(void)
{
	struct scene scene = { .name = "checkpoint", .fd = { -1, -1, -1 } };
	struct content *content = &world.samples.checkpoint;
	struct rng rng = { .state = 1 };
	ssize_t got = 0;

	content->bytes = malloc(MAX_CHECKPOINT);
	if (!content->bytes)
		return false;
	if (make_extract(&scene, &rng)) {
		do {
			got = read(scene.fd[1], content->bytes +
				   content->length,
				   MAX_CHECKPOINT - content->length);
			if (got > 0)
				content->length += (size_t)got;
		} while (got > 0);
		if (got < 0)
			perror("# reading a checkpoint");
	}
	scene_drop(&scene);
	return got == 0 && content->length;
}

bool world_open(const char *pki, const char *image)
{
	for (size_t i = SMS; i-- > SM_ALPHA;) {
		world.sm[i] = open_in_new_namespace();
		if (world.sm[i] < 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		for (size_t j = 0; j < SCENE_FDS; j++)
			scenes[i].fd[j] = -1;
	world.scenes = scenes;
	world.scene_count = 1;
	if (!pki)
		return true;
	snprintf(platform_path, sizeof(platform_path), "%s/platform.crt", pki);
	if (!provision(SM_ALPHA, pki, "alpha") ||
	    !provision(SM_BETA, pki, "beta") ||
	    !open_signer(pki, "developer", &developer) ||
	    !open_signer(pki, "sds", &sds) ||
	    !open_signer(pki, "root-1", &root[0]) ||
	    !open_signer(pki, "root-2", &root[1]) || !sign_image(image) ||
	    !record_checkpoint() || !sign_updates() || !world_sign_trust())
		return false;
	world.scene_count = ARRAY_SIZE(scenes);
	world.provisioned = true;
	return true;
}

/* What commands that went well left behind, an instance from a stream say. */
static void destroy_rest(int sm)
{
	__u64 ids[256];
	struct rewire_list list = {
		.size = sizeof(list), .count = ARRAY_SIZE(ids),
		.ids = (uintptr_t)ids,
	};
	struct rewire_error err;

	if (ioctl(sm, REWIRE_LIST, &list))
		return;
	for (__u32 i = 0; i < list.count && i < ARRAY_SIZE(ids); i++) {
		int fd = rewire_enclave_open(sm, ids[i], NULL, &err);

		if (fd < 0)
			continue;
		if (rewire_enclave_destroy(fd, &err))
			complain("cleaning up", &err);
		close(fd);
	}
}

void world_close(void)
{
	for (size_t i = 0; i < world.scene_count; i++)
		scene_drop(&world.scenes[i]);
	destroy_rest(world.sm[SM_ALPHA]);
	destroy_rest(world.sm[SM_BETA]);
}
