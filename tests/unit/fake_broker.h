/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAKE_BROKER_H
#define TENURE_TESTS_FAKE_BROKER_H

/*
 * A broker that plays what a script says, for tests of the command line. The script is a JSON object: for each method
 * ("Status") an array of steps, played for each call of it:
 *   {"reply": {...}}                        the last reply
 *   {"event": {...}}                        a reply with "continues"
 *   {"error": "NotEligible", "parameters": {...}}
 *   {"prompt": TEXT, "echo": false, "want": ANSWER}   asks; another answer is StepUpFailed
 *   {"raw": TEXT}                           these bytes and a NUL
 *   {"pause": MILLISECONDS}   {"hang": true}   {"close": true}
 * A method that the script does not name answers org.varlink.service.MethodNotFound.
 */

#include <sys/types.h>

/*
 * Serves at the socket's path in a child process until fake_broker_stop. Each call is appended to log (a path, may be
 * NULL) as a line of JSON. Returns when the socket accepts. 0 or -errno.
 */
int fake_broker_start(const char *socket_path, const char *script, const char *log, pid_t *ret);
void fake_broker_stop(pid_t pid);

#endif
