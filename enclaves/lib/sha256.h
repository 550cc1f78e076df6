/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 for enclaves.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ENCLAVE_SHA256_H
#define ENCLAVE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	32
#define SHA256_HEX	(2 * SHA256_SIZE + 1)

/**
 * struct sha256 - a digest being made
 * @state: chaining value
 * @length: bytes so far
 * @block: the bytes that do not fill a block yet
 */
struct sha256 {
	uint32_t state[8];
	uint64_t length;
	unsigned char block[64];
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const void *data, size_t length);
void sha256_final(struct sha256 *hash, unsigned char digest[SHA256_SIZE]);
void sha256_hex(const unsigned char digest[SHA256_SIZE], char hex[SHA256_HEX]);

#endif /* ENCLAVE_SHA256_H */
