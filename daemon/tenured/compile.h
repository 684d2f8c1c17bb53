/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_COMPILE_H
#define TENURE_TENURED_COMPILE_H

/*
 * Reads tenure.conf, tenants.d and directory.d into what is in force. A file that does not parse, and a directory whose
 * restrictions do not hold, are served from their last good content, which is kept in PATH_STATE/last (0600), so that a
 * broker that starts knows it too. With none, the tenant has no policy: its gates are closed (T49).
 *
 * MUST: a tenure.conf that cannot be read is never "nobody is governed"; only one that was read and names no tenant is,
 * or none at all where none ever was.
 */

#include "common/config/config.h"
#include "common/snapshot/index.h"
#include "daemon/tenured/state.h"

struct compiled_tenant {
	struct tenant_config config;
	struct directory *directory; /* validated; NULL: none ever parsed */
	bool restricted;	     /* its restrictions hold: it may become the policy */
};

/* What was found where a file should be: for the journal's `policy`. */
struct compiled_file {
	char *name; /* "directory.d/contoso.conf" */
	char sha256[JOURNAL_HEX_LEN + 1]; /* zeros: not there */
	uid_t owner;
	int64_t mtime_ns;
	bool taken; /* false: the last good content is served, or none */
};

struct compile {
	size_t named_tenants; /* how many tenure.conf names, usable or not */
	bool known; /* tenure.conf was read, now or once; false: nobody was ever governed, or nothing can be said */
	bool lost;  /* not known, and not because there is none */
	struct host_config host; /* tenants: only those whose file is usable, home first */
	struct compiled_tenant *tenants; /* as host.tenants */
	struct local_accounts accounts;
	struct problem_list problems;
	struct compiled_file *files;
	size_t file_count;
};

/* Reads everything. Problems are no error. 0 or -ENOMEM, -errno of the host's own accounts. state: for retired uids. */
int compile_load(const struct state *state, struct compile **ret) MUST_CHECK;
void compile_free(struct compile *c);

/* compile_file.c: one file and its last good content. */
struct compile_text {
	char *text; /* NULL: could not be read */
	size_t len;
	bool is_last; /* it is the last good content */
	bool absent;  /* of the file itself: there is none */
};
/* Reads name ("tenants.d/contoso.conf") and notes it in c->files. Reports what cannot be read. 0 or -ENOMEM. */
int compile_read(struct compile *c, const char *name, struct compile_text *ret) MUST_CHECK;
/* Reads its last good content instead. False: there is none. */
bool compile_read_last(const char *name, struct compile_text *ret);
void compile_text_done(struct compile_text *t);
/* The content is good: keeps it, and says so in c->files. */
void compile_keep(struct compile *c, const char *name, const struct compile_text *t);

/*
 * compile_bind.c: the mapping of local logins. New ones are added to *ret_new as well, to be journalled before they
 * count. Broken ones are marked (T50). The caller frees both; strings belong to c.
 */
int compile_bindings(struct compile *c, const struct state *state, struct index_binding **ret, size_t *ret_count,
		     size_t **ret_new, size_t *ret_new_count) MUST_CHECK;

#endif
