/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity: whatever the file holds, what the reader answers lies inside it, and its ids are such as may be given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/identity.h"
#include "common/snapshot/identity_format.h"
#include "tests/fuzz/snapshot_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint32_t sum;

static void read_user(const struct identity_user *u)
{
	snapshot_input_read(u->name);
	snapshot_input_read(u->gecos);
	snapshot_input_read(u->home);
	for (size_t i = 0; i < u->home_prefix_len; i++)
		sum += (uint8_t)u->home_prefix[i];
	if (u->short_len > u->name_len)
		abort();
	snapshot_input_read(u->shell);
	if (u->uid < 1000 || u->gid < 1000 || u->uid > INT32_MAX || u->gid > INT32_MAX)
		abort();
	for (size_t i = 0; i < u->gid_count; i++)
		sum += u->gids[i];
}

static void read_group(const struct identity *id, const struct identity_group *g)
{
	const char *name;
	size_t len;

	snapshot_input_read(g->name);
	for (size_t i = 0; i < g->member_count && i < 64; i++)
		if (identity_member(id, g, i, &name, &len) == 0)
			for (size_t k = 0; k <= len; k++)
				sum += (uint8_t)name[k];
	for (size_t i = 0; g->members && i < g->members_len; i++)
		sum += (uint8_t)g->members[i];
	if (g->gid < 1000 || g->gid > INT32_MAX)
		abort();
}

static void walk(const struct identity *id)
{
	struct identity_user u, found;
	struct identity_group g, same;
	struct identity_role_group r;
	size_t cursor = 0;
	int e;

	/* What is damaged is passed over: every walk ends. */
	while ((e = identity_user_next(id, &cursor, &u)) != -ENOENT) {
		if (e < 0)
			continue;
		read_user(&u);
		if (identity_user_by_name(id, u.name, &found) == 0)
			read_user(&found);
		if (identity_user_by_uid(id, u.uid, &found) == 0)
			read_user(&found);
	}
	for (cursor = 0; (e = identity_group_next(id, &cursor, &g)) != -ENOENT;) {
		if (e < 0)
			continue;
		read_group(id, &g);
		if (identity_group_by_gid(id, g.gid, &same) == 0)
			read_group(id, &same);
	}
	for (cursor = 0; (e = identity_role_group_next(id, &cursor, &r)) != -ENOENT;) {
		if (e < 0)
			continue;
		snapshot_input_read(r.name);
		snapshot_input_read(r.argument);
	}
}

/* The same bytes as a base and as its delta. */
static void walk_pair(const struct snapshot *s)
{
	const size_t size = (s->len + 63) / 64 * 64;
	uint8_t *bytes[2] = {aligned_alloc(64, size), aligned_alloc(64, size)};
	struct snapshot both[2];
	struct identity *id;

	for (size_t i = 0; i < 2; i++) {
		struct snapshot_header *h = (void *)bytes[i];

		if (!h)
			abort();
		memcpy(bytes[i], s->data, s->len);
		h->base_id = 1;
		h->delta_sequence = i;
		both[i] = (struct snapshot){.data = bytes[i], .len = s->len, .borrowed = true};
	}
	if (identity_from_pair(&both[0], &both[1], &id) == 0) {
		walk(id);
		identity_close(id);
	}
	free(bytes[0]);
	free(bytes[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct uuid principal = {{1}};
	const uint32_t *gids;
	struct identity_user u;
	struct identity_group g;
	struct identity_role_group r;
	struct identity *id;
	struct snapshot s;
	size_t count;

	if (!snapshot_input(data, size, SNAPSHOT_IDENTITY, IDENTITY_VERSION, sizeof(struct identity_header), &s))
		return 0;
	if (identity_from(&s, &id) == 0) {
		if (identity_user_by_name(id, "alice", &u) == 0)
			read_user(&u);
		if (identity_user_by_uid(id, 1900000003, &u) == 0)
			read_user(&u);
		if (identity_group_by_name(id, "dba", &g) == 0)
			read_group(id, &g);
		if (identity_role_group_by_name(id, "become-root", &r) == 0)
			snapshot_input_read(r.argument);
		if (identity_gids_of_principal(id, &principal, &gids, &count) == 0)
			for (size_t i = 0; i < count; i++)
				sum += gids[i];
		walk(id);
		identity_close(id);
	}
	if (s.len >= sizeof(struct snapshot_header))
		walk_pair(&s);
	snapshot_input_done(&s);
	return 0;
}
