// SPDX-License-Identifier: MIT
/*
 * Sealed checkpoints: kept before a migration is decided, used after a crash.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "log.h"
#include "witness.h"

#define COPY_BUFFER	(256 * 1024)

int checkpoint_copy(int from, int to, const atomic_bool *cancel,
		    struct rewire_error *err)
{
	__u8 *buffer = malloc(COPY_BUFFER);
	ssize_t n = 0;
	int ret = 0;

	if (!buffer)
		return rewire_fail(err, ENOMEM, "no memory for a checkpoint");
	while (!ret) {
		if (cancel && atomic_load(cancel)) {
			ret = rewire_fail(err, ECANCELED,
					  "nobody needs the checkpoint any more");
			break;
		}
		n = read(from, buffer, COPY_BUFFER);
		if (!n)
			break;
		if (n > 0) {
			ret = rewire_write_all(to, buffer, (size_t)n, err);
		} else if (errno != EINTR) {
			ret = rewire_fail_ioctl(err, from, errno,
						"reading the enclave's state");
		}
	}
	free(buffer);
	return ret;
}

int checkpoint_save(const struct store *store,
		    const __u8 workload[REWIRE_ID_SIZE], int stream,
		    struct rewire_error *err)
{
	struct rewire_output out;
	char path[STORE_PATH];
	int ret;

	store_checkpoint_path(store, workload, path);
	ret = rewire_output_open(&out, path, 0600, err);
	if (ret)
		return ret;
	ret = checkpoint_copy(stream, out.fd, NULL, err);
	if (ret) {
		rewire_output_discard(&out);
		return ret;
	}
	return rewire_output_commit(&out, err);
}

enum kept checkpoint_find(const struct store *store,
			  const struct record *record)
{
	struct rewire_stream_header header;
	char path[STORE_PATH];
	ssize_t n;
	int fd;

	store_checkpoint_path(store, record->workload, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return KEPT_NONE;
	n = read(fd, &header, sizeof(header));
	close(fd);
	if (n != sizeof(header) || header.header.type != REWIRE_TYPE_STREAM ||
	    memcmp(header.request_id, record->request_id, REWIRE_ID_SIZE))
		return KEPT_NONE;
	return KEPT_MINE;
}

void checkpoint_drop(const struct store *store, const struct record *record)
{
	char path[STORE_PATH];

	if (checkpoint_find(store, record) != KEPT_MINE)
		return;
	store_checkpoint_path(store, record->workload, path);
	if (unlink(path) && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
}

static int open_kept(const struct store *store, const struct record *record,
		     struct rewire_error *err)
{
	char path[STORE_PATH];
	int fd;

	store_checkpoint_path(store, record->workload, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	return fd;
}

int checkpoint_reload(const struct store *store, const struct record *record,
		      int session, struct rewire_error *err)
{
	struct rewire_session_info info;
	int ret, fd = open_kept(store, record, err);

	if (fd < 0)
		return fd;
	ret = rewire_stream_copy(fd, session, NULL, err);
	close(fd);
	if (!ret)
		ret = rewire_session_get_info(session, &info, err);
	if (!ret && !info.enclave)
		ret = rewire_fail(err, EBADMSG,
				  "the kept checkpoint ends before its END record");
	return ret;
}

int checkpoint_restore_from(int fd, struct rewire_error *err)
{
	int sm, stream, enclave = -1, ret;

	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	stream = rewire_reseal_open(sm, err);
	close(sm);
	if (stream < 0)
		return stream;
	ret = rewire_stream_copy(fd, stream, NULL, err);
	if (!ret)
		ret = enclave = rewire_stream_make_live(stream, NULL, NULL,
							err);
	close(stream);
	if (enclave >= 0) {
		close(enclave);
		ret = 0;
	}
	return ret;
}

int checkpoint_restore(const struct store *store, const struct record *record,
		       struct rewire_error *err)
{
	int ret, fd = open_kept(store, record, err);

	if (fd < 0)
		return fd;
	ret = checkpoint_restore_from(fd, err);
	close(fd);
	return ret;
}

static int open_workload(const __u8 workload[REWIRE_ID_SIZE],
			 struct rewire_error *err)
{
	int enclave, sm = rewire_sm_open(err);

	if (sm < 0)
		return sm;
	enclave = rewire_enclave_open(sm, 0, workload, err);
	close(sm);
	return enclave;
}

int workload_look(const __u8 workload[REWIRE_ID_SIZE], enum image *ret_image,
		  struct rewire_error *err)
{
	struct rewire_enclave_info info;
	int ret, enclave = open_workload(workload, err);

	if (enclave == -ENOENT || enclave == -EREMCHG) {
		*ret_image = enclave == -ENOENT ? IMAGE_NONE : IMAGE_AWAY;
		return 0;
	}
	if (enclave < 0)
		return enclave;
	ret = rewire_enclave_get_info(enclave, &info, err);
	close(enclave);
	if (ret)
		return ret;
	*ret_image = info.state == REWIRE_ENCLAVE_PAUSED && !info.pid ?
		     IMAGE_IDLE : IMAGE_RUNS;
	return 0;
}

int workload_enter(struct helper *helper, const __u8 workload[REWIRE_ID_SIZE],
		   struct rewire_error *err)
{
	char id[REWIRE_ID_TEXT];
	int ret, enclave = open_workload(workload, err);
	pid_t pid;

	if (enclave < 0)
		return enclave;
	ret = rewire_enclave_enter(enclave, 0, &pid, err);
	if (witness_helps(helper, ret, err))
		ret = rewire_enclave_enter(enclave, 0, &pid, err);
	close(enclave);
	if (!ret)
		log_notice("workload %s runs as process %d",
			   rewire_id_format(workload, id), (int)pid);
	return ret;
}
