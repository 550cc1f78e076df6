// SPDX-License-Identifier: MIT
/*
 * The control protocol's operations of updates.
 *
 *	{"op":"update-apply","package":BASE64,"wrap":BASE64,"workload":HEX,
 *	 "volatile":BOOL,"keep_going":BOOL,"wait_ms":N}
 *	{"op":"update-plan","package":BASE64,"wrap":BASE64,"workload":HEX,
 *	 "volatile":BOOL}
 *	{"op":"update-list"}
 *	{"op":"update-approve","id":HEX}	and -reject, -cancel, -receipt
 *
 * "wrap" is left out when there is none, and "workload" when all of them are
 * meant. The descriptor of the payload comes with the first byte of the line
 * (SCM_RIGHTS): helper and client need not see the same files.
 */
#include <errno.h>

#include "ctl.h"
#include "rewire_update.h"

static int put_order(json_t *object, const struct rewire_ctl_request *request)
{
	int rc = ctl_set_base64(object, "package", request->update.package,
				request->update.package_length);

	if (request->update.wrap)
		rc |= ctl_set_base64(object, "wrap", request->update.wrap,
				     request->update.wrap_length);
	if (!request->update.all)
		rc |= ctl_set_hex(object, "workload", request->update.workload);
	return rc | json_object_set_new(object, "volatile", json_boolean(
					request->update.is_volatile));
}

int ctl_put_update(json_t *object, const struct rewire_ctl_request *request)
{
	switch (request->op) {
	case REWIRE_CTL_UPDATE_APPLY:
		return put_order(object, request) |
		       json_object_set_new(object, "keep_going", json_boolean(
					   request->update.keep_going)) |
		       json_object_set_new(object, "wait_ms", json_integer(
					   request->update.wait_ms));
	case REWIRE_CTL_UPDATE_PLAN:
		return put_order(object, request);
	case REWIRE_CTL_UPDATE_LIST:
		return 0;
	default:
		return ctl_set_hex(object, "id", request->update.id);
	}
}

static int get_bool(const json_t *object, const char *key, bool *ret_value,
		    struct rewire_error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		return rewire_fail(err, EBADMSG, "control protocol: \"%s\" is neither true nor false",
				   key);
	*ret_value = json_is_true(value);
	return 0;
}

static int get_order(const json_t *object, struct rewire_ctl_request *request,
		     struct rewire_error *err)
{
	int rc = ctl_get_base64(object, "package", REWIRE_MAX_ORDER,
				&request->update.package,
				&request->update.package_length, err);

	if (!rc && json_object_get(object, "wrap"))
		rc = ctl_get_base64(object, "wrap", REWIRE_MAX_WRAP,
				    &request->update.wrap,
				    &request->update.wrap_length, err);
	request->update.all = !json_object_get(object, "workload");
	if (!rc && !request->update.all)
		rc = ctl_get_hex(object, "workload", request->update.workload,
				 err);
	if (!rc)
		rc = get_bool(object, "volatile", &request->update.is_volatile,
			      err);
	return rc;
}

static int get_apply(const json_t *object, struct rewire_ctl_request *request,
		     struct rewire_error *err)
{
	json_int_t wait_ms;
	int rc = get_order(object, request, err);

	if (!rc)
		rc = get_bool(object, "keep_going",
			      &request->update.keep_going, err);
	if (!rc)
		rc = ctl_get_number(object, "wait_ms", 0, UINT32_MAX, &wait_ms,
				    err);
	if (!rc)
		request->update.wait_ms = (__u32)wait_ms;
	return rc;
}

int ctl_get_update(const json_t *object, struct rewire_ctl_request *request,
		   struct rewire_error *err)
{
	request->update.payload = -1;
	switch (request->op) {
	case REWIRE_CTL_UPDATE_APPLY:
		return get_apply(object, request, err);
	case REWIRE_CTL_UPDATE_PLAN:
		return get_order(object, request, err);
	case REWIRE_CTL_UPDATE_LIST:
		return 0;
	default:
		return ctl_get_hex(object, "id", request->update.id, err);
	}
}
