#include "api/kb_schemas.h"

#include "domain/slug.h"

#define NAME_MAX_LEN 100
#define TITLE_MAX 200
#define TEXT_MAX 1000
#define QUERY_MAX 500
#define SUGGEST_MAX 20000 /* a ticket's subject and description */
#define VISIBILITIES "public|internal|agents"

#define FIELD(type, member, kind_, ...)                                                            \
    {                                                                                              \
        .name = #member, .kind = (kind_), .offset = offsetof(struct type, member), __VA_ARGS__     \
    }
#define CLOSED_SCHEMA(var, schema_name, type, field_array)                                         \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(type),                                                                      \
        .closed = true,                                                                            \
    }
#define NEEDED .flags = JF_REQUIRED | JF_NON_EMPTY

#define CATEGORY_REST                                                                              \
    FIELD(kb_category_body, description, JK_STR, .max = TEXT_MAX),                                 \
        FIELD(kb_category_body, parent_id, JK_INT, .min = 1, .max = 0,                             \
              .doc = "a category at the top"),                                                     \
        FIELD(kb_category_body, position, JK_INT, .min = 0, .max = 1000000,                        \
              .doc = "among its siblings; equal ones go by name")

static const struct json_field KB_CATEGORY_BODY_FIELDS[] = {
    FIELD(kb_category_body, name, JK_STR, NEEDED, .min = 1, .max = NAME_MAX_LEN),
    CATEGORY_REST,
};
CLOSED_SCHEMA(KB_CATEGORY_BODY, "KbCategoryCreate", struct kb_category_body,
              KB_CATEGORY_BODY_FIELDS);

static const struct json_field KB_CATEGORY_PATCH_FIELDS[] = {
    FIELD(kb_category_body, name, JK_STR, .min = 1, .max = NAME_MAX_LEN),
    CATEGORY_REST,
};
CLOSED_SCHEMA(KB_CATEGORY_PATCH, "KbCategoryPatch", struct kb_category_body,
              KB_CATEGORY_PATCH_FIELDS);

#define ARTICLE_REST                                                                               \
    FIELD(kb_article_body, slug, JK_STR, .min = 1, .max = SLUG_MAX,                                \
          .doc = "made of the title unless given; old ones keep leading to the article"),          \
        FIELD(kb_article_body, body, JK_STR, .max = KB_BODY_MAX, .min = 0,                         \
              .doc = "Markdown, kept and returned as it is"),                                      \
        FIELD(kb_article_body, summary, JK_STR, .max = TEXT_MAX),                                  \
        FIELD(kb_article_body, category_id, JK_INT, .min = 1, .max = 0),                           \
        FIELD(kb_article_body, tags, JK_STR_ARRAY, .max = KB_TAG_MAX),                             \
        FIELD(kb_article_body, language, JK_STR, .min = 2, .max = 6,                               \
              .doc = "en or pt-BR; en unless given"),                                              \
        FIELD(kb_article_body, visibility, JK_ENUM, .choices = VISIBILITIES,                       \
              .doc = "internal unless given"),                                                     \
        FIELD(kb_article_body, note, JK_STR, .max = TEXT_MAX, .doc = "kept with the version")

static const struct json_field KB_ARTICLE_BODY_FIELDS[] = {
    FIELD(kb_article_body, title, JK_STR, NEEDED, .min = 1, .max = TITLE_MAX),
    ARTICLE_REST,
};
CLOSED_SCHEMA(KB_ARTICLE_BODY, "KbArticleCreate", struct kb_article_body, KB_ARTICLE_BODY_FIELDS);

static const struct json_field KB_ARTICLE_PATCH_FIELDS[] = {
    FIELD(kb_article_body, title, JK_STR, .min = 1, .max = TITLE_MAX),
    ARTICLE_REST,
};
CLOSED_SCHEMA(KB_ARTICLE_PATCH, "KbArticlePatch", struct kb_article_body, KB_ARTICLE_PATCH_FIELDS);

static const struct json_field KB_ARTICLE_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(offsetof(struct kb_article_query, page)),
    PAGE_FIELD_SIZE(offsetof(struct kb_article_query, page)),
    PAGE_FIELD_CURSOR(offsetof(struct kb_article_query, page)),
    FIELD(kb_article_query, state, JK_ENUM, .choices = "draft|published|archived",
          .doc = "readers see published ones only"),
    FIELD(kb_article_query, visibility, JK_ENUM, .choices = VISIBILITIES),
    FIELD(kb_article_query, tag, JK_STR, .max = NAME_MAX_LEN),
    FIELD(kb_article_query, language, JK_STR, .max = 6),
    FIELD(kb_article_query, category, JK_INT, .min = 1, .max = 0, .doc = "with those below it"),
    FIELD(kb_article_query, author, JK_INT, .min = 1, .max = 0),
    FIELD(kb_article_query, sort, JK_ENUM,
          .choices = "updated_at|-updated_at|created_at|-created_at|title|-title|views|-views|"
                     "helpful|-helpful",
          .doc = "-updated_at unless given"),
};
JSON_SCHEMA(KB_ARTICLE_QUERY, "KbArticleQuery", struct kb_article_query, KB_ARTICLE_QUERY_FIELDS);

static const struct json_field KB_VIEW_QUERY_FIELDS[] = {
    FIELD(kb_view_query, view, JK_ENUM, .choices = "latest|published",
          .doc = "for editors, who see the newest version unless they ask for the published one"),
};
JSON_SCHEMA(KB_VIEW_QUERY, "KbViewQuery", struct kb_view_query, KB_VIEW_QUERY_FIELDS);

static const struct json_field KB_DIFF_QUERY_FIELDS[] = {
    FIELD(kb_diff_query, from, JK_INT, .flags = JF_REQUIRED, .min = 1, .max = 0),
    FIELD(kb_diff_query, to, JK_INT, .flags = JF_REQUIRED, .min = 1, .max = 0),
};
JSON_SCHEMA(KB_DIFF_QUERY, "KbDiffQuery", struct kb_diff_query, KB_DIFF_QUERY_FIELDS);

#define LANGUAGE_DOC "whose inflection counts; English unless given"
static const struct json_field KB_SEARCH_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(offsetof(struct kb_search_query, page)),
    PAGE_FIELD_SIZE(offsetof(struct kb_search_query, page)),
    PAGE_FIELD_CURSOR(offsetof(struct kb_search_query, page)),
    FIELD(kb_search_query, q, JK_STR, NEEDED, .min = 1, .max = QUERY_MAX,
          .doc = "all words, the last one as a beginning"),
    FIELD(kb_search_query, language, JK_STR, .max = 6, .doc = "only articles in it"),
    FIELD(kb_search_query, category, JK_INT, .min = 1, .max = 0, .doc = "with those below it"),
};
JSON_SCHEMA(KB_SEARCH_QUERY, "KbSearchQuery", struct kb_search_query, KB_SEARCH_QUERY_FIELDS);

static const struct json_field KB_SUGGEST_QUERY_FIELDS[] = {
    FIELD(kb_suggest_query, q, JK_STR, NEEDED, .min = 1, .max = SUGGEST_MAX,
          .doc = "what is being typed; any of the first words"),
    FIELD(kb_suggest_query, language, JK_STR, .max = 6, .doc = LANGUAGE_DOC),
    FIELD(kb_suggest_query, limit, JK_INT, .min = 1, .max = 20, .doc = "5 unless given"),
};
JSON_SCHEMA(KB_SUGGEST_QUERY, "KbSuggestQuery", struct kb_suggest_query, KB_SUGGEST_QUERY_FIELDS);

static const struct json_field KB_GAP_QUERY_FIELDS[] = {
    FIELD(kb_gap_query, limit, JK_INT, .min = 1, .max = 1000, .doc = "20 unless given"),
};
JSON_SCHEMA(KB_GAP_QUERY, "KbGapQuery", struct kb_gap_query, KB_GAP_QUERY_FIELDS);

static const struct json_field KB_VOTE_BODY_FIELDS[] = {
    FIELD(kb_vote_body, helpful, JK_BOOL, .flags = JF_REQUIRED),
    FIELD(kb_vote_body, comment, JK_STR, .max = TEXT_MAX, .doc = "for those who write"),
};
CLOSED_SCHEMA(KB_VOTE_BODY, "KbVote", struct kb_vote_body, KB_VOTE_BODY_FIELDS);

static const struct json_field TICKET_ARTICLE_BODY_FIELDS[] = {
    FIELD(ticket_article_body, article_id, JK_INT, .flags = JF_REQUIRED, .min = 1, .max = 0),
};
CLOSED_SCHEMA(TICKET_ARTICLE_BODY, "TicketArticle", struct ticket_article_body,
              TICKET_ARTICLE_BODY_FIELDS);
