/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_CONFIG_CONFIG_H
#define TENURE_CONFIG_CONFIG_H

/*
 * Reads the three kinds of file (tenure.conf(5), tenure-directory(5)). The text is opened by safe_open and pre-checked
 * before libconfig sees it: libconfig 1.5 wraps integers silently (4294967296 becomes 0), follows @include, and may
 * call exit() when memory runs out; so programs alone link it. Unknown keys are errors with a place.
 *
 * Each returns 0 with the result (and perhaps problems), or -errno with at least one problem added and no result:
 * the caller keeps its last good content of that file. -ENOENT: there is no such file.
 */

#include "common/model/settings.h"

#define CONFIG_FILE_MAX (64u << 20)

/*
 * A file's text by safe_read, with a NUL at text[len]. place: as messages call it, the last folder (if it is one of
 * ours) and the name. 0 or as safe_read; file_text_report says why as a problem "conf-file", file_text_read does both.
 */
struct file_text {
	char *text;
	size_t len;
	char place[256];
};
int file_text_take(const char *path, struct file_text *ret) MUST_CHECK;
void file_text_report(const char *place, int error, struct problem_list *problems);
int file_text_read(const char *path, struct problem_list *problems, struct file_text *ret) MUST_CHECK;
void file_text_done(struct file_text *f);

int host_config_load(const char *path, struct host_config *ret, struct problem_list *problems) MUST_CHECK;

/* name: from the file's name; must be a valid name. */
int tenant_config_load(const char *path, const char *name, struct tenant_config *ret,
		       struct problem_list *problems) MUST_CHECK;

/* Parses only; directory_validate comes next. */
int directory_load(const char *path, const struct uuid *tenant_id, struct directory **ret,
		   struct problem_list *problems) MUST_CHECK;

/* The same from memory, for tests and fuzzing: text has a NUL at text[len]; place is how messages call the file. */
int host_config_parse(const char *text, size_t len, const char *place, struct host_config *ret,
		      struct problem_list *problems) MUST_CHECK;
int tenant_config_parse(const char *text, size_t len, const char *place, const char *name, struct tenant_config *ret,
			struct problem_list *problems) MUST_CHECK;
int directory_parse(const char *text, size_t len, const char *place, const struct uuid *tenant_id,
		    struct directory **ret, struct problem_list *problems) MUST_CHECK;

/*
 * What libconfig must never see: integers out of 32 bits, @include, NUL bytes, nesting deeper than 16. 0, or -EINVAL
 * with a problem that names the line.
 */
int config_text_check(const char *text, size_t len, const char *place, struct problem_list *problems) MUST_CHECK;

#endif
