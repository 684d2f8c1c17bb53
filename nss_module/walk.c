/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nss_module/walk.h"

#include <errno.h>

void walk_end(struct walk *w)
{
	view_unpin(w->view);
	*w = (struct walk){0};
}

int walk_begin(struct walk *w)
{
	struct reading reading;
	int r;

	if (w->view && view_is_mine(w->view))
		return 0;
	walk_end(w); /* another user's: what it has mapped is not for this one */
	r = view_enter(&reading);
	if (r < 0)
		return r;
	view_pin(reading.view);
	*w = (struct walk){.view = reading.view};
	view_leave(&reading);
	return 0;
}

/* What the caller can do something about, he is told at once: a larger buffer, another try. */
bool walk_goes_on(struct walk *w, int error)
{
	if (error == -ERANGE || error == -ENOMEM || error == -EMFILE || error == -ENFILE)
		return false;
	if (error != -ENOENT)
		w->damage = error;
	w->tenant++;
	w->phase = w->cursor = 0;
	return true;
}

int walk_over(struct walk *w)
{
	int damage = w->damage;

	w->damage = 0;
	return damage < 0 ? damage : -ENOENT;
}
