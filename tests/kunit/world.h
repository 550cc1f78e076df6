/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SMs and enclaves that exist for one test: with keys, without a userspace.
 */
#ifndef REWIRE_TEST_WORLD_H
#define REWIRE_TEST_WORLD_H

#include <kunit/test.h>
#include <linux/sizes.h>

#include "../../kmod/enclave.h"
#include "../../kmod/keys.h"
#include "../../kmod/sm.h"
#include "../../kmod/stream.h"

#define WORLD_LIMIT	SZ_8M
#define WORLD_WORKLOAD	((const u8 *)"workload of all")	/* and its zero */

/*
 * Page 0 is code, page 1 constants, page 2 lies in no segment, the others are
 * data: the State Save Area in pages 3 to 6, the gate in page 7.
 */
#define WORLD_BASE	0x100000000000ULL
#define WORLD_PAGES	8
#define WORLD_HOLE	2
#define WORLD_DATA	3
#define WORLD_SPAN	(WORLD_PAGES * PAGE_SIZE)

/* what an enclave of this world has in all */
#define WORLD_CHARGE	((WORLD_PAGES - 1) * PAGE_SIZE)

extern const struct rewire_layout world_layout;

/* @name: 'a' or 'b'; with its attestation key when @attested */
struct rewire_sm *world_sm(struct kunit *test, char name, bool attested);
void world_sm_free(struct rewire_sm *sm);

/* a new enclave, BUILDING or RECEIVING, known to its SM; two references */
struct rewire_enclave *world_new(struct kunit *test, struct rewire_sm *sm,
				 u32 state);
/* PAUSED in epoch 1 of the workload, with its segments and some content */
struct rewire_enclave *world_enclave(struct kunit *test, struct rewire_sm *sm);
/* the same with so many pages in all, of which all behind the gate are zero */
struct rewire_enclave *world_large(struct kunit *test, struct rewire_sm *sm,
				   u64 pages);
/* RUNNING beside that one, on trial, with the same pages and a call table alone */
struct rewire_enclave *world_version(struct kunit *test, struct rewire_sm *sm);
void world_enclave_free(struct rewire_enclave *enclave);

/* as read() of its file: the next bytes of a stream, 0, or a negative errno */
ssize_t world_read(struct rewire_writer *writer, void *to, size_t len);

/* a certificate that nobody of the platform role issued */
const u8 *world_stranger(u32 *len);

/* the manifest of data_world.h and its signature */
const struct rewire_manifest *world_manifest_get(const u8 **cms, u32 *len);
/* certificate of the CA that issued those of both SMs */
const u8 *world_platform(u32 *len);

#endif
