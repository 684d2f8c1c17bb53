/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_NOTIFY_H
#define TENURE_TENURED_NOTIFY_H

/* What systemd hears of us; without systemd all of it does nothing. */

#include "common/base/result.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);
/* One line for `systemctl status`. */
void notify_status(const char *text);
/* How often the watchdog wants to hear, in ms; 0: it does not. */
int64_t notify_watchdog_ms(void);

#endif
