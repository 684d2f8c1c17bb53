/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_ROWS_H
#define TENURE_TENURED_ROWS_H

/* Rows of a holders table on their way from the decision core to the file. */

#include "common/model/validate.h"
#include "common/snapshot/holders.h"

struct rows {
	struct holder *items; /* strings copied */
	size_t count, size;
};

/* For decide_standing_rows and decide_grant_rows; context is the rows. 0 or -ENOMEM. */
int rows_add(void *context, const struct holder *row) MUST_CHECK;
/* Looks up the local group of each row of kind RIGHT_GROUP, for NSS; one that does not exist here stays NO_ID. */
void rows_resolve_groups(struct rows *rows, const struct local_accounts *local);
void rows_done(struct rows *rows);

#endif
