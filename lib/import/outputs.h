#ifndef OUTPUTS_H
#define OUTPUTS_H

/* The records that are written for imported traces. */
enum import_output {
	IMPORT_TRACES,		/* each trace with its observations */
	IMPORT_SEPARATE,	/* observations as they are read, then rows */
	IMPORT_INPUTS		/* an input for each trace */
};

#endif
