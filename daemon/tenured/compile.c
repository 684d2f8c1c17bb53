/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "daemon/tenured/compile.h"

#define FILE_NAME_MAX 64 /* "directory.d/" and a name and ".conf" */

void compile_free(struct compile *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->tenants && i < c->host.tenant_count; i++) {
		tenant_config_done(&c->tenants[i].config);
		directory_free(c->tenants[i].directory);
	}
	free(c->tenants);
	for (size_t i = 0; i < c->file_count; i++)
		free(c->files[i].name);
	free(c->files);
	host_config_done(&c->host);
	local_accounts_done(&c->accounts);
	problem_list_done(&c->problems);
	free(c);
}

/* tenure.conf, or what it said last. */
static int load_host(struct compile *c)
{
	const char *const name = "tenure.conf";
	struct problem_list ignored = {0};
	struct compile_text t;
	int r = compile_read(c, name, &t);

	if (r < 0)
		return r;
	bool absent = t.absent;

	r = t.text ? host_config_parse(t.text, t.len, name, &c->host, &c->problems) : -ENOENT;
	if (r == 0)
		compile_keep(c, name, &t);
	else if (r != -ENOMEM && compile_read_last(name, &t)) {
		if (absent)
			problem_add(&c->problems, SEVERITY_ERROR, "conf-missing", name,
				    "write it; to govern nobody: tenants = [ ]",
				    "there is no such file; its last good content is served");
		r = host_config_parse(t.text, t.len, name, &c->host, &ignored);
	}
	c->known = r == 0;
	c->lost = r != 0 && !(absent && !t.text);
	compile_text_done(&t);
	problem_list_done(&ignored);
	return r == -ENOMEM ? r : 0;
}

static int load_tenant_config(struct compile *c, const char *tenant, struct tenant_config *ret)
{
	struct problem_list ignored = {0};
	char name[FILE_NAME_MAX];
	struct compile_text t;

	(void)snprintf(name, sizeof(name), "tenants.d/%s.conf", tenant);
	int r = compile_read(c, name, &t);

	if (r < 0)
		return r;
	r = t.text ? tenant_config_parse(t.text, t.len, name, tenant, ret, &c->problems) : -ENOENT;
	if (r == 0)
		compile_keep(c, name, &t);
	else if (r != -ENOMEM && compile_read_last(name, &t))
		r = tenant_config_parse(t.text, t.len, name, tenant, ret, &ignored);
	compile_text_done(&t);
	problem_list_done(&ignored);
	return r;
}

/* A uid that was another principal's is nobody's any more (T50). */
static void drop_retired(const struct state *state, struct directory *d, struct problem_list *problems)
{
	for (size_t i = 0; i < d->user_count; i++) {
		struct user *u = &d->users[i];
		char owner[UUID_TEXT_MAX], remedy[128];

		if (u->uid == NO_ID || state_uid_is_free(state, &d->tenant_id, u->uid, &u->o.id))
			continue;
		u->o.dropped = true;
		uuid_format(state_uid_owner(state, u->uid), owner);
		(void)snprintf(remedy, sizeof(remedy), "another uid; if it is the same person: id = \"%s\"", owner);
		problem_add(problems, SEVERITY_ERROR, "dir-uid-retired", u->o.place, remedy,
			    "user %s: uid %u belonged to somebody who was deleted", u->o.name ? u->o.name : "", u->uid);
	}
}

/* Parsed and validated. 0; -EBADMSG: its restrictions do not hold (*ret is set); -errno. */
static int build_directory(struct compile *c, const struct state *state, const struct tenant_config *tenant,
			   const char *name, const struct compile_text *t, struct problem_list *problems,
			   struct directory **ret)
{
	CLEANUP(directory_freep) struct directory *d = NULL;
	int r = directory_parse(t->text, t->len, name, &tenant->id, &d, problems);

	if (r < 0)
		return r;
	drop_retired(state, d, problems);
	r = directory_validate(d, tenant, &c->accounts, problems);
	if (r < 0)
		return r;
	bool broken = d->broken_restriction;

	*ret = d;
	d = NULL;
	return broken ? -EBADMSG : 0;
}

static int load_directory(struct compile *c, const struct state *state, struct compiled_tenant *tenant)
{
	struct problem_list ignored = {0};
	struct directory *d = NULL, *last = NULL;
	char name[FILE_NAME_MAX];
	struct compile_text t;

	(void)snprintf(name, sizeof(name), "directory.d/%s.conf", tenant->config.name);
	int r = compile_read(c, name, &t);

	if (r < 0)
		return r;
	r = t.text ? build_directory(c, state, &tenant->config, name, &t, &c->problems, &d) : -ENOENT;
	if (r == 0) {
		compile_keep(c, name, &t);
	} else if (r != -ENOMEM && compile_read_last(name, &t)) {
		int k = build_directory(c, state, &tenant->config, name, &t, &ignored, &last);

		if (k == 0 || !d) {
			directory_free(d);
			d = last;
			last = NULL;
			r = k;
		}
		directory_free(last);
	}
	tenant->directory = d;
	tenant->restricted = r == 0;
	compile_text_done(&t);
	problem_list_done(&ignored);
	return r == -ENOMEM ? r : 0;
}

static bool is_repeated(const struct host_config *host, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(host->tenants[j], host->tenants[i]) == 0)
			return true;
	return false;
}

/* Two tenants never share an id, a domain or an id range: the later one is left out. */
static const char *collision(const struct compile *c, size_t count, const struct tenant_config *t)
{
	for (size_t i = 0; i < count; i++) {
		const struct tenant_config *other = &c->tenants[i].config;

		if (uuid_equal(&other->id, &t->id))
			return "id";
		if (t->id_range.first <= other->id_range.last && other->id_range.first <= t->id_range.last)
			return "id_range";
		for (size_t a = 0; a < t->domain_count; a++)
			for (size_t b = 0; b < other->domain_count; b++)
				if (strcmp(t->domains[a], other->domains[b]) == 0)
					return "domain";
	}
	return NULL;
}

/* Moves the names of usable tenants to the front; the rest is left out. */
static int load_tenants(struct compile *c)
{
	size_t usable = 0;
	int r = 0;

	c->named_tenants = c->host.tenant_count;
	c->tenants = calloc(c->host.tenant_count + 1, sizeof(*c->tenants));
	if (!c->tenants)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++) {
		struct compiled_tenant *t = &c->tenants[usable];
		char place[FILE_NAME_MAX];
		const char *what;

		if (is_repeated(&c->host, i))
			continue;
		r = load_tenant_config(c, c->host.tenants[i], &t->config);
		if (r < 0) {
			r = r == -ENOMEM ? r : 0;
			continue;
		}
		what = collision(c, usable, &t->config);
		if (what) {
			(void)snprintf(place, sizeof(place), "tenants.d/%s.conf", t->config.name);
			problem_add(&c->problems, SEVERITY_ERROR, "tenant-overlap", place, "tenants share nothing",
				    "its %s is another tenant's too; it is left out", what);
			tenant_config_done(&t->config);
			continue;
		}
		t->config.home = i == 0;
		char *name = c->host.tenants[usable];

		c->host.tenants[usable] = c->host.tenants[i];
		c->host.tenants[i] = name;
		usable++;
	}
	for (size_t i = usable; i < c->host.tenant_count; i++)
		free(c->host.tenants[i]);
	c->host.tenant_count = usable;
	return r;
}

int compile_load(const struct state *state, struct compile **ret)
{
	struct compile *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = local_accounts_read(tenure_path(PATH_ETC), &c->accounts);
	if (r == 0)
		r = load_host(c);
	if (r == 0)
		r = load_tenants(c);
	for (size_t i = 0; r == 0 && i < c->host.tenant_count; i++)
		r = load_directory(c, state, &c->tenants[i]);
	if (r < 0) {
		compile_free(c);
		return r;
	}
	*ret = c;
	return 0;
}
