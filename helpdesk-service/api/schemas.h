#pragma once
/* Request bodies and query parameters, as the routes decode them. */
#include "api/page.h"
#include "json.h"

struct ticket_body {
    struct str subject, description, category, sub_category, department, priority;
    int64_t requester_id;
};
extern const struct json_schema TICKET_BODY;

/* Absent members are left as they are; sub_category and department may be null: none. */
struct ticket_patch {
    struct str subject, description, category, sub_category, department, priority, status, reason;
};
extern const struct json_schema TICKET_PATCH;

struct ticket_query {
    struct page_query page;
    struct json_array status, priority; /* struct str */
    struct str category, department, owner, requester, search, sort;
};
extern const struct json_schema TICKET_QUERY;

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
    int8_t expects_workflow;
    struct json_array sub_categories; /* struct str */
};
extern const struct json_schema CATEGORY_BODY;

/* The simple surface takes any scalar where it wants a text, and checks in its own words. */
struct simple_ticket_body {
    struct str title, description, category, priority, status;
};
extern const struct json_schema SIMPLE_TICKET_BODY;

struct simple_feedback_body {
    struct str ticket_id, rating, comment;
};
extern const struct json_schema SIMPLE_FEEDBACK_BODY;
