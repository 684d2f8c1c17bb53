/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_STATUS_SCREEN_H
#define TENURE_HELPER_STATUS_SCREEN_H

#include <jansson.h>

#include "helper/cli.h"

/* The header line and the table of roles, from a reply of Status or one made from the snapshots. */
void status_print(struct cli *cli, const json_t *status);

/*
 * The same object from what any user may read, for when the broker is down: what is assigned and activated, nothing
 * that is eligible. A new reference; NULL if the caller is governed by no tenant or the snapshots cannot be read.
 */
json_t *status_from_snapshots(struct cli *cli) MUST_CHECK;

#endif
