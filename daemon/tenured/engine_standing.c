/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The standing table, and what is judged by while the disk takes no policy. What somebody loses they lose now: a grant is
 * judged by the new policy, of which we keep a copy that has no name, and a table that says more than it does not stay.
 * What else stands, stays.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/engine_internal.h"
#include "daemon/tenured/rows.h"

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* By whom, what and through which role; windows of the same stand together. */
static int compare_rows(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	int order = memcmp(x->principal.bytes, y->principal.bytes, sizeof(x->principal.bytes));

	if (order == 0)
		order = (x->kind > y->kind) - (x->kind < y->kind);
	if (order == 0)
		order = compare_text(x->argument, y->argument);
	return order ? order : compare_text(x->role, y->role);
}

/* 1: nobody has that row any more, or not for as long. */
static int is_lost(void *context, const struct holder *row)
{
	const struct rows *now = context;
	const struct holder *found = now->count ? bsearch(row, now->items, now->count, sizeof(*row), compare_rows) : NULL;

	while (found && found > now->items && compare_rows(found - 1, row) == 0)
		found--;
	for (; found && found < now->items + now->count && compare_rows(found, row) == 0; found++)
		if (found->uid == row->uid && compare_text(found->login, row->login) == 0 &&
		    found->window.start_ns <= row->window.start_ns && found->window.end_ns >= row->window.end_ns)
			return 0;
	return 1;
}

static bool says_too_much(const char *tenant, struct rows *now)
{
	CLEANUP(holders_closep) struct holders *old = NULL;

	if (holders_open(tenant, "holders", &old) < 0)
		return true;
	if (now->count > 1)
		qsort(now->items, now->count, sizeof(*now->items), compare_rows);
	return holders_each(old, is_lost, now) != 0;
}

int engine_publish_standing(struct engine *e, size_t tenant, uint64_t generation)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	CLEANUP(rows_done) struct rows rows = {0};
	char path[PATH_MAX];
	int r = decide_standing_rows(e->tenants[tenant].policy, rows_add, &rows);

	if (r == 0)
		r = snapshot_tenant_path(t->config.name, "holders", path, sizeof(path));
	if (r < 0)
		return r;
	rows_resolve_groups(&rows, &e->compile->accounts);
	r = t->config.source == SOURCE_LDAP
		    ? holders_base_write(path, generation, &t->config.id, rows.items, rows.count)
		    : holders_write(path, generation, &t->config.id, NULL, rows.items, rows.count);
	if (r < 0 && says_too_much(t->config.name, &rows))
		(void)unlink(path);
	return r;
}

int engine_judge_by_copy(struct engine *e, size_t tenant, uint64_t generation, const struct index_binding *bindings,
			 size_t count)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	char path[PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "%s/policy-%s", tenure_path(PATH_RUN), t->config.name);
	r = policy_write(path, generation, t->directory, &e->compile->host, &t->config, &e->host_id, bindings, count);
	if (r == 0)
		r = policy_open_path(path, &e->tenants[tenant].policy);
	(void)unlink(path); /* it holds what is 0600 below PATH_STATE, and is ours alone */
	if (r == 0)
		(void)engine_publish_standing(e, tenant, generation);
	return r;
}
