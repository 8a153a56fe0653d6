#pragma once
/*
 * Files of a message: references to media of helpdesk-service. The bytes are fetched there, with
 * the reader's own token, and its rules decide who may: a reference gives nobody a right.
 */
#include "json.h"

#define MAX_FILE_NAME 255 /* code points */

struct attachment {
    int64_t media_id;
    struct str file_name; /* kept as it is */
    struct str mime_type; /* absent: not told */
    int64_t file_size;    /* JSON_NO_INT: not told */
};
extern const struct json_schema ATTACHMENT_SCHEMA;

/* The array as clients see it, by the names of all surfaces; absent without any. */
struct str attachments_json(struct arena *a, const struct json_array *files);

/* Likewise of such an array, absent for none: how many, whether one is there, with one more,
 * without one. */
size_t attachments_count(struct arena *a, struct str json);
bool attachments_have(struct arena *a, struct str json, int64_t media_id);
struct str attachments_with(struct arena *a, struct str json, const struct attachment *file);
struct str attachments_without(struct arena *a, struct str json, int64_t media_id);
