/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"

int snapshot_check(const struct snapshot *s, enum snapshot_kind kind, uint32_t version)
{
	const struct snapshot_header *h = (const void *)s->data;
	const uint8_t magic[8] = {'T', 'E', 'N', 'U', 'R', 'E', 0, (uint8_t)kind};

	if (s->len < sizeof(*h) || s->len > SNAPSHOT_SIZE_MAX)
		return -EBADMSG;
	if (memcmp(h->magic, magic, sizeof(magic)) != 0 || h->version != version || h->file_size != s->len)
		return -EBADMSG;
	if (h->header_size < sizeof(*h) || h->header_size > s->len)
		return -EBADMSG;
	if (h->base_id == 0 ? h->delta_sequence != 0 : kind == SNAPSHOT_INDEX || kind == SNAPSHOT_SECRETS)
		return -EBADMSG;
	return 0;
}

/* A later release may append to a header, never take away. */
const void *snapshot_header(const struct snapshot *s, size_t size)
{
	const struct snapshot_header *h = (const void *)s->data;

	return h->header_size >= size ? h : NULL;
}

static int contents_map(int fd, struct snapshot *s)
{
	void *data = mmap(NULL, s->len, PROT_READ, MAP_SHARED, fd, 0);

	if (data == MAP_FAILED)
		return -errno;
	s->data = data;
	return 0;
}

/* Aligned as tables want it. No signal cuts the read of a regular file short: less than all of it is a file cut short. */
static int contents_read(int fd, struct snapshot *s)
{
	uint8_t *data = aligned_alloc(64, (s->len + 63) / 64 * 64);
	ssize_t n;

	if (!data)
		return -ENOMEM;
	n = read(fd, data, s->len);
	if (n < 0 || (size_t)n != s->len) {
		int r = n < 0 ? -errno : -EBADMSG;

		free(data);
		return r;
	}
	s->data = data;
	return 0;
}

int snapshot_map(struct safe_walk *walk, const char *path, enum snapshot_kind kind, uint32_t version,
		 struct snapshot *ret)
{
	struct stat st;
	int fd CLEANUP(fd_closep) = safe_open_near(walk, path, &st);
	struct snapshot s = {.data = NULL};
	int r;

	if (fd < 0)
		return fd;
	if (st.st_size < (off_t)sizeof(struct snapshot_header) || st.st_size > (off_t)SNAPSHOT_SIZE_MAX)
		return -EBADMSG;
	s = (struct snapshot){
	    .len = (size_t)st.st_size, .device = st.st_dev, .inode = st.st_ino, .changed = st.st_ctim};
	s.copied = s.len <= SNAPSHOT_READ_MAX && (kind == SNAPSHOT_INDEX || kind == SNAPSHOT_HOLDERS);
	r = s.copied ? contents_read(fd, &s) : contents_map(fd, &s);
	if (r < 0)
		return r;
	r = snapshot_check(&s, kind, version);
	if (r < 0) {
		snapshot_unmap(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void snapshot_unmap(struct snapshot *s)
{
	if (s->copied)
		free((void *)(uintptr_t)s->data);
	else if (s->data && !s->borrowed)
		(void)munmap((void *)(uintptr_t)s->data, s->len);
	*s = (struct snapshot){0};
}

bool snapshot_is_current(const struct snapshot *s, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode &&
	       st.st_ctim.tv_sec == s->changed.tv_sec && st.st_ctim.tv_nsec == s->changed.tv_nsec;
}

const void *snapshot_section(const struct snapshot *s, struct snapshot_span span, size_t size, size_t align)
{
	uint64_t bytes = (uint64_t)span.count * size;

	if (span.offset > s->len || bytes > s->len - span.offset || span.offset % align != 0)
		return NULL;
	return s->data + span.offset;
}

int snapshot_pool(const struct snapshot *s, struct snapshot_span span, struct snapshot_pool *ret)
{
	const char *text = snapshot_section(s, span, 1, 1);

	if (!text || span.count == 0 || text[span.count - 1] != '\0')
		return -EBADMSG;
	*ret = (struct snapshot_pool){.text = text, .len = span.count};
	return 0;
}

int pool_string(const struct snapshot_pool *pool, uint32_t offset, bool may_be_absent, const char **ret)
{
	if (offset == POOL_NONE && may_be_absent) {
		*ret = NULL;
		return 0;
	}
	if (offset >= pool->len)
		return -EBADMSG;
	*ret = pool->text + offset;
	return 0;
}

/* Joins without stdio: this runs in other people's processes. */
static bool join(char **end, size_t *left, const char *s)
{
	size_t n = strlen(s);

	if (n >= *left)
		return false;
	memcpy(*end, s, n + 1);
	*end += n;
	*left -= n;
	return true;
}

int snapshot_tenant_path(const char *tenant, const char *file, char *buf, size_t len)
{
	char *end = buf;

	if (join(&end, &len, tenure_path(PATH_STATE)) && join(&end, &len, "/tenants/") && join(&end, &len, tenant) &&
	    join(&end, &len, "/") && join(&end, &len, file))
		return 0;
	return -ENAMETOOLONG;
}
