#ifndef OUTPUTS_H
#define OUTPUTS_H

/* What is written of the traces that are imported. */
enum import_output {
	IMPORT_TRACES,		/* each trace with its observations */
	IMPORT_SEPARATE,	/* observations as they are read, then rows */
	IMPORT_INPUTS		/* an input for each trace */
};

#endif
