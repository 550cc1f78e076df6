// SPDX-License-Identifier: MIT
/*
 * Signatures: made here, or elsewhere and brought back.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "hash.h"
#include "json.h"
#include "key.h"
#include "repo_edit.h"

#define REQUEST_MAX	(4 * TUF_TARGETS_MAX)
#define REQUEST_TYPE	"tuf-signing-request"

bool tuf_role_has(const struct tuf_role roles[2], const char *keyid)
{
	int i;

	for (i = 0; i < 2 && roles[i].keyids; i++)
		if (tuf_json_has(roles[i].keyids, keyid))
			return true;
	return false;
}

static json_t *signature_of(const json_t *doc, const char *keyid)
{
	json_t *signature;
	size_t i;

	json_array_foreach(json_object_get(doc, "signatures"), i, signature)
		if (!strcmp(json_string_value(json_object_get(signature, "keyid")),
			    keyid))
			return signature;
	return NULL;
}

bool tuf_doc_signed_by(const json_t *doc, const char *keyid)
{
	return signature_of(doc, keyid);
}

static int not_of_role(const char *keyid, const struct tuf_role roles[2],
		       struct tuf_error *err)
{
	return tuf_fail(err, TUF_SIGNATURE, NULL, "key %.8s is none of the keys of %.64s",
			keyid, roles[0].name);
}

int tuf_doc_sign(json_t *doc, const struct tuf_role roles[2],
		 const struct tuf_signer *signer, struct tuf_error *err)
{
	const char *id = tuf_signer_id(signer);
	unsigned char sig[TUF_SIGNATURE_MAX];
	char hex[2 * TUF_SIGNATURE_MAX + 1];
	size_t length, sig_length;
	json_t *signature;
	char *data;
	int rc;

	if (!tuf_role_has(roles, id))
		return not_of_role(id, roles, err);
	if (tuf_doc_signed_by(doc, id))
		return tuf_fail(err, TUF_ARGUMENT, NULL, "key %.8s has signed it before",
				id);
	rc = tuf_json_canonical(json_object_get(doc, "signed"), &data, &length, err);
	if (rc)
		return rc;
	rc = tuf_signer_sign(signer, data, length, sig, &sig_length, err);
	free(data);
	if (rc)
		return rc;
	tuf_hex(sig, sig_length, hex);
	signature = json_pack("{s:s, s:s}", "keyid", id, "sig", hex);
	return json_array_append_new(json_object_get(doc, "signatures"), signature) ?
	       tuf_no_memory(err) : 0;
}

static int draft_of(struct tuf_repo *repo, const char *role,
		    struct tuf_entry **ret, struct tuf_error *err)
{
	int rc = tuf_repo_get(repo, role, ret, err);

	if (rc || (*ret)->draft.metadata)
		return rc;
	return tuf_fail(err, TUF_ARGUMENT, NULL, "there is no draft of %.64s", role);
}

static int signers_of_draft(struct tuf_repo *repo, const char *role,
			    struct tuf_entry **ret, struct tuf_role roles[2],
			    struct tuf_error *err)
{
	int rc = draft_of(repo, role, ret, err);

	return rc ? rc : tuf_repo_signers(repo, role, roles, NULL, err);
}

int tuf_repo_sign(struct tuf_repo *repo, const char *role,
		  const struct tuf_signer *signer, struct tuf_error *err)
{
	struct tuf_role roles[2];
	struct tuf_entry *entry;
	json_t *doc;
	int rc;

	rc = signers_of_draft(repo, role, &entry, roles, err);
	if (rc)
		return rc;
	doc = json_deep_copy(entry->draft.metadata->doc);
	if (!doc)
		return tuf_no_memory(err);
	tuf_about(err, role, entry->draft.metadata->version);
	rc = tuf_doc_sign(doc, roles, signer, err);
	if (!rc)
		return tuf_repo_put(repo, role, doc, err);
	json_decref(doc);
	return rc;
}

bool tuf_repo_wants(struct tuf_repo *repo, const char *role, const char *keyid)
{
	struct tuf_error unfit = { 0 };
	struct tuf_role roles[2];
	struct tuf_entry *entry;

	return !draft_of(repo, role, &entry, &unfit) &&
	       !tuf_repo_signers(repo, role, roles, NULL, &unfit) &&
	       tuf_role_has(roles, keyid) &&
	       !tuf_doc_signed_by(entry->draft.metadata->doc, keyid);
}

/**
 * struct tuf_request - what is to be signed elsewhere
 * @doc: {"type", "role", "draft": metadata, "current": metadata or null,
 *	"signers": [{"keyids", "threshold"}, ...], "keys"}
 * @role: in @doc
 * @draft: "draft"
 * @current: what it is to follow; NULL: nothing
 * @roles: who may sign
 */
struct tuf_request {
	json_t *doc;
	const char *role;
	struct tuf_metadata *draft;
	struct tuf_metadata *current;
	struct tuf_role roles[2];
};

void tuf_request_free(struct tuf_request *request)
{
	if (!request)
		return;
	tuf_metadata_free(request->draft);
	tuf_metadata_free(request->current);
	json_decref(request->doc);
	free(request);
}

const char *tuf_request_role(const struct tuf_request *request)
{
	return request->role;
}

static int bad_request(struct tuf_error *err, const char *what)
{
	return tuf_fail(err, TUF_FORMAT, NULL, "not a request for signatures: %s",
			what);
}

/* A request came from elsewhere: each part of it is looked at. */
static int read_signers(struct tuf_request *request, struct tuf_error *err)
{
	const json_t *signers = json_object_get(request->doc, "signers");
	const json_t *keys = json_object_get(request->doc, "keys");
	json_t *signer, *id;
	size_t i, j;

	if (!json_is_object(keys) || json_array_size(signers) < 1 ||
	    json_array_size(signers) > 2)
		return bad_request(err, "no signers");
	json_array_foreach((json_t *)signers, i, signer) {
		const json_t *ids = json_object_get(signer, "keyids");

		if (!json_is_array(ids))
			return bad_request(err, "no keyids");
		json_array_foreach((json_t *)ids, j, id)
			if (!json_is_string(id))
				return bad_request(err, "a keyid that is no text");
		request->roles[i] = (struct tuf_role){
			.name = request->role, .keys = keys, .keyids = ids,
			.threshold = json_integer_value(json_object_get(signer,
									"threshold")),
		};
	}
	return 0;
}

static int read_request(struct tuf_request *request, struct tuf_error *err)
{
	const char *type = json_string_value(json_object_get(request->doc, "type"));
	json_t *current = json_object_get(request->doc, "current");
	enum tuf_type kind;
	int rc;

	request->role = json_string_value(json_object_get(request->doc, "role"));
	if (!type || strcmp(type, REQUEST_TYPE) || !request->role)
		return bad_request(err, "its type is another");
	kind = tuf_role_type(request->role);
	tuf_about(err, request->role, 0);
	rc = read_signers(request, err);
	if (!rc)
		rc = tuf_metadata_from_json(kind, json_object_get(request->doc,
								  "draft"),
					    &request->draft, err);
	if (!rc && !json_is_null(current))
		rc = tuf_metadata_from_json(kind, current, &request->current, err);
	return rc;
}

static int new_request(json_t *doc, struct tuf_request **ret,
		       struct tuf_error *err)
{
	struct tuf_request *request = doc ? calloc(1, sizeof(*request)) : NULL;
	int rc;

	if (!request) {
		json_decref(doc);
		return tuf_no_memory(err);
	}
	request->doc = doc;
	rc = read_request(request, err);
	if (rc)
		tuf_request_free(request);
	else
		*ret = request;
	return rc;
}

static json_t *signers_json(const struct tuf_role roles[2], json_t *keys)
{
	json_t *list = json_array(), *id;
	size_t i, j;

	for (i = 0; i < 2 && roles[i].keyids; i++) {
		json_array_append_new(list, json_pack("{s:O, s:I}", "keyids",
						      roles[i].keyids, "threshold",
						      (json_int_t)roles[i].threshold));
		json_array_foreach((json_t *)roles[i].keyids, j, id) {
			const char *text = json_string_value(id);

			json_object_set(keys, text,
					json_object_get(roles[i].keys, text));
		}
	}
	return list;
}

int tuf_repo_request(struct tuf_repo *repo, const char *role,
		     struct tuf_request **ret, struct tuf_error *err)
{
	struct tuf_role roles[2];
	struct tuf_entry *entry;
	json_t *doc, *keys, *signers;
	int rc;

	rc = signers_of_draft(repo, role, &entry, roles, err);
	if (rc)
		return rc;
	keys = json_object();
	signers = signers_json(roles, keys);
	doc = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "type", REQUEST_TYPE,
			"role", role, "draft",
			json_deep_copy(entry->draft.metadata->doc), "current",
			entry->public.metadata ?
			json_deep_copy(entry->public.metadata->doc) : json_null(),
			"signers", signers, "keys", keys);
	return new_request(doc, ret, err);
}

int tuf_request_read(const char *path, struct tuf_request **ret,
		     struct tuf_error *err)
{
	size_t length;
	json_t *doc;
	char *data;
	int rc;

	rc = tuf_file_read(AT_FDCWD, path, REQUEST_MAX, &data, &length, err);
	if (rc == -TUF_MISSING) {
		errno = ENOENT;
		rc = tuf_fail_errno(err, path);
	}
	if (rc)
		return rc;
	rc = tuf_json_load(data, length, &doc, err);
	free(data);
	return rc ? rc : new_request(doc, ret, err);
}

static int write_to(int dir, const char *name, const char *data, size_t length,
		    struct tuf_error *err)
{
	char *fresh;
	int rc;

	if (asprintf(&fresh, "%s.new", name) < 0)
		return tuf_no_memory(err);
	rc = tuf_file_write(dir, fresh, 0644, data, length, err);
	if (!rc && renameat(dir, fresh, dir, name))
		rc = tuf_fail_errno(err, name);
	if (!rc)
		rc = tuf_sync_folder(dir, err);
	free(fresh);
	return rc;
}

int tuf_request_write(const struct tuf_request *request, const char *path,
		      struct tuf_error *err)
{
	char *folder = strdup(path), *name = strdup(path), *data = NULL;
	size_t length = 0;
	int dir = -1, rc;

	if (!folder || !name)
		rc = tuf_no_memory(err);
	else
		rc = tuf_dump(request->doc, &data, &length, err);
	if (!rc) {
		dir = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = dir < 0 ? tuf_fail_errno(err, path) :
		     write_to(dir, basename(name), data, length, err);
	}
	if (dir >= 0)
		close(dir);
	free(folder);
	free(name);
	free(data);
	return rc;
}

int tuf_request_changes(const struct tuf_request *request, tuf_say_fn *say,
			void *data, struct tuf_error *err)
{
	struct tuf_role before = request->roles[0];

	(void)err;
	tuf_diff(request->role, request->current, request->draft, say, data);
	/* Whoever carried the request may have written what it is compared with. */
	if (request->current && request->current->type == TUF_ROOT)
		tuf_root_role(request->current, TUF_ROOT, &before);
	if (request->current)
		tuf_say(say, data, "compared with version %lld, signed by %lld of the %lld keys that it takes",
			(long long)request->current->version,
			(long long)tuf_count_signed(request->current, &before),
			(long long)before.threshold);
	return 0;
}

int tuf_request_sign(struct tuf_request *request,
		     const struct tuf_signer *signer, struct tuf_error *err)
{
	tuf_about(err, request->role, request->draft->version);
	return tuf_doc_sign(request->draft->doc, request->roles, signer, err);
}

/* One that is wrong does no harm to clients, but somebody should know. */
static int check_signature(const struct tuf_role roles[2], const char *id,
			   const json_t *signature, const char *data,
			   size_t length, struct tuf_error *err)
{
	const char *hex = json_string_value(json_object_get(signature, "sig"));
	unsigned char sig[TUF_SIGNATURE_MAX];
	size_t sig_length = strlen(hex) / 2;
	json_t *object = NULL;
	struct tuf_key *key;
	int i, rc;

	for (i = 0; i < 2 && roles[i].keyids && !object; i++)
		if (tuf_json_has(roles[i].keyids, id))
			object = json_object_get(roles[i].keys, id);
	if (!object)
		return not_of_role(id, roles, err);
	rc = tuf_key_load(id, object, &key, err);
	if (rc)
		return rc;
	if (sig_length > sizeof(sig) || tuf_unhex(hex, sig, sig_length) ||
	    tuf_key_verify(key, data, length, sig, sig_length))
		rc = tuf_fail(err, TUF_SIGNATURE, NULL,
			      "the signature of key %.8s is wrong", id);
	tuf_key_free(key);
	return rc;
}

static int collect(const struct tuf_request *request, json_t *doc,
		   const struct tuf_role roles[2], size_t *ret_count,
		   struct tuf_error *err)
{
	json_t *list = json_object_get(request->draft->doc, "signatures");
	json_t *signature;
	size_t i, length;
	char *data;
	int rc;

	rc = tuf_json_canonical(json_object_get(doc, "signed"), &data, &length, err);
	json_array_foreach(list, i, signature) {
		const char *id = json_string_value(json_object_get(signature,
								   "keyid"));

		if (rc || tuf_doc_signed_by(doc, id))
			continue;
		rc = check_signature(roles, id, signature, data, length, err);
		if (!rc && json_array_append(json_object_get(doc, "signatures"),
					     signature))
			rc = tuf_no_memory(err);
		if (!rc)
			(*ret_count)++;
	}
	free(data);
	return rc;
}

int tuf_repo_collect(struct tuf_repo *repo, const struct tuf_request *request,
		     size_t *ret_count, struct tuf_error *err)
{
	struct tuf_role roles[2];
	struct tuf_entry *entry;
	json_t *doc;
	int rc;

	*ret_count = 0;
	rc = signers_of_draft(repo, request->role, &entry, roles, err);
	if (rc)
		return rc;
	tuf_about(err, request->role, request->draft->version);
	if (!json_equal(entry->draft.metadata->body, request->draft->body))
		return tuf_fail(err, TUF_SIGNATURE, NULL,
				"what was signed is not the draft, or not any more");
	doc = json_deep_copy(entry->draft.metadata->doc);
	if (!doc)
		return tuf_no_memory(err);
	rc = collect(request, doc, roles, ret_count, err);
	if (!rc)
		return tuf_repo_put(repo, request->role, doc, err);
	json_decref(doc);
	*ret_count = 0;
	return rc;
}
