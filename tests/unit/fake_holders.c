/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of the mapped table of grants: rows in memory, and whatever goes wrong on purpose. */

#include "tests/unit/world.h"

#include <errno.h>

unsigned fake_holders_fail_at;

int holders_of_principal(const struct holders *h, const struct uuid *principal, const struct instant *now, holder_fn fn,
			 void *context)
{
	if (h->error)
		return h->error;
	if (fake_holders_fail_at > 0 && --fake_holders_fail_at == 0)
		return -EBADMSG;
	for (size_t i = 0; i < h->count; i++) {
		if (!uuid_equal(&h->rows[i].principal, principal))
			continue;
		int r = fn(context, &h->rows[i]);
		if (r != 0)
			return r;
	}
	return 0;
}
