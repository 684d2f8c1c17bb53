/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tenured, the broker. Root, small, one thread. It starts, says that it is ready, turns its loop, and leaves sessions
 * running when it stops: what they may do is in the snapshots, and when they end is in a timer of PID 1's too.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/wire/wire.h"
#include "daemon/tenured/broker.h"
#include "daemon/tenured/drain.h"
#include "daemon/tenured/log.h"
#include "daemon/tenured/log_send.h"
#include "daemon/tenured/notify.h"
#include "daemon/tenured/server.h"

#define DESCRIPTORS 16384 /* a connection takes two */
#define LOG_RETRY_MS 200

struct program {
	struct broker broker;
	struct loop_source *terminate, *interrupt, *hang_up, *watchdog, *log;
};

static void on_terminate(void *context, int signal_number)
{
	struct program *p = context;

	(void)signal_number;
	loop_stop(p->broker.loop);
}

static void on_hang_up(void *context, int signal_number)
{
	struct program *p = context;
	size_t errors = 0, warnings = 0;
	int r;

	(void)signal_number;
	notify_reloading();
	r = broker_reload(&p->broker, NULL, &errors, &warnings);
	if (r < 0)
		log_text(LOG_ERR, "reload: %s", strerror(-r));
	else
		log_text(LOG_NOTICE, "reloaded: %zu errors, %zu warnings", errors, warnings);
	notify_ready();
}

static void on_watchdog(void *context)
{
	struct program *p = context;

	notify_watchdog();
	loop_set_timer(p->watchdog, loop_in_ms(notify_watchdog_ms()));
}

static void on_log(void *context)
{
	struct program *p = context;

	loop_set_timer(p->log, log_flush() ? TIME_FOREVER : loop_in_ms(LOG_RETRY_MS));
}

static void on_log_waits(void *context)
{
	struct program *p = context;

	loop_set_timer(p->log, loop_in_ms(LOG_RETRY_MS));
}

static int watch_log(struct program *p)
{
	int r = loop_add_timer(p->broker.loop, TIME_FOREVER, on_log, p, &p->log);

	if (r == 0)
		log_send_on_wait(on_log_waits, p);
	return r;
}

/* No core, no look inside (T34); descriptors enough; nothing of where we were started stays. */
static int settle_in(void)
{
	const struct rlimit no_core = {0, 0};
	struct rlimit descriptors;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0 || chdir("/") < 0)
		return -errno;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur < DESCRIPTORS) {
		descriptors.rlim_cur = descriptors.rlim_max < DESCRIPTORS ? descriptors.rlim_max : DESCRIPTORS;
		(void)setrlimit(RLIMIT_NOFILE, &descriptors);
	}
	(void)umask(022);
	(void)signal(SIGPIPE, SIG_IGN);
	wire_wipe_json_memory();
	return 0;
}

/* tmpfiles.d makes them where there is systemd; both outlive us. */
static int make_folders(void)
{
	static const enum tenure_path folders[] = {PATH_RUN, PATH_STATE};

	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		if (mkdir(tenure_path(folders[i]), 0755) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

static int watch_signals(struct program *p)
{
	struct loop *loop = p->broker.loop;
	int64_t watchdog_ms = notify_watchdog_ms();
	int r = loop_add_signal(loop, SIGTERM, on_terminate, p, &p->terminate);

	if (r == 0)
		r = loop_add_signal(loop, SIGINT, on_terminate, p, &p->interrupt);
	if (r == 0)
		r = loop_add_signal(loop, SIGHUP, on_hang_up, p, &p->hang_up);
	if (r == 0 && watchdog_ms > 0)
		r = loop_add_timer(loop, loop_in_ms(watchdog_ms), on_watchdog, p, &p->watchdog);
	return r;
}

static int run(struct program *p)
{
	int r = make_folders();

	if (r == 0)
		r = loop_new(&p->broker.loop);
	if (r == 0)
		r = watch_log(p);
	if (r == 0)
		r = watch_signals(p);
	if (r == 0)
		r = broker_start(&p->broker);
	if (r == 0)
		r = server_new(&p->broker, &p->broker.server);
	if (r < 0) {
		log_text(LOG_CRIT, "cannot start: %s", r == -EBUSY ? "another tenured runs" : strerror(-r));
		return r;
	}
	notify_ready();
	log_text(LOG_INFO, "ready, version %s", PACKAGE_VERSION);
	r = loop_run(p->broker.loop);
	notify_stopping();
	return r;
}

/* The running broker does it; with none, we are the broker for as long as it takes. */
static int drain(struct program *p, const char *reason)
{
	int r = drain_by_broker(reason);

	if (r == -ECONNREFUSED || r == -ENOENT) {
		r = make_folders();
		if (r == 0)
			r = loop_new(&p->broker.loop);
		if (r == 0)
			r = broker_start(&p->broker);
		if (r == 0)
			r = drain_here(&p->broker, reason);
	}
	if (r < 0)
		log_text(LOG_ERR, "drain: %s", strerror(-r));
	return r;
}

/* The broker alone knows the state that the journal's is held against, so it has to run. */
static int reset(const char *what, const char *reason)
{
	int r = reset_by_broker(what, reason);

	if (r == -ECONNREFUSED || r == -ENOENT)
		(void)fputs("tenured: no broker runs; first: systemctl start tenured\n", stderr);
	else if (r < 0 && r != -EPROTO)
		(void)fprintf(stderr, "tenured: reset: %s\n", strerror(-r));
	return r;
}

static void usage(FILE *out)
{
	(void)fputs("usage: tenured [-f]\n"
		    "       tenured -d REASON\n"
		    "       tenured -r journal|clock REASON\n"
		    "       tenured -h | -V\n"
		    "  -d  end every elevated session and grant, then leave\n"
		    "  -f  log to stderr\n"
		    "  -h  this text\n"
		    "  -r  accept a damaged journal, or a time that is behind it\n"
		    "  -V  version\n",
		    out);
}

struct order {
	bool to_stderr;
	const char *drain_reason;
	const char *reset_what, *reset_reason; /* both or none */
};

static int wrong_usage(void)
{
	usage(stderr);
	return 2;
}

/* True: go on. False: *ret_code is the exit code. */
static bool parse_order(int argc, char **argv, struct order *ret, int *ret_code)
{
	int option;

	*ret_code = EXIT_SUCCESS;
	while (argc > 0 && (option = getopt(argc, argv, "d:fhr:V")) >= 0) {
		switch (option) {
		case 'f':
			ret->to_stderr = true;
			break;
		case 'd':
			ret->drain_reason = optarg;
			break;
		case 'r':
			ret->reset_what = optarg;
			break;
		case 'V':
			(void)puts("tenured " PACKAGE_VERSION);
			return false;
		case 'h':
			usage(stdout);
			return false;
		default:
			*ret_code = wrong_usage();
			return false;
		}
	}
	if (ret->reset_what && argc > optind)
		ret->reset_reason = argv[optind++];
	if ((argc > 0 && optind < argc) || (ret->reset_what && !ret->reset_reason) ||
	    (ret->reset_what && ret->drain_reason)) {
		*ret_code = wrong_usage();
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct program p = {0};
	struct order order = {0};
	int r;

	if (!parse_order(argc, argv, &order, &r))
		return r;
	if (geteuid() != tenure_trusted_uid()) {
		(void)fputs("tenured: must be root\n", stderr);
		return EXIT_FAILURE;
	}
	log_open(order.to_stderr);
	r = settle_in();
	if (r == 0 && order.reset_what)
		r = reset(order.reset_what, order.reset_reason);
	else if (r == 0)
		r = order.drain_reason ? drain(&p, order.drain_reason) : run(&p);
	broker_done(&p.broker);
	log_send_on_wait(NULL, NULL);
	loop_free(p.broker.loop);
	(void)log_flush();
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
