// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the SM does for an enclave beside carrying calls: random bytes, sealing,
 * identity. The sealing key is a constant: nothing is secret here.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "emulate.h"

static const unsigned char sealing_key[32] = "a sealing key for the emulator";

static int aead(int encrypt, const struct rewire_sealed *header,
		const unsigned char *in, unsigned char *out, unsigned char *tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int length, ok;

	ok = context &&
	     EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, sealing_key,
			       header->salt, encrypt) &&
	     EVP_CipherUpdate(context, NULL, &length, (const void *)header,
			      sizeof(*header)) &&
	     EVP_CipherUpdate(context, out, &length, in, header->length) &&
	     (encrypt || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
					     REWIRE_TAG_SIZE, tag)) &&
	     EVP_CipherFinal_ex(context, out + header->length, &length) &&
	     (!encrypt || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
					      REWIRE_TAG_SIZE, tag));
	EVP_CIPHER_CTX_free(context);
	return ok ? 0 : -EKEYREJECTED;
}

static long seal(struct emu *emu, const struct rewire_gate *gate)
{
	static unsigned char plain[REWIRE_MAX_SEAL];
	static unsigned char blob[REWIRE_MAX_SEAL + REWIRE_SEAL_OVERHEAD];
	struct rewire_sealed header = {
		.magic = REWIRE_MAGIC,
		.policy = gate->arg[4],
		.generation = 1,
		.length = gate->arg[1],
	};
	size_t size = gate->arg[1] + REWIRE_SEAL_OVERHEAD;

	if (gate->arg[1] > sizeof(plain) || gate->arg[4] != REWIRE_SEAL_MEASUREMENT)
		return -EINVAL;
	if (gate->arg[3] < size)
		return -EMSGSIZE;
	if (emu_read(emu, gate->arg[0], plain, header.length))
		return -EFAULT;
	if (getrandom(header.salt, sizeof(header.salt), 0) < 0)
		return -errno;
	memcpy(blob, &header, sizeof(header));
	if (aead(1, &header, plain, blob + sizeof(header),
		 blob + sizeof(header) + header.length))
		return -EIO;
	return emu_write(emu, gate->arg[2], blob, size) ? -EFAULT : (long)size;
}

static long unseal(struct emu *emu, const struct rewire_gate *gate)
{
	static unsigned char plain[REWIRE_MAX_SEAL];
	static unsigned char blob[REWIRE_MAX_SEAL + REWIRE_SEAL_OVERHEAD];
	struct rewire_sealed header;

	if (gate->arg[1] < REWIRE_SEAL_OVERHEAD || gate->arg[1] > sizeof(blob))
		return -EBADMSG;
	if (emu_read(emu, gate->arg[0], blob, gate->arg[1]))
		return -EFAULT;
	memcpy(&header, blob, sizeof(header));
	if (header.magic != REWIRE_MAGIC ||
	    header.length != gate->arg[1] - REWIRE_SEAL_OVERHEAD)
		return -EBADMSG;
	if (gate->arg[3] < header.length)
		return -EMSGSIZE;
	if (aead(0, &header, blob + sizeof(header), plain,
		 blob + sizeof(header) + header.length))
		return -EKEYREJECTED;
	return emu_write(emu, gate->arg[2], plain, header.length) ?
		       -EFAULT : (long)header.length;
}

static long random_bytes(struct emu *emu, const struct rewire_gate *gate)
{
	unsigned char bytes[REWIRE_MAX_PAYLOAD];
	size_t length = gate->arg[1];

	if (length > sizeof(bytes))
		return -EINVAL;
	for (size_t done = 0; done < length;) {
		ssize_t got = getrandom(bytes + done, length - done, 0);

		if (got < 0)
			return -errno;
		done += got;
	}
	return emu_write(emu, gate->arg[0], bytes, length);
}

static long self(struct emu *emu, const struct rewire_gate *gate)
{
	const struct rewire_self answer = {
		.workload = "emulated",
		.epoch = 1,
	};

	return emu_write(emu, gate->arg[0], &answer, sizeof(answer));
}

void emu_carry_out(struct emu *emu, struct rewire_gate *gate)
{
	switch (gate->op) {
	case REWIRE_GATE_RANDOM:
		gate->result = random_bytes(emu, gate);
		break;
	case REWIRE_GATE_SEAL:
		gate->result = seal(emu, gate);
		break;
	case REWIRE_GATE_UNSEAL:
		gate->result = unseal(emu, gate);
		break;
	case REWIRE_GATE_SELF:
		gate->result = self(emu, gate);
		break;
	case REWIRE_GATE_EXIT:
		gate->result = 0;
		break;
	default:
		gate->result = -EOPNOTSUPP;
	}
}
