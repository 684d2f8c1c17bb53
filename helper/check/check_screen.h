/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_SCREEN_H
#define TENURE_HELPER_CHECK_SCREEN_H

#include <jansson.h>

#include "helper/check/check.h"
#include "helper/cli.h"

void check_print(struct cli *cli, const struct check_context *c, const bool *ok);
/* A new reference; NULL when memory is out. */
json_t *check_json(struct cli *cli, const struct check_context *c, const bool *ok);

#endif
