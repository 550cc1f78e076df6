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

#endif
