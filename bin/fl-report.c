#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/plain.h"
#include "evaluate/diff.h"
#include "evaluate/runs.h"
#include "report/report.h"
#include "report/reports.h"

static const char usage[] =
"fl-report -f FORMAT [options] DIR | file\n"
"Report an experiment to CI servers and colleagues.\n"
"  -f, --format FORMAT    html, junit, md, github or tap\n"
"  -o, --output FILE      write to FILE, complete or not at all\n"
"      --diff BASE        compare with the experiment BASE, run by run\n"
"      --name NAME        the experiment's name (that of DIR)\n"
"      --per run|check    what a test case of JUnit is (run)\n"
"      --max-bytes N      Markdown has at most N bytes; 0: any (60000)\n"
"      --all              the page has all texts and steps, of any size\n"
"      --pages FOLDER     the page links to those of fl-parse in FOLDER\n"
"      --list-formats     print all formats: NAME and SUMMARY\n";

enum { OPT_NAME = CLI_OPT, OPT_BYTES, OPT_LIST, OPT_DIFF, OPT_ALL, OPT_PAGES,
	OPT_PER };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "max-bytes", required_argument, NULL, OPT_BYTES },
	{ "diff", required_argument, NULL, OPT_DIFF },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "per", required_argument, NULL, OPT_PER },
	{ "pages", required_argument, NULL, OPT_PAGES },
	{ "list-formats", no_argument, NULL, OPT_LIST },
	CLI_COMMON
};

static struct {
	const char *output, *name, *base, *pages;
	size_t most_bytes;
	int all, per_check;
} given = { .most_bytes = 60000 };

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

/* Reads the options. Returns the format. */
static const struct report_format *
report_read_options(int argc, char **argv)
{
	const struct report_format *format = NULL;
	int c;

	while ((c = cli_option(argc, argv, "f:o:", options)) != -1) {
		switch (c) {
		case 'f':
			format = report_find(optarg);
			if (!format)
				cli_misused(usage, "unknown format '%s'",
				    optarg);
			break;
		case 'o': given.output = optarg; break;
		case OPT_NAME: given.name = optarg; break;
		case OPT_BYTES:
			given.most_bytes = (size_t)cli_int("--max-bytes",
			    optarg, 0, 1000000000);
			if (given.most_bytes && given.most_bytes < 1000)
				cli_misused(usage, "--max-bytes %zu: "
				    "expected 0, or at least 1000",
				    given.most_bytes);
			break;
		case OPT_DIFF: given.base = optarg; break;
		case OPT_ALL: given.all = 1; break;
		case OPT_PER:
			given.per_check = !strcmp(optarg, "check");
			if (!given.per_check && strcmp(optarg, "run") != 0)
				cli_misused(usage, "--per '%s': expected run "
				    "or check", optarg);
			break;
		case OPT_PAGES: given.pages = optarg; break;
		case OPT_LIST: report_list_formats(); break;
		default: cli_common(c, usage);
		}
	}
	if (!format)
		cli_misused(usage, "missing --format");
	if (argc - optind != 1)
		cli_misused(usage, "expected one experiment");
	return format;
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
write_file(const struct report_format *format, const struct report *r)
{
	struct newfile f = { .temp = NULL };
	int bad;

	if (newfile_begin_path(&f, given.output))
		die("%s: %s", given.output, plain_error(errno));
	errno = 0;
	bad = format->put(r, &f.out);
	if (bad && !f.out.error) {
		newfile_release(&f);
		die("the experiment could not be read: %s",
		    plain_error(errno));
	}
	if (newfile_commit(&f))
		die("%s: %s", given.output, plain_error(errno));
	newfile_release(&f);
}

static void
write_stdout(const struct report_format *format, const struct report *r)
{
	struct out o;

	out_init(&o, STDOUT_FILENO, 0);
	errno = 0;
	if (format->put(r, &o) && !o.error)
		die("the experiment could not be read: %s",
		    plain_error(errno));
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
}

/* Reads an experiment, and reports the lines that could not be used. */
static void
report_read(struct runs *runs, const char *name)
{
	struct err e = { 0 };

	if (runs_read(runs, name, NULL, &e))
		die("%s", e.msg);
	if (runs->bad)
		warn("%s: %zu line%s not a record: skipped", runs->name,
		    runs->bad, runs->bad == 1 ? " is" : "s are");
	if (!runs->n)
		die("%s: no runs", runs->name);
}

/* Compares with the base, and reports what makes the result doubtful. */
static void
report_compare(struct diff *d)
{
	char *doubt = diff_doubt(d->base, d->new);

	if (doubt)
		warn("%s: a change of the checks looks like one of the agent",
		    doubt);
	free(doubt);
	diff_run(d);
	if (d->counts[DIFF_ONLY_BASE] + d->counts[DIFF_ONLY_NEW] == d->npairs)
		die("%s and %s have no run in common", d->base->name,
		    d->new->name);
}

static int
report_is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int
main(int argc, char **argv)
{
	struct runs runs, base;
	struct diff diff = { .base = &base, .new = &runs, .alpha = 0.05 };
	struct report report = { .runs = &runs };
	const struct report_format *format;
	char *name, *real, *base_name = NULL;

	util_init(argv[0]);
	format = report_read_options(argc, argv);
	report_read(&runs, argv[optind]);
	name = report_name_of(argv[optind]);
	if (given.base) {
		report_read(&base, given.base);
		report_compare(&diff);
		/* a baseline is a link to the folder with the name */
		real = realpath(given.base, NULL);
		base_name = report_name_of(real ? real : given.base);
		free(real);
		report.diff = &diff;
		report.base = base_name;
	}
	report.name = given.name ? given.name : name;
	report.dir = report_is_folder(argv[optind]) ? argv[optind] : NULL;
	report.pages = given.pages;
	report.most_bytes = given.most_bytes;
	report.per_check = given.per_check;
	report.all = given.all;
	if (given.output)
		write_file(format, &report);
	else
		write_stdout(format, &report);
	free(name);
	free(base_name);
	if (given.base) {
		diff_release(&diff);
		runs_release(&base);
	}
	runs_release(&runs);
	return 0;
}
