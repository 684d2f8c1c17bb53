/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/delta_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- written --- */

static void put_array(struct buffer *b, const void *items, size_t count, size_t size)
{
	const uint64_t n = count;

	buffer_append(b, &n, sizeof(n));
	if (count > 0)
		buffer_append(b, items, count * size);
}

static void put_text(struct buffer *b, const char *text)
{
	put_array(b, text, strlen(text) + 1, 1);
}

static void put_texts(struct buffer *b, char *const *texts, size_t count)
{
	const uint64_t n = count;

	buffer_append(b, &n, sizeof(n));
	for (size_t i = 0; i < count; i++)
		put_text(b, texts[i]);
}

/* A problem's id is static text, at the same place in parent and child. */
static void put_problems(struct buffer *b, const struct problem_list *list)
{
	const uint64_t lost = list->lost, count = list->count;

	buffer_append(b, &lost, sizeof(lost));
	buffer_append(b, &count, sizeof(count));
	for (size_t i = 0; i < list->count; i++) {
		const struct problem *p = &list->items[i];

		put_array(b, &p->id, 1, sizeof(p->id));
		put_array(b, &p->severity, 1, sizeof(p->severity));
		put_text(b, p->place);
		put_text(b, p->message);
		put_text(b, p->remedy);
	}
}

void delta_report_put(struct buffer *b, const struct delta_report *r, const struct delta *d)
{
	put_array(b, r->leavers, r->leaver_count, sizeof(*r->leavers));
	put_array(b, r->logins, r->login_count, sizeof(*r->logins));
	put_problems(b, &r->problems);
	put_array(b, d->ids, d->id_count, sizeof(*d->ids));
	put_array(b, d->shadowed, d->shadowed_count, sizeof(*d->shadowed));
	put_array(b, d->referred, d->referred_count, sizeof(*d->referred));
	put_array(b, d->shown, d->shown_count, sizeof(*d->shown));
	put_array(b, d->nestings, d->nesting_count, sizeof(*d->nestings));
	put_array(b, d->odd, d->odd_count, sizeof(*d->odd));
	put_array(b, d->assignments, d->assignment_count, sizeof(*d->assignments));
	put_array(b, &d->last, 1, sizeof(d->last));
	put_texts(b, d->bound, d->bound_count);
	put_texts(b, d->places, d->place_count);
	put_texts(b, d->managing, d->managing_count);
}

/* --- read --- */

struct reader {
	const char *at;
	size_t left;
	int error;
};

static uint64_t take_number(struct reader *r)
{
	uint64_t n = 0;

	if (r->left < sizeof(n)) {
		r->error = r->error ? r->error : -EBADMSG;
		return 0;
	}
	memcpy(&n, r->at, sizeof(n));
	r->at += sizeof(n);
	r->left -= sizeof(n);
	return n;
}

/* To be freed; never NULL but after an error. */
static void *take_array(struct reader *r, size_t size, size_t *ret_count)
{
	const uint64_t count = take_number(r);
	void *items;

	*ret_count = 0;
	if (!r->error && count > r->left / size)
		r->error = -EBADMSG;
	items = r->error ? NULL : calloc(count + 1, size);
	if (!items) {
		r->error = r->error ? r->error : -ENOMEM;
		return NULL;
	}
	if (count > 0)
		memcpy(items, r->at, count * size);
	r->at += count * size;
	r->left -= count * size;
	*ret_count = count;
	return items;
}

static char *take_text(struct reader *r)
{
	size_t len;

	return take_array(r, 1, &len);
}

static void take_problem(struct reader *r, struct problem_list *list)
{
	size_t id_count, severity_count;
	const char **id = take_array(r, sizeof(*id), &id_count);
	enum severity *severity = take_array(r, sizeof(*severity), &severity_count);
	char *place = take_text(r), *message = take_text(r), *remedy = take_text(r);

	if (!r->error && (id_count != 1 || severity_count != 1))
		r->error = -EBADMSG;
	if (!r->error)
		problem_add(list, *severity, *id, place, remedy, "%s", message);
	free(id);
	free(severity);
	free(place);
	free(message);
	free(remedy);
}

static void take_texts(struct reader *r, char ***ret, size_t *ret_count)
{
	const uint64_t count = take_number(r);

	if (!r->error && count > r->left)
		r->error = -EBADMSG;
	*ret = r->error ? NULL : calloc(count + 1, sizeof(**ret));
	if (!*ret) {
		r->error = r->error ? r->error : -ENOMEM;
		return;
	}
	while (!r->error && *ret_count < count) {
		(*ret)[*ret_count] = take_text(r);
		if ((*ret)[*ret_count])
			(*ret_count)++;
	}
}

int delta_report_take(const void *data, size_t len, struct delta_report *ret, struct delta *d)
{
	struct reader r = {.at = data, .left = len};
	struct delta_last *last;
	size_t last_count;
	uint64_t count;

	ret->leavers = take_array(&r, sizeof(*ret->leavers), &ret->leaver_count);
	ret->logins = take_array(&r, sizeof(*ret->logins), &ret->login_count);
	ret->problems.lost = take_number(&r) != 0;
	count = take_number(&r);
	for (uint64_t i = 0; !r.error && i < count; i++)
		take_problem(&r, &ret->problems);
	d->ids = take_array(&r, sizeof(*d->ids), &d->id_count);
	d->shadowed = take_array(&r, sizeof(*d->shadowed), &d->shadowed_count);
	d->referred = take_array(&r, sizeof(*d->referred), &d->referred_count);
	d->shown = take_array(&r, sizeof(*d->shown), &d->shown_count);
	d->nestings = take_array(&r, sizeof(*d->nestings), &d->nesting_count);
	d->odd = take_array(&r, sizeof(*d->odd), &d->odd_count);
	d->assignments = take_array(&r, sizeof(*d->assignments), &d->assignment_count);
	last = take_array(&r, sizeof(*last), &last_count);
	if (last && last_count == 1)
		d->last = *last;
	free(last);
	take_texts(&r, &d->bound, &d->bound_count);
	take_texts(&r, &d->places, &d->place_count);
	take_texts(&r, &d->managing, &d->managing_count);
	return r.error;
}

void delta_report_done(struct delta_report *r)
{
	free(r->leavers);
	free(r->logins);
	problem_list_done(&r->problems);
	*r = (struct delta_report){0};
}
