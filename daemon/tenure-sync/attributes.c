/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/attributes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIRST_SIZE 32

static int add(struct entry_content *a, const struct entry_attribute *one)
{
	if (a->count == a->size) {
		const size_t size = a->size ? 2 * a->size : FIRST_SIZE;
		struct entry_attribute *grown = reallocarray(a->list, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		a->list = grown;
		a->size = size;
	}
	a->list[a->count++] = *one;
	return 0;
}

static int read_all(LDAP *ld, LDAPMessage *entry, BerElement *ber, struct entry_content *a)
{
	for (;;) {
		struct entry_attribute one = {{0, NULL}, NULL};
		int r, code = ldap_get_attribute_ber(ld, entry, ber, &one.name, &one.values);

		if (code != LDAP_SUCCESS)
			return code == LDAP_NO_MEMORY ? -ENOMEM : -EBADMSG;
		if (!one.name.bv_val)
			return 0;
		r = add(a, &one);
		if (r < 0) {
			ber_memfree(one.values);
			return r;
		}
	}
}

int attributes_read(LDAP *ld, LDAPMessage *entry, struct entry_content *ret)
{
	BerElement *ber = NULL;
	struct berval dn;
	int r, code = ldap_get_dn_ber(ld, entry, &ber, &dn);

	*ret = (struct entry_content){0};
	if (code != LDAP_SUCCESS) {
		r = code == LDAP_NO_MEMORY ? -ENOMEM : -EBADMSG;
	} else {
		ret->dn = strndup(dn.bv_val ? dn.bv_val : "", dn.bv_len);
		r = ret->dn ? read_all(ld, entry, ber, ret) : -ENOMEM;
	}
	if (ber)
		ber_free(ber, 0);
	return r;
}

void attributes_done(struct entry_content *a)
{
	for (size_t i = 0; i < a->count; i++)
		ber_memfree(a->list[i].values);
	free(a->list);
	free(a->dn);
	*a = (struct entry_content){0};
}

const struct berval *attributes_find(const struct entry_content *a, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].name.bv_len == len && strncasecmp(a->list[i].name.bv_val, name, len) == 0)
			return a->list[i].values && a->list[i].values->bv_val ? a->list[i].values : NULL;
	return NULL;
}
