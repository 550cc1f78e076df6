// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a helper: it stops itself, as SIGSTOP does, right before one of
 * its commands about an update, so that a test can look, kill it or cut the power
 * there. The file that REWIRE_STOP names has the command's name; it is removed
 * when that was done.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <uapi/rewire_update.h>

static const struct {
	unsigned long request;
	const char *name;
} commands[] = {
	{ REWIRE_UPDATE_HANDOVER, "handover" },
	{ REWIRE_UPDATE_CHECKPOINT, "checkpoint" },
	{ REWIRE_UPDATE_BEGIN_TRIAL, "trial" },
	{ REWIRE_UPDATE_HEALTH, "health" },
	{ REWIRE_UPDATE_SWITCH, "switch" },
	{ REWIRE_UPDATE_RECEIPT, "receipt" },
};

static void stop_before(const char *name)
{
	const char *path = getenv("REWIRE_STOP");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char wanted[32] = "";

	if (fd < 0)
		return;
	if (read(fd, wanted, sizeof(wanted) - 1) > 0)
		wanted[strcspn(wanted, "\n")] = '\0';
	close(fd);
	/* To this thread: another one would take it while this one goes on. */
	if (!strcmp(wanted, name) && !unlink(path))
		raise(SIGSTOP);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list more;
	void *argument;

	va_start(more, request);
	argument = va_arg(more, void *);
	va_end(more);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].request == request)
			stop_before(commands[i].name);
	return syscall(SYS_ioctl, fd, request, argument);
}
