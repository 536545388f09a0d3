#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "io/source.h"
#include "config/config.h"
#include "config/env.h"
#include "run/agent.h"
#include "run/check.h"
#include "run/command.h"
#include "run/completed.h"
#include "run/engine.h"
#include "run/eventlog.h"
#include "run/input.h"
#include "run/proc.h"
#include "run/queue.h"
#include "run/run.h"

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
"      --ordered           traces in the order of the inputs\n"
"      --timeout TIME      how long a run may take (30, 1.5m, 2h)\n"
"      --retries N         further attempts at a run that failed\n"
"      --retry-on A,B      only after these: error, timeout, crash, protocol\n"
"      --on-error WHAT     continue, or fail_fast: stop at the first failure\n"
"      --max-failures N    stop when so many runs have failed\n"
"      --max-time TIME     stop after so long\n"
"      --max-tokens N      stop when so many tokens were used\n"
"      --grace TIME        for running ones after a stop (10)\n"
"      --done FILE         leave out runs whose traces, or rows, are in FILE\n"
"      --shard K/N         only the runs of part K of N\n"
"      --seed N            makes the trace ids reproducible\n"
"      --personas A,B      only inputs of these personas\n"
"      --name NAME         the experiment's name in traces\n"
"      --stderr-dir DIR    keep what agents say on their standard error\n"
"      --log FILE          write down what is done, and when, as JSONL\n"
"      --total N           how many runs there will be, for the progress line\n"
"      --explain           print what would be run, and where, and exit\n"
"      --check             the same, and load a Python handler\n"
"      --python-path       print the folder of the Python package and exit\n"
"      --[no-]progress     show it even if, or not even if, stderr is a terminal\n";

enum { OPT_COMMAND = CLI_OPT, OPT_PROTOCOL, OPT_REPLAY, OPT_TIMEOUT,
	OPT_RETRIES, OPT_RETRY_ON, OPT_ON_ERROR, OPT_MAX_FAILURES,
	OPT_MAX_TIME, OPT_MAX_TOKENS, OPT_GRACE, OPT_DONE, OPT_SHARD,
	OPT_ORDERED, OPT_SEED, OPT_PERSONAS, OPT_NAME, OPT_STDERR, OPT_LOG,
	OPT_TOTAL, OPT_EXPLAIN, OPT_CHECK, OPT_PACKAGE, OPT_PROGRESS,
	OPT_NO_PROGRESS };

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
	{ "retry-on", required_argument, NULL, OPT_RETRY_ON },
	{ "on-error", required_argument, NULL, OPT_ON_ERROR },
	{ "max-failures", required_argument, NULL, OPT_MAX_FAILURES },
	{ "max-time", required_argument, NULL, OPT_MAX_TIME },
	{ "max-tokens", required_argument, NULL, OPT_MAX_TOKENS },
	{ "grace", required_argument, NULL, OPT_GRACE },
	{ "done", required_argument, NULL, OPT_DONE },
	{ "shard", required_argument, NULL, OPT_SHARD },
	{ "ordered", no_argument, NULL, OPT_ORDERED },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "personas", required_argument, NULL, OPT_PERSONAS },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "stderr-dir", required_argument, NULL, OPT_STDERR },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "total", required_argument, NULL, OPT_TOTAL },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "python-path", no_argument, NULL, OPT_PACKAGE },
	{ "progress", no_argument, NULL, OPT_PROGRESS },
	{ "no-progress", no_argument, NULL, OPT_NO_PROGRESS },
	CLI_COMMON
};

/* What the options say; -1 or NULL: nothing. */
static struct {
	const char *config, *target, *command, *protocol, *name, *done, *shard;
	const char *retry_on, *on_error, *log;
	char *personas, *stderr_dir;
	long long iterations, parallel, retries, total;
	long long max_failures, max_tokens;
	double timeout, grace, max_time;
	int64_t seed;
	int has_seed, replay, ordered, progress, explain, check;
} given = {
	.iterations = -1, .parallel = -1, .retries = -1, .total = -1,
	.timeout = -1, .grace = 10, .progress = -1
};

static int64_t began;
static int shown;		/* there is a progress line */

/* --- what people see ----------------------------------------------------- */

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

/* How wide the terminal is that the progress line is shown on; 0: any. */
static size_t
width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/*
 * A line that is wider than the terminal would not be taken back by the next
 * one: what matters least is left out until it fits, and what then is too much
 * is cut off.
 */
static void
put_line(char parts[][64], size_t n, const size_t *least, size_t room)
{
	struct buf b = { 0 };
	size_t i, length = 0;

	for (i = 0; i < n; i++)
		length += strlen(parts[i]);
	for (i = 0; room && length >= room && i < n - 1; i++) {
		length -= strlen(parts[least[i]]);
		*parts[least[i]] = 0;
	}
	for (i = 0; i < n; i++)
		buf_puts(&b, parts[i]);
	if (room && b.len >= room)
		b.len = room - 1;
	fprintf(stderr, "\r%.*s\033[K", (int)b.len, b.p);
	buf_release(&b);
}

static void
progress(const struct engine_view *v, int last)
{
	enum { DONE, FAILED, RUNNING, RATE, MEDIAN, LEFT, PARTS };
	static const size_t least[] = { MEDIAN, RATE, RUNNING, LEFT, FAILED };
	double seconds = (double)(isotime_monotonic() - began) / 1e6, rate;
	long long total = given.total > 0 ? given.total : 0;
	char parts[PARTS][64] = { "" }, of[32] = "", span[48];
	struct pollfd can_show = { STDERR_FILENO, POLLOUT, 0 };

	/* agents are not to wait for a terminal that was stopped */
	if (poll(&can_show, 1, 0) <= 0)
		return;
	rate = seconds > 0 ? (double)v->done / seconds : 0;
	if (total)
		snprintf(of, sizeof(of), "/%lld", total);
	snprintf(parts[DONE], sizeof(*parts), "%lld%s done", v->done, of);
	snprintf(parts[FAILED], sizeof(*parts), ", %lld failed", v->failed);
	snprintf(parts[RUNNING], sizeof(*parts), ", %lld running", v->running);
	snprintf(parts[RATE], sizeof(*parts), ", %.*f/s", rate < 10, rate);
	if (v->done)
		snprintf(parts[MEDIAN], sizeof(*parts), ", p50 %.*f ms",
		    v->p50 < 10, v->p50);
	if (total && v->done && v->done <= total && !v->stopping && !last) {
		put_span(span, sizeof(span), (double)(total - v->done) / rate);
		snprintf(parts[LEFT], sizeof(*parts), ", %s left", span);
	}
	put_line(parts, PARTS, least, width());
	if (last)
		putc('\n', stderr);
	shown = !last;
}

/* Says something without a progress line in the way. */
static void
say(const char *msg)
{
	if (shown)
		fputs("\r\033[K", stderr);
	cli_say(msg);
}

/* --- the plan ------------------------------------------------------------ */

static double
number(const struct config *c, const char *key, double option, double absent)
{
	return option >= 0 ? option : config_number(c, key, absent);
}

/* The part of the work that is ours, of "K/N". */
static void
set_shard(struct queue_plan *p)
{
	const char *text = given.shard ? given.shard : getenv("FL_SHARD");
	long long k = 0, n = 0;
	int used = 0;

	if (!text || !*text)
		return;
	sscanf(text, "%9lld/%9lld%n", &k, &n, &used);
	if (!used || text[used] || k < 1 || k > n)
		die("%s '%s': K/N is wanted, with K from 1 to N",
		    given.shard ? "--shard" : "FL_SHARD", text);
	p->shard = (uint64_t)k - 1;
	p->shards = (uint64_t)n;
}

/* The bit of a kind of failure; complains about a name that is none. */
static unsigned
failure_bit(const char *name, size_t n)
{
	unsigned i;

	for (i = 0; i < RUN_CANCELLED; i++)
		if (strlen(run_failures[i]) == n &&
		    !memcmp(run_failures[i], name, n))
			return 1u << i;
	die("--retry-on '%.*s': error, timeout, crash or protocol is wanted",
	    (int)n, name);
}

static unsigned
retry_on(const struct config *c)
{
	struct json_span key, item, v = config_get(c, "runner.retry_on");
	struct json_iter it;
	const char *s;
	unsigned bits = 0;
	size_t n;

	for (s = given.retry_on; s && *s; s += n + (s[n] == ',')) {
		n = strcspn(s, ",");
		bits |= failure_bit(s, n);
	}
	if (given.retry_on)
		return bits;
	if (json_is(v, JSON_STRING))
		return failure_bit(v.p + 1, v.n - 2);
	if (!json_is(v, JSON_ARRAY))
		return ~0u;
	for (it = json_each(v); json_next(&it, &key, &item); )
		bits |= failure_bit(item.p + 1, item.n - 2);
	return bits;
}

/* What ends the experiment early. */
static void
set_limits(struct engine_plan *p, const struct config *c)
{
	struct json_span v = config_get(c, "runner.on_error");
	int fast = json_is_str(v, "fail_fast");

	if (given.on_error) {
		fast = !strcmp(given.on_error, "fail_fast");
		if (!fast && strcmp(given.on_error, "continue") != 0)
			die("--on-error '%s': continue or fail_fast is "
			    "wanted", given.on_error);
	}
	p->max_failures = fast ? 1 : given.max_failures;
	p->max_tokens = given.max_tokens;
	p->max_time = given.max_time;
}

/* How agents are ended. */
static void
set_ending(struct engine_plan *p, const struct config *c)
{
	char *name = config_text(c, "runner.kill_signal");

	p->kill_signal = name ? proc_signal_number(name) : 0;
	free(name);
	if (!p->kill_signal)
		p->kill_signal = SIGTERM;
	p->kill_timeout = config_number(c, "runner.kill_timeout", 2);
	p->grace = given.grace;
}

static void
set_seed(struct queue_plan *p, const struct config *c)
{
	static int64_t seed;
	double d = config_number(c, "seed", 0.5);

	seed = given.has_seed ? given.seed : (int64_t)d;
	if (given.has_seed || d == (double)seed)
		p->seed = &seed;
}

static void
set_ready(struct engine_plan *p, const struct config *c)
{
	static regex_t ready;
	char *text = config_text(c, "runner.process.ready_pattern");

	if (text && regcomp(&ready, text, REG_EXTENDED | REG_NOSUB))
		die("runner.process.ready_pattern '%s' is no POSIX "
		    "extended regular expression", text);
	if (text)
		p->ready = &ready;
	free(text);
}

static void
make_plan(struct engine_plan *p, const struct config *c)
{
	p->feed.iterations = (long long)number(c, "iterations",
	    (double)given.iterations, 1);
	set_shard(&p->feed);
	set_seed(&p->feed, c);
	p->parallel = (size_t)number(c, "parallel_runs",
	    (double)given.parallel, 1);
	if (!p->parallel)
		p->parallel = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	p->timeout = number(c, "runner.timeout_seconds", given.timeout, 300);
	p->max_retries = (unsigned)number(c, "runner.max_retries",
	    (double)given.retries, 0);
	p->retry_on = retry_on(c);
	p->retry_delay = config_number(c, "runner.retry_delay", 1);
	p->run_delay = config_number(c, "run_delay_seconds", 0);
	p->fresh = json_equal(config_get(c, "runner.isolation"), "call", 4);
	p->ordered = given.ordered;
	p->output_limit = (size_t)config_number(c, "runner.limits.output_mb",
	    1024) << 20;
	set_ending(p, c);
	set_limits(p, c);
	p->say = say;
	if (given.progress > 0 || (given.progress < 0 &&
	    isatty(STDERR_FILENO)))
		p->progress = progress;
}

static void
set_personas(struct queue_plan *p)
{
	static struct words names;
	char *list = given.personas, *name;

	while ((name = cli_item(&list)))
		words_add(&names, name);
	p->personas = names.w;
	p->npersonas = names.n;
}

/* Writes text and exits with 0. */
static _Noreturn void
print_text(const struct buf *text)
{
	if (out_write_all(STDOUT_FILENO, text->p, text->len))
		die("<stdout>: %s", strerror(errno));
	exit(0);
}

static _Noreturn void
print_package(void)
{
	struct buf text = { 0 };
	struct err e = { 0 };
	char *package = command_package(&e);

	if (!package)
		die("%s", e.msg);
	buf_printf(&text, "%s\n", package);
	print_text(&text);
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
		given.timeout = cli_seconds("--timeout", optarg, 0.001, 1e9);
		break;
	case OPT_RETRIES:
		given.retries = cli_int("--retries", optarg, 0, 1000000);
		break;
	case OPT_GRACE:
		given.grace = cli_seconds("--grace", optarg, 0, 1e9);
		break;
	case OPT_MAX_FAILURES:
		given.max_failures = cli_int("--max-failures", optarg, 1,
		    INT64_MAX);
		break;
	case OPT_MAX_TIME:
		given.max_time = cli_seconds("--max-time", optarg, 0.001,
		    1e9);
		break;
	case OPT_MAX_TOKENS:
		given.max_tokens = cli_int("--max-tokens", optarg, 1,
		    INT64_MAX);
		break;
	case OPT_RETRY_ON: given.retry_on = optarg; break;
	case OPT_ON_ERROR: given.on_error = optarg; break;
	case OPT_DONE: given.done = optarg; break;
	case OPT_SHARD: given.shard = optarg; break;
	case OPT_ORDERED: given.ordered = 1; break;
	case OPT_LOG: given.log = optarg; break;
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
	case OPT_EXPLAIN: given.explain = 1; break;
	case OPT_CHECK: given.explain = given.check = 1; break;
	case OPT_PACKAGE: print_package();
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

/*
 * Reads what was done. Where that is the very file that we append to, a last
 * line that was cut off is taken away, so that the next one is not joined on.
 */
static void
read_done(struct completed *d, struct err *e)
{
	struct stat file, out;

	if (completed_read(d, given.done, e))
		die("%s", e->msg);
	if (!d->torn || stat(given.done, &file) ||
	    fstat(STDOUT_FILENO, &out) || file.st_dev != out.st_dev ||
	    file.st_ino != out.st_ino)
		return;
	if (ftruncate(STDOUT_FILENO, (off_t)d->whole))
		die("%s: %s", given.done, strerror(errno));
	warn("%s: the last line was cut off and is removed", given.done);
}

/* Prints what would be run, and becomes it for --check. */
static _Noreturn void
explain(struct config *c)
{
	struct command agent;
	struct buf text = { 0 };
	struct err e = { 0 };
	int bad;

	bad = command_init(&agent, c, given.target, given.command,
	    given.protocol, given.replay ||
	    config_true(c, "replay_args.enabled"), &e);
	check_put(&text, &agent);
	if (!bad && (!given.check || !agent.python))
		print_text(&text);
	out_write_all(STDOUT_FILENO, text.p, text.len);
	if (!bad)
		check_become(&agent, c, &e);
	die("%s", e.msg);
}

static int
run(struct config *c, char **files, int nfiles)
{
	struct engine_plan p = { 0 };
	struct input_plan jobs;
	struct eventlog journal = { 0 };
	struct command launch;
	struct completed done = { 0 };
	struct source s;
	struct err e = { 0 };
	struct out o;
	char *name;
	int status;

	make_plan(&p, c);
	set_personas(&p.feed);
	if (given.done) {
		read_done(&done, &e);
		p.feed.done = &done;
	}
	p.kind.stderr_dir = given.stderr_dir;
	p.kind.say = say;
	if (command_init(&launch, c, given.target, given.command,
	    given.protocol, given.replay ||
	    config_true(c, "replay_args.enabled"), &e) ||
	    input_plan_init(&jobs, c, given.replay, launch.target, &e) ||
	    (given.log && eventlog_open(&journal, given.log, &e)) ||
	    agent_kind_open(&p.kind, &e))
		die("%s", e.msg);
	name = given.name ? xstrdup(given.name) : config_name(c);
	p.feed.name = name;
	p.feed.jobs = &jobs;
	p.greets = launch.greets;
	p.lines = launch.lines;
	/* as with the protocol, it is of the command's process */
	if (!launch.greets)
		set_ready(&p, c);
	p.kind.argv = launch.argv.w;
	p.kind.env = &c->env;
	p.kind.dir = launch.dir;
	p.journal = &journal;
	source_init(&s, files, (size_t)nfiles, say);
	out_init(&o, STDOUT_FILENO, 0);
	began = isotime_monotonic();
	status = engine_run(&p, &s, &o);
	source_release(&s);
	agent_kind_close(&p.kind);
	eventlog_close(&journal);
	input_plan_release(&jobs);
	command_release(&launch);
	completed_release(&done);
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
	if (!given.explain)
		cli_need_input(argc - optind, usage);
	if (config_load(&c, given.config, cli_config,
	    (void *)(uintptr_t)given.config))
		exit(2);
	if (given.explain)
		explain(&c);
	status = run(&c, argv + optind, argc - optind);
	config_release(&c);
	return status;
}
