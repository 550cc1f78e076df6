/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vaults under any identity, and their exports.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_VAULTS_H
#define E2E_VAULTS_H

#include "work.h"

#define VAULT		"vault"		/* two vaults with different measurements */
#define VAULT_OTHER	"vault-8M"

/**
 * struct identity - what a developer says of a vault
 * @image: VAULT or VAULT_OTHER
 * @software: last byte of the software id
 * @svn: security version
 * @after: image whose successor it is, or NULL
 */
struct identity {
	const char *image;
	__u8 software;
	__u64 svn;
	const char *after;
};

/* Run it as @work, whose id stays; what ran there as that must be gone. */
void vault_start(struct work *work, const struct host *host,
		 const struct identity *identity);

/* A call; its status must be 0. */
void vault_do(struct work *work, const struct host *host, const char *verb,
	      const char *argument);

#define EXPORT_CHUNKS	8

/**
 * struct export - a copy of one export
 * @chunk: sealed
 * @length: their bytes
 * @count: how many there are
 */
struct export {
	__u8 *chunk[EXPORT_CHUNKS];
	size_t length[EXPORT_CHUNKS];
	unsigned int count;
};

struct export vault_export(struct work *work, const struct host *host);
/* Of the snapshot that the vault has: its chunks, sealed anew. */
void vault_take(struct work *work, const struct host *host,
		struct export *export);
void vault_forget(struct export *export);

#define LEGACY	1

/**
 * vault_import - take an export in
 * @work: a vault
 * @host: where it is
 * @export: of any vault
 *
 * Return: the enclave's status for the chunk that it refused; else 0, or LEGACY
 * when it says that the last chunk was.
 */
int vault_import(struct work *work, const struct host *host,
		 const struct export *export);

/* @result, of vault_import(), and what "get a" then gives. */
void expect_import(struct work *work, const struct host *host,
		   const struct export *export, int result, const char *value);

/* Number in the answer to a verb without arguments. */
unsigned long vault_number(struct work *work, const struct host *host,
			   const char *verb);

#endif /* E2E_VAULTS_H */
