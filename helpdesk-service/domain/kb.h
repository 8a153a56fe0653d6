#pragma once
/* The knowledge base's rules: who may read what, and which state follows which. */
#include <stddef.h>

#include "actor.h"
#include "err.h"
#include "str.h"

enum kb_visibility {
    KB_PUBLIC,   /* without a login */
    KB_INTERNAL, /* whoever has logged in, and programs */
    KB_AGENTS,   /* who works on tickets */
    KB_VISIBILITY_COUNT
};
const char *kb_visibility_word(enum kb_visibility v); /* "public" */
/* KB_VISIBILITY_COUNT when unknown. */
enum kb_visibility kb_visibility_parse(struct str word);

enum kb_state { KB_DRAFT, KB_PUBLISHED, KB_ARCHIVED, KB_STATE_COUNT };
const char *kb_state_word(enum kb_state s); /* "draft" */
enum kb_state kb_state_parse(struct str word);

/* What a person reads: published articles up to a visibility; editors everything. */
struct kb_reader {
    enum kb_visibility most;
    bool is_editor;
};
/* NULL: somebody without a login. An API token counts for as much as its scope has: TICKET_READ for
 * what is not public, KB_EDIT for editing. */
struct kb_reader kb_reader_of(const struct actor *a);
bool kb_may_read(struct kb_reader r, enum kb_state state, enum kb_visibility v);

enum kb_action { KB_PUBLISH, KB_UNPUBLISH, KB_ARCHIVE, KB_ACTION_COUNT };
/*
 * ERR_CONFLICT when the state does not allow it. Publishing an article again needs a version newer
 * than the published one.
 */
MUST_CHECK enum err kb_act(enum kb_action action, enum kb_state *state, bool has_newer);

/* "en", "pt-BR". */
bool kb_is_language(struct str s);
