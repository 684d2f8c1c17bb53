/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests. Each tenant's trusts are held against the directories of the others, which need not be there afterwards. MUST:
 * of a directory whose restrictions do not hold nobody is a guest: it is not what is in force.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/compile.h"

void compile_trusts_free(struct compiled_tenant *t)
{
	for (size_t i = 0; i < t->trust_count; i++) {
		guest_list_done(&t->trusts[i].list);
		problem_list_done(&t->trusts[i].problems);
	}
	free(t->trusts);
	t->trusts = NULL;
	t->trust_count = 0;
}

bool compile_trusts(const struct compile *c, size_t tenant)
{
	const struct tenant_config *config = &c->tenants[tenant].config;

	for (size_t i = 0; i < c->host.tenant_count; i++)
		if (tenant_trusts(config, &c->tenants[i].config) || tenant_trusts(&c->tenants[i].config, config))
			return true;
	return false;
}

/* Whom trust k of tenant `of` lets in of `from`, whose directory `now` has. */
static int find_guests(struct compile *c, size_t of, size_t k, const struct compiled_tenant *now)
{
	struct compiled_tenant *t = &c->tenants[of];
	struct compiled_trust *trust = &t->trusts[k], found = {0};
	int r = guests_find(&t->config, &t->config.trusts[k], &now->config, now->restricted ? now->directory : NULL,
			    &found.list, &found.problems);

	if (r < 0) {
		problem_list_done(&found.problems);
		return r;
	}
	if (!guest_lists_equal(&trust->list, &found.list))
		t->guests_due = true;
	guest_list_done(&trust->list);
	problem_list_done(&trust->problems);
	*trust = found;
	return 0;
}

int compile_guests_of(struct compile *c, size_t i, const struct compiled_tenant *now)
{
	int r = 0;

	for (size_t of = 0; r == 0 && of < c->host.tenant_count; of++)
		for (size_t k = 0; r == 0 && k < c->tenants[of].trust_count; k++)
			if (of != i && strcmp(c->tenants[of].config.trusts[k].tenant, now->config.name) == 0)
				r = find_guests(c, of, k, now);
	return r;
}

/* The tenant that a trust is of; NULL: none in force. */
static const struct compiled_tenant *trusted(const struct compile *c, const struct trust *trust)
{
	for (size_t i = 0; i < c->host.tenant_count; i++)
		if (strcmp(c->tenants[i].config.name, trust->tenant) == 0)
			return &c->tenants[i];
	return NULL;
}

int compile_set_guests(const struct compile *c, size_t i, struct compiled_tenant *t)
{
	const struct compiled_tenant *of = &c->tenants[i];
	struct guest_source *sources;
	size_t count = 0;
	int r;

	problem_list_done(&t->guest_problems);
	if (!t->directory)
		return 0;
	sources = calloc(of->trust_count + 1, sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	for (size_t k = 0; k < of->trust_count; k++) {
		const struct compiled_tenant *from = trusted(c, &of->config.trusts[k]);

		if (from)
			sources[count++] = (struct guest_source){&from->config, &of->trusts[k].list};
	}
	r = directory_set_guests(t->directory, sources, count, &t->guest_problems);
	free(sources);
	return r;
}

int compile_guests(struct compile *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++) {
		struct compiled_tenant *t = &c->tenants[i];

		t->trusts = calloc(t->config.trust_count + 1, sizeof(*t->trusts));
		if (!t->trusts)
			return -ENOMEM;
		t->trust_count = t->config.trust_count;
	}
	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++)
		r = compile_guests_of(c, i, &c->tenants[i]);
	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++) {
		r = compile_set_guests(c, i, &c->tenants[i]);
		c->tenants[i].guests_due = r < 0;
	}
	return r;
}
