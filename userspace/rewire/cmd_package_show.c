// SPDX-License-Identifier: MIT
/*
 * rewire package show, rewire package authorise
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "package.h"
#include "show.h"

struct show_options {
	const char *sds, *developer, *payload;
};

/* --root may be given several times. */
static struct {
	size_t count;
	const char *path[REWIRE_MAX_ROOT_SIGNATURES];
} roots;

static bool add_root(const char *path)
{
	if (roots.count == ARRAY_SIZE(roots.path))
		return false;
	roots.path[roots.count++] = path;
	return true;
}

static bool is_any(const __u8 id[REWIRE_ID_SIZE])
{
	static const __u8 zero[REWIRE_ID_SIZE];

	return !memcmp(id, zero, sizeof(zero));
}

static size_t count_roots(const struct rewire_order *order)
{
	size_t count = 0;

	for (size_t i = 0; i < roots.count; i++)
		count += !rewire_order_signed_by(order, REWIRE_ROLE_ROOT,
						 roots.path[i], NULL);
	return count;
}

static const char *date(__u64 seconds, char text[32])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!seconds)
		return "never";
	if (seconds > INT64_MAX || !gmtime_r(&time, &tm) ||
	    !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "in another age";
	return text;
}

static void print_json(const struct rewire_order *order,
		       const struct show_options *o)
{
	const struct rewire_package *p = &order->package;
	const struct rewire_manifest *m = &order->manifest.body.manifest;
	json_t *json = json_pack(
		"{s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:I}",
		"nonce", show_hex(p->nonce, REWIRE_NONCE_SIZE),
		"software", show_id(p->software),
		"release", (json_int_t)m->release, "svn", (json_int_t)m->svn,
		"measurement", show_hex(m->measurement, REWIRE_DIGEST_SIZE),
		"from_min", (json_int_t)p->from_min,
		"from_max", (json_int_t)p->from_max,
		"expires", (json_int_t)p->expires,
		"trial_ms", (json_int_t)p->trial_ms,
		"payload_bytes", (json_int_t)p->payload_length,
		"encrypted", !!(p->header.flags & REWIRE_PACKAGE_SEALED),
		"root", !!(p->header.flags & REWIRE_PACKAGE_ROOT),
		"root_signatures", (json_int_t)order->roots);

	if (!is_any(p->device))
		json_object_set_new(json, "device",
				    show_hex(p->device, REWIRE_ID_SIZE));
	if (!is_any(p->workload))
		json_object_set_new(json, "workload", show_id(p->workload));
	if (o->sds)
		json_object_set_new(json, "signed_by_sds", json_true());
	if (o->developer)
		json_object_set_new(json, "signed_by_developer", json_true());
	if (roots.count)
		json_object_set_new(json, "signed_by_roots",
				    json_integer((json_int_t)count_roots(order)));
	show_json(json);
}

static void print_signers(const struct rewire_order *order,
			  const struct show_options *o)
{
	if (o->sds)
		printf("signed      by the SDS, %s\n", o->sds);
	if (o->developer)
		printf("manifest    signed by the developer, %s\n",
		       o->developer);
	if (order->package.header.flags & REWIRE_PACKAGE_ROOT)
		printf("root        wanted, %zu signature%s\n", order->roots,
		       order->roots == 1 ? "" : "s");
	if (roots.count)
		printf("root        signed by %zu of the %zu given\n",
		       count_roots(order), roots.count);
	if (!o->sds || !o->developer)
		puts("unchecked   who signed it: give --sds and --developer");
}

static void print(const struct rewire_order *order,
		  const struct show_options *o)
{
	const struct rewire_package *p = &order->package;
	const struct rewire_manifest *m = &order->manifest.body.manifest;
	char text[2 * REWIRE_NONCE_SIZE + 1], size[32];

	printf("nonce       %s\n", rewire_hex(p->nonce, REWIRE_NONCE_SIZE, text));
	printf("software    %s\n", rewire_id_format(p->software, text));
	printf("to          release %llu, SVN %llu\n",
	       (unsigned long long)m->release, (unsigned long long)m->svn);
	printf("from        release %llu to %llu\n",
	       (unsigned long long)p->from_min,
	       (unsigned long long)p->from_max);
	printf("measurement %s\n",
	       rewire_hex(m->measurement, REWIRE_DIGEST_SIZE, text));
	printf("device      %s\n", is_any(p->device) ? "any" :
	       rewire_hex(p->device, REWIRE_ID_SIZE, text));
	printf("workload    %s\n", is_any(p->workload) ? "any" :
	       rewire_id_format(p->workload, text));
	printf("expires     %s\n", date(p->expires, text));
	printf("trial       %u ms\n", p->trial_ms);
	printf("payload     %s%s\n", show_size(p->payload_length, size),
	       p->header.flags & REWIRE_PACKAGE_SEALED ?
		       ", encrypted; each device needs its wrap" : "");
	print_signers(order, o);
}

/* What an SM would see at its end only. */
static int check_payload(const struct rewire_order *order, const char *path,
			 struct rewire_error *err)
{
	const struct rewire_package *p = &order->package;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	__u8 digest[REWIRE_DIGEST_SIZE];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		rc = rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	else if ((__u64)st.st_size != p->payload_length)
		rc = rewire_fail(err, EBADMSG, "%s: %lld bytes, the package's payload has %llu",
				 path, (long long)st.st_size,
				 (unsigned long long)p->payload_length);
	if (!rc && !(p->header.flags & REWIRE_PACKAGE_SEALED)) {
		rc = rewire_file_digest(fd, digest, err);
		if (!rc && memcmp(digest,
				  order->manifest.body.manifest.measurement,
				  sizeof(digest)))
			rc = rewire_fail(err, EKEYREJECTED, "%s: not the payload that the manifest measures",
					 path);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int check(const struct rewire_order *order, const struct show_options *o,
		 struct rewire_error *err)
{
	struct rewire_error why = { 0 };

	if (o->sds && rewire_order_signed_by(order, REWIRE_ROLE_SDS, o->sds,
					     &why))
		return rewire_fail(err, why.code, "not signed by %s: %s",
				   o->sds, why.text);
	if (o->developer && rewire_order_signed_by(order, REWIRE_ROLE_DEVELOPER,
						   o->developer, &why))
		return rewire_fail(err, why.code, "its manifest is not signed by %s: %s",
				   o->developer, why.text);
	return o->payload ? check_payload(order, o->payload, err) : 0;
}

int package_show(int argc, char **argv)
{
	struct show_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "sds", .value = &o.sds },
		{ .name = "developer", .value = &o.developer },
		{ .name = "root", .more = add_root },
		{ .name = "payload", .value = &o.payload },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1), rc;
	struct rewire_order *order;
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	if (rewire_order_read(argv[at], &order, &err))
		return cli_fail(&err);
	rc = check(order, &o, &err);
	if (!rc && cli.json)
		print_json(order, &o);
	else if (!rc)
		print(order, &o);
	free(order);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

int package_authorise(int argc, char **argv)
{
	const char *key = NULL, *certificate = NULL, *fd = NULL, *output = NULL;
	const struct cli_option options[] = {
		{ .name = "key", .value = &key, .required = true },
		{ .name = "cert", .value = &certificate, .required = true },
		{ .name = "passphrase-fd", .value = &fd },
		{ .name = "output", .letter = 'o', .value = &output },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1), status, rc;
	struct rewire_signer *signer;
	struct rewire_order *order;
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	if (rewire_order_read(argv[at], &order, &err))
		return cli_fail(&err);
	status = cli_signer(key, certificate, fd, &signer);
	if (status != EXIT_SUCCESS) {
		free(order);
		return status;
	}
	rc = rewire_order_authorise(signer, order, &err);
	rewire_signer_free(signer);
	if (!rc)
		rc = rewire_order_write(output ? output : argv[at], order, &err);
	if (!rc && cli.json)
		print_json(order, &(struct show_options){ 0 });
	else if (!rc)
		printf("signatures  %zu of root keys\n", order->roots);
	free(order);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}
