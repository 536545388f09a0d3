#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "io/out.h"
#include "input.h"
#include "queue.h"
#include "run.h"
#include "runlist.h"

static void
put_run(struct buf *b, const struct run *r)
{
	static const char *const ours[] = {
		"run_id", "input_id", "iteration", "persona"
	};
	struct json_span key, value;
	struct json_iter it;
	size_t i;

	json_open(b, NULL, '{');
	json_add_str(b, ours[0], r->id);
	json_add_str(b, ours[1], r->input->id);
	json_add_int(b, ours[2], r->iteration);
	json_add_str(b, ours[3], r->input->persona);
	for (it = json_each(json_buf(&r->input->record)); json_next(&it, &key,
	    &value); ) {
		for (i = 0; i < LEN(ours) && !json_is_str(key, ours[i]); i++)
			;
		if (i < LEN(ours))
			continue;
		json_add(b, NULL, key);
		buf_byte(b, ':');
		buf_add(b, value.p, value.n);
	}
	json_close(b, '}');
	buf_byte(b, '\n');
}

void
runlist_put(const struct queue_plan *plan, struct source *s, struct out *o)
{
	struct queue q;
	struct run *r;

	queue_init(&q, plan, s);
	do {
		while (!o->error && (r = queue_next(&q, 0))) {
			put_run(out_begin(o), r);
			run_free(r);
			out_end(o);
		}
	} while (q.again && !o->error);
	queue_release(&q);
}
