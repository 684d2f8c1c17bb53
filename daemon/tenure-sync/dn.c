/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/dn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "common/wire/sync_proto.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void fold_value(struct berval *v)
{
	size_t used = 0;
	bool blank = true; /* so that those at the beginning go */

	for (size_t i = 0; i < v->bv_len; i++) {
		const char c = lower(v->bv_val[i]);

		if (c == ' ' && blank)
			continue;
		blank = c == ' ';
		v->bv_val[used++] = c;
	}
	if (blank && used > 0)
		used--;
	v->bv_len = used;
	v->bv_val[used] = '\0';
}

static int compare_parts(const void *a, const void *b)
{
	const LDAPAVA *const *x = a, *const *y = b;
	const struct berval *m = &(*x)->la_attr, *n = &(*y)->la_attr;
	size_t len = m->bv_len < n->bv_len ? m->bv_len : n->bv_len;
	int order = memcmp(m->bv_val, n->bv_val, len);

	return order ? order : (m->bv_len > n->bv_len) - (m->bv_len < n->bv_len);
}

static void fold_rdn(LDAPRDN rdn)
{
	size_t count = 0;

	for (; rdn[count]; count++) {
		struct berval *type = &rdn[count]->la_attr;

		for (size_t i = 0; i < type->bv_len; i++)
			type->bv_val[i] = lower(type->bv_val[i]);
		if (rdn[count]->la_value.bv_val)
			fold_value(&rdn[count]->la_value);
	}
	qsort(rdn, count, sizeof(*rdn), compare_parts);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * One name of a type and a value that is written as it is read; almost all are. Returns what is behind it, or NULL.
 * Whatever is left out here is only slower.
 */
static const char *skip_plain(const char *at)
{
	if (!is_letter(*at))
		return NULL;
	while (is_letter(*at) || is_digit(*at) || *at == '-')
		at++;
	if (*at != '=')
		return NULL;
	do
		at++;
	while (is_letter(*at) || is_digit(*at) || *at == '-' || *at == '.' || *at == '_' || *at == '@' ||
	       (*at == ' ' && at[-1] != '=' && at[-1] != ' ' && at[1] != ',' && at[1] != '\0'));
	return at[-1] != '=' && (*at == ',' || *at == '\0') ? at : NULL;
}

static bool is_plain(const char *dn)
{
	const char *at = skip_plain(dn);

	while (at && *at == ',')
		at = skip_plain(at + 1);
	return at != NULL;
}

static int copy_lower(const char *dn, char **ret)
{
	char *text = strdup(dn);

	if (!text)
		return -ENOMEM;
	for (char *at = text; *at; at++)
		*at = lower(*at);
	*ret = text;
	return 0;
}

int dn_normalise(const char *dn, char **ret)
{
	LDAPDN parsed = NULL;
	char *text = NULL;
	int r;

	if (!*dn || strlen(dn) > SYNC_DN_MAX)
		return -EINVAL;
	if (is_plain(dn))
		return copy_lower(dn, ret);
	r = ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3);
	if (r != LDAP_SUCCESS || !parsed)
		return r == LDAP_NO_MEMORY ? -ENOMEM : -EINVAL;
	for (size_t i = 0; parsed[i]; i++)
		fold_rdn(parsed[i]);
	r = ldap_dn2str(parsed, &text, LDAP_DN_FORMAT_LDAPV3);
	ldap_dnfree(parsed);
	if (r != LDAP_SUCCESS || !text)
		return -ENOMEM;
	*ret = strlen(text) <= SYNC_DN_MAX ? strdup(text) : NULL;
	r = *ret ? 0 : strlen(text) > SYNC_DN_MAX ? -EINVAL : -ENOMEM;
	ldap_memfree(text);
	return r;
}

bool dn_is_below(const char *dn, const char *base)
{
	while (dn && strcmp(dn, base) != 0)
		dn = dn_parent(dn);
	return dn != NULL;
}

const char *dn_parent(const char *dn)
{
	for (const char *at = dn; *at; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (*at == ',')
			return at + 1;
	}
	return NULL;
}

int dn_name(const char *dn, const char *attribute, char **ret)
{
	LDAPDN parsed = NULL;
	int r = ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3);

	if (r != LDAP_SUCCESS || !parsed)
		return r == LDAP_NO_MEMORY ? -ENOMEM : -EINVAL;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && parsed[0][i]; i++) {
		const LDAPAVA *part = parsed[0][i];

		if (part->la_attr.bv_len != strlen(attribute) ||
		    strncasecmp(part->la_attr.bv_val, attribute, part->la_attr.bv_len) != 0)
			continue;
		*ret = strndup(part->la_value.bv_val, part->la_value.bv_len);
		r = *ret ? 0 : -ENOMEM;
	}
	ldap_dnfree(parsed);
	return r;
}
