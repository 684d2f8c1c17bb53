/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/engine_internal.h"

static void count_list(const struct problem_list *from, struct problem_list *total)
{
	total->count += from->count;
	total->errors += from->errors;
	total->warnings += from->warnings;
	total->lost |= from->lost;
}

/* Whom it lets in, and what its directory says of these. */
static size_t guest_problem_count(const struct compiled_tenant *t)
{
	size_t count = t->guest_problems.count;

	for (size_t i = 0; i < t->trust_count; i++)
		count += t->trusts[i].problems.count;
	return count;
}

static void append(struct problem_list *to, const struct problem_list *from)
{
	if (from->count > 0)
		memcpy(to->items + to->count, from->items, from->count * sizeof(*from->items));
	to->count += from->count;
}

void engine_collect_problems(struct engine *e)
{
	const struct compile *c = e->compile;

	free(e->shown.items);
	e->shown = (struct problem_list){0};
	if (!c)
		return;
	count_list(&c->problems, &e->shown);
	for (size_t i = 0; i < e->tenant_count; i++) {
		count_list(&c->tenants[i].problems, &e->shown);
		count_list(&e->tenants[i].trouble, &e->shown);
		count_list(&c->tenants[i].guest_problems, &e->shown);
		for (size_t k = 0; k < c->tenants[i].trust_count; k++)
			count_list(&c->tenants[i].trusts[k].problems, &e->shown);
	}
	count_list(&c->binding_problems, &e->shown);
	e->shown.items = calloc(e->shown.count + 1, sizeof(*e->shown.items));
	e->shown.count = 0;
	if (!e->shown.items) {
		e->shown.lost = true;
		return;
	}
	append(&e->shown, &c->problems);
	for (size_t i = 0; i < e->tenant_count; i++) {
		append(&e->shown, &c->tenants[i].problems);
		append(&e->shown, &e->tenants[i].trouble);
		append(&e->shown, &c->tenants[i].guest_problems);
		for (size_t k = 0; k < c->tenants[i].trust_count; k++)
			append(&e->shown, &c->tenants[i].trusts[k].problems);
	}
	append(&e->shown, &c->binding_problems);
}

size_t engine_problem_count(const struct engine *e, size_t tenant)
{
	const struct compiled_tenant *t = tenant < e->tenant_count ? &e->compile->tenants[tenant] : NULL;

	return t ? t->problems.count + e->tenants[tenant].trouble.count + guest_problem_count(t) : 0;
}
