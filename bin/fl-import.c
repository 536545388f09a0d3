#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/util.h"
#include "base/warn.h"
#include "io/out.h"
#include "io/source.h"
#include "io/spill.h"
#include "import/otlpin.h"

static const char usage[] =
"fl-import [options] otlp [file ...]\n"
"Import traces that other programs recorded, one a line.\n"
"  otlp               read OpenTelemetry spans in OTLP JSON of any layout\n"
"  -i, --inputs       write only the input of each trace, for fl-run\n"
"  -s, --separate     write observations as they are read, rows at the end\n";

static const struct option options[] = {
	{ "inputs", no_argument, NULL, 'i' },
	{ "separate", no_argument, NULL, 's' },
	CLI_COMMON
};

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
import_warn_counts(const struct otlpin *in)
{
	if (in->rootless)
		warn("%zu trace%s no root span: another span stands for it",
		    in->rootless, in->rootless == 1 ? " has" : "s have");
	if (in->inputless)
		warn("%zu trace%s without an input skipped", in->inputless,
		    plural(in->inputless));
}

/* Reports what was not imported because of other spans. */
static void
import_warn_joins(const struct otlpin *in)
{
	if (in->twice)
		warn("%zu span%s skipped that had been read already",
		    in->twice, plural(in->twice));
	if (in->alone)
		warn("%zu log record%s of no span skipped", in->alone,
		    plural(in->alone));
	if (in->late)
		warn("%zu log record%s skipped: %s spans were read before; "
		    "name files with log records first", in->late,
		    plural(in->late), in->late == 1 ? "its" : "their");
}

static int
import(struct source *s, enum otlpin_output what)
{
	struct otlpin in;
	struct out o;
	int status;

	out_init(&o, STDOUT_FILENO, 0);
	status = otlpin_run(&in, s, &o, what) || s->failed ? 2 :
	    s->bad ? 1 : 0;
	if (in.error) {
		warn("a temporary file in %s: %s", spill_dir(),
		    strerror(in.error));
	} else {
		import_warn_joins(&in);
		import_warn_counts(&in);
	}
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}

int
main(int argc, char **argv)
{
	enum otlpin_output what = OTLPIN_TRACES;
	struct source s;
	int c, given = 0, status;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "is", options)) != -1) {
		switch (c) {
		case 'i':
		case 's':
			if (given && given != c)
				cli_misused(usage, "--inputs and --separate "
				    "exclude each other");
			given = c;
			what = c == 'i' ? OTLPIN_INPUTS : OTLPIN_SEPARATE;
			break;
		default: cli_common(c, usage);
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc)
		cli_misused(usage, "missing kind of input: expected otlp");
	if (strcmp(argv[0], "otlp") != 0)
		cli_misused(usage, "unknown kind '%s': expected otlp",
		    argv[0]);
	cli_need_input(argc - 1, usage);
	source_init(&s, argv + 1, (size_t)argc - 1, cli_report);
	status = import(&s, what);
	source_release(&s);
	return status;
}
