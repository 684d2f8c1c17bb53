/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/settings.h"

#include <stdlib.h>

static void strings_free(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void host_config_done(struct host_config *c)
{
	strings_free(c->tenants, c->tenant_count);
	strings_free(c->login_services, c->login_service_count);
	strings_free(c->batch_services, c->batch_service_count);
	strings_free(c->break_glass_users, c->break_glass_user_count);
	strings_free(c->allow_become, c->allow_become_count);
	strings_free(c->allow_groups, c->allow_group_count);
	strings_free(c->visible_to, c->visible_to_count);
	for (size_t i = 0; i < c->gate_service_count; i++)
		free(c->gate_services[i].name);
	free(c->gate_services);
	for (size_t i = 0; i < c->local_login_count; i++) {
		free(c->local_logins[i].login);
		free(c->local_logins[i].principal);
		free(c->local_logins[i].place);
	}
	free(c->local_logins);
	*c = (struct host_config){0};
}

void ldap_config_done(struct ldap_config *c)
{
	strings_free(c->uris, c->uri_count);
	free(c->base);
	free(c->bind_dn);
	free(c->password_file);
	free(c->tls_ca);
	free(c->tls_cert);
	free(c->tls_key);
	for (size_t i = 0; i < OBJECT_KIND_COUNT; i++)
		free(c->bases[i]);
	free(c->user_filter);
	free(c->group_filter);
	for (size_t i = 0; i < LDAP_FIELD_COUNT; i++)
		free(c->map[i]);
	*c = (struct ldap_config){0};
}

void tenant_config_done(struct tenant_config *c)
{
	free(c->name);
	ldap_config_done(&c->ldap);
	strings_free(c->domains, c->domain_count);
	strings_free(c->home_parents, c->home_parent_count);
	strings_free(c->foreign_domains, c->foreign_domain_count);
	*c = (struct tenant_config){0};
}
