#ifndef TYPO_H
#define TYPO_H

/* Slips of the fingers; the strategy typo. */
#include <stddef.h>

#include "strategy.h"

extern const struct step typo_slips[];
extern const size_t typo_nslips;

#endif
