#include <errno.h>
#include <fcntl.h>
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
#include "base/warn.h"
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
#include "run/mask.h"
#include "run/proc.h"
#include "run/queue.h"
#include "run/run.h"
#include "run/runlist.h"

/* Seconds past its own time limit after which fl-http is ended. */
#define SERVICE_SLACK 600

/*
 * The command line. Numbers that are not given come from the configuration if
 * it has them.
 */
struct option_number {
	int is_set;
	long long n;
};

struct option_time {
	int is_set;
	double seconds;
};

static struct {
	const char *config, *target, *command, *protocol, *name, *shard;
	const char *retry_on, *on_error, *log, *stdin_name, *attempts;
	struct words done;
	char *personas, *stderr_dir;
	struct option_number iterations, parallel, retries, total;
	struct option_number max_failures, max_tokens, seed;
	struct option_time timeout, grace, max_time;
	int replay, ordered, explain, check, package, node_package, options;
	int lines, list, failed_ok;
	int progress;		/* -1: if stderr is a terminal */
} given = {
	.grace = { .seconds = 10 }, .progress = -1
};

enum option_type {
	OPTION_FLAG,		/* an int, set to max */
	OPTION_TEXT,		/* a pointer to a string of argv */
	OPTION_TEXTS,		/* struct words; the option may be repeated */
	OPTION_NUMBER,		/* a struct option_number from min to max */
	OPTION_TIME		/* a struct option_time from min to max, in ms */
};

static const struct option_row {
	const char *name;
	const char *argument;	/* name of the argument in the usage; "" for a
				   flag */
	const char *key;	/* configuration's key for a number, or NULL */
	char letter;		/* letter of the short option, or 0 */
	enum option_type type;
	long long min, max;
	const char *help;
	void *to;
} options[] = {
	{ "config", "FILE", NULL, 'c', OPTION_TEXT, 0, 0,
	    "configuration (setting.yaml)", &given.config },
	{ "target", "M:F", NULL, 't', OPTION_TEXT, 0, 0,
	    "Python handler: module:function, module:Class.method",
	    &given.target },
	{ "command", "'CMD ...'", NULL, 0, OPTION_TEXT, 0, 0,
	    "an agent in any language (started without a shell)",
	    &given.command },
	{ "protocol", "jsonl|lines", NULL, 0, OPTION_TEXT, 0, 0,
	    "the command's protocol (jsonl)",
	    &given.protocol },
	{ "lines", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "read plain text, each line an input", &given.lines },
	{ "stdin-name", "NAME", NULL, 0, OPTION_TEXT, 0, 0,
	    "name of the standard input in messages", &given.stdin_name },
	{ "replay", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "replay recorded arguments", &given.replay },
	{ "iterations", "N", "iterations", 'n', OPTION_NUMBER, 1, 1000000000,
	    "run each input N times", &given.iterations },
	{ "parallel", "N", "parallel_runs", 'j', OPTION_NUMBER, 0, 4096,
	    "run N agents at once; 0: one per processor", &given.parallel },
	{ "ordered", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "write traces in the order of the inputs", &given.ordered },
	{ "timeout", "TIME", "runner.timeout_seconds", 0, OPTION_TIME, 1,
	    1000000000000, "limit each run to TIME (30, 1.5m, 2h)",
	    &given.timeout },
	{ "retries", "N", "runner.max_retries", 0, OPTION_NUMBER, 0, 1000000,
	    "try a failed run up to N more times", &given.retries },
	{ "retry-on", "A,B", NULL, 0, OPTION_TEXT, 0, 0,
	    "retry only after error, timeout, crash or protocol",
	    &given.retry_on },
	{ "on-error", "continue|fail_fast", NULL, 0, OPTION_TEXT, 0, 0,
	    "whether to stop at the first failure",
	    &given.on_error },
	{ "max-failures", "N", NULL, 0, OPTION_NUMBER, 1, INT64_MAX,
	    "stop after N failed runs", &given.max_failures },
	{ "max-time", "TIME", NULL, 0, OPTION_TIME, 1, 1000000000000,
	    "stop after TIME", &given.max_time },
	{ "max-tokens", "N", NULL, 0, OPTION_NUMBER, 1, INT64_MAX,
	    "stop after N tokens", &given.max_tokens },
	{ "grace", "TIME", NULL, 0, OPTION_TIME, 0, 1000000000000,
	    "let running runs end for TIME after a stop (10)", &given.grace },
	{ "done", "PATH", NULL, 0, OPTION_TEXTS, 0, 0,
	    "skip runs in PATH, a file or folder; may be repeated",
	    &given.done },
	{ "attempts", "DIR", NULL, 0, OPTION_TEXT, 0, 0,
	    "write to a new file in DIR; skip runs that are in DIR",
	    &given.attempts },
	{ "failed-ok", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "exit with 0 even if runs failed",
	    &given.failed_ok },
	{ "shard", "K/N", NULL, 0, OPTION_TEXT, 0, 0,
	    "run only part K of N parts of the runs", &given.shard },
	{ "seed", "N", "seed", 0, OPTION_NUMBER, INT64_MIN, INT64_MAX,
	    "make the trace ids reproducible", &given.seed },
	{ "personas", "A,B", NULL, 0, OPTION_TEXT, 0, 0,
	    "run only the inputs of these personas", &given.personas },
	{ "name", "NAME", NULL, 0, OPTION_TEXT, 0, 0,
	    "name of the experiment in traces", &given.name },
	{ "stderr-dir", "DIR", NULL, 0, OPTION_TEXT, 0, 0,
	    "keep the standard error of agents in DIR", &given.stderr_dir },
	{ "log", "FILE", NULL, 0, OPTION_TEXT, 0, 0,
	    "log what happens to each run, as JSONL", &given.log },
	{ "total", "N", NULL, 0, OPTION_NUMBER, 0, INT64_MAX,
	    "number of runs to expect, for the progress line", &given.total },
	{ "list", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "print the runs that would begin, as inputs, and exit",
	    &given.list },
	{ "explain", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "print what would be run, and where, and exit", &given.explain },
	{ "check", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "like --explain, and load a Python handler", &given.check },
	{ "python-path", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "print the folder of the Python package and exit",
	    &given.package },
	{ "node-path", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "print the folder of the module for Node and exit",
	    &given.node_package },
	{ "list-options", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "print the options with their arguments and exit", &given.options },
	{ "progress", "", NULL, 0, OPTION_FLAG, 0, 1,
	    "show progress even if stderr is not a terminal",
	    &given.progress },
	{ "no-progress", "", NULL, 0, OPTION_FLAG, 0, 0,
	    "do not show progress", &given.progress },
};

/* --- options ------------------------------------------------------------- */

static void
put_usage(struct buf *b)
{
	const struct option_row *o;
	char letter[] = "-?,";
	size_t i;
	int pad;

	buf_puts(b, "fl-run [options] [file ...]\n"
	    "Run inputs on an agent, and write a trace for each run.\n");
	for (i = 0; i < LEN(options); i++) {
		o = &options[i];
		letter[1] = o->letter;
		pad = 16 - (int)strlen(o->name);
		buf_printf(b, "  %-3s --%s %-*s  %s\n", o->letter ? letter : "",
		    o->name, pad > 0 ? pad : 0, o->argument, o->help);
	}
}

static void
put_option_list(struct buf *b)
{
	size_t i;

	for (i = 0; i < LEN(options); i++)
		buf_printf(b, "%s\t%s\t%s\n", options[i].name,
		    options[i].argument, options[i].help);
}

static void
set_option(const struct option_row *o, const char *arg)
{
	struct option_number *number = o->to;
	struct option_time *span = o->to;
	char option[32];

	snprintf(option, sizeof(option), "--%s", o->name);
	switch (o->type) {
	case OPTION_FLAG:
		*(int *)o->to = (int)o->max;
		break;
	case OPTION_TEXT:
		memcpy(o->to, &arg, sizeof(arg));
		break;
	case OPTION_TEXTS:
		words_add(o->to, xstrdup(arg));
		break;
	case OPTION_NUMBER:
		number->n = cli_int(option, arg, o->min, o->max);
		number->is_set = 1;
		break;
	case OPTION_TIME:
		span->seconds = cli_seconds(option, arg, (double)o->min / 1e3,
		    (double)o->max / 1e3);
		span->is_set = 1;
		break;
	}
}

/* Reads the command line. Returns the index of the first operand. */
static int
read_options(int argc, char **argv, const char *usage)
{
	static const struct option common[] = { CLI_COMMON };
	struct option table[LEN(options) + LEN(common)];
	char letters[2 * LEN(options) + 1], *l = letters;
	const struct option_row *o;
	size_t i;
	int c;

	for (i = 0; i < LEN(options); i++) {
		o = &options[i];
		table[i] = (struct option){ o->name, *o->argument ?
		    required_argument : no_argument, NULL, CLI_OPT + (int)i };
		if (!o->letter)
			continue;
		*l++ = o->letter;
		if (*o->argument)
			*l++ = ':';
	}
	*l = '\0';
	memcpy(table + LEN(options), common, sizeof(common));
	while ((c = cli_option(argc, argv, letters, table)) != -1) {
		for (i = 0; i < LEN(options); i++)
			if (c == CLI_OPT + (int)i || c == options[i].letter)
				break;
		if (i == LEN(options))
			cli_common(c, usage);
		set_option(&options[i], optarg);
	}
	return optind;
}

/* Takes the numbers that were not given from the configuration. */
static void
take_configured(const struct config *c)
{
	struct option_number *number;
	struct option_time *span;
	size_t i;
	double d;

	for (i = 0; i < LEN(options); i++) {
		if (!options[i].key ||
		    !json_double(config_get(c, options[i].key), &d))
			continue;
		number = options[i].to;
		span = options[i].to;
		if (options[i].type == OPTION_TIME && !span->is_set)
			*span = (struct option_time){ 1, d };
		if (options[i].type == OPTION_NUMBER && !number->is_set)
			*number = (struct option_number){ 1, (long long)d };
	}
}

/* --- progress ------------------------------------------------------------ */

static struct {
	int64_t start;		/* isotime_monotonic() of the first run */
	int shown;		/* 1: the line is on the terminal */
} bar;

static void
format_time_left(char *text, size_t size, double seconds)
{
	long s = (long)seconds;

	if (s < 60)
		snprintf(text, size, "%ld s", s);
	else if (s < 3600)
		snprintf(text, size, "%ld min %ld s", s / 60, s % 60);
	else
		snprintf(text, size, "%ld h %ld min", s / 3600, s / 60 % 60);
}

/* The terminal's width in columns; 0 if unknown. */
static size_t
terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/*
 * Prints the parts that fit. The next line could not overwrite one that is
 * wider than the terminal: parts are left out in the order of least, and if the
 * rest is still too wide, it is cut.
 */
static void
print_parts(char parts[][64], size_t n, const size_t *least, size_t width)
{
	struct buf b = { 0 };
	size_t i, length = 0;

	for (i = 0; i < n; i++)
		length += strlen(parts[i]);
	for (i = 0; width && length >= width && i < n - 1; i++) {
		length -= strlen(parts[least[i]]);
		*parts[least[i]] = 0;
	}
	for (i = 0; i < n; i++)
		buf_puts(&b, parts[i]);
	if (width && b.len >= width)
		b.len = width - 1;
	fprintf(stderr, "\r%.*s\033[K", (int)b.len, b.p);
	buf_release(&b);
}

static void
show_progress(const struct engine_view *v, int last)
{
	enum { DONE, FAILED, RUNNING, RATE, MEDIAN, LEFT, PARTS };
	static const size_t least[] = { MEDIAN, RATE, RUNNING, LEFT, FAILED };
	double seconds = (double)(isotime_monotonic() - bar.start) / 1e6, rate;
	long long total = given.total.n;
	char parts[PARTS][64] = { "" }, of[32] = "", left[48];
	struct pollfd terminal = { STDERR_FILENO, POLLOUT, 0 };

	/* agents do not wait for a terminal that was stopped */
	if (poll(&terminal, 1, 0) <= 0)
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
		format_time_left(left, sizeof(left),
		    (double)(total - v->done) / rate);
		snprintf(parts[LEFT], sizeof(*parts), ", %s left", left);
	}
	print_parts(parts, PARTS, least, terminal_width());
	if (last)
		putc('\n', stderr);
	bar.shown = !last;
}

/* Prints a message in place of the progress line. */
static void
report(const char *msg)
{
	if (bar.shown)
		fputs("\r\033[K", stderr);
	cli_report(msg);
}

/* --- the plan ------------------------------------------------------------ */

/* The plan of an experiment, and what it points to. */
struct experiment {
	struct engine_plan plan;
	struct input_plan inputs;
	struct command command;
	struct completed done;
	struct mask secrets;
	struct eventlog log;
	struct words personas;
	regex_t ready;
	char *name;
};

/* Sets the part of the runs to do, from "K/N". */
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
		die("invalid %s '%s': expected K/N with 1 <= K <= N",
		    given.shard ? "--shard" : "FL_SHARD", text);
	p->shard = (uint64_t)k - 1;
	p->shards = (uint64_t)n;
}

/* Sets the members of traces that say which part they are of. */
static void
set_where(struct queue_plan *p)
{
	struct buf b = { 0 };
	char host[256] = "";

	if (!p->shards && !given.attempts)
		return;
	gethostname(host, sizeof(host) - 1);
	json_add_str(&b, "host", host);
	if (p->shards) {
		json_key(&b, "shard");
		buf_printf(&b, "\"%llu/%llu\"",
		    (unsigned long long)p->shard + 1,
		    (unsigned long long)p->shards);
	}
	p->where = buf_detach(&b, NULL);
}

/* The bit of a kind of failure. Exits if there is no kind of that name. */
static unsigned
failure_bit(const char *name, size_t n)
{
	unsigned i;

	for (i = 0; i < RUN_CANCELLED; i++)
		if (strlen(run_failures[i]) == n &&
		    !memcmp(run_failures[i], name, n))
			return 1u << i;
	die("invalid --retry-on '%.*s': expected error, timeout, crash or "
	    "protocol", (int)n, name);
}

/* The kinds of failure to retry after, as bits. */
static unsigned
retried_failures(const struct config *c)
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

/* Sets the limits that stop the experiment. */
static void
set_stop_limits(struct engine_plan *p, const struct config *c)
{
	struct json_span v = config_get(c, "runner.on_error");
	int fail_fast = json_is_str(v, "fail_fast");

	if (given.on_error) {
		fail_fast = !strcmp(given.on_error, "fail_fast");
		if (!fail_fast && strcmp(given.on_error, "continue") != 0)
			die("invalid --on-error '%s': expected continue or "
			    "fail_fast", given.on_error);
	}
	p->max_failures = fail_fast ? 1 : given.max_failures.n;
	p->max_tokens = given.max_tokens.n;
	p->max_time = given.max_time.seconds;
}

/* Sets how agents are ended. */
static void
set_kill(struct engine_plan *p, const struct config *c)
{
	char *name = config_text(c, "runner.kill_signal");

	p->kill_signal = name ? proc_signal_number(name) : 0;
	free(name);
	if (!p->kill_signal)
		p->kill_signal = SIGTERM;
	p->kill_timeout = config_number(c, "runner.kill_timeout");
	p->grace = given.grace.seconds;
}

static void
set_runs(struct queue_plan *p)
{
	p->iterations = given.iterations.n;
	p->has_seed = given.seed.is_set;
	p->seed = given.seed.n;
	set_shard(p);
	set_where(p);
}

/* The number of agents, or of requests to a service, to run at once. */
static size_t
processes_at_once(void)
{
	long n = given.parallel.n ? (long)given.parallel.n :
	    sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (size_t)n : 1;
}

static void
set_plan(struct engine_plan *p, const struct config *c)
{
	set_runs(&p->queue);
	p->parallel = processes_at_once();
	p->timeout = given.timeout.seconds;
	p->max_retries = (unsigned)given.retries.n;
	p->retry_on = retried_failures(c);
	p->retry_delay = config_number(c, "runner.retry_delay");
	p->run_delay = config_number(c, "run_delay_seconds");
	p->fresh = json_is_str(config_get(c, "runner.isolation"), "call");
	p->ordered = given.ordered;
	p->failed_ok = given.failed_ok;
	p->output_limit = (size_t)config_number(c,
	    "runner.limits.output_mb") << 20;
	set_kill(p, c);
	set_stop_limits(p, c);
	p->report = report;
	if (given.progress > 0 || (given.progress < 0 &&
	    isatty(STDERR_FILENO)))
		p->progress = show_progress;
}

/*
 * For a service: its one process has all runs at once, and limits their time
 * itself, so that a late one does not end the others. Runs that wait in it, for
 * a rate limit or because the service asked to wait, have not begun.
 */
static void
set_service(struct engine_plan *p)
{
	if (!p->fresh)
		p->parallel = 1;
	p->timeout += SERVICE_SLACK;
}

static void
set_personas(struct experiment *x)
{
	char *list = given.personas, *name;

	while ((name = cli_item(&list)))
		words_add(&x->personas, xstrdup(name));
	x->plan.queue.personas = x->personas.w;
	x->plan.queue.npersonas = x->personas.n;
}

/*
 * If a file of runs that are done is the one that the traces are appended to,
 * removes an incomplete last line, so that the next line does not continue it.
 */
static int
remove_torn(const struct completed *d, const char *path, struct err *e)
{
	struct stat file, out;

	if (!d->torn || stat(path, &file) || fstat(STDOUT_FILENO, &out) ||
	    file.st_dev != out.st_dev || file.st_ino != out.st_ino)
		return 0;
	if (ftruncate(STDOUT_FILENO, (off_t)d->whole))
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	warn("%s: removed the incomplete last line", path);
	return 0;
}

/* Reads which runs are done. */
static int
read_done(struct experiment *x, struct err *e)
{
	struct completed *d = &x->done;
	size_t i;

	x->plan.queue.done = d;
	for (i = 0; i < given.done.n; i++)
		if (completed_read(d, given.done.w[i], e) ||
		    remove_torn(d, given.done.w[i], e))
			return -1;
	return given.attempts ? completed_read(d, given.attempts, e) : 0;
}

/* Sets the pattern of the line that a command prints when it is ready. */
static int
set_ready_pattern(struct experiment *x, const struct config *c, struct err *e)
{
	char *text = x->command.hello ? NULL : config_text(c,
	    "runner.process.ready_pattern");
	int bad = 0;

	if (text && regcomp(&x->ready, text, REG_EXTENDED | REG_NOSUB))
		bad = err_set(e, 0, 0, "invalid runner.process.ready_pattern "
		    "'%s': expected a POSIX extended regular expression",
		    text);
	else if (text)
		x->plan.ready = &x->ready;
	free(text);
	return bad;
}

/* Finds the command that starts the agent. */
static int
find_command(struct command *command, struct config *c, struct err *e)
{
	struct command_limits limits = {
		processes_at_once(), given.timeout.seconds
	};

	return command_init(command, c, given.target, given.command,
	    given.protocol, given.replay ||
	    config_true(c, "replay_args.enabled"), &limits, e);
}

/* Returns 0, or -1 with *e filled in. x can be closed either way. */
static int
experiment_open(struct experiment *x, struct config *c, struct err *e)
{
	struct engine_plan *p = &x->plan;

	memset(x, 0, sizeof(*x));
	set_plan(p, c);
	set_personas(x);
	p->kind.stderr_dir = given.stderr_dir;
	p->kind.report = report;
	p->kind.log_limit = (int64_t)config_number(c,
	    "runner.limits.log_mb") << 20;
	p->kind.agents_log = p->kind.stderr_fd = -1;
	p->log = &x->log;
	if (read_done(x, e) || find_command(&x->command, c, e) ||
	    input_plan_init(&x->inputs, c, given.replay, x->command.target,
	    e) ||
	    set_ready_pattern(x, c, e) ||
	    (given.log && eventlog_open(&x->log, given.log, e)) ||
	    agent_kind_open(&p->kind, e))
		return -1;
	x->name = given.name ? xstrdup(given.name) : config_name(c);
	p->queue.name = x->name;
	x->inputs.report = report;
	p->queue.inputs = &x->inputs;
	p->hello = x->command.hello;
	if (x->command.service)
		set_service(p);
	p->lines = x->command.lines;
	p->kind.argv = x->command.argv.w;
	p->kind.env = &c->env;
	mask_init(&x->secrets, c);
	p->kind.secrets = &x->secrets;
	p->kind.dir = x->command.dir;
	return 0;
}

static void
experiment_close(struct experiment *x)
{
	if (x->plan.ready)
		regfree(&x->ready);
	agent_kind_close(&x->plan.kind);
	mask_release(&x->secrets);
	eventlog_close(&x->log);
	input_plan_release(&x->inputs);
	command_release(&x->command);
	completed_release(&x->done);
	words_release(&x->personas);
	free((char *)(uintptr_t)x->plan.queue.where);
	free(x->name);
}

/* --- actions ------------------------------------------------------------- */

/* Writes text to the standard output, which stays open. */
static void
write_text(const struct buf *text)
{
	if (out_print(text))
		die("<stdout>: %s", strerror(errno));
}

/* Writes text and exits with 0. */
static _Noreturn void
print_text(const struct buf *text)
{
	write_text(text);
	exit(0);
}

static _Noreturn void
print_package(char *(*find)(struct err *e))
{
	struct buf text = { 0 };
	struct err e = { 0 };
	char *package = find(&e);

	if (!package)
		die("%s", e.msg);
	buf_printf(&text, "%s\n", package);
	free(package);
	print_text(&text);
}

/* Closes the output. Dies of SIGPIPE if its reader is gone. */
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

static void
open_inputs(struct source *s, char **files, int nfiles)
{
	source_init(s, files, (size_t)nfiles, report);
	s->lines = given.lines ? SOURCE_TEXTS : SOURCE_INPUTS;
	if (given.stdin_name)
		s->stdin_name = given.stdin_name;
}

/*
 * Has a Python handler's arguments, or the requests to a service, made for
 * every input, without a call.
 * Returns the exit status: 1 if there are inputs that it cannot be called with.
 */
static int
check_inputs(struct config *c, char **files, int nfiles)
{
	struct experiment x;
	struct source s;
	struct err e = { 0 };
	struct out o;
	FILE *traces = tmpfile();
	long long failed;
	int status;

	if (!traces)
		die("cannot make a temporary file: %s", strerror(errno));
	given.iterations.n = given.parallel.n = 1;
	given.retries.n = 0;
	if (experiment_open(&x, c, &e))
		die("%s", e.msg);
	check_prepare(&x.command);
	x.plan.kind.argv = x.command.argv.w;
	open_inputs(&s, files, nfiles);
	out_init(&o, fileno(traces), 0);
	status = engine_run(&x.plan, &s, &o);
	failed = out_flush(&o) ? err_set(&e, 0, 0, "%s", strerror(o.error)) :
	    status == 2 ? 0 : check_failures(fileno(traces), &e);
	if (failed < 0)
		die("temporary file: %s", e.msg);
	if (failed)
		warn("%s cannot be called with %lld of the inputs",
		    x.command.service ? "the service" : x.command.target,
		    failed);
	source_release(&s);
	experiment_close(&x);
	return status;
}

/*
 * Prints what would be run. For --check, then makes the arguments of inputs or
 * becomes the agent.
 */
static _Noreturn void
explain(struct config *c, char **files, int nfiles)
{
	struct command agent;
	struct buf text = { 0 };
	struct err e = { 0 };
	int bad;

	bad = find_command(&agent, c, &e);
	check_put(&text, &agent);
	if (!bad && (!given.check || (!agent.python && !agent.service)))
		print_text(&text);
	write_text(&text);
	if (!bad && nfiles)
		exit(check_inputs(c, files, nfiles));
	if (!bad && agent.service)
		words_add(&agent.argv, xstrdup("--check"));
	if (!bad)
		check_become(&agent, c, &e);
	die("%s", e.msg);
}

/*
 * Opens the file of this attempt, whose name no other attempt has, whatever the
 * machine. *name is to be freed.
 */
static int
open_attempt(char **name)
{
	char host[256] = "", *c;
	int fd;

	gethostname(host, sizeof(host) - 1);
	for (c = host; *c; c++)
		if (*c == '/')
			*c = '-';
	if (mkdir(given.attempts, 0700) && errno != EEXIST)
		die("%s: %s", given.attempts, strerror(errno));
	*name = xasprintf("%s/%s.%ld.%lld.jsonl", given.attempts, host,
	    (long)getpid(), (long long)isotime_now());
	fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
	    0600);
	if (fd < 0)
		die("%s: %s", *name, strerror(errno));
	return fd;
}

static int
run_inputs(struct config *c, char **files, int nfiles)
{
	struct experiment x;
	struct source s;
	struct err e = { 0 };
	struct out o;
	char *attempt = NULL;
	uint64_t written;
	int status;

	if (experiment_open(&x, c, &e))
		die("%s", e.msg);
	open_inputs(&s, files, nfiles);
	out_init(&o, given.attempts ? open_attempt(&attempt) : STDOUT_FILENO,
	    0);
	bar.start = isotime_monotonic();
	status = engine_run(&x.plan, &s, &o);
	source_release(&s);
	experiment_close(&x);
	written = o.written;
	end_output(&o);
	/* there was no run to do */
	if (attempt && !written)
		unlink(attempt);
	free(attempt);
	return status;
}

/* --- the list of runs ---------------------------------------------------- */

static int
print_listed(void *arg, const struct run *r)
{
	struct out *o = arg;

	runlist_put(out_begin(o), r);
	return out_end(o);
}

/* Prints the runs that would begin. Returns the exit status. */
static int
list_runs(struct config *c, char **files, int nfiles)
{
	struct experiment x = { 0 };
	struct source s;
	struct err e = { 0 };
	struct out o;
	int status;

	set_plan(&x.plan, c);
	set_personas(&x);
	open_inputs(&s, files, nfiles);
	out_init(&o, STDOUT_FILENO, 0);
	if (read_done(&x, &e) || runlist_each(c, &x.plan.queue, &s,
	    print_listed, &o, &e))
		die("%s", e.msg);
	status = s.failed ? 2 : s.bad > 0;
	source_release(&s);
	experiment_close(&x);
	end_output(&o);
	return status;
}

int
main(int argc, char **argv)
{
	struct config c;
	struct buf usage = { 0 }, list = { 0 };
	int first, status;

	proc_expect_report();
	util_init(argv[0]);
	put_usage(&usage);
	first = read_options(argc, argv, buf_str(&usage));
	if (given.options) {
		put_option_list(&list);
		print_text(&list);
	}
	if (given.package)
		print_package(command_package);
	if (given.node_package)
		print_package(command_node_package);
	if (!given.explain && !given.check)
		cli_need_input(argc - first, buf_str(&usage));
	buf_release(&usage);
	if (config_load(&c, given.config, cli_config_reporter(),
	    (void *)(uintptr_t)given.config))
		exit(2);
	take_configured(&c);
	if (given.explain || given.check)
		explain(&c, argv + first, argc - first);
	status = given.list ? list_runs(&c, argv + first, argc - first) :
	    run_inputs(&c, argv + first, argc - first);
	config_release(&c);
	return status;
}
