/*
 * The accelerator of the Python package, module fluxloop._fast: writes JSON as
 * jsontext.quote and serialize.Encoder do, byte for byte.
 *
 * Written here are exact str, int, float, bool, None, dict, list and tuple. For
 * any other value, and for what has to be cut, an Encoder in Python is called,
 * so each rule stands in Python. The package works without this module.
 *
 * Only the limited API of Python is used, the part that all versions from 3.8
 * on have in common, so one file serves them all.
 */
#define Py_LIMITED_API 0x03080000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
	DEEPEST = 128,		/* greatest max_depth of an Encoder */
	SHORT_KEY = 64,		/* characters of a key that is never cut */
	LONG_TEXT = 64,		/* least characters to try Latin-1 for */
	SAMPLES = 8		/* characters to check before that */
};

/* The Python side, given to `use` when the package is loaded. */
struct fast {
	PyObject *encoder;	/* the class Encoder */
	PyObject *captured;	/* the class Captured */
	PyObject *quote;	/* str -> JSON */
	PyObject *cut;		/* (count, what) -> the mark of what was cut */
	PyObject *too_deep;	/* value -> the JSON of one too deep to write */
	PyObject *json;		/* "json", the attribute of a Captured */
	Py_ssize_t max_depth;	/* the limits of Encoder */
	Py_ssize_t max_text;
	Py_ssize_t max_items;
	Py_ssize_t max_total;
	Py_ssize_t item_cost;
	time_t second;		/* of the last call of utc_now */
	char date[24];		/* that second as text; "" at first */
};

/* One piece of JSON that is being written. */
struct writer {
	struct fast *fast;
	char *p;		/* the text */
	size_t n;
	size_t cap;
	Py_ssize_t room;	/* characters left, as in Encoder */
	PyObject *encoder;	/* an Encoder, NULL until one is needed */
	PyObject *open[DEEPEST]; /* the containers around the value; borrowed */
	int depth;		/* their number */
	PyObject **held;	/* the members of the open containers; owned */
	size_t nheld;
	size_t held_cap;
};

static int write_value(struct writer *w, PyObject *v);

/* --- the text ------------------------------------------------------------- */

static void
writer_init(struct writer *w, struct fast *f)
{
	w->fast = f;
	w->p = NULL;
	w->n = w->cap = 0;
	w->room = f->max_total;
	w->encoder = NULL;
	w->depth = 0;
	w->held = NULL;
	w->nheld = w->held_cap = 0;
}

/* Keeps a reference to v until drop(). Returns 0, or -1 with an exception. */
static int
hold(struct writer *w, PyObject *v)
{
	size_t cap = w->held_cap ? w->held_cap * 2 : 64;
	PyObject **held;

	if (w->nheld == w->held_cap) {
		held = PyMem_Realloc(w->held, cap * sizeof(PyObject *));
		if (!held) {
			PyErr_NoMemory();
			return -1;
		}
		w->held = held;
		w->held_cap = cap;
	}
	Py_INCREF(v);
	w->held[w->nheld++] = v;
	return 0;
}

/* Drops the references from index `base` on. */
static void
drop(struct writer *w, size_t base)
{
	while (w->nheld > base)
		Py_DECREF(w->held[--w->nheld]);
}

static void
writer_release(struct writer *w)
{
	drop(w, 0);
	Py_CLEAR(w->encoder);
	PyMem_Free(w->held);
	PyMem_Free(w->p);
}

/* Returns the text as bytes, or NULL if `bad`. Releases the writer. */
static PyObject *
writer_end(struct writer *w, int bad)
{
	PyObject *made = NULL;

	if (!bad)
		made = PyBytes_FromStringAndSize(w->p, (Py_ssize_t)w->n);
	writer_release(w);
	return made;
}

/* Makes room for `more` bytes. Returns 0, or -1 with an exception. */
static int
reserve(struct writer *w, size_t more)
{
	size_t cap = w->cap ? w->cap : 1024;
	char *p;

	if (more <= w->cap - w->n)
		return 0;
	if (more > SIZE_MAX / 4 - w->n) {
		PyErr_NoMemory();
		return -1;
	}
	while (cap - w->n < more)
		cap *= 2;
	p = PyMem_Realloc(w->p, cap);
	if (!p) {
		PyErr_NoMemory();
		return -1;
	}
	w->p = p;
	w->cap = cap;
	return 0;
}

static int
write_piece(struct writer *w, const char *p, size_t n)
{
	if (reserve(w, n))
		return -1;
	memcpy(w->p + w->n, p, n);
	w->n += n;
	return 0;
}

/* Appends a string literal. */
#define WRITE(w, literal) write_piece((w), (literal), sizeof(literal) - 1)

/* Appends bytes, and drops the reference. Returns -1 if they are NULL. */
static int
write_bytes(struct writer *w, PyObject *bytes)
{
	char *p;
	Py_ssize_t n;
	int bad;

	if (!bytes)
		return -1;
	bad = PyBytes_AsStringAndSize(bytes, &p, &n) ||
	    write_piece(w, p, (size_t)n);
	Py_DECREF(bytes);
	return bad ? -1 : 0;
}

/*
 * count_plain returns the number of bytes of a block before the first marked
 * one, which is not written as it is: one below 0x20, '"', '\' or, in Latin-1,
 * one from 0x80 on. BLOCK if there is none.
 */
#ifdef __SSE2__
enum { BLOCK = 16 };

static size_t
count_plain(const char *block, int is_latin)
{
	__m128i x = _mm_loadu_si128((const __m128i *)block);
	__m128i marks = _mm_or_si128(_mm_or_si128(
	    _mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
	    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))),
	    _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x));
	int found;

	marks = is_latin ? _mm_or_si128(marks, x) : marks;
	found = _mm_movemask_epi8(marks);
	return found ? (size_t)__builtin_ctz((unsigned)found) : BLOCK;
}
#else
enum { BLOCK = 8 };

/*
 * (x - 0x01...) & ~x has the highest bit of a byte set if the byte is 0, or by
 * a borrow from a lower byte that is 0: only the lowest mark is certain.
 */
static size_t
count_plain(const char *block, int is_latin)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t x, quotes, slashes;

	memcpy(&x, block, BLOCK);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	quotes = x ^ (ones * '"');
	slashes = x ^ (ones * '\\');
	x = (((x - ones * 0x20) & ~x) | ((quotes - ones) & ~quotes) |
	    ((slashes - ones) & ~slashes) | (is_latin ? x : 0)) & (ones << 7);
	return x ? (size_t)__builtin_ctzll(x) >> 3 : BLOCK;
}
#endif

/*
 * Stores a marked byte as an escape, or as UTF-8: at most 6 bytes. Returns
 * their end.
 */
static char *
store_marked(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	/* the letter after the backslash, 'u' if there is none */
	static const char names[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";
	char name = c < 0x20 ? names[c] : (char)c;

	if (c >= 0x80) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return to + 2;
	}
	to[0] = '\\';
	to[1] = name;
	if (name != 'u')
		return to + 2;
	to[2] = to[3] = '0';
	to[4] = digits[c >> 4];
	to[5] = digits[c & 15];
	return to + 6;
}

/*
 * Appends n bytes of UTF-8 or Latin-1 as a JSON string. Each turn copies a
 * block, keeps the bytes before the first marked one, and escapes that.
 */
static int
write_escaped(struct writer *w, const char *p, size_t n, int is_latin)
{
	enum { STEP = BLOCK + 8 };	/* most bytes that a turn stores */
	char *to, last[2 * BLOCK];	/* the end of the text, padded */
	size_t plain;
	int is_last = 0;

	if (WRITE(w, "\"") || reserve(w, n + STEP))
		return -1;
	to = w->p + w->n;
	while (n) {
		if (n < BLOCK && !is_last) {
			memset(last, ' ', sizeof(last));
			p = memcpy(last, p, n);
			is_last = 1;
		}
		memcpy(to, p, BLOCK);
		plain = count_plain(p, is_latin);
		plain = plain < n ? plain : n;
		p += plain;
		n -= plain;
		to += plain;
		if (plain == BLOCK || !n)
			continue;
		to = store_marked(to, (unsigned char)*p++);
		n--;
		w->n = (size_t)(to - w->p);
		if (w->cap - w->n >= n + STEP)
			continue;
		if (reserve(w, n + STEP))
			return -1;
		to = w->p + w->n;
	}
	w->n = (size_t)(to - w->p);
	return WRITE(w, "\"");
}

/*
 * Returns a long text as Latin-1, which Python encodes more quickly than UTF-8.
 * NULL if the text is short or has other characters, or with an exception.
 */
static PyObject *
as_latin(PyObject *text, Py_ssize_t n)
{
	PyObject *bytes;
	Py_ssize_t i;

	if (n < LONG_TEXT)
		return NULL;
	for (i = 0; i < SAMPLES; i++)
		if (PyUnicode_ReadChar(text, n / SAMPLES * i) > 0xff)
			return NULL;
	bytes = PyUnicode_AsLatin1String(text);
	if (!bytes && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
		PyErr_Clear();
	return bytes;
}

/* Appends a str as a JSON string. */
static int
write_quoted(struct writer *w, PyObject *text)
{
	Py_ssize_t n = PyUnicode_GetLength(text);
	PyObject *bytes = as_latin(text, n);
	int is_latin = bytes != NULL, bad;
	char *p;

	if (!bytes && !PyErr_Occurred())
		bytes = PyUnicode_AsUTF8String(text);
	if (!bytes) {
		if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
			return -1;	/* else it has a lone surrogate */
		PyErr_Clear();
		return write_bytes(w, PyObject_CallFunctionObjArgs(
		    w->fast->quote, text, NULL));
	}
	bad = PyBytes_AsStringAndSize(bytes, &p, &n) ||
	    write_escaped(w, p, (size_t)n, is_latin);
	Py_DECREF(bytes);
	return bad ? -1 : 0;
}

/* --- what Python writes --------------------------------------------------- */

/*
 * Gives the Encoder the state that it would have after writing the text so far.
 * Returns 0, or -1 with an exception.
 */
static int
lend(struct writer *w)
{
	PyObject *room = NULL, *open = NULL, *id;
	int i, bad = 0;

	if (!w->encoder)
		w->encoder = PyObject_CallFunctionObjArgs(w->fast->encoder,
		    NULL);
	if (!w->encoder)
		return -1;
	open = PySet_New(NULL);
	room = PyLong_FromSsize_t(w->room);
	for (i = 0; open && i < w->depth && !bad; i++) {
		id = PyLong_FromVoidPtr(w->open[i]);
		bad = !id || PySet_Add(open, id);
		Py_XDECREF(id);
	}
	bad = bad || !open || !room ||
	    PyObject_SetAttrString(w->encoder, "room", room) ||
	    PyObject_SetAttrString(w->encoder, "_open", open);
	Py_XDECREF(room);
	Py_XDECREF(open);
	return bad ? -1 : 0;
}

/* Appends the result of a method of the Encoder, and takes its room. */
static int
take_back(struct writer *w, PyObject *json)
{
	PyObject *room;

	if (write_bytes(w, json))
		return -1;
	room = PyObject_GetAttrString(w->encoder, "room");
	if (!room)
		return -1;
	w->room = PyLong_AsSsize_t(room);
	Py_DECREF(room);
	return w->room == -1 && PyErr_Occurred() ? -1 : 0;
}

static int
write_other(struct writer *w, PyObject *v)
{
	if (lend(w))
		return -1;
	return take_back(w, PyObject_CallMethod(w->encoder, "encode", "Oi", v,
	    w->depth));
}

/*
 * After an exception in the container v: replaces its text, which begins at
 * `start`, by a mark, as Encoder.encode does. Returns 0, or -1 with an
 * exception: KeyboardInterrupt and the like remain.
 */
static int
write_unreadable(struct writer *w, PyObject *v, size_t start)
{
	if (!PyErr_ExceptionMatches(PyExc_Exception))
		return -1;
	PyErr_Clear();
	w->n = start;
	if (lend(w))
		return -1;
	return take_back(w, PyObject_CallMethod(w->encoder, "unreadable", "O",
	    v));
}

/* Appends the mark for `count` entries, elements, ... that were cut. */
static int
write_cut(struct writer *w, Py_ssize_t count, const char *what)
{
	PyObject *mark = PyObject_CallFunction(w->fast->cut, "ns", count, what);
	int bad = !mark || write_quoted(w, mark);

	Py_XDECREF(mark);
	return bad ? -1 : 0;
}

/* --- what is written here ------------------------------------------------- */

static int
write_str(struct writer *w, PyObject *v)
{
	const struct fast *f = w->fast;
	Py_ssize_t n = PyUnicode_GetLength(v), room = w->room - f->item_cost;

	/* one longer than Encoder.limit() is cut */
	if (n > (room > f->max_text ? f->max_text : room))
		return write_other(w, v);
	w->room = room - n;
	return write_quoted(w, v);
}

static int
write_int(struct writer *w, PyObject *v)
{
	char digits[24], *p = digits + sizeof(digits);
	int overflow;
	long long value = PyLong_AsLongLongAndOverflow(v, &overflow);
	unsigned long long left = (unsigned long long)value;
	size_t n;

	if (overflow)
		return write_other(w, v);
	if (value < 0)
		left = -left;
	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		*--p = '-';
	n = (size_t)(digits + sizeof(digits) - p);
	w->room -= w->fast->item_cost + (Py_ssize_t)n;
	return write_piece(w, p, n);
}

static int
write_float(struct writer *w, PyObject *v)
{
	double x = PyFloat_AsDouble(v);
	char *text;
	int bad;

	w->room -= w->fast->item_cost;
	if (x - x != 0)
		return WRITE(w, "null");
	text = PyOS_double_to_string(x, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
	bad = !text || write_piece(w, text, strlen(text));
	PyMem_Free(text);
	return bad ? -1 : 0;
}

static int
write_constant(struct writer *w, PyObject *v)
{
	w->room -= w->fast->item_cost;
	if (v == Py_None)
		return WRITE(w, "null");
	return v == Py_True ? WRITE(w, "true") : WRITE(w, "false");
}

/* Appends the elements of a list or tuple v, held from `base` on. */
static int
write_elements(struct writer *w, PyObject *v, size_t base)
{
	size_t i, end = w->nheld;
	Py_ssize_t left;

	if (WRITE(w, "["))
		return -1;
	for (i = base; i < end && w->room > 0; i++)
		if ((i > base && WRITE(w, ",")) || write_value(w, w->held[i]))
			return -1;
	left = PyObject_Size(v) - (Py_ssize_t)(i - base);
	if (left > 0 && ((i > base && WRITE(w, ",")) ||
	    write_cut(w, left, "elements")))
		return -1;
	return WRITE(w, "]");
}

static int
write_sequence(struct writer *w, PyObject *v)
{
	int is_list = PyList_CheckExact(v), bad = 0;
	Py_ssize_t i, n = is_list ? PyList_Size(v) : PyTuple_Size(v);
	size_t base = w->nheld;

	/* hold them: code that encoding runs may change the list */
	for (i = 0; i < n && i < w->fast->max_items && !bad; i++)
		bad = hold(w, is_list ? PyList_GetItem(v, i) :
		    PyTuple_GetItem(v, i));
	bad = bad || write_elements(w, v, base);
	drop(w, base);
	return bad ? -1 : 0;
}

/* Appends the keys and values of a dict v, held in turn from `base` on. */
static int
write_members(struct writer *w, PyObject *v, size_t base)
{
	size_t i, end = w->nheld;
	Py_ssize_t left;

	if (WRITE(w, "{"))
		return -1;
	for (i = base; i < end && w->room > 0; i += 2) {
		if (i > base && WRITE(w, ","))
			return -1;
		if (write_quoted(w, w->held[i]) || WRITE(w, ":") ||
		    write_value(w, w->held[i + 1]))
			return -1;
		w->room -= PyUnicode_GetLength(w->held[i]);
	}
	left = PyObject_Size(v) - (Py_ssize_t)(i - base) / 2;
	if (left > 0 && ((i > base && WRITE(w, ",")) ||
	    write_cut(w, left, "entries") || WRITE(w, ":null")))
		return -1;
	return WRITE(w, "}");
}

static int
write_dict(struct writer *w, PyObject *v)
{
	PyObject *key, *item;
	Py_ssize_t at = 0;
	size_t base = w->nheld;
	int bad = 0;

	while (!bad && (Py_ssize_t)(w->nheld - base) / 2 < w->fast->max_items &&
	    PyDict_Next(v, &at, &key, &item))
		bad = hold(w, key) || hold(w, item);
	bad = bad || write_members(w, v, base);
	drop(w, base);
	return bad ? -1 : 0;
}

/*
 * Whether all keys of a dict are written as different texts. That is uncertain
 * if a key is not a str, may be cut, or looks like the mark of a cut.
 */
static int
has_plain_keys(PyObject *v)
{
	PyObject *key, *item;
	Py_ssize_t at = 0, n;

	while (PyDict_Next(v, &at, &key, &item)) {
		if (!PyUnicode_CheckExact(key))
			return 0;
		n = PyUnicode_GetLength(key);
		if (n > SHORT_KEY ||
		    (n && PyUnicode_ReadChar(key, 0) == 0x2026))
			return 0;
	}
	return 1;
}

static int
is_open(const struct writer *w, PyObject *v)
{
	int i;

	for (i = 0; i < w->depth; i++)
		if (w->open[i] == v)
			return 1;
	return 0;
}

static int
write_container(struct writer *w, PyObject *v)
{
	size_t start = w->n;
	int is_dict = PyDict_CheckExact(v), bad;

	if (w->depth >= w->fast->max_depth || is_open(w, v) ||
	    (is_dict && !has_plain_keys(v)))
		return write_other(w, v);
	w->room -= w->fast->item_cost;
	w->open[w->depth++] = v;
	bad = is_dict ? write_dict(w, v) : write_sequence(w, v);
	if (bad)
		bad = write_unreadable(w, v, start);
	w->depth--;
	return bad;
}

/*
 * Appends a value inside w->depth containers. Returns 0, or -1 with an
 * exception.
 */
static int
write_value(struct writer *w, PyObject *v)
{
	if (PyUnicode_CheckExact(v))
		return write_str(w, v);
	if (v == Py_None || PyBool_Check(v))
		return write_constant(w, v);
	if (PyLong_CheckExact(v))
		return write_int(w, v);
	if (PyFloat_CheckExact(v))
		return write_float(w, v);
	if (PyDict_CheckExact(v) || PyList_CheckExact(v) ||
	    PyTuple_CheckExact(v))
		return write_container(w, v);
	return write_other(w, v);
}

/* Appends a value as serialize.excerpt does: the limits apply to it alone. */
static int
write_excerpt(struct writer *w, PyObject *v)
{
	size_t start = w->n;

	if ((PyObject *)Py_TYPE(v) == w->fast->captured)
		return write_bytes(w, PyObject_GetAttr(v, w->fast->json));
	w->room = w->fast->max_total;
	if (!write_value(w, v))
		return 0;
	if (!PyErr_ExceptionMatches(PyExc_RecursionError))
		return -1;
	PyErr_Clear();
	w->n = start;
	return write_bytes(w, PyObject_CallFunctionObjArgs(w->fast->too_deep, v,
	    NULL));
}

/* --- the functions of the module ------------------------------------------ */

/* Returns the state of the module, or NULL with an exception before `use`. */
static struct fast *
fast_of(PyObject *module)
{
	struct fast *f = PyModule_GetState(module);

	if (f->encoder)
		return f;
	PyErr_SetString(PyExc_RuntimeError, "use() was not called");
	return NULL;
}

/* Returns the text that `write` makes of an argument, as bytes. */
static PyObject *
written(PyObject *module, PyObject *arg,
    int (*write)(struct writer *w, PyObject *arg))
{
	struct fast *f = fast_of(module);
	struct writer w;

	if (!f)
		return NULL;
	writer_init(&w, f);
	return writer_end(&w, write(&w, arg));
}

static PyObject *
fast_quote(PyObject *module, PyObject *text)
{
	return written(module, text, write_quoted);
}

static PyObject *
fast_excerpt(PyObject *module, PyObject *value)
{
	return written(module, value, write_excerpt);
}

/*
 * Appends a dict. The limits apply to each value, unless the whole is longer
 * than one value may be: then they apply to the dict.
 */
static int
write_excerpts(struct writer *w, PyObject *values)
{
	PyObject *key, *item;
	Py_ssize_t at = 0;
	size_t base = w->nheld, end, i, marks = 1;

	if (!PyDict_CheckExact(values)) {
		PyErr_SetString(PyExc_TypeError, "expected a dict");
		return -1;
	}
	while (PyDict_Next(values, &at, &key, &item))
		if (hold(w, key) || hold(w, item))
			return -1;
	end = w->nheld;
	if (WRITE(w, "{"))
		return -1;
	for (i = base; i < end; i += 2) {
		if (i > base && (marks++, WRITE(w, ",")))
			return -1;
		if (write_quoted(w, w->held[i]) || WRITE(w, ":") ||
		    write_excerpt(w, w->held[i + 1]))
			return -1;
	}
	if (w->n - marks <= (size_t)w->fast->max_total)
		return WRITE(w, "}");
	w->n = 0;
	w->room = w->fast->max_total;
	return write_other(w, values);
}

static PyObject *
fast_excerpts(PyObject *module, PyObject *values)
{
	return written(module, values, write_excerpts);
}

/* Returns JSON (bytes) as a Captured, NULL for NULL. Drops the reference. */
static PyObject *
new_captured(PyObject *module, PyObject *json)
{
	struct fast *f = PyModule_GetState(module);
	PyObject *made;

	if (!json)
		return NULL;
	/* without __init__, which would only set the attribute */
	made = PyType_GenericAlloc((PyTypeObject *)f->captured, 0);
	if (made && PyObject_SetAttr(made, f->json, json))
		Py_CLEAR(made);
	Py_DECREF(json);
	return made;
}

static PyObject *
fast_capture_all(PyObject *module, PyObject *values)
{
	return new_captured(module, written(module, values,
	    write_excerpts));
}

static PyObject *
fast_capture(PyObject *module, PyObject *value)
{
	struct fast *f = fast_of(module);

	if (!f)
		return NULL;
	if (value == Py_None || PyBool_Check(value) ||
	    (PyObject *)Py_TYPE(value) == f->captured ||
	    (PyUnicode_CheckExact(value) &&
	    PyUnicode_GetLength(value) <= f->max_text)) {
		Py_INCREF(value);
		return value;
	}
	return new_captured(module, written(module, value,
	    write_excerpt));
}

/* Appends a text (str) that needs no escapes. */
static int
write_raw(struct writer *w, PyObject *text)
{
	return write_bytes(w, PyUnicode_AsUTF8String(text));
}

static int
write_borrowed(struct writer *w, PyObject *bytes)
{
	Py_INCREF(bytes);
	return write_bytes(w, bytes);
}

/* The arguments of `observation`, in their order. */
enum {
	ID, HEAD, START, END, INPUT, OUTPUT, TAIL, PARENT, TRACE, NARGS
};

static int
write_observation(struct writer *w, PyObject *args)
{
	PyObject *v[NARGS];

	if (!PyArg_UnpackTuple(args, "observation", NARGS, NARGS, &v[ID],
	    &v[HEAD], &v[START], &v[END], &v[INPUT], &v[OUTPUT], &v[TAIL],
	    &v[PARENT], &v[TRACE]))
		return -1;
	return WRITE(w, "{\"id\":\"") || write_raw(w, v[ID]) ||
	    WRITE(w, "\",") || write_borrowed(w, v[HEAD]) ||
	    WRITE(w, ",\"start_time\":\"") ||
	    write_raw(w, v[START]) || WRITE(w, "\",\"end_time\":\"") ||
	    write_raw(w, v[END]) || WRITE(w, "\"") ||
	    (v[INPUT] != Py_None && (WRITE(w, ",\"input\":") ||
	    write_excerpt(w, v[INPUT]))) ||
	    (v[OUTPUT] != Py_None && (WRITE(w, ",\"output\":") ||
	    write_excerpt(w, v[OUTPUT]))) ||
	    write_borrowed(w, v[TAIL]) ||
	    (v[PARENT] != Py_None && (WRITE(w, ",\"parent_observation_id\":") ||
	    write_excerpt(w, v[PARENT]))) ||
	    WRITE(w, ",\"trace_id\":") || write_excerpt(w, v[TRACE]) ||
	    WRITE(w, "}");
}

static PyObject *
fast_observation(PyObject *module, PyObject *args)
{
	return written(module, args, write_observation);
}

/* Returns the time as ISO 8601 UTC: 2025-10-04T14:09:02.458196+00:00. */
static PyObject *
fast_utc_now(PyObject *module, PyObject *unused)
{
	struct fast *f = PyModule_GetState(module);
	struct timespec now;
	struct tm tm;
	char text[] = "2025-10-04T14:09:02.000000+00:00";
	size_t n = sizeof("2025-10-04T14:09:02.") - 1, i;
	long left;

	(void)unused;
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != f->second || !*f->date) {
		gmtime_r(&now.tv_sec, &tm);
		strftime(f->date, sizeof(f->date), "%Y-%m-%dT%H:%M:%S.", &tm);
		f->second = now.tv_sec;
	}
	memcpy(text, f->date, n);
	left = now.tv_nsec / 1000;
	for (i = n + 6; i-- > n; left /= 10)
		text[i] = (char)('0' + left % 10);
	return PyUnicode_FromString(text);
}

/* Reads a limit of the class Encoder. Returns -1 with an exception. */
static int
fast_limit(PyObject *encoder, const char *name, Py_ssize_t *limit)
{
	PyObject *value = PyObject_GetAttrString(encoder, name);

	if (!value)
		return -1;
	*limit = PyLong_AsSsize_t(value);
	Py_DECREF(value);
	return *limit == -1 && PyErr_Occurred() ? -1 : 0;
}

static int
fast_clear(PyObject *module)
{
	struct fast *f = PyModule_GetState(module);

	if (!f)
		return 0;
	Py_CLEAR(f->encoder);
	Py_CLEAR(f->captured);
	Py_CLEAR(f->quote);
	Py_CLEAR(f->cut);
	Py_CLEAR(f->too_deep);
	Py_CLEAR(f->json);
	return 0;
}

static PyObject *
fast_use(PyObject *module, PyObject *args)
{
	struct fast *f = PyModule_GetState(module), new = *f;

	if (!PyArg_UnpackTuple(args, "use", 5, 5, &new.encoder, &new.captured,
	    &new.quote, &new.cut, &new.too_deep) ||
	    fast_limit(new.encoder, "max_depth", &new.max_depth) ||
	    fast_limit(new.encoder, "max_text", &new.max_text) ||
	    fast_limit(new.encoder, "max_items", &new.max_items) ||
	    fast_limit(new.encoder, "max_total", &new.max_total) ||
	    fast_limit(new.encoder, "item_cost", &new.item_cost))
		return NULL;
	if (new.max_depth > DEEPEST) {
		PyErr_SetString(PyExc_ValueError, "max_depth is too great");
		return NULL;
	}
	new.json = PyUnicode_InternFromString("json");
	if (!new.json)
		return NULL;
	Py_INCREF(new.encoder);
	Py_INCREF(new.captured);
	Py_INCREF(new.quote);
	Py_INCREF(new.cut);
	Py_INCREF(new.too_deep);
	fast_clear(module);
	*f = new;
	Py_RETURN_NONE;
}

/* --- the module ----------------------------------------------------------- */

static int
fast_traverse(PyObject *module, visitproc visit, void *arg)
{
	struct fast *f = PyModule_GetState(module);

	if (!f)
		return 0;
	Py_VISIT(f->encoder);
	Py_VISIT(f->captured);
	Py_VISIT(f->quote);
	Py_VISIT(f->cut);
	Py_VISIT(f->too_deep);
	return 0;
}

static void
fast_free(void *module)
{
	fast_clear(module);
}

static int
fast_exec(PyObject *module)
{
	return PyModule_AddStringConstant(module, "VERSION", VERSION);
}

static PyMethodDef fast_methods[] = {
	{ "use", fast_use, METH_VARARGS,
	  "Set the Python side: Encoder, Captured, quote, cut, too_deep." },
	{ "quote", fast_quote, METH_O, "As jsontext.quote." },
	{ "excerpt", fast_excerpt, METH_O, "As serialize.excerpt." },
	{ "excerpts", fast_excerpts, METH_O, "As serialize.excerpts." },
	{ "capture", fast_capture, METH_O, "As serialize.capture." },
	{ "capture_all", fast_capture_all, METH_O,
	  "As serialize.capture_all." },
	{ "observation", fast_observation, METH_VARARGS,
	  "As serialize.observation." },
	{ "utc_now", fast_utc_now, METH_NOARGS, "As stamps.utc_now." },
	{ NULL, NULL, 0, NULL }
};

static PyModuleDef_Slot fast_slots[] = {
	{ Py_mod_exec, (void *)fast_exec },
	{ 0, NULL }
};

static struct PyModuleDef fast_module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "fluxloop._fast",
	.m_doc = "Writes JSON as the package does, in C.",
	.m_size = sizeof(struct fast),
	.m_methods = fast_methods,
	.m_slots = fast_slots,
	.m_traverse = fast_traverse,
	.m_clear = fast_clear,
	.m_free = fast_free,
};

PyMODINIT_FUNC PyInit__fast(void);

PyMODINIT_FUNC
PyInit__fast(void)
{
	return PyModuleDef_Init(&fast_module);
}
