// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the SM does for an enclave beside carrying calls: random bytes, sealing,
 * counters, identity. The sealing key is a constant: nothing is secret here.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "emulate.h"

static const unsigned char sealing_key[32] = "a sealing key for the emulator";

struct emu_self emu_self = {
	.measurement = "this code",
	.predecessor = "the code before",
	.developer = "developer",
	.software = "software",
	.workload = "emulated",
	.svn = 1,
	.generation = 1,
};

static void owner_of(uint32_t policy, unsigned char owner[REWIRE_DIGEST_SIZE])
{
	memset(owner, 0, REWIRE_DIGEST_SIZE);
	if (policy == REWIRE_SEAL_MEASUREMENT) {
		memcpy(owner, emu_self.measurement, REWIRE_DIGEST_SIZE);
	} else if (policy == REWIRE_SEAL_SOFTWARE) {
		memcpy(owner, emu_self.developer, REWIRE_ID_SIZE);
		memcpy(owner + REWIRE_ID_SIZE, emu_self.software, REWIRE_ID_SIZE);
	} else {
		memcpy(owner, emu_self.workload, REWIRE_ID_SIZE);
	}
}

static int known(uint32_t policy)
{
	return policy >= REWIRE_SEAL_MEASUREMENT && policy <= REWIRE_SEAL_WORKLOAD;
}

/* May the enclave open it? Also says if it is legacy. */
static int admit(const struct rewire_sealed *header, uint64_t *ret_flags)
{
	unsigned char owner[REWIRE_DIGEST_SIZE];
	int inherited = header->policy == REWIRE_SEAL_MEASUREMENT &&
			!memcmp(header->owner, emu_self.predecessor,
				REWIRE_DIGEST_SIZE);

	if (!known(header->policy) || header->generation > emu_self.generation)
		return -EOPNOTSUPP;
	owner_of(header->policy, owner);
	if (memcmp(owner, header->owner, sizeof(owner)) && !inherited)
		return -EKEYREJECTED;
	if (header->policy == REWIRE_SEAL_SOFTWARE && header->svn > emu_self.svn)
		return -EKEYREJECTED;
	if (inherited || header->svn < emu_self.svn ||
	    header->generation < emu_self.generation)
		*ret_flags = REWIRE_SEALED_LEGACY;
	return 0;
}

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
		.generation = emu_self.generation,
		.length = gate->arg[1],
		.svn = emu_self.svn,
	};
	size_t size = gate->arg[1] + REWIRE_SEAL_OVERHEAD;

	if (gate->arg[1] > sizeof(plain))
		return -EINVAL;
	if (!known(header.policy))
		return -EOPNOTSUPP;
	memcpy(header.measurement, emu_self.measurement, REWIRE_DIGEST_SIZE);
	owner_of(header.policy, header.owner);
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

static long unseal(struct emu *emu, struct rewire_gate *gate)
{
	static unsigned char plain[REWIRE_MAX_SEAL];
	static unsigned char blob[REWIRE_MAX_SEAL + REWIRE_SEAL_OVERHEAD];
	struct rewire_sealed header;
	uint64_t flags = 0;
	int error;

	gate->arg[5] = 0;
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
	error = admit(&header, &flags);
	if (error)
		return error;
	if (aead(0, &header, blob + sizeof(header), plain,
		 blob + sizeof(header) + header.length))
		return -EKEYREJECTED;
	gate->arg[5] = flags;
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
	struct rewire_self answer = { .epoch = 1 };

	memcpy(answer.workload, emu_self.workload, REWIRE_ID_SIZE);
	memcpy(answer.measurement, emu_self.measurement, REWIRE_DIGEST_SIZE);
	return emu_write(emu, gate->arg[0], &answer, sizeof(answer));
}

static long counter(const struct emu *emu, struct rewire_gate *gate)
{
	if (gate->arg[0] >= REWIRE_COUNTERS || gate->arg[1] > REWIRE_COUNTER_HOLD)
		return -EINVAL;
	if (emu->trial && gate->arg[1])
		return -EPERM;
	emu_self.counter[gate->arg[0]] += gate->arg[1] != REWIRE_COUNTER_READ &&
					 gate->arg[1] != REWIRE_COUNTER_HOLD;
	gate->arg[2] = emu_self.counter[gate->arg[0]];
	return 0;
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
	case REWIRE_GATE_COUNTER:
		gate->result = counter(emu, gate);
		break;
	case REWIRE_GATE_EXIT:
		gate->result = 0;
		break;
	default:
		gate->result = -EOPNOTSUPP;
	}
}
