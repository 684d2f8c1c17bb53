/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nss_module/walk.h"

void walk_end(struct walk *w)
{
	view_unpin(w->view);
	*w = (struct walk){0};
}

int walk_begin(struct walk *w)
{
	struct reading reading;
	int r;

	if (w->view)
		return 0;
	r = view_enter(&reading);
	if (r < 0)
		return r;
	view_pin(reading.view);
	*w = (struct walk){.view = reading.view};
	view_leave(&reading);
	return 0;
}
