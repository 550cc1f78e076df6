// SPDX-License-Identifier: MIT
/*
 * Which enclaves a package is for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "instances.h"

static int get_info(int sm, __u64 id, const __u8 *workload,
		    struct rewire_enclave_info *info, struct rewire_error *err)
{
	static const __u8 none[REWIRE_ID_SIZE];
	int rc, enclave = rewire_enclave_open(sm, id, workload ? workload : none,
					      err);

	if (enclave < 0)
		return enclave;
	rc = rewire_enclave_get_info(enclave, info, err);
	close(enclave);
	return rc;
}

static int all_of(int sm, const struct rewire_package *package,
		  struct rewire_enclave_info **ret_infos, size_t *ret_count,
		  struct rewire_error *err)
{
	struct rewire_enclave_info *infos;
	size_t count, found = 0;
	__u64 *ids;
	int rc = rewire_sm_list(sm, &ids, &count, err);

	if (rc)
		return rc;
	infos = calloc(count ? count : 1, sizeof(*infos));
	if (!infos)
		rc = rewire_fail(err, ENOMEM, "no memory");
	for (size_t i = 0; !rc && i < count; i++) {
		/* One that ended meanwhile is none of ours. */
		if (!get_info(sm, ids[i], NULL, &infos[found], NULL) &&
		    rewire_update_concerns(package, &infos[found]))
			found++;
	}
	free(ids);
	if (rc)
		return rc;
	*ret_infos = infos;
	*ret_count = found;
	return 0;
}

bool instance_has(const struct rewire_enclave_info *info,
		  const struct rewire_manifest *to)
{
	return info->release == to->release &&
	       !memcmp(info->measurement, to->measurement, REWIRE_DIGEST_SIZE);
}

int instances_of(int sm, const struct rewire_package *package,
		 const __u8 *workload, struct rewire_enclave_info **ret_infos,
		 size_t *ret_count, struct rewire_error *err)
{
	struct rewire_enclave_info *info;
	int rc;

	if (!workload)
		return all_of(sm, package, ret_infos, ret_count, err);
	info = calloc(1, sizeof(*info));
	if (!info)
		return rewire_fail(err, ENOMEM, "no memory");
	rc = get_info(sm, 0, workload, info, err);
	if (rc) {
		free(info);
		return rc;
	}
	*ret_infos = info;
	*ret_count = 1;
	return 0;
}
