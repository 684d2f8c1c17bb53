/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_COOKIE_H
#define TENURE_SYNC_COOKIE_H

/*
 * Where a replica is: syncprov's cookie ("rid=000,csn=CSN;CSN") and a provider's contextCSN, each a set of CSNs, one for
 * each server that writes. Pure.
 */

#include "common/wire/sync_proto.h"

struct cookie {
	size_t len; /* 0: none */
	uint8_t bytes[SYNC_COOKIE_MAX];
};

/*
 * True: a provider with these CSNs lacks what the cookie stands for. csns: texts, ended by NULL; without any nothing can
 * be said, as of a cookie of another form: false.
 */
bool cookie_is_ahead(const struct cookie *c, const char *const *csns);

#endif
