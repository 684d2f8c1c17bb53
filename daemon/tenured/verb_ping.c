/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/verb.h"

#include <string.h>
#include <unistd.h>

#include "common/base/text.h"

#define PROBLEMS_MAX	 200
#define PROBLEM_TEXT_MAX (32u * 1024) /* of all: the reply has to fit into a message */

/* Text that is no UTF-8 is shown escaped. */
static json_t *clean(const char *text)
{
	json_t *ret = json_string(text);
	char escaped[512];

	return ret ? ret : json_string(text_escape(text, escaped, sizeof(escaped)));
}

/* What is wrong with the files that are in force or are not, for root alone; as many as fit. */
static json_t *rows_of_problems(struct call *c)
{
	const struct problem_list *list = engine_problems(call_broker(c)->engine);
	json_t *rows = json_array();
	size_t text = 0;

	for (size_t i = 0; i < list->count && i < PROBLEMS_MAX; i++) {
		const struct problem *p = &list->items[i];

		text += strlen(p->place) + strlen(p->message) + strlen(p->remedy);
		if (text > PROBLEM_TEXT_MAX)
			break;
		(void)json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", p->id, "severity",
							    p->severity == SEVERITY_ERROR ? "error" : "warning", "where",
							    clean(p->place), "what", clean(p->message), "remedy",
							    clean(p->remedy)));
	}
	return rows;
}

void verb_ping(struct call *c)
{
	struct broker *b = call_broker(c);
	struct journal *journal = engine_journal(b->engine);
	const char *trouble = journal ? journal_trouble(journal) : "not open";

	call_reply(c, json_pack("{s:s, s:i, s:o, s:s, s:o, s:o}", "version", PACKAGE_VERSION, "pid", (int)getpid(), "since",
				json_time(b->since_ns), "journal", trouble ? trouble : "ok", "degraded",
				json_text(engine_degraded(b->engine)), "problems",
				call_actor(c)->root ? rows_of_problems(c) : json_null()));
}
