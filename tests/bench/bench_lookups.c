/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_lookups USERS FOLDER: lookups through glibc's dispatcher, each beside its floor in the same run: the dispatcher
 * with a module that does nothing, and a bare probe of a hash table of as many records (a file in FOLDER, mapped), each
 * probe waiting for the one before. Of many short rounds the fastest counts. Prints a table.
 */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/snapshot/table.h"
#include "tests/bench/bench.h"

#define KEYS   200000u /* random ones; no batch meets what the one before left in the caches */
#define BATCH  1000u   /* short, so that some batches run undisturbed on a busy machine */
#define ROUNDS 400u

extern int __nss_configure_lookup(const char *database, const char *line);

static uint32_t users;
static uint32_t picks[KEYS], first; /* of this batch */
static char names[KEYS][BENCH_NAME_MAX], members[KEYS][BENCH_NAME_MAX], misses[KEYS][BENCH_NAME_MAX];
static char buf[1 << 20];
static volatile uint64_t sum;
static unsigned long wrong;

/* The bare tables, by name and by uid: a bucket of tag and position, a record of 128 bytes. No table does less. */
struct bucket {
	uint32_t tag, record;
};
struct record {
	char name[BENCH_NAME_MAX];
	uint32_t uid, gid; /* gid: what a probe answers, so that the next one truly waits for the record */
	char rest[88];
};
static const uint64_t seed[2] = {0x243f6a8885a308d3u, 0x13198a2e03707344u};
static struct bucket *by_name, *by_uid;
static struct record *records;
static size_t slots;

static void bare_insert(struct bucket *buckets, uint64_t hash, uint32_t record)
{
	size_t at = hash >> 32 & (slots - 1);

	while (buckets[at].record != 0)
		at = (at + 1) & (slots - 1);
	buckets[at] = (struct bucket){(uint32_t)hash, record};
}

static void bare_make(const char *folder)
{
	char path[4096];
	size_t size;
	int fd;

	for (slots = 1; slots < 2 * (size_t)users;)
		slots *= 2;
	size = 2 * slots * sizeof(*by_name) + users * sizeof(*records);
	(void)snprintf(path, sizeof(path), "%s/bare", folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		exit(2);
	by_name = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (by_name == MAP_FAILED)
		exit(2);
	(void)close(fd);
	by_uid = by_name + slots;
	records = (struct record *)(void *)(by_uid + slots);
	for (uint32_t i = 0; i < users; i++) {
		bench_name(i, records[i].name);
		records[i].uid = records[i].gid = BENCH_FIRST_UID + i;
		bare_insert(by_name, table_hash(seed, records[i].name, strlen(records[i].name)), i + 1);
		bare_insert(by_uid, table_hash_id(seed, records[i].uid), i + 1);
	}
}

static uint32_t bare_by_name(const char *name)
{
	uint64_t h = table_hash(seed, name, strlen(name));
	size_t at;

	for (at = h >> 32 & (slots - 1); by_name[at].record != 0; at = (at + 1) & (slots - 1))
		if (by_name[at].tag == (uint32_t)h && strcmp(records[by_name[at].record - 1].name, name) == 0)
			return records[by_name[at].record - 1].gid;
	return 0;
}

static uint32_t bare_by_uid(uint32_t uid)
{
	uint64_t h = table_hash_id(seed, uid);
	size_t at;

	for (at = h >> 32 & (slots - 1); by_uid[at].record != 0; at = (at + 1) & (slots - 1))
		if (by_uid[at].tag == (uint32_t)h && records[by_uid[at].record - 1].uid == uid)
			return records[by_uid[at].record - 1].gid;
	return 0;
}

/* The key of the next probe waits for the answer of the one before. */
static void bare_name_hits(void)
{
	uint32_t last = 0;

	for (uint32_t i = first; i < first + BATCH; i++)
		last = bare_by_name(names[i] + (last == 1));
	sum += last;
}

static void bare_name_misses(void)
{
	uint32_t last = 0;

	for (uint32_t i = first; i < first + BATCH; i++)
		last = bare_by_name(misses[i] + (last == 1));
	sum += last;
}

static void bare_uid_hits(void)
{
	uint32_t last = 0;

	for (uint32_t i = first; i < first + BATCH; i++)
		last = bare_by_uid(BENCH_FIRST_UID + picks[i] + (last == 1));
	sum += last;
}

static void bare_uid_misses(void)
{
	uint32_t last = 0;

	for (uint32_t i = first; i < first + BATCH; i++)
		last = bare_by_uid(BENCH_FIRST_UID + users + picks[i] + (last == 1));
	sum += last;
}

static void pwnam_hits(void)
{
	struct passwd pw, *found;

	for (uint32_t i = first; i < first + BATCH; i++)
		if (getpwnam_r(names[i], &pw, buf, 4096, &found) != 0 || !found)
			wrong++;
}

static void pwnam_misses(void)
{
	struct passwd pw, *found;

	for (uint32_t i = first; i < first + BATCH; i++)
		if (getpwnam_r(misses[i], &pw, buf, 4096, &found) != 0 || found)
			wrong++;
}

static void pwuid_hits(void)
{
	struct passwd pw, *found;

	for (uint32_t i = first; i < first + BATCH; i++)
		if (getpwuid_r(BENCH_FIRST_UID + picks[i], &pw, buf, 4096, &found) != 0 || !found)
			wrong++;
}

static void pwuid_misses(void)
{
	struct passwd pw, *found;

	for (uint32_t i = first; i < first + BATCH; i++)
		if (getpwuid_r(BENCH_FIRST_UID + users + picks[i], &pw, buf, 4096, &found) != 0 || found)
			wrong++;
}

/* What the dispatcher costs with a module that says no at once. */
static void pwuid_floor_misses(void)
{
	struct passwd pw, *found;

	for (uint32_t i = first; i < first + BATCH; i++)
		if (getpwuid_r((uid_t)-2, &pw, buf, 4096, &found) != 0 || found)
			wrong++;
}

static void pwnam_floor_misses(void)
{
	struct passwd pw, *found;

	for (uint32_t i = first; i < first + BATCH; i++)
		if (getpwnam_r("~nobody.here", &pw, buf, 4096, &found) != 0 || found)
			wrong++;
}

static void grouplists(void)
{
	gid_t gids[64];

	for (uint32_t i = first; i < first + BATCH; i++) {
		int count = 64;

		if (getgrouplist(members[i], 4242, gids, &count) < (int)BENCH_USER_GROUPS)
			wrong++;
	}
}

#define BIG_BATCH 10u

static void big_groups(void)
{
	struct group gr, *found;

	for (uint32_t i = 0; i < BIG_BATCH; i++)
		if (getgrnam_r("big", &gr, buf, sizeof(buf), &found) != 0 || !found)
			wrong++;
}

static char *list_text;
static uint8_t *list_lengths;
static size_t list_len;
static uint32_t list_count;

static void list_make(void)
{
	list_count = users < BENCH_BIG_MEMBERS ? users : BENCH_BIG_MEMBERS;
	list_text = malloc((size_t)list_count * BENCH_NAME_MAX);
	list_lengths = malloc(list_count);
	if (!list_text || !list_lengths)
		exit(2);
	for (uint32_t i = 0; i < list_count; i++) {
		bench_name(i, list_text + list_len);
		list_lengths[i] = (uint8_t)(strlen(list_text + list_len) + 1);
		list_len += list_lengths[i];
	}
}

/* Names and pointers into a buffer: no way to answer does less. */
static void bare_copies(void)
{
	for (uint32_t i = 0; i < BIG_BATCH; i++) {
		char **pointers = (char **)(void *)buf, *text = buf + (list_count + 1) * sizeof(char *);

		memcpy(text, list_text, list_len);
		for (uint32_t n = 0; n < list_count; n++) {
			pointers[n] = text;
			text += list_lengths[n];
		}
		pointers[list_count] = NULL;
		__asm__ volatile("" : : "r"(pointers) : "memory");
	}
}

static double once(void (*batch)(void), uint32_t count)
{
	uint64_t start = bench_now_ns();

	batch();
	return (double)(bench_now_ns() - start) / count;
}

static void use(const char *service)
{
	if (__nss_configure_lookup("passwd", service) < 0 || __nss_configure_lookup("group", service) < 0 ||
	    __nss_configure_lookup("initgroups", service) < 0)
		exit(2);
}

struct row {
	const char *title;
	void (*measured)(void);
	void (*dispatched)(void); /* with the module that does nothing */
	void (*bare)(void);
	uint32_t count;
	double want;
	double best, best_dispatched, best_bare;
};

static struct row rows[] = {
    {"getpwnam, hit", pwnam_hits, pwnam_hits, bare_name_hits, BATCH, 1.3, 0, 0, 0},
    {"getpwnam, miss", pwnam_misses, pwnam_floor_misses, bare_name_misses, BATCH, 1.5, 0, 0, 0},
    {"getpwuid, hit", pwuid_hits, pwuid_hits, bare_uid_hits, BATCH, 1.3, 0, 0, 0},
    {"getpwuid, miss", pwuid_misses, pwuid_floor_misses, bare_uid_misses, BATCH, 1.5, 0, 0, 0},
    {"getgrouplist, 6 groups", grouplists, grouplists, bare_name_hits, BATCH, 1.5, 0, 0, 0},
    {"getgrnam, 10k members", big_groups, big_groups, bare_copies, BIG_BATCH, 1.2, 0, 0, 0},
};

static void keep_best(double *best, double value)
{
	if (*best == 0 || value < *best)
		*best = value;
}

static void measure(void)
{
	uint32_t batches = 0;

	for (uint32_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct row *row = &rows[i];

			first = batches++ * BATCH % KEYS;
			use("noop");
			keep_best(&row->best_dispatched, once(row->dispatched, row->count));
			use("tenure");
			keep_best(&row->best, once(row->measured, row->count));
			keep_best(&row->best_bare, once(row->bare, row->count));
		}
}

static void print(void)
{
	(void)printf("%-24s %10s %10s %10s %7s %6s\n", "ns a call", "tenure", "no-op", "bare", "ratio", "want");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		double ratio = row->best / (row->best_dispatched + row->best_bare);

		(void)printf("%-24s %10.0f %10.0f %10.0f %7.2f %6.1f%s\n", row->title, row->best, row->best_dispatched,
			     row->best_bare, ratio, row->want, ratio > row->want ? "  over" : "");
	}
}

int main(int argc, char **argv)
{
	users = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	if (users == 0) {
		(void)fprintf(stderr, "usage: bench_lookups USERS FOLDER\n");
		return 2;
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		picks[i] = (uint32_t)(bench_random(i + 7) % users);
		bench_name(picks[i], names[i]);
		bench_name(picks[i] % BENCH_BIG_MEMBERS, members[i]);
		(void)snprintf(misses[i], sizeof(misses[i]), "nobody.here%u", i);
	}
	bare_make(argv[2]);
	list_make();
	measure();
	print();
	if (wrong > 0)
		(void)fprintf(stderr, "bench_lookups: %lu answers were wrong\n", wrong);
	return wrong > 0;
}
