/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_PAM_WORLD_H
#define TENURE_TESTS_PAM_WORLD_H

/*
 * A host for the tests of the module: a root of its own, snapshots that the real writers wrote from real configuration,
 * PAM stacks in a folder of its own (pam_start_confdir), a person who answers prompts.
 *
 *   alice   1900000001  password, logs in, eligible for db-operator (become:root, group:adm)
 *   carol   1900000003  password, logs in
 *   dan     1900000004  password, disabled
 *   erin    1900000005  password, standing become:root and login
 *   mallory 1900000006  password, no right at all
 *   future  1900000007  logs in from 2099 on
 *   gina    1900000008  password, eligible for visitor (login, group:adm), pg-operator (become:postgres), pg-reader (and adm)
 *   nopass  1900000009  logs in, has no password          locked 1900000010  a hash that fits nothing
 *   hank    1900000011  logs in, and holds group:adm for another hour by a dated assignment (erin holds it for good)
 *   bob     1501        local, mapped, eligible for db-operator (gates alone)
 *   lou     1503        local, mapped with login = "tenant", no right to log in
 *   moved   1505        local, mapped when it had another uid
 *   rescue  1502        local, mapped, break glass        luser 1500  local, not mapped
 */

#include <security/pam_appl.h>

#include "common/decide/decide.h"
#include "tests/pam/fakes.h"

#define WORLD_PASSWORD "secret"
#define UID_ALICE	1900000001
#define UID_CAROL	1900000003
#define UID_DAN		1900000004
#define UID_ERIN	1900000005
#define UID_MALLORY	1900000006
#define UID_GINA	1900000008
#define UID_HANK	1900000011
#define UID_LUSER	1500
#define UID_BOB		1501
#define UID_RESCUE	1502
#define UID_LOU		1503
#define UID_MOVED	1505

extern struct fakes *fake; /* of the loaded module */
extern char world_root[];

/* Asserts on every failure. mode: "enforce" or "report-only". */
void world_setup(const char *mode);
void world_teardown(void);
const char *world_path(const char *path);
const char *world_tenant_path(const char *file);

/* Gives a principal a live grant of a role for so many seconds (negative: it is over). Replaces the grants there are. */
void world_grant(const char *user, const char *role, int seconds);
void world_no_grants(void);

/* What /proc/self/cmdline says: words in one text, each with its NUL. */
void world_command(const char *words, size_t len);
#define WORLD_COMMAND(words) world_command(words, sizeof(words))

/* Takes away what sessions without a broker have left: records and cgroups. */
void world_forget_sessions(void);

/* Overwrites a file with bytes that are no snapshot. */
void world_break(const char *path);
/* An index that is whole, but gives no service a class. */
void world_index_without_classes(void);
/* The tenant's directory is in LDAP; it answered that long ago by either clock, and holds for login and gate so long. */
void world_in_ldap(int64_t age_ns, int64_t login_ns, int64_t gate_ns);

/* The tenant hides, and its folder has that mode. */
void world_hides(mode_t door);
void world_shows(void);

/* What a person does at a prompt, and what they were shown. */
struct person {
	const char *answer;	 /* to every prompt; NULL: answers nothing */
	int conversation_result; /* PAM_SUCCESS, PAM_CONV_AGAIN, ... for prompts */
	int prompts, errors, infos;
	unsigned delay_us; /* that libpam made them wait after the last no */
	char last_prompt[256], last_error[512], last_info[512];
};
extern struct person person;

/* A transaction of a service. The stack is chosen by world_stack. */
pam_handle_t *world_start(const char *service, const char *user);
void world_end(pam_handle_t *pamh);

/*
 * Writes a service's stack: each line is "auth required @" with @ for our module and % for pam_swap.so; NULL ends.
 */
void world_stack(const char *service, ...);

/* A stack of our module in which PAM_IGNORE comes back as what neither a yes nor a denial of ours is. */
void world_telling_stack(const char *service);
#define WORLD_IGNORED PAM_SERVICE_ERR

/* One phase in a transaction of its own. */
int world_authenticate(const char *service, const char *user, const char *answer);
int world_account(const char *service, const char *user);
int world_session(const char *service, const char *user);

bool logged(const char *text);

#endif
