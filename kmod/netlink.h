/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink family "rewire", as uapi/rewire.yaml specifies it.
 */
#ifndef REWIRE_NETLINK_H
#define REWIRE_NETLINK_H

struct net;
struct rewire_event;

/*
 * The family answers from the SMs: register it after them, and unregister it
 * before them. Nothing is posted outside of that.
 */
int rewire_netlink_init(void);
void rewire_netlink_exit(void);

void rewire_netlink_notify(struct net *net, const struct rewire_event *event);

#endif
