// SPDX-License-Identifier: MIT
/*
 * rewire package: what an SDS orders, made. cmd_package_show.c has what is done
 * with a package that there is.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "cli.h"
#include "package.h"
#include "show.h"

#define DEFAULT_TRIAL_MS 60000
#define MAX_TRIAL_MS 3600000
#define MAX_DEVICES 1000000
#define MAX_PATH 4096

struct package_options {
	const char *manifest, *key, *certificate, *platform, *devices,
		*workload, *from_min, *from_max, *expires, *trial,
		*passphrase_fd, *output;
	bool root;
};

/* Whom the package is for; nobody: for any, and not encrypted. */
static struct {
	size_t count, room;
	struct rewire_suk *suk;
} devices;

/* --device may be given several times. */
static struct {
	size_t count;
	const char *path[256];
} device_files;

static bool add_device_file(const char *path)
{
	if (device_files.count == ARRAY_SIZE(device_files.path))
		return false;
	device_files.path[device_files.count++] = path;
	return true;
}

static int add_device(const char *path, const char *platform,
		      struct rewire_error *err)
{
	struct rewire_suk *grown;

	if (devices.count == devices.room) {
		devices.room = devices.room ? 2 * devices.room : 64;
		grown = devices.count < MAX_DEVICES ?
			realloc(devices.suk, devices.room * sizeof(*grown)) :
			NULL;
		if (!grown)
			return rewire_fail(err, ENOMEM, "no memory for %zu devices",
					   devices.room);
		devices.suk = grown;
	}
	return rewire_suk_read(path, platform, &devices.suk[devices.count++],
			       err);
}

static int add_folder(const char *folder, const char *platform,
		      struct rewire_error *err)
{
	DIR *dir = opendir(folder);
	char path[MAX_PATH];
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return rewire_fail(err, errno, "%s: %s", folder, strerror(errno));
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder,
			     entry->d_name) >= (int)sizeof(path))
			rc = rewire_fail(err, ENAMETOOLONG, "%s/%s: name too long",
					 folder, entry->d_name);
		else
			rc = add_device(path, platform, err);
	}
	closedir(dir);
	if (!rc && !devices.count)
		rc = rewire_fail(err, ENOENT, "%s: no Software Update Key in it",
				 folder);
	return rc;
}

static int compare_devices(const void *a, const void *b)
{
	return memcmp(((const struct rewire_suk *)a)->sm,
		      ((const struct rewire_suk *)b)->sm, REWIRE_ID_SIZE);
}

static int read_devices(const struct package_options *o,
			struct rewire_error *err)
{
	char text[2 * REWIRE_ID_SIZE + 1];
	int rc = 0;

	for (size_t i = 0; i < device_files.count && !rc; i++)
		rc = add_device(device_files.path[i], o->platform, err);
	if (!rc && o->devices)
		rc = add_folder(o->devices, o->platform, err);
	if (rc || devices.count < 2)
		return rc;
	qsort(devices.suk, devices.count, sizeof(*devices.suk),
	      compare_devices);
	for (size_t i = 1; i < devices.count; i++)
		if (!compare_devices(&devices.suk[i - 1], &devices.suk[i]))
			return rewire_fail(err, EEXIST, "SM %s is there twice",
					   rewire_hex(devices.suk[i].sm,
						      REWIRE_ID_SIZE, text));
	return 0;
}

static int fill_package(const struct package_options *o,
			const struct rewire_manifest *manifest,
			struct rewire_package *p)
{
	__u32 trial = DEFAULT_TRIAL_MS;
	__u64 number = 0;

	if (o->workload && rewire_id_parse(o->workload, p->workload))
		return cli_usage("--workload: %s is not a UUID", o->workload);
	/* What comes before; root keys may also order the way back. */
	p->from_max = o->root ? UINT64_MAX :
		      manifest->release ? manifest->release - 1 : 0;
	if (o->from_min && !cli_number(o->from_min, 0, UINT64_MAX, &number))
		return cli_usage("--from-min: %s is not a release", o->from_min);
	p->from_min = number;
	if (o->from_max && !cli_number(o->from_max, 0, UINT64_MAX, &number))
		return cli_usage("--from-max: %s is not a release", o->from_max);
	if (o->from_max)
		p->from_max = number;
	if (p->from_min > p->from_max)
		return cli_usage("no release is from %llu to %llu",
				 (unsigned long long)p->from_min,
				 (unsigned long long)p->from_max);
	if (o->expires && !cli_date(o->expires, &number))
		return cli_usage("--expires: %s is neither +DAYS nor a date like 2027-01-31 or 2027-01-31T12:00:00Z",
				 o->expires);
	p->expires = o->expires ? number : 0;
	if (o->trial && (!cli_duration(o->trial, &trial) || !trial ||
			 trial > MAX_TRIAL_MS))
		return cli_usage("--trial: %s is not between 1ms and 1h",
				 o->trial);
	p->trial_ms = trial;
	if (o->root)
		p->header.flags |= REWIRE_PACKAGE_ROOT;
	return EXIT_SUCCESS;
}

/* How far, for people who wait. */
static void progress(__u64 done, __u64 total, void *data)
{
	int *percent = data, now = (int)(100 * done / total);

	if (now == *percent)
		return;
	*percent = now;
	fprintf(stderr, "\rpayload %3d %%%s", now, done == total ? "\n" : "");
}

/* What is made, and from what. */
struct making {
	struct rewire_image image;
	struct rewire_signed manifest;
	struct rewire_package package;
	struct rewire_order *order;
	struct rewire_signer *signer;
	__u8 content[REWIRE_CONTENT_KEY_SIZE];
	char *name;
	size_t wrap_bytes;	/* of the largest */
};

static int in_name(const struct making *m, const char *suffix,
		   char path[MAX_PATH], struct rewire_error *err)
{
	if (snprintf(path, MAX_PATH, "%s%s", m->name, suffix) >= MAX_PATH)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long",
				   m->name);
	return 0;
}

static int write_payload(struct making *m, struct rewire_error *err)
{
	bool sealed = devices.count;
	int percent = -1;
	const struct rewire_payload payload = {
		.package = &m->order->package,
		.content = sealed ? m->content : NULL,
		.progress = isatty(STDERR_FILENO) ? progress : NULL,
		.data = &percent,
	};
	struct rewire_output out;
	char path[MAX_PATH];
	int rc = in_name(m, ".payload", path, err);

	if (!rc)
		rc = rewire_output_open(&out, path, 0644, err);
	if (rc)
		return rc;
	rc = rewire_payload_write(&m->image, &payload, out.fd, err);
	if (!rc)
		return rewire_output_commit(&out, err);
	rewire_output_discard(&out);
	return rc;
}

static int wrap_path(const struct making *m, const struct rewire_suk *suk,
		     char path[MAX_PATH], struct rewire_error *err)
{
	char suffix[64], text[2 * REWIRE_ID_SIZE + 1];

	snprintf(suffix, sizeof(suffix), ".wraps/%s.wrap",
		 rewire_hex(suk->sm, REWIRE_ID_SIZE, text));
	return in_name(m, suffix, path, err);
}

static int write_wrap(struct making *m, const struct rewire_suk *suk,
		      struct rewire_error *err)
{
	struct rewire_signed wrap;
	char path[MAX_PATH];
	int rc = wrap_path(m, suk, path, err);

	if (!rc)
		rc = rewire_wrap_sign(m->signer, m->order, m->content, suk,
				      &wrap, err);
	if (!rc)
		rc = rewire_signed_write(path, &wrap, err);
	if (!rc && wrap.length + wrap.signature_length > m->wrap_bytes)
		m->wrap_bytes = wrap.length + wrap.signature_length;
	return rc;
}

/* Nothing of another package may be in the folder. */
static int open_wraps(struct making *m, struct rewire_error *err)
{
	char path[MAX_PATH];
	int rc = in_name(m, ".wraps", path, err);

	if (!rc && devices.count && mkdir(path, 0755))
		rc = rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	return rc;
}

static void drop_wraps(const struct making *m)
{
	char path[MAX_PATH];

	for (size_t i = 0; i < devices.count; i++)
		if (!wrap_path(m, &devices.suk[i], path, NULL))
			unlink(path);
	if (devices.count && !in_name(m, ".wraps", path, NULL))
		rmdir(path);
}

static int write_wraps(struct making *m, struct rewire_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < devices.count && !rc; i++)
		rc = write_wrap(m, &devices.suk[i], err);
	return rc;
}

/* The package is written last: who finds it finds all that belongs to it. */
static int write_all(struct making *m, const struct package_options *o,
		     struct rewire_error *err)
{
	char path[MAX_PATH];
	int rc = in_name(m, ".package", path, err);

	if (!rc && unlink(path) && errno != ENOENT)
		rc = rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	if (!rc)
		rc = rewire_order_sign(m->signer, &m->package, &m->manifest,
				       &m->order, err);
	/* A certificate may forbid what its key can do: find out now. */
	if (!rc)
		rc = rewire_order_signed_by(m->order, REWIRE_ROLE_SDS,
					    o->certificate, err);
	/* What was signed keys the payload. */
	if (!rc)
		rc = write_payload(m, err);
	if (!rc)
		rc = write_wraps(m, err);
	return rc ? rc : rewire_order_write(path, m->order, err);
}

static int make(struct making *m, const struct package_options *o,
		struct rewire_error *err)
{
	int rc = open_wraps(m, err);

	if (rc)
		return rc;
	rc = write_all(m, o, err);
	if (rc)
		drop_wraps(m);
	return rc;
}

static int check_image(struct making *m, const char *path,
		       struct rewire_error *err)
{
	__u8 measurement[REWIRE_DIGEST_SIZE];
	int rc = rewire_image_measure(&m->image, measurement, err);

	if (rc)
		return rc;
	if (memcmp(measurement, m->manifest.body.manifest.measurement,
		   sizeof(measurement)))
		return rewire_fail(err, EKEYREJECTED, "%s is not the image that the manifest is about",
				   path);
	return 0;
}

/* One device alone is named; several share a package that any may be given. */
static int seal_for_devices(struct making *m, struct rewire_error *err)
{
	struct rewire_package *p = &m->package;

	p->payload_length = rewire_payload_length(&m->image, devices.count);
	if (!devices.count)
		return 0;
	p->header.flags |= REWIRE_PACKAGE_SEALED;
	if (devices.count == 1)
		memcpy(p->device, devices.suk[0].sm, sizeof(p->device));
	if (RAND_bytes(p->salt, sizeof(p->salt)) != 1 ||
	    RAND_priv_bytes(m->content, sizeof(m->content)) != 1)
		return rewire_fail(err, EIO, "drawing a key failed");
	return 0;
}

static void report(const struct making *m)
{
	char size[32];

	if (cli.json) {
		json_t *json = json_pack("{s:o, s:o, s:I, s:I}", "name",
					 show_text(m->name), "nonce",
					 show_hex(m->order->package.nonce,
						  REWIRE_NONCE_SIZE),
					 "payload_bytes",
					 (json_int_t)m->package.payload_length,
					 "devices", (json_int_t)devices.count);

		if (devices.count)
			json_object_set_new(json, "wrap_bytes",
					    json_integer((json_int_t)m->wrap_bytes));
		show_json(json);
		return;
	}
	printf("package  %s.package\n", m->name);
	printf("payload  %s.payload, %s%s\n", m->name,
	       show_size(m->package.payload_length, size),
	       devices.count ? ", encrypted" : "");
	if (devices.count)
		printf("wraps    %s.wraps, for %zu device%s, %zu bytes each\n",
		       m->name, devices.count, devices.count == 1 ? "" : "s",
		       m->wrap_bytes);
	if (m->package.header.flags & REWIRE_PACKAGE_ROOT)
		printf("next     rewire package authorise %s.package, by enough root keys\n",
		       m->name);
}

static int make_of_image(struct making *m, const char *image,
			 const struct package_options *o)
{
	struct rewire_error err;
	int status;

	if (check_image(m, image, &err) || read_devices(o, &err))
		return cli_fail(&err);
	status = fill_package(o, &m->manifest.body.manifest, &m->package);
	if (status != EXIT_SUCCESS)
		return status;
	if (seal_for_devices(m, &err))
		return cli_fail(&err);
	status = cli_signer(o->key, o->certificate, o->passphrase_fd,
			    &m->signer);
	if (status != EXIT_SUCCESS)
		return status;
	if (make(m, o, &err))
		return cli_fail(&err);
	report(m);
	return EXIT_SUCCESS;
}

static int run_make(const char *image, const struct package_options *o)
{
	struct making m = { .name = strdup(o->output ? o->output : image) };
	struct rewire_error err;
	int status;

	if ((device_files.count || o->devices) && !o->platform) {
		free(m.name);
		return cli_usage("--platform is missing: who says that these are keys of devices?");
	}
	if (!m.name ||
	    rewire_signed_read(o->manifest, REWIRE_TYPE_MANIFEST, &m.manifest,
			       &err) ||
	    rewire_image_open(image, &m.image, &err)) {
		if (!m.name)
			rewire_fail(&err, ENOMEM, "no memory");
		free(m.name);
		return cli_fail(&err);
	}
	status = make_of_image(&m, image, o);
	rewire_image_close(&m.image);
	rewire_signer_free(m.signer);
	OPENSSL_cleanse(m.content, sizeof(m.content));
	free(m.order);
	free(m.name);
	free(devices.suk);
	return status;
}

static int run(int argc, char **argv)
{
	struct package_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "manifest", .value = &o.manifest, .required = true },
		{ .name = "key", .value = &o.key, .required = true },
		{ .name = "cert", .value = &o.certificate, .required = true },
		{ .name = "device", .more = add_device_file },
		{ .name = "devices", .value = &o.devices },
		{ .name = "platform", .value = &o.platform },
		{ .name = "workload", .value = &o.workload },
		{ .name = "from-min", .value = &o.from_min },
		{ .name = "from-max", .value = &o.from_max },
		{ .name = "expires", .value = &o.expires },
		{ .name = "trial", .value = &o.trial },
		{ .name = "root", .flag = &o.root },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "out", .letter = 'o', .value = &o.output },
		{ 0 },
	};
	int at;

	if (argc > 1 && !strcmp(argv[1], "show"))
		return package_show(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "authorise"))
		return package_authorise(argc - 1, argv + 1);
	at = cli_parse(argc, argv, options, 1, 1);
	return at < 0 ? cli_parse_exit(at) : run_make(argv[at], &o);
}

const struct command cmd_package = {
	.name = "package",
	.run = run,
	.summary = "sign the order to update to a new version, as the SDS",
	.help =
	"usage: rewire package IMAGE --manifest FILE --key FILE --cert FILE [OPTION]...\n"
	"       rewire package show FILE [--sds CERT] [--developer CERT]\n"
	"                      [--root CERT]... [--payload FILE]\n"
	"       rewire package authorise FILE --key FILE --cert FILE [-o FILE]\n"
	"\n"
	"Orders that a workload be updated to the version in IMAGE, whose manifest the\n"
	"developer has signed (`rewire sign`). Writes NAME.package, all that is signed,\n"
	"and NAME.payload, what the Security Monitor loads and measures. Without --device\n"
	"any device may use them; with it the payload is encrypted once, and NAME.wraps\n"
	"has its key for each of the devices, in a file of less than 1 KiB.\n"
	"\n"
	"  --device FILE        for this device, whose `rewire suk` made FILE; up to\n"
	"                       256 times\n"
	"  --devices DIR        for all devices whose files are there\n"
	"  --platform CERT      of the platform CA, which knows the devices' monitors\n"
	"  --workload UUID      for this one only [any of the manifest's software]\n"
	"  --from-min N         the least release that may be updated [0]\n"
	"  --from-max N         and the greatest [the one before the manifest's]\n"
	"  --expires TIME       +DAYS, 2027-01-31 or 2027-01-31T12:00:00Z (UTC); monitors\n"
	"                       go by their witness's time [never]\n"
	"  --trial TIME         back to the old version unless it has switched by then;\n"
	"                       1ms to 1h [60s]\n"
	"  --root               the version may fall, or be another developer's: enough\n"
	"                       root keys have to authorise the package, too\n"
	"  --passphrase-fd N    read the key's passphrase from there, not the terminal\n"
	"  -o, --out NAME       [IMAGE]\n"
	"\n"
	"show says what a package orders and, of the certificates given, who signed it;\n"
	"it fails when one of --sds, --developer did not. authorise adds the signature\n"
	"of a root key.\n"
	"\n"
	"example:\n"
	"  rewire sign vault2.elf --key pki/developer.key --cert pki/developer.crt \\\n"
	"    --software 7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10 --release 2 --svn 1\n"
	"  rewire package vault2.elf --manifest vault2.elf.manifest \\\n"
	"    --key pki/sds.key --cert pki/sds.crt --device alpha.suk \\\n"
	"    --platform pki/platform.crt --expires +30 --out vault2\n"
	"  rewire package show vault2.package --sds pki/sds.crt \\\n"
	"    --developer pki/developer.crt\n",
};
