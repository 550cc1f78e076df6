// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 61: the launcher fills its low descriptors with a character device in
 * userspace (CUSE), whose ioctl may read any memory of its caller.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#define FUSE_USE_VERSION 31
#include <cuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_opt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "victim.h"

#define NAME		"rewire-attack-61"
#define PATH		"/dev/" NAME
#define DESCRIPTORS	32

/* What the device's process saw. */
static struct seen {
	int ready;
	int opens;
	int uses;
	int stolen;
} *seen;

/* ---- the device ---- */

static void on_ready(void *data)
{
	(void)data;
	seen->ready = 1;
}

static void on_open(fuse_req_t request, struct fuse_file_info *file)
{
	seen->opens++;
	fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, size_t size, off_t offset,
		    struct fuse_file_info *file)
{
	(void)size, (void)offset, (void)file;
	seen->uses++;
	fuse_reply_buf(request, "", 1);
}

static void on_write(fuse_req_t request, const char *bytes, size_t size,
		     off_t offset, struct fuse_file_info *file)
{
	(void)bytes, (void)offset, (void)file;
	seen->uses++;
	fuse_reply_write(request, size);
}

/* The first time we say what we want of the caller's memory, then we get it. */
static void on_ioctl(fuse_req_t request, int command, void *argument,
		     struct fuse_file_info *file, unsigned int flags,
		     const void *in, size_t in_size, size_t out_size)
{
	const struct iovec want = { (void *)(uintptr_t)secret_address, PAGE };

	(void)command, (void)argument, (void)file, (void)flags, (void)out_size;
	seen->uses++;
	if (!in_size) {
		fuse_reply_ioctl_retry(request, &want, 1, NULL, 0);
		return;
	}
	seen->stolen += has_secret(in, in_size);
	fuse_reply_ioctl(request, 0, NULL, 0);
}

static int run_device(void)
{
	static const struct cuse_lowlevel_ops operations = {
		.init_done = on_ready,
		.open = on_open,
		.read = on_read,
		.write = on_write,
		.ioctl = on_ioctl,
	};
	const char *name = "DEVNAME=" NAME;
	const struct cuse_info info = {
		.dev_info_argc = 1,
		.dev_info_argv = &name,
		.flags = CUSE_UNRESTRICTED_IOCTL,
	};
	char *argv[] = { (char *)NAME, (char *)"-f", (char *)"-s", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return cuse_lowlevel_main(3, argv, &info, &operations, NULL);
}

static pid_t start_device(void)
{
	pid_t child = fork();

	if (!child)
		_exit(run_device());
	for (int i = 0; i < 1000 && !(seen->ready && !access(PATH, F_OK)); i++)
		usleep(10000);
	if (!seen->ready)
		tap_bail("the CUSE device did not start");
	return child;
}

/* ---- its users ---- */

static int fill_descriptors(void *data)
{
	int fd = open(PATH, O_RDWR);

	(void)data;
	if (fd < 0)
		return errno;
	for (int n = 0; n < DESCRIPTORS; n++)
		if (n != fd && fcntl(n, F_GETFD) < 0 && dup2(fd, n) < 0)
			return errno;
	return dup2(fd, 0) < 0 || dup2(fd, 3) < 0 ? errno : 0;
}

static int use_descriptor(void *data)
{
	int error = map_decoy(NULL);

	error = error ? error : fill_descriptors(data);
	if (!error)
		ioctl(0, 0x4242, 0);
	return error;
}

static void control(void)
{
	struct victim victim;

	bystander_start(&victim, use_descriptor, NULL);
	tap_ok(seen->stolen == 1,
	       "the device reads the memory of an ordinary caller");
	bystander_end(&victim);
}

static void attack(void)
{
	struct victim victim;
	int error, opens = seen->opens, uses, good = 0;

	victim_create(&victim);
	error = victim_enter(&victim, fill_descriptors, NULL);
	tap_ok(!error && seen->opens == opens + 1,
	       "a launcher full of such descriptors enters");
	uses = seen->uses;
	for (int i = 0; i < 20; i++)
		good += victim_intact(&victim);
	tap_ok(good == 20 && victim_pauses(&victim), "the enclave works");
	tap_ok(seen->uses == uses && seen->stolen == 1,
	       "and never touches one of them");
	victim_end(&victim);
}

int main(void)
{
	pid_t device;

	victim_setup();
	if (access("/dev/cuse", R_OK | W_OK)) {
		tap_skip("CUSE descriptors", "no /dev/cuse");
		return tap_done();
	}
	seen = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	if (seen == MAP_FAILED)
		tap_bail("mmap: %s", strerror(errno));
	device = start_device();
	control();
	attack();
	kill(device, SIGTERM);
	waitpid(device, NULL, 0);
	return tap_done();
}
