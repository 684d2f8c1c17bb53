/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/cookie.h"

#include <string.h>

#define SEPARATORS ",;"

/* "20261125120000.000001Z#000000#001#000000": time, count, server, part. */
struct csn {
	const char *text;
	size_t len;
	const char *server;
	size_t server_len;
};

static bool csn_take(const char *text, size_t len, struct csn *ret)
{
	const char *end = text + len, *count = memchr(text, '#', len), *server, *part;

	server = count ? memchr(count + 1, '#', (size_t)(end - count - 1)) : NULL;
	part = server ? memchr(server + 1, '#', (size_t)(end - server - 1)) : NULL;
	if (!part)
		return false;
	*ret = (struct csn){text, len, server + 1, (size_t)(part - server - 1)};
	return true;
}

static bool same_server(const struct csn *a, const struct csn *b)
{
	return a->server_len == b->server_len && memcmp(a->server, b->server, a->server_len) == 0;
}

/* Of one server they are in order as texts (RFC 4533 leaves it to the server; OpenLDAP's have a fixed length). */
static bool is_later(const struct csn *a, const struct csn *b)
{
	const size_t len = a->len < b->len ? a->len : b->len;
	const int order = memcmp(a->text, b->text, len);

	return order > 0 || (order == 0 && a->len > b->len);
}

static bool is_covered(const struct csn *c, const char *const *csns)
{
	struct csn has;

	for (; *csns; csns++)
		if (csn_take(*csns, strlen(*csns), &has) && same_server(c, &has))
			return !is_later(c, &has);
	return false;
}

/* The next CSN of "rid=000,sid=001,csn=A;B"; *at moves behind it. */
static bool next_csn(const char **at, const char *end, struct csn *ret)
{
	while (*at < end) {
		const char *text = *at, *stop = text;

		while (stop < end && !strchr(SEPARATORS, *stop))
			stop++;
		*at = stop < end ? stop + 1 : end;
		if (stop - text > 4 && memcmp(text, "csn=", 4) == 0)
			text += 4;
		if (csn_take(text, (size_t)(stop - text), ret))
			return true;
	}
	return false;
}

bool cookie_is_ahead(const struct cookie *c, const char *const *csns)
{
	const char *at = (const char *)c->bytes, *end = at + c->len;
	struct csn csn;

	if (!*csns || (c->len > 0 && memchr(c->bytes, '\0', c->len)))
		return false;
	while (next_csn(&at, end, &csn))
		if (!is_covered(&csn, csns))
			return true;
	return false;
}
