#define _DEFAULT_SOURCE		/* FIONREAD */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/out.h"
#include "io/plain.h"
#include "config/env.h"
#include "agent.h"
#include "mask.h"

#define PIECE 65536
#define TAIL 4096		/* of standard error, for a failed trace */
#define SPARE ((size_t)1 << 20)	/* a larger buffer is not kept empty */

/* The highest N of the files agent-N.log in an open folder. */
static unsigned
last_log(int dir)
{
	unsigned last = 0, n;
	struct dirent *entry;
	int used, fd = plain_open_folder(dir, ".");
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	while (d && (entry = readdir(d))) {
		used = 0;
		if (sscanf(entry->d_name, "agent-%9u.log%n", &n, &used) == 1 &&
		    used && !entry->d_name[used] && n > last)
			last = n;
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return last;
}

int
agent_kind_open(struct agent_kind *k, struct err *e)
{
	k->agents_log = k->stderr_fd = -1;
	if (!k->stderr_dir)
		return 0;
	if (!mkdir(k->stderr_dir, 0700) || errno == EEXIST)
		k->stderr_fd = plain_open_folder(AT_FDCWD, k->stderr_dir);
	if (k->stderr_fd < 0)
		return err_set(e, 0, 0, "%s: %s", k->stderr_dir,
		    strerror(errno));
	k->last = last_log(k->stderr_fd);
	k->agents_log = plain_open(k->stderr_fd, "agents.jsonl", O_WRONLY |
	    O_CREAT | O_APPEND);
	return k->agents_log < 0 ? err_set(e, 0, 0, "%s/agents.jsonl: %s",
	    k->stderr_dir, plain_error(errno)) : 0;
}

void
agent_kind_close(struct agent_kind *k)
{
	if (k->agents_log >= 0)
		close(k->agents_log);
	if (k->stderr_fd >= 0)
		close(k->stderr_fd);
	k->agents_log = k->stderr_fd = -1;
}

/* Opens its log. Returns 0, or -1 with *e filled in and errno set. */
static int
open_log(struct agent *a, struct err *e)
{
	const struct agent_kind *k = a->kind;
	char *name = xasprintf("agent-%u.log", a->number);
	int error, fd = plain_open(k->stderr_fd, name, O_RDWR | O_CREAT);

	if (fd >= 0 && !agentlog_init(&a->log, fd, k->log_limit)) {
		free(name);
		return 0;
	}
	error = errno;
	agentlog_close(&a->log);
	err_set(e, 0, 0, "%s/%s: %s", k->stderr_dir, name,
	    plain_error(error));
	free(name);
	errno = error;
	return -1;
}

int
agent_start(struct agent *a, const struct agent_kind *kind, unsigned number,
    struct err *e)
{
	int error;

	memset(a, 0, sizeof(*a));
	a->kind = kind;
	a->number = number;
	a->log.fd = -1;
	a->began = isotime_now();
	if (kind->stderr_dir && open_log(a, e))
		return -1;
	if (proc_spawn(&a->proc, kind->argv, kind->env->vars, kind->dir, e)) {
		error = errno;
		agentlog_close(&a->log);
		errno = error;
		return -1;
	}
	return 0;
}

size_t
agent_unread(const struct agent *a)
{
	int n;

	if (a->input_closed || a->proc.in < 0)
		return a->unread;
	/* Linux reports it on the writing end, too, even without a reader */
	if (ioctl(a->proc.in, FIONREAD, &n) < 0 || n < 0)
		n = 0;
	return (size_t)n + a->to.len - a->to_done;
}

void
agent_close_input(struct agent *a)
{
	if (a->proc.in >= 0)
		close(a->proc.in);
	a->proc.in = -1;
	a->to.len = a->to_done = 0;
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
			a->unread = agent_unread(a);
			a->input_closed = 1;
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

	if (a->from_start == a->from.len && a->from.cap > SPARE)
		buf_release(&a->from);
	else if (a->from_start)
		buf_splice(&a->from, 0, a->from_start, NULL, 0);
	a->from_start = 0;
	do {
		n = read(a->proc.out, buf_room(&a->from, PIECE), PIECE);
		if (n > 0)
			a->from.len += (size_t)n;
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		a->from_eof = 1;
}

/* The end of the line that begins at from_start, or NULL. */
static const char *
agent_line_end(const struct agent *a)
{
	size_t from = a->from_start + a->from_seen;

	return a->from.len > from ? memchr(a->from.p + from, '\n',
	    a->from.len - from) : NULL;
}

int
agent_has_line(const struct agent *a)
{
	return !a->skipping && agent_line_end(a) != NULL;
}

int
agent_line(struct agent *a, const char **p, size_t *n)
{
	const char *nl = agent_line_end(a);

	if (a->skipping && nl) {
		a->from_start = (size_t)(nl - a->from.p) + 1;
		a->from_seen = 0;
		a->skipping = 0;
		nl = agent_line_end(a);
	} else if (a->skipping) {
		agent_skip_line(a);
	}
	if (!nl) {
		a->from_seen = a->from.len - a->from_start;
		return 0;
	}
	*p = a->from.p + a->from_start;
	*n = (size_t)(nl - *p);
	a->from_start += *n + 1;
	a->from_seen = 0;
	return 1;
}

size_t
agent_peek(const struct agent *a, const char **p)
{
	*p = a->from.p + a->from_start;
	return a->from.len - a->from_start;
}

void
agent_skip_line(struct agent *a)
{
	a->skipping = 1;
	a->from_start = a->from.len;
	a->from_seen = 0;
}

int
agent_rest(struct agent *a, const char **p, size_t *n)
{
	if (a->skipping)
		agent_skip_line(a);
	*p = a->from.p + a->from_start;
	*n = a->from.len - a->from_start;
	a->from_start = a->from.len;
	a->from_seen = 0;
	return *n > 0;
}

void
agent_put_usage(const struct agent *a, long long calls, struct buf *b)
{
	int status = a->end.status;

	json_add_int(b, "agent", a->number);
	json_add_int(b, "pid", a->end.pid);
	isotime_add(b, "started", a->began);
	isotime_add(b, "ended", isotime_now());
	json_add_int(b, "calls", calls);
	if (WIFSIGNALED(status))
		json_add_int(b, "signal", WTERMSIG(status));
	else
		json_add_int(b, "exit_code", WEXITSTATUS(status));
	json_add_double(b, "cpu_seconds", a->end.cpu);
	json_add_int(b, "peak_memory_bytes", a->end.peak);
}

int
agent_log_usage(const struct agent *a, long long calls)
{
	struct buf b = { 0 };
	int bad;

	if (a->kind->agents_log < 0)
		return 0;
	json_open(&b, NULL, '{');
	agent_put_usage(a, calls, &b);
	json_close(&b, '}');
	buf_byte(&b, '\n');
	bad = out_write_all(a->kind->agents_log, b.p, b.len);
	buf_release(&b);
	return bad;
}

/* A log that cannot be written is reported, and fails no run. */
static void
give_up_log(struct agent *a, int error)
{
	char *msg = xasprintf("%s/agent-%u.log: %s", a->kind->stderr_dir,
	    a->number, strerror(error));

	a->kind->report(msg);
	free(msg);
	agentlog_close(&a->log);
}

/*
 * Keeps n bytes of the standard error, or fewer if a secret may cross their
 * end.
 */
static void
keep_errors(struct agent *a, size_t n)
{
	struct buf lines = { 0 };
	size_t over;

	if (a->proc.err >= 0 && !a->ended)
		n = mask_cut(a->kind->secrets, a->err_line.p, a->err_line.len,
		    n);
	if (!n)
		return;
	buf_add(&lines, a->err_line.p, n);
	buf_splice(&a->err_line, 0, n, NULL, 0);
	mask_apply(a->kind->secrets, &lines);
	if (a->log.fd >= 0 && agentlog_add(&a->log, lines.p, lines.len))
		give_up_log(a, errno);
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
	/* an agent that never stops writing must not delay others */
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
agent_discard_errors(struct agent *a)
{
	agent_read_errors(a);
	a->err_tail.len = 0;
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
	a->ended = 1;
	if (a->err_line.len)
		keep_errors(a, a->err_line.len);
	agentlog_close(&a->log);
	proc_close(&a->proc);
	buf_release(&a->to);
	buf_release(&a->from);
	buf_release(&a->err_line);
	buf_release(&a->err_tail);
	memset(a, 0, sizeof(*a));
}
