#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "json.h"
#include "line.h"
#include "out.h"
#include "isotime.h"
#include "cli.h"
#include "source.h"
#include "record.h"
#include "environ.h"
#include "config.h"
#include "proc.h"
#include "agent.h"
#include "job.h"
#include "launch.h"
#include "engine.h"

static const char usage[] =
"fl-run [options] [file ...]\n"
"Runs inputs on an agent and writes a trace for each run.\n"
"  -c, --config FILE       read setting.yaml\n"
"  -t, --target M:F        a Python handler: module:function, module:Class.method\n"
"      --command 'CMD ...' an agent in any language (split without a shell)\n"
"      --protocol P        what it speaks: jsonl (unless given) or lines\n"
"      --replay            replay recorded arguments\n"
"  -n, --iterations N      runs of each input\n"
"  -j, --parallel N        agents side by side; 0: one for each processor\n"
"      --timeout SECONDS   how long a run may take\n"
"      --retries N         further attempts at a run that failed\n"
"      --grace SECONDS     for running ones after Ctrl-C (10)\n"
"      --seed N            makes the trace ids reproducible\n"
"      --personas A,B      only inputs of these personas\n"
"      --name NAME         the experiment's name in traces\n"
"      --stderr-dir DIR    keep what agents say on their standard error\n"
"      --total N           how many runs there will be, for the progress line\n"
"      --[no-]progress     show it even if, or not even if, stderr is a terminal\n";

enum { OPT_COMMAND = CLI_OPT, OPT_PROTOCOL, OPT_REPLAY, OPT_TIMEOUT,
	OPT_RETRIES, OPT_GRACE, OPT_SEED, OPT_PERSONAS, OPT_NAME, OPT_STDERR,
	OPT_TOTAL, OPT_PROGRESS, OPT_NO_PROGRESS };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "target", required_argument, NULL, 't' },
	{ "command", required_argument, NULL, OPT_COMMAND },
	{ "protocol", required_argument, NULL, OPT_PROTOCOL },
	{ "replay", no_argument, NULL, OPT_REPLAY },
	{ "iterations", required_argument, NULL, 'n' },
	{ "parallel", required_argument, NULL, 'j' },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "retries", required_argument, NULL, OPT_RETRIES },
	{ "grace", required_argument, NULL, OPT_GRACE },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "personas", required_argument, NULL, OPT_PERSONAS },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "stderr-dir", required_argument, NULL, OPT_STDERR },
	{ "total", required_argument, NULL, OPT_TOTAL },
	{ "progress", no_argument, NULL, OPT_PROGRESS },
	{ "no-progress", no_argument, NULL, OPT_NO_PROGRESS },
	CLI_COMMON
};

/* What the options say; -1 or NULL: nothing. */
static struct {
	const char *config, *target, *command, *protocol, *name;
	char *personas, *stderr_dir;
	long long iterations, parallel, retries, total;
	double timeout, grace;
	int64_t seed;
	int has_seed, replay, progress;
} given = {
	.iterations = -1, .parallel = -1, .retries = -1, .total = -1,
	.timeout = -1, .grace = 10, .progress = -1
};

static int64_t began;

/* --- small things ---------------------------------------------------------- */

static void
put_span(char *text, size_t size, double seconds)
{
	long s = (long)seconds;

	if (s < 60)
		snprintf(text, size, "%ld s", s);
	else if (s < 3600)
		snprintf(text, size, "%ld min %ld s", s / 60, s % 60);
	else
		snprintf(text, size, "%ld h %ld min", s / 3600, s / 60 % 60);
}

static void
progress(long long done, long long failed, int last)
{
	double seconds = (double)(isotime_monotonic() - began) / 1e6, rate;
	char left[64] = "", span[48];

	rate = seconds > 0 ? (double)done / seconds : 0;
	if (given.total > 0 && done > 0 && !last) {
		put_span(span, sizeof(span), (double)(given.total - done) /
		    rate);
		snprintf(left, sizeof(left), ", %s left", span);
	}
	if (given.total > 0)
		fprintf(stderr, "\r%lld/%lld done, %lld failed, %.*f/s%s"
		    "\033[K%s", done, given.total, failed, rate < 10, rate,
		    left, last ? "\n" : "");
	else
		fprintf(stderr, "\r%lld done, %lld failed, %.*f/s\033[K%s",
		    done, failed, rate < 10, rate, last ? "\n" : "");
}

/* --- the plan ------------------------------------------------------------------ */

static double
number(const struct config *c, const char *key, double option, double absent)
{
	return option >= 0 ? option : config_number(c, key, absent);
}

static void
make_plan(struct engine_plan *p, const struct config *c)
{
	static regex_t ready;
	static int64_t seed;
	char *text = config_text(c, "runner.process.ready_pattern");
	double d;

	p->iterations = (long long)number(c, "iterations",
	    (double)given.iterations, 1);
	p->parallel = (size_t)number(c, "parallel_runs",
	    (double)given.parallel, 1);
	if (!p->parallel)
		p->parallel = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	p->timeout = number(c, "runner.timeout_seconds", given.timeout, 300);
	p->max_retries = (unsigned)number(c, "runner.max_retries",
	    (double)given.retries, 0);
	p->retry_delay = config_number(c, "runner.retry_delay", 1);
	p->run_delay = config_number(c, "run_delay_seconds", 0);
	p->fresh = json_equal(config_get(c, "runner.isolation"), "call", 4);
	p->kill_timeout = 2;
	p->grace = given.grace;
	d = config_number(c, "seed", 0.5);
	seed = given.has_seed ? given.seed : (int64_t)d;
	if (given.has_seed || d > 0.5 || d < 0.5)
		p->seed = given.has_seed || d == (double)seed ? &seed : NULL;
	if (text) {
		if (regcomp(&ready, text, REG_EXTENDED | REG_NOSUB))
			die("runner.process.ready_pattern '%s' is no POSIX "
			    "extended regular expression", text);
		p->ready = &ready;
	}
	free(text);
	p->say = cli_say;
	if (given.progress > 0 || (given.progress < 0 &&
	    isatty(STDERR_FILENO)))
		p->progress = progress;
}

static void
set_personas(struct engine_plan *p)
{
	static struct words names;
	char *name;

	for (name = given.personas ? strtok(given.personas, ",") : NULL; name;
	    name = strtok(NULL, ","))
		words_add(&names, name);
	p->personas = names.w;
	p->npersonas = names.n;
}

static void
read_option(int c)
{
	switch (c) {
	case 'c': given.config = optarg; break;
	case 't': given.target = optarg; break;
	case OPT_COMMAND: given.command = optarg; break;
	case OPT_PROTOCOL: given.protocol = optarg; break;
	case OPT_REPLAY: given.replay = 1; break;
	case 'n':
		given.iterations = cli_int("--iterations", optarg, 1,
		    1000000000);
		break;
	case 'j':
		given.parallel = cli_int("--parallel", optarg, 0, 4096);
		break;
	case OPT_TIMEOUT:
		given.timeout = cli_double("--timeout", optarg, 0.001, 1e9);
		break;
	case OPT_RETRIES:
		given.retries = cli_int("--retries", optarg, 0, 1000000);
		break;
	case OPT_GRACE:
		given.grace = cli_double("--grace", optarg, 0, 1e9);
		break;
	case OPT_SEED:
		given.seed = cli_int("--seed", optarg, INT64_MIN, INT64_MAX);
		given.has_seed = 1;
		break;
	case OPT_PERSONAS: given.personas = optarg; break;
	case OPT_NAME: given.name = optarg; break;
	case OPT_STDERR: given.stderr_dir = optarg; break;
	case OPT_TOTAL:
		given.total = cli_int("--total", optarg, 0, INT64_MAX);
		break;
	case OPT_PROGRESS: given.progress = 1; break;
	case OPT_NO_PROGRESS: given.progress = 0; break;
	default: cli_common(c, usage);
	}
}

/* Closes the output. A reader that went away ends us as it would any filter. */
static void
end_output(struct out *o)
{
	if (!out_close(o))
		return;
	if (o->error == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	die("<stdout>: %s", strerror(o->error));
}

static int
run(struct config *c, char **files, int nfiles)
{
	struct engine_plan p = { 0 };
	struct job_plan jobs;
	struct launch launch;
	struct source s;
	struct err e = { 0 };
	struct out o;
	char *name;
	int status;

	make_plan(&p, c);
	set_personas(&p);
	if (launch_init(&launch, c, given.target, given.command,
	    given.protocol, given.replay ||
	    config_true(c, "replay_args.enabled"), &e) ||
	    job_plan_init(&jobs, c, given.replay, launch.target, &e))
		die("%s", e.msg);
	if (given.stderr_dir && mkdir(given.stderr_dir, 0700) &&
	    errno != EEXIST)
		die("%s: %s", given.stderr_dir, strerror(errno));
	name = given.name ? xstrdup(given.name) : config_name(c);
	p.name = name;
	p.jobs = &jobs;
	p.greets = launch.greets;
	p.lines = launch.lines;
	p.kind.argv = launch.argv.w;
	p.kind.env = &c->env;
	p.kind.dir = launch.dir;
	p.kind.stderr_dir = given.stderr_dir;
	source_init(&s, files, (size_t)nfiles, cli_say);
	out_init(&o, STDOUT_FILENO, 0);
	began = isotime_monotonic();
	status = engine_run(&p, &s, &o);
	source_release(&s);
	job_plan_release(&jobs);
	launch_release(&launch);
	free(name);
	end_output(&o);
	return status;
}

int
main(int argc, char **argv)
{
	struct config c;
	int opt, status;

	util_init(argv[0]);
	while ((opt = getopt_long(argc, argv, "c:t:n:j:", options, NULL)) !=
	    -1)
		read_option(opt);
	cli_need_input(argc - optind, usage);
	if (config_load(&c, given.config, cli_config,
	    (void *)(uintptr_t)given.config))
		exit(2);
	status = run(&c, argv + optind, argc - optind);
	config_release(&c);
	return status;
}
