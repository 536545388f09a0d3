#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/path.h"
#include "json/tree.h"
#include "yaml/yamlin.h"
#include "dotenv.h"
#include "layout.h"
#include "config.h"

/* --- defaults, overrides and the environment of agents ------------------ */

/* Sets a path to a value given as JSON. */
static void
set_value(struct buf *json, const char *path, const char *value)
{
	struct json_span root = json_buf(json);
	struct json_span v = { value, strlen(value) };
	struct buf b = { 0 };

	if (!path_set(&b, root, path, v)) {
		buf_release(json);
		*json = b;
	}
}

/* Whether a variable means true (1) or false (0), or neither (-1). */
static int
truth_of(const char *text)
{
	static const char *const words[] = {
		"false", "true", "0", "1", "no", "yes", "off", "on"
	};
	size_t i;

	for (i = 0; i < LEN(words); i++)
		if (!strcasecmp(text, words[i]))
			return (int)(i % 2);
	return -1;
}

/* Appends the value of an environment variable as JSON. */
static void
put_override(struct buf *b, const struct schema_key *key, const char *text)
{
	double d;
	char *end;

	if (key->type == SCHEMA_BOOL && truth_of(text) >= 0) {
		json_add_bool(b, NULL, truth_of(text));
		return;
	}
	d = strtod(text, &end);
	if (key->type == SCHEMA_STRING || end == text || *end || !isfinite(d))
		json_put_text(b, text, strlen(text));
	else
		json_add_double(b, NULL, d);
}

static int
apply_overrides(struct buf *json, const struct env *env,
    schema_report *report, void *arg)
{
	const struct schema_key *key;
	const char *text;
	struct buf value = { 0 };
	struct err e = { 0 };
	size_t i;
	int bad = 0;

	for (i = 0; i < schema_nkeys; i++) {
		key = &schema_keys[i];
		text = key->env ? env_get(env, key->env) : NULL;
		if (!text || !*text)
			continue;
		value.len = 0;
		put_override(&value, key, text);
		buf_str(&value);
		if (schema_check_value(key, key->path, json_buf(&value), &e)) {
			bad = err_set(&e, 0, 0, "%s='%s' in the environment: "
			    "%s", key->env, text, e.msg);
			report(arg, 1, &e);
		} else {
			set_value(json, key->path, value.p);
		}
	}
	buf_release(&value);
	err_release(&e);
	return bad;
}

/*
 * Writes whole numbers such as 5.0 and 1e2 in digits, which all readers accept.
 */
static void
spell_integers(struct buf *json)
{
	const struct schema_key *key;
	struct json_span v;
	char *text;
	size_t i;
	double d;

	for (i = 0; i < schema_nkeys; i++) {
		key = &schema_keys[i];
		v = path_get(json_buf(json), key->path);
		if (key->type != SCHEMA_INT || !json_is(v, JSON_NUMBER) ||
		    strspn(v.p, "-0123456789") >= v.n || !json_double(v, &d))
			continue;
		text = xasprintf("%.0f", d);
		set_value(json, key->path, text);
		free(text);
	}
}

static void
add_defaults(struct buf *json)
{
	const struct schema_key *key;
	size_t i;

	for (i = 0; i < schema_nkeys; i++) {
		key = &schema_keys[i];
		if (key->preset &&
		    json_is_null(path_get(json_buf(json), key->path)))
			set_value(json, key->path, key->preset);
	}
}

static int
read_dotenv(struct env *env, const char *dir, schema_report *report,
    void *arg)
{
	char *file = xasprintf("%s/.env", dir);
	int bad = dotenv_read(env, file, report, arg);

	free(file);
	return bad;
}

/* Variables that a clean environment keeps because programs need them. */
static const char *const needed_vars[] = {
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR",
	"LANG", "LANGUAGE", "VIRTUAL_ENV"
};

static int
is_needed(const char *var, size_t n)
{
	size_t i;

	for (i = 0; i < LEN(needed_vars); i++)
		if (strlen(needed_vars[i]) == n &&
		    !memcmp(needed_vars[i], var, n))
			return 1;
	return n > 3 && !memcmp(var, "LC_", 3);
}

/* Whether allow, a string or a list of strings, has a name of n bytes. */
static int
is_allowed(struct json_span allow, const char *var, size_t n)
{
	struct json_span key, item;
	struct json_iter it;

	if (json_is(allow, JSON_STRING))
		return json_equal(allow, var, n);
	if (!json_is(allow, JSON_ARRAY))
		return 0;
	for (it = json_each(allow); json_next(&it, &key, &item); )
		if (json_is(item, JSON_STRING) && json_equal(item, var, n))
			return 1;
	return 0;
}

/* Returns the variables of own that a clean environment keeps. */
static struct env
clean_env(const struct env *own, struct json_span allow)
{
	struct env kept = { 0 };
	size_t i, n;

	for (i = 0; i < own->n; i++) {
		n = strcspn(own->vars[i], "=");
		if (is_needed(own->vars[i], n) ||
		    is_allowed(allow, own->vars[i], n))
			env_set(&kept, own->vars[i], n,
			    own->vars[i] + n + 1, 1);
	}
	return kept;
}

/* Adds the variables of from whose names env lacks. */
static void
add_missing(struct env *env, const struct env *from)
{
	const char *eq;
	size_t i;

	for (i = 0; i < from->n; i++) {
		eq = strchr(from->vars[i], '=');
		env_set(env, from->vars[i], (size_t)(eq - from->vars[i]),
		    eq + 1, 0);
	}
}

/* Adds the variables of a JSON object, as add_missing does. */
static void
add_configured(struct env *env, struct json_span vars)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	struct buf name = { 0 }, text = { 0 };

	if (!json_is(vars, JSON_OBJECT))
		return;
	for (it = json_each(vars); json_next(&it, &key, &value); ) {
		name.len = text.len = 0;
		json_text(&name, key);
		if (json_type(value) == JSON_STRING)
			json_text(&text, value);
		else if (json_type(value) != JSON_NULL)
			buf_add(&text, value.p, value.n);
		env_set(env, buf_str(&name), name.len, buf_str(&text), 0);
	}
	buf_release(&name);
	buf_release(&text);
}

/* Warns of variables of the process that are not known. */
static void
check_inherited(const struct env *own, schema_report *report, void *arg)
{
	struct err e = { 0 };
	const char *near;
	char *name;
	size_t i;

	for (i = 0; i < own->n; i++) {
		if (strncmp(own->vars[i], "FLUXLOOP_", 9) != 0)
			continue;
		name = xmemdup(own->vars[i], strcspn(own->vars[i], "="));
		if (!schema_has_variable(name)) {
			near = schema_nearest_variable(name);
			err_set(&e, 0, 0, "unknown variable '%s' in the "
			    "environment%s%s%s", name, near ?
			    "; did you mean '" : "", near ? near : "",
			    near ? "'?" : "");
			report(arg, 0, &e);
		}
		free(name);
	}
	err_release(&e);
}

/* --- reading ------------------------------------------------------------ */

/* Reports a second document. Returns 1 if there is one, else 0. */
static int
has_more_documents(struct yamlin_reader *r, schema_report *report,
    void *arg)
{
	struct buf json = { 0 };
	struct err e = { 0 };
	size_t line;
	int got;

	got = yamlin_next(r, &json, &line, &e);
	if (got > 0)
		err_set(&e, line, 0, "second document; the file must be one "
		    "document");
	if (got)
		report(arg, 1, &e);
	err_release(&e);
	buf_release(&json);
	return got != 0;
}

/* Adds the name of a layout's file to reports. */
struct file_report {
	const char *file;
	schema_report *report;
	void *arg;
};

static void
report_in_file(void *arg, int error, const struct err *e)
{
	struct file_report *r = arg;
	struct err named = *e;

	/* borrowed for the call */
	if (!named.file)
		named.file = (char *)(uintptr_t)r->file;
	r->report(r->arg, error, &named);
}

/* Reads one file as JSON and checks it. Returns 0, or -1 after an error. */
static int
read_file(const char *file, struct buf *json, schema_report *report, void *arg)
{
	struct yamlin_reader *r;
	const struct yamlmark *marks;
	struct tree t = { 0 };
	struct err e = { 0 };
	size_t line, n;
	int fd, got, errors = 0;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_set(&e, 0, 0, "%s", strerror(errno));
		report(arg, 1, &e);
		err_release(&e);
		return -1;
	}
	r = yamlin_new(fd, YAMLIN_DOCUMENTS, report, arg);
	got = yamlin_next(r, json, &line, &e);
	if (got < 0) {
		report(arg, errors = 1, &e);
	} else if (got > 0 && *json->p == 'n') {
		json->len = 0;	/* only comments */
	} else if (got > 0) {
		tree_parse(&t, json_buf(json));
		marks = yamlin_marks(r, &n);
		errors = schema_check(&t, marks, report, arg);
		errors += has_more_documents(r, report, arg);
	}
	tree_release(&t);
	err_release(&e);
	yamlin_free(r);
	close(fd);
	return errors ? -1 : 0;
}

/* Appends an object with the fields of over added to those of under. */
static void
put_merged(struct buf *b, struct json_span under, struct json_span over)
{
	struct json_span key = { 0 }, v, other;
	struct json_iter it;
	struct buf name = { 0 };

	json_open(b, NULL, '{');
	for (it = json_each(under); json_next(&it, &key, &v); ) {
		name.len = 0;
		json_text(&name, key);
		other = json_get(over, buf_str(&name));
		json_key(b, name.p);
		if (json_is(v, JSON_OBJECT) && json_is(other, JSON_OBJECT))
			put_merged(b, v, other);
		else
			json_add(b, NULL, other.p ? other : v);
	}
	for (it = json_each(over); json_next(&it, &key, &v); ) {
		name.len = 0;
		json_text(&name, key);
		if (!json_get(under, buf_str(&name)).p)
			json_add(b, name.p, v);
	}
	json_close(b, '}');
	buf_release(&name);
}

/* Reads the files as one object. Returns 0, or -1 after an error. */
static int
read_setting(const struct layout *l, struct buf *json, schema_report *report,
    void *arg)
{
	struct file_report r = { NULL, report, arg };
	struct buf one = { 0 }, both = { 0 };
	size_t i;
	int bad = 0;

	for (i = 0; i < l->n; i++) {
		r.file = l->files[i];
		one.len = 0;
		if (read_file(r.file, &one, report_in_file, &r)) {
			bad = -1;
		} else if (!json->len) {
			buf_add(json, one.p, one.len);
		} else if (one.len) {
			both.len = 0;
			put_merged(&both, json_buf(json), json_buf(&one));
			json->len = 0;
			buf_add(json, both.p, both.len);
		}
	}
	buf_release(&one);
	buf_release(&both);
	return bad;
}

/* A folder, "" for the current one, to be freed; absolute if it exists. */
static char *
real_folder(const char *folder)
{
	char *real = realpath(*folder ? folder : ".", NULL);

	return real ? real : xstrdup(*folder ? folder : ".");
}

int
config_load(struct config *c, const char *file, schema_report *report,
    void *arg)
{
	struct env own = { 0 }, dotenv = { 0 };
	struct layout l = { 0 };
	struct json_span kind;
	struct buf json = { 0 }, up = { 0 };
	int bad = 0;

	memset(c, 0, sizeof(*c));
	c->file = file ? xstrdup(file) : NULL;
	if (file) {
		layout_find(&l, file);
		bad = read_setting(&l, &json, report, arg);
	}
	c->dir = real_folder(file ? l.folder : "");
	layout_release(&l);
	if (bad || !json.len) {
		json.len = 0;
		buf_puts(&json, "{}");
	}
	if (file) {
		buf_printf(&up, "%s/..", c->dir);
		if (read_dotenv(&dotenv, buf_str(&up), report, arg) |
		    read_dotenv(&dotenv, c->dir, report, arg))
			bad = -1;
	}
	env_inherit(&own);
	if (file)
		check_inherited(&own, report, arg);
	add_missing(&own, &dotenv);
	add_defaults(&json);
	if (apply_overrides(&json, &own, report, arg))
		bad = -1;
	spell_integers(&json);
	c->root.n = json.len;
	c->root.p = c->json = buf_detach(&json, NULL);
	kind = config_get(c, "runner.environment");
	if (json_is_str(kind, "clean")) {
		env_release(&own);
		env_inherit(&own);
		c->env = clean_env(&own, config_get(c,
		    "runner.environment_allow"));
		add_missing(&c->env, &dotenv);
		env_release(&own);
	} else {
		c->env = own;
	}
	env_release(&dotenv);
	add_configured(&c->env, config_get(c, "runner.environment_vars"));
	buf_release(&up);
	return bad;
}

void
config_release(struct config *c)
{
	free(c->file);
	free(c->dir);
	free(c->json);
	env_release(&c->env);
	memset(c, 0, sizeof(*c));
}

void
config_defaults(struct buf *json)
{
	struct buf b = { 0 };

	buf_puts(&b, "{}");
	add_defaults(&b);
	buf_add(json, b.p, b.len);
	buf_release(&b);
}

struct json_span
config_get(const struct config *c, const char *path)
{
	struct json_span v = path_get(c->root, path), none = { 0 };

	return v.p && json_type(v) == JSON_NULL ? none : v;
}

char *
config_text(const struct config *c, const char *path)
{
	struct json_span v = config_get(c, path);
	struct buf b = { 0 };

	if (!v.p)
		return NULL;
	if (json_type(v) == JSON_STRING)
		json_text(&b, v);
	else
		buf_add(&b, v.p, v.n);
	return buf_detach(&b, NULL);
}

double
config_number(const struct config *c, const char *path)
{
	double d = 0;

	json_double(config_get(c, path), &d);
	return d;
}

int
config_true(const struct config *c, const char *path)
{
	return json_is_true(config_get(c, path));
}

char *
config_path(const struct config *c, const char *name)
{
	return *name == '/' ? xstrdup(name) :
	    xasprintf("%s/%s", c->dir, name);
}

char *
config_name(const struct config *c)
{
	char *name = config_text(c, "name");
	const char *slash;

	if (name && *name)
		return name;
	free(name);
	slash = strrchr(c->dir, '/');
	return xstrdup(slash && slash[1] ? slash + 1 : "experiment");
}
