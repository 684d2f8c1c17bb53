/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/tenure-sync/attributes.h"
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

static bool has_class(const struct berval *classes, const char *const *wanted)
{
	for (; classes && *wanted; wanted++)
		for (const struct berval *c = classes; c->bv_val; c++)
			if (c->bv_len == strlen(*wanted) && strncasecmp(c->bv_val, *wanted, c->bv_len) == 0)
				return true;
	return false;
}

/* The server has held it against a filter of the tenant's own, which may ask for no class that we know. */
static bool fits(const struct settings *s, const struct berval *classes, enum object_kind kind)
{
	if (has_class(classes, map_classes(s, kind)))
		return true;
	if (kind == OBJECT_USER && s->user_filter)
		return !has_class(classes, map_classes(s, OBJECT_GROUP));
	return kind == OBJECT_GROUP && s->group_filter && !has_class(classes, map_classes(s, OBJECT_USER));
}

/* By where it lies, the deepest base first (T27). */
static enum object_kind kind_of(const struct settings *s, const char *dn, const struct berval *classes)
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
static enum object_kind kind_without_name(const struct settings *s, const struct berval *classes)
{
	for (int kind = OBJECT_USER; kind <= OBJECT_OTHER; kind++)
		if (s->bases[kind] && fits(s, classes, (enum object_kind)kind))
			return (enum object_kind)kind;
	return OBJECT_ELSEWHERE;
}

/* --- its fields --- */

static struct object_writer writer; /* one at a time; it has room for a whole packet */

int entry_flush(void)
{
	return writer_flush(&writer);
}

void entry_forget(void)
{
	writer_init(&writer);
}

static void take_mapped(struct object_writer *w, const struct settings *s, enum object_kind kind,
			const struct entry_content *a, const char *dn, const struct parts *parts)
{
	struct mapping map[MAPPINGS_MAX];

	map_of(s, kind, map);
	for (const struct mapping *m = map; m->attribute && w->error == 0; m++) {
		const struct berval *collected = parts_values(parts, m->attribute);
		const struct berval *values = collected ? collected : attributes_find(a, m->attribute);

		if (values)
			value_take(w, m, dn, values);
	}
}

/* Where there is no gecos, people are called by their cn. */
static void take_gecos(struct object_writer *w, const struct entry_content *a, const char *dn)
{
	static const struct mapping cn = {"cn", SYNC_TAG_GECOS, TAKE_TEXT};
	const struct berval *values = w->has_gecos ? NULL : attributes_find(a, cn.attribute);

	if (values)
		value_take(w, &cn, dn, values);
}

static bool is_called(const struct berval *name, const char *text)
{
	return name->bv_len == strlen(text) && strncasecmp(name->bv_val, text, name->bv_len) == 0;
}

static bool is_mapped(const struct mapping *map, const struct berval *name)
{
	for (; map->attribute; map++)
		if (is_called(name, map->attribute))
			return true;
	return false;
}

/* An option of its name (RFC 4512, 2.5.2) begins as text does. */
static bool has_option(const struct berval *name, const char *text)
{
	const size_t len = strlen(text);

	for (size_t i = 0; i + len <= name->bv_len; i++)
		if (strncasecmp(name->bv_val + i, text, len) == 0)
			return true;
	return false;
}

/* What is said of one whose parts nobody has collected. */
#define IN_PARTS "has more values than the server gives at once"

static bool is_collected(const struct parts *parts, const struct berval *attribute)
{
	char name[PART_NAME_MAX];
	struct part_name part;

	if (!part_parse(attribute, &part))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)part.name_len, attribute->bv_val);
	return parts_values(parts, name);
}

static void add_part_problem(struct object_writer *w, const struct parts *parts)
{
	const char *problem = parts && *parts->problem ? parts->problem : IN_PARTS;

	writer_add(w, SYNC_TAG_PROBLEM, problem, strlen(problem));
}

/* An entry may carry classes of two kinds, as a group that is a unit; what one of them knows is known. */
static void take_unknown(struct object_writer *w, const struct settings *s, enum object_kind kind,
			 const struct entry_content *a, const struct parts *parts)
{
	struct mapping map[MAPPINGS_MAX];
	bool in_parts = false;

	map_of(s, kind, map);
	for (size_t i = 0; i < a->count; i++) {
		const struct berval *name = &a->list[i].name;

		if (has_option(name, PART_OPTION))
			in_parts = in_parts || !is_collected(parts, name);
		else if (name->bv_len >= 6 && strncasecmp(name->bv_val, "tenure", 6) == 0 && !is_mapped(map, name) &&
			 !is_called(name, "tenureId"))
			writer_add(w, SYNC_TAG_UNKNOWN, name->bv_val, name->bv_len);
	}
	if (in_parts)
		add_part_problem(w, parts);
}

static void take_facts(struct object_writer *w, const struct entry_content *a)
{
	static const struct mapping facts[] = {
		{"modifiersName", SYNC_TAG_MODIFIER, TAKE_DNS},
		{"entryCSN", SYNC_TAG_CSN, TAKE_TEXT},
		{"createTimestamp", SYNC_TAG_CREATED, TAKE_TIME},
		{"whenCreated", SYNC_TAG_CREATED, TAKE_TIME},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(facts); i++) {
		const struct berval *values = attributes_find(a, facts[i].attribute);

		if (values)
			value_take(w, &facts[i], "", values);
	}
}

/* A policy that is disabled restricts nothing. */
static bool is_disabled_policy(const struct entry_content *a)
{
	const struct berval *state = attributes_find(a, "tenurePolicyState");

	return state && state->bv_len == 8 && memcmp(state->bv_val, "disabled", 8) == 0;
}

/* objectGUID stores its first three parts in little-endian order. */
bool entry_id(const struct entry_content *a, struct uuid *ret)
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	const struct berval *id = attributes_find(a, "objectGUID");
	bool ok = id && id->bv_len == sizeof(order);
	char text[UUID_TEXT_MAX] = "";

	for (size_t i = 0; ok && i < sizeof(order); i++)
		ret->bytes[i] = (uint8_t)id->bv_val[order[i]];
	if (ok)
		return !uuid_is_null(ret);
	id = attributes_find(a, "entryUUID");
	if (id && id->bv_len < sizeof(text))
		memcpy(text, id->bv_val, id->bv_len);
	return uuid_parse(text, ret) == 0 && !uuid_is_null(ret);
}

static int send_object(int fd, const struct settings *s, const struct entry_content *a, const struct uuid *uuid,
		       enum object_kind kind, const char *dn, const struct parts *parts)
{
	struct object_writer *w = &writer;
	const uint8_t number = (uint8_t)kind;

	writer_begin(w, fd);
	writer_add(w, SYNC_TAG_UUID, uuid->bytes, sizeof(uuid->bytes));
	writer_add(w, SYNC_TAG_KIND, &number, 1);
	writer_add(w, SYNC_TAG_DN, dn, strlen(dn));
	if (kind != OBJECT_ELSEWHERE) {
		take_facts(w, a);
		take_mapped(w, s, kind, a, dn, parts);
	}
	if (kind == OBJECT_USER)
		take_gecos(w, a, dn);
	if (kind != OBJECT_OTHER && kind != OBJECT_ELSEWHERE)
		take_unknown(w, s, kind, a, parts);
	return writer_end(w);
}

int entry_send_broken(int fd, const struct uuid *uuid, enum object_kind kind, const char *dn, const char *problem)
{
	struct object_writer *w = &writer;
	char own[UUID_TEXT_MAX + 16], id[UUID_TEXT_MAX], *normal = NULL;
	const uint8_t number = (uint8_t)kind;
	int r;

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
	return r;
}

/* A name that is no DN, or longer than we hold. */
#define NAMELESS "has a name that is no DN, or is longer than 2048 bytes"

static enum object_kind kind_of_entry(const struct settings *s, const struct entry_content *a, const char *dn)
{
	const enum object_kind kind = kind_of(s, dn, attributes_find(a, "objectClass"));

	return kind == OBJECT_OTHER && is_disabled_policy(a) ? OBJECT_ELSEWHERE : kind;
}

int entry_send(int fd, const struct settings *s, const struct entry_content *a, const struct uuid *uuid,
	       const struct parts *parts)
{
	struct uuid id = {{0}};
	char *normal = NULL;
	int r;

	if (uuid)
		id = *uuid;
	else if (!entry_id(a, &id))
		return -EBADMSG;
	r = dn_normalise(a->dn, &normal);
	if (r == 0)
		r = send_object(fd, s, a, &id, kind_of_entry(s, a, normal), normal, parts);
	else if (r == -EINVAL)
		r = entry_send_broken(fd, &id, kind_without_name(s, attributes_find(a, "objectClass")), NULL, NAMELESS);
	free(normal);
	return r;
}

/* --- those in parts --- */

static bool has_part(const struct entry_content *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (has_option(&a->list[i].name, PART_OPTION))
			return true;
	return false;
}

bool entry_in_parts(const struct settings *s, const struct entry_content *a, enum object_kind *ret_kind)
{
	char *normal = NULL;
	bool ours = false;

	if (!has_part(a))
		return false;
	if (dn_normalise(a->dn, &normal) == 0) {
		*ret_kind = kind_of_entry(s, a, normal);
		ours = *ret_kind != OBJECT_ELSEWHERE && *ret_kind != OBJECT_OTHER;
	}
	free(normal);
	return ours;
}
