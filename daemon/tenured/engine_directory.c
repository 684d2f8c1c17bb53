/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One tenant's directory changed: that tenant is compiled from its mirror and published, and nothing else is read or
 * written. A stream of changes leaves half of the time to others.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/fresh.h"
#include "daemon/tenured/engine_internal.h"

#define RETRY_NS (1 * NS_PER_S)

size_t engine_tenant_by_name(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->tenant_count; i++)
		if (strcmp(e->compile->tenants[i].config.name, name) == 0)
			return i;
	return SIZE_MAX;
}

static bool is_ldap(const struct engine *e, size_t tenant)
{
	return tenant < e->tenant_count && e->compile->tenants[tenant].config.source == SOURCE_LDAP;
}

static bool may_publish(const struct engine *e)
{
	return e->compile && e->compile->known && !e->compile->lost[0] && !e->load_failed;
}

struct mirror *engine_mirror(const struct engine *e, size_t tenant, unsigned *ret_serial)
{
	const struct kept_mirror *kept =
		is_ldap(e, tenant) ? mirrors_find(&e->mirrors, e->compile->tenants[tenant].config.name) : NULL;

	*ret_serial = kept ? kept->serial : 0;
	return kept ? kept->mirror : NULL;
}

void engine_directory_changed(struct engine *e, size_t tenant)
{
	if (is_ldap(e, tenant))
		e->tenants[tenant].changed = e->tenants[tenant].delta.whole = true;
}

void engine_directory_noted(struct engine *e, size_t tenant)
{
	if (is_ldap(e, tenant))
		e->tenants[tenant].changed = true;
}

void engine_note_answer(struct engine *e, size_t tenant, int64_t realtime_ns)
{
	if (!is_ldap(e, tenant))
		return;
	e->tenants[tenant].silent = false;
	e->tenants[tenant].answered_ns = realtime_ns;
}

int64_t engine_answered_ns(const struct engine *e, size_t tenant)
{
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);
	const int64_t complete = m ? mirror_complete_ns(m) : 0;

	if (!is_ldap(e, tenant))
		return 0;
	return e->tenants[tenant].answered_ns > complete ? e->tenants[tenant].answered_ns : complete;
}

int engine_check_lease(const struct engine *e, size_t tenant, const struct instant *now)
{
	struct fresh f;

	if (!is_ldap(e, tenant))
		return 0;
	if (fresh_read(engine_tenant(e, tenant)->name, &f) < 0 || !uuid_equal(&f.tenant_id, &engine_tenant(e, tenant)->id))
		return -EKEYEXPIRED;
	return fresh_age(&f, engine_boot_id(e), now) > engine_tenant(e, tenant)->lease.grant_ns ? -EKEYEXPIRED : 0;
}

void engine_note_silence(struct engine *e, size_t tenant)
{
	if (is_ldap(e, tenant))
		e->tenants[tenant].silent = true;
}

void engine_note_trouble(struct engine *e, size_t tenant, const char *id, const char *place, const char *remedy,
			 const char *text)
{
	struct problem_list *list;

	if (!is_ldap(e, tenant))
		return;
	list = &e->tenants[tenant].trouble;
	if (!id && list->count == 0)
		return;
	problem_list_done(list);
	if (id)
		problem_add(list, SEVERITY_ERROR, id, place, remedy, "%s", text);
	engine_collect_problems(e);
	engine_say(e, ENGINE_DIRECTORY, NULL);
}

bool engine_is_current(const struct engine *e, size_t tenant)
{
	return is_ldap(e, tenant) && may_publish(e) && !e->tenants[tenant].changed && !e->publish_trouble[0] &&
	       e->compile->tenants[tenant].restricted && e->tenants[tenant].policy;
}

/* --- mirrors --- */

/* Is it one of a tenant in force? One that is named and served from what is published keeps it, too. */
static bool is_wanted(const struct engine *e, const char *tenant)
{
	const size_t i = engine_tenant_by_name(e, tenant);

	return i == SIZE_MAX ? compile_names(e->compile, tenant) : e->compile->tenants[i].config.source != SOURCE_FILE;
}

void engine_settle_mirrors(struct engine *e)
{
	if (e->compile->lost[0] || !e->compile->known)
		return;
	for (size_t i = e->mirrors.count; i-- > 0;)
		if (!is_wanted(e, e->mirrors.items[i].tenant))
			mirrors_drop(&e->mirrors, i);
	for (size_t i = 0; i < e->tenant_count; i++)
		if (is_ldap(e, i) && mirrors_refresh(&e->mirrors, &e->compile->tenants[i].config) < 0)
			continue; /* the next load opens it, or says why not */
}

void engine_release_directory(struct engine *e, size_t tenant)
{
	struct compiled_tenant *t = &e->compile->tenants[tenant];

	if (!is_ldap(e, tenant) || !t->directory)
		return;
	directory_free(t->directory);
	t->directory = NULL;
	t->released = true;
	(void)malloc_trim(0); /* as much as the mirror has, in small pieces between those that stay */
}

void engine_exchange(struct compiled_tenant *t, struct compiled_tenant *now)
{
	const struct tenant_config config = t->config;

	compiled_tenant_reset(t);
	*t = *now;
	t->config = config;
	*now = (struct compiled_tenant){0};
}

int engine_hold_directory(struct engine *e, size_t tenant)
{
	struct compiled_tenant now = {0};
	int r = 0;

	if (e->compile->tenants[tenant].released)
		r = compile_one(e->compile, tenant, &e->state, &e->mirrors, &now);
	if (r == 0 && e->compile->tenants[tenant].released)
		engine_exchange(&e->compile->tenants[tenant], &now);
	return r;
}

/* --- one tenant --- */

/* Who is no more is retired before anything new counts, as in a load of everything. */
static int compile_anew(struct engine *e, size_t i, struct compiled_tenant *ret)
{
	bool any = false;
	int r = compile_one(e->compile, i, &e->state, &e->mirrors, ret);

	if (r == 0)
		r = engine_retire_one(e, ret, &any);
	if (r == 0 && any) {
		compiled_tenant_reset(ret);
		r = compile_one(e->compile, i, &e->state, &e->mirrors, ret);
	}
	if (r < 0)
		compiled_tenant_reset(ret);
	return r;
}

static int publish_directory(struct engine *e, size_t i)
{
	struct compiled_tenant now = {0};
	struct overs o = {.count = 0};
	int r = engine_publish_delta(e, i);

	if (r == 0)
		return 0;
	if (engine_publish_behind(e, i) == 0)
		return -EINPROGRESS;
	delta_restart(&e->tenants[i].delta);
	r = compile_anew(e, i, &now);
	if (r < 0)
		return r;
	engine_exchange(&e->compile->tenants[i], &now);
	r = engine_publish_one(e, i);
	e->tenants[i].in_front = r < 0;
	if (r == 0)
		engine_rejudge(e, &o);
	engine_overs_done(e, &o);
	engine_collect_problems(e);
	engine_say(e, ENGINE_DIRECTORY, NULL);
	engine_say(e, ENGINE_PUBLISHED, NULL);
	return r;
}

void engine_directories_tick(struct engine *e, const struct instant *now)
{
	for (size_t i = 0; may_publish(e) && i < e->tenant_count; i++) {
		struct engine_tenant *t = &e->tenants[i];
		struct instant end;

		if (!t->changed || t->delta.publishing || t->not_before_ns > now->boottime_ns)
			continue;
		const int r = publish_directory(e, i);

		t->changed = r < 0;
		if (r == -EINPROGRESS)
			continue;
		if (e->clock->now(e->clock, &end) < 0)
			end = *now;
		t->not_before_ns = end.boottime_ns + (end.boottime_ns - now->boottime_ns);
		if (t->changed && t->not_before_ns < time_add(end.boottime_ns, RETRY_NS))
			t->not_before_ns = time_add(end.boottime_ns, RETRY_NS);
	}
}

int64_t engine_directories_due(const struct engine *e)
{
	int64_t due = TIME_FOREVER;

	for (size_t i = 0; may_publish(e) && i < e->tenant_count; i++)
		if (e->tenants[i].changed && !e->tenants[i].delta.publishing && e->tenants[i].not_before_ns < due)
			due = e->tenants[i].not_before_ns;
	return due;
}

/* --- the trail --- */

static struct fields note_fields(const struct tenant_config *config, const struct policy_note *n)
{
	struct fields f = fields_new();

	fields_uuid(&f, "tenant_id", &config->id);
	fields_text(&f, "source", n->dn);
	fields_text(&f, "kind", n->kind);
	fields_text(&f, "change", n->change);
	fields_text(&f, "modifier", n->modifier);
	return f;
}

/* One write; where the disk takes none, each waits in memory, as endings do. */
static void commit_notes(struct engine *e, const struct tenant_config *config, const struct policy_note *notes,
			 size_t count)
{
	enum journal_event events[COMMIT_MAX];
	struct fields fields[COMMIT_MAX];

	for (size_t i = 0; i < count; i++) {
		events[i] = JOURNAL_POLICY;
		fields[i] = note_fields(config, &notes[i]);
	}
	if (count > 0 && engine_commit(e, events, fields, count) < 0)
		for (size_t i = 0; i < count; i++)
			engine_commit_ending(e, JOURNAL_POLICY, note_fields(config, &notes[i]));
}

void engine_note_policy(struct engine *e, size_t tenant, const struct policy_note *notes, size_t count, size_t more)
{
	const struct tenant_config *config = engine_tenant(e, tenant);
	struct fields f;

	if (!config || count > COMMIT_MAX)
		return;
	commit_notes(e, config, notes, count);
	if (more == 0)
		return;
	f = fields_new();
	fields_uuid(&f, "tenant_id", &config->id);
	fields_int(&f, "more", (int64_t)more);
	engine_commit_ending(e, JOURNAL_POLICY, f);
}
