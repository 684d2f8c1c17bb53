/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void problem_done(struct problem *p)
{
	free(p->place);
	free(p->message);
	free(p->remedy);
}

void problem_list_done(struct problem_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		problem_done(&list->items[i]);
	free(list->items);
	*list = (struct problem_list){0};
}

static void count_out(struct problem_list *list, enum severity severity)
{
	if (severity == SEVERITY_ERROR)
		list->errors--;
	else
		list->warnings--;
}

void problem_list_cut(struct problem_list *list, size_t count)
{
	while (list->count > count) {
		struct problem *last = &list->items[--list->count];

		count_out(list, last->severity);
		problem_done(last);
	}
}

static bool make_room(struct problem_list *list)
{
	size_t size = list->size ? list->size * 2 : 16;
	struct problem *items;

	if (list->count < list->size)
		return true;
	items = reallocarray(list->items, size, sizeof(*items));
	if (!items)
		return false;
	list->items = items;
	list->size = size;
	return true;
}

void problem_add(struct problem_list *list, enum severity severity, const char *id, const char *place,
		 const char *remedy, const char *format, ...)
{
	struct problem p = {.id = id, .severity = severity};
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&p.message, format, args);
	va_end(args);
	if (len < 0)
		p.message = NULL;
	p.place = strdup(place ? place : "");
	p.remedy = strdup(remedy ? remedy : "");
	if (!p.message || !p.place || !p.remedy || !make_room(list)) {
		problem_done(&p);
		list->lost = true;
		return;
	}
	list->items[list->count++] = p;
	if (severity == SEVERITY_ERROR)
		list->errors++;
	else
		list->warnings++;
}

void problem_list_move(struct problem_list *to, struct problem_list *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct problem *p = &from->items[i];

		problem_add(to, p->severity, p->id, p->place, p->remedy, "%s", p->message);
	}
	to->lost = to->lost || from->lost;
	problem_list_done(from);
}

static uint64_t mix(uint64_t hash, const char *text)
{
	/* FNV-1a, the NUL included, so that no two fields run into one. */
	do
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	while (*text++ != '\0');
	return hash;
}

uint64_t problem_list_hash(const struct problem_list *list)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) + list->lost;

	for (size_t i = 0; i < list->count; i++) {
		const struct problem *p = &list->items[i];

		hash = mix(hash, p->severity == SEVERITY_ERROR ? "e" : "w");
		hash = mix(mix(mix(mix(hash, p->id), p->place), p->message), p->remedy);
	}
	return hash;
}
