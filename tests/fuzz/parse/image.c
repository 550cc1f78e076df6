// SPDX-License-Identifier: MIT
/*
 * ELF files of enclaves: one that is taken can be loaded, and measured. The first
 * byte says whether a file follows, or its headers and layout only, which the
 * rest of a file is put around: those are what counts.
 */
#include "elf_fixture.h"
#include "fuzz.h"

#define HEADERS offsetof(struct elf_fixture, pad)

/* More would be measured for minutes, zero page by zero page. */
#define MEASURABLE (1 << 20)

static void look(const struct rewire_image *image)
{
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u64 end = 0, memory = 0;

	promise(image->count && image->count <= REWIRE_MAX_SEGMENTS);
	for (size_t i = 0; i < image->count; i++) {
		const struct rewire_segment *s = &image->segments[i];

		promise(s->length && !((s->offset | s->length) % 4096));
		promise(s->offset >= end);
		promise(s->length <= image->layout.span &&
			s->offset <= image->layout.span - s->length);
		end = s->offset + s->length;
		memory += s->length;
	}
	promise(memory == image->memory);
	if (memory <= MEASURABLE)
		promise(!rewire_image_measure(image, measurement, NULL));
}

static void parse(const uint8_t *data, size_t size)
{
	struct rewire_error err = { 0 };
	struct rewire_image image;
	int rc = rewire_image_parse(data, size, &image, &err);

	if (rc) {
		refused(rc, &err);
		return;
	}
	look(&image);
	rewire_image_close(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct elf_fixture fix;
	__u8 *bytes = (__u8 *)&fix;
	size_t layout;

	if (!size)
		return 0;
	if (!data[0]) {
		parse(data + 1, size - 1);
		return 0;
	}
	data++, size--;
	elf_fixture_make(&fix);
	layout = size > HEADERS ? size - HEADERS : 0;
	memcpy(bytes, data, size - layout);
	if (layout > sizeof(fix.layout))
		layout = sizeof(fix.layout);
	memcpy(&fix.layout, data + HEADERS, layout);
	parse(bytes, sizeof(fix));
	return 0;
}
