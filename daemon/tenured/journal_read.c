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

/* What one walk over all segments holds. */
struct reading {
	int folder_fd;
	journal_fn fn;
	void *context;
	struct journal_report *report;
	struct journal_chain *chain, head;
	bool head_seen;
	uint64_t last_segment;
	size_t last_length;
};

static void damage(struct reading *r, const char *name, size_t line, const char *why)
{
	if (r->report->damaged)
		return; /* the first is the one to look at */
	r->report->damaged = true;
	if (line > 0)
		(void)snprintf(r->report->damage, sizeof(r->report->damage), "%s:%zu: %s", name, line, why);
	else
		(void)snprintf(r->report->damage, sizeof(r->report->damage), "%s: %s", name, why);
}

/* Every line passes here, so that the one that head names is held against it. */
static int count_line(void *context, const struct journal_record *record)
{
	struct reading *r = context;

	if (!r->report->damaged) {
		r->report->verified++;
		if (record->seq == r->head.seq)
			r->head_seen = memcmp(r->chain->hash, r->head.hash, JOURNAL_HASH_LEN) == 0;
	}
	if (record->seq > r->report->last_seq)
		r->report->last_seq = record->seq;
	return r->fn ? r->fn(r->context, record) : 0;
}

/*
 * The rest of a segment does not hold. It is a torn last write, never acknowledged, if it is the end of the journal,
 * lies behind what head names, and no whole line follows; all else is damage.
 */
static int judge_rest(struct reading *r, const struct journal_segment *segment, bool last, const char *rest, size_t len,
		      size_t line, const char *why)
{
	size_t whole = 0;
	const char *next = memchr(rest, '\n', len);
	int k = 0;

	if (last && !r->report->damaged && r->chain->seq >= r->head.seq) {
		if (next)
			k = scan_loose(next + 1, len - (size_t)(next + 1 - rest), NULL, NULL, &whole);
		if (k == 0 && whole == 0) {
			r->report->cut_bytes = len;
			return 0;
		}
	}
	damage(r, segment->name, line, why);
	return next ? scan_loose(next + 1, len - (size_t)(next + 1 - rest), count_line, r, &whole) : 0;
}

static int read_segment(struct reading *r, const struct journal_segment *segment, bool last)
{
	char *data = NULL;
	size_t len = 0, good = 0, line = 0, whole = 0;
	const char *why = NULL;
	int k = journal_file_read(r->folder_fd, segment->name, JOURNAL_FILE_MAX, &data, &len);

	if (k == -EPERM || k == -EFBIG) {
		damage(r, segment->name, 0, k == -EPERM ? "owner or mode is not ours" : "too large");
		return 0;
	}
	if (k < 0)
		return k;
	r->last_segment = segment->seq;
	if (r->report->damaged) {
		k = scan_loose(data, len, count_line, r, &whole);
	} else {
		if (len > 0 && r->chain->seq != 0 && segment->seq != r->chain->seq + 1)
			damage(r, segment->name, 0, "a segment is missing");
		k = r->report->damaged ? scan_loose(data, len, count_line, r, &whole)
				       : journal_scan(data, len, r->chain, count_line, r, &good, &line, &why);
		if (k == -EBADMSG && why)
			k = judge_rest(r, segment, last, data + good, len - good, line, why);
	}
	r->last_length = good;
	free(data);
	return k;
}

/*
 * A reset that was cut short has put segments aside, and the one that begins anew is not there. What was put aside is
 * still what the host must know (bindings, retired uids), and what it must end.
 */
static bool is_beheaded(const struct journal_segment *segments, size_t count, const char *aside)
{
	char name[40];

	for (size_t i = 0; aside[0] && i < count; i++) {
		journal_aside_name(segments[i].seq - 1, name);
		if (strcmp(name, aside) == 0)
			return false;
	}
	return aside[0];
}

static int read_aside(struct reading *r, const char *name)
{
	struct journal_segment *segments = NULL;
	struct reading aside = *r;
	char inner[40];
	size_t count = 0;
	int k;

	damage(r, "journal", 0, "a reset was cut short");
	aside.folder_fd = openat(r->folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (aside.folder_fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	k = journal_segments(aside.folder_fd, &segments, &count, inner);
	for (size_t i = 0; k == 0 && i < count; i++)
		k = read_segment(&aside, &segments[i], false);
	free(segments);
	close(aside.folder_fd);
	return k;
}

static void hold_against_head(struct reading *r, int head_error, size_t segments)
{
	char why[96];

	if (head_error == -EBADMSG || (head_error < 0 && segments > 0))
		damage(r, "head", 0, head_error == -EBADMSG ? "its sum differs" : "it is missing");
	if (r->report->damaged || r->head.seq == 0 || r->head_seen)
		return;
	(void)snprintf(why, sizeof(why), "line %" PRIu64 " was acknowledged and is not there", r->head.seq);
	damage(r, "journal", 0, why);
}

int journal_read_all(int folder_fd, journal_fn fn, void *context, struct journal_report *report,
		     struct journal_chain *chain, uint64_t *ret_last_segment, size_t *ret_last_length)
{
	struct reading reading = {
		.folder_fd = folder_fd, .fn = fn, .context = context, .report = report, .chain = chain,
	};
	struct journal_segment *segments = NULL;
	size_t count = 0;
	char aside[40] = "";
	int head_error = journal_head_read(folder_fd, &reading.head);
	int r = journal_segments(folder_fd, &segments, &count, aside);

	*report = (struct journal_report){0};
	*chain = (struct journal_chain){0};
	if (head_error < 0 && head_error != -ENOENT && head_error != -EBADMSG && r == 0)
		r = head_error;
	if (r == 0 && is_beheaded(segments, count, aside))
		r = read_aside(&reading, aside);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_segment(&reading, &segments[i], i + 1 == count);
	free(segments);
	if (r != 0)
		return r;
	hold_against_head(&reading, head_error, count);
	*ret_last_segment = reading.last_segment;
	*ret_last_length = reading.last_length;
	return 0;
}
