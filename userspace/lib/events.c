// SPDX-License-Identifier: MIT
/*
 * Two sockets, as one can't tell answers from notifications that overtake them:
 * one asks for the log and waits for the answer, the other listens and never
 * waits.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "events.h"
#include "rewire_update.h"

/* A few hundred notifications; more is what the log is for. */
#define RECEIVE_BUFFER	(256 * 1024)

struct rewire_watch {
	struct nl_sock *ask;
	struct nl_sock *listen;
	int family;
	__u64 next;
	bool caught_up;
	/* during rewire_watch_read() */
	rewire_event_fn *event;
	void *data;
	int result;
};

static struct nla_policy event_policy[REWIRE_A_EVENT_MAX + 1] = {
	[REWIRE_A_EVENT_SEQUENCE] = { .type = NLA_U64 },
	[REWIRE_A_EVENT_TIME_BOOT] = { .type = NLA_U64 },
	[REWIRE_A_EVENT_TIME_REAL] = { .type = NLA_U64 },
	[REWIRE_A_EVENT_TYPE] = { .type = NLA_U32 },
	[REWIRE_A_EVENT_SIDE] = { .type = NLA_U32 },
	[REWIRE_A_EVENT_FROM] = { .type = NLA_U32 },
	[REWIRE_A_EVENT_TO] = { .type = NLA_U32 },
	[REWIRE_A_EVENT_ENCLAVE] = { .type = NLA_U64 },
	[REWIRE_A_EVENT_EPOCH] = { .type = NLA_U64 },
	[REWIRE_A_EVENT_WORKLOAD] = { .minlen = REWIRE_ID_SIZE,
				      .maxlen = REWIRE_ID_SIZE },
	[REWIRE_A_EVENT_REQUEST_ID] = { .minlen = REWIRE_ID_SIZE,
					.maxlen = REWIRE_ID_SIZE },
	[REWIRE_A_EVENT_PEER] = { .minlen = REWIRE_ID_SIZE,
				  .maxlen = REWIRE_ID_SIZE },
	[REWIRE_A_EVENT_REASON] = { .type = NLA_NUL_STRING,
				    .maxlen = REWIRE_REASON_MAX + 1 },
};

const char *rewire_event_type_name(__u32 type)
{
	switch (type) {
	case REWIRE_EVENT_TYPE_ENCLAVE:
		return "enclave";
	case REWIRE_EVENT_TYPE_SESSION:
		return "session";
	case REWIRE_EVENT_TYPE_ATTACK:
		return "attack";
	case REWIRE_EVENT_TYPE_REFUSED:
		return "refused";
	case REWIRE_EVENT_TYPE_JOURNAL:
		return "journal";
	case REWIRE_EVENT_TYPE_UPDATE:
		return "update";
	case REWIRE_EVENT_TYPE_TRUST:
		return "trust";
	default:
		return "unknown";
	}
}

const char *rewire_event_state_name(const struct rewire_event *event,
				    __u32 state)
{
	switch (event->type) {
	case REWIRE_EVENT_TYPE_ENCLAVE:
		return rewire_enclave_state_name(state);
	case REWIRE_EVENT_TYPE_SESSION:
		return rewire_session_state_name(state);
	case REWIRE_EVENT_TYPE_UPDATE:
		return rewire_update_state_name(state);
	default:
		return NULL;
	}
}

/* libnl has errors of its own, for which it keeps no errno. */
static int fail_nl(struct rewire_error *err, int nl_error, const char *what)
{
	switch (abs(nl_error)) {
	case NLE_OBJ_NOTFOUND:
		return rewire_fail(err, ENODEV,
				   "%s: the kernel has no netlink family \"%s\"; load the module (insmod rewire.ko)",
				   what, REWIRE_FAMILY_NAME);
	case NLE_PERM:
	case NLE_NOACCESS:
		return rewire_fail(err, EPERM,
				   "%s: not allowed; it needs CAP_NET_ADMIN (root)",
				   what);
	case NLE_NOMEM:
		return rewire_fail(err, ENOMEM, "%s: out of memory", what);
	default:
		return rewire_fail(err, EIO, "%s: %s", what,
				   nl_geterror(nl_error));
	}
}

static __u32 get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static __u64 get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static void get_id(struct nlattr *attr, __u8 id[REWIRE_ID_SIZE])
{
	if (attr)
		memcpy(id, nla_data(attr), REWIRE_ID_SIZE);
}

/* Whether @msg is an event of the kernel's, and which. */
static bool parse(struct nl_msg *msg, struct rewire_event *event)
{
	struct nlattr *attr[REWIRE_A_EVENT_MAX + 1];
	struct genlmsghdr *header = genlmsg_hdr(nlmsg_hdr(msg));

	if (nlmsg_get_src(msg)->nl_pid != 0)
		return false;
	if (header->cmd != REWIRE_CMD_EVENT_GET &&
	    header->cmd != REWIRE_CMD_EVENT_NTF)
		return false;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, attr, REWIRE_A_EVENT_MAX,
			  event_policy) < 0)
		return false;

	memset(event, 0, sizeof(*event));
	event->sequence = get_u64(attr[REWIRE_A_EVENT_SEQUENCE]);
	event->time_boot = get_u64(attr[REWIRE_A_EVENT_TIME_BOOT]);
	event->time_real = get_u64(attr[REWIRE_A_EVENT_TIME_REAL]);
	event->type = get_u32(attr[REWIRE_A_EVENT_TYPE]);
	event->side = get_u32(attr[REWIRE_A_EVENT_SIDE]);
	event->from = get_u32(attr[REWIRE_A_EVENT_FROM]);
	event->to = get_u32(attr[REWIRE_A_EVENT_TO]);
	event->enclave = get_u64(attr[REWIRE_A_EVENT_ENCLAVE]);
	event->epoch = get_u64(attr[REWIRE_A_EVENT_EPOCH]);
	get_id(attr[REWIRE_A_EVENT_WORKLOAD], event->workload);
	get_id(attr[REWIRE_A_EVENT_REQUEST_ID], event->request_id);
	get_id(attr[REWIRE_A_EVENT_PEER], event->peer);
	if (attr[REWIRE_A_EVENT_REASON])
		nla_strlcpy(event->reason, attr[REWIRE_A_EVENT_REASON],
			    sizeof(event->reason));
	return event->sequence != 0;
}

static void deliver(struct rewire_watch *watch, const struct rewire_event *event)
{
	if (event->sequence < watch->next)
		return;
	watch->next = event->sequence + 1;
	watch->event(event, watch->data);
}

static int on_log(struct nl_msg *msg, void *arg)
{
	struct rewire_event event;

	if (parse(msg, &event))
		deliver(arg, &event);
	return NL_OK;
}

/* Everything that the SM's log has from the next event on. */
static int read_log(struct rewire_watch *watch)
{
	struct nl_msg *msg = nlmsg_alloc();
	int ret = -NLE_NOMEM;

	if (!msg)
		return ret;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, watch->family, 0,
			 NLM_F_DUMP, REWIRE_CMD_EVENT_GET,
			 REWIRE_FAMILY_VERSION) ||
	    nla_put_u64(msg, REWIRE_A_EVENT_SINCE, watch->next) < 0)
		goto out;
	ret = nl_send_auto(watch->ask, msg);
	if (ret < 0)
		goto out;
	ret = nl_recvmsgs_default(watch->ask);
	/* New events overtook the dump; the numbers tell what is missing. */
	if (ret == -NLE_DUMP_INTR)
		ret = 0;
out:
	nlmsg_free(msg);
	return ret;
}

static int on_notification(struct nl_msg *msg, void *arg)
{
	struct rewire_watch *watch = arg;
	struct rewire_event event;

	if (!parse(msg, &event))
		return NL_OK;
	if (event.sequence > watch->next) {
		watch->result = read_log(watch);
		if (watch->result < 0)
			return NL_STOP;
	}
	deliver(watch, &event);
	return NL_OK;
}

static bool readable(const struct rewire_watch *watch)
{
	struct pollfd pollfd = { .fd = rewire_watch_fd(watch), .events = POLLIN };

	return poll(&pollfd, 1, 0) > 0;
}

/*
 * A full socket drops notifications until it is empty again and says so only
 * once, by ENOBUFS, which libnl calls NLE_NOMEM: so empty it first, and look
 * into the log then.
 */
static int catch_up(struct rewire_watch *watch)
{
	int ret = 0;

	while (ret >= 0) {
		if (!readable(watch)) {
			if (watch->caught_up)
				break;
			ret = read_log(watch);
			watch->caught_up = ret >= 0;
			continue;
		}
		ret = nl_recvmsgs_default(watch->listen);
		if (ret >= 0)
			ret = watch->result;
		if (ret == -NLE_NOMEM) {
			watch->caught_up = false;
			ret = 0;
		}
	}
	return ret == -NLE_AGAIN ? 0 : ret;
}

int rewire_watch_read(struct rewire_watch *watch, rewire_event_fn *event,
		      void *data, struct rewire_error *err)
{
	int ret;

	watch->event = event;
	watch->data = data;
	watch->result = 0;
	ret = catch_up(watch);
	if (ret < 0) {
		watch->caught_up = false;
		return fail_nl(err, ret, "reading events");
	}
	return 0;
}

static int open_ask(struct rewire_watch *watch)
{
	int ret;

	ret = genl_connect(watch->ask);
	if (ret < 0)
		return ret;
	watch->family = genl_ctrl_resolve(watch->ask, REWIRE_FAMILY_NAME);
	if (watch->family < 0)
		return watch->family;
	return nl_socket_modify_cb(watch->ask, NL_CB_VALID, NL_CB_CUSTOM,
				   on_log, watch);
}

static int open_listen(struct rewire_watch *watch)
{
	int group;
	int ret;

	nl_socket_disable_seq_check(watch->listen);
	ret = nl_socket_modify_cb(watch->listen, NL_CB_VALID, NL_CB_CUSTOM,
				  on_notification, watch);
	if (ret < 0)
		return ret;
	ret = genl_connect(watch->listen);
	if (ret < 0)
		return ret;
	ret = nl_socket_set_buffer_size(watch->listen, RECEIVE_BUFFER, 0);
	if (ret < 0)
		return ret;
	group = genl_ctrl_resolve_grp(watch->ask, REWIRE_FAMILY_NAME,
				      REWIRE_MCGRP_EVENTS);
	if (group < 0)
		return group;
	ret = nl_socket_add_membership(watch->listen, group);
	if (ret < 0)
		return ret;
	return nl_socket_set_nonblocking(watch->listen);
}

int rewire_watch_open(__u64 since, struct rewire_watch **ret_watch,
		      struct rewire_error *err)
{
	struct rewire_watch *watch = calloc(1, sizeof(*watch));
	int ret = -NLE_NOMEM;

	if (!watch)
		return fail_nl(err, ret, "watching events");
	watch->next = since ? since : 1;
	watch->ask = nl_socket_alloc();
	watch->listen = nl_socket_alloc();
	if (watch->ask && watch->listen) {
		ret = open_ask(watch);
		if (ret >= 0)
			ret = open_listen(watch);
	}
	if (ret < 0) {
		rewire_watch_close(watch);
		return fail_nl(err, ret, "watching events");
	}
	*ret_watch = watch;
	return 0;
}

int rewire_watch_fd(const struct rewire_watch *watch)
{
	return nl_socket_get_fd(watch->listen);
}

void rewire_watch_close(struct rewire_watch *watch)
{
	if (!watch)
		return;
	nl_socket_free(watch->listen);
	nl_socket_free(watch->ask);
	free(watch);
}
