/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/tenured/journal_internal.h"

/* Does the line follow the chain? The first of all may be a reset, which carries on what it put aside. */
static const char *link_error(const struct journal_chain *chain, const struct journal_record *record,
			      const uint8_t prev[static JOURNAL_HASH_LEN])
{
	if (chain->seq == 0 && record->event == JOURNAL_JOURNAL_RESET)
		return NULL;
	if (record->seq != chain->seq + 1)
		return "a line is missing or stands twice";
	if (memcmp(prev, chain->hash, JOURNAL_HASH_LEN) != 0)
		return "the line before is not the one that was";
	return NULL;
}

static int scan_line(const char *line, size_t len, struct journal_chain *chain, journal_fn fn, void *context,
		     const char **ret_why)
{
	uint8_t hash[JOURNAL_HASH_LEN], prev[JOURNAL_HASH_LEN];
	struct journal_record record;
	int r = journal_line_read(line, len, &record, hash, prev, ret_why);

	if (r < 0)
		return r;
	*ret_why = link_error(chain, &record, prev);
	if (*ret_why) {
		r = -EBADMSG;
	} else {
		chain->seq = record.seq;
		memcpy(chain->hash, hash, sizeof(hash));
		r = fn ? fn(context, &record) : 0;
	}
	json_decref(record.line);
	return r;
}

int journal_scan(const char *data, size_t len, struct journal_chain *chain, journal_fn fn, void *context,
		 size_t *ret_good, size_t *ret_line, const char **ret_why)
{
	*ret_good = 0;
	*ret_line = 0;
	*ret_why = NULL;
	while (*ret_good < len) {
		const char *line = data + *ret_good;
		const char *end = memchr(line, '\n', len - *ret_good);

		(*ret_line)++;
		if (!end) {
			*ret_why = "it ends inside a line";
			return -EBADMSG;
		}
		int r = scan_line(line, (size_t)(end - line), chain, fn, context, ret_why);

		if (r != 0)
			return r;
		*ret_good = (size_t)(end - data) + 1;
	}
	return 0;
}

/* Lines behind the damage that are whole in themselves: what they take away must not be lost. Counts them. */
static int scan_loose(const char *data, size_t len, journal_fn fn, void *context, size_t *ret_count)
{
	const char *end;

	for (; len > 0 && (end = memchr(data, '\n', len)); len -= (size_t)(end + 1 - data), data = end + 1) {
		uint8_t hash[JOURNAL_HASH_LEN], prev[JOURNAL_HASH_LEN];
		struct journal_record record;
		const char *why;

		if (journal_line_read(data, (size_t)(end - data), &record, hash, prev, &why) < 0)
			continue;
		(*ret_count)++;
		int r = fn ? fn(context, &record) : 0;

		json_decref(record.line);
		if (r != 0)
			return r;
	}
	return 0;
}

/* One walk over all segments. */
struct journal_reader {
	int folder_fd; /* the journal's */
	journal_fn fn;
	void *context;
	struct journal_report report;
	struct journal_chain chain, head;
	int head_error;
	bool head_seen;
	struct journal_segment *segments;
	size_t count, next;
	/* the segment in hand: its bytes, those that are read, the lines in them, and how far they hold */
	char *data;
	size_t len, at, lines, good;
};

static void damage(struct journal_reader *r, const char *name, size_t line, const char *why)
{
	if (r->report.damaged)
		return; /* the first is the one to look at */
	r->report.damaged = true;
	if (line > 0)
		(void)snprintf(r->report.damage, sizeof(r->report.damage), "%s:%zu: %s", name, line, why);
	else
		(void)snprintf(r->report.damage, sizeof(r->report.damage), "%s: %s", name, why);
}

/* Every line passes here, so that the one that head names is held against it. */
static int count_line(void *context, const struct journal_record *record)
{
	struct journal_reader *r = context;

	if (!r->report.damaged) {
		r->report.verified++;
		if (record->seq == r->head.seq)
			r->head_seen = memcmp(r->chain.hash, r->head.hash, JOURNAL_HASH_LEN) == 0;
	}
	if (record->seq > r->report.last_seq)
		r->report.last_seq = record->seq;
	return r->fn ? r->fn(r->context, record) : 0;
}

/*
 * The rest of a segment does not hold. It is a torn last write, never acknowledged, if it is the end of the journal,
 * lies behind what head names, and no whole line follows; all else is damage.
 */
static int judge_rest(struct journal_reader *r, const char *rest, size_t len, const char *why)
{
	const bool last = r->next == r->count;
	const char *next = memchr(rest, '\n', len);
	size_t whole = 0;
	int k = 0;

	if (last && !r->report.damaged && r->chain.seq >= r->head.seq) {
		if (next)
			k = scan_loose(next + 1, len - (size_t)(next + 1 - rest), NULL, NULL, &whole);
		if (k == 0 && whole == 0) {
			r->report.cut_bytes = len;
			return 0;
		}
	}
	damage(r, r->segments[r->next - 1].name, r->lines, why);
	return next ? scan_loose(next + 1, len - (size_t)(next + 1 - rest), count_line, r, &whole) : 0;
}

/* Takes the next segment in hand. */
static int load(struct journal_reader *r)
{
	const struct journal_segment *segment = &r->segments[r->next++];
	int k = journal_file_read(r->folder_fd, segment->name, JOURNAL_FILE_MAX, &r->data, &r->len);

	r->at = r->lines = r->good = 0;
	if (k == -EPERM || k == -EFBIG) {
		damage(r, segment->name, 0, k == -EPERM ? "owner or mode is not ours" : "too large");
		return 0;
	}
	if (k == 0 && r->len > 0 && r->chain.seq != 0 && segment->seq != r->chain.seq + 1)
		damage(r, segment->name, 0, "a segment is missing");
	return k;
}

/* Where so many lines of what is left end. */
static size_t end_of(const struct journal_reader *r, size_t lines)
{
	const char *p = r->data + r->at;

	for (; lines > 0; lines--) {
		const char *end = memchr(p, '\n', r->len - (size_t)(p - r->data));

		if (!end)
			return r->len;
		p = end + 1;
	}
	return (size_t)(p - r->data);
}

static int read_lines(struct journal_reader *r, size_t lines)
{
	const size_t end = end_of(r, lines), from = r->at;
	size_t good = 0, line = 0, whole = 0;
	const char *why = NULL;
	int k;

	r->at = end;
	if (r->report.damaged)
		return scan_loose(r->data + from, end - from, count_line, r, &whole);
	k = journal_scan(r->data + from, end - from, &r->chain, count_line, r, &good, &line, &why);
	r->good = from + good;
	r->lines += line;
	if (k != -EBADMSG || !why)
		return k;
	r->at = r->len;
	return judge_rest(r, r->data + r->good, r->len - r->good, why);
}

static void put_down(struct journal_reader *r)
{
	free(r->data);
	r->data = NULL;
}

static void hold_against_head(struct journal_reader *r)
{
	char why[96];

	if (r->head_error == -EBADMSG || (r->head_error < 0 && r->count > 0))
		damage(r, "head", 0, r->head_error == -EBADMSG ? "its sum differs" : "it is missing");
	if (r->report.damaged || r->head.seq == 0 || r->head_seen)
		return;
	(void)snprintf(why, sizeof(why), "line %" PRIu64 " was acknowledged and is not there", r->head.seq);
	damage(r, "journal", 0, why);
}

/* JOURNAL_READER_MORE, 0 at its end, or an error. */
static int step(struct journal_reader *r, size_t lines)
{
	int k = 0;

	if (!r->data && r->next == r->count) {
		hold_against_head(r);
		return 0;
	}
	if (!r->data)
		k = load(r);
	if (k == 0 && r->data)
		k = read_lines(r, lines);
	if (r->at == r->len)
		put_down(r);
	return k == 0 ? JOURNAL_READER_MORE : k;
}

/*
 * A reset that was cut short has put segments aside, and the one that begins anew is not there. What was put aside is
 * still what the host must know (bindings, retired uids), and what it must end.
 */
static bool is_beheaded(const struct journal_reader *r, const char *aside)
{
	char name[40];

	for (size_t i = 0; aside[0] && i < r->count; i++) {
		journal_aside_name(r->segments[i].seq - 1, name);
		if (strcmp(name, aside) == 0)
			return false;
	}
	return aside[0];
}

static int read_aside(struct journal_reader *r, const char *name)
{
	struct journal_reader aside = {.fn = r->fn, .context = r->context};
	char inner[40];
	int k = JOURNAL_READER_MORE;

	damage(r, "journal", 0, "a reset was cut short");
	aside.report = r->report;
	aside.folder_fd = openat(r->folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (aside.folder_fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	if (journal_segments(aside.folder_fd, &aside.segments, &aside.count, inner) < 0)
		k = -EIO;
	while (k == JOURNAL_READER_MORE)
		k = step(&aside, SIZE_MAX);
	r->report.last_seq = aside.report.last_seq;
	put_down(&aside);
	free(aside.segments);
	close(aside.folder_fd);
	return k;
}

static int begin(int folder_fd, journal_fn fn, void *context, struct journal_reader *r)
{
	char aside[40];
	int k;

	*r = (struct journal_reader){.folder_fd = folder_fd, .fn = fn, .context = context};
	r->head_error = journal_head_read(folder_fd, &r->head);
	k = journal_segments(folder_fd, &r->segments, &r->count, aside);
	if (r->head_error < 0 && r->head_error != -ENOENT && r->head_error != -EBADMSG && k == 0)
		k = r->head_error;
	return k == 0 && is_beheaded(r, aside) ? read_aside(r, aside) : k;
}

static void finish(struct journal_reader *r)
{
	put_down(r);
	free(r->segments);
}

int journal_read_all(int folder_fd, journal_fn fn, void *context, struct journal_report *report,
		     struct journal_chain *chain, uint64_t *ret_last_segment, size_t *ret_last_length)
{
	struct journal_reader r;
	int k = begin(folder_fd, fn, context, &r);

	if (k == 0)
		k = JOURNAL_READER_MORE;
	while (k == JOURNAL_READER_MORE)
		k = step(&r, SIZE_MAX);
	*report = r.report;
	*chain = r.chain;
	*ret_last_segment = r.count > 0 ? r.segments[r.count - 1].seq : 0;
	*ret_last_length = r.good;
	finish(&r);
	return k;
}

int journal_reader_new(struct journal *j, journal_fn fn, void *context, struct journal_reader **ret)
{
	struct journal_reader *r = calloc(1, sizeof(*r));
	int k = r ? begin(j->folder_fd, fn, context, r) : -ENOMEM;

	if (k != 0) {
		journal_reader_free(r);
		return k;
	}
	*ret = r;
	return 0;
}

int journal_reader_step(struct journal_reader *r, size_t lines, struct journal_report *report)
{
	int k = step(r, lines);

	*report = r->report;
	return k;
}

void journal_reader_free(struct journal_reader *r)
{
	if (!r)
		return;
	finish(r);
	free(r);
}
