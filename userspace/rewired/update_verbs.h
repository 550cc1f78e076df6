/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_UPDATE_VERBS_H
#define REWIRED_UPDATE_VERBS_H

#include <jansson.h>

#include "updates.h"

/**
 * update_verb - what clients may ask for about updates
 * @updates: the updates
 * @request: REWIRE_CTL_UPDATE_*
 * @payload: descriptor that came with it, or -1
 * @client: socket, for events; hanging up cancels what it ordered
 * @ret_info: the answer
 *
 * Return: 0 or a negative errno.
 */
int update_verb(struct updates *updates,
		const struct rewire_ctl_request *request, int payload,
		int client, json_t **ret_info, struct rewire_error *err);

#endif /* REWIRED_UPDATE_VERBS_H */
