#pragma once
/* Bodies and query parameters of the platform surface's files. */
#include "json.h"
#include "page.h"

struct media_query {
    struct page_query page;
    struct str entity_type, entity_id;
};
extern const struct json_schema MEDIA_QUERY;

struct media_mine_query {
    int64_t limit; /* JSON_NO_INT: not given */
};
extern const struct json_schema MEDIA_MINE_QUERY;

struct media_reassign_body {
    struct str from_entity_type, from_entity_id, to_entity_type, to_entity_id;
};
extern const struct json_schema MEDIA_REASSIGN_BODY;

struct media_upload_body {
    struct str file_name, mime_type;
    int64_t file_size;
    struct str entity_type, entity_id, alt_text, sha256;
    int8_t is_public; /* enum json_tristate */
};
extern const struct json_schema MEDIA_UPLOAD_BODY;
