/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tenant's changes, published as deltas where that says all of them. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/engine_internal.h"

static struct delta *delta_of(const struct engine *e, size_t tenant)
{
	return tenant < e->tenant_count && e->compile->tenants[tenant].config.source == SOURCE_LDAP
		       ? &e->tenants[tenant].delta
		       : NULL;
}

void engine_note_change(struct engine *e, size_t tenant, const struct mirror_change *change)
{
	struct delta *d = delta_of(e, tenant);
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);

	if (d && m)
		delta_note(d, &e->compile->tenants[tenant].config, m, change);
	else if (d)
		d->whole = true;
}

bool engine_is_compacting(const struct engine *e, size_t tenant)
{
	const struct delta *d = delta_of(e, tenant);

	return d && d->compactor > 0;
}

void engine_publications(const struct engine *e, size_t tenant, uint64_t *ret_whole, uint64_t *ret_deltas)
{
	*ret_whole = tenant < e->tenant_count ? e->tenants[tenant].whole_count : 0;
	*ret_deltas = tenant < e->tenant_count ? e->tenants[tenant].delta_count : 0;
}

/* --- publication --- */

/* What is in force is what the bases and their deltas say, and no change was made that they cannot tell. */
static bool may_be_delta(const struct engine *e, size_t tenant)
{
	const struct delta *d = delta_of(e, tenant);

	return d && !d->whole && d->base.identity && !e->publish_trouble[0] && e->compile->tenants[tenant].restricted &&
	       e->tenants[tenant].policy && d->changed.user_count + d->before.user_count <= DELTA_USERS_MAX &&
	       d->weight <= DELTA_WEIGHT_MAX;
}

struct delta_where engine_delta_where(const struct engine *e, size_t tenant, const struct mirror *m)
{
	const struct tenant_config *config = &e->compile->tenants[tenant].config;

	return (struct delta_where){
		.tenant = config,
		.m = m,
		.accounts = &e->compile->accounts,
		.host = &e->compile->host,
		.state = &e->state,
	};
}

void engine_take_set(struct engine *e, size_t tenant, struct delta_set *s)
{
	struct problem_list *list = &e->compile->tenants[tenant].problems;
	struct delta *d = &e->tenants[tenant].delta;
	const bool any = s->problems.count > 0;

	d->reshaped = s->reshaped;
	delta_keep_primary(d, s);
	if (!any && !d->troubled)
		return;
	problem_list_cut(list, d->base_problems);
	problem_list_move(list, &s->problems);
	d->troubled = any;
	engine_collect_problems(e);
}

static int publish(struct engine *e, size_t tenant, const struct mirror *m, bool *ret_policy)
{
	const struct delta_where where = engine_delta_where(e, tenant, m);
	struct delta *d = &e->tenants[tenant].delta;
	const struct delta_objects *const changed[] = {&d->before, &d->changed};
	struct delta_set set;
	int r = engine_retire_changed(e, tenant, m, &d->changed);

	if (r == 0)
		r = delta_compute(d, &d->base, changed, ARRAY_LENGTH(changed), &where, &set);
	if (r < 0)
		return r;
	engine_take_set(e, tenant, &set);
	d->weight = set.weight;
	r = delta_write(d, &d->base, &set, &where, generation_read(), ret_policy);
	delta_set_done(&set);
	return r;
}

int engine_publish_delta(struct engine *e, size_t tenant)
{
	struct overs o = {.count = 0};
	bool policy = false;
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);
	int r = m && may_be_delta(e, tenant) ? publish(e, tenant, m, &policy) : -EAGAIN;

	if (r == 0 && policy)
		r = engine_renew_policy(e, tenant);
	if (r < 0)
		return r;
	if (!policy)
		(void)generation_bump(); /* else that is done */
	e->tenants[tenant].delta_count++;
	if (policy) {
		engine_rejudge(e, &o);
		engine_overs_done(e, &o);
	}
	engine_say(e, ENGINE_DIRECTORY, NULL);
	engine_say(e, ENGINE_PUBLISHED, NULL);
	return 0;
}

/* --- bases --- */

static bool begin(struct engine *e, size_t tenant, uint64_t generation)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	struct delta *d = &e->tenants[tenant].delta;
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);

	if (!m || !t->restricted || generation == 0 || delta_open_base(&t->config, false, &d->base) < 0)
		return false;
	/* What only restricts and did not compile left the last good one in its place (T49). */
	if (policy_generation(d->base.policy) != generation || delta_rules(d, &t->config, t->directory, m) < 0)
		return false;
	d->clean = !t->problems.lost;
	d->base_problems = t->problems.count;
	return true;
}

void engine_delta_begin(struct engine *e, size_t tenant, int published, uint64_t generation)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	struct delta *d = delta_of(e, tenant);

	if (!d || !t->directory)
		return;
	delta_restart(d);
	e->tenants[tenant].whole_count++;
	engine_sweep_deltas(t->config.name);
	if (published < 0 || !begin(e, tenant, generation))
		delta_restart(d);
}

static const char *const delta_files[] = {"identity", "keys", "policy", "holders"};
static const enum snapshot_kind delta_kinds[] = {SNAPSHOT_IDENTITY, SNAPSHOT_KEYS, SNAPSHOT_POLICY, SNAPSHOT_HOLDERS};

/* 0: there is none, or none that can have deltas. False: it cannot be told. */
static bool base_in_place(const char *tenant, size_t i, uint64_t *ret)
{
	char path[SNAPSHOT_PATH_MAX];
	struct snapshot s;
	int r = snapshot_tenant_path(tenant, delta_files[i], path, sizeof(path));

	*ret = 0;
	if (r == 0)
		r = snapshot_map(NULL, path, delta_kinds[i], 1, &s);
	if (r < 0)
		return r == -ENOENT;
	*ret = snapshot_base_id(&s);
	snapshot_unmap(&s);
	return true;
}

static bool is_stale(const char *name, const bool *known, const uint64_t *ids)
{
	char next[32];
	uint64_t id;

	for (size_t i = 0; i < ARRAY_LENGTH(delta_files); i++) {
		(void)snprintf(next, sizeof(next), "%s%s", delta_files[i], DELTA_NEXT);
		if (strcmp(name, next) == 0)
			return true;
		if (snapshot_is_delta_name(name, delta_files[i], &id))
			return known[i] && (id != ids[i] || id == 0);
	}
	return false;
}

void engine_sweep_deltas(const char *tenant)
{
	bool known[ARRAY_LENGTH(delta_files)];
	uint64_t ids[ARRAY_LENGTH(delta_files)];
	char path[SNAPSHOT_PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	for (size_t i = 0; i < ARRAY_LENGTH(delta_files); i++)
		known[i] = base_in_place(tenant, i, &ids[i]);
	if (snapshot_tenant_path(tenant, "", path, sizeof(path)) < 0)
		return;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (is_stale(entry->d_name, known, ids))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}
