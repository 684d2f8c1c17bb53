/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/tenured/reply.h"

/* Fills it from the policy: who is meant, with nothing of who acts. */
static int subject_read(struct broker *b, size_t tenant, uint32_t position, struct actor *ret)
{
	const struct tenant_config *config = engine_tenant(b->engine, tenant);
	struct policy_principal p;
	int r = policy_principal(engine_policy(b->engine, tenant), position, &p);

	if (r < 0)
		return r;
	*ret = (struct actor){.uid = p.uid,
			      .login_uid = NO_ID,
			      .governed = true,
			      .tenant = tenant,
			      .principal = position,
			      .principal_id = p.id};
	(void)snprintf(ret->user, sizeof(ret->user), "%s@%s", p.name,
		       config && config->domain_count ? config->domains[0] : "");
	(void)snprintf(ret->login, sizeof(ret->login), "%s", p.login ? p.login : "");
	return 0;
}

static bool has_domain(const struct tenant_config *tenant, const char *domain)
{
	for (size_t i = 0; i < tenant->domain_count; i++)
		if (strcmp(tenant->domains[i], domain) == 0)
			return true;
	return false;
}

/* -ENOENT: not of this tenant. */
static int find_in_tenant(struct broker *b, size_t i, const char *text, struct actor *ret)
{
	const struct tenant_config *tenant = engine_tenant(b->engine, i);
	const struct policy *policy = engine_policy(b->engine, i);
	const char *at = strchr(text, '@');
	char name[NAME_LENGTH_MAX + 1];
	uint32_t position;
	int r;

	if (!tenant || !policy)
		return -ENOENT;
	if (at ? !has_domain(tenant, at + 1) : !tenant->home)
		return -ENOENT;
	if ((size_t)snprintf(name, sizeof(name), "%.*s", at ? (int)(at - text) : (int)strlen(text), text) >=
	    sizeof(name))
		return -ENOENT;
	r = policy_principal_by_name(policy, name, &position);
	return r < 0 ? r : subject_read(b, i, position, ret);
}

/* A local login whose name is not the principal's. */
static int find_by_local_login(struct broker *b, const struct actor *viewer, const char *login, struct actor *ret)
{
	const struct host_config *host = engine_host_config(b->engine);

	for (size_t i = 0; host && i < host->local_login_count; i++) {
		if (strcmp(host->local_logins[i].login, login) != 0)
			continue;
		for (size_t t = 0; t < engine_tenant_count(b->engine); t++)
			if (viewer_may_know(viewer, t) && find_in_tenant(b, t, host->local_logins[i].principal, ret) == 0)
				return 0;
	}
	return -ENOENT;
}

int subject_find(struct broker *b, const struct actor *viewer, const char *text, struct actor *ret)
{
	if (!strchr(text, '@') && find_by_local_login(b, viewer, text, ret) == 0)
		return 0;
	for (size_t i = 0; i < engine_tenant_count(b->engine); i++) {
		int r = viewer_may_know(viewer, i) ? find_in_tenant(b, i, text, ret) : -ENOENT;

		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}
