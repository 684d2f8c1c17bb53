/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One URI: connected, bound, and what is there is this tenant's and not behind what we have (T27). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenure-sync/dn.h"
#include "daemon/tenure-sync/serve.h"

/* The one entry; *ret is to be freed by ldap_msgfree. 0, -EIO. */
static int read_entry(LDAP *ld, const char *dn, const char *const *attributes, LDAPMessage **ret, LDAPMessage **ret_entry,
		      struct failure *ret_failure)
{
	struct timeval time = {ANSWER_SECONDS, 0};
	char *names[4] = {NULL};
	int code;

	for (size_t i = 0; i < ARRAY_LENGTH(names) - 1 && attributes[i]; i++)
		names[i] = (char *)(uintptr_t)attributes[i];
	*ret = NULL;
	code = ldap_search_ext_s(ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", names, 0, NULL, NULL, &time, 1, ret);
	if (code != LDAP_SUCCESS) {
		failure_of(ld, code, ret_failure);
		return -EIO;
	}
	*ret_entry = ldap_first_entry(ld, *ret);
	return *ret_entry ? 0 : fail(ret_failure, SYNC_FAILURE_BASE, "");
}

static int check_tenant(const struct server *s, LDAPMessage *entry, struct failure *ret_failure)
{
	struct berval **values = ldap_get_values_len(s->ld, entry, "tenureId");
	char text[UUID_TEXT_MAX] = "";
	struct uuid id;
	int r = 0;

	if (values && values[0]) {
		if (values[0]->bv_len < sizeof(text))
			memcpy(text, values[0]->bv_val, values[0]->bv_len);
		if (uuid_parse(text, &id) < 0 || !uuid_equal(&id, &s->settings.tenant_id))
			r = fail(ret_failure, SYNC_FAILURE_TENANT, "");
	}
	ldap_value_free_len(values);
	return r;
}

/* 1: there are some; 0: none; -EIO: it is behind; -ENOMEM. */
static int check_csns(const struct server *s, LDAPMessage *entry, struct failure *ret_failure)
{
	struct berval **values = ldap_get_values_len(s->ld, entry, "contextCSN");
	const size_t count = values ? (size_t)ldap_count_values_len(values) : 0;
	const char **texts = calloc(count + 1, sizeof(*texts));
	int r = count > 0 ? 1 : 0;

	if (!texts)
		r = -ENOMEM;
	for (size_t i = 0; r >= 0 && i < count; i++)
		texts[i] = values[i]->bv_val; /* liblber puts a NUL behind */
	if (r > 0 && cookie_is_ahead(&s->cookie, texts))
		r = fail(ret_failure, SYNC_FAILURE_LAGGING, "");
	free(texts);
	ldap_value_free_len(values);
	return r;
}

/* The deepest of the server's suffixes that the base is below; NULL: it names none. */
static char *suffix_of(const char *base, struct berval **contexts)
{
	char *own = NULL, *found = NULL, *suffix;

	if (dn_normalise(base, &own) < 0)
		return NULL;
	for (; contexts && *contexts; contexts++) {
		if (dn_normalise((*contexts)->bv_val, &suffix) < 0)
			continue;
		if (dn_is_below(own, suffix) && (!found || strlen(suffix) > strlen(found))) {
			free(found);
			found = suffix;
		} else {
			free(suffix);
		}
	}
	free(own);
	return found;
}

/* contextCSN is the suffix's; a base below it has none. Where nobody says what the suffix is, it is not looked at. */
static int check_suffix(const struct server *s, struct failure *ret_failure)
{
	static const char *const contexts[] = {"namingContexts", NULL}, *const csns[] = {"contextCSN", NULL};
	LDAPMessage *result, *entry;
	struct failure ignored;
	struct berval **values = NULL;
	char *suffix;
	int r;

	r = read_entry(s->ld, "", contexts, &result, &entry, &ignored);
	if (r == 0)
		values = ldap_get_values_len(s->ld, entry, "namingContexts");
	suffix = suffix_of(s->settings.base, values);
	ldap_value_free_len(values);
	ldap_msgfree(result);
	if (!suffix)
		return 0;
	r = read_entry(s->ld, suffix, csns, &result, &entry, &ignored);
	r = r == 0 ? check_csns(s, entry, ret_failure) : 0;
	ldap_msgfree(result);
	free(suffix);
	return r < 0 ? r : 0;
}

static int check_server(const struct server *s, struct failure *ret_failure)
{
	static const char *const wanted[] = {"tenureId", "contextCSN", NULL};
	LDAPMessage *result, *entry;
	int r = read_entry(s->ld, s->settings.base, wanted, &result, &entry, ret_failure);

	if (r == 0)
		r = check_tenant(s, entry, ret_failure);
	if (r == 0)
		r = check_csns(s, entry, ret_failure);
	ldap_msgfree(result);
	if (r == 0 && s->cookie.len > 0)
		r = check_suffix(s, ret_failure);
	return r < 0 ? r : 0;
}

int attempt(struct server *s, struct failure *ret_failure)
{
	int r = connect_open(&s->settings, s->settings.uris[s->uri], &s->ld, ret_failure);

	if (r < 0)
		return r;
	r = connect_bind(&s->settings, s->ld, ret_failure);
	if (r == 0)
		r = check_server(s, ret_failure);
	if (r < 0) {
		connect_close(s->ld);
		s->ld = NULL;
	}
	return r;
}
