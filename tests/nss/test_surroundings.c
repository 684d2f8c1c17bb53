/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module in a host whose surroundings are somebody else's making: a root that he planted (T8), variables and a folder
 * that he filled (T10). Loaded through glibc's dispatcher, as test_dispatch does it.
 */
#include "tests/nss/nss_test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/safe_file.h"

extern int __nss_configure_lookup(const char *database, const char *line);

static struct fixture f;

static int setup(void **state)
{
	if (!fixture_setup(&f) || fixture_publish(&f, true) < 0)
		return -1;
	return 0;
}

static int teardown(void **state)
{
	int r = generation_retire();

	fixture_teardown(&f);
	return r;
}

/* ---- T8 ---- */

/* The files that a process has mapped, each line of /proc/PID/maps cut to its path, as one sees them from outside. */
static void mapped_files(pid_t pid, char *text, size_t size)
{
	char path[64], line[512];
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	assert_non_null(maps);
	text[0] = '\0';
	while (fgets(line, sizeof(line), maps)) {
		const char *at = strchr(line, '/');

		if (at && !strstr(text, at)) {
			assert_true(strlen(text) + strlen(at) < size);
			strcat(text, at);
		}
	}
	(void)fclose(maps);
}

static void stop_and_wait(void)
{
	(void)raise(SIGSTOP);
}

/* Stops before, and again behind a lookup inside. */
static void look_from_chroot(const char *planted)
{
	enum { FOUND = 1, NO_CHROOT = 77 };
	struct passwd *pw;

	stop_and_wait();
	if (chroot(planted) < 0 || chdir("/") < 0)
		_exit(NO_CHROOT);
	(void)unsetenv("TENURE_TEST_ROOT");
	(void)generation_bump(); /* so that the module looks again, inside */
	errno = 0;
	pw = getpwnam("alice");
	if (pw || errno == 0 || getgrnam("dba"))
		_exit(FOUND);
	stop_and_wait();
	_exit(0);
}

static int give_away(const char *path)
{
	return lchown(path, 65534, 65534);
}

/* Libraries by the names that a lookup would ask for, where a loader would look. */
static void plant_libraries(void)
{
	static const char *const folders[] = {"/lib", "/usr", "/usr/lib", "/lib/x86_64-linux-gnu", "/etc"};
	static const char *const files[] = {"/lib/libnss_tenure.so.2", "/lib/libnss_files.so.2", "/lib/libnss_evil.so.2",
					    "/lib/x86_64-linux-gnu/libnss_tenure.so.2", "/libnss_tenure.so.2"};
	char *data;
	size_t len;
	int fd;

	assert_int_equal(safe_read(TEST_MODULE_DIR "/libnss_tenure.so.2.0.0", 16 << 20, &data, &len), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		assert_int_equal(mkdir(fixture_path(&f, folders[i]), 0755), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		fd = open(fixture_path(&f, files[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, data, len), len);
		close(fd);
	}
	free(data);
	assert_int_equal(safe_replace(fixture_path(&f, "/etc/nsswitch.conf"), "passwd: evil\ngroup: evil\n", 26, 0644,
				      (uid_t)-1, (gid_t)-1), 0);
}

static void wait_for_stop(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip_because("no chroot");
	if (!WIFSTOPPED(status))
		fail_msg("a planted file was believed: %d", status);
}

static void test_T8_a_planted_root_is_refused_and_nothing_is_loaded(void **state)
{
	static const char *const paths[] = {"", "/var", "/var/lib", "/var/lib/tenure", "/var/lib/tenure/tenants",
					    "/var/lib/tenure/tenants/contoso", "/var/lib/tenure/index",
					    "/var/lib/tenure/tenants/contoso/identity"};
	static char before[65536], after[65536];
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip_because("needs root, to change its root");
	assert_non_null(getpwnam("alice"));
	assert_non_null(getgrnam("dba"));
	plant_libraries();
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		assert_int_equal(give_away(fixture_path(&f, paths[i])), 0);
	child = fork();
	if (child == 0)
		look_from_chroot(f.root);
	assert_true(child > 0);
	wait_for_stop(child);
	mapped_files(child, before, sizeof(before));
	assert_non_null(strstr(before, "libnss_tenure.so.2"));
	assert_int_equal(kill(child, SIGCONT), 0);
	wait_for_stop(child);
	mapped_files(child, after, sizeof(after));
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (char *rest = after, *path; (path = strtok_r(rest, "\n", &rest));)
		if (!strstr(before, path))
			fail_msg("mapped inside the planted root: %s", path);
}

/* ---- T10 ---- */

static void say_passwd(FILE *out, const struct passwd *pw)
{
	if (pw)
		(void)fprintf(out, "%s:%s:%u:%u:%s:%s:%s\n", pw->pw_name, pw->pw_passwd, pw->pw_uid, pw->pw_gid, pw->pw_gecos,
			      pw->pw_dir, pw->pw_shell);
	else
		(void)fprintf(out, "none %d\n", errno);
}

static void say_group(FILE *out, const struct group *gr)
{
	if (!gr) {
		(void)fprintf(out, "none %d\n", errno);
		return;
	}
	(void)fprintf(out, "%s:%s:%u:", gr->gr_name, gr->gr_passwd, gr->gr_gid);
	for (char **member = gr->gr_mem; *member; member++)
		(void)fprintf(out, "%s,", *member);
	(void)fprintf(out, "\n");
}

/* Everything that a host can ask for. */
static int say_everything(void)
{
	static const char *const names[] = {"alice", "dave", "zoe@fabrikam.com", "dba", "become-root", "nobodyhere"};
	static const unsigned ids[] = {1900000001, 1950000001, 1900010001, 1900090100, 1000};
	struct passwd *pw;
	struct group *gr;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		gid_t gids[16] = {0};
		int count = 16;

		errno = 0;
		say_passwd(stdout, getpwnam(names[i]));
		errno = 0;
		say_group(stdout, getgrnam(names[i]));
		printf("%d", getgrouplist(names[i], 7, gids, &count));
		for (int k = 0; k < count; k++)
			printf(" %u", gids[k]);
		printf("\n");
	}
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		errno = 0;
		say_passwd(stdout, getpwuid(ids[i]));
		errno = 0;
		say_group(stdout, getgrgid(ids[i]));
	}
	while ((pw = getpwent()))
		say_passwd(stdout, pw);
	while ((gr = getgrent()))
		say_group(stdout, gr);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* What a process says that starts with these variables more, in this folder. The caller frees. */
static char *said_with(const char *const *more, const char *folder)
{
	int pipe_fds[2], status;
	char *text = calloc(1, 65536);
	size_t len = 0;
	ssize_t n;
	pid_t child;

	assert_non_null(text);
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	if (child == 0) {
		char *argv[] = {(char[]){"test_surroundings"}, (char[]){"say-everything"}, NULL};

		for (; *more; more++)
			(void)putenv((char *)(uintptr_t)*more);
		if (chdir(folder) < 0 || dup2(pipe_fds[1], STDOUT_FILENO) < 0)
			_exit(1);
		(void)close(pipe_fds[0]);
		(void)close(pipe_fds[1]);
		(void)execv("/proc/self/exe", argv);
		_exit(1);
	}
	assert_true(child > 0);
	(void)close(pipe_fds[1]);
	while (len < 65535 && (n = read(pipe_fds[0], text + len, 65535 - len)) > 0)
		len += (size_t)n;
	(void)close(pipe_fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return text;
}

static void test_T10_a_hostile_environment_changes_no_byte(void **state)
{
	static const char *const none[] = {NULL};
	static char tunables[4096];
	const char *const hostile[] = {
		"LDAPCONF=ldaprc", "LDAPRC=ldaprc", "LDAPURI=ldap://127.0.0.1", "LDAPBASE=dc=evil", "LDAPNOINIT=",
		"LDAPTLS_REQCERT=never", "HOSTALIASES=hosts", "LOCALDOMAIN=evil", "RES_OPTIONS=debug",
		"NSS_WRAPPER_PASSWD=passwd", "NSS_WRAPPER_GROUP=group", "NSSWITCH=nsswitch.conf", "NIS_PATH=evil",
		"NLSPATH=./%N", "LOCPATH=.", "LANGUAGE=../../evil", "LC_ALL=evil", "GCONV_PATH=.", "GETCONF_DIR=.",
		"TZ=:./evil", "TZDIR=.", "TMPDIR=.", "HOME=.", "PATH=.", "IFS=/", "TENURE_STATE=.",
		"TENURE_CONFIG=.", "MALLOC_PERTURB_=170", "POSIXLY_CORRECT=1",
		tunables, NULL};
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	static const char *const files[] = {"/home", "/home/ldaprc", "/home/.ldaprc", "/home/passwd", "/home/group",
					    "/home/hosts", "/home/nsswitch.conf"};
	char folder[128], *clean, *said;

	/* glibc 2.34 to 2.38 wrote beyond a buffer for this one (CVE-2023-4911). */
	(void)snprintf(tunables, sizeof(tunables), "GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=%01000d", 1);
	assert_int_equal(fixture_holders(&f, "contoso", "grants", &row, 1), 0);
	assert_int_equal(mkdir(fixture_path(&f, files[0]), 0755), 0);
	for (size_t i = 1; i < ARRAY_LENGTH(files); i++)
		assert_int_equal(safe_replace(fixture_path(&f, files[i]), "alice:x:0:0::/:/bin/sh\n", 24, 0644, (uid_t)-1,
					      (gid_t)-1), 0);
	(void)snprintf(folder, sizeof(folder), "%s", fixture_path(&f, files[0]));
	clean = said_with(none, "/");
	assert_non_null(strstr(clean, "alice:*:1900000001:1900000001:Alice Ito:/home/contoso.com/alice:/bin/bash\n"));
	assert_non_null(strstr(clean, "become-root:*:"));
	said = said_with(hostile, folder);
	assert_string_equal(said, clean);
	free(said);
	free(clean);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_T8_a_planted_root_is_refused_and_nothing_is_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_T10_a_hostile_environment_changes_no_byte, setup, teardown),
	};

	if (!getenv("TENURE_NSS_TEST")) {
		(void)setenv("TENURE_NSS_TEST", "1", 1);
		(void)setenv("LD_LIBRARY_PATH", TEST_MODULE_DIR, 1);
		(void)execv("/proc/self/exe", argv);
		return 99;
	}
	if (__nss_configure_lookup("passwd", "tenure") < 0 || __nss_configure_lookup("group", "tenure") < 0 ||
	    __nss_configure_lookup("initgroups", "tenure") < 0)
		return 99;
	if (argc == 2 && strcmp(argv[1], "say-everything") == 0)
		return say_everything();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
