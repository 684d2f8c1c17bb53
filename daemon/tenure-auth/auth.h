/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURE_AUTH_AUTH_H
#define TENURE_TENURE_AUTH_AUTH_H

/*
 * One transaction of tenure-auth: who must prove who they are, and by which means. MUST: no is the initial result; an
 * answer is wiped as soon as it is used; nothing is written but records to the broker.
 */

#include "common/base/id.h"
#include "common/base/text.h"
#include "common/wire/auth_proto.h"
#include "common/wire/sync_proto.h"

struct transaction {
	int fd; /* to the broker */
	enum auth_mode mode;
	bool directory; /* the password is its directory's to judge */
	char tenant[NAME_LENGTH_MAX + 1];
	char login[AUTH_FIELD_MAX + 1];
	struct uuid principal;
	const char *method; /* for the result */
	unsigned fail_delay_s;
};

/* Shows a prompt and waits for the answer: *ret is wiped by the caller. 0, -EPIPE (the client is gone), -errno. */
int transaction_ask(const struct transaction *t, const char *text, bool echo, struct auth_record *ret) MUST_CHECK;
/* Asks the directory. Whatever is not an answer is SYNC_VERDICT_UNAVAILABLE. */
enum sync_verdict transaction_verify(const struct transaction *t, const char *password, struct auth_record *ret) MUST_CHECK;
/* Shows a line. 0 or -errno. */
int transaction_say(const struct transaction *t, const char *text, bool error) MUST_CHECK;

/* The hash in `secrets`, or the directory; three tries. */
enum auth_result password_prove(struct transaction *t);
/* PAM service `tenure`, three tries. */
enum auth_result pam_prove(struct transaction *t);

#endif
