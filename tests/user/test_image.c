// SPDX-License-Identifier: MIT
/*
 * Images: what is taken, what is refused and why, and the measurement.
 */
#include <errno.h>

#include <openssl/sha.h>

#include "test.h"

#include "elf_fixture.h"

static int parse(const struct elf_fixture *fix, struct rewire_image *image,
		 struct rewire_error *err)
{
	memset(err, 0, sizeof(*err));
	return rewire_image_parse((const __u8 *)fix, sizeof(*fix), image, err);
}

static void image_valid(void **state)
{
	static const struct {
		__u64 offset, length;
		__u32 prot;
		bool content;
	} expected[] = {
		{ 0x0000, 0x1000, REWIRE_PROT_READ, true },
		{ 0x1000, 0x2000, REWIRE_PROT_READ | REWIRE_PROT_EXEC, true },
		{ 0x3000, 0x1000, REWIRE_PROT_READ | REWIRE_PROT_WRITE, true },
		{ 0x4000, 0x9000, REWIRE_PROT_READ | REWIRE_PROT_WRITE, false },
	};
	struct rewire_image image;
	struct rewire_error err;
	struct elf_fixture fix;

	(void)state;
	elf_fixture_make(&fix);

	assert_int_equal(parse(&fix, &image, &err), 0);

	assert_int_equal(image.count, ARRAY_SIZE(expected));
	assert_int_equal(image.memory, 13 * FIX_PAGE);
	for (size_t i = 0; i < image.count; i++) {
		assert_int_equal(image.segments[i].offset, expected[i].offset);
		assert_int_equal(image.segments[i].length, expected[i].length);
		assert_int_equal(image.segments[i].prot, expected[i].prot);
		assert_int_equal(!!image.segments[i].data, expected[i].content);
	}
	assert_memory_equal(image.segments[1].data, fix.code, sizeof(fix.code));
	for (size_t i = sizeof(fix.code); i < 2 * FIX_PAGE; i++)
		assert_int_equal(image.segments[1].data[i], 0);
	rewire_image_close(&image);
}

/* What a parser accepts must hold for whoever uses it afterwards. */
static void check_accepted(struct rewire_image *image)
{
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u64 end = 0, memory = 0;

	assert_in_range(image->count, 1, REWIRE_MAX_SEGMENTS);
	for (size_t i = 0; i < image->count; i++) {
		const struct rewire_segment *s = &image->segments[i];

		assert_true(s->length && s->length % FIX_PAGE == 0);
		assert_true(s->offset % FIX_PAGE == 0 && s->offset >= end);
		end = s->offset + s->length;
		memory += s->length;
	}
	assert_true(end <= image->layout.span);
	assert_int_equal(memory, image->memory);
	assert_int_equal(rewire_image_measure(image, measurement, NULL), 0);
	rewire_image_close(image);
}

static void try_bytes(const __u8 *bytes, size_t length)
{
	/* In a block of its very size, so that ASan sees one byte too many. */
	__u8 *copy = malloc(length ? length : 1);
	struct rewire_image image;
	struct rewire_error err = { 0 };
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	rc = rewire_image_parse(copy, length, &image, &err);
	if (!rc) {
		check_accepted(&image);
	} else {
		assert_int_equal(rc, -ENOEXEC);
		assert_int_equal(err.code, ENOEXEC);
		assert_true(strlen(err.text) > 8);
	}
	free(copy);
}

static void image_each_header_byte_changed(void **state)
{
	static const __u8 changes[] = { 0x01, 0x02, 0x80, 0xff };
	const size_t headers = offsetof(struct elf_fixture, pad);
	struct elf_fixture fix;
	__u8 *bytes = (__u8 *)&fix;

	(void)state;
	elf_fixture_make(&fix);
	for (size_t at = 0; at < headers; at++) {
		for (size_t i = 0; i < sizeof(changes); i++) {
			bytes[at] ^= changes[i];
			try_bytes(bytes, sizeof(fix));
			bytes[at] ^= changes[i];
		}
	}
}

static void image_each_layout_byte_changed(void **state)
{
	struct elf_fixture fix;
	__u8 *bytes = (__u8 *)&fix.layout;

	(void)state;
	elf_fixture_make(&fix);
	for (size_t at = 0; at < sizeof(fix.layout); at++) {
		for (unsigned int change = 1; change < 256; change <<= 1) {
			bytes[at] ^= (__u8)change;
			try_bytes((__u8 *)&fix, sizeof(fix));
			bytes[at] ^= (__u8)change;
		}
	}
}

static void image_each_word_extreme(void **state)
{
	static const __u64 values[] = {
		0, 1, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7fffffffffff, 0x7ffffffffffff000, 0x8000000000000000,
		0xfffffffffffff000, 0xffffffffffffffff,
	};
	const size_t end = offsetof(struct elf_fixture, layout) +
			   sizeof(struct rewire_layout);
	struct elf_fixture fix;
	__u8 *bytes = (__u8 *)&fix;

	(void)state;
	elf_fixture_make(&fix);
	for (size_t at = 0; at + 8 <= end; at += 8) {
		__u64 old;

		if (at == offsetof(struct elf_fixture, names))
			at = offsetof(struct elf_fixture, layout);
		memcpy(&old, bytes + at, sizeof(old));
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			memcpy(bytes + at, &values[i], sizeof(old));
			try_bytes(bytes, sizeof(fix));
		}
		memcpy(bytes + at, &old, sizeof(old));
	}
}

static void image_each_length(void **state)
{
	struct elf_fixture fix;
	struct rewire_image image;

	(void)state;
	elf_fixture_make(&fix);
	for (size_t length = 0; length < sizeof(fix); length++) {
		if (length < offsetof(struct elf_fixture, pad) ||
		    length % 61 == 0 || length + 64 > sizeof(fix))
			try_bytes((__u8 *)&fix, length);
	}
	/* The last byte that is loaded; what follows pads the struct. */
	assert_int_equal(rewire_image_parse((__u8 *)&fix,
					    offsetof(struct elf_fixture, data) +
					    FIX_DATA_BYTES - 1, &image, NULL),
			 -ENOEXEC);
}

/* One thing wrong at a time, and the reason given. */
static void image_reason(void **state)
{
	static const struct {
		size_t at;
		size_t size;
		__u64 value;
		const char *reason;
	} cases[] = {
#define FIX(member) offsetof(struct elf_fixture, member), \
		    sizeof(((struct elf_fixture *)0)->member)
		{ FIX(header.e_ident[EI_MAG0]), 0, "not an ELF file" },
		{ FIX(header.e_ident[EI_CLASS]), ELFCLASS32, "64-bit" },
		{ FIX(header.e_machine), EM_AARCH64, "processor" },
		{ FIX(header.e_type), ET_DYN, "fixed address" },
		{ FIX(load[0].p_type), PT_INTERP, "dynamically linked" },
		{ FIX(load[1].p_flags), PF_R | PF_W | PF_X, "neither" },
		{ FIX(load[1].p_flags), PF_X, "neither" },
		{ FIX(load[1].p_vaddr), FIX_CODE + 8, "page aligned" },
		{ FIX(load[1].p_vaddr), FIX_BASE, "overlaps" },
		{ FIX(load[1].p_filesz), 1 << 20, "within the file" },
		{ FIX(load[2].p_memsz), FIX_DATA_BYTES - 1, "within the file" },
		{ FIX(load[2].p_memsz), REWIRE_MAX_SPAN + 1, "too large" },
		{ FIX(load[2].p_memsz), FIX_SPAN, "outside" },
		{ FIX(section[2].sh_name), 0, "no section" },
		{ FIX(section[2].sh_size), 79, "79 bytes" },
		{ FIX(section[2].sh_addr), FIX_DATA, "read-only" },
		{ FIX(layout.base), FIX_BASE + FIX_PAGE, "outside" },
		{ FIX(layout.span), FIX_SPAN - FIX_PAGE, "outside" },
		{ FIX(layout.entry), FIX_DATA, "entry" },
		{ FIX(layout.resume), FIX_BASE, "resume" },
		{ FIX(layout.park), 0, "park" },
		{ FIX(layout.restorer), FIX_DATA, "restorer" },
		{ FIX(layout.ssa), FIX_CODE, "state save area" },
		{ FIX(layout.ssa_size), REWIRE_MIN_SSA - 16, "smaller" },
		{ FIX(layout.ssa_size), 1ULL << 40, "state save area" },
		{ FIX(layout.gate), FIX_CODE, "gate" },
		{ FIX(layout.gate), FIX_DATA + 8, "64-byte" },
		{ FIX(layout.doorbell), FIX_DATA, "inside" },
		{ FIX(layout.doorbell), FIX_BASE - FIX_PAGE, "inside" },
		{ FIX(layout.doorbell), FIX_BASE + FIX_SPAN + 1, "doorbell" },
#undef FIX
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rewire_image image;
		struct rewire_error err;
		struct elf_fixture fix;

		elf_fixture_make(&fix);
		memcpy((__u8 *)&fix + cases[i].at, &cases[i].value,
		       cases[i].size);
		assert_int_equal(parse(&fix, &image, &err), -ENOEXEC);
		if (!strstr(err.text, cases[i].reason))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i,
				 err.text, cases[i].reason);
	}
}

/* ------------------------------------------------------------------------ */

/* The measured bytes, laid down by hand from the words of the contract. */
struct flat {
	__u8 *bytes;
	size_t used;
};

static void flat_number(struct flat *flat, __u64 value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		flat->bytes[flat->used++] = (__u8)(value >> (8 * i));
}

static void flat_page(struct flat *flat, __u64 offset, __u64 zero_pages,
		      __u32 prot, const __u8 *content, size_t length)
{
	flat_number(flat, offset, 8);
	flat_number(flat, zero_pages, 8);
	flat_number(flat, prot, 4);
	flat_number(flat, 0, 4);
	if (!content)
		return;
	memset(flat->bytes + flat->used, 0, FIX_PAGE);
	memcpy(flat->bytes + flat->used, content, length);
	flat->used += FIX_PAGE;
}

static void image_measurement(void **state)
{
	__u8 measured[REWIRE_DIGEST_SIZE], expected[REWIRE_DIGEST_SIZE];
	struct flat flat = { .bytes = malloc(8 * FIX_PAGE) };
	struct rewire_image image;
	struct elf_fixture fix;
	__u8 first[80];

	(void)state;
	assert_non_null(flat.bytes);
	elf_fixture_make(&fix);
	flat_number(&flat, 0x100000000000, 8);	/* base */
	flat_number(&flat, 0xd000, 8);		/* span */
	flat_number(&flat, 0x100000001000, 8);	/* entry */
	flat_number(&flat, 0x100000001010, 8);	/* resume */
	flat_number(&flat, 0x100000001020, 8);	/* park */
	flat_number(&flat, 0x100000002000, 8);	/* restorer */
	flat_number(&flat, 0x100000003800, 8);	/* ssa */
	flat_number(&flat, 16384, 8);		/* ssa_size */
	flat_number(&flat, 0x100000003000, 8);	/* gate */
	flat_number(&flat, 0x10000000d000, 8);	/* doorbell */
	memcpy(first, flat.bytes, sizeof(first));
	flat_page(&flat, 0x0000, 0, 1, first, sizeof(first));
	flat_page(&flat, 0x1000, 0, 5, fix.code, FIX_PAGE);
	flat_page(&flat, 0x2000, 0, 5, fix.code + FIX_PAGE, 100);
	flat_page(&flat, 0x3000, 0, 3, fix.data, FIX_DATA_BYTES);
	flat_page(&flat, 0x4000, 9, 3, NULL, 0);
	SHA256(flat.bytes, flat.used, expected);

	assert_int_equal(parse(&fix, &image, &(struct rewire_error){ 0 }), 0);
	assert_int_equal(rewire_image_measure(&image, measured, NULL), 0);

	assert_memory_equal(measured, expected, sizeof(expected));
	rewire_image_close(&image);
	free(flat.bytes);
}

static void image_measurement_depends_on_everything(void **state)
{
	__u8 before[REWIRE_DIGEST_SIZE], after[REWIRE_DIGEST_SIZE];
	struct rewire_image image;
	struct elf_fixture fix;

	(void)state;
	elf_fixture_make(&fix);
	assert_int_equal(parse(&fix, &image, &(struct rewire_error){ 0 }), 0);
	assert_int_equal(rewire_image_measure(&image, before, NULL), 0);
	for (size_t i = 0; i < image.count; i++) {
		image.segments[i].prot ^= REWIRE_PROT_WRITE;
		assert_int_equal(rewire_image_measure(&image, after, NULL), 0);
		assert_memory_not_equal(before, after, sizeof(after));
		image.segments[i].prot ^= REWIRE_PROT_WRITE;
		image.segments[i].offset += FIX_PAGE;
		assert_int_equal(rewire_image_measure(&image, after, NULL), 0);
		assert_memory_not_equal(before, after, sizeof(after));
		image.segments[i].offset -= FIX_PAGE;
	}
	image.segments[1].data[2 * FIX_PAGE - 1] ^= 1;
	assert_int_equal(rewire_image_measure(&image, after, NULL), 0);
	assert_memory_not_equal(before, after, sizeof(after));
	rewire_image_close(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_valid),
		cmocka_unit_test(image_each_header_byte_changed),
		cmocka_unit_test(image_each_layout_byte_changed),
		cmocka_unit_test(image_each_word_extreme),
		cmocka_unit_test(image_each_length),
		cmocka_unit_test(image_reason),
		cmocka_unit_test(image_measurement),
		cmocka_unit_test(image_measurement_depends_on_everything),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
