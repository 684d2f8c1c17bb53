/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tenure-auth: proves one person to the broker, then ends. Started by tenured alone, with its socket as descriptor 3
 * and a clean environment; arguments mean nothing to it (T36). MUST: it dies with the broker, with its client, and
 * after AUTH_SECONDS; it leaves no core and nobody may look into it (T34).
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenure-auth/auth.h"

#define BROKER_FD       3
#define FAIL_DELAY_S    2
#define DESCRIPTORS_MAX 64

static bool is_brokers_socket(int fd)
{
	int type = 0, domain = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		return false;
	len = sizeof(domain);
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static int confine(void)
{
	const struct rlimit no_core = {0, 0}, few = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || setrlimit(RLIMIT_NOFILE, &few) < 0)
		return -errno;
	(void)umask(077);
	if (chdir("/") < 0)
		return -EIO;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(AUTH_SECONDS); /* its default action ends us */
	return 0;
}

static int start_read(int fd, struct transaction *ret)
{
	struct auth_record record;
	unsigned mode;
	int r = auth_record_receive(fd, &record);

	if (r < 0)
		return r;
	mode = record.flag & ~AUTH_DIRECTORY;
	if (record.type != AUTH_START || (mode != AUTH_MODE_STEP_UP && mode != AUTH_MODE_PASSWORD) || !name_is_valid(record.fields[0]) ||
	    !login_is_valid(record.fields[2]))
		return -EBADMSG;
	*ret = (struct transaction){.fd = fd,
				    .mode = (enum auth_mode)mode,
				    .directory = record.flag & AUTH_DIRECTORY,
				    .method = "",
				    .fail_delay_s = FAIL_DELAY_S};
	memcpy(ret->tenant, record.fields[0], strlen(record.fields[0]) + 1); /* a valid name is short enough */
	memcpy(ret->login, record.fields[2], sizeof(ret->login));
	return uuid_parse(record.fields[1], &ret->principal);
}

static bool has_pam_service(void)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/pam.d/tenure", tenure_path(PATH_ETC));
	return lstat(path, &st) == 0 || errno != ENOENT;
}

int main(int argc, char **argv)
{
	struct transaction t;
	struct auth_record record;
	enum auth_result result;

	(void)argc;
	(void)argv;
	if (!is_brokers_socket(BROKER_FD)) {
		(void)fprintf(stderr, "tenure-auth: tenured starts this; it is no command\n");
		return EXIT_FAILURE;
	}
	if (confine() < 0 || start_read(BROKER_FD, &t) < 0)
		return EXIT_FAILURE;
	if (t.mode == AUTH_MODE_STEP_UP && has_pam_service())
		result = pam_prove(&t);
	else
		result = password_prove(&t);
	if (auth_record_make(AUTH_RESULT, (uint8_t)result, t.method, NULL, NULL, &record) < 0 ||
	    auth_record_send(BROKER_FD, &record) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
