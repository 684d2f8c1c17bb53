/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "daemon/tenured/compile.h"

static int compare(const void *a, const void *b)
{
	const struct retired *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

int retired_uids_sort(const struct state *state, struct retired_uids *ret)
{
	*ret = (struct retired_uids){.items = calloc(state->retired_count + 1, sizeof(struct retired))};
	if (!ret->items)
		return -ENOMEM;
	for (; ret->count < state->retired_count; ret->count++)
		ret->items[ret->count] = state->retired[ret->count];
	qsort(ret->items, ret->count, sizeof(struct retired), compare);
	return 0;
}

void retired_uids_done(struct retired_uids *r)
{
	free(r->items);
	*r = (struct retired_uids){0};
}

/* The first of that uid. */
static size_t first_of(const struct retired_uids *r, uid_t uid)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->items[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct retired *t, const struct uuid *tenant_id, const struct uuid *principal)
{
	return uuid_equal(&t->tenant_id, tenant_id) && uuid_equal(&t->principal, principal);
}

const struct retired *retired_to_other(const struct retired_uids *r, uid_t uid, const struct uuid *tenant_id,
				       const struct uuid *principal)
{
	for (size_t i = first_of(r, uid); i < r->count && r->items[i].uid == uid; i++)
		if (!is_of(&r->items[i], tenant_id, principal))
			return &r->items[i];
	return NULL;
}

bool retired_has(const struct retired_uids *r, uid_t uid, const struct uuid *tenant_id, const struct uuid *principal)
{
	for (size_t i = first_of(r, uid); i < r->count && r->items[i].uid == uid; i++)
		if (is_of(&r->items[i], tenant_id, principal))
			return true;
	return false;
}
