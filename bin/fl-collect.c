#include <getopt.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/set.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "io/source.h"
#include "record/record.h"
#include "config/config.h"
#include "config/env.h"
#include "run/completed.h"
#include "run/input.h"
#include "run/queue.h"
#include "run/run.h"
#include "run/runlist.h"
#include "experiment/expdir.h"
#include "experiment/manifest.h"
#include "experiment/newdir.h"
#include "experiment/part.h"
#include "experiment/recover.h"
#include "experiment/row.h"
#include "experiment/summary.h"

static const char usage[] =
"fl-collect [options] DIR [trace ...]\n"
"       fl-collect --new FOLDER [--name NAME]\n"
"Keep traces in an experiment directory, and pass them on.\n"
"  -c, --config FILE   setting.yaml, for manifest.json and summary.json\n"
"      --name NAME     the experiment's name\n"
"      --inputs FILE   the file that the inputs came from; '': no file\n"
"      --runs N        the planned number of runs\n"
"      --option N=V    record option N with value V; may be repeated\n"
"      --continue      resume the experiment in DIR, if there is one\n"
"      --anyway        resume even if settings or inputs have changed\n"
"      --new FOLDER    make a folder NAME_TIME in FOLDER for an experiment, and\n"
"                      print its path\n"
"  -q, --quiet         do not pass the traces on\n"
"  -r, --report        print a summary of the runs on stderr at the end\n";

enum { OPT_INPUTS = CLI_OPT, OPT_RUNS, OPT_NAME, OPT_OPTION, OPT_CONTINUE,
	OPT_ANYWAY, OPT_NEW };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "inputs", required_argument, NULL, OPT_INPUTS },
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "option", required_argument, NULL, OPT_OPTION },
	{ "continue", no_argument, NULL, OPT_CONTINUE },
	{ "anyway", no_argument, NULL, OPT_ANYWAY },
	{ "new", required_argument, NULL, OPT_NEW },
	{ "quiet", no_argument, NULL, 'q' },
	{ "report", no_argument, NULL, 'r' },
	CLI_COMMON
};

static struct {
	const char *config;
	const char *folder;	/* folder given by --new, or NULL */
	struct manifest manifest;
	int how, quiet, report;
} given = { .manifest.runs = -1 };

/* Counts of the traces, and the faults found. */
static struct {
	long long traces;	/* all traces read */
	long long existing;	/* traces of runs that the experiment has */
	int bad;		/* 1: a line or a part was incomplete */
	int failed;		/* 1: a file could not be read */
} found;

/* Missing runs that are named at most. */
#define NAMED_MAX 5

static void
collect_report(const struct expdir *x, const struct summary_totals *t)
{
	fprintf(stderr, "%lld run%s: %lld succeeded, %lld failed", t->runs,
	    t->runs == 1 ? "" : "s", t->runs - t->failed, t->failed);
	if (t->judged)
		fprintf(stderr, "; %lld of %lld pass the evaluation",
		    t->passed, t->runs);
	if (!isnan(t->p50))
		fprintf(stderr, "; p50 %.2f ms, p95 %.2f ms", t->p50, t->p95);
	if (x->cancels)
		fprintf(stderr, "; %lld cancelled", x->cancels);
	fputc('\n', stderr);
}

static volatile sig_atomic_t stopped;

/* The sender of the traces stops, too: reading ends with its output. */
static void
on_stop(int sig)
{
	stopped = sig;
}

/*
 * The first Ctrl-C is for fl-run, the second is for this program; neither,
 * where signals are ignored, as fluxloop has it. Losing the reader must not
 * lose traces.
 */
static void
set_signals(void)
{
	static const int stops[] = { SIGINT, SIGTERM };
	struct sigaction sa = { 0 };
	size_t i;

	sa.sa_handler = on_stop;
	sa.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
	for (i = 0; i < LEN(stops); i++)
		if (!signal_ignored(stops[i]))
			sigaction(stops[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* --- keeping -------------------------------------------------------------- */

/* Bytes after which traces are passed on and committed. */
#define BLOCK 65536

/*
 * Commits the added traces to the experiment, and passes them on. Returns -1 if
 * that fails, but not if the reader is gone.
 */
static int
commit(struct expdir *x, struct out *o)
{
	struct err e = { 0 };

	if (expdir_commit(x, &e))
		die("%s", e.msg);
	if (given.quiet || !out_flush(o))
		return 0;
	if (o->error != EPIPE)
		return -1;
	o->error = 0;
	given.quiet = 1;
	return 0;
}

/* Keeps a trace with the row_fields v, and counts one that is not kept. */
static enum expdir_fate
keep(struct expdir *x, struct json_span trace, const struct json_span *v,
    struct out *o)
{
	enum expdir_fate fate;
	struct err e = { 0 };

	if (expdir_add(x, trace, v, &fate, &e))
		die("%s", e.msg);
	found.traces++;
	found.existing += fate == EXPDIR_THERE;
	if ((fate == EXPDIR_KEPT || fate == EXPDIR_CANCELLED) &&
	    !given.quiet) {
		buf_add(out_begin(o), trace.p, trace.n);
		buf_byte(out_begin(o), '\n');
	}
	return fate;
}

/* The fields of a row, then others that show the kind of a record. */
static const char *fields[ROW_FIELDS + RECORD_HAS_FIELDS];
static size_t nfields;

/* The index in fields of each field that shows the kind. */
static size_t kind_fields[RECORD_HAS_FIELDS];

static void
list_fields(void)
{
	size_t i, k;

	for (nfields = 0; nfields < ROW_FIELDS; nfields++)
		fields[nfields] = row_fields[nfields];
	for (k = 0; k < RECORD_HAS_FIELDS; k++) {
		for (i = 0; i < nfields; i++)
			if (!strcmp(fields[i], record_kind_fields[k]))
				break;
		if (i == nfields)
			fields[nfields++] = record_kind_fields[k];
		kind_fields[k] = i;
	}
}

/* The kind of a record with these fields. */
static enum record_kind
collect_kind(const struct json_span *v)
{
	struct json_span has[RECORD_HAS_FIELDS];
	size_t k;

	for (k = 0; k < RECORD_HAS_FIELDS; k++)
		has[k] = v[kind_fields[k]];
	return record_kind(has);
}

/* Keeps the traces of a file. Returns 0, or -1 if they cannot be passed on. */
static int
keep_file(struct expdir *x, struct source *s, struct out *o)
{
	struct json_span v[LEN(fields)];
	enum record_kind kind;

	while (source_next(s, fields, v, nfields) > 0) {
		kind = collect_kind(v);
		if (kind != RECORD_TRACE && kind != RECORD_ROW)
			source_complain(s, "expected a trace, got %s",
			    record_kind_name(kind));
		else if (keep(x, s->record, v, o) == EXPDIR_TWICE)
			source_complain(s, "a trace of this trace_id was "
			    "there before");
		if (!line_is_here(&s->reader) && commit(x, o))
			return -1;
	}
	return commit(x, o);
}

/*
 * Whether a part was made with the configuration and inputs of the experiment,
 * or need not be.
 */
static int
is_fitting(const struct expdir *x, const struct part *p)
{
	if (!p->manifest.len || !manifest_compare_part(expdir_manifest(x),
	    json_buf(&p->manifest), p->path, cli_report) ||
	    given.how & EXPDIR_ANYWAY)
		return 1;
	warn("%s: not taken, since its runs may not be those of this "
	    "experiment; --anyway takes them", p->path);
	return 0;
}

/* Keeps the traces of an open part. Returns 0, or -1 with *e filled in. */
static int
keep_traces(struct expdir *x, struct part *p, struct out *o, struct err *e)
{
	struct json_span v[ROW_FIELDS];
	struct json_fault f;
	int got = 0;

	while (!o->error && (got = part_next(p, e)) > 0) {
		json_scan(p->trace.p, p->trace.len, JSON_LAX, row_fields, v,
		    ROW_FIELDS, &f);
		keep(x, json_buf(&p->trace), v, o);
		if (out_pending(o) >= BLOCK)
			commit(x, o);
	}
	if (p->skipped)
		warn("%s: %zu run%s not whole: left out", p->path, p->skipped,
		    p->skipped == 1 ? " is" : "s are");
	found.bad |= p->skipped > 0;
	return got < 0 ? -1 : part_copy_logs(p, x->fd, e);
}

/* Keeps the traces of an experiment directory. Returns as keep_file does. */
static int
keep_part(struct expdir *x, const char *path, struct out *o)
{
	struct part p;
	struct err e = { 0 };
	int bad = part_open(&p, path, &e);

	if (!bad && !is_fitting(x, &p)) {
		found.failed = 1;
	} else if (bad || keep_traces(x, &p, o, &e)) {
		warn("%s", e.msg);
		found.failed = 1;
	}
	err_release(&e);
	part_release(&p);
	return commit(x, o);
}

/* Keeps all traces. Returns as keep_file does. */
static int
keep_all(struct expdir *x, char **paths, size_t n, struct out *o)
{
	struct source s;
	size_t i;
	int bad = 0;

	list_fields();
	for (i = 0; !bad && (i < n || (!i && !n)); i++) {
		if (n && part_is(paths[i])) {
			bad = keep_part(x, paths[i], o);
			continue;
		}
		source_init(&s, paths + i, n > 0, cli_report);
		bad = keep_file(x, &s, o);
		found.bad |= s.bad > 0;
		found.failed |= s.failed;
		source_release(&s);
	}
	return bad;
}

/* --- the end -------------------------------------------------------------- */

static int
name_run(void *arg, const struct run *r)
{
	int *named = arg;

	warn("missing: run %s, iteration %lld of input %s", r->id,
	    r->iteration, r->input->id);
	return ++*named == NAMED_MAX;
}

/*
 * Names some of the runs that are missing, if the inputs are JSON lines;
 * fl-run --list names them all.
 */
static void
name_missing(const struct expdir *x)
{
	struct completed done = { 0 };
	struct queue_plan plan = {
		.iterations = (long long)config_number(given.manifest.config,
		    "iterations"),
		.done = &done
	};
	char *file = (char *)(uintptr_t)given.manifest.inputs;
	const char *dot = file ? strrchr(file, '.') : NULL;
	struct source s;
	struct err e = { 0 };
	int named = 0;

	if (!dot || strcmp(dot, ".jsonl") != 0)
		return;
	source_init(&s, &file, 1, cli_report);
	if (completed_read(&done, x->path, &e) || runlist_each(
	    given.manifest.config, &plan, &s, name_run, &named, &e))
		warn("%s", e.msg);
	source_release(&s);
	completed_release(&done);
	err_release(&e);
}

/* Reports the missing runs, if the number of runs is known. */
static int
check_complete(const struct expdir *x, const struct summary_totals *t)
{
	long long planned = expdir_planned(x), n = planned - t->runs;

	/* without a trace, --continue only mends */
	if (planned < 0 || n <= 0 || (x->continued && !found.traces))
		return 0;
	if (given.report || !given.quiet) {
		warn("%s: %lld of %lld runs %s missing", x->path, n, planned,
		    n == 1 ? "is" : "are");
		name_missing(x);
	}
	return 1;
}

/* Returns the exit status. */
static int
collect_traces(struct expdir *x, char **paths, size_t n, struct out *o)
{
	struct summary_totals totals;
	struct err e = { 0 };
	int incomplete;

	keep_all(x, paths, n, o);
	if (found.existing)
		warn("%s: %lld trace%s of existing runs: skipped", x->path,
		    found.existing, found.existing == 1 ? "" : "s");
	if (x->lacking)
		warn("%s: %lld trace%s came without the observations that %s: "
		    "expected whole traces, as fl-run writes them", x->path,
		    x->lacking, x->lacking == 1 ? "" : "s",
		    x->lacking == 1 ? "it counts" : "they count");
	if (expdir_finish(x, &totals, &e))
		die("%s", e.msg);
	if (given.report)
		collect_report(x, &totals);
	incomplete = check_complete(x, &totals);
	if (stopped)
		return 128 + stopped;
	return found.failed ? 2 : found.bad || x->lacking || totals.failed ||
	    x->cancels || incomplete;
}

/* --- options -------------------------------------------------------------- */

/* Takes NAME=VALUE. */
static void
collect_add_option(const char *arg)
{
	struct manifest *m = &given.manifest;
	size_t i, n = strcspn(arg, "=");

	if (!n || !arg[n])
		die("invalid --option '%s': expected NAME=VALUE", arg);
	for (i = 0; i < m->noptions; i++)
		if (!strncmp(m->options[i], arg, n + 1))
			die("--option '%s': there is one of that name", arg);
	m->options = xreallocarray(m->options, m->noptions + 1,
	    sizeof(*m->options));
	m->options[m->noptions++] = arg;
}

static void
collect_read_option(int c)
{
	struct manifest *m = &given.manifest;

	switch (c) {
	case 'c': given.config = optarg; break;
	case OPT_NAME: m->name = optarg; break;
	case OPT_INPUTS: m->inputs = optarg; break;
	case OPT_RUNS:
		m->runs = cli_int("--runs", optarg, 0, INT64_MAX);
		break;
	case OPT_OPTION: collect_add_option(optarg); break;
	case OPT_CONTINUE: given.how |= EXPDIR_CONTINUE; break;
	case OPT_ANYWAY: given.how |= EXPDIR_ANYWAY; break;
	case OPT_NEW: given.folder = optarg; break;
	case 'q': given.quiet = 1; break;
	case 'r': given.report = 1; break;
	default: cli_common(c, usage);
	}
}

/* Makes a folder for an experiment, and prints its path. */
static int
collect_make_folder(void)
{
	struct out o;
	struct err e = { 0 };
	struct buf *b;

	out_init(&o, STDOUT_FILENO, 0);
	b = out_begin(&o);
	if (newdir_make(b, given.folder, given.manifest.name ?
	    given.manifest.name : "", &e))
		die("%s", e.msg);
	buf_byte(b, '\n');
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return 0;
}

/* The descriptor to lock the directory by, or -1. */
static int
lock_fd(void)
{
	const char *text = getenv("FL_LOCK");

	return text && *text ? (int)cli_int("FL_LOCK", text, 0, INT_MAX) : -1;
}

int
main(int argc, char **argv)
{
	struct config config;
	struct expdir x;
	struct out o;
	struct err e = { 0 };
	int c, status;

	util_init(argv[0]);
	set_signals();
	while ((c = cli_option(argc, argv, "c:qr", options)) != -1)
		collect_read_option(c);
	argc -= optind;
	argv += optind;
	if (given.folder && argc)
		cli_misused(usage, "unexpected '%s' after --new", argv[0]);
	if (given.folder)
		return collect_make_folder();
	if (!argc)
		cli_misused(usage, "a directory is missing");
	if (config_load(&config, given.config, cli_report_config,
	    (void *)(uintptr_t)given.config))
		exit(2);
	given.manifest.config = &config;
	given.manifest.configured = given.config != NULL;
	if (expdir_open(&x, argv[0], &given.manifest, given.how, lock_fd(),
	    cli_report, &e))
		die("%s", e.msg);
	out_init(&o, STDOUT_FILENO, 0);
	status = collect_traces(&x, argv + 1, (size_t)argc - 1, &o);
	expdir_release(&x);
	config_release(&config);
	free(given.manifest.options);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}
