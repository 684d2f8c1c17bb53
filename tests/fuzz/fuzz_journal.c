/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a segment of the journal. What does not hold is refused; and since bytes that hold by chance are rare,
 * every line is also taken as a record with a sum of its own, so that the state sees whatever its fields may say.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_fields(struct state *s, const char *line, size_t len, uint64_t seq)
{
	struct journal_record record = {.seq = seq, .at = {(int64_t)seq * NS_PER_S, (int64_t)seq * NS_PER_S}};
	const char *event;

	record.line = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	event = json_string_value(json_object_get(record.line, "event"));
	record.name = event ? event : "";
	record.event = journal_event_of(record.name);
	record.boot = s->boot;
	if (json_is_object(record.line) && state_apply(s, &record) < 0)
		abort();
	json_decref(record.line);
}

static void check(const struct state *s)
{
	for (size_t i = 0; i < s->request_count; i++) {
		const struct request *r = s->requests[i];

		if (!r->user || !r->login || !r->role || !r->scope || r->duration_ns <= 0)
			abort();
		if (state_request(s, &r->id) != r)
			abort(); /* an id twice */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct uuid boot = {{1}};
	struct journal_chain chain = {0};
	size_t good, line_number;
	const char *text = (const char *)data, *why, *end;
	struct state s;
	uint64_t seq = 0;

	state_init(&s, &boot);
	int r = journal_scan(text, size, &chain, state_apply, &s, &good, &line_number, &why);

	if (good > size || (r == 0 && good != size) || (r < 0 && !why))
		abort();
	for (; size > 0 && (end = memchr(text, '\n', size)); size -= (size_t)(end + 1 - text), text = end + 1)
		take_fields(&s, text, (size_t)(end - text), ++seq);
	check(&s);
	const struct instant late = {INT64_MAX, INT64_MAX};

	state_trim(&s, &late);
	state_done(&s);
	return 0;
}
