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

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: Conventions
 *
 * A function that can fail returns a negative errno, with the meanings of
 * uapi/rewire.h, and takes a struct rewire_error as its last argument, which it
 * fills then; NULL is allowed there. ret_ arguments are written on success
 * only. Functions that return a file return its descriptor (close-on-exec) or a
 * negative errno. Nothing here is kept in global variables: different threads
 * may use different objects at the same time.
 */

/**
 * struct rewire_error - what failed, why, and what to do about it
 * @code: errno (positive)
 * @text: for people, one line without a newline at its end
 */
struct rewire_error {
	int code;
	char text[384];
};

/**
 * rewire_fail - fill an error
 * @err: where to; may be NULL
 * @code: errno, positive
 * @format: of printf(): what failed, why, what to do; in one line, whatever it
 *	quotes: control characters become question marks, as in logs
 *
 * Return: -@code.
 */
int rewire_fail(struct rewire_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * rewire_fail_ioctl - fill an error after a refused command
 * @err: where to; may be NULL
 * @fd: the file that refused; asked for the reason by REWIRE_GET_WHY
 * @code: errno, positive, as it was right after the command
 * @what: what was tried: "pausing the enclave"
 *
 * Return: -@code.
 */
int rewire_fail_ioctl(struct rewire_error *err, int fd, int code,
		      const char *what);

/* The same with advice of the caller's own; NULL: none. */
int rewire_fail_advised(struct rewire_error *err, int fd, int code,
			const char *what, const char *advice);

/* What rewire_fail_ioctl() advises; NULL: nothing. */
const char *rewire_advice(int code);

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
 * Signed structs. A file of one is the struct (as long as its header says),
 * then its detached CMS signature (DER) up to the end of the file.
 */

/**
 * struct rewire_signed - a signed struct and its signature
 * @body: starts with struct rewire_header
 * @length: its bytes
 * @signature: detached CMS, DER
 * @signature_length: its bytes
 */
struct rewire_signed {
	union {
		struct rewire_header header;
		struct rewire_manifest manifest;
		struct rewire_request request;
		struct rewire_witness witness;
		struct rewire_fence fence;
		struct rewire_wrap wrap;
	} body;
	size_t length;
	__u8 signature[REWIRE_MAX_CMS];
	size_t signature_length;
};

/**
 * struct rewire_signer - a private key and its certificate (opaque)
 */
struct rewire_signer;

/**
 * typedef rewire_passphrase_fn - asks for the passphrase of a key file
 * @buffer: where to; the zero at its end does not count
 * @size: its bytes
 * @data: as given to rewire_signer_open()
 *
 * Return: characters written, or a negative errno.
 */
typedef int rewire_passphrase_fn(char *buffer, size_t size, void *data);

/**
 * rewire_signer_open - load a key pair
 * @key: PEM file of the private key
 * @certificate: PEM or DER file of its certificate
 * @passphrase: called when the key is encrypted; NULL refuses those
 * @data: for @passphrase
 * @ret_signer: to be freed by rewire_signer_free()
 *
 * Return: 0, -EKEYREJECTED when the two do not belong together, or another
 * negative errno.
 */
int rewire_signer_open(const char *key, const char *certificate,
		       rewire_passphrase_fn *passphrase, void *data,
		       struct rewire_signer **ret_signer,
		       struct rewire_error *err);
void rewire_signer_free(struct rewire_signer *signer);

/**
 * rewire_sign_manifest - sign what is said of an image
 * @signer: the developer role
 * @manifest: members other than the header, filled by the caller
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_manifest(const struct rewire_signer *signer,
			 const struct rewire_manifest *manifest,
			 struct rewire_signed *ret_signed,
			 struct rewire_error *err);

/**
 * rewire_sign_request - sign a migration request
 * @signer: the sds role
 * @request: members other than the header, filled by the caller
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_request(const struct rewire_signer *signer,
			const struct rewire_request *request,
			struct rewire_signed *ret_signed,
			struct rewire_error *err);

/**
 * rewire_sign_witness - sign what was seen of an SM's journal
 * @signer: the sds role
 * @witness: members other than the header, filled by the caller
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_witness(const struct rewire_signer *signer,
			const struct rewire_witness *witness,
			struct rewire_signed *ret_signed,
			struct rewire_error *err);

/**
 * rewire_fence_of - the fence of a migration, to be signed
 * @request: as the SDS signed it
 * @ret_fence: all but the header
 *
 * Return: 0 or a negative errno.
 */
int rewire_fence_of(const struct rewire_request *request,
		    struct rewire_fence *ret_fence, struct rewire_error *err);

/**
 * rewire_sign_fence - sign that the target of a migration is out
 * @signer: the sds role
 * @fence: of rewire_fence_of()
 * @ret_signed: the result
 *
 * Return: 0 or a negative errno.
 */
int rewire_sign_fence(const struct rewire_signer *signer,
		      const struct rewire_fence *fence,
		      struct rewire_signed *ret_signed,
		      struct rewire_error *err);

/**
 * rewire_signed_verify - check a signature as an SM would
 * @object: the signed struct
 * @certificate: PEM or DER file of the role's certificate
 *
 * Return: 0, -EKEYREJECTED, or another negative errno.
 */
int rewire_signed_verify(const struct rewire_signed *object,
			 const char *certificate, struct rewire_error *err);

/**
 * rewire_signed_parse - take a signed struct apart; checks form, not signature
 * @data: the bytes
 * @length: how many
 * @type: REWIRE_TYPE_MANIFEST, _REQUEST, _WITNESS, _FENCE or _WRAP
 * @ret_signed: the result
 *
 * Return: 0, -EBADMSG, or another negative errno.
 */
int rewire_signed_parse(const __u8 *data, size_t length, __u16 type,
			struct rewire_signed *ret_signed,
			struct rewire_error *err);
int rewire_signed_read(const char *path, __u16 type,
		       struct rewire_signed *ret_signed,
		       struct rewire_error *err);
int rewire_signed_write(const char *path, const struct rewire_signed *object,
			struct rewire_error *err);

/* ------------------------------------------------------------------------
 * Trust: bundles of anchors, and the table of levels. A file of one is the
 * struct and its certificates, then each signature: a little-endian __u32, its
 * length, and that many bytes of detached CMS (DER); none at first, then one
 * more by each holder of a root key.
 */

/**
 * struct rewire_statement - a bundle or a table, and its signatures
 * @body: struct rewire_bundle with its certificates, or struct rewire_levels
 * @length: its bytes
 * @signatures: how many
 * @signature: detached CMS, DER
 * @signature_length: bytes of each
 */
struct rewire_statement {
	__u8 *body;
	size_t length;
	size_t signatures;
	__u8 signature[REWIRE_MAX_ROOT_SIGNATURES][REWIRE_MAX_CMS];
	size_t signature_length[REWIRE_MAX_ROOT_SIGNATURES];
};

/**
 * rewire_trust_bundle - an unsigned bundle
 * @bundle: version, role, threshold, revoked and revoked_sm, filled by the caller
 * @certificates: PEM or DER files
 * @count: how many
 * @ret_statement: to be freed by rewire_trust_free()
 *
 * Return: 0, -EBADMSG for one that no SM would take, or another negative errno.
 */
int rewire_trust_bundle(const struct rewire_bundle *bundle,
			const char *const *certificates, size_t count,
			struct rewire_statement **ret_statement,
			struct rewire_error *err);

/**
 * rewire_trust_levels - an unsigned table of levels
 * @levels: all but the header, filled by the caller
 * @ret_statement: to be freed by rewire_trust_free()
 *
 * Return: 0, -EBADMSG for one that no SM would take, or another negative errno.
 */
int rewire_trust_levels(const struct rewire_levels *levels,
			struct rewire_statement **ret_statement,
			struct rewire_error *err);

/**
 * rewire_levels_parse - a table of levels from its JSON text
 * @text: {"version": 2, "rules": [{"level": 3, "min_kernel": "6.12.0",
 *	"claims": ["yama", "journal"]}, ...]}; nothing else may be in it
 * @length: its bytes
 * @ret_levels: all but the header
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_levels_parse(const char *text, size_t length,
			struct rewire_levels *ret_levels,
			struct rewire_error *err);

/* Take a file apart; checks the form of the statement as an SM would. */
int rewire_trust_parse(const __u8 *data, size_t length,
		       struct rewire_statement **ret_statement,
		       struct rewire_error *err);
int rewire_trust_read(const char *path, struct rewire_statement **ret_statement,
		      struct rewire_error *err);
int rewire_trust_write(const char *path,
		       const struct rewire_statement *statement,
		       struct rewire_error *err);
void rewire_trust_free(struct rewire_statement *statement);

/**
 * rewire_trust_sign - one more signature
 * @signer: the root role
 * @statement: gets it
 *
 * Return: 0, -EEXIST when this key signed it before, or another negative errno.
 */
int rewire_trust_sign(const struct rewire_signer *signer,
		      struct rewire_statement *statement,
		      struct rewire_error *err);

/**
 * rewire_trust_signed_by - whether one of the signatures is this key's
 * @statement: the statement
 * @index: of the signature
 * @certificate: PEM or DER file
 *
 * Return: 0, -EKEYREJECTED, or another negative errno.
 */
int rewire_trust_signed_by(const struct rewire_statement *statement,
			   size_t index, const char *certificate,
			   struct rewire_error *err);

/**
 * rewire_trust_give - let an SM obey it from now on
 * @sm: the SM
 * @statement: with the signatures of enough root keys
 *
 * Return: 0, -ENOKEY, -EKEYREJECTED, -ESTALE, or another negative errno.
 */
int rewire_trust_give(int sm, const struct rewire_statement *statement,
		      struct rewire_error *err);

/**
 * struct rewire_anchor_name - whom a certificate in a bundle is of
 * @id: of its key
 * @subject: in words
 */
struct rewire_anchor_name {
	__u8 id[REWIRE_ID_SIZE];
	char subject[128];
};

/* @index: below the bundle's anchors */
int rewire_trust_anchor(const struct rewire_statement *statement, size_t index,
			struct rewire_anchor_name *ret_name,
			struct rewire_error *err);

/* "root", "sds" ...; NULL for a number that is none. */
const char *rewire_role_name(__u32 role);
int rewire_role_parse(const char *text, __u32 *ret_role);
/* "yama", "journal" ..., of REWIRE_CLAIM_*; NULL for a bit that is none. */
const char *rewire_claim_name(unsigned int bit);
int rewire_claim_parse(const char *text, __u64 *ret_claim);

/* ------------------------------------------------------------------------
 * The journal: its files without an SM, and what the SM says of it.
 */

#define REWIRE_ROOT_KEY_SIZE	32
#define REWIRE_MAX_JOURNAL	(256UL << 20)	/* bytes of a file that we read */
#define REWIRE_MAX_HEAD		(sizeof(struct rewire_head) + REWIRE_MAX_CERT + 512)

/**
 * struct rewire_journal_entry - one record of a file
 * @record: its header
 * @payload: @record.length bytes in the caller's data
 * @offset: where in that it starts
 */
struct rewire_journal_entry {
	struct rewire_journal_record record;
	const __u8 *payload;
	size_t offset;
};

/**
 * rewire_journal_next - take a file apart
 * @data: content of a file; need not be aligned, nor a journal at all
 * @length: its bytes
 * @position: in: where to go on, at first 0; out: behind the record
 * @ret_entry: the record; its payload is as long as its type demands
 *
 * Return: 1, 0 at the end, -EBADMSG when there is something else.
 */
int rewire_journal_next(const void *data, size_t length, size_t *position,
			struct rewire_journal_entry *ret_entry,
			struct rewire_error *err);

/**
 * struct rewire_journal_roots - root keys, where they are at hand
 * @key: by generation, REWIRE_ROOT_KEY_SIZE bytes; NULL where it is not
 */
struct rewire_journal_roots {
	const __u8 *key[REWIRE_MAX_GENERATIONS + 1];
};

/**
 * struct rewire_journal_summary - what a file holds
 * @sm: whose journal
 * @journal: its id
 * @base: sequence of the first record
 * @base_head: the head it goes on from; zero for the start of a journal
 * @sequence: records in the chain, of all files
 * @head: SHA-256 of the last
 * @generation: of the root key that authenticates what comes next
 * @counter: of the last record
 * @torn: bytes behind the last record that are no record
 * @blank: there is no record, because none was ever written
 * @unfinished: a compaction that was interrupted: the other file counts
 * @authentic: all MACs were checked
 */
struct rewire_journal_summary {
	__u8 sm[REWIRE_ID_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
	__u64 base;
	__u8 base_head[REWIRE_DIGEST_SIZE];
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	__u32 generation;
	__u64 counter;
	size_t torn;
	bool blank;
	bool unfinished;
	bool authentic;
};

/**
 * rewire_journal_verify - check the chain of a file
 * @data: content
 * @length: its bytes
 * @roots: to check the MACs too; NULL: nobody can tell then who wrote it
 * @ret_summary: what it holds
 *
 * Return: 0; -EUCLEAN, with the first bad record named; -ENOKEY when a root key
 * is another one; -ENOMEM.
 */
int rewire_journal_verify(const void *data, size_t length,
			  const struct rewire_journal_roots *roots,
			  struct rewire_journal_summary *ret_summary,
			  struct rewire_error *err);

/**
 * rewire_journal_contains - did the chain of a verified file have this head?
 * @data: content
 * @length: its bytes
 * @head: checked by rewire_head_check()
 *
 * Return: 1; 0 when it had another one then, or is not that long; -ENODATA when
 * that was before the first record of the file.
 */
int rewire_journal_contains(const void *data, size_t length,
			    const struct rewire_head *head,
			    struct rewire_error *err);

/**
 * rewire_head_check - what an SM said of its journal
 * @data: struct rewire_head, certificate, signature
 * @length: their bytes
 * @platform: certificate file of the platform CA
 * @ret_head: the head
 *
 * Return: 0, -EBADMSG when it is none, -EKEYREJECTED when a signature is wrong
 * or the SM's certificate is not the CA's.
 */
int rewire_head_check(const void *data, size_t length, const char *platform,
		      struct rewire_head *ret_head, struct rewire_error *err);

/**
 * rewire_witness_answer - what a witness says to a head that it is shown
 * @known: the head of this SM that it remembers; NULL for none
 * @shown: checked by rewire_head_check()
 * @ret_witness: the answer, to be signed by rewire_sign_witness()
 * @ret_remember: @shown is what to remember from now on
 *
 * A head that goes on from @known is not remembered before the SM has said that
 * @known is part of its chain: a journal that was put back may have grown.
 *
 * Return: 0; -EUCLEAN when @shown is from before @known, beside it, or of
 * another journal: then nobody may run what that SM has.
 */
int rewire_witness_answer(const struct rewire_head *known,
			  const struct rewire_head *shown,
			  struct rewire_witness *ret_witness,
			  bool *ret_remember, struct rewire_error *err);

int rewire_sm_journal_info(int sm, struct rewire_journal_info *ret_info,
			   struct rewire_error *err);
/* @ret_length: in: room (REWIRE_MAX_HEAD always suffices) */
int rewire_sm_head(int sm, void *buffer, size_t *ret_length,
		   struct rewire_error *err);
int rewire_sm_witness(int sm, const struct rewire_signed *witness,
		      struct rewire_error *err);
/* What is in force of a kind; @kind: as in struct rewire_get_trust. */
int rewire_sm_trust(int sm, __u32 kind, struct rewire_get_trust *ret_trust,
		    struct rewire_error *err);
int rewire_sm_compact(int sm, struct rewire_error *err);

/* "WORKLOAD", "waiting for a witness" ...; "unknown" for one of the future. */
const char *rewire_journal_type_name(__u32 type);

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

/* ------------------------------------------------------------------------
 * Arguments of a call: a list, each a little-endian __u32 length and bytes.
 */

/**
 * struct rewire_args - arguments being put together
 * @data: the encoding
 * @length: its bytes
 */
struct rewire_args {
	__u8 data[REWIRE_MAX_PAYLOAD];
	size_t length;
};

/**
 * rewire_args_add - append one argument
 * @args: start with @args->length zero
 * @data: bytes
 * @length: how many
 *
 * Return: 0 or -EMSGSIZE.
 */
int rewire_args_add(struct rewire_args *args, const void *data, size_t length);

/**
 * rewire_args_next - take an encoding apart
 * @data: the encoding
 * @length: its bytes
 * @position: in: where to go on, at first 0; out: after the argument
 * @ret_argument: start of the argument in @data
 * @ret_length: its bytes
 *
 * Return: 1, 0 at the end, -EBADMSG when it is cut off.
 */
int rewire_args_next(const void *data, size_t length, size_t *position,
		     const void **ret_argument, size_t *ret_length);

/* ------------------------------------------------------------------------
 * The helper's control socket: one JSON object a line, both ways.
 */

#define REWIRE_CTL_SOCKET	"/run/rewire/rewired.sock"
#define REWIRE_CTL_MAX_LINE	(192 * 1024)

#define REWIRE_CTL_CALL		1	/* carry a call to where the workload is */
#define REWIRE_CTL_MIGRATE	2	/* run a migration; answers with events */
#define REWIRE_CTL_STATUS	3	/* what the helper is doing */
#define REWIRE_CTL_TRY		4	/* would a migration go? touches nothing */
#define REWIRE_CTL_UPDATE_APPLY	5	/* update; answers with events */
#define REWIRE_CTL_UPDATE_PLAN	6	/* what an update would change */
#define REWIRE_CTL_UPDATE_LIST	7	/* those that wait, run, or are over */
#define REWIRE_CTL_UPDATE_APPROVE 8	/* let one of the inbox be applied */
#define REWIRE_CTL_UPDATE_REJECT 9	/* never apply it */
#define REWIRE_CTL_UPDATE_CANCEL 10	/* end one that runs, or waits */
#define REWIRE_CTL_UPDATE_RECEIPT 11	/* the SM's word on how one ended */

/**
 * struct rewire_ctl_request - a line to the helper
 * @op: REWIRE_CTL_*
 * @call: for CALL: workload, and the members of struct rewire_call; @input is
 *	rewire_ctl_request_clear()'s to free after decoding
 * @request: for MIGRATE and TRY: the signed request
 * @peer: for MIGRATE and TRY: "HOST:PORT" of the target's helper
 * @stop_and_copy: for MIGRATE: it stands still from the first page to the last
 * @streams: for MIGRATE: how many, at most; 0: as the helper was told
 * @update: for UPDATE_APPLY and _PLAN: content of the files (the client's when
 *	encoding, rewire_ctl_request_clear()'s to free after decoding), the
 *	payload's descriptor, which goes beside the line, and how; for the others
 *	but _LIST: the id
 */
struct rewire_ctl_request {
	int op;
	struct {
		__u8 workload[REWIRE_ID_SIZE];
		__u8 client[REWIRE_ID_SIZE];
		__u64 sequence;
		__u32 timeout_ms;
		__u8 *input;
		size_t input_length;
	} call;
	struct rewire_signed request;
	char peer[256];
	bool stop_and_copy;
	unsigned int streams;
	struct {
		__u8 *package;
		size_t package_length;
		__u8 *wrap;
		size_t wrap_length;
		int payload;
		bool all;
		__u8 workload[REWIRE_ID_SIZE];
		__u8 id[REWIRE_ID_SIZE];
		bool is_volatile;
		bool keep_going;
		__u32 wait_ms;
	} update;
};

/**
 * struct rewire_ctl_answer - a line from the helper
 * @event: name of the step when this is an event; empty for the answer
 * @ok: the operation was done
 * @error: otherwise why; its code is the errno
 * @status: of a CALL: the enclave's own
 * @output: of a CALL: the answer, may be NULL when empty; freed by
 *	rewire_ctl_answer_clear()
 * @output_length: its bytes
 * @info: of a STATUS, a TRY or an event: a JSON object as text, or NULL; for an event
 *	"side" (of the SM that says it), "ms" (since the start of the
 *	migration) and what else there is to say
 */
struct rewire_ctl_answer {
	char event[32];
	bool ok;
	struct rewire_error error;
	__s32 status;
	__u8 *output;
	size_t output_length;
	char *info;
};

/* Each encoder returns a line with its newline, to be freed; NULL: no memory. */
char *rewire_ctl_encode_request(const struct rewire_ctl_request *request);
char *rewire_ctl_encode_answer(const struct rewire_ctl_answer *answer);

/* @line: without newline, not necessarily with a zero at its end. -EBADMSG. */
int rewire_ctl_decode_request(const char *line, size_t length,
			      struct rewire_ctl_request *ret_request,
			      struct rewire_error *err);
int rewire_ctl_decode_answer(const char *line, size_t length,
			     struct rewire_ctl_answer *ret_answer,
			     struct rewire_error *err);
void rewire_ctl_request_clear(struct rewire_ctl_request *request);
void rewire_ctl_answer_clear(struct rewire_ctl_answer *answer);

/**
 * typedef rewire_ctl_event_fn - called for each event before the answer
 * @event: the event
 * @data: as given to rewire_ctl_exchange()
 */
typedef void rewire_ctl_event_fn(const struct rewire_ctl_answer *event,
				 void *data);

/**
 * rewire_ctl_exchange - ask the helper and wait for its answer
 * @path: its socket; NULL is REWIRE_CTL_SOCKET
 * @request: what to ask
 * @event: called for events; may be NULL
 * @data: for @event
 * @ret_answer: the answer, to be cleared with rewire_ctl_answer_clear()
 *
 * Return: 0 (@ret_answer->ok tells), or a negative errno when there was none.
 */
int rewire_ctl_exchange(const char *path,
			const struct rewire_ctl_request *request,
			rewire_ctl_event_fn *event, void *data,
			struct rewire_ctl_answer *ret_answer,
			struct rewire_error *err);

/* ------------------------------------------------------------------------
 * A client: calls that have their effect once, wherever the workload is.
 */

/**
 * struct rewire_client - who calls, and how often it did
 * @workload: whom
 * @id: random
 * @sequence: of the next call
 * @socket: of the local helper, which knows where a workload went; not copied;
 *	NULL is REWIRE_CTL_SOCKET
 */
struct rewire_client {
	__u8 workload[REWIRE_ID_SIZE];
	__u8 id[REWIRE_ID_SIZE];
	__u64 sequence;
	const char *socket;
};

int rewire_client_init(struct rewire_client *client,
		       const __u8 workload[REWIRE_ID_SIZE], const char *socket,
		       struct rewire_error *err);

/**
 * rewire_client_call - one call, repeated until it has its answer
 * @client: the client
 * @input: request
 * @input_length: its bytes, at most REWIRE_MAX_PAYLOAD
 * @timeout_ms: for all attempts together; 0 waits for ever
 * @output: room for REWIRE_MAX_PAYLOAD bytes
 * @ret_length: bytes of the answer
 * @ret_status: the enclave's own status
 *
 * After a failure the same call may be repeated: the sequence number moves on
 * with an answer only.
 *
 * Return: 0 or a negative errno.
 */
int rewire_client_call(struct rewire_client *client, const void *input,
		       size_t input_length, unsigned int timeout_ms,
		       __u8 output[REWIRE_MAX_PAYLOAD], size_t *ret_length,
		       __s32 *ret_status, struct rewire_error *err);

#include "rewire_package.h"

#ifdef __cplusplus
}
#endif

#endif /* LIBREWIRE_H */
