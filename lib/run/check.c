#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "command.h"
#include "check.h"

extern char **environ;

static void
put_agent_fact(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_printf(b, "%s\t%s\n", name, value);
}

/* The words of a command, with blanks between. */
static void
put_command(struct buf *b, const struct words *argv)
{
	size_t i;

	buf_puts(b, "target\t");
	for (i = 0; i < argv->n; i++)
		buf_printf(b, "%s%s", i ? " " : "", argv->w[i]);
	buf_byte(b, '\n');
}

void
check_put(struct buf *b, const struct command *l)
{
	if (!l->python && l->argv.n)
		put_command(b, &l->argv);
	else
		put_agent_fact(b, "target", l->target);
	put_agent_fact(b, "directory", l->dir);
	put_agent_fact(b, "python", l->python);
	put_agent_fact(b, "package", l->package);
}

int
check_become(const struct command *l, const struct config *c, struct err *e)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		return err_set(e, 0, 0, "/dev/null: %s", strerror(errno));
	if (l->dir && chdir(l->dir))
		return err_set(e, 0, 0, "folder '%s': %s", l->dir,
		    strerror(errno));
	environ = c->env.vars;
	execvp(l->argv.w[0], l->argv.w);
	return err_set(e, 0, 0, "cannot start '%s': %s", l->argv.w[0],
	    strerror(errno));
}
