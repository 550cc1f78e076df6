// SPDX-License-Identifier: MIT
/*
 * seeds PKI FOLDER: valid inputs of each target, FOLDER/TARGET/NAME, made by the
 * project's own writers.
 */
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <rewire_update.h>

#include "../kernel/kernel.h"
#include "crypto.h"
#include "cbor_read.h"
#include "elf_fixture.h"
#include "evidence_items.h"
#include "fuzz.h"
#include "journal_fixture.h"
#include "peer.h"
#include "tests/tuf/repo.h"
#include "userspace/tuf/metadata.h"

static const char *pki, *folder;

static const struct rewire_journal_roots keys = {
	.key = { NULL, journal_fixture_root[1], journal_fixture_root[2] },
};

static const char *in_pki(const char *name)
{
	static char paths[4][512];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", pki, name);
	return path;
}

static void save(const char *target, const char *name, const void *data,
		 size_t length)
{
	struct rewire_error err = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	if (rewire_file_write(path, data, length, 0644, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

/* ---- journals and their heads ---- */

/*
 * What is saved is taken: a fuzzer of things that are refused at their first byte
 * would find nothing.
 */
#define taken(rc) promise((rc) == 0)

/* as it is, and to be mended once it was changed */
static void save_journal(const char *name, const struct journal *j)
{
	__u8 bytes[1 + FIX_JOURNAL_ROOM] = { 0 };
	struct rewire_journal_summary summary;
	char mended[64];

	taken(rewire_journal_verify(j->data, j->length, &keys, &summary, NULL));
	promise(summary.authentic && !summary.torn);
	memcpy(bytes + 1, j->data, j->length);
	save("journal", name, bytes, 1 + j->length);
	bytes[0] = 1;
	snprintf(mended, sizeof(mended), "%s-mended", name);
	save("journal", mended, bytes, 1 + j->length);
}

static void journals(void)
{
	struct journal j, compacted;
	struct rewire_witness witness = { .sequence = 3 };
	struct rewire_journal_session session = { 0 };

	journal_begin(&j);
	save_journal("begun", &j);
	journal_add_workload(&j, 1);
	journal_add(&j, REWIRE_JOURNAL_WITNESS, &witness, sizeof(witness));
	journal_add(&j, REWIRE_JOURNAL_SESSION, &session, sizeof(session));
	journal_add_generation(&j, 2);
	journal_add_workload(&j, 2);
	save_journal("whole", &j);
	journal_compact(&compacted, &j);
	save_journal("compacted", &compacted);
}

struct attester {
	EVP_PKEY *key;
	struct kernel_signer signer;
};

static int sign(void *data, const void *bytes, size_t length, __u8 *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = 512;
	int good = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, data) &&
		   EVP_DigestSign(context, signature, &size, bytes, length);

	EVP_MD_CTX_free(context);
	promise(good == 1);
	return (int)size;
}

static struct attester attester_open(void)
{
	struct attester a = { 0 };
	X509 *certificate;
	int length;

	promise(!crypto_read_key(in_pki("hosts/alpha/attest.key"), NULL, NULL,
				 &a.key, NULL));
	promise(!crypto_read_certificate(in_pki("hosts/alpha/attest.crt"),
					 &certificate, NULL));
	length = i2d_X509(certificate, &a.signer.certificate);
	promise(length > 0);
	a.signer.certificate_length = (__u32)length;
	promise(!crypto_key_id(a.key, a.signer.sm, NULL));
	a.signer.sign = sign;
	a.signer.data = a.key;
	X509_free(certificate);
	return a;
}

static void heads(struct attester *a)
{
	struct rewire_head head = {
		.header = {
			.magic = REWIRE_MAGIC, .type = REWIRE_TYPE_HEAD,
			.version = REWIRE_VERSION, .size = sizeof(head),
		},
		.sequence = 9,
		.cert_len = a->signer.certificate_length,
		.sig_len = (__u32)EVP_PKEY_get_size(a->key),
	};
	__u8 bytes[REWIRE_MAX_HEAD];
	__u8 text[sizeof(REWIRE_HEAD_DOMAIN) + sizeof(head)] = REWIRE_HEAD_DOMAIN;
	size_t at = sizeof(head);

	memcpy(head.sm, a->signer.sm, sizeof(head.sm));
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + at, a->signer.certificate, head.cert_len);
	at += head.cert_len;
	memcpy(text + sizeof(REWIRE_HEAD_DOMAIN), &head, sizeof(head));
	at += (size_t)sign(a->key, text, sizeof(text), bytes + at);
	taken(rewire_head_check(bytes, at, in_pki("platform.crt"), &head, NULL));
	save("head", "signed", bytes, at);
}

/* ---- evidence ---- */

/* Each item of a map of claims, as the fuzzer takes them; @release: its length */
static void save_items(const char *name, const __u8 *map, size_t length,
		       __u64 release)
{
	struct cbor_reader reader = { .data = map, .length = length };
	__u8 bytes[1 + 4096] = { EVIDENCE_ITEMS }, *to = bytes + 1;
	struct cbor_item item;

	taken(cbor_expect(&reader, CBOR_READ_MAP, "claims", &item, NULL));
	while (reader.at < length) {
		struct evidence_item out = { 0 };

		taken(cbor_read(&reader, &item, NULL));
		out.major = (__u8)item.major;
		out.value = item.value;
		if (item.major == CBOR_READ_TEXT &&
		    item.value < strlen(REWIRE_EAT_PROFILE))
			out.value = release;
		memset(out.content, 'x', sizeof(out.content));
		if (item.data && item.value <= sizeof(out.content))
			memcpy(out.content, item.data, item.value);
		to = mempcpy(to, &out, sizeof(out));
	}
	save("evidence", name, bytes, (size_t)(to - bytes));
}

static void tokens(struct attester *a)
{
	static const __u32 groups[] = {
		REWIRE_EAT_SM, REWIRE_EAT_SM | REWIRE_EAT_JOURNAL,
		REWIRE_EAT_SM | REWIRE_EAT_SESSION | REWIRE_EAT_ENCLAVE,
		REWIRE_EAT_GROUPS,
	};
	struct rewire_claims claims = {
		.profile = 1, .nonce_len = 32, .role = REWIRE_SIDE_SOURCE,
		.epoch = 7, .svn = 3, .sequence = 300, .generation = 1,
		.version = 0x060c75, .levels = 2, .kernel = "6.12.117",
	};
	struct rewire_claims said;
	__u8 bytes[1 + REWIRE_MAX_EVIDENCE] = { EVIDENCE_TOKEN };
	__u8 *token = bytes + 1;
	char name[16];

	claims.ueid[0] = REWIRE_UEID_RAND;
	memcpy(claims.ueid + 1, a->signer.sm, REWIRE_ID_SIZE);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int length;

		claims.groups = groups[i];
		claims.freshness = groups[i] & REWIRE_EAT_JOURNAL ?
			REWIRE_FRESHNESS_WITNESSED : REWIRE_FRESHNESS_VOLATILE;
		claims.platform = REWIRE_CLAIM_YAMA |
			rewire_freshness_claims(claims.freshness);
		length = kernel_evidence_make(&a->signer, &claims, token,
					      REWIRE_MAX_EVIDENCE);
		promise(length > 0);
		taken(rewire_evidence_verify(token, (size_t)length,
					     in_pki("platform.crt"), &said, NULL));
		snprintf(name, sizeof(name), "groups-%x", groups[i]);
		save("evidence", name, bytes, 1 + (size_t)length);
		save("cbor", name, token, (size_t)length);
		length = kernel_claims_encode(&claims, token,
					      REWIRE_MAX_EVIDENCE);
		promise(length > 0);
		snprintf(name, sizeof(name), "claims-%x", groups[i]);
		save("cbor", name, token, (size_t)length);
		save_items(name, token, (size_t)length, strlen(claims.kernel));
		strcat(name, "-long");
		save_items(name, token, (size_t)length, REWIRE_MAX_RELEASE + 1);
	}
}

/* ---- what roles sign ---- */

static struct rewire_signer *signer_open(const char *role)
{
	struct rewire_signer *signer;
	char key[64], certificate[64];

	snprintf(key, sizeof(key), "%s.key", role);
	snprintf(certificate, sizeof(certificate), "%s.crt", role);
	promise(!rewire_signer_open(in_pki(key), in_pki(certificate), NULL, NULL,
				    &signer, NULL));
	return signer;
}

static void save_signed(const char *name, const char *certificate,
			const struct rewire_signed *object)
{
	__u8 bytes[sizeof(object->body) + sizeof(object->signature)];

	taken(rewire_signed_verify(object, in_pki(certificate), NULL));
	memcpy(bytes, &object->body, object->length);
	memcpy(bytes + object->length, object->signature,
	       object->signature_length);
	save("signed", name, bytes, object->length + object->signature_length);
}

static struct rewire_signed structs(void)
{
	struct rewire_signer *developer = signer_open("developer");
	struct rewire_signer *sds = signer_open("sds");
	struct rewire_manifest manifest = { .svn = 1 };
	struct rewire_request request = { .epoch = 1 };
	struct rewire_witness witness = { .sequence = 1 };
	struct rewire_signed object, signed_request;
	struct rewire_fence fence;

	promise(!rewire_sign_manifest(developer, &manifest, &object, NULL));
	save_signed("manifest", "developer.crt", &object);
	promise(!rewire_sign_request(sds, &request, &signed_request, NULL));
	save_signed("request", "sds.crt", &signed_request);
	promise(!rewire_sign_witness(sds, &witness, &object, NULL));
	save_signed("witness", "sds.crt", &object);
	promise(!rewire_fence_of(&signed_request.body.request, &fence, NULL));
	promise(!rewire_sign_fence(sds, &fence, &object, NULL));
	save_signed("fence", "sds.crt", &object);
	rewire_signer_free(developer);
	rewire_signer_free(sds);
	return signed_request;
}

static void save_statement(const char *name, struct rewire_statement *statement)
{
	struct rewire_signer *root = signer_open("root-1");
	char path[512], why[KERNEL_WHY];

	taken(kernel_trust_read(statement->body, statement->length, why));
	save("trust", name, statement->body, statement->length);
	promise(!rewire_trust_sign(root, statement, NULL));
	snprintf(path, sizeof(path), "%s/trust/%s-signed", folder, name);
	promise(!rewire_trust_write(path, statement, NULL));
	rewire_signer_free(root);
	rewire_trust_free(statement);
}

static const char table[] =
	"{ \"version\": 2, \"rules\": [\n"
	"  { \"level\": 3, \"min_kernel\": \"6.12.3\",\n"
	"    \"claims\": [\"secure-boot\", \"witnessed\"] },\n"
	"  { \"level\": 1, \"min_kernel\": \"6.1\", \"claims\": [] } ] }\n";

static void statements(void)
{
	const char *const platform[] = { in_pki("platform.crt"),
					 in_pki("sds.crt") };
	const char *root[3];
	struct rewire_bundle bundle = {
		.version = 3, .role = REWIRE_ROLE_PLATFORM, .threshold = 1,
		.revoked = 1, .revoked_sm = { { 0x11 } },
	};
	struct rewire_statement *statement;
	struct rewire_levels levels;

	promise(!rewire_trust_bundle(&bundle, platform, 2, &statement, NULL));
	save_statement("platform", statement);
	bundle = (struct rewire_bundle){
		.version = 1, .role = REWIRE_ROLE_ROOT, .threshold = 2,
	};
	root[0] = in_pki("root-1.crt");
	root[1] = in_pki("root-2.crt");
	root[2] = in_pki("root-3.crt");
	promise(!rewire_trust_bundle(&bundle, root, 3, &statement, NULL));
	save_statement("root", statement);
	save("levels", "two-rules", table, sizeof(table) - 1);
	promise(!rewire_levels_parse(table, sizeof(table) - 1, &levels, NULL));
	promise(!rewire_trust_levels(&levels, &statement, NULL));
	save_statement("levels", statement);
}

/* ---- packages, and how updates ended ---- */

/* @what: of package.c; @bytes: @length of them from 1 on, as that wants them */
static void save_package(const char *name, __u8 what, __u8 *bytes, size_t length)
{
	bytes[0] = what;
	save("package", name, bytes, 1 + length);
}

static size_t order_bytes(const struct rewire_order *order, __u8 *to)
{
	struct rewire_error err = { 0 };
	char path[512];
	__u8 *data;
	size_t length;

	snprintf(path, sizeof(path), "%s/order.tmp", folder);
	taken(rewire_order_write(path, order, &err));
	taken(rewire_file_read(path, REWIRE_MAX_ORDER, &data, &length, &err));
	remove(path);
	memcpy(to, data, length);
	free(data);
	return length;
}

static struct rewire_suk own_suk(void)
{
	struct rewire_suk suk = { .generation = 1 };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	__u8 point[1 + sizeof(suk.point)];
	size_t length;

	promise(key && EVP_PKEY_get_octet_string_param(key,
			"pub", point, sizeof(point), &length) &&
		length == sizeof(point));
	memcpy(suk.point, point + 1, sizeof(suk.point));
	EVP_PKEY_free(key);
	return suk;
}

static void packages(void)
{
	static __u8 bytes[1 + 2 + REWIRE_MAX_WRAP + REWIRE_MAX_ORDER];
	static const __u8 content[REWIRE_CONTENT_KEY_SIZE] = { 1 };
	struct rewire_signer *developer = signer_open("developer");
	struct rewire_signer *sds = signer_open("sds");
	struct rewire_signer *root = signer_open("root-1");
	struct rewire_manifest manifest = { .release = 2, .max_threads = 1 };
	struct rewire_package package = {
		.from_max = 1, .payload_length = 4096, .trial_ms = 1000,
	};
	struct rewire_suk suk = own_suk();
	struct rewire_signed object;
	struct rewire_order *order;
	size_t length;

	promise(!rewire_sign_manifest(developer, &manifest, &object, NULL));
	taken(rewire_order_sign(sds, &package, &object, &order, NULL));
	save_package("plain", 0, bytes, order_bytes(order, bytes + 1));
	free(order);
	package.header.flags = REWIRE_PACKAGE_ROOT;
	taken(rewire_order_sign(sds, &package, &object, &order, NULL));
	taken(rewire_order_authorise(root, order, NULL));
	save_package("root", 0, bytes, order_bytes(order, bytes + 1));
	free(order);
	package.header.flags = REWIRE_PACKAGE_SEALED;
	package.salt[0] = 1;
	taken(rewire_order_sign(sds, &package, &object, &order, NULL));
	taken(rewire_wrap_sign(sds, order, content, &suk, &object, NULL));
	length = object.length + object.signature_length;
	bytes[1] = (__u8)length;
	bytes[2] = (__u8)(length / 256);
	memcpy(bytes + 3, &object.body, object.length);
	memcpy(bytes + 3 + object.length, object.signature,
	       object.signature_length);
	save_package("sealed", 1, bytes, 2 + length +
		     order_bytes(order, bytes + 3 + length));
	free(order);
	rewire_signer_free(developer);
	rewire_signer_free(sds);
	rewire_signer_free(root);
}

static void receipts(struct attester *a)
{
	struct rewire_update_receipt receipt = {
		.header = {
			.magic = REWIRE_MAGIC,
			.type = REWIRE_TYPE_UPDATE_RECEIPT,
			.version = REWIRE_VERSION, .size = sizeof(receipt),
		},
		.state = REWIRE_UPDATE_ABORTED,
		.error = ETIMEDOUT,
		.reason = "so slow",
		.cert_len = a->signer.certificate_length,
		.sig_len = (__u32)EVP_PKEY_get_size(a->key),
	};
	__u8 text[sizeof(REWIRE_UPDATE_RECEIPT_DOMAIN) + sizeof(receipt)] =
		REWIRE_UPDATE_RECEIPT_DOMAIN;
	__u8 bytes[1 + REWIRE_MAX_UPDATE_RECEIPT], *to = bytes + 1;

	memcpy(receipt.sm, a->signer.sm, sizeof(receipt.sm));
	memcpy(text + sizeof(REWIRE_UPDATE_RECEIPT_DOMAIN), &receipt,
	       sizeof(receipt));
	to = mempcpy(to, &receipt, sizeof(receipt));
	to = mempcpy(to, a->signer.certificate, receipt.cert_len);
	to += sign(a->key, text, sizeof(text), to);
	taken(rewire_update_receipt_verify(bytes + 1, (size_t)(to - bytes - 1),
					   in_pki("platform.crt"), &receipt,
					   NULL));
	save_package("receipt", 2, bytes, (size_t)(to - bytes - 1));
}

/* ---- helpers and clients ---- */

/* @bytes: room for all; each call appends a frame */
static void add_frame(__u8 *bytes, size_t *length, unsigned int type,
		      const __u8 *payload, ssize_t payload_length)
{
	struct peer_header header;

	promise(payload_length >= 0 &&
		!peer_header_fill(&header, type, (size_t)payload_length));
	memcpy(bytes + *length, &header, sizeof(header));
	memcpy(bytes + *length + sizeof(header), payload,
	       (size_t)payload_length);
	*length += sizeof(header) + (size_t)payload_length;
}

static void frames(const struct rewire_signed *request)
{
	static __u8 payload[PEER_MAX_CHUNK], bytes[PEER_MAX_CHUNK];
	struct rewire_message message = { .role = REWIRE_SIDE_SOURCE };
	struct peer_call call = {
		.sequence = 1, .input = (const __u8 *)"hello", .input_length = 5,
	};
	struct rewire_error error = { .code = ENOENT, .text = "no such enclave" };
	const __u8 nonce[REWIRE_NONCE_SIZE] = "nonce";
	struct rewire_token token = { .bytes = "token", .length = 5 };
	size_t length = 1;

	bytes[0] = 255;
	add_frame(bytes, &length, PEER_CALL, payload,
		  peer_encode_call(payload, &call));
	add_frame(bytes, &length, PEER_ANSWER, payload,
		  peer_encode_answer(payload, -EINVAL, "oh", 2));
	add_frame(bytes, &length, PEER_QUERY, payload,
		  peer_encode_query(payload, call.client, REWIRE_SIDE_TARGET));
	add_frame(bytes, &length, PEER_ERROR, payload,
		  peer_encode_error(payload, &error));
	save("frame", "calls", bytes, length);
	length = 1;
	bytes[0] = 0;
	add_frame(bytes, &length, PEER_MIGRATE, payload,
		  peer_encode_migrate(payload, request, &message,
				      sizeof(message)));
	add_frame(bytes, &length, PEER_MESSAGE, (const __u8 *)&message,
		  sizeof(message));
	add_frame(bytes, &length, PEER_STREAM, payload, 3);
	add_frame(bytes, &length, PEER_ARRIVED, payload, 0);
	add_frame(bytes, &length, PEER_STREAM_END, payload, 0);
	save("frame", "migration", bytes, length);
	length = 1;
	add_frame(bytes, &length, PEER_PROBE, payload,
		  peer_encode_probe(payload, nonce, request));
	add_frame(bytes, &length, PEER_EVIDENCE, payload,
		  peer_encode_evidence(payload, &token));
	save("frame", "probe", bytes, length);
	length = 1;
	add_frame(bytes, &length, PEER_LANE, payload,
		  peer_encode_lane(payload, call.client, 1, 4));
	add_frame(bytes, &length, PEER_STREAM, payload, 3);
	add_frame(bytes, &length, PEER_STREAM_END, payload, 0);
	save("frame", "lane", bytes, length);
}

static void save_line(const char *name, char *line)
{
	promise(line);
	save("control", name, line, strlen(line) - 1);
	free(line);
}

static void lines(const struct rewire_signed *signed_request)
{
	__u8 input[] = "hello";
	struct rewire_ctl_request request = {
		.op = REWIRE_CTL_CALL,
		.call = {
			.sequence = 1, .timeout_ms = 9, .input = input,
			.input_length = 5,
		},
	};
	struct rewire_ctl_answer answer = { .ok = true, .output = input,
					    .output_length = 5 };

	save_line("call", rewire_ctl_encode_request(&request));
	request = (struct rewire_ctl_request){
		.op = REWIRE_CTL_MIGRATE, .request = *signed_request,
		.peer = "beta:7400",
	};
	save_line("migrate", rewire_ctl_encode_request(&request));
	request.op = REWIRE_CTL_STATUS;
	save_line("status", rewire_ctl_encode_request(&request));
	save_line("output", rewire_ctl_encode_answer(&answer));
	answer = (struct rewire_ctl_answer){
		.error = { .code = EPERM, .text = "not allowed" },
	};
	save_line("failure", rewire_ctl_encode_answer(&answer));
	answer = (struct rewire_ctl_answer){
		.ok = true, .info = (char *)"{\"calls\":1,\"open\":[]}",
	};
	save_line("info", rewire_ctl_encode_answer(&answer));
	strcpy(answer.event, "frozen");
	save_line("event", rewire_ctl_encode_answer(&answer));
}

static void images(const struct elf_fixture *fix)
{
	const size_t headers = offsetof(struct elf_fixture, pad);
	__u8 bytes[1 + sizeof(*fix)] = { 0 };

	memcpy(bytes + 1, fix, sizeof(*fix));
	save("image", "file", bytes, sizeof(bytes));
	bytes[0] = 1;
	memcpy(bytes + 1 + headers, &fix->layout, sizeof(fix->layout));
	save("image", "headers", bytes, 1 + headers + sizeof(fix->layout));
}

static void arguments(void)
{
	static struct rewire_args args;

	promise(!rewire_args_add(&args, "put", 3));
	promise(!rewire_args_add(&args, "", 0));
	promise(!rewire_args_add(&args, "18446744073709551615", 20));
	save("args", "three", args.data, args.length);
}

static void records(void)
{
	static const char record[] =
		"11111111-2222-4333-8444-555555555555\nbeta@10.0.0.2:7400\n"
		"paused\n";

	save("store", "record", record, sizeof(record) - 1);
}

/* ---- what is refused for its length alone, and what is as long as may be ---- */

static void long_journal(void)
{
	static __u8 bytes[2 * REWIRE_JOURNAL_MAX_PAYLOAD];
	struct rewire_journal_record record = {
		.magic = REWIRE_JOURNAL_MAGIC, .type = REWIRE_JOURNAL_TRUST,
		.version = REWIRE_VERSION, .generation = 1, .sequence = 2,
		.length = REWIRE_JOURNAL_MAX_PAYLOAD + 256,
	};
	struct journal j;

	journal_begin(&j);
	memcpy(bytes + 1, j.data, j.length);
	memcpy(record.previous, j.head, sizeof(record.previous));
	memcpy(bytes + 1 + j.length, &record, sizeof(record));
	save("journal", "too-long", bytes, 1 + j.length + sizeof(record) +
	     record.length + REWIRE_MAC_SIZE);
}

static void long_tables(void)
{
	struct rewire_levels levels = { .version = 1,
					.rules = REWIRE_LEVEL_RULES };
	struct rewire_statement *statement;
	char text[8192];
	size_t length;

	for (__u32 i = 0; i < levels.rules; i++)
		levels.rule[i] = (struct rewire_level_rule){
			.level = 1, .min_kernel = i,
		};
	taken(rewire_trust_levels(&levels, &statement, NULL));
	save_statement("full", statement);
	length = (size_t)sprintf(text, "{\"version\":1,\"rules\":[");
	for (int i = 0; i < 2 * REWIRE_LEVEL_RULES; i++)
		length += (size_t)sprintf(text + length,
			"%s{\"level\":1,\"min_kernel\":\"6.%d\",\"claims\":[]}",
			i ? "," : "", i);
	length += (size_t)sprintf(text + length, "]}");
	save("levels", "too-many", text, length);
}

static void long_lines(const struct rewire_signed *signed_request)
{
	__u8 bytes[sizeof(struct rewire_signed) + 1024] = { 0 };
	struct rewire_ctl_request request = {
		.op = REWIRE_CTL_MIGRATE, .request = *signed_request,
	};
	char text[1024], longer[16384], *line, *peer;
	int length;

	memset(text, 'p', sizeof(text));
	memcpy(text, "11111111-2222-4333-8444-555555555555\n", 37);
	memcpy(text + sizeof(text) - 10, "\nsettled\n", 9);
	save("store", "long-peer", text, sizeof(text));

	strcpy(request.peer, "PEER");
	line = rewire_ctl_encode_request(&request);
	promise(line);
	peer = strstr(line, "PEER");
	promise(peer);
	length = snprintf(longer, sizeof(longer), "%.*s%.600s%s",
			  (int)(peer - line), line, text + 100, peer + 4);
	save("control", "long-peer", longer, (size_t)length - 1);
	length = snprintf(longer, sizeof(longer), "{\"event\":\"%.100s\"}",
			  text + 100);
	save("control", "long-event", longer, (size_t)length);
	free(line);

	memcpy(bytes, &signed_request->body, signed_request->length);
	save("signed", "long-signature", bytes,
	     signed_request->length + REWIRE_MAX_CMS + 64);
}

/* ---- metadata of TUF ---- */

static void save_role(struct repo *repo, const char *role, enum tuf_type type,
		      const char *target, const char *name)
{
	char *bytes = repo_bytes(repo, role);
	struct tuf_metadata *metadata;
	struct tuf_error err = { 0 };

	taken(tuf_metadata_load(type, bytes, strlen(bytes), &metadata, &err));
	tuf_metadata_free(metadata);
	save(target, name, bytes, strlen(bytes));
	save("tuf_canonical", name, bytes, strlen(bytes));
	free(bytes);
}

static void metadata_of_tuf(void)
{
	static const char escapes[] = "{\"\\u001b\":[1,-0,null,{\"\\\"\":\"\\\\\"}]}";
	struct repo *repo = repo_new(folder);

	save_role(repo, "root", TUF_ROOT, "tuf_root", "root");
	repo_add_key(repo, "targets", key_of(ECDSA, "second"));
	repo_add_key(repo, "targets", key_of(RSA_PSS, "third"));
	repo_threshold(repo, "targets", 2);
	save_role(repo, "root", TUF_ROOT, "tuf_root", "root-of-all-kinds");
	save_role(repo, "targets", TUF_TARGETS, "tuf_targets", "targets");
	repo_delegate(repo, "targets", "a", rule_paths("a/*", true));
	repo_delegate(repo, "targets", "b",
		      json_pack("{s:[s,s], s:b}", "path_hash_prefixes", "0", "e3",
				"terminating", 0));
	repo_target(repo, "targets", "a/file", "content");
	save_role(repo, "targets", TUF_TARGETS, "tuf_targets", "delegations");
	repo_set(repo, "targets", "delegations",
		 json_pack("{s:{}, s:{s:[], s:i, s:i, s:s}}", "keys",
			   "succinct_roles", "keyids", "threshold", 1,
			   "bit_length", 8, "name_prefix", "bin"));
	save_role(repo, "targets", TUF_TARGETS, "tuf_targets", "bins");
	save("tuf_canonical", "escapes", escapes, sizeof(escapes) - 1);
	repo_free(repo);
	keys_free();
}

int main(int argc, char **argv)
{
	struct rewire_signed request;
	struct rewire_image image;
	struct elf_fixture fix;
	struct attester a;

	if (argc != 3)
		return 2;
	pki = argv[1];
	folder = argv[2];
	mkdir(folder, 0777);
	a = attester_open();
	journals();
	heads(&a);
	tokens(&a);
	request = structs();
	packages();
	receipts(&a);
	statements();
	elf_fixture_make(&fix);
	taken(rewire_image_parse((const __u8 *)&fix, sizeof(fix), &image, NULL));
	rewire_image_close(&image);
	images(&fix);
	frames(&request);
	lines(&request);
	arguments();
	records();
	long_journal();
	long_tables();
	long_lines(&request);
	metadata_of_tuf();
	EVP_PKEY_free(a.key);
	OPENSSL_free(a.signer.certificate);
	return 0;
}
