/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "daemon/tenured/compile.h"

void compile_free(struct compile *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->tenants && i < c->host.tenant_count; i++) {
		tenant_config_done(&c->tenants[i].config);
		directory_free(c->tenants[i].directory);
	}
	free(c->tenants);
	for (size_t i = 0; i < c->named_count; i++)
		free(c->named[i]);
	free(c->named);
	for (size_t i = 0; i < c->file_count; i++)
		free(c->files[i].name);
	free(c->files);
	host_config_done(&c->host);
	local_accounts_done(&c->accounts);
	problem_list_done(&c->problems);
	free(c);
}

/* Was anybody governed before? Only a broker that read a tenure.conf writes an index. */
static bool anything_is_published(void)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/index", tenure_path(PATH_STATE));
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* Neither now nor from before: the defaults, for nobody. */
static int load_nothing(struct compile *c)
{
	static const char nobody[] = "tenants = [ ];";
	struct problem_list ignored = {0};
	int r = host_config_parse(nobody, sizeof(nobody) - 1, "", &c->host, &ignored);

	problem_list_done(&ignored);
	return r;
}

/* tenure.conf, or what it said last. */
static int load_host(struct compile *c)
{
	const char *const name = "tenure.conf";
	struct problem_list ignored = {0};
	struct compile_text t;
	int r = compile_read(c, name, &t), last = 0;

	if (r < 0)
		return r;
	bool absent = t.absent, never = false;

	r = t.text ? host_config_parse(t.text, t.len, name, &c->host, &c->problems) : -ENOENT;
	if (r == 0) {
		compile_keep(c, name, &t);
	} else if (r != -ENOMEM) {
		last = compile_read_last(name, &t);
		r = last == 0 ? host_config_parse(t.text, t.len, name, &c->host, &ignored) : last;
		if (r == 0)
			compile_note_served(c, name, SERVED_LAST);
	}
	c->known = r == 0;
	if (r < 0 && r != -ENOMEM) {
		never = absent && last == -ENOENT && !anything_is_published();
		r = load_nothing(c);
		if (!never)
			(void)snprintf(c->lost, sizeof(c->lost), "tenure.conf cannot be used: see tenure check");
	}
	if (absent && !never)
		file_text_report(name, -ENOENT, &c->problems);
	compile_text_done(&t);
	problem_list_done(&ignored);
	return r;
}

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

/* Parsed and validated. 0; -EBADMSG: its restrictions do not hold (*ret is set); -errno. */
static int build_directory(struct compile *c, const struct retired_uids *retired, const struct tenant_config *tenant,
			   const char *name, const struct compile_text *t, struct problem_list *problems,
			   struct directory **ret)
{
	CLEANUP(directory_freep) struct directory *d = NULL;
	int r = directory_parse(t->text, t->len, name, &tenant->id, &d, problems);

	if (r < 0)
		return r;
	drop_retired(retired, d, problems);
	r = directory_validate(d, tenant, &c->accounts, problems);
	if (r < 0)
		return r;
	bool broken = d->broken_restriction;

	*ret = d;
	d = NULL;
	return broken ? -EBADMSG : 0;
}

static int load_directory(struct compile *c, const struct retired_uids *retired, struct compiled_tenant *tenant)
{
	struct problem_list ignored = {0};
	struct directory *d = NULL, *last = NULL;
	char name[COMPILE_NAME_MAX];
	struct compile_text t;

	(void)snprintf(name, sizeof(name), "directory.d/%s.conf", tenant->config.name);
	int r = compile_read(c, name, &t);

	if (r < 0)
		return r;
	r = t.text ? build_directory(c, retired, &tenant->config, name, &t, &c->problems, &d) : -ENOENT;
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

/* What the host itself has. Without it no id and no name can be held against anything. */
static int load_accounts(struct compile *c)
{
	int r = local_accounts_read(tenure_path(PATH_ETC), &c->accounts);
	char place[32];

	if (r == 0 || r == -ENOMEM)
		return r;
	(void)snprintf(place, sizeof(place), "/etc/%s", c->accounts.failed);
	problem_add(&c->problems, SEVERITY_ERROR, "accounts", place,
		    r == -EPERM ? "chown root:root, chmod go-w, /etc too" : "make it a file that root can read",
		    "%s; what was in force stays",
		    r == -EPERM ? "others than root may write to it or to /etc" : strerror(-r));
	(void)snprintf(c->lost, sizeof(c->lost), "%s cannot be trusted: see tenure check", place);
	return 0;
}

static int load_directories(struct compile *c, const struct state *state)
{
	struct retired_uids retired;
	int r = retired_uids_sort(state, &retired);

	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++)
		r = load_directory(c, &retired, &c->tenants[i]);
	retired_uids_done(&retired);
	return r;
}

int compile_load(const struct state *state, struct compile **ret)
{
	struct compile *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = load_accounts(c);
	if (r == 0)
		r = load_host(c);
	if (r == 0)
		r = compile_tenants(c);
	if (r == 0 && !c->lost[0])
		r = load_directories(c, state);
	if (r < 0) {
		compile_free(c);
		return r;
	}
	*ret = c;
	return 0;
}
