#pragma once
/*
 * Lists as text: CSV (RFC 4180) and lines of JSON, read in pieces of any size with one
 * record in memory at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"

#define RECORD_MAX (64 * 1024)

struct record_reader {
    bool is_csv; /* a line break inside quotes belongs to the field */
    struct buf record;
    bool in_quotes, is_complete;
    bool is_too_long; /* of the record returned last: what is over RECORD_MAX is missing */
    int64_t line;     /* where the record returned last begins, from 1 */
    int64_t next_line;
};

/* The buffer is in the arena. */
void record_reader_init(struct record_reader *r, struct arena *a, bool is_csv);
/* Takes from *input up to the end of a record; false when the input ends before. The record has no
 * line break at its end and is valid until the next call. */
bool record_next(struct record_reader *r, struct str *input, struct str *record);
/* What is left when the input has ended; false when nothing is. */
bool record_last(struct record_reader *r, struct str *record);

/* The fields of a record, unquoted, in the arena; false when quotes are wrong or there are more
 * than max. */
bool csv_split(struct arena *a, struct str record, struct str *fields, size_t max, size_t *n);

/* Quoted where it must be. What a spreadsheet would take for a formula gets an apostrophe in front,
 * which csv_split takes away again. */
void csv_write_field(struct buf *b, struct str field);
