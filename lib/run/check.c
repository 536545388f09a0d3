#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/line.h"
#include "config/config.h"
#include "command.h"
#include "check.h"

extern char **environ;

static void
check_put_fact(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_printf(b, "%s\t%s\n", name, value);
}

/* The words of a command, with blanks between. */
static void
put_argv(struct buf *b, const struct words *argv)
{
	size_t i;

	buf_puts(b, "target\t");
	for (i = 0; i < argv->n; i++)
		buf_printf(b, "%s%s", i ? " " : "", argv->w[i]);
	buf_byte(b, '\n');
}

void
check_put(struct buf *b, const struct command *agent)
{
	if (!agent->python && agent->argv.n)
		put_argv(b, &agent->argv);
	else
		check_put_fact(b, "target", agent->target);
	check_put_fact(b, "directory", agent->dir);
	check_put_fact(b, "python", agent->python);
	check_put_fact(b, "package", agent->package);
}

int
check_become(const struct command *agent, const struct config *c, struct err *e)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		return err_set(e, 0, 0, "/dev/null: %s", strerror(errno));
	if (agent->dir && chdir(agent->dir))
		return err_set(e, 0, 0, "folder '%s': %s", agent->dir,
		    strerror(errno));
	environ = c->env.vars;
	execvp(agent->argv.w[0], agent->argv.w);
	return err_set(e, 0, 0, "cannot start '%s': %s", agent->argv.w[0],
	    strerror(errno));
}

void
check_prepare(struct command *agent)
{
	/* after the target, so that no option takes it for its value */
	words_add(&agent->argv, xstrdup(agent->service ? "--dry-run" :
	    "--check"));
}

/* Reports the error of a failed trace, if it is a new one. */
static void
report_failure(struct json_span trace, struct set *errors)
{
	struct json_span v = json_get(trace, "error");
	struct buf text = { 0 };
	int added;

	if (json_is(v, JSON_STRING))
		json_text(&text, v);
	set_add(errors, hash_bytes(0, 0, text.p, text.len), &added);
	if (added && errors->n <= CHECK_SHOWN)
		warn("%s", buf_str(&text));
	buf_release(&text);
}

long long
check_failures(int fd, struct err *e)
{
	struct line_reader r;
	struct set errors = { 0 };
	struct line l;
	struct json_span trace;
	long long failed = 0;
	int got;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, 0, 0, "%s", strerror(errno));
	line_init(&r, fd);
	while ((got = line_next(&r, &l)) > 0) {
		trace = (struct json_span){ l.p, l.n };
		if (json_is_true(json_get(trace, "success")))
			continue;
		failed++;
		report_failure(trace, &errors);
	}
	if (got < 0)
		failed = err_set(e, 0, 0, "%s", strerror(errno));
	line_release(&r);
	set_release(&errors);
	return failed;
}
