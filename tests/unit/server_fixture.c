/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/server_fixture.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"

const char *bed_path(const struct bed *b, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", b->root, name);
	return path;
}

void bed_write(struct bed *b, const char *name, const char *text, unsigned mode)
{
	int fd = open(bed_path(b, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_folders(struct bed *b)
{
	static const char *const folders[] = {
		"etc",     "etc/tenure", "etc/tenure/tenants.d", "etc/tenure/directory.d", "run", "var",
		"var/lib", "usr",        "usr/libexec",          "usr/libexec/tenure",     "proc", "proc/self"};

	(void)snprintf(b->root, sizeof(b->root), "/tmp/tenured-test.XXXXXX");
	assert_non_null(mkdtemp(b->root));
	assert_int_equal(chmod(b->root, 0755), 0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdir(bed_path(b, folders[i]), 0755), 0);
}

/* A cheap hash: the test is not about crypt. */
static const char *hash(void)
{
	static char text[256];
	const char *made = crypt(PASSWORD, "$6$rounds=1000$saltsalt$");

	assert_non_null(made);
	(void)snprintf(text, sizeof(text), "%s", made);
	return text;
}

static void write_directory(struct bed *b)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	fprintf(f, "version = 1;\nusers = (\n");
	fprintf(f, "{ name = \"alice\"; uid = %u; password = \"%s\"; },\n", ALICE, hash());
	for (int i = 0; i < USERS; i++)
		fprintf(f, "{ name = \"u%d\"; uid = %u; password = \"%s\"; },\n", i, USER_UID(i), hash());
	fprintf(f, "{ name = \"reader\"; uid = %u; },\n{ name = \"helper\"; uid = %u; },\n", READER, HELPER);
	fprintf(f, "{ name = \"carol\"; uid = %u; password = \"%s\"; }\n);\n", CAROL, hash());
	fprintf(f, "groups = ({ name = \"all\"; gid = 1900010001; members = [ \"alice\"");
	for (int i = 0; i < USERS; i++)
		fprintf(f, ", \"u%d\"", i);
	fprintf(f, " ]; },\n{ name = \"approvers\"; gid = 1900010003; members = [ \"carol\" ]; });\n");
	fprintf(f,
		"roles = (\n"
		"{ name = \"db-operator\"; title = \"Operator\"; gid = 1900090100; actions = [ \"become:root\" ];\n"
		"  activation = { max_duration = \"2h\"; justification = true; step_up = true; approvals = 1;\n"
		"    approver_groups = [ \"approvers\" ]; }; },\n"
		"{ name = \"fast\"; title = \"Fast\"; gid = 1900090101; actions = [ \"become:root\" ];\n"
		"  activation = { max_duration = \"2h\"; justification = false; step_up = true; approvals = 0; }; },\n"
		"{ name = \"quick\"; title = \"Quick\"; gid = 1900090102; actions = [ \"become:root\" ];\n"
		"  activation = { max_duration = \"2h\"; justification = false; step_up = false; approvals = 0; }; "
		"}\n);\n"
		"assignments = (\n"
		"{ type = \"active\"; role = \"host-user-login\"; group = \"all\"; scope = \"/\"; },\n"
		"{ type = \"eligible\"; role = \"db-operator\"; user = \"alice\"; scope = \"/\"; },\n"
		"{ type = \"eligible\"; role = \"quick\"; user = \"alice\"; scope = \"/\"; },\n"
		"{ type = \"active\"; role = \"security-reader\"; user = \"reader\"; scope = \"/\"; },\n"
		   "{ type = \"active\"; role = \"helpdesk-administrator\"; user = \"helper\"; scope = \"/\"; },\n"
		   "{ type = \"eligible\"; role = \"fast\"; group = \"all\"; scope = \"/\"; }\n);\n");
	fclose(f);
	bed_write(b, "etc/tenure/directory.d/contoso.conf", text, 0600);
	free(text);
}

static void write_host(struct bed *b)
{
	char here[PATH_MAX - 256], text[2 * PATH_MAX];

	assert_non_null(getcwd(here, sizeof(here)));
	bed_write(b, "etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0644);
	/* No cgroups: in the machine's own, the broker would end what none of its records accounts for. */
	bed_write(b, "proc/self/mountinfo", "", 0644);
	bed_write(b, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0644);
	bed_write(b, "etc/group", "root:x:0:\n", 0644);
	bed_write(b, "etc/subuid", "bob:100000:65536\n", 0644);
	bed_write(b, "etc/subgid", "bob:100000:65536\n", 0644);
	bed_write(b, "etc/tenure/tenure.conf",
		  "tenants = [ \"contoso\" ];\n"
		  "gate = { mode = \"enforce\"; services = [ \"sudo\" ]; break_glass_users = [ ]; };\n"
		  "ceiling = { allow_become = [ \"root\" ]; allow_groups = [ ]; };\n",
		  0644);
	bed_write(b, "etc/tenure/tenants.d/contoso.conf",
		  "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"contoso.com\" ];\nsource = \"file\";\n"
		  "id_range = [ 1900000000, 1900099999 ];\nrole_gids = [ 1900090000, 1900090999 ];\nvisibility = "
		  "\"all\";\n",
		  0644);
	(void)snprintf(text, sizeof(text), "#!/bin/sh\nTENURE_TEST_ROOT=%s exec %s/tenure-auth-test\n", b->root, here);
	bed_write(b, "usr/libexec/tenure/tenure-auth", text, 0755);
	write_directory(b);
}

void bed_start(struct bed *b)
{
	b->broker = fork();
	assert_true(b->broker >= 0);
	if (b->broker == 0) {
		int log = open(bed_path(b, "log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (b->descriptors)
			(void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){b->descriptors, b->descriptors});
		(void)setenv("TENURE_TEST_ROOT", b->root, 1);
		(void)dup2(log, 2);
		(void)execl(b->program ? b->program : "./tenured-test", "tenured-test", "-f", (char *)NULL);
		_exit(98);
	}
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		struct wire_client *c;

		/* The name alone may be that of a broker of before. */
		if (wire_client_connect(bed_path(b, "run/tenure/root.sock"), 100, &c) == 0) {
			wire_client_free(c);
			return;
		}
		usleep(20000);
	}
	fail_msg("tenured-test did not start");
}

void bed_stop(struct bed *b, int signal_number)
{
	if (b->broker <= 0)
		return;
	(void)kill(b->broker, signal_number);
	(void)waitpid(b->broker, NULL, 0);
	b->broker = 0;
}

int bed_setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	make_folders(b);
	write_host(b);
	bed_start(b);
	*state = b;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

int bed_teardown(void **state)
{
	struct bed *b = *state;

	bed_stop(b, SIGKILL);
	if (!getenv("TENURE_TEST_KEEP"))
		(void)nftw(b->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(b);
	return 0;
}

bool bed_can_set_login_uid(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open("/proc/self/loginuid", O_WRONLY);

		_exit(fd >= 0 && write(fd, "1900000003", 10) == 10 ? 0 : 1);
	}
	return bed_wait(pid) == 0;
}

static void become(unsigned uid, unsigned login_uid)
{
	char text[16];
	int fd;

	if (login_uid != NO_LOGIN) {
		fd = open("/proc/self/loginuid", O_WRONLY);
		(void)snprintf(text, sizeof(text), "%u", login_uid);
		if (fd >= 0)
			(void)!write(fd, text, strlen(text));
		close(fd);
	}
	if (uid && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
		_exit(97);
}

pid_t bed_spawn(struct bed *b, unsigned uid, unsigned login_uid, peer_fn fn, void *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		become(uid, login_uid);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of uid clears it: prctl(2) */
		_exit(fn(b, argument));
	}
	return pid;
}

int bed_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return 96;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int bed_as(struct bed *b, unsigned uid, unsigned login_uid, peer_fn fn, void *argument)
{
	return bed_wait(bed_spawn(b, uid, login_uid, fn, argument));
}

struct wire_client *peer_connect(const struct bed *b, bool privileged)
{
	struct wire_client *c;
	int r = wire_client_connect(bed_path(b, privileged ? "run/tenure/root.sock" : "run/tenure/tenured.sock"),
				    PATIENCE_MS, &c);

	if (r < 0) {
		(void)fprintf(stderr, "connect: %s\n", strerror(-r));
		_exit(99);
	}
	return c;
}

int peer_connect_raw(const struct bed *b)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/tenure/tenured.sock", b->root);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(99);
	return fd;
}

const char *peer_call(struct wire_client *c, const char *method, json_t *parameters, const char *const *answers,
		      json_t **ret)
{
	static char name[128];
	const char *error;
	bool continues = true;
	json_t *reply = NULL;

	*ret = NULL;
	if (wire_client_call(c, method, parameters, answers ? WIRE_MORE : 0) < 0)
		return "closed";
	while (continues) {
		const char *event;

		json_decref(reply);
		if (wire_client_next(c, PATIENCE_MS, &reply, &continues, &error) < 0)
			return "closed";
		event = json_string_value(json_object_get(reply, "event"));
		if (continues && event && strcmp(event, "prompt") == 0 && answers && *answers)
			(void)!wire_client_call(c, "Answer", json_pack("{s:s}", "text", *answers++), WIRE_ONEWAY);
	}
	(void)snprintf(name, sizeof(name), "%s", error ? error : "");
	*ret = reply;
	return name;
}

const char *peer_ask(const struct bed *b, const char *method, json_t *parameters, const char *const *answers,
		     json_t **ret)
{
	struct wire_client *c = peer_connect(b, false);
	const char *error = peer_call(c, method, parameters, answers, ret);

	wire_client_free(c);
	return error;
}

bool peer_await(struct wire_client *c, const char *event, json_t **ret)
{
	const char *error, *name;
	bool continues;

	for (;;) {
		if (wire_client_next(c, PATIENCE_MS, ret, &continues, &error) < 0)
			return false;
		name = json_string_value(json_object_get(*ret, "event"));
		if (continues && name && strcmp(name, event) == 0)
			return true;
		json_decref(*ret);
		if (!continues)
			return false;
	}
}

int peer_count_pending(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	if (strcmp(peer_ask(b, "Pending", NULL, NULL, &reply), "") != 0)
		return 99;
	return (int)json_array_size(json_object_get(reply, "items"));
}

unsigned bed_helpers(const struct bed *b)
{
	char path[64], text[8192] = "";
	unsigned n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", b->broker, b->broker);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	for (const char *p = text; *p; p++)
		n += *p == ' ';
	return n;
}

bool bed_await_helpers(const struct bed *b, unsigned count)
{
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		if (bed_helpers(b) == count)
			return true;
		usleep(20000);
	}
	return false;
}

static int ping(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	return strcmp(peer_ask(b, "Ping", NULL, NULL, &reply), "") == 0 ? 0 : 1;
}

bool bed_answers(struct bed *b, unsigned uid)
{
	return bed_as(b, uid, NO_LOGIN, ping, NULL) == 0;
}
