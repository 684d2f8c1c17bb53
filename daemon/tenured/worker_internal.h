/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_WORKER_INTERNAL_H
#define TENURE_TENURED_WORKER_INTERNAL_H

/*
 * Between worker.c (its life), worker_config.c (what it is fed with) and worker_spawn.c (how its process comes to be).
 */

#include "daemon/tenured/worker.h"

/* The files of a tenant's configuration, in the order of the descriptors that hold them. */
enum worker_file { WORKER_PASSWORD, WORKER_CA, WORKER_CERT, WORKER_KEY, WORKER_FILE_COUNT };

#define WORKER_SOCKET_FD     3 /* SYNC_BROKER_FD of tenure-sync */
#define WORKER_FIRST_FILE_FD 4 /* + enum worker_file; a file that is not configured leaves its number free */

/* What is kept of struct ldap_config. No secret is in it. */
struct worker_config {
	struct sync_packet **packets; /* CONFIG, as they are sent */
	size_t packet_count;
	char *paths[WORKER_FILE_COUNT]; /* NULL: not configured */
};
/* 0, -EMSGSIZE: a text that fits no packet, -ENOMEM. */
int worker_config_make(const struct ldap_config *ldap, const struct uuid *tenant_id,
		       struct worker_config *ret) MUST_CHECK;
void worker_config_done(struct worker_config *c);

/*
 * The files' contents, each in sealed memory that the account may read and nobody may change; -1 for one that is not
 * configured. *ret_failed: the one that cannot be had, and why: -errno as of safe_open; -EACCES: the password file is
 * open to others than its owner; -ENODATA: there is no password in it (T1); -EBADMSG: a NUL in it; -EFBIG.
 */
int worker_files_open(const struct worker_config *c, const struct worker_account *account, int ret_fds[WORKER_FILE_COUNT],
		      enum worker_file *ret_failed) MUST_CHECK;
void worker_files_close(int fds[WORKER_FILE_COUNT]);
/* Such an error for people, static; NULL: strerror has it. */
const char *worker_file_error(int error);

/* Exit statuses from before tenure-sync runs: it could not become its account; it could not be executed. */
#define WORKER_NOT_CONFINED 125
#define WORKER_NOT_EXECUTED 127

/*
 * Starts tenure-sync with that socket and those files. *ret_contained: it has namespaces of its own, without which it
 * runs where the kernel gives none. 0 or -errno.
 */
int worker_spawn(const struct worker_account *account, int socket, const int files[WORKER_FILE_COUNT], pid_t *ret_pid,
		 bool *ret_contained) MUST_CHECK;
/* It ended with that status before it said HELLO: a namespace in which it cannot become its account is not tried again. */
void worker_spawn_judge(int status, bool contained);

/* For tests. 0: none. */
pid_t worker_pid(const struct worker *w);

#endif
