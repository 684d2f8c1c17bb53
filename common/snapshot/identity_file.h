/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_IDENTITY_FILE_H
#define TENURE_SNAPSHOT_IDENTITY_FILE_H

/* An open identity, between identity.c (users) and identity_group.c (groups): checked access to its records. */

#include "common/snapshot/identity.h"
#include "common/snapshot/identity_format.h"

struct identity {
	struct snapshot map;
	const struct identity_header *header;
	struct table users_by_name, users_by_uid, groups_by_name, groups_by_gid;
	const uint32_t *gids;
	const struct identity_principal *principals;
	const char *home_prefix;
	struct identity *delta; /* NULL: none; its gids are the records of ours that do not count any more */
};

/* A record of a section at offset from the file's start; NULL if it does not lie in the section. */
const void *identity_record_at(const struct identity *id, struct snapshot_span section, uint32_t offset, size_t size);

/*
 * The record, its strings and gids, all inside; each string ends where the next begins; "*" between name and gecos.
 * *ret_size: of the record, where one of that size lies in the section; else 0.
 */
const struct identity_user_record *identity_user_record(const struct identity *id, uint32_t offset, size_t *ret_size);

/* Behind a record of that size; where there is none (0), nothing can be told apart any more: to the end. */
void identity_cursor_move(size_t *cursor, size_t size, size_t count);

/* Does the delta stand in the place of that record? */
bool identity_is_replaced(const struct identity *id, uint32_t offset);

/* The next user of this file, its delta aside, at or behind *cursor. 0, -ENOENT, -EBADMSG. */
int identity_own_user_next(const struct identity *id, size_t *cursor, struct identity_user *ret) MUST_CHECK;

#endif
