#include <getopt.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "json.h"
#include "line.h"
#include "out.h"
#include "cli.h"
#include "set.h"
#include "source.h"
#include "record.h"
#include "environ.h"
#include "config.h"
#include "summary.h"
#include "expdir.h"

static const char usage[] =
"fl-collect [options] DIR [trace ...]\n"
"Keeps traces in a new experiment directory, and passes them on.\n"
"  -c, --config FILE   setting.yaml, for summary.json\n"
"      --name NAME     the experiment's name in summary.json\n"
"      --inputs FILE   where the inputs came from, for manifest.json\n"
"      --runs N        how many runs there will be, for manifest.json\n"
"  -q, --quiet         do not pass the traces on\n"
"  -r, --report        say on stderr at the end how it went\n";

enum { OPT_INPUTS = CLI_OPT, OPT_RUNS, OPT_NAME };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "inputs", required_argument, NULL, OPT_INPUTS },
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "report", no_argument, NULL, 'r' },
	CLI_COMMON
};

static struct {
	const char *config, *inputs, *name;
	long long runs;
	int quiet, report;
} given = { .runs = -1 };

static void
report(const struct summary_totals *t)
{
	fprintf(stderr, "%lld run%s: %lld succeeded, %lld failed", t->runs,
	    t->runs == 1 ? "" : "s", t->runs - t->failed, t->failed);
	if (!isnan(t->p50))
		fprintf(stderr, "; p50 %.2f ms, p95 %.2f ms", t->p50, t->p95);
	fputc('\n', stderr);
}

static volatile sig_atomic_t stopped;

/* What sends the traces stops too and ends its output: that is the end. */
static void
on_stop(int sig)
{
	stopped = sig;
}

/*
 * The first Ctrl-C is for who runs the agents; the second is for us. A reader
 * that goes away is no reason to lose traces.
 */
static void
set_signals(void)
{
	struct sigaction sa = { 0 };

	sa.sa_handler = on_stop;
	sa.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Passes a trace on; returns -1 when that failed for good. */
static int
pass_on(struct out *o, struct json_span trace)
{
	buf_add(out_begin(o), trace.p, trace.n);
	buf_byte(out_begin(o), '\n');
	/* it comes slowly: each goes on at once */
	if (!out_flush(o))
		return 0;
	if (o->error != EPIPE)
		return -1;
	o->error = 0;
	given.quiet = 1;
	return 0;
}

/* Returns the exit status. */
static int
collect(struct expdir *x, const struct config *c, struct source *s,
    struct out *o)
{
	struct json_span v[KIND_FIELDS];
	struct summary_totals totals;
	struct err e = { 0 };
	enum record_kind kind;
	int added;

	while (source_next(s, record_kind_fields, v, KIND_FIELDS) > 0) {
		kind = record_kind(v);
		if (kind != RECORD_TRACE && kind != RECORD_ROW) {
			source_complain(s, "a trace is wanted, this is %s",
			    record_kind_name(kind));
			continue;
		}
		added = expdir_add(x, s->record, &e);
		if (added < 0)
			die("%s", e.msg);
		if (added > 0) {
			source_complain(s, "a trace of this trace_id was "
			    "there before");
			continue;
		}
		if (!given.quiet && pass_on(o, s->record))
			break;
	}
	if (expdir_finish(x, c, given.name, &totals, &e))
		die("%s", e.msg);
	if (given.report)
		report(&totals);
	if (stopped)
		return 128 + stopped;
	return s->failed ? 2 : s->bad || totals.failed ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct config config;
	struct expdir x;
	struct source s;
	struct out o;
	struct err e = { 0 };
	int c, status;

	util_init(argv[0]);
	set_signals();
	while ((c = getopt_long(argc, argv, "c:qr", options, NULL)) != -1) {
		switch (c) {
		case 'c': given.config = optarg; break;
		case OPT_NAME: given.name = optarg; break;
		case OPT_INPUTS: given.inputs = optarg; break;
		case OPT_RUNS:
			given.runs = cli_int("--runs", optarg, 0, INT64_MAX);
			break;
		case 'q': given.quiet = 1; break;
		case 'r': given.report = 1; break;
		default: cli_common(c, usage);
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc)
		cli_misused(usage, "a directory is missing");
	if (config_load(&config, given.config, cli_config,
	    (void *)(uintptr_t)given.config))
		exit(2);
	if (expdir_make(&x, argv[0], &config, given.inputs, given.runs, &e))
		die("%s", e.msg);
	source_init(&s, argv + 1, (size_t)argc - 1, cli_say);
	out_init(&o, STDOUT_FILENO, 0);
	status = collect(&x, &config, &s, &o);
	source_release(&s);
	expdir_release(&x);
	config_release(&config);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}
