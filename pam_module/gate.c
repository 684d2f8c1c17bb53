/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/gate.h"

enum verdict gate_judge(pam_handle_t *pamh, const struct subject *s, enum gate_phase phase, struct judgement *ret)
{
	const void *target = NULL;

	if (phase == PHASE_BEFORE_SESSION && !subject_target_is_known(s))
		return judge(s, QUESTION_GATE_ANY, NULL, ret);
	if (pam_get_item(pamh, PAM_USER, &target) != PAM_SUCCESS || !target)
		target = "";
	return judge(s, QUESTION_GATE, target, ret);
}
