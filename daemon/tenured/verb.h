/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_VERB_H
#define TENURE_TENURED_VERB_H

/* The handlers, one a file (verb_NAME.c), and what several of them need. */

#include "daemon/tenured/reply.h"

void verb_approve(struct call *c);
void verb_authenticate(struct call *c);
void verb_answer(struct call *c);
void verb_cancel(struct call *c);
void verb_change_password(struct call *c);
void verb_deny(struct call *c);
void verb_drain(struct call *c);
void verb_end(struct call *c);
void verb_explain(struct call *c);
void verb_extend(struct call *c);
void verb_history(struct call *c);
void verb_journal_reset(struct call *c);
void verb_keep_password(struct call *c);
void verb_pending(struct call *c);
void verb_ping(struct call *c);
void verb_reload(struct call *c);
void verb_request(struct call *c);
void verb_revoke(struct call *c);
void verb_roles(struct call *c);
void verb_service_info(struct call *c);
void verb_service_description(struct call *c);
void verb_session_close(struct call *c);
void verb_session_open(struct call *c);
void verb_sessions(struct call *c);
void verb_show(struct call *c);
void verb_status(struct call *c);
void verb_verify_password(struct call *c);

/* What an error of the engine was about; what does not apply is NULL. */
struct error_subject {
	const char *role, *id, *field;
	const struct request *request;
	const char *denied; /* the message for -EACCES where it is not "not eligible" */
};

/* Answers with the error of the wire that stands for r. One translator; what it does not know is Unavailable. */
void verb_engine_error(struct call *c, int r, const struct error_subject *about);

/*
 * The request that parameter `id` names, among those that the caller may see. NULL: the call is answered. The parameter
 * is required by the table.
 */
const struct request *verb_find_request(struct call *c, const char *id) MUST_CHECK;

/* The caller, or whom `user` names if the caller may. False: the call is answered. */
bool verb_subject(struct call *c, struct actor *ret) MUST_CHECK;

/* Answers {"request": row}. */
void verb_reply_request(struct call *c, const struct request *r);

/* verb_request.c: what is done for Request and for Extend, which differ by *extends (the null UUID: none). */
void request_file(struct call *c, const char *role, const char *scope, const struct uuid *extends);

#endif
