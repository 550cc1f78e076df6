/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The payload of a package becomes the pages of a new version, measured on the
 * way: what is installed is what was measured, whoever wrote it.
 */
#ifndef REWIRE_LOAD_H
#define REWIRE_LOAD_H

#include "package.h"
#include "stream.h"

/**
 * struct rewire_line - what of the payload is being taken
 * @layout: its first bytes
 * @measure: head of a line
 * @page: its page
 * @part: which of these the next byte belongs to
 * @offset: bytes of that part which are there
 */
struct rewire_line {
	struct rewire_layout layout;
	struct rewire_page_measure measure;
	u8 *page;
	enum {
		REWIRE_LINE_LAYOUT,
		REWIRE_LINE_MEASURE,
		REWIRE_LINE_PAGE,
	} part;
	u32 offset;
};

/**
 * struct rewire_loader - a payload becomes an enclave
 * @sm: where
 * @order: what it has to be
 * @enclave: made by the layout, BUILDING; a reference
 * @taken: bytes of the payload
 * @line: what of it is being taken
 * @flow: records, when it is encrypted
 * @aead: the same
 * @error: the payload is spoilt, and stays so
 */
struct rewire_loader {
	struct rewire_sm *sm;
	const struct rewire_order *order;
	struct rewire_enclave *enclave;
	u64 taken;
	struct rewire_line line;
	struct rewire_flow flow;
	struct rewire_aead aead;
	int error;
};

struct rewire_loader *rewire_loader_create(struct rewire_sm *sm,
					   const struct rewire_order *order);
void rewire_loader_free(struct rewire_loader *loader);
ssize_t rewire_loader_write(struct rewire_loader *loader, struct iov_iter *from,
			    struct rewire_why *why);
bool rewire_loader_complete(const struct rewire_loader *loader);

#endif
