#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/program.h"
#include "base/util.h"
#include "base/visible.h"
#include "base/warn.h"
#include "io/out.h"
#include "config/config.h"

extern char **environ;

static const char usage[] =
"fl-doctor [-c FILE]\n"
"Check what FluxLoop needs on this machine; print a line for each thing.\n"
"  -c, --config FILE  check this configuration (default: setting.yaml, if it\n"
"                     exists)\n"
"      --bash VERSION print this as the version of bash\n";

enum { OPT_BASH = CLI_OPT };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "bash", required_argument, NULL, OPT_BASH },
	CLI_COMMON
};

#ifndef PROGRAMS
#define PROGRAMS ""
#endif

static struct {
	struct out out;
	int sick;		/* 1: something is missing */
} findings;

/* --- findings ------------------------------------------------------------- */

/* Prints a line; state is "ok", "note" or "missing". */
static void
finding_put(const char *state, const char *what, const char *detail)
{
	struct buf *b = out_begin(&findings.out);

	buf_printf(b, "%-8s %-12s ", state, what);
	visible_put(b, detail, strlen(detail));
	buf_byte(b, '\n');
	out_end(&findings.out);
	if (!strcmp(state, "missing"))
		findings.sick = 1;
}

/* --- asking programs ------------------------------------------------------ */

/*
 * Returns the path of a program of this project, to be freed; NULL if missing.
 */
static char *
program_path(const char *name)
{
	char *folder = program_folder();
	char *path = folder ? program_in(folder, strlen(folder), name) : NULL;

	free(folder);
	return path ? path : program_find(name);
}

/* Starts a program that writes to a pipe. Returns 0 or an error number. */
static int
program_start(pid_t *pid, char **argv, int to, int quiet)
{
	posix_spawn_file_actions_t files;
	int error;

	if ((error = posix_spawn_file_actions_init(&files)))
		return error;
	error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&files, to,
		    STDOUT_FILENO);
	if (!error && quiet)
		error = posix_spawn_file_actions_addopen(&files, STDERR_FILENO,
		    "/dev/null", O_WRONLY, 0);
	else if (!error)
		error = posix_spawn_file_actions_adddup2(&files, to,
		    STDERR_FILENO);
	if (!error)
		error = posix_spawnp(pid, argv[0], &files, NULL, argv,
		    environ);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/*
 * Runs a program and sets text to what it prints, without stderr if quiet is
 * 1, and without the newlines at the end. Returns whether it succeeded.
 */
static int
program_ask(struct buf *text, char **argv, int quiet)
{
	int ends[2], error, status = -1;
	ssize_t n = 0;
	pid_t pid;

	text->len = 0;
	if (!argv[0])
		return 0;
	if (pipe(ends))
		die("pipe: %s", strerror(errno));
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	error = program_start(&pid, argv, ends[1], quiet);
	/* not a fault of the program */
	if (error == ENOMEM || error == EAGAIN || error == EMFILE ||
	    error == ENFILE)
		die("cannot start '%s': %s", argv[0], strerror(error));
	close(ends[1]);
	while (!error && ((n = read(ends[0], buf_room(text, 4096), 4096)) > 0 ||
	    (n < 0 && errno == EINTR)))
		text->len += n > 0 ? (size_t)n : 0;
	if (n < 0)
		die("cannot read from '%s': %s", argv[0], strerror(errno));
	close(ends[0]);
	while (!error && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	while (text->len && text->p[text->len - 1] == '\n')
		text->len--;
	return !error && status == 0;
}

/* --- the checks ----------------------------------------------------------- */

static void
check_program(const char *name)
{
	char *argv[] = { program_path(name), xstrdup("--version"), NULL };
	struct buf text = { 0 };
	const char *version;

	if (program_ask(&text, argv, 1)) {
		version = strchr(buf_str(&text), ' ');
		finding_put("ok", name, version ? version + 1 : text.p);
	} else {
		finding_put("missing", name, "run 'make' and use "
		    "build/bin/fluxloop, or 'make install'");
	}
	buf_release(&text);
	free(argv[0]);
	free(argv[1]);
}

/* Checks the other programs of this version. */
static void
check_programs(void)
{
	char *list = xstrdup(PROGRAMS), *rest = list, *name;

	while ((name = strtok_r(rest, " ", &rest)))
		if (strcmp(name, prog) != 0)
			check_program(name);
	free(list);
}

/* Checks the lock of experiments that fluxloop takes. */
static void
check_flock(void)
{
	char *path = program_find("flock");

	finding_put(path ? "ok" : "missing", "flock", path ? path :
	    "apt install util-linux");
	free(path);
}

static void
check_jq(void)
{
	char jq[] = "jq", version[] = "--version";
	char *argv[] = { jq, version, NULL };
	struct buf text = { 0 };

	if (program_ask(&text, argv, 1))
		finding_put("ok", "jq", buf_str(&text));
	else
		finding_put("note", "jq", "only fl-format-tsv needs it; "
		    "useful: apt install jq");
	buf_release(&text);
}

/* A configuration, and the first error in it. */
struct checked {
	struct config config;
	const char *file;
	char *error;		/* NULL: none */
};

/* For config_load: keeps the first error. */
static void
keep_error(void *arg, int error, const struct err *e)
{
	struct checked *c = arg;

	if (error && !c->error)
		c->error = err_text(e, c->file);
}

/* The nearest folder above path that exists, to be freed. */
static char *
existing_folder(const char *path)
{
	char *folder = xstrdup(path), *slash;

	while (access(folder, F_OK) && (slash = strrchr(folder, '/')))
		slash[slash == folder] = '\0';
	if (!access(folder, F_OK))
		return folder;
	free(folder);
	return xstrdup(".");
}

/* Checks that results can be written. */
static void
check_results(const struct checked *c)
{
	char *set = config_text(&c->config, "output_directory");
	const char *slash = strrchr(c->file, '/');
	char *path = xasprintf("%.*s%s", !slash || *set == '/' ? 0 :
	    (int)(slash - c->file) + 1, c->file, set);
	char *folder = existing_folder(path), *detail;
	struct stat st;
	int ok;

	ok = !stat(folder, &st) && S_ISDIR(st.st_mode) && !access(folder, W_OK);
	detail = ok ? xasprintf("%s can be written", path) :
	    xasprintf("%s cannot be written: change its rights, or "
	    "output_directory", folder);
	finding_put(ok ? "ok" : "missing", "results", detail);
	free(detail);
	free(folder);
	free(path);
	free(set);
}

static void
check_config(const char *file)
{
	struct checked c = { .file = file };

	if (config_load(&c.config, file, keep_error, &c) || c.error) {
		finding_put("missing", "config", c.error ? c.error : file);
	} else {
		finding_put("ok", "config", file);
		check_results(&c);
	}
	config_release(&c.config);
	free(c.error);
}

/* What fl-run would start. Members are NULL if unknown. */
struct facts {
	char *target;
	char *python;
	char *package;		/* NULL: not a Python handler */
};

/* Takes the facts, NAME<tab>VALUE, from the lines of text. */
static void
take_facts(struct facts *f, char *text)
{
	char *line, *value, *rest = text;

	while ((line = strtok_r(rest, "\n", &rest))) {
		value = strchr(line, '\t');
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "target"))
			f->target = xstrdup(value);
		else if (!strcmp(line, "python"))
			f->python = xstrdup(value);
		else if (!strcmp(line, "package"))
			f->package = xstrdup(value);
	}
}

/* Checks the interpreter. Returns whether it runs. */
static int
check_interpreter(char *python)
{
	char version[] = "--version", *argv[] = { python, version, NULL };
	char *path = strchr(python, '/') ? xstrdup(python) :
	    program_find(python), *detail;
	struct buf text = { 0 };
	const char *number;
	int ok = program_ask(&text, argv, 0);

	number = strchr(buf_str(&text), ' ');
	detail = ok ? xasprintf("%s %s", number ? number + 1 : text.p,
	    path ? path : python) : xasprintf("'%s' does not run: apt install "
	    "python3, or set runner.python", python);
	finding_put(ok ? "ok" : "missing", "python", detail);
	free(detail);
	free(path);
	buf_release(&text);
	return ok;
}

/*
 * Checks what fl-run would start for a Python handler of the configuration,
 * which may be NULL, and has fl-run load the handler.
 */
static void
check_python(char *file)
{
	char *run = program_path("fl-run"), python3[] = "python3";
	char *explain[] = { run, xstrdup("--explain"),
	    file ? xstrdup("--config") : NULL, file, NULL };
	char *package[] = { run, xstrdup("--python-path"), NULL };
	char *check[] = { run, xstrdup("--check"), explain[2], file, NULL };
	struct buf text = { 0 };
	struct facts f = { 0 };
	const char *line;
	int ok;

	program_ask(&text, explain, 1);
	take_facts(&f, buf_str(&text));
	if (!check_interpreter(f.python ? f.python : python3))
		goto out;
	ok = program_ask(&text, package, 0);
	finding_put(ok ? "ok" : "missing", "package", run ? buf_str(&text) :
	    "fl-run is missing");
	if (!ok || !f.package)
		goto out;
	ok = program_ask(&text, check, 0);
	line = strrchr(buf_str(&text), '\n');
	finding_put(ok ? "ok" : "missing", "target", ok && f.target ?
	    f.target : line ? line + 1 : text.p);
out:
	free(f.target);
	free(f.python);
	free(f.package);
	buf_release(&text);
	free(explain[1]);
	free(explain[2]);
	free(package[1]);
	free(check[1]);
	free(run);
}

int
main(int argc, char **argv)
{
	static char usual[] = "setting.yaml";
	const char *bash = NULL;
	char *file = NULL;
	int c;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "c:", options)) != -1) {
		switch (c) {
		case 'c': file = optarg; break;
		case OPT_BASH: bash = optarg; break;
		default: cli_common(c, usage);
		}
	}
	if (optind < argc)
		cli_misused(usage, "unexpected '%s'", argv[optind]);
	out_init(&findings.out, STDOUT_FILENO, 1);
	if (bash)
		finding_put("ok", "bash", bash);
	check_programs();
	check_flock();
	check_jq();
	if (!file && !access(usual, F_OK))
		file = usual;
	if (file)
		check_config(file);
	else
		finding_put("note", "config", "no setting.yaml here: go to a "
		    "project to have it checked");
	check_python(file);
	if (out_close(&findings.out))
		die("<stdout>: %s", strerror(findings.out.error));
	return findings.sick;
}
