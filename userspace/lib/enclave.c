// SPDX-License-Identifier: MIT
/*
 * Commands on an enclave's file.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rewire.h"

static int add_segment(int enclave, const struct rewire_segment *segment,
		       struct rewire_error *err)
{
	struct rewire_add_pages add = {
		.size = sizeof(add),
		.flags = segment->data ? 0 : REWIRE_ADD_ZERO,
		.offset = segment->offset,
		.length = segment->length,
		.source = (uintptr_t)segment->data,
		.prot = segment->prot,
	};

	if (ioctl(enclave, REWIRE_ADD_PAGES, &add))
		return rewire_fail_ioctl(err, enclave, errno,
					 "loading the image");
	return 0;
}

int rewire_enclave_create(int sm, const struct rewire_image *image,
			  __u64 *ret_id, struct rewire_error *err)
{
	struct rewire_create create = {
		.size = sizeof(create),
		.layout = image->layout,
	};
	int rc;

	if (ioctl(sm, REWIRE_CREATE, &create))
		return rewire_fail_ioctl(err, sm, errno, "creating an enclave");
	for (size_t i = 0; i < image->count; i++) {
		rc = add_segment(create.fd, &image->segments[i], err);
		if (rc) {
			close(create.fd);
			return rc;
		}
	}
	if (ret_id)
		*ret_id = create.id;
	return create.fd;
}

int rewire_enclave_init(int enclave, const struct rewire_signed *manifest,
			const __u8 workload[REWIRE_ID_SIZE], __u64 *ret_epoch,
			struct rewire_error *err)
{
	struct rewire_init init = {
		.size = sizeof(init),
		.manifest = (uintptr_t)&manifest->body.manifest,
		.signature = (uintptr_t)manifest->signature,
		.signature_length = (__u32)manifest->signature_length,
	};

	memcpy(init.workload, workload, sizeof(init.workload));
	if (ioctl(enclave, REWIRE_INIT, &init))
		return rewire_fail_ioctl(err, enclave, errno,
					 "checking the image against its manifest");
	if (ret_epoch)
		*ret_epoch = init.epoch;
	return 0;
}

int rewire_enclave_open(int sm, __u64 id, const __u8 workload[REWIRE_ID_SIZE],
			struct rewire_error *err)
{
	struct rewire_open_enclave open = { .size = sizeof(open), .id = id };

	if (!id)
		memcpy(open.workload, workload, sizeof(open.workload));
	if (ioctl(sm, REWIRE_OPEN_ENCLAVE, &open))
		return rewire_fail_ioctl(err, sm, errno, "opening the enclave");
	return open.fd;
}

int rewire_enclave_get_info(int enclave, struct rewire_enclave_info *ret_info,
			    struct rewire_error *err)
{
	struct rewire_enclave_info info = { .size = sizeof(info) };

	if (ioctl(enclave, REWIRE_ENCLAVE_INFO, &info))
		return rewire_fail_ioctl(err, enclave, errno,
					 "asking for the enclave's state");
	*ret_info = info;
	return 0;
}

int rewire_enclave_pause(int enclave, unsigned int timeout_ms,
			 struct rewire_error *err)
{
	struct rewire_pause pause = {
		.size = sizeof(pause),
		.timeout_ms = timeout_ms,
	};

	if (ioctl(enclave, REWIRE_PAUSE, &pause))
		return rewire_fail_ioctl(err, enclave, errno,
					 "pausing the enclave");
	return 0;
}

int rewire_enclave_resume(int enclave, struct rewire_error *err)
{
	struct rewire_resume resume = { .size = sizeof(resume) };

	if (!ioctl(enclave, REWIRE_RESUME, &resume))
		return 0;
	if (errno == ESRCH)
		return rewire_enclave_enter(enclave, 0, NULL, err);
	return rewire_fail_ioctl(err, enclave, errno, "resuming the enclave");
}

int rewire_enclave_destroy(int enclave, struct rewire_error *err)
{
	struct rewire_destroy destroy = { .size = sizeof(destroy) };

	if (ioctl(enclave, REWIRE_DESTROY, &destroy))
		return rewire_fail_ioctl(err, enclave, errno,
					 "destroying the enclave");
	return 0;
}

int rewire_enclave_extract(int enclave, struct rewire_error *err)
{
	struct rewire_extract extract = { .size = sizeof(extract) };

	if (ioctl(enclave, REWIRE_EXTRACT, &extract))
		return rewire_fail_ioctl(err, enclave, errno,
					 "extracting the enclave");
	return extract.fd;
}

int rewire_enclave_call(int enclave, struct rewire_call *call,
			struct rewire_error *err)
{
	call->size = sizeof(*call);
	if (ioctl(enclave, REWIRE_CALL, call))
		return rewire_fail_ioctl(err, enclave, errno,
					 "calling the enclave");
	return 0;
}
