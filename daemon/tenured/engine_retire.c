/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose uid was, and is no more: journalled, so that nobody else ever gets it (T50). What a policy that is published says
 * was in force, also before this broker lived.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "daemon/tenured/delta_report.h"
#include "daemon/tenured/engine_internal.h"

#define BATCH COMMIT_MAX /* lines in one write */

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

struct retirement {
	struct engine *e;
	struct retired_uids known;
	enum journal_event events[BATCH];
	struct fields fields[BATCH];
	size_t waiting;
	bool listed; /* no word to the journal: they are listed instead */
	struct leaver *leavers;
	size_t leaver_count;
};

static int flush(struct retirement *r)
{
	int k = r->waiting > 0 ? engine_commit(r->e, r->events, r->fields, r->waiting) : 0;

	r->waiting = 0;
	return k;
}

static int list_leaver(struct retirement *r, const struct policy_principal *p)
{
	struct leaver *grown = r->leavers;

	if ((r->leaver_count & (r->leaver_count - 1)) == 0)
		grown = reallocarray(grown, r->leaver_count ? 2 * r->leaver_count : 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->leavers = grown;
	grown[r->leaver_count] = (struct leaver){.id = p->id, .uid = p->uid};
	(void)snprintf(grown[r->leaver_count++].name, sizeof(grown->name), "%s", p->name);
	return 0;
}

static int retire(struct retirement *r, const struct uuid *tenant_id, const struct policy_principal *p)
{
	struct fields f;

	if (r->listed)
		return list_leaver(r, p);
	f = fields_new();
	fields_text(&f, "user", p->name);
	fields_int(&f, "uid", p->uid);
	fields_uuid(&f, "tenant_id", tenant_id);
	fields_uuid(&f, "principal", &p->id);
	r->events[r->waiting] = JOURNAL_RETIRE;
	r->fields[r->waiting++] = f;
	return r->waiting == BATCH ? flush(r) : 0;
}

/* A mapped login has the uid of its account, which is bound to it (`bind`), and no uid of the tenant. */
static bool is_bound_uid(const struct state *s, const struct uuid *tenant_id, const struct policy_principal *p)
{
	const struct binding *b = state_binding_of_principal(s, tenant_id, &p->id);

	return b && b->uid == p->uid;
}

/* Those of the old policy that the directory has no more; NULL: none of them is left. */
static int retire_policy(struct retirement *r, const struct policy *old, const struct uuid *tenant_id,
			 const struct directory *now)
{
	struct known_uid *known = NULL;
	size_t count = 0;
	int k = 0;

	if (now && !(known = list_known(now, &count)))
		return -ENOMEM;
	for (uint32_t i = 0; k == 0 && i < policy_principal_count(old); i++) {
		struct policy_principal p;

		if (policy_principal(old, i, &p) < 0 || p.uid == NO_ID || is_bound_uid(&r->e->state, tenant_id, &p))
			continue;
		const struct known_uid key = {p.id, p.uid};
		const struct known_uid *found = known ? bsearch(&key, known, count, sizeof(key), compare_known) : NULL;

		if (!(found && found->uid == p.uid) && !retired_has(&r->known, p.uid, tenant_id, &p.id))
			k = retire(r, tenant_id, &p);
	}
	free(known);
	return k;
}

static int retire_tenant(struct retirement *r, const char *name, const struct compiled_tenant *now)
{
	CLEANUP(policy_closep) struct policy *old = NULL;
	struct policy_tenant tenant;

	if (policy_open(name, &old) < 0 || policy_tenant(old, &tenant) < 0)
		return 0;
	if (now && !now->directory && uuid_equal(&tenant.id, &now->config.id))
		return 0; /* what is published stays */
	/* Under another id it is another tenant: of the old one nobody is left. */
	return retire_policy(r, old, &tenant.id,
			     now && uuid_equal(&tenant.id, &now->config.id) ? now->directory : NULL);
}

static const struct compiled_tenant *tenant_now(const struct compile *c, const char *name)
{
	for (size_t i = 0; i < c->host.tenant_count; i++)
		if (strcmp(c->tenants[i].config.name, name) == 0)
			return &c->tenants[i];
	return NULL;
}

static int retire_all(struct retirement *r, const struct compile *c)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int k = 0;

	(void)snprintf(path, sizeof(path), "%s/tenants", tenure_path(PATH_STATE));
	DIR *dir = opendir(path);

	while (k == 0 && dir && (entry = readdir(dir))) {
		const struct compiled_tenant *now = tenant_now(c, entry->d_name);

		if (name_is_valid(entry->d_name) && (now || !compile_names(c, entry->d_name)))
			k = retire_tenant(r, entry->d_name, now);
	}
	if (dir)
		closedir(dir);
	return k;
}

int engine_retire_one(struct engine *e, const struct compiled_tenant *now, bool *ret_any)
{
	const size_t before = e->state.retired_count;
	struct retirement r = {.e = e};
	int k = retired_uids_sort(&e->state, &r.known);

	if (k == 0)
		k = retire_tenant(&r, now->config.name, now);
	int flushed = flush(&r);

	retired_uids_done(&r.known);
	*ret_any = e->state.retired_count != before;
	return k < 0 ? k : flushed;
}

int engine_find_leavers(struct engine *e, const struct compiled_tenant *now, struct leaver **ret, size_t *ret_count)
{
	struct retirement r = {.e = e, .listed = true};
	int k = retired_uids_sort(&e->state, &r.known);

	if (k == 0)
		k = retire_tenant(&r, now->config.name, now);
	retired_uids_done(&r.known);
	*ret = r.leavers;
	*ret_count = r.leaver_count;
	return k;
}

/* Has the user that uid in the directory now? A uid that the directory does not write is of the user's own id. */
static bool has_uid(const struct tenant_config *tenant, const struct mirror *m, const struct delta_entry *entry, uid_t uid)
{
	struct sync_field kind, number;
	uint64_t now;
	char *text;
	size_t len;
	const void *object = mirror_by_uuid(m, &entry->uuid, &len);

	if (!object || sync_find(sync_object_fields(object, len), SYNC_TAG_KIND, &kind) < 0 || kind.data[0] != OBJECT_USER)
		return false;
	if (sync_find(sync_object_fields(object, len), SYNC_TAG_UID, &number) < 0)
		return tenant->ldap.derive_ids && mirror_derived_id(&entry->id, tenant) == uid;
	if (sync_field_text(&number, &text) < 0)
		return false;
	const bool same = number_parse(text, INT32_MAX, &now) == 0 && now == uid;

	free(text);
	return same;
}

static bool is_retired(const struct state *s, uid_t uid, const struct uuid *tenant_id, const struct uuid *principal)
{
	for (size_t i = 0; i < s->retired_count; i++)
		if (s->retired[i].uid == uid && uuid_equal(&s->retired[i].principal, principal) &&
		    uuid_equal(&s->retired[i].tenant_id, tenant_id))
			return true;
	return false;
}

int engine_retire_changed(struct engine *e, size_t tenant, const struct mirror *m, const struct delta_objects *changed)
{
	const struct tenant_config *config = &e->compile->tenants[tenant].config;
	const struct policy *old = e->tenants[tenant].policy;
	struct retirement r = {.e = e};
	int k = 0;

	for (size_t i = 0; k == 0 && i < changed->user_count; i++) {
		const struct delta_entry *entry = &changed->users[i];
		struct policy_principal p;
		uint32_t position;

		if (policy_principal_by_id(old, &entry->id, &position) < 0 || policy_principal(old, position, &p) < 0 ||
		    p.uid == NO_ID || is_bound_uid(&e->state, &config->id, &p) || has_uid(config, m, entry, p.uid) ||
		    is_retired(&e->state, p.uid, &config->id, &p.id))
			continue;
		k = retire(&r, &config->id, &p);
	}
	int flushed = flush(&r);

	return k < 0 ? k : flushed;
}

int engine_retire_leavers(struct engine *e, size_t tenant, const struct leaver *leavers, size_t count)
{
	const struct uuid *tenant_id = &e->compile->tenants[tenant].config.id;
	struct retirement r = {.e = e};
	int k = 0;

	for (size_t i = 0; k == 0 && i < count; i++) {
		const struct policy_principal p = {.id = leavers[i].id, .uid = leavers[i].uid, .name = leavers[i].name};

		if (!is_retired(&e->state, p.uid, tenant_id, &p.id))
			k = retire(&r, tenant_id, &p);
	}
	int flushed = flush(&r);

	return k < 0 ? k : flushed;
}

int engine_retire(struct engine *e, const struct compile *c, bool *ret_any)
{
	const size_t before = e->state.retired_count;
	struct retirement r = {.e = e};
	int k = c->known ? retired_uids_sort(&e->state, &r.known) : 0;

	if (k == 0 && c->known)
		k = retire_all(&r, c);
	int flushed = flush(&r);

	retired_uids_done(&r.known);
	*ret_any = e->state.retired_count != before;
	return k < 0 ? k : flushed;
}
