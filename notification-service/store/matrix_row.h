#pragma once
/* Cells of a matrix as arrays of their names in a row. */
#include "db.h"
#include "domain/matrix.h"

/* Sets what a column of row 0 names; names of cells that are no more are passed over. */
void matrix_row_read(const struct db_result *r, int col, bool is_on, struct matrix *m);
/* The names of the cells in that state (CELL_ON or CELL_OFF). */
struct db_value matrix_row_value(struct arena *a, const struct matrix *m, int state);
