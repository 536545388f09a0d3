#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/util.h"
#include "base/warn.h"
#include "io/out.h"
#include "io/source.h"
#include "import/import.h"
#include "import/outputs.h"

static const char synopsis[] =
"fl-import [options] KIND [file ...]\n"
"Import traces that other programs recorded, one a line.\n";

static const char options_text[] =
"  -i, --inputs       write only the input of each trace, for fl-run\n"
"  -s, --separate     write observations as they are read, rows at the end\n"
"      --list-kinds   list the kinds\n";

enum { OPT_LIST = CLI_OPT };

static const struct option options[] = {
	{ "inputs", no_argument, NULL, 'i' },
	{ "separate", no_argument, NULL, 's' },
	{ "list-kinds", no_argument, NULL, OPT_LIST },
	CLI_COMMON
};

/* Returns the usage text, with the kinds in the order of their table. */
static char *
make_usage(void)
{
	struct buf b = { 0 };
	size_t i;

	buf_puts(&b, synopsis);
	for (i = 0; i < import_nkinds; i++)
		buf_printf(&b, "  %-18s read %s\n", import_kinds[i].name,
		    import_kinds[i].what);
	buf_puts(&b, options_text);
	buf_str(&b);
	return buf_detach(&b, NULL);
}

/* Prints the kinds, and ends the program. */
static _Noreturn void
list_kinds(void)
{
	struct buf b = { 0 };
	size_t i;
	int r;

	for (i = 0; i < import_nkinds; i++)
		buf_printf(&b, "%s\n", import_kinds[i].name);
	r = out_print(&b);
	buf_release(&b);
	if (r)
		die("<stdout>: %s", strerror(errno));
	exit(0);
}

/* Returns the kind that the first operand names. */
static const struct import_kind *
find_kind(const char *name, const char *usage)
{
	const struct import_kind *kind = name ? import_find(name) : NULL;
	struct buf names = { 0 };
	size_t i;

	if (kind)
		return kind;
	for (i = 0; i < import_nkinds; i++)
		buf_printf(&names, "%s%s", !i ? "" :
		    i + 1 < import_nkinds ? ", " : " or ",
		    import_kinds[i].name);
	if (!name)
		cli_misused(usage, "missing kind of input: expected %s",
		    buf_str(&names));
	cli_misused(usage, "unknown kind '%s': expected %s", name,
	    buf_str(&names));
}

static int
import(const struct import_kind *kind, struct source *s,
    enum import_output what)
{
	struct out o;
	int status;

	out_init(&o, STDOUT_FILENO, 0);
	status = import_run(kind, s, &o, what) || s->failed ? 2 :
	    s->bad ? 1 : 0;
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}

int
main(int argc, char **argv)
{
	enum import_output what = IMPORT_TRACES;
	const struct import_kind *kind;
	struct source s;
	char *usage;
	int c, given = 0, status;

	util_init(argv[0]);
	usage = make_usage();
	while ((c = cli_option(argc, argv, "is", options)) != -1) {
		switch (c) {
		case 'i':
		case 's':
			if (given && given != c)
				cli_misused(usage, "--inputs and --separate "
				    "exclude each other");
			given = c;
			what = c == 'i' ? IMPORT_INPUTS : IMPORT_SEPARATE;
			break;
		case OPT_LIST: list_kinds();
		default: cli_common(c, usage);
		}
	}
	argc -= optind;
	argv += optind;
	kind = find_kind(argv[0], usage);
	cli_need_input(argc - 1, usage);
	source_init(&s, argv + 1, (size_t)argc - 1, cli_report);
	status = import(kind, &s, what);
	source_release(&s);
	free(usage);
	return status;
}
