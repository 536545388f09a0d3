#ifndef CLI_H
#define CLI_H

/*
 * What all programs do alike with their options. For main programs only:
 * these print, and end the program with status 2 on wrong usage.
 */
#include <stddef.h>

struct err;

/* Values for getopt_long of --help and --version; others start at CLI_OPT. */
enum { CLI_HELP = 1000, CLI_VERSION, CLI_OPT };

#define CLI_COMMON \
	{ "help", no_argument, NULL, CLI_HELP }, \
	{ "version", no_argument, NULL, CLI_VERSION }, \
	{ NULL, 0, NULL, 0 }

/*
 * To be called for every option that main does not know: prints usage or the
 * version and exits with 0, or complains about a wrong option and exits with 2.
 * usage is the text after "usage: ".
 */
_Noreturn void cli_common(int c, const char *usage);

/* Says what is wrong with the arguments, and the usage, and exits with 2. */
_Noreturn void cli_misused(const char *usage, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For a filter: prints usage and exits with 2 when there is no operand and the
 * standard input is a terminal.
 */
void cli_need_input(int noperands, const char *usage);

/* An option's argument as a number from min to max; complains and exits. */
long long cli_int(const char *option, const char *arg, long long min,
    long long max);

/* A span of time in seconds: a number, with s, m, h or d behind it or not. */
double cli_seconds(const char *option, const char *arg, double min, double max);

/*
 * Cuts the next item off the comma-separated *list, which is changed, and moves
 * *list on; empty items are skipped. Returns NULL at the end. *list may be
 * NULL, which is an empty list.
 */
char *cli_item(char **list);

/* The version of the whole, such as "0.1.0". */
const char *cli_version(void);

/*
 * For config_load: says errors in the file named by arg (warnings are for
 * fl-config to tell).
 */
void cli_config(void *arg, int error, const struct err *e);

/* warn("%s", msg), for who wants a function to say things with. */
void cli_say(const char *msg);

#endif
