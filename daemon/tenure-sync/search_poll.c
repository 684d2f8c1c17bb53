/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory without syncprov: all of it in pages (RFC 2696), and again every poll interval. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/tenure-sync/serve.h"

static int ask_page(struct server *s, struct failure *ret_failure)
{
	struct berval first = {0, NULL};
	LDAPControl *page = NULL, *controls[2] = {NULL, NULL};
	int code = ldap_create_page_control(s->ld, PAGE_SIZE, s->search.page.bv_val ? &s->search.page : &first, 0, &page);

	if (code == LDAP_SUCCESS) {
		controls[0] = page;
		code = ldap_search_ext(s->ld, s->settings.base, LDAP_SCOPE_SUBTREE, s->filter, s->attributes, 0, controls, NULL,
				       NULL, LDAP_NO_LIMIT, &s->search.id);
	}
	ldap_control_free(page);
	ber_memfree(s->search.page.bv_val);
	s->search.page = (struct berval){0, NULL};
	if (code == LDAP_SUCCESS)
		return 0;
	s->search.id = -1;
	failure_of(s->ld, code, ret_failure);
	return -EIO;
}

int poll_begin(struct server *s, struct failure *ret_failure)
{
	s->search.refreshing = true;
	return ask_page(s, ret_failure);
}

static int begin_refresh(struct server *s)
{
	return s->search.open ? 0 : batch_begin(s, true);
}

int poll_entry(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	struct entry_content entry = {.count = 0};
	int r = begin_refresh(s);

	if (r == 0)
		r = attributes_read(s->ld, m, &entry);
	if (r == 0 && !reading_queue(s, &entry))
		r = entry_send(s->fd, &s->settings, &entry, NULL, NULL);
	attributes_done(&entry);
	return r == -EBADMSG ? fail(ret_failure, SYNC_FAILURE_PROTOCOL, "an entry has no entryUUID or objectGUID that we may read")
			     : r;
}

/* Where the next page begins; one without bytes was the last. */
static void read_page(struct server *s, LDAPControl **controls)
{
	LDAPControl *c = controls ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL) : NULL;
	ber_int_t estimate;

	if (!c || ldap_parse_pageresponse_control(s->ld, c, &estimate, &s->search.page) != LDAP_SUCCESS ||
	    s->search.page.bv_len == 0) {
		ber_memfree(s->search.page.bv_val);
		s->search.page = (struct berval){0, NULL};
	}
}

int poll_next(struct server *s, struct failure *ret_failure)
{
	int r = reading_next(s, ret_failure);

	if (r != 0)
		return r < 0 ? r : 0;
	if (s->search.page.bv_val)
		return ask_page(s, ret_failure);
	s->search.refreshing = false;
	s->search.poll_ms = now_ms() + s->settings.poll_ms;
	r = begin_refresh(s); /* an empty one as well */
	return r < 0 ? r : batch_end(s);
}

int poll_result(struct server *s, LDAPMessage *m, struct failure *ret_failure)
{
	LDAPControl **controls = NULL;
	int code = LDAP_OTHER, r = ldap_parse_result(s->ld, m, &code, NULL, NULL, NULL, &controls, 0);

	s->search.id = -1;
	if (r != LDAP_SUCCESS || code != LDAP_SUCCESS) {
		/* A part, as of a size limit, is nothing. */
		failure_of(s->ld, r != LDAP_SUCCESS ? r : code, ret_failure);
		ldap_controls_free(controls);
		return -EIO;
	}
	read_page(s, controls);
	ldap_controls_free(controls);
	return poll_next(s, ret_failure);
}
