/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tenant's directory, of a file or of a mirror: what it says, held against the host, the range and who was deleted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/compile.h"

/* A uid that was another principal's is nobody's any more (T50). */
static void drop_retired(const struct retired_uids *retired, struct directory *d, struct problem_list *problems)
{
	for (size_t i = 0; i < d->user_count; i++) {
		struct user *u = &d->users[i];
		char owner[UUID_TEXT_MAX], remedy[128], name[128];
		const struct retired *other;

		other = u->uid == NO_ID ? NULL : retired_to_other(retired, u->uid, &d->tenant_id, &u->o.id);
		if (!other)
			continue;
		u->o.dropped = true;
		uuid_format(&other->principal, owner);
		if (uuid_equal(&other->tenant_id, &d->tenant_id))
			(void)snprintf(remedy, sizeof(remedy), "another uid; if it is the same person: id = \"%s\"", owner);
		else
			(void)snprintf(remedy, sizeof(remedy), "another uid; if the tenant's id was changed, write the old one");
		problem_add(problems, SEVERITY_ERROR, "dir-uid-retired", u->o.place, remedy,
			    "user %s: uid %u belonged to somebody who was deleted",
			    text_escape(u->o.name ? u->o.name : "", name, sizeof(name)), u->uid);
	}
}

/* Takes *d. 0; -EBADMSG: its restrictions do not hold (*ret is set); -errno. */
static int validate(const struct compile *c, const struct retired_uids *retired, const struct tenant_config *tenant,
		    struct directory **d, struct problem_list *problems, struct directory **ret)
{
	drop_retired(retired, *d, problems);
	int r = directory_validate(*d, tenant, &c->accounts, problems);

	if (r < 0)
		return r;
	bool broken = (*d)->broken_restriction;

	*ret = *d;
	*d = NULL;
	return broken ? -EBADMSG : 0;
}

/* Parsed and validated. 0; -EBADMSG: its restrictions do not hold (*ret is set); -errno. */
static int build_directory(struct compile *c, const struct retired_uids *retired, const struct tenant_config *tenant,
			   const char *name, const struct compile_text *t, struct problem_list *problems,
			   struct directory **ret)
{
	CLEANUP(directory_freep) struct directory *d = NULL;
	int r = directory_parse(t->text, t->len, name, &tenant->id, &d, problems);

	return r < 0 ? r : validate(c, retired, tenant, &d, problems, ret);
}

static int load_file(struct compile *c, const struct retired_uids *retired, struct compiled_tenant *tenant)
{
	struct problem_list ignored = {0};
	struct directory *d = NULL, *last = NULL;
	char name[COMPILE_NAME_MAX];
	struct compile_text t;

	(void)snprintf(name, sizeof(name), "directory.d/%s.conf", tenant->config.name);
	int r = compile_read(c, name, &t);

	if (r < 0)
		return r;
	r = t.text ? build_directory(c, retired, &tenant->config, name, &t, &tenant->problems, &d) : -ENOENT;
	if (r == 0) {
		compile_keep(c, name, &t);
	} else if (r != -ENOMEM && compile_read_last(name, &t) == 0) {
		int k = build_directory(c, retired, &tenant->config, name, &t, &ignored, &last);

		if (k == 0 || !d) {
			directory_free(d);
			d = last;
			last = NULL;
			r = k;
		}
		if (k == 0)
			compile_note_served(c, name, SERVED_LAST);
		directory_free(last);
	}
	tenant->directory = d;
	tenant->restricted = r == 0;
	compile_text_done(&t);
	problem_list_done(&ignored);
	return r == -ENOMEM ? r : 0;
}

static void report_mirror(struct compiled_tenant *tenant, int error)
{
	char place[COMPILE_NAME_MAX];

	(void)snprintf(place, sizeof(place), "tenants.d/%s.conf", tenant->config.name);
	if (error == -ENODATA)
		problem_add(&tenant->problems, SEVERITY_WARNING, "ldap-empty", place, "see tenure status",
			    "nothing was ever read of its directory");
	else if (error == -EBADMSG)
		problem_add(&tenant->problems, SEVERITY_WARNING, "ldap-mirror", place, "look at the disk",
			    "what was kept of its directory is damaged; all of it is asked for again");
	else
		problem_add(&tenant->problems, SEVERITY_ERROR, "ldap-mirror", place,
			    "make room in /var/lib/tenure, then: tenure reload", "its directory cannot be kept: %s",
			    strerror(-error));
}

/* What is published stays where the mirror says nothing, or what it says does not restrict as it ought to. */
static int load_mirror(const struct compile *c, const struct retired_uids *retired, struct mirrors *mirrors,
		       struct compiled_tenant *tenant)
{
	CLEANUP(directory_freep) struct directory *d = NULL;
	const struct kept_mirror *kept;
	int r = mirrors_get(mirrors, &tenant->config, &kept);

	if (r < 0) {
		report_mirror(tenant, r);
		return r == -ENOMEM ? r : 0;
	}
	if (kept->damaged && mirror_complete_ns(kept->mirror) == 0)
		report_mirror(tenant, -EBADMSG);
	r = mirror_build(kept->mirror, &tenant->config, &d, &tenant->problems);
	if (r == 0)
		r = validate(c, retired, &tenant->config, &d, &tenant->problems, &tenant->directory);
	else if (r != -ENOMEM)
		report_mirror(tenant, r);
	tenant->restricted = r == 0;
	return r == -ENOMEM ? r : 0;
}

static const struct user *find_user(const struct directory *d, const char *name, size_t len)
{
	for (size_t i = 0; d && i < d->user_count; i++) {
		const struct user *u = &d->users[i];

		if (!u->o.dropped && u->o.name && strlen(u->o.name) == len && memcmp(u->o.name, name, len) == 0)
			return u;
	}
	return NULL;
}

static bool has_domain(const struct tenant_config *t, const char *domain)
{
	for (size_t i = 0; i < t->domain_count; i++)
		if (strcmp(t->domains[i], domain) == 0)
			return true;
	return false;
}

/* Whom local logins mean is remembered, so that no directory is needed for it later. */
static int find_logins(const struct compile *c, struct compiled_tenant *tenant)
{
	tenant->logins = calloc(c->host.local_login_count + 1, sizeof(*tenant->logins));
	if (!tenant->logins)
		return -ENOMEM;
	for (size_t i = 0; i < c->host.local_login_count; i++) {
		const char *principal = c->host.local_logins[i].principal, *at = strchr(principal, '@');
		const struct user *user = NULL;

		if (at && has_domain(&tenant->config, at + 1))
			user = find_user(tenant->directory, principal, (size_t)(at - principal));
		if (user)
			tenant->logins[i] = user->o.id;
	}
	return 0;
}

static int load_directory(struct compile *c, const struct retired_uids *retired, struct mirrors *mirrors,
			  struct compiled_tenant *tenant)
{
	int r = tenant->config.source == SOURCE_LDAP ? load_mirror(c, retired, mirrors, tenant)
						     : load_file(c, retired, tenant);

	return r == 0 ? find_logins(c, tenant) : r;
}

int compile_directories(struct compile *c, const struct state *state, struct mirrors *mirrors)
{
	struct retired_uids retired;
	int r = retired_uids_sort(state, &retired);

	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++)
		r = load_directory(c, &retired, mirrors, &c->tenants[i]);
	retired_uids_done(&retired);
	return r;
}

int compile_one(struct compile *c, size_t i, const struct state *state, struct mirrors *mirrors,
		struct compiled_tenant *ret)
{
	struct retired_uids retired;
	int r = retired_uids_sort(state, &retired);

	*ret = (struct compiled_tenant){.config = c->tenants[i].config};
	if (r == 0)
		r = load_directory(c, &retired, mirrors, ret);
	if (r == 0)
		r = compile_set_guests(c, i, ret);
	retired_uids_done(&retired);
	if (r < 0)
		compiled_tenant_reset(ret);
	return r;
}
