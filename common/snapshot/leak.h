/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_LEAK_H
#define TENURE_SNAPSHOT_LEAK_H

/*
 * What asks NSS as root and tells everybody: nscd and systemd-userdbd. While one of them runs, a hidden tenant is hidden
 * from all, in every process, for the C library asks them first. Asked by the modules themselves, whose processes begin
 * behind the socket of the cache, or are the cache: no broker has to notice in time.
 */

#include "common/base/result.h"

/*
 * The name of the one that runs, static; NULL: none does. What cannot be looked at counts as running. errno is left as
 * the calls leave it.
 */
const char *leak_find(void);

/*
 * May the real user go into the tenant's folder? Asked in programs with a set-user-ID bit, which tell who started them
 * what these may know: access(2) asks by real ids, and without root's capabilities for others.
 */
bool leak_real_user_may(const char *tenant);

#endif
