#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/out.h"
#include "yaml/yamlout.h"
#include "config/config.h"
#include "http/caller.h"
#include "http/card.h"
#include "http/curlcmd.h"
#include "http/recorder.h"
#include "http/service.h"
#include "http/weburl.h"

static const char usage[] =
"fl-http -c FILE [options]\n"
"       fl-http record --to URL [options]\n"
"       fl-http --from-curl 'curl ...'\n"
"Call the service of runner.http, as an agent that fl-run starts; record the\n"
"requests to a service; or print the configuration for a curl command.\n"
"  -c, --config FILE    configuration, a setting.yaml\n"
"  --concurrency N      make N requests at once (1)\n"
"  --timeout TIME       limit each attempt to TIME\n"
"  --check              print the method and the URL, and exit\n"
"  --dry-run            make the requests, and send none\n"
"  --from-curl COMMAND  print the runner.http that makes the same request\n"
"record\n"
"  --to URL             pass requests on to the service at URL\n"
"  --listen ADDR:PORT   listen on this address (127.0.0.1:0)\n"
"  -o, --output FILE    append recordings to FILE (standard output)\n"
"  --path PREFIX        record only requests whose path begins with PREFIX\n"
"  --target NAME        the target of recordings (METHOD and path)\n";

enum {
	OPTION_CONCURRENCY = CLI_OPT, OPTION_TIMEOUT, OPTION_CHECK,
	OPTION_DRY, OPTION_CURL, OPTION_TO, OPTION_LISTEN, OPTION_PATH,
	OPTION_TARGET
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "concurrency", required_argument, NULL, OPTION_CONCURRENCY },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "dry-run", no_argument, NULL, OPTION_DRY },
	{ "from-curl", required_argument, NULL, OPTION_CURL },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "output", required_argument, NULL, 'o' },
	{ "path", required_argument, NULL, OPTION_PATH },
	{ "target", required_argument, NULL, OPTION_TARGET },
	CLI_COMMON
};

/* The command line. */
struct given {
	const char *config, *curl, *to, *listen, *output, *path, *target;
	unsigned concurrency;
	double timeout;
	int check, dry;
};

/* --- the agent ------------------------------------------------------------ */

static void
print_service(const struct service *s)
{
	struct buf b = { 0 };
	int is_a2a = s->api == SERVICE_A2A;
	char *url = is_a2a ? card_address(s) : weburl_text(&s->url);

	buf_printf(&b, "%s %s\n", is_a2a ? "GET" : s->method, url);
	if (out_print(&b))
		die("<stdout>: %s", strerror(errno));
	buf_release(&b);
	free(url);
}

/* Serves until the input ends. Returns the exit status. */
static int
run_caller(const struct service *s, const struct given *g)
{
	struct caller_plan p = { s, g->concurrency, g->timeout, g->dry };
	struct err e = { 0 };

	if (caller_hello(STDOUT_FILENO, p.concurrency))
		die("<stdout>: %s", strerror(errno));
	if (!caller_run(&p, STDIN_FILENO, STDOUT_FILENO, &e))
		return 0;
	warn("%s", e.msg);
	err_release(&e);
	return 2;
}

/* Acts as the agent for a service. Returns the exit status. */
static int
run_agent(const struct given *g)
{
	struct config c;
	struct service s;
	struct err e = { 0 };
	int status = 0;

	if (config_load(&c, g->config, cli_report_config,
	    (void *)(uintptr_t)g->config))
		return 2;
	if (service_init(&s, &c, &e) || (s.api == SERVICE_A2A && !g->check &&
	    !g->dry && card_read(&s, &e))) {
		if (g->check)
			die("%s", e.msg);
		caller_refuse(STDOUT_FILENO, e.msg);
		status = 2;
	} else if (g->check) {
		print_service(&s);
	} else {
		status = run_caller(&s, g);
	}
	err_release(&e);
	service_release(&s);
	config_release(&c);
	return status;
}

/* --- record --------------------------------------------------------------- */

/* Whether secrets are masked, by the variable of the recorders. */
static int
is_masking(void)
{
	static const char *const no[] = { "false", "0", "no", "off" };
	const char *set = getenv("FLUXLOOP_MASK_SECRETS");
	size_t i;

	for (i = 0; set && i < LEN(no); i++)
		if (!strcasecmp(set, no[i]))
			return 0;
	return 1;
}

static int
open_recordings(const char *file)
{
	int fd;

	if (!file || !strcmp(file, "-"))
		return STDOUT_FILENO;
	fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s: %s", file, strerror(errno));
	return fd;
}

static int
run_recorder(const struct given *g)
{
	struct recorder_plan p = {
		.target = g->target, .prefix = g->path, .mask = is_masking(),
		.report = cli_report
	};
	struct err e = { 0 };
	char *url;
	int fd;

	if (weburl_parse(&p.to, g->to, &e))
		die("--to: %s", e.msg);
	if (p.to.user)
		die("--to: leave the password out: the client sends it");
	p.out = open_recordings(g->output);
	fd = recorder_listen(g->listen ? g->listen : "127.0.0.1:0", &url, &e);
	if (fd < 0)
		die("--listen: %s", e.msg);
	warn("%s stands for %s", url, g->to);
	recorder_run(&p, fd, &e);
	die("%s", e.msg);
}

/* --- curl ----------------------------------------------------------------- */

static int
print_curl(const char *command)
{
	struct buf json = { 0 };
	struct yamlout *y;
	struct err e = { 0 };
	struct json_span key = { 0 }, v;
	struct json_iter it;
	struct out o;

	if (curlcmd_read(command, &json, cli_report, &e))
		die("--from-curl: %s", e.msg);
	out_init(&o, STDOUT_FILENO, 0);
	y = yamlout_new(&o, '{');
	for (it = json_each(json_buf(&json)); json_next(&it, &key, &v); ) {
		yamlout_key(y, "runner");
		yamlout_value(y, v);
	}
	yamlout_bracket(y, '}');
	yamlout_close(y);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	buf_release(&json);
	return 0;
}

/* --- main ----------------------------------------------------------------- */

static void
read_given(int argc, char **argv, struct given *g)
{
	int c;

	while ((c = cli_option(argc, argv, "c:o:", options)) != -1) {
		switch (c) {
		case 'c':
			g->config = optarg;
			break;
		case OPTION_CONCURRENCY:
			g->concurrency = (unsigned)cli_int("--concurrency",
			    optarg, 1, 4096);
			break;
		case OPTION_TIMEOUT:
			g->timeout = cli_seconds("--timeout", optarg, 0.001,
			    1e9);
			break;
		case OPTION_CHECK: g->check = 1; break;
		case OPTION_DRY: g->dry = 1; break;
		case OPTION_CURL: g->curl = optarg; break;
		case OPTION_TO: g->to = optarg; break;
		case OPTION_LISTEN: g->listen = optarg; break;
		case 'o': g->output = optarg; break;
		case OPTION_PATH: g->path = optarg; break;
		case OPTION_TARGET: g->target = optarg; break;
		default: cli_common(c, usage);
		}
	}
}

int
main(int argc, char **argv)
{
	struct given g = { .concurrency = 1 };
	int recording;

	util_init(argv[0]);
	read_given(argc, argv, &g);
	recording = argc > optind && !strcmp(argv[optind], "record");
	if (argc > optind + recording)
		cli_misused(usage, "unexpected operand '%s'",
		    argv[optind + recording]);
	if (!recording && (g.to || g.listen || g.output || g.path || g.target))
		cli_misused(usage, "--to, --listen, --output, --path and --target are options of record");
	if (recording && !g.to)
		cli_misused(usage, "missing --to");
	if (recording)
		return run_recorder(&g);
	if (g.curl)
		return print_curl(g.curl);
	if (!g.config)
		cli_misused(usage, "missing --config");
	return run_agent(&g);
}
