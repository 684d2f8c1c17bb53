/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MIRROR_MIRROR_H
#define TENURE_MIRROR_MIRROR_H

/*
 * What a tenant's LDAP directory said, object by object, as the worker sent it (sync_proto.h): in memory once, and below
 * PATH_STATE/mirror (0600), so that a broker that starts, or a host without network, knows it too. A change costs what
 * the change is, here and on the disk: the file is a log that is written anew when more than half of it is old.
 *
 * MUST: a batch counts whole or not at all (a crash, a lost connection, a full disk); nothing of it is believed beyond
 * its bounds; a file that does not hold is no mirror: everything is asked for again, and what is published stays.
 */

#include "common/model/settings.h"
#include "common/wire/sync_proto.h"

struct mirror;

/*
 * Opens, or begins, the mirror of the tenant. What it holds under another tenant id, or by another mapping (bases,
 * filters, attributes), stays readable until the next batch, but its cookie is gone. 0 or -errno; damage is no error:
 * *ret_damaged, and the mirror is empty.
 */
int mirror_open(const struct tenant_config *tenant, struct mirror **ret, bool *ret_damaged) MUST_CHECK;
/* The same for who only looks: nothing is written, and it takes no batch. -ENOENT: nothing was ever kept. */
int mirror_read(const struct tenant_config *tenant, struct mirror **ret, bool *ret_damaged) MUST_CHECK;
void mirror_close(struct mirror *m);
/* Removes the file of a tenant that is no longer bound. */
int mirror_remove(const char *tenant) MUST_CHECK;

/* NULL: none, everything is to be sent. */
const void *mirror_cookie(const struct mirror *m, size_t *ret_len);
size_t mirror_count(const struct mirror *m);
/* When a batch was last complete (REALTIME); 0: never, so that there is nothing to build from. */
int64_t mirror_complete_ns(const struct mirror *m);
/* Bytes in memory and on disk, for `tenure status` and benchmarks. */
void mirror_sizes(const struct mirror *m, size_t *ret_memory, size_t *ret_disk);

/*
 * A batch. Each of these opens one if none is open. 0; -EBADMSG: no object (the worker lies: it is to be ended);
 * -EFBIG: more than MIRROR_OBJECTS_MAX; -ENOMEM. After an error the batch is to be aborted.
 */
#define MIRROR_OBJECTS_MAX 4000000u
int mirror_begin(struct mirror *m) MUST_CHECK;
/* The object's fields; copied. The same as before: costs nothing more. */
int mirror_entry(struct mirror *m, const void *object, size_t len) MUST_CHECK;
int mirror_deleted(struct mirror *m, const struct uuid *uuid) MUST_CHECK;
/* One that we do not have: -ENOENT, which means that our cookie was wrong; everything is to be sent. */
int mirror_present(struct mirror *m, const struct uuid *uuid) MUST_CHECK;
/*
 * The batch counts: on disk, then in memory. all: what it did not mention is gone. changed: for each object that is new,
 * other or gone (then `now` is NULL), before anything of the old one is freed; may be NULL. 0, or -errno: nothing of it
 * counts, and it is aborted.
 */
struct mirror_change {
	enum object_kind kind;
	struct uuid uuid;
	const void *before, *now; /* objects' fields; NULL: was not there, is gone */
	size_t before_len, now_len;
};
typedef void (*mirror_change_fn)(void *context, const struct mirror_change *change);
int mirror_commit(struct mirror *m, bool all, const void *cookie, size_t cookie_len, int64_t realtime_ns,
		  mirror_change_fn changed, void *context, size_t *ret_changes) MUST_CHECK;
void mirror_abort(struct mirror *m);
/* The cookie does not hold: forgotten, here and on disk. */
int mirror_forget_cookie(struct mirror *m) MUST_CHECK;

/*
 * The directory that it stands for (mirror_build.c), parsed and not yet validated; places are DNs. References by DN
 * become names; those that lead nowhere stay as dangling ones. A broken object that gives is left out, one that
 * restricts sets broken_restriction; each with a problem. With derive_ids, objects without uid or gid get theirs
 * (mirror_ids.c). 0, -ENODATA (never complete), -ENOMEM.
 */
int mirror_build(const struct mirror *m, const struct tenant_config *tenant, struct directory **ret,
		 struct problem_list *problems) MUST_CHECK;
/* Walks all objects in no order; fn: as in holders.h. */
int mirror_each(const struct mirror *m, int (*fn)(void *, const void *object, size_t len), void *context) MUST_CHECK;
/* The entry that has this DN (normalised): its object, or NULL. */
const void *mirror_by_dn(const struct mirror *m, const char *dn, size_t *ret_len);
/* The members that come next are about to be looked for: how many of them it has seen to. */
size_t mirror_expect_members(const struct mirror *m, struct sync_cursor fields);
const void *mirror_by_uuid(const struct mirror *m, const struct uuid *uuid, size_t *ret_len);

/* mirror_ids.c: the uid or gid of an object that the directory gives none (pure; stable across hosts and renames). */
uint32_t mirror_derived_id(const struct uuid *id, const struct tenant_config *tenant);

#endif
