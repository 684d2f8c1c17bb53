/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake_ad.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char id_big[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, id_other[16] = {FAKE_OTHER},
		  id_small[16] = {FAKE_SMALL}, id_user[16] = {FAKE_USER};

static void put_id(BerElement *e, const char id[static 16])
{
	const struct berval v = {16, (char *)(uintptr_t)id};

	fake_attribute(e, "objectGUID", &v, 1);
}

/* Members first to last, under that name. */
static void put_members(const struct fake_ad *d, BerElement *e, const char *name, unsigned first, unsigned count)
{
	struct berval *values = calloc(count + 1, sizeof(*values));

	if (!values)
		abort();
	for (unsigned i = 0; i < count; i++) {
		char *text = NULL;

		if (asprintf(&text, "CN=u%u%s,OU=people,DC=x", d->gone + first + i, d->padding ? d->padding : "") < 0)
			abort();
		values[i] = (struct berval){strlen(text), text};
	}
	fake_attribute(e, name, values, count);
	for (unsigned i = 0; i < count; i++)
		free(values[i].bv_val);
	free(values);
}

/* What a server that tells the truth gives from there on. */
static void put_part(const struct fake_ad *d, BerElement *e, unsigned low)
{
	const unsigned there = d->members - d->gone, left = low < there ? there - low : 0;
	char name[64];

	if (left > d->part || (left == d->part && d->lie == ENDS_LATE))
		(void)snprintf(name, sizeof(name), "member;range=%u-%u", low, low + d->part - 1);
	else
		(void)snprintf(name, sizeof(name), "Member;Range=%u-*", low);
	put_members(d, e, name, low, left < d->part ? left : d->part);
}

static BerElement *begin_group(const struct fake_request *q, const char *dn, const char *name, const char id[static 16])
{
	BerElement *e = fake_entry(q, dn);

	fake_text(e, "objectClass", "group");
	fake_text(e, "sAMAccountName", name);
	put_id(e, id);
	return e;
}

static void send_big(struct fake_ldap *f, const struct fake_request *q, bool again)
{
	struct fake_ad *d = f->context;
	BerElement *e = begin_group(q, FAKE_BIG, "big", again && d->lie == REPLACED ? id_other : id_big);

	if (d->lie == NAMED_WHOLE)
		put_members(d, e, "member;range=0-*", 0, d->members);
	else if (d->members <= d->part && d->lie != ENDS_LATE)
		put_members(d, e, "member", 0, d->members);
	else {
		put_members(d, e, "member", 0, 0);
		put_part(d, e, 0);
		if (d->lie == TWO_FIRST)
			put_part(d, e, 0);
	}
	fake_send(f, e);
}

static void send_small(struct fake_ldap *f, const struct fake_request *q)
{
	struct fake_ad two = {.members = 2};
	BerElement *e = begin_group(q, "cn=small," FAKE_GROUPS, "small", id_small);

	put_members(&two, e, "member", 0, 2);
	fake_send(f, e);
}

static void send_user(struct fake_ldap *f, const struct fake_request *q)
{
	BerElement *e = fake_entry(q, "cn=u1," FAKE_PEOPLE);

	fake_text(e, "objectClass", "user");
	fake_text(e, "sAMAccountName", "u1");
	put_id(e, id_user);
	fake_send(f, e);
}

/* The sync control is not known; then there are two pages. */
static void answer_subtree(struct fake_ldap *f, const struct fake_request *q)
{
	struct fake_ad *d = f->context;

	if (d->searches++ == 0) {
		fake_result(f, q, LDAP_UNAVAILABLE_CRITICAL_EXTENSION, "no sync", NULL);
		return;
	}
	if (d->pages++ == 0) {
		send_big(f, q, false);
		send_small(f, q);
		fake_result(f, q, LDAP_SUCCESS, "", "where-page-two-begins");
		return;
	}
	d->page_was_next = q->cookie && strcmp(q->cookie, "where-page-two-begins") == 0;
	send_user(f, q);
	fake_result(f, q, LDAP_SUCCESS, "", NULL);
}

/* All of the entry; after that a part of it may be asked for. */
static void answer_entry(struct fake_ldap *f, const struct fake_request *q)
{
	struct fake_ad *d = f->context;

	d->entries++;
	if (d->lie == SHRINKS_ALWAYS || (d->lie == SHRINKS_ONCE && d->entries == 1)) {
		send_big(f, q, true);
		d->gone++;
	} else if (d->lie != GONE && d->lie != FORBIDS_ENTRY && d->lie != REFERS) {
		send_big(f, q, true);
	}
	fake_result(f, q,
		    d->lie == GONE            ? LDAP_NO_SUCH_OBJECT
		    : d->lie == REFERS        ? LDAP_REFERRAL
		    : d->lie == FORBIDS_ENTRY ? LDAP_OPERATIONS_ERROR
					      : LDAP_SUCCESS,
		    "", NULL);
}

/* The second part on, by name and first value, where that is not the truth. */
static bool lie_of_part(const struct fake_ad *d, BerElement *e, unsigned low)
{
	char name[64];

	switch (d->lie) {
	case REPEATS:
		put_part(d, e, 0);
		return true;
	case BACKWARDS:
		put_part(d, e, low - 1);
		return true;
	case AHEAD:
		put_part(d, e, low + 1);
		return true;
	case WITHOUT_END:
		(void)snprintf(name, sizeof(name), "member;range=%u-%u", low, low + 1);
		put_members(d, e, name, low, 2);
		return true;
	case PLAIN:
		put_members(d, e, "member", low, d->part);
		return true;
	case RENAMES:
		(void)snprintf(name, sizeof(name), "memberOf;range=%u-*", low);
		put_members(d, e, name, low, d->part);
		return true;
	case MISCOUNTS:
		(void)snprintf(name, sizeof(name), "member;range=%u-%u", low, low + d->part);
		put_members(d, e, name, low, d->part);
		return true;
	case EMPTY:
		(void)snprintf(name, sizeof(name), "member;range=%u-*", low);
		put_members(d, e, name, low, 0);
		return true;
	case NOT_A_NUMBER:
		put_members(d, e, "member;range=1e3-*", low, d->part);
		return true;
	default:
		return d->lie == VANISHES;
	}
}

static void send_part(struct fake_ldap *f, const struct fake_request *q, unsigned low)
{
	struct fake_ad *d = f->context;
	BerElement *e = fake_entry(q, FAKE_BIG);

	put_id(e, d->lie == REPLACED_LATER ? id_other : id_big);
	if (d->lie == EMPTY_BESIDE && low + d->part < d->members)
		put_members(d, e, q->attributes[0], 0, 0);
	if (!lie_of_part(d, e, low))
		put_part(d, e, low);
	fake_send(f, e);
}

static bool answer_part(struct fake_ldap *f, const struct fake_request *q, unsigned low)
{
	struct fake_ad *d = f->context;

	if (d->parts < 3)
		(void)snprintf(d->asked[d->parts], sizeof(d->asked[0]), "%s", q->attributes[0]);
	d->parts++;
	if (d->lie == SILENT)
		return true;
	if (d->lie == CLOSES)
		return false;
	if (d->lie != GONE_LATER && d->lie != FAILS && d->lie != BUSY)
		send_part(f, q, low);
	if (d->lie == ANSWERS_TWICE)
		send_part(f, q, low);
	fake_result(f, q,
		    d->lie == GONE_LATER ? LDAP_NO_SUCH_OBJECT
		    : d->lie == BUSY     ? LDAP_BUSY
		    : d->lie == FAILS    ? LDAP_OPERATIONS_ERROR
					 : LDAP_SUCCESS,
		    "", NULL);
	return true;
}

bool fake_ad_answer(struct fake_ldap *f, const struct fake_request *q)
{
	unsigned low;

	if (q->scope == LDAP_SCOPE_SUBTREE)
		answer_subtree(f, q);
	else if (strcasecmp(q->base, FAKE_BASE) == 0)
		fake_result(f, q, LDAP_SUCCESS, "", NULL); /* a heartbeat */
	else if (strcasecmp(q->base, FAKE_BIG) != 0)
		abort();
	else if (q->attributes[0] && sscanf(q->attributes[0], "member;range=%u-*", &low) == 1)
		return answer_part(f, q, low);
	else
		answer_entry(f, q);
	return true;
}
