#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "input.h"
#include "queue.h"
#include "run.h"
#include "runlist.h"

int
runlist_each(const struct config *c, struct queue_plan *plan,
    struct source *s, int (*take)(void *arg, const struct run *r), void *arg,
    struct err *e)
{
	struct input_plan inputs;
	struct queue q;
	struct run *r;
	int bad, stop = 0;

	bad = input_plan_init(&inputs, c, -1, NULL, e);
	plan->inputs = &inputs;
	queue_init(&q, plan, s);
	do {
		while (!bad && !stop && (r = queue_next(&q, 0))) {
			stop = take(arg, r);
			run_free(r);
		}
	} while (q.again && !stop);
	queue_release(&q);
	input_plan_release(&inputs);
	plan->inputs = NULL;
	return bad;
}

void
runlist_put(struct buf *b, const struct run *r)
{
	static const char *const ours[] = {
		"run_id", "input_id", "iteration", "persona"
	};

	json_open(b, NULL, '{');
	json_add_str(b, ours[0], r->id);
	json_add_str(b, ours[1], r->input->id);
	json_add_int(b, ours[2], r->iteration);
	json_add_str(b, ours[3], r->input->persona);
	json_copy_others(b, json_buf(&r->input->record), ours, LEN(ours));
	json_close(b, '}');
	buf_byte(b, '\n');
}
