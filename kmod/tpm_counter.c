// SPDX-License-Identifier: GPL-2.0-only
/*
 * A counter in the TPM, by the kernel's own TPM driver. An index of that type
 * cannot be set, only incremented; and one that is deleted and defined anew
 * begins above every counter that the TPM ever had.
 *
 * The index is used with an empty password: whoever may talk to the TPM can
 * make the journal look old by incrementing it, which stops the SM and tells
 * the attacker nothing.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/tpm.h>

#include "compat.h"
#include "tpm_counter.h"

#if IS_REACHABLE(CONFIG_TCG_TPM)

#define CC_NV_INCREMENT		0x134
#define CC_NV_READ_PUBLIC	0x169

#define NV_FIRST		0x01000000
#define NV_LAST			0x01ffffff

/* TPMA_NV */
#define NV_AUTHWRITE		BIT(2)
#define NV_TYPE(attributes)	((attributes) >> 4 & 15)
#define NV_TYPE_COUNTER		1
#define NV_AUTHREAD		BIT(18)
#define NV_WRITTEN		BIT(29)

#define VALUE_SIZE		8

/* answers, as they stand behind the header */
struct nv_public {
	__be16 size;
	__be32 index;
	__be16 algorithm;
	__be32 attributes;
} __packed;

struct nv_value {
	__be32 parameters;
	__be16 size;
	__be64 value;
} __packed;

struct tpm_counter {
	struct rewire_counter counter;
	struct tpm_chip *chip;
	u32 index;
};

/* the index itself authorises, by an empty password */
static void counter_authorise(const struct tpm_counter *tpm,
			      struct tpm_buf *buf)
{
	tpm_buf_append_u32(buf, tpm->index);
	tpm_buf_append_u32(buf, tpm->index);
	tpm_buf_append_u32(buf, 9);
	tpm_buf_append_u32(buf, TPM2_RS_PW);
	tpm_buf_append_u16(buf, 0);
	tpm_buf_append_u8(buf, 0);
	tpm_buf_append_u16(buf, 0);
}

/*
 * @least: bytes that the answer has behind its header
 *
 * Return: 0; -EIO for whatever the TPM does not do.
 */
static int counter_send(const struct tpm_counter *tpm, struct tpm_buf *buf,
			size_t least, const char *what, struct rewire_why *why)
{
	ssize_t ret = tpm_try_get_ops(tpm->chip);

	if (!ret) {
		ret = tpm_transmit_cmd(tpm->chip, buf, least, NULL);
		tpm_put_ops(tpm->chip);
	}
	if (!ret)
		return 0;
	return rewire_because(why, -EIO, "the TPM does not %s index %#x: %zd",
			      what, tpm->index, ret);
}

static int counter_read(struct tpm_counter *tpm, struct rewire_why *why)
{
	const struct nv_value *answer;
	struct tpm_buf *buf;
	int ret;

	buf = rewire_tpm_command(TPM2_ST_SESSIONS, TPM2_CC_NV_READ);
	if (!buf)
		return -ENOMEM;
	counter_authorise(tpm, buf);
	tpm_buf_append_u16(buf, VALUE_SIZE);
	tpm_buf_append_u16(buf, 0);
	ret = counter_send(tpm, buf, sizeof(*answer), "read", why);
	answer = (const void *)(buf->data + TPM_HEADER_SIZE);
	if (!ret && be16_to_cpu(answer->size) != VALUE_SIZE)
		ret = rewire_because(why, -EIO, "the TPM's counter has %u bytes",
				     be16_to_cpu(answer->size));
	if (!ret)
		tpm->counter.value = be64_to_cpu(answer->value);
	rewire_tpm_command_free(buf);
	return ret;
}

static int counter_increment(struct rewire_counter *counter,
			     struct rewire_why *why)
{
	struct tpm_counter *tpm = container_of(counter, struct tpm_counter,
					       counter);
	u64 before = counter->value;
	struct tpm_buf *buf;
	int ret;

	buf = rewire_tpm_command(TPM2_ST_SESSIONS, CC_NV_INCREMENT);
	if (!buf)
		return -ENOMEM;
	counter_authorise(tpm, buf);
	ret = counter_send(tpm, buf, 0, "increment", why);
	rewire_tpm_command_free(buf);
	if (!ret)
		ret = counter_read(tpm, why);
	/* the first increment of all gives it whatever value is unused yet */
	if (!ret && !counter->fresh && counter->value != before + 1)
		ret = rewire_because(why, -EIO,
				     "somebody else increments the TPM's counter: %llu after %llu",
				     counter->value, before);
	if (!ret)
		counter->fresh = false;
	return ret;
}

static int counter_inspect(struct tpm_counter *tpm, struct rewire_why *why)
{
	const u32 rights = NV_AUTHREAD | NV_AUTHWRITE;
	const struct nv_public *answer;
	struct tpm_buf *buf;
	u32 attributes = 0;
	int ret;

	buf = rewire_tpm_command(TPM2_ST_NO_SESSIONS, CC_NV_READ_PUBLIC);
	if (!buf)
		return -ENOMEM;
	tpm_buf_append_u32(buf, tpm->index);
	ret = counter_send(tpm, buf, sizeof(*answer), "know", why);
	if (!ret) {
		answer = (const void *)(buf->data + TPM_HEADER_SIZE);
		attributes = be32_to_cpu(answer->attributes);
	}
	rewire_tpm_command_free(buf);
	if (ret)
		return ret;
	if (NV_TYPE(attributes) != NV_TYPE_COUNTER ||
	    (attributes & rights) != rights)
		return rewire_because(why, -EINVAL,
				      "NV index %#x is no counter that its own password opens",
				      tpm->index);
	tpm->counter.fresh = !(attributes & NV_WRITTEN);
	return tpm->counter.fresh ? 0 : counter_read(tpm, why);
}

static void counter_release(struct rewire_counter *counter)
{
	struct tpm_counter *tpm = container_of(counter, struct tpm_counter,
					       counter);

	put_device(&tpm->chip->dev);
	kfree(tpm);
}

/**
 * rewire_tpm_counter_open() - take hold of a counter in the TPM
 * @index: of NV storage, 0x01000000 to 0x01ffffff; defined as a counter that
 *	can be read and written with its own, empty password
 * @counter: out: for rewire_journal_open()
 * @why: for the sentence
 *
 * Return: 0; -ENODEV without a TPM 2.0; -EINVAL when the index is something
 * else; -EIO when the TPM does not do as it is told.
 */
int rewire_tpm_counter_open(u32 index, struct rewire_counter **counter,
			    struct rewire_why *why)
{
	struct tpm_counter *tpm;
	int ret;

	if (index < NV_FIRST || index > NV_LAST)
		return rewire_because(why, -EINVAL,
				      "%#x is no NV index of a TPM", index);
	tpm = kzalloc(sizeof(*tpm), GFP_KERNEL);
	if (!tpm)
		return -ENOMEM;
	tpm->index = index;
	tpm->counter.increment = counter_increment;
	tpm->counter.release = counter_release;
	tpm->chip = tpm_default_chip();
	if (!tpm->chip) {
		kfree(tpm);
		return rewire_because(why, -ENODEV, "this machine has no TPM");
	}
	if (tpm_is_tpm2(tpm->chip) > 0)
		ret = counter_inspect(tpm, why);
	else
		ret = rewire_because(why, -ENODEV,
				     "this machine's TPM is older than 2.0");
	if (ret)
		counter_release(&tpm->counter);
	else
		*counter = &tpm->counter;
	return ret;
}

#else

int rewire_tpm_counter_open(u32 index, struct rewire_counter **counter,
			    struct rewire_why *why)
{
	return rewire_because(why, -ENODEV,
			      "this kernel was built without a TPM driver");
}

#endif
