/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_DELTA_COMPUTE_H
#define TENURE_TENURED_DELTA_COMPUTE_H

/*
 * Between delta_compute.c (all of it), delta_user.c and delta_fresh.c (users that changed) and delta_group.c (groups): one
 * computation at work. All return 0, -EAGAIN (it cannot be told) or -errno.
 */

#include "common/mirror/mirror_build.h"
#include "daemon/tenured/delta.h"

/* Somebody whose entry changed. */
struct parsed_user {
	struct delta_entry entry;
	struct user *user; /* NULL: gone */
	char *login;	   /* as he shows now; NULL: gone */
	uint32_t offset;   /* of his record in the base, or DELTA_ADDED */
	uint32_t position; /* of the principal in the base */
	bool in_base;
	bool renamed, moved, renumbered, regrouped; /* is in the base, under another name, DN, uid, gid */
	struct identity_user base;
	const char *base_name; /* in the directory */
	struct source_object source;
};

struct computation {
	const struct delta *d;
	const struct delta_base *base;
	const struct delta_where *w;
	const struct tenant_config *tenant;
	const struct mirror *m;
	const struct delta_objects *const *changed;
	size_t changed_count;
	struct parsed_user *parsed; /* ascending by offset */
	size_t parsed_count;
	const struct parsed_user **named; /* those who are there, and new or under another name; ascending by name */
	size_t named_count;
	struct problem_list problems;
	struct builder builder;
	struct delta_set *set;
	uint32_t *offsets; /* of users who are or may be other; each may stand in it more than once */
	size_t offset_count, offset_size;
};

/* delta_user.c */

/* Who he is now, and who in the base. *ret_nobody: he is in neither. */
int delta_parse_user(struct computation *c, const struct delta_entry *entry, struct parsed_user *p, bool *ret_nobody) MUST_CHECK;
/* All that were parsed, in order, numbered, their names to be found. */
int delta_order_users(struct computation *c) MUST_CHECK;
struct parsed_user *delta_parsed_at(const struct computation *c, uint32_t offset);
/* As he shows now, his groups and his own fields aside: these are the base's. */
int delta_user_at(const struct computation *c, uint32_t offset, struct identity_user *ret) MUST_CHECK;
/* By the name in the directory, as it is now. -ENOENT: nobody has it. */
int delta_find_user(const struct computation *c, const char *name, uint32_t *ret_offset) MUST_CHECK;
/* Has he left the name that he has in the base? */
bool delta_has_left(const struct computation *c, uint32_t offset);
/* name, or name@domain. */
#define DELTA_LOGIN_SIZE 256
int delta_login(const struct computation *c, const char *name, char ret[static DELTA_LOGIN_SIZE]) MUST_CHECK;
/* As sound as it is to be? */
int delta_verdict(const struct computation *c, bool parsed) MUST_CHECK;
int delta_source_of(const struct computation *c, const struct uuid *uuid, struct source_object *ret) MUST_CHECK;

/* delta_fresh.c: may those who came, went, or became other be so, as far as the base and the others say? */
int delta_check_users(struct computation *c) MUST_CHECK;

/* delta_group.c */

/* Groups whose members may be other by what became of users. */
int delta_add_groups(const struct computation *c, struct delta_objects *all) MUST_CHECK;
/* A group, and who was and is in it. *ret_nothing: it is in neither base nor mirror. */
int delta_parse_group(struct computation *c, const struct uuid *id, struct delta_group *g, bool *ret_nothing) MUST_CHECK;

/* delta_nest.c */

/* Groups that those are in, however deep, by the bases. */
int delta_add_above(const struct computation *c, struct delta_objects *all) MUST_CHECK;
/* Who is in the group by groups that are in it now. */
int delta_members_below(struct computation *c, struct delta_group *g) MUST_CHECK;
/* Of a name that nobody shows by: is there nobody, either, who shows not? */
bool delta_is_nobody(const struct computation *c, const char *name);

/* delta_shape.c */

/* Groups that came, went, or became other ones: may they, as far as the base and the others say? */
int delta_check_groups(const struct computation *c) MUST_CHECK;
/* The same of one group alone: which it is in the base and now. *ret_nothing: in neither. */
int delta_find_group(struct computation *c, const struct uuid *entry, struct delta_group *g, bool *ret_nothing) MUST_CHECK;

/* Is it nobody's and nothing's, but for groups that are new? */
bool delta_id_is_free(const struct computation *c, const struct uuid *id);

/* delta_assign.c */

/* Assignments; the groups that they are given to become some of those to be looked at. */
int delta_parse_assignments(struct computation *c, struct delta_objects *all) MUST_CHECK;
/* When groups are parsed: whoever has one, or had. */
int delta_add_holders(struct computation *c) MUST_CHECK;

/* Is the group itself another one, and not looked at for others' sake alone? */
bool delta_has_changed_group(const struct computation *c, const struct uuid *entry);
/* Somebody is other, or may be. */
int delta_add_offset(struct computation *c, uint32_t offset) MUST_CHECK;
/* Sorts, and keeps each once; returns how many are left. */
size_t delta_unique(uint32_t *list, size_t count);

#endif
