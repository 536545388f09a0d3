#ifndef PURPOSE_H
#define PURPOSE_H

/*
 * What a whole message is for, as the letters that phrases are marked with
 * (phrases.h): how something is done, a question about something of one's own,
 * a request, a complaint, a report, a task for a tool (code, data or text to work
 * on), the next message of a conversation. Phrases without letters fit all but
 * the last.
 */
#include "kind.h"

enum { PURPOSE_HOW = 'H', PURPOSE_QUESTION = 'Q', PURPOSE_REQUEST = 'R',
	PURPOSE_COMPLAINT = 'C', PURPOSE_REPORT = 'S', PURPOSE_TASK = 'T',
	PURPOSE_NEXT = 'N' };

/* The purpose of a message whose main sentence is found. */
char purpose_of(const struct user_text *t);

#endif
