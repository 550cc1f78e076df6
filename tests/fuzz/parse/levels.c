// SPDX-License-Identifier: MIT
/*
 * The text of a table of levels. What is read of it can be put into a statement,
 * or is refused there.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rewire_statement *statement = NULL;
	struct rewire_error err = { 0 };
	struct rewire_levels levels;
	int rc = rewire_levels_parse((const char *)data, size, &levels, &err);

	if (!rc)
		rc = rewire_trust_levels(&levels, &statement, &err);
	if (rc)
		refused(rc, &err);
	else
		rewire_trust_free(statement);
	return 0;
}
