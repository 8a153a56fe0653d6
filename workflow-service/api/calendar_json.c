#include "api/calendar_json.h"

#include "api/field.h"
#include "api/paging.h"
#include "req.h"
#include "store/zone_store.h"
#include "write_run.h"

#define MAX_NAME 100
#define MAX_HOLIDAY_NAME 200

/* ---- schemas ------------------------------------------------------------------------------ */

struct slot_body {
    int64_t weekday;
    struct str start, end;
};

struct exception_body {
    struct str date, name;
    struct json_array slots;
};

#define TIME_FIELD(type, member)                                                                   \
    {                                                                                              \
        .name = #member, .kind = JK_STR, .offset = offsetof(struct type, member),                  \
        .flags = JF_REQUIRED, .min = 5, .max = 5, .doc = "HH:MM, local; 24:00 ends the day"        \
    }

static const struct json_field SLOT_FIELDS[] = {
    {.name = "weekday",
     .kind = JK_INT,
     .offset = offsetof(struct slot_body, weekday),
     .flags = JF_REQUIRED,
     .min = 1,
     .max = 7,
     .doc = "1 is Monday"},
    TIME_FIELD(slot_body, start),
    TIME_FIELD(slot_body, end),
};
static JSON_SCHEMA(SLOT, "CalendarSlot", struct slot_body, SLOT_FIELDS);

static const struct json_field OWN_SLOT_FIELDS[] = {
    TIME_FIELD(slot_body, start),
    TIME_FIELD(slot_body, end),
};
static JSON_SCHEMA(OWN_SLOT, "CalendarDaySlot", struct slot_body, OWN_SLOT_FIELDS);

static const struct json_field EXCEPTION_FIELDS[] = {
    {.name = "date",
     .kind = JK_STR,
     .offset = offsetof(struct exception_body, date),
     .flags = JF_REQUIRED,
     .min = 10,
     .max = 10,
     .doc = "YYYY-MM-DD"},
    {.name = "name",
     .kind = JK_STR,
     .offset = offsetof(struct exception_body, name),
     .max = MAX_HOLIDAY_NAME},
    {.name = "slots",
     .kind = JK_ARRAY,
     .offset = offsetof(struct exception_body, slots),
     .max = CALENDAR_MAX_DAY_SLOTS,
     .sub = &OWN_SLOT,
     .doc = "none: closed"},
};
static JSON_SCHEMA(EXCEPTION, "CalendarException", struct exception_body, EXCEPTION_FIELDS);

#define BODY_FIELDS(required)                                                                      \
    {                                                                                              \
        {.name = "name",                                                                           \
         .kind = JK_STR,                                                                           \
         .offset = offsetof(struct calendar_body, name),                                           \
         .flags = required,                                                                        \
         .min = 1,                                                                                 \
         .max = MAX_NAME},                                                                         \
            {.name = "zone",                                                                       \
             .kind = JK_STR,                                                                       \
             .offset = offsetof(struct calendar_body, zone),                                       \
             .flags = required,                                                                    \
             .min = 1,                                                                             \
             .max = ZONE_NAME_MAX,                                                                 \
             .doc = "of the IANA database, as in Europe/Berlin"},                                  \
            {.name = "slots",                                                                      \
             .kind = JK_ARRAY,                                                                     \
             .offset = offsetof(struct calendar_body, slots),                                      \
             .flags = (required) & ~JF_NON_EMPTY,                                                  \
             .max = CALENDAR_MAX_SLOTS,                                                            \
             .sub = &SLOT},                                                                        \
        {                                                                                          \
            .name = "exceptions", .kind = JK_ARRAY,                                                \
            .offset = offsetof(struct calendar_body, exceptions), .max = CALENDAR_MAX_EXCEPTIONS,  \
            .sub = &EXCEPTION                                                                      \
        }                                                                                          \
    }

static const struct json_field POST_FIELDS[] = BODY_FIELDS(JF_REQUIRED | JF_NON_EMPTY);
static const struct json_field PATCH_FIELDS[] = BODY_FIELDS(0);

#define CLOSED_SCHEMA(var, schema_name, type, field_array)                                         \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(type),                                                                      \
        .closed = true,                                                                            \
    }
CLOSED_SCHEMA(CALENDAR_BODY, "CalendarRequest", struct calendar_body, POST_FIELDS);
CLOSED_SCHEMA(CALENDAR_PATCH, "CalendarChange", struct calendar_body, PATCH_FIELDS);

struct calendar_view {
    int64_t id;
    struct str name, zone;
    struct json_array slots, exceptions;
    int64_t version, created_at, updated_at;
};

static const struct json_field VIEW_FIELDS[] = {
    FIELD(calendar_view, JK_INT, id),
    FIELD(calendar_view, JK_STR, name),
    FIELD(calendar_view, JK_STR, zone),
    FIELD_LIST(calendar_view, slots, SLOT),
    FIELD_LIST(calendar_view, exceptions, EXCEPTION),
    FIELD(calendar_view, JK_INT, version),
    FIELD(calendar_view, JK_TIME, created_at),
    FIELD(calendar_view, JK_TIME, updated_at),
};
JSON_SCHEMA(CALENDAR_DOC, "Calendar", struct calendar_view, VIEW_FIELDS);

static const struct json_field SUMMARY_FIELDS[] = {
    FIELD(calendar_summary, JK_INT, id),          FIELD(calendar_summary, JK_STR, name),
    FIELD(calendar_summary, JK_STR, zone),        FIELD(calendar_summary, JK_INT, slots),
    FIELD(calendar_summary, JK_INT, exceptions),  FIELD(calendar_summary, JK_INT, version),
    FIELD(calendar_summary, JK_TIME, created_at), FIELD(calendar_summary, JK_TIME, updated_at),
};
static JSON_SCHEMA(SUMMARY, "CalendarSummary", struct calendar_summary, SUMMARY_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(SUMMARY);
JSON_SCHEMA(CALENDAR_PAGE, "CalendarPage", struct page_reply, PAGE_DOC_FIELDS);

/* ---- in ----------------------------------------------------------------------------------- */

/* A time that is none becomes -1, which no check lets pass. */
static int minute_of(struct str text)
{
    int minute;
    return day_parse_minute(text, &minute) ? minute : -1;
}

static const struct calendar_slot *slots_of(struct arena *a, const struct json_array *list,
                                            bool has_weekday)
{
    const struct slot_body *b = list->items;
    struct calendar_slot *slots = ARENA_ARRAY(a, struct calendar_slot, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        slots[i] = (struct calendar_slot){has_weekday ? (int)b[i].weekday - 1 : 0,
                                          minute_of(b[i].start), minute_of(b[i].end)};
    return slots;
}

static void take_exceptions(struct req *r, const struct json_array *list, struct calendar_plan *p)
{
    const struct exception_body *b = list->items;
    struct calendar_exception *x =
        ARENA_ARRAY(r->arena, struct calendar_exception, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        x[i] = (struct calendar_exception){
            .name = b[i].name.p ? b[i].name : STR(""),
            .slots = slots_of(r->arena, &b[i].slots, false),
            .slot_count = b[i].slots.count,
        };
        if (!day_parse(b[i].date, &x[i].day)) {
            struct str field = str_printf(r->arena, "exceptions[%zu].date", i);
            req_field_error(r, field.p, "is not a date from 1900 on");
        }
    }
    p->exceptions = x;
    p->exception_count = list->count;
}

enum err calendar_apply(struct req *r, const struct calendar_body *b, struct calendar_doc *doc,
                        struct calendar *out)
{
    const struct zone *zone;
    if (b->name.p)
        doc->name = str_trim(b->name);
    if (b->zone.p)
        doc->zone = b->zone;
    if (json_get(req_json(r), "slots")) {
        doc->plan.slots = slots_of(r->arena, &b->slots, true);
        doc->plan.slot_count = b->slots.count;
    }
    if (json_get(req_json(r), "exceptions"))
        take_exceptions(r, &b->exceptions, &doc->plan);
    if (!doc->name.len)
        req_field_error(r, "name", "is required");
    if (zone_store_find(doc->zone, &zone) != ERR_OK)
        req_field_error(r, "zone", "is not a time zone of this system");
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    const struct calendar_problem *p = calendar_build(r->arena, zone, &doc->plan, r->now, out);
    for (; p; p = p->next)
        req_field_error(r, str_cstr(r->arena, p->field), p->message);
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* ---- out ---------------------------------------------------------------------------------- */

static struct str minute_text(struct arena *a, int minute)
{
    char text[DAY_TEXT_SIZE];
    day_format_minute(minute, text);
    return str_dup(a, str_from(text));
}

static struct json_array slot_docs(struct arena *a, const struct calendar_slot *slots, size_t n)
{
    struct slot_body *docs = ARENA_ARRAY(a, struct slot_body, n + 1);
    for (size_t i = 0; i < n; i++)
        docs[i] = (struct slot_body){slots[i].weekday + 1, minute_text(a, slots[i].start_min),
                                     minute_text(a, slots[i].end_min)};
    return (struct json_array){docs, n};
}

static struct json_array exception_docs(struct arena *a, const struct calendar_plan *p)
{
    struct exception_body *docs = ARENA_ARRAY(a, struct exception_body, p->exception_count + 1);
    char text[DAY_TEXT_SIZE];
    for (size_t i = 0; i < p->exception_count; i++) {
        const struct calendar_exception *x = &p->exceptions[i];
        day_format(x->day, text);
        docs[i] = (struct exception_body){str_dup(a, str_from(text)), x->name,
                                          slot_docs(a, x->slots, x->slot_count)};
    }
    return (struct json_array){docs, p->exception_count};
}

struct str calendar_text(struct arena *a, const struct calendar_doc *doc)
{
    struct calendar_view v = {
        .id = doc->id,
        .name = doc->name,
        .zone = doc->zone,
        .slots = slot_docs(a, doc->plan.slots, doc->plan.slot_count),
        .exceptions = exception_docs(a, &doc->plan),
        .version = doc->version,
        .created_at = doc->created_at,
        .updated_at = doc->updated_at,
    };
    return answer_json(a, &CALENDAR_DOC, &v);
}

struct calendar_summary calendar_summary(const struct calendar_head *h)
{
    return (struct calendar_summary){
        .id = h->id,
        .name = h->name,
        .zone = h->zone,
        .slots = h->slot_count,
        .exceptions = h->exception_count,
        .version = h->version,
        .created_at = h->created_at,
        .updated_at = h->updated_at,
    };
}
