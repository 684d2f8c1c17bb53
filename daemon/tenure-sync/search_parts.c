/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries of which attributes came in parts (parts.h): each is read anew by itself, then its other parts, on the same
 * connection, and sent when it is whole. What cannot be read whole is a broken object, and the others are read on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenure-sync/serve.h"

static struct in_parts *current(struct server *s)
{
	return &s->search.reading.entries[s->search.reading.at];
}

bool reading_queue(struct server *s, const struct entry_content *entry)
{
	struct reading *r = &s->search.reading;
	struct in_parts e = {.dn = NULL}, *entries;

	if (r->count == READING_MAX || !entry_in_parts(&s->settings, entry, &e.kind) || !entry_id(entry, &e.id))
		return false;
	entries = reallocarray(r->entries, r->count + 1, sizeof(*entries));
	if (!entries)
		return false; /* it goes as a broken one */
	r->entries = entries;
	e.dn = strdup(entry->dn);
	if (!e.dn)
		return false;
	entries[r->count++] = e;
	return true;
}

/* What there is of the one that is read. */
static void forget(struct reading *r)
{
	attributes_done(&r->content);
	ldap_msgfree(r->entry);
	r->entry = NULL;
	parts_done(&r->parts);
}

void reading_done(struct server *s)
{
	struct reading *r = &s->search.reading;

	forget(r);
	for (size_t i = 0; i < r->count; i++)
		free(r->entries[i].dn);
	free(r->entries);
	*r = (struct reading){.count = 0};
}

/* --- questions --- */

static int ask(struct server *s, const char *filter, char **attributes, struct failure *ret_failure)
{
	struct reading *r = &s->search.reading;
	int code = ldap_search_ext(s->ld, current(s)->dn, LDAP_SCOPE_BASE, filter, attributes, 0, NULL, NULL, NULL,
				   LDAP_NO_LIMIT, &s->search.id);

	if (code != LDAP_SUCCESS) {
		s->search.id = -1;
		failure_of(s->ld, code, ret_failure);
		return -EIO;
	}
	r->under_way = true;
	r->answers = r->outcome = 0;
	r->asked_ms = now_ms();
	return 0;
}

/* All of it, as in a page: it is one of the tenant's still. */
static int ask_entry(struct server *s, struct failure *ret_failure)
{
	forget(&s->search.reading);
	s->search.reading.tries++;
	return ask(s, s->filter, s->attributes, ret_failure);
}

static int ask_part(struct server *s, char *name, struct failure *ret_failure)
{
	char *attributes[] = {name, (char *)(uintptr_t)"objectGUID", (char *)(uintptr_t)"entryUUID", NULL};

	return ask(s, "(objectClass=*)", attributes, ret_failure);
}

int reading_next(struct server *s, struct failure *ret_failure)
{
	struct reading *r = &s->search.reading;
	int error;

	if (r->at == r->count) {
		reading_done(s);
		return 0;
	}
	r->tries = 0;
	error = ask_entry(s, ret_failure);
	return error < 0 ? error : 1;
}

int reading_turn(struct server *s, int64_t *ret_wait_ms, struct failure *ret_failure)
{
	const struct reading *r = &s->search.reading;
	const int64_t left = r->asked_ms + s->settings.heartbeat_ms - now_ms();

	if (!r->under_way)
		return 0;
	if (left <= 0)
		return fail(ret_failure, SYNC_FAILURE_SILENT, "");
	if (left < *ret_wait_ms)
		*ret_wait_ms = left;
	return 0;
}

/* --- answers --- */

/* Another entry of the same name is not the one that is read: that one is gone. */
static bool is_current(struct server *s, const struct entry_content *answer)
{
	struct uuid id;

	return entry_id(answer, &id) && uuid_equal(&id, &current(s)->id);
}

/* Takes both over. */
static int begin_parts(struct server *s, LDAPMessage **m, struct entry_content *answer)
{
	struct reading *r = &s->search.reading;
	struct mapping map[MAPPINGS_MAX];

	map_of(&s->settings, current(s)->kind, map);
	r->entry = *m;
	*m = NULL;
	r->content = *answer;
	*answer = (struct entry_content){.count = 0};
	return parts_begin(&r->parts, map, &r->content);
}

static int refuse_answer(struct reading *r, const char *why)
{
	parts_fail(&r->parts, why);
	return -EBADMSG;
}

int reading_entry(struct server *s, LDAPMessage **m)
{
	struct reading *r = &s->search.reading;
	struct entry_content answer;
	int error;

	if (r->outcome < 0)
		return 0;
	error = attributes_read(s->ld, *m, &answer);
	if (error == -EBADMSG)
		r->outcome = refuse_answer(r, "an answer cannot be read");
	else if (error == 0 && is_current(s, &answer))
		r->outcome = ++r->answers > 1 ? refuse_answer(r, "the server gave two answers")
			     : r->entry	      ? parts_add(&r->parts, &answer)
					      : begin_parts(s, m, &answer);
	attributes_done(&answer);
	return error == -ENOMEM || r->outcome == -ENOMEM ? -ENOMEM : 0;
}

/* On to what is next. error: of sending this one. */
static int leave(struct server *s, int error, struct failure *ret_failure)
{
	struct reading *r = &s->search.reading;

	forget(r);
	r->under_way = false;
	r->at++;
	return error < 0 ? error : poll_next(s, ret_failure);
}

static int send_whole(struct server *s)
{
	struct reading *r = &s->search.reading;

	return entry_send(s->fd, &s->settings, &r->content, &current(s)->id, &r->parts);
}

/* With what there is of it; why: where parts.c said nothing. */
static int send_broken(struct server *s, const char *why)
{
	struct reading *r = &s->search.reading;

	if (!*r->parts.problem)
		parts_fail(&r->parts, why);
	if (r->entry)
		return entry_send(s->fd, &s->settings, &r->content, &current(s)->id, &r->parts);
	return entry_send_broken(s->fd, &current(s)->id, current(s)->kind, current(s)->dn, r->parts.problem);
}

static int go_on(struct server *s, struct failure *ret_failure)
{
	struct reading *r = &s->search.reading;
	char name[PART_NAME_MAX];
	int error = r->outcome;

	if (error == -EAGAIN && r->tries < READING_TRIES)
		return ask_entry(s, ret_failure);
	if (error == 0)
		error = parts_next(&r->parts, name);
	if (error < 0)
		return leave(s, send_broken(s, "they change while they are read"), ret_failure);
	return error > 0 ? ask_part(s, name, ret_failure) : leave(s, send_whole(s), ret_failure);
}

static int refused(struct server *s, int code, struct failure *ret_failure)
{
	char why[128];

	(void)snprintf(why, sizeof(why), "the server says: %s", ldap_err2string(code));
	return leave(s, send_broken(s, why), ret_failure);
}

int reading_result(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	int code = LDAP_OTHER, error = ldap_parse_result(s->ld, m, &code, NULL, NULL, NULL, NULL, 0);

	s->search.id = -1;
	if (error != LDAP_SUCCESS)
		code = error;
	switch (code) {
	case LDAP_SUCCESS:
		return s->search.reading.answers > 0 ? go_on(s, ret_failure) : leave(s, 0, ret_failure);
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_REFERRAL:
		return leave(s, 0, ret_failure); /* gone, or to another domain: what is not sent is there no more */
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE: /* that says nothing of the entry */
		failure_of(s->ld, code, ret_failure);
		return -EIO;
	default:
		return refused(s, code, ret_failure);
	}
}
