/* SPDX-License-Identifier: MIT */
/*
 * librewire: the C interface of REWIRE for programs outside of an enclave.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef LIBREWIRE_H
#define LIBREWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <uapi/rewire.h>
#include <uapi/rewire_evidence.h>
#include <uapi/rewire_journal.h>
#include <uapi/rewire_trust.h>
#include <uapi/rewire_update.h>

#include "rewire_client.h"
#include "rewire_error.h"
#include "rewire_files.h"
#include "rewire_log.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------
 * Names: ids and states
 */

#define REWIRE_ID_TEXT		37	/* a UUID and its terminating zero */

/**
 * rewire_id_parse - read an id
 * @text: a UUID, or 32 hexadecimal digits
 * @ret_id: the id
 *
 * Return: 0 or -EINVAL.
 */
int rewire_id_parse(const char *text, __u8 ret_id[REWIRE_ID_SIZE]);

/**
 * rewire_id_format - write an id as a UUID
 * @id: the id
 * @text: room for it
 *
 * Return: @text.
 */
char *rewire_id_format(const __u8 id[REWIRE_ID_SIZE], char text[REWIRE_ID_TEXT]);

/**
 * rewire_id_random - a fresh id (a version 4 UUID)
 * @ret_id: the id
 *
 * Return: 0 or a negative errno.
 */
int rewire_id_random(__u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err);

/**
 * rewire_hex - write bytes as hexadecimal digits
 * @data: bytes
 * @length: how many
 * @text: room for 2 * @length + 1 characters
 *
 * Return: @text.
 */
char *rewire_hex(const void *data, size_t length, char *text);

/**
 * rewire_unhex - read hexadecimal digits
 * @text: exactly 2 * @length digits
 * @data: room for @length bytes
 * @length: how many bytes are expected
 *
 * Return: 0 or -EINVAL.
 */
int rewire_unhex(const char *text, void *data, size_t length);

/* "running", "frozen", "START" ...; "unknown" for a number of the future. */
const char *rewire_enclave_state_name(__u32 state);
const char *rewire_session_state_name(__u32 state);
const char *rewire_message_name(__u32 kind);
const char *rewire_side_name(__u32 side);

/* ------------------------------------------------------------------------
 * Files and digests
 */

/**
 * rewire_file_read - read a whole file
 * @path: name; "-" is standard input
 * @limit: more bytes than that are refused (EFBIG)
 * @ret_data: the content, to be freed by rewire_wipe_free()
 * @ret_length: its bytes
 *
 * Return: 0 or a negative errno.
 */
int rewire_file_read(const char *path, size_t limit, __u8 **ret_data,
		     size_t *ret_length, struct rewire_error *err);

/**
 * rewire_file_write - replace a file as a whole, durably, or not at all
 * @path: name
 * @data: content
 * @length: its bytes
 * @mode: permissions of the new file: 0600 for secrets
 *
 * Return: 0 or a negative errno.
 */
int rewire_file_write(const char *path, const void *data, size_t length,
		      mode_t mode, struct rewire_error *err);

/**
 * struct rewire_output - a file that appears under its name when complete
 * @fd: to write to
 * @path: name it will have
 * @temp: name it has until then
 */
struct rewire_output {
	int fd;
	char *path;
	char *temp;
};

int rewire_output_open(struct rewire_output *out, const char *path, mode_t mode,
		       struct rewire_error *err);
/* fsync, then rename. Frees @out in any case. */
int rewire_output_commit(struct rewire_output *out, struct rewire_error *err);
/* Leaves nothing behind. A committed or never opened @out is left alone. */
void rewire_output_discard(struct rewire_output *out);

/* Write all of it, going on after EINTR and short writes. */
int rewire_write_all(int fd, const void *data, size_t length,
		     struct rewire_error *err);

/* free() that leaves no secret behind; NULL is fine. */
void rewire_wipe_free(void *data, size_t length);

/**
 * rewire_file_digest - SHA-256 of a file, from its start to its end
 * @fd: the file
 * @ret_digest: the digest
 *
 * Computed by the kernel (AF_ALG) where it can, by OpenSSL elsewhere.
 *
 * Return: 0 or a negative errno.
 */
int rewire_file_digest(int fd, __u8 ret_digest[REWIRE_DIGEST_SIZE],
		       struct rewire_error *err);

/* ------------------------------------------------------------------------
 * The Security Monitor
 */

/**
 * rewire_sm_open - open the SM of this network namespace
 *
 * Return: file or a negative errno.
 */
int rewire_sm_open(struct rewire_error *err);

/**
 * rewire_sm_info - what the SM says of itself
 * @sm: file from rewire_sm_open()
 * @ret_info: the answer
 *
 * Return: 0 or a negative errno.
 */
int rewire_sm_info(int sm, struct rewire_get_info *ret_info,
		   struct rewire_error *err);

/**
 * rewire_sm_list - the numbers of all enclaves
 * @sm: the SM
 * @ret_ids: array to be freed with free(); never NULL on success
 * @ret_count: its elements
 *
 * Return: 0 or a negative errno.
 */
int rewire_sm_list(int sm, __u64 **ret_ids, size_t *ret_count,
		   struct rewire_error *err);

#define REWIRE_JOURNAL_FILE_0	"journal.0"
#define REWIRE_JOURNAL_FILE_1	"journal.1"

/**
 * struct rewire_provision_options - what differs from one SM to another
 * @memory_limit: bytes for enclaves; 0 is half of the machine's memory
 * @flags: REWIRE_PROVISION_*
 * @tpm_index: NV index of the counter, with REWIRE_PROVISION_TPM
 * @journal: folder of the journal's two files, made where they are missing;
 *	NULL is the folder "journal" in the host's. Not used with
 *	REWIRE_PROVISION_VOLATILE
 */
struct rewire_provision_options {
	__u64 memory_limit;
	__u32 flags;
	__u32 tpm_index;
	const char *journal;
};

/**
 * rewire_sm_provision - give the SM its keys and its journal, once
 * @sm: the SM
 * @dir: folder of this host, made by rewire_pki_host(). root.bin is the root key
 *	of generation 1, root.2.bin that of 2 and so on; one that is missing is
 *	not kept any more
 * @options: NULL for a journal in its folder that waits for a witness
 *
 * Return: 0 or a negative errno.
 */
int rewire_sm_provision(int sm, const char *dir,
			const struct rewire_provision_options *options,
			struct rewire_error *err);

/**
 * rewire_root_path - where a host's root key of a generation is
 * @dir: folder of the host
 * @generation: 1 is root.bin, any other root.GENERATION.bin
 * @path: room for the name
 * @size: bytes there
 *
 * Return: 0 or a negative errno.
 */
int rewire_root_path(const char *dir, __u32 generation, char *path, size_t size,
		     struct rewire_error *err);

/**
 * rewire_root_rotate - seal under a new root key from now on
 * @sm: the SM, provisioned from @dir
 * @dir: folder of this host; keeps the new key, durably, before the SM has it
 * @ret_generation: number of the new key
 *
 * What was sealed before opens as before. A rotation that was interrupted is
 * gone on with.
 *
 * Return: 0 or a negative errno: -EPERM: @dir is another host's.
 */
int rewire_root_rotate(int sm, const char *dir, __u32 *ret_generation,
		       struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Evidence: what an SM says of itself or of an enclave, signed. The profile is
 * docs/evidence.md.
 */

/**
 * struct rewire_token - a token
 * @bytes: COSE_Sign1
 * @length: how many bytes
 */
struct rewire_token {
	__u8 bytes[REWIRE_MAX_EVIDENCE];
	size_t length;
};

/**
 * rewire_evidence_get - ask an SM for evidence
 * @file: the SM, or an enclave
 * @enclave: which of the two: true for an enclave
 * @nonce: the verifier's challenge
 * @nonce_length: its bytes, 8 to 64
 * @ret_token: the answer
 *
 * Return: 0 or a negative errno.
 */
int rewire_evidence_get(int file, bool enclave, const __u8 *nonce,
			size_t nonce_length, struct rewire_token *ret_token,
			struct rewire_error *err);

/**
 * rewire_evidence_parse - read what a token says; believe none of it
 * @token: its bytes
 * @length: how many
 * @ret_claims: what it says
 *
 * Return: 0, -EBADMSG for any other form than the profile's, -EOPNOTSUPP for
 * another profile or algorithm.
 */
int rewire_evidence_parse(const __u8 *token, size_t length,
			  struct rewire_claims *ret_claims,
			  struct rewire_error *err);

/**
 * rewire_evidence_verify - read a token that an SM of a platform made
 * @token: its bytes
 * @length: how many
 * @platform: PEM or DER file of the platform CA's certificate
 * @ret_claims: what the SM says; whether the nonce is yours, and the rest what
 *	you want, is for you to compare
 *
 * Return: as rewire_evidence_parse(), -ENOKEY for a certificate of somebody
 * else, -EKEYREJECTED for a wrong signature.
 */
int rewire_evidence_verify(const __u8 *token, size_t length,
			   const char *platform,
			   struct rewire_claims *ret_claims,
			   struct rewire_error *err);

/* "witnessed", "volatile" ... of REWIRE_FRESHNESS_* */
const char *rewire_freshness_name(__u64 freshness);
/* The platform claims about the journal that follow from its freshness. */
__u64 rewire_freshness_claims(__u64 freshness);
/* "yama", "secure-boot" ... of one REWIRE_CLAIM_* */
const char *rewire_platform_claim_name(__u64 claim);

/* ------------------------------------------------------------------------
 * Images
 */

/**
 * struct rewire_segment - consecutive pages, one REWIRE_ADD_PAGES
 * @offset: from the base
 * @length: bytes, a multiple of the page size
 * @prot: REWIRE_PROT_*
 * @data: content, or NULL for zero pages
 */
struct rewire_segment {
	__u64 offset;
	__u64 length;
	__u32 prot;
	__u8 *data;
};

/**
 * struct rewire_image - an enclave image, ready to be loaded or measured
 * @layout: from its .rewire.layout section
 * @segments: in ascending order
 * @count: how many
 * @memory: bytes of all its pages
 * @digest: SHA-256 of the file
 */
struct rewire_image {
	struct rewire_layout layout;
	struct rewire_segment segments[REWIRE_MAX_SEGMENTS];
	size_t count;
	__u64 memory;
	__u8 digest[REWIRE_DIGEST_SIZE];
};

/**
 * rewire_image_open - read an ELF file and check that it is an enclave image
 * @path: name
 * @ret_image: to be closed by rewire_image_close()
 *
 * Return: 0, -ENOEXEC for a file that is none, or another negative errno.
 */
int rewire_image_open(const char *path, struct rewire_image *ret_image,
		      struct rewire_error *err);
/* The same from memory; the digest is left zero. */
int rewire_image_parse(const __u8 *elf, size_t length,
		       struct rewire_image *ret_image, struct rewire_error *err);
void rewire_image_close(struct rewire_image *image);

/**
 * rewire_image_measure - the measurement an SM will compute
 * @image: the image
 * @ret_measurement: the measurement
 *
 * Return: 0 or a negative errno.
 */
int rewire_image_measure(const struct rewire_image *image,
			 __u8 ret_measurement[REWIRE_DIGEST_SIZE],
			 struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Keys and certificates, for benches and small fleets
 */

/**
 * rewire_pki_init - make a folder with one key pair for each role
 * @dir: must not exist, or be empty
 *
 * Return: 0 or a negative errno.
 */
int rewire_pki_init(const char *dir, struct rewire_error *err);

/**
 * rewire_pki_host - make the folder of a host: all that it needs
 * @dir: folder made by rewire_pki_init()
 * @name: of the host; letters, digits, '-' and '.'
 * @address: "HOST:PORT" other hosts reach it at, or NULL
 * @ret_sm: id the host's SM will have
 *
 * Return: 0 or a negative errno.
 */
int rewire_pki_host(const char *dir, const char *name, const char *address,
		    __u8 ret_sm[REWIRE_ID_SIZE], struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Enclaves
 */

/**
 * rewire_enclave_create - load an image; the enclave is BUILDING afterwards
 * @sm: the SM
 * @image: the image
 * @ret_id: number of the enclave; may be NULL
 *
 * Return: the enclave's file or a negative errno.
 */
int rewire_enclave_create(int sm, const struct rewire_image *image,
			  __u64 *ret_id, struct rewire_error *err);

/**
 * rewire_enclave_init - BUILDING to READY
 * @enclave: file
 * @manifest: signed manifest
 * @workload: what the enclave is for
 * @ret_epoch: its epoch; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int rewire_enclave_init(int enclave, const struct rewire_signed *manifest,
			const __u8 workload[REWIRE_ID_SIZE], __u64 *ret_epoch,
			struct rewire_error *err);

/**
 * rewire_enclave_open - a file for an enclave that is there
 * @sm: the SM
 * @id: its number, or 0
 * @workload: its workload when @id is 0; else ignored
 *
 * Return: file or a negative errno.
 */
int rewire_enclave_open(int sm, __u64 id, const __u8 workload[REWIRE_ID_SIZE],
			struct rewire_error *err);

/**
 * rewire_enclave_enter - give a READY or PAUSED enclave a process of its own
 * @enclave: file
 * @timeout_ms: how long to wait for it to be RUNNING; 0 is ten seconds
 * @ret_pid: its process; may be NULL
 *
 * The process is a new session with nothing open, not a child of the caller,
 * and outlives it.
 *
 * Return: 0 or a negative errno.
 */
int rewire_enclave_enter(int enclave, unsigned int timeout_ms, pid_t *ret_pid,
			 struct rewire_error *err);

int rewire_enclave_get_info(int enclave, struct rewire_enclave_info *ret_info,
			    struct rewire_error *err);
int rewire_enclave_pause(int enclave, unsigned int timeout_ms,
			 struct rewire_error *err);
/* PAUSED to RUNNING: in its process, or in a new one when it has none. */
int rewire_enclave_resume(int enclave, struct rewire_error *err);
int rewire_enclave_destroy(int enclave, struct rewire_error *err);
/* A stream file with a checkpoint, to be read to its end. */
int rewire_enclave_extract(int enclave, struct rewire_error *err);

/**
 * rewire_enclave_call - REWIRE_CALL, once
 * @enclave: file
 * @call: filled by the caller but for its size
 *
 * Return: 0 (and the enclave's own status in @call), or a negative errno, of
 * which EINTR, ETIMEDOUT, EMSGSIZE and EREMCHG ask for the same call again.
 * struct rewire_client does that.
 */
int rewire_enclave_call(int enclave, struct rewire_call *call,
			struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Streams
 */

/**
 * rewire_reseal_open - take in a checkpoint of this SM
 * @sm: the SM
 *
 * Return: stream file or a negative errno. Write the checkpoint to it; then
 * read it, sealed anew, or commit it.
 */
int rewire_reseal_open(int sm, struct rewire_error *err);

/**
 * rewire_stream_make_live - REWIRE_STREAM_COMMIT: RECEIVING to PAUSED
 * @stream: file
 * @ret_id: number of the enclave; may be NULL
 * @ret_epoch: its epoch; may be NULL
 *
 * Return: the enclave's file or a negative errno.
 */
int rewire_stream_make_live(int stream, __u64 *ret_id, __u64 *ret_epoch,
			    struct rewire_error *err);

/*
 * REWIRE_STREAM_ROUND, as rewire_session_round(). @ret_last: nothing changes any
 * more, and what is read now ends with the END record.
 */
int rewire_stream_round(int stream, bool look, __u64 *ret_pages, bool *ret_last,
			struct rewire_error *err);

/**
 * rewire_stream_copy - copy to the end of @from, through one buffer of 1 MiB
 * @from: file to read
 * @to: file to write
 * @ret_bytes: how many; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int rewire_stream_copy(int from, int to, __u64 *ret_bytes,
		       struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Migration sessions: one struct, one command each. For helpers.
 */

int rewire_session_out(int sm, const struct rewire_signed *request,
		       struct rewire_error *err);
int rewire_session_in(int sm, const struct rewire_signed *request,
		      const void *offer, size_t offer_length,
		      struct rewire_error *err);
int rewire_session_open(int sm, const __u8 request_id[REWIRE_ID_SIZE],
			__u32 side, struct rewire_error *err);
/* @ret_length: in: room (REWIRE_MAX_MESSAGE always suffices). */
int rewire_session_get_message(int session, void *buffer, size_t *ret_length,
			       struct rewire_error *err);
int rewire_session_put_message(int session, const void *message, size_t length,
			       struct rewire_error *err);
/*
 * Begin a round of what is read while the enclave runs, which takes so much longer
 * for each page that it writes to from here on. @ret_pages: how many at most.
 */
int rewire_session_round(int session, unsigned int delay_us, __u64 *ret_pages,
			 struct rewire_error *err);
/* Only count what the next round would have, and begin to do so. */
int rewire_session_look(int session, __u64 *ret_pages, struct rewire_error *err);
/* One of @count streams, 1 to @count - 1; the session's own is the first. */
int rewire_session_lane(int session, unsigned int index, unsigned int count,
			struct rewire_error *err);
int rewire_session_stop(int session, unsigned int timeout_ms,
			struct rewire_error *err);
/* Is there more of the stream, or of the round, to be read at once? */
bool rewire_session_has_more(int session);
int rewire_session_give_up(int session, struct rewire_error *err);
int rewire_session_get_info(int session, struct rewire_session_info *ret_info,
			    struct rewire_error *err);

/*
 * A stream file: this side's state, sealed for its own SM. @ret_rounds: the state
 * changes still, and the file is read in rounds.
 */
int rewire_session_checkpoint(int session, bool *ret_rounds,
			      struct rewire_error *err);

/**
 * rewire_request_try - would this SM take part in a migration?
 * @sm: the SM
 * @side: REWIRE_SIDE_*: as what
 * @request: signed request; it is not used up
 * @token: for the source: evidence of the target's SM; NULL: its level is not
 *	looked at
 * @nonce: that @token answers
 * @ret_level: with @token: the target's level; may be NULL
 *
 * Return: 0, or why it would refuse.
 */
int rewire_request_try(int sm, __u32 side, const struct rewire_signed *request,
		       const struct rewire_token *token,
		       const __u8 nonce[REWIRE_NONCE_SIZE],
		       __u32 *ret_level, struct rewire_error *err);

/**
 * rewire_fence_give - tell an SM that the target of a migration is out
 * @sm: the SM
 * @fence: signed struct rewire_fence
 * @ret_side: REWIRE_SIDE_* of the migration here; may be NULL
 *
 * The source has its workload back with it; a target destroys what it has of it.
 *
 * Return: 0; -ENOENT: the migration is not known here; -EPERM: the target's SM
 * is not revoked at its source; or another negative errno.
 */
int rewire_fence_give(int sm, const struct rewire_signed *fence,
		      __u32 *ret_side, struct rewire_error *err);

#include "rewire_package.h"

#ifdef __cplusplus
}
#endif

#endif /* LIBREWIRE_H */
