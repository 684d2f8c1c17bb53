/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/state.h"

/* What REALTIME must be at least, at that BOOTTIME of the floor's own boot. */
static int64_t carried(const struct time_floor *f, int64_t boottime_ns)
{
	if (boottime_ns <= f->at.boottime_ns)
		return f->at.realtime_ns;
	return time_add(f->at.realtime_ns, boottime_ns - f->at.boottime_ns);
}

void floor_note(struct time_floor *f, const struct uuid *boot, const struct instant *at)
{
	if (!f->known) {
		*f = (struct time_floor){.known = true, .boot = *boot, .at = *at};
		return;
	}
	bool same_boot = uuid_equal(&f->boot, boot);
	int64_t least = same_boot ? carried(f, at->boottime_ns) : f->at.realtime_ns;

	f->refused = at->realtime_ns > time_add(least, same_boot ? FLOOR_JUMP_MAX : FLOOR_JUMP_BOOT_MAX);
	if (same_boot && at->boottime_ns < f->at.boottime_ns)
		return;
	f->boot = *boot;
	f->at.boottime_ns = at->boottime_ns;
	f->at.realtime_ns = f->refused || at->realtime_ns < least ? least : at->realtime_ns;
}

struct instant floor_apply(const struct time_floor *f, const struct uuid *boot, const struct instant *now)
{
	struct instant ret = *now;

	if (!f->known)
		return ret;
	int64_t least = uuid_equal(&f->boot, boot) ? carried(f, now->boottime_ns) : f->at.realtime_ns;

	if (ret.realtime_ns < least)
		ret.realtime_ns = least;
	return ret;
}

struct window state_grant_window(const struct instant *now, const struct instant *with_floor, int64_t duration_ns,
				 int64_t bound_ns)
{
	int64_t left = duration_ns;

	if (bound_ns != TIME_FOREVER) {
		int64_t until_bound = bound_ns <= with_floor->realtime_ns ? 0 : bound_ns - with_floor->realtime_ns;

		if (until_bound < 0) /* more than the range holds */
			until_bound = INT64_MAX;
		if (until_bound < left)
			left = until_bound;
	}
	return (struct window){
		.start_ns = TIME_ALWAYS,
		.end_ns = time_add(now->realtime_ns, left),
		.boot_end_ns = time_add(now->boottime_ns, left),
	};
}

bool state_is_live(const struct state *s, const struct request *r, const struct instant *now)
{
	return r->state == REQUEST_ACTIVE && !r->ending && uuid_equal(&r->boot, &s->boot) && window_holds(&r->window, now);
}
