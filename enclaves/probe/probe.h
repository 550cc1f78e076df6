/* SPDX-License-Identifier: MIT */
/*
 * The probe's secret, known to the tests that try to steal it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef PROBE_H
#define PROBE_H

#define PROBE_SECRET_SIZE	32
#define PROBE_SECRET_PAGES	16
#define PROBE_GUARD_PAGES	4
#define PROBE_GUARD_BYTE	0x5a

/* Made, not stored: the bytes stand in no file that could be found instead. */
static inline void probe_secret(unsigned char secret[PROBE_SECRET_SIZE])
{
	unsigned int x = 0x51ed270b;

	for (int i = 0; i < PROBE_SECRET_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		secret[i] = x >> 24;
	}
}

#endif /* PROBE_H */
