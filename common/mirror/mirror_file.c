/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mirror's file, version 1: a log. Numbers are little-endian.
 *
 *   header   8 bytes "TENUREM1" · tenant's id, 16 · mapping, 32 · SHA-256 of these, 32
 *   record   u32 length of what follows · u8 type · bytes
 *     ENTRY   an object's fields
 *     GONE    an object's id, 16
 *     COMMIT  i64 REALTIME of the batch · SHA-256, 32: over the one of the commit before (the header's), then every byte
 *             since, the cookie's too · the cookie
 *
 * What no COMMIT follows has not happened: it is cut off. A commit that does not hold and has something behind it is
 * damage: then nothing of the file is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/mirror/mirror_internal.h"

static const uint8_t magic[8] = "TENUREM1";

#define HEADER_LEN	  (sizeof(magic) + 16 + MIRROR_HASH_LEN + MIRROR_HASH_LEN)
#define RECORD_LEN	  5
#define COMMIT_LEN	  (8 + MIRROR_HASH_LEN)
#define WASTE_MIN	  65536
#define BUFFER_LEN	  (1u << 18)

enum record_type { RECORD_ENTRY = 1, RECORD_GONE, RECORD_COMMIT };

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static uint64_t get64(const uint8_t *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static void header_make(const struct mirror *m, uint8_t header[static HEADER_LEN])
{
	struct sha256_ctx h;
	uint8_t *at = header;

	memcpy(at, magic, sizeof(magic));
	at += sizeof(magic);
	memcpy(at, m->tenant_id.bytes, sizeof(m->tenant_id.bytes));
	at += sizeof(m->tenant_id.bytes);
	memcpy(at, m->mapping, MIRROR_HASH_LEN);
	at += MIRROR_HASH_LEN;
	sha256_init(&h);
	sha256_update(&h, (size_t)(at - header), header);
	sha256_digest(&h, MIRROR_HASH_LEN, at);
}

/* --- writing --- */

/* Bytes on their way to a file, and the sum over those since the last commit. */
struct writer {
	int fd, error;
	uint8_t *buffer; /* BUFFER_LEN */
	size_t used;
	uint64_t written;
	struct sha256_ctx sum;
};

static void flush(struct writer *w)
{
	size_t at = 0;

	while (w->error == 0 && at < w->used) {
		ssize_t n = write(w->fd, w->buffer + at, w->used - at);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			w->error = n == 0 ? -EIO : -errno;
	}
	w->written += w->used;
	w->used = 0;
}

static void put_bytes(struct writer *w, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len > 0 && w->error == 0) {
		const size_t room = BUFFER_LEN - w->used, part = len < room ? len : room;

		memcpy(w->buffer + w->used, from, part);
		w->used += part;
		from += part;
		len -= part;
		if (w->used == BUFFER_LEN)
			flush(w);
	}
}

static void put_summed(struct writer *w, const void *data, size_t len)
{
	if (len > 0)
		sha256_update(&w->sum, len, data);
	put_bytes(w, data, len);
}

static void put_record(struct writer *w, enum record_type type, const void *data, size_t len)
{
	uint8_t head[RECORD_LEN];

	put32(head, (uint32_t)(1 + len));
	head[4] = (uint8_t)type;
	put_summed(w, head, sizeof(head));
	put_summed(w, data, len);
}

static void put_object(struct writer *w, const struct mirrored *o)
{
	if (o->len > 0)
		put_record(w, RECORD_ENTRY, o->bytes, o->len);
	else
		put_record(w, RECORD_GONE, o->uuid.bytes, sizeof(o->uuid.bytes));
}

static void sum_begin(struct writer *w, const uint8_t chain[static MIRROR_HASH_LEN])
{
	sha256_init(&w->sum);
	sha256_update(&w->sum, MIRROR_HASH_LEN, chain);
}

static void put_commit(struct writer *w, const void *cookie, size_t cookie_len, int64_t complete_ns,
		       uint8_t chain[static MIRROR_HASH_LEN])
{
	uint8_t head[RECORD_LEN + 8];

	put32(head, (uint32_t)(1 + COMMIT_LEN + cookie_len));
	head[4] = RECORD_COMMIT;
	put64(head + RECORD_LEN, (uint64_t)complete_ns);
	put_summed(w, head, sizeof(head));
	if (cookie_len > 0)
		sha256_update(&w->sum, cookie_len, cookie);
	sha256_digest(&w->sum, MIRROR_HASH_LEN, chain);
	put_bytes(w, chain, MIRROR_HASH_LEN);
	put_bytes(w, cookie, cookie_len);
}

static int writer_begin(struct writer *w, int fd)
{
	*w = (struct writer){.fd = fd, .buffer = malloc(BUFFER_LEN)};
	return w->buffer ? 0 : -ENOMEM;
}

static int writer_end(struct writer *w)
{
	flush(w);
	if (w->error == 0 && fdatasync(w->fd) < 0)
		w->error = -errno;
	free(w->buffer);
	return w->error;
}

/* The rest of a write that failed must not stay before the next one. */
static void take_back(struct mirror *m)
{
	if (ftruncate(m->fd, (off_t)m->file_len) == 0 && lseek(m->fd, (off_t)m->file_len, SEEK_SET) >= 0)
		return;
	close(m->fd);
	m->fd = -1; /* the next one writes all of it */
}

static void put_all(struct writer *w, const struct mirror *m)
{
	struct mirror_cursor c = {0};
	const struct mirrored *o;

	while ((o = mirror_table_next(&m->objects, &c)))
		if (!mirror_table_find(&m->staged, &o->uuid))
			put_object(w, o);
}

static void put_staged(struct writer *w, const struct mirror *m, bool gone_too)
{
	struct mirror_cursor c = {0};
	const struct mirrored *o;

	while ((o = mirror_table_next(&m->staged, &c)))
		if (o->len > 0 || gone_too)
			put_object(w, o);
}

static int sync_folder(const char *path)
{
	char folder[MIRROR_PATH_MAX];
	int fd, r;

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* A new file of all that will be there once the batch counts. */
static int write_whole(struct mirror *m, const void *cookie, size_t cookie_len, int64_t complete_ns)
{
	char path[MIRROR_PATH_MAX + 4];
	uint8_t header[HEADER_LEN], chain[MIRROR_HASH_LEN];
	struct writer w;
	int fd, r;

	(void)snprintf(path, sizeof(path), "%s.new", m->path);
	(void)unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	header_make(m, header);
	r = writer_begin(&w, fd);
	if (r == 0) {
		put_bytes(&w, header, sizeof(header));
		sum_begin(&w, header + HEADER_LEN - MIRROR_HASH_LEN);
		put_all(&w, m);
		put_staged(&w, m, false);
		put_commit(&w, cookie, cookie_len, complete_ns, chain);
		r = writer_end(&w);
	}
	if (r == 0 && rename(path, m->path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(path);
		close(fd);
		return r;
	}
	(void)sync_folder(m->path);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = fd;
	m->file_len = w.written;
	memcpy(m->chain, chain, sizeof(chain));
	return 0;
}

int mirror_file_append(struct mirror *m, const void *cookie, size_t cookie_len, int64_t complete_ns)
{
	uint8_t chain[MIRROR_HASH_LEN];
	struct writer w;
	int r;

	if (m->fd < 0)
		return write_whole(m, cookie, cookie_len, complete_ns);
	r = writer_begin(&w, m->fd);
	if (r < 0)
		return r;
	sum_begin(&w, m->chain);
	put_staged(&w, m, true);
	put_commit(&w, cookie, cookie_len, complete_ns, chain);
	r = writer_end(&w);
	if (r < 0) {
		take_back(m);
		return r;
	}
	m->file_len += w.written;
	memcpy(m->chain, chain, sizeof(chain));
	return 0;
}

void mirror_file_tidy(struct mirror *m)
{
	const uint64_t needed = HEADER_LEN + m->live + m->objects.count * RECORD_LEN + COMMIT_LEN + m->cookie_len;
	int r = 0;

	if (m->file_len > 2 * needed + WASTE_MIN)
		r = write_whole(m, m->cookie, m->cookie_len, m->complete_ns);
	(void)r;
}

/* --- reading --- */

struct reading {
	struct mirror *m;
	const uint8_t *data;
	size_t len, at, good; /* good: behind the last commit that holds */
	size_t summed;	      /* from here on it is in no sum yet */
	struct sha256_ctx sum;
};

static int read_commit(struct reading *r, const uint8_t *record, size_t len)
{
	const uint8_t *said = record + 8, *cookie = record + COMMIT_LEN;
	const size_t cookie_len = len - COMMIT_LEN;
	uint8_t made[MIRROR_HASH_LEN];
	void *copy;

	if (cookie_len > SYNC_COOKIE_MAX)
		return -EBADMSG;
	sha256_update(&r->sum, (size_t)(said - (r->data + r->summed)), r->data + r->summed);
	sha256_update(&r->sum, cookie_len, cookie);
	sha256_digest(&r->sum, sizeof(made), made);
	if (memcmp(made, said, sizeof(made)) != 0)
		return -EBADMSG;
	copy = malloc(cookie_len + 1);
	if (!copy || mirror_table_reserve(&r->m->objects, r->m->objects.count + r->m->staged.count) < 0) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, cookie, cookie_len);
	free(r->m->cookie);
	r->m->cookie = copy;
	r->m->cookie_len = cookie_len;
	r->m->complete_ns = (int64_t)get64(record);
	memcpy(r->m->chain, made, sizeof(made));
	mirror_fold(r->m);
	r->good = r->at;
	r->summed = r->at;
	sha256_init(&r->sum);
	sha256_update(&r->sum, sizeof(made), made);
	return 0;
}

static int read_change(struct mirror *m, enum record_type type, const uint8_t *data, size_t len)
{
	struct mirrored *o;
	struct uuid id;
	int k;

	if (type == RECORD_GONE) {
		if (len != sizeof(id.bytes))
			return -EBADMSG;
		memcpy(id.bytes, data, len);
		k = mirrored_gone(&id, &o);
	} else {
		k = mirrored_new(data, len, &o);
	}
	if (k < 0)
		return k;
	free(mirror_table_take(&m->staged, &o->uuid));
	k = mirror_table_add(&m->staged, o);
	if (k < 0)
		free(o);
	return k;
}

/* 1: one was read. 0: there is no whole one. */
static int read_record(struct reading *r)
{
	const size_t left = r->len - r->at;
	const uint8_t *head = r->data + r->at;
	size_t len;
	int k;

	if (left < RECORD_LEN)
		return 0;
	len = get32(head);
	if (len == 0 || len > left - 4)
		return 0;
	r->at += 4 + len;
	len--;
	switch (head[4]) {
	case RECORD_COMMIT:
		k = len < COMMIT_LEN ? -EBADMSG : read_commit(r, head + RECORD_LEN, len);
		return k < 0 ? k : 1;
	case RECORD_ENTRY:
	case RECORD_GONE:
		k = read_change(r->m, (enum record_type)head[4], head + RECORD_LEN, len);
		return k < 0 ? k : 1;
	default:
		return -EBADMSG;
	}
}

static int read_all(struct reading *r)
{
	int k;

	sha256_init(&r->sum);
	sha256_update(&r->sum, MIRROR_HASH_LEN, r->data + HEADER_LEN - MIRROR_HASH_LEN);
	do
		k = read_record(r);
	while (k > 0);
	mirror_table_done(&r->m->staged);
	if (k == -EBADMSG && r->at == r->len && r->good > 0)
		k = 0; /* the last write was torn */
	return k < 0 ? k : r->good == 0 ? -EBADMSG : 0;
}

/* Under another mapping the objects stay, and the next batch begins anew. */
static int check_header(struct mirror *m, const uint8_t *data, size_t len, bool *ret_same)
{
	uint8_t header[HEADER_LEN], sum[MIRROR_HASH_LEN];
	struct sha256_ctx h;

	if (len < HEADER_LEN || memcmp(data, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	sha256_init(&h);
	sha256_update(&h, HEADER_LEN - MIRROR_HASH_LEN, data);
	sha256_digest(&h, sizeof(sum), sum);
	if (memcmp(sum, data + HEADER_LEN - MIRROR_HASH_LEN, sizeof(sum)) != 0 ||
	    memcmp(data + sizeof(magic), m->tenant_id.bytes, sizeof(m->tenant_id.bytes)) != 0)
		return -EBADMSG;
	header_make(m, header);
	*ret_same = memcmp(header, data, HEADER_LEN) == 0;
	return 0;
}

static int read_mapped(struct mirror *m, const uint8_t *data, size_t len, bool *ret_same)
{
	struct reading reading = {.m = m, .data = data, .len = len, .at = HEADER_LEN, .summed = HEADER_LEN};
	int r = check_header(m, data, len, ret_same);

	if (r == 0)
		r = read_all(&reading);
	m->file_len = reading.good;
	return r;
}

/* What no commit covers is cut off; the descriptor stays, to go on behind it. */
static int go_on(struct mirror *m)
{
	m->fd = open(m->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (m->fd < 0)
		return -errno;
	if (ftruncate(m->fd, (off_t)m->file_len) < 0 || lseek(m->fd, (off_t)m->file_len, SEEK_SET) < 0)
		return -errno;
	return 0;
}

int mirror_file_load(struct mirror *m)
{
	bool same = false;
	struct stat st;
	int fd = safe_open(m->path), r = 0;
	void *data;

	if (fd < 0)
		return fd == -ENOENT ? (m->read_only ? fd : 0) : fd == -EPERM || fd == -ELOOP || fd == -EINVAL ? -EBADMSG : fd;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (st.st_size < (off_t)HEADER_LEN)
		r = -EBADMSG;
	if (r < 0) {
		close(fd);
		return r;
	}
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return -errno;
	r = read_mapped(m, data, (size_t)st.st_size, &same);
	(void)munmap(data, (size_t)st.st_size);
	if (r < 0)
		return r;
	if (m->read_only)
		return 0;
	if (same)
		return go_on(m);
	free(m->cookie);
	m->cookie = NULL;
	m->cookie_len = 0;
	return 0;
}
