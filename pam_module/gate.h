/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_GATE_H
#define TENURE_PAM_GATE_H

/* What a gate asks, and when it can. */

#include "pam_module/judge.h"

enum gate_phase {
	PHASE_BEFORE_SESSION, /* auth and account: sudo's PAM_USER is still its caller (or whose password it wants) */
	PHASE_SESSION,	      /* PAM_USER is who is become */
};

/*
 * su knows its target from the start; sudo is asked for some become:* first and for the target in the session phase.
 * sudoedit reads its target's files between the two: there the target is asked for in both, as sudo's own arguments say
 * it; and so is the group of -g (T5). ret is always filled; returns ret->verdict.
 */
enum verdict gate_judge(pam_handle_t *pamh, const struct subject *s, enum gate_phase phase,
			struct judgement *ret) MUST_CHECK;

#endif
