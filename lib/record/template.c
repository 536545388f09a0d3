#include <stddef.h>

#include "base/buf.h"
#include "base/util.h"
#include "template.h"

const char *const template_fields[TEMPLATE_FIELDS] = {
	[TEMPLATE_TARGET] = "target",
	[TEMPLATE_KWARGS] = "kwargs",
	[TEMPLATE_OBJECTS] = "objects",
	[TEMPLATE_TYPES] = "types",
	[TEMPLATE_TIMESTAMP] = "timestamp"
};

void
template_put(struct buf *b, struct json_span record,
    const struct json_span v[TEMPLATE_FIELDS], struct json_span text,
    const char *path, const char *file, long long line)
{
	static const char *const known[] = {
		"_version", "iteration", "target", "kwargs", "timestamp",
		"objects", "types", "input", "input_path", "recorded_at",
		"source"
	};

	json_open(b, NULL, '{');
	json_add(b, "target", v[TEMPLATE_TARGET]);
	json_add(b, "input", text);
	json_add_str(b, "input_path", path);
	json_add(b, "kwargs", v[TEMPLATE_KWARGS]);
	/* {} means that there are none, absent that it is unknown */
	if (v[TEMPLATE_OBJECTS].p)
		json_add(b, "objects", v[TEMPLATE_OBJECTS]);
	if (v[TEMPLATE_TYPES].p)
		json_add(b, "types", v[TEMPLATE_TYPES]);
	json_add(b, "recorded_at", v[TEMPLATE_TIMESTAMP]);
	json_open(b, "source", '{');
	json_add_str(b, "file", file);
	json_add_int(b, "line", line);
	json_close(b, '}');
	json_add_others(b, record, known, LEN(known));
	json_close(b, '}');
	buf_byte(b, '\n');
}
