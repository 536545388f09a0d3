#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "cli.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

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
	vwarn(fmt, ap);
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

void
cli_report(const char *msg)
{
	warn("%s", msg);
}
