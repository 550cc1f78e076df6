/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_SOURCE_H
#define REWIRED_SOURCE_H

#include <jansson.h>

#include "helper.h"

/**
 * source_migrate - carry out a migration whose source is here
 * @helper: the helper
 * @request: signed by the SDS
 * @peer: address of the target's helper
 * @stop_and_copy: copy nothing while it runs, whatever the helper's options say
 * @streams: how many at most; 0: as the helper's options say
 * @client: control socket that is told of each step; hanging it up cancels the
 *	migration as long as the enclave has not been relinquished
 * @ret_info: what to tell at the end
 *
 * Blocks until it is over one way or the other. On failure the enclave runs
 * here as before, except with -EINPROGRESS: it is relinquished, the target is
 * out of reach, and the helper goes on trying by itself.
 *
 * Return: 0 or a negative errno.
 */
int source_migrate(struct helper *helper, const struct rewire_signed *request,
		   const char *peer, bool stop_and_copy, unsigned int streams,
		   int client, json_t **ret_info, struct rewire_error *err);

#endif /* REWIRED_SOURCE_H */
