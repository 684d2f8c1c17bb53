/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/base/secret.h"
#include "daemon/tenured/worker_internal.h"

#define PACKETS_MAX	  64
#define PASSWORD_FILE_MAX 4096
#define PEM_FILE_MAX	  (4u << 20) /* every CA of the world is 250 kB */

/* CONFIG */

struct builder {
	struct worker_config *config;
	int error; /* the first; nothing is added behind it */
};

static struct sync_packet *another_packet(struct builder *b)
{
	struct worker_config *c = b->config;
	struct sync_packet **packets, *p;

	if (c->packet_count == PACKETS_MAX) {
		b->error = -EMSGSIZE;
		return NULL;
	}
	packets = reallocarray(c->packets, c->packet_count + 1, sizeof(struct sync_packet *));
	if (packets)
		c->packets = packets;
	p = packets ? malloc(sizeof(*p)) : NULL;
	if (!p) {
		b->error = -ENOMEM;
		return NULL;
	}
	sync_packet_begin(p, SYNC_CONFIG, 0);
	c->packets[c->packet_count++] = p;
	return p;
}

static void add(struct builder *b, enum sync_config_tag tag, const void *data, size_t len)
{
	struct sync_packet *p;

	if (b->error < 0)
		return;
	p = b->config->packets[b->config->packet_count - 1];
	b->error = sync_packet_add(p, tag, data, len);
	if (b->error != -ENOSPC)
		return;
	p->bytes[2] |= SYNC_MORE; /* its flags */
	b->error = 0;
	p = another_packet(b);
	if (p)
		b->error = sync_packet_add(p, tag, data, len);
}

static void add_text(struct builder *b, enum sync_config_tag tag, const char *text)
{
	if (text)
		add(b, tag, text, strlen(text));
}

/* A number of one byte, then the text. */
static void add_numbered(struct builder *b, enum sync_config_tag tag, size_t number, const char *text)
{
	uint8_t bytes[SYNC_FIELD_MAX];
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return;
	if (len > sizeof(bytes) - 1 || number > UINT8_MAX) {
		b->error = b->error < 0 ? b->error : -EMSGSIZE;
		return;
	}
	bytes[0] = (uint8_t)number;
	memcpy(bytes + 1, text, len);
	add(b, tag, bytes, 1 + len);
}

static void add_decimal(struct builder *b, enum sync_config_tag tag, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	add_text(b, tag, text);
}

static const char *bind_word(enum ldap_bind bind)
{
	return bind == LDAP_BIND_SIMPLE ? "simple" : "external";
}

static const char *schema_word(enum ldap_schema schema)
{
	switch (schema) {
	case LDAP_SCHEMA_RFC2307BIS:
		return "rfc2307bis";
	case LDAP_SCHEMA_AD:
		return "ad";
	case LDAP_SCHEMA_RFC2307:
		break;
	}
	return "rfc2307";
}

static void add_files(struct builder *b)
{
	static const enum sync_config_tag tags[WORKER_FILE_COUNT] = {
		[WORKER_PASSWORD] = SYNC_CONFIG_PASSWORD_FD, [WORKER_CA] = SYNC_CONFIG_CA_FD,
		[WORKER_CERT] = SYNC_CONFIG_CERT_FD, [WORKER_KEY] = SYNC_CONFIG_KEY_FD,
	};

	for (size_t i = 0; i < WORKER_FILE_COUNT; i++)
		if (b->config->paths[i])
			add_decimal(b, tags[i], WORKER_FIRST_FILE_FD + (int64_t)i);
}

static int copy_paths(const struct ldap_config *ldap, struct worker_config *c)
{
	const char *const paths[WORKER_FILE_COUNT] = {
		[WORKER_PASSWORD] = ldap->bind == LDAP_BIND_SIMPLE ? ldap->password_file : NULL,
		[WORKER_CA] = ldap->tls_ca, [WORKER_CERT] = ldap->tls_cert, [WORKER_KEY] = ldap->tls_key,
	};

	for (size_t i = 0; i < WORKER_FILE_COUNT; i++) {
		c->paths[i] = paths[i] ? strdup(paths[i]) : NULL;
		if (paths[i] && !c->paths[i])
			return -ENOMEM;
	}
	return 0;
}

static void add_all(struct builder *b, const struct ldap_config *ldap, const struct uuid *tenant_id)
{
	for (size_t i = 0; i < ldap->uri_count; i++)
		add_text(b, SYNC_CONFIG_URI, ldap->uris[i]);
	add_text(b, SYNC_CONFIG_BASE, ldap->base);
	add_text(b, SYNC_CONFIG_BIND, bind_word(ldap->bind));
	if (ldap->bind == LDAP_BIND_SIMPLE)
		add_text(b, SYNC_CONFIG_BIND_DN, ldap->bind_dn);
	add_text(b, SYNC_CONFIG_SCHEMA, schema_word(ldap->schema));
	for (size_t i = 0; i < OBJECT_KIND_COUNT; i++)
		add_numbered(b, SYNC_CONFIG_KIND_BASE, i, ldap->bases[i]);
	add_text(b, SYNC_CONFIG_USER_FILTER, ldap->user_filter);
	add_text(b, SYNC_CONFIG_GROUP_FILTER, ldap->group_filter);
	for (size_t i = 0; i < LDAP_FIELD_COUNT; i++)
		add_numbered(b, SYNC_CONFIG_MAP, i, ldap->map[i]);
	add(b, SYNC_CONFIG_TENANT_ID, tenant_id->bytes, sizeof(tenant_id->bytes));
	add_decimal(b, SYNC_CONFIG_HEARTBEAT_MS, ldap->heartbeat_ns / NS_PER_MS);
	add_decimal(b, SYNC_CONFIG_POLL_MS, ldap->poll_ns / NS_PER_MS);
	add_files(b);
}

int worker_config_make(const struct ldap_config *ldap, const struct uuid *tenant_id, struct worker_config *ret)
{
	struct worker_config c = {0};
	struct builder b = {.config = &c};

	b.error = copy_paths(ldap, &c);
	if (b.error == 0 && another_packet(&b))
		add_all(&b, ldap, tenant_id);
	if (b.error < 0) {
		worker_config_done(&c);
		return b.error;
	}
	*ret = c;
	return 0;
}

void worker_config_done(struct worker_config *c)
{
	for (size_t i = 0; i < c->packet_count; i++)
		free(c->packets[i]);
	free(c->packets);
	for (size_t i = 0; i < WORKER_FILE_COUNT; i++)
		free(c->paths[i]);
	*c = (struct worker_config){0};
}

/* Files */

static int write_whole(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Whoever gets this descriptor, or opens it anew by /proc/self/fd, reads what is in it for good. */
static int seal(const char *data, size_t len, const struct worker_account *account, int *ret)
{
	CLEANUP(fd_closep) int fd = memfd_create("tenure-sync", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = write_whole(fd, data, len);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0 || fchmod(fd, 0400) < 0 || fchown(fd, account->uid, account->gid) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}

static int read_whole(int fd, char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EAGAIN; /* it got shorter: next time */
		done += (size_t)n;
	}
	return 0;
}

static int seal_password(char *data, size_t len, const struct worker_account *account, int *ret)
{
	const char *end = memchr(data, '\n', len);

	if (end)
		len = (size_t)(end - data);
	if (len == 0)
		return -ENODATA;
	if (memchr(data, '\0', len))
		return -EBADMSG;
	return seal(data, len, account, ret);
}

static int open_file(const char *path, enum worker_file which, const struct worker_account *account, int *ret)
{
	const size_t max = which == WORKER_PASSWORD ? PASSWORD_FILE_MAX : PEM_FILE_MAX;
	CLEANUP(fd_closep) int fd = -1;
	struct stat st;
	size_t len;
	char *data;
	int r;

	fd = safe_open_near(NULL, path, &st);
	if (fd < 0)
		return fd;
	if (which == WORKER_PASSWORD && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return -EACCES;
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return -EFBIG;
	len = (size_t)st.st_size;
	if (len == 0)
		return -ENODATA;
	data = malloc(len);
	if (!data)
		return -ENOMEM;
	r = read_whole(fd, data, len);
	if (r == 0 && which == WORKER_PASSWORD)
		r = seal_password(data, len, account, ret);
	else if (r == 0)
		r = seal(data, len, account, ret);
	explicit_bzero(data, len);
	free(data);
	return r;
}

int worker_files_open(const struct worker_config *c, const struct worker_account *account, int ret_fds[WORKER_FILE_COUNT],
		      enum worker_file *ret_failed)
{
	for (size_t i = 0; i < WORKER_FILE_COUNT; i++)
		ret_fds[i] = -1;
	for (size_t i = 0; i < WORKER_FILE_COUNT; i++) {
		int r = c->paths[i] ? open_file(c->paths[i], (enum worker_file)i, account, &ret_fds[i]) : 0;

		if (r < 0) {
			worker_files_close(ret_fds);
			*ret_failed = (enum worker_file)i;
			return r;
		}
	}
	return 0;
}

void worker_files_close(int fds[WORKER_FILE_COUNT])
{
	for (size_t i = 0; i < WORKER_FILE_COUNT; i++)
		fd_closep(&fds[i]);
}

const char *worker_file_error(int error)
{
	switch (error) {
	case -EPERM:
		return "not root's alone: it, and every folder above it, must belong to root and be writable by nobody else";
	case -EACCES:
		return "others than root may read it: chmod 600";
	case -ENODATA:
		return "nothing is in its first line";
	case -EBADMSG:
		return "a NUL is in its first line";
	case -ELOOP:
		return "a symbolic link is on the way to it";
	case -EINVAL:
		return "not a regular file with an absolute path";
	case -EFBIG:
		return "too large";
	default:
		return NULL;
	}
}

/* Whose it is */

int worker_account_find(const struct local_accounts *accounts, struct worker_account *ret)
{
	const struct local_account *found = local_user_by_name(accounts, WORKER_USER);

	if (!found)
		return -ENOENT;
	if (found->id == 0 || found->gid == 0)
		return -EPERM;
	*ret = (struct worker_account){found->id, found->gid};
	return 0;
}
