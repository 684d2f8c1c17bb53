/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libldap frees its requests, and so passwords, as they are; its memory functions serve slapd alone (T34). */
#include <malloc.h>

#include "daemon/tenure-sync/serve.h"

/*
 * malloc fills what is freed with this, and what it gives with its complement. Not what lies in a thread's cache (1 KiB
 * at most): a request has a buffer of 4 KiB, and what we hold ourselves is wiped where it ends.
 */
#define FREED 0xff

/* Another malloc, as a sanitizer's, does not know this, and has its own ways with what is freed. */
void wipe_what_is_freed(void)
{
	(void)mallopt(M_PERTURB, FREED);
}
