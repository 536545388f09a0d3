#ifndef JOIN_H
#define JOIN_H

/*
 * Brings traces together out of rows and observations that come in any order.
 * It passes over the records once, keeping an index of where each begins, and
 * then reads trace by trace. What comes from a pipe is put into a temporary
 * file meanwhile. json.h, line.h, set.h, source.h and trace.h have to be
 * included before.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Takes a trace; what it is made of is borrowed until it returns. */
typedef int join_each(void *arg, struct trace *t);

struct join_row;
struct join_item;

struct join {
	struct source *source;
	join_each *each;
	void *arg;
	int *fds;		/* one for each file that was read */
	size_t nfds;
	size_t files_seen;
	int spill;		/* a temporary file for pipes; -1: none yet */
	uint64_t spilled;
	struct set ids;		/* of trace ids: the group's number, from 1 */
	struct set row_hashes;	/* of rows, to know equal ones */
	struct join_group *groups;
	size_t ngroups;
	size_t groups_cap;
	struct join_row *rows;
	size_t nrows;
	size_t rows_cap;
	struct join_item *items;
	size_t nitems;
	size_t items_cap;
	size_t rowless;		/* traces that had no row */
	size_t unmatched;	/* rows whose observation_count is not met */
	size_t changed;		/* traces whose file changed while it was read */
	int error;		/* errno of a temporary file, or 0 */
};

void join_init(struct join *j, struct source *s, join_each *each, void *arg);
void join_release(struct join *j);

/*
 * Passes over all records. A whole trace is given to each at once; then come
 * the rows in the order they were read, each with the observations of its
 * trace id, and then the observations without a row. Returns 0, or -1 when
 * each returned non-zero or a file could not be read again (j->error).
 */
int join_run(struct join *j);

#endif
