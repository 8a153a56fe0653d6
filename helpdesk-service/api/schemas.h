#pragma once
/* Request bodies and query parameters, as the routes decode them. */
#include "json.h"
#include "page.h"

struct ticket_body {
    struct str subject, description, category, sub_category, department, priority;
    int64_t requester_id;
    struct json_array tags; /* struct str */
    const struct json *custom_fields;
};
extern const struct json_schema TICKET_BODY;

/* Absent members are left as they are; sub_category and department may be null: none. */
struct ticket_patch {
    struct str subject, description, category, sub_category, department, priority, status, reason;
    struct json_array tags; /* struct str; replaces them, when the member is present */
    const struct json *custom_fields;
};
extern const struct json_schema TICKET_PATCH;

struct ticket_query {
    struct page_query page;
    struct json_array status, priority; /* struct str */
    struct str category, department, owner, requester, tag, approval, search, q, sort;
    struct str format; /* of an export */
};
extern const struct json_schema TICKET_QUERY;
extern const struct json_schema TICKET_EXPORT; /* struct ticket_query without pages and order */

/* Saved views; absent members of a patch are left as they are. */
struct view_body {
    struct str name, query, sort, shared_with, role;
    struct json_array columns; /* struct str */
    int64_t position;
};
extern const struct json_schema VIEW_BODY, VIEW_PATCH;

struct search_query {
    struct page_query page;
    struct str q, type, sort;
};
extern const struct json_schema SEARCH_QUERY;

struct suggest_query {
    struct str q;
    int64_t limit;
};
extern const struct json_schema SUGGEST_QUERY;

struct facet_query {
    struct str q;
};
extern const struct json_schema FACET_QUERY;

struct comment_body {
    struct str comment, visibility;
    int64_t after_comment_id;
};
extern const struct json_schema COMMENT_BODY;

struct comment_patch {
    struct str comment;
};
extern const struct json_schema COMMENT_PATCH;

struct close_body {
    int64_t csat_rating;
    struct str feedback;
};
extern const struct json_schema CLOSE_BODY;

struct reason_body {
    struct str reason;
};
extern const struct json_schema REASON_BODY;

/* Rejecting a ticket that waits for approval. */
extern const struct json_schema REJECT_BODY; /* struct reason_body */

struct approve_body {
    struct str reason, priority, department;
};
extern const struct json_schema APPROVE_BODY;

struct watcher_body {
    int64_t user_id;
};
extern const struct json_schema WATCHER_BODY;

struct link_body {
    struct str type, ticket_number;
};
extern const struct json_schema LINK_BODY;

struct tags_body {
    struct json_array tags; /* struct str */
};
extern const struct json_schema TAGS_BODY;

struct tag_query {
    struct str search;
    int64_t page_size;
};
extern const struct json_schema TAG_QUERY;

struct rating_body {
    int64_t rating;
    struct str comment;
};
extern const struct json_schema RATING_BODY;

struct department_body {
    struct str name;
};
extern const struct json_schema DEPARTMENT_BODY;

struct category_body {
    struct str name, department;
    int8_t expects_workflow, needs_approval;
    struct json_array sub_categories; /* struct str */
};
extern const struct json_schema CATEGORY_BODY;

struct category_patch {
    struct str name, department;
    int8_t expects_workflow, needs_approval, is_active;
};
extern const struct json_schema CATEGORY_PATCH;

/* Of departments and sub-categories. */
struct name_patch {
    struct str name;
    int8_t is_active;
};
extern const struct json_schema NAME_PATCH;

struct custom_field_body {
    struct str key, label, type;
    struct json_array choices, categories; /* struct str */
    int8_t is_required;
};
extern const struct json_schema CUSTOM_FIELD_BODY;

struct custom_field_patch {
    struct str label;
    struct json_array choices, categories; /* struct str */
    int8_t is_required, is_active;
};
extern const struct json_schema CUSTOM_FIELD_PATCH;

/* The simple surface takes any scalar where it wants a text, and checks in its own words. */
struct simple_ticket_body {
    struct str title, description, category, priority, status;
};
extern const struct json_schema SIMPLE_TICKET_BODY;

struct simple_feedback_body {
    struct str ticket_id, rating, comment;
};
extern const struct json_schema SIMPLE_FEEDBACK_BODY;
