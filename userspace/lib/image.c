// SPDX-License-Identifier: MIT
/*
 * Enclave images: static ELF files whose loadable segments are whole pages, and
 * which say in .rewire.layout where the SM finds what it needs.
 *
 * Nothing in the file is believed: what is wrong here would be refused by the
 * SM, or measured as something else, with less to say about the reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gelf.h>
#include <libelf.h>

#include "digest.h"
#include "image.h"

#define MAX_IMAGE_FILE (1ULL << 30)
#define LAYOUT_SECTION ".rewire.layout"
#define USER_END (1ULL << 47)

#define ROUND_UP(n) (((n) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1))

#define NO_IMAGE(err, ...) rewire_fail(err, ENOEXEC, __VA_ARGS__)

static int check_header(Elf *elf, struct rewire_error *err)
{
	GElf_Ehdr header;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return NO_IMAGE(err, "not an ELF file");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB)
		return NO_IMAGE(err, "not a 64-bit little-endian ELF file");
	if (header.e_machine != EM_X86_64)
		return NO_IMAGE(err, "not for this kind of processor (x86-64)");
	if (header.e_type != ET_EXEC)
		return NO_IMAGE(err, "not a static executable at a fixed address; link it with the SDK's linker script");
	return 0;
}

static int prot_of(__u32 flags, __u32 *ret_prot)
{
	switch (flags & (PF_R | PF_W | PF_X)) {
	case PF_R:
		*ret_prot = REWIRE_PROT_READ;
		return 0;
	case PF_R | PF_X:
		*ret_prot = REWIRE_PROT_READ | REWIRE_PROT_EXEC;
		return 0;
	case PF_R | PF_W:
		*ret_prot = REWIRE_PROT_READ | REWIRE_PROT_WRITE;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Addresses until the layout is known, which says what the base is. */
static int add_segment(struct rewire_image *image, __u64 address, __u64 length,
		       __u32 prot, __u8 *data, struct rewire_error *err)
{
	if (image->count == REWIRE_MAX_SEGMENTS) {
		free(data);
		return NO_IMAGE(err, "more than %d segments",
				REWIRE_MAX_SEGMENTS);
	}
	image->segments[image->count++] = (struct rewire_segment){
		.offset = address,
		.length = length,
		.prot = prot,
		.data = data,
	};
	image->memory += length;
	return 0;
}

static int check_load(const struct rewire_image *image, const GElf_Phdr *load,
		      size_t length, struct rewire_error *err)
{
	__u64 end = 0;

	if (load->p_vaddr % PAGE_BYTES)
		return NO_IMAGE(err, "the segment at %#llx is not page aligned",
				(unsigned long long)load->p_vaddr);
	if (load->p_filesz > load->p_memsz || load->p_offset > length ||
	    load->p_filesz > length - load->p_offset)
		return NO_IMAGE(err, "the segment at %#llx does not lie within the file",
				(unsigned long long)load->p_vaddr);
	if (load->p_memsz > REWIRE_MAX_SPAN ||
	    load->p_vaddr > USER_END - REWIRE_MAX_SPAN)
		return NO_IMAGE(err, "the segment at %#llx is too large, or too high",
				(unsigned long long)load->p_vaddr);
	if (image->count) {
		const struct rewire_segment *last =
			&image->segments[image->count - 1];

		end = last->offset + last->length;
	}
	if (load->p_vaddr < end)
		return NO_IMAGE(err, "the segment at %#llx overlaps the one before it, or is out of order",
				(unsigned long long)load->p_vaddr);
	return 0;
}

static int add_load(struct rewire_image *image, const GElf_Phdr *load,
		    const __u8 *bytes, size_t length, struct rewire_error *err)
{
	__u64 content, total;
	__u8 *data;
	__u32 prot;
	int rc;

	rc = check_load(image, load, length, err);
	if (rc)
		return rc;
	if (prot_of(load->p_flags, &prot))
		return NO_IMAGE(err, "the segment at %#llx is neither r--, r-x nor rw-",
				(unsigned long long)load->p_vaddr);
	content = ROUND_UP(load->p_filesz);
	total = ROUND_UP(load->p_memsz);
	if (content) {
		data = calloc(1, content);
		if (!data)
			return rewire_fail(err, ENOMEM, "no memory");
		memcpy(data, bytes + load->p_offset, load->p_filesz);
		rc = add_segment(image, load->p_vaddr, content, prot, data, err);
	}
	if (!rc && total > content)
		rc = add_segment(image, load->p_vaddr + content,
				 total - content, prot, NULL, err);
	return rc;
}

static int add_all(struct rewire_image *image, Elf *elf, const __u8 *bytes,
		   size_t length, struct rewire_error *err)
{
	size_t count;
	int rc;

	if (elf_getphdrnum(elf, &count))
		return NO_IMAGE(err, "no program headers");
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header))
			return NO_IMAGE(err, "the program headers do not lie within the file");
		if (header.p_type == PT_INTERP || header.p_type == PT_DYNAMIC)
			return NO_IMAGE(err, "dynamically linked; link it with -static -no-pie");
		if (header.p_type != PT_LOAD || !header.p_memsz)
			continue;
		rc = add_load(image, &header, bytes, length, err);
		if (rc)
			return rc;
	}
	if (!image->count)
		return NO_IMAGE(err, "nothing to load");
	return 0;
}

static const struct rewire_segment *
find_segment(const struct rewire_image *image, __u64 address, __u64 length)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct rewire_segment *s = &image->segments[i];

		if (address >= s->offset && address - s->offset < s->length &&
		    length <= s->length - (address - s->offset))
			return s;
	}
	return NULL;
}

/* Taken from what will be loaded, not from where the section says it is. */
static int find_layout(struct rewire_image *image, Elf *elf,
		       struct rewire_error *err)
{
	const struct rewire_segment *segment;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NO_IMAGE(err, "no section headers; do not strip them");
	while ((section = elf_nextscn(elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (name && !strcmp(name, LAYOUT_SECTION))
			break;
	}
	if (!section)
		return NO_IMAGE(err, "no section %s; link it with the SDK",
				LAYOUT_SECTION);
	if (header.sh_size != sizeof(image->layout))
		return NO_IMAGE(err, "%s has %llu bytes, not %zu; made by another version of the SDK",
				LAYOUT_SECTION,
				(unsigned long long)header.sh_size,
				sizeof(image->layout));
	segment = find_segment(image, header.sh_addr, header.sh_size);
	if (!segment || !segment->data || segment->prot != REWIRE_PROT_READ)
		return NO_IMAGE(err, "%s is not in a read-only segment",
				LAYOUT_SECTION);
	memcpy(&image->layout,
	       segment->data + (header.sh_addr - segment->offset),
	       sizeof(image->layout));
	return 0;
}

/* Consecutive segments of one kind count as one: content, then zero pages. */
static bool lies_in(const struct rewire_image *image, __u64 address,
		    __u64 length, __u32 prot)
{
	while (length) {
		const struct rewire_segment *s = find_segment(image, address, 1);
		__u64 here;

		if (!s || s->prot != prot)
			return false;
		here = s->length - (address - s->offset);
		if (length <= here)
			return true;
		address += here;
		length -= here;
	}
	return true;
}

static int check_places(const struct rewire_image *image,
			struct rewire_error *err)
{
	const struct rewire_layout *l = &image->layout;
	const __u32 rx = REWIRE_PROT_READ | REWIRE_PROT_EXEC;
	const __u32 rw = REWIRE_PROT_READ | REWIRE_PROT_WRITE;
	const struct {
		const char *name;
		__u64 address, length;
		__u32 prot;
	} places[] = {
		{ "entry", l->entry, 1, rx },
		{ "resume", l->resume, 1, rx },
		{ "park handler", l->park, 1, rx },
		{ "restorer", l->restorer, 1, rx },
		{ "state save area", l->ssa, l->ssa_size, rw },
		{ "gate", l->gate, sizeof(struct rewire_gate), rw },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!lies_in(image, places[i].address, places[i].length,
			     places[i].prot))
			return NO_IMAGE(err, "the %s (%#llx) is not in a segment that is %s",
					places[i].name,
					(unsigned long long)places[i].address,
					places[i].prot == rx ? "r-x" : "rw-");
	if (l->ssa_size < REWIRE_MIN_SSA)
		return NO_IMAGE(err, "the state save area is smaller than %d bytes",
				REWIRE_MIN_SSA);
	if (l->gate % 64)
		return NO_IMAGE(err, "the gate is not 64-byte aligned");
	return 0;
}

static int check_span(const struct rewire_image *image,
		      struct rewire_error *err)
{
	const struct rewire_segment *last = &image->segments[image->count - 1];
	const struct rewire_layout *l = &image->layout;
	const __u64 bell = REWIRE_DOORBELL_PAGES * PAGE_BYTES;

	if (l->base % PAGE_BYTES || l->span % PAGE_BYTES || !l->span ||
	    l->span > REWIRE_MAX_SPAN || l->base > USER_END - REWIRE_MAX_SPAN)
		return NO_IMAGE(err, "its base or span is out of range");
	if (image->segments[0].offset < l->base ||
	    last->offset + last->length > l->base + l->span)
		return NO_IMAGE(err, "its segments lie outside of its base and span");
	if (l->doorbell % PAGE_BYTES || l->doorbell > USER_END - bell)
		return NO_IMAGE(err, "its doorbell is out of range");
	if (l->doorbell < l->base + l->span && l->doorbell + bell > l->base)
		return NO_IMAGE(err, "its doorbell lies inside of it");
	return 0;
}

static int parse_elf(Elf *elf, const __u8 *bytes, size_t length,
		     struct rewire_image *image, struct rewire_error *err)
{
	int rc = check_header(elf, err);

	if (!rc)
		rc = add_all(image, elf, bytes, length, err);
	if (!rc)
		rc = find_layout(image, elf, err);
	if (!rc)
		rc = check_span(image, err);
	if (!rc)
		rc = check_places(image, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < image->count; i++)
		image->segments[i].offset -= image->layout.base;
	return 0;
}

int rewire_image_parse(const __u8 *elf, size_t length,
		       struct rewire_image *ret_image, struct rewire_error *err)
{
	struct rewire_image image = { 0 };
	Elf *handle;
	int rc;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return rewire_fail(err, ENOSYS, "libelf is too old");
	/* Opened for reading: libelf does not write there. */
	handle = elf_memory((char *)(uintptr_t)elf, length);
	if (!handle)
		return NO_IMAGE(err, "not an ELF file");
	rc = parse_elf(handle, elf, length, &image, err);
	elf_end(handle);
	if (rc)
		rewire_image_close(&image);
	else
		*ret_image = image;
	return rc;
}

int rewire_image_open(const char *path, struct rewire_image *ret_image,
		      struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *bytes;
	int rc;

	rc = rewire_file_read(path, MAX_IMAGE_FILE, &bytes, &length, err);
	if (rc)
		return rc;
	rc = rewire_image_parse(bytes, length, ret_image, &why);
	if (!rc) {
		rc = digest_bytes(bytes, length, ret_image->digest, &why);
		if (rc)
			rewire_image_close(ret_image);
	}
	free(bytes);
	if (rc)
		rewire_fail(err, why.code, "%s: %s", path,
			    why.text);
	return rc;
}

void rewire_image_close(struct rewire_image *image)
{
	for (size_t i = 0; i < image->count; i++)
		free(image->segments[i].data);
	*image = (struct rewire_image){ 0 };
}
