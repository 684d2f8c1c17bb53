/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "common/base/text.h"
#include "common/model/directory.h"

#define WORD_MAX  64
#define TITLE_MAX 128

static bool is_word(const char *text)
{
	return !text || (*text && text_check(text, WORD_MAX) == 0);
}

const char *scope_fault(const struct scope *s, const char **ret_remedy)
{
	static const char *const kinds[] = {"management-group", "subscription", "resource-group"};
	bool known = !s->kind;

	for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !known; i++)
		known = strcmp(s->kind, kinds[i]) == 0;
	*ret_remedy = "write management-group, subscription or resource-group";
	if (!known)
		return "kind has an unknown value";
	*ret_remedy = "write a word";
	if (!is_word(s->environment))
		return "environment is no plain text of up to 64 bytes";
	return is_word(s->tier) ? NULL : "tier is no plain text of up to 64 bytes";
}

const char *role_fault(const struct role *r, const char **ret_remedy)
{
	const struct activation *a = &r->activation;

	*ret_remedy = "write 1m to 24h";
	if (a->max_duration_ns < ROLE_DURATION_MIN_NS || a->max_duration_ns > ROLE_DURATION_MAX_NS)
		return "max_duration is outside 1m-24h";
	*ret_remedy = "write 1m or more";
	if (a->approval_timeout_ns < ROLE_DURATION_MIN_NS)
		return "approval_timeout is under 1m";
	*ret_remedy = "write plain text";
	return r->title && text_check(r->title, TITLE_MAX) < 0 ? "title is no plain text of up to 128 bytes" : NULL;
}
