// SPDX-License-Identifier: GPL-2.0-only
/*
 * A helper that answers its own page faults, and lets the SM wait for them in the
 * middle of a read, a write, a message: the source can be given up all the same.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"

#define PAGE	4096

static struct host alpha, beta;
static struct work work;

/**
 * struct slow - memory that is not there until somebody says so
 * @faults: userfaultfd of it
 * @page: the memory
 * @enough: eventfd: it may come
 * @late: nobody said so in time, and it came
 * @use: what waits for it
 * @session: on this
 * @threads: that which waits, and that which lets it come
 * @ret: what came of that
 * @error: its errno
 * @first: what then stands at the start of the memory
 */
struct slow {
	int faults;
	void *page;
	int enough;
	bool late;
	ssize_t (*use)(int session, void *page);
	int session;
	pthread_t threads[2];
	ssize_t ret;
	int error;
	__u32 first;
};

static void slow_open(struct slow *slow)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	slow->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)slow->page;
	range.range.len = PAGE;
	slow->enough = eventfd(0, EFD_CLOEXEC);
	slow->faults = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (slow->page == MAP_FAILED || slow->enough < 0 || slow->faults < 0 ||
	    ioctl(slow->faults, UFFDIO_API, &api) ||
	    ioctl(slow->faults, UFFDIO_REGISTER, &range))
		tap_bail("userfaultfd: %s", strerror(errno));
}

static void *user(void *data)
{
	struct slow *slow = data;

	slow->ret = slow->use(slow->session, slow->page);
	slow->error = errno;
	if (slow->ret > 0)
		slow->first = *(__u32 *)slow->page;
	return NULL;
}

/* Lets the memory come at last, or nobody would ever get on. */
static void *pager(void *data)
{
	struct slow *slow = data;
	struct pollfd enough = { .fd = slow->enough, .events = POLLIN };
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)slow->page, PAGE },
	};

	slow->late = poll(&enough, 1, PATIENCE_MS) != 1;
	ioctl(slow->faults, UFFDIO_ZEROPAGE, &zero);
	return NULL;
}

/* @session waits for memory when this returns. */
static void slow_start(struct slow *slow, int session,
		       ssize_t (*use)(int session, void *page))
{
	struct pollfd fault = { .events = POLLIN };

	*slow = (struct slow){ .use = use, .session = session };
	slow_open(slow);
	fault.fd = slow->faults;
	pthread_create(&slow->threads[0], NULL, user, slow);
	pthread_create(&slow->threads[1], NULL, pager, slow);
	expect(poll(&fault, 1, PATIENCE_MS) == 1, "the memory is not touched");
}

static void slow_end(struct slow *slow)
{
	eventfd_write(slow->enough, 1);
	pthread_join(slow->threads[0], NULL);
	pthread_join(slow->threads[1], NULL);
	expect(!slow->late, "the memory was waited for");
	close(slow->faults);
	close(slow->enough);
	munmap(slow->page, PAGE);
}

static ssize_t read_page(int session, void *page)
{
	return read(session, page, PAGE);
}

static ssize_t write_page(int session, void *page)
{
	return write(session, page, PAGE);
}

static ssize_t get_message(int session, void *page)
{
	struct rewire_session_get get = {
		.size = sizeof(get), .length = PAGE,
		.buffer = (uintptr_t)page,
	};

	return ioctl(session, REWIRE_SESSION_GET, &get);
}

static void begin(struct carry *carry, enum step last)
{
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, last), &carry->error);
}

/* While something waits in @session, which is one of @carry's. */
static void give_up(struct carry *carry, struct slow *slow)
{
	expect_ok(carry_abort(carry, slow->session), &carry->error);
	slow_end(slow);
	if (slow->session == carry->out)
		expect_aborted(carry, carry->out);
	else
		expect_ok(carry_abort(carry, carry->out), &carry->error);
	carry_end(carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

static void reading(void)
{
	struct carry carry;
	struct slow slow;

	begin(&carry, STEP_FREEZE);
	slow_start(&slow, carry.out, read_page);
	give_up(&carry, &slow);
	expect(slow.ret == -1 && slow.error == EBADFD,
	       "the read had %zd, errno %d", slow.ret, slow.error);
}

static void writing(void)
{
	struct carry carry;
	struct slow slow;

	begin(&carry, STEP_READ);
	slow_start(&slow, carry.in, write_page);
	give_up(&carry, &slow);
	expect(slow.ret == -1 && slow.error == EBADFD,
	       "the write had %zd, errno %d", slow.ret, slow.error);
}

static void asking(void)
{
	struct carry carry;
	struct slow slow;

	begin(&carry, STEP_FREEZE);
	slow_start(&slow, carry.out, get_message);
	give_up(&carry, &slow);
	expect(!slow.ret, "GET had errno %d", slow.error);
}

/* The bytes are the stream's from its start, as if nothing had been. */
static void late_but_there(void)
{
	struct carry carry;
	struct slow slow;

	begin(&carry, STEP_FREEZE);
	slow_start(&slow, carry.out, read_page);
	slow_end(&slow);
	expect(slow.ret > 0 && slow.first == REWIRE_MAGIC,
	       "the read had %zd, errno %d, and %#x first", slow.ret,
	       slow.error, slow.first);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "given up while a read waits for memory", reading },
	{ "given up while a write waits for memory", writing },
	{ "given up while a message waits for memory", asking },
	{ "a read of memory that comes late", late_but_there },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
