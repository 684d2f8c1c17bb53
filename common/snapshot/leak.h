/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_LEAK_H
#define TENURE_SNAPSHOT_LEAK_H

/*
 * What asks NSS as root and tells everybody: nscd and systemd-userdbd. While one of them is there, a hidden tenant is
 * hidden from all, in every process: theirs cannot be told from others, and they are the ones that must not know. Asked
 * by the modules themselves, whose processes begin behind the socket of the cache: no broker has to notice in time.
 */

#include "common/base/result.h"

/*
 * The name of the one that is there, static; NULL: none is. What cannot be looked at counts as there. errno is left as
 * the calls leave it.
 */
const char *leak_find(void);

#endif
