#include <errno.h>
#include <getopt.h>
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
#include "io/newfile.h"
#include "io/out.h"
#include "io/source.h"
#include "record/secret.h"
#include "config/config.h"
#include "config/env.h"
#include "generate/generate.h"
#include "generate/prompts.h"
#include "generate/replies.h"
#include "generate/strategies.h"

static const char usage_head[] =
"fl-generate [options] [template ...]\n"
"Generate inputs from templates, or from other records with an 'input'.\n"
"  -c, --config FILE    read strategies, personas, seed and base_inputs from FILE\n"
"  -s, --strategy S     use strategy S (listed below); may be repeated\n"
"      --list-strategies  print NAME and SUMMARY of each strategy\n"
"  -l, --limit N        write at most N inputs, from all strategies in turn\n"
"      --seed N         seed the random choices; the same N, the same output\n"
"      --personas A,B   use only these of the configured personas\n"
"      --template TEXT  add a template with {input} for custom; may be repeated\n"
"      --original       also write each text itself, first\n"
"      --base-inputs    read base_inputs of the configuration, not templates\n"
"      --lines          read plain text, each line a text to vary\n"
"      --stdin-name NAME  name of the standard input in messages\n"
"      --prompts        write requests for variations, for fl-llm\n"
"      --replies        read the replies of a model, not templates\n"
"      --again FILE     write requests for missing inputs to FILE\n"
"      --max-chars N    drop longer replies (4000)\n"
"      --min-distance D  drop replies that differ less from another (0.15)\n"
"      --keep-prompts   put the prompt into the metadata\n"
"strategies:\n";

enum { OPT_SEED = CLI_OPT, OPT_PERSONAS, OPT_TEMPLATE, OPT_ORIGINAL,
	OPT_BASE, OPT_LIST, OPT_LINES, OPT_NAME, OPT_PROMPTS, OPT_REPLIES,
	OPT_AGAIN, OPT_CHARS, OPT_DISTANCE, OPT_KEEP };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "strategy", required_argument, NULL, 's' },
	{ "list-strategies", no_argument, NULL, OPT_LIST },
	{ "limit", required_argument, NULL, 'l' },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "personas", required_argument, NULL, OPT_PERSONAS },
	{ "template", required_argument, NULL, OPT_TEMPLATE },
	{ "original", no_argument, NULL, OPT_ORIGINAL },
	{ "base-inputs", no_argument, NULL, OPT_BASE },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "stdin-name", required_argument, NULL, OPT_NAME },
	{ "prompts", no_argument, NULL, OPT_PROMPTS },
	{ "replies", no_argument, NULL, OPT_REPLIES },
	{ "again", required_argument, NULL, OPT_AGAIN },
	{ "max-chars", required_argument, NULL, OPT_CHARS },
	{ "min-distance", required_argument, NULL, OPT_DISTANCE },
	{ "keep-prompts", no_argument, NULL, OPT_KEEP },
	CLI_COMMON
};

struct words {
	char **w;
	size_t n;
};

static struct {
	const char *config, *stdin_name;
	struct words strategies, personas, templates;
	long long limit, seed;
	int has_limit, has_seed, original, base, lines;
	int prompts, replies, keep_prompts;
	const char *again;
	long long max_chars;
	double min_distance;
} given = { .min_distance = -1 };

/* The writer of requests, with --prompts. */
static struct prompts asking;

/* Returns the usage text, which is built on the first call. */
static const char *
generate_usage(void)
{
	static struct buf text;
	size_t i;

	if (text.len)
		return buf_str(&text);
	buf_puts(&text, usage_head);
	for (i = 0; i < strategies_count; i++)
		buf_printf(&text, "  %-19s  %s\n", strategies_name(i),
		    strategies_summary(i));
	return buf_str(&text);
}

static _Noreturn void
list_strategies(void)
{
	struct out o;
	size_t i;

	out_init(&o, STDOUT_FILENO, 0);
	for (i = 0; i < strategies_count; i++)
		buf_printf(out_begin(&o), "%s\t%s\n", strategies_name(i),
		    strategies_summary(i));
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	exit(0);
}

static void
generate_add(struct words *l, char *word)
{
	l->w = xreallocarray(l->w, l->n + 1, sizeof(*l->w));
	l->w[l->n++] = word;
}

static double
read_distance(const char *arg)
{
	char *end;
	double d = strtod(arg, &end);

	if (end == arg || *end || !(d >= 0 && d <= 1))
		die("invalid --min-distance '%s': expected a number from 0 to "
		    "1", arg);
	return d;
}

static void
read_model_option(int c)
{
	switch (c) {
	case OPT_PROMPTS: given.prompts = 1; break;
	case OPT_REPLIES: given.replies = 1; break;
	case OPT_AGAIN: given.again = optarg; break;
	case OPT_CHARS:
		given.max_chars = cli_int("--max-chars", optarg, 1, 100000000);
		break;
	case OPT_DISTANCE: given.min_distance = read_distance(optarg); break;
	case OPT_KEEP: given.keep_prompts = 1; break;
	default: cli_common(c, generate_usage());
	}
}

static void
generate_read_option(int c)
{
	char *list, *name;

	switch (c) {
	case 'c': given.config = optarg; break;
	case 's': generate_add(&given.strategies, optarg); break;
	case 'l':
		given.limit = cli_int("--limit", optarg, 1, 1000000000);
		given.has_limit = 1;
		break;
	case OPT_LIST: list_strategies();
	case OPT_SEED:
		given.seed = cli_int("--seed", optarg, INT64_MIN, INT64_MAX);
		given.has_seed = 1;
		break;
	case OPT_PERSONAS:
		for (list = optarg; (name = cli_item(&list)); )
			generate_add(&given.personas, name);
		break;
	case OPT_TEMPLATE: generate_add(&given.templates, optarg); break;
	case OPT_ORIGINAL: given.original = 1; break;
	case OPT_BASE: given.base = 1; break;
	case OPT_LINES: given.lines = 1; break;
	case OPT_NAME: given.stdin_name = optarg; break;
	default: read_model_option(c);
	}
}

static void
init_generator(struct generator *g, const struct config *c, struct out *o)
{
	struct err e = { 0 };
	size_t i;

	/* templates on the command line replace configured ones */
	if (given.templates.n && !given.strategies.n)
		generate_add(&given.strategies, xstrdup("custom"));
	if (generator_init(g, c, given.strategies.w, given.strategies.n,
	    given.personas.w, given.personas.n, o, &e))
		die("%s", e.msg);
	if (given.has_limit)
		g->limit = (size_t)given.limit;
	if (given.has_seed)
		g->seed = (uint64_t)given.seed;
	g->original = given.original;
	if (!given.templates.n)
		return;
	while (g->ntemplates)
		free(g->templates[--g->ntemplates]);
	g->templates = xreallocarray(g->templates, given.templates.n,
	    sizeof(*g->templates));
	for (i = 0; i < given.templates.n; i++)
		g->templates[g->ntemplates++] = xstrdup(given.templates.w[i]);
}

/* Adds a text to vary, by rule or by a model. Returns 1 if that is enough. */
static int
add_text(struct generator *g, struct json_span record,
    const struct json_span v[GENERATE_FIELDS])
{
	if (!given.prompts)
		return generator_add(g, record, v);
	prompts_add(&asking, record, v);
	return 0;
}

/* Adds the base_inputs of the configuration. */
static void
add_base_inputs(struct generator *g, const struct config *c)
{
	struct json_span list = config_get(c, "base_inputs"), key, item;
	struct json_span v[GENERATE_FIELDS];
	struct json_iter it;
	struct json_fault f;
	struct buf b = { 0 };

	if (!list.p && given.config)
		die("%s: no 'base_inputs'", given.config);
	if (!list.p)
		die("no 'base_inputs': give a configuration with --config");
	for (it = json_each(list); json_next(&it, &key, &item); ) {
		b.len = 0;
		if (json_is(item, JSON_OBJECT)) {
			buf_add(&b, item.p, item.n);
		} else {
			json_open(&b, NULL, '{');
			json_add(&b, "input", item);
			json_close(&b, '}');
		}
		json_scan(b.p, b.len, JSON_LAX, generator_fields, v,
		    GENERATE_FIELDS, &f);
		if (add_text(g, json_buf(&b), v))
			break;
	}
	buf_release(&b);
}

/*
 * Adds a template or an input. A recording may be from a program that masks
 * nothing.
 */
static int
add_record(struct generator *g, const struct config *c,
    struct json_span record, struct json_span v[GENERATE_FIELDS])
{
	struct json_fault f;
	struct buf b = { 0 };
	int full;

	if (v[GENERATE_KWARGS].p && config_true(c, "mask_secrets") &&
	    secret_suspected(record.p, record.n, NULL)) {
		secret_mask(&b, record, NULL);
		record = json_buf(&b);
		json_scan(b.p, b.len, JSON_LAX, generator_fields, v,
		    GENERATE_FIELDS, &f);
	}
	full = add_text(g, record, v);
	buf_release(&b);
	return full;
}

static int
add_files(struct generator *g, const struct config *c, char **files, int n)
{
	struct json_span v[GENERATE_FIELDS];
	struct source s;
	int status;

	source_init(&s, files, (size_t)n, cli_report);
	s.lines = given.lines ? SOURCE_TEXTS : SOURCE_INPUTS;
	if (given.stdin_name)
		s.stdin_name = given.stdin_name;
	while (source_next(&s, generator_fields, v, GENERATE_FIELDS) > 0) {
		if (!v[GENERATE_INPUT].p && !v[GENERATE_KWARGS].p)
			source_complain(&s, "neither a template nor an input: "
			    "it has no 'input'");
		else if (v[GENERATE_KWARGS].p && !v[GENERATE_PATH].p &&
		    !v[GENERATE_INPUT].p)
			source_complain(&s, "a recording, not a template: "
			    "convert it with fl-record-extract");
		else if (add_record(g, c, s.record, v))
			break;
	}
	status = s.failed ? 2 : s.bad ? 1 : 0;
	source_release(&s);
	return status;
}

/* Makes inputs of the replies of a model. */
static int
take_replies(struct generator *g, const struct config *c, char **files, int n)
{
	struct replies r;
	struct source s;
	struct newfile f = { .temp = NULL };
	struct buf text = { 0 };
	char *provider = config_text(c, "input_generation.llm.provider");
	int status;

	replies_init(&r, g);
	r.provider = provider;
	r.keep_prompts = given.keep_prompts;
	if (given.max_chars)
		r.max_chars = (size_t)given.max_chars;
	if (given.min_distance >= 0)
		r.min_distance = given.min_distance;
	if (given.again) {
		if (newfile_begin_path(&f, given.again))
			die("%s: %s", given.again, strerror(errno));
		r.again = &f.out;
	}
	source_init(&s, files, (size_t)n, cli_report);
	while (source_next(&s, NULL, NULL, 0) > 0 &&
	    !replies_add(&r, s.record))
		;
	replies_finish(&r);
	if (given.again && newfile_commit(&f))
		die("%s: %s", given.again, strerror(errno));
	newfile_release(&f);
	replies_report(&r, &text);
	warn("%s", buf_str(&text));
	status = s.failed ? 2 : s.bad ? 1 : 0;
	buf_release(&text);
	source_release(&s);
	replies_release(&r);
	free(provider);
	return status;
}

int
main(int argc, char **argv)
{
	struct config config;
	struct generator g;
	struct out o;
	int c, status = 0;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "c:s:l:", options)) != -1)
		generate_read_option(c);
	if (!given.base)
		cli_need_input(argc - optind, generate_usage());
	if (config_load(&config, given.config, cli_config_reporter(),
	    (void *)(uintptr_t)given.config))
		exit(2);
	out_init(&o, STDOUT_FILENO, 0);
	init_generator(&g, &config, &o);
	prompts_init(&asking, &g, &config, &o);
	if (given.replies)
		status = take_replies(&g, &config, argv + optind, argc -
		    optind);
	else if (given.base)
		add_base_inputs(&g, &config);
	else
		status = add_files(&g, &config, argv + optind, argc - optind);
	generator_finish(&g);
	prompts_finish(&asking);
	prompts_release(&asking);
	if (!given.prompts && !given.replies && g.index && g.made < (g.limit ? g.limit : 1))
		warn("only %zu different input%s could be made", g.made,
		    g.made == 1 ? "" : "s");
	generator_release(&g);
	config_release(&config);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}
