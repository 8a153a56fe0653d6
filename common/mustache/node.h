#pragma once
/* The inside of a parsed template, shared by this library's own files only. */
#include "mustache.h"

#define NAME_MAX_BYTES 100

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_RAW, NODE_SECTION, NODE_INVERTED, NODE_END };

struct node {
    enum node_kind kind;
    int line;
    struct str text; /* literal text, or the name */
    size_t end;      /* of a section: its NODE_END */
};

struct mustache {
    const struct node *nodes;
    size_t count;
};
