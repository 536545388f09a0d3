#ifndef VERDICT_H
#define VERDICT_H

/*
 * Whether a check, or a trace, holds. What cannot be judged neither holds nor
 * fails.
 */
#include "base/buf.h"

enum verdict_kind { VERDICT_NONE, VERDICT_FAIL, VERDICT_PASS };

struct verdict {
	enum verdict_kind kind;
	double score;		/* 0 to 1; meaningless for VERDICT_NONE */
	struct buf reason;	/* why it fails or was not judged */
};

#endif
