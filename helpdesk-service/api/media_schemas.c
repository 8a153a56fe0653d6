#include "api/media_schemas.h"

#define WORD_MAX 128
#define TEXT_MAX 2000
#define SIZE_MAX_BYTES (1LL << 40)

#define FIELD(type, member, kind_, ...)                                                            \
    {                                                                                              \
        .name = #member, .kind = (kind_), .offset = offsetof(struct type, member), __VA_ARGS__     \
    }

static const struct json_field MEDIA_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(offsetof(struct media_query, page)),
    PAGE_FIELD_SIZE(offsetof(struct media_query, page)),
    PAGE_FIELD_CURSOR(offsetof(struct media_query, page)),
    FIELD(media_query, entity_type, JK_STR, .max = WORD_MAX,
          .doc = "with entity_id: the files of this; \"ticket\" takes number or id"),
    FIELD(media_query, entity_id, JK_STR, .max = WORD_MAX),
};
JSON_SCHEMA(MEDIA_QUERY, "MediaQuery", struct media_query, MEDIA_QUERY_FIELDS);

static const struct json_field MEDIA_MINE_QUERY_FIELDS[] = {
    FIELD(media_mine_query, limit, JK_INT, .min = 1, .max = 1000000000,
          .doc = "50 unless given, at most 100"),
};
JSON_SCHEMA(MEDIA_MINE_QUERY, "MediaMineQuery", struct media_mine_query, MEDIA_MINE_QUERY_FIELDS);

static const struct json_field MEDIA_REASSIGN_FIELDS[] = {
    FIELD(media_reassign_body, from_entity_type, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY,
          .min = 1, .max = WORD_MAX),
    FIELD(media_reassign_body, from_entity_id, JK_STR,
          .flags = JF_REQUIRED | JF_NON_EMPTY | JF_COERCE, .min = 1, .max = WORD_MAX),
    FIELD(media_reassign_body, to_entity_type, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY,
          .min = 1, .max = WORD_MAX),
    FIELD(media_reassign_body, to_entity_id, JK_STR,
          .flags = JF_REQUIRED | JF_NON_EMPTY | JF_COERCE, .min = 1, .max = WORD_MAX),
};
JSON_SCHEMA(MEDIA_REASSIGN_BODY, "MediaReassign", struct media_reassign_body,
            MEDIA_REASSIGN_FIELDS);

static const struct json_field MEDIA_UPLOAD_FIELDS[] = {
    FIELD(media_upload_body, file_name, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = TEXT_MAX),
    FIELD(media_upload_body, mime_type, JK_STR, .max = WORD_MAX,
          .doc = "what the content looks like unless given"),
    FIELD(media_upload_body, file_size, JK_INT, .flags = JF_REQUIRED, .min = 0,
          .max = SIZE_MAX_BYTES, .doc = "bytes of the whole file"),
    FIELD(media_upload_body, entity_type, JK_STR, .max = WORD_MAX),
    FIELD(media_upload_body, entity_id, JK_STR, .flags = JF_COERCE, .max = WORD_MAX),
    FIELD(media_upload_body, alt_text, JK_STR, .max = TEXT_MAX),
    FIELD(media_upload_body, sha256, JK_STR, .max = WORD_MAX,
          .doc = "hexadecimal; the content must have it"),
    FIELD(media_upload_body, is_public, JK_BOOL, .flags = JF_COERCE),
};
JSON_SCHEMA(MEDIA_UPLOAD_BODY, "MediaUpload", struct media_upload_body, MEDIA_UPLOAD_FIELDS);
