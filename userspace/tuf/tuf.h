/* SPDX-License-Identifier: MIT */
/**
 * DOC: libtuf - a client for The Update Framework
 *
 * It follows version 1.0.34 of the specification and TAP 15 (succinct roles);
 * sections in brackets are those of the specification. A client has a folder of
 * trusted metadata, which tuf_init() fills with a root that came by another way.
 * tuf_client_refresh() brings the metadata up to date, tuf_client_find() asks it
 * about one target, tuf_client_download() fetches that.
 *
 * What is trusted changes one verified file at a time; no failure, nor a kill at
 * any moment, leaves less than was there before. Functions return 0 or a negative
 * enum tuf_check, and then say in struct tuf_error what failed. Times are seconds
 * since 1970, sizes bytes. A client belongs to one thread; clients of one folder,
 * also in other processes, take turns.
 */
#ifndef LIBTUF_H
#define LIBTUF_H

#include <stddef.h>
#include <stdint.h>

/* Nothing larger is read (5.3.3, 5.4.1, 5.5.1, 5.6.1), in bytes. */
#define TUF_ROOT_MAX		512000
#define TUF_TIMESTAMP_MAX	16384
#define TUF_SNAPSHOT_MAX	2000000
#define TUF_TARGETS_MAX		5000000

#define TUF_ROOTS_MAX		256	/* new roots in one refresh (5.3.3) */
#define TUF_ROLES_MAX		32	/* roles asked for one target (5.6.7.1) */
#define TUF_DEPTH_MAX		16	/* delegations behind each other */

/**
 * enum tuf_check - the kind of check that failed
 * @TUF_OK: none
 * @TUF_SYSTEM: a file or memory, not the repository
 * @TUF_ARGUMENT: the caller asked for something that makes no sense
 * @TUF_TRANSFER: a download broke off, was too slow, or was refused
 * @TUF_MISSING: the repository has no such file
 * @TUF_LIMIT: larger, longer or deeper than allowed
 * @TUF_FORMAT: not metadata of that role (4)
 * @TUF_SIGNATURE: not signed by enough of the right keys
 * @TUF_VERSION: not the version that was announced
 * @TUF_ROLLBACK: older than what is trusted
 * @TUF_EXPIRED: expired: perhaps somebody holds back what is new (freeze)
 * @TUF_HASH: not the file that was announced
 * @TUF_NO_TARGET: no role that may has such a target
 */
enum tuf_check {
	TUF_OK,
	TUF_SYSTEM,
	TUF_ARGUMENT,
	TUF_TRANSFER,
	TUF_MISSING,
	TUF_LIMIT,
	TUF_FORMAT,
	TUF_SIGNATURE,
	TUF_VERSION,
	TUF_ROLLBACK,
	TUF_EXPIRED,
	TUF_HASH,
	TUF_NO_TARGET,
};

/* One or two words for @check. */
const char *tuf_check_name(enum tuf_check check);

/**
 * struct tuf_error - what failed; zero it before its first use
 * @check: kind of check
 * @role: whose metadata; "" when it is about none
 * @version: of that metadata; 0 when it is not known
 * @section: of the specification; "" when it asks for no such thing
 * @text: all of it as one line
 */
struct tuf_error {
	enum tuf_check check;
	char role[64];
	int64_t version;
	char section[16];
	char text[512];
};

/**
 * struct tuf_options - what a client works with
 * @metadata_dir: folder of trusted metadata: ROLE.json, as received
 * @metadata_urls: where the repository's metadata lies, mirrors of one another:
 *	http:// or https:// URLs, file:// URLs, or folders (a repository carried on
 *	a medium)
 * @metadata_url_count: how many
 * @target_urls: the same for target files
 * @target_url_count: how many
 * @target_dir: folder for target files
 * @cacert: file with the certificates that vouch for servers; NULL: the system's.
 *	Proxies are those of the environment (https_proxy, no_proxy, ...)
 * @min_speed: a slower server is given up, in bytes per second; 0: 1000
 * @patience: how long it may be slower, and how long connecting may take, in
 *	seconds; 0: 30. A file of N bytes may take @patience + N / @min_speed
 */
struct tuf_options {
	const char *metadata_dir;
	const char *const *metadata_urls;
	size_t metadata_url_count;
	const char *const *target_urls;
	size_t target_url_count;
	const char *target_dir;
	const char *cacert;
	unsigned int min_speed;
	unsigned int patience;
};

struct tuf_client;

/**
 * struct tuf_target - what trusted metadata says of one target file
 * @path: its name
 * @length: in bytes
 * @role: the role that vouches for it
 * @custom: its CUSTOM object as JSON (4.5); NULL: none
 * @hashes: for the library
 */
struct tuf_target {
	char *path;
	int64_t length;
	char *role;
	char *custom;
	void *hashes;
};

/**
 * tuf_init - trust a first root (5.2)
 * @metadata_dir: folder for trusted metadata; made when there is none
 * @root: a root.json that came by a way that can be trusted
 * @length: its bytes
 * @err: what failed
 *
 * The root has to be signed by its own keys; it may have expired. A folder that
 * has another root is left as it is.
 */
int tuf_init(const char *metadata_dir, const void *root, size_t length,
	     struct tuf_error *err);

/**
 * tuf_client_new - a client of one repository
 * @options: may go away after the call, with all it points to
 * @ret: the client, for tuf_client_free()
 * @err: what failed
 */
int tuf_client_new(const struct tuf_options *options, struct tuf_client **ret,
		   struct tuf_error *err);
void tuf_client_free(struct tuf_client *client);

/**
 * tuf_client_refresh - bring root, timestamp, snapshot and targets up to date
 * @client: the client
 * @err: what failed
 *
 * Sections 5.1 to 5.6.6. The moment it begins counts for all that expires, also
 * for what is found until the next one. What was verified before a failure is kept.
 */
int tuf_client_refresh(struct tuf_client *client, struct tuf_error *err);

/**
 * tuf_client_find - what trusted metadata says of a target (5.6.7)
 * @client: refreshed when it has not been yet
 * @path: the target's name
 * @ret: what was found, for tuf_target_free()
 * @err: what failed
 *
 * Asks roles in the order of delegation, at most TUF_ROLES_MAX of them.
 */
int tuf_client_find(struct tuf_client *client, const char *path,
		    struct tuf_target **ret, struct tuf_error *err);
void tuf_target_free(struct tuf_target *target);

/**
 * tuf_client_download - have a target's file (5.7)
 * @client: the client that found it
 * @target: the target
 * @ret_path: NULL, or where its file is; the caller frees it
 * @err: what failed
 *
 * The file gets the target's name, with all but letters, digits, "-", "_", "~" and
 * inner dots as %XX, in the folder for target files. It appears there only whole
 * and verified; one that is there and right already is not fetched again.
 */
int tuf_client_download(struct tuf_client *client,
			const struct tuf_target *target, char **ret_path,
			struct tuf_error *err);

#endif
