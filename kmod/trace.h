/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the SM. None carries a secret or content of an enclave.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rewire

#if !defined(REWIRE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define REWIRE_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include "../uapi/rewire_update.h"
#include "events.h"

#define show_rewire_enclave(state) __print_symbolic(state,		\
	{ REWIRE_ENCLAVE_BUILDING, "building" },			\
	{ REWIRE_ENCLAVE_READY, "ready" },				\
	{ REWIRE_ENCLAVE_RUNNING, "running" },				\
	{ REWIRE_ENCLAVE_PAUSING, "pausing" },				\
	{ REWIRE_ENCLAVE_PAUSED, "paused" },				\
	{ REWIRE_ENCLAVE_FROZEN, "frozen" },				\
	{ REWIRE_ENCLAVE_RECEIVING, "receiving" },			\
	{ REWIRE_ENCLAVE_PREPARED, "prepared" },			\
	{ REWIRE_ENCLAVE_DESTROYED, "destroyed" })

#define show_rewire_session(state) __print_symbolic(state,		\
	{ REWIRE_SESSION_OFFERED, "offered" },				\
	{ REWIRE_SESSION_AGREED, "agreed" },				\
	{ REWIRE_SESSION_FROZEN, "frozen" },				\
	{ REWIRE_SESSION_RELINQUISHED, "relinquished" },		\
	{ REWIRE_SESSION_DESTROYED, "destroyed" },			\
	{ REWIRE_SESSION_RECEIVING, "receiving" },			\
	{ REWIRE_SESSION_PREPARED, "prepared" },			\
	{ REWIRE_SESSION_ACTIVE, "active" },				\
	{ REWIRE_SESSION_ABORTED, "aborted" })

#define show_rewire_update(state) __print_symbolic(state,		\
	{ REWIRE_UPDATE_LOADING, "loading" },				\
	{ REWIRE_UPDATE_LOADED, "loaded" },				\
	{ REWIRE_UPDATE_HANDING, "handing" },				\
	{ REWIRE_UPDATE_HANDED, "handed" },				\
	{ REWIRE_UPDATE_TRIAL, "trial" },				\
	{ REWIRE_UPDATE_SWITCHED, "switched" },				\
	{ REWIRE_UPDATE_ABORTED, "aborted" })

#define show_rewire_side(side) __print_symbolic(side,			\
	{ REWIRE_SIDE_SOURCE, "source" },				\
	{ REWIRE_SIDE_TARGET, "target" })

#define show_rewire_gate(op) __print_symbolic(op,			\
	{ REWIRE_GATE_RECV, "recv" },					\
	{ REWIRE_GATE_REPLY, "reply" },					\
	{ REWIRE_GATE_REPLY_RECV, "reply_recv" },			\
	{ REWIRE_GATE_RANDOM, "random" },				\
	{ REWIRE_GATE_SEAL, "seal" },					\
	{ REWIRE_GATE_UNSEAL, "unseal" },				\
	{ REWIRE_GATE_EXIT, "exit" },					\
	{ REWIRE_GATE_SELF, "self" })

#define show_rewire_record(type) __print_symbolic(type,			\
	{ REWIRE_RECORD_META, "meta" },					\
	{ REWIRE_RECORD_PAGES, "pages" },				\
	{ REWIRE_RECORD_ZEROS, "zeros" },				\
	{ REWIRE_RECORD_LUGGAGE, "luggage" },				\
	{ REWIRE_RECORD_CALLS, "calls" },				\
	{ REWIRE_RECORD_END, "end" })

TRACE_EVENT(rewire_enclave_state,
	TP_PROTO(const struct rewire_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, sequence)
		__field(u64, enclave)
		__field(u64, epoch)
		__field(u32, from)
		__field(u32, to)
		__array(u8, workload, REWIRE_ID_SIZE)
	),
	TP_fast_assign(
		__entry->sequence = event->sequence;
		__entry->enclave = event->enclave;
		__entry->epoch = event->epoch;
		__entry->from = event->from;
		__entry->to = event->to;
		memcpy(__entry->workload, event->workload, REWIRE_ID_SIZE);
	),
	TP_printk("event=%llu enclave=%llu workload=%pUb epoch=%llu %s -> %s",
		  __entry->sequence, __entry->enclave, __entry->workload,
		  __entry->epoch, show_rewire_enclave(__entry->from),
		  show_rewire_enclave(__entry->to))
);

TRACE_EVENT(rewire_update_state,
	TP_PROTO(const struct rewire_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, sequence)
		__field(u64, enclave)
		__field(u32, from)
		__field(u32, to)
		__array(u8, id, REWIRE_ID_SIZE)
		__array(u8, workload, REWIRE_ID_SIZE)
	),
	TP_fast_assign(
		__entry->sequence = event->sequence;
		__entry->enclave = event->enclave;
		__entry->from = event->from;
		__entry->to = event->to;
		memcpy(__entry->id, event->request_id, REWIRE_ID_SIZE);
		memcpy(__entry->workload, event->workload, REWIRE_ID_SIZE);
	),
	TP_printk("event=%llu update=%pUb workload=%pUb enclave=%llu %s -> %s",
		  __entry->sequence, __entry->id, __entry->workload,
		  __entry->enclave, show_rewire_update(__entry->from),
		  show_rewire_update(__entry->to))
);

TRACE_EVENT(rewire_session_state,
	TP_PROTO(const struct rewire_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, sequence)
		__field(u64, epoch)
		__field(u32, side)
		__field(u32, from)
		__field(u32, to)
		__array(u8, request_id, REWIRE_ID_SIZE)
		__array(u8, workload, REWIRE_ID_SIZE)
	),
	TP_fast_assign(
		__entry->sequence = event->sequence;
		__entry->epoch = event->epoch;
		__entry->side = event->side;
		__entry->from = event->from;
		__entry->to = event->to;
		memcpy(__entry->request_id, event->request_id, REWIRE_ID_SIZE);
		memcpy(__entry->workload, event->workload, REWIRE_ID_SIZE);
	),
	TP_printk("event=%llu request=%pUb workload=%pUb epoch=%llu side=%s %s -> %s",
		  __entry->sequence, __entry->request_id, __entry->workload,
		  __entry->epoch, show_rewire_side(__entry->side),
		  show_rewire_session(__entry->from),
		  show_rewire_session(__entry->to))
);

DECLARE_EVENT_CLASS(rewire_reason,
	TP_PROTO(const struct rewire_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, sequence)
		__field(u64, enclave)
		__array(u8, workload, REWIRE_ID_SIZE)
		__array(char, reason, REWIRE_REASON_MAX + 1)
	),
	TP_fast_assign(
		__entry->sequence = event->sequence;
		__entry->enclave = event->enclave;
		memcpy(__entry->workload, event->workload, REWIRE_ID_SIZE);
		memcpy(__entry->reason, event->reason, REWIRE_REASON_MAX + 1);
	),
	TP_printk("event=%llu enclave=%llu workload=%pUb: %s",
		  __entry->sequence, __entry->enclave, __entry->workload,
		  __entry->reason)
);

DEFINE_EVENT(rewire_reason, rewire_attack,
	TP_PROTO(const struct rewire_event *event),
	TP_ARGS(event)
);

DEFINE_EVENT(rewire_reason, rewire_refused,
	TP_PROTO(const struct rewire_event *event),
	TP_ARGS(event)
);

TRACE_EVENT(rewire_gate_call,
	TP_PROTO(u64 enclave, u32 op, s64 result),
	TP_ARGS(enclave, op, result),
	TP_STRUCT__entry(
		__field(u64, enclave)
		__field(s64, result)
		__field(u32, op)
	),
	TP_fast_assign(
		__entry->enclave = enclave;
		__entry->result = result;
		__entry->op = op;
	),
	TP_printk("enclave=%llu op=%s result=%lld", __entry->enclave,
		  show_rewire_gate(__entry->op), __entry->result)
);

/* One record of a stream went out (opened false) or came in (opened true). */
TRACE_EVENT(rewire_round,
	TP_PROTO(u64 enclave, bool sealed, u32 round, bool live, u64 pages),
	TP_ARGS(enclave, sealed, round, live, pages),
	TP_STRUCT__entry(
		__field(u64, enclave)
		__field(u64, pages)
		__field(u32, round)
		__field(bool, sealed)
		__field(bool, live)
	),
	TP_fast_assign(
		__entry->enclave = enclave;
		__entry->pages = pages;
		__entry->round = round;
		__entry->sealed = sealed;
		__entry->live = live;
	),
	TP_printk("enclave=%llu %s round=%u%s pages=%llu", __entry->enclave,
		  __entry->sealed ? "sealed" : "sent",
		  __entry->round, __entry->live ? "" : " last", __entry->pages)
);

TRACE_EVENT(rewire_record,
	TP_PROTO(u64 enclave, bool opened, const struct rewire_record *record,
		 int result),
	TP_ARGS(enclave, opened, record, result),
	TP_STRUCT__entry(
		__field(u64, enclave)
		__field(u64, sequence)
		__field(u64, index)
		__field(u32, type)
		__field(u32, length)
		__field(int, result)
		__field(bool, opened)
	),
	TP_fast_assign(
		__entry->enclave = enclave;
		__entry->sequence = record->sequence;
		__entry->index = record->index;
		__entry->type = record->type;
		__entry->length = record->length;
		__entry->result = result;
		__entry->opened = opened;
	),
	TP_printk("enclave=%llu %s type=%s sequence=%llu index=%llu length=%u result=%d",
		  __entry->enclave, __entry->opened ? "in" : "out",
		  show_rewire_record(__entry->type), __entry->sequence,
		  __entry->index, __entry->length, __entry->result)
);

#endif

/* Found through -I of this folder, see CFLAGS_trace.o in Kbuild. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
