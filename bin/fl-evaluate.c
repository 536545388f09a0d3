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
#include "json/json.h"
#include "io/out.h"
#include "io/outdir.h"
#include "io/source.h"
#include "experiment/row.h"
#include "trace/trace.h"
#include "evaluate/agreement.h"
#include "evaluate/evaluation.h"
#include "evaluate/gates.h"
#include "evaluate/judged.h"
#include "evaluate/judging.h"
#include "evaluate/labels.h"
#include "evaluate/verdict.h"

static const char usage[] =
"fl-evaluate [options] -c FILE [file ...]\n"
"Check traces, and pass them on with a verdict and its reasons.\n"
"  -c, --config FILE        evaluation.yaml, or a setting.yaml with checks\n"
"  -o, --output-dir DIR     also write a summary, and rows with verdicts, to DIR\n"
"      --overwrite          replace DIR if fl-evaluate made it\n"
"      --force              with --overwrite: even if other files are in it\n"
"  -q, --quiet              do not pass the traces on\n"
"      --min-pass-rate R    exit with 1 if fewer traces pass, from 0 to 1\n"
"      --min-input-pass-rate R  exit with 1 if fewer runs of an input pass\n"
"      --min-pass-hat-k K:R     exit with 1 if K runs all pass less often\n"
"      --min-score R        exit with 1 if the average score is lower\n"
"      --errors ignore      exit with 0 even if traces were not judged\n"
"      --prompts            write requests to judge, for fl-llm\n"
"      --judged FILE        read the replies of a model\n"
"      --labels FILE        instead of traces, write how far people agree with\n"
"                           the checks; fl-label wrote FILE\n"
"      --llm-options DIR    print the options for fl-llm, its cache in DIR\n"
"      --list-checks        print all checks: DIALECT, NAME and SUMMARY\n";

enum { OPT_OVERWRITE = CLI_OPT, OPT_FORCE, OPT_PASS_RATE, OPT_INPUT_RATE,
	OPT_PASS_HAT_K, OPT_SCORE, OPT_ERRORS, OPT_PROMPTS, OPT_JUDGED,
	OPT_LABELS, OPT_LLM, OPT_LIST };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "output-dir", required_argument, NULL, 'o' },
	{ "overwrite", no_argument, NULL, OPT_OVERWRITE },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "quiet", no_argument, NULL, 'q' },
	{ "min-pass-rate", required_argument, NULL, OPT_PASS_RATE },
	{ "min-input-pass-rate", required_argument, NULL, OPT_INPUT_RATE },
	{ "min-pass-hat-k", required_argument, NULL, OPT_PASS_HAT_K },
	{ "min-score", required_argument, NULL, OPT_SCORE },
	{ "errors", required_argument, NULL, OPT_ERRORS },
	{ "prompts", no_argument, NULL, OPT_PROMPTS },
	{ "judged", required_argument, NULL, OPT_JUDGED },
	{ "labels", required_argument, NULL, OPT_LABELS },
	{ "llm-options", required_argument, NULL, OPT_LLM },
	{ "list-checks", no_argument, NULL, OPT_LIST },
	CLI_COMMON
};

static struct {
	const char *config, *folder, *judged, *labels, *llm_folder;
	int overwrite, force, quiet, ignore_errors, prompts;
	struct gates gates;
} given = { .gates = { -1, -1, -1, -1, 0 } };

/* The outputs, and the results so far. */
struct evaluation_run {
	struct evaluation *checks;
	struct outcome outcome;
	struct standing standing;
	struct labels labels;
	struct agreement agreement;
	struct out out;		/* stdout */
	struct outdir dir;
	struct out rows;	/* per_trace.jsonl */
	struct out summary;	/* trace_summary.jsonl */
};

static double
read_rate(const char *option, const char *arg)
{
	char *end;
	double d = strtod(arg, &end);

	if (!*arg || *end || !(d >= 0 && d <= 1))
		cli_misused(usage, "%s '%s': expected a number from 0 to 1",
		    option, arg);
	return d;
}

static void
list_checks(void)
{
	struct buf list = { 0 };

	evaluation_list_checks(&list);
	if (out_print(&list))
		die("<stdout>: %s", strerror(errno));
	buf_release(&list);
	exit(0);
}

static void
read_gate(int c)
{
	switch (c) {
	case OPT_PASS_RATE:
		given.gates.min_pass_rate = read_rate("--min-pass-rate",
		    optarg);
		return;
	case OPT_INPUT_RATE:
		given.gates.min_input_pass_rate =
		    read_rate("--min-input-pass-rate", optarg);
		return;
	case OPT_SCORE:
		given.gates.min_score = read_rate("--min-score", optarg);
		return;
	case OPT_PASS_HAT_K:
		if (gates_read_pass_hat_k(&given.gates, optarg))
			cli_misused(usage, "--min-pass-hat-k '%s': expected "
			    "K:RATE, such as 3:0.8", optarg);
		return;
	default:
		cli_common(c, usage);
	}
}

static void
evaluate_read_options(int argc, char **argv)
{
	int c;

	while ((c = cli_option(argc, argv, "c:o:q", options)) != -1) {
		switch (c) {
		case 'c': given.config = optarg; break;
		case 'o': given.folder = optarg; break;
		case 'q': given.quiet = 1; break;
		case OPT_OVERWRITE: given.overwrite = 1; break;
		case OPT_FORCE: given.force = 1; break;
		case OPT_PROMPTS: given.prompts = 1; break;
		case OPT_LABELS: given.labels = optarg; break;
		case OPT_JUDGED: given.judged = optarg; break;
		case OPT_LLM: given.llm_folder = optarg; break;
		case OPT_LIST: list_checks(); break;
		case OPT_ERRORS:
			if (strcmp(optarg, "ignore") != 0)
				cli_misused(usage, "--errors '%s': expected "
				    "ignore", optarg);
			given.ignore_errors = 1;
			break;
		default: read_gate(c);
		}
	}
	if (!given.config)
		cli_misused(usage, "missing --config");
}

/* Errors and warnings, since no other command prints the latter. */
static void
report_check(void *file, int error, const struct err *e)
{
	char *text = err_text(e, file);

	warn(error ? "%s" : "warning: %s", text);
	free(text);
}

static struct judged *
read_judged(void)
{
	struct judged *j = judged_new();
	char *files[1] = { (char *)(uintptr_t)given.judged };
	struct source s;

	source_init(&s, files, 1, cli_report);
	while (source_next(&s, NULL, NULL, 0) > 0)
		judged_add(j, s.record);
	if (s.failed)
		exit(2);
	source_release(&s);
	return j;
}

static void
read_labels(struct labels *l)
{
	char *files[1] = { (char *)(uintptr_t)given.labels };
	struct source s;

	source_init(&s, files, 1, cli_report);
	while (source_next(&s, NULL, NULL, 0) > 0)
		if (labels_add(l, s.record))
			source_complain(&s, "not a label: expected run_id, "
			    "and a label that is pass or fail");
	if (s.failed)
		exit(2);
	source_release(&s);
}

/* Compares the labels of a trace with the results of its checks. */
static void
compare_label(struct evaluation_run *x, const struct json_span v[TRACE_FIELDS])
{
	struct labels_answer answer = { json_is_null(v[TRACE_RUN_ID]) ?
	    v[TRACE_TRACE_ID] : v[TRACE_RUN_ID], v[TRACE_OUTPUT] };
	struct agreement_case c = {
		.input = v[TRACE_INPUT], .output = v[TRACE_OUTPUT],
		.outcome = &x->outcome
	};

	c.label = labels_find(&x->labels, &answer, NULL, &c.note);
	agreement_add(&x->agreement, &c);
}

static void
put_agreement(struct evaluation_run *x)
{
	if (!given.labels)
		return;
	agreement_put_text(&x->agreement, out_begin(&x->out));
	if (out_end(&x->out))
		die("<stdout>: %s", strerror(x->out.error));
}

/* Prints the options of fl-llm in the configuration, one word per line. */
static void
print_llm_options(const struct evaluation *v)
{
	struct buf words = { 0 };

	judging_put_options(v, given.llm_folder, &words);
	if (out_print(&words))
		die("<stdout>: %s", strerror(errno));
	buf_release(&words);
}

/* Writes the trace with its verdict in place of an earlier one. */
static void
evaluate_put_trace(struct evaluation_run *x, struct json_span record)
{
	static const char *const replaced[] = { "scores", "evaluation" };
	struct buf *b = out_begin(&x->out);

	json_open(b, NULL, '{');
	json_add_others(b, record, replaced, LEN(replaced));
	json_add(b, "scores", json_buf(&x->outcome.scores));
	json_add(b, "evaluation", json_buf(&x->outcome.record));
	json_close(b, '}');
	buf_byte(b, '\n');
	if (out_end(&x->out))
		die("<stdout>: %s", strerror(x->out.error));
}

/* Writes a row of the original's per_trace.jsonl. */
static void
evaluate_put_row(struct evaluation_run *x,
    const struct json_span v[TRACE_FIELDS])
{
	static const int same[] = {
		TRACE_TRACE_ID, TRACE_ITERATION, TRACE_PERSONA, TRACE_SUCCESS,
		TRACE_DURATION
	};
	static const int texts[] = { TRACE_INPUT, TRACE_OUTPUT };
	static const int talk[] = { TRACE_CONVERSATION,
		TRACE_CONVERSATION_STATE, TRACE_TERMINATION_REASON };
	const struct verdict *got = &x->outcome.verdict;
	struct buf *b = out_begin(&x->rows);
	size_t i;

	json_open(b, NULL, '{');
	for (i = 0; i < LEN(same); i++)
		if (v[same[i]].p)
			json_add(b, trace_fields[same[i]], v[same[i]]);
		else
			json_add_null(b, trace_fields[same[i]]);
	json_add(b, "scores", json_buf(&x->outcome.scores));
	json_add_double(b, "final_score", got->score);
	if (got->kind == VERDICT_NONE)
		json_add_null(b, "pass");
	else
		json_add_bool(b, "pass", got->kind == VERDICT_PASS);
	json_key(b, "reasons");
	outcome_put_reasons(&x->outcome, b);
	json_open(b, "meta", '{');
	for (i = 0; i < LEN(texts); i++)
		if (!json_is_null(v[texts[i]]))
			json_add(b, trace_fields[texts[i]], v[texts[i]]);
	json_close(b, '}');
	for (i = 0; i < LEN(talk); i++)
		if (!json_is_null(v[talk[i]]))
			json_add(b, trace_fields[talk[i]], v[talk[i]]);
	json_close(b, '}');
	buf_byte(b, '\n');
	if (out_end(&x->rows))
		die("%s/per_trace.jsonl: %s", given.folder,
		    strerror(x->rows.error));
}

/* Writes the row of the trace with its verdict, for fl-diff and fl-report. */
static void
put_summary_row(struct evaluation_run *x, struct json_span record,
    struct json_span metadata)
{
	static const char *const left_out[] = {
		"scores", "evaluation", "observations", "callback_messages",
		"stdout", "stderr", "metadata", "conversation",
		"observations_at", "observations_bytes", "final_output",
		"summary", "timeline", "metrics", "strategy"
	};
	struct json_span strategy = row_strategy(json_get(record, "strategy"),
	    metadata);
	struct buf *b = out_begin(&x->summary);

	json_open(b, NULL, '{');
	json_add_others(b, record, left_out, LEN(left_out));
	if (strategy.p)
		json_add(b, "strategy", strategy);
	json_add(b, "scores", json_buf(&x->outcome.scores));
	json_add(b, "evaluation", json_buf(&x->outcome.record));
	json_close(b, '}');
	buf_byte(b, '\n');
	if (out_end(&x->summary))
		die("%s/trace_summary.jsonl: %s", given.folder,
		    strerror(x->summary.error));
}

static void
take_trace(struct evaluation_run *x, struct json_span record,
    const struct json_span v[TRACE_FIELDS])
{
	struct standing_run run = {
		.input_id = v[TRACE_INPUT_ID], .input = v[TRACE_INPUT],
		.persona = v[TRACE_PERSONA], .success = v[TRACE_SUCCESS],
		.duration = v[TRACE_DURATION], .outcome = &x->outcome
	};

	if (given.prompts) {
		evaluation_put_requests(x->checks, record, v,
		    out_begin(&x->out));
		if (out_end(&x->out))
			die("<stdout>: %s", strerror(x->out.error));
		return;
	}
	evaluation_judge(x->checks, record, v, &x->outcome);
	standing_add(&x->standing, &run);
	if (given.labels)
		compare_label(x, v);
	else if (!given.quiet)
		evaluate_put_trace(x, record);
	if (given.folder) {
		evaluate_put_row(x, v);
		put_summary_row(x, record, v[TRACE_METADATA]);
	}
}

static void
evaluate_begin_folder(struct evaluation_run *x)
{
	struct err e = { 0 };
	int fd, rows = -1;

	if (!given.folder)
		return;
	if (outdir_begin(&x->dir, given.folder, !given.overwrite ?
	    OUTDIR_KEEP : given.force ? OUTDIR_FORCE : OUTDIR_REPLACE, &e) ||
	    (fd = outdir_open(&x->dir, "per_trace.jsonl", &e)) < 0 ||
	    (rows = outdir_open(&x->dir, "trace_summary.jsonl", &e)) < 0) {
		outdir_release(&x->dir);
		die("%s", e.msg);
	}
	out_init(&x->rows, fd, 0);
	out_init(&x->summary, rows, 0);
}

/* Completes the folder; without all traces there is none. */
static void
end_folder(struct evaluation_run *x, int failed)
{
	struct buf text = { 0 };
	struct err e = { 0 };
	int fd, error = 0;

	if (!given.folder)
		return;
	if (out_close(&x->rows))
		error = x->rows.error;
	if (out_close(&x->summary) && !error)
		error = x->summary.error;
	if (failed) {
		outdir_release(&x->dir);
		return;
	}
	standing_put(&x->standing, &given.gates, x->checks, given.labels ?
	    &x->agreement : NULL, &text);
	fd = error ? -1 : outdir_open(&x->dir, "summary.json", &e);
	if (fd >= 0 && out_write_all(fd, text.p, text.len))
		error = errno;
	if (fd >= 0 && close(fd) && !error)
		error = errno;
	if (error)
		err_set(&e, 0, 0, "%s: %s", given.folder, strerror(error));
	if (!e.msg)
		outdir_commit(&x->dir, &e);
	outdir_release(&x->dir);
	if (e.msg)
		die("%s", e.msg);
	buf_release(&text);
}

/* "50 traces: 45 pass, 3 fail, 2 not judged; average score 0.93" */
static void
report_standing(const struct standing *s)
{
	struct buf text = { 0 };

	buf_printf(&text, "%zu trace%s: %zu pass, %zu fail", s->runs,
	    s->runs == 1 ? "" : "s", s->passed, s->failed);
	if (s->none)
		buf_printf(&text, ", %zu not judged", s->none);
	if (s->scored)
		buf_printf(&text, "; average score %.3g", s->score /
		    (double)s->scored);
	warn("%s", buf_str(&text));
	buf_release(&text);
}

/*
 * Returns the exit status: 2 without a trace; 1 if a gate was missed or, where
 * there is none, a trace failed, or if a trace was not judged or is bad.
 */
static int
conclude(struct evaluation_run *x, const struct source *s)
{
	int status = s->failed ? 2 : s->bad ? 1 : 0;

	if (given.prompts)
		return status;
	report_standing(&x->standing);
	if (gates_check(&given.gates, &x->standing, x->checks, cli_report) &&
	    status < 1)
		status = 1;
	/* with labels, failed traces are expected */
	if (given.labels)
		return x->standing.runs || status ? status : 2;
	if (x->standing.failed && status < 1 &&
	    !gates_are_set(&given.gates, x->checks))
		status = 1;
	if (x->standing.none && !given.ignore_errors && status < 1)
		status = 1;
	return x->standing.runs || status ? status : 2;
}

int
main(int argc, char **argv)
{
	struct evaluation_run x = { .checks = NULL };
	struct json_span v[TRACE_FIELDS];
	struct judged *judged = NULL;
	const char *bad;
	struct source s;
	int status;

	util_init(argv[0]);
	evaluate_read_options(argc, argv);
	if (!given.llm_folder)
		cli_need_input(argc - optind, usage);
	x.checks = evaluation_read(given.config, report_check,
	    (void *)(uintptr_t)given.config);
	if (!x.checks)
		return 2;
	if (given.llm_folder) {
		print_llm_options(x.checks);
		evaluation_free(x.checks);
		return 0;
	}
	if (gates_read(&given.gates, x.checks, &bad))
		die("%s: %s has a wrong value", given.config, bad);
	if (given.judged)
		judged = read_judged();
	evaluation_set_judged(x.checks, judged);
	if (given.labels)
		read_labels(&x.labels);
	evaluate_begin_folder(&x);
	out_init(&x.out, STDOUT_FILENO, 0);
	source_init(&s, argv + optind, (size_t)(argc - optind), cli_report);
	while (source_next(&s, trace_fields, v, TRACE_FIELDS) > 0)
		take_trace(&x, s.record, v);
	if (given.prompts) {
		evaluation_put_comparisons(x.checks, out_begin(&x.out));
		out_end(&x.out);
	}
	put_agreement(&x);
	if (out_close(&x.out))
		die("<stdout>: %s", strerror(x.out.error));
	end_folder(&x, s.failed);
	status = conclude(&x, &s);
	source_release(&s);
	outcome_release(&x.outcome);
	standing_release(&x.standing);
	labels_release(&x.labels);
	agreement_release(&x.agreement);
	evaluation_free(x.checks);
	judged_free(judged);
	return status;
}
