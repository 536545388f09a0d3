#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/visible.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/out.h"
#include "experiment/failures.h"
#include "experiment/status.h"

static const char usage[] =
"fl-status [options] [DIR ...]\n"
"Print the state of experiment directories, a JSON object for each.\n"
"  -i, --in FOLDER    the experiments in FOLDER, the newest first\n"
"      --latest       with --in: only the newest\n"
"      --overview     with --in: how many there are, and the ten newest\n"
"  -f, --fields A,B   only the values of these fields, separated by tabs\n"
"  -t, --text         a sentence for each, after the fields that were asked for\n"
"  -e, --errors        after each, its most frequent errors, if runs failed\n"
"      --of N         how many of N runs are finished (0: N is unknown)\n"
"      --options      the options to resume it with, each ended by a NUL\n";

enum { OPT_LATEST = CLI_OPT, OPT_OPTIONS, OPT_OVERVIEW, OPT_OF };

/* Experiments that an overview shows. */
#define OVERVIEW 10

static const struct option options[] = {
	{ "in", required_argument, NULL, 'i' },
	{ "latest", no_argument, NULL, OPT_LATEST },
	{ "overview", no_argument, NULL, OPT_OVERVIEW },
	{ "fields", required_argument, NULL, 'f' },
	{ "text", no_argument, NULL, 't' },
	{ "errors", no_argument, NULL, 'e' },
	{ "of", required_argument, NULL, OPT_OF },
	{ "options", no_argument, NULL, OPT_OPTIONS },
	CLI_COMMON
};

static struct {
	const char *folder;
	const char *fields;	/* names separated by commas; NULL: all */
	int latest, overview;
	int errors;
	long long of;
	/* one of the functions of status.h that print a state */
	void (*put)(struct buf *b, const struct status *s);
} given = { .put = status_put_json };

/* Appends the values of the requested fields. */
static void
put_chosen(struct buf *b, const struct status *s)
{
	struct buf json = { 0 };
	struct json_span v;
	const char *names = given.fields;
	char *name;
	size_t n;

	status_put_json(&json, s);
	for (; names; names = names[n] ? names + n + 1 : NULL) {
		n = strcspn(names, ",");
		name = xmemdup(names, n);
		v = json_get(json_buf(&json), name);
		if (!v.p)
			die("unknown field '%s'", name);
		free(name);
		if (names != given.fields)
			buf_byte(b, '\t');
		if (json_is(v, JSON_STRING))
			json_text(b, v);
		else if (!json_is_null(v))
			buf_add(b, v.p, v.n);
	}
	buf_release(&json);
}

/* Prints why runs of a directory failed. Returns the exit status. */
static int
print_errors(struct out *o, const char *dir)
{
	struct failures f;
	struct err e = { 0 };
	int bad = failures_read(&f, dir, &e);

	if (bad)
		warn("%s", e.msg);
	else
		failures_put(out_begin(o), &f, dir);
	out_end(o);
	failures_release(&f);
	err_release(&e);
	return bad ? 2 : 0;
}

/* Appends the number of finished runs. */
static void
put_finished(struct buf *b, const struct status *s)
{
	struct buf json = { 0 };
	double runs = 0;
	long long n;

	status_put_json(&json, s);
	json_double(json_get(json_buf(&json), "runs"), &runs);
	n = (long long)runs;
	if (!given.of)
		buf_printf(b, "%lld runs are finished", n);
	else if (n < given.of)
		buf_printf(b, "%lld of %lld runs are finished, %lld %s missing",
		    n, given.of, given.of - n, given.of - n == 1 ? "is" :
		    "are");
	else
		buf_printf(b, "all %lld runs are finished", n);
	buf_release(&json);
}

/* Prints the state of a directory. Returns the exit status. */
static int
print_status(struct out *o, const char *dir)
{
	const char *obstacle;
	struct status s;
	struct err e = { 0 };
	int status = 0;

	if (status_read(&s, dir, &e)) {
		warn("%s", e.msg);
		status = 2;
	} else if (given.put == status_put_options) {
		obstacle = status_obstacle(&s);
		if (obstacle)
			warn("%s: cannot be resumed: %s", dir, obstacle);
		else
			status_put_options(out_begin(o), &s);
		status = obstacle != NULL;
	} else {
		if (given.fields && given.put == status_put_text) {
			put_chosen(out_begin(o), &s);
			buf_byte(out_begin(o), '\n');
		}
		given.put(out_begin(o), &s);
		buf_byte(out_begin(o), '\n');
		if (given.errors && s.failed)
			status = print_errors(o, dir);
	}
	out_end(o);
	status_release(&s);
	err_release(&e);
	return status;
}

/* Prints the number of experiments in a folder, and the newest of them. */
static int
print_overview(struct out *o)
{
	size_t n, i;
	char **dirs = status_list(given.folder, &n);
	int status = 0, one;

	buf_printf(out_begin(o), "%zu in ", n);
	visible_put(out_begin(o), given.folder, strlen(given.folder));
	buf_byte(out_begin(o), '\n');
	for (i = 0; i < n; i++) {
		if (i < OVERVIEW) {
			buf_puts(out_begin(o), "  ");
			one = print_status(o, dirs[i]);
			status = one > status ? one : status;
		}
		free(dirs[i]);
	}
	if (n > OVERVIEW)
		buf_printf(out_begin(o), "  and %zu older ones\n",
		    n - OVERVIEW);
	out_end(o);
	free(dirs);
	return status;
}

/* Prints the states of the experiments in a folder. */
static int
print_folder(struct out *o)
{
	size_t n, i;
	char **dirs = status_list(given.folder, &n);
	int status = 0, one;

	for (i = 0; i < n; i++) {
		one = given.latest && i ? 0 : print_status(o, dirs[i]);
		status = one > status ? one : status;
		free(dirs[i]);
	}
	free(dirs);
	return status;
}

static void
apply_option(int c)
{
	switch (c) {
	case 'i': given.folder = optarg; break;
	case OPT_LATEST: given.latest = 1; break;
	case OPT_OVERVIEW:
		given.overview = 1;
		given.put = status_put_text;
		break;
	case 'f':
		given.fields = optarg;
		if (given.put != status_put_text)
			given.put = put_chosen;
		break;
	case OPT_OF:
		given.of = cli_int("--of", optarg, 0, INT64_MAX);
		given.put = put_finished;
		break;
	case 't': given.put = status_put_text; break;
	case 'e': given.errors = 1; break;
	case OPT_OPTIONS: given.put = status_put_options; break;
	default: cli_common(c, usage);
	}
}

int
main(int argc, char **argv)
{
	struct out o;
	int c, status = 0, one;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "i:f:te", options)) != -1)
		apply_option(c);
	if (optind == argc && !given.folder)
		cli_misused(usage, "a directory is missing");
	out_init(&o, STDOUT_FILENO, 0);
	if (given.folder)
		status = given.overview ? print_overview(&o) :
		    print_folder(&o);
	for (; optind < argc; optind++) {
		one = print_status(&o, argv[optind]);
		status = one > status ? one : status;
	}
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}
