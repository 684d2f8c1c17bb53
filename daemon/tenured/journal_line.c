/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "daemon/tenured/journal_internal.h"

#define SUM_KEY	 ",\"sum\":\""
#define SUM_LEN	 (sizeof(SUM_KEY) - 1 + JOURNAL_HEX_LEN + 2) /* ,"sum":"HEX"} */

static const struct {
	const char *text;
	bool ending;
} events[JOURNAL_EVENT_COUNT] = {
#define X(name, text, ending) [JOURNAL_##name] = {text, ending},
	JOURNAL_EVENTS(X)
#undef X
};

enum journal_event journal_event_of(const char *name)
{
	for (int i = 1; i < JOURNAL_EVENT_COUNT; i++)
		if (strcmp(events[i].text, name) == 0)
			return (enum journal_event)i;
	return JOURNAL_EVENT_NONE;
}

const char *journal_event_text(enum journal_event event)
{
	if (event <= JOURNAL_EVENT_NONE || event >= JOURNAL_EVENT_COUNT)
		return "unknown";
	return events[event].text;
}

bool journal_event_is_ending(enum journal_event event)
{
	return event > JOURNAL_EVENT_NONE && event < JOURNAL_EVENT_COUNT && events[event].ending;
}

void journal_sha256(const void *data, size_t len, uint8_t hash[static JOURNAL_HASH_LEN])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, len, data);
	sha256_digest(&context, JOURNAL_HASH_LEN, hash);
}

void journal_hex(const uint8_t hash[static JOURNAL_HASH_LEN], char hex[static JOURNAL_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < JOURNAL_HASH_LEN; i++) {
		hex[2 * i] = digits[hash[i] >> 4];
		hex[2 * i + 1] = digits[hash[i] & 15];
	}
	hex[JOURNAL_HEX_LEN] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int journal_unhex(const char *hex, uint8_t hash[static JOURNAL_HASH_LEN])
{
	for (size_t i = 0; i < JOURNAL_HASH_LEN; i++) {
		int high = nibble(hex[2 * i]), low = high < 0 ? -1 : nibble(hex[2 * i + 1]);

		if (low < 0)
			return -EBADMSG;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* RFC 3339 with nanoseconds. */
static void format_time(int64_t realtime_ns, char buf[static 64])
{
	char seconds[TIME_TEXT_MAX];
	int64_t fraction = realtime_ns % NS_PER_S;

	if (fraction < 0)
		fraction += NS_PER_S;
	time_format_rfc3339(realtime_ns, seconds, sizeof(seconds));
	seconds[strcspn(seconds, "Z")] = '\0';
	(void)snprintf(buf, 64, "%s.%09" PRId64 "Z", seconds, fraction);
}

/* jansson's own json_object_update_missing leaves out, without a word, what it finds no memory for. */
static int add_missing(json_t *line, json_t *fields)
{
	const char *key;
	json_t *value;

	json_object_foreach(fields, key, value)
		if (!json_object_get(line, key) && json_object_set(line, key, value) < 0)
			return -1;
	return 0;
}

static json_t *line_object(const struct journal *j, enum journal_event event, json_t *fields,
			   const struct journal_chain *chain, const struct instant *now)
{
	char time[64], boot[UUID_TEXT_MAX], prev[JOURNAL_HEX_LEN + 1];
	json_t *line = json_object();

	format_time(now->realtime_ns, time);
	uuid_format(&j->boot, boot);
	journal_hex(chain->hash, prev);
	if (json_object_set_new(line, "v", json_integer(JOURNAL_FORMAT)) < 0 ||
	    json_object_set_new(line, "seq", json_integer((json_int_t)(chain->seq + 1))) < 0 ||
	    json_object_set_new(line, "time", json_string(time)) < 0 ||
	    json_object_set_new(line, "boot", json_string(boot)) < 0 ||
	    json_object_set_new(line, "boottime", json_integer(now->boottime_ns)) < 0 ||
	    json_object_set_new(line, "event", json_string(journal_event_text(event))) < 0 ||
	    add_missing(line, fields) < 0 ||
	    json_object_set_new(line, "prev", json_string(prev)) < 0 || json_object_del(line, "sum") > 0) {
		json_decref(line);
		return NULL;
	}
	return line;
}

/* json_dumps leaves out a key, without a word, that it finds no memory for; into a buffer that is there it cannot. */
char *journal_dump(const json_t *object, size_t *ret_len)
{
	char *text;

	*ret_len = object ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
	text = *ret_len > 0 ? malloc(*ret_len + 1) : NULL;
	if (text && json_dumpb(object, text, *ret_len, JSON_COMPACT) == *ret_len) {
		text[*ret_len] = '\0';
		return text;
	}
	free(text);
	*ret_len = 0;
	return NULL;
}

int journal_line_make(const struct journal *j, enum journal_event event, json_t *fields, struct journal_chain *chain,
		      struct buffer *out, json_t **ret_line)
{
	struct instant now;
	uint8_t sum[JOURNAL_HASH_LEN];
	char hex[JOURNAL_HEX_LEN + 1];
	size_t start = out->len, len = 0;
	int r = j->clock->now(j->clock, &now);

	if (r < 0)
		return r;
	json_t *line = line_object(j, event, fields, chain, &now);
	char *text = journal_dump(line, &len);

	r = len < 2 ? -ENOMEM : len + SUM_LEN > JOURNAL_LINE_MAX ? -E2BIG : 0;
	if (r == 0) {
		journal_sha256(text, len - 1, sum);
		journal_hex(sum, hex);
		buffer_append(out, text, len - 1);
		buffer_printf(out, SUM_KEY "%s\"}\n", hex);
		r = buffer_error(out);
	}
	free(text);
	if (r < 0) {
		json_decref(line);
		return r;
	}
	journal_sha256(out->data + start, out->len - start - 1, chain->hash);
	chain->seq++;
	*ret_line = line;
	return 0;
}

int journal_line_plain(const struct journal *j, enum journal_event event, const struct uuid *id,
		       struct journal_chain *chain, char line[static JOURNAL_PLAIN_MAX], size_t *ret_len)
{
	char time[64], boot[UUID_TEXT_MAX], text[UUID_TEXT_MAX], hex[JOURNAL_HEX_LEN + 1];
	uint8_t sum[JOURNAL_HASH_LEN];
	struct instant now;
	int n, r = j->clock->now(j->clock, &now);

	if (r < 0)
		return r;
	format_time(now.realtime_ns, time);
	uuid_format(&j->boot, boot);
	uuid_format(id, text);
	journal_hex(chain->hash, hex);
	n = snprintf(line, JOURNAL_PLAIN_MAX,
		     "{\"v\":%d,\"seq\":%" PRIu64 ",\"time\":\"%s\",\"boot\":\"%s\",\"boottime\":%" PRId64
		     ",\"event\":\"%s\",\"id\":\"%s\",\"lacks\":\"memory\",\"prev\":\"%s\"",
		     JOURNAL_FORMAT, chain->seq + 1, time, boot, now.boottime_ns, journal_event_text(event), text, hex);
	journal_sha256(line, (size_t)n, sum);
	journal_hex(sum, hex);
	n += snprintf(line + n, JOURNAL_PLAIN_MAX - (size_t)n, SUM_KEY "%s\"}\n", hex);
	journal_sha256(line, (size_t)n - 1, chain->hash);
	chain->seq++;
	*ret_len = (size_t)n;
	return 0;
}

static int check_sum(const char *line, size_t len)
{
	uint8_t said[JOURNAL_HASH_LEN], sum[JOURNAL_HASH_LEN];
	const char *tail = line + len - SUM_LEN;

	if (len <= SUM_LEN || memcmp(tail, SUM_KEY, sizeof(SUM_KEY) - 1) != 0 || memcmp(line + len - 2, "\"}", 2) != 0)
		return -EBADMSG;
	if (journal_unhex(tail + sizeof(SUM_KEY) - 1, said) < 0)
		return -EBADMSG;
	journal_sha256(line, len - SUM_LEN, sum);
	return memcmp(said, sum, sizeof(sum)) == 0 ? 0 : -EBADMSG;
}

static int read_header(struct journal_record *ret, uint8_t prev[static JOURNAL_HASH_LEN])
{
	const char *time = json_string_value(json_object_get(ret->line, "time"));
	const char *boot = json_string_value(json_object_get(ret->line, "boot"));
	const char *hex = json_string_value(json_object_get(ret->line, "prev"));
	json_t *seq = json_object_get(ret->line, "seq"), *boottime = json_object_get(ret->line, "boottime");
	json_t *version = json_object_get(ret->line, "v");

	ret->name = json_string_value(json_object_get(ret->line, "event"));
	if (!time || !boot || !hex || !ret->name || !json_is_integer(seq) || !json_is_integer(boottime) ||
	    !json_is_integer(version) || json_integer_value(version) != JOURNAL_FORMAT ||
	    json_integer_value(seq) < 1 || strlen(hex) != JOURNAL_HEX_LEN || uuid_parse(boot, &ret->boot) < 0 ||
	    time_parse_rfc3339(time, &ret->at.realtime_ns) < 0 || journal_unhex(hex, prev) < 0)
		return -EBADMSG;
	ret->seq = (uint64_t)json_integer_value(seq);
	ret->at.boottime_ns = json_integer_value(boottime);
	ret->event = journal_event_of(ret->name);
	return 0;
}

int journal_line_read(const char *line, size_t len, struct journal_record *ret, uint8_t hash[static JOURNAL_HASH_LEN],
		      uint8_t prev[static JOURNAL_HASH_LEN], const char **ret_why)
{
	*ret = (struct journal_record){0};
	*ret_why = "sum differs";
	if (len > JOURNAL_LINE_MAX || check_sum(line, len) < 0)
		return -EBADMSG;
	journal_sha256(line, len, hash);
	ret->line = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	*ret_why = "no line of this format";
	if (!json_is_object(ret->line) || read_header(ret, prev) < 0) {
		json_decref(ret->line);
		ret->line = NULL;
		return -EBADMSG;
	}
	return 0;
}
