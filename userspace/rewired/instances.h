/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_INSTANCES_H
#define REWIRED_INSTANCES_H

#include <stdbool.h>

#include <rewire_update.h>

/**
 * instances_of - what is here of the software that a package is for
 * @sm: the SM
 * @package: the package
 * @workload: only this one, and whatever software it is; NULL: all that the
 *	package is for, in the order in which they came here
 * @ret_infos: to be freed by free()
 * @ret_count: how many
 *
 * Return: 0 or a negative errno: -ENOENT: @workload is not here.
 */
int instances_of(int sm, const struct rewire_package *package,
		 const __u8 *workload, struct rewire_enclave_info **ret_infos,
		 size_t *ret_count, struct rewire_error *err);

/* It is what a package makes of it: @to is the package's manifest. */
bool instance_has(const struct rewire_enclave_info *info,
		  const struct rewire_manifest *to);

#endif /* REWIRED_INSTANCES_H */
