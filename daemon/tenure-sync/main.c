/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tenure-sync: speaks with one tenant's directory for the broker. Started by tenured alone, with its socket as
 * descriptor 3 and a clean environment; arguments mean nothing to it (T36). MUST: it never runs with root's ids or a
 * capability, reads nothing before it is confined, and dies with the broker.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/wire/sync_proto.h"
#include "daemon/tenure-sync/confine.h"
#include "daemon/tenure-sync/sync.h"

static bool is_brokers_socket(int fd)
{
	int type = 0, domain = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		return false;
	len = sizeof(domain);
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/* An account of its own, without groups that others have. */
static bool has_ids_of_root(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0 || r == 0 || e == 0 || s == 0 || rg == 0 ||
	       eg == 0 || sg == 0 || getgroups(0, NULL) != 0;
}

static bool has_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(sets); i++)
		if (sets[i].effective || sets[i].permitted || sets[i].inheritable)
			return true;
	return false;
}

static int say_hello(int fd, unsigned confined)
{
	struct sync_packet p;

	sync_packet_begin(&p, SYNC_HELLO, confined);
	return sync_packet_send(fd, &p);
}

int main(int argc, char **argv)
{
	unsigned confined;
	int r;

	(void)argc;
	(void)argv;
	if (!is_brokers_socket(SYNC_BROKER_FD)) {
		(void)fprintf(stderr, "tenure-sync: tenured starts this; it is no command\n");
		return EXIT_FAILURE;
	}
	if (has_ids_of_root() || has_capability()) {
		(void)fprintf(stderr, "tenure-sync: it does not run as root, with other groups or with a capability\n");
		return EXIT_FAILURE;
	}
	r = confine(&confined);
	if (r == 0)
		r = say_hello(SYNC_BROKER_FD, confined);
	if (r == 0)
		r = sync_serve(SYNC_BROKER_FD);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS); /* whatever libraries do at an exit, nobody needs it here */
}
