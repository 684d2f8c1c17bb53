/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compaction: a child that has what we had when it was made writes the bases anew, under other names, while we go on. When
 * it is done, what changed meanwhile is written as deltas of the new bases, and then these are put in place.
 *
 * MUST: the child changes nothing that is published, and says nothing to the journal; a base is never in place before its
 * delta is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/decide/decide.h"
#include "daemon/tenured/engine_internal.h"

#define COMPACT_USERS  128
#define COMPACT_WEIGHT 16384
#define LOOK_NS	       (20 * NS_PER_MS)
#define CHILD_NICE     10

static int path_next(const char *tenant, const char *file, char buf[static SNAPSHOT_PATH_MAX])
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s%s", file, DELTA_NEXT);
	return snapshot_tenant_path(tenant, name, buf, SNAPSHOT_PATH_MAX);
}

/* --- the child --- */

static int write_holders(struct engine *e, const struct compiled_tenant *t, const char *policy_path, uint64_t generation)
{
	CLEANUP(rows_done) struct rows rows = {0};
	CLEANUP(policy_closep) struct policy *policy = NULL;
	char path[SNAPSHOT_PATH_MAX];
	int r = policy_open_path(policy_path, &policy);

	if (r == 0)
		r = decide_standing_rows(policy, rows_add, &rows);
	if (r == 0)
		r = path_next(t->config.name, "holders", path);
	if (r < 0)
		return r;
	rows_resolve_groups(&rows, &e->compile->accounts);
	return holders_base_write(path, generation, &t->config.id, rows.items, rows.count);
}

int engine_write_next(struct engine *e, const struct compiled_tenant *t, const struct index_binding *bindings, size_t count)
{
	const uint64_t generation = generation_read();
	char path[SNAPSHOT_PATH_MAX];
	int r = path_next(t->config.name, "identity", path);

	if (r == 0)
		r = identity_write(path, generation, t->directory, &e->compile->host, &t->config, bindings, count);
	if (r == 0)
		r = path_next(t->config.name, "keys", path);
	if (r == 0)
		r = keys_write(path, generation, t->directory);
	if (r == 0)
		r = path_next(t->config.name, "policy", path);
	if (r == 0)
		r = policy_write(path, generation, t->directory, &e->compile->host, &t->config, &e->host_id, bindings, count);
	return r == 0 ? write_holders(e, t, path, generation) : r;
}

static int compact(struct engine *e, size_t tenant)
{
	struct index_binding *bindings = NULL;
	size_t *fresh = NULL, count = 0, fresh_count = 0;
	struct compiled_tenant t;
	int r = compile_one(e->compile, tenant, &e->state, &e->mirrors, &t);

	if (r == 0)
		r = compile_bindings(e->compile, &e->state, &bindings, &count, &fresh, &fresh_count);
	if (r == 0 && (!t.directory || !t.restricted || fresh_count > 0))
		r = -EAGAIN; /* nothing of that became so by what deltas tell */
	return r == 0 ? engine_write_next(e, &t, bindings, count) : r;
}

static bool is_heavy(const struct engine *e, size_t tenant)
{
	const struct delta *d = &e->tenants[tenant].delta;

	return d->changed.user_count >= COMPACT_USERS || d->weight >= COMPACT_WEIGHT;
}

void engine_compact(struct engine *e, size_t tenant)
{
	struct delta *d = &e->tenants[tenant].delta;
	pid_t broker = getpid(), pid;

	if (!d->base.identity || d->whole || e->tenants[tenant].changed || d->compactor > 0)
		return;
	/* What is known of problems and of groups is of the bases: with others there is more to find out than to write. */
	if (d->troubled || d->reshaped) {
		d->whole = e->tenants[tenant].changed = true;
		return;
	}
	pid = fork();
	if (pid < 0)
		return; /* at the next tick; and what does not fit any more is published whole */
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setpriority(PRIO_PROCESS, 0, CHILD_NICE);
		_exit(getppid() == broker && compact(e, tenant) == 0 ? 0 : 1);
	}
	d->compactor = pid;
	d->before = d->changed;
	d->changed = (struct delta_objects){0};
}

/* --- and we, when it is done --- */

int engine_put_next_in_place(const char *tenant)
{
	static const char *const files[] = {"policy", "keys", "holders", "identity"};
	char path[SNAPSHOT_PATH_MAX], next[SNAPSHOT_PATH_MAX];
	CLEANUP(fd_closep) int folder = -1;
	int r = snapshot_tenant_path(tenant, "", path, sizeof(path));

	if (r < 0)
		return r;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(files); i++) {
		r = snapshot_tenant_path(tenant, files[i], path, sizeof(path));
		if (r == 0)
			r = path_next(tenant, files[i], next);
		if (r == 0 && rename(next, path) < 0)
			r = -errno;
	}
	return r == 0 && fsync(folder) < 0 ? -EIO : r;
}

int engine_write_deltas_of(struct engine *e, size_t tenant, const struct delta_base *base)
{
	struct delta *d = &e->tenants[tenant].delta;
	const struct delta_objects *const changed[] = {&d->changed};
	struct delta_set set = {0};
	bool policy;
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);
	int r = m ? engine_retire_changed(e, tenant, m, &d->changed) : -ENOENT;

	if (r < 0)
		return r;
	memset(d->written, 0, sizeof(d->written));
	const struct delta_where where = engine_delta_where(e, tenant, m);

	r = delta_compute(d, base, changed, ARRAY_LENGTH(changed), &where, &set);
	if (r == 0)
		r = delta_write(d, base, &set, &where, generation_read(), &policy);
	if (r == 0)
		engine_take_set(e, tenant, &set);
	d->weight = set.weight;
	delta_set_done(&set);
	return r;
}

/* The new bases with deltas of what changed meanwhile. */
static int install(struct engine *e, size_t tenant)
{
	const struct tenant_config *config = &e->compile->tenants[tenant].config;
	struct delta *d = &e->tenants[tenant].delta;
	struct delta_base next;
	int r = delta_open_base(config, true, &next);

	if (r < 0)
		return r;
	r = engine_write_deltas_of(e, tenant, &next);
	if (r == 0)
		r = engine_put_next_in_place(config->name);
	if (r < 0) {
		delta_base_done(&next);
		return r;
	}
	delta_base_done(&d->base);
	d->base = next;
	delta_objects_done(&d->before);
	return engine_renew_policy(e, tenant);
}

static void finish(struct engine *e, size_t tenant, bool written)
{
	struct engine_tenant *t = &e->tenants[tenant];

	if (!t->delta.whole && (!written || install(e, tenant) < 0))
		t->changed = t->delta.whole = true;
	if (!t->delta.whole)
		engine_sweep_deltas(e->compile->tenants[tenant].config.name);
}

void engine_compact_tick(struct engine *e)
{
	for (size_t i = 0; i < e->tenant_count; i++) {
		const pid_t pid = e->tenants[i].delta.compactor;
		int status;

		if (pid == 0) {
			if (is_heavy(e, i))
				engine_compact(e, i);
			continue;
		}
		const pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == 0)
			continue;
		const bool written = ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;

		e->tenants[i].delta.compactor = 0;
		if (e->tenants[i].delta.publishing)
			engine_behind_done(e, i, written);
		else
			finish(e, i, written);
	}
}

int64_t engine_compact_due(const struct engine *e, const struct instant *now)
{
	for (size_t i = 0; i < e->tenant_count; i++)
		if (e->tenants[i].delta.compactor > 0)
			return time_add(now->boottime_ns, LOOK_NS);
	return TIME_FOREVER;
}
