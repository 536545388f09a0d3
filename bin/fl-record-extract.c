#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "base/visible.h"
#include "base/warn.h"
#include "json/json.h"
#include "json/path.h"
#include "io/line.h"
#include "io/out.h"
#include "io/source.h"
#include "record/excerpt.h"
#include "record/octets.h"
#include "record/place.h"
#include "record/record.h"
#include "record/template.h"

static const char usage[] =
"fl-record-extract [options] [recording ...]\n"
"Convert recorded calls to templates for fl-generate.\n"
"  -f, --first     convert only the first call\n"
"  -l, --last      convert only the last call\n"
"  -t, --target T  convert only calls of this target\n"
"  -p, --path P    path of the text in the arguments, such as data.content\n"
"      --try P     take the text at this path if it is there\n"
"      --text      skip calls without a text\n"
"  -u, --unique    convert each combination of target and arguments once\n";

enum { OPT_TRY = CLI_OPT, OPT_TEXT };

static const struct option options[] = {
	{ "first", no_argument, NULL, 'f' },
	{ "last", no_argument, NULL, 'l' },
	{ "target", required_argument, NULL, 't' },
	{ "path", required_argument, NULL, 'p' },
	{ "try", required_argument, NULL, OPT_TRY },
	{ "text", no_argument, NULL, OPT_TEXT },
	{ "unique", no_argument, NULL, 'u' },
	CLI_COMMON
};

static struct {
	int first, last, unique, text;
	const char *target, *path, *try;
} want;

/* Candidates for the path of a text that are listed at most. */
#define LISTED 12

/* Bytes of a candidate's text that are shown. */
#define SHOWN 60

/* The calls without a text. */
static struct {
	struct set kinds;	/* hashes of the places that a call has */
	size_t alike;		/* calls of a kind that was reported before */
	int tried;		/* 1: reported that --try found nothing */
} missing;

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

/* The paths of the strings in the arguments of a call. */
struct places {
	struct json_span kwargs;
	struct buf names;	/* one per line, for comparison */
	struct buf list;	/* their description, one per line */
	size_t n;
};

/* Appends a path, in quotes if a shell would read it otherwise. */
static void
record_extract_put_path(struct buf *b, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	int quote = path[strspn(path, plain)] || !*path;

	if (quote)
		buf_byte(b, '\'');
	for (; *path; path++) {
		if (*path == '\'')
			buf_puts(b, "'\\'");
		buf_byte(b, *path);
	}
	if (quote)
		buf_byte(b, '\'');
}

static int
each_string(void *arg, const char *path, struct json_span string)
{
	struct places *p = arg;
	size_t start = p->list.len;

	/* a path with a dot in a key may lead elsewhere */
	if (!place_is_text(string) || string.n == 2 ||
	    path_get(p->kwargs, path).p != string.p)
		return 0;
	buf_printf(&p->names, "%s\n", path);
	if (p->n++ >= LISTED)
		return 0;
	buf_puts(&p->list, "  --path ");
	record_extract_put_path(&p->list, path);
	if (p->list.len - start < 36)
		buf_fill(&p->list, ' ', 36 - (p->list.len - start));
	buf_puts(&p->list, "  ");
	excerpt_put(&p->list, string, SHOWN);
	visible_replace(&p->list, start, VISIBLE_LINE);
	buf_byte(&p->list, '\n');
	return 0;
}

/* Reports the lines of a list. */
static void
report_lines(struct source *s, char *list)
{
	char *line;

	while ((line = strtok_r(list, "\n", &list)))
		s->report(line);
}

/*
 * Reports a call without a text, and where it has strings; calls like one that
 * was reported are only counted.
 */
static void
report_missing(struct source *s, struct json_span kwargs)
{
	struct places p = { .kwargs = kwargs };
	char *msg;
	int added;

	path_strings(kwargs, each_string, &p);
	buf_str(&p.names);
	set_add(&missing.kinds, hash_bytes(0, 0, p.names.p, p.names.len),
	    &added);
	missing.alike += !added;
	if (added) {
		msg = xasprintf("%s:%zu: no text %s%s; the call %s%s", s->file,
		    s->line, want.path ? "at " : "found", want.path ?
		    want.path : "", want.text ? "is skipped" :
		    "can only be replayed as recorded", p.n ?
		    ", unless you name its place:" : "");
		s->report(msg);
		free(msg);
		report_lines(s, buf_str(&p.list));
	}
	if (added && p.n > LISTED) {
		msg = xasprintf("  and %zu more strings", p.n - LISTED);
		s->report(msg);
		free(msg);
	}
	buf_release(&p.names);
	buf_release(&p.list);
}

/* Finds the text of a call: appends its path, and sets *text. */
static int
find_text(struct source *s, const struct json_span *v, struct buf *path,
    struct json_span *text)
{
	struct json_span kwargs = v[TEMPLATE_KWARGS];
	const char *given = want.path ? want.path : want.try;
	char *msg;

	if (given) {
		*text = path_get(kwargs, given);
		if (text->p) {
			buf_puts(path, given);
			place_enter_list(path, text);
			return 1;
		}
		if (want.path)
			return 0;
	}
	if (!place_find(kwargs, v[TEMPLATE_TYPES], path, text))
		return 0;
	if (want.try && !missing.tried++) {
		msg = xasprintf("%s:%zu: warning: no text at %s; the text at "
		    "%s is taken", s->file, s->line, want.try, buf_str(path));
		s->report(msg);
		free(msg);
	}
	return 1;
}

/* Appends the template of a call. Returns 1, or 0 if the call is skipped. */
static int
extract(struct source *s, const struct json_span *v, struct buf *b)
{
	struct json_span text = { 0 };
	struct buf path = { 0 }, read = { 0 };
	int found = find_text(s, v, &path, &text);

	if (found && octets_read(&read, text, buf_str(&path),
	    v[TEMPLATE_TYPES]))
		text = json_buf(&read);
	if (!found) {
		s->bad++;
		report_missing(s, v[TEMPLATE_KWARGS]);
	}
	if (found || !want.text)
		template_put(b, s->record, v, text, found ? buf_str(&path) :
		    NULL, s->file, (long long)s->line);
	buf_release(&path);
	buf_release(&read);
	return found || !want.text;
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
		case OPT_TRY: want.try = optarg; break;
		case OPT_TEXT: want.text = 1; break;
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
		/* with --last, only the last call is written */
		b.len = 0;
		n++;
		if (extract(&s, v, &b) && !want.last &&
		    out_put(&o, b.p, b.len))
			break;
	}
	if (want.last && n)
		out_put(&o, b.p, b.len);
	if (!n && !s.failed)
		warn(want.target ? "no recorded call of '%s'" :
		    "no recorded calls", want.target);
	if (missing.alike)
		warn("%zu more calls without a text", missing.alike);
	/* without a call, no text is missing */
	bad = s.failed || (want.text && !n) ? 2 : s.bad || !n ? 1 : 0;
	source_release(&s);
	set_release(&seen);
	set_release(&missing.kinds);
	buf_release(&b);
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return bad;
}
