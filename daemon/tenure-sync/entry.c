/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/tenure-sync/dn.h"
#include "daemon/tenure-sync/parts.h"
#include "daemon/tenure-sync/value.h"

/* --- what is asked for --- */

static const char *const always[] = {
	"objectClass", "entryUUID", "entryCSN", "createTimestamp", "modifiersName", "objectGUID", "whenCreated", "cn",
	"tenurePolicyState",
	/* all of Tenure's own that the server's schema has, so that what we do not know is seen (RFC 4529) */
	"@tenureUser", "@tenureGroup", "@tenureScope", "@tenureHost", "@tenureAdministrativeUnit", "@tenureRoleDefinition",
	"@tenureRoleAssignment",
};

static bool is_listed(char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(list[i], name) == 0)
			return true;
	return false;
}

void entry_attributes(const struct settings *s, char *ret[static ATTRIBUTES_MAX])
{
	struct mapping map[MAPPINGS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(always); i++)
		ret[count++] = (char *)(uintptr_t)always[i];
	for (int kind = OBJECT_USER; kind < OBJECT_OTHER; kind++) {
		map_of(s, (enum object_kind)kind, map);
		for (const struct mapping *m = map; m->attribute && count < ATTRIBUTES_MAX - 1; m++)
			if (!is_listed(ret, count, m->attribute))
				ret[count++] = (char *)(uintptr_t)m->attribute;
	}
	ret[count] = NULL;
}

static void add_classes(FILE *out, const struct settings *s, enum object_kind kind)
{
	for (const char *const *c = map_classes(s, kind); *c; c++)
		(void)fprintf(out, "(objectClass=%s)", *c);
}

int entry_filter(const struct settings *s, char **ret)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	(void)fputs("(|", out);
	for (int kind = OBJECT_USER; kind <= OBJECT_OTHER; kind++) {
		const char *own = kind == OBJECT_USER ? s->user_filter : kind == OBJECT_GROUP ? s->group_filter : NULL;

		if (own)
			(void)fputs(own, out);
		else
			add_classes(out, s, (enum object_kind)kind);
	}
	(void)fputs(")", out);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

/* --- what an entry is --- */

static bool has_class(struct berval **classes, const char *const *wanted)
{
	for (; classes && *wanted; wanted++)
		for (size_t i = 0; classes[i]; i++)
			if (classes[i]->bv_len == strlen(*wanted) &&
			    strncasecmp(classes[i]->bv_val, *wanted, classes[i]->bv_len) == 0)
				return true;
	return false;
}

/* The server has held it against a filter of the tenant's own, which may ask for no class that we know. */
static bool fits(const struct settings *s, struct berval **classes, enum object_kind kind)
{
	if (has_class(classes, map_classes(s, kind)))
		return true;
	if (kind == OBJECT_USER && s->user_filter)
		return !has_class(classes, map_classes(s, OBJECT_GROUP));
	return kind == OBJECT_GROUP && s->group_filter && !has_class(classes, map_classes(s, OBJECT_USER));
}

/* By where it lies, the deepest base first (T27). */
static enum object_kind kind_of(const struct settings *s, const char *dn, struct berval **classes)
{
	enum object_kind found = OBJECT_ELSEWHERE;
	size_t depth = 0;

	for (int kind = OBJECT_USER; kind < OBJECT_OTHER; kind++) {
		const char *base = s->bases[kind];

		if (base && strlen(base) >= depth && dn_is_below(dn, base) && fits(s, classes, (enum object_kind)kind)) {
			found = (enum object_kind)kind;
			depth = strlen(base) + 1;
		}
	}
	if (found == OBJECT_ELSEWHERE && s->policy_base && dn_is_below(dn, s->policy_base) &&
	    has_class(classes, map_classes(s, OBJECT_OTHER)))
		found = OBJECT_OTHER;
	return found;
}

/* One whose name is none that we can hold may lie anywhere: its classes tell, and it counts as broken. */
static enum object_kind kind_without_name(const struct settings *s, struct berval **classes)
{
	for (int kind = OBJECT_USER; kind <= OBJECT_OTHER; kind++)
		if (s->bases[kind] && fits(s, classes, (enum object_kind)kind))
			return (enum object_kind)kind;
	return OBJECT_ELSEWHERE;
}

/* --- its fields --- */

static void take_mapped(struct object_writer *w, const struct settings *s, enum object_kind kind, LDAP *ld, LDAPMessage *entry,
			const char *dn, const struct parts *parts)
{
	struct mapping map[MAPPINGS_MAX];

	map_of(s, kind, map);
	for (const struct mapping *m = map; m->attribute && w->error == 0; m++) {
		struct berval **collected = parts_values(parts, m->attribute);
		struct berval **values = collected ? collected : ldap_get_values_len(ld, entry, m->attribute);

		if (values && values[0])
			value_take(w, m, dn, values);
		if (!collected)
			ldap_value_free_len(values);
	}
}

/* Where there is no gecos, people are called by their cn. */
static void take_gecos(struct object_writer *w, LDAP *ld, LDAPMessage *entry, const char *dn)
{
	static const struct mapping cn = {"cn", SYNC_TAG_GECOS, TAKE_TEXT};
	struct berval **values = NULL;

	if (!w->has_gecos && (values = ldap_get_values_len(ld, entry, cn.attribute)) && values[0])
		value_take(w, &cn, dn, values);
	ldap_value_free_len(values);
}

static bool is_mapped(const struct mapping *map, const char *attribute)
{
	for (; map->attribute; map++)
		if (strcasecmp(map->attribute, attribute) == 0)
			return true;
	return false;
}

/* What is said of one whose parts nobody has collected. */
#define IN_PARTS "has more values than the server gives at once"

static bool has_part_option(const char *attribute)
{
	return strcasestr(attribute, ";range=");
}

static bool is_collected(const struct parts *parts, const char *attribute)
{
	char name[PART_NAME_MAX];
	struct part_name part;

	if (!part_parse(attribute, &part))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)part.name_len, attribute);
	return parts_values(parts, name);
}

static void add_part_problem(struct object_writer *w, const struct parts *parts)
{
	const char *problem = parts && *parts->problem ? parts->problem : IN_PARTS;

	writer_add(w, SYNC_TAG_PROBLEM, problem, strlen(problem));
}

/* An entry may carry classes of two kinds, as a group that is a unit; what one of them knows is known. */
static void take_unknown(struct object_writer *w, const struct settings *s, enum object_kind kind, LDAP *ld,
			 LDAPMessage *entry, const struct parts *parts)
{
	struct mapping map[MAPPINGS_MAX];
	BerElement *at = NULL;
	bool in_parts = false;

	map_of(s, kind, map);
	for (char *a = ldap_first_attribute(ld, entry, &at); a; a = ldap_next_attribute(ld, entry, at)) {
		if (has_part_option(a))
			in_parts = in_parts || !is_collected(parts, a);
		else if (strncasecmp(a, "tenure", 6) == 0 && !is_mapped(map, a) && strcasecmp(a, "tenureId") != 0)
			writer_add(w, SYNC_TAG_UNKNOWN, a, strlen(a));
		ldap_memfree(a);
	}
	if (at)
		ber_free(at, 0);
	if (in_parts)
		add_part_problem(w, parts);
}

static void take_facts(struct object_writer *w, LDAP *ld, LDAPMessage *entry)
{
	static const struct mapping facts[] = {
		{"modifiersName", SYNC_TAG_MODIFIER, TAKE_DNS},
		{"entryCSN", SYNC_TAG_CSN, TAKE_TEXT},
		{"createTimestamp", SYNC_TAG_CREATED, TAKE_TIME},
		{"whenCreated", SYNC_TAG_CREATED, TAKE_TIME},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(facts); i++) {
		struct berval **values = ldap_get_values_len(ld, entry, facts[i].attribute);

		if (values && values[0])
			value_take(w, &facts[i], "", values);
		ldap_value_free_len(values);
	}
}

/* A policy that is disabled restricts nothing. */
static bool is_disabled_policy(LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, "tenurePolicyState");
	bool disabled = values && values[0] && values[0]->bv_len == 8 && memcmp(values[0]->bv_val, "disabled", 8) == 0;

	ldap_value_free_len(values);
	return disabled;
}

/* objectGUID stores its first three parts in little-endian order. */
bool entry_id(LDAP *ld, LDAPMessage *entry, struct uuid *ret)
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct berval **values = ldap_get_values_len(ld, entry, "objectGUID");
	bool ok = values && values[0] && values[0]->bv_len == sizeof(order);
	char text[UUID_TEXT_MAX] = "";

	for (size_t i = 0; ok && i < sizeof(order); i++)
		ret->bytes[i] = (uint8_t)values[0]->bv_val[order[i]];
	ldap_value_free_len(values);
	if (ok)
		return !uuid_is_null(ret);
	values = ldap_get_values_len(ld, entry, "entryUUID");
	if (values && values[0] && values[0]->bv_len < sizeof(text))
		memcpy(text, values[0]->bv_val, values[0]->bv_len);
	ldap_value_free_len(values);
	return uuid_parse(text, ret) == 0 && !uuid_is_null(ret);
}

static int send_object(int fd, const struct settings *s, LDAP *ld, LDAPMessage *entry, const struct uuid *uuid,
		       enum object_kind kind, const char *dn, const struct parts *parts)
{
	struct object_writer *w = calloc(1, sizeof(*w));
	const uint8_t number = (uint8_t)kind;
	int r;

	if (!w)
		return -ENOMEM;
	writer_begin(w, fd);
	writer_add(w, SYNC_TAG_UUID, uuid->bytes, sizeof(uuid->bytes));
	writer_add(w, SYNC_TAG_KIND, &number, 1);
	writer_add(w, SYNC_TAG_DN, dn, strlen(dn));
	if (kind != OBJECT_ELSEWHERE) {
		take_facts(w, ld, entry);
		take_mapped(w, s, kind, ld, entry, dn, parts);
	}
	if (kind == OBJECT_USER)
		take_gecos(w, ld, entry, dn);
	if (kind != OBJECT_OTHER && kind != OBJECT_ELSEWHERE)
		take_unknown(w, s, kind, ld, entry, parts);
	r = writer_end(w);
	free(w);
	return r;
}

int entry_send_broken(int fd, const struct uuid *uuid, enum object_kind kind, const char *dn, const char *problem)
{
	struct object_writer *w = calloc(1, sizeof(*w));
	char own[UUID_TEXT_MAX + 16], id[UUID_TEXT_MAX], *normal = NULL;
	const uint8_t number = (uint8_t)kind;
	int r;

	if (!w)
		return -ENOMEM;
	uuid_format(uuid, id);
	(void)snprintf(own, sizeof(own), "entryuuid=%s", id);
	if (!dn || dn_normalise(dn, &normal) < 0)
		normal = NULL;
	writer_begin(w, fd);
	writer_add(w, SYNC_TAG_UUID, uuid->bytes, sizeof(uuid->bytes));
	writer_add(w, SYNC_TAG_KIND, &number, 1);
	writer_add(w, SYNC_TAG_DN, normal ? normal : own, strlen(normal ? normal : own));
	if (kind != OBJECT_ELSEWHERE)
		writer_add(w, SYNC_TAG_PROBLEM, problem, strlen(problem));
	r = writer_end(w);
	free(normal);
	free(w);
	return r;
}

/* A name that is no DN, or longer than we hold. */
#define NAMELESS "has a name that is no DN, or is longer than 2048 bytes"

static enum object_kind kind_of_entry(const struct settings *s, LDAP *ld, LDAPMessage *entry, struct berval **classes,
				      const char *dn)
{
	const enum object_kind kind = kind_of(s, dn, classes);

	return kind == OBJECT_OTHER && is_disabled_policy(ld, entry) ? OBJECT_ELSEWHERE : kind;
}

int entry_send(int fd, const struct settings *s, LDAP *ld, LDAPMessage *entry, const struct uuid *uuid,
	       const struct parts *parts)
{
	struct berval **classes;
	struct uuid id = {{0}};
	char *dn, *normal = NULL;
	int r;

	if (uuid)
		id = *uuid;
	else if (!entry_id(ld, entry, &id))
		return -EBADMSG;
	dn = ldap_get_dn(ld, entry);
	r = dn ? dn_normalise(dn, &normal) : -EINVAL;
	classes = ldap_get_values_len(ld, entry, "objectClass");
	if (r == 0)
		r = send_object(fd, s, ld, entry, &id, kind_of_entry(s, ld, entry, classes, normal), normal, parts);
	else if (r == -EINVAL)
		r = entry_send_broken(fd, &id, kind_without_name(s, classes), NULL, NAMELESS);
	ldap_value_free_len(classes);
	ldap_memfree(dn);
	free(normal);
	return r;
}

/* --- those in parts --- */

static bool has_part(LDAP *ld, LDAPMessage *entry)
{
	BerElement *at = NULL;
	bool found = false;

	for (char *a = ldap_first_attribute(ld, entry, &at); a; a = found ? NULL : ldap_next_attribute(ld, entry, at)) {
		found = has_part_option(a);
		ldap_memfree(a);
	}
	if (at)
		ber_free(at, 0);
	return found;
}

bool entry_in_parts(const struct settings *s, LDAP *ld, LDAPMessage *entry, enum object_kind *ret_kind)
{
	struct berval **classes;
	char *dn, *normal = NULL;
	bool ours = false;

	if (!has_part(ld, entry))
		return false;
	dn = ldap_get_dn(ld, entry);
	classes = ldap_get_values_len(ld, entry, "objectClass");
	if (dn && dn_normalise(dn, &normal) == 0) {
		*ret_kind = kind_of_entry(s, ld, entry, classes, normal);
		ours = *ret_kind != OBJECT_ELSEWHERE && *ret_kind != OBJECT_OTHER;
	}
	ldap_value_free_len(classes);
	ldap_memfree(dn);
	free(normal);
	return ours;
}
