#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/line.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/plain.h"
#include "io/source.h"
#include "yaml/yamlin.h"
#include "yaml/yamlout.h"

static const char usage[] =
"fl-yaml [--documents] [--limit N] [file ...]\n"
"       fl-yaml --to-yaml [--header JSON] [--metadata NAME=TEXT]... [--list]\n"
"           [--output FILE] [file ...]\n"
"Convert YAML to JSONL, one line for each entry of an inputs file, or back.\n"
"A file whose name ends in .jsonl is copied, and each line of one that ends in\n"
".txt becomes a string.\n"
"  -d, --documents    write one line for each YAML document instead\n"
"      --limit N      write at most N lines\n"
"  -t, --to-yaml      convert JSONL to a YAML mapping with a list 'inputs'\n"
"      --header JSON  write the fields of this object before 'inputs'\n"
"      --metadata NAME=TEXT\n"
"                     add a field to the header's 'metadata'; NAME:=JSON adds\n"
"                     any JSON value, NAME[]=TEXT an element of a list\n"
"  -l, --list         with --to-yaml: write only the list\n"
"  -o, --output FILE  with --to-yaml: replace FILE when all is written, and\n"
"                     print the number of records; a name that ends in\n"
"                     .jsonl gets the records as they are\n";

enum { OPT_HEADER = CLI_OPT, OPT_METADATA, OPT_LIMIT };

static const struct option options[] = {
	{ "documents", no_argument, NULL, 'd' },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "to-yaml", no_argument, NULL, 't' },
	{ "header", required_argument, NULL, OPT_HEADER },
	{ "metadata", required_argument, NULL, OPT_METADATA },
	{ "list", no_argument, NULL, 'l' },
	{ "output", required_argument, NULL, 'o' },
	CLI_COMMON
};

/* Number of lines still to write at most; -1: unlimited. */
static long long lines_left = -1;

/* Warnings about the tags of one file. */
struct tag_report {
	const char *name;	/* name of the file */
	unsigned long long n;	/* tags that are not known */
};

/* Tags that are reported with their places. */
#define TAGS_SHOWN 20

static void
report_tag(void *arg, int error, const struct err *e)
{
	struct tag_report *tags = arg;
	char *msg;

	(void)error;
	if (tags->n++ >= TAGS_SHOWN)
		return;
	msg = err_text(e, tags->name);
	warn("warning: %s", msg);
	free(msg);
}

/* Whether the name of a file has this ending. */
static int
is_kind(const char *file, const char *end)
{
	size_t n = strlen(file), m = strlen(end);

	return n >= m && !strcmp(file + n - m, end);
}

/* Writes the lines of a file, as strings if they are texts. */
static int
lines_to_json(const char *file, int fd, struct out *o)
{
	int texts = is_kind(file, ".txt"), got = 0;
	struct line_reader r;
	struct line l;
	size_t n;

	line_init(&r, fd);
	while (lines_left && (got = line_next(&r, &l)) > 0) {
		n = l.n;
		if (texts && n && l.p[n - 1] == '\r')
			n--;
		if (texts && source_blank(&l))
			continue;
		if (texts)
			json_put_text(out_begin(o), l.p, n);
		else
			buf_add(out_begin(o), l.p, n);
		buf_byte(o->b, '\n');
		if (out_end(o))
			break;
		if (lines_left > 0)
			lines_left--;
	}
	if (got < 0)
		warn("%s: %s", file, strerror(errno));
	line_release(&r);
	return got < 0 ? 2 : 0;
}

/*
 * Writes a file as JSONL: YAML, unless its name says that it is something else.
 * Returns the exit status.
 */
static int
file_to_json(const char *file, enum yamlin_unit unit, struct out *o)
{
	struct yamlin_reader *r;
	struct buf json = { 0 };
	struct err e = { 0 };
	const char *name = strcmp(file, "-") ? file : "<stdin>";
	struct tag_report tags = { name, 0 };
	char *msg;
	size_t line;
	int fd = STDIN_FILENO, got;

	if (strcmp(file, "-") != 0)
		fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		warn("%s: %s", name, strerror(errno));
		return 2;
	}
	if (is_kind(file, ".jsonl") || is_kind(file, ".txt")) {
		got = lines_to_json(file, fd, o);
		close(fd);
		return got;
	}
	r = yamlin_new(fd, unit, report_tag, &tags);
	got = 0;
	while (lines_left &&
	    (got = yamlin_next(r, &json, &line, &e)) > 0) {
		buf_byte(&json, '\n');
		if (out_put(o, json.p, json.len))
			break;
		if (lines_left > 0)
			lines_left--;
	}
	if (got < 0) {
		msg = err_text(&e, name);
		warn("%s", msg);
		free(msg);
	}
	if (tags.n > TAGS_SHOWN)
		warn("warning: %s: %llu more tags are not known", name,
		    tags.n - TAGS_SHOWN);
	yamlin_free(r);
	err_release(&e);
	buf_release(&json);
	close(fd);
	return got < 0 ? 2 : 0;
}

/* Checks that the header is an object; exits with 2 if not. */
static struct json_span
read_header(const char *header)
{
	struct json_span v = { header, strlen(header) };
	struct json_fault f;

	v.p += strspn(v.p, " \t\r\n");
	v.n = strlen(v.p);
	if (json_scan(v.p, v.n, 0, NULL, NULL, 0, &f) < 0)
		die("--header: %s (byte %zu)", f.msg, f.at + 1);
	if (json_type(v) != JSON_OBJECT)
		die("--header: expected an object, got %s",
		    json_type_name(json_type(v)));
	return v;
}

/* The fields given with --metadata, without the closing bracket. */
static struct {
	struct buf json;
	char *list;		/* name of the list being written, or NULL */
} metadata;

static void
close_list_field(void)
{
	if (metadata.list)
		json_close(&metadata.json, ']');
	free(metadata.list);
	metadata.list = NULL;
}

/* Adds an element to a list; consecutive elements of a name are one list. */
static void
add_list_field(const char *name, const char *text)
{
	if (!metadata.list || strcmp(metadata.list, name) != 0) {
		close_list_field();
		json_open(&metadata.json, name, '[');
		metadata.list = xstrdup(name);
	}
	json_add_str(&metadata.json, NULL, text);
}

/* Adds a JSON value. */
static void
add_typed_field(const char *name, const char *text)
{
	struct json_span v = { text, strlen(text) };
	struct json_fault f;

	if (json_scan(v.p, v.n, 0, NULL, NULL, 0, &f) < 0)
		die("--metadata '%s:=%s': %s", name, text, f.msg);
	close_list_field();
	json_add(&metadata.json, name, v);
}

/* Adds NAME=TEXT, NAME:=JSON or NAME[]=TEXT. */
static void
add_text_field(char *arg)
{
	char *value = strchr(arg, '=');
	size_t n = value ? (size_t)(value - arg) : 0;

	if (!n)
		die("--metadata '%s': expected NAME=TEXT", arg);
	*value++ = '\0';
	if (!metadata.json.len)
		json_open(&metadata.json, NULL, '{');
	if (n > 2 && !strcmp(arg + n - 2, "[]")) {
		arg[n - 2] = '\0';
		add_list_field(arg, value);
	} else if (n > 1 && arg[n - 1] == ':') {
		arg[n - 1] = '\0';
		add_typed_field(arg, value);
	} else {
		close_list_field();
		json_add_str(&metadata.json, arg, value);
	}
}

/* The metadata as an object; its p is NULL without --metadata. */
static struct json_span
read_metadata(void)
{
	close_list_field();
	if (metadata.json.len)
		json_close(&metadata.json, '}');
	return json_buf(&metadata.json);
}

/* Writes the header's fields. */
static void
put_yaml_header(struct yamlout *y, struct json_span header)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	struct buf name = { 0 };

	for (it = json_each(header); json_next(&it, &key, &value); ) {
		name.len = 0;
		json_text(&name, key);
		yamlout_key(y, buf_str(&name));
		yamlout_value(y, value);
	}
	buf_release(&name);
}

/* The output of --to-yaml, and the number of records in it. */
static struct {
	struct json_span header;
	int list;		/* 1: no header */
	const char *name;	/* name of the output, for messages */
	long long records;
} yaml = { .name = "<stdout>" };

/* Writes the records of s. Returns the exit status. */
static int
records_to_yaml(struct source *s, struct out *o)
{
	struct json_span header = yaml.header, fields = read_metadata();
	int list = yaml.list;
	struct yamlout *y = yamlout_new(o, list ? '[' : '{');

	if (header.p && !list)
		put_yaml_header(y, header);
	if (fields.p && !list) {
		yamlout_key(y, "metadata");
		yamlout_value(y, fields);
	}
	if (!list) {
		yamlout_key(y, "inputs");
		yamlout_bracket(y, '[');
	}
	for (; source_next(s, NULL, NULL, 0) > 0; yaml.records++)
		if (yamlout_value(y, s->record))
			break;
	if (!list)
		yamlout_bracket(y, ']');
	yamlout_bracket(y, list ? ']' : '}');
	if (!yamlout_close(y) || o->error)
		return 0;
	warn("%s: a string is too long for YAML", yaml.name);
	return 2;
}

/* Copies the records of s, one per line. Returns the exit status. */
static int
records_to_lines(struct source *s, struct out *o)
{
	for (; source_next(s, NULL, NULL, 0) > 0; yaml.records++) {
		buf_add(out_begin(o), s->record.p, s->record.n);
		buf_byte(o->b, '\n');
		if (out_end(o))
			break;
	}
	return 0;
}

/* Writes the records of files in one of these ways. */
static int
write_records(char **files, int n, struct out *o,
    int (*write)(struct source *s, struct out *o))
{
	struct source s;
	int status;

	source_init(&s, files, (size_t)n, cli_report);
	status = write(&s, o);
	if (!status)
		status = s.failed ? 2 : s.bad ? 1 : 0;
	source_release(&s);
	return status;
}

/*
 * Replaces the file unless an input could not be read, and prints the number of
 * its records to o.
 */
static int
replace_file(char **files, int n, const char *path, struct out *o)
{
	int lines = is_kind(path, ".jsonl"), status;
	struct newfile f;

	yaml.name = path;
	if (newfile_begin_path(&f, path))
		die("%s: %s", path, plain_error(errno));
	status = write_records(files, n, &f.out,
	    lines ? records_to_lines : records_to_yaml);
	if (status > 1) {
		newfile_release(&f);
		return status;
	}
	if (newfile_commit(&f))
		die("%s: %s", path, plain_error(errno));
	buf_printf(out_begin(o), "%lld\n", yaml.records);
	out_end(o);
	return status;
}

int
main(int argc, char **argv)
{
	static char dash[] = "-";
	static char *only_stdin[] = { dash };
	enum yamlin_unit unit = YAMLIN_ENTRIES;
	const char *path = NULL;
	struct out o;
	int c, i, r, to_yaml = 0, status = 0;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "dtlo:", options)) != -1) {
		switch (c) {
		case 'd':
			unit = YAMLIN_DOCUMENTS;
			break;
		case 't':
			to_yaml = 1;
			break;
		case 'l':
			yaml.list = 1;
			break;
		case 'o':
			path = optarg;
			break;
		case OPT_HEADER:
			yaml.header = read_header(optarg);
			break;
		case OPT_LIMIT:
			lines_left = cli_int("--limit", optarg, 0, INT64_MAX);
			break;
		case OPT_METADATA:
			add_text_field(optarg);
			break;
		default:
			cli_common(c, usage);
		}
	}
	argc -= optind;
	argv += optind;
	if (path && !to_yaml)
		cli_misused(usage, "--output is for --to-yaml");
	cli_need_input(argc, usage);
	out_init(&o, STDOUT_FILENO, 0);
	if (path) {
		status = replace_file(argv, argc, path, &o);
	} else if (to_yaml) {
		status = write_records(argv, argc, &o, records_to_yaml);
	} else {
		if (!argc) {
			argv = only_stdin;
			argc = 1;
		}
		for (i = 0; i < argc && !o.error; i++) {
			r = file_to_json(argv[i], unit, &o);
			status = r > status ? r : status;
		}
	}
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	return status;
}
