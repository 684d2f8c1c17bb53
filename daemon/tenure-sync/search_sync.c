/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 4533, refreshAndPersist: what the provider says, as batches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenure-sync/serve.h"

#define UUIDS_TURN 256

static int not_understood(struct failure *ret)
{
	return fail(ret, SYNC_FAILURE_PROTOCOL, "a message of RFC 4533 that cannot be read");
}

/* Sync Request Value (2.2): mode, and where we are. */
static int make_request(const struct server *s, struct berval **ret)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	struct berval cookie = {s->cookie.len, (char *)(uintptr_t)s->cookie.bytes};
	int r = -1;

	if (ber && cookie.bv_len > 0)
		r = ber_printf(ber, "{eO}", LDAP_SYNC_REFRESH_AND_PERSIST, &cookie);
	else if (ber)
		r = ber_printf(ber, "{e}", LDAP_SYNC_REFRESH_AND_PERSIST);
	if (r >= 0)
		r = ber_flatten(ber, ret);
	ber_free(ber, 1);
	return r < 0 ? -ENOMEM : 0;
}

int sync_begin(struct server *s, struct failure *ret_failure)
{
	struct berval *value = NULL;
	LDAPControl control = {.ldctl_oid = (char *)(uintptr_t)LDAP_CONTROL_SYNC, .ldctl_iscritical = 1};
	LDAPControl *controls[] = {&control, NULL};
	int code, r = make_request(s, &value);

	if (r < 0)
		return r;
	control.ldctl_value = *value;
	code = ldap_search_ext(s->ld, s->settings.base, LDAP_SCOPE_SUBTREE, s->filter, s->attributes, 0, controls, NULL, NULL,
			       LDAP_NO_LIMIT, &s->search.id);
	ber_bvfree(value);
	if (code != LDAP_SUCCESS) {
		s->search.id = -1;
		failure_of(s->ld, code, ret_failure);
		return -EIO;
	}
	s->search.refreshing = true;
	return 0;
}

/* Everything is asked for where we had nothing; else what changed, or what there still is. */
static int begin_refresh(struct server *s)
{
	return s->search.open || !s->search.refreshing ? 0 : batch_begin(s, s->cookie.len == 0);
}

static bool take_cookie(struct server *s, const struct berval *value)
{
	if (value->bv_len == 0)
		return true;
	if (value->bv_len > sizeof(s->search.next.bytes))
		return false;
	memcpy(s->search.next.bytes, value->bv_val, value->bv_len);
	s->search.next.len = value->bv_len;
	return true;
}

/* --- entries --- */

/* Sync State Value (2.3): a state, the entry's UUID, perhaps a cookie. */
static bool read_state(struct server *s, LDAPMessage *m, ber_int_t *ret_state, struct uuid *ret)
{
	LDAPControl **controls = NULL, *c = NULL;
	struct berval id, cookie = {0, NULL};
	BerElement *ber = NULL;
	bool ok = false;

	if (ldap_get_entry_controls(s->ld, m, &controls) == LDAP_SUCCESS && controls)
		c = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
	if (c)
		ber = ber_init(&c->ldctl_value);
	if (ber && ber_scanf(ber, "{em", ret_state, &id) != LBER_ERROR && id.bv_len == sizeof(ret->bytes)) {
		ber_len_t len;

		memcpy(ret->bytes, id.bv_val, sizeof(ret->bytes));
		ok = ber_peek_tag(ber, &len) != LDAP_TAG_SYNC_COOKIE ||
		     (ber_scanf(ber, "m", &cookie) != LBER_ERROR && take_cookie(s, &cookie));
	}
	ber_free(ber, 1);
	ldap_controls_free(controls);
	return ok && !uuid_is_null(ret);
}

static int send_entry(struct server *s, LDAPMessage *m, const struct uuid *id, struct failure *ret_failure)
{
	struct entry_content entry;
	int r = attributes_read(s->ld, m, &entry);

	s->search.open = true;
	if (r == 0)
		r = entry_send(s->fd, &s->settings, &entry, id, NULL);
	attributes_done(&entry);
	return r == -EBADMSG ? not_understood(ret_failure) : r;
}

int sync_entry(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	ber_int_t state = -1;
	struct uuid id;
	int r;

	if (!read_state(s, m, &state, &id))
		return not_understood(ret_failure);
	r = begin_refresh(s);
	if (r < 0)
		return r;
	switch (state) {
	case LDAP_SYNC_PRESENT:
		return batch_uuids(s, SYNC_PRESENT, &id, 1);
	case LDAP_SYNC_ADD:
	case LDAP_SYNC_MODIFY:
		return send_entry(s, m, &id, ret_failure);
	case LDAP_SYNC_DELETE:
		return batch_uuids(s, SYNC_DELETED, &id, 1);
	default:
		return not_understood(ret_failure);
	}
}

/* --- Sync Info Message (2.5) --- */

static bool read_optional_cookie(struct server *s, BerElement *ber)
{
	struct berval cookie;
	ber_len_t len;

	if (ber_peek_tag(ber, &len) != LDAP_TAG_SYNC_COOKIE)
		return true;
	return ber_scanf(ber, "m", &cookie) != LBER_ERROR && take_cookie(s, &cookie);
}

static bool read_optional_bool(BerElement *ber, ber_tag_t tag, bool *ret)
{
	ber_int_t value;
	ber_len_t len;

	if (ber_peek_tag(ber, &len) != tag)
		return true;
	if (ber_scanf(ber, "b", &value) == LBER_ERROR)
		return false;
	*ret = value != 0;
	return true;
}

/* The end of a phase; of the last one, of the refresh. Of a present phase all that was not named is gone. */
static int end_phase(struct server *s, BerElement *ber, bool present, struct failure *ret_failure)
{
	bool done = true; /* its DEFAULT */
	int r;

	if (ber_scanf(ber, "{") == LBER_ERROR || !read_optional_cookie(s, ber) ||
	    !read_optional_bool(ber, LDAP_TAG_REFRESHDONE, &done))
		return not_understood(ret_failure);
	r = begin_refresh(s);
	if (r < 0 || !s->search.refreshing)
		return r;
	s->search.all = s->search.all || present;
	if (!done)
		return 0;
	s->search.refreshing = false;
	return batch_end(s);
}

static int take_set(struct server *s, BerElement *ber, struct failure *ret_failure)
{
	struct uuid ids[UUIDS_TURN];
	bool deletes = false;
	BerVarray set = NULL;
	size_t count = 0;
	int r;

	if (ber_scanf(ber, "{") == LBER_ERROR || !read_optional_cookie(s, ber) ||
	    !read_optional_bool(ber, LDAP_TAG_REFRESHDELETES, &deletes) || ber_scanf(ber, "[W]", &set) == LBER_ERROR)
		return not_understood(ret_failure);
	r = begin_refresh(s);
	for (size_t i = 0; r == 0 && set && set[i].bv_val; i++) {
		if (set[i].bv_len != sizeof(ids[0].bytes)) {
			r = not_understood(ret_failure);
			break;
		}
		memcpy(ids[count++].bytes, set[i].bv_val, sizeof(ids[0].bytes));
		if (count == ARRAY_LENGTH(ids)) {
			r = batch_uuids(s, deletes ? SYNC_DELETED : SYNC_PRESENT, ids, count);
			count = 0;
		}
	}
	if (r == 0)
		r = batch_uuids(s, deletes ? SYNC_DELETED : SYNC_PRESENT, ids, count);
	ber_bvarray_free(set);
	return r;
}

static int take_new_cookie(struct server *s, BerElement *ber, struct failure *ret_failure)
{
	struct berval cookie;
	ber_tag_t tag;

	if (ber_scanf(ber, "tm", &tag, &cookie) == LBER_ERROR || !take_cookie(s, &cookie))
		return not_understood(ret_failure);
	if (s->search.refreshing || s->search.open)
		return 0; /* with its batch */
	return batch_begin(s, false);
}

int sync_info(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	struct berval *value = NULL;
	BerElement *ber = NULL;
	char *oid = NULL;
	ber_len_t len;
	int r = 0;

	if (ldap_parse_intermediate(s->ld, m, &oid, &value, NULL, 0) != LDAP_SUCCESS || !oid)
		r = not_understood(ret_failure);
	else if (strcmp(oid, LDAP_SYNC_INFO) == 0 && (!value || !(ber = ber_init(value))))
		r = not_understood(ret_failure);
	else if (ber)
		switch (ber_peek_tag(ber, &len)) {
		case LDAP_TAG_SYNC_NEW_COOKIE:
			r = take_new_cookie(s, ber, ret_failure);
			break;
		case LDAP_TAG_SYNC_REFRESH_DELETE:
		case LDAP_TAG_SYNC_REFRESH_PRESENT:
			r = end_phase(s, ber, ber_peek_tag(ber, &len) == LDAP_TAG_SYNC_REFRESH_PRESENT, ret_failure);
			break;
		case LDAP_TAG_SYNC_ID_SET:
			r = take_set(s, ber, ret_failure);
			break;
		default:
			r = not_understood(ret_failure);
		}
	ber_free(ber, 1);
	ber_bvfree(value);
	ldap_memfree(oid);
	return r;
}

/* --- the end --- */

int sync_result(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	int code = LDAP_OTHER, r = ldap_parse_result(s->ld, m, &code, NULL, NULL, NULL, NULL, 0);

	s->search.id = -1;
	if (r == LDAP_SUCCESS && code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION && !s->search.open) {
		s->search.polls = true;
		s->search.refreshing = false;
		return poll_begin(s, ret_failure);
	}
	if (r == LDAP_SUCCESS && code == LDAP_SYNC_REFRESH_REQUIRED && s->cookie.len > 0) {
		s->cookie.len = 0; /* the session log does not go back so far: all of it */
		return s->search.open ? fail(ret_failure, SYNC_FAILURE_PROTOCOL, "all of it is read again")
				      : sync_begin(s, ret_failure);
	}
	/* "consumer state is newer than provider" */
	if (r == LDAP_SUCCESS && code == LDAP_UNWILLING_TO_PERFORM && s->cookie.len > 0)
		return fail(ret_failure, SYNC_FAILURE_LAGGING, "");
	if (r == LDAP_SUCCESS && code == LDAP_SUCCESS)
		return fail(ret_failure, SYNC_FAILURE_UNREACHABLE, "it ended the search");
	failure_of(s->ld, r != LDAP_SUCCESS ? r : code, ret_failure);
	return -EIO;
}
