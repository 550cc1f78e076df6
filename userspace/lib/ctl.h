/* SPDX-License-Identifier: MIT */
/* What the parts of the control protocol share. */
#ifndef LIBREWIRE_CTL_H
#define LIBREWIRE_CTL_H

#include <jansson.h>

#include "rewire.h"

/* Setters return 0, or -1 without memory; they may be or-ed together. */
int ctl_set_base64(json_t *object, const char *key, const void *data,
		   size_t length);
int ctl_set_hex(json_t *object, const char *key, const __u8 *id);

/* Getters return 0 or a negative errno; a member that is missing is -EBADMSG. */
int ctl_get_hex(const json_t *object, const char *key, __u8 *id,
		struct rewire_error *err);
int ctl_get_number(const json_t *object, const char *key, json_int_t low,
		   json_int_t high, json_int_t *ret_value,
		   struct rewire_error *err);
int ctl_get_base64(const json_t *object, const char *key, size_t limit,
		   __u8 **ret_data, size_t *ret_length,
		   struct rewire_error *err);

/* Members of the operations of updates: ctl_update.c */
int ctl_put_update(json_t *object, const struct rewire_ctl_request *request);
int ctl_get_update(const json_t *object, struct rewire_ctl_request *request,
		   struct rewire_error *err);

#endif
