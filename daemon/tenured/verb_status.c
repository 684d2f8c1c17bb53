/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/paths.h"

#define HOST_NAME_BYTES 256

/* The directory's name of this host, or its own. */
static const char *name_of_host(const struct policy_host *host, char *buf, size_t len)
{
	if (host->known && host->name)
		return host->name;
	if (gethostname(buf, len) < 0)
		return "?";
	buf[len - 1] = '\0';
	return buf;
}

/* Whose directory says where this host is: the subject's own tenant; for root, who has none, the home tenant. */
static size_t tenant_of(struct broker *b, const struct actor *subject)
{
	if (subject->governed)
		return subject->tenant;
	for (size_t i = 0; i < engine_tenant_count(b->engine); i++) {
		const struct tenant_config *tenant = engine_tenant(b->engine, i);

		if (tenant && tenant->home)
			return i;
	}
	return SIZE_MAX;
}

void verb_status(struct call *c)
{
	struct broker *b = call_broker(c);
	struct actor subject;
	struct policy_host host = {0};
	const struct policy *policy;
	const struct tenant_config *tenant;
	char name[HOST_NAME_BYTES], id[UUID_TEXT_MAX], stale[ENGINE_STALE_MAX];
	json_t *reply;

	if (!verb_subject(c, &subject))
		return;
	policy = engine_policy(b->engine, tenant_of(b, &subject));
	tenant = engine_tenant(b->engine, subject.tenant);
	if (policy && policy_host(policy, &host) < 0)
		host = (struct policy_host){0};
	uuid_format(engine_host_id(b->engine), id);
	reply = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "user",
			  subject.governed ? subject.user : "root", "login", subject.governed ? subject.login : "root",
			  "host", name_of_host(&host, name, sizeof(name)), "path",
			  json_text(host.known ? host.path : NULL), "scope", json_text(host.known ? host.scope : NULL),
			  "environment", json_text(host.known ? host.environment : NULL), "tenant",
			  tenant ? tenant->name : "", "units", rows_of_units(b, &subject), "roles",
			  rows_of_roles(b, call_actor(c), &subject), "requests",
			  rows_of_requests(b, call_actor(c), &subject), "host_id", id, "stale",
			  json_text(engine_stale(b->engine, subject.tenant, stale)), "degraded",
			  json_text(engine_degraded(b->engine)), "directories",
			  rows_of_directories(b, call_actor(c)));
	call_reply(c, reply);
}
