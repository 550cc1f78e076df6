// SPDX-License-Identifier: MIT
/*
 * The Security Monitor's own file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "rewire.h"

int rewire_sm_open(struct rewire_error *err)
{
	int fd = open(REWIRE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return rewire_fail(err, errno, "%s: %s; load the module: modprobe rewire",
				   REWIRE_DEVICE, strerror(errno));
	case EACCES:
		return rewire_fail(err, errno, "%s: %s; run as root, or give your group access to it",
				   REWIRE_DEVICE, strerror(errno));
	default:
		return rewire_fail(err, errno, "%s: %s", REWIRE_DEVICE,
				   strerror(errno));
	}
}

int rewire_sm_info(int sm, struct rewire_get_info *ret_info,
		   struct rewire_error *err)
{
	struct rewire_get_info info = { .size = sizeof(info) };

	if (ioctl(sm, REWIRE_GET_INFO, &info))
		return rewire_fail_ioctl(err, sm, errno, "asking the SM");
	*ret_info = info;
	return 0;
}

int rewire_sm_list(int sm, __u64 **ret_ids, size_t *ret_count,
		   struct rewire_error *err)
{
	__u32 room = 32;

	for (;;) {
		struct rewire_list list = { .size = sizeof(list), .count = room };
		__u64 *ids = calloc(room, sizeof(*ids));

		if (!ids)
			return rewire_fail(err, ENOMEM, "listing enclaves: no memory");
		list.ids = (uintptr_t)ids;
		if (ioctl(sm, REWIRE_LIST, &list)) {
			int code = errno;

			free(ids);
			return rewire_fail_ioctl(err, sm, code, "listing enclaves");
		}
		if (list.count <= room) {
			*ret_ids = ids;
			*ret_count = list.count;
			return 0;
		}
		free(ids);
		/* Some more, should others be created meanwhile. */
		room = list.count + 32;
	}
}
