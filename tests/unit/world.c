/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/snapshot/image.h"
#include "common/snapshot/policy_compile.h"

#define OBJECTS_MAX   64
#define LIST_MAX      8
#define UID_FIRST     1900000000u

static const struct uuid tenant_id = {{0x5d, 0x0b, 0x3a, 0x2e, 1}};

static void *allocate(size_t count, size_t size)
{
	void *ret = calloc(count, size);
	assert_non_null(ret);
	return ret;
}

static char *copy(const char *text)
{
	char *ret = text ? strdup(text) : NULL;
	assert_true(!text || ret);
	return ret;
}

struct world *world_new(void)
{
	struct world *w = allocate(1, sizeof(*w));
	w->d = allocate(1, sizeof(*w->d));
	w->d->tenant_id = tenant_id;
	w->d->users = allocate(OBJECTS_MAX, sizeof(*w->d->users));
	w->d->groups = allocate(OBJECTS_MAX, sizeof(*w->d->groups));
	w->d->scopes = allocate(OBJECTS_MAX, sizeof(*w->d->scopes));
	w->d->hosts = allocate(OBJECTS_MAX, sizeof(*w->d->hosts));
	w->d->units = allocate(OBJECTS_MAX, sizeof(*w->d->units));
	w->d->roles = allocate(OBJECTS_MAX, sizeof(*w->d->roles));
	w->d->assignments = allocate(OBJECTS_MAX, sizeof(*w->d->assignments));
	w->tenant.name = copy("contoso");
	w->tenant.id = tenant_id;
	w->tenant.home = true;
	w->tenant.id_range = (struct id_range){UID_FIRST, UID_FIRST + 99999};
	w->tenant.role_gids = (struct id_range){UID_FIRST + 90000, UID_FIRST + 90999};
	w->tenant.domains = allocate(1, sizeof(char *));
	w->tenant.domains[0] = copy("contoso.com");
	w->tenant.domain_count = 1;
	w->host.tenants = allocate(1, sizeof(char *));
	w->host.tenants[0] = copy("contoso");
	w->host.tenant_count = 1;
	w->host_id = (struct uuid){{0x0f, 0x3c}};
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	policy_close(w->policy);
	free(w->image);
	directory_free(w->d);
	host_config_done(&w->host);
	tenant_config_done(&w->tenant);
	free(w);
}

static void object_init(struct object *o, const char *name, unsigned kind, size_t i)
{
	char place[32];
	(void)snprintf(place, sizeof(place), "contoso.conf:%zu", kind * 100 + i);
	*o = (struct object){.name = copy(name), .place = copy(place)};
	o->id.bytes[0] = (uint8_t)kind;
	o->id.bytes[15] = (uint8_t)(i + 1);
}

/* Calls fn with each word of a list. */
static void each_word(const char *words, void (*fn)(void *context, const char *word), void *context)
{
	char buf[256], *next, *word;
	(void)snprintf(buf, sizeof(buf), "%s", words ? words : "");
	for (word = strtok_r(buf, " ", &next); word; word = strtok_r(NULL, " ", &next))
		fn(context, word);
}

static void add_name(void *context, const char *word)
{
	struct name_list *list = context;
	if (!list->names)
		list->names = allocate(LIST_MAX, sizeof(char *));
	assert_true(list->count < LIST_MAX);
	list->names[list->count++] = copy(word);
}

struct user *world_user(struct world *w, const char *name)
{
	size_t i = w->d->user_count++;
	struct user *u = &w->d->users[i];
	*u = (struct user){.uid = UID_FIRST + (uint32_t)i, .gid = NO_ID, .enabled = true, .start_ns = TIME_ALWAYS,
			   .end_ns = TIME_FOREVER};
	u->home = copy("/home/x");
	u->shell = copy("/bin/sh");
	u->gecos = copy("");
	object_init(&u->o, name, 1, i);
	return u;
}

struct group *world_group(struct world *w, const char *name, const char *members, const char *member_groups)
{
	size_t i = w->d->group_count++;
	struct group *g = &w->d->groups[i];
	*g = (struct group){.gid = NO_ID};
	object_init(&g->o, name, 2, i);
	each_word(members, add_name, &g->members);
	each_word(member_groups, add_name, &g->member_groups);
	return g;
}

struct scope *world_scope(struct world *w, const char *path)
{
	size_t i = w->d->scope_count++;
	struct scope *s = &w->d->scopes[i];
	*s = (struct scope){.parent = NO_INDEX};
	object_init(&s->o, path, 3, i);
	return s;
}

struct host *world_host(struct world *w, const char *name, const char *scope, bool this_one)
{
	size_t i = w->d->host_count++;
	struct host *h = &w->d->hosts[i];
	*h = (struct host){.scope = copy(scope)};
	object_init(&h->o, name, 4, i);
	if (this_one)
		h->o.id = w->host_id;
	return h;
}

struct unit *world_unit(struct world *w, const char *name, bool restricted, const char *users, const char *hosts)
{
	size_t i = w->d->unit_count++;
	struct unit *u = &w->d->units[i];
	*u = (struct unit){.restricted = restricted};
	object_init(&u->o, name, 5, i);
	each_word(users, add_name, &u->users);
	each_word(hosts, add_name, &u->hosts);
	return u;
}

struct right_words {
	struct right **rights;
	size_t *count;
};

static void add_right(void *context, const char *word)
{
	struct right_words *to = context;
	if (!*to->rights)
		*to->rights = allocate(LIST_MAX, sizeof(struct right));
	assert_true(*to->count < LIST_MAX);
	assert_int_equal(right_parse(word, &(*to->rights)[(*to->count)++]), 0);
}

struct role *world_role(struct world *w, const char *name, const char *actions, const char *not_actions)
{
	size_t i = w->d->role_count++;
	struct role *role = &w->d->roles[i];
	*role = (struct role){.gid = NO_ID, .activation = {.max_duration_ns = 3600 * NS_PER_S,
							   .approval_timeout_ns = 3600 * NS_PER_S}};
	object_init(&role->o, name, 6, i);
	role->title = copy(name);
	struct right_words to = {&role->actions, &role->action_count};
	each_word(actions, add_right, &to);
	to = (struct right_words){&role->not_actions, &role->not_action_count};
	each_word(not_actions, add_right, &to);
	return role;
}

struct assignment *world_assignment(struct world *w, enum assignment_type type, const char *who, const char *what,
				    const char *where)
{
	size_t i = w->d->assignment_count++;
	struct assignment *a = &w->d->assignments[i];
	*a = (struct assignment){.type = type, .start_ns = TIME_ALWAYS, .end_ns = TIME_FOREVER,
				 .role_index = NO_INDEX, .user_index = NO_INDEX, .group_index = NO_INDEX,
				 .unit_index = NO_INDEX};
	object_init(&a->o, NULL, 7, i);
	if (who[0] == '@')
		a->group = copy(who + 1);
	else
		a->user = copy(who);
	if (where[0] == '/')
		a->scope = copy(where);
	else
		a->unit = copy(where);
	if (what[0] == '=') {
		struct right_words to = {&a->actions, &a->action_count};
		each_word(what + 1, add_right, &to);
	} else {
		a->role = copy(what);
	}
	return a;
}

struct words {
	char ***names;
	size_t *count;
};

static void add_word(void *context, const char *word)
{
	struct words *to = context;
	if (!*to->names)
		*to->names = allocate(LIST_MAX, sizeof(char *));
	(*to->names)[(*to->count)++] = copy(word);
}

void world_ceiling(struct world *w, const char *become, const char *groups)
{
	struct words to = {&w->host.allow_become, &w->host.allow_become_count};
	each_word(become, add_word, &to);
	to = (struct words){&w->host.allow_groups, &w->host.allow_group_count};
	each_word(groups, add_word, &to);
}

void world_no_ceiling(struct world *w)
{
	while (w->host.allow_become_count > 0)
		free(w->host.allow_become[--w->host.allow_become_count]);
	while (w->host.allow_group_count > 0)
		free(w->host.allow_groups[--w->host.allow_group_count]);
}

struct holder *world_grant(struct world *w, const char *user, const char *role, enum right_kind kind,
			   const char *argument)
{
	assert_true(w->grants.count < WORLD_GRANTS_MAX);
	struct holder *row = &w->grants.rows[w->grants.count++];
	*row = (struct holder){.kind = kind, .argument = argument, .role = role, .window = WINDOW_ALWAYS,
			       .principal = w->d->users[world_user_index(w, user)].o.id};
	row->request.bytes[0] = (uint8_t)w->grants.count;
	return row;
}

int world_compile(struct world *w)
{
	struct local_accounts local = {0};
	struct problem_list problems = {0};
	struct image image = {0};
	assert_int_equal(directory_validate(w->d, &w->tenant, &local, &problems), 0);
	problem_list_done(&problems);
	int r = policy_image(&image, 1, w->d, &w->host, &w->tenant, &w->host_id, NULL, 0);
	if (r == 0) {
		w->image = allocate(1, image.len);
		w->image_len = image.len;
		memcpy(w->image, image.data, image.len);
		assert_int_equal(policy_open_memory(w->image, w->image_len, &w->policy), 0);
	}
	image_done(&image);
	return r;
}

uint32_t world_user_index(const struct world *w, const char *name)
{
	for (uint32_t i = 0; i < w->d->user_count; i++) {
		if (strcmp(w->d->users[i].o.name, name) == 0)
			return i;
	}
	return NO_INDEX;
}

uint32_t world_principal(const struct world *w, const char *name)
{
	uint32_t ret = NO_INDEX;
	assert_int_equal(policy_principal_by_name(w->policy, name, &ret), 0);
	return ret;
}
