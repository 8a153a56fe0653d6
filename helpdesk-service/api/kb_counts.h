#pragma once
/*
 * Views of articles and searches that found nothing, counted in memory and written together every
 * few seconds, so that no reader waits for a write. What a killed process had not written yet is
 * lost; a stopping one writes it.
 */
#include "db.h"

struct kb_counts;
struct service;

struct kb_counts *kb_counts_new(void);
void kb_counts_free(struct kb_counts *c);

void kb_counts_view(struct kb_counts *c, int64_t article_id);
/* query as domain/kb_text.h normalises it; an empty one is not counted. */
void kb_counts_gap(struct kb_counts *c, struct str query);

void kb_counts_start(struct service *s);
/* Writes what is left. */
void CO_FN kb_counts_flush(struct service *s);
