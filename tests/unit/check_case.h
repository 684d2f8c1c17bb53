/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_CHECK_CASE_H
#define TENURE_TESTS_UNIT_CHECK_CASE_H

/* A host in order, changed in one place: tenure check must say exactly one thing, or nothing. */

#include "helper/check/check.h"

/* Parts of files, for cases that change the rest. */
#define TENURE_CONF_HEAD "tenants = [ \"contoso\" ]; gate = { mode = \"enforce\"; };\nceiling = { allow_become = [ \"root\" ]; };\n"
#define MAP_BOB		 "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; } );\n"
#define HIDING \
	"id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"contoso.com\" ];\nsource = \"file\";\n" \
	"id_range = [ 1900000000, 1900099999 ];\nrole_gids = [ 1900090000, 1900090999 ];\nvisibility = \"tenant\";\n"
#define HOSTS "hosts = ( { name = \"db1\"; scope = \"/\"; id = \"47dcdcd0-cfb4-42b4-b7f0-711136d8bbc3\"; } );\n"
#define DIRECTORY_TAIL                                                                                                  \
	HOSTS                                                                                                           \
	"groups = ( { name = \"dba\"; gid = 1900010001; members = [ \"bob\" ]; } );\n"                                   \
	"roles = ( { name = \"db-operator\"; actions = [ \"login\", \"become:root\" ]; } );\n"                           \
	"assignments = ( { type = \"eligible\"; role = \"db-operator\"; group = \"dba\"; scope = \"/\"; } );\n"
#define HASH "$y$j9T$u3BBvpHCkLQqKmjPmFcxf.$RLd5DAMUwxSPo3Er9nejHvjMh6pzrqU67DReuB5gd04"
#define PASSWD_HEAD                                                                                                     \
	"root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000:Bob:/home/bob:/bin/bash\n"                                     \
	"dora:x:1001:1001:Dora:/home/dora:/bin/bash\nerin:x:1002:1002:Erin:/home/erin:/bin/bash\n"
#define SHADOW_ERIN                                                                                                     \
	{                                                                                                               \
		"/etc/shadow", "root:" HASH ":::::::\nbob:" HASH ":::::::\ndora:" HASH ":::::::\nerin:" HASH ":::::::\n", 0600 \
	}
/* Another account that can log in and is not mapped. */
#define WITH_ERIN                                                                                                       \
	{                                                                                                               \
		{"/etc/passwd", PASSWD_HEAD, 0644}, SHADOW_ERIN                                                         \
	}

struct check_change {
	const char *path, *text; /* as check_root_put has them; path NULL: none */
	mode_t mode;
};

struct check_case {
	const char *check, *id; /* which check must say it, and its problem; id NULL: there is nothing to say */
	const char *path, *text;
	mode_t mode;
	const char *daemon; /* of the broker: "down", "degraded", "journal", "says ID PLACE" */
	const char *why;
	struct check_change also[3]; /* what else is so */
	const char *says; /* stands in its place or message */
};

/* Fails with what was said instead. */
void check_case_run(const struct check_case *b);

/* A host as the case has it, looked at. The caller ends it with check_case_done. */
void check_case_look(const struct check_case *b, struct check_context *c, bool ok[static CHECKS_MAX]);
void check_case_done(struct check_context *c);
/* Looks again at what the test changed meanwhile. */
void check_case_look_again(struct check_context *c, bool ok[static CHECKS_MAX]);

/* The first problem of that id; NULL. */
const struct problem *check_case_find(const struct check_context *c, const char *id);
/* Did that check find nothing? */
bool check_case_is_ok(const bool *ok, const char *check);
void check_case_show(const struct check_context *c);

#endif
