/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "common/snapshot/gate_file.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/keys.h"
#include "common/snapshot/secrets.h"
#include "daemon/tenured/engine_internal.h"
#include "daemon/tenured/folder_access.h"
#include "daemon/tenured/rows.h"

static void close_tenant(struct engine_tenant *t)
{
	policy_close(t->policy);
	holders_close(t->grants);
	t->policy = NULL;
	t->grants = NULL;
}

void engine_close_tenants(struct engine *e)
{
	for (size_t i = 0; i < e->tenant_count; i++)
		close_tenant(&e->tenants[i]);
}

/* What is behind PATH_STATE is made by us alone: files have modes of their own, and hidden tenants a door (folder_access.h). */
static int make_folders(const struct compile *c, const struct tenant_config *tenant)
{
	char path[PATH_MAX];
	int n;

	if (mkdir(tenure_path(PATH_STATE), 0755) < 0 && errno != EEXIST)
		return -errno;
	n = snprintf(path, sizeof(path), "%s/tenants", tenure_path(PATH_STATE));
	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	if ((mkdir(path, 0755) < 0 && errno != EEXIST) || chmod(path, 0755) < 0)
		return -errno;
	if (!tenant)
		return 0;
	n = snprintf(path, sizeof(path), "%s/tenants/%s", tenure_path(PATH_STATE), tenant->name);
	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	return folder_open_for(path, tenant, &c->host, &c->accounts);
}

static int remove_file(const char *tenant, const char *file)
{
	char path[PATH_MAX];
	int r = snapshot_tenant_path(tenant, file, path, sizeof(path));

	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

/* --- grants --- */

static int grant_rows(struct engine *e, const struct request *r, const struct instant *now,
		      const struct instant *dates, struct rows *rows)
{
	const struct policy *policy = engine_policy(e, r->tenant);
	struct window window = r->window;
	struct eligibility eligible;
	uint32_t principal, role;

	if (!state_is_live(&e->state, r, now))
		return 0;
	int k = engine_judge_request(e, r, dates, &eligible);

	if (k == -EACCES || k == -ENOENT)
		return 0; /* the tick revokes it; here it gives nothing already */
	if (k == 0)
		k = policy_principal_by_id(policy, &r->principal, &principal);
	if (k == 0)
		k = policy_role_by_name(policy, r->role, &role);
	if (k < 0)
		return k;
	if (eligible.window.end_ns < window.end_ns)
		window.end_ns = eligible.window.end_ns;
	return decide_grant_rows(policy, principal, role, r->scope, &r->id, &window, rows_add, rows);
}

static int write_grants(struct engine *e, size_t tenant, const char *path)
{
	CLEANUP(rows_done) struct rows rows = {0};
	struct instant now, dates;
	int r = engine_now(e, &now);

	if (r == 0)
		r = engine_dates_now(e, &dates);
	for (size_t i = 0; r == 0 && i < e->state.request_count; i++)
		if (e->state.requests[i]->tenant == tenant)
			r = grant_rows(e, e->state.requests[i], &now, &dates, &rows);
	if (r != 0)
		return r;
	rows_resolve_groups(&rows, &e->compile->accounts);
	return holders_write(path, generation_read(), &e->compile->tenants[tenant].config.id, &e->state.boot, rows.items,
			     rows.count);
}

/*
 * The table that stands is an older one. What ran out by time, it knows itself; what was taken away before its time, it
 * would go on showing.
 */
static bool says_too_much(struct engine *e, size_t tenant)
{
	struct instant now;

	if (engine_now(e, &now) < 0)
		return true;
	for (size_t i = 0; i < e->state.request_count; i++) {
		const struct request *r = e->state.requests[i];

		if (r->tenant == tenant && r->state != REQUEST_ACTIVE && r->activated_ns != 0 &&
		    uuid_equal(&r->boot, &e->state.boot) && window_holds(&r->window, &now))
			return true;
	}
	return false;
}

/* On the disk; who maps it learns of it by the generation. */
static int renew_grants(struct engine *e, size_t tenant)
{
	const char *name = e->compile->tenants[tenant].config.name;
	struct engine_tenant *t = &e->tenants[tenant];
	char path[PATH_MAX];
	int r = snapshot_tenant_path(name, "grants", path, sizeof(path));

	if (r == 0)
		r = t->policy ? write_grants(e, tenant, path) : -ENODATA;
	t->grants_dirty = r != 0 && r != -ENODATA;
	/* A table that says more than is granted must not stay: without it, nobody holds a grant. */
	if (r == -ENODATA || (r != 0 && says_too_much(e, tenant)))
		(void)remove_file(name, "grants");
	return r;
}

static void open_grants(struct engine *e, size_t tenant)
{
	struct engine_tenant *t = &e->tenants[tenant];

	holders_close(t->grants);
	t->grants = NULL;
	if (t->policy && holders_open(e->compile->tenants[tenant].config.name, "grants", &t->grants) < 0)
		t->grants = NULL;
}

int engine_publish_grants(struct engine *e, size_t tenant)
{
	int r = renew_grants(e, tenant);

	(void)generation_bump();
	open_grants(e, tenant);
	engine_say(e, ENGINE_PUBLISHED, NULL);
	return r;
}

int engine_grant_published(struct engine *e, struct request *r)
{
	if (engine_publish_grants(e, r->tenant) == 0)
		return 0;
	engine_finish_now(e, r, JOURNAL_REVOKE, NULL, "not-published", "the grant could not be published");
	return -EROFS;
}

/* --- a tenant's files --- */

/* What only restricts does not compile: what was published stays; if there is none, the gates are closed. */
static int keep_policy(struct engine *e, size_t tenant)
{
	int r = policy_open(e->compile->tenants[tenant].config.name, &e->tenants[tenant].policy);

	return r == -ENOENT ? 0 : r;
}

static int publish_policy(struct engine *e, size_t tenant, uint64_t generation, const struct index_binding *bindings,
			  size_t count)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	char path[PATH_MAX];
	int r = snapshot_tenant_path(t->config.name, "policy", path, sizeof(path));

	e->tenants[tenant].guests_stand = false;
	if (r < 0)
		return r;
	r = t->restricted ? policy_write(path, generation, t->directory, &e->compile->host, &t->config, &e->host_id, bindings,
					 count)
			  : -EINVAL;
	if (r == -EINVAL)
		return keep_policy(e, tenant);
	e->tenants[tenant].guests_stand = r == 0;
	if (r == 0)
		r = snapshot_tenant_path(t->config.name, "secrets", path, sizeof(path));
	if (r == 0)
		r = secrets_write(path, generation, t->directory);
	if (r == 0)
		r = policy_open(t->config.name, &e->tenants[tenant].policy);
	return r == 0 ? engine_publish_standing(e, tenant, generation) : r;
}

static int publish_tenant(struct engine *e, size_t tenant, uint64_t generation, const struct index_binding *bindings,
			  size_t count)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	char path[PATH_MAX];
	int r;

	/* Whatever of it cannot be written: the policy that stays behind it lets nobody in. */
	if (t->directory)
		e->tenants[tenant].guests_stand = false;
	r = make_folders(e->compile, &t->config);
	if (r < 0)
		return r;
	if (!t->directory) {
		e->tenants[tenant].guests_stand = e->tenants[tenant].guests_stand && t->released;
		return keep_policy(e, tenant);
	}
	r = snapshot_tenant_path(t->config.name, "identity", path, sizeof(path));
	if (r == 0)
		r = identity_write(path, generation, t->directory, &e->compile->host, &t->config, bindings, count);
	if (r == 0)
		r = snapshot_tenant_path(t->config.name, "keys", path, sizeof(path));
	if (r == 0)
		r = keys_write(path, generation, t->directory);
	return r == 0 ? publish_policy(e, tenant, generation, bindings, count) : r;
}

/* --- all --- */

/* A binding counts when it is in the journal; if it cannot be, its login's gates stay closed until it can. */
static void bind_new(struct engine *e, struct index_binding *bindings, const size_t *fresh, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct index_binding *b = &bindings[fresh[i]];
		enum journal_event event = JOURNAL_BIND;
		struct fields f = fields_new();

		fields_text(&f, "login", b->login);
		fields_int(&f, "uid", b->uid);
		fields_uuid(&f, "tenant_id", &e->compile->tenants[b->tenant].config.id);
		fields_uuid(&f, "principal", &b->principal);
		b->broken = engine_commit(e, &event, &f, 1) < 0;
	}
}

static int write_index(struct engine *e, uint64_t generation, const struct index_binding *bindings, size_t count)
{
	const struct compile *c = e->compile;
	struct tenant_config *tenants;
	char path[PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "%s/index", tenure_path(PATH_STATE));
	if (c->named_count == 0)
		return unlink(path) < 0 && errno != ENOENT ? -errno : gate_file_remove();
	r = gate_file_write(&c->host);
	if (r < 0)
		return r;
	tenants = calloc(e->tenant_count + 1, sizeof(*tenants)); /* borrowed contents */
	if (!tenants)
		return -ENOMEM;
	for (size_t i = 0; i < e->tenant_count; i++) {
		tenants[i] = c->tenants[i].config;
		/* A policy of before has guests of before: none of them, rather than one too many. */
		if (!e->tenants[i].guests_stand)
			tenants[i].trust_count = 0;
	}
	r = index_write(path, generation, &e->host_id, &c->host, tenants, e->tenant_count, bindings, count);

	free(tenants);
	return r;
}

static void note_trouble(struct engine *e, int error, const char *what)
{
	if (error < 0 && !e->publish_trouble[0])
		(void)snprintf(e->publish_trouble, sizeof(e->publish_trouble), "cannot publish %s: %s", what, strerror(-error));
}

/* What the tenant's files say; what cannot be written is judged by all the same. */
static void publish_files(struct engine *e, size_t i, uint64_t generation, const struct index_binding *bindings,
			  size_t count)
{
	const struct compiled_tenant *t = &e->compile->tenants[i];
	const int r = publish_tenant(e, i, generation, bindings, count);

	note_trouble(e, r, t->config.name);
	/* A full disk keeps nobody who is out by the new policy. */
	if (r < 0 && !e->tenants[i].policy && t->directory && t->restricted)
		(void)engine_judge_by_copy(e, i, generation, bindings, count);
	/* Nor does it take anything away: what stands is in force, and what is granted stays granted. */
	if (!e->tenants[i].policy)
		note_trouble(e, keep_policy(e, i), "policy");
	engine_delta_begin(e, i, r, generation);
	if (r == 0)
		engine_release_directory(e, i);
}

/* The index says this of local logins and guests, and files of tenants do. */
static void hash_bindings(const struct engine *e, const struct index_binding *bindings, size_t count, uint8_t ret[static SHA256_DIGEST_SIZE])
{
	struct sha256_ctx h;

	sha256_init(&h);
	for (size_t i = 0; i < e->tenant_count; i++)
		sha256_update(&h, 1, (const uint8_t[]){e->tenants[i].guests_stand});
	for (size_t i = 0; i < count; i++) {
		const struct index_binding *b = &bindings[i];
		const uint64_t numbers[] = {b->uid, b->tenant, b->governs_login, b->broken};

		sha256_update(&h, strlen(b->login) + 1, (const uint8_t *)b->login);
		sha256_update(&h, sizeof(numbers), (const uint8_t *)numbers);
		sha256_update(&h, sizeof(b->principal.bytes), b->principal.bytes);
	}
	sha256_digest(&h, SHA256_DIGEST_SIZE, ret);
}

static void publish_index(struct engine *e, uint64_t generation, const struct index_binding *bindings, size_t count)
{
	const int r = write_index(e, generation, bindings, count);

	note_trouble(e, r, "index");
	if (r == 0)
		hash_bindings(e, bindings, count, e->bindings);
	else
		memset(e->bindings, 0, sizeof(e->bindings));
}

bool engine_bindings_changed(const struct engine *e, const struct index_binding *bindings, size_t count)
{
	uint8_t now[SHA256_DIGEST_SIZE];

	hash_bindings(e, bindings, count, now);
	return memcmp(now, e->bindings, sizeof(now)) != 0;
}

static int publish_all(struct engine *e, const struct index_binding *bindings, size_t count)
{
	const uint64_t generation = generation_read();
	const bool changed = engine_bindings_changed(e, bindings, count);

	e->publish_trouble[0] = '\0';
	note_trouble(e, make_folders(e->compile, NULL), "/var/lib/tenure");
	for (size_t i = 0; i < e->tenant_count; i++) {
		int r = changed ? engine_hold_directory(e, i) : 0;

		if (r < 0)
			return r;
		publish_files(e, i, generation, bindings, count);
	}
	publish_index(e, generation, bindings, count);
	(void)generation_bump();
	engine_remove_unbound(e);
	for (size_t i = 0; i < e->tenant_count; i++)
		note_trouble(e, engine_publish_grants(e, i) == -ENODATA ? 0 : e->tenants[i].grants_dirty ? -EIO : 0, "grants");
	return 0;
}

static void publish_one(struct engine *e, size_t i, const struct index_binding *bindings, size_t count)
{
	const uint64_t generation = generation_read();

	publish_files(e, i, generation, bindings, count);
	if (engine_bindings_changed(e, bindings, count))
		publish_index(e, generation, bindings, count);
	if (renew_grants(e, i) != 0 && e->tenants[i].grants_dirty)
		note_trouble(e, -EIO, "grants");
	(void)generation_bump();
	open_grants(e, i);
}

int engine_renew_policy(struct engine *e, size_t tenant)
{
	struct policy *policy;
	int r = policy_open(e->compile->tenants[tenant].config.name, &policy);

	if (r < 0)
		return r;
	policy_close(e->tenants[tenant].policy);
	e->tenants[tenant].policy = policy;
	if (renew_grants(e, tenant) != 0 && e->tenants[tenant].grants_dirty)
		note_trouble(e, -EIO, "grants");
	(void)generation_bump();
	open_grants(e, tenant);
	return 0;
}

/* Nothing can be said: whatever was published stays, and endings are judged and published by it. */
static int open_published(struct engine *e)
{
	engine_close_tenants(e);
	for (size_t i = 0; i < e->tenant_count; i++) {
		const char *name = e->compile->tenants[i].config.name;

		e->tenants[i].guests_stand = true; /* as the index that is published says */
		if (policy_open(name, &e->tenants[i].policy) < 0)
			e->tenants[i].policy = NULL;
		if (holders_open(name, "grants", &e->tenants[i].grants) < 0)
			e->tenants[i].grants = NULL;
	}
	return 0;
}

/* tenant SIZE_MAX: all of them. */
static int publish(struct engine *e, size_t tenant)
{
	struct index_binding *bindings = NULL;
	size_t *fresh = NULL, count = 0, fresh_count = 0;
	int r = compile_bindings(e->compile, &e->state, &bindings, &count, &fresh, &fresh_count);

	if (r < 0)
		return r;
	bind_new(e, bindings, fresh, fresh_count);
	if (tenant == SIZE_MAX) {
		engine_close_tenants(e);
		r = publish_all(e, bindings, count);
	} else {
		close_tenant(&e->tenants[tenant]);
		publish_one(e, tenant, bindings, count);
	}
	free(bindings);
	free(fresh);
	return r;
}

int engine_publish_one(struct engine *e, size_t tenant)
{
	return publish(e, tenant);
}

int engine_publish(struct engine *e)
{
	engine_sweep(e);
	if (e->compile->lost[0])
		return open_published(e);
	if (!e->compile->known)
		return 0; /* nobody was ever governed */
	return publish(e, SIZE_MAX);
}
