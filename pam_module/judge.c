/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/judge.h"

#include <errno.h>
#include <string.h>

#include "common/snapshot/fresh.h"
#include "pam_module/files.h"

/* The files of a tenant for one question. */
struct files {
	struct tenant_files of;
	uint32_t principal;
	struct instant now;
};

static void files_done(struct files *f)
{
	files_tenant_back(&f->of);
}

/* Finds the principal in them. One that the policy does not have is -ENOENT. */
static int files_open(const char *tenant, const struct index_login *who, uid_t uid, struct files *ret)
{
	int r;

	*ret = (struct files){.principal = NO_INDEX};
	r = clock_system.now(&clock_system, &ret->now);
	if (r == 0)
		r = files_tenant(tenant, &ret->of);
	if (r < 0)
		return r;
	return who->governed == GOVERNED_TENANT
		       ? policy_principal_by_uid(ret->of.policy, uid, &ret->principal)
		       : policy_principal_by_id(ret->of.policy, &who->principal, &ret->principal);
}

static enum why why_of_error(int error)
{
	return error == -ENOENT ? WHY_UNKNOWN_USER : WHY_UNREADABLE;
}

/* The name for logs and messages is the one that the policy knows, never one from outside. */
static int name_subject(const struct subject *s, const struct files *f, struct judgement *ret)
{
	struct policy_principal principal;
	int r = policy_principal(f->of.policy, f->principal, &principal);

	if (r < 0)
		return r;
	if (!principal.login || strlen(principal.login) >= sizeof(ret->login))
		return -ENOENT;
	/* A second name for the uid of a tenant's user is not that user. */
	if (s->service_class != SERVICE_GATE && strcmp(principal.login, s->login) != 0)
		return -ENOENT;
	memcpy(ret->login, principal.login, strlen(principal.login) + 1);
	return 0;
}

/* What the directory said last holds for as long as the lease; asked only where it would allow (T32). */
static bool is_stale(const struct index_tenant *tenant, enum question question)
{
	const enum fresh_use use = question == QUESTION_LOGIN || question == QUESTION_BATCH ? FRESH_LOGIN : FRESH_GATE;
	struct instant now;

	return tenant->ldap &&
	       (clock_system.now(&clock_system, &now) < 0 || fresh_is_over(tenant->name, &tenant->id, use, &now));
}

/*
 * Calls fn with the files of each tenant that trusts the subject's, where he may be a guest. One that cannot be read is
 * the end: what it would have said, nobody knows. 0, -errno, or what fn said other than 0.
 */
typedef int (*trusting_fn)(void *context, const struct index_tenant *tenant, const struct tenant_files *files);
static int each_trusting(const struct subject *s, trusting_fn fn, void *context)
{
	int r = 0;

	if (!s->tenant.trusted)
		return 0;
	for (size_t i = 0; r == 0 && i < index_tenant_count(s->index); i++) {
		struct tenant_files files = {.kept = false};
		struct index_tenant tenant;
		bool trusts = false;

		if (i == s->mapped.tenant)
			continue;
		r = index_trusts(s->index, i, s->mapped.tenant, &trusts);
		if (r == 0 && trusts)
			r = index_tenant(s->index, i, &tenant);
		if (r < 0 || !trusts)
			continue;
		r = files_tenant(tenant.name, &files);
		if (r == 0)
			r = fn(context, &tenant, &files);
		files_tenant_back(&files);
	}
	return r;
}

struct guest_question {
	const struct files *home;
	const struct decision_request *request;
	struct decision *ret;
};

/* 1: allowed. A no that says what to do instead, that it was denied or that a server is silent, is told in the place of the own one. */
static int ask_trusting(void *context, const struct index_tenant *tenant, const struct tenant_files *files)
{
	const struct guest_question *q = context;
	struct decision d;

	if (decide_guest(q->home->of.policy, files->policy, files->grants, q->request, &d, NULL, NULL) ==
	    VERDICT_ALLOW) {
		if (!is_stale(tenant, q->request->question)) {
			*q->ret = d;
			return 1;
		}
		d = (struct decision){.verdict = VERDICT_DENY, .why = WHY_STALE};
	}
	if (d.why == WHY_UNREADABLE)
		return -EBADMSG;
	if (d.why == WHY_STALE || d.why == WHY_DENIED || (d.role[0] && !q->ret->role[0]))
		*q->ret = d;
	return 0;
}

/* Own files first; only if these say no for want of a right, those of whom he may be a guest of. */
static enum verdict ask(const struct subject *s, const struct files *files, const struct decision_request *request,
			struct decision *ret)
{
	struct guest_question q = {.home = files, .request = request, .ret = ret};
	int r;

	if (decide(files->of.policy, files->of.grants, request, ret, NULL, NULL) == VERDICT_ALLOW ||
	    !decide_may_be_guest(ret))
		return ret->verdict;
	r = each_trusting(s, ask_trusting, &q);
	if (r < 0)
		*ret = (struct decision){.verdict = VERDICT_DENY, .why = WHY_UNREADABLE};
	return ret->verdict;
}

static void judge_governed(const struct subject *s, enum question question, struct judgement *ret)
{
	CLEANUP(files_done) struct files files;
	int r = files_open(s->tenant.name, &s->mapped, s->uid, &files);

	if (r == 0)
		r = name_subject(s, &files, ret);
	if (r < 0) {
		ret->decision.why = why_of_error(r);
		return;
	}
	ret->verdict = ask(s, &files,
			   &(struct decision_request){
				   .question = question, .principal = files.principal, .service = s->service,
				   .target = ret->target, .target_user = NO_INDEX, .now = files.now,
			   },
			   &ret->decision);
}

enum verdict judge(const struct subject *s, enum question question, const char *target, struct judgement *ret)
{
	*ret = (struct judgement){
		.verdict = VERDICT_DENY, .target = target,
		.decision = {.verdict = VERDICT_DENY, .why = WHY_UNREADABLE},
	};
	memcpy(ret->login, s->login, sizeof(ret->login));
	if (s->standing == STANDING_CHANGED)
		ret->obstacle = OBSTACLE_CHANGED;
	else if (s->standing == STANDING_GOVERNED)
		judge_governed(s, question, ret);
	if (ret->verdict == VERDICT_ALLOW && is_stale(&s->tenant, question)) {
		ret->verdict = VERDICT_DENY;
		ret->decision = (struct decision){.verdict = VERDICT_DENY, .why = WHY_STALE};
	}
	return ret->verdict;
}

enum verdict judge_named(const struct subject *s, enum question question, const char *target, struct judgement *ret)
{
	size_t len = strlen(target);
	enum verdict verdict = judge(s, question, len < sizeof(ret->named) ? target : "", ret);

	memcpy(ret->named, target, len < sizeof(ret->named) ? len + 1 : 0);
	ret->target = ret->named;
	return verdict;
}

enum verdict judge_uid(const struct index_tenant *tenant, uid_t uid, enum question question,
		       struct uuid *ret_principal)
{
	const struct index_login who = {.governed = GOVERNED_TENANT};
	CLEANUP(files_done) struct files files;
	struct policy_principal principal;
	struct decision decision;

	if (files_open(tenant->name, &who, uid, &files) < 0 ||
	    policy_principal(files.of.policy, files.principal, &principal) < 0)
		return VERDICT_DENY;
	*ret_principal = principal.id;
	return decide(files.of.policy, files.of.grants,
		      &(struct decision_request){
			      .question = question, .principal = files.principal, .target_user = NO_INDEX,
			      .now = files.now,
		      },
		      &decision, NULL, NULL);
}

struct group_walk {
	const struct files *home;
	const struct tenant_files *files; /* whose rows they are */
	bool guest;			  /* of home's user */
	bool guest_login;		  /* home gives him no login: another tenant does */
	const char *service;
	judged_group_fn fn;
	void *context;
};

static bool ends(const struct window *w)
{
	return w->end_ns != TIME_FOREVER || w->boot_end_ns != TIME_FOREVER;
}

static enum verdict decide_group(const struct group_walk *walk, const char *group, struct decision *ret)
{
	const struct decision_request request = {
		.question = QUESTION_GROUP, .principal = walk->home->principal, .service = walk->service,
		.target = group, .target_user = NO_INDEX, .now = walk->home->now,
	};

	return walk->guest ? decide_guest(walk->home->of.policy, walk->files->policy, walk->files->grants, &request, ret,
					  NULL, NULL)
			   : decide(walk->files->policy, walk->files->grants, &request, ret, NULL, NULL);
}

/* What a principal holds for good NSS gives; to a guest it gives nothing. */
static int walk_group(void *context, const struct holder *row)
{
	const struct group_walk *walk = context;
	struct decision decision;
	const struct judged_group group = {.name = row->argument, .gid = row->local_gid, .decision = &decision};

	if (row->kind != RIGHT_GROUP || !row->argument || row->local_gid == NO_ID || row->local_gid == 0 ||
	    (!walk->guest && !ends(&row->window)))
		return 0;
	if (decide_group(walk, row->argument, &decision) != VERDICT_ALLOW || (!walk->guest && !ends(&decision.window)))
		return 0;
	return walk->fn(walk->context, &group);
}

static int walk_tenant(struct group_walk *walk, const char *tenant, uint32_t position)
{
	CLEANUP(holders_closep) struct holders *standing = NULL;
	struct policy_principal principal;
	int r = policy_principal(walk->files->policy, position, &principal);

	if (r == 0)
		r = holders_groups_of_principal(walk->files->grants, &principal.id, &walk->home->now, walk_group, walk);
	/*
	 * A table that cannot be read gives no groups; the login does not hang on them. Nor does one that his own tenant
	 * gives on what another assigns to him: it ends with the groups that it has, and he has not asked for these.
	 */
	if (r == 0 && (!walk->guest || walk->guest_login) && holders_open(tenant, "holders", &standing) == 0)
		r = holders_groups_of_principal(standing, &principal.id, &walk->home->now, walk_group, walk);
	return r;
}

static int walk_trusting(void *context, const struct index_tenant *tenant, const struct tenant_files *files)
{
	struct group_walk *walk = context;
	uint32_t guest;
	int r = decide_guest_find(walk->home->of.policy, walk->home->principal, files->policy, &guest);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	walk->files = files;
	return is_stale(tenant, QUESTION_LOGIN) ? 0 : walk_tenant(walk, tenant->name, guest);
}

static bool is_guest_login(const struct subject *s, const struct files *files)
{
	const struct decision_request request = {
		.question = QUESTION_LOGIN, .principal = files->principal, .service = s->service, .target_user = NO_INDEX,
		.now = files->now,
	};
	struct decision decision;

	return decide(files->of.policy, files->of.grants, &request, &decision, NULL, NULL) != VERDICT_ALLOW;
}

int judge_groups(const struct subject *s, judged_group_fn fn, void *context)
{
	CLEANUP(files_done) struct files files;
	struct group_walk walk = {.home = &files, .files = &files.of, .service = s->service, .fn = fn, .context = context};
	int r;

	if (s->standing != STANDING_GOVERNED)
		return -EPERM;
	r = files_open(s->tenant.name, &s->mapped, s->uid, &files);
	if (r == 0)
		r = walk_tenant(&walk, s->tenant.name, files.principal);
	walk.guest = true;
	if (r == 0 && s->tenant.trusted)
		walk.guest_login = is_guest_login(s, &files);
	/* Nor does it on what another tenant may have for a guest: where that cannot be read, it gives nothing. */
	if (r == 0)
		(void)!each_trusting(s, walk_trusting, &walk);
	return r;
}

void judgement_obstruct(struct judgement *j, enum obstacle obstacle)
{
	j->verdict = VERDICT_DENY;
	j->obstacle = obstacle;
}

const char *judgement_why(const struct judgement *j)
{
	switch (j->obstacle) {
	case OBSTACLE_CHANGED:
		return "user-changed";
	case OBSTACLE_BROKER:
		return "broker-refused";
	case OBSTACLE_CGROUP:
		return "no-cgroup";
	case OBSTACLE_JOURNAL:
		return "no-journal";
	case OBSTACLE_MEMORY:
		return "no-memory";
	case OBSTACLE_ARGS:
		return "could-not-read";
	case OBSTACLE_GROUP:
		return "no-group-right";
	case OBSTACLE_NONE:
		break;
	}
	return why_text(j->decision.why);
}

bool judgement_is_failure(const struct judgement *j)
{
	switch (j->obstacle) {
	case OBSTACLE_CHANGED:
	case OBSTACLE_BROKER:
	case OBSTACLE_GROUP:
		return false;
	case OBSTACLE_CGROUP:
	case OBSTACLE_JOURNAL:
	case OBSTACLE_MEMORY:
	case OBSTACLE_ARGS:
		return true;
	case OBSTACLE_NONE:
		break;
	}
	return j->decision.why == WHY_UNREADABLE || j->decision.why == WHY_STALE;
}
