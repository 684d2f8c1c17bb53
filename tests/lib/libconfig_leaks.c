/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libconfig 1.5 loses the strings that stand before a syntax error. They are its own, a few bytes for each faulty file;
 * LeakSanitizer shall tell us of ours.
 */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void); /* the sanitizer looks for it */

const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}
