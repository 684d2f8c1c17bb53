/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/gate.h"

#include <stdio.h>

#include "pam_module/names.h"
#include "pam_module/sudo_args.h"

/* become:root is all there is to become; a lesser target takes a group along only if it has it, or a role gives it. */
static enum verdict judge_group(pam_handle_t *pamh, const struct subject *s, const char *target, const char *asked,
				struct judgement *ret)
{
	struct named_account account;
	char group[NAMES_MAX];
	struct judgement j;
	gid_t gid;

	if (!asked[0] || (names_account(pamh, target, &account) == 0 && account.uid == 0))
		return ret->verdict;
	if (names_account(pamh, target, &account) == 0 && names_group(pamh, asked, group, &gid) == 0) {
		if (gid == account.gid || judge(s, QUESTION_GROUP, group, &j) == VERDICT_ALLOW)
			return ret->verdict;
	}
	(void)snprintf(ret->named, sizeof(ret->named), "%s", asked);
	ret->target = ret->named;
	judgement_obstruct(ret, OBSTACLE_GROUP);
	return ret->verdict;
}

/* Whose file sudoedit opens. sudoers may have another default than root; then this is too strict, and -u says it. */
static int edit_target(pam_handle_t *pamh, const struct subject *s, const struct sudo_args *args,
		       struct named_account *ret)
{
	char own[16];

	if (args->odd)
		return names_account(pamh, "#0", ret);
	if (args->user[0])
		return names_account(pamh, args->user, ret);
	if (!args->group[0])
		return names_account(pamh, "#0", ret);
	(void)snprintf(own, sizeof(own), "#%u", (unsigned)s->uid);
	return names_account(pamh, own, ret);
}

/* Before the session sudo's target is asked for where the session would be too late (sudo_args.h). */
static enum verdict judge_sudo_early(pam_handle_t *pamh, const struct subject *s, struct judgement *ret)
{
	struct named_account target;
	struct sudo_args args;
	int r = sudo_args_read(&args);

	if (r == 0 && !args.edit && !args.odd)
		return judge(s, QUESTION_GATE_ANY, NULL, ret);
	if (edit_target(pamh, s, &args, &target) < 0)
		(void)snprintf(target.name, sizeof(target.name), "%s", args.user);
	if (judge_named(s, QUESTION_GATE, target.name, ret) != VERDICT_ALLOW)
		return ret->verdict;
	if (r < 0)
		judgement_obstruct(ret, OBSTACLE_ARGS);
	else
		(void)judge_group(pamh, s, target.name, args.group, ret);
	return ret->verdict;
}

static enum verdict judge_sudo_group(pam_handle_t *pamh, const struct subject *s, const char *target,
				     struct judgement *ret)
{
	struct sudo_args args;

	if (sudo_args_read(&args) < 0) {
		judgement_obstruct(ret, OBSTACLE_ARGS);
		return ret->verdict;
	}
	return judge_group(pamh, s, target, args.group, ret);
}

enum verdict gate_judge(pam_handle_t *pamh, const struct subject *s, enum gate_phase phase, struct judgement *ret)
{
	const void *target = NULL;

	if (phase == PHASE_BEFORE_SESSION && subject_is_sudo(s))
		return judge_sudo_early(pamh, s, ret);
	if (phase == PHASE_BEFORE_SESSION && !subject_target_is_known(s))
		return judge(s, QUESTION_GATE_ANY, NULL, ret);
	if (pam_get_item(pamh, PAM_USER, &target) != PAM_SUCCESS || !target)
		target = "";
	if (judge(s, QUESTION_GATE, target, ret) == VERDICT_ALLOW && phase == PHASE_SESSION && subject_is_sudo(s))
		return judge_sudo_group(pamh, s, target, ret);
	return ret->verdict;
}
