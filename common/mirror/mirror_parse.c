/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One object: tables say which fields a kind has and what each may hold, as config/directory_file.c has them for the
 * embedded directory. The worker is not believed: what a field may not hold makes the object broken.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/mirror/mirror_build.h"

static const char *const kind_words[OBJECT_KIND_COUNT] = {
	[OBJECT_TENANT] = "tenant", [OBJECT_USER] = "user", [OBJECT_GROUP] = "group",
	[OBJECT_SCOPE] = "scope",   [OBJECT_HOST] = "host", [OBJECT_UNIT] = "unit",
	[OBJECT_ROLE] = "role",	    [OBJECT_ASSIGNMENT] = "assignment", [OBJECT_OTHER] = "object",
};

bool mirror_fault(struct builder *b, const struct object *o, enum object_kind kind, const char *remedy, const char *format,
		  ...)
{
	char message[512], name[128];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	problem_add(b->problems, SEVERITY_ERROR, "dir-entry", o->place, remedy, "%s %s: %s", kind_words[kind],
		    text_escape(o->name ? o->name : "", name, sizeof(name)), message);
	return false;
}

struct parse {
	struct builder *b;
	const struct source_object *s;
	struct object *o; /* the target's */
	void *target;
	const char *fault; /* static; NULL: none */
	char shown[64];	   /* the text that is at fault, escaped; "" for none */
};

struct value;
typedef const char *(*value_function)(struct parse *p, const struct value *v, const char *text);

/* A field of the object, and where it goes. NULL of a value_function: it was taken; else what is wrong. */
struct value {
	unsigned tag;
	value_function read;
	size_t at, count_at;
};

static void *field(const struct parse *p, size_t at)
{
	return (char *)p->target + at;
}

static const char *out_of_memory(struct parse *p)
{
	p->b->no_memory = true;
	return "memory ran out";
}

static const char *take_text(struct parse *p, const struct value *v, const char *text)
{
	char **at = field(p, v->at);

	free(*at);
	*at = strdup(text);
	return *at ? NULL : out_of_memory(p);
}

/* A directory's upper case is folded. */
static void fold(char *name)
{
	for (; *name; name++)
		if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name - 'A' + 'a');
}

static const char *take_name(struct parse *p, const struct value *v, const char *text)
{
	const char *fault = take_text(p, v, text);

	if (!fault)
		fold(*(char **)field(p, v->at));
	return fault;
}

static const char *take_bool(struct parse *p, const struct value *v, const char *text)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return "is neither TRUE nor FALSE";
	*(bool *)field(p, v->at) = text[0] == 't';
	return NULL;
}

static const char *take_id(struct parse *p, const struct value *v, const char *text)
{
	uint64_t value;

	if (number_parse(text, INT32_MAX, &value) < 0)
		return "is no number from 0 to 2147483647";
	*(uint32_t *)field(p, v->at) = (uint32_t)value;
	return NULL;
}

static const char *take_count(struct parse *p, const struct value *v, const char *text)
{
	uint64_t value;

	if (number_parse(text, 100, &value) < 0)
		return "is no number from 0 to 100";
	*(unsigned *)field(p, v->at) = (unsigned)value;
	return NULL;
}

static const char *take_time(struct parse *p, const struct value *v, const char *text)
{
	return time_parse_rfc3339(text, field(p, v->at)) < 0 ? "is no time" : NULL;
}

static const char *take_duration(struct parse *p, const struct value *v, const char *text)
{
	return duration_parse(text, field(p, v->at)) < 0 ? "is no duration, as 90m or 2h" : NULL;
}

static const char *take_user_kind(struct parse *p, const struct value *v, const char *text)
{
	if (strcmp(text, "person") != 0 && strcmp(text, "service") != 0)
		return "is neither person nor service";
	*(enum user_kind *)field(p, v->at) = text[0] == 'p' ? USER_PERSON : USER_SERVICE;
	return NULL;
}

static const char *take_type(struct parse *p, const struct value *v, const char *text)
{
	static const struct {
		const char *text;
		enum assignment_type type;
	} types[] = {{"eligible", ASSIGNMENT_ELIGIBLE}, {"active", ASSIGNMENT_ACTIVE}, {"deny", ASSIGNMENT_DENY}};

	for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
		if (strcmp(types[i].text, text) == 0) {
			*(enum assignment_type *)field(p, v->at) = types[i].type;
			return NULL;
		}
	return "is neither eligible, active nor deny";
}

/* One more element behind an array; room doubles. NULL without memory. */
static void *grow(void *array, size_t count, size_t size)
{
	void **at = array;

	if ((count & (count - 1)) == 0) {
		void *grown = reallocarray(*at, count ? 2 * count : 1, size);

		if (!grown)
			return NULL;
		*at = grown;
	}
	return (char *)*at + count * size;
}

static const char *take_texts(struct parse *p, const struct value *v, const char *text)
{
	size_t *count = field(p, v->count_at);
	char **slot = grow(field(p, v->at), *count, sizeof(*slot)), *copy = strdup(text);

	if (!slot || !copy) {
		free(copy);
		return out_of_memory(p);
	}
	*slot = copy;
	(*count)++;
	return NULL;
}

static const char *take_right(struct parse *p, const struct value *v, const char *text)
{
	size_t *count = field(p, v->count_at);
	struct right *slot = grow(field(p, v->at), *count, sizeof(*slot));
	int r = slot ? right_parse(text, slot) : -ENOMEM;

	if (r == -ENOMEM)
		return out_of_memory(p);
	if (r < 0)
		return "is no right";
	(*count)++;
	return NULL;
}

static const char *take_attribute(struct parse *p, const struct value *v, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t *count = field(p, v->count_at);
	struct attribute *slot;

	if (!equals || equals == text)
		return "is not NAME=VALUE";
	slot = grow(field(p, v->at), *count, sizeof(*slot));
	if (!slot)
		return out_of_memory(p);
	*slot = (struct attribute){strndup(text, (size_t)(equals - text)), strdup(equals + 1)};
	if (!slot->name || !slot->value) {
		free(slot->name);
		free(slot->value);
		return out_of_memory(p);
	}
	(*count)++;
	return NULL;
}

/* Takes the name, which may be NULL. */
static const char *add_own(struct parse *p, struct name_list *list, char *name)
{
	char **slot = name ? grow(&list->names, list->count, sizeof(*slot)) : NULL;

	if (!slot) {
		free(name);
		return out_of_memory(p);
	}
	*slot = name;
	list->count++;
	return NULL;
}

static const char *add_name(struct parse *p, struct name_list *list, const char *name)
{
	return add_own(p, list, strdup(name));
}

static const char *take_member_name(struct parse *p, const struct value *v, const char *text)
{
	struct name_list *list = field(p, v->at);
	const char *fault = add_name(p, list, text);

	if (!fault)
		fold(list->names[list->count - 1]);
	return fault;
}

/* Its name is its own. */
static bool is_known_by_name(const struct parse *p, const void *object, size_t len)
{
	struct sync_field f;
	struct uuid uuid;

	return sync_find(sync_object_fields(object, len), SYNC_TAG_UUID, &f) == 0 && sync_field_uuid(&f, &uuid) == 0 &&
	       !mirror_is_shadowed(p->b, &uuid);
}

/* What a DN stands for: the kind of the entry and its name; of one that is not there, 0 and the DN itself. */
static enum object_kind resolve(struct parse *p, const char *dn, char **ret_name)
{
	struct sync_field name = {0}, kind = {0};
	size_t len;
	const void *object = mirror_by_dn(p->b->m, dn, &len);
	const bool known = object && sync_find(sync_object_fields(object, len), SYNC_TAG_KIND, &kind) == 0 &&
			   sync_find(sync_object_fields(object, len), SYNC_TAG_NAME, &name) == 0 &&
			   !memchr(name.data, '\0', name.len) && is_known_by_name(p, object, len);

	*ret_name = known ? strndup((const char *)name.data, name.len) : strdup(dn);
	if (!*ret_name) {
		p->b->no_memory = true;
		return 0;
	}
	if (known)
		fold(*ret_name);
	return known ? (enum object_kind)kind.data[0] : 0;
}

/* The three lists that a DN may go to, by the kind of what it names; one that leads nowhere goes to the first. */
struct lists {
	struct name_list *users, *groups, *hosts;
};

static const char *add_reference(struct parse *p, const struct lists *lists, const char *dn)
{
	char *name;
	enum object_kind kind = resolve(p, dn, &name);
	struct name_list *list = lists->users;

	if (!name)
		return out_of_memory(p);
	if (kind == OBJECT_GROUP)
		list = lists->groups;
	else if (kind == OBJECT_HOST && lists->hosts)
		list = lists->hosts;
	if (!kind || kind == OBJECT_USER || list != lists->users)
		return add_own(p, list, name);
	free(name);
	return add_name(p, list, dn);
}

static const char *take_group_member(struct parse *p, const struct value *v, const char *text)
{
	struct group *g = p->target;

	(void)v;
	return add_reference(p, &(struct lists){&g->members, &g->member_groups, NULL}, text);
}

static const char *take_unit_member(struct parse *p, const struct value *v, const char *text)
{
	struct unit *u = p->target;

	(void)v;
	return add_reference(p, &(struct lists){&u->users, &u->groups, &u->hosts}, text);
}

static const char *take_approver(struct parse *p, const struct value *v, const char *text)
{
	struct activation *a = &((struct role *)p->target)->activation;

	(void)v;
	return add_reference(p, &(struct lists){&a->approver_users, &a->approver_groups, NULL}, text);
}

/* One that leads nowhere stays as it is written: validation says so, and knows what follows from it. */
static const char *take_principal(struct parse *p, const struct value *v, const char *text)
{
	struct assignment *a = p->target;
	char *name;
	enum object_kind kind = resolve(p, text, &name);

	(void)v;
	if (!name)
		return out_of_memory(p);
	if (a->user || a->group) {
		free(name);
		return "is a second principal";
	}
	*(kind == OBJECT_GROUP ? &a->group : &a->user) = name;
	return NULL;
}

static const char *take_unit(struct parse *p, const struct value *v, const char *text)
{
	struct assignment *a = p->target;

	(void)v;
	free(a->unit);
	(void)resolve(p, text, &a->unit);
	return a->unit ? NULL : out_of_memory(p);
}

#define AT(type, member)	 offsetof(struct type, member)
#define VALUE(t, f, type, member) {.tag = SYNC_TAG_##t, .read = (f), .at = AT(type, member)}
#define VALUES(t, f, type, member, counter) \
	{.tag = SYNC_TAG_##t, .read = (f), .at = AT(type, member), .count_at = AT(type, counter)}

static const struct value user_values[] = {
	VALUE(UID, take_id, user, uid),
	VALUE(GID, take_id, user, gid),
	VALUE(GECOS, take_text, user, gecos),
	VALUE(HOME, take_text, user, home),
	VALUE(SHELL, take_text, user, shell),
	VALUES(SSH_KEY, take_texts, user, ssh_keys, ssh_key_count),
	VALUE(ENABLED, take_bool, user, enabled),
	VALUE(BEGIN, take_time, user, start_ns),
	VALUE(END, take_time, user, end_ns),
	VALUE(USER_KIND, take_user_kind, user, kind),
	VALUES(ATTRIBUTE, take_attribute, user, attributes, attribute_count),
	{0},
};
static const struct value group_values[] = {
	VALUE(GID, take_id, group, gid),
	{.tag = SYNC_TAG_MEMBER, .read = take_group_member},
	VALUE(MEMBER_NAME, take_member_name, group, members),
	{0},
};
static const struct value scope_values[] = {
	VALUE(PATH, take_name, scope, o.name),
	VALUE(SCOPE_KIND, take_text, scope, kind),
	VALUE(ENVIRONMENT, take_text, scope, environment),
	VALUE(TIER, take_text, scope, tier),
	{0},
};
static const struct value host_values[] = {
	VALUE(PATH, take_name, host, scope),
	VALUES(ATTRIBUTE, take_attribute, host, attributes, attribute_count),
	{0},
};
static const struct value unit_values[] = {
	VALUE(RESTRICTED, take_bool, unit, restricted),
	{.tag = SYNC_TAG_MEMBER, .read = take_unit_member},
	{0},
};
static const struct value role_values[] = {
	VALUE(TITLE, take_text, role, title),
	VALUE(GID, take_id, role, gid),
	VALUES(ACTION, take_right, role, actions, action_count),
	VALUES(NOT_ACTION, take_right, role, not_actions, not_action_count),
	VALUE(MAX_DURATION, take_duration, role, activation.max_duration_ns),
	VALUE(JUSTIFICATION, take_bool, role, activation.justification),
	VALUE(TICKET, take_bool, role, activation.ticket),
	VALUE(STEP_UP, take_bool, role, activation.step_up),
	VALUE(APPROVALS, take_count, role, activation.approvals),
	{.tag = SYNC_TAG_APPROVER, .read = take_approver},
	VALUE(APPROVAL_TIMEOUT, take_duration, role, activation.approval_timeout_ns),
	{0},
};
static const struct value assignment_values[] = {
	VALUE(ASSIGNMENT_TYPE, take_type, assignment, type),
	VALUE(ROLE, take_name, assignment, role),
	VALUES(ACTION, take_right, assignment, actions, action_count),
	{.tag = SYNC_TAG_PRINCIPAL, .read = take_principal},
	{.tag = SYNC_TAG_UNIT, .read = take_unit},
	VALUE(GUEST, take_name, assignment, guest),
	VALUE(PATH, take_name, assignment, scope),
	VALUE(BEGIN, take_time, assignment, start_ns), VALUE(END, take_time, assignment, end_ns),
	{0},
};

static const struct value *const values_of[OBJECT_KIND_COUNT] = {
	[OBJECT_USER] = user_values, [OBJECT_GROUP] = group_values, [OBJECT_SCOPE] = scope_values,
	[OBJECT_HOST] = host_values, [OBJECT_UNIT] = unit_values,   [OBJECT_ROLE] = role_values,
	[OBJECT_ASSIGNMENT] = assignment_values,
};

static const char *take_field(struct parse *p, const struct sync_field *f, const char *text)
{
	static const struct value name = {.at = offsetof(struct object, name)};

	switch (f->tag) {
	case SYNC_TAG_UUID:
	case SYNC_TAG_KIND:
	case SYNC_TAG_DN:
	case SYNC_TAG_MODIFIER:
	case SYNC_TAG_CSN:
	case SYNC_TAG_CREATED:
	case SYNC_TAG_ID:
		return NULL;
	case SYNC_TAG_NAME: /* of a scope its path is the name */
		return p->s->kind == OBJECT_SCOPE ? NULL : take_name(p, &name, text);
	case SYNC_TAG_PROBLEM:
		return "could not be taken";
	case SYNC_TAG_UNKNOWN:
		return "is not known to this version";
	default:
		for (const struct value *v = values_of[p->s->kind]; v && v->tag; v++)
			if (v->tag == f->tag)
				return v->read(p, v, text);
		return "does not belong to such an object";
	}
}

/* Bytes of an id, or a text. */
static void parse_field(struct parse *p, const struct sync_field *f)
{
	const char *fault;
	char *text;
	int r;

	if (f->tag == SYNC_TAG_UUID || f->tag == SYNC_TAG_KIND)
		return;
	if (f->tag == SYNC_TAG_ID) {
		if (sync_field_uuid(f, &p->o->id) < 0 || uuid_is_null(&p->o->id))
			p->fault = "its id is no UUID";
		return;
	}
	r = sync_field_text(f, &text);
	if (r < 0) {
		fault = r == -ENOMEM ? out_of_memory(p) : "holds a NUL";
		text = NULL;
	} else {
		fault = take_field(p, f, text);
	}
	if (fault && !p->fault) {
		p->fault = fault;
		(void)text_escape(text ? text : "", p->shown, sizeof(p->shown));
	}
	free(text);
}

bool mirror_parse(struct builder *b, const struct source_object *s, void *target)
{
	struct parse p = {.b = b, .s = s, .o = target, .target = target};
	struct sync_cursor c = sync_object_fields(s->bytes, s->len);
	struct sync_field f;

	p.o->id = s->uuid;
	for (size_t expected = 0; sync_next(&c, &f) > 0;) {
		if (f.tag == SYNC_TAG_MEMBER)
			expected = expected > 0 ? expected - 1 : mirror_expect_members(b->m, c);
		if (f.tag == SYNC_TAG_DN)
			p.o->place = strndup((const char *)f.data, f.len);
		parse_field(&p, &f);
	}
	if (!p.o->place)
		b->no_memory = true;
	if (!p.fault && p.o->name)
		return true;
	return p.fault ? mirror_fault(b, p.o, s->kind, "mend the entry", "\"%s\" %s", p.shown, p.fault)
		       : mirror_fault(b, p.o, s->kind, "give it one", "it has no name");
}
