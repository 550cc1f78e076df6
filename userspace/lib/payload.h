/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_PAYLOAD_H
#define LIBREWIRE_PAYLOAD_H

#include "rewire.h"

#define PAYLOAD_MATERIAL (32 + 12)

/* Key and IV of an encrypted payload's records. Return: 0 or a negative errno. */
int payload_key(const struct rewire_package *package,
		const __u8 content[REWIRE_CONTENT_KEY_SIZE],
		__u8 ret_key[PAYLOAD_MATERIAL]);

#endif
