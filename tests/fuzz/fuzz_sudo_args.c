/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The argument vector of sudo, as its caller chose it. MUST: whatever sudo itself would take from a vector, our reading
 * of it is the same, or it calls the vector odd, which denies more and never less. sudo's own loop (its parse_args.c,
 * over glibc's getopt_long) stands below a second time for that.
 */
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pam_module/sudo_args.h"

#define WORDS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* ---- as sudo reads it ---- */

static const char short_options[] = "+Aa:BbC:c:D:Eeg:Hh::iKklNnPp:R:r:SsT:t:U:u:Vv";
static const char edit_short_options[] = "+Aa:BC:c:D:g:h::KkNnp:R:r:ST:t:u:V";
#define OPTION_HOST 256
static const struct option long_options[] = {
	{"background", no_argument, NULL, 'b'}, {"preserve-env", optional_argument, NULL, 'E'},
	{"edit", no_argument, NULL, 'e'}, {"set-home", no_argument, NULL, 'H'}, {"login", no_argument, NULL, 'i'},
	{"remove-timestamp", no_argument, NULL, 'K'}, {"list", no_argument, NULL, 'l'},
	{"preserve-groups", no_argument, NULL, 'P'}, {"shell", no_argument, NULL, 's'},
	{"other-user", required_argument, NULL, 'U'}, {"validate", no_argument, NULL, 'v'},
	{"askpass", no_argument, NULL, 'A'}, {"auth-type", required_argument, NULL, 'a'},
	{"bell", no_argument, NULL, 'B'}, {"close-from", required_argument, NULL, 'C'},
	{"login-class", required_argument, NULL, 'c'}, {"chdir", required_argument, NULL, 'D'},
	{"group", required_argument, NULL, 'g'}, {"help", no_argument, NULL, 'h'},
	{"host", required_argument, NULL, OPTION_HOST}, {"reset-timestamp", no_argument, NULL, 'k'},
	{"no-update", no_argument, NULL, 'N'}, {"non-interactive", no_argument, NULL, 'n'},
	{"prompt", required_argument, NULL, 'p'}, {"chroot", required_argument, NULL, 'R'},
	{"role", required_argument, NULL, 'r'}, {"stdin", no_argument, NULL, 'S'},
	{"command-timeout", required_argument, NULL, 'T'}, {"type", required_argument, NULL, 't'},
	{"user", required_argument, NULL, 'u'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0},
};
static const struct option *const edit_long_options = &long_options[11];

struct reading {
	bool refused; /* sudo shows its usage and ends */
	bool edit;
	const char *user, *group; /* NULL: not given */
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_word(int argc, char **argv, int i, const char *word)
{
	return i > 1 && i <= argc && strcmp(argv[i - 1], word) == 0;
}

static bool is_variable(int argc, char **argv)
{
	return optind < argc && argv[optind][0] != '/' && argv[optind][0] != '=' && strchr(argv[optind], '=');
}

/* sudo takes each of them once, and none that is empty. */
static void keep(struct reading *r, const char **kept)
{
	if (*kept || *optarg == '\0')
		r->refused = true;
	*kept = optarg;
}

static void take(struct reading *r, int option, int argc, char **argv)
{
	if (option == '?')
		r->refused = true;
	else if (option == 'e')
		r->edit = true;
	else if (option == 'u')
		keep(r, &r->user);
	else if (option == 'g')
		keep(r, &r->group);
	else if (option == 'h' && !optarg && is_word(argc, argv, optind, "-h") && argv[optind] &&
		 argv[optind][0] != '-' && !is_variable(argc, argv))
		optind++;
}

static struct reading read_as_sudo(int argc, char **argv)
{
	const char *name = base_of(argv[0]);
	size_t len = strlen(name);
	struct reading r = {.edit = len > 4 && strcmp(name + len - 4, "edit") == 0};
	const char *shorts = r.edit ? edit_short_options : short_options;
	const struct option *longs = r.edit ? edit_long_options : long_options;

	optind = 0;
	opterr = 0;
	while (!r.refused) {
		int option = getopt_long(argc, argv, shorts, longs, NULL);

		if (option != -1)
			take(&r, option, argc, argv);
		else if (!is_word(argc, argv, optind, "--") && is_variable(argc, argv))
			optind++;
		else
			break;
	}
	if (!r.refused && optind < argc && strcmp(base_of(argv[optind]), "sudoedit") == 0)
		r.edit = true;
	return r;
}

/* ---- and as we do ---- */

static void check_text(const char text[static SUDO_ARG_MAX], const uint8_t *data, size_t size)
{
	const char *nul = memchr(text, '\0', SUDO_ARG_MAX);

	must(nul != NULL);
	must(nul == text || memmem(data, size, text, (size_t)(nul - text)) != NULL);
}

static void check_same(const char *ours, const char *sudos)
{
	must(strcmp(ours, sudos ? sudos : "") == 0);
}

static void check_as_sudo(char *words, size_t size, const struct sudo_args *args)
{
	char *argv[WORDS_MAX + 1];
	struct reading r;
	int argc = 0;

	for (char *at = words; at < words + size; at += strlen(at) + 1) {
		if (argc == WORDS_MAX)
			return;
		argv[argc++] = at;
	}
	argv[argc] = NULL;
	r = read_as_sudo(argc, argv);
	if (r.refused || args->odd)
		return;
	must(args->edit || !r.edit);
	check_same(args->user, r.user);
	check_same(args->group, r.group);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sudo_args args, cut;
	char *words;

	sudo_args_parse((const char *)data, size, false, &args);
	check_text(args.user, data, size);
	check_text(args.group, data, size);
	/* A vector that is cut is no milder than the same that is whole. */
	sudo_args_parse((const char *)data, size, true, &cut);
	must((cut.odd || !args.odd) && cut.edit == args.edit);
	check_same(cut.user, args.user);
	check_same(cut.group, args.group);
	if (size == 0 || data[size - 1] != '\0')
		return 0;
	words = malloc(size);
	if (!words)
		return 0;
	memcpy(words, data, size);
	check_as_sudo(words, size, &args);
	free(words);
	return 0;
}
