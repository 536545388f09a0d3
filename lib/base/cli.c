#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "err.h"
#include "util.h"
#include "warn.h"
#include "cli.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

/*
 * Returns the index of the next option after i that begins with the n bytes of
 * a word.
 */
static size_t
next_like(const struct option *options, size_t i, const char *word, size_t n)
{
	while (options[i].name && strncmp(options[i].name, word, n) != 0)
		i++;
	return i;
}

/* Reports a long option that is not in the table, or not only once. */
static void
report_unknown(const char *word, const struct option *options)
{
	size_t n = strcspn(word + 2, "="), i = next_like(options, 0, word + 2,
	    n);
	struct buf like = { 0 };

	if (!options[i].name) {
		warn("unrecognized option '%.*s'", (int)n + 2, word);
		return;
	}
	for (; options[i].name; i = next_like(options, i + 1, word + 2, n))
		buf_printf(&like, " '--%s'", options[i].name);
	warn("option '%.*s' is ambiguous; possibilities:%s", (int)n + 2, word,
	    buf_str(&like));
	buf_release(&like);
}

/* Reports the fault in the word at which getopt_long stopped. */
static void
report_option(const char *word, const char *letters,
    const struct option *options)
{
	size_t i = 0;

	if (!optopt) {
		report_unknown(word, options);
		return;
	}
	while (options[i].name && options[i].val != optopt)
		i++;
	if (!strncmp(word, "--", 2) && options[i].name)
		warn(options[i].has_arg ? "option '--%s' requires an argument" :
		    "option '--%s' doesn't allow an argument",
		    options[i].name);
	else if (strchr(letters, optopt))
		warn("option requires an argument -- '%c'", optopt);
	else
		warn("invalid option -- '%c'", optopt);
}

int
cli_option(int argc, char **argv, const char *letters,
    const struct option *options)
{
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, letters, options, NULL);
	if (c == '?')
		report_option(argv[optind - 1], letters, options);
	return c;
}

void
cli_common(int c, const char *usage)
{
	if (c == CLI_HELP || c == CLI_VERSION) {
		if (c == CLI_HELP)
			printf("usage: %s", usage);
		else
			printf("%s %s\n", prog, VERSION);
		if (fflush(stdout) || ferror(stdout))
			die("<stdout>: cannot write");
		exit(0);
	}
	fprintf(stderr, "usage: %s", usage);
	exit(2);
}

void
cli_misused(const char *usage, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	warn_list(fmt, ap);
	va_end(ap);
	fprintf(stderr, "usage: %s", usage);
	exit(2);
}

void
cli_need_input(int noperands, const char *usage)
{
	if (noperands == 0 && isatty(STDIN_FILENO)) {
		fprintf(stderr, "usage: %s", usage);
		exit(2);
	}
}

long long
cli_int(const char *option, const char *arg, long long min, long long max)
{
	long long v;
	char *end;

	errno = 0;
	v = strtoll(arg, &end, 10);
	if (end == arg || *end || errno || v < min || v > max)
		die("invalid %s '%s': expected a whole number from %lld to "
		    "%lld", option, arg, min, max);
	return v;
}

double
cli_seconds(const char *option, const char *arg, double min, double max)
{
	static const char units[] = "smhd";
	static const double seconds[] = { 1, 60, 3600, 86400 };
	const char *unit = NULL;
	double v;
	char *end;

	v = strtod(arg, &end);
	if (end != arg && *end && !end[1])
		unit = strchr(units, *end);
	if (unit)
		v *= seconds[unit - units];
	if (end == arg || (*end && !unit) || !(v >= min && v <= max))
		die("invalid %s '%s': expected a time from %g to %g seconds, "
		    "such as 30, 1.5m or 2h", option, arg, min, max);
	return v;
}

char *
cli_item(char **list)
{
	char *item;

	if (!*list)
		return NULL;
	item = *list + strspn(*list, ",");
	*list = item + strcspn(item, ",");
	if (**list)
		*(*list)++ = '\0';
	return *item ? item : NULL;
}

const char *
cli_version(void)
{
	return VERSION;
}

void
cli_report_config(void *arg, int error, const struct err *e)
{
	char *text;

	if (!error)
		return;
	text = err_text(e, arg);
	warn("%s", text);
	free(text);
}

static void
report_all(void *arg, int error, const struct err *e)
{
	char *text = err_text(e, arg);

	warn("%s%s", error ? "" : "warning: ", text);
	free(text);
}

void
(*cli_config_reporter(void))(void *arg, int error, const struct err *e)
{
	int checked = getenv("FL_CHECKED") != NULL;

	unsetenv("FL_CHECKED");
	return checked ? cli_report_config : report_all;
}

void
cli_report(const char *msg)
{
	warn("%s", msg);
}
