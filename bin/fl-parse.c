#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/large.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/out.h"
#include "io/outdir.h"
#include "io/source.h"
#include "io/spill.h"
#include "format/format.h"
#include "parse/chunks.h"
#include "parse/join.h"
#include "parse/output.h"
#include "parse/pool.h"

static const char usage_head[] =
"fl-parse [options] [DIR | file ...]\n"
"Render traces, or the rows and observations of an experiment.\n"
"  -f, --format FORMAT  one of those below (md)\n"
"      --list-formats   print all formats: NAME, FILE or -, and SUMMARY\n"
"  -o, --output-dir DIR a file for each trace, and an index, in a new folder\n"
"      --overwrite      replace DIR if fl-parse made it and all that is in it\n"
"      --force          with --overwrite: even if other files are in it\n"
"      --shard-dirs     spread the files over folders 00 to ff\n"
"  -j, --jobs N         work on N traces at once; 0: one for each processor (0)\n"
"      --memory SIZE    use about this much, such as 512M or 2G (32M)\n"
"      --max-depth N    refuse JSON nested deeper than N (1000)\n"
"formats:\n";

enum { OPT_LIST = CLI_OPT, OPT_OVERWRITE, OPT_FORCE, OPT_SHARD, OPT_MEMORY, OPT_DEPTH };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "list-formats", no_argument, NULL, OPT_LIST },
	{ "output-dir", required_argument, NULL, 'o' },
	{ "overwrite", no_argument, NULL, OPT_OVERWRITE },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "shard-dirs", no_argument, NULL, OPT_SHARD },
	{ "jobs", required_argument, NULL, 'j' },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "max-depth", required_argument, NULL, OPT_DEPTH },
	CLI_COMMON
};

static struct {
	struct format format;
	const char *output_dir;
	char *title;		/* name of the only directory, or NULL */
	int overwrite;
	int force;
	int shard;
	unsigned jobs;
	size_t memory;
} given = { .memory = 32 << 20 };

/* Rendered text that is written before its trace is finished, in bytes. */
#define ENOUGH (1 << 20)

/* Large buffers that are in memory beyond that for each thread, in bytes. */
#define LARGE_SHARE ((size_t)4 << 20)

/* The whole usage text, made once. */
static const char *
parse_usage(void)
{
	static struct buf text;

	if (!text.len) {
		buf_puts(&text, usage_head);
		format_usage(&text);
	}
	return buf_str(&text);
}

static void
set_format(const char *name)
{
	struct buf names = { 0 };
	const char *nearest;

	if (!format_find(&given.format, name))
		return;
	nearest = format_nearest(name);
	if (nearest)
		cli_misused(parse_usage(),
		    "unknown format '%s'; did you mean '%s'?", name, nearest);
	format_names(&names);
	cli_misused(parse_usage(),
	    "unknown format '%s': expected one of %s, or the "
	    "NAME of a program fl-format-NAME", name, buf_str(&names));
}

static _Noreturn void
list_formats(void)
{
	struct out o;

	out_init(&o, STDOUT_FILENO, 0);
	format_list(out_begin(&o));
	if (out_close(&o))
		die("<stdout>: %s", strerror(o.error));
	exit(0);
}

/* Parses a number of bytes with a suffix K, M or G for powers of 1024. */
static size_t
size_option(const char *option, const char *arg)
{
	char *end;
	unsigned long long n;
	unsigned shift = 0;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (*end == 'K' || *end == 'M' || *end == 'G')
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30, end++;
	if (*arg < '0' || *arg > '9' || *end || errno ||
	    n > (SIZE_MAX >> 1) >> shift || n << shift < 4 << 20)
		cli_misused(parse_usage(),
		    "invalid %s '%s': expected a size of at least 4M, "
		    "such as 64M or 1G", option, arg);
	return (size_t)n << shift;
}

/*
 * The name of the first of these files that exists, or NULL. A directory that
 * was received must not lead to files elsewhere, or to a pipe, which blocks.
 */
static char *
first_of(const char *dir, const char *const *names, size_t n)
{
	struct stat st;
	char *name;
	size_t i;

	for (i = 0; i < n; i++) {
		name = xasprintf("%s/%s", dir, names[i]);
		if (lstat(name, &st)) {
			free(name);
			continue;
		}
		if (S_ISLNK(st.st_mode))
			die("%s: a symbolic link is not read", name);
		if (!S_ISREG(st.st_mode))
			die("%s: not a regular file", name);
		return name;
	}
	return NULL;
}

/* Files with more fields for the rows of experiment directories. */
static struct details_file *details;
static size_t ndetails;

/* Finds the traces and verdicts that add to the rows of a directory. */
static void
add_details(const char *dir, const char *rows)
{
	static const char *const names[] = {
		"traces.jsonl", "evaluation/trace_summary.jsonl"
	};
	char *name = xasprintf("%s/evaluation", dir);
	struct stat st;
	int linked = !lstat(name, &st) && S_ISLNK(st.st_mode), i;

	free(name);
	for (i = 0; i < (int)LEN(names) - linked; i++) {
		name = first_of(dir, names + i, 1);
		if (!rows || !name || !strcmp(rows, name)) {
			free(name);
			continue;
		}
		details = xreallocarray(details, ndetails + 1,
		    sizeof(*details));
		details[ndetails++] = (struct details_file){ name, i };
	}
}

/*
 * Returns a directory's own name, for a title; NULL if it is not a directory.
 */
static char *
name_of(const char *dir)
{
	char *path = realpath(dir, NULL), *slash, *name = NULL;
	struct stat st;

	slash = path ? strrchr(path, '/') : NULL;
	if (slash && slash[1] && !stat(path, &st) && S_ISDIR(st.st_mode))
		name = xstrdup(slash + 1);
	free(path);
	return name;
}

/*
 * The files to read: an experiment directory's rows and observations, other
 * operands as they are. The names are copies. *both: they are both files of
 * one directory.
 */
static size_t
expand(char **args, int n, char **files, int *both)
{
	static const char *const rows[] = {
		"trace_summary.jsonl", "traces.jsonl"
	};
	static const char *const observations[] = { "observations.jsonl" };
	struct stat st;
	size_t count = 0, before;
	int a;

	*both = 0;
	if (n == 1)
		given.title = name_of(args[0]);
	for (a = 0; a < n; a++) {
		if (stat(args[a], &st) || !S_ISDIR(st.st_mode)) {
			files[count++] = xstrdup(args[a]);
			continue;
		}
		before = count;
		files[count] = first_of(args[a], rows, LEN(rows));
		add_details(args[a], files[count]);
		count += files[count] != NULL;
		files[count] = first_of(args[a], observations, 1);
		count += files[count] != NULL;
		if (count == before)
			die("%s: not an experiment directory: it has neither "
			    "trace_summary.jsonl nor observations.jsonl",
			    args[a]);
		*both = n == 1 && count == 2;
	}
	return count;
}

/* Refuses to replace the folder out if file, which is read, is in it. */
static void
keep_clear_of(const char *file, const char *out)
{
	int in = !strcmp(file, "-");
	char *path = realpath(in ? "/dev/stdin" : file, NULL);
	size_t len = strlen(out);

	if (path && !strncmp(path, out, len) && path[len] == '/')
		die("%s: %s is in it: not replaced", given.output_dir,
		    in ? "<stdin>" : file);
	free(path);
}

static void
keep_clear(char **files, size_t n)
{
	char *out = realpath(given.output_dir, NULL);
	size_t i;

	for (i = 0; out && i < n; i++)
		keep_clear_of(files[i], out);
	if (out && !n)
		keep_clear_of("-", out);
	free(out);
}

/*
 * Waits for input: in a pipeline, the program that writes it may first make the
 * parent of the output folder.
 */
static void
wait_for_parent(char **files, size_t n)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	char *parent = xstrdup(given.output_dir), *slash;
	size_t i, len = strlen(parent);

	while (len > 1 && parent[len - 1] == '/')
		parent[--len] = '\0';
	slash = strrchr(parent, '/');
	if (slash && slash > parent) {
		*slash = '\0';
		for (i = 0; i < n && strcmp(files[i], "-"); i++)
			;
		if ((!n || i < n) && access(parent, F_OK))
			poll(&input, 1, -1);
	}
	free(parent);
}

/* The output, also for other threads and the exit handler. */
static struct output output;

/* Removes the unfinished folder, when the process ends. */
static void
abandon_folder(void)
{
	outdir_abandon(&output.dir);
}

/* Waits for a signal to end, and removes the unfinished folder. */
static void *
wait_signal(void *arg)
{
	sigset_t set, one;
	int sig;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigwait(&set, &sig))
		return NULL;
	/* other threads may still write there, to files without a name */
	abandon_folder();
	signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	raise(sig);
	return NULL;
}

/*
 * One thread waits for the signals that end the program, unless they are
 * ignored.
 */
static void
watch_signals(void)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	pthread_t thread;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < LEN(stops); i++)
		if (!signal_ignored(stops[i]))
			sigaddset(&set, stops[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, wait_signal, NULL))
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	else
		pthread_detach(thread);
}

static void
parse_warn_counts(const struct join *j)
{
	if (j->rowless)
		warn("%zu trace%s had observations but no row", j->rowless,
		    j->rowless == 1 ? "" : "s");
	if (j->changed && j->extents)
		warn("%zu row%s to lines that are not observations of the "
		    "same trace; give both files instead of the folder to see "
		    "more",
		    j->changed, j->changed == 1 ? " points" : "s point");
	else if (j->changed)
		warn("%zu trace%s changed while the file was read", j->changed,
		    j->changed == 1 ? "" : "s");
	if (j->unmatched)
		warn("%zu trace%s than the row counts", j->unmatched,
		    j->unmatched == 1 ? " has more or fewer observations" :
		    "s have more or fewer observations");
}

/*
 * The colours and width of the terminal and the environment, and the place of
 * the list of pages as a page sees it.
 */
static struct format_options
find_options(void)
{
	const char *columns = getenv("COLUMNS"), *no = getenv("NO_COLOR");
	struct format_options o = { 0 };
	struct winsize size;

	if (columns && *columns)
		o.width = (unsigned)strtoul(columns, NULL, 10);
	else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		o.width = size.ws_col;
	o.colour = isatty(STDOUT_FILENO) && !given.output_dir &&
	    (!no || !*no);
	if (given.output_dir) {
		o.list = given.shard ? "../index.html" : "index.html";
		o.shared = given.shard ? "../" : "";
	}
	o.title = given.title;
	return o;
}

/* Ends the program: there is no room for what does not fit into memory. */
static void
fail_large(int error)
{
	die("a temporary file in %s: %s", spill_dir(), strerror(error));
}

static int
parse_run(char **files, size_t n, int both)
{
	struct pool pool;
	struct output *k = &output;
	struct join j = { .output = k, .pool = &pool, .memory = given.memory,
	    .details = details, .ndetails = ndetails, .report = cli_report };
	int status = 2;

	k->format = &given.format;
	k->options = find_options();
	k->pool = &pool;
	k->path = given.output_dir;
	k->shard = given.shard;
	k->enough = ENOUGH;
	pool_init(&pool, given.jobs ? given.jobs : pool_processors());
	/* a join may use three eighths at the same time */
	large_begin(given.memory / 8 * 5 + (pool.n + 2) * LARGE_SHARE,
	    spill_open, fail_large);
	/* before there is a folder to take away, by a signal or die_memory() */
	if (given.output_dir) {
		atexit(abandon_folder);
		watch_signals();
	}
	if (output_begin(k, !given.overwrite ? OUTDIR_KEEP : given.force ?
	    OUTDIR_FORCE : OUTDIR_REPLACE)) {
		output_end(k, 0);
	} else {
		if (!join_run(&j, files, n, both) ||
		    (k->filter_closed && !k->path))
			status = j.failed ? 2 : j.bad || j.unmatched ||
			    j.changed ? 1 : 0;
		if (j.error && j.error_file)
			warn("%s: %s", j.error_file, strerror(j.error));
		else if (j.error)
			warn("a temporary file in %s: %s", spill_dir(),
			    strerror(j.error));
		parse_warn_counts(&j);
		if (output_end(k, status < 2))
			status = 2;
	}
	if (k->error.msg)
		warn("%s", k->error.msg);
	err_release(&k->error);
	pool_release(&pool);
	return status;
}

int
main(int argc, char **argv)
{
	char **files;
	size_t n;
	int c, status, both;

	util_init(argv[0]);
	set_format("md");
	while ((c = cli_option(argc, argv, "f:o:j:", options)) != -1) {
		switch (c) {
		case 'f': set_format(optarg); break;
		case OPT_LIST: list_formats();
		case 'o': given.output_dir = optarg; break;
		case OPT_OVERWRITE: given.overwrite = 1; break;
		case OPT_FORCE: given.force = 1; break;
		case OPT_SHARD: given.shard = 1; break;
		case 'j':
			given.jobs = (unsigned)cli_int("--jobs", optarg, 0,
			    1024);
			break;
		case OPT_MEMORY:
			given.memory = size_option("--memory", optarg);
			break;
		case OPT_DEPTH:
			json_depth = (unsigned)cli_int("--max-depth", optarg,
			    1, JSON_DEPTH_MAX);
			break;
		default: cli_common(c, parse_usage());
		}
	}
	argc -= optind;
	argv += optind;
	cli_need_input(argc, parse_usage());
	files = xreallocarray(NULL, 2 * (size_t)argc + 1, sizeof(*files));
	n = expand(argv, argc, files, &both);
	if (given.output_dir) {
		format_name_file(&given.format);
		/* a lost reader of stderr is not an error */
		signal(SIGPIPE, SIG_IGN);
		wait_for_parent(files, n);
		if (given.overwrite)
			keep_clear(files, n);
	}
	status = parse_run(files, n, both);
	while (n)
		free(files[--n]);
	free(files);
	return status;
}
