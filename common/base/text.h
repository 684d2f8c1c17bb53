/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_TEXT_H
#define TENURE_BASE_TEXT_H

/*
 * Names, numbers and free text from outside. Everything is refused or taken as it is; nothing is repaired (T13, T24).
 */

#include "common/base/result.h"

#define NAME_LENGTH_MAX 31 /* bytes, as useradd and utmp have it */

/* ^[a-z_][a-z0-9_.-]{0,30}$, the names of logins, groups, roles, tenants, units, hosts. */
bool name_is_valid(const char *name);

/*
 * A name of /etc/passwd or /etc/group, as useradd takes it: letters of either case, digits, "_", ".", "-", no "-" or "."
 * first, perhaps a "$" last, 31 bytes at most, not digits alone. What we name ourselves is name_is_valid's.
 */
bool local_name_is_valid(const char *name);

/* A login as NSS shows it: a name, or name@domain for other tenants than the home tenant. */
bool login_is_valid(const char *login);

/* A DNS name in lower case: labels of letters, digits and hyphens, a dot at least, at most 253 bytes. */
bool domain_is_valid(const char *domain);
/* Absolute, with no step that is empty, "." or "..", but for a slash at the end; fit for a line of passwd. */
bool path_is_plain(const char *path);

/* "/" or "/a/b-c/d.e": each step as a name, at most SCOPE_LENGTH_MAX bytes, no empty step, none "." or "..". */
#define SCOPE_LENGTH_MAX 1023
bool scope_path_is_valid(const char *path);

/* True if the scope `upper` is `path` or lies above it. Both valid. "/" covers all. */
bool scope_covers(const char *upper, const char *path);

/*
 * Free text of a user (reason, ticket): valid UTF-8, no control characters (C0, DEL, C1, line and paragraph
 * separators), no bidirectional or zero-width formatting, at most max bytes. 0, -EILSEQ, -EMSGSIZE.
 */
#define REASON_LENGTH_MAX 1024
int text_check(const char *text, size_t max) MUST_CHECK;

/*
 * Makes any bytes fit to show on a terminal or in a log: what text_check refuses, and '"' and '\', becomes \xNN.
 * Always ends buf with NUL, cuts at a whole escape; returns buf. len > 0.
 */
const char *text_escape(const char *text, char *buf, size_t len);

/* A field of a passwd or group line: no ':' , no control byte, valid UTF-8 (T25). */
bool field_is_valid(const char *field);

/* Decimal digits only, whole string, no sign, no leading zero (but "0"), at most max. 0, -EINVAL, -ERANGE. */
int number_parse(const char *text, uint64_t max, uint64_t *ret) MUST_CHECK;

#endif
