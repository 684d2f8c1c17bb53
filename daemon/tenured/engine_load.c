/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/engine_internal.h"

/* "tenants.d/NAME.conf", "directory.d/NAME.conf": its tenant's, whose trail it belongs to. NULL: the host's, or unreadable. */
static const struct tenant_config *tenant_of_file(const struct compile *c, const char *file)
{
	const char *name = strchr(file, '/');

	for (size_t i = 0; name && i < c->host.tenant_count; i++) {
		const struct tenant_config *t = &c->tenants[i].config;
		const size_t len = strlen(t->name);

		if (strncmp(name + 1, t->name, len) == 0 && strcmp(name + 1 + len, ".conf") == 0)
			return t;
	}
	return NULL;
}

/* Each changed file is an event: what it is now, whose, and whether it is what is served. */
static void journal_files(struct engine *e, const struct compile *c, const struct actor *who)
{
	static const char *const results[] = {
		[SERVED_NOTHING] = "not taken",
		[SERVED_NOW] = "taken",
		[SERVED_LAST] = "last good content is served",
		[SERVED_PUBLISHED] = "what is published is served",
	};

	for (size_t i = 0; i < c->file_count; i++) {
		const struct compiled_file *file = &c->files[i];
		const char *before = state_policy_hash(&e->state, file->name);
		const struct tenant_config *tenant;
		struct fields f;

		if (before && strcmp(before, file->sha256) == 0)
			continue;
		if (!before && file->owner == NO_ID)
			continue; /* never there */
		if (c->lost[0] && file->served == SERVED_NOW)
			continue; /* it will be, with the others */
		tenant = tenant_of_file(c, file->name);
		f = fields_new();
		if (tenant)
			fields_uuid(&f, "tenant_id", &tenant->id);
		fields_text(&f, "file", file->name);
		fields_text(&f, "sha256", file->sha256);
		if (file->owner != NO_ID) {
			fields_int(&f, "owner", file->owner);
			fields_time(&f, "modified", file->mtime_ns);
		}
		fields_text(&f, "result", results[file->served]);
		fields_by(&f, who);
		engine_commit_ending(e, JOURNAL_POLICY, f);
	}
}

/* Where each request's tenant stands among those that are bound now. */
static void place_requests(struct engine *e)
{
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];

		r->tenant = e->compile->lost[0] ? TENANT_UNKNOWN : SIZE_MAX;
		for (size_t k = 0; k < e->tenant_count; k++)
			if (uuid_equal(&r->tenant_id, &e->compile->tenants[k].config.id))
				r->tenant = k;
	}
}

/* What is known of a tenant's server outlasts a reload. */
static void keep_contacts(struct engine *e, const struct compile *c, struct engine_tenant *tenants)
{
	for (size_t i = 0; i < c->host.tenant_count; i++)
		for (size_t k = 0; k < e->tenant_count; k++)
			if (uuid_equal(&c->tenants[i].config.id, &e->compile->tenants[k].config.id)) {
				tenants[i].trouble = e->tenants[k].trouble;
				e->tenants[k].trouble = (struct problem_list){0};
				tenants[i].silent = e->tenants[k].silent;
				tenants[i].answered_ns = e->tenants[k].answered_ns;
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
	keep_contacts(e, c, tenants);
	for (size_t i = 0; i < e->tenant_count; i++) {
		problem_list_done(&e->tenants[i].trouble);
		delta_done(&e->tenants[i].delta);
	}
	compile_free(e->compile);
	e->compile = c;
	free(e->tenants);
	e->tenants = tenants;
	e->tenant_count = c->host.tenant_count;
	place_requests(e);
	(void)journal_set_reserve(e->journal, c->host.journal_reserve);
	engine_settle_mirrors(e);
	return engine_publish(e);
}

/*
 * It cannot be told who is governed: what is in force stays, with all that was granted, and is judged by nothing that
 * was not read. A broker that starts has nothing in force yet and opens what is published.
 */
static int stay(struct engine *e, struct compile *c)
{
	(void)snprintf(e->load_trouble, sizeof(e->load_trouble), "%s", c->lost);
	if (!e->compile)
		return take(e, c);
	problem_list_done(&e->compile->problems);
	e->compile->problems = c->problems;
	c->problems = (struct problem_list){0};
	compile_free(c);
	return 0;
}

/* Who is no more is retired before anything new counts: its uid may stand at somebody else's name in the same change. */
static int change(struct engine *e, struct compile *c)
{
	struct overs o = {.count = 0};
	bool any = false;
	int r = engine_retire(e, c, &any);

	if (r == 0 && any) {
		compile_free(c);
		c = NULL;
		r = compile_load(&e->state, &e->mirrors, &c);
	}
	if (r < 0) {
		compile_free(c);
		return r;
	}
	if (c->lost[0])
		return stay(e, c);
	e->load_trouble[0] = '\0';
	r = take(e, c);
	if (r == 0)
		engine_rejudge(e, &o);
	engine_overs_done(e, &o);
	return r;
}

int engine_load(struct engine *e, const struct actor *who)
{
	struct compile *c;
	int r = compile_load(&e->state, &e->mirrors, &c);

	if (r == 0) {
		journal_files(e, c, who);
		r = c->lost[0] ? stay(e, c) : change(e, c);
		engine_collect_problems(e);
		engine_say(e, ENGINE_CONFIGURED, NULL);
		engine_say(e, ENGINE_PUBLISHED, NULL);
	}
	e->load_failed = r < 0;
	engine_say_degraded(e);
	return r;
}
