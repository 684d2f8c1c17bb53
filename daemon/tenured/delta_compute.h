/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_DELTA_COMPUTE_H
#define TENURE_TENURED_DELTA_COMPUTE_H

/* Between delta_compute.c and delta_parse.c: one computation at work. All return 0, -EAGAIN (it cannot be told) or -errno. */

#include "common/mirror/mirror_build.h"
#include "daemon/tenured/delta.h"

struct parsed_user {
	struct user *user;
	uint32_t offset;
	char *login; /* of somebody who is not in the base */
	bool taken;
	struct source_object source;
};

struct computation {
	const struct delta *d;
	const struct delta_base *base;
	const struct delta_where *w;
	const struct tenant_config *tenant;
	const struct mirror *m;
	struct parsed_user *added; /* who are not in the base, in the order of a directory */
	size_t added_count;
	struct problem_list problems;
	struct builder builder;
	struct delta_set *set;
	uint32_t *offsets; /* of users who are or may be other; each may stand in it more than once */
	size_t offset_count, offset_size;
};

/* A user of the base, or new, and his offset. */
int delta_parse_user(struct computation *c, const struct uuid *id, struct parsed_user *p) MUST_CHECK;
/* A group, and who was and is in it. */
int delta_parse_group(struct computation *c, const struct uuid *id, struct delta_group *g) MUST_CHECK;
/* As the record shows; of somebody new, what is known before his record is made. */
int delta_user_at(const struct computation *c, uint32_t offset, struct identity_user *ret) MUST_CHECK;

/* Somebody is other, or may be. */
int delta_add_offset(struct computation *c, uint32_t offset) MUST_CHECK;
/* Sorts, and keeps each once; returns how many are left. */
size_t delta_unique(uint32_t *list, size_t count);

#endif
