/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_COMPILE_H
#define TENURE_TENURED_COMPILE_H

/*
 * Reads tenure.conf, tenants.d, directory.d and mirrors into what is in force. A file that does not parse, a tenant that collides
 * with another, and a directory whose restrictions do not hold, are served from their last good content, which is kept
 * in PATH_STATE/last (0600), so that a broker that starts knows it too. With none, a tenant is what the published index
 * says of it; if it never was in force it is left out, and a directory that never held is no policy: its gates are
 * closed (T49). A directory in LDAP has no last good content of its own: if its restrictions do not hold, the policy
 * that is published stays.
 *
 * MUST: a tenure.conf that cannot be read is never "nobody is governed"; only one that was read and names no tenant is,
 * or none at all where none ever was. No tenant that is published goes but by the `tenants` of a tenure.conf that was
 * read. Where that cannot be kept, `lost` says why, and what is published stays as it is.
 */

#include "common/config/config.h"
#include "common/model/guest.h"
#include "common/snapshot/index.h"
#include "daemon/tenured/mirrors.h"
#include "daemon/tenured/state.h"

/* Whom a trust of the tenant lets in, so that the other directory is not needed for it later. */
struct compiled_trust {
	struct guest_list list;
	struct problem_list problems;
};

struct compiled_tenant {
	struct tenant_config config;
	struct directory *directory; /* validated; NULL: none ever parsed, or released */
	bool restricted;	     /* its restrictions hold: it may become the policy */
	bool released;		     /* published, and not needed any more: its mirror has it */
	struct uuid *logins;	     /* whom each of host.local_logins means here; null: nobody */
	struct problem_list problems; /* of its directory */
	struct compiled_trust *trusts; /* as config.trusts; NULL: not found out */
	size_t trust_count;
	bool guests_due; /* they are others than its directory has */
	struct problem_list guest_problems; /* of its assignments to guests */
};

/* What was found where a file should be: for the journal's `policy`. */
enum served { SERVED_NOTHING, SERVED_NOW, SERVED_LAST, SERVED_PUBLISHED };
struct compiled_file {
	char *name; /* "directory.d/contoso.conf" */
	char sha256[JOURNAL_HEX_LEN + 1]; /* zeros: not there */
	uid_t owner;
	int64_t mtime_ns;
	enum served served; /* what stands for it */
};

#define LOST_TEXT_MAX 160

struct compile {
	char **named; /* all that tenure.conf names, usable or not */
	size_t named_count;
	bool known; /* tenure.conf was read, now or once; false: nobody was ever governed, or nothing can be said */
	char lost[LOST_TEXT_MAX]; /* why it cannot be told who is governed; "": it can */
	struct host_config host; /* tenants: only those that are usable, home first */
	struct compiled_tenant *tenants; /* as host.tenants */
	struct local_accounts accounts;
	struct problem_list problems;
	struct problem_list binding_problems; /* of compile_bindings, the last time */
	struct compiled_file *files;
	size_t file_count;
};

/* Reads everything. Problems are no error. 0 or -ENOMEM. state: for retired uids. mirrors: opened as tenants need them. */
int compile_load(const struct state *state, struct mirrors *mirrors, struct compile **ret) MUST_CHECK;
/* Frees all but the configuration. */
void compiled_tenant_reset(struct compiled_tenant *t);
void compile_free(struct compile *c);

/* compile_tenants.c: fills named, tenants and host.tenants, or lost. 0 or -ENOMEM. */
int compile_tenants(struct compile *c) MUST_CHECK;
/* Does tenure.conf name the tenant? */
bool compile_names(const struct compile *c, const char *tenant);

/* compile_directory.c: the directories of all tenants in c. 0 or -ENOMEM. */
int compile_directories(struct compile *c, const struct state *state, struct mirrors *mirrors) MUST_CHECK;
/*
 * That of one tenant whose source is LDAP, into *ret, whose configuration is borrowed from c->tenants[i] (free it by
 * compiled_tenant_reset). 0 or -ENOMEM.
 */
int compile_one(struct compile *c, size_t i, const struct state *state, struct mirrors *mirrors,
		struct compiled_tenant *ret) MUST_CHECK;

/* compile_guests.c: who is whose guest, where the directories of all tenants are there. 0 or -ENOMEM. */
int compile_guests(struct compile *c) MUST_CHECK;
/*
 * Tenant i's directory is another one now: whom the others let in of it. Those for whom that changes are guests_due. 0
 * or -ENOMEM.
 */
int compile_guests_of(struct compile *c, size_t i, const struct compiled_tenant *now) MUST_CHECK;
/* Tells the directory of t, which is tenant i or about to be, who its guests are. 0 or -ENOMEM. */
int compile_set_guests(const struct compile *c, size_t i, struct compiled_tenant *t) MUST_CHECK;
/* Has it guests, or is it trusted? */
bool compile_trusts(const struct compile *c, size_t tenant);
void compile_trusts_free(struct compiled_tenant *t);

/* compile_file.c: one file and its last good content. */
#define COMPILE_NAME_MAX 64 /* "directory.d/" and a name and ".conf" */
struct compile_text {
	char *text; /* NULL: could not be read */
	size_t len;
	bool is_last; /* it is the last good content */
	bool absent;  /* of the file itself: there is none */
};
/* Reads name ("tenants.d/contoso.conf") and notes it in c->files. Reports what cannot be read. 0 or -ENOMEM. */
int compile_read(struct compile *c, const char *name, struct compile_text *ret) MUST_CHECK;
/* Reads its last good content instead. 0; -ENOENT: there is none; -errno. */
int compile_read_last(const char *name, struct compile_text *ret) MUST_CHECK;
void compile_text_done(struct compile_text *t);
/* The content is good: keeps it, and says so in c->files. */
void compile_keep(struct compile *c, const char *name, const struct compile_text *t);
/* Something else stands for it. */
void compile_note_served(struct compile *c, const char *name, enum served served);

/* compile_retired.c: whose uids were, a sorted copy, so that a directory may ask a hundred thousand times (T50). */
struct retired_uids {
	struct retired *items;
	size_t count;
};
int retired_uids_sort(const struct state *state, struct retired_uids *ret) MUST_CHECK;
void retired_uids_done(struct retired_uids *r);
/* Somebody else than this principal whose the uid was; NULL: the principal may have it. */
const struct retired *retired_to_other(const struct retired_uids *r, uid_t uid, const struct uuid *tenant_id,
				       const struct uuid *principal);
bool retired_has(const struct retired_uids *r, uid_t uid, const struct uuid *tenant_id, const struct uuid *principal);

/*
 * compile_bind.c: the mapping of local logins. New ones are added to *ret_new as well, to be journalled before they
 * count. Broken ones are marked (T50). The caller frees both; strings belong to c.
 */
int compile_bindings(struct compile *c, const struct state *state, struct index_binding **ret, size_t *ret_count,
		     size_t **ret_new, size_t *ret_new_count) MUST_CHECK;

#endif
