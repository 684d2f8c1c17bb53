/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/answers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decide/decide.h"
#include "common/snapshot/holders.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/keys.h"
#include "common/snapshot/policy.h"
#include "tests/unit/cmocka_test.h"

struct lines {
	char **items;
	size_t count;
};

static PRINTF_LIKE(2, 3) void add(struct lines *l, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if ((l->count & (l->count - 1)) == 0)
		l->items = realloc(l->items, (l->count ? 2 * l->count : 16) * sizeof(char *));
	assert_non_null(l->items);
	assert_true(vasprintf(&l->items[l->count++], format, arguments) >= 0);
	va_end(arguments);
}

static const char *hex(const struct uuid *id, char buf[static UUID_TEXT_MAX])
{
	uuid_format(id, buf);
	return buf;
}

static char *numbers(const uint32_t *list, size_t count)
{
	char *text = calloc(count + 1, 12);
	size_t at = 0;

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		at += (size_t)sprintf(text + at, " %u", list[i]);
	return text;
}

static void add_user(struct lines *l, const char *how, const struct identity_user *u)
{
	char id[UUID_TEXT_MAX], *gids = numbers(u->gids, u->gid_count);

	if (u->home)
		add(l, "%s %s uid=%u gid=%u gecos=%s shell=%s home=%s %s groups%s", how, u->name, u->uid, u->gid, u->gecos,
		    u->shell, u->home, hex(&u->principal, id), gids);
	else
		add(l, "%s %s uid=%u gid=%u gecos=%s shell=%s home=%.*s%.*s %s groups%s", how, u->name, u->uid, u->gid,
		    u->gecos, u->shell, (int)u->home_prefix_len, u->home_prefix, (int)u->short_len, u->name,
		    hex(&u->principal, id), gids);
	free(gids);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Members in no order: somebody new stands last in a delta, and where they belong in a file that is made anew. */
static void add_group(struct lines *l, const char *how, const struct identity *id, const struct identity_group *g)
{
	char **members = calloc(g->member_count + 1, sizeof(*members)), *text = calloc(g->member_count + 1, 300);
	size_t at = 0;

	assert_true(members && text);
	for (size_t i = 0; i < g->member_count; i++) {
		const char *name;
		size_t len;

		assert_int_equal(identity_member(id, g, i, &name, &len), 0);
		members[i] = strndup(name, len);
		assert_non_null(members[i]);
	}
	if (g->member_count > 0)
		qsort(members, g->member_count, sizeof(*members), compare_lines);
	for (size_t i = 0; i < g->member_count; i++) {
		at += (size_t)sprintf(text + at, " %s", members[i]);
		free(members[i]);
	}
	add(l, "%s %s gid=%u members=%zu/%zu%s", how, g->name, g->gid, g->member_count, g->members_len, text);
	free(members);
	free(text);
}

static void look_up(struct lines *l, const struct identity *id, const char *name, uint32_t number)
{
	struct identity_user u;
	struct identity_group g;
	int r = name ? identity_user_by_name(id, name, &u) : identity_user_by_uid(id, number, &u);

	if (r == 0)
		add_user(l, name ? "by name" : "by uid", &u);
	else
		add(l, "user %s %u: %d", name ? name : "", number, r);
	r = name ? identity_group_by_name(id, name, &g) : identity_group_by_gid(id, number, &g);
	if (r == 0)
		add_group(l, name ? "group by name" : "by gid", id, &g);
	else
		add(l, "group %s %u: %d", name ? name : "", number, r);
}

static void identity_answers(struct lines *l, const char *tenant, const struct answers_asked *asked)
{
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_role_group role;
	struct identity_user u;
	struct identity_group g;
	size_t cursor = 0;
	int r;

	assert_int_equal(identity_open(tenant, &id), 0);
	while ((r = identity_user_next(id, &cursor, &u)) == 0) {
		add_user(l, "user", &u);
		look_up(l, id, u.name, 0);
		look_up(l, id, NULL, u.uid);
	}
	assert_int_equal(r, -ENOENT);
	for (cursor = 0; (r = identity_group_next(id, &cursor, &g)) == 0;)
		add_group(l, "group", id, &g);
	assert_int_equal(r, -ENOENT);
	for (cursor = 0; (r = identity_role_group_next(id, &cursor, &role)) == 0;)
		add(l, "role group %s gid=%u of %s", role.name, role.gid, role.argument);
	assert_int_equal(r, -ENOENT);
	for (size_t i = 0; i < asked->name_count; i++)
		look_up(l, id, asked->names[i], 0);
	for (size_t i = 0; i < asked->id_count; i++)
		look_up(l, id, NULL, asked->ids[i]);
}

static int add_key(void *context, const char *line)
{
	add(context, "  key %s", line);
	return 0;
}

static void key_answers(struct lines *l, const char *tenant, const char *name)
{
	struct lines keys = {0};
	char user[64];
	int r;

	(void)snprintf(user, sizeof(user), "%.*s", (int)strcspn(name, "@"), name);
	r = keys_of_login(tenant, user, add_key, &keys);
	add(l, "keys of %s: %d, %zu", user, r, keys.count);
	for (size_t i = 0; i < keys.count; i++) {
		add(l, "keys of %s: %zu %s", user, i, keys.items[i]);
		free(keys.items[i]);
	}
	free(keys.items);
}

static int add_row(void *context, const struct holder *h)
{
	char id[UUID_TEXT_MAX];

	add(context, "holds %s kind=%d %s role=%s login=%s uid=%u local=%u %" PRId64 "-%" PRId64, hex(&h->principal, id),
	    (int)h->kind, h->argument ? h->argument : "", h->role, h->login ? h->login : "", h->uid, h->local_gid,
	    h->window.start_ns, h->window.end_ns);
	return 0;
}

static void holder_answers(struct lines *l, const char *tenant)
{
	CLEANUP(holders_closep) struct holders *h = NULL;

	assert_int_equal(holders_open(tenant, "holders", &h), 0);
	assert_int_equal(holders_each(h, add_row, l), 0);
	add(l, "of right");
	assert_int_equal(holders_of_right(h, RIGHT_BECOME, "root", NULL, add_row, l), 0);
	assert_int_equal(holders_of_right(h, RIGHT_LOGIN, NULL, NULL, add_row, l), 0);
	assert_int_equal(holders_of_role(h, "operator", NULL, add_row, l), 0);
	assert_int_equal(holders_of_role(h, "host-user-login", NULL, add_row, l), 0);
}

static void decide_all(struct lines *l, const struct policy *p, uint32_t i, const struct instant *now)
{
	static const enum question questions[] = {QUESTION_LOGIN, QUESTION_GATE_ANY, QUESTION_GATE, QUESTION_GROUP,
						  QUESTION_MANAGE};
	struct policy_principal who;

	assert_int_equal(policy_principal(p, i, &who), 0);
	for (size_t q = 0; q < ARRAY_LENGTH(questions); q++) {
		const struct decision_request request = {.question = questions[q],
							 .principal = i,
							 .target = questions[q] == QUESTION_GROUP ? "adm" : "root",
							 .manage = RIGHT_USER_LOCK,
							 .target_user = NO_INDEX,
							 .now = *now};
		struct decision d;
		enum verdict v = decide(p, NULL, &request, &d, NULL, NULL);

		add(l, "decides %s %d: %x %d %s %" PRId64, who.name, (int)questions[q], (unsigned)v, (int)d.why, d.role,
		    d.window.end_ns);
	}
}

static bool principal_answers(struct lines *l, const struct policy *p, const struct holders *h, uint32_t i)
{
	struct policy_assignment a;
	struct policy_principal who;
	uint32_t found, unit;
	char id[UUID_TEXT_MAX];
	int r;

	r = policy_principal(p, i, &who);
	if (r == -ENOENT)
		return false; /* gone */
	assert_int_equal(r, 0);
	add(l, "principal %s %s login=%s uid=%u kind=%d enabled=%d password=%d %" PRId64 "-%" PRId64 " %s", hex(&who.id, id),
	    who.name, who.login ? who.login : "", who.uid, (int)who.kind, who.enabled, who.has_password, who.start_ns,
	    who.end_ns, who.place);
	r = policy_principal_by_id(p, &who.id, &found);
	add(l, "  found %s %d %d %d", who.name, r == 0 && found == i, policy_principal_by_uid(p, who.uid, &found),
	    policy_principal_by_name(p, who.name, &found));
	for (uint32_t k = 0; (r = policy_assignment(p, i, k, &a)) == 0; k++)
		add(l, "assigned %s %u: %d %s through=%s role=%u %" PRId64 "-%" PRId64 " at %s%s%s, %u rights, %s", who.name, k,
		    (int)a.type, a.name ? a.name : "", a.through ? a.through : "", a.role, a.window.start_ns, a.window.end_ns,
		    a.scope ? a.scope : "", a.at_host ? " here" : "", a.blocked ? " blocked" : "", a.rights.count, a.place);
	assert_int_equal(r, -ENOENT);
	for (uint32_t k = 0; (r = policy_principal_unit(p, i, k, &unit)) == 0; k++)
		add(l, "unit of %s: %u", who.name, unit);
	assert_int_equal(r, -ENOENT);
	assert_int_equal(holders_of_principal(h, &who.id, NULL, add_row, l), 0);
	assert_int_equal(holders_groups_of_principal(h, &who.id, NULL, add_row, l), 0);
	return true;
}

static const char *name_of(const struct policy *p, uint32_t i)
{
	struct policy_principal who;

	return policy_principal(p, i, &who) == 0 ? who.name : "?";
}

static void policy_answers(struct lines *l, const char *tenant, const struct answers_asked *asked)
{
	CLEANUP(policy_closep) struct policy *p = NULL;
	CLEANUP(holders_closep) struct holders *h = NULL;
	uint32_t found;
	size_t count = 0;

	assert_int_equal(policy_open(tenant, &p), 0);
	assert_int_equal(holders_open(tenant, "holders", &h), 0);
	for (uint32_t i = 0; i < policy_principal_count(p); i++)
		if (principal_answers(l, p, h, i)) {
			decide_all(l, p, i, &asked->now);
			count++;
		}
	add(l, "%zu principals", count);
	for (size_t i = 0; i < asked->name_count; i++)
		add(l, "principal %s: %d", asked->names[i], policy_principal_by_name(p, asked->names[i], &found));
	for (size_t i = 0; i < asked->id_count; i++)
		add(l, "principal %u: %d", asked->ids[i], policy_principal_by_uid(p, asked->ids[i], &found));
	for (uint32_t i = 0; i < policy_role_count(p); i++)
		for (uint32_t k = 0; policy_role_approver(p, i, k, &found) == 0; k++)
			add(l, "approver of %u: %s", i, name_of(p, found));
	for (uint32_t k = 0; policy_manager(p, k, &found) == 0; k++)
		add(l, "manager %s", name_of(p, found));
}

char *answers_of(const char *tenant, const struct answers_asked *asked)
{
	struct lines l = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	identity_answers(&l, tenant, asked);
	for (size_t i = 0; i < asked->name_count; i++)
		key_answers(&l, tenant, asked->names[i]);
	policy_answers(&l, tenant, asked);
	holder_answers(&l, tenant);
	qsort(l.items, l.count, sizeof(*l.items), compare_lines);
	for (size_t i = 0; i < l.count; i++) {
		assert_true(fprintf(out, "%s\n", l.items[i]) > 0);
		free(l.items[i]);
	}
	free(l.items);
	assert_int_equal(fclose(out), 0);
	return text;
}
