/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_MAP_H
#define TENURE_SNAPSHOT_MAP_H

/*
 * What all snapshot files share. A snapshot is an immutable, pointer-free file, replaced as a whole by rename, never
 * written or truncated in place; a reader maps it read-only and keeps no descriptor. All numbers are little-endian,
 * aligned to their size; offsets count from the file's start.
 *
 * MUST (reader): trust nothing that it has not checked against the length of the mapping: whatever a file holds, its
 * reader stays inside it, and what cannot be read is -EBADMSG, which NSS says as UNAVAIL and a gate as a denial.
 *
 * What an accident may do (a flipped bit, a block that is old or another file's; whoever can write here is root):
 *   index, grants                      nothing: a sum over the whole file is compared when it is opened
 *   policy                             nothing: header and records have a check word each (policy_format.h)
 *   identity, holders, keys, secrets   memory stays safe, no more: they may deny, or show what is not so, as a flipped
 *                                      bit in /etc/passwd would; no gate takes its verdict from them
 *
 * Files of a tenant, below PATH_STATE/tenants/NAME/:
 *   identity  0644  what NSS shows                                     identity.h
 *   holders   0644  standing: who holds which right and role, when     holders.h
 *   grants    0644  the same for live grants, bound to this boot       holders.h
 *   keys      0600  ssh public keys                                    keys.h
 *   policy    0600  principals, roles, assignments of this host        policy.h
 *   secrets   0600  password hashes                                    secrets.h
 * Beside identity, holders, keys and policy of a directory in LDAP: their deltas (delta.h).
 * And of the host: PATH_STATE/index 0644                               index.h
 *                  PATH_STATE/gate  0644                               gate_file.h
 */

#include <sys/types.h>
#include <time.h>

#include "common/base/result.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "snapshots are read as they lie in the file");

enum snapshot_kind {
	SNAPSHOT_INDEX = 1,
	SNAPSHOT_IDENTITY,
	SNAPSHOT_KEYS,
	SNAPSHOT_POLICY,
	SNAPSHOT_SECRETS,
	SNAPSHOT_HOLDERS,
};

/* Starts every file; version first. */
struct snapshot_header {
	uint8_t magic[8]; /* "TENURE", NUL and the kind */
	uint32_t version; /* of the kind's format */
	uint32_t header_size;
	uint64_t file_size;	/* of the whole file; must equal the mapping's length */
	uint64_t generation;	/* of the generation page when it was written */
	int64_t written_ns;	/* REALTIME */
	uint8_t tenant_id[16];	/* null for the index */
	uint8_t boot_id[16];	/* of `grants`: valid on this boot alone; null elsewhere */
	uint64_t base_id;	/* what its deltas name (delta.h); 0: it has none */
	uint64_t delta_sequence;	/* of a delta, from 1; 0: it is a base */
};

_Static_assert(sizeof(struct snapshot_header) == 88, "the layout is the format");

/* Where a section of a file lies: offset from the file's start, count in the section's own unit. */
struct snapshot_span {
	uint32_t offset, count;
};

/* A file's size; offsets have 32 bits. */
#define SNAPSHOT_SIZE_MAX UINT32_MAX

/* A mapped file; a small index or table of holders is read instead, which costs a third (SNAPSHOT_READ_MAX). */
#define SNAPSHOT_READ_MAX 8192
struct snapshot {
	const uint8_t *data;
	size_t len;
	/* What snapshot_is_current compares. A mapping keeps the inode from being used again; else the time tells. */
	dev_t device;
	ino_t inode;
	struct timespec changed;
	bool copied;   /* on the heap */
	bool borrowed; /* not ours to give back: memory of a test */
};

/*
 * Opens, checks (owner, mode, header, kind, version, size) and maps. 0; -ENOENT (no such file); -EBADMSG (torn,
 * foreign or of another version); -EPERM (owner or mode); -errno. No descriptor stays open. walk: of safe_open_near,
 * for files that are opened one behind the other; or NULL.
 */
struct safe_walk;
int snapshot_map(struct safe_walk *walk, const char *path, enum snapshot_kind kind, uint32_t version,
		 struct snapshot *ret) MUST_CHECK;
void snapshot_unmap(struct snapshot *s);

/* The header's checks alone, for a snapshot that is in memory already. 0 or -EBADMSG. */
int snapshot_check(const struct snapshot *s, enum snapshot_kind kind, uint32_t version) MUST_CHECK;

/* The kind's own header (it starts with struct snapshot_header), or NULL if the file has a shorter one. */
const void *snapshot_header(const struct snapshot *s, size_t size);

/* True if path still is the file that was mapped. */
bool snapshot_is_current(const struct snapshot *s, const char *path);

/* The section's bytes, or NULL if any lies outside the file or is not aligned. size, align: of one element. */
const void *snapshot_section(const struct snapshot *s, struct snapshot_span span, size_t size, size_t align);

/*
 * Strings of a file: a section of bytes that ends with NUL, so that every offset inside it is a string that ends
 * inside it. POOL_NONE stands for "no string".
 */
#define POOL_NONE UINT32_MAX
struct snapshot_pool {
	const char *text;
	uint32_t len;
};
int snapshot_pool(const struct snapshot *s, struct snapshot_span span, struct snapshot_pool *ret) MUST_CHECK;
/* 0, or -EBADMSG for an offset outside. POOL_NONE gives NULL if the field may be absent. */
int pool_string(const struct snapshot_pool *pool, uint32_t offset, bool may_be_absent, const char **ret) MUST_CHECK;

/* The path of a tenant's file into buf; 0 or -ENAMETOOLONG. name is a valid name. */
#define SNAPSHOT_PATH_MAX 256
int snapshot_tenant_path(const char *tenant, const char *file, char *buf, size_t len) MUST_CHECK;

/*
 * The generation page, PATH_GENERATION (generation_format.h): one page of fixed inode, mapped by every reader. It is
 * bumped behind every publication and at every start of the broker, so that "has anything changed?" costs one load.
 * Where there is none (before the first start, or after it was retired), generation_read returns 0 and the reader
 * looks at the files itself, each time. A reader takes the generation before it opens files, never after.
 */
uint64_t generation_read(void);

/*
 * For the broker: creates the page if need be (a page that is not one is retired first) and maps it writable; then
 * bumps it. 0 or -errno. generation_bump returns the new value.
 */
int generation_open(void) MUST_CHECK;
uint64_t generation_bump(void);

/* Whoever takes PATH_RUN away calls this before: marks the page, so that its readers let go, and unlinks it. */
int generation_retire(void) MUST_CHECK;

/*
 * In the dynamic symbols of the broker alone, whose link line asks for it (-Wl,-u,tenure_broker_process
 * -Wl,--export-dynamic-symbol=tenure_broker_process): the NSS module looks for it when it is loaded and answers the
 * broker's own process NOTFOUND at once (T21).
 */
extern const int tenure_broker_process;

#endif
