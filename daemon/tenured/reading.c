/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define LINES_A_TURN 500

struct reading {
	struct readings *all;
	struct reading *next; /* in turn */
	struct reading_input in;
	struct journal_reader *reader;
};

struct readings {
	struct loop_source *turn;
	struct reading *first; /* whose turn it is */
	size_t count;
};

/* Of ours alone: a busy machine is nobody's fault here. */
static int64_t processor_time(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void unlink_one(struct reading *r)
{
	for (struct reading **at = &r->all->first; *at; at = &(*at)->next) {
		if (*at != r)
			continue;
		*at = r->next;
		r->all->count--;
		break;
	}
	r->next = NULL;
}

static void link_last(struct readings *all, struct reading *r)
{
	struct reading **at = &all->first;

	while (*at)
		at = &(*at)->next;
	*at = r;
	all->count++;
}

void reading_free(struct reading *r)
{
	if (!r)
		return;
	unlink_one(r);
	journal_reader_free(r->reader);
	free(r);
}

/* One bit of one reading; as much time again is everybody else's. */
static void on_turn(void *context)
{
	struct readings *all = context;
	struct reading *r = all->first;
	struct journal_report report;
	const int64_t began = processor_time();
	int k;

	if (!r)
		return;
	k = journal_reader_step(r->reader, LINES_A_TURN, &report);
	if (k == JOURNAL_READER_MORE) {
		unlink_one(r);
		link_last(all, r);
	} else {
		const struct reading_input in = r->in;

		reading_free(r);
		in.done(in.context, k, &report);
	}
	if (all->first)
		loop_set_timer(all->turn, time_add(loop_in_ms(0), processor_time() - began));
}

int readings_new(struct loop *loop, struct readings **ret)
{
	struct readings *all = calloc(1, sizeof(*all));
	int r;

	if (!all)
		return -ENOMEM;
	r = loop_add_timer(loop, TIME_FOREVER, on_turn, all, &all->turn);
	if (r < 0) {
		free(all);
		return r;
	}
	*ret = all;
	return 0;
}

void readings_free(struct readings *all)
{
	if (!all)
		return;
	while (all->first)
		reading_free(all->first);
	loop_source_clear(&all->turn);
	free(all);
}

static size_t count_of_uid(const struct readings *all, uid_t uid)
{
	size_t n = 0;

	for (const struct reading *r = all->first; r; r = r->next)
		n += r->in.uid == uid;
	return n;
}

int reading_start(struct readings *all, const struct reading_input *in, struct reading **ret)
{
	struct reading *reading;
	int r;

	if (all->count >= READINGS_MAX || count_of_uid(all, in->uid) >= READINGS_PER_UID_MAX)
		return -EBUSY;
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	reading->all = all;
	reading->in = *in;
	r = journal_reader_new(in->journal, in->line, in->context, &reading->reader);
	if (r < 0) {
		free(reading);
		return r;
	}
	link_last(all, reading);
	if (all->count == 1)
		loop_set_timer(all->turn, 0);
	*ret = reading;
	return 0;
}
