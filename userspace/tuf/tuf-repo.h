/* SPDX-License-Identifier: MIT */
/**
 * DOC: libtuf, the other side - a repository of The Update Framework
 *
 * A repository is a folder with two parts. "public" is what web servers hand out
 * as it is: public/metadata and public/targets, always whole and consistent
 * (consistent snapshots, 6.2). "draft" is what comes next: each role's next
 * version while it is edited and while its signatures come together. Functions
 * that edit change a draft in memory; tuf_repo_save() keeps it, tuf_repo_publish()
 * makes drafts that have enough signatures public, in one step. A kill at any
 * moment leaves the old state or the new one.
 *
 * As in tuf.h functions return 0 or a negative enum tuf_check, and say in struct
 * tuf_error what failed; times are seconds since 1970, sizes bytes, sections in
 * brackets those of the specification. A repository belongs to one thread; other
 * processes wait for it to be closed.
 */
#ifndef LIBTUF_REPO_H
#define LIBTUF_REPO_H

#include <stdbool.h>

#include <jansson.h>

#include "tuf.h"

/* Keys */

struct tuf_key;

/**
 * typedef tuf_passphrase_fn - asks for the passphrase of a key
 * @buffer: where it goes
 * @size: of @buffer
 * @data: of whoever gave the function
 *
 * Return: its length, or negative when there is none.
 */
typedef int tuf_passphrase_fn(char *buffer, size_t size, void *data);

/**
 * tuf_key_make - draw a new key
 * @type: "ed25519", "ecdsa" (P-256) or "rsa" (3072 bits)
 * @ret: the key, for tuf_key_free()
 * @err: what failed
 */
int tuf_key_make(const char *type, struct tuf_key **ret, struct tuf_error *err);

/**
 * tuf_key_write - put a key on a medium, and read it back from there
 * @key: with its private part
 * @folder: of the medium
 * @name: NAME.key becomes the private key, PKCS#8 in PEM; NAME.pub the public one
 * @passphrase: encrypts NAME.key (PBES2: scrypt, AES-256-CBC); NULL: not encrypted,
 *	for a key that works without people
 * @length: of @passphrase
 * @err: what failed
 *
 * What is there is never overwritten. Files are synced, read back and decrypted,
 * and have to sign.
 */
int tuf_key_write(const struct tuf_key *key, const char *folder,
		  const char *name, const char *passphrase, size_t length,
		  struct tuf_error *err);

/* Read a private key as tuf_key_write() leaves it, or a public key in PEM. */
int tuf_key_read(const char *path, tuf_passphrase_fn *ask, void *data,
		 struct tuf_key **ret, struct tuf_error *err);
int tuf_key_read_public(const char *path, struct tuf_key **ret,
			struct tuf_error *err);

/* KEYID (4.2.2), and "ed25519", "ecdsa", "rsa". */
const char *tuf_key_id(const struct tuf_key *key);
const char *tuf_key_type(const struct tuf_key *key);
void tuf_key_free(struct tuf_key *key);

struct tuf_signer;

/**
 * tuf_signer_open - a key that can sign, wherever it is
 * @where: file with a private key; "pkcs11:..." (RFC 7512) for a token; or
 *	"command:PROGRAM", which prints its public key in PEM when called with
 *	"public", and when called with "sign" reads from standard input what is to be
 *	signed and writes the signature as it is
 * @ask: passphrase of the file, or PIN of the token
 * @data: for @ask
 * @ret: the signer, for tuf_signer_free()
 * @err: what failed
 */
int tuf_signer_open(const char *where, tuf_passphrase_fn *ask, void *data,
		    struct tuf_signer **ret, struct tuf_error *err);
const char *tuf_signer_id(const struct tuf_signer *signer);
void tuf_signer_free(struct tuf_signer *signer);

/* Drafts */

struct tuf_repo;

/**
 * struct tuf_grant - who may sign for a role
 * @keys: public keys are enough
 * @count: how many
 * @threshold: how many of them have to
 */
struct tuf_grant {
	struct tuf_key *const *keys;
	size_t count;
	int64_t threshold;
};

/**
 * struct tuf_expiry - when drafts of the roles expire
 */
struct tuf_expiry {
	int64_t root;
	int64_t targets;
};

/**
 * tuf_repo_init - begin a repository: first drafts of root and targets
 * @dir: its folder, which is made
 * @root: who may sign for root
 * @targets: and so on
 * @snapshot: and so on
 * @timestamp: and so on
 * @expiry: of the two drafts
 * @err: what failed
 */
int tuf_repo_init(const char *dir, const struct tuf_grant *root,
		  const struct tuf_grant *targets,
		  const struct tuf_grant *snapshot,
		  const struct tuf_grant *timestamp,
		  const struct tuf_expiry *expiry, struct tuf_error *err);

int tuf_repo_open(const char *dir, struct tuf_repo **ret, struct tuf_error *err);
void tuf_repo_close(struct tuf_repo *repo);

/* Keep the drafts that were changed since. Each is replaced as a whole. */
int tuf_repo_save(struct tuf_repo *repo, struct tuf_error *err);

/**
 * tuf_repo_add - add a target, or replace it
 * @repo: the repository
 * @role: who vouches for it; when that role has bins, the right bin does
 * @name: the target's name
 * @path: the file, which is copied
 * @custom: a JSON object (4.5), or NULL
 * @expires: of the draft
 * @ret_role: NULL, or who vouches for it in the end; the caller frees it
 * @err: what failed
 */
int tuf_repo_add(struct tuf_repo *repo, const char *role, const char *name,
		 const char *path, json_t *custom, int64_t expires,
		 char **ret_role, struct tuf_error *err);
int tuf_repo_remove(struct tuf_repo *repo, const char *role, const char *name,
		    int64_t expires, char **ret_role, struct tuf_error *err);

/**
 * struct tuf_delegation - a role that is given part of the targets (4.5)
 * @from: who delegates
 * @name: of the role; of bins the prefix of their names
 * @grant: who may sign for it
 * @paths: patterns of targets
 * @path_count: how many; 0 for bins
 * @bits: instead of @paths: 2 to the power of @bits bins by the hash of the name
 * @succinct: bins are written down in one entry (TAP 15)
 * @terminating: no later delegation is asked
 */
struct tuf_delegation {
	const char *from;
	const char *name;
	struct tuf_grant grant;
	const char *const *paths;
	size_t path_count;
	int bits;
	bool succinct;
	bool terminating;
};

/* Bins: at most 2^TUF_BITS_MAX. */
#define TUF_BITS_MAX	14

/* The role gets an empty draft of its own. */
int tuf_repo_delegate(struct tuf_repo *repo,
		      const struct tuf_delegation *delegation, int64_t expires,
		      struct tuf_error *err);
int tuf_repo_undelegate(struct tuf_repo *repo, const char *from,
			const char *name, int64_t expires, struct tuf_error *err);

/**
 * struct tuf_rotation - change of who may sign for a role
 * @add: keys that may from now on
 * @add_count: how many
 * @remove: ids (or enough of their beginnings) of keys that may not any more
 * @remove_count: how many
 * @threshold: 0: as it was
 */
struct tuf_rotation {
	struct tuf_key *const *add;
	size_t add_count;
	const char *const *remove;
	size_t remove_count;
	int64_t threshold;
};

/**
 * tuf_repo_rotate - change who may sign for a role, in a draft of who delegates
 * @repo: the repository
 * @role: the role
 * @rotation: what changes
 * @expiry: of the draft
 * @err: what failed
 *
 * Targets metadata that would then lack signatures gets a draft as well.
 */
int tuf_repo_rotate(struct tuf_repo *repo, const char *role,
		    const struct tuf_rotation *rotation,
		    const struct tuf_expiry *expiry, struct tuf_error *err);

/* The next version of a role as it is, before it expires. */
int tuf_repo_renew(struct tuf_repo *repo, const char *role, int64_t expires,
		   struct tuf_error *err);

/**
 * tuf_repo_snapshot - draft a snapshot of all roles that have enough signatures
 * @repo: the repository
 * @expires: of the snapshot
 * @due: 0, or nothing is to be done when nothing has changed and the public one
 *	expires after that
 * @err: what failed
 *
 * Return: 1: nothing is to be done.
 */
int tuf_repo_snapshot(struct tuf_repo *repo, int64_t expires, int64_t due,
		      struct tuf_error *err);
int tuf_repo_timestamp(struct tuf_repo *repo, int64_t expires,
		       struct tuf_error *err);

/* In words */

/* One line, without its end; names in it may hold anything but control characters. */
typedef void tuf_say_fn(const char *line, void *data);

/**
 * tuf_repo_changes - what a draft changes, in words
 * @repo: the repository
 * @role: of the draft
 * @say: called with each line
 * @data: for @say
 */
int tuf_repo_changes(struct tuf_repo *repo, const char *role, tuf_say_fn *say,
		     void *data, struct tuf_error *err);

/**
 * struct tuf_status - one role
 * @role: its name
 * @draft: this is about its draft, not about what is public
 * @version: of its metadata
 * @expires: its metadata
 * @signed_by: keys that have signed and may
 * @threshold: keys that have to
 */
struct tuf_status {
	const char *role;
	bool draft;
	int64_t version;
	int64_t expires;
	int64_t signed_by;
	int64_t threshold;
};

/* Return: 0 to go on. */
typedef int tuf_status_fn(const struct tuf_status *status, void *data);

/* All public metadata, then all drafts. */
int tuf_repo_status(struct tuf_repo *repo, tuf_status_fn *tell, void *data,
		    struct tuf_error *err);

/* Signatures */

/**
 * tuf_repo_sign - sign a draft
 * @repo: the repository
 * @role: of the draft
 * @signer: whose key has to be one of the role's
 * @err: what failed
 */
int tuf_repo_sign(struct tuf_repo *repo, const char *role,
		  const struct tuf_signer *signer, struct tuf_error *err);

/* May @signer's key sign the draft of @role, and has not yet? */
bool tuf_repo_wants(struct tuf_repo *repo, const char *role, const char *keyid);

/**
 * struct tuf_request - a draft that travels to whoever is to sign it
 *
 * A file with the draft, the metadata that it is to follow, and the keys that may
 * sign; signatures come back in it.
 */
struct tuf_request;

int tuf_repo_request(struct tuf_repo *repo, const char *role,
		     struct tuf_request **ret, struct tuf_error *err);
int tuf_request_read(const char *path, struct tuf_request **ret,
		     struct tuf_error *err);
int tuf_request_write(const struct tuf_request *request, const char *path,
		      struct tuf_error *err);
int tuf_request_changes(const struct tuf_request *request, tuf_say_fn *say,
			void *data, struct tuf_error *err);
int tuf_request_sign(struct tuf_request *request,
		     const struct tuf_signer *signer, struct tuf_error *err);
const char *tuf_request_role(const struct tuf_request *request);
void tuf_request_free(struct tuf_request *request);

/**
 * tuf_repo_collect - take the signatures of a request into the draft
 * @repo: the repository
 * @request: what came back
 * @ret_count: how many are new
 * @err: the draft is another one by now, or a signature is wrong or by a key
 *	that may not: then none is taken
 */
int tuf_repo_collect(struct tuf_repo *repo, const struct tuf_request *request,
		     size_t *ret_count, struct tuf_error *err);

/* Publishing */

/**
 * tuf_repo_publish - make what has enough signatures public
 * @repo: the repository
 * @say: called with a line for each role: what was published, and what waits
 * @data: for @say
 * @err: what failed
 *
 * All of what will be public is checked first, as a client does that knows what
 * is public now. -TUF_SIGNATURE: nothing has enough signatures.
 */
int tuf_repo_publish(struct tuf_repo *repo, tuf_say_fn *say, void *data,
		     struct tuf_error *err);

/**
 * tuf_repo_copy - carry all that is public to a folder, on a medium
 * @repo: the repository
 * @folder: replaced as a whole
 * @err: what failed
 *
 * The copy is synced, read back and checked. It can be a client's URL.
 */
int tuf_repo_copy(struct tuf_repo *repo, const char *folder,
		  struct tuf_error *err);

/**
 * struct tuf_counts - what was checked
 */
struct tuf_counts {
	int64_t root;		/* version */
	size_t roles;		/* metadata of targets and of delegated roles */
	size_t targets;
	uint64_t bytes;		/* of targets */
};

/**
 * tuf_check_folder - check all of a repository, as a client would each part of it
 * @folder: with "metadata" and "targets"
 * @root: file with the root to begin with; NULL: 1.root.json of the repository
 * @now: the moment that counts for all that expires; 0: now
 * @ret: what was checked
 * @err: what is wrong
 */
int tuf_check_folder(const char *folder, const char *root, int64_t now,
		     struct tuf_counts *ret, struct tuf_error *err);

/* "YYYY-MM-DDTHH:MM:SSZ" (4.2.3) */
char *tuf_time_format(int64_t when, char text[24]);

#endif
