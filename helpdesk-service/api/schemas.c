#include "api/schemas.h"

#include "api/tag.h"
#include "domain/query.h"

#define PRIORITIES "Low|Medium|High|Urgent|Critical"
#define SUBJECT_MAX 200
#define DESCRIPTION_MAX 20000
#define NAME_MAX_LEN 100
#define TEXT_MAX 10000
#define CLOSED_SCHEMA(var, schema_name, type, field_array)                                         \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(type),                                                                      \
        .closed = true,                                                                            \
    }
#define REASON_MAX 1000
#define QUERY_DOC "the query language: status:open owner:me tag:vpn created:<7d \"a phrase\" -word"

#define FIELD(type, member, kind_, ...)                                                            \
    {                                                                                              \
        .name = #member, .kind = (kind_), .offset = offsetof(struct type, member), __VA_ARGS__     \
    }

static const struct json_field TICKET_BODY_FIELDS[] = {
    FIELD(ticket_body, subject, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = SUBJECT_MAX),
    FIELD(ticket_body, description, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = DESCRIPTION_MAX),
    FIELD(ticket_body, category, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = NAME_MAX_LEN),
    FIELD(ticket_body, sub_category, JK_STR, .max = NAME_MAX_LEN),
    FIELD(ticket_body, department, JK_STR, .max = NAME_MAX_LEN,
          .doc = "the category's own unless given"),
    FIELD(ticket_body, priority, JK_ENUM, .choices = PRIORITIES, .doc = "Medium unless given"),
    FIELD(ticket_body, requester_id, JK_INT, .min = 1, .max = 0, .alias = "employee_id",
          .doc = "for whom staff or a service opens the ticket"),
    FIELD(ticket_body, custom_fields, JK_ANY, .doc = "an object by the keys of the definitions"),
    FIELD(ticket_body, tags, JK_STR_ARRAY, .max = TAG_MAX, .doc = "by staff or a service"),
};
JSON_SCHEMA(TICKET_BODY, "TicketCreate", struct ticket_body, TICKET_BODY_FIELDS);

static const struct json_field TICKET_PATCH_FIELDS[] = {
    FIELD(ticket_patch, subject, JK_STR, .min = 1, .max = SUBJECT_MAX),
    FIELD(ticket_patch, description, JK_STR, .min = 1, .max = DESCRIPTION_MAX),
    FIELD(ticket_patch, category, JK_STR, .min = 1, .max = NAME_MAX_LEN),
    FIELD(ticket_patch, sub_category, JK_STR, .max = NAME_MAX_LEN),
    FIELD(ticket_patch, department, JK_STR, .max = NAME_MAX_LEN),
    FIELD(ticket_patch, priority, JK_ENUM, .choices = PRIORITIES),
    FIELD(ticket_patch, status, JK_STR, .min = 1, .max = NAME_MAX_LEN),
    FIELD(ticket_patch, reason, JK_STR, .max = REASON_MAX, .doc = "kept in the history"),
    FIELD(ticket_patch, custom_fields, JK_ANY, .doc = "those to change; null removes one"),
    FIELD(ticket_patch, tags, JK_STR_ARRAY, .max = TAG_MAX, .doc = "instead of those it has"),
};
const struct json_schema TICKET_PATCH = {
    .name = "TicketPatch",
    .fields = TICKET_PATCH_FIELDS,
    .count = sizeof TICKET_PATCH_FIELDS / sizeof *TICKET_PATCH_FIELDS,
    .size = sizeof(struct ticket_patch),
    .closed = true,
};

/* The filters of lists of tickets. */
#define TICKET_FILTER_FIELDS                                                                       \
    FIELD(ticket_query, status, JK_STR_ARRAY, .max = 20),                                          \
        FIELD(ticket_query, priority, JK_STR_ARRAY, .max = 20),                                    \
        FIELD(ticket_query, category, JK_STR, .max = NAME_MAX_LEN),                                \
        FIELD(ticket_query, department, JK_STR, .max = NAME_MAX_LEN),                              \
        FIELD(ticket_query, owner, JK_STR, .max = 20, .doc = "a user id, me or none"),             \
        FIELD(ticket_query, requester, JK_STR, .max = 20, .doc = "a user id or me"),               \
        FIELD(ticket_query, tag, JK_STR, .max = TAG_CHARS_MAX),                                    \
        FIELD(ticket_query, approval, JK_ENUM, .choices = "pending|approved|rejected",             \
              .doc = "pending: staff see all that wait for approval"),                             \
        FIELD(ticket_query, q, JK_STR, .max = QUERY_CHARS_MAX, .doc = QUERY_DOC),                  \
        FIELD(ticket_query, search, JK_STR, .max = 200,                                            \
              .doc = "words of number, subject and description; the last may be a beginning")

static const struct json_field TICKET_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(offsetof(struct ticket_query, page)),
    PAGE_FIELD_SIZE(offsetof(struct ticket_query, page)),
    PAGE_FIELD_CURSOR(offsetof(struct ticket_query, page)),
    TICKET_FILTER_FIELDS,
    FIELD(ticket_query, sort, JK_ENUM,
          .choices =
              "created_at|-created_at|updated_at|-updated_at|priority|-priority|status|-status|"
              "number|-number",
          .doc = "-created_at unless given"),
};
JSON_SCHEMA(TICKET_QUERY, "TicketQuery", struct ticket_query, TICKET_QUERY_FIELDS);

static const struct json_field TICKET_EXPORT_FIELDS[] = {
    TICKET_FILTER_FIELDS,
    FIELD(ticket_query, format, JK_ENUM, .choices = "ndjson|csv", .doc = "ndjson unless given"),
};
JSON_SCHEMA(TICKET_EXPORT, "TicketExport", struct ticket_query, TICKET_EXPORT_FIELDS);

#define SORTS                                                                                      \
    "created_at|-created_at|updated_at|-updated_at|priority|-priority|status|-status|number|"      \
    "-number"
#define VIEW_FIELDS(required)                                                                      \
    FIELD(view_body, name, JK_STR, .flags = (required), .min = 1, .max = NAME_MAX_LEN),            \
        FIELD(view_body, query, JK_STR, .max = QUERY_CHARS_MAX, .doc = QUERY_DOC),                 \
        FIELD(view_body, sort, JK_ENUM, .choices = SORTS, .doc = "-created_at unless given"),      \
        FIELD(view_body, columns, JK_STR_ARRAY, .max = 30),                                        \
        FIELD(view_body, shared_with, JK_ENUM, .choices = "private|role|everybody",                \
              .doc = "private unless given; others: staff and administrators"),                    \
        FIELD(view_body, role, JK_STR, .max = NAME_MAX_LEN, .doc = "system:role, to share with"),  \
        FIELD(view_body, position, JK_INT, .min = 0, .max = 1000000)

static const struct json_field VIEW_BODY_FIELDS[] = {VIEW_FIELDS(JF_REQUIRED | JF_NON_EMPTY)};
CLOSED_SCHEMA(VIEW_BODY, "ViewCreate", struct view_body, VIEW_BODY_FIELDS);
static const struct json_field VIEW_PATCH_FIELDS[] = {VIEW_FIELDS(0)};
CLOSED_SCHEMA(VIEW_PATCH, "ViewPatch", struct view_body, VIEW_PATCH_FIELDS);

static const struct json_field SEARCH_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(offsetof(struct search_query, page)),
    {.name = "page_size",
     .kind = JK_INT,
     .offset = offsetof(struct search_query, page) + offsetof(struct page_query, page_size),
     .min = 1,
     .max = 1000000000,
     .alias = "limit",
     .doc = "10 unless given, at most 100"},
    FIELD(search_query, q, JK_STR, .max = QUERY_CHARS_MAX, .doc = QUERY_DOC),
    FIELD(search_query, type, JK_ENUM, .choices = "ticket"),
    FIELD(search_query, sort, JK_ENUM, .choices = "relevance|newest", .alias = "sort_by",
          .doc = "relevance unless given"),
};
JSON_SCHEMA(SEARCH_QUERY, "SearchQuery", struct search_query, SEARCH_QUERY_FIELDS);

static const struct json_field SUGGEST_QUERY_FIELDS[] = {
    FIELD(suggest_query, q, JK_STR, .flags = JF_REQUIRED, .min = 2, .max = 200,
          .doc = "what has been typed so far"),
    FIELD(suggest_query, limit, JK_INT, .min = 1, .max = 20, .doc = "10 unless given"),
};
JSON_SCHEMA(SUGGEST_QUERY, "SuggestQuery", struct suggest_query, SUGGEST_QUERY_FIELDS);

static const struct json_field FACET_QUERY_FIELDS[] = {
    FIELD(facet_query, q, JK_STR, .max = QUERY_CHARS_MAX, .doc = QUERY_DOC),
};
JSON_SCHEMA(FACET_QUERY, "FacetQuery", struct facet_query, FACET_QUERY_FIELDS);

static const struct json_field COMMENT_BODY_FIELDS[] = {
    FIELD(comment_body, comment, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = TEXT_MAX),
    FIELD(comment_body, visibility, JK_ENUM, .choices = "public|internal",
          .doc = "public unless given"),
    FIELD(comment_body, after_comment_id, JK_INT, .min = 0, .max = -1,
          .doc = "the newest comment its author has read: 409 with the newer ones of others"),
};
JSON_SCHEMA(COMMENT_BODY, "CommentCreate", struct comment_body, COMMENT_BODY_FIELDS);

static const struct json_field COMMENT_PATCH_FIELDS[] = {
    FIELD(comment_patch, comment, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = TEXT_MAX),
};
const struct json_schema COMMENT_PATCH = {
    .name = "CommentPatch",
    .fields = COMMENT_PATCH_FIELDS,
    .count = sizeof COMMENT_PATCH_FIELDS / sizeof *COMMENT_PATCH_FIELDS,
    .size = sizeof(struct comment_patch),
    .closed = true,
};

static const struct json_field CLOSE_BODY_FIELDS[] = {
    FIELD(close_body, csat_rating, JK_INT, .min = 1, .max = 5),
    FIELD(close_body, feedback, JK_STR, .max = TEXT_MAX, .alias = "csat_feedback"),
};
JSON_SCHEMA(CLOSE_BODY, "TicketClose", struct close_body, CLOSE_BODY_FIELDS);

static const struct json_field REASON_BODY_FIELDS[] = {
    FIELD(reason_body, reason, JK_STR, .max = REASON_MAX),
};
JSON_SCHEMA(REASON_BODY, "Reason", struct reason_body, REASON_BODY_FIELDS);

static const struct json_field REJECT_BODY_FIELDS[] = {
    FIELD(reason_body, reason, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = REASON_MAX, .alias = "rejection_reason"),
};
JSON_SCHEMA(REJECT_BODY, "TicketReject", struct reason_body, REJECT_BODY_FIELDS);

static const struct json_field APPROVE_BODY_FIELDS[] = {
    FIELD(approve_body, reason, JK_STR, .max = REASON_MAX, .alias = "approval_notes"),
    FIELD(approve_body, priority, JK_ENUM, .choices = PRIORITIES),
    FIELD(approve_body, department, JK_STR, .max = NAME_MAX_LEN),
};
JSON_SCHEMA(APPROVE_BODY, "TicketApprove", struct approve_body, APPROVE_BODY_FIELDS);

static const struct json_field WATCHER_BODY_FIELDS[] = {
    FIELD(watcher_body, user_id, JK_INT, .min = 1, .max = 0, .doc = "oneself unless given"),
};
JSON_SCHEMA(WATCHER_BODY, "Watcher", struct watcher_body, WATCHER_BODY_FIELDS);

static const struct json_field LINK_BODY_FIELDS[] = {
    FIELD(link_body, type, JK_ENUM, .flags = JF_REQUIRED,
          .choices = "parent_of|child_of|blocks|blocked_by|duplicate_of|duplicated_by",
          .doc = "what this ticket is to the other one"),
    FIELD(link_body, ticket_number, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = 20),
};
JSON_SCHEMA(LINK_BODY, "LinkCreate", struct link_body, LINK_BODY_FIELDS);

static const struct json_field TAGS_BODY_FIELDS[] = {
    FIELD(tags_body, tags, JK_STR_ARRAY, .flags = JF_REQUIRED, .max = TAG_MAX),
};
JSON_SCHEMA(TAGS_BODY, "Tags", struct tags_body, TAGS_BODY_FIELDS);

static const struct json_field TAG_QUERY_FIELDS[] = {
    FIELD(tag_query, search, JK_STR, .max = TAG_CHARS_MAX, .doc = "how the tag begins"),
    FIELD(tag_query, page_size, JK_INT, .min = 1, .max = 1000000000,
          .doc = "10 unless given, at most 100"),
};
JSON_SCHEMA(TAG_QUERY, "TagQuery", struct tag_query, TAG_QUERY_FIELDS);

static const struct json_field RATING_BODY_FIELDS[] = {
    FIELD(rating_body, rating, JK_INT, .flags = JF_REQUIRED, .min = 1, .max = 5),
    FIELD(rating_body, comment, JK_STR, .max = TEXT_MAX),
};
JSON_SCHEMA(RATING_BODY, "Rating", struct rating_body, RATING_BODY_FIELDS);

static const struct json_field DEPARTMENT_BODY_FIELDS[] = {
    FIELD(department_body, name, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = NAME_MAX_LEN),
};
JSON_SCHEMA(DEPARTMENT_BODY, "DepartmentCreate", struct department_body, DEPARTMENT_BODY_FIELDS);

static const struct json_field CATEGORY_BODY_FIELDS[] = {
    FIELD(category_body, name, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1,
          .max = NAME_MAX_LEN),
    FIELD(category_body, department, JK_STR, .max = NAME_MAX_LEN, .doc = "that usually handles it"),
    FIELD(category_body, expects_workflow, JK_BOOL, .doc = "true unless given"),
    FIELD(category_body, needs_approval, JK_BOOL, .doc = "false unless given"),
    FIELD(category_body, sub_categories, JK_STR_ARRAY, .max = 200),
};
JSON_SCHEMA(CATEGORY_BODY, "CategoryCreate", struct category_body, CATEGORY_BODY_FIELDS);

static const struct json_field CATEGORY_PATCH_FIELDS[] = {
    FIELD(category_patch, name, JK_STR, .min = 1, .max = NAME_MAX_LEN),
    FIELD(category_patch, department, JK_STR, .max = NAME_MAX_LEN, .doc = "null: none"),
    FIELD(category_patch, expects_workflow, JK_BOOL),
    FIELD(category_patch, needs_approval, JK_BOOL),
    FIELD(category_patch, is_active, JK_BOOL),
};
CLOSED_SCHEMA(CATEGORY_PATCH, "CategoryPatch", struct category_patch, CATEGORY_PATCH_FIELDS);

static const struct json_field NAME_PATCH_FIELDS[] = {
    FIELD(name_patch, name, JK_STR, .min = 1, .max = NAME_MAX_LEN),
    FIELD(name_patch, is_active, JK_BOOL),
};
CLOSED_SCHEMA(NAME_PATCH, "NamePatch", struct name_patch, NAME_PATCH_FIELDS);

#define CHOICES_MAX 500
static const struct json_field CUSTOM_FIELD_BODY_FIELDS[] = {
    FIELD(custom_field_body, key, JK_STR, .flags = JF_REQUIRED | JF_NON_EMPTY, .min = 1, .max = 50,
          .doc = "its member of custom_fields: a-z, 0-9 and _"),
    FIELD(custom_field_body, label, JK_STR, .max = NAME_MAX_LEN, .doc = "the key unless given"),
    FIELD(custom_field_body, type, JK_ENUM, .flags = JF_REQUIRED,
          .choices = "text|number|boolean|date|choice|multi_choice|user"),
    FIELD(custom_field_body, choices, JK_STR_ARRAY, .max = CHOICES_MAX),
    FIELD(custom_field_body, categories, JK_STR_ARRAY, .max = CHOICES_MAX, .doc = "none: all"),
    FIELD(custom_field_body, is_required, JK_BOOL),
};
CLOSED_SCHEMA(CUSTOM_FIELD_BODY, "CustomFieldCreate", struct custom_field_body,
              CUSTOM_FIELD_BODY_FIELDS);

static const struct json_field CUSTOM_FIELD_PATCH_FIELDS[] = {
    FIELD(custom_field_patch, label, JK_STR, .min = 1, .max = NAME_MAX_LEN),
    FIELD(custom_field_patch, choices, JK_STR_ARRAY, .max = CHOICES_MAX),
    FIELD(custom_field_patch, categories, JK_STR_ARRAY, .max = CHOICES_MAX),
    FIELD(custom_field_patch, is_required, JK_BOOL),
    FIELD(custom_field_patch, is_active, JK_BOOL),
};
CLOSED_SCHEMA(CUSTOM_FIELD_PATCH, "CustomFieldPatch", struct custom_field_patch,
              CUSTOM_FIELD_PATCH_FIELDS);

static const struct json_field SIMPLE_TICKET_BODY_FIELDS[] = {
    FIELD(simple_ticket_body, title, JK_STR, .flags = JF_COERCE),
    FIELD(simple_ticket_body, description, JK_STR, .flags = JF_COERCE),
    FIELD(simple_ticket_body, category, JK_STR, .flags = JF_COERCE),
    FIELD(simple_ticket_body, priority, JK_STR, .flags = JF_COERCE),
    FIELD(simple_ticket_body, status, JK_STR, .flags = JF_COERCE),
};
JSON_SCHEMA(SIMPLE_TICKET_BODY, "SimpleTicket", struct simple_ticket_body,
            SIMPLE_TICKET_BODY_FIELDS);

static const struct json_field SIMPLE_FEEDBACK_BODY_FIELDS[] = {
    FIELD(simple_feedback_body, ticket_id, JK_STR, .flags = JF_COERCE),
    FIELD(simple_feedback_body, rating, JK_STR, .flags = JF_COERCE),
    FIELD(simple_feedback_body, comment, JK_STR, .flags = JF_COERCE),
};
JSON_SCHEMA(SIMPLE_FEEDBACK_BODY, "SimpleFeedback", struct simple_feedback_body,
            SIMPLE_FEEDBACK_BODY_FIELDS);
