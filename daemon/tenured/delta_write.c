/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deltas on the disk, those that say something else than before. What takes away comes first: policy, keys, the standing
 * table, and last what is only shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "common/decide/decide.h"
#include "daemon/tenured/delta.h"

_Static_assert(DELTA_DIGEST_LEN == SHA256_DIGEST_SIZE, "what is written is known by its hash");

struct writing {
	struct delta *d;
	const struct delta_base *base;
	const struct delta_set *s;
	const struct delta_where *where;
	uint64_t generation;
};

static void hash(struct sha256_ctx *h, const void *data, size_t len)
{
	const uint64_t n = len;

	sha256_update(h, sizeof(n), (const uint8_t *)&n);
	if (len > 0)
		sha256_update(h, len, data);
}

/* Is it other than what is written? count: of what is in it; with nothing it is never written first. */
static bool is_news(const struct writing *w, enum delta_kind kind, struct sha256_ctx *h, size_t count,
		    uint8_t ret[static DELTA_DIGEST_LEN])
{
	static const uint8_t none[DELTA_DIGEST_LEN];

	sha256_digest(h, DELTA_DIGEST_LEN, ret);
	if (count == 0 && memcmp(w->d->written[kind], none, sizeof(none)) == 0)
		return false;
	return memcmp(w->d->written[kind], ret, DELTA_DIGEST_LEN) != 0;
}

static int path_of(const struct writing *w, const char *file, uint64_t id, char path[static SNAPSHOT_PATH_MAX])
{
	return snapshot_delta_path(w->where->tenant->name, file, id, path, SNAPSHOT_PATH_MAX);
}

/* --- identity --- */

/* Into arrays that have the room; what they say, into the hash. */
static void add_users(const struct delta_set *s, struct identity_user *users, struct identity_delta *delta, struct sha256_ctx *h)
{
	for (size_t i = 0; i < s->user_count; i++) {
		const struct identity_user *u = &s->users[i].record;
		const uint32_t numbers[] = {s->users[i].offset, u->uid, u->gid, s->users[i].gone};

		if (!s->users[i].other_identity)
			continue;
		if (!s->users[i].added)
			delta->replaced[delta->replaced_count++] = s->users[i].offset;
		hash(h, numbers, sizeof(numbers));
		if (s->users[i].gone)
			continue;
		users[delta->user_count++] = *u;
		hash(h, &u->principal, sizeof(u->principal));
		hash(h, u->strings, u->strings_len);
		hash(h, u->gids, u->gid_count * sizeof(*u->gids));
	}
}

static void add_groups(const struct delta_set *s, struct identity_group *groups, struct identity_delta *delta,
		       struct sha256_ctx *h)
{
	for (size_t i = 0; i < s->group_count; i++) {
		const struct delta_group *g = &s->groups[i];
		const uint32_t numbers[] = {g->offset, g->gid, g->gone, g->added};

		if (g->same)
			continue;
		hash(h, numbers, sizeof(numbers));
		if (!g->added)
			delta->replaced[delta->replaced_count++] = g->offset;
		if (g->gone)
			continue;
		groups[delta->group_count++] = (struct identity_group){.name = g->login,
								       .gid = g->gid,
								       .members = g->names,
								       .member_lengths = g->lengths,
								       .member_count = g->now_count,
								       .members_len = g->names_len};
		hash(h, g->login, strlen(g->login));
		hash(h, g->names, g->names_len);
	}
}

static int write_identity(struct writing *w)
{
	const struct delta_set *s = w->s;
	struct identity_user *users = calloc(s->user_count + 1, sizeof(*users));
	struct identity_group *groups = calloc(s->group_count + 1, sizeof(*groups));
	uint32_t *replaced = calloc(s->user_count + s->group_count + 1, sizeof(*replaced));
	struct identity_delta delta = {.sequence = w->d->sequence, .users = users, .groups = groups, .replaced = replaced};
	uint8_t digest[DELTA_DIGEST_LEN];
	char path[SNAPSHOT_PATH_MAX];
	struct sha256_ctx h;
	int r = users && groups && replaced ? 0 : -ENOMEM;

	sha256_init(&h);
	if (r == 0) {
		add_users(s, users, &delta, &h);
		add_groups(s, groups, &delta, &h);
	}
	if (r == 0 && is_news(w, DELTA_IDENTITY, &h, delta.user_count + delta.group_count + delta.replaced_count, digest)) {
		r = path_of(w, "identity", identity_base_id(w->base->identity), path);
		if (r == 0)
			r = identity_delta_write(path, w->generation, w->base->identity, &delta);
		if (r == 0)
			memcpy(w->d->written[DELTA_IDENTITY], digest, sizeof(digest));
	}
	free(users);
	free(groups);
	free(replaced);
	return r;
}

/* --- keys --- */

static bool has_name(const struct delta_set *s, const char *name)
{
	for (size_t i = 0; i < s->user_count; i++)
		if (s->users[i].now && s->users[i].login && strcmp(s->users[i].now->o.name, name) == 0)
			return true;
	return false;
}

/* In the place of the keys of a name that nobody has any more: none, and nobody's. */
static struct user nobody_named(char *name)
{
	return (struct user){.o = {.name = name}, .enabled = false};
}

static int write_keys(struct writing *w)
{
	const struct user **users = calloc(2 * w->s->user_count + 1, sizeof(struct user *));
	struct user *left = calloc(w->s->user_count + 1, sizeof(*left));
	uint8_t digest[DELTA_DIGEST_LEN];
	char path[SNAPSHOT_PATH_MAX];
	struct sha256_ctx h;
	size_t count = 0;
	int r = users && left ? 0 : -ENOMEM;

	sha256_init(&h);
	for (size_t i = 0; r == 0 && i < w->s->user_count; i++) {
		const struct delta_user *u = &w->s->users[i];

		if (u->left_keys && !has_name(w->s, u->left)) {
			left[i] = nobody_named(u->left);
			users[count++] = &left[i];
		}
		if (u->other_keys)
			users[count++] = u->now;
	}
	for (size_t i = 0; i < count; i++) {
		hash(&h, users[i]->o.name, strlen(users[i]->o.name));
		hash(&h, &users[i]->enabled, sizeof(users[i]->enabled));
		for (size_t k = 0; k < users[i]->ssh_key_count; k++)
			hash(&h, users[i]->ssh_keys[k], strlen(users[i]->ssh_keys[k]));
	}
	if (r == 0 && is_news(w, DELTA_KEYS, &h, count, digest)) {
		r = path_of(w, "keys", snapshot_base_id(&w->base->keys), path);
		if (r == 0)
			r = keys_delta_write(path, w->generation, w->d->sequence, &w->base->keys, users, count);
		if (r == 0)
			memcpy(w->d->written[DELTA_KEYS], digest, sizeof(digest));
	}
	free(users);
	free(left);
	return r;
}

/* --- policy, and the standing table that follows from it --- */

static int write_holders(struct writing *w, const struct policy_change *changes, size_t count)
{
	CLEANUP(policy_closep) struct policy *policy = NULL;
	CLEANUP(rows_done) struct rows rows = {0};
	struct uuid *principals = calloc(count + 1, sizeof(*principals));
	char path[SNAPSHOT_PATH_MAX];
	int r = principals ? path_of(w, "policy", policy_base_id(w->base->policy), path) : -ENOMEM;

	if (r == 0)
		r = policy_open_delta(w->base->policy, path, &policy);
	for (size_t i = 0; r == 0 && i < count; i++) {
		principals[i] = changes[i].id;
		r = decide_standing_rows_of(policy, changes[i].principal, rows_add, &rows);
	}
	if (r == 0)
		r = path_of(w, "holders", w->base->holders_id, path);
	if (r == 0) {
		rows_resolve_groups(&rows, w->where->accounts);
		r = holders_delta_write(path, w->generation, &w->where->tenant->id, w->base->holders_id, w->d->sequence, principals,
					count, rows.items, rows.count);
	}
	free(principals);
	return r;
}

static void hash_change(struct sha256_ctx *h, const struct policy_change *c)
{
	const int64_t numbers[] = {c->principal, c->added,   c->gone,	  c->uid,
				   c->service,	 c->enabled, c->start_ns, c->end_ns};

	hash(h, numbers, sizeof(numbers));
	hash(h, &c->id, sizeof(c->id));
	hash(h, c->name ? c->name : "", c->name ? strlen(c->name) : 0);
	hash(h, c->name ? c->place : "", c->name ? strlen(c->place) : 0);
	hash(h, c->held, c->held_count * sizeof(*c->held));
}

/* Who is new comes first. */
static size_t list_changes(const struct writing *w, struct policy_change *changes, struct sha256_ctx *h)
{
	const size_t of_base = policy_principal_count(w->base->policy);
	size_t count = 0;

	for (int added = 1; added >= 0; added--)
		for (size_t i = 0; i < w->s->user_count; i++) {
			const struct delta_user *u = &w->s->users[i];

			if (!u->other_policy || u->policy.added != (added == 1))
				continue;
			changes[count] = u->policy;
			if (added)
				changes[count].principal = (uint32_t)(of_base + count);
			hash_change(h, &changes[count++]);
		}
	return count;
}

static void hash_assigned(struct sha256_ctx *h, const struct policy_assigned *assigned)
{
	const struct assignment *a = assigned->assignment;
	const int64_t numbers[] = {assigned->replaces, assigned->role, a->type, a->start_ns, a->end_ns};
	const char *const texts[] = {a->o.name, a->o.place, a->group, a->scope};

	hash(h, numbers, sizeof(numbers));
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		hash(h, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0);
}

/* Those that mean something here; in the order of the set, which is theirs. */
static size_t list_assigned(const struct writing *w, struct policy_assigned *assigned, struct sha256_ctx *h)
{
	size_t count = 0;

	for (size_t i = 0; i < w->s->assigned_count; i++) {
		const struct delta_assigned *a = &w->s->assigned[i];

		if (a->gone || !a->counts)
			continue;
		assigned[count] = (struct policy_assigned){a->base ? a->base->position : NO_INDEX, &a->parsed, a->role};
		hash_assigned(h, &assigned[count++]);
	}
	return count;
}

static int write_policy(struct writing *w, bool *ret_news)
{
	struct policy_assigned *assigned = calloc(w->s->assigned_count + 1, sizeof(*assigned));
	struct policy_change *changes = calloc(w->s->user_count + 1, sizeof(*changes));
	uint8_t digest[DELTA_DIGEST_LEN];
	char path[SNAPSHOT_PATH_MAX];
	struct sha256_ctx h;
	struct policy_delta delta;
	int r = changes && assigned ? 0 : -ENOMEM;

	sha256_init(&h);
	if (r == 0)
		delta = (struct policy_delta){.changes = changes,
					      .change_count = list_changes(w, changes, &h),
					      .assigned = assigned,
					      .assigned_count = list_assigned(w, assigned, &h)};
	*ret_news = r == 0 && is_news(w, DELTA_POLICY, &h, delta.change_count + delta.assigned_count, digest);
	if (*ret_news) {
		memset(w->d->written[DELTA_POLICY], 0xff, DELTA_DIGEST_LEN); /* until both are */
		r = path_of(w, "policy", policy_base_id(w->base->policy), path);
		if (r == 0)
			r = policy_delta_write(path, w->generation, w->d->sequence, w->base->policy, &delta);
		if (r == 0)
			r = write_holders(w, changes, delta.change_count);
		if (r == 0)
			memcpy(w->d->written[DELTA_POLICY], digest, sizeof(digest));
	}
	free(changes);
	free(assigned);
	return r;
}

int delta_write(struct delta *d, const struct delta_base *base, const struct delta_set *s, const struct delta_where *where,
		uint64_t generation, bool *ret_policy)
{
	struct writing w = {d, base, s, where, generation};
	int r;

	d->sequence++;
	r = write_policy(&w, ret_policy);
	if (r == 0)
		r = write_keys(&w);
	return r < 0 ? r : write_identity(&w);
}
