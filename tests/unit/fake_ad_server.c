/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-ad-server SOCKET FOLDER: what Active Directory would give a host (tests/ldap/parts.sh): users u1 to uN and a group
 * "big" of them, whose members come 1500 at once (MS-ADTS 3.1.1.3.1.3.3). FOLDER/members: N; FOLDER/lie: "repeat",
 * "forever", "mute", "fail", how the rest of them is given; what is asked for goes to FOLDER/asked. Both may change at
 * any time. As there, no sync control is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/fake_ldap.h"

#define PART   1500
#define SUFFIX "dc=contoso,dc=com"
#define USERS  "CN=Users," SUFFIX
#define BIG    "CN=big," USERS

static const char *folder;

_Noreturn static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The first line of FOLDER/NAME; empty if there is none. */
static void said(const char *name, char ret[static 64])
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f || !fgets(ret, 64, f))
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	if (f)
		(void)fclose(f);
}

static int member_count(void)
{
	char line[64];

	said("members", line);
	return (int)strtol(line, NULL, 10);
}

static void note(const char *what)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/asked", folder);
	f = fopen(path, "ae");
	if (!f || fprintf(f, "%s\n", what) < 0 || fclose(f) != 0)
		fail(path);
}

/* --- what there is --- */

static void put_id(BerElement *e, uint32_t n)
{
	unsigned char id[16] = {[12] = (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
	const struct berval v = {sizeof(id), (char *)id};

	fake_attribute(e, "objectGUID", &v, 1);
}

static void put_number(BerElement *e, const char *name, int n)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", n);
	fake_text(e, name, text);
}

/* Those of first to last, counted from 0, under that name. */
static void put_members(BerElement *e, const char *name, int first, int last)
{
	const size_t count = last < first ? 0 : (size_t)(last - first) + 1;
	struct berval *values = calloc(count + 1, sizeof(*values));
	char(*text)[64] = calloc(count + 1, sizeof(*text));

	if (!values || !text)
		abort();
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "CN=u%d," USERS, first + (int)i + 1);
		values[i] = (struct berval){strlen(text[i]), text[i]};
	}
	fake_attribute(e, name, values, count);
	free(text);
	free(values);
}

static void put_part_to(BerElement *e, int low, int high)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "member;range=%d-%d", low, high);
	put_members(e, name, low, high);
}

static void put_part(BerElement *e, int low)
{
	const int last = member_count() - 1;
	char name[64];

	if (last - low >= PART) {
		put_part_to(e, low, low + PART - 1);
		return;
	}
	(void)snprintf(name, sizeof(name), "member;range=%d-*", low);
	put_members(e, name, low, last);
}

static void send_big(struct fake_ldap *f, const struct fake_request *q)
{
	const int count = member_count();
	BerElement *e = fake_entry(q, BIG);

	fake_text(e, "objectClass", "group");
	fake_text(e, "sAMAccountName", "big");
	put_id(e, 1);
	fake_text(e, "gidNumber", "1900000500");
	if (count > PART) {
		put_members(e, "member", 0, -1);
		put_part(e, 0);
	} else {
		put_members(e, "member", 0, count - 1);
	}
	fake_send(f, e);
}

static void send_user(struct fake_ldap *f, const struct fake_request *q, int n)
{
	char dn[64], name[16];
	BerElement *e;

	(void)snprintf(name, sizeof(name), "u%d", n);
	(void)snprintf(dn, sizeof(dn), "CN=%s," USERS, name);
	e = fake_entry(q, dn);
	fake_text(e, "objectClass", "user");
	fake_text(e, "sAMAccountName", name);
	put_id(e, 1000 + (uint32_t)n);
	fake_text(e, "userAccountControl", "512");
	put_number(e, "uidNumber", 1900001000 + n);
	put_number(e, "gidNumber", 1900001000 + n);
	fake_send(f, e);
}

static void send_suffix(struct fake_ldap *f, const struct fake_request *q)
{
	BerElement *e = fake_entry(q, SUFFIX);

	fake_text(e, "objectClass", "domain");
	fake_send(f, e);
}

/* --- what is asked for --- */

/* Of BIG and all users. The cookie is the number of the first one. */
static void answer_page(struct fake_ldap *f, const struct fake_request *q)
{
	const int all = 1 + member_count(), first = (int)strtol(q->cookie, NULL, 10);
	const int end = q->page_size < all - first ? first + q->page_size : all;
	char cookie[16] = "";

	note("page");
	for (int i = first; i < end; i++)
		if (i == 0)
			send_big(f, q);
		else
			send_user(f, q, i);
	if (end < all)
		(void)snprintf(cookie, sizeof(cookie), "%d", end);
	fake_result(f, q, LDAP_SUCCESS, "", cookie);
}

static void answer_rest(struct fake_ldap *f, const struct fake_request *q, int low)
{
	BerElement *e;
	char lie[64];

	said("lie", lie);
	if (strcmp(lie, "mute") == 0)
		return;
	if (strcmp(lie, "fail") == 0) {
		fake_result(f, q, LDAP_OPERATIONS_ERROR, "", NULL);
		return;
	}
	e = fake_entry(q, BIG);
	put_id(e, 1);
	if (strcmp(lie, "repeat") == 0)
		put_part(e, 0);
	else if (strcmp(lie, "forever") == 0)
		put_part_to(e, low, low + 1);
	else
		put_part(e, low);
	fake_send(f, e);
	fake_result(f, q, LDAP_SUCCESS, "", NULL);
}

static bool asks_rest(const char *attribute, int *ret_low)
{
	int end = 0;

	return sscanf(attribute, "member;range=%d-*%n", ret_low, &end) == 1 && end > 0 && !attribute[end];
}

static bool answer(struct fake_ldap *f, const struct fake_request *q)
{
	const char *wanted = q->attributes[0] ? q->attributes[0] : "";
	int low;

	if (q->scope != LDAP_SCOPE_BASE) {
		if (q->cookie)
			answer_page(f, q);
		else
			fake_result(f, q, LDAP_UNAVAILABLE_CRITICAL_EXTENSION, "", NULL);
		return true;
	}
	if (strncasecmp(q->base, "CN=big", 6) != 0) {
		send_suffix(f, q);
		fake_result(f, q, LDAP_SUCCESS, "", NULL);
		return true;
	}
	if (strstr(wanted, "range"))
		note(wanted);
	if (asks_rest(wanted, &low)) {
		answer_rest(f, q, low);
		return true;
	}
	send_big(f, q);
	fake_result(f, q, LDAP_SUCCESS, "", NULL);
	return true;
}

/* --- connections, each a process --- */

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		fail(path);
	}
	strcpy(address.sun_path, path);
	(void)umask(0); /* whoever syncs is not root */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		fail(path);
	return fd;
}

static void serve(int listener, int peer)
{
	struct fake_ldap f = {.fd = peer, .answer = answer};
	const pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		close(listener);
		fake_ldap_serve(&f);
		exit(0);
	}
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: fake-ad-server SOCKET FOLDER\n");
		return 2;
	}
	folder = argv[2];
	(void)signal(SIGCHLD, SIG_IGN); /* none is waited for */
	listener = listen_at(argv[1]);
	for (;;) {
		int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (peer >= 0) {
			serve(listener, peer);
			close(peer);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			fail("accept");
		}
	}
}
