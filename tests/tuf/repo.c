// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repo.h"

static const char *const top[] = { "root", "timestamp", "snapshot", "targets" };

static json_t *body_new(const char *type)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "_type", type, "spec_version",
			 "1.0.34", "version", 1, "expires", FAR);
}

json_t *body_of_targets(void)
{
	json_t *body = body_new("targets");

	json_object_set_new(body, "targets", json_object());
	return body;
}

static void make_folder(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s%s", folder, *name ? "/" : "", name);
	if (mkdir(path, 0755) && errno != EEXIST)
		abort();
}

struct repo *repo_new(const char *folder)
{
	struct repo *repo = calloc(1, sizeof(*repo));
	size_t i;

	repo->folder = strdup(folder);
	make_folder(folder, "");
	make_folder(folder, "metadata");
	make_folder(folder, "targets");
	repo->bodies = json_object();
	repo->signers = json_object();
	for (i = 0; i < 4; i++) {
		json_object_set_new(repo->bodies, top[i], body_new(top[i]));
		json_object_set_new(repo->signers, top[i], json_array());
	}
	repo_set(repo, "root", "consistent_snapshot", json_true());
	repo_set(repo, "root", "keys", json_object());
	repo_set(repo, "root", "roles", json_object());
	repo_set(repo, "timestamp", "meta", json_object());
	repo_set(repo, "snapshot", "meta", json_object());
	repo_set(repo, "targets", "targets", json_object());
	for (i = 0; i < 4; i++) {
		json_object_set_new(json_object_get(repo_body(repo, "root"), "roles"),
				    top[i], json_pack("{s:[], s:i}", "keyids",
						      "threshold", 1));
		repo_add_key(repo, top[i], key_of(ED25519, top[i]));
	}
	return repo;
}

void repo_free(struct repo *repo)
{
	if (!repo)
		return;
	json_decref(repo->bodies);
	json_decref(repo->signers);
	free(repo->folder);
	free(repo);
}

json_t *repo_body(struct repo *repo, const char *role)
{
	json_t *body = json_object_get(repo->bodies, role);

	if (!body)
		abort();
	return body;
}

void repo_set(struct repo *repo, const char *role, const char *member,
	      json_t *value)
{
	json_object_set_new(repo_body(repo, role), member, value);
}

int repo_version(struct repo *repo, const char *role)
{
	return (int)json_integer_value(json_object_get(repo_body(repo, role),
						       "version"));
}

void repo_unsign(struct repo *repo, const char *role)
{
	json_array_clear(json_object_get(repo->signers, role));
}

void repo_sign(struct repo *repo, const char *role, const struct key *key)
{
	json_array_append_new(json_object_get(repo->signers, role),
			      json_pack("[i, s]", key->kind, key->name));
}

json_t *repo_rule(struct repo *repo, const char *delegator, const char *role)
{
	json_t *body = repo_body(repo, delegator), *rule;
	size_t i;

	if (!strcmp(delegator, "root"))
		return json_object_get(json_object_get(body, "roles"), role);
	json_array_foreach(json_object_get(json_object_get(body, "delegations"),
					   "roles"), i, rule)
		if (!strcmp(json_string_value(json_object_get(rule, "name")), role))
			return rule;
	abort();
}

void repo_threshold(struct repo *repo, const char *role, int threshold)
{
	json_object_set_new(repo_rule(repo, "root", role), "threshold",
			    json_integer(threshold));
}

void repo_add_key(struct repo *repo, const char *role, const struct key *key)
{
	json_object_set(json_object_get(repo_body(repo, "root"), "keys"), key->id,
			key->object);
	json_array_append_new(json_object_get(repo_rule(repo, "root", role),
					      "keyids"), json_string(key->id));
	repo_sign(repo, role, key);
}

void repo_new_key(struct repo *repo, const char *role, const struct key *key)
{
	json_array_clear(json_object_get(repo_rule(repo, "root", role), "keyids"));
	repo_unsign(repo, role);
	repo_add_key(repo, role, key);
}

json_t *rule_paths(const char *pattern, bool terminating)
{
	return json_pack("{s:[s], s:b}", "paths", pattern, "terminating",
			 terminating);
}

json_t *repo_delegate(struct repo *repo, const char *from, const char *role,
		      json_t *rule)
{
	json_t *body = repo_body(repo, from), *delegations;
	const struct key *key = key_of(ED25519, role);

	delegations = json_object_get(body, "delegations");
	if (!delegations) {
		delegations = json_pack("{s:{}, s:[]}", "keys", "roles");
		json_object_set_new(body, "delegations", delegations);
	}
	json_object_set(json_object_get(delegations, "keys"), key->id, key->object);
	json_object_set_new(rule, "name", json_string(role));
	json_object_set_new(rule, "threshold", json_integer(1));
	json_object_set_new(rule, "keyids", json_pack("[s]", key->id));
	json_array_append_new(json_object_get(delegations, "roles"), rule);
	if (!json_object_get(repo->bodies, role)) {
		json_object_set_new(repo->bodies, role, body_of_targets());
		json_object_set_new(repo->signers, role, json_array());
		repo_sign(repo, role, key);
	}
	return repo_body(repo, role);
}

static char *path_of(struct repo *repo, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", repo->folder, name) < 0)
		abort();
	return path;
}

void repo_file(struct repo *repo, const char *name, const void *data,
	       size_t length)
{
	char *path = path_of(repo, name), *slash = path + strlen(repo->folder) + 1;
	FILE *file;

	while ((slash = strchr(slash, '/'))) {
		*slash = 0;
		make_folder(path, "");
		*slash++ = '/';
	}
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, length, file) != length || fclose(file))
		abort();
	free(path);
}

void repo_remove(struct repo *repo, const char *name)
{
	char *path = path_of(repo, name);

	unlink(path);
	free(path);
}

static bool consistent(struct repo *repo)
{
	return json_is_true(json_object_get(repo_body(repo, "root"),
					    "consistent_snapshot"));
}

void repo_target(struct repo *repo, const char *role, const char *path,
		 const char *content)
{
	char *hash = hash_of("sha256", content, strlen(content)), *name;
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	json_object_set_new(json_object_get(repo_body(repo, role), "targets"), path,
			    json_pack("{s:I, s:{s:s}}", "length",
				      (json_int_t)strlen(content), "hashes",
				      "sha256", hash));
	if (asprintf(&name, "targets/%.*s%s%s%s", (int)(file - path), path,
		     consistent(repo) ? hash : "", consistent(repo) ? "." : "",
		     file) < 0)
		abort();
	repo_file(repo, name, content, strlen(content));
	free(name);
	free(hash);
}

char *repo_bytes(struct repo *repo, const char *role)
{
	json_t *body = repo_body(repo, role), *signatures = json_array(), *who;
	json_t *doc;
	char *bytes;
	size_t i;

	json_array_foreach(json_object_get(repo->signers, role), i, who) {
		const struct key *key =
			key_of((enum key_kind)json_integer_value(json_array_get(who, 0)),
			       json_string_value(json_array_get(who, 1)));

		json_array_append_new(signatures, key_signature(key, body));
	}
	doc = json_pack("{s:o, s:O}", "signatures", signatures, "signed", body);
	/* Not canonical: what is signed is not what is sent. */
	bytes = json_dumps(doc, JSON_INDENT(1));
	json_decref(doc);
	return bytes;
}

static void write_as(struct repo *repo, int version, const char *role,
		     const char *bytes)
{
	char name[256];
	size_t i, n;

	n = (size_t)snprintf(name, sizeof(name), "metadata/");
	if (version)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "%d.", version);
	/* As one file: the "/" in a role's name is none of a path. */
	for (i = 0; role[i] && n < sizeof(name) - 8; i++)
		n += (size_t)(role[i] == '/' ? sprintf(name + n, "%%2F") :
			      sprintf(name + n, "%c", role[i]));
	snprintf(name + n, sizeof(name) - n, ".json");
	repo_file(repo, name, bytes, strlen(bytes));
}

void repo_write(struct repo *repo, const char *role)
{
	char *bytes = repo_bytes(repo, role);

	if (!strcmp(role, "root") ||
	    (strcmp(role, "timestamp") && consistent(repo)))
		write_as(repo, repo_version(repo, role), role, bytes);
	else
		write_as(repo, 0, role, bytes);
	free(bytes);
}

void repo_announce(struct repo *repo, const char *role)
{
	json_t *meta = json_object_get(repo_body(repo, strcmp(role, "snapshot") ?
						 "snapshot" : "timestamp"), "meta");
	json_t *file = json_pack("{s:i}", "version", repo_version(repo, role));
	char name[256];

	if (repo->hashes) {
		char *bytes = repo_bytes(repo, role);
		char *hash = hash_of("sha256", bytes, strlen(bytes));

		json_object_set_new(file, "length",
				    json_integer((json_int_t)strlen(bytes)));
		json_object_set_new(file, "hashes", json_pack("{s:s}", "sha256",
							      hash));
		free(hash);
		free(bytes);
	}
	snprintf(name, sizeof(name), "%s.json", role);
	json_object_set_new(meta, name, file);
}

static void raise_version(struct repo *repo, const char *role)
{
	repo_set(repo, role, "version", json_integer(repo_version(repo, role) + 1));
}

void repo_announced(struct repo *repo, const char *role)
{
	repo_write(repo, role);
	if (!strcmp(role, "root") || !strcmp(role, "timestamp"))
		return;
	repo_announce(repo, role);
	repo_push(repo, strcmp(role, "snapshot") ? "snapshot" : "timestamp");
}

void repo_push(struct repo *repo, const char *role)
{
	raise_version(repo, role);
	repo_announced(repo, role);
}

void repo_publish(struct repo *repo)
{
	const char *role;
	json_t *body;

	json_object_foreach(repo->bodies, role, body) {
		if (strcmp(role, "root") && strcmp(role, "timestamp") &&
		    strcmp(role, "snapshot"))
			repo_announce(repo, role);
	}
	repo_announce(repo, "snapshot");
	json_object_foreach(repo->bodies, role, body)
		repo_write(repo, role);
}
