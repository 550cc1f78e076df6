// SPDX-License-Identifier: MIT
/*
 * What clients of the control socket may ask for about updates.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "instances.h"
#include "plan.h"
#include "receipts.h"
#include "update_verbs.h"

/* Of the ledger, in one answer: a line has its bound. */
#define LIST_MAX	100

static int finish(json_t *info, json_t **ret_info, struct rewire_error *err)
{
	if (!info)
		return rewire_fail(err, ENOMEM, "no memory for the answer");
	*ret_info = info;
	return 0;
}

static json_t *id_of(const __u8 *id)
{
	char text[REWIRE_ID_TEXT];

	return json_string(rewire_id_format(id, text));
}

/* An order, and whom it is for. */
struct batch {
	struct rewire_update_order *order;
	struct rewire_enclave_info *infos;
	size_t count;
	int sm;
};

static void batch_close(struct batch *batch)
{
	free(batch->order);
	free(batch->infos);
	if (batch->sm >= 0)
		close(batch->sm);
}

/* So that what ended halfway can be ordered again. */
static void leave_out_updated(struct batch *batch)
{
	const struct rewire_manifest *to =
		&batch->order->words.manifest.body.manifest;
	size_t left = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (!instance_has(&batch->infos[i], to))
			batch->infos[left++] = batch->infos[i];
	batch->count = left;
}

/* To be closed in any case. */
static int batch_open(const struct rewire_ctl_request *request,
		      struct batch *batch, struct rewire_error *err)
{
	int rc;

	*batch = (struct batch){ .sm = -1 };
	rc = rewire_update_order_parse(request->update.package,
				       request->update.package_length,
				       request->update.wrap,
				       request->update.wrap_length,
				       &batch->order, err);
	if (rc)
		return rc;
	batch->sm = rewire_sm_open(err);
	if (batch->sm < 0)
		return batch->sm;
	rc = instances_of(batch->sm, &batch->order->words.package,
			  request->update.all ? NULL : request->update.workload,
			  &batch->infos, &batch->count, err);
	if (!rc && !batch->count)
		rc = rewire_fail(err, ENOENT, "nothing here is of the software that the package is for; `rewire ls` shows what is");
	if (rc || !request->update.all)
		return rc;
	leave_out_updated(batch);
	if (!batch->count)
		rc = rewire_fail(err, EALREADY, "all that run this software here have that version");
	return rc;
}

/* ---- apply ---- */

static int apply(struct updates *updates,
		 const struct rewire_ctl_request *request, int payload,
		 int client, json_t **ret_info, struct rewire_error *err)
{
	struct rewire_error first = { 0 };
	struct batch batch;
	size_t done = 0, failed = 0;
	int rc;

	if (payload < 0)
		return rewire_fail(err, EINVAL, "the payload is missing: its descriptor goes along with the request");
	rc = batch_open(request, &batch, err);
	for (size_t i = 0; !rc && i < batch.count; i++) {
		struct task task = {
			.order = batch.order,
			.payload = payload,
			.instance = batch.infos[i],
			.is_volatile = request->update.is_volatile,
			.wait_ms = request->update.wait_ms,
			.package = "",
			.client = client,
		};
		struct rewire_error why = { 0 };
		struct entry entry;
		int one = updates_run(updates, &task, &entry, &why);

		if (!one) {
			done++;
			continue;
		}
		if (!failed++)
			first = why;
		if (!request->update.keep_going || one == -ESHUTDOWN)
			break;
	}
	if (!rc && batch.count == 1 && failed)
		rc = rewire_fail(err, first.code, "%s", first.text);
	else if (!rc)
		rc = finish(json_pack("{s:i, s:i, s:i, s:s*}",
				      "updated", (int)done,
				      "failed", (int)failed,
				      "left", (int)(batch.count - done - failed),
				      "first_error", failed ? first.text : NULL),
			    ret_info, err);
	batch_close(&batch);
	return rc;
}

/* ---- plan ---- */

static int look_at(const struct batch *batch,
		   const struct rewire_enclave_info *info, bool is_volatile,
		   struct plan_instance *instance, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	int rc;

	instance->info = *info;
	rc = rewire_update_id(&batch->order->words.package, info->workload,
			      instance->update, err);
	if (rc)
		return rc;
	if (rewire_update_try(batch->sm, batch->order, info->workload,
			      is_volatile, &why)) {
		instance->refused = why.code;
		memcpy(instance->why, why.text, sizeof(instance->why));
	}
	return 0;
}

static int make_plan(struct updates *updates, const struct batch *batch,
		     bool is_volatile, json_t **ret_info,
		     struct rewire_error *err)
{
	size_t count = batch->count < PLAN_MAX_INSTANCES ? batch->count :
							   PLAN_MAX_INSTANCES;
	struct plan_instance *instances = calloc(count, sizeof(*instances));
	struct plan plan = {
		.order = batch->order,
		.instance = instances,
		.instances = count,
		.left_out = batch->count - count,
		.is_volatile = is_volatile,
	};
	struct entry *past = NULL;
	int pasts = ledger_list(&updates->ledger, &past), rc = 0;

	if (!instances || pasts < 0)
		rc = rewire_fail(err, ENOMEM, "no memory");
	for (size_t i = 0; !rc && i < count; i++)
		rc = look_at(batch, &batch->infos[i], is_volatile,
			     &instances[i], err);
	/* Without anchors at hand there are no names, and a plan all the same. */
	if (!rc)
		rewire_update_order_signers(batch->order,
					    updates->helper->options.host_dir,
					    &plan.signers, NULL);
	plan.past = past;
	plan.pasts = pasts < 0 ? 0 : (size_t)pasts;
	if (!rc)
		rc = finish(plan_describe(&plan), ret_info, err);
	free(past);
	free(instances);
	return rc;
}

static int plan(struct updates *updates,
		const struct rewire_ctl_request *request, json_t **ret_info,
		struct rewire_error *err)
{
	struct batch batch;
	int rc = batch_open(request, &batch, err);

	if (!rc)
		rc = make_plan(updates, &batch, request->update.is_volatile,
			       ret_info, err);
	batch_close(&batch);
	return rc;
}

/* ---- list ---- */

static const char *waits_for(struct updates *updates, const struct entry *entry,
			     int *ret_minutes)
{
	static const char *const names[DUES] = {
		[DUE_NOW] = "its turn",
		[DUE_WINDOW] = "a window",
		[DUE_APPROVAL] = "approval",
		[DUE_COMMAND] = "command",
		[DUE_NEVER] = "nothing",
	};
	const time_t now = time(NULL);
	const struct policy_rule *rule;
	struct tm local;
	enum due due;

	localtime_r(&now, &local);
	pthread_mutex_lock(&updates->lock);
	rule = policy_find(&updates->policy, entry->software);
	due = policy_due(rule, entry->decision,
			 store_is_arrived(&updates->helper->store,
					  entry->workload),
			 local.tm_wday, local.tm_hour * 60 + local.tm_min);
	*ret_minutes = due == DUE_WINDOW ?
		       policy_minutes_until(rule, local.tm_wday,
					    local.tm_hour * 60 + local.tm_min) :
		       0;
	pthread_mutex_unlock(&updates->lock);
	return names[due];
}

static json_t *describe(struct updates *updates, const struct entry *e)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:i}",
		"update", id_of(e->id), "workload", id_of(e->workload),
		"software", id_of(e->software),
		"state", e->state == ENTRY_PENDING &&
			 e->decision == DECISION_REJECTED ?
			 "rejected" : entry_state_name(e->state),
		"from_release", (json_int_t)e->from_release,
		"from_svn", (json_int_t)e->from_svn,
		"to_release", (json_int_t)e->to_release,
		"to_svn", (json_int_t)e->to_svn,
		"time", (json_int_t)e->time, "ms", (json_int_t)e->ms,
		"pause_us", (json_int_t)e->pause_us,
		"volatile", (int)e->is_volatile, "errno", e->error);
	int minutes;

	if (!object)
		return NULL;
	if (e->package[0])
		json_object_set_new(object, "package", json_string(e->package));
	if (e->reason[0])
		json_object_set_new(object, "reason", json_string(e->reason));
	if (e->state == ENTRY_PENDING) {
		json_object_set_new(object, "waits_for",
				    json_string(waits_for(updates, e,
							  &minutes)));
		if (minutes)
			json_object_set_new(object, "minutes",
					    json_integer(minutes));
	}
	return object;
}

static int list(struct updates *updates, json_t **ret_info,
		struct rewire_error *err)
{
	struct entry *entries;
	int count = ledger_list(&updates->ledger, &entries);
	json_t *array = json_array();

	if (count < 0) {
		json_decref(array);
		return rewire_fail(err, ENOMEM, "no memory");
	}
	for (int i = 0; i < count && i < LIST_MAX; i++)
		json_array_append_new(array, describe(updates, &entries[i]));
	free(entries);
	return finish(json_pack("{s:o, s:i}", "updates", array, "left_out",
				count > LIST_MAX ? count - LIST_MAX : 0),
		      ret_info, err);
}

/* ---- approve, reject, cancel ---- */

/* An approval counts for nothing where the owner wants a command. */
static int check_approvable(struct updates *updates, const __u8 *id,
			    struct rewire_error *err)
{
	enum consent consent;
	struct entry entry;

	if (!ledger_get(&updates->ledger, id, &entry))
		return 0;
	pthread_mutex_lock(&updates->lock);
	consent = policy_find(&updates->policy, entry.software)->consent;
	pthread_mutex_unlock(&updates->lock);
	if (consent == CONSENT_MANUAL)
		return rewire_fail(err, EPERM, "the policy of this host is \"manual\" for this software: use `rewire update apply`");
	return 0;
}

static int decide(struct updates *updates, const __u8 *id,
		  enum decision decision, json_t **ret_info,
		  struct rewire_error *err)
{
	struct entry entry;
	int rc = 0;

	if (decision == DECISION_APPROVED)
		rc = check_approvable(updates, id, err);
	if (!rc)
		rc = ledger_decide(&updates->ledger, id, decision, &entry, err);
	if (rc)
		return rc;
	updates_poke(updates);
	return finish(describe(updates, &entry), ret_info, err);
}

static int cancel(struct updates *updates, const __u8 *id, json_t **ret_info,
		  struct rewire_error *err)
{
	struct entry entry;
	int rc = updates_cancel(updates, id, &entry, err);

	return rc ? rc : finish(describe(updates, &entry), ret_info, err);
}

/* ---- receipt ---- */

/* From the SM, for one that was not kept: it has them after a restart too. */
static int ask_receipt(struct updates *updates, const __u8 *id,
		       __u8 *receipt, size_t *length, struct rewire_error *err)
{
	int rc, update, sm = rewire_sm_open(err);

	if (sm < 0)
		return sm;
	update = rewire_update_open(sm, id, err);
	close(sm);
	if (update < 0)
		return update;
	rc = rewire_update_read_receipt(update, receipt, length, err);
	close(update);
	if (!rc)
		receipts_keep(updates->helper, id, receipt, *length);
	return rc;
}

static int receipt(struct updates *updates, const __u8 *id, json_t **ret_info,
		   struct rewire_error *err)
{
	__u8 buffer[REWIRE_MAX_UPDATE_RECEIPT], *kept;
	size_t length = sizeof(buffer), kept_length;
	char path[STORE_PATH], *text;
	int rc = receipts_path(updates->helper, id, path, sizeof(path), err);

	if (rc)
		return rc;
	if (!rewire_file_read(path, sizeof(buffer), &kept, &kept_length, NULL)) {
		memcpy(buffer, kept, kept_length);
		length = kept_length;
		free(kept);
	} else {
		rc = ask_receipt(updates, id, buffer, &length, err);
	}
	if (rc)
		return rc;
	text = base64_encode(buffer, length);
	rc = finish(text ? json_pack("{s:s, s:s}", "receipt", text,
				     "receipt_file", path) : NULL,
		    ret_info, err);
	free(text);
	return rc;
}

int update_verb(struct updates *updates,
		const struct rewire_ctl_request *request, int payload,
		int client, json_t **ret_info, struct rewire_error *err)
{
	switch (request->op) {
	case REWIRE_CTL_UPDATE_APPLY:
		return apply(updates, request, payload, client, ret_info, err);
	case REWIRE_CTL_UPDATE_PLAN:
		return plan(updates, request, ret_info, err);
	case REWIRE_CTL_UPDATE_LIST:
		return list(updates, ret_info, err);
	case REWIRE_CTL_UPDATE_APPROVE:
		return decide(updates, request->update.id, DECISION_APPROVED,
			      ret_info, err);
	case REWIRE_CTL_UPDATE_REJECT:
		return decide(updates, request->update.id, DECISION_REJECTED,
			      ret_info, err);
	case REWIRE_CTL_UPDATE_CANCEL:
		return cancel(updates, request->update.id, ret_info, err);
	default:
		return receipt(updates, request->update.id, ret_info, err);
	}
}
