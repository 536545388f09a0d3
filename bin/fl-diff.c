#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "io/out.h"
#include "evaluate/diff.h"
#include "evaluate/diffview.h"
#include "evaluate/runs.h"

static const char usage[] =
"fl-diff [options] BASE NEW\n"
"Compares two experiments, run by run.\n"
"  -f, --format text|md|json|jsonl  how to write it (text)\n"
"      --metric NAME      compare this score, too\n"
"      --alpha A          the share of false alarms (0.05)\n"
"      --fail-on regression|any-flip|never  what to exit with 1 on\n"
"                         (regression)\n"
"      --max-drop D       exit with 1 only if the pass rate fell by more than D\n"
"      --max-slowdown R   exit with 1 if durations are more than R times longer\n"
"      --strict           exit with 1 if there are not enough runs\n"
"      --anyway           compare even if the checks were not the same\n"
"  -n, --number N         show N runs of each kind (20)\n";

enum { OPT_METRIC = CLI_OPT, OPT_ALPHA, OPT_FAIL_ON, OPT_DROP, OPT_SLOWDOWN,
	OPT_STRICT, OPT_ANYWAY };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "metric", required_argument, NULL, OPT_METRIC },
	{ "alpha", required_argument, NULL, OPT_ALPHA },
	{ "fail-on", required_argument, NULL, OPT_FAIL_ON },
	{ "max-drop", required_argument, NULL, OPT_DROP },
	{ "max-slowdown", required_argument, NULL, OPT_SLOWDOWN },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "anyway", no_argument, NULL, OPT_ANYWAY },
	{ "number", required_argument, NULL, 'n' },
	CLI_COMMON
};

static const struct {
	const char *name;
	int (*put)(const struct diffview *v, struct out *o);
} formats[] = {
	{ "text", diffview_text }, { "md", diffview_markdown },
	{ "json", diffview_json }, { "jsonl", diffview_jsonl }
};

enum { ON_REGRESSION, ON_FLIP, NEVER };
static const char *const fail_on[] = { "regression", "any-flip", "never" };

static struct {
	size_t format;
	const char *metric;
	double alpha, drop, slowdown;
	int fail_on, strict, anyway;
	unsigned number;
} given = { .alpha = 0.05, .drop = -1, .number = 20 };

static double
read_number(const char *option, double min, double max)
{
	char *end;
	double d = strtod(optarg, &end);

	if (!*optarg || *end || !(d >= min && d <= max))
		cli_misused(usage, "%s '%s': expected a number from %g to %g",
		    option, optarg, min, max);
	return d;
}

/* Returns the index of an option's word in a list; exits if it is not one. */
static size_t
read_word(const char *option, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], optarg))
			return i;
	cli_misused(usage, "unknown %s '%s'", option, optarg);
}

static void
diff_read_options(int argc, char **argv)
{
	const char *names[LEN(formats)];
	size_t i;
	int c;

	for (i = 0; i < LEN(formats); i++)
		names[i] = formats[i].name;
	while ((c = cli_option(argc, argv, "f:n:", options)) != -1) {
		switch (c) {
		case 'f':
			given.format = read_word("format", names, LEN(names));
			break;
		case 'n':
			given.number = (unsigned)cli_int("--number", optarg,
			    0, 1000000);
			break;
		case OPT_METRIC: given.metric = optarg; break;
		case OPT_ALPHA:
			given.alpha = read_number("--alpha", 1e-6, 0.5);
			break;
		case OPT_FAIL_ON:
			given.fail_on = (int)read_word("condition", fail_on,
			    LEN(fail_on));
			break;
		case OPT_DROP:
			given.drop = read_number("--max-drop", 0, 1);
			break;
		case OPT_SLOWDOWN:
			given.slowdown = read_number("--max-slowdown", 1,
			    1e6);
			break;
		case OPT_STRICT: given.strict = 1; break;
		case OPT_ANYWAY: given.anyway = 1; break;
		default: cli_common(c, usage);
		}
	}
	if (argc - optind != 2)
		cli_misused(usage, "expected two experiments");
}

/* Reports the rows that could not be used. */
static void
report_odd(const struct runs *r)
{
	if (r->bad)
		warn("%s: %zu line%s not a record: skipped", r->name, r->bad,
		    r->bad == 1 ? " is" : "s are");
	if (r->unnamed)
		warn("%s: %zu row%s no run_id: skipped", r->name, r->unnamed,
		    r->unnamed == 1 ? " has" : "s have");
	if (r->twice)
		warn("%s: %zu run%s twice: the first counts", r->name,
		    r->twice, r->twice == 1 ? " is there" : "s are there");
	if (r->mixed)
		warn("%s: its runs were evaluated by different checks",
		    r->name);
}

static void
read_both(struct runs runs[2], char **names)
{
	struct err e = { 0 };
	const char *doubt;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (runs_read(&runs[i], names[i], given.metric, &e))
			die("%s", e.msg);
		report_odd(&runs[i]);
		if (!runs[i].n)
			die("%s: no runs", runs[i].name);
	}
	doubt = given.anyway ? NULL : diff_doubt(&runs[0], &runs[1]);
	if (doubt)
		die("%s: a change of the checks would look like one of the "
		    "agent; evaluate both alike, or compare with --anyway",
		    doubt);
}

/* Whether the exit status is 1. */
static int
is_missed(const struct diff *d)
{
	if (given.fail_on == NEVER)
		return 0;
	if (given.fail_on == ON_FLIP && d->counts[DIFF_REGRESSED])
		return 1;
	if (given.slowdown > 0 && d->ms.n && d->ms.ci.low > given.slowdown)
		return 1;
	if (given.strict && d->verdict == DIFF_TOO_FEW)
		return 1;
	if (given.drop >= 0)
		return d->pass.ci.high < -given.drop ||
		    d->errors_p < given.alpha;
	return d->verdict == DIFF_REGRESSION;
}

int
main(int argc, char **argv)
{
	struct runs runs[2];
	struct diff d = { .base = &runs[0], .new = &runs[1] };
	struct diffview view = { .d = &d };
	struct out o;
	int bad;

	util_init(argv[0]);
	diff_read_options(argc, argv);
	read_both(runs, argv + optind);
	d.alpha = given.alpha;
	view.metric = given.metric;
	view.most = given.number;
	diff_run(&d);
	if (d.counts[DIFF_ONLY_BASE] + d.counts[DIFF_ONLY_NEW] == d.npairs)
		die("%s and %s have no run in common", runs[0].name,
		    runs[1].name);
	out_init(&o, STDOUT_FILENO, 0);
	errno = 0;
	bad = formats[given.format].put(&view, &o);
	if (bad && !o.error)
		die("rows could not be read again: %s", strerror(errno));
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	if (d.verdict == DIFF_TOO_FEW)
		warn("not enough runs to tell a change from chance");
	bad = is_missed(&d);
	diff_release(&d);
	runs_release(&runs[0]);
	runs_release(&runs[1]);
	return bad;
}
