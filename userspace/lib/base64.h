/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_BASE64_H
#define LIBREWIRE_BASE64_H

#include <stddef.h>

#include "rewire.h"

/* A string to be freed, or NULL without memory. */
char *base64_encode(const void *data, size_t length);

/* Canonical base64 only. -EBADMSG or -ENOMEM; rewire_wipe_free() the data. */
int base64_decode(const char *text, size_t length, __u8 **ret_data,
		  size_t *ret_length);

#endif
