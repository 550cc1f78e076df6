// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acknowledgements that the SM never gave: by whoever may open a netlink socket,
 * from another namespace, with attributes that make no sense.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <uapi/rewire_netlink.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "events.h"

#define NOBODY		65534
#define FAR_ON		(1ULL << 40)	/* a number that no event here has */

static struct host alpha, beta;
static struct work work;

/* A socket of this thread's namespace, and the family there. */
static struct nl_sock *socket_open(int *family)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock || genl_connect(sock))
		tap_bail("no netlink socket");
	*family = genl_ctrl_resolve(sock, REWIRE_FAMILY_NAME);
	if (*family < 0)
		tap_bail("no family %s", REWIRE_FAMILY_NAME);
	return sock;
}

static struct nl_msg *message_of(int family, int flags, __u8 command)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				 flags, command, REWIRE_FAMILY_VERSION))
		tap_bail("no memory for a message");
	return msg;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *data)
{
	(void)from;
	*(int *)data = -error->error;
	return NL_STOP;
}

static int on_end(struct nl_msg *msg, void *data)
{
	(void)msg;
	*(int *)data = 0;
	return NL_STOP;
}

/* What the kernel answers: 0 or a positive errno. */
static int answer(struct nl_sock *sock, struct nl_msg *msg)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int code = -1;

	if (!cb)
		tap_bail("no memory");
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &code);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, &code);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &code);
	if (nl_send_auto(sock, msg) < 0)
		code = errno;
	while (code < 0 && nl_recvmsgs(sock, cb) >= 0)
		;
	nl_cb_put(cb);
	nlmsg_free(msg);
	return code;
}

static void expect_answer(struct nl_sock *sock, struct nl_msg *msg, int code,
			  const char *what)
{
	int got = answer(sock, msg);

	expect(got == code, "%s: %s", what, got < 0 ? "no answer" :
	       got ? strerrorname_np(got) : "not refused");
}

/* A migration's last word, as a kernel would send it. */
static struct nl_msg *forgery(int family, const __u8 *request)
{
	struct nl_msg *msg = message_of(family, 0, REWIRE_CMD_EVENT_NTF);

	if (nla_put_u64(msg, REWIRE_A_EVENT_SEQUENCE, FAR_ON) ||
	    nla_put_u32(msg, REWIRE_A_EVENT_TYPE, REWIRE_EVENT_TYPE_SESSION) ||
	    nla_put_u32(msg, REWIRE_A_EVENT_TO, REWIRE_SESSION_DESTROYED) ||
	    nla_put(msg, REWIRE_A_EVENT_REQUEST_ID, REWIRE_ID_SIZE, request))
		tap_bail("no room in a message");
	return msg;
}

struct seen {
	const __u8 *request;
	unsigned int events, forged, ours;
};

static void look(const struct rewire_event *event, void *data)
{
	struct seen *seen = data;

	seen->events++;
	seen->forged += event->sequence >= FAR_ON;
	seen->ours += !memcmp(event->request_id, seen->request, REWIRE_ID_SIZE);
}

/* Straight into the socket of who listens, by somebody who may do everything. */
static void sent_to_a_listener(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(to);
	struct rewire_watch *watch;
	struct seen seen = { 0 };
	struct rewire_error error;
	struct carry carry;
	struct nl_sock *sock;
	struct nl_msg *msg;
	int family;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	seen.request = carry.request.body.request.id;
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	host_enter(&alpha);
	if (rewire_watch_open(0, &watch, &error) ||
	    getsockname(rewire_watch_fd(watch), (struct sockaddr *)&to, &length))
		tap_bail("no socket that listens: %s", error.text);
	expect_ok(rewire_watch_read(watch, look, &seen, &error), &error);
	expect(seen.ours == 1, "%u events of the migration", seen.ours);
	sock = socket_open(&family);
	msg = forgery(family, seen.request);
	nl_complete_msg(sock, msg);
	nlmsg_set_dst(msg, &to);
	expect(nl_send(sock, msg) > 0, "it could not even be sent");
	nlmsg_free(msg);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(rewire_watch_read(watch, look, &seen, &error), &error);
	expect(!seen.forged, "a forged event was taken");
	expect(seen.ours == 2, "%u events of the migration, not 2", seen.ours);
	rewire_watch_close(watch);
	nl_socket_free(sock);
	carry_end(&carry);
	expect_counts(&work, &alpha);
}

/* Neither ask, nor listen, nor speak. */
static int unprivileged(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = 1 };
	int family, group, bad = 0;
	struct nl_sock *sock;
	struct nl_msg *msg;

	host_enter(&alpha);
	sock = socket_open(&family);
	group = genl_ctrl_resolve_grp(sock, REWIRE_FAMILY_NAME,
				      REWIRE_MCGRP_EVENTS);
	nl_socket_free(sock);
	/* what matters is who opened the socket */
	if (setgid(NOBODY) || setuid(NOBODY))
		return 99;
	sock = socket_open(&family);
	bad |= answer(sock, message_of(family, NLM_F_DUMP,
				       REWIRE_CMD_EVENT_GET)) != EPERM;
	bad |= (answer(sock, message_of(family, 0, REWIRE_CMD_SM_GET)) !=
		EPERM) << 1;
	bad |= (nl_socket_add_membership(sock, group) >= 0) << 2;
	msg = forgery(family, work.id);
	nl_complete_msg(sock, msg);
	nlmsg_set_dst(msg, &to);
	bad |= (nl_send(sock, msg) >= 0) << 3;
	nlmsg_free(msg);
	nl_socket_free(sock);
	return bad;
}

static void by_nobody(void)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(unprivileged());
	waitpid(pid, &status, 0);
	expect(WIFEXITED(status) && !WEXITSTATUS(status),
	       "bits of what was not refused: %#x", WEXITSTATUS(status));
}

/* A family that is everywhere, and an SM that is not. */
static void from_another_namespace(void)
{
	struct seen seen = { 0 };
	struct rewire_watch *watch;
	struct rewire_error error;
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	seen.request = carry.request.body.request.id;
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	carry_end(&carry);
	host_enter(&beta);
	expect_ok(rewire_watch_open(1, &watch, &error), &error);
	expect_ok(rewire_watch_read(watch, look, &seen, &error), &error);
	rewire_watch_close(watch);
	expect(!seen.ours, "%u events of alpha are seen at beta", seen.ours);
	expect_counts(&work, &alpha);
}

static void malformed(void)
{
	struct nl_sock *sock;
	struct nl_msg *msg;
	int family;

	host_enter(&alpha);
	sock = socket_open(&family);
	expect_answer(sock, message_of(family, 0, REWIRE_CMD_SM_GET), 0,
		      "the right one");
	/* what the SM says is nothing that it is told */
	expect_answer(sock, forgery(family, work.id), EOPNOTSUPP,
		      "a notification as a request");
	expect_answer(sock, message_of(family, 0, REWIRE_CMD_MAX + 1),
		      EOPNOTSUPP, "a command that is not there");
	for (int length = 0; length < 12; length++) {
		static const __u8 zeros[12];

		if (length == 8)
			continue;
		msg = message_of(family, NLM_F_DUMP, REWIRE_CMD_EVENT_GET);
		nla_put(msg, REWIRE_A_EVENT_SINCE, length, zeros);
		expect_answer(sock, msg, EINVAL, "a number of odd length");
	}
	for (int type = 1; type <= REWIRE_A_SM_MAX + 1; type++) {
		msg = message_of(family, 0, REWIRE_CMD_SM_GET);
		nla_put_u32(msg, type, 1);
		expect_answer(sock, msg, EINVAL, "an attribute for sm-get");
	}
	msg = message_of(family, 0, REWIRE_CMD_SM_GET);
	nla_put_u64(msg, REWIRE_A_SM_MAX + 40, 1);
	expect_answer(sock, msg, EINVAL, "an attribute that is not there");
	nl_socket_free(sock);
	expect_counts(&work, &alpha);
}

static const struct test_case cases[] = {
	{ "attack_39_sent_to_a_listener", sent_to_a_listener },
	{ "attack_39_by_an_unprivileged_user", by_nobody },
	{ "attack_39_from_another_namespace", from_another_namespace },
	{ "attack_39_malformed", malformed },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
