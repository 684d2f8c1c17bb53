/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tenants are in force: each by what its file says now, else by what it said last, else by what is published. Files
 * that did not change come first, so that a slip in one never costs the tenant of another anything.
 *
 * MUST: two tenants share no id, no domain and no id range; a published tenant that finds no place makes all of it
 * `lost`; no content is kept as good before every tenant has its place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/leak.h"
#include "daemon/tenured/compile.h"

struct candidate {
	char name[COMPILE_NAME_MAX]; /* of the file */
	struct tenant_config now, last; /* name NULL: does not parse, or not there */
	struct compile_text text;	/* of now */
	bool changed;
	enum served placed;
};

static void candidate_done(struct candidate *t)
{
	tenant_config_done(&t->now);
	tenant_config_done(&t->last);
	compile_text_done(&t->text);
}

static int candidate_read(struct compile *c, const char *tenant, struct candidate *ret)
{
	struct problem_list ignored = {0};
	struct compile_text last = {0};

	(void)snprintf(ret->name, sizeof(ret->name), "tenants.d/%s.conf", tenant);
	int r = compile_read(c, ret->name, &ret->text);

	if (r == 0 && ret->text.text)
		r = tenant_config_parse(ret->text.text, ret->text.len, ret->name, tenant, &ret->now, &c->problems);
	if (r != -ENOMEM && compile_read_last(ret->name, &last) == 0)
		r = tenant_config_parse(last.text, last.len, ret->name, tenant, &ret->last, &ignored);
	ret->changed = !last.text || !ret->text.text || last.len != ret->text.len ||
		       memcmp(last.text, ret->text.text, last.len) != 0;
	compile_text_done(&last);
	problem_list_done(&ignored);
	return r == -ENOMEM ? r : 0;
}

/* Takes the configuration for tenant i if it collides with none that has its place. */
static bool place(struct compile *c, const struct candidate *all, size_t i, struct tenant_config *config,
		  struct problem_list *problems)
{
	bool fits = config->name != NULL;

	for (size_t k = 0; fits && k < c->named_count; k++)
		if (all[k].placed)
			fits = tenants_differ(config, &c->tenants[k].config, problems);
	if (!fits)
		return false;
	c->tenants[i].config = *config;
	c->tenants[i].config.home = i == 0;
	*config = (struct tenant_config){0};
	return true;
}

/* What the published index says of a tenant: that is in force whatever its file says. 0, -EBADMSG, -ENOMEM. */
static int published_at(const struct index_view *index, size_t i, struct tenant_config *ret)
{
	struct index_tenant t;
	int r = index_tenant(index, i, &t);

	if (r < 0 || !t.domain)
		return -EBADMSG;
	*ret = (struct tenant_config){
		.name = strdup(t.name),
		.id = t.id,
		.domains = calloc(1, sizeof(char *)),
		.id_range = t.id_range,
		.role_gids = t.role_gids,
		.visibility = t.visibility,
		.home = t.home,
		.directory_passwords = t.ldap,
	};
	if (ret->domains)
		ret->domains[0] = strdup(t.domain);
	if (!ret->name || !ret->domains || !ret->domains[0]) {
		tenant_config_done(ret);
		return -ENOMEM;
	}
	ret->domain_count = 1;
	return 0;
}

static int place_published(struct compile *c, struct candidate *all, size_t i, const struct index_view *index)
{
	struct problem_list ignored = {0};
	struct tenant_config config = {0};
	int r = 0;

	for (size_t k = 0; r == 0 && !all[i].placed && k < index_tenant_count(index); k++) {
		r = published_at(index, k, &config);
		if (r == 0 && strcmp(config.name, c->named[i]) == 0 && place(c, all, i, &config, &ignored))
			all[i].placed = SERVED_PUBLISHED;
		tenant_config_done(&config);
	}
	problem_list_done(&ignored);
	return r == -ENOMEM ? r : 0;
}

/* index NULL: there is none, so that nobody was ever governed. */
static int place_all(struct compile *c, struct candidate *all, const struct index_view *index)
{
	struct problem_list ignored = {0};
	int r = 0;

	for (int changed = 0; changed < 2; changed++)
		for (size_t i = 0; r == 0 && i < c->named_count; i++) {
			if (all[i].changed != (changed == 1))
				continue;
			if (place(c, all, i, &all[i].now, &c->problems))
				all[i].placed = SERVED_NOW;
			else if (place(c, all, i, &all[i].last, &ignored))
				all[i].placed = SERVED_LAST;
			else if (index)
				r = place_published(c, all, i, index);
		}
	problem_list_done(&ignored);
	return r;
}

bool compile_names(const struct compile *c, const char *tenant)
{
	for (size_t i = 0; i < c->named_count; i++)
		if (strcmp(c->named[i], tenant) == 0)
			return true;
	return false;
}

/*
 * May the tenant that found no place be left out? Not if it is published; nor if another one is that tenure.conf names
 * no more: then a name was mistyped, or may have been.
 */
static bool may_be_left_out(const struct compile *c, const struct index_view *index, const char *name)
{
	struct index_tenant t;

	for (size_t i = 0; index && i < index_tenant_count(index); i++)
		if (index_tenant(index, i, &t) < 0 || strcmp(t.name, name) == 0 || !compile_names(c, t.name))
			return false;
	return true;
}

static void judge_the_rest(struct compile *c, const struct candidate *all, const struct index_view *index, bool unread)
{
	for (size_t i = 0; i < c->named_count; i++)
		if (!all[i].placed && !c->lost[0] && (unread || !may_be_left_out(c, index, c->named[i])))
			(void)snprintf(c->lost, sizeof(c->lost), "%s cannot be used: see tenure check", all[i].name);
}

/* Usable tenants move to the front, in the order of tenure.conf. */
static void compact(struct compile *c, struct candidate *all)
{
	size_t usable = 0;

	for (size_t i = 0; i < c->named_count; i++) {
		compile_note_served(c, all[i].name, all[i].placed);
		if (all[i].placed == SERVED_NOW)
			compile_keep(c, all[i].name, &all[i].text);
		if (!all[i].placed)
			continue;
		char *name = c->host.tenants[usable];

		c->host.tenants[usable] = c->host.tenants[i];
		c->host.tenants[i] = name;
		if (usable != i) {
			c->tenants[usable] = c->tenants[i];
			c->tenants[i] = (struct compiled_tenant){0};
		}
		usable++;
	}
	for (size_t i = usable; i < c->host.tenant_count; i++)
		free(c->host.tenants[i]);
	c->host.tenant_count = usable;
}

static void forget_tenants(struct compile *c)
{
	for (size_t i = 0; i < c->host.tenant_count; i++) {
		tenant_config_done(&c->tenants[i].config);
		free(c->host.tenants[i]);
	}
	c->host.tenant_count = 0;
}

/* Nothing changes: the tenants are those of the index, in its order, or none if it cannot be read. */
static int stay_as_published(struct compile *c, const struct index_view *index)
{
	const size_t count = index ? index_tenant_count(index) : 0;
	struct compiled_tenant *tenants = calloc(count + 1, sizeof(*tenants));
	char **names = calloc(count + 1, sizeof(*names));
	int r = tenants && names ? 0 : -ENOMEM;

	forget_tenants(c);
	free(c->tenants);
	free(c->host.tenants);
	c->tenants = tenants;
	c->host.tenants = names;
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = published_at(index, i, &tenants[i].config);
		if (r < 0)
			break;
		c->host.tenant_count++;
		names[i] = strdup(tenants[i].config.name);
		if (!names[i])
			r = -ENOMEM;
	}
	if (r < 0)
		forget_tenants(c);
	return r == -ENOMEM ? r : 0;
}

static int remember_names(struct compile *c)
{
	c->named = calloc(c->host.tenant_count + 1, sizeof(*c->named));
	c->tenants = calloc(c->host.tenant_count + 1, sizeof(*c->tenants));
	if (!c->named || !c->tenants)
		return -ENOMEM;
	for (; c->named_count < c->host.tenant_count; c->named_count++) {
		c->named[c->named_count] = strdup(c->host.tenants[c->named_count]);
		if (!c->named[c->named_count])
			return -ENOMEM;
	}
	return 0;
}

static void check_ranges(struct compile *c)
{
	const char *leak = leak_find();

	for (size_t i = 0; i < c->host.tenant_count; i++) {
		tenant_check_range(&c->tenants[i].config, &c->accounts, &c->problems);
		tenant_check_members(&c->tenants[i].config, &c->accounts, &c->problems);
		tenant_check_leak(&c->tenants[i].config, leak, &c->problems);
	}
}

static int introduce(struct compile *c)
{
	int r = 0;

	for (size_t i = 0; i < c->host.tenant_count; i++)
		for (size_t k = 0; r == 0 && k < c->host.tenant_count; k++)
			if (k != i)
				r = tenants_introduce(&c->tenants[i].config, &c->tenants[k].config);
	return r;
}

int compile_tenants(struct compile *c)
{
	CLEANUP(index_closep) struct index_view *index = NULL;
	struct candidate *all = calloc(c->host.tenant_count + 1, sizeof(*all));
	int r = all ? remember_names(c) : -ENOMEM, read = index_open(&index);

	for (size_t i = 0; r == 0 && i < c->named_count; i++)
		r = candidate_read(c, c->named[i], &all[i]);
	if (r == 0)
		r = read == -ENOMEM ? read : place_all(c, all, index);
	if (r == 0)
		judge_the_rest(c, all, index, read < 0 && read != -ENOENT);
	if (r == 0 && c->lost[0]) {
		r = stay_as_published(c, index);
	} else if (r == 0) {
		compact(c, all);
		check_ranges(c);
		r = introduce(c);
	}
	for (size_t i = 0; all && i < c->named_count; i++)
		candidate_done(&all[i]);
	free(all);
	return r;
}
