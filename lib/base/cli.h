#ifndef CLI_H
#define CLI_H

/*
 * Conventions of the command lines of all programs. For main programs only:
 * these functions print, and end the program on wrong usage.
 *
 * A usage text is what comes after "usage: ": the synopsis, then one line that
 * says what the program does, then the options.
 */
#include <stddef.h>

struct err;
struct option;

/* getopt_long's values of --help and --version, and the first free value. */
enum { CLI_HELP = 1000, CLI_VERSION, CLI_OPT };

/* The end of every program's table of long options. */
#define CLI_COMMON \
	{ "help", no_argument, NULL, CLI_HELP }, \
	{ "version", no_argument, NULL, CLI_VERSION }, \
	{ NULL, 0, NULL, 0 }

/*
 * Returns the next option as getopt_long does, but its message about a wrong
 * option, which may be the name of a file, goes through warn. The option is
 * '?' then.
 */
int cli_option(int argc, char **argv, const char *letters,
    const struct option *options);

/*
 * Handles an option that main does not know: prints the usage or the version
 * and exits with 0, or prints the usage to stderr and exits with 2.
 */
_Noreturn void cli_common(int c, const char *usage);

/* Prints an error in the arguments and the usage, and exits with 2. */
_Noreturn void cli_misused(const char *usage, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For a filter: prints the usage and exits with 2 if there are no operands and
 * stdin is a terminal.
 */
void cli_need_input(int noperands, const char *usage);

/* Parses an option's argument as a number from min to max, or exits with 2. */
long long cli_int(const char *option, const char *arg, long long min,
    long long max);

/*
 * Parses an option's argument as a time, a number that s, m, h or d may follow,
 * from min to max seconds, or exits with 2. Returns seconds.
 */
double cli_seconds(const char *option, const char *arg, double min, double max);

/*
 * Cuts the next item off the comma-separated *list, which is changed, and moves
 * *list on; empty items are skipped. Returns NULL at the end. *list may be
 * NULL, which is an empty list.
 */
char *cli_item(char **list);

/* The version of all programs, such as "0.1.0". */
const char *cli_version(void);

/*
 * Prints an error in the file that arg names, and ignores warnings. A
 * schema_report, for config_load.
 */
void cli_report_config(void *arg, int error, const struct err *e);

/*
 * What programs that are configured by the file use instead: prints warnings,
 * too, unless FL_CHECKED is set, as by a script that has printed them. Unsets
 * that variable, which is not for other programs.
 */
void (*cli_config_reporter(void))(void *arg, int error, const struct err *e);

/* Prints a message, as warn("%s", msg) does. */
void cli_report(const char *msg);

#endif
