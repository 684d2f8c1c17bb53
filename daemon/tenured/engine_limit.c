/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/tenured/engine_internal.h"

/* Each call that writes to the journal costs so much of a principal's time: 60 in ten minutes, in bursts as they like. */
#define PRICE_NS  (10 * NS_PER_S)
#define CREDIT_NS (60 * PRICE_NS)

/* The principal's own place, or that of who has paid the most by now. */
static struct spender *place_of(struct engine *e, const struct uuid *principal)
{
	struct spender *oldest = &e->spenders[0];

	for (size_t i = 0; i < SPENDERS_MAX; i++) {
		if (uuid_equal(&e->spenders[i].principal, principal))
			return &e->spenders[i];
		if (e->spenders[i].paid_ns < oldest->paid_ns)
			oldest = &e->spenders[i];
	}
	return oldest;
}

int engine_check_budget(struct engine *e, const struct actor *who)
{
	struct instant now;
	int r = engine_now(e, &now);

	if (r < 0 || who->root || uuid_is_null(&who->principal_id))
		return r;
	const struct spender *s = place_of(e, &who->principal_id);

	if (!uuid_equal(&s->principal, &who->principal_id))
		return 0;
	return time_add(s->paid_ns, PRICE_NS) > time_add(now.boottime_ns, CREDIT_NS) ? -EUSERS : 0;
}

void engine_spend(struct engine *e, const struct actor *who)
{
	struct instant now;

	if (who->root || uuid_is_null(&who->principal_id) || engine_now(e, &now) < 0)
		return;
	struct spender *s = place_of(e, &who->principal_id);
	const bool known = uuid_equal(&s->principal, &who->principal_id);
	const int64_t from = known && s->paid_ns > now.boottime_ns ? s->paid_ns : now.boottime_ns;

	*s = (struct spender){who->principal_id, time_add(from, PRICE_NS)};
}
