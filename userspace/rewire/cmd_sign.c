// SPDX-License-Identifier: MIT
/*
 * rewire sign
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uapi/rewire_update.h>

#include "cli.h"
#include "show.h"

struct sign_options {
	const char *key, *certificate, *software, *release, *svn, *memory,
		*min_atl, *threads, *state, *passphrase_fd, *output;
};

/* --state, by its value in the manifest. */
static const char *const states[] = {
	[REWIRE_ATTR_STATE_NONE] = "none",
	[REWIRE_ATTR_STATE_HANDOVER] = "handover",
	[REWIRE_ATTR_STATE_SEALED] = "sealed",
};

static bool parse_state(const char *text, __u32 *ret_attributes)
{
	for (__u32 i = 0; i < ARRAY_SIZE(states); i++) {
		if (!strcmp(text, states[i])) {
			*ret_attributes = i;
			return true;
		}
	}
	return false;
}

/* --predecessor may be given several times. */
static struct {
	__u32 count;
	__u8 measurement[REWIRE_MAX_PREDECESSORS][REWIRE_DIGEST_SIZE];
} predecessors;

static bool add_predecessor(const char *text)
{
	if (predecessors.count == REWIRE_MAX_PREDECESSORS ||
	    rewire_unhex(text, predecessors.measurement[predecessors.count],
			 REWIRE_DIGEST_SIZE))
		return false;
	predecessors.count++;
	return true;
}

static int fill_manifest(const struct sign_options *options,
			 struct rewire_manifest *manifest)
{
	__u64 number;

	if (rewire_id_parse(options->software, manifest->software))
		return cli_usage("--software: %s is not a UUID",
				 options->software);
	if (!cli_number(options->release, 0, UINT64_MAX, &number))
		return cli_usage("--release: %s is not a number",
				 options->release);
	manifest->release = number;
	if (!cli_number(options->svn, 0, UINT64_MAX, &number))
		return cli_usage("--svn: %s is not a number", options->svn);
	manifest->svn = number;
	if (options->memory && !cli_size(options->memory, &number))
		return cli_usage("--max-memory: %s is not a size",
				 options->memory);
	if (options->memory)
		manifest->max_memory = number;
	if (options->threads &&
	    !cli_number(options->threads, 1, REWIRE_MAX_THREADS, &number))
		return cli_usage("--threads: %s is not a number from 1 to %d",
				 options->threads, REWIRE_MAX_THREADS);
	if (options->threads)
		manifest->max_threads = (__u32)number;
	if (options->min_atl &&
	    !cli_number(options->min_atl, 0, REWIRE_MAX_LEVEL, &number))
		return cli_usage("--min-atl: %s is not a level from 0 to %d",
				 options->min_atl, REWIRE_MAX_LEVEL);
	if (options->state && !parse_state(options->state, &manifest->attributes))
		return cli_usage("--state: %s is not none, handover or sealed",
				 options->state);
	manifest->min_atl = options->min_atl ? (__u32)number : 0;
	manifest->predecessors = predecessors.count;
	memcpy(manifest->predecessor, predecessors.measurement,
	       sizeof(manifest->predecessor));
	return EXIT_SUCCESS;
}

static int measure(const char *path, struct rewire_manifest *manifest,
		   struct rewire_error *err)
{
	struct rewire_image image;
	int rc = rewire_image_open(path, &image, err);

	if (rc)
		return rc;
	rc = rewire_image_measure(&image, manifest->measurement, err);
	memcpy(manifest->image_digest, image.digest, sizeof(image.digest));
	manifest->max_memory = image.memory;
	manifest->max_threads = 1;	/* unless --threads */
	rewire_image_close(&image);
	return rc;
}

static int sign(const struct sign_options *options,
		const struct rewire_manifest *manifest, const char *output)
{
	struct rewire_signer *signer;
	struct rewire_signed object;
	struct rewire_error err;
	int status, rc;

	status = cli_signer(options->key, options->certificate,
			    options->passphrase_fd, &signer);
	if (status != EXIT_SUCCESS)
		return status;
	rc = rewire_sign_manifest(signer, manifest, &object, &err);
	rewire_signer_free(signer);
	/* A certificate may forbid what its key can do: find out now. */
	if (!rc)
		rc = rewire_signed_verify(&object, options->certificate, &err);
	if (!rc)
		rc = rewire_signed_write(output, &object, &err);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

static void report(const struct rewire_manifest *manifest, const char *output)
{
	char text[2 * REWIRE_DIGEST_SIZE + 1], size[32];

	if (cli.json) {
		show_json(json_pack("{s:o, s:o, s:o, s:I, s:s}", "manifest",
				    show_text(output),
				    "measurement",
				    show_hex(manifest->measurement,
					     REWIRE_DIGEST_SIZE),
				    "image_digest",
				    show_hex(manifest->image_digest,
					     REWIRE_DIGEST_SIZE),
				    "max_memory",
				    (json_int_t)manifest->max_memory,
				    "state", states[manifest->attributes]));
		return;
	}
	printf("manifest     %s\n", output);
	printf("measurement  %s\n", rewire_hex(manifest->measurement,
					       REWIRE_DIGEST_SIZE, text));
	printf("memory       %s\n", show_size(manifest->max_memory, size));
	printf("state        %s\n", states[manifest->attributes]);
}

static int sign_image(const char *image, const struct sign_options *options)
{
	struct rewire_manifest manifest = { 0 };
	char *output = NULL;
	struct rewire_error err;
	int status;

	if (options->output)
		output = strdup(options->output);
	else if (asprintf(&output, "%s.manifest", image) < 0)
		output = NULL;
	if (!output) {
		rewire_fail(&err, ENOMEM, "no memory");
		return cli_fail(&err);
	}
	if (measure(image, &manifest, &err)) {
		free(output);
		return cli_fail(&err);
	}
	status = fill_manifest(options, &manifest);
	if (status == EXIT_SUCCESS)
		status = sign(options, &manifest, output);
	if (status == EXIT_SUCCESS)
		report(&manifest, output);
	free(output);
	return status;
}

static int run(int argc, char **argv)
{
	struct sign_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .value = &o.key, .required = true },
		{ .name = "cert", .value = &o.certificate, .required = true },
		{ .name = "software", .value = &o.software, .required = true },
		{ .name = "release", .value = &o.release, .required = true },
		{ .name = "svn", .value = &o.svn, .required = true },
		{ .name = "max-memory", .value = &o.memory },
		{ .name = "threads", .value = &o.threads },
		{ .name = "min-atl", .value = &o.min_atl },
		{ .name = "state", .value = &o.state },
		{ .name = "predecessor", .more = add_predecessor },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "output", .letter = 'o', .value = &o.output },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);

	return at < 0 ? cli_parse_exit(at) : sign_image(argv[at], &o);
}

const struct command cmd_sign = {
	.name = "sign",
	.run = run,
	.summary = "measure an enclave image and sign its manifest",
	.help =
	"usage: rewire sign IMAGE --key FILE --cert FILE --software UUID\n"
	"                   --release N --svn N [OPTION]...\n"
	"\n"
	"Measures the image exactly as a Security Monitor will, and signs what the\n"
	"developer says of it. The manifest file holds struct rewire_manifest, then\n"
	"its detached CMS signature (DER).\n"
	"\n"
	"  --software UUID      names the product, the same for all its releases\n"
	"  --release N          release number\n"
	"  --svn N              security version; raise it when a hole was closed\n"
	"  --max-memory SIZE    refuse to run with more [what the image has]\n"
	"  --threads N          refuse it more threads [1]; it has stacks for as many\n"
	"  --min-atl LEVEL      refuse to run on a host of a lower trust level [0]\n"
	"  --state FROM         what it starts with when it is an update [none]:\n"
	"                         none      nothing, it starts anew\n"
	"                         handover  the old version exports, this one imports\n"
	"                         sealed    it opens what the old one sealed; see\n"
	"                                   --predecessor, and seal by software\n"
	"  --predecessor HEX    measurement whose sealed data this one may read;\n"
	"                       up to four times\n"
	"  --passphrase-fd N    read the key's passphrase from there, not the terminal\n"
	"  -o, --output FILE    [IMAGE.manifest]\n"
	"\n"
	"example:\n"
	"  rewire sign vault.elf --key pki/developer.key --cert pki/developer.crt \\\n"
	"    --software 7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10 --release 1 --svn 1\n",
};
