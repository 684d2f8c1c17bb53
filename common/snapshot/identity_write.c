/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/identity_build.h"

#define SEED_DRAWS_MAX 16

bool build_id_is_ours(const struct identity_build *b, uint32_t id)
{
	const struct id_range *range = &b->tenant->id_range, *roles = &b->tenant->role_gids;

	if (!id_may_be_given(id))
		return false;
	return id >= range->first && id <= range->last && !(id >= roles->first && id <= roles->last);
}

bool build_name_is_reserved(const char *name)
{
	return strncmp(name, "become-", 7) == 0 || strncmp(name, "role-", 5) == 0;
}

static int compare_bindings(const void *a, const void *b)
{
	const struct index_binding *const *x = a, *const *y = b;

	return memcmp((*x)->principal.bytes, (*y)->principal.bytes, sizeof((*x)->principal.bytes));
}

/* Another tenant may give an object the id of one of ours: only our tenant's bindings count. */
static int bindings_pick(struct identity_build *b, const struct index_binding *bindings, size_t count)
{
	b->bindings = calloc(count + 1, sizeof(struct index_binding *));
	if (!b->bindings)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (bindings[i].tenant < b->host->tenant_count &&
		    strcmp(b->host->tenants[bindings[i].tenant], b->tenant->name) == 0)
			b->bindings[b->binding_count++] = &bindings[i];
	qsort(b->bindings, b->binding_count, sizeof(struct index_binding *), compare_bindings);
	return 0;
}

static const struct index_binding *binding_of(const struct identity_build *b, const struct uuid *principal)
{
	struct index_binding key = {.principal = *principal};
	const struct index_binding *key_at = &key, **found;

	if (b->binding_count == 0)
		return NULL;
	found = bsearch(&key_at, b->bindings, b->binding_count, sizeof(key_at), compare_bindings);
	return found ? *found : NULL;
}

static bool user_shows(const struct identity_build *b, const struct user *u)
{
	if (u->o.dropped || u->uid == NO_ID || !build_id_is_ours(b, u->uid) || build_name_is_reserved(u->o.name))
		return false;
	return u->gid == NO_ID || build_id_is_ours(b, u->gid);
}

/* Writes name@domain at *end where the tenant is not the home tenant. NULL if it is too long. */
static const char *login_of(const struct identity_build *b, const char *name, char **end)
{
	const char *domain = b->tenant->domain_count > 0 ? b->tenant->domains[0] : "";
	size_t name_len = strlen(name), domain_len = strlen(domain);
	char *login = *end;

	if (b->tenant->home)
		return name_len <= IDENTITY_LOGIN_MAX ? name : NULL;
	if (domain_len == 0 || name_len + 1 + domain_len > IDENTITY_LOGIN_MAX)
		return NULL;
	memcpy(login, name, name_len);
	login[name_len] = '@';
	memcpy(login + name_len + 1, domain, domain_len + 1);
	*end += name_len + 1 + domain_len + 1;
	return login;
}

static int users_pick(struct identity_build *b)
{
	char *end;

	b->users = calloc(b->d->user_count + 1, sizeof(*b->users));
	if (!b->tenant->home)
		b->logins = malloc(b->d->user_count * (IDENTITY_LOGIN_MAX + 1) + 1);
	if (!b->users || (!b->tenant->home && !b->logins))
		return -ENOMEM;
	end = b->logins;
	for (size_t i = 0; i < b->d->user_count; i++) {
		const struct user *u = &b->d->users[i];
		const struct index_binding *binding = binding_of(b, &u->o.id);
		struct shown_user *shown = &b->users[i];

		if (binding) {
			if (!u->o.dropped && !binding->broken && binding->uid != NO_ID &&
			    strlen(binding->login) <= IDENTITY_LOGIN_MAX)
				shown->login = binding->login;
			continue;
		}
		if (!user_shows(b, u))
			continue;
		shown->login = login_of(b, u->o.name, &end);
		shown->own = shown->login != NULL;
		shown->gid = u->gid == NO_ID ? u->uid : u->gid;
	}
	return 0;
}

static void user_gid_add(struct shown_user *shown, gid_t gid, uint32_t *words)
{
	if (!shown->login || (shown->own && shown->gid == gid))
		return;
	if (words)
		words[shown->gids + shown->gid_count] = gid;
	shown->gid_count++;
}

/* Counts (words NULL) or fills each user's gids; groups come in ascending order, so arrays do too. */
static void memberships_walk(struct identity_build *b, uint32_t *words)
{
	for (size_t i = 0; i < b->d->user_count; i++)
		b->users[i].gid_count = 0;
	for (size_t i = 0; i < b->group_count; i++) {
		const struct group *g = &b->d->groups[b->groups[i]];

		for (size_t k = 0; k < g->closure_count; k++)
			if (g->closure[k] < b->d->user_count)
				user_gid_add(&b->users[g->closure[k]], g->gid, words);
	}
}

static int gids_build(struct identity_build *b)
{
	uint32_t total = 0;

	memberships_walk(b, NULL);
	for (size_t i = 0; i < b->d->user_count; i++) {
		b->users[i].gids = total;
		total += b->users[i].gid_count;
	}
	b->gids = calloc((size_t)total + 1, sizeof(*b->gids));
	if (!b->gids)
		return -ENOMEM;
	memberships_walk(b, b->gids);
	return 0;
}

static size_t put(char *at, const char *s)
{
	size_t len = strlen(s) + 1;

	memcpy(at, s, len);
	return len;
}

/* The home that most have is not written down: NULL. */
static const char *home_of(const struct identity_build *b, const struct user *u)
{
	size_t prefix = b->header.home_prefix.count;

	if (u->home && strncmp(u->home, b->home_prefix, prefix) == 0 && strcmp(u->home + prefix, u->o.name) == 0)
		return NULL;
	return u->home;
}

/* As validation gives it: /home/DOMAIN/. */
static void home_prefix_append(struct identity_build *b)
{
	const char *domain = b->tenant->domain_count > 0 ? b->tenant->domains[0] : b->tenant->name;
	size_t len = strlen(domain);

	if (len > IDENTITY_LOGIN_MAX) {
		b->image.error = -EMSGSIZE;
		return;
	}
	memcpy(b->home_prefix, "/home/", 6);
	memcpy(b->home_prefix + 6, domain, len);
	memcpy(b->home_prefix + 6 + len, "/", 2);
	b->header.home_prefix.count = (uint32_t)(6 + len + 1);
	b->header.home_prefix.offset = image_append(&b->image, b->home_prefix, b->header.home_prefix.count, 1);
	b->header.domain_len = b->tenant->home ? 0 : (uint32_t)len + 1;
}

static void user_append(struct identity_build *b, size_t i)
{
	const struct user *u = &b->d->users[i];
	struct shown_user *shown = &b->users[i];
	const char *gecos = u->gecos ? u->gecos : "", *shell = u->shell ? u->shell : "/bin/sh";
	const char *home = home_of(b, u);
	size_t gecos_at = strlen(shown->login) + 3, shell_at = gecos_at + strlen(gecos) + 1;
	size_t home_at = shell_at + strlen(shell) + 1, len = home_at + (home ? strlen(home) + 1 : 0);
	struct identity_user_record r = {.uid = u->uid, .gid = shown->gid};
	uint32_t offset;
	char *at;

	if (len > UINT16_MAX || shown->gid_count > UINT16_MAX)
		return;
	offset = image_append(&b->image, NULL, sizeof(r) + len, IDENTITY_RECORD_ALIGN);
	(void)image_append(&b->image, b->gids + shown->gids, shown->gid_count * sizeof(*b->gids), sizeof(*b->gids));
	if (b->image.error)
		return;
	r.gid_count = (uint16_t)shown->gid_count;
	r.strings_len = (uint16_t)len;
	r.gecos = (uint16_t)gecos_at;
	r.shell = (uint16_t)shell_at;
	r.home = home ? (uint16_t)home_at : 0;
	memcpy(r.principal, u->o.id.bytes, sizeof(r.principal));
	memcpy(image_at(&b->image, offset), &r, sizeof(r));
	at = (char *)image_at(&b->image, offset) + sizeof(r);
	at += put(at, shown->login);
	at += put(at, "*");
	at += put(at, gecos);
	at += put(at, shell);
	if (home)
		(void)put(at, home);
	shown->record = offset;
	b->user_records.offsets[b->user_records.count++] = offset;
}

static int users_append(struct identity_build *b)
{
	b->user_records.offsets = calloc(b->d->user_count + 1, sizeof(uint32_t));
	if (!b->user_records.offsets)
		return -ENOMEM;
	b->header.users.offset = image_append(&b->image, NULL, 0, IDENTITY_RECORD_ALIGN);
	for (size_t i = 0; i < b->d->user_count; i++)
		if (b->users[i].own)
			user_append(b, i);
	b->header.users.count = (uint32_t)b->image.len - b->header.users.offset;
	b->header.user_count = (uint32_t)b->user_records.count;
	return b->image.error;
}

static int compare_principals(const void *a, const void *b)
{
	const struct identity_principal *x = a, *y = b;

	return memcmp(x->id, y->id, sizeof(x->id));
}

static int principals_append(struct identity_build *b)
{
	struct identity_principal *list = calloc(b->binding_count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	b->header.gids.offset = image_append(&b->image, NULL, 0, 4);
	for (size_t i = 0; i < b->d->user_count && count < b->binding_count; i++) {
		const struct shown_user *shown = &b->users[i];

		if (!shown->login || shown->own)
			continue;
		memcpy(list[count].id, b->d->users[i].o.id.bytes, sizeof(list[count].id));
		list[count++].gids = ((uint32_t)b->image.len - b->header.gids.offset) / 4;
		(void)image_append(&b->image, &shown->gid_count, sizeof(shown->gid_count), 4);
		(void)image_append(&b->image, b->gids + shown->gids, shown->gid_count * sizeof(*b->gids), 4);
	}
	b->header.gids.count = ((uint32_t)b->image.len - b->header.gids.offset) / 4;
	qsort(list, count, sizeof(*list), compare_principals);
	b->header.principals.offset = image_append(&b->image, list, count * sizeof(*list), 4);
	b->header.principals.count = (uint32_t)count;
	free(list);
	return b->image.error;
}

/* Both kinds of record begin with their id; strings_at: where the name is. */
static int table_of(struct identity_build *b, const struct record_list *list, size_t strings_at, bool by_name,
		    struct table_entry *entries, struct table_span *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *record = image_at(&b->image, list->offsets[i]);
		const char *name = record + strings_at;
		uint32_t id;

		memcpy(&id, record, sizeof(id));
		entries[i].offset = list->offsets[i];
		entries[i].hash = by_name ? table_hash(b->header.seed, name, strlen(name))
					  : table_hash_id(b->header.seed, id);
	}
	return table_append(&b->image, entries, list->count, ret);
}

static int tables_try(struct identity_build *b, struct table_entry *entries)
{
	const size_t user = sizeof(struct identity_user_record), group = sizeof(struct identity_group_record);
	int r = table_seed(b->header.seed);

	if (r == 0)
		r = table_of(b, &b->user_records, user, true, entries, &b->header.users_by_name);
	if (r == 0)
		r = table_of(b, &b->user_records, user, false, entries, &b->header.users_by_uid);
	if (r == 0)
		r = table_of(b, &b->group_records, group, true, entries, &b->header.groups_by_name);
	if (r == 0)
		r = table_of(b, &b->group_records, group, false, entries, &b->header.groups_by_gid);
	return r;
}

int build_tables_append(struct identity_build *b)
{
	size_t users = b->user_records.count, groups = b->group_records.count, start = b->image.len;
	struct table_entry *entries = calloc((users > groups ? users : groups) + 1, sizeof(*entries));
	int r = entries ? -EAGAIN : -ENOMEM;

	for (int draw = 0; r == -EAGAIN && draw < SEED_DRAWS_MAX; draw++) {
		b->image.len = start;
		r = tables_try(b, entries);
	}
	free(entries);
	return r;
}

void build_header_put(struct identity_build *b)
{
	memcpy(&b->header.common, b->image.data, sizeof(b->header.common));
	memcpy(b->image.data, &b->header, sizeof(b->header));
}

static int build(struct identity_build *b, uint64_t generation)
{
	int r = users_pick(b);

	if (r == 0)
		r = build_groups_pick(b);
	if (r == 0)
		r = gids_build(b);
	if (r < 0)
		return r;
	image_header(&b->image, SNAPSHOT_IDENTITY, IDENTITY_VERSION, sizeof(b->header), generation,
		     b->tenant->id.bytes, NULL);
	if (b->d->in_parts)
		image_base(&b->image);
	home_prefix_append(b);
	r = users_append(b);
	if (r == 0)
		r = build_groups_append(b);
	if (r < 0)
		return r;
	r = principals_append(b);
	if (r == 0)
		r = build_tables_append(b);
	if (r < 0)
		return r;
	build_header_put(b);
	return 0;
}

int identity_write(const char *path, uint64_t generation, const struct directory *d, const struct host_config *host,
		   const struct tenant_config *tenant, const struct index_binding *bindings, size_t binding_count)
{
	struct identity_build b = {.d = d, .host = host, .tenant = tenant};
	int r = bindings_pick(&b, bindings, binding_count);

	if (r == 0)
		r = build(&b, generation);
	if (r == 0)
		r = image_write(&b.image, path, 0644);
	image_done(&b.image);
	free(b.bindings);
	free(b.users);
	free(b.logins);
	free(b.groups);
	free(b.gids);
	free(b.user_records.offsets);
	free(b.group_records.offsets);
	return r;
}
