/* SPDX-License-Identifier: MIT */
/*
 * The form in which claims are given to the fuzzer of evidence.
 */
#ifndef FUZZ_EVIDENCE_ITEMS_H
#define FUZZ_EVIDENCE_ITEMS_H

#include <linux/types.h>

#define EVIDENCE_TOKEN 0	/* first byte: a token follows */
#define EVIDENCE_ITEMS 1	/* first byte: items follow */

#define EVIDENCE_STRING 64

/**
 * struct evidence_item - a key, or a value
 * @major: CBOR_READ_*, strings and numbers only
 * @value: number, or bytes of the string
 * @content: of the string, over and over: where it stands, a length that was
 *	changed moves nothing else
 */
struct evidence_item {
	__u8 major;
	__u64 value;
	__u8 content[EVIDENCE_STRING];
} __attribute__((packed));

#endif
