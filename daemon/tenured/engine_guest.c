/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests in what is in force. MUST: who is a guest by a published policy is one only as long as the trust is configured,
 * and the account holds in its own tenant, by that one's own policy.
 */
#include <errno.h>
#include <string.h>

#include "daemon/tenured/engine_internal.h"

bool engine_lets_in(const struct engine *e, size_t of, size_t from)
{
	return of != from && of < e->tenant_count && from < e->tenant_count && e->tenants[of].guests_stand &&
	       tenant_trusts(&e->compile->tenants[of].config, &e->compile->tenants[from].config);
}

/* A directory in LDAP is read for it, at the next tick; one of a file is there. */
static int publish(struct engine *e, size_t tenant)
{
	struct compiled_tenant *t = &e->compile->tenants[tenant];
	int r;

	if (t->config.source == SOURCE_LDAP) {
		engine_directory_changed(e, tenant);
		t->guests_due = false;
		return 0;
	}
	r = compile_set_guests(e->compile, tenant, t);
	if (r == 0)
		r = engine_publish_one(e, tenant);
	t->guests_due = r < 0;
	return r;
}

int engine_publish_guests(struct engine *e)
{
	int r = 0;

	for (size_t i = 0; i < e->tenant_count; i++) {
		int k = e->compile->tenants[i].guests_due ? publish(e, i) : 0;

		r = r < 0 ? r : k;
	}
	return r;
}

/* It is that tenant's user, whose account holds. What cannot be read there is no reason for this tenant to stand still. */
static bool is_of(struct engine *e, size_t tenant, size_t from, const struct policy_principal *p,
		  const struct instant *now)
{
	const struct policy *home = engine_policy(e, from), *policy = engine_policy(e, tenant);
	struct policy_principal user, guest;
	uint32_t position, found;

	return home && policy && policy_principal_by_uid(home, p->uid, &position) == 0 &&
	       decide_guest_find(home, position, policy, &found) == 0 &&
	       policy_principal(policy, found, &guest) == 0 && policy_principal(home, position, &user) == 0 &&
	       uuid_equal(&guest.id, &p->id) && user.enabled && user.start_ns <= now->realtime_ns &&
	       now->realtime_ns < user.end_ns;
}

bool engine_principal_stands(struct engine *e, size_t tenant, const struct policy_principal *p, const struct instant *now)
{
	if (!p->guest)
		return true;
	for (size_t from = 0; p->uid != NO_ID && from < e->tenant_count; from++)
		if (engine_lets_in(e, tenant, from) && is_of(e, tenant, from, p, now))
			return true;
	return false;
}

int engine_guest(struct engine *e, const struct actor *who, size_t tenant, struct actor *ret)
{
	const struct policy *home, *policy = engine_policy(e, tenant);
	struct policy_principal guest;
	uint32_t position, found;
	int r;

	if (who->root || !who->governed || !engine_lets_in(e, tenant, who->tenant))
		return -ENOENT;
	r = engine_find_actor(e, who, &home, &position);
	if (r == 0)
		r = policy ? decide_guest_find(home, position, policy, &found) : -EROFS;
	if (r == 0)
		r = policy_principal(policy, found, &guest);
	if (r < 0)
		return r == -EACCES ? -ENOENT : r;
	*ret = *who;
	ret->tenant = tenant;
	ret->tenant_id = e->compile->tenants[tenant].config.id;
	ret->principal = found;
	ret->principal_id = guest.id;
	return 0;
}

bool engine_actor_is(const struct actor *who, const struct uuid *tenant_id, const struct uuid *principal)
{
	struct uuid guest;

	if (who->root || !who->governed)
		return false;
	if (uuid_equal(tenant_id, &who->tenant_id))
		return uuid_equal(principal, &who->principal_id);
	guest_id(tenant_id, &who->tenant_id, &who->principal_id, &guest);
	return uuid_equal(principal, &guest);
}
