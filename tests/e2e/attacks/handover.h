/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that a launcher makes and leaves to its accomplice.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ATTACK_HANDOVER_H
#define ATTACK_HANDOVER_H

/* Send one descriptor through a Unix socket and close it. Returns an errno. */
int hand_over(int socket, int fd);

/* Returns the descriptor, or -1. */
int receive(int socket);

#endif /* ATTACK_HANDOVER_H */
