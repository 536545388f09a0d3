#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/plain.h"
#include "evaluate/report.h"
#include "evaluate/runs.h"

static const char usage[] =
"fl-report -f FORMAT [options] DIR | file\n"
"Reports an experiment to CI servers and colleagues.\n"
"  -f, --format FORMAT    junit, md, github or tap; --list-formats says more\n"
"  -o, --output FILE      write to FILE, which is whole or not there\n"
"      --name NAME        the experiment's name (that of DIR)\n"
"      --max-bytes N      leave out runs so that Markdown has at most N bytes\n"
"      --list-formats     print all formats: NAME and SUMMARY\n";

enum { OPT_NAME = CLI_OPT, OPT_BYTES, OPT_LIST };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "max-bytes", required_argument, NULL, OPT_BYTES },
	{ "list-formats", no_argument, NULL, OPT_LIST },
	CLI_COMMON
};

static struct {
	const struct report_format *format;
	const char *output, *name;
	size_t most_bytes;
} given;

static void
report_list_formats(void)
{
	struct buf list = { 0 };

	report_list(&list);
	if (out_print(&list))
		die("<stdout>: %s", strerror(errno));
	buf_release(&list);
	exit(0);
}

static void
report_read_options(int argc, char **argv)
{
	int c;

	while ((c = cli_option(argc, argv, "f:o:", options)) != -1) {
		switch (c) {
		case 'f':
			given.format = report_find(optarg);
			if (!given.format)
				cli_misused(usage, "unknown format '%s'",
				    optarg);
			break;
		case 'o': given.output = optarg; break;
		case OPT_NAME: given.name = optarg; break;
		case OPT_BYTES:
			given.most_bytes = (size_t)cli_int("--max-bytes",
			    optarg, 1000, 1000000000);
			break;
		case OPT_LIST: report_list_formats(); break;
		default: cli_common(c, usage);
		}
	}
	if (!given.format)
		cli_misused(usage, "missing --format");
	if (argc - optind != 1)
		cli_misused(usage, "expected one experiment");
}

/* The last part of a path; the folder's for the rows in it. */
static char *
report_name_of(const char *path)
{
	char *copy = xstrdup(path), *slash, *name;
	size_t n = strlen(copy);

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	if (slash && !strcmp(slash, "/trace_summary.jsonl")) {
		*slash = '\0';
		slash = strrchr(copy, '/');
	}
	name = xstrdup(!strcmp(path, "-") ? "experiment" : slash && slash[1] ?
	    slash + 1 : copy);
	free(copy);
	return name;
}

static void
write_file(const struct report *r)
{
	struct newfile f = { .temp = NULL };
	int bad;

	if (newfile_begin_path(&f, given.output))
		die("%s: %s", given.output, plain_error(errno));
	errno = 0;
	bad = given.format->put(r, &f.out);
	if (bad && !f.out.error) {
		newfile_release(&f);
		die("rows could not be read again: %s", strerror(errno));
	}
	if (newfile_commit(&f))
		die("%s: %s", given.output, plain_error(errno));
	newfile_release(&f);
}

static void
write_stdout(const struct report *r)
{
	struct out o;

	out_init(&o, STDOUT_FILENO, 0);
	errno = 0;
	if (given.format->put(r, &o) && !o.error)
		die("rows could not be read again: %s", strerror(errno));
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
}

int
main(int argc, char **argv)
{
	struct runs runs;
	struct report report = { .runs = &runs };
	struct err e = { 0 };
	char *name;

	util_init(argv[0]);
	report_read_options(argc, argv);
	if (runs_read(&runs, argv[optind], NULL, &e))
		die("%s", e.msg);
	if (runs.bad)
		warn("%s: %zu line%s not a record: skipped", runs.name,
		    runs.bad, runs.bad == 1 ? " is" : "s are");
	if (!runs.n)
		die("%s: no runs", runs.name);
	name = report_name_of(argv[optind]);
	report.name = given.name ? given.name : name;
	report.most_bytes = given.most_bytes;
	if (given.output)
		write_file(&report);
	else
		write_stdout(&report);
	free(name);
	runs_release(&runs);
	return 0;
}
