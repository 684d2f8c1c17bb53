/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

/* become-USER must not be longer than a name: sudoers can only use what NSS can show. */
#define BECOME_LENGTH_MAX (NAME_LENGTH_MAX - (sizeof("become-") - 1))

static const struct {
	const char *text; /* with ':' if an argument follows */
	enum right_kind kind;
} rights[] = {
	{"login", RIGHT_LOGIN},
	{"become:", RIGHT_BECOME},
	{"group:", RIGHT_GROUP},
	{"user.lock", RIGHT_USER_LOCK},
	{"user.sessions.end", RIGHT_USER_SESSIONS_END},
	{"request.approve", RIGHT_REQUEST_APPROVE},
	{"grant.revoke", RIGHT_GRANT_REVOKE},
	{"audit.read", RIGHT_AUDIT_READ},
	{"policy.read", RIGHT_POLICY_READ},
};

static bool argument_is_valid(enum right_kind kind, const char *argument)
{
	if (kind == RIGHT_BECOME && strcmp(argument, "*") == 0)
		return true;
	if (kind == RIGHT_BECOME && strlen(argument) > BECOME_LENGTH_MAX)
		return false;
	return local_name_is_valid(argument);
}

int right_parse(const char *text, struct right *ret)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rights); i++) {
		size_t len = strlen(rights[i].text);
		struct right r = {.kind = rights[i].kind};

		if (strncmp(text, rights[i].text, len) != 0)
			continue;
		if (text[len] == '\0' && rights[i].text[len - 1] != ':') {
			*ret = r;
			return 0;
		}
		if (rights[i].text[len - 1] != ':' || !argument_is_valid(r.kind, text + len))
			return -EINVAL;
		r.argument = strdup(text + len);
		if (!r.argument)
			return -ENOMEM;
		*ret = r;
		return 0;
	}
	return -EINVAL;
}

void right_done(struct right *r)
{
	free(r->argument);
	r->argument = NULL;
}

void right_format(enum right_kind kind, const char *argument, char *buf, size_t len)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rights); i++) {
		if (rights[i].kind != kind)
			continue;
		snprintf(buf, len, "%s%s", rights[i].text, argument ? argument : "");
		return;
	}
	snprintf(buf, len, "?");
}
