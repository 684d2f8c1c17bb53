/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_INDEX_H
#define TENURE_SNAPSHOT_INDEX_H

/*
 * The host's index: tenure.conf and tenants.d compiled, for the modules, which link no configuration library. It says
 * who is governed at all. "There is no index" (-ENOENT: no tenant was ever bound) is the only reading of "nobody is
 * governed"; every other error is an error (vocabulary, "Logins, gates, batch").
 *
 * Format: see index_format.h.
 */

#include "common/base/id.h"
#include "common/model/words.h"
#include "common/snapshot/map.h"

/* The index in force, refreshed by the generation page. Opaque; see index.c. */
struct index_view;

/*
 * Maps the index. 0, or as snapshot_map. The view is the caller's; free with index_close. A process that stays asks
 * index_is_current before each use and opens again when it is not.
 */
int index_open(struct index_view **ret) MUST_CHECK;
/* The same, and the generation page is left alone: the caller has one of his own. walk: as snapshot_map. */
int index_open_near(struct safe_walk *walk, struct index_view **ret) MUST_CHECK;
void index_close(struct index_view *v);
void index_closep(struct index_view **v);
bool index_is_current(const struct index_view *v);
/* The same over a snapshot that is mapped already; takes it over if it answers 0. */
int index_from(const struct snapshot *s, struct index_view **ret) MUST_CHECK;

struct index_tenant {
	const char *name;
	struct uuid id;
	const char *domain; /* the first of its domains */
	struct id_range id_range, role_gids;
	enum visibility visibility;
	bool home;
	bool ldap; /* its passwords are its directory's to judge */
	bool trusted; /* some other tenant has guests from it */
};

size_t index_tenant_count(const struct index_view *v);
int index_tenant(const struct index_view *v, size_t i, struct index_tenant *ret) MUST_CHECK;
/* By a domain of its: -ENOENT if none. */
int index_tenant_by_domain(const struct index_view *v, const char *domain, size_t *ret) MUST_CHECK;

/* Does `of` take guests from `from`? 0 (*ret set) or -EBADMSG. */
int index_trusts(const struct index_view *v, size_t of, size_t from, bool *ret) MUST_CHECK;

/* What the mapping says about a login. */
enum governed {
	GOVERNED_NOT = 1,   /* root, or no tenant knows it: IGNORE, NOTFOUND */
	GOVERNED_TENANT,    /* a uid in a tenant's range: login and gates */
	GOVERNED_LOCAL,	    /* an account of /etc/passwd, mapped: gates */
	GOVERNED_LOCAL_LOGIN, /* the same, login too */
};

struct index_login {
	enum governed governed;
	size_t tenant;
	struct uuid principal; /* LOCAL only; TENANT: by uid in the tenant's identity and policy */
	const char *login;     /* LOCAL only */
};

/*
 * By uid. 0 (ret->governed set) or -EBADMSG. A local mapping holds only while name and uid are what was bound
 * (journal, "bind"); the broker leaves broken mappings out and marks them, and a marked uid answers -EKEYREVOKED: a
 * gate denies.
 */
int index_login_by_uid(const struct index_view *v, uid_t uid, struct index_login *ret) MUST_CHECK;
/*
 * Local mappings by the account's name: -ENOENT if there is none, -EKEYREVOKED for a broken one (ret->governed says
 * what it was), -EBADMSG.
 */
int index_login_by_name(const struct index_view *v, const char *login, struct index_login *ret) MUST_CHECK;
/* Walks the local mappings (NSS enumeration); -EKEYREVOKED for a broken one. */
size_t index_local_count(const struct index_view *v);
int index_local(const struct index_view *v, size_t i, uid_t *ret_uid, struct index_login *ret) MUST_CHECK;

enum service_class { SERVICE_NONE, SERVICE_LOGIN, SERVICE_GATE, SERVICE_BATCH };

/*
 * Class of a PAM service, and for a gate its mode (else GATE_ENFORCE). Unlisted: SERVICE_NONE. 0, or -EBADMSG: what
 * cannot be read is never "unlisted".
 */
int index_service(const struct index_view *v, const char *service, enum service_class *ret,
		  enum gate_mode *ret_mode) MUST_CHECK;
bool index_break_glass(const struct index_view *v, const char *login);
const struct uuid *index_host_id(const struct index_view *v);

/* For the broker. Bindings are the journal's: (login, uid, principal); uid NO_ID marks a broken mapping. */
struct index_binding {
	const char *login;
	uid_t uid;
	size_t tenant;
	struct uuid principal;
	bool governs_login, broken;
};

struct host_config;
struct tenant_config;
int index_write(const char *path, uint64_t generation, const struct uuid *host_id, const struct host_config *host,
		const struct tenant_config *tenants, size_t tenant_count, const struct index_binding *bindings,
		size_t binding_count) MUST_CHECK;

#endif
