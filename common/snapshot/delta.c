/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs in other people's processes: no stdio, no allocation of its own. */
#include "common/snapshot/delta.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define ID_DIGITS 16
/* So often in a row a base can be replaced while it is opened. */
#define TRIES_MAX 8

static const struct snapshot_header *header_of(const struct snapshot *s)
{
	return snapshot_header(s, sizeof(struct snapshot_header));
}

uint64_t snapshot_base_id(const struct snapshot *s)
{
	return s->data ? header_of(s)->base_id : 0;
}

int snapshot_delta_path(const char *tenant, const char *file, uint64_t base_id, char *buf, size_t len)
{
	int r = snapshot_tenant_path(tenant, file, buf, len);
	size_t at = r == 0 ? strlen(buf) : 0;

	if (r < 0 || len - at < ID_DIGITS + 2)
		return -ENAMETOOLONG;
	buf[at++] = '.';
	for (int shift = 60; shift >= 0; shift -= 4)
		buf[at++] = "0123456789abcdef"[base_id >> shift & 15];
	buf[at] = '\0';
	return 0;
}

bool snapshot_is_delta_name(const char *name, const char *file, uint64_t *ret_id)
{
	const size_t len = strlen(file);
	uint64_t id = 0;

	if (strncmp(name, file, len) != 0 || name[len] != '.' || strlen(name) != len + 1 + ID_DIGITS)
		return false;
	for (const char *p = name + len + 1; *p; p++) {
		const char *digit = strchr("0123456789abcdef", *p);

		if (!digit)
			return false;
		id = id << 4 | (uint64_t)(digit - "0123456789abcdef");
	}
	*ret_id = id;
	return true;
}

int snapshot_check_delta(const struct snapshot *s, enum snapshot_kind kind, uint32_t version, const struct snapshot *base)
{
	int r = snapshot_check(s, kind, version);

	if (r < 0)
		return r;
	if (header_of(s)->delta_sequence == 0 || header_of(s)->base_id != header_of(base)->base_id ||
	    memcmp(header_of(s)->tenant_id, header_of(base)->tenant_id, sizeof(header_of(s)->tenant_id)) != 0)
		return -EBADMSG;
	return 0;
}

/* 0; -EAGAIN: the base was replaced meanwhile; -errno. */
static int map_delta(struct safe_walk *walk, const char *tenant, const char *file, enum snapshot_kind kind,
		     uint32_t version, struct snapshot_pair *p)
{
	char path[SNAPSHOT_PATH_MAX];
	int r = snapshot_delta_path(tenant, file, snapshot_base_id(&p->base), path, sizeof(path));

	if (r == 0)
		r = snapshot_map(walk, path, kind, version, &p->delta);
	if (r == 0)
		return snapshot_check_delta(&p->delta, kind, version, &p->base);
	p->delta = (struct snapshot){.data = NULL};
	if (r != -ENOENT)
		return r;
	r = snapshot_tenant_path(tenant, file, path, sizeof(path));
	return r < 0 ? r : snapshot_is_current(&p->base, path) ? 0 : -EAGAIN;
}

static int map_base(struct safe_walk *walk, const char *tenant, const char *file, enum snapshot_kind kind, uint32_t version,
		    struct snapshot *ret)
{
	char path[SNAPSHOT_PATH_MAX];
	int r = snapshot_tenant_path(tenant, file, path, sizeof(path));

	if (r == 0)
		r = snapshot_map(walk, path, kind, version, ret);
	if (r == 0 && header_of(ret)->delta_sequence != 0) {
		snapshot_unmap(ret);
		return -EBADMSG;
	}
	return r;
}

int snapshot_map_pair(struct safe_walk *walk, const char *tenant, const char *file, enum snapshot_kind kind,
		      uint32_t version, struct snapshot_pair *ret)
{
	struct snapshot_pair p = {.base = {.data = NULL}};
	int r = -EAGAIN;

	for (int i = 0; i < TRIES_MAX && r == -EAGAIN; i++) {
		r = map_base(walk, tenant, file, kind, version, &p.base);
		if (r == 0 && snapshot_base_id(&p.base) != 0)
			r = map_delta(walk, tenant, file, kind, version, &p);
		if (r < 0)
			snapshot_unmap_pair(&p);
	}
	if (r == 0)
		*ret = p;
	return r;
}

void snapshot_unmap_pair(struct snapshot_pair *p)
{
	snapshot_unmap(&p->base);
	snapshot_unmap(&p->delta);
}

bool snapshot_pair_is_current(const struct snapshot_pair *p, const char *tenant, const char *file)
{
	char path[SNAPSHOT_PATH_MAX];
	struct stat st;

	if (snapshot_tenant_path(tenant, file, path, sizeof(path)) < 0 || !snapshot_is_current(&p->base, path))
		return false;
	if (snapshot_base_id(&p->base) == 0)
		return true;
	if (snapshot_delta_path(tenant, file, snapshot_base_id(&p->base), path, sizeof(path)) < 0)
		return false;
	return p->delta.data ? snapshot_is_current(&p->delta, path) : stat(path, &st) < 0 && errno == ENOENT;
}
