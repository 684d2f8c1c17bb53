/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy file of anybody's making, and everything that the decision core can be asked of it: as it is, and with check
 * words that fit, or hardly an input would come past them.
 */

#include <stdlib.h>
#include <string.h>

#include "common/snapshot/policy_check.h"
#include "tests/unit/everything.h"
#include "tests/unit/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Grants of whoever comes first: one of each kind. */
static void grant(struct holders *grants, const struct policy *p)
{
	static const struct {
		enum right_kind kind;
		const char *argument;
	} rows[] = {{0, NULL},		       {RIGHT_LOGIN, NULL},		{RIGHT_BECOME, "root"},
		    {RIGHT_GROUP, "adm"},      {RIGHT_USER_SESSIONS_END, "/a"}, {RIGHT_REQUEST_APPROVE, "n0"}};
	struct policy_principal first = {0};
	if (policy_principal(p, 0, &first) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		grants->rows[grants->count++] = (struct holder){.kind = rows[i].kind, .argument = rows[i].argument, .role = "r0",
								.principal = first.id, .window = WINDOW_ALWAYS};
	}
}

static void ask(const void *data, size_t size)
{
	struct holders grants = {0};
	struct policy *p = NULL;
	if (policy_open_memory(data, size, &p) == 0) {
		grant(&grants, p);
		(void)ask_everything(p, &grants);
	}
	policy_close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = aligned_alloc(8, (size + 8) & ~(size_t)7); /* as mmap aligns it */
	if (!copy)
		abort();
	memcpy(copy, data, size);
	ask(copy, size);
	if (policy_seal(copy, size) == 0)
		ask(copy, size);
	free(copy);
	return 0;
}
