/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	uapi/rewire.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_REWIRE_NETLINK_H
#define _UAPI_LINUX_REWIRE_NETLINK_H

#define REWIRE_FAMILY_NAME	"rewire"
#define REWIRE_FAMILY_VERSION	1

#define REWIRE_REASON_MAX	63
#define REWIRE_LOG_SIZE		1024

/**
 * enum rewire_event_type
 * @REWIRE_EVENT_TYPE_ENCLAVE: An enclave changed its state.
 * @REWIRE_EVENT_TYPE_SESSION: A migration went one step; the acknowledgement
 *   of that step on this side.
 * @REWIRE_EVENT_TYPE_ATTACK: An enclave was tampered with and destroyed;
 *   reason tells how.
 * @REWIRE_EVENT_TYPE_REFUSED: A request was refused; reason tells why.
 * @REWIRE_EVENT_TYPE_JOURNAL: The journal, or the lack of one, is not what it
 *   should be, or it was compacted; reason tells.
 * @REWIRE_EVENT_TYPE_TRUST: A trust bundle or a table of levels was taken and
 *   is in force; reason tells of which role, and its version.
 * @REWIRE_EVENT_TYPE_UPDATE: An update went one step; from and to are
 *   REWIRE_UPDATE_*, and request-id is the update's.
 */
enum rewire_event_type {
	REWIRE_EVENT_TYPE_ENCLAVE = 1,
	REWIRE_EVENT_TYPE_SESSION,
	REWIRE_EVENT_TYPE_ATTACK,
	REWIRE_EVENT_TYPE_REFUSED,
	REWIRE_EVENT_TYPE_JOURNAL,
	REWIRE_EVENT_TYPE_TRUST,
	REWIRE_EVENT_TYPE_UPDATE,
};

enum {
	REWIRE_A_EVENT_PAD = 1,
	REWIRE_A_EVENT_SINCE,
	REWIRE_A_EVENT_SEQUENCE,
	REWIRE_A_EVENT_TIME_BOOT,
	REWIRE_A_EVENT_TIME_REAL,
	REWIRE_A_EVENT_TYPE,
	REWIRE_A_EVENT_SIDE,
	REWIRE_A_EVENT_FROM,
	REWIRE_A_EVENT_TO,
	REWIRE_A_EVENT_ENCLAVE,
	REWIRE_A_EVENT_EPOCH,
	REWIRE_A_EVENT_WORKLOAD,
	REWIRE_A_EVENT_REQUEST_ID,
	REWIRE_A_EVENT_PEER,
	REWIRE_A_EVENT_REASON,

	__REWIRE_A_EVENT_MAX,
	REWIRE_A_EVENT_MAX = (__REWIRE_A_EVENT_MAX - 1)
};

enum {
	REWIRE_A_SM_PAD = 1,
	REWIRE_A_SM_ABI,
	REWIRE_A_SM_PROVISIONED,
	REWIRE_A_SM_ENCLAVES,
	REWIRE_A_SM_SESSIONS,
	REWIRE_A_SM_GENERATION,
	REWIRE_A_SM_ID,
	REWIRE_A_SM_MEMORY_LIMIT,
	REWIRE_A_SM_MEMORY_USED,
	REWIRE_A_SM_NEXT_SEQUENCE,

	__REWIRE_A_SM_MAX,
	REWIRE_A_SM_MAX = (__REWIRE_A_SM_MAX - 1)
};

enum {
	REWIRE_CMD_EVENT_GET = 1,
	REWIRE_CMD_EVENT_NTF,
	REWIRE_CMD_SM_GET,

	__REWIRE_CMD_MAX,
	REWIRE_CMD_MAX = (__REWIRE_CMD_MAX - 1)
};

#define REWIRE_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_REWIRE_NETLINK_H */
