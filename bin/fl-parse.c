#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "hash.h"
#include "json.h"
#include "line.h"
#include "out.h"
#include "cli.h"
#include "set.h"
#include "source.h"
#include "trace.h"
#include "join.h"
#include "format.h"
#include "outdir.h"

static const char usage[] =
"fl-parse [options] [DIR | file ...]\n"
"Turns traces, or an experiment's observations and rows, into something to read.\n"
"  -f, --format F       md (Markdown) or jsonl (a record per trace); md unless given\n"
"  -o, --output-dir D   a file for each trace, in a new folder D (jsonl: one file)\n"
"      --overwrite      replace D if fl-parse made it\n"
"      --max-depth N    refuse JSON nested deeper than N (1000)\n";

enum { OPT_OVERWRITE = CLI_OPT, OPT_DEPTH };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output-dir", required_argument, NULL, 'o' },
	{ "overwrite", no_argument, NULL, OPT_OVERWRITE },
	{ "max-depth", required_argument, NULL, OPT_DEPTH },
	CLI_COMMON
};

static struct {
	const struct format *format;
	const char *output_dir;
	int overwrite;
} given;

/* Where rendered traces go. */
struct sink {
	struct out out;
	struct outdir dir;
	struct buf text;
	struct set names;
	size_t traces;
	struct err error;
};

static size_t *
name_uses(struct sink *k, const struct buf *name, int *added)
{
	return set_add(&k->names, hash_bytes(0, 0, name->p, name->len), added);
}

/* A name that no other trace has: the second gets -2 behind it. */
static void
unused_name(struct sink *k, struct trace *t, struct buf *name)
{
	struct buf plain = { 0 };
	size_t *uses, n;
	int added;

	trace_file_name(t, &plain);
	buf_add(name, plain.p, plain.len);
	uses = name_uses(k, &plain, &added);
	n = added ? 1 : *uses;
	while (!added) {
		name->len = plain.len;
		buf_printf(name, "-%zu", ++n);
		name_uses(k, name, &added);
	}
	*name_uses(k, &plain, &added) = n;
	buf_printf(name, ".%s", given.format->suffix ? given.format->suffix :
	    given.format->name);
	buf_release(&plain);
}

static int
put_file(struct sink *k, struct trace *t)
{
	struct buf name = { 0 };
	int bad;

	unused_name(k, t, &name);
	k->text.len = 0;
	given.format->put(&k->text, t);
	bad = outdir_write(&k->dir, buf_str(&name), k->text.p, k->text.len,
	    &k->error);
	buf_release(&name);
	return bad;
}

static int
each(void *arg, struct trace *t)
{
	struct sink *k = arg;

	k->traces++;
	if (given.output_dir && !given.format->file)
		return put_file(k, t);
	given.format->put(out_begin(&k->out), t);
	return out_end(&k->out);
}

static const struct format *
find_format(const char *name)
{
	const struct format *f = format_find(name);

	if (!f)
		cli_misused(usage, "unknown format '%s': one of %s is wanted",
		    name, format_names());
	return f;
}

/* The name of the first of these files that is there, or NULL. */
static char *
first_of(const char *dir, const char *const *names, size_t n)
{
	struct stat st;
	char *name;
	size_t i;

	for (i = 0; i < n; i++) {
		name = xasprintf("%s/%s", dir, names[i]);
		if (stat(name, &st) == 0)
			return name;
		free(name);
	}
	return NULL;
}

/*
 * The files to read: an experiment directory's rows and observations, other
 * operands as they are. The names are copies.
 */
static size_t
expand(char **args, int n, char **files)
{
	static const char *const rows[] = {
		"trace_summary.jsonl", "traces.jsonl"
	};
	static const char *const observations[] = { "observations.jsonl" };
	struct stat st;
	size_t count = 0, before;
	int a;

	for (a = 0; a < n; a++) {
		if (stat(args[a], &st) || !S_ISDIR(st.st_mode)) {
			files[count++] = xstrdup(args[a]);
			continue;
		}
		before = count;
		files[count] = first_of(args[a], rows, LEN(rows));
		count += files[count] != NULL;
		files[count] = first_of(args[a], observations, 1);
		count += files[count] != NULL;
		if (count == before)
			die("%s: not an experiment directory: it has neither "
			    "trace_summary.jsonl nor observations.jsonl",
			    args[a]);
	}
	return count;
}

static void
warn_counts(const struct join *j)
{
	if (j->rowless)
		warn("%zu trace%s had observations but no row", j->rowless,
		    j->rowless == 1 ? "" : "s");
	if (j->changed)
		warn("%zu trace%s changed while the file was read", j->changed,
		    j->changed == 1 ? "" : "s");
	if (j->unmatched)
		warn("%zu trace%s not the observations that the row "
		    "counts", j->unmatched, j->unmatched == 1 ? " has" :
		    "s have");
}

/* Starts the folder, and for a format of one file that too. */
static int
begin_output(struct sink *k)
{
	int fd = STDOUT_FILENO;

	if (given.output_dir) {
		if (outdir_begin(&k->dir, given.output_dir, given.overwrite,
		    &k->error))
			return -1;
		if (given.format->file)
			fd = outdir_open(&k->dir, given.format->file,
			    &k->error);
		if (fd < 0)
			return -1;
	}
	out_init(&k->out, fd, 0);
	return 0;
}

/* Completes it. Returns the exit status. */
static int
end_output(struct sink *k, int status)
{
	if (out_close(&k->out)) {
		err_set(&k->error, 0, 0, "%s: %s", given.output_dir ?
		    given.output_dir : "<stdout>", strerror(k->out.error));
		status = 2;
	} else if (given.output_dir && status < 2 &&
	    outdir_commit(&k->dir, &k->error)) {
		status = 2;
	}
	if (k->error.msg)
		warn("%s", k->error.msg);
	if (given.output_dir)
		outdir_release(&k->dir);
	return status;
}

static int
run(char **files, size_t n)
{
	struct sink k = { 0 };
	struct source s;
	struct join j;
	int status;

	if (begin_output(&k)) {
		warn("%s", k.error.msg);
		outdir_release(&k.dir);
		err_release(&k.error);
		return 2;
	}
	source_init(&s, files, n, cli_say);
	join_init(&j, &s, each, &k);
	status = join_run(&j) ? 2 : s.failed ? 2 :
	    s.bad || j.unmatched || j.changed ? 1 : 0;
	if (j.error)
		warn("%s", strerror(j.error));
	warn_counts(&j);
	status = end_output(&k, status);
	join_release(&j);
	source_release(&s);
	set_release(&k.names);
	buf_release(&k.text);
	err_release(&k.error);
	return status;
}

int
main(int argc, char **argv)
{
	char **files;
	size_t n;
	int c, status;

	util_init(argv[0]);
	given.format = find_format("md");
	while ((c = getopt_long(argc, argv, "f:o:", options, NULL)) != -1) {
		switch (c) {
		case 'f': given.format = find_format(optarg); break;
		case 'o': given.output_dir = optarg; break;
		case OPT_OVERWRITE: given.overwrite = 1; break;
		case OPT_DEPTH:
			json_depth = (unsigned)cli_int("--max-depth", optarg,
			    1, JSON_DEPTH_MAX);
			break;
		default: cli_common(c, usage);
		}
	}
	argc -= optind;
	argv += optind;
	cli_need_input(argc, usage);
	files = xreallocarray(NULL, 2 * (size_t)argc + 1, sizeof(*files));
	n = expand(argv, argc, files);
	status = run(files, n);
	while (n)
		free(files[--n]);
	free(files);
	return status;
}
