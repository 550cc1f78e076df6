/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: sizes and bounds that the rest of the contract counts in.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_LIMITS_H
#define _UAPI_REWIRE_LIMITS_H

#include <linux/types.h>

#define REWIRE_ID_SIZE			16	/* workload, software, SM, request ids */
#define REWIRE_DIGEST_SIZE		32	/* SHA-256 */
#define REWIRE_NONCE_SIZE		32
#define REWIRE_SALT_SIZE		32
#define REWIRE_TAG_SIZE			16	/* of AES-GCM */
#define REWIRE_POINT_SIZE		64	/* P-256 point, x then y, big-endian */

#define REWIRE_MAX_SPAN			(1ULL << 34)	/* bytes of one enclave */
#define REWIRE_MAX_SEGMENTS		16
#define REWIRE_MAX_THREADS		8	/* of one enclave */
#define REWIRE_MAX_CMS			8192	/* bytes of a detached signature */
#define REWIRE_MAX_CERT			4096	/* bytes of a DER certificate */
#define REWIRE_MAX_PAYLOAD		65536	/* bytes of one call or answer */
#define REWIRE_MAX_CLIENTS		256	/* call table entries of an enclave */
#define REWIRE_MAX_RECORD		(1U << 20)	/* bytes of one stream record */
#define REWIRE_MAX_LANES		8	/* streams of one migration */
#define REWIRE_MAX_MESSAGE		12288	/* bytes of one protocol message */
#define REWIRE_MAX_SEAL			65536	/* bytes sealed in one SM call */
#define REWIRE_COUNTERS			16	/* monotonic counters of a workload */
#define REWIRE_MAX_GENERATIONS		32	/* root keys, one after the other */
#define REWIRE_MAX_SVN			1023	/* that REWIRE_SEAL_SOFTWARE can tell apart */

#endif
