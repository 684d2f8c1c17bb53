/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a list of sudoers(5) names. As in sudo, the last item that fits decides; an alias may be defined behind its use. */
#include "helper/check/sudoers.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

#define DEPTH_MAX 16

enum fit { FITS_NOT, FITS_MAYBE, FITS, TAKEN_OUT };

static enum fit list_fits(const struct check_context *c, const struct sudoers *s, const struct sudoers_list *list,
			  const char *login, unsigned depth);

static const struct sudoers_alias *find_alias(const struct sudoers *s, const char *name)
{
	for (size_t i = 0; i < s->alias_count; i++)
		if (strcmp(s->aliases[i].name, name) == 0)
			return &s->aliases[i];
	return NULL;
}

/* "%sudo", "%#27", "%:sudo": the plugin asks for groups of the host, too. Those of Tenure have no member in files. */
static bool group_fits(const struct check_context *c, const char *group, const char *login)
{
	uint64_t gid;

	group += *group == ':';
	if (*group != '#')
		return check_in_group(c, login, group);
	return number_parse(group + 1, UINT32_MAX, &gid) == 0 && check_in_gid(c, login, (uint32_t)gid);
}

static bool uid_fits(const struct check_context *c, const char *number, const char *login)
{
	const struct unix_account *a = check_account(c, login);
	uint64_t uid;

	return a && number_parse(number, UINT32_MAX, &uid) == 0 && uid == a->uid;
}

static enum fit item_fits(const struct check_context *c, const struct sudoers *s, const char *item, const char *login,
			  unsigned depth)
{
	const struct sudoers_alias *alias = find_alias(s, item);

	if (alias)
		return depth < DEPTH_MAX ? list_fits(c, s, &alias->members, login, depth + 1) : FITS_MAYBE;
	if (strcmp(item, "ALL") == 0 || strcmp(item, login) == 0)
		return FITS;
	switch (*item) {
	case '+':
		return FITS_MAYBE;
	case '%':
		return group_fits(c, item + 1, login) ? FITS : FITS_NOT;
	case '#':
		return uid_fits(c, item + 1, login) ? FITS : FITS_NOT;
	default:
		return FITS_NOT;
	}
}

static enum fit list_fits(const struct check_context *c, const struct sudoers *s, const struct sudoers_list *list,
			  const char *login, unsigned depth)
{
	bool perhaps_in = false, perhaps_out = false;

	for (size_t i = list->count; i-- > 0;) {
		bool negated = list->items[i][0] == '!';
		enum fit fit = item_fits(c, s, list->items[i] + negated, login, depth);

		perhaps_in = perhaps_in || (fit == FITS_MAYBE && !negated);
		perhaps_out = perhaps_out || (fit == FITS_MAYBE && negated);
		if (fit == FITS_NOT || fit == FITS_MAYBE)
			continue;
		if ((fit == FITS) != negated)
			return perhaps_out ? FITS_MAYBE : FITS;
		return perhaps_in ? FITS_MAYBE : TAKEN_OUT;
	}
	return perhaps_in ? FITS_MAYBE : FITS_NOT;
}

enum sudoers_answer sudoers_gives_root(const struct check_context *c, const struct sudoers *s, const char *login)
{
	enum sudoers_answer answer = SUDOERS_NO;

	for (size_t i = 0; i < s->rule_count && answer != SUDOERS_YES; i++) {
		enum fit fit = s->rules[i].root ? list_fits(c, s, &s->rules[i].who, login, 0) : FITS_NOT;

		if (fit == FITS)
			answer = SUDOERS_YES;
		else if (fit == FITS_MAYBE)
			answer = SUDOERS_MAYBE;
	}
	return answer;
}

static bool list_names(const struct sudoers *s, const struct sudoers_list *list, const char *item, unsigned depth)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct sudoers_alias *alias = depth < DEPTH_MAX ? find_alias(s, list->items[i]) : NULL;

		if (strcmp(list->items[i], item) == 0 || (alias && list_names(s, &alias->members, item, depth + 1)))
			return true;
	}
	return false;
}

bool sudoers_names(const struct sudoers *s, const char *item)
{
	for (size_t i = 0; i < s->rule_count; i++)
		if (list_names(s, &s->rules[i].who, item, 0))
			return true;
	return false;
}
