/* People from CSV or lines of JSON: each line its own transaction and outcome, one in memory. */
#include <stdlib.h>

#include "api/account.h"
#include "api/admin_handlers.h"
#include "api/administer.h"
#include "api/audit.h"
#include "clock.h"
#include "csv.h"
#include "password/hash.h"
#include "store/role.h"
#include "store/user.h"

#define COLUMNS_MAX 32
#define ROLES_MAX 32
#define ERRORS_MAX 1000

/* ---- a line -------------------------------------------------------------------------------- */

struct row {
    struct str email, first_name, last_name, full_name, department, phone, password, password_hash;
    int8_t active;
    struct json_array roles; /* struct str */
};
#define ROW_AT(member) offsetof(struct row, member)
static const struct json_field ROW_FIELDS[] = {
    {"email", JK_EMAIL, ROW_AT(email), JF_REQUIRED | JF_NON_EMPTY},
    {"first_name", JK_STR, ROW_AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, ROW_AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, ROW_AT(full_name), 0, 0, 200, .alias = "name"},
    {"department", JK_STR, ROW_AT(department), 0, 0, 100},
    {"phone", JK_STR, ROW_AT(phone), 0, 0, 40},
    {"password", JK_STR, ROW_AT(password), JF_SECRET},
    {"password_hash", JK_STR, ROW_AT(password_hash), JF_SECRET},
    {"active", JK_BOOL, ROW_AT(active), JF_COERCE},
    {"roles", JK_STR_ARRAY, ROW_AT(roles), 0, 0, ROLES_MAX},
};
static JSON_SCHEMA(ROW, "ImportRow", struct row, ROW_FIELDS);

/* ---- the reply ----------------------------------------------------------------------------- */

struct line_error {
    int64_t line;
    struct str code, field, message;
};
static const struct json_field ERROR_FIELDS[] = {
    {"line", JK_INT, offsetof(struct line_error, line), .doc = "where the record begins, from 1"},
    {"code", JK_STR, offsetof(struct line_error, code)},
    {"field", JK_STR, offsetof(struct line_error, field)},
    {"message", JK_STR, offsetof(struct line_error, message)},
};
static JSON_SCHEMA(ERROR_VIEW, "ImportError", struct line_error, ERROR_FIELDS);

struct report {
    int8_t dry_run;
    int64_t records, created, updated, unchanged, failed;
    struct json_array errors; /* struct line_error */
    int64_t errors_omitted;
};
#define REPORT_AT(member) offsetof(struct report, member)
static const struct json_field REPORT_FIELDS[] = {
    {"dry_run", JK_BOOL, REPORT_AT(dry_run)},
    {"records", JK_INT, REPORT_AT(records)},
    {"created", JK_INT, REPORT_AT(created)},
    {"updated", JK_INT, REPORT_AT(updated)},
    {"unchanged", JK_INT, REPORT_AT(unchanged)},
    {"failed", JK_INT, REPORT_AT(failed)},
    {"errors", JK_ARRAY, REPORT_AT(errors), .sub = &ERROR_VIEW, .doc = "the first 1000"},
    {"errors_omitted", JK_INT, REPORT_AT(errors_omitted)},
};
JSON_SCHEMA(IMPORT_VIEW, "ImportReport", struct report, REPORT_FIELDS);

static const struct json_field QUERY_FIELDS[] = {
    {"dry_run", JK_BOOL, offsetof(struct import_query, dry_run), JF_COERCE,
     .doc = "only tell what would happen"},
};
JSON_SCHEMA(IMPORT_QUERY, "ImportQuery", struct import_query, QUERY_FIELDS);

struct import {
    struct req *r;
    struct change_origin origin;
    bool is_csv, is_dry;
    struct str *columns; /* of CSV, NULL before the first record */
    size_t column_count;
    struct report report;
    struct line_error errors[ERRORS_MAX];
};

/* One line at work; its memory goes with it. */
struct line {
    struct import *job;
    struct arena *arena;
    struct db_session db;
    int64_t number;
    struct row row;
    const char *field, *message; /* of what is wrong */
};

static enum err wrong(struct line *l, const char *field, const char *message)
{
    l->field = field;
    l->message = message;
    return ERR_VALIDATION_ERROR;
}

static void note_failure(struct line *l, enum err rc)
{
    struct import *job = l->job;
    struct arena *a = job->r->arena;
    size_t n = job->report.errors.count;

    job->report.failed++;
    if (n == ERRORS_MAX) {
        job->report.errors_omitted++;
        return;
    }
    job->errors[n] = (struct line_error){
        .line = l->number,
        .code = str_from(err_code(rc)),
        .field = l->field ? str_from(arena_strdup(a, l->field)) : STR_NULL,
        .message = str_from(l->message ? arena_strdup(a, l->message) : err_text(rc)),
    };
    job->report.errors.count++;
}

/* ---- reading a line ------------------------------------------------------------------------ */

/* problems: where the decoding whose result is rc has put them. */
static enum err first_problem(struct line *l, enum err rc, struct json_problem *const *problems)
{
    if (*problems)
        (void)wrong(l, str_cstr(l->arena, (*problems)->field), (*problems)->message);
    return rc;
}

static enum err read_json(struct line *l, struct str text)
{
    const struct json *v;
    struct json_problem *problems = NULL;
    const char *why;

    if (json_parse(l->arena, text, &v, &why) || json_type(v) != JSON_OBJECT)
        return wrong(l, NULL, "is not a JSON object");
    return first_problem(l, json_decode(l->arena, &ROW, v, &l->row, &problems), &problems);
}

static enum err read_csv(struct line *l, struct str text)
{
    struct import *job = l->job;
    struct str fields[COLUMNS_MAX];
    struct json_pair pairs[COLUMNS_MAX];
    struct json_problem *problems = NULL;
    size_t n, used = 0;

    if (!csv_split(l->arena, text, fields, COLUMNS_MAX, &n))
        return wrong(l, NULL, "has wrong quotes or too many fields");
    if (n != job->column_count)
        return wrong(l, NULL, "has another number of fields than the first line");
    for (size_t i = 0; i < n; i++) {
        if (!str_is_utf8(fields[i]) || memchr(fields[i].p, '\0', fields[i].len))
            return wrong(l, NULL, "is not UTF-8 text");
        pairs[used++] = (struct json_pair){job->columns[i], fields[i]};
    }
    return first_problem(l, json_decode_pairs(l->arena, &ROW, pairs, used, &l->row, &problems),
                         &problems);
}

/* The names of the columns; those nobody knows are left alone. */
static enum err read_header(struct import *job, struct str text)
{
    struct str fields[COLUMNS_MAX];
    bool has_email = false;
    size_t n;

    if (str_has_prefix(text, STR("\xef\xbb\xbf")))
        text = str_slice(text, 3, text.len);
    if (!csv_split(job->r->arena, text, fields, COLUMNS_MAX, &n))
        return req_failf(job->r, ERR_INVALID_INPUT, "the first line is no list of columns");
    job->columns = ARENA_ARRAY(job->r->arena, struct str, n);
    job->column_count = n;
    for (size_t i = 0; i < n; i++) {
        job->columns[i] = str_lower(job->r->arena, str_trim(fields[i]));
        has_email |= str_eq(job->columns[i], STR("email"));
    }
    if (has_email)
        return ERR_OK;
    return req_failf(job->r, ERR_INVALID_INPUT, "the first line names no column email");
}

/* ---- applying a line ----------------------------------------------------------------------- */

struct wanted_role {
    int64_t id;
    struct str system;
};

/* "tts:Reviewer"; several may stand in one value, with ';' between. */
static enum err CO_FN find_roles(struct line *l, struct wanted_role *out, size_t *n)
{
    const struct str *values = l->row.roles.items;

    *n = 0;
    for (size_t i = 0; i < l->row.roles.count; i++) {
        struct str rest = values[i], name, system;
        while (str_next(&rest, ';', &name)) {
            struct role_row role;
            enum err rc;
            if (!str_next(&name, ':', &system) || !name.p || *n == ROLES_MAX)
                return wrong(l, "roles", "must be system:role, separated by ';'");
            rc = role_store_by_name(&l->db, str_trim(system), str_trim(name), &role);
            if (rc == ERR_NOT_FOUND)
                return wrong(l, "roles", "there is no such role");
            if (rc)
                return rc;
            out[(*n)++] = (struct wanted_role){role.id, role.system};
        }
    }
    return ERR_OK;
}

static enum err check_password(struct line *l)
{
    const struct auth_app *app = auth_app(l->job->r);
    const struct row *row = &l->row;
    const char *problem = NULL;

    if (row->password.p && row->password_hash.p)
        return wrong(l, "password_hash", "excludes password");
    if (row->password_hash.p &&
        !password_hash_is_importable(str_cstr(l->arena, row->password_hash)))
        return wrong(l, "password_hash", "must be a bcrypt, yescrypt or pbkdf2_sha256 hash");
    if (row->password.p)
        problem = password_problem(&app->password_policy, row->password, row->email);
    return problem ? wrong(l, "password", problem) : ERR_OK;
}

static enum err CO_FN create(struct line *l, const struct wanted_role *roles, size_t n)
{
    const struct row *row = &l->row;
    int64_t ids[ROLES_MAX] = {ROLE_HDTS_EMPLOYEE};
    struct account_new wanted = {
        .email = row->email,
        .password = row->password,
        .password_hash = row->password_hash,
        .first_name = row->first_name,
        .last_name = row->last_name,
        .full_name = row->full_name,
        .department = row->department,
        .phone = row->phone,
        .role_ids = ids,
        .role_count = n ? n : 1,
        .granted_by = l->job->r->actor->user_id,
    };
    struct user user;
    enum err rc = check_password(l);

    for (size_t i = 0; i < n && rc == ERR_OK; i++) {
        ids[i] = roles[i].id;
        if (ids[i] != ROLE_HDTS_EMPLOYEE)
            rc = administer_system(&l->db, l->job->r->actor, roles[i].system);
    }
    if (rc == ERR_OK && row->active == JSON_FALSE)
        rc = wrong(l, "active", "a new person is active");
    if (rc == ERR_OK && !l->job->is_dry)
        rc = account_create(auth_app(l->job->r), &l->db, &wanted, &l->job->origin, &user);
    l->job->report.created += rc == ERR_OK;
    return rc;
}

static void edit(struct arena *a, struct user *u, void *arg, bool *changed)
{
    const struct row *row = arg;
    const struct user_names names = {row->first_name, row->last_name, row->full_name};

    user_rename(a, u, &names, changed);
    user_set_text(&u->department, row->department, changed);
    user_set_text(&u->phone, row->phone, changed);
    if (row->active != JSON_UNSET && u->active != row->active) {
        u->active = row->active;
        *changed = true;
    }
}

static bool holds(const struct user *u, int64_t role_id)
{
    for (size_t i = 0; i < u->role_count; i++)
        if (u->roles[i].system_role_id == role_id)
            return true;
    return false;
}

/* The roles that are missing, all of which the importer may grant, by the rules of granting. */
static enum err CO_FN keep_missing(struct line *l, const struct user *u, struct wanted_role *roles,
                                   size_t *n)
{
    const struct actor *a = l->job->r->actor;
    size_t kept = 0;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < *n && rc == ERR_OK; i++) {
        if (holds(u, roles[i].id))
            continue;
        rc = u->id == a->user_id ? ERR_FORBIDDEN : administer_system(&l->db, a, roles[i].system);
        roles[kept++] = roles[i];
    }
    *n = kept;
    return rc;
}

static enum err CO_FN grant(struct line *l, int64_t user_id, const struct wanted_role *role)
{
    const struct role_change change = {user_id, role->id, role->system, true};
    struct user after;
    enum err rc = account_change_role(&l->db, &change, &l->job->origin, &after);

    return rc == ERR_DUPLICATE_RESOURCE ? ERR_OK : rc;
}

static enum err CO_FN update(struct line *l, struct user *u, struct wanted_role *roles, size_t n)
{
    struct import *job = l->job;
    struct user edited = *u;
    bool changed = false;
    enum err rc = administer_person(&l->db, job->r->actor, u);

    if (rc == ERR_OK)
        rc = keep_missing(l, u, roles, &n);
    if (rc)
        return rc;
    edit(l->arena, &edited, &l->row, &changed);
    if (changed && !job->is_dry)
        rc = account_update(&l->db, u->id, JSON_NO_INT, edit, &l->row, &job->origin, &edited);
    for (size_t i = 0; i < n && rc == ERR_OK && !job->is_dry; i++)
        rc = grant(l, u->id, &roles[i]);
    if (rc == ERR_OK)
        ++*(changed || n ? &job->report.updated : &job->report.unchanged);
    return rc;
}

static enum err CO_FN apply(struct line *l)
{
    struct wanted_role roles[ROLES_MAX];
    struct user user;
    size_t n;
    enum err rc = find_roles(l, roles, &n);

    if (rc)
        return rc;
    rc = user_store_by_email(&l->db, l->row.email, &user);
    if (rc == ERR_USER_NOT_FOUND)
        return create(l, roles, n);
    return rc ? rc : update(l, &user, roles, n);
}

static void CO_FN note_escalation(struct line *l)
{
    struct audit_event e = audit_of(l->job->r, "user.import", NULL, 0);

    e.details = str_printf(l->arena, "{\"line\":%lld}", (long long)l->number);
    (void)audit_refuse(l->job->r, &e, ERR_FORBIDDEN);
}

/* ---- the stream ---------------------------------------------------------------------------- */

/* ERR_SERVICE_UNAVAILABLE and the like end the import; what is wrong with a line does not. */
static bool is_about_the_line(enum err rc)
{
    int status = err_http_status(rc);

    return status >= 400 && status < 500 && rc != ERR_REQUEST_TIMEOUT;
}

static enum err CO_FN take_record(struct import *job, int64_t number, bool is_too_long,
                                  struct str text)
{
    struct line l = {.job = job, .number = number};
    enum err rc;

    if (str_is_empty(str_trim(text)))
        return ERR_OK;
    if (job->is_csv && !job->columns)
        return is_too_long ? ERR_INVALID_INPUT : read_header(job, text);
    job->report.records++;
    l.arena = arena_new();
    db_session_init(&l.db, req_service(job->r)->db, l.arena);
    co_set_deadline(co_self(),
                    clock_mono_us() + req_service(job->r)->config.request_timeout_ms * US_PER_MS);
    rc = is_too_long ? wrong(&l, NULL, "is longer than 64 KiB") : ERR_OK;
    if (rc == ERR_OK)
        rc = job->is_csv ? read_csv(&l, text) : read_json(&l, text);
    if (rc == ERR_OK)
        rc = apply(&l);
    if (rc == ERR_FORBIDDEN)
        note_escalation(&l);
    if (rc && is_about_the_line(rc)) {
        note_failure(&l, rc);
        rc = ERR_OK;
    }
    arena_free(l.arena);
    return rc;
}

static enum err CO_FN read_stream(struct import *job)
{
    struct record_reader reader;
    struct str piece, record;
    enum err rc;

    record_reader_init(&reader, job->r->arena, job->is_csv);
    for (;;) {
        rc = req_body_next(job->r, &piece);
        if (rc || !piece.p)
            break;
        while (rc == ERR_OK && record_next(&reader, &piece, &record))
            rc = take_record(job, reader.line, reader.is_too_long, record);
        if (rc)
            return rc;
    }
    if (rc == ERR_OK && record_last(&reader, &record))
        rc = reader.in_quotes ? take_record(job, reader.line, true, STR("?"))
                              : take_record(job, reader.line, reader.is_too_long, record);
    return rc;
}

static bool is_type(struct req *r, struct str wanted)
{
    struct str rest = req_header(r, "Content-Type"), type;

    return str_next(&rest, ';', &type) && str_ieq(str_trim(type), wanted);
}

enum err CO_FN user_import_post(struct req *r)
{
    const struct import_query *q = r->query_args;
    struct audit_event event = audit_of(r, "user.import", NULL, 0);
    struct import *job = ARENA_NEW(r->arena, struct import);
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc)
        return rc;
    job->r = r;
    job->origin = account_origin(r);
    job->is_csv = is_type(r, STR("text/csv"));
    job->is_dry = q->dry_run == JSON_TRUE;
    job->report.dry_run = job->is_dry;
    job->report.errors.items = job->errors;
    if (!job->is_csv && !is_type(r, STR("application/x-ndjson")))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    rc = read_stream(job);
    if (rc)
        return rc;
    event.details =
        str_printf(r->arena, "{\"dry_run\":%s,\"created\":%lld,\"updated\":%lld,\"failed\":%lld}",
                   job->is_dry ? "true" : "false", (long long)job->report.created,
                   (long long)job->report.updated, (long long)job->report.failed);
    rc = audit_put(s, &event);
    return rc ? rc : req_reply_json(r, 200, &IMPORT_VIEW, &job->report);
}
