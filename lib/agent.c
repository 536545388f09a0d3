#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "json.h"
#include "out.h"
#include "secret.h"
#include "environ.h"
#include "proc.h"
#include "agent.h"

#define PIECE 65536
#define TAIL 4096		/* of standard error, for a failed trace */
#define SECRET_MIN 8		/* shorter values are no use to mask */

int
agent_start(struct agent *a, const struct agent_kind *kind, unsigned number,
    struct err *e)
{
	char *name;

	memset(a, 0, sizeof(*a));
	a->kind = kind;
	a->number = number;
	a->log = -1;
	if (kind->stderr_dir) {
		name = xasprintf("%s/agent-%u.log", kind->stderr_dir, number);
		a->log = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		    0600);
		if (a->log < 0)
			err_set(e, 0, 0, "%s: %s", name, strerror(errno));
		free(name);
		if (a->log < 0)
			return -1;
	}
	if (proc_spawn(&a->proc, kind->argv, kind->env->vars, kind->dir, e)) {
		if (a->log >= 0)
			close(a->log);
		return -1;
	}
	return 0;
}

void
agent_write(struct agent *a)
{
	ssize_t n;

	while (a->proc.in >= 0 && a->to_done < a->to.len) {
		n = write(a->proc.in, a->to.p + a->to_done,
		    a->to.len - a->to_done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			a->deaf = 1;
			close(a->proc.in);
			a->proc.in = -1;
			break;
		}
		a->to_done += (size_t)n;
	}
	if (a->to_done == a->to.len || a->proc.in < 0)
		a->to.len = a->to_done = 0;
}

void
agent_read(struct agent *a)
{
	ssize_t n;

	if (a->from_start) {
		buf_splice(&a->from, 0, a->from_start, NULL, 0);
		a->from_start = 0;
	}
	do {
		n = read(a->proc.out, buf_room(&a->from, PIECE), PIECE);
		if (n > 0)
			a->from.len += (size_t)n;
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		a->from_eof = 1;
}

int
agent_line(struct agent *a, const char **p, size_t *n)
{
	size_t from = a->from_start + a->from_seen;
	char *nl;

	nl = a->from.len > from ? memchr(a->from.p + from, '\n',
	    a->from.len - from) : NULL;
	*p = a->from.p + a->from_start;
	if (nl) {
		*n = (size_t)(nl - *p);
		a->from_start += *n + 1;
		a->from_seen = 0;
		return 1;
	}
	a->from_seen = a->from.len - a->from_start;
	return 0;
}

int
agent_rest(struct agent *a, const char **p, size_t *n)
{
	*p = a->from.p + a->from_start;
	*n = a->from.len - a->from_start;
	a->from_start = a->from.len;
	a->from_seen = 0;
	return *n > 0;
}

static void
mask_value(struct buf *b, size_t at, const char *value, size_t n)
{
	while (b->len - at >= n) {
		if (!memcmp(b->p + at, value, n))
			buf_splice(b, at, n, "***", 3);
		at++;
	}
}

/* Puts *** for the values of secret variables in what is in b from at on. */
static void
mask(struct buf *b, const struct environ *env)
{
	const char *eq, *value;
	size_t i, n;

	for (i = 0; i < env->n; i++) {
		eq = strchr(env->vars[i], '=');
		value = eq + 1;
		n = strlen(value);
		if (n >= SECRET_MIN && secret_name(env->vars[i],
		    (size_t)(eq - env->vars[i])))
			mask_value(b, 0, value, n);
	}
}

/* Keeps whole lines of the standard error. */
static void
keep_errors(struct agent *a, size_t n)
{
	struct buf lines = { 0 };
	size_t over;

	buf_add(&lines, a->err_line.p, n);
	buf_splice(&a->err_line, 0, n, NULL, 0);
	mask(&lines, a->kind->env);
	/* a log that cannot be written is not worth ending a run for */
	if (a->log >= 0 && out_write_all(a->log, lines.p, lines.len)) {
		close(a->log);
		a->log = -1;
	}
	buf_add(&a->err_tail, lines.p, lines.len);
	over = a->err_tail.len > TAIL ? a->err_tail.len - TAIL : 0;
	buf_splice(&a->err_tail, 0, over, NULL, 0);
	buf_release(&lines);
}

void
agent_read_errors(struct agent *a)
{
	ssize_t n = 0;
	size_t i;
	int turns;

	if (a->proc.err < 0)
		return;
	/* one that never stops talking does not keep others waiting */
	for (turns = 0; turns < 16; turns++) {
		n = read(a->proc.err, buf_room(&a->err_line, PIECE), PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		a->err_line.len += (size_t)n;
		for (i = a->err_line.len; i > 0; i--)
			if (a->err_line.p[i - 1] == '\n')
				break;
		if (i || a->err_line.len > PIECE)
			keep_errors(a, i ? i : a->err_line.len);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(a->proc.err);
		a->proc.err = -1;
	}
}

void
agent_take_errors(struct agent *a, struct buf *b)
{
	agent_read_errors(a);
	if (a->err_line.len)
		keep_errors(a, a->err_line.len);
	buf_add(b, a->err_tail.p, a->err_tail.len);
	a->err_tail.len = 0;
}

void
agent_release(struct agent *a)
{
	proc_signal(&a->proc, SIGKILL);
	agent_read_errors(a);
	if (a->err_line.len)
		keep_errors(a, a->err_line.len);
	if (a->log >= 0)
		close(a->log);
	proc_close(&a->proc);
	buf_release(&a->to);
	buf_release(&a->from);
	buf_release(&a->err_line);
	buf_release(&a->err_tail);
	memset(a, 0, sizeof(*a));
}
