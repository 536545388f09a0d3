#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/isotime.h"
#include "io/out.h"
#include "io/source.h"
#include "net/net.h"
#include "record/secret.h"
#include "config/config.h"
#include "config/env.h"
#include "llm/asker.h"
#include "llm/budget.h"
#include "llm/cache.h"
#include "llm/dialect.h"
#include "llm/headers.h"

static const char usage[] =
"fl-llm [options] [file ...]\n"
"Send chat requests to a model, and write them with its replies.\n"
"  -c, --config FILE      input_generation.llm of FILE, and .env beside it\n"
"      --base-url URL     of the server ($OPENAI_BASE_URL)\n"
"      --model NAME       for requests that name none\n"
"      --api openai|anthropic  whose requests they are (openai)\n"
"      --api-key-env NAME  the variable that has the key (OPENAI_API_KEY)\n"
"  -j, --jobs N           make N calls at once (8)\n"
"      --cache FILE       keep replies, and use them instead of calls\n"
"      --offline          make no call: take replies only from the cache\n"
"      --ordered          write records in the order of the requests\n"
"      --max-calls N      stop after N calls\n"
"      --max-tokens N     stop before a call that might exceed N tokens\n"
"      --max-cost X       stop before a call that might exceed cost X\n"
"      --price [MODEL=]IN,OUT  price of a million tokens in prompts, in replies\n"
"      --reply-tokens N   tokens expected if a request sets no limit (1024)\n"
"      --rate N/UNIT      start at most N calls a s, m or h\n"
"      --retries N        retry a failed call up to N times (4)\n"
"      --retry-wait TIME  wait before the first retry (0.5), then doubled\n"
"      --max-wait TIME    longest wait that a server may ask for (60)\n"
"      --timeout TIME     limit each attempt to TIME (120)\n"
"      --connect-timeout TIME  limit connecting to TIME (10)\n"
"      --dry-run          make no call: print how many there would be\n"
"  -q, --quiet            print no summary\n";

enum { OPT_BASE = CLI_OPT, OPT_MODEL, OPT_API, OPT_KEY, OPT_CACHE, OPT_OFFLINE,
	OPT_ORDERED, OPT_CALLS, OPT_TOKENS, OPT_COST, OPT_PRICE, OPT_REPLY,
	OPT_RATE, OPT_RETRIES, OPT_RETRY_WAIT, OPT_MAX_WAIT, OPT_TIMEOUT,
	OPT_CONNECT, OPT_DRY };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "base-url", required_argument, NULL, OPT_BASE },
	{ "model", required_argument, NULL, OPT_MODEL },
	{ "api", required_argument, NULL, OPT_API },
	{ "api-key-env", required_argument, NULL, OPT_KEY },
	{ "jobs", required_argument, NULL, 'j' },
	{ "cache", required_argument, NULL, OPT_CACHE },
	{ "offline", no_argument, NULL, OPT_OFFLINE },
	{ "ordered", no_argument, NULL, OPT_ORDERED },
	{ "max-calls", required_argument, NULL, OPT_CALLS },
	{ "max-tokens", required_argument, NULL, OPT_TOKENS },
	{ "max-cost", required_argument, NULL, OPT_COST },
	{ "price", required_argument, NULL, OPT_PRICE },
	{ "reply-tokens", required_argument, NULL, OPT_REPLY },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "retries", required_argument, NULL, OPT_RETRIES },
	{ "retry-wait", required_argument, NULL, OPT_RETRY_WAIT },
	{ "max-wait", required_argument, NULL, OPT_MAX_WAIT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "connect-timeout", required_argument, NULL, OPT_CONNECT },
	{ "dry-run", no_argument, NULL, OPT_DRY },
	{ "quiet", no_argument, NULL, 'q' },
	CLI_COMMON
};

#define MOST 1000000000000LL	/* limit of numbers of tokens and calls */

static struct budget budget;
static struct headers headers;
static struct secret_values secrets;
static struct {
	const char *config, *key_env, *cache, *api;
	int quiet, has_timeout;
	struct asker_plan plan;
} given = { .plan = {
	.jobs = 8, .retry = { 4, 0.5, 30, 60 }, .timeout = 120,
	.connect_timeout = 10, .reply_tokens = 1024, .budget = &budget,
	.headers = &headers, .secrets = &secrets
} };

/* --- signals -------------------------------------------------------------- */

static volatile sig_atomic_t stop_signal;
static int wake_pipe[2] = { -1, -1 };

static void
llm_on_signal(int sig)
{
	int error = errno;

	if (stop_signal)
		_exit(128 + sig);
	stop_signal = sig;
	if (write(wake_pipe[1], "", 1) < 0)
		errno = error;
	errno = error;
}

/* Makes SIGINT and SIGTERM end the work in an orderly way; twice: at once. */
static void
catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct sigaction act = { .sa_handler = llm_on_signal };
	size_t i;

	if (pipe(wake_pipe))
		die("pipe: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
		fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
	}
	for (i = 0; i < LEN(signals); i++)
		if (!signal_ignored(signals[i]))
			sigaction(signals[i], &act, NULL);
	given.plan.stop = &stop_signal;
	given.plan.wake = wake_pipe[0];
}

/* --- options -------------------------------------------------------------- */

/* Returns the seconds between two calls for a rate such as "60/m". */
static double
llm_read_rate(const char *arg)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "/s", 1 }, { "/m", 60 }, { "/h", 3600 } };
	char *end;
	double n = strtod(arg, &end);
	size_t i;

	for (i = 0; i < LEN(units); i++)
		if (!strcmp(end, units[i].unit) && n > 0 && n <= 1e9)
			return units[i].seconds / n;
	cli_misused(usage, "--rate '%s': expected a number of calls a second, "
	    "minute or hour, such as 60/m", arg);
}

static double
read_money(const char *arg)
{
	char *end;
	double d = strtod(arg, &end);

	if (end == arg || *end || !(d >= 0 && d < 1e12))
		cli_misused(usage, "--max-cost '%s': expected a number", arg);
	return d;
}

static void
read_limit(int c)
{
	switch (c) {
	case OPT_CALLS:
		budget.max_calls = cli_int("--max-calls", optarg, 0, MOST);
		break;
	case OPT_TOKENS:
		budget.max_tokens = cli_int("--max-tokens", optarg, 0, MOST);
		break;
	case OPT_COST: budget.max_cost = read_money(optarg); break;
	case OPT_PRICE:
		if (budget_read_price(&budget, optarg))
			cli_misused(usage, "--price '%s': expected [MODEL=]"
			    "IN,OUT, such as 0.25,2.0", optarg);
		break;
	case OPT_REPLY:
		given.plan.reply_tokens = cli_int("--reply-tokens", optarg, 1,
		    MOST);
		break;
	default:
		cli_common(c, usage);
	}
}

static void
read_pace(int c)
{
	struct asker_plan *p = &given.plan;

	switch (c) {
	case OPT_RATE: p->interval = llm_read_rate(optarg); break;
	case OPT_RETRIES:
		p->retry.most = (unsigned)cli_int("--retries", optarg, 0,
		    1000);
		break;
	case OPT_RETRY_WAIT:
		p->retry.first_wait = cli_seconds("--retry-wait", optarg, 0,
		    3600);
		break;
	case OPT_MAX_WAIT:
		p->retry.longest_asked = cli_seconds("--max-wait", optarg, 0,
		    86400);
		break;
	case OPT_TIMEOUT:
		given.has_timeout = 1;
		p->timeout = cli_seconds("--timeout", optarg, 0.001, 86400);
		break;
	case OPT_CONNECT:
		p->connect_timeout = cli_seconds("--connect-timeout", optarg,
		    0.001, 86400);
		break;
	default:
		read_limit(c);
	}
}

static void
llm_read_options(int argc, char **argv)
{
	struct asker_plan *p = &given.plan;
	int c;

	while ((c = cli_option(argc, argv, "c:j:q", options)) != -1) {
		switch (c) {
		case 'j':
			p->jobs = (unsigned)cli_int("--jobs", optarg, 1, 1024);
			break;
		case 'c': given.config = optarg; break;
		case 'q': given.quiet = 1; break;
		case OPT_BASE: p->base = optarg; break;
		case OPT_MODEL: p->model = optarg; break;
		case OPT_API: given.api = optarg; break;
		case OPT_KEY: given.key_env = optarg; break;
		case OPT_CACHE: given.cache = optarg; break;
		case OPT_OFFLINE: p->offline = 1; break;
		case OPT_ORDERED: p->ordered = 1; break;
		case OPT_DRY: p->dry = 1; break;
		default: read_pace(c);
		}
	}
	if (given.api && !dialect_find(given.api))
		cli_misused(usage, "--api '%s': expected openai or anthropic",
		    given.api);
	if (p->offline && !given.cache)
		cli_misused(usage, "--offline needs --cache");
	if (budget.max_cost >= 0 && !budget.nprices)
		cli_misused(usage, "--max-cost needs --price: what a million "
		    "tokens cost, in prompts and in replies");
}

/* --- the server ----------------------------------------------------------- */

static struct config config;
static char *settings[8];	/* texts of config that the plan borrows */
static size_t nsettings;

/* A variable of the process, else of the .env files; NULL if empty. */
static const char *
find_variable(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		value = env_get(&config.env, name);
	return value && *value ? value : NULL;
}

/*
 * A string of the configuration, kept to the end; NULL if there is none or it
 * is empty. For fewer strings than settings has room for.
 */
static char *
configured(const char *key)
{
	char *path = xasprintf("input_generation.llm.%s", key);
	char *value = config_text(&config, path);

	free(path);
	if (value)
		settings[nsettings++] = value;
	return value && *value ? value : NULL;
}

/* The key: of the environment, else of the configuration, or NULL. */
static const char *
llm_find_key(const char *name)
{
	const char *key = find_variable(name);
	char *text, *end;

	if (given.key_env && !key)
		die("the variable %s, which is to have the key, is not set",
		    name);
	if (key || given.key_env)
		return key;
	text = configured("api_key");
	/* "${NAME}" */
	if (text && !strncmp(text, "${", 2) && (end = strchr(text, '}'))) {
		*end = '\0';
		return find_variable(text + 2);
	}
	return text;
}

static void
find_dialect(struct asker_plan *p)
{
	const char *name = given.api;

	if (!name)
		name = configured("provider");
	/* other providers of a configuration have OpenAI's API */
	p->dialect = dialect_find(name ? name : "openai");
	if (!p->dialect)
		p->dialect = dialect_find("openai");
}

/* Takes what no option gives from the environment and the configuration. */
static void
find_server(void)
{
	struct asker_plan *p = &given.plan;
	const char *wrong, *name;
	double timeout;
	struct err e = { 0 };

	find_dialect(p);
	if (!p->base)
		p->base = find_variable(p->dialect->base_env);
	if (!p->base)
		p->base = configured("base_url");
	if (!p->base || !*p->base)
		die("there is no server to ask: give --base-url or set %s, "
		    "such as http://127.0.0.1:8080/v1", p->dialect->base_env);
	wrong = net_check_url(p->base);
	if (wrong)
		die("the base URL '%s' is wrong: %s", secret_hide(p->base),
		    wrong);
	if (!p->model)
		p->model = configured("model");
	timeout = config_number(&config,
	    "input_generation.llm.request_timeout");
	if (timeout > 0 && !given.has_timeout)
		p->timeout = timeout;
	name = given.key_env ? given.key_env : configured("api_key_env");
	given.key_env = name;
	if (!name)
		name = p->dialect->key_env;
	p->key = llm_find_key(name);
	if (p->key && strpbrk(p->key, "\r\n"))
		die("the key in %s has more than one line", name);
	if (p->key)
		secret_values_add(&secrets, (struct json_span){ p->key,
		    strlen(p->key) });
	if (headers_read(&headers, &config, &secrets, &e))
		die("%s", e.msg);
	secret_values_complete(&secrets);
}

/* --- what is said --------------------------------------------------------- */

static void
llm_put_count(struct buf *b, long long n, const char *what)
{
	buf_printf(b, "%lld %s%s", n, what, n == 1 ? "" : "s");
}

/* Appends the counts of requests that failed or needed no call. */
static void
put_others(struct buf *b, const struct asker_tally *t)
{
	if (t->cached)
		buf_printf(b, ", %zu cached", t->cached);
	if (t->passed)
		buf_printf(b, ", %zu with a reply already", t->passed);
	if (t->failed) {
		buf_puts(b, ", ");
		llm_put_count(b, (long long)t->failed, "error");
	}
}

/*
 * "120 requests: 102 calls (2 of them again), 20 cached; 5210 + 880 tokens;
 * 4.1 s"
 */
static void
llm_report_run(const struct asker_tally *t, double seconds)
{
	struct buf b = { 0 };

	llm_put_count(&b, (long long)t->requests, "request");
	buf_puts(&b, ": ");
	llm_put_count(&b, budget.calls, "call");
	if (t->retries)
		buf_printf(&b, " (%zu of them again)", t->retries);
	put_others(&b, t);
	buf_printf(&b, "; %lld + %lld tokens", t->prompt_tokens,
	    t->reply_tokens);
	if (budget.nprices)
		buf_printf(&b, "; cost %.4g", t->cost);
	buf_printf(&b, "; %.1f s", seconds);
	if (budget.spent)
		buf_printf(&b, "; --%s has stopped it", budget.spent);
	if (t->first_error)
		buf_printf(&b, "; the first error: %s", t->first_error);
	warn("%s", buf_str(&b));
	buf_release(&b);
}

static void
print_dry_run(const struct asker_tally *t)
{
	struct buf b = { 0 };

	llm_put_count(&b, (long long)t->requests, "request");
	buf_puts(&b, ": ");
	llm_put_count(&b, (long long)t->to_ask, "call");
	put_others(&b, t);
	buf_printf(&b, "; about %lld tokens in prompts, at most about %lld in "
	    "replies", t->prompt_tokens, t->reply_tokens);
	if (budget.nprices && !t->unpriced)
		buf_printf(&b, "; cost at most about %.4g", t->cost);
	buf_byte(&b, '\n');
	if (out_print(&b))
		die("<stdout>: %s", strerror(errno));
	buf_release(&b);
}

static int
llm_status(const struct asker_tally *t, const struct source *s)
{
	if (stop_signal)
		return 128 + stop_signal;
	/* the server has answered nothing at all */
	if (s->failed || (t->gone && !t->answered && !t->cached))
		return 2;
	return t->failed || s->bad || budget.spent ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct cache cache = { .path = NULL };
	struct err e = { 0 };
	struct asker_tally t;
	struct source s;
	struct out o;
	int64_t began;
	int status;

	util_init(argv[0]);
	budget_init(&budget);
	llm_read_options(argc, argv);
	cli_need_input(argc - optind, usage);
	if (config_load(&config, given.config, cli_config_reporter(),
	    (void *)(uintptr_t)given.config))
		exit(2);
	find_server();
	if (given.cache && cache_open(&cache, given.cache,
	    !given.plan.offline && !given.plan.dry, &e))
		die("%s", e.msg);
	given.plan.cache = given.cache ? &cache : NULL;
	catch_signals();
	began = isotime_monotonic();
	source_init(&s, argv + optind, (size_t)(argc - optind), cli_report);
	s.eager = 1;
	out_init(&o, STDOUT_FILENO, 0);
	if (asker_run(&given.plan, &s, &o, &t, &e))
		die("%s", e.msg);
	if (given.plan.dry)
		print_dry_run(&t);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	if (cache.skipped)
		warn("%s: %zu line%s incomplete or of another version: skipped",
		    given.cache, cache.skipped, cache.skipped == 1 ? " is" :
		    "s are");
	if (!given.quiet && !given.plan.dry)
		llm_report_run(&t, (double)(isotime_monotonic() - began) / 1e6);
	status = llm_status(&t, &s);
	free(t.first_error);
	cache_close(&cache);
	source_release(&s);
	budget_release(&budget);
	secret_values_release(&secrets);
	headers_release(&headers);
	config_release(&config);
	while (nsettings)
		free(settings[--nsettings]);
	return status;
}
