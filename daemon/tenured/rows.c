/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void row_done(struct holder *row)
{
	free((void *)(uintptr_t)row->argument);
	free((void *)(uintptr_t)row->role);
	free((void *)(uintptr_t)row->login);
}

static bool copy(const char *from, const char **to)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

int rows_add(void *context, const struct holder *row)
{
	struct rows *rows = context;
	struct holder own = *row;

	if (rows->count == rows->size) {
		size_t more = rows->size ? 2 * rows->size : 64;
		struct holder *grown = reallocarray(rows->items, more, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rows->items = grown;
		rows->size = more;
	}
	own.argument = own.role = own.login = NULL;
	if (!copy(row->argument, &own.argument) || !copy(row->role, &own.role) || !copy(row->login, &own.login)) {
		row_done(&own);
		return -ENOMEM;
	}
	rows->items[rows->count++] = own;
	return 0;
}

void rows_resolve_groups(struct rows *rows, const struct local_accounts *local)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct holder *row = &rows->items[i];
		const struct local_account *group;

		if (row->kind != RIGHT_GROUP || !row->argument)
			continue;
		group = local_group_by_name(local, row->argument);
		row->local_gid = group && group->id != 0 ? group->id : NO_ID; /* readers take 0 for damage */
	}
}

void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		row_done(&rows->items[i]);
	free(rows->items);
	*rows = (struct rows){0};
}
