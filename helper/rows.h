/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_ROWS_H
#define TENURE_HELPER_ROWS_H

/*
 * The broker's objects (io.tenure.varlink) as people see them. MUST: every string that will be shown passes cli_escape
 * here and nowhere else, so that no verb can forget it (T13); a field that is missing, null or of another type is "",
 * 0 or false, never an error: what the broker says decides nothing here.
 */

#include <jansson.h>

#include "helper/cli.h"

/* As it is, not fit to show; NULL where there is no string. Lives as long as the object. */
const char *field_raw(const json_t *object, const char *key);
/* Fit to show; never NULL. */
const char *field_text(struct cli *cli, const json_t *object, const char *key);
int64_t field_number(const json_t *object, const char *key, int64_t otherwise);
bool field_bool(const json_t *object, const char *key);
/* REALTIME; 0 where there is none. */
int64_t field_time(const json_t *object, const char *key);
/* The strings of an array, with a separator between them. */
const char *field_list(struct cli *cli, const json_t *object, const char *key, const char *separator);
/* An array, or NULL. */
const json_t *field_array(const json_t *object, const char *key);

struct role_row {
	const char *role, *state, *scope, *unit, *through, *id, *place;
	const char *rights; /* "login, become root, group adm" */
	const char *use;    /* how they are used: "sudo -i"; "": there is nobody to become */
	int64_t until_ns;   /* 0: never */
	int64_t left_s;	    /* -1: not said */
	int64_t max_duration_ns;
	int64_t approvals;
	bool justification, ticket, step_up, usable;
};
void role_row_read(struct cli *cli, const json_t *object, struct role_row *ret);
/* "/prod/hr/web" or "unit emea" */
const char *role_row_reach(struct cli *cli, const struct role_row *row);
/* "up to 2h; reason, step-up, 1 approval" */
const char *role_row_terms(struct cli *cli, const struct role_row *row);
bool role_row_is(const struct role_row *row, const char *state);

struct request_row {
	const char *id, *state, *user, *login, *role, *scope, *rights, *reason, *ticket, *extends;
	const char *use;       /* as in struct role_row */
	const char *approvers; /* "carol, dave" */
	const char *decided_by, *decided_reason;
	const char *last_by, *last_reason; /* the newest approval */
	int64_t duration_ns, asked_ns, times_out_ns, start_ns, until_ns;
	int64_t held_until_ns; /* of an extension that waits: the end of what is held; 0: nothing is */
	int64_t left_s; /* -1: not said */
	int64_t approvals_needed, approvals_given;
	int64_t before_count, before_last_ns;
	bool mine, may_decide;
};
void request_row_read(struct cli *cli, const json_t *object, struct request_row *ret);
bool request_row_is(const struct request_row *row, const char *state);
/* How people name who asked: the login where there is one. */
const char *request_row_who(const struct request_row *row);

struct session_row {
	const char *role, *request, *service, *target;
	const char *id;	  /* the short form */
	const char *tty;  /* "pts/3" */
	const char *user; /* the login where there is one */
	int64_t since_ns, until_ns, left_s, processes, pid;
};
void session_row_read(struct cli *cli, const json_t *object, struct session_row *ret);

struct event_row {
	const char *event, *id, *user, *role, *scope, *by, *text;
	const char *what; /* of events without a text: the file, login or version that they are about */
	int64_t time_ns, seq;
};
void event_row_read(struct cli *cli, const json_t *object, struct event_row *ret);

struct trace_row {
	const char *subject, *text, *place, *result;
	int64_t step;
	bool met;
};
void trace_row_read(struct cli *cli, const json_t *object, struct trace_row *ret);

#endif
