#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "io/out.h"
#include "io/plain.h"
#include "io/source.h"
#include "io/spill.h"
#include "trace/trace.h"
#include "evaluate/runs.h"
#include "evaluate/sample.h"

static const char usage[] =
"fl-sample [options] [DIR | trace ...]\n"
"Choose traces, and write them as inputs: a data set to run again.\n"
"      --failed           choose only runs that failed or did not pass\n"
"      --slow[=TIME]      choose only those that took TIME (or the slowest 5 %)\n"
"      --flaky            choose only inputs that both pass and fail\n"
"      --per WHAT N       choose at most N for each persona, strategy or input\n"
"  -n, --number N         choose at most N\n"
"      --seed N           choose others (default 0)\n"
"      --duplicates       keep inputs with the same text\n"
"      --no-expected      leave out the old output, metadata.expected\n"
"      --traces           write the traces as they are\n";

enum { OPT_FAILED = CLI_OPT, OPT_SLOW, OPT_FLAKY, OPT_PER, OPT_SEED,
	OPT_DUPLICATES, OPT_NO_EXPECTED, OPT_TRACES };

static const struct option options[] = {
	{ "failed", no_argument, NULL, OPT_FAILED },
	{ "slow", optional_argument, NULL, OPT_SLOW },
	{ "flaky", no_argument, NULL, OPT_FLAKY },
	{ "per", required_argument, NULL, OPT_PER },
	{ "number", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "duplicates", no_argument, NULL, OPT_DUPLICATES },
	{ "no-expected", no_argument, NULL, OPT_NO_EXPECTED },
	{ "traces", no_argument, NULL, OPT_TRACES },
	CLI_COMMON
};

static struct sample_rules given;

/* Reads WHAT, and N from the next word. */
static void
read_per(int argc, char **argv, const char *what)
{
	size_t i;

	for (i = SAMPLE_PERSONA; i < SAMPLE_GROUPS; i++)
		if (!strcmp(what, sample_groups[i]))
			given.group = (enum sample_group)i;
	if (given.group == SAMPLE_ALL)
		cli_misused(usage, "--per '%s': expected persona, strategy or "
		    "input", what);
	if (optind == argc)
		cli_misused(usage, "--per %s: the number is missing", what);
	given.each = (size_t)cli_int("--per", argv[optind++], 1, 1000000000);
}

/* Reads a time; returns milliseconds, 0 without an argument. */
static double
read_slow(const char *arg)
{
	return arg ? 1000 * cli_seconds("--slow", arg, 1e-6, 1e9) : 0;
}

static void
sample_read_options(int argc, char **argv)
{
	int c;

	while ((c = cli_option(argc, argv, "n:", options)) != -1) {
		switch (c) {
		case OPT_FAILED: given.failed = 1; break;
		case OPT_FLAKY: given.flaky = 1; break;
		case OPT_SLOW:
			given.slow = 1;
			given.slow_ms = read_slow(optarg);
			break;
		case OPT_PER: read_per(argc, argv, optarg); break;
		case 'n':
			given.most = (size_t)cli_int("--number", optarg, 1,
			    1000000000);
			break;
		case OPT_SEED:
			given.seed = (uint64_t)cli_int("--seed", optarg,
			    INT64_MIN, INT64_MAX);
			break;
		case OPT_DUPLICATES: given.duplicates = 1; break;
		case OPT_NO_EXPECTED: given.no_expected = 1; break;
		case OPT_TRACES: given.traces = 1; break;
		default: cli_common(c, usage);
		}
	}
	cli_need_input(argc - optind, usage);
}

/*
 * Makes the traces of an experiment the standard input, without their steps.
 * Returns their name in messages, or NULL if it is not a directory.
 */
static char *
open_experiment(const char *dir)
{
	static const char *const files[] = {
		"traces.jsonl", "trace_summary.jsonl"
	};
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	size_t i;

	if (folder < 0)
		return NULL;
	for (i = 0; i < LEN(files) && fd < 0; i++)
		fd = plain_open(folder, files[i], O_RDONLY);
	if (fd < 0)
		die("%s/%s: %s", dir, files[LEN(files) - 1],
		    plain_error(errno));
	if (dup2(fd, STDIN_FILENO) < 0)
		die("%s: %s", dir, strerror(errno));
	close(fd);
	close(folder);
	return xasprintf("%s/%s", dir, files[i - 1]);
}

_Noreturn static void
fail_to_write(const struct out *o)
{
	if (o->error)
		die("<stdout>: %s", strerror(o->error));
	die("%s: %s", spill_dir(), strerror(errno));
}

int
main(int argc, char **argv)
{
	struct json_span v[TRACE_FIELDS];
	static char *const from_stdin[] = { "-" };
	struct runs rows, *verdicts = NULL;
	struct err e = { 0 };
	struct sample *sample;
	struct source in;
	struct out out;
	char *name = NULL;
	int status;

	util_init(argv[0]);
	sample_read_options(argc, argv);
	if (argc - optind == 1)
		name = open_experiment(argv[optind]);
	if (name) {
		if (runs_read(&rows, argv[optind], NULL, &e))
			die("%s", e.msg);
		verdicts = &rows;
	}
	out_init(&out, STDOUT_FILENO, 0);
	source_init(&in, name ? from_stdin : argv + optind,
	    name ? 1 : (size_t)(argc - optind), cli_report);
	if (name)
		in.stdin_name = name;
	sample = sample_new(&given, verdicts, &out);
	while (source_next(&in, trace_fields, v, TRACE_FIELDS) > 0)
		if (sample_add(sample, in.record, v))
			fail_to_write(&out);
	if (sample_end(sample))
		fail_to_write(&out);
	if (!sample_written(sample) && !in.failed)
		warn("no trace was chosen");
	if (out_close(&out))
		fail_to_write(&out);
	status = in.failed ? 2 : in.bad ? 1 : 0;
	sample_free(sample);
	source_release(&in);
	if (verdicts)
		runs_release(verdicts);
	free(name);
	return status;
}
