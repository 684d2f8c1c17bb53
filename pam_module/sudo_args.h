/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_SUDO_ARGS_H
#define TENURE_PAM_SUDO_ARGS_H

/*
 * What sudo was asked for, from the argument vector that sudo itself has parsed (/proc/self/cmdline; sudo is set-uid, so
 * its caller cannot change it any more). sudo tells PAM its target in the session phase alone, and that is too late for
 * sudoedit, which has copied the target's file to its caller by then; and it never tells the group of -g.
 *
 * MUST: what is not understood can only make a verdict stricter; getopt's own state is sudo's and stays untouched.
 * Rules: sudo(8) and its parse_args.c (options end at the first word that is neither one nor NAME=VALUE).
 */

#include "common/base/result.h"

#define SUDO_ARG_MAX 256 /* a user or group; sudo knows none that is longer */

struct sudo_args {
	bool edit;		  /* sudoedit, sudo -e, sudo sudoedit */
	bool odd;		  /* an option that we do not know, or a vector too long: any of the rest may be wrong */
	char user[SUDO_ARG_MAX];  /* -u: a name or "#uid"; "": not given */
	char group[SUDO_ARG_MAX]; /* -g: a name or "#gid"; "": not given */
};

/* 0 or -errno; ret is set in either case. */
int sudo_args_read(struct sudo_args *ret) MUST_CHECK;

/* The same of a vector: words that end in NUL. cut: there was more of it. For tests, too. */
void sudo_args_parse(const char *words, size_t len, bool cut, struct sudo_args *ret);

#endif
