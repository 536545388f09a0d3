#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "io/source.h"
#include "record/record.h"
#include "record/template.h"

static const char usage[] =
"fl-record-extract [options] [recording ...]\n"
"Convert recorded calls to templates for fl-generate.\n"
"  -f, --first     convert only the first call\n"
"  -l, --last      convert only the last call\n"
"  -t, --target T  convert only calls of this target\n"
"  -p, --path P    path of the text in the arguments, such as data.content\n"
"  -u, --unique    convert each combination of target and arguments once\n";

static const struct option options[] = {
	{ "first", no_argument, NULL, 'f' },
	{ "last", no_argument, NULL, 'l' },
	{ "target", required_argument, NULL, 't' },
	{ "path", required_argument, NULL, 'p' },
	{ "unique", no_argument, NULL, 'u' },
	CLI_COMMON
};

static struct {
	int first, last, unique;
	const char *target, *path;
} want;

/* Whether the options select a recording; reports a record of another kind. */
static int
is_selected(struct source *s, struct set *seen, const struct json_span *v)
{
	char id[RECORD_ID];
	int added;

	if (!json_is(v[TEMPLATE_KWARGS], JSON_OBJECT) ||
	    !json_is(v[TEMPLATE_TARGET], JSON_STRING)) {
		source_complain(s, "not a recording: expected 'target' and "
		    "'kwargs'");
		return 0;
	}
	if (want.target && !json_is_str(v[TEMPLATE_TARGET], want.target))
		return 0;
	if (!want.unique)
		return 1;
	record_input_id(v[TEMPLATE_TARGET], v[TEMPLATE_KWARGS], id);
	set_add(seen, hash_bytes(0, 0, id, strlen(id)), &added);
	return added;
}

static void
extract(struct source *s, const struct json_span *v, struct buf *b)
{
	struct json_span text;
	const char *path;
	char *msg;

	path = template_find(v[TEMPLATE_KWARGS], want.path, &text);
	if (!path) {
		msg = xasprintf("%s:%zu: no text %s%s; the call can only be "
		    "replayed as recorded", s->file, s->line, want.path ?
		    "at " : "found, give its place with --path", want.path ?
		    want.path : "");
		s->report(msg);
		free(msg);
	}
	template_put(b, s->record, v, text, path, s->file, (long long)s->line);
}

int
main(int argc, char **argv)
{
	struct json_span v[TEMPLATE_FIELDS];
	struct set seen = { 0 };
	struct buf b = { 0 };
	struct source s;
	struct out o;
	size_t n = 0;
	int c, bad;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "flt:p:u", options)) != -1) {
		switch (c) {
		case 'f': want.first = 1; break;
		case 'l': want.last = 1; break;
		case 't': want.target = optarg; break;
		case 'p': want.path = optarg; break;
		case 'u': want.unique = 1; break;
		default: cli_common(c, usage);
		}
	}
	cli_need_input(argc - optind, usage);
	source_init(&s, argv + optind, (size_t)(argc - optind), cli_report);
	out_init(&o, STDOUT_FILENO, 0);
	while (!(want.first && n) && source_next(&s, template_fields, v,
	    TEMPLATE_FIELDS) > 0) {
		if (!is_selected(&s, &seen, v))
			continue;
		n++;
		/* with --last, only the last call is written */
		b.len = 0;
		extract(&s, v, &b);
		if (!want.last && out_put(&o, b.p, b.len))
			break;
	}
	if (want.last && n)
		out_put(&o, b.p, b.len);
	if (!n && !s.failed)
		warn(want.target ? "no recorded call of '%s'" :
		    "no recorded calls", want.target);
	bad = s.failed ? 2 : s.bad || !n ? 1 : 0;
	source_release(&s);
	set_release(&seen);
	buf_release(&b);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return bad;
}
