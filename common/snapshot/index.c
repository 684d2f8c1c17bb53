/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/index.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/snapshot/index_format.h"
#include "common/snapshot/table.h"

struct index_view {
	struct snapshot map;
	uint64_t generation; /* read before the file was opened; 0: look at the file */
	const struct index_header *header;
	const struct index_tenant_record *tenants;
	const struct index_domain_record *domains;
	const struct index_local_record *locals;
	const struct index_service_record *services;
	const uint32_t *break_glass;
	const struct index_trust_record *trusts;
	uint32_t trust_count; /* 0 for a file of before there were any */
	struct snapshot_pool strings;
};

static int sections_open(struct index_view *v)
{
	/* A file of before there were trusts has all but the last of it. */
	const struct index_header *h = snapshot_header(&v->map, offsetof(struct index_header, trusts));

	if (!h || h->checksum != snapshot_checksum(v->map.data, v->map.len, offsetof(struct index_header, checksum)))
		return -EBADMSG;
	v->header = h;
	v->tenants = snapshot_section(&v->map, h->tenants, sizeof(*v->tenants), 4);
	v->domains = snapshot_section(&v->map, h->domains, sizeof(*v->domains), 4);
	v->locals = snapshot_section(&v->map, h->locals, sizeof(*v->locals), 4);
	v->services = snapshot_section(&v->map, h->services, sizeof(*v->services), 4);
	v->break_glass = snapshot_section(&v->map, h->break_glass, sizeof(*v->break_glass), 4);
	if (!v->tenants || !v->domains || !v->locals || !v->services || !v->break_glass)
		return -EBADMSG;
	if (snapshot_header(&v->map, sizeof(*h))) {
		v->trusts = snapshot_section(&v->map, h->trusts, sizeof(*v->trusts), 4);
		if (!v->trusts)
			return -EBADMSG;
		v->trust_count = h->trusts.count;
	}
	return snapshot_pool(&v->map, h->strings, &v->strings);
}

int index_from(const struct snapshot *s, struct index_view **ret)
{
	struct index_view *v;
	int r = snapshot_check(s, SNAPSHOT_INDEX, INDEX_VERSION);

	if (r < 0)
		return r;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->map = *s;
	r = sections_open(v);
	if (r < 0) {
		free(v);
		return r;
	}
	*ret = v;
	return 0;
}

static int index_path(char path[static SNAPSHOT_PATH_MAX])
{
	const char *state = tenure_path(PATH_STATE);
	size_t len = strlen(state);

	if (len + sizeof("/index") > SNAPSHOT_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, state, len);
	memcpy(path + len, "/index", sizeof("/index"));
	return 0;
}

int index_open_near(struct safe_walk *walk, struct index_view **ret)
{
	char path[SNAPSHOT_PATH_MAX];
	struct snapshot s;
	int r = index_path(path);

	if (r == 0)
		r = snapshot_map(walk, path, SNAPSHOT_INDEX, INDEX_VERSION, &s);
	if (r < 0)
		return r;
	r = index_from(&s, ret);
	if (r < 0)
		snapshot_unmap(&s);
	return r;
}

int index_open(struct index_view **ret)
{
	uint64_t generation = generation_read();
	int r = index_open_near(NULL, ret);

	if (r == 0)
		(*ret)->generation = generation;
	return r;
}

void index_close(struct index_view *v)
{
	if (v)
		snapshot_unmap(&v->map);
	free(v);
}

void index_closep(struct index_view **v)
{
	index_close(*v);
	*v = NULL;
}

bool index_is_current(const struct index_view *v)
{
	uint64_t generation = generation_read();
	char path[SNAPSHOT_PATH_MAX];

	if (generation != 0 && generation == v->generation)
		return true;
	return index_path(path) == 0 && snapshot_is_current(&v->map, path);
}

size_t index_tenant_count(const struct index_view *v)
{
	return v->header->tenants.count;
}

int index_tenant(const struct index_view *v, size_t i, struct index_tenant *ret)
{
	const struct index_tenant_record *t;
	int r;

	if (i >= v->header->tenants.count)
		return -ENOENT;
	t = &v->tenants[i];
	r = pool_string(&v->strings, t->name, false, &ret->name);
	if (r == 0)
		r = pool_string(&v->strings, t->domain, true, &ret->domain);
	if (r < 0)
		return r;
	memcpy(ret->id.bytes, t->id, sizeof(t->id));
	ret->id_range = (struct id_range){t->first_id, t->last_id};
	ret->role_gids = (struct id_range){t->first_role_gid, t->last_role_gid};
	ret->visibility = t->visibility == VISIBILITY_ALL ? VISIBILITY_ALL : VISIBILITY_TENANT;
	ret->home = t->flags & INDEX_TENANT_HOME;
	ret->ldap = t->flags & INDEX_TENANT_LDAP;
	ret->trusted = t->flags & INDEX_TENANT_TRUSTED;
	return 0;
}

int index_trusts(const struct index_view *v, size_t of, size_t from, bool *ret)
{
	*ret = false;
	for (uint32_t i = 0; i < v->trust_count; i++) {
		if (v->trusts[i].of >= v->header->tenants.count || v->trusts[i].from >= v->header->tenants.count)
			return -EBADMSG;
		if (v->trusts[i].of == of && v->trusts[i].from == from)
			*ret = true;
	}
	return 0;
}

int index_tenant_by_domain(const struct index_view *v, const char *domain, size_t *ret)
{
	size_t low = 0, high = v->header->domains.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *name;
		int order;

		if (pool_string(&v->strings, v->domains[middle].name, false, &name) < 0)
			return -EBADMSG;
		order = strcmp(domain, name);
		if (order == 0) {
			*ret = v->domains[middle].tenant;
			return *ret < v->header->tenants.count ? 0 : -EBADMSG;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

size_t index_local_count(const struct index_view *v)
{
	return v->header->locals.count;
}

int index_local(const struct index_view *v, size_t i, uid_t *ret_uid, struct index_login *ret)
{
	const struct index_local_record *l;
	int r;

	if (i >= v->header->locals.count)
		return -ENOENT;
	l = &v->locals[i];
	if (l->tenant >= v->header->tenants.count)
		return -EBADMSG;
	r = pool_string(&v->strings, l->login, false, &ret->login);
	if (r < 0)
		return r;
	ret->governed = l->flags & INDEX_LOCAL_GOVERNS_LOGIN ? GOVERNED_LOCAL_LOGIN : GOVERNED_LOCAL;
	ret->tenant = l->tenant;
	if ((l->flags & INDEX_LOCAL_BROKEN) || l->uid == NO_ID)
		return -EKEYREVOKED;
	memcpy(ret->principal.bytes, l->principal, sizeof(l->principal));
	*ret_uid = l->uid;
	return 0;
}

/*
 * MUST: what cannot be read is never "not governed". An index without uid 0 is no exception: root is decided before
 * anything is read.
 */
int index_login_by_uid(const struct index_view *v, uid_t uid, struct index_login *ret)
{
	*ret = (struct index_login){.governed = GOVERNED_NOT};
	if (uid == 0)
		return 0;
	for (size_t i = 0; i < v->header->locals.count; i++) {
		uid_t local_uid;

		if (v->locals[i].uid == uid)
			return index_local(v, i, &local_uid, ret);
	}
	for (size_t i = 0; i < v->header->tenants.count; i++) {
		if (uid < v->tenants[i].first_id || uid > v->tenants[i].last_id)
			continue;
		ret->governed = GOVERNED_TENANT;
		ret->tenant = i;
		return 0;
	}
	return 0;
}

int index_login_by_name(const struct index_view *v, const char *login, struct index_login *ret)
{
	size_t low = 0, high = v->header->locals.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *name;
		uid_t uid;
		int order;

		if (pool_string(&v->strings, v->locals[middle].login, false, &name) < 0)
			return -EBADMSG;
		order = strcmp(login, name);
		if (order == 0)
			return index_local(v, middle, &uid, ret);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

static int service_read(const struct index_service_record *s, enum service_class *ret, enum gate_mode *ret_mode)
{
	switch (s->service_class) {
	case SERVICE_GATE:
		if (s->mode != GATE_ENFORCE && s->mode != GATE_REPORT_ONLY)
			return -EBADMSG;
		*ret_mode = (enum gate_mode)s->mode;
		break;
	case SERVICE_LOGIN:
	case SERVICE_BATCH:
		break;
	default:
		return -EBADMSG;
	}
	*ret = (enum service_class)s->service_class;
	return 0;
}

int index_service(const struct index_view *v, const char *service, enum service_class *ret, enum gate_mode *ret_mode)
{
	*ret = SERVICE_NONE;
	*ret_mode = GATE_ENFORCE;
	for (size_t i = 0; i < v->header->services.count; i++) {
		const char *name;

		if (pool_string(&v->strings, v->services[i].name, false, &name) < 0)
			return -EBADMSG;
		if (strcmp(service, name) == 0)
			return service_read(&v->services[i], ret, ret_mode);
	}
	return 0;
}

bool index_break_glass(const struct index_view *v, const char *login)
{
	for (size_t i = 0; i < v->header->break_glass.count; i++) {
		const char *name;

		if (pool_string(&v->strings, v->break_glass[i], false, &name) == 0 && strcmp(login, name) == 0)
			return true;
	}
	return false;
}

const struct uuid *index_host_id(const struct index_view *v)
{
	_Static_assert(sizeof(struct uuid) == 16 && __alignof__(struct uuid) == 1, "read where it lies");
	return (const void *)v->header->host_id;
}
