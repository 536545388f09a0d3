#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"
#include "pattern.h"

/*
 * Attempts at a match: PCRE2's default of ten million takes about a second.
 * Memory for backtracking, in KiB.
 */
#define ATTEMPTS 10000000
#define HEAP 65536
#define STACK_MIN ((size_t)32 << 10)	/* of the compiled code */
#define STACK_MAX ((size_t)4 << 20)

struct pattern {
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
};

static void
pattern_describe(int number, struct err *e)
{
	PCRE2_UCHAR text[256];

	pcre2_get_error_message(number, text, sizeof(text));
	err_set(e, 0, 0, "%s", (const char *)text);
}

static uint32_t
options_of(unsigned flags)
{
	return PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C |
	    (flags & PATTERN_CASELESS ? PCRE2_CASELESS : 0) |
	    (flags & PATTERN_MULTILINE ? PCRE2_MULTILINE : 0) |
	    (flags & PATTERN_DOTALL ? PCRE2_DOTALL : 0) |
	    (flags & PATTERN_PROPERTIES ? PCRE2_UCP : 0) |
	    (flags & PATTERN_END ? PCRE2_DOLLAR_ENDONLY : 0);
}

struct pattern *
pattern_new(const char *text, size_t n, unsigned flags, struct err *e)
{
	struct pattern *p = xcalloc(1, sizeof(*p));
	PCRE2_SIZE at = 0;
	int number = 0;

	p->code = pcre2_compile((PCRE2_SPTR)text, n, options_of(flags),
	    &number, &at, NULL);
	if (!p->code) {
		pattern_describe(number, e);
		err_set(e, 0, 0, "%s at character %zu of the pattern", e->msg,
		    at + 1);
		pattern_free(p);
		return NULL;
	}
	p->context = pcre2_match_context_create(NULL);
	p->data = pcre2_match_data_create(1, NULL);
	if (!p->context || !p->data)
		die_memory(0);
	pcre2_set_match_limit(p->context, ATTEMPTS);
	pcre2_set_heap_limit(p->context, HEAP);
	/* without a compiler for the machine, the pattern is interpreted */
	if (!pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE)) {
		p->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
		pcre2_jit_stack_assign(p->context, NULL, p->stack);
	}
	return p;
}

void
pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_match_data_free(p->data);
	pcre2_match_context_free(p->context);
	pcre2_jit_stack_free(p->stack);
	pcre2_code_free(p->code);
	free(p);
}

/* Appends text with U+FFFD in place of lone surrogates and bad bytes. */
static void
put_valid(struct buf *b, const char *s, size_t n)
{
	uint32_t c;
	size_t i;

	for (i = 0; i < n; ) {
		i += utf8_decode(s + i, n - i, &c);
		utf8_put(b, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
	}
}

int
pattern_find(const struct pattern *p, const char *s, size_t n, struct err *e)
{
	struct buf valid = { 0 };
	int got;

	/*
	 * PCRE2_MATCH_INVALID_UTF would do this, but then compiled code of
	 * PCRE2 10.42 finds \D, \S and \W in ASCII alone
	 */
	if (utf8_check(s, n) < n) {
		put_valid(&valid, s, n);
		s = valid.p;
		n = valid.len;
	}
	got = pcre2_match(p->code, (PCRE2_SPTR)(n ? s : ""), n, 0,
	    PCRE2_NO_UTF_CHECK, p->data, p->context);
	buf_release(&valid);
	if (got >= 0)
		return 1;
	if (got == PCRE2_ERROR_NOMATCH)
		return 0;
	pattern_describe(got, e);
	return -1;
}
