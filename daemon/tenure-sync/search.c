/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one search of a connection: messages are taken as they arrive, and a server that falls silent is noticed. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "daemon/tenure-sync/serve.h"

int search_begin(struct server *s, struct failure *ret_failure)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	s->search.heard_ms = now_ms();
	s->search.reread_ms = s->search.heard_ms + REREAD_MS + chance % (REREAD_MS * 2 / 5);
	return sync_begin(s, ret_failure);
}

void search_end(struct server *s)
{
	entry_forget();
	ber_memfree(s->search.page.bv_val);
	reading_done(s);
	s->search = (struct search){.id = -1, .heartbeat = -1};
}

/* --- signs of life --- */

static int heartbeat_send(struct server *s, struct failure *ret_failure)
{
	char *none[] = {(char *)(uintptr_t)LDAP_NO_ATTRS, NULL};
	int code = ldap_search_ext(s->ld, s->settings.base, LDAP_SCOPE_BASE, "(objectClass=*)", none, 1, NULL, NULL, NULL, 1,
				   &s->search.heartbeat);

	s->search.heartbeat_ms = now_ms();
	if (code == LDAP_SUCCESS)
		return 0;
	failure_of(s->ld, code, ret_failure);
	return -EIO;
}

static int heartbeat_result(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	int code = LDAP_OTHER, r = ldap_parse_result(s->ld, m, &code, NULL, NULL, NULL, NULL, 0);

	s->search.heartbeat = -1;
	if (r != LDAP_SUCCESS || code != LDAP_SUCCESS) {
		failure_of(s->ld, r != LDAP_SUCCESS ? r : code, ret_failure);
		return -EIO;
	}
	/* Of one that polls only what it was asked for is known. */
	return s->search.polls || s->search.open || s->search.refreshing ? 0 : say(s, SYNC_ALIVE, 0);
}

/* *ret_wait_ms: until the next of this is due. */
static int heartbeat_turn(struct server *s, int64_t *ret_wait_ms, struct failure *ret_failure)
{
	const int64_t beat = s->settings.heartbeat_ms, now = now_ms();
	int64_t since = s->search.heard_ms;

	if (s->search.heartbeat >= 0 && s->search.heartbeat_ms > since)
		since = s->search.heartbeat_ms;
	*ret_wait_ms = since + beat - now;
	if (*ret_wait_ms > 0)
		return 0;
	*ret_wait_ms = beat;
	if (s->search.heartbeat >= 0)
		return fail(ret_failure, SYNC_FAILURE_SILENT, "");
	return heartbeat_send(s, ret_failure);
}

/* --- messages --- */

/* Of the search that is under way: it takes over what it makes NULL. */
static int take_own(struct server *s, LDAPMessage **m, struct failure *ret_failure)
{
	const bool polls = s->search.polls, reads = s->search.reading.under_way;

	switch (ldap_msgtype(*m)) {
	case LDAP_RES_SEARCH_ENTRY:
		return reads ? reading_entry(s, m) : polls ? poll_entry(s, *m, ret_failure) : sync_entry(s, *m, ret_failure);
	case LDAP_RES_INTERMEDIATE:
		return polls ? 0 : sync_info(s, *m, ret_failure);
	case LDAP_RES_SEARCH_RESULT:
		return reads   ? reading_result(s, *m, ret_failure)
		       : polls ? poll_result(s, *m, ret_failure)
			       : sync_result(s, *m, ret_failure);
	default: /* a referral leads nowhere (T30) */
		return 0;
	}
}

static int take(struct server *s, LDAPMessage **m, struct failure *ret_failure)
{
	const int id = ldap_msgid(*m);

	s->search.heard_ms = now_ms();
	if (id == 0) /* notice of disconnection (RFC 4511 4.4.1) */
		return fail(ret_failure, SYNC_FAILURE_UNREACHABLE, "it ended the connection");
	if (id == s->search.heartbeat)
		return ldap_msgtype(*m) == LDAP_RES_SEARCH_RESULT ? heartbeat_result(s, *m, ret_failure) : 0;
	return id == s->search.id ? take_own(s, m, ret_failure) : 0;
}

/* What libldap has, or can read without waiting. 1: there may be more; 0: nothing more. */
static int drain(struct server *s, struct failure *ret_failure)
{
	for (int i = 0; i < TURN_MESSAGES; i++) {
		struct timeval none = {0, 0};
		LDAPMessage *m = NULL;
		int r = ldap_result(s->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &none, &m), code = LDAP_SERVER_DOWN;

		if (r == 0)
			return 0;
		if (r < 0) {
			(void)ldap_get_option(s->ld, LDAP_OPT_RESULT_CODE, &code);
			failure_of(s->ld, code, ret_failure);
			return -EIO;
		}
		r = take(s, &m, ret_failure);
		ldap_msgfree(m);
		if (r < 0)
			return r;
	}
	return 1;
}

static bool is_due(const struct server *s)
{
	return !s->search.polls && !s->search.refreshing && !s->search.open && now_ms() >= s->search.reread_ms;
}

/* A provider tells nobody of an entry that they may not read any more (syncprov); only what all of it lacks is gone. */
static int reread(struct server *s, struct failure *ret_failure)
{
	(void)ldap_abandon_ext(s->ld, s->search.id, NULL, NULL);
	s->cookie.len = 0;
	return search_begin(s, ret_failure);
}

int search_turn(struct server *s, int64_t *ret_wait_ms, struct failure *ret_failure)
{
	int64_t poll_ms;
	int r = drain(s, ret_failure);

	if (r != 0) {
		*ret_wait_ms = 0;
		return r < 0 ? r : 0;
	}
	/* Nothing more at once: what came since the refresh is whole. */
	if (s->search.open && !s->search.refreshing)
		r = batch_end(s);
	if (r == 0 && is_due(s))
		r = reread(s, ret_failure);
	if (r == 0)
		r = heartbeat_turn(s, ret_wait_ms, ret_failure);
	if (r < 0 || !s->search.polls)
		return r;
	if (s->search.id >= 0)
		return reading_turn(s, ret_wait_ms, ret_failure);
	poll_ms = s->search.poll_ms - now_ms();
	if (poll_ms <= 0)
		r = poll_begin(s, ret_failure);
	else if (poll_ms < *ret_wait_ms)
		*ret_wait_ms = poll_ms;
	return r;
}
