/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_JOURNAL_FORMAT_H
#define TENURE_TENURED_JOURNAL_FORMAT_H

/*
 * Format 1 of the journal, tenure-journal(5).
 *
 * PATH_JOURNAL/journal-SEQ.jsonl   segments, 0600; SEQ: 20 digits, the sequence number of the first line
 *             /head                the last acknowledged line: "SEQ HASH SUM\n", fixed length
 *             /reserve             bytes kept for endings when the disk is full
 *             /lock                flock of the one broker
 *             /damaged-SEQ/        segments that `journal-reset` put aside; journal-(SEQ+1) is what took their place
 *             /reset.jsonl         that one, before it has its name
 *
 * A line is one JSON object and a newline:
 *   {"v":1,"seq":418,"time":"2026-03-02T13:04:11.123456789Z","boot":UUID,"boottime":NS,"event":"activate", FIELDS,
 *    "prev":HEX,"sum":HEX}
 * prev is the SHA-256 of the line before, its newline not counted; sum is that of this line's bytes before `,"sum"`.
 * So no bit of any line can change unseen, the last one's included. The first line of all has a prev of zeros and seq
 * 1; the first after a `journal-reset` carries on seq and has the hash of the last intact line.
 *
 * head is written behind each fdatasync. Whatever it names was acknowledged: if the journal ends before it, that is
 * damage (threat: a cut journal is a valid journal). Behind it, a last write that is not whole was never acknowledged:
 * it is cut off.
 */

#define JOURNAL_FORMAT	    1
#define JOURNAL_LINE_MAX    (64u << 10)
#define JOURNAL_SEGMENT_MAX (8u << 20)  /* about: a new one is begun behind it */
#define JOURNAL_FILE_MAX    (64u << 20) /* what is read of one; `journal-reset` may carry on that much at once */
#define JOURNAL_HASH_LEN    32
#define JOURNAL_HEX_LEN	    64
#define JOURNAL_HEAD_LEN    151 /* 20 + 1 + 64 + 1 + 64 + 1 */

/* What happened; the names stay. `ending`: it takes something away, and goes on when the disk is full. */
#define JOURNAL_EVENTS(X)                                                                                              \
	X(REQUEST, "request", false)                                                                                   \
	X(STEP_UP, "step-up", false)                                                                                   \
	X(APPROVE, "approve", false)                                                                                   \
	X(DENY, "deny", true)                                                                                          \
	X(CANCEL, "cancel", true)                                                                                      \
	X(ACTIVATE, "activate", false)                                                                                 \
	X(SESSION, "session", false)                                                                                   \
	X(SESSION_ENDING, "session-ending", true)                                                                      \
	X(SESSION_END, "session-end", true)                                                                            \
	X(ENDING, "ending", true)                                                                                      \
	X(EXPIRE, "expire", true)                                                                                      \
	X(END, "end", true)                                                                                            \
	X(REVOKE, "revoke", true)                                                                                      \
	X(TIME_OUT, "time-out", true)                                                                                  \
	X(FAILED, "failed", true)                                                                                      \
	X(BIND, "bind", false)                                                                                         \
	X(RETIRE, "retire", true)                                                                                      \
	X(POLICY, "policy", true)                                                                                      \
	X(DEGRADE, "degrade", true)                                                                                    \
	X(RECOVER, "recover", true)                                                                                    \
	X(START, "start", true)                                                                                        \
	X(STOP, "stop", true)                                                                                          \
	X(WARN, "warn", true)                                                                                          \
	X(JOURNAL_RESET, "journal-reset", true)

enum journal_event {
	JOURNAL_EVENT_NONE,
#define X(name, text, ending) JOURNAL_##name,
	JOURNAL_EVENTS(X)
#undef X
	JOURNAL_EVENT_COUNT
};

#endif
