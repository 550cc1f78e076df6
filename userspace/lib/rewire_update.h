/* SPDX-License-Identifier: MIT */
/*
 * librewire: updates of software that runs, and their receipts.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef LIBREWIRE_UPDATE_H
#define LIBREWIRE_UPDATE_H

#include <poll.h>

#include <uapi/rewire_update.h>

#include "rewire.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------
 * What orders an update: all that is signed. The payload is apart.
 */

/* Bytes of the files. */
#define REWIRE_MAX_ORDER	(96 * 1024)
#define REWIRE_MAX_WRAP		1024

/**
 * struct rewire_update_order - a package, and the key that goes with it
 * @words: the package and its manifest
 * @wrap: for REWIRE_PACKAGE_SEALED: the content key for this device; else its
 *	length is 0
 *
 * It is large: have it on the heap.
 */
struct rewire_update_order {
	struct rewire_order words;
	struct rewire_signed wrap;
};

/**
 * rewire_update_order_parse - take the files apart; no signature is checked
 * @package: content of the package's file
 * @package_length: its bytes
 * @wrap: content of the wrap's file; NULL without one
 * @wrap_length: its bytes
 * @ret_order: to be freed by free()
 *
 * Return: 0, -EBADMSG when it is no package, -EINVAL when a wrap is missing or
 * of no use, or another negative errno.
 */
int rewire_update_order_parse(const __u8 *package, size_t package_length,
			      const __u8 *wrap, size_t wrap_length,
			      struct rewire_update_order **ret_order,
			      struct rewire_error *err);

/* @wrap: NULL without one */
int rewire_update_order_read(const char *package, const char *wrap,
			     struct rewire_update_order **ret_order,
			     struct rewire_error *err);

/**
 * struct rewire_update_signers - who signed, by the anchors in a host's folder
 * @sds: subject of who signed the package; empty: none of these anchors
 * @developer: of who signed the manifest
 * @developer_id: its id; zero when unknown
 */
struct rewire_update_signers {
	char sds[128];
	char developer[128];
	__u8 developer_id[REWIRE_ID_SIZE];
};

/**
 * rewire_update_order_signers - look for the signers of an order
 * @order: the order
 * @dir: folder of the host
 * @ret_signers: names; what the SM goes by is its own list
 *
 * Return: 0, also when nobody was found; or a negative errno.
 */
int rewire_update_order_signers(const struct rewire_update_order *order,
				const char *dir,
				struct rewire_update_signers *ret_signers,
				struct rewire_error *err);

/**
 * rewire_update_id - what an update will be called
 * @package: the package
 * @workload: who is updated
 * @ret_id: the first bytes of SHA-256(nonce | workload)
 *
 * Return: 0 or a negative errno.
 */
int rewire_update_id(const struct rewire_package *package,
		     const __u8 workload[REWIRE_ID_SIZE],
		     __u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err);

/**
 * rewire_update_concerns - is a package for what runs in an enclave?
 * @package: the package
 * @info: of the enclave
 *
 * Return: true when software and workload are the package's, and the enclave
 * has a workload to go on.
 */
bool rewire_update_concerns(const struct rewire_package *package,
			    const struct rewire_enclave_info *info);

/* ------------------------------------------------------------------------
 * One command of the SM each.
 */

/* As rewire_fail_ioctl(), with advice about updates. */
int rewire_update_refused(struct rewire_error *err, int fd, int code,
			  const char *what);
/* @ret_id: may be NULL. Return: the update's file or a negative errno. */
int rewire_update_start(int sm, const struct rewire_update_order *order,
			const __u8 workload[REWIRE_ID_SIZE], bool is_volatile,
			__u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err);
/* Would it be refused? Nothing is touched. */
int rewire_update_try(int sm, const struct rewire_update_order *order,
		      const __u8 workload[REWIRE_ID_SIZE], bool is_volatile,
		      struct rewire_error *err);
int rewire_update_open(int sm, const __u8 id[REWIRE_ID_SIZE],
		       struct rewire_error *err);
/* Return: the new version's file, to be entered, or a negative errno. */
int rewire_update_open_enclave(int update, struct rewire_error *err);
int rewire_update_hand_over(int update, unsigned int timeout_ms,
			    struct rewire_error *err);
/* @version: REWIRE_VERSION_*. Return: a stream file or a negative errno. */
int rewire_update_seal(int update, __u32 version, struct rewire_error *err);
int rewire_update_enter_trial(int update, struct rewire_error *err);
int rewire_update_ask_health(int update, unsigned int timeout_ms,
			     struct rewire_error *err);
/* Return: the instance's file or a negative errno. */
int rewire_update_make_switch(int update, __u64 *ret_epoch,
			      struct rewire_error *err);
int rewire_update_give_up(int update, struct rewire_error *err);
int rewire_update_get_info(int update, struct rewire_update_info *ret_info,
			   struct rewire_error *err);
/* @ret_length: in: room (REWIRE_MAX_UPDATE_RECEIPT always suffices) */
int rewire_update_read_receipt(int update, void *buffer, size_t *ret_length,
			       struct rewire_error *err);

/* "loading", "switched" ...; "unknown" for a number of the future. */
const char *rewire_update_state_name(__u32 state);

/* ------------------------------------------------------------------------
 * The whole of it.
 */

/* What is being done, in this order; some are left out. */
enum rewire_update_phase {
	REWIRE_UPDATE_DOES_WAIT,	/* something else has the workload */
	REWIRE_UPDATE_DOES_LOAD,	/* the payload is on its way to the SM */
	REWIRE_UPDATE_DOES_START,	/* the new version starts up */
	REWIRE_UPDATE_DOES_HANDOVER,	/* from here on calls wait */
	REWIRE_UPDATE_DOES_SEAL_OLD,	/* the old version goes to the disk */
	REWIRE_UPDATE_DOES_TRIAL,	/* health checks */
	REWIRE_UPDATE_DOES_SEAL_NEW,	/* the new version goes to the disk */
	REWIRE_UPDATE_DOES_SWITCH,
	REWIRE_UPDATE_PHASES
};

/* "wait", "load", "start" ... */
const char *rewire_update_phase_name(enum rewire_update_phase phase);

/**
 * struct rewire_update_step - how far an update is
 * @id: of it; zero in REWIRE_UPDATE_DOES_WAIT
 * @workload: who is updated
 * @phase: what begins now, or goes on
 * @bytes: done in this phase
 * @total: to be done in this phase; 0 when nobody can say
 * @ms: since the beginning
 */
struct rewire_update_step {
	__u8 id[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	enum rewire_update_phase phase;
	__u64 bytes;
	__u64 total;
	__u64 ms;
};

/**
 * typedef rewire_update_step_fn - is told of a step, and may call it off
 * @step: valid during the call
 * @data: as given with the function
 * @err: to be filled when it is called off
 *
 * Return: 0, or a negative errno that ends the update.
 */
typedef int rewire_update_step_fn(const struct rewire_update_step *step,
				  void *data, struct rewire_error *err);

#define REWIRE_MAX_INTERRUPTS	4

/**
 * struct rewire_update_job - an update of one workload
 * @order: what orders it
 * @payload: file; read from its start, its position is left alone
 * @workload: who is updated
 * @is_volatile: keep no checkpoints
 * @checkpoints: folder for them: WORKLOAD.UPDATE.old and .new
 * @wait_ms: how long to wait while something else has the workload; 0: fail
 * @health_checks: how many have to pass; 0 is one
 * @interrupt: files and events of poll() that end a wait; @step is asked then
 * @interrupts: how many, at most REWIRE_MAX_INTERRUPTS
 * @step: told of each step; may be NULL
 * @data: for @step
 */
struct rewire_update_job {
	const struct rewire_update_order *order;
	int payload;
	__u8 workload[REWIRE_ID_SIZE];
	bool is_volatile;
	const char *checkpoints;
	unsigned int wait_ms;
	unsigned int health_checks;
	const struct pollfd *interrupt;
	size_t interrupts;
	rewire_update_step_fn *step;
	void *data;
};

#define REWIRE_MAX_UPDATE_RECEIPT	(sizeof(struct rewire_update_receipt) + \
					 REWIRE_MAX_CERT + 512)

/**
 * struct rewire_update_result - how an update went
 * @begun: the SM took it on; else nothing below is there
 * @id: of it
 * @info: the SM's last word
 * @ms: it took, waiting included
 * @receipt: the SM's signed word
 * @receipt_length: its bytes; 0 when there is none
 */
struct rewire_update_result {
	bool begun;
	__u8 id[REWIRE_ID_SIZE];
	struct rewire_update_info info;
	__u64 ms;
	__u8 receipt[REWIRE_MAX_UPDATE_RECEIPT];
	size_t receipt_length;
};

/**
 * rewire_update_apply - update one workload, or leave it as it was
 * @sm: file of the SM that is nobody else's
 * @job: what to do
 * @ret_result: filled in any case
 *
 * Return: 0: the new version is the instance. Else a negative errno, and the
 * old one goes on.
 */
int rewire_update_apply(int sm, const struct rewire_update_job *job,
			struct rewire_update_result *ret_result,
			struct rewire_error *err);

/**
 * rewire_update_checkpoint_path - where a checkpoint of an update is kept
 * @dir: folder
 * @workload: whose
 * @id: of the update
 * @version: REWIRE_VERSION_*
 * @path: room for the name
 * @size: bytes there
 *
 * Return: 0 or a negative errno.
 */
int rewire_update_checkpoint_path(const char *dir,
				  const __u8 workload[REWIRE_ID_SIZE],
				  const __u8 id[REWIRE_ID_SIZE], __u32 version,
				  char *path, size_t size,
				  struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Receipts, without an SM.
 */

/**
 * rewire_update_receipt_parse - read what a receipt says; believe none of it
 * @data: struct rewire_update_receipt, certificate, signature
 * @length: their bytes
 * @ret_receipt: what it says
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_update_receipt_parse(const void *data, size_t length,
				struct rewire_update_receipt *ret_receipt,
				struct rewire_error *err);

/**
 * rewire_update_receipt_verify - read a receipt of an SM of a platform
 * @data: struct rewire_update_receipt, certificate, signature
 * @length: their bytes
 * @platform: certificate file of the platform CA
 * @ret_receipt: what the SM says
 *
 * Return: 0, -EBADMSG when it is none, -EKEYREJECTED when a signature is wrong
 * or the SM's certificate is not the CA's.
 */
int rewire_update_receipt_verify(const void *data, size_t length,
				 const char *platform,
				 struct rewire_update_receipt *ret_receipt,
				 struct rewire_error *err);

/**
 * rewire_update_receipt_in_journal - is its record in a copy of the journal?
 * @receipt: verified
 * @journal: content of a file of the SM's journal
 * @length: its bytes
 *
 * Return: 1; 0 when the chain has another record there, or is not that long;
 * -ENODATA when that was before the first record of the file; -EUCLEAN when it
 * is damaged.
 */
int rewire_update_receipt_in_journal(const struct rewire_update_receipt *receipt,
				     const void *journal, size_t length,
				     struct rewire_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LIBREWIRE_UPDATE_H */
