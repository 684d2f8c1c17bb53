/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/tenured/engine_internal.h"

/* Each call that writes to the journal costs so much of a principal's time: 60 in ten minutes, in bursts as they like. */
#define PRICE_NS  (10 * NS_PER_S)
#define CREDIT_NS (60 * PRICE_NS)

static bool is_of(const struct spender *s, const struct uuid *tenant_id, const struct actor *who)
{
	return uuid_equal(&s->principal, &who->principal_id) && uuid_equal(&s->tenant_id, tenant_id);
}

/*
 * The principal's own place, or that of who has paid the most by now. Of its tenant: two directories may choose the same id,
 * and what one spends is none of the other's.
 */
static struct spender *place_of(struct engine *e, const struct uuid *tenant_id, const struct actor *who)
{
	struct spender *oldest = &e->spenders[0];

	for (size_t i = 0; i < SPENDERS_MAX; i++) {
		if (is_of(&e->spenders[i], tenant_id, who))
			return &e->spenders[i];
		if (e->spenders[i].paid_ns < oldest->paid_ns)
			oldest = &e->spenders[i];
	}
	return oldest;
}

static bool is_limited(const struct actor *who)
{
	return !who->root && !uuid_is_null(&who->principal_id);
}

int engine_check_budget(struct engine *e, const struct actor *who)
{
	const struct uuid tenant_id = engine_tenant_id(e, who);
	struct instant now;
	int r = engine_now(e, &now);

	if (r < 0 || !is_limited(who))
		return r;
	const struct spender *s = place_of(e, &tenant_id, who);

	if (!is_of(s, &tenant_id, who))
		return 0;
	return time_add(s->paid_ns, PRICE_NS) > time_add(now.boottime_ns, CREDIT_NS) ? -EUSERS : 0;
}

void engine_spend(struct engine *e, const struct actor *who)
{
	const struct uuid tenant_id = engine_tenant_id(e, who);
	struct instant now;

	if (!is_limited(who) || engine_now(e, &now) < 0)
		return;
	struct spender *s = place_of(e, &tenant_id, who);
	const int64_t from = is_of(s, &tenant_id, who) && s->paid_ns > now.boottime_ns ? s->paid_ns : now.boottime_ns;

	*s = (struct spender){tenant_id, who->principal_id, time_add(from, PRICE_NS)};
}

struct uuid engine_tenant_id(const struct engine *e, const struct actor *who)
{
	const struct tenant_config *tenant = who->governed ? engine_tenant(e, who->tenant) : NULL;

	return tenant ? tenant->id : (struct uuid){{0}};
}
