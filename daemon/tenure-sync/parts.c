/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/text.h"
#include "common/wire/sync_proto.h"

#define OPTION "range="

/* The option's text; NULL: it has none. Options come in any order, in either case (RFC 4512 2.5). */
static const char *find_option(const char *attribute)
{
	const char *at = strchr(attribute, ';');

	while (at && strncasecmp(at + 1, OPTION, strlen(OPTION)) != 0)
		at = strchr(at + 1, ';');
	return at;
}

static bool parse_index(const char *text, size_t len, uint64_t *ret)
{
	char digits[24];

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return number_parse(digits, UINT32_MAX, ret) == 0;
}

/* Another option beside it makes another attribute of it, which nobody has asked for. */
bool part_parse(const struct berval *name, struct part_name *ret)
{
	char attribute[2 * PART_NAME_MAX];
	const char *option, *low, *dash;

	if (name->bv_len >= sizeof(attribute) || memchr(name->bv_val, '\0', name->bv_len))
		return false;
	memcpy(attribute, name->bv_val, name->bv_len);
	attribute[name->bv_len] = '\0';
	option = find_option(attribute);
	if (!option || option == attribute || option - attribute >= PART_NAME_MAX || strchr(attribute, ';') != option)
		return false;
	low = option + 1 + strlen(OPTION);
	dash = strchr(low, '-');
	if (!dash || !parse_index(low, (size_t)(dash - low), &ret->low))
		return false;
	ret->name_len = (size_t)(option - attribute);
	if (strcmp(dash + 1, "*") == 0)
		ret->high = UINT64_MAX;
	else if (!parse_index(dash + 1, strlen(dash + 1), &ret->high))
		return false;
	return true;
}

static int refuse(struct parts *p, const char *name, int error, const char *why)
{
	(void)snprintf(p->problem, sizeof(p->problem), "%s comes in parts, and %s", name, why);
	return error;
}

void parts_fail(struct parts *p, const char *why)
{
	const char *name = p->count > 0 ? p->attributes[0].name : "an attribute";

	for (size_t i = 0; i < p->count; i++)
		if (!p->attributes[i].whole)
			name = p->attributes[i].name;
	(void)refuse(p, name, 0, why);
}

void parts_done(struct parts *p)
{
	for (size_t i = 0; i < p->count; i++) {
		for (size_t k = 0; k < p->attributes[i].count; k++)
			ber_memfree(p->attributes[i].values[k].bv_val);
		free(p->attributes[i].values);
	}
	*p = (struct parts){.count = 0};
}

/* --- values --- */

static int make_room(struct part_attribute *a, size_t more)
{
	size_t room = a->room ? a->room : 2048;
	struct berval *values;

	while (room < a->count + more + 1)
		room *= 2;
	if (room == a->room)
		return 0;
	values = reallocarray(a->values, room, sizeof(*values));
	if (!values)
		return -ENOMEM;
	a->values = values;
	a->room = room;
	return 0;
}

/* Copies of the values, but for the first `skip`, which are there already. */
static int append(struct parts *p, struct part_attribute *a, const struct berval *values, size_t count, size_t skip)
{
	int r = make_room(a, count);

	if (r < 0)
		return r;
	for (size_t i = skip; i < count; i++) {
		struct berval value = values[i];

		p->total += SYNC_FIELD_HEADER_LEN + value.bv_len;
		if (p->total > SYNC_OBJECT_MAX)
			return refuse(p, a->name, -EFBIG, "they are more than 32 MiB");
		if (!ber_dupbv(&a->values[a->count], &value) || !a->values[a->count].bv_val)
			return -ENOMEM;
		a->values[++a->count] = (struct berval){0, NULL};
	}
	return 0;
}

static bool is_same(const struct berval *a, const struct berval *b)
{
	return a->bv_len == b->bv_len && memcmp(a->bv_val, b->bv_val, a->bv_len) == 0;
}

/* A part's own numbers: from where it was asked for, as many as it says, and one more than there was. */
static int take_part(struct parts *p, struct part_attribute *a, const struct part_name *part, const struct berval *values,
		     size_t count)
{
	const size_t skip = a->count > 0 ? 1 : 0;
	const bool last = part->high == UINT64_MAX;

	if (part->low != (a->count > 0 ? a->count - 1 : 0))
		return refuse(p, a->name, -EBADMSG, "the server gave another one than it was asked for");
	if (!last && (part->high < part->low || part->high - part->low + 1 != count))
		return refuse(p, a->name, -EBADMSG, "one has not as many values as it says");
	if (!last && count <= skip)
		return refuse(p, a->name, -EBADMSG, "one that is not the last has nothing more");
	if (skip > 0 && !is_same(&values[0], &a->values[a->count - 1]))
		return -EAGAIN;
	a->whole = last;
	return append(p, a, values, count, skip);
}

/* --- entries --- */

/* An empty attribute beside the part that holds the values is AD's way to say that there are parts. 1: taken. */
static int take_values(struct parts *p, struct part_attribute *a, const struct part_name *part, const struct berval *values)
{
	size_t count = 0;
	int r;

	while (values && values[count].bv_val)
		count++;
	r = count > 0 ? take_part(p, a, part, values, count) : 0;
	return r < 0 ? r : count > 0;
}

static const struct mapping *mapping_of(const struct mapping *map, const char *name, size_t len)
{
	for (; map->attribute; map++)
		if (strlen(map->attribute) == len && strncasecmp(map->attribute, name, len) == 0)
			return map;
	return NULL;
}

static struct part_attribute *find(struct parts *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcasecmp(p->attributes[i].name, name) == 0)
			return &p->attributes[i];
	return NULL;
}

static int begin_attribute(struct parts *p, const struct mapping *map, const struct entry_attribute *one)
{
	const struct mapping *m;
	struct part_attribute *a;
	struct part_name part;
	int r;

	if (!part_parse(&one->name, &part) || !(m = mapping_of(map, one->name.bv_val, part.name_len)))
		return 0;
	if (find(p, m->attribute))
		return refuse(p, m->attribute, -EBADMSG, "there are two first ones");
	if (p->count == PARTS_ATTRIBUTES_MAX)
		return refuse(p, m->attribute, -EFBIG, "so do too many others");
	a = &p->attributes[p->count];
	(void)snprintf(a->name, sizeof(a->name), "%s", m->attribute);
	p->count++;
	r = take_values(p, a, &part, one->values);
	if (r == 0) /* the other one of it has the values, or nothing has */
		p->attributes[--p->count] = (struct part_attribute){.count = 0};
	return r < 0 ? r : 0;
}

int parts_begin(struct parts *p, const struct mapping *map, const struct entry_content *entry)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < entry->count; i++)
		r = begin_attribute(p, map, &entry->list[i]);
	return r;
}

static struct part_attribute *asked_for(struct parts *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (!p->attributes[i].whole)
			return &p->attributes[i];
	return NULL;
}

int parts_add(struct parts *p, const struct entry_content *entry)
{
	struct part_attribute *a = asked_for(p);
	int r = 0;

	if (!a)
		return -EBADMSG;
	for (size_t i = 0; r == 0 && i < entry->count; i++) {
		const struct berval *name = &entry->list[i].name;
		struct part_name part;

		if (part_parse(name, &part) && strlen(a->name) == part.name_len &&
		    strncasecmp(name->bv_val, a->name, part.name_len) == 0)
			r = take_values(p, a, &part, entry->list[i].values);
	}
	if (r == 0)
		r = refuse(p, a->name, -EBADMSG, "the server did not give the next one");
	return r < 0 ? r : 0;
}

int parts_next(struct parts *p, char ret[static PART_NAME_MAX])
{
	const struct part_attribute *a = asked_for(p);

	if (!a)
		return 0;
	if (p->asked++ == PARTS_MAX)
		return refuse(p, a->name, -EFBIG, "there is no end of them");
	if (snprintf(ret, PART_NAME_MAX, "%s;" OPTION "%zu-*", a->name, a->count - 1) >= PART_NAME_MAX)
		return refuse(p, a->name, -EFBIG, "its name is too long");
	return 1;
}

const struct berval *parts_values(const struct parts *p, const char *attribute)
{
	for (size_t i = 0; p && !*p->problem && i < p->count; i++)
		if (p->attributes[i].whole && strcasecmp(p->attributes[i].name, attribute) == 0)
			return p->attributes[i].values;
	return NULL;
}
