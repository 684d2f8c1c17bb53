/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The delta of an identity: records as identity_write.c makes them, of what is other than in the base. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/identity_build.h"
#include "common/snapshot/identity_file.h"

static void user_append(struct identity_build *b, const struct identity_user *u)
{
	struct identity_user_record r = {.uid = u->uid, .gid = u->gid};
	uint32_t offset;

	if (u->strings_len > UINT16_MAX || u->gid_count > UINT16_MAX) {
		b->image.error = -EMSGSIZE;
		return;
	}
	r.gid_count = (uint16_t)u->gid_count;
	r.strings_len = (uint16_t)u->strings_len;
	r.gecos = (uint16_t)(u->gecos - u->strings);
	r.shell = (uint16_t)(u->shell - u->strings);
	r.home = u->home ? (uint16_t)(u->home - u->strings) : 0;
	memcpy(r.principal, u->principal.bytes, sizeof(r.principal));
	offset = image_append(&b->image, &r, sizeof(r), IDENTITY_RECORD_ALIGN);
	(void)image_append(&b->image, u->strings, u->strings_len, 1);
	(void)image_append(&b->image, u->gids, u->gid_count * sizeof(*u->gids), sizeof(*u->gids));
	b->user_records.offsets[b->user_records.count++] = offset;
}

static void group_append(struct identity_build *b, const struct identity_group *g)
{
	const size_t name_len = strlen(g->name) + 1;
	const struct identity_group_record r = {.gid = g->gid,
						.member_count = (uint32_t)g->member_count,
						.members_len = (uint32_t)g->members_len,
						.strings_len = (uint16_t)name_len,
						.kind = IDENTITY_GROUP_NAMES};
	const uint32_t offset = image_append(&b->image, &r, sizeof(r), IDENTITY_RECORD_ALIGN);

	(void)image_append(&b->image, g->name, name_len, 1);
	(void)image_append(&b->image, g->member_lengths, g->member_count, 1);
	(void)image_append(&b->image, g->members, g->members_len, 1);
	b->group_records.offsets[b->group_records.count++] = offset;
}

static int compare_offsets(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int records_append(struct identity_build *b, const struct identity_delta *delta)
{
	b->user_records.offsets = calloc(delta->user_count + 1, sizeof(uint32_t));
	b->group_records.offsets = calloc(delta->group_count + 1, sizeof(uint32_t));
	if (!b->user_records.offsets || !b->group_records.offsets)
		return -ENOMEM;
	b->header.users.offset = image_append(&b->image, NULL, 0, IDENTITY_RECORD_ALIGN);
	for (size_t i = 0; i < delta->user_count; i++)
		user_append(b, &delta->users[i]);
	b->header.users.count = (uint32_t)b->image.len - b->header.users.offset;
	b->header.user_count = (uint32_t)delta->user_count;
	b->header.groups.offset = image_append(&b->image, NULL, 0, IDENTITY_RECORD_ALIGN);
	for (size_t i = 0; i < delta->group_count; i++)
		group_append(b, &delta->groups[i]);
	b->header.groups.count = (uint32_t)b->image.len - b->header.groups.offset;
	b->header.group_count = (uint32_t)delta->group_count;
	if (delta->replaced_count > 0)
		qsort(delta->replaced, delta->replaced_count, sizeof(*delta->replaced), compare_offsets);
	b->header.gids.offset =
		image_append(&b->image, delta->replaced, delta->replaced_count * sizeof(*delta->replaced), 4);
	b->header.gids.count = (uint32_t)delta->replaced_count;
	b->header.principals.offset = image_append(&b->image, NULL, 0, 4);
	return b->image.error;
}

static int build(struct identity_build *b, uint64_t generation, const struct identity *base,
		 const struct identity_delta *delta)
{
	int r;

	image_header(&b->image, SNAPSHOT_IDENTITY, IDENTITY_VERSION, sizeof(b->header), generation,
		     base->header->common.tenant_id, NULL);
	image_delta(&b->image, identity_base_id(base), delta->sequence);
	b->header.domain_len = base->header->domain_len;
	b->header.home_prefix.count = base->header->home_prefix.count;
	b->header.home_prefix.offset = image_append(&b->image, base->home_prefix, b->header.home_prefix.count, 1);
	r = records_append(b, delta);
	if (r == 0)
		r = build_tables_append(b);
	if (r == 0)
		build_header_put(b);
	return r;
}

int identity_delta_write(const char *path, uint64_t generation, const struct identity *base,
			 const struct identity_delta *delta)
{
	struct identity_build b = {.d = NULL};
	int r = build(&b, generation, base, delta);

	if (r == 0)
		r = image_write(&b.image, path, 0644);
	image_done(&b.image);
	free(b.user_records.offsets);
	free(b.group_records.offsets);
	return r;
}
