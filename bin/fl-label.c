#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "label/session.h"
#include "label/terminal.h"

static const char usage[] =
"fl-label [options] DIR | file\n"
"Show runs one by one, for a person to say whether the answer is right.\n"
"  -l, --labels FILE    append to FILE (default labels.jsonl in DIR, or here)\n"
"  -w, --who NAME       the person's name (default that of the user)\n"
"      --left           print how many runs have no label, and exit\n";

enum { OPT_LEFT = CLI_OPT };

static const struct option options[] = {
	{ "labels", required_argument, NULL, 'l' },
	{ "who", required_argument, NULL, 'w' },
	{ "left", no_argument, NULL, OPT_LEFT },
	CLI_COMMON
};

static struct {
	const char *labels, *who;
	int left;
} given;

static const char *
user_name(void)
{
	const char *name = getenv("LOGNAME");
	struct passwd *user;

	if (name && *name)
		return name;
	user = getpwuid(getuid());
	return user ? user->pw_name : "unknown";
}

static void
label_read_options(int argc, char **argv)
{
	int c;

	while ((c = cli_option(argc, argv, "l:w:", options)) != -1) {
		switch (c) {
		case 'l': given.labels = optarg; break;
		case 'w': given.who = optarg; break;
		case OPT_LEFT: given.left = 1; break;
		default: cli_common(c, usage);
		}
	}
	if (argc - optind != 1)
		cli_misused(usage, "expected one experiment");
	if (!given.who)
		given.who = user_name();
}

/* Runs the session on the terminal, and restores the terminal at the end. */
static int
label_on_terminal(struct session *s)
{
	const char *kind = getenv("TERM");
	int gone;

	if (!kind || !*kind || !strcmp(kind, "dumb"))
		die("the terminal '%s' cannot show a screen: set TERM",
		    kind ? kind : "");
	if (terminal_open())
		die("/dev/tty: %s: run it at a terminal",
		    strerror(errno));
	gone = session_label(s);
	terminal_close();
	if (gone)
		warn("the terminal is gone");
	return gone ? 2 : 0;
}

int
main(int argc, char **argv)
{
	struct session s = { .rows = -1 };
	struct err e = { 0 };
	int status = 0;

	util_init(argv[0]);
	label_read_options(argc, argv);
	s.who = given.who;
	if (session_begin(&s, argv[optind], given.labels, cli_report, &e))
		die("%s", e.msg);
	if (s.bad)
		warn("%s: %zu line%s not a run: skipped", argv[optind], s.bad,
		    s.bad == 1 ? " is" : "s are");
	if (!s.n)
		die("%s: no runs", argv[optind]);
	if (given.left)
		printf("%zu\n", s.n - session_labelled(&s));
	else
		status = label_on_terminal(&s);
	if (!given.left)
		warn("%zu of %zu runs are labelled", session_labelled(&s),
		    s.n);
	if (fflush(stdout) || ferror(stdout))
		die("<stdout>: %s", strerror(errno));
	session_end(&s);
	return status;
}
