#include "api/preferences.h"

#include <stddef.h>

#include "actor.h"
#include "api/matrix_json.h"
#include "domain/shipped.h"
#include "service.h"
#include "store/preference_store.h"
#include "write_run.h"

/* ---- bodies ------------------------------------------------------------------------------- */

struct preference_body {
    int8_t email_enabled, sms_enabled, push_enabled;
    struct str language, time_zone, phone, digest, digest_at;
    const struct json *quiet_hours, *matrix, *locked;
};

#define AT(member) offsetof(struct preference_body, member)
static const struct json_field CHANGE_FIELDS[] = {
    {"email_enabled", JK_BOOL, AT(email_enabled), .doc = "absent: as it is; so with all of them"},
    {"sms_enabled", JK_BOOL, AT(sms_enabled)},
    {"push_enabled", JK_BOOL, AT(push_enabled)},
    {"language", JK_STR, AT(language), .max = 5, .doc = "de or de-AT; null: the default"},
    {"time_zone", JK_STR, AT(time_zone), .max = 64, .doc = "Europe/Berlin; null: the default"},
    {"phone", JK_STR, AT(phone), .max = 20, .doc = "+49151123456, for short messages"},
    {"digest", JK_ENUM, AT(digest), .choices = "immediate|hourly|daily"},
    {"digest_at", JK_STR, AT(digest_at), .max = 5, .doc = "08:00, of daily digests"},
    {"quiet_hours", JK_ANY, AT(quiet_hours), .doc = "{from: 22:00, to: 07:00}; null: none"},
    {"matrix", JK_ANY, AT(matrix), .doc = "{comments: {email: false}}; null: as by default"},
    {"locked", JK_ANY, AT(locked),
     .doc = "{comments: [email]}: what nobody may switch off; of "
            "the defaults only"},
};
#undef AT
const struct json_schema PREFERENCE_CHANGE = {
    .name = "NotificationPreferenceChange",
    .fields = CHANGE_FIELDS,
    .count = sizeof CHANGE_FIELDS / sizeof *CHANGE_FIELDS,
    .size = sizeof(struct preference_body),
    .closed = true,
};

/* ---- out ---------------------------------------------------------------------------------- */

static void write_minute(struct json_writer *w, struct arena *a, int64_t minute)
{
    if (minute == INT64_MIN)
        jw_null(w);
    else
        jw_str(w, str_printf(a, "%02d:%02d", (int)(minute / 60), (int)(minute % 60)));
}

static void write_quiet(struct json_writer *w, struct arena *a, const struct preference *p)
{
    JW_KEY(w, "quiet_hours");
    if (p->quiet_from == INT64_MIN || p->quiet_from == p->quiet_to) {
        jw_null(w);
        return;
    }
    jw_object(w);
    JW_KEY(w, "from");
    write_minute(w, a, p->quiet_from);
    JW_KEY(w, "to");
    write_minute(w, a, p->quiet_to);
    jw_end_object(w);
}

/* What holds is shown, whoever has said it. */
static struct str text_of(struct arena *a, int64_t user_id, const struct preference *p,
                          const struct preference *defaults)
{
    struct wishes wishes = {
        .own = p->matrix, .defaults = defaults->matrix, .locked = defaults->locked};
    struct json_writer w;
    struct buf b;
    wishes.is_channel_on[CHANNEL_IN_APP] = true;
    wishes.is_channel_on[CHANNEL_EMAIL] = p->email_enabled == JSON_TRUE;
    wishes.is_channel_on[CHANNEL_SMS] = p->sms_enabled == JSON_TRUE;
    wishes.is_channel_on[CHANNEL_PUSH] = p->push_enabled == JSON_TRUE;
    struct str digest = p->digest.p ? p->digest : defaults->digest;
    bool has_quiet = p->quiet_from != INT64_MIN;
    int64_t digest_at = p->digest_at == INT64_MIN ? defaults->digest_at : p->digest_at;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    if (user_id != EVERYBODY) {
        JW_BOOL(&w, "email_enabled", p->email_enabled == JSON_TRUE);
        JW_BOOL(&w, "sms_enabled", p->sms_enabled == JSON_TRUE);
        JW_BOOL(&w, "push_enabled", p->push_enabled == JSON_TRUE);
        JW_STR(&w, "phone", p->phone);
    }
    JW_STR(&w, "language", p->language.p ? p->language : defaults->language);
    JW_STR(&w, "time_zone",
           p->time_zone.p          ? p->time_zone
           : defaults->time_zone.p ? defaults->time_zone
                                   : STR("UTC"));
    JW_STR(&w, "digest", digest.p ? digest : STR("immediate"));
    JW_KEY(&w, "digest_at");
    write_minute(&w, a, digest_at == INT64_MIN ? 8 * 60 : digest_at);
    write_quiet(&w, a, has_quiet ? p : defaults);
    matrix_write(&w, &wishes);
    JW_INT(&w, "version", p->version);
    JW_TIME_MS(&w, "updated_at", p->updated_at);
    jw_end_object(&w);
    return buf_str(&b);
}

static enum err CO_FN reply(struct req *r, int64_t user_id)
{
    struct preference p, defaults;
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = preference_store_get(db, user_id, &p);
    if (rc == ERR_OK)
        rc = preference_store_get(db, EVERYBODY, &defaults);
    if (rc)
        return rc;
    req_set_header(r, "ETag", etag_format(r->arena, p.version));
    return req_reply(r, 200, "application/json", text_of(r->arena, user_id, &p, &defaults));
}

enum err CO_FN preferences_get(struct req *r)
{
    return reply(r, r->actor->user_id);
}

enum err CO_FN defaults_get(struct req *r)
{
    return reply(r, EVERYBODY);
}

/* ---- in ----------------------------------------------------------------------------------- */

/* "07:30" as minutes of the day. */
static bool read_minute(struct str s, int64_t *out)
{
    int64_t hour, minute;
    if (s.len != 5 || s.p[2] != ':' || s.p[0] == '-' || s.p[3] == '-' ||
        !str_to_i64(str_slice(s, 0, 2), &hour) || !str_to_i64(str_slice(s, 3, 5), &minute) ||
        hour > 23 || minute > 59)
        return false;
    *out = hour * 60 + minute;
    return true;
}

static void take_quiet(struct req *r, const struct json *v, struct preference *p)
{
    if (json_type(v) == JSON_NULL) {
        p->quiet_from = p->quiet_to = 0; /* none, whatever the default */
        return;
    }
    if (json_type(v) != JSON_OBJECT || json_count(v) != 2 ||
        !read_minute(json_str(json_get(v, "from")), &p->quiet_from) ||
        !read_minute(json_str(json_get(v, "to")), &p->quiet_to))
        req_field_error(r, "quiet_hours", "are {from, to}, each as 07:30, or null");
}

static void take_phone(struct req *r, struct str given, struct preference *p)
{
    struct str phone = str_trim(given);
    size_t digits = 0;
    for (size_t i = 0; i < phone.len; i++)
        if (phone.p[i] >= '0' && phone.p[i] <= '9')
            digits++;
    if (phone.len && (phone.p[0] != '+' || digits != phone.len - 1 || digits < 6 || digits > 15))
        req_field_error(r, "phone", "is + and 6 to 15 digits");
    p->phone = phone.len ? phone : STR_NULL;
}

static enum err CO_FN take_zone(struct req *r, struct db_session *db, struct str name,
                                struct preference *p)
{
    bool is_known = true;
    enum err rc = name.len ? preference_store_has_zone(db, name, &is_known) : ERR_OK;
    if (rc)
        return rc;
    if (!is_known)
        req_field_error(r, "time_zone", "is not a time zone");
    p->time_zone = name.len ? name : STR_NULL;
    return ERR_OK;
}

static bool is_given(struct req *r, const char *name)
{
    return json_get(req_json(r), name) != NULL;
}

static void take_switches(const struct preference_body *b, struct preference *p)
{
    if (b->email_enabled != JSON_UNSET)
        p->email_enabled = b->email_enabled;
    if (b->sms_enabled != JSON_UNSET)
        p->sms_enabled = b->sms_enabled;
    if (b->push_enabled != JSON_UNSET)
        p->push_enabled = b->push_enabled;
}

static void take_texts(struct req *r, const struct preference_body *b, struct preference *p)
{
    if (is_given(r, "language")) {
        if (b->language.len && !language_is_code(b->language))
            req_field_error(r, "language", "is a code like de or de-AT");
        p->language = b->language.len ? b->language : STR_NULL;
    }
    if (is_given(r, "phone"))
        take_phone(r, b->phone, p);
    if (is_given(r, "digest"))
        p->digest = b->digest;
    if (is_given(r, "digest_at")) {
        p->digest_at = INT64_MIN;
        if (b->digest_at.len && !read_minute(b->digest_at, &p->digest_at))
            req_field_error(r, "digest_at", "is a time like 08:00");
    }
    if (is_given(r, "quiet_hours"))
        take_quiet(r, json_get(req_json(r), "quiet_hours"), p);
}

static enum err CO_FN apply(struct req *r, struct db_session *db, int64_t user_id,
                            const struct preference *defaults, struct preference *p)
{
    const struct preference_body *b = r->body;
    const struct json *body = req_json(r);
    bool is_own = user_id != EVERYBODY;
    const struct wishes wishes = {.locked = is_own ? defaults->locked : p->locked};
    enum err rc = ERR_OK;
    if (!is_own && (is_given(r, "phone") || is_given(r, "email_enabled") ||
                    is_given(r, "sms_enabled") || is_given(r, "push_enabled")))
        req_field_error(r, "email_enabled", "and phone are a person's own");
    if (is_own && is_given(r, "locked"))
        req_field_error(r, "locked", "is of the defaults");
    take_switches(b, p);
    take_texts(r, b, p);
    if (is_given(r, "time_zone"))
        rc = take_zone(r, db, b->time_zone, p);
    if (is_given(r, "matrix"))
        matrix_take(r, json_get(body, "matrix"), &wishes, &p->matrix);
    if (!is_own && is_given(r, "locked"))
        matrix_take_locked(r, json_get(body, "locked"), &p->locked);
    if (rc)
        return rc;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN change(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    int64_t user_id = *(const int64_t *)arg;
    struct preference p, defaults;
    enum err rc = preference_store_lock(db, user_id, &p);
    if (rc == ERR_OK)
        rc = write_check_match(r, p.version);
    if (rc == ERR_OK)
        rc = preference_store_get(db, EVERYBODY, &defaults);
    if (rc == ERR_OK)
        rc = apply(r, db, user_id, &defaults, &p);
    if (rc == ERR_OK)
        rc = preference_store_put(db, user_id, &p, r->now);
    if (rc)
        return rc;
    out->body = text_of(r->arena, user_id, &p, user_id == EVERYBODY ? &p : &defaults);
    out->version = p.version;
    return ERR_OK;
}

enum err CO_FN preferences_put(struct req *r)
{
    int64_t user_id = r->actor->user_id;
    return write_run(r, req_body_text(r), change, &user_id);
}

enum err CO_FN defaults_put(struct req *r)
{
    int64_t user_id = EVERYBODY;
    return write_run(r, req_body_text(r), change, &user_id);
}
