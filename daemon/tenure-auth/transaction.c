/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-auth/auth.h"

#include <errno.h>
#include <string.h>

/* Cuts at what a record carries, not in the middle of a character. */
static void cut(const char *text, char buf[static AUTH_FIELD_MAX + 1])
{
	size_t len = strnlen(text, AUTH_FIELD_MAX + 1);

	if (len > AUTH_FIELD_MAX) {
		len = AUTH_FIELD_MAX;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(buf, text, len);
	buf[len] = '\0';
}

static int send_text(const struct transaction *t, enum auth_type type, uint8_t flag, const char *text)
{
	char buf[AUTH_FIELD_MAX + 1];
	struct auth_record record;
	int r;

	cut(text, buf);
	r = auth_record_make(type, flag, buf, NULL, NULL, &record);
	if (r == 0)
		r = auth_record_send(t->fd, &record);
	return r;
}

int transaction_ask(const struct transaction *t, const char *text, bool echo, struct auth_record *ret)
{
	int r = send_text(t, AUTH_PROMPT, echo, text);

	if (r == 0)
		r = auth_record_receive(t->fd, ret);
	if (r == 0 && ret->type != AUTH_ANSWER) {
		auth_record_wipe(ret);
		r = -EBADMSG;
	}
	return r;
}

enum sync_verdict transaction_verify(const struct transaction *t, const char *password, struct auth_record *ret)
{
	struct auth_record record;
	int r = auth_record_make(AUTH_VERIFY, 0, password, NULL, NULL, &record);

	if (r == 0)
		r = auth_record_send(t->fd, &record);
	auth_record_wipe(&record);
	if (r == 0)
		r = auth_record_receive(t->fd, ret);
	return r == 0 && ret->type == AUTH_VERDICT ? (enum sync_verdict)ret->flag : SYNC_VERDICT_UNAVAILABLE;
}

int transaction_say(const struct transaction *t, const char *text, bool error)
{
	return send_text(t, AUTH_MESSAGE, error, text);
}
