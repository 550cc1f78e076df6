// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 59: io_uring, AIO, userfaultfd, vhost and KVM, armed on the address
 * space that the launcher had.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "old.h"
#include "tap.h"

struct launch {
	const struct old *old;
	int socket;
};

static int launch(void *data)
{
	const struct launch *launch = data;
	int error = map_decoy(NULL);

	return error ? error : launch->old->prepare(launch->socket);
}

static bool guard_changed(pid_t pid)
{
	unsigned char bytes[4 * PAGE];
	struct iovec local = { bytes, sizeof(bytes) };
	struct iovec remote = { old_guard(0), sizeof(bytes) };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0 &&
	       memchr(bytes, OLD_CHANGED, sizeof(bytes));
}

static void drain(int socket)
{
	char byte;

	/* Descriptors that nobody took are closed with their messages. */
	while (recv(socket, &byte, 1, MSG_DONTWAIT) > 0)
		;
}

static void attack(const struct old *old)
{
	struct launch launcher = { .old = old };
	const char *missing = old->missing();
	struct victim victim;
	int channel[2], error, acted;

	if (missing) {
		tap_skip(old->name, "%s", missing);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel))
		tap_bail("socketpair: %s", strerror(errno));
	launcher.socket = channel[1];

	bystander_start(&victim, launch, &launcher);
	acted = old->fire(channel[0], victim.pid);
	tap_ok(acted == 1 || guard_changed(victim.pid),
	       "%s reaches an ordinary process", old->name);
	bystander_end(&victim);
	drain(channel[0]);

	victim_create(&victim);
	error = victim_enter(&victim, launch, &launcher);
	if (tap_ok(!error, "%s: a launcher with it armed enters", old->name)) {
		acted = old->fire(channel[0], victim.pid);
		tap_ok(acted != 1, "%s: nothing comes of it", old->name);
		tap_ok(victim_intact(&victim) && victim_pauses(&victim),
		       "%s: the enclave is as it was", old->name);
	} else {
		tap_note("%s", strerror(error));
	}
	victim_end(&victim);
	close(channel[0]);
	close(channel[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	victim_setup();
	attack(&old_uring);
	attack(&old_sqpoll);
	attack(&old_aio);
	attack(&old_userfaultfd);
	attack(&old_vhost);
	attack(&old_kvm);
	return tap_done();
}
