/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_JSON_LINE_H
#define REWIRED_JSON_LINE_H

#include <stddef.h>

/**
 * json_line - in which line of a JSON text something stands
 * @text: JSON that a parser has taken
 * @length: its bytes
 * @path: names of members and numbers of elements: "rules/2/windows/0/from";
 *	"" for the whole
 *
 * For messages: parsers tell the line of a wrong comma, and not that of a value
 * which is of no use.
 *
 * Return: the line, from 1, where the value begins; that of the innermost one
 * that is there when @path leads nowhere.
 */
int json_line(const char *text, size_t length, const char *path);

#endif /* REWIRED_JSON_LINE_H */
