/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control of a line, as libpam's pam_handlers.c reads it. */
#include "helper/check/pam_stack.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "end" is what pam-auth-update turns into a number; a file that still has it ends there all the same. */
enum action { UNSET = 0, ACTION_IGNORE, ACTION_OK, ACTION_DONE, ACTION_BAD, ACTION_DIE, ACTION_RESET, ACTION_JUMP };

static const char *const values[] = {
	"success",	   "open_err",	       "symbol_err",	   "service_err",   "system_err",   "buf_err",
	"perm_denied",	   "auth_err",	       "cred_insufficient", "authinfo_unavail", "user_unknown", "maxtries",
	"new_authtok_reqd", "acct_expired",    "session_err",	   "cred_unavail",  "cred_expired", "cred_err",
	"no_module_data",  "conv_err",	       "authtok_err",	   "authtok_recover_err", "authtok_lock_busy",
	"authtok_disable_aging", "try_again",  "ignore",	   "abort",	    "authtok_expired",
	"module_unknown",  "bad_item",	       "conv_again",	   "incomplete",    "default",
};

#define VALUE_COUNT   ARRAY_LENGTH(values)
#define VALUE_DEFAULT (VALUE_COUNT - 1)

struct actions {
	enum action of[VALUE_COUNT];
	size_t jump;
};

static size_t value_of(const char *name)
{
	size_t i = 0;

	while (i < VALUE_COUNT && strcmp(values[i], name) != 0)
		i++;
	return i;
}

static bool read_action(const char *text, struct actions *a, enum action *ret)
{
	static const struct {
		const char *name;
		enum action action;
	} names[] = {{"ignore", ACTION_IGNORE}, {"ok", ACTION_OK},   {"done", ACTION_DONE},   {"end", ACTION_DONE},
		     {"bad", ACTION_BAD},	{"die", ACTION_DIE}, {"reset", ACTION_RESET}};
	size_t jump = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (strcmp(text, names[i].name) == 0) {
			*ret = names[i].action;
			return true;
		}
	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text) && jump <= PAM_STACK_MAX; text++)
		jump = jump * 10 + (size_t)(*text - '0');
	*ret = jump ? ACTION_JUMP : ACTION_IGNORE;
	if (jump > a->jump)
		a->jump = jump;
	return true;
}

/* A word of small letters, digits and '_', with blanks before it passed over. */
static const char *take_word(const char *p, char *word, size_t len)
{
	size_t used = 0;

	while (isspace((unsigned char)*p))
		p++;
	for (; islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_'; p++)
		if (used + 1 < len)
			word[used++] = *p;
	word[used] = '\0';
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* "[success=ok new_authtok_reqd = done default=2]". False: no such thing. */
static bool read_list(const char *p, struct actions *a)
{
	char name[32], text[32];

	for (p++; *p && *p != ']';) {
		enum action action;
		size_t value;

		p = take_word(p, name, sizeof(name));
		value = value_of(name);
		if (value == VALUE_COUNT || *p != '=')
			return false;
		p = take_word(p + 1, text, sizeof(text));
		if (!read_action(text, a, &action))
			return false;
		a->of[value] = action;
	}
	return true;
}

static void set(struct actions *a, const char *value, enum action action)
{
	a->of[value_of(value)] = action;
}

static void read_word(const char *word, struct actions *a)
{
	static const struct {
		const char *word;
		enum action good, bad;
	} words[] = {{"required", ACTION_OK, ACTION_BAD},
		     {"requisite", ACTION_OK, ACTION_DIE},
		     {"optional", ACTION_OK, ACTION_IGNORE},
		     {"sufficient", ACTION_DONE, ACTION_IGNORE}};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strcasecmp(word, words[i].word) == 0) {
			set(a, "success", words[i].good);
			set(a, "new_authtok_reqd", words[i].good);
			set(a, "ignore", ACTION_IGNORE);
			a->of[VALUE_DEFAULT] = words[i].bad;
		}
}

/* What a failure may lead to without that it counts. A failure that is "ok" or "done" is the stack's answer. */
static bool passes_over(const struct actions *a)
{
	for (size_t i = 0; i < VALUE_DEFAULT; i++) {
		enum action action = a->of[i];

		if (strcmp(values[i], "success") == 0 || strcmp(values[i], "ignore") == 0 ||
		    strcmp(values[i], "new_authtok_reqd") == 0)
			continue;
		if (action == ACTION_IGNORE || action == ACTION_JUMP || action == ACTION_RESET)
			return true;
	}
	return false;
}

struct pam_control pam_control_read(const char *text)
{
	struct actions a = {0};
	struct pam_control c = {0};

	if (*text != '[')
		read_word(text, &a);
	else if (!read_list(text, &a))
		a = (struct actions){0};
	for (size_t i = 0; i < VALUE_COUNT; i++) {
		if (a.of[i] == UNSET)
			a.of[i] = a.of[VALUE_DEFAULT] == UNSET ? ACTION_BAD : a.of[VALUE_DEFAULT];
		c.forgets = c.forgets || (i != VALUE_DEFAULT && a.of[i] == ACTION_RESET);
	}
	c.jump = a.jump;
	c.ends = a.of[value_of("success")] == ACTION_DONE || a.of[value_of("ignore")] == ACTION_DONE;
	c.ends_expired = a.of[value_of("new_authtok_reqd")] == ACTION_DONE;
	c.weak = passes_over(&a);
	return c;
}
