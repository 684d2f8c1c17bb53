/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_STEPUP_H
#define TENURE_TENURED_STEPUP_H

/*
 * Step-up: a tenure-auth process for each transaction, which asks and judges; the broker only carries its prompts to
 * the one connection that wants something, and the answers back. MUST: a success serves the call that asked for it,
 * once, and nothing else; it is killed when its client goes, after AUTH_SECONDS, and dies with the broker; an answer is
 * wiped as soon as it is handed on, and never logged (T34).
 */

#include "common/base/id.h"
#include "common/wire/auth_proto.h"
#include "common/wire/sync_proto.h"
#include "daemon/tenured/loop.h"

struct stepups; /* all that run */
struct stepup;	/* one */

/*
 * Whoever has none yet gets a place while there is one; whoever has one, while half are free; with two, a quarter. So it
 * takes a hundred uids to keep another one out.
 */
#define STEPUPS_MAX	    128u
#define STEPUPS_PER_UID_MAX 4u

/* After so many that failed, each of AUTH_TRIES answers, a uid waits until the first of them is so long ago. */
#define STEPUP_FAILURES_MAX    5
#define STEPUP_FAILURE_SECONDS 600

struct stepup_input {
	enum auth_mode mode;
	bool directory; /* AUTH_DIRECTORY */
	const char *tenant, *login;
	struct uuid principal;
	uid_t uid; /* who asks: for the limit */
	void *context;
	/* text is clean (text_check). */
	void (*prompt)(void *context, const char *text, bool echo);
	void (*message)(void *context, const char *text);
	/* With directory: is it? Answered by stepup_verdict, now or later. */
	void (*verify)(void *context, const char *password);
	/* Called exactly once, unless stepup_free comes first; the step-up is gone then. */
	void (*done)(void *context, enum auth_result result, const char *method);
};

int stepups_new(struct loop *loop, struct stepups **ret) MUST_CHECK;
/* Kills all that run; nobody is called any more. */
void stepups_free(struct stepups *all);
size_t stepups_count(const struct stepups *all);

/* Strings are copied into the first record. 0; -EBUSY: a limit; -EUSERS: too many failed lately; -errno. */
int stepup_start(struct stepups *all, const struct stepup_input *in, struct stepup **ret) MUST_CHECK;
/* 0; -EALREADY: nothing was asked; -EMSGSIZE; -EPIPE. */
int stepup_answer(struct stepup *s, const char *text) MUST_CHECK;
/* What the directory says; nobody who asked is no matter. */
void stepup_verdict(struct stepup *s, enum sync_verdict verdict);
/* Kills it. NULL is fine. */
void stepup_free(struct stepup *s);

#endif
