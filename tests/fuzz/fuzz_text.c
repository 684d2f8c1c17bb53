/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every parser of base on any text: what is taken obeys its rule, what is shown is harmless, what is formatted reads back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_shown(const char *text, size_t room)
{
	char *buf = malloc(room);

	if (!buf)
		return;
	text_escape(text, buf, room);
	must(strlen(buf) < room && text_check(buf, room) == 0 && !strchr(buf, '"'));
	free(buf);
}

static void check_names(const char *text)
{
	if (name_is_valid(text))
		must(strlen(text) <= NAME_LENGTH_MAX && login_is_valid(text) && field_is_valid(text) &&
		     text_check(text, NAME_LENGTH_MAX) == 0 && text[0] != '-' && !strpbrk(text, "/: @"));
	if (login_is_valid(text) || domain_is_valid(text))
		must(field_is_valid(text) && !strchr(text, '/'));
	if (scope_path_is_valid(text))
		must(text[0] == '/' && scope_covers("/", text) && scope_covers(text, text) && !strstr(text, "/."));
	if (field_is_valid(text))
		must(!strpbrk(text, ":\n\r"));
}

static void check_times(const char *text)
{
	char again[TIME_TEXT_MAX];
	int64_t a, b;

	if (time_parse_rfc3339(text, &a) == 0) {
		time_format_rfc3339(a, again, sizeof(again));
		must(time_parse_rfc3339(again, &b) == 0 && b <= a && a - b < NS_PER_S);
	}
	if (duration_parse(text, &a) == 0) {
		duration_format(a, again, sizeof(again));
		must(duration_parse(again, &b) == 0 && a == b && a >= 0);
	}
}

static void check_ids(const char *text)
{
	char again[UUID_TEXT_MAX];
	struct uuid id, same;
	uint64_t number;

	if (uuid_parse(text, &id) == 0) {
		uuid_format(&id, again);
		must(uuid_parse(again, &same) == 0 && uuid_equal(&id, &same));
		must(request_id_matches(&id, text) && request_id_text_is_valid(text));
		request_id_format(&id, again);
		must(request_id_matches(&id, again));
	}
	if (number_parse(text, UINT32_MAX, &number) == 0)
		must(number <= UINT32_MAX && strlen(text) <= 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_shown(text, 1);
	check_shown(text, 7);
	check_shown(text, 4 * size + 1);
	check_names(text);
	check_times(text);
	check_ids(text);
	free(text);
	return 0;
}
