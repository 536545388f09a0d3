#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "json/path.h"
#include "io/line.h"
#include "record/place.h"
#include "config/config.h"
#include "config/env.h"
#include "constant.h"
#include "input.h"

static const struct {
	const char *name;
	const char *kind;
} providers[] = {
	{ "builtin:collector.send", "send" },
	{ "builtin:collector.error", "error" },
};

/*
 * Returns the kind of a provider by the beginning of its name (without quotes),
 * or NULL.
 */
static const char *
provider_kind(const char *name, size_t n, int whole)
{
	size_t i, len;

	for (i = 0; i < LEN(providers); i++) {
		len = strlen(providers[i].name);
		if (n >= len && !memcmp(providers[i].name, name, len) &&
		    (n == len || (!whole && name[len] == ':')))
			return providers[i].kind;
	}
	return NULL;
}

/*
 * Reads the last recorded call of the target, and the target of the last call
 * of another. Lines that are not recordings are skipped: a recorder may have
 * been interrupted within a line. Returns what line_next does at the end.
 */
static int
read_calls(struct input_plan *p, int fd, struct buf *other)
{
	static const char *const names[] = { "target", "kwargs" };
	struct json_span v[2], whole;
	struct json_fault f;
	struct line_reader r;
	struct line l;
	int got;

	line_init(&r, fd);
	while ((got = line_next(&r, &l)) > 0) {
		if (json_scan(l.p, l.n, JSON_LAX, names, v, 2, &f) < 0 ||
		    !json_is(v[1], JSON_OBJECT) || !json_is(v[0], JSON_STRING))
			continue;
		if (p->target && !json_is_str(v[0], p->target)) {
			other->len = 0;
			json_text(other, v[0]);
			continue;
		}
		whole.p = l.p + strspn(l.p, " \t\r");
		whole.n = l.n - (size_t)(whole.p - l.p);
		p->recorded.len = 0;
		json_compact(&p->recorded, whole);
	}
	line_release(&r);
	return got;
}

/* Finds the call to replay in the recording. */
static int
find_recording(struct input_plan *p, struct err *e)
{
	struct buf other = { 0 };
	int fd, bad;

	fd = open(p->recording, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, 0, 0, "replay_args.recording_file '%s': %s",
		    p->recording, strerror(errno));
	bad = read_calls(p, fd, &other) < 0;
	close(fd);
	if (bad)
		err_set(e, 0, 0, "%s: %s", p->recording, strerror(errno));
	else if (!p->recorded.len && other.len)
		bad = err_set(e, 0, 0, "%s: no call of '%s' was recorded; the "
		    "last one is of '%s'", p->recording, p->target,
		    buf_str(&other));
	buf_release(&other);
	return bad ? -1 : 0;
}

/* Reads the recording on the first call; later ones give the same result. */
static int
need_recording(struct input_plan *p, struct err *e)
{
	struct err first = { 0 };

	if (p->recording && !p->recorded.len && !p->unreadable &&
	    find_recording(p, &first))
		p->unreadable = xstrdup(first.msg);
	err_release(&first);
	if (p->unreadable)
		return err_set(e, 0, 0, "%s", p->unreadable);
	if (p->recorded.len)
		return 0;
	return err_set(e, 0, 0, "there are no recorded arguments to replay: "
	    "the input has no template_kwargs, and there is no "
	    "replay_args.recording_file (record a call, or set "
	    "replay_args.enabled to false)");
}

int
input_plan_init(struct input_plan *p, const struct config *c, int replay,
    const char *target, struct err *e)
{
	char *file;

	memset(p, 0, sizeof(*p));
	p->replay = replay > 0 || (!replay && config_true(c,
	    "replay_args.enabled"));
	p->path = config_text(c, "replay_args.override_param_path");
	p->providers = config_get(c, "replay_args.callable_providers");
	p->replaced = config_get(c, "replay_args");
	if (json_is(p->replaced, JSON_OBJECT))
		p->replaced = json_get(p->replaced, "set");
	p->masked = xcalloc(1, sizeof(*p->masked));
	p->personas = config_get(c, "personas");
	p->template = config_text(c, "input_template");
	p->target = target ? xstrdup(target) : NULL;
	file = config_text(c, "replay_args.recording_file");
	p->recording = file ? config_path(c, file) : NULL;
	free(file);
	return (p->replay && constant_read(&p->set, c, "replay_args.set",
	    e)) || constant_read(&p->args, c, "runner.args", e) ? -1 : 0;
}

void
input_plan_release(struct input_plan *p)
{
	free(p->path);
	free(p->template);
	free(p->target);
	buf_release(&p->set);
	buf_release(&p->args);
	free(p->recording);
	free(p->unreadable);
	buf_release(&p->recorded);
	if (p->masked)
		set_release(p->masked);
	free(p->masked);
}

/* --- input_template -------------------------------------------------------- */

static void
put_plain(struct buf *b, struct json_span v)
{
	if (json_is(v, JSON_STRING))
		json_text(b, v);
	else if (v.p && json_type(v) != JSON_NULL)
		buf_add(b, v.p, v.n);
}

/* Appends "Label: text\n" if there is a value; of a list with commas. */
static void
put_trait(struct buf *b, const char *label, struct json_span v)
{
	struct json_span key, item;
	struct json_iter it;
	size_t i;

	if (json_is_null(v))
		return;
	if (b->len)
		buf_byte(b, '\n');
	buf_printf(b, "%s: ", label);
	if (json_type(v) != JSON_ARRAY) {
		put_plain(b, v);
		return;
	}
	it = json_each(v);
	for (i = 0; json_next(&it, &key, &item); i++) {
		if (i)
			buf_puts(b, ", ");
		put_plain(b, item);
	}
}

static struct json_span
find_persona(struct json_span personas, const char *name)
{
	struct json_span key, p, label, none = { 0 };
	struct json_iter it;

	if (!json_is(personas, JSON_ARRAY))
		return none;
	for (it = json_each(personas); json_next(&it, &key, &p); ) {
		label = json_get(p, "name");
		if (json_is_str(label, name))
			return p;
	}
	return none;
}

/* Describes a persona as the original does. */
static void
describe(struct buf *b, struct json_span personas, const char *name)
{
	static const struct {
		const char *key;
		const char *label;
	} traits[] = {
		{ "name", "User Persona" }, { "description", "Description" },
		{ "characteristics", "Characteristics" },
		{ "goals", "Goals" }, { "constraints", "Constraints" },
		{ "language", "Language" },
		{ "expertise_level", "Expertise Level" },
	};
	struct json_span p = find_persona(personas, name);
	struct buf text = { 0 };
	size_t i;

	for (i = 0; p.p && i < LEN(traits); i++)
		put_trait(&text, traits[i].label,
		    json_get(p, traits[i].key));
	if (text.len)
		buf_add(b, text.p, text.len);
	else
		buf_puts(b, name);
	buf_release(&text);
}

static void
apply_template(const struct input_plan *p, struct input *in)
{
	struct json_span input = { in->value.p, in->value.len };
	struct buf text = { 0 };
	const char *s;

	for (s = p->template; *s; ) {
		if (!strncmp(s, "{input}", 7)) {
			put_plain(&text, input);
			s += 7;
		} else if (!strncmp(s, "{persona}", 9)) {
			if (in->persona)
				describe(&text, p->personas, in->persona);
			s += 9;
		} else if ((*s == '{' || *s == '}') && s[1] == *s) {
			buf_byte(&text, *s);
			s += 2;
		} else {
			buf_byte(&text, *s++);
		}
	}
	in->value.len = 0;
	json_put_text(&in->value, text.p, text.len);
	buf_release(&text);
}

/* --- replay ------------------------------------------------------------------ */

struct callables {
	const struct input_plan *plan;
	struct json_span providers;
	struct json_span types;	/* noted types of values */
	struct json_span replaced;	/* the value that the input replaces; p
				   may be NULL */
	struct buf *found;	/* JSON, open */
	struct err *e;
};

/* The provider's kind for a callable at path, or NULL. */
static const char *
mapped(struct json_span map, const char *path)
{
	struct json_span v;
	const char *dot, *last = path;
	char *name;
	size_t n = strlen(path);

	if (!json_is(map, JSON_OBJECT))
		return NULL;
	v = json_get(map, path);
	/* then by the last name; an element of a list has the list's name */
	while (!v.p && n) {
		for (last = path + n; last > path && last[-1] != '.'; last--)
			;
		name = xmemdup(last, (size_t)(path + n - last));
		if (strspn(name, "0123456789") < strlen(name)) {
			v = json_get(map, name);
			free(name);
			break;
		}
		free(name);
		dot = last > path ? last - 1 : path;
		n = (size_t)(dot - path);
	}
	return v.p ? provider_kind(v.p + 1, v.n - 2, 1) : NULL;
}

/* Whether a string has the mask in it that a recorder writes for secrets. */
static int
is_masked(struct json_span string)
{
	size_t i;

	for (i = 0; i + 3 <= string.n; i++)
		if (!memcmp(string.p + i, "***", 3))
			return 1;
	return 0;
}

/*
 * Reports, once for each path, that the handler gets a mask where a secret was
 * recorded.
 */
static void
report_masked(const struct input_plan *p, const char *path,
    struct json_span string)
{
	char *msg;
	int added;

	if (!p->report || !is_masked(string) ||
	    (json_is(p->replaced, JSON_OBJECT) && json_get(p->replaced,
	    path).p))
		return;
	set_add(p->masked, hash_bytes(0, 0, path, strlen(path)), &added);
	if (!added)
		return;
	msg = xasprintf("the argument '%s' was masked when it was recorded, "
	    "and the handler gets *** for the secret: give it a value with "
	    "replay_args.set", path);
	p->report(msg);
	free(msg);
}

static int
input_each_string(void *arg, const char *path, struct json_span string)
{
	static const char mark[] = "\"<repr:";
	struct callables *c = arg;
	struct json_span name, type = { 0 };
	const char *kind;
	int is_mark = string.n > sizeof(mark) &&
	    !memcmp(string.p, mark, sizeof(mark) - 1) &&
	    json_is(c->providers, JSON_OBJECT) &&
	    json_get(c->providers, path).p;

	if (string.p == c->replaced.p)
		return 0;
	if (json_is(c->types, JSON_OBJECT))
		type = json_get(c->types, path);
	if ((!record_callable(string, &name) && !is_mark) ||
	    (type.p && json_is_str(type, "str"))) {
		report_masked(c->plan, path, string);
		return 0;
	}
	kind = mapped(c->providers, path);
	if (!kind && type.p)	/* a class, which needs no provider */
		return 0;
	if (!kind && !strncmp(string.p, "\"<builtin:", 10))
		kind = provider_kind(string.p + 2, string.n - 4, 0);
	if (!kind)
		return err_set(c->e, 0, 0, "the recorded callable '%s' (%.*s) "
		    "has no provider: name one in "
		    "replay_args.callable_providers", path, (int)string.n - 2,
		    string.p + 1);
	json_add_str(c->found, path, kind);
	return 0;
}

/*
 * Adds providers for parameters that were not recorded, and for methods of
 * arguments.
 */
static void
add_unrecorded(struct input *in, struct json_span kwargs, struct json_span map)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	struct buf name = { 0 };

	if (!json_is(map, JSON_OBJECT))
		return;
	for (it = json_each(map); json_next(&it, &key, &value); ) {
		name.len = 0;
		json_text(&name, key);
		if (!path_get(kwargs, buf_str(&name)).p)
			json_add_str(&in->callables, name.p, provider_kind(
			    value.p + 1, value.n - 2, 1));
	}
	buf_release(&name);
}

static int
put_callables(const struct input_plan *p, struct input *in, struct json_span
    kwargs, const char *path, struct err *e)
{
	struct json_span none = { 0 };
	struct callables c = { p, p->providers, in->types, path ?
	    path_get(kwargs, path) : none, &in->callables, e };
	int bad;

	json_open(&in->callables, NULL, '{');
	bad = path_strings(kwargs, input_each_string, &c);
	if (!bad)
		add_unrecorded(in, kwargs, p->providers);
	json_close(&in->callables, '}');
	return bad;
}

static void
add_replaced(struct input *in, const char *path, size_t n)
{
	if (in->replaced.len)
		in->replaced.len--;
	else
		json_open(&in->replaced, NULL, '[');
	json_add_text(&in->replaced, NULL, path, n);
	json_close(&in->replaced, ']');
}

/*
 * Appends the arguments to b with the values of replay_args.set in them.
 * Returns 0, or -1 with *e filled in.
 */
static int
put_constants(const struct input_plan *p, struct input *in,
    struct json_span kwargs, struct buf *b, struct err *e)
{
	struct json_span key = { 0 }, value;
	struct buf path = { 0 }, next = { 0 };
	struct json_iter it;
	int bad = 0;

	buf_add(b, kwargs.p, kwargs.n);
	if (!p->set.len)
		return 0;
	for (it = json_each(json_buf(&p->set)); !bad && json_next(&it, &key,
	    &value); ) {
		path.len = next.len = 0;
		json_text(&path, key);
		if (path_set(&next, json_buf(b), buf_str(&path), value)) {
			bad = err_set(e, 0, 0, "replay_args.set: the recorded "
			    "arguments have no '%s'", path.p);
			break;
		}
		add_replaced(in, path.p, path.len);
		b->len = 0;
		buf_add(b, next.p, next.len);
	}
	buf_release(&path);
	buf_release(&next);
	return bad;
}

/* Sets the input at its place in the arguments. */
static int
put_kwargs(struct input *in, struct json_span kwargs, const char *path,
    struct err *e)
{
	struct json_span input = { in->value.p, in->value.len };

	if (json_type(input) == JSON_NULL) {
		buf_add(&in->kwargs, kwargs.p, kwargs.n);
		return 0;
	}
	if (path && !path_set(&in->kwargs, kwargs, path, input)) {
		add_replaced(in, path, strlen(path));
		return 0;
	}
	buf_add(&in->kwargs, kwargs.p, kwargs.n);
	if (path)
		return err_set(e, 0, 0, "the recorded arguments have no '%s' "
		    "to put the input into (replay_args.override_param_path)",
		    path);
	return err_set(e, 0, 0, "cannot tell which recorded argument takes "
	    "the input: set replay_args.override_param_path");
}

/*
 * Reports, once, that the configured place is not there and the input goes to
 * its own.
 */
static void
report_place(const struct input_plan *p, const char *own)
{
	char *msg;
	int added;

	set_add(p->masked, hash_bytes(0, 1, p->path, strlen(p->path)), &added);
	if (!added)
		return;
	msg = xasprintf("warning: the recorded arguments have no '%s' "
	    "(replay_args.override_param_path); the input goes to '%s', where "
	    "its text was found", p->path, own);
	p->report(msg);
	free(msg);
}

/* Returns the path of the place where the input goes; empty: none. */
static struct buf
input_place(const struct input_plan *p, const struct input *in,
    struct json_span kwargs)
{
	struct json_span at = { 0 };
	struct buf own = { 0 }, path = { 0 };

	if (in->metadata.p)
		at = json_get(in->metadata, "input_path");
	if (json_is(at, JSON_STRING))
		json_text(&own, at);
	place_of_input(&path, kwargs, p->path, own.len ? buf_str(&own) : NULL,
	    in->value.len && *in->value.p == '"');
	if (p->report && p->path && path.len && !path_get(kwargs, p->path).p &&
	    own.len && path_get(kwargs, buf_str(&own)).p)
		report_place(p, buf_str(&own));
	buf_release(&own);
	return path;
}

static int
replay(struct input_plan *p, struct input *in, struct err *e)
{
	struct json_span kwargs = { 0 };
	struct buf place, set = { 0 };
	const char *path;
	int bad;

	if (in->metadata.p) {
		kwargs = json_get(in->metadata, "template_kwargs");
		in->objects = json_get(in->metadata, "objects");
		in->types = json_get(in->metadata, "types");
	}
	if (!json_is(kwargs, JSON_OBJECT)) {
		if (need_recording(p, e))
			return -1;
		kwargs = json_get(json_buf(&p->recorded), "kwargs");
		in->objects = json_get(json_buf(&p->recorded), "objects");
		in->types = json_get(json_buf(&p->recorded), "types");
	}
	place = input_place(p, in, kwargs);
	path = place.len ? buf_str(&place) : NULL;
	bad = put_constants(p, in, kwargs, &set, e);
	kwargs = json_buf(&set);
	if (!bad)
		bad = put_callables(p, in, kwargs, path, e);
	if (put_kwargs(in, kwargs, path, e))
		bad = -1;
	buf_release(&place);
	buf_release(&set);
	return bad;
}

static void
identify(struct input *in, struct json_span input, struct json_span id)
{
	struct json_span kwargs = { 0 };
	uint64_t number;

	if (record_id_number(id, &number)) {
		memcpy(in->id, id.p + 1, RECORD_ID - 1);
		return;
	}
	if (in->metadata.p)
		kwargs = json_get(in->metadata, "template_kwargs");
	record_input_id(input, kwargs, in->id);
}

struct input *
input_new(struct input_plan *p, struct json_span record,
    const struct json_span v[INPUT_FIELDS], struct err *e)
{
	struct input *in = xcalloc(1, sizeof(*in));
	struct json_span persona, null = { "null", 4 };
	struct buf name = { 0 };

	in->refs = 1;
	buf_add(&in->record, record.p, record.n);
	buf_str(&in->record);
	in->metadata = json_moved(v[INPUT_METADATA], record.p, in->record.p);
	if (!json_is(in->metadata, JSON_OBJECT))
		in->metadata.p = NULL;
	identify(in, v[INPUT_VALUE].p ? v[INPUT_VALUE] : null, v[INPUT_ID]);
	if (in->metadata.p) {
		persona = json_get(in->metadata, "persona");
		if (json_is(persona, JSON_STRING)) {
			json_text(&name, persona);
			in->persona = buf_detach(&name, NULL);
		}
	}
	json_add(&in->value, NULL, v[INPUT_VALUE]);
	in->templated = p->template != NULL;
	if (in->templated)
		apply_template(p, in);
	if (p->args.len)
		in->args = json_buf(&p->args);
	if (p->replay)
		replay(p, in, e);
	return in;
}

void
input_unref(struct input *in)
{
	if (!in || --in->refs)
		return;
	free(in->persona);
	free(in->error);
	buf_release(&in->record);
	buf_release(&in->value);
	buf_release(&in->kwargs);
	buf_release(&in->callables);
	buf_release(&in->replaced);
	free(in);
}
