#pragma once
/* Between YAML and JSON: what has the same shape in both. */
#include "doc.h"
#include "json.h"

/* The tree as JSON text: plain words become what YAML takes them for, quoted ones strings. Numbers
 * that JSON does not have (.inf) are strings. */
struct str doc_to_json(struct arena *a, const struct doc_node *root);
/*
 * The value as a YAML document in block style, the same for the same value; absent when it has text
 * that is not UTF-8. Read back by doc_parse and doc_to_json it is the value again, and other
 * readers, of YAML 1.1 or 1.2, find the same types.
 */
struct str doc_from_json(struct arena *a, const struct json *v);
