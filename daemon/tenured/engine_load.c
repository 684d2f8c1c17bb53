/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "daemon/tenured/engine_internal.h"

/* Each changed file is an event: what it is now, whose, and whether it is what is served. */
static void journal_files(struct engine *e, const struct compile *c)
{
	for (size_t i = 0; i < c->file_count; i++) {
		const struct compiled_file *file = &c->files[i];
		const char *before = state_policy_hash(&e->state, file->name);
		struct fields f;

		if (before && strcmp(before, file->sha256) == 0)
			continue;
		if (!before && file->owner == NO_ID)
			continue; /* never there */
		f = fields_new();
		fields_text(&f, "file", file->name);
		fields_text(&f, "sha256", file->sha256);
		if (file->owner != NO_ID) {
			fields_int(&f, "owner", file->owner);
			fields_time(&f, "modified", file->mtime_ns);
		}
		fields_text(&f, "result", file->taken ? "taken" : "last good content is served");
		(void)engine_commit_ending(e, JOURNAL_POLICY, f);
	}
}

struct known_uid {
	struct uuid id;
	uid_t uid;
};

static int compare_known(const void *a, const void *b)
{
	return memcmp(((const struct known_uid *)a)->id.bytes, ((const struct known_uid *)b)->id.bytes, 16);
}

static struct known_uid *list_known(const struct directory *d, size_t *ret_count)
{
	struct known_uid *list = calloc(d->user_count + 1, sizeof(*list));

	*ret_count = 0;
	for (size_t i = 0; list && i < d->user_count; i++)
		if (!d->users[i].o.dropped && d->users[i].uid != NO_ID)
			list[(*ret_count)++] = (struct known_uid){d->users[i].o.id, d->users[i].uid};
	if (list)
		qsort(list, *ret_count, sizeof(*list), compare_known);
	return list;
}

static bool is_retired(const struct state *s, uid_t uid, const struct uuid *principal)
{
	for (size_t i = 0; i < s->retired_count; i++)
		if (s->retired[i].uid == uid && uuid_equal(&s->retired[i].principal, principal))
			return true;
	return false;
}

/* The uid that a principal had, and has no more, is nobody else's for good (T50). */
static void retire(struct engine *e, const struct policy *old, const struct compiled_tenant *tenant)
{
	const struct id_range *range = &tenant->config.id_range;
	struct known_uid *known;
	size_t count;

	known = list_known(tenant->directory, &count);
	for (uint32_t i = 0; known && i < policy_principal_count(old); i++) {
		struct policy_principal p;
		struct fields f;

		if (policy_principal(old, i, &p) < 0 || p.uid == NO_ID || p.uid < range->first || p.uid > range->last)
			continue;
		const struct known_uid key = {p.id, p.uid}, *now = bsearch(&key, known, count, sizeof(key), compare_known);

		if ((now && now->uid == p.uid) || is_retired(&e->state, p.uid, &p.id))
			continue;
		f = fields_new();
		fields_text(&f, "user", p.name);
		fields_int(&f, "uid", p.uid);
		fields_uuid(&f, "tenant_id", &tenant->config.id);
		fields_uuid(&f, "principal", &p.id);
		(void)engine_commit_ending(e, JOURNAL_RETIRE, f);
	}
	free(known);
}

/* What the published policy says is what was served last, also before this broker lived. */
static bool retire_all(struct engine *e, const struct compile *c)
{
	const size_t before = e->state.retired_count;

	for (size_t i = 0; i < c->host.tenant_count; i++) {
		CLEANUP(policy_closep) struct policy *old = NULL;
		struct policy_tenant tenant;

		if (!c->tenants[i].directory || policy_open(c->tenants[i].config.name, &old) < 0)
			continue;
		if (policy_tenant(old, &tenant) == 0 && uuid_equal(&tenant.id, &c->tenants[i].config.id))
			retire(e, old, &c->tenants[i]);
	}
	return e->state.retired_count != before;
}

/* Where each request's tenant stands among those that are bound now. */
static void place_requests(struct engine *e)
{
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];

		r->tenant = SIZE_MAX;
		for (size_t k = 0; k < e->tenant_count; k++)
			if (uuid_equal(&r->tenant_id, &e->compile->tenants[k].config.id))
				r->tenant = k;
	}
}

static int take(struct engine *e, struct compile *c)
{
	struct engine_tenant *tenants = calloc(c->host.tenant_count + 1, sizeof(*tenants));

	if (!tenants) {
		compile_free(c);
		return -ENOMEM;
	}
	engine_close_tenants(e);
	free(e->tenants);
	compile_free(e->compile);
	e->compile = c;
	e->tenants = tenants;
	e->tenant_count = c->host.tenant_count;
	place_requests(e);
	(void)journal_set_reserve(e->journal, c->host.journal_reserve);
	return engine_publish(e);
}

int engine_load(struct engine *e)
{
	struct compile *c;
	int r = compile_load(&e->state, &c);

	e->load_failed = r < 0;
	if (r < 0)
		return r;
	journal_files(e, c);
	if (retire_all(e, c)) {
		/* Uids that were just retired may stand at somebody else's name in the very same change. */
		compile_free(c);
		r = compile_load(&e->state, &c);
		e->load_failed = r < 0;
		if (r < 0)
			return r;
	}
	r = take(e, c);
	e->load_failed = r < 0;
	engine_rejudge(e);
	engine_say(e, ENGINE_CONFIGURED, NULL);
	engine_say(e, ENGINE_PUBLISHED, NULL);
	engine_say_degraded(e);
	return r;
}
