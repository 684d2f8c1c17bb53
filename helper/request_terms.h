/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_REQUEST_TERMS_H
#define TENURE_HELPER_REQUEST_TERMS_H

/* What a request and an extension have in common: duration, reason, ticket. */

#include <jansson.h>

#include "helper/rows.h"

/*
 * On a terminal, asks for what the options leave out and the role wants, behind a header line that says what it is
 * about. Without one, what is missing is the broker's to say. CODE_DONE or a recorded failure.
 */
int ask_missing_terms(struct cli *cli, const struct role_row *row, const char *header) MUST_CHECK;

/* Adds what is known to the call. */
void set_terms(const struct cli *cli, json_t *parameters);

#endif
