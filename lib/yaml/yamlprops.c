#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "yamlbytes.h"
#include "yamlprops.h"
#include "yamlscan.h"

struct yamlprops_prefix {
	char *handle;		/* such as "!e!" */
	char *text;
};

static unsigned char
props_peek(struct yamlscan *s, size_t i)
{
	return yamlbytes_at(&s->in, i);
}

void
yamlprops_reset(struct yamlprops *props)
{
	props->set = 0;
	props->anchor.len = 0;
	props->tag.len = 0;
}

void
yamlprops_release(struct yamlprops *props)
{
	buf_release(&props->anchor);
	buf_release(&props->tag);
}

void
yamlprops_define(struct yamlprops_prefixes *prefixes, const char *handle,
    const char *prefix)
{
	struct yamlprops_prefix *p;

	ALLOC_GROW(prefixes->p, prefixes->n + 1, prefixes->cap);
	p = &prefixes->p[prefixes->n++];
	p->handle = xstrdup(handle);
	p->text = xstrdup(prefix);
}

void
yamlprops_forget(struct yamlprops_prefixes *prefixes)
{
	while (prefixes->n) {
		free(prefixes->p[--prefixes->n].handle);
		free(prefixes->p[prefixes->n].text);
	}
	free(prefixes->p);
	memset(prefixes, 0, sizeof(*prefixes));
}

static int
read_anchor(struct yamlprops *props, struct yamlscan *s, struct err *e)
{
	if (props->anchor.len)
		return yamlscan_error(s, e, "a value may have one anchor only");
	yamlscan_take(s, 1);
	yamlscan_name(s, &props->anchor, 0);
	if (!props->anchor.len)
		return yamlscan_error(s, e, "expected a name after '&'");
	buf_str(&props->anchor);
	return 0;
}

/* Replaces %HH in a tag from offset at. */
static void
decode_tag(struct buf *b, size_t at)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *high, *low;
	size_t to = at;

	for (; at < b->len; at++, to++) {
		b->p[to] = b->p[at];
		if (b->p[at] != '%' || b->len - at < 3 || !b->p[at + 1] ||
		    !b->p[at + 2])
			continue;
		high = strchr(digits, b->p[at + 1]);
		low = strchr(digits, b->p[at + 2]);
		if (!high || !low)
			continue;
		b->p[to] = (char)((high - digits) % 16 * 16 +
		    (low - digits) % 16);
		at += 2;
	}
	b->len = to;
}

/* The prefix that a handle of n bytes stands for, or NULL. */
static const char *
find_prefix(const struct yamlprops_prefixes *prefixes, const char *handle,
    size_t n)
{
	size_t i;

	for (i = prefixes->n; i > 0; i--)
		if (strlen(prefixes->p[i - 1].handle) == n &&
		    !memcmp(prefixes->p[i - 1].handle, handle, n))
			return prefixes->p[i - 1].text;
	if (n == 2)
		return "tag:yaml.org,2002:";
	return n == 1 ? "!" : NULL;
}

/* Puts the prefix of its handle before a tag. */
static int
expand_tag(struct buf *tag, const struct yamlprops_prefixes *prefixes)
{
	const char *last = memchr(tag->p + 1, '!', tag->len - 1);
	size_t n = last ? (size_t)(last - tag->p) + 1 : 1;
	const char *prefix = find_prefix(prefixes, tag->p, n);

	if (!prefix)
		return -1;
	decode_tag(tag, n);
	/* "!" alone is not a handle */
	if (tag->len > 1)
		buf_splice(tag, 0, n, prefix, strlen(prefix));
	return 0;
}

/* Reads "!<...>". */
static int
read_verbatim(struct buf *tag, struct yamlscan *s, struct err *e)
{
	yamlscan_take(s, 2);
	while (props_peek(s, 0) != '>' && !yamlscan_is_space(s, 0)) {
		buf_byte(tag, (char)props_peek(s, 0));
		yamlscan_take(s, 1);
	}
	if (props_peek(s, 0) != '>' || !tag->len)
		return yamlscan_error(s, e, "expected a tag and '>' after "
		    "'!<'");
	yamlscan_take(s, 1);
	decode_tag(tag, 0);
	return 0;
}

static int
read_tag(struct yamlprops *props, struct yamlscan *s,
    const struct yamlprops_prefixes *prefixes, int flow, struct err *e)
{
	if (props->tag.len)
		return yamlscan_error(s, e, "a value may have one tag only");
	props->tag_line = s->in.line;
	props->tag_col = yamlbytes_column(&s->in) + 1;
	if (props_peek(s, 1) == '<') {
		if (read_verbatim(&props->tag, s, e))
			return -1;
	} else {
		yamlscan_name(s, &props->tag, 0);
		if (expand_tag(&props->tag, prefixes))
			return err_set(e, props->tag_line, props->tag_col,
			    "the tag %s has a prefix that no %%TAG defines",
			    buf_str(&props->tag));
	}
	if (!yamlscan_is_space(s, 0) &&
	    !(flow && strchr(",]}", props_peek(s, 0))))
		return yamlscan_error(s, e, "expected a blank after the tag");
	buf_str(&props->tag);
	return 0;
}

int
yamlprops_read(struct yamlprops *props, struct yamlscan *s,
    const struct yamlprops_prefixes *prefixes, int flow, struct err *e)
{
	if (!props->set) {
		props->mark = yamlscan_mark(s);
		props->fresh = s->fresh;
		props->tabbed = s->tabbed;
	}
	props->set = 1;
	return props_peek(s, 0) == '&' ? read_anchor(props, s, e) :
	    read_tag(props, s, prefixes, flow, e);
}

int
yamlprops_join(struct yamlprops *to, struct yamlprops *from,
    struct yamlscan *s, struct err *e)
{
	if ((to->anchor.len && from->anchor.len) ||
	    (to->tag.len && from->tag.len))
		return yamlscan_error(s, e, "a value may have one anchor and "
		    "one tag only");
	if (from->anchor.len) {
		buf_add(&to->anchor, from->anchor.p, from->anchor.len);
		buf_str(&to->anchor);
	}
	if (from->tag.len) {
		buf_add(&to->tag, from->tag.p, from->tag.len);
		buf_str(&to->tag);
		to->tag_line = from->tag_line;
		to->tag_col = from->tag_col;
	}
	to->set |= from->set;
	yamlprops_reset(from);
	return 0;
}
