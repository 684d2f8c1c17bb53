/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_VALIDATE_H
#define TENURE_MODEL_VALIDATE_H

/*
 * Holds a directory against the rules of the vocabulary and against this host: names, id ranges, collisions with
 * local accounts, dangling references, duplicates. What gives and is broken is dropped and reported; what only
 * restricts and is broken sets directory.broken_restriction.
 */

#include "common/model/directory.h"

/*
 * What the host itself has; local_accounts_read fills it from files, never through NSS (we may be NSS). Lines are read
 * as glibc reads them, so that nobody is an account for the host and none for us.
 */
struct local_account {
	char *name;
	uint32_t id, gid;
	uint32_t line; /* of its file, from 1 */
};

struct local_accounts {
	struct local_account *users, *groups; /* sorted by name; of equal names the first line first */
	size_t user_count, group_count;
	struct id_range *reserved; /* subuid, subgid */
	char **reserved_place;	   /* "/etc/subuid:1 (bob)" */
	size_t reserved_count;
	const char *failed; /* after an error: which file it was ("subuid"), static */
};

/*
 * etc: the folder that holds passwd, group, subuid, subgid ("/etc"). 0; a missing subuid is fine. -errno: *ret holds
 * nothing but `failed`.
 */
int local_accounts_read(const char *etc, struct local_accounts *ret) MUST_CHECK;
void local_accounts_done(struct local_accounts *a);
const struct local_account *local_user_by_name(const struct local_accounts *a, const char *name);
const struct local_account *local_user_by_uid(const struct local_accounts *a, uint32_t uid);
const struct local_account *local_group_by_name(const struct local_accounts *a, const char *name);
const struct local_account *local_group_by_gid(const struct local_accounts *a, uint32_t gid);

/* Why nobody from a directory may ever have this id, whatever the range says; NULL if they may (T22). */
const char *id_refusal(uint32_t id);

struct tenant_config;

/*
 * Validates in place, resolves every reference and computes each group's closure. Problems are added to the list.
 * 0 (also with problems) or -ENOMEM, after which the directory must not be used.
 */
int directory_validate(struct directory *d, const struct tenant_config *tenant, const struct local_accounts *local,
		       struct problem_list *problems) MUST_CHECK;

/* What of that is about a user's own fields alone, his name and ids aside. Defaults are filled in. 0 or -ENOMEM. */
int user_validate(struct user *u, const struct tenant_config *tenant, struct problem_list *problems) MUST_CHECK;

/* A reference of a list that leads nowhere, where that is all that follows from it. word, target: "group", "member". */
void validate_report_missing(struct problem_list *problems, const char *word, const struct object *owner, const char *target,
			     const char *name);

#endif
