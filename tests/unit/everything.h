/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_EVERYTHING_H
#define TENURE_TESTS_EVERYTHING_H

/*
 * Asks an open policy everything that the core can be asked, in the order that an attacker would like best. For files
 * that nobody should trust: what comes back may be anything that denies. Returns how often nothing could be read.
 */

#include "common/decide/decide.h"

unsigned ask_everything(const struct policy *p, const struct holders *grants);

#endif
