#define _GNU_SOURCE		/* memfd_create, MAP_ANONYMOUS, MAP_POPULATE */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"
#include "large.h"

#define PIECES_MAX 1024		/* beyond these, pieces are ordinary memory */
#define WINDOWS (LARGE_RESIDENT / LARGE_WINDOW)

/* A piece of which windows are in a file. */
struct piece {
	char *p;		/* NULL: unused */
	size_t size;		/* bytes, a multiple of LARGE_WINDOW */
	size_t written;		/* offset after the last window in the file */
	int fd;
};

/* A window in memory, in its part of the pool. */
struct window {
	char *p;		/* where it is mapped, or NULL: unused */
	struct piece *piece;
	int dirty;		/* 1: the file does not have what it holds */
};

static struct {
	size_t limit;
	int (*open)(void);	/* NULL: there is no limit */
	void (*fail)(int error);
	atomic_size_t held;	/* bytes of pieces in ordinary memory */
	/* the rest is used with the lock held */
	atomic_flag lock;
	atomic_size_t npieces;	/* pieces that were ever in use at a time */
	struct piece pieces[PIECES_MAX];
	int pool;		/* a file in memory, of LARGE_RESIDENT bytes */
	int made;		/* 1: there is one */
	struct window windows[WINDOWS];
	size_t oldest;		/* index of the one to send away next */
} large = { .lock = ATOMIC_FLAG_INIT };

/*
 * Also in the handler of a signal, which code with the lock does not raise: it
 * touches no piece.
 */
static void
large_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&large.lock,
	    memory_order_acquire))
		sched_yield();
}

static void
large_unlock(void)
{
	atomic_flag_clear_explicit(&large.lock, memory_order_release);
}

/* The piece that an address is in, or NULL. With the lock held. */
static struct piece *
find_piece(const void *p)
{
	uintptr_t at = (uintptr_t)p, from;
	size_t i;

	for (i = 0; i < large.npieces; i++) {
		from = (uintptr_t)large.pieces[i].p;
		if (from && at >= from && at - from < large.pieces[i].size)
			return &large.pieces[i];
	}
	return NULL;
}

/* Makes the pool. Returns 0, or errno. */
static int
make_pool(void)
{
	int fd = memfd_create("pool", MFD_CLOEXEC), error;

	if (fd < 0)
		return errno;
	if (ftruncate(fd, (off_t)LARGE_RESIDENT)) {
		error = errno;
		close(fd);
		return error;
	}
	large.pool = fd;
	large.made = 1;
	return 0;
}

static int
window_protect(const struct window *w, int how)
{
	return mprotect(w->p, LARGE_WINDOW, how) ? errno : 0;
}

/* Maps a window to its part of the pool. Returns 0, or errno. */
static int
window_map(const struct window *w)
{
	off_t at = (off_t)((size_t)(w - large.windows) * LARGE_WINDOW);

	return mmap(w->p, LARGE_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_FIXED | MAP_POPULATE, large.pool, at) == MAP_FAILED ? errno :
	    0;
}

static int
window_unmap(const struct window *w)
{
	return mmap(w->p, LARGE_WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS
	    | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED ? errno : 0;
}

/* Writes a window to its file. Returns 0, or errno. */
static int
window_save(struct window *w)
{
	size_t at = (size_t)(w->p - w->piece->p), n;
	ssize_t put;

	/* a thread that writes there now faults, and waits for the lock */
	if (!w->dirty || window_protect(w, PROT_READ))
		return w->dirty ? errno : 0;
	for (n = 0; n < LARGE_WINDOW; n += (size_t)put) {
		put = pwrite(w->piece->fd, w->p + n, LARGE_WINDOW - n,
		    (off_t)(at + n));
		if (put < 0 && errno != EINTR)
			return errno;
		put = put < 0 ? 0 : put;
	}
	if (w->piece->written < at + LARGE_WINDOW)
		w->piece->written = at + LARGE_WINDOW;
	w->dirty = 0;
	return 0;
}

/*
 * Reads a window, which is mapped, from its file, if it is there. The first
 * write to it is to be noticed then. Returns 0, or errno.
 */
static int
window_load(struct window *w)
{
	size_t at = (size_t)(w->p - w->piece->p), n;
	ssize_t got;

	w->dirty = at >= w->piece->written;
	if (w->dirty)
		return 0;
	for (n = 0; n < LARGE_WINDOW; n += (size_t)got) {
		got = pread(w->piece->fd, w->p + n, LARGE_WINDOW - n,
		    (off_t)(at + n));
		if (got == 0)
			return EIO;
		if (got < 0 && errno != EINTR)
			return errno;
		got = got < 0 ? 0 : got;
	}
	return window_protect(w, PROT_READ);
}

/*
 * Lets a window in, in place of another, or lets it be written to. Returns 0, or
 * errno.
 */
static int
let_in(struct piece *piece, char *p)
{
	struct window *w;
	int error = 0;

	for (w = large.windows; w < large.windows + WINDOWS; w++)
		if (w->p == p) {
			w->dirty = 1;
			return window_protect(w, PROT_READ | PROT_WRITE);
		}
	w = &large.windows[large.oldest];
	large.oldest = (large.oldest + 1) % WINDOWS;
	if (w->p && !(error = window_save(w)))
		error = window_unmap(w);
	if (error)
		return error;
	*w = (struct window){ p, piece, 0 };
	error = window_map(w);
	return error ? error : window_load(w);
}

/* The handler of SIGSEGV. */
static void
large_fault(int sig, siginfo_t *info, void *context)
{
	int before = errno, error = 0;
	struct piece *piece;
	size_t at;

	(void)context;
	large_lock();
	piece = find_piece(info->si_addr);
	if (piece) {
		at = (size_t)((char *)info->si_addr - piece->p);
		error = let_in(piece, piece->p + at / LARGE_WINDOW *
		    LARGE_WINDOW);
	}
	large_unlock();
	if (error)
		large.fail(error);
	errno = before;
	/* not ours: it happens again and ends the process */
	if (!piece)
		signal(sig, SIG_DFL);
}

void
large_begin(size_t limit, int (*open)(void), void (*fail)(int error))
{
	struct sigaction act = { .sa_flags = SA_SIGINFO | SA_RESTART };

	large.limit = limit;
	large.open = open;
	large.fail = fail;
	act.sa_sigaction = large_fault;
	sigemptyset(&act.sa_mask);
	sigaction(SIGSEGV, &act, NULL);
}

/* An unused piece, or NULL. With the lock held. */
static struct piece *
unused_piece(void)
{
	size_t i;

	for (i = 0; i < PIECES_MAX && large.pieces[i].p; i++)
		;
	if (i == PIECES_MAX)
		return NULL;
	if (i >= large.npieces)
		large.npieces = i + 1;
	return &large.pieces[i];
}

/*
 * Takes a piece's windows out of memory, saving them if save is 1, and its
 * addresses away. Returns 0, or errno.
 */
static int
unmap_piece(struct piece *piece, int save)
{
	struct window *w;
	int error = 0;

	for (w = large.windows; w < large.windows + WINDOWS; w++) {
		if (!w->p || w->piece != piece)
			continue;
		if (save && !error)
			error = window_save(w);
		w->p = NULL;
	}
	munmap(piece->p, piece->size);
	piece->p = NULL;
	return error;
}

/* Finds addresses for n bytes of a piece. Returns 0, or errno. */
static int
map_piece(struct piece *piece, size_t n)
{
	char *p = mmap(NULL, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return ENOMEM;
	piece->p = p;
	piece->size = n;
	return 0;
}

/*
 * The size for a piece of need bytes: less than twice as many, because addresses
 * may be limited.
 */
static size_t
mapped_size(size_t need)
{
	if (need > SIZE_MAX / 2)
		die_memory(need);
	need = need < LARGE_LEAST ? LARGE_LEAST : need;
	need += need / 4;
	return (need + LARGE_WINDOW - 1) / LARGE_WINDOW * LARGE_WINDOW;
}

/* Makes a piece, or enlarges the one at p. Returns NULL if there are too many. */
static char *
large_map(char *p, size_t n)
{
	struct piece *piece;
	int fd = -1, error = 0;
	char *to = NULL;

	if (!p && (fd = large.open()) < 0)
		large.fail(errno);
	large_lock();
	if (!large.made)
		error = make_pool();
	piece = p ? find_piece(p) : unused_piece();
	if (p) {
		/* saved windows are read again where they are used */
		error = unmap_piece(piece, 1);
	} else if (piece) {
		piece->fd = fd;
		piece->written = 0;
	}
	if (piece && !error) {
		error = map_piece(piece, n);
		to = piece->p;
	}
	large_unlock();
	if (!to && fd >= 0)
		close(fd);
	if (error == ENOMEM)
		die_memory(n);
	if (error)
		large.fail(error);
	return to;
}

int
large_is_mapped(const void *p)
{
	int mapped;

	if (!large.npieces)
		return 0;
	large_lock();
	mapped = find_piece(p) != NULL;
	large_unlock();
	return mapped;
}

const void *
large_window(const void *p, size_t *n, char *block)
{
	if (!large_is_mapped(p))
		return p;
	*n = *n < LARGE_BLOCK ? *n : LARGE_BLOCK;
	return memcpy(block, p, *n);
}

/* Counts n bytes of ordinary memory more, unless the limit is reached. */
static int
large_hold(size_t n)
{
	size_t before = atomic_fetch_add(&large.held, n);

	if (before + n <= large.limit && before + n >= n)
		return 1;
	atomic_fetch_sub(&large.held, n);
	return 0;
}

/* Counts memory of cap bytes less, if it was a piece. */
static void
large_forget(size_t cap)
{
	if (large.open && cap >= LARGE_LEAST)
		atomic_fetch_sub(&large.held, cap);
}

void *
large_grow(void *p, size_t used, size_t *cap, size_t need)
{
	size_t more = grow(*cap, need), n;
	char *to = NULL;

	if (p && *cap >= LARGE_LEAST && large_is_mapped(p)) {
		*cap = mapped_size(need);
		return large_map(p, *cap);
	}
	large_forget(*cap);
	if (large.open && !large_hold(more)) {
		n = mapped_size(need);
		to = large_map(NULL, n);
		if (!to)
			atomic_fetch_add(&large.held, more);
	}
	if (!to) {
		*cap = more;
		return xrealloc(p, more);
	}
	if (p)
		memcpy(to, p, used);
	free(p);
	*cap = n;
	return to;
}

void *
large_room(void *p, size_t used, size_t *cap, size_t need)
{
	if (need <= *cap)
		return p;
	if (need >= LARGE_LEAST || *cap >= LARGE_LEAST / 2)
		return large_grow(p, used, cap, need);
	*cap = grow(*cap, need);
	return xrealloc(p, *cap);
}

void
large_free(void *p, size_t cap)
{
	struct piece *piece = NULL;
	int fd = -1;

	if (p && cap >= LARGE_LEAST && large.npieces) {
		large_lock();
		piece = find_piece(p);
		if (piece) {
			fd = piece->fd;
			unmap_piece(piece, 0);
		}
		large_unlock();
	}
	if (piece) {
		close(fd);
		return;
	}
	large_forget(cap);
	free(p);
}
