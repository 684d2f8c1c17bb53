/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the broker is told: connections and batches. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/tenure-sync/serve.h"

int fail(struct failure *ret, enum sync_failure kind, const char *text)
{
	ret->kind = kind;
	(void)snprintf(ret->text, sizeof(ret->text), "%s", text);
	return -EIO;
}

int say(struct server *s, enum sync_type type, unsigned flags)
{
	sync_packet_begin(&s->packet, type, flags);
	return sync_packet_send(s->fd, &s->packet);
}

static int add_uri(struct server *s)
{
	return sync_packet_add_text(&s->packet, SYNC_TAG_URI, s->settings.uris[s->uri]);
}

int say_connected(struct server *s)
{
	int r;

	s->search.told = true;
	s->rounds = 0;
	sync_packet_begin(&s->packet, SYNC_CONNECTED, s->search.polls ? SYNC_POLLS : 0);
	r = add_uri(s);
	return r < 0 ? r : sync_packet_send(s->fd, &s->packet);
}

int say_failed(struct server *s, const struct failure *f)
{
	int r;

	sync_packet_begin(&s->packet, SYNC_FAILED, f->kind);
	r = add_uri(s);
	if (r == 0 && f->text[0])
		r = sync_packet_add_text(&s->packet, SYNC_TAG_TEXT, f->text);
	return r < 0 ? r : sync_packet_send(s->fd, &s->packet);
}

int batch_begin(struct server *s, bool all)
{
	int r = s->search.told ? 0 : say_connected(s);

	s->search.open = true;
	s->search.all = all;
	return r < 0 ? r : say(s, SYNC_REFRESH, all ? SYNC_ALL : 0);
}

int batch_uuids(struct server *s, enum sync_type type, const struct uuid *uuids, size_t count)
{
	int r = count > 0 ? entry_flush() : 0;

	s->search.open = s->search.open || count > 0;
	while (r == 0 && count > 0) {
		sync_packet_begin(&s->packet, type, 0);
		while (r == 0 && count > 0) {
			r = sync_packet_add_uuid(&s->packet, SYNC_TAG_UUID, uuids);
			if (r == 0) {
				uuids++;
				count--;
			}
		}
		if (r == 0 || r == -ENOSPC)
			r = sync_packet_send(s->fd, &s->packet);
	}
	return r;
}

int batch_end(struct server *s)
{
	int r = entry_flush();

	sync_packet_begin(&s->packet, SYNC_DONE, s->search.all ? SYNC_ALL : 0);
	if (s->search.polls)
		s->cookie.len = 0;
	else if (s->search.next.len > 0)
		s->cookie = s->search.next;
	s->search.next.len = 0;
	if (r == 0 && s->cookie.len > 0)
		r = sync_packet_add(&s->packet, SYNC_TAG_COOKIE, s->cookie.bytes, s->cookie.len);
	s->search.open = s->search.all = false;
	return r < 0 ? r : sync_packet_send(s->fd, &s->packet);
}
