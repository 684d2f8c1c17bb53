/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_WAITING_H
#define TENURE_HELPER_WAITING_H

/*
 * From a request to its outcome: files it (Request, Extend), lets the broker prompt, shows whom it waits for and how
 * long already, and says how it ended. Waits with --wait, and for those who were asked for terms (request_terms.h); Ctrl-C
 * leaves the request open.
 */

#include <jansson.h>

#include "helper/cli.h"

/* Takes the reference to parameters, and adds `wait`. */
int request_and_wait(struct cli *cli, const char *method, json_t *parameters);

#endif
