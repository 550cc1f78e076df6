// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink. The operations and policies follow uapi/rewire.yaml by hand,
 * since the code that the kernel's generator makes needs split operations,
 * which 6.1 has not.
 *
 * Requests need CAP_NET_ADMIN in the initial user namespace (GENL_ADMIN_PERM):
 * only its administrator can provision an SM, so only they have one to look at.
 */
#include <linux/build_bug.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "events.h"
#include "netlink.h"

/* An id that is all zero stands for none. */
static const u8 no_id[REWIRE_ID_SIZE];

static const struct nla_policy event_get_policy[REWIRE_A_EVENT_SINCE + 1] = {
	[REWIRE_A_EVENT_SINCE] = { .type = NLA_U64 },
};

/* sm-get takes no attribute; only a policy makes the core refuse them. */
static const struct nla_policy sm_get_policy[REWIRE_A_SM_PAD + 1] = {
	[REWIRE_A_SM_PAD] = { .type = NLA_REJECT,
			      .reject_message = "sm-get takes no attributes" },
};

static struct genl_family rewire_family;

static int put_id(struct sk_buff *skb, int attr, const u8 id[REWIRE_ID_SIZE])
{
	if (!memcmp(id, no_id, REWIRE_ID_SIZE))
		return 0;
	return nla_put(skb, attr, REWIRE_ID_SIZE, id);
}

static int put_number(struct sk_buff *skb, int attr, u64 number)
{
	if (!number)
		return 0;
	return nla_put_u64_64bit(skb, attr, number, REWIRE_A_EVENT_PAD);
}

static bool has_states(const struct rewire_event *event)
{
	return event->type == REWIRE_EVENT_TYPE_ENCLAVE ||
	       event->type == REWIRE_EVENT_TYPE_SESSION ||
	       event->type == REWIRE_EVENT_TYPE_UPDATE;
}

static int put_states(struct sk_buff *skb, const struct rewire_event *event)
{
	if (event->side && nla_put_u32(skb, REWIRE_A_EVENT_SIDE, event->side))
		return -EMSGSIZE;
	if (!has_states(event))
		return 0;
	if (nla_put_u32(skb, REWIRE_A_EVENT_FROM, event->from) ||
	    nla_put_u32(skb, REWIRE_A_EVENT_TO, event->to))
		return -EMSGSIZE;
	return 0;
}

static int put_event(struct sk_buff *skb, const struct rewire_event *event)
{
	if (put_number(skb, REWIRE_A_EVENT_SEQUENCE, event->sequence) ||
	    put_number(skb, REWIRE_A_EVENT_TIME_BOOT, event->time_boot) ||
	    put_number(skb, REWIRE_A_EVENT_TIME_REAL, event->time_real) ||
	    nla_put_u32(skb, REWIRE_A_EVENT_TYPE, event->type) ||
	    put_states(skb, event) ||
	    put_number(skb, REWIRE_A_EVENT_ENCLAVE, event->enclave) ||
	    put_number(skb, REWIRE_A_EVENT_EPOCH, event->epoch) ||
	    put_id(skb, REWIRE_A_EVENT_WORKLOAD, event->workload) ||
	    put_id(skb, REWIRE_A_EVENT_REQUEST_ID, event->request_id) ||
	    put_id(skb, REWIRE_A_EVENT_PEER, event->peer))
		return -EMSGSIZE;
	if (event->reason[0] &&
	    nla_put_string(skb, REWIRE_A_EVENT_REASON, event->reason))
		return -EMSGSIZE;
	return 0;
}

/**
 * rewire_netlink_notify() - multicast an event
 * @net: to whom
 * @event: what
 */
void rewire_netlink_notify(struct net *net, const struct rewire_event *event)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&rewire_family, net, 0))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &rewire_family, 0, REWIRE_CMD_EVENT_NTF);
	if (!header || put_event(skb, event)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&rewire_family, net, skb, 0, 0, GFP_KERNEL);
}

static struct rewire_event_cursor *cursor_of(struct netlink_callback *cb)
{
	static_assert(sizeof(struct rewire_event_cursor) <=
		      sizeof_field(struct netlink_callback, ctx));
	return (struct rewire_event_cursor *)cb->ctx;
}

static int event_get_start(struct netlink_callback *cb)
{
	struct rewire_events *events = rewire_events_of(sock_net(cb->skb->sk));
	const struct nlattr *since;

	since = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, REWIRE_A_EVENT_SINCE);
	rewire_events_start(events, cursor_of(cb),
			    since ? nla_get_u64(since) : 1);
	cb->seq = 1;
	return 0;
}

static int dump_event(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct rewire_event *event)
{
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &rewire_family, NLM_F_MULTI, REWIRE_CMD_EVENT_GET);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (put_event(skb, event)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int event_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct rewire_events *events = rewire_events_of(sock_net(cb->skb->sk));
	struct rewire_event_cursor *cursor = cursor_of(cb);
	const struct rewire_event *event;
	bool lost = false;

	mutex_lock(&events->lock);
	while ((event = rewire_events_peek(events, cursor, &lost))) {
		/* A changed number makes the core flag the dump as torn. */
		if (lost)
			cb->seq++;
		lost = false;
		if (dump_event(skb, cb, event))
			break;
		cursor->next++;
	}
	mutex_unlock(&events->lock);
	return skb->len;
}

static int put_status(struct sk_buff *skb, const struct rewire_sm_status *status,
		      u64 next)
{
	if (nla_put_u32(skb, REWIRE_A_SM_ABI, status->abi) ||
	    nla_put_u32(skb, REWIRE_A_SM_PROVISIONED, status->provisioned) ||
	    nla_put_u32(skb, REWIRE_A_SM_ENCLAVES, status->enclaves) ||
	    nla_put_u32(skb, REWIRE_A_SM_SESSIONS, status->sessions) ||
	    nla_put_u64_64bit(skb, REWIRE_A_SM_MEMORY_LIMIT,
			      status->memory_limit, REWIRE_A_SM_PAD) ||
	    nla_put_u64_64bit(skb, REWIRE_A_SM_MEMORY_USED,
			      status->memory_used, REWIRE_A_SM_PAD) ||
	    nla_put_u64_64bit(skb, REWIRE_A_SM_NEXT_SEQUENCE, next,
			      REWIRE_A_SM_PAD))
		return -EMSGSIZE;
	if (!status->provisioned)
		return 0;
	if (nla_put_u32(skb, REWIRE_A_SM_GENERATION, status->generation) ||
	    nla_put(skb, REWIRE_A_SM_ID, REWIRE_ID_SIZE, status->sm))
		return -EMSGSIZE;
	return 0;
}

static int sm_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct rewire_events *events = rewire_events_of(net);
	struct rewire_sm_status status = {};
	struct sk_buff *reply;
	void *header;
	u64 next;
	int err;

	err = rewire_sm_fill(net, &status);
	if (err) {
		GENL_SET_ERR_MSG(info, "the SM of this namespace is going away");
		return err;
	}
	mutex_lock(&events->lock);
	next = events->next;
	mutex_unlock(&events->lock);

	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &rewire_family, 0,
				   REWIRE_CMD_SM_GET);
	if (!header || put_status(reply, &status, next)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static const struct genl_ops rewire_ops[] = {
	{
		.cmd = REWIRE_CMD_EVENT_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = event_get_policy,
		.maxattr = ARRAY_SIZE(event_get_policy) - 1,
		.start = event_get_start,
		.dumpit = event_get_dumpit,
	},
	{
		.cmd = REWIRE_CMD_SM_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = sm_get_policy,
		.maxattr = ARRAY_SIZE(sm_get_policy) - 1,
		.doit = sm_get_doit,
	},
};

/* The group's index is its place here. */
static const struct genl_multicast_group rewire_groups[] = {
	{ .name = REWIRE_MCGRP_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static struct genl_family rewire_family __ro_after_init = {
	.name = REWIRE_FAMILY_NAME,
	.version = REWIRE_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = rewire_ops,
	.n_ops = ARRAY_SIZE(rewire_ops),
	.mcgrps = rewire_groups,
	.n_mcgrps = ARRAY_SIZE(rewire_groups),
};

/**
 * rewire_netlink_init() - register the family
 *
 * Return: 0 or a negative errno.
 */
int __init rewire_netlink_init(void)
{
	return genl_register_family(&rewire_family);
}

/**
 * rewire_netlink_exit() - unregister the family
 */
void rewire_netlink_exit(void)
{
	genl_unregister_family(&rewire_family);
}
