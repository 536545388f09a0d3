#ifndef MESSAGE_H
#define MESSAGE_H

/* A text of a user, taken apart. */
#include "kind.h"

/* Takes a text apart; it borrows s. */
void message_init(struct user_text *t, struct span s);
void message_release(struct user_text *t);

#endif
