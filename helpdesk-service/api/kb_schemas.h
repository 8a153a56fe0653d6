#pragma once
/* Request bodies and query parameters of the knowledge base. */
#include "json.h"
#include "page.h"

#define KB_BODY_MAX 500000 /* characters of an article */
#define KB_TAG_MAX 20

struct kb_category_body {
    struct str name, description;
    int64_t parent_id, position;
};
extern const struct json_schema KB_CATEGORY_BODY;
/* Absent members are left as they are; parent_id may be null: at the top. */
extern const struct json_schema KB_CATEGORY_PATCH; /* struct kb_category_body */

struct kb_article_body {
    struct str title, slug, body, summary, language, visibility, note;
    int64_t category_id;
    struct json_array tags; /* struct str */
};
extern const struct json_schema KB_ARTICLE_BODY;
/* Absent members are left as they are; category_id may be null: none. */
extern const struct json_schema KB_ARTICLE_PATCH; /* struct kb_article_body */

struct kb_article_query {
    struct page_query page;
    struct str state, visibility, tag, language, sort;
    int64_t category, author;
};
extern const struct json_schema KB_ARTICLE_QUERY;

struct kb_view_query {
    struct str view;
};
extern const struct json_schema KB_VIEW_QUERY;

struct kb_diff_query {
    int64_t from, to;
};
extern const struct json_schema KB_DIFF_QUERY;

struct kb_search_query {
    struct page_query page;
    struct str q, language;
    int64_t category;
};
extern const struct json_schema KB_SEARCH_QUERY;

struct kb_suggest_query {
    struct str q, language;
    int64_t limit;
};
extern const struct json_schema KB_SUGGEST_QUERY;

struct kb_gap_query {
    int64_t limit;
};
extern const struct json_schema KB_GAP_QUERY;

struct kb_vote_body {
    int8_t helpful;
    struct str comment;
};
extern const struct json_schema KB_VOTE_BODY;

struct ticket_article_body {
    int64_t article_id;
};
extern const struct json_schema TICKET_ARTICLE_BODY;
