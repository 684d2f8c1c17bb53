/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_ldap_change WHAT SERVICE USERS COUNT LIMIT_MS URI DN PASSWORD: from a change in the directory, asked for over
 * one connection, until this host answers by it: users and groups by the service of NSS, accounts by the account phase of
 * PAM_FOLDER/sshd. Of COUNT changes: "MEDIAN P99 MAX", the same of the server's own answer, in ms, and how many were
 * not seen within the limit.
 * WHAT: shell (of a random user), member (one more, one less in a random group), disable (a random member of "big")
 * bench_ldap_change await SERVICE NAME LIMIT_MS: until the service knows NAME.
 */
#include <grp.h>
#include <ldap.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <sys/time.h>

#include "tests/bench/bench_ldap.h"

#define POLL_NS	 50000
#define PAUSE_NS 20000000 /* nobody changes a directory without a breath */
#define GIDS_MAX 256
#define PAM_FOLDER "/run/bench-pam" /* that alone: what else it had would be loaded each time */

extern int __nss_configure_lookup(const char *database, const char *line);

static char user[BENCH_NAME_MAX], text[64];
static gid_t gid;
static uint64_t salt; /* no run asks for what the one before it did */
static bool wanted; /* of what is asked */

static void nap(long ns)
{
	const struct timespec t = {0, ns};

	(void)nanosleep(&t, NULL);
}

static void use(const char *service)
{
	if (__nss_configure_lookup("passwd", service) < 0 || __nss_configure_lookup("group", service) < 0 ||
	    __nss_configure_lookup("initgroups", service) < 0)
		exit(2);
}

/* --- what the host says --- */

static bool is_known(void)
{
	struct passwd pw, *found;
	char buf[4096];

	return getpwnam_r(user, &pw, buf, sizeof(buf), &found) == 0 && found;
}

static bool has_shell(void)
{
	struct passwd pw, *found;
	char buf[4096];

	return getpwnam_r(user, &pw, buf, sizeof(buf), &found) == 0 && found && strcmp(pw.pw_shell, text) == 0;
}

static bool is_member(void)
{
	gid_t gids[GIDS_MAX];
	int count = GIDS_MAX;

	if (getgrouplist(user, 4242, gids, &count) < 0)
		exit(2);
	for (int i = 0; i < count; i++)
		if (gids[i] == gid)
			return wanted;
	return !wanted;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret, void *data)
{
	(void)messages;
	(void)data;
	*ret = calloc((size_t)count, sizeof(**ret));
	return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

static bool is_let_in(void)
{
	static const struct pam_conv conversation = {.conv = converse};
	static pam_handle_t *kept; /* so that modules stay loaded, as in a daemon */
	pam_handle_t *pamh = NULL;
	int r;

	if (!kept && pam_start_confdir("sshd", user, &conversation, PAM_FOLDER, &kept) != PAM_SUCCESS)
		exit(2);
	if (pam_start_confdir("sshd", user, &conversation, PAM_FOLDER, &pamh) != PAM_SUCCESS)
		exit(2);
	r = pam_acct_mgmt(pamh, PAM_SILENT);
	(void)pam_end(pamh, PAM_SUCCESS);
	return (r == PAM_SUCCESS) == wanted;
}

/* How long, or 0: not within the limit. */
static uint64_t await(bool (*seen)(void), uint64_t start, uint64_t limit_ns)
{
	do {
		if (seen())
			return bench_now_ns() - start;
		nap(POLL_NS);
	} while (bench_now_ns() - start < limit_ns);
	return 0;
}

/* --- changes --- */

static LDAP *ld;
static uint64_t *own, *host;
static size_t count, missed;

static void need(int code, const char *what)
{
	if (code == LDAP_SUCCESS)
		return;
	(void)fprintf(stderr, "bench_ldap_change: %s: %s\n", what, ldap_err2string(code));
	exit(2);
}

static void connect_to(const char *uri, const char *dn, const char *password)
{
	int version = LDAP_VERSION3;
	char *secret = strdup(password);
	struct berval word = {strlen(password), secret};

	if (!secret)
		exit(2);
	need(ldap_initialize(&ld, uri), uri);
	need(ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version), "version 3");
	need(ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &word, NULL, NULL, NULL), dn);
	free(secret);
}

/* The host is asked while the server has not answered yet. measured: into the table. */
static bool change(const char *dn, int operation, const char *attribute, const char *value, bool (*seen)(void),
		   uint64_t limit_ns, bool measured)
{
	char *values[] = {strdup(value), NULL}, *name = strdup(attribute);
	LDAPMod mod = {.mod_op = operation, .mod_type = name, .mod_values = values}, *mods[] = {&mod, NULL};
	const uint64_t start = bench_now_ns();
	uint64_t answered = 0, took = 0;
	int id, code = LDAP_OTHER;

	need(ldap_modify_ext(ld, dn, mods, NULL, NULL, &id), dn);
	while (answered == 0 || (took == 0 && bench_now_ns() - start < limit_ns)) {
		struct timeval none = {0, 0};
		LDAPMessage *m = NULL;

		if (took == 0 && seen())
			took = bench_now_ns() - start;
		if (answered == 0 && ldap_result(ld, id, LDAP_MSG_ALL, &none, &m) > 0) {
			answered = bench_now_ns() - start;
			need(ldap_parse_result(ld, m, &code, NULL, NULL, NULL, NULL, 1), dn);
			need(code, dn);
		}
		if (answered == 0 || took == 0)
			nap(POLL_NS);
	}
	free(values[0]);
	free(name);
	if (measured && took > 0) {
		own[count] = answered;
		host[count++] = took;
	}
	missed += measured && took == 0;
	nap(PAUSE_NS);
	return took > 0;
}

static void change_shell(uint32_t users, uint32_t round, uint64_t limit_ns)
{
	char dn[256];

	bench_name((uint32_t)(bench_random(salt + round) % users), user);
	(void)snprintf(dn, sizeof(dn), "uid=%s," BENCH_PEOPLE, user);
	(void)snprintf(text, sizeof(text), "/bin/sh%x.%u", (unsigned)salt, round);
	(void)is_known(); /* a cache may have it now, as on a host in use */
	(void)change(dn, LDAP_MOD_REPLACE, "loginShell", text, has_shell, limit_ns, true);
}

static void change_member(uint32_t users, uint32_t round, uint64_t limit_ns)
{
	static bool skip;
	const uint32_t group = (uint32_t)(bench_random(salt + round / 2 + 1000000) % BENCH_LDAP_GROUPS);
	char dn[64], member[256];

	bench_name((uint32_t)(bench_random(salt + round / 2 + 2000000) % users), user);
	gid = BENCH_FIRST_GID + group;
	wanted = true;
	if (round % 2 == 0)
		skip = is_member(); /* one of its own five */
	if (skip)
		return;
	wanted = round % 2 == 0;
	(void)snprintf(dn, sizeof(dn), "cn=group%u," BENCH_GROUPS, group);
	(void)snprintf(member, sizeof(member), "uid=%s," BENCH_PEOPLE, user);
	(void)change(dn, wanted ? LDAP_MOD_ADD : LDAP_MOD_DELETE, "member", member, is_member, limit_ns, true);
}

static void change_enabled(uint32_t users, uint32_t round, uint64_t limit_ns)
{
	char dn[256];

	bench_name((uint32_t)(bench_random(salt + round + 3000000) % bench_big(users)), user);
	(void)snprintf(dn, sizeof(dn), "uid=%s," BENCH_PEOPLE, user);
	wanted = true;
	if (!is_let_in()) {
		(void)fprintf(stderr, "bench_ldap_change: %s is not let in\n", user);
		exit(1);
	}
	wanted = false;
	(void)change(dn, LDAP_MOD_REPLACE, "tenureEnabled", "FALSE", is_let_in, limit_ns, true);
	wanted = true;
	(void)change(dn, LDAP_MOD_REPLACE, "tenureEnabled", "TRUE", is_let_in, limit_ns, false);
}

static void print(uint64_t *times)
{
	qsort(times, count, sizeof(*times), bench_compare);
	(void)printf("%.2f %.2f %.2f ", (double)times[count / 2] / 1e6, (double)times[count * 99 / 100] / 1e6,
		     (double)times[count - 1] / 1e6);
}

static int measure(void (*round_of)(uint32_t, uint32_t, uint64_t), uint32_t users, size_t rounds, uint64_t limit_ns)
{
	own = calloc(rounds, sizeof(*own));
	host = calloc(rounds, sizeof(*host));
	if (!own || !host)
		return 2;
	for (uint32_t i = 0; count + missed < rounds; i++)
		round_of(users, i, limit_ns);
	if (count == 0) {
		(void)printf("- - - - - - ");
	} else {
		print(host);
		print(own);
	}
	(void)printf("%zu\n", missed);
	free(own);
	free(host);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "await") == 0) {
		use(argv[2]);
		(void)snprintf(user, sizeof(user), "%s", argv[3]);
		return await(is_known, bench_now_ns(), strtoul(argv[4], NULL, 10) * 1000000u) == 0;
	}
	void (*round_of)(uint32_t, uint32_t, uint64_t) = argc != 9 ? NULL
							 : strcmp(argv[1], "shell") == 0 ? change_shell
							 : strcmp(argv[1], "member") == 0 ? change_member
							 : strcmp(argv[1], "disable") == 0 ? change_enabled
											   : NULL;
	if (!round_of) {
		(void)fprintf(stderr, "usage: bench_ldap_change shell|member|disable SERVICE USERS COUNT LIMIT_MS URI DN PASSWORD\n"
				      "       bench_ldap_change await SERVICE NAME LIMIT_MS\n");
		return 2;
	}
	use(argv[2]);
	salt = bench_now_ns() >> 20;
	connect_to(argv[6], argv[7], argv[8]);
	return measure(round_of, (uint32_t)strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
		       strtoul(argv[5], NULL, 10) * 1000000u);
}
