#include "api/conversation.h"

#include <ctype.h>

#include "api/announce.h"
#include "api/attachment.h"
#include "domain/mention.h"
#include "people.h"
#include "service.h"
#include "store/participant_store.h"

struct speaker speaker_of(const struct actor *a)
{
    struct speaker who = {.user_id = a->user_id,
                          .name = a->name.len ? a->name : a->email,
                          .role = a->role,
                          .sees_all_tickets = actor_may(a, PERM_TICKET_READ_ALL)};
    if (a->role_count) {
        who.role_system = a->roles[0].system;
        who.role = a->roles[0].role;
    }
    return who;
}

struct occasion occasion_of(const struct req *r, const struct speaker *who)
{
    return (struct occasion){
        .who = who, .now = r->now, .time_overridden = r->time_overridden, .log = r->log};
}

/* ---- access ------------------------------------------------------------------------------- */

struct access access_to(const struct conversation *c, const struct speaker *who)
{
    return (struct access){.is_support = c->ticket_number.p != NULL,
                           .takes_part = c->takes_part,
                           .is_current = c->is_current,
                           .sees_all_tickets = who->sees_all_tickets};
}

enum err conversation_find(struct db_session *db, const struct speaker *who, int64_t id,
                           struct str ticket_number, struct conversation *out)
{
    enum err rc = id ? conversation_store_get(db, id, who->user_id, out)
                     : conversation_store_by_ticket(db, ticket_number, who->user_id, out);
    if (rc)
        return rc;
    struct access access = access_to(out, who);
    return access_may_read(&access) ? ERR_OK : ERR_CONVERSATION_NOT_FOUND;
}

enum err conversation_of_path(struct req *r, struct db_session **db, const struct speaker *who,
                              struct conversation *out)
{
    int64_t id;
    if (!req_param_int(r, "id", &id))
        return ERR_CONVERSATION_NOT_FOUND;
    enum err rc = req_db(r, db);
    return rc ? rc : conversation_find(*db, who, id, STR_NULL, out);
}

enum err conversation_open_direct(struct db_session *db, const struct speaker *who, int64_t other,
                                  struct str metadata, int64_t now, struct conversation *out)
{
    struct person person;
    enum err rc = person_by_id(db, other, &person);
    return rc ? rc : conversation_store_direct(db, who->user_id, other, metadata, now, out);
}

enum err context_text(struct req *r, const struct json *context, struct str *out)
{
    struct json_writer w;
    struct buf b;
    *out = STR_NULL;
    if (!context || json_type(context) == JSON_NULL)
        return ERR_OK;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_value(&w, context);
    *out = buf_str(&b);
    if (json_type(context) == JSON_OBJECT && out->len <= MAX_CONTEXT)
        return ERR_OK;
    req_field_error(r, "context", "must be an object of at most 4096 bytes");
    return ERR_VALIDATION_ERROR;
}

enum err speaker_name(struct db_session *db, const struct speaker *who, struct str *out)
{
    struct person person;
    enum err rc = person_by_id(db, who->user_id, &person);
    if (rc == ERR_USER_NOT_FOUND) {
        *out = who->name;
        return ERR_OK;
    }
    if (rc)
        return rc;
    *out = person.name;
    return person.active ? ERR_OK : ERR_FORBIDDEN;
}

/* "HDTS: Ticket Coordinator" */
static struct str role_text(struct arena *a, const struct speaker *who)
{
    if (!who->role_system.len)
        return who->role.len ? who->role : STR("");
    char *system = str_cstr(a, who->role_system);
    for (char *p = system; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return str_printf(a, "%s: %.*s", system, STR_ARG(who->role));
}

/* ---- posting ------------------------------------------------------------------------------ */

const char *posting_problem(const struct posting *p)
{
    if (!str_trim(p->content).len && !p->files.count)
        return "content is required";
    if (!str_is_utf8(p->content))
        return "content is not UTF-8";
    if (str_utf8_len(p->content) > MAX_CONTENT)
        return "content is too long";
    if (p->files.count > MAX_ATTACHMENTS)
        return "there are too many attachments";
    if (p->mentions.count > MENTIONS_MAX)
        return "there are too many mentions";
    return p->client_id.len > MAX_CLIENT_ID ? "client_id is too long" : NULL;
}

static bool has_id(const int64_t *ids, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* Whom a message names: by id, each of whom must be a participant, and by @name. */
static enum err CO_FN find_mentions(struct db_session *db, int64_t conversation_id,
                                    struct str content, const struct json_array *given,
                                    struct json_array *out, const char **problem)
{
    const struct named_person *people;
    const int64_t *wanted = given->items, *named;
    size_t n, count = 0;
    *out = (struct json_array){0};
    if (!given->count && str_index(content, '@', 0) < 0)
        return ERR_OK;
    enum err rc = participant_store_names(db, conversation_id, &people, &n);
    if (rc)
        return rc;
    int64_t *ids = ARENA_ARRAY(db->arena, int64_t, given->count + MENTIONS_MAX);
    for (size_t i = 0; i < given->count; i++) {
        bool takes_part = false;
        for (size_t k = 0; k < n && !takes_part; k++)
            takes_part = people[k].id == wanted[i];
        if (!takes_part) {
            *problem = "mentions names somebody who takes no part";
            return ERR_VALIDATION_ERROR;
        }
        if (!has_id(ids, count, wanted[i]))
            ids[count++] = wanted[i];
    }
    size_t found = mentions_find(db->arena, content, people, n, &named);
    for (size_t i = 0; i < found && count < MENTIONS_MAX; i++)
        if (!has_id(ids, count, named[i]))
            ids[count++] = named[i];
    *out = (struct json_array){ids, count};
    return ERR_OK;
}

enum err conversation_mentions(struct db_session *db, int64_t conversation_id, struct str content,
                               struct json_array *out)
{
    const struct json_array none = {0};
    const char *problem;
    return find_mentions(db, conversation_id, content, &none, out, &problem);
}

static enum err CO_FN check_reply(struct db_session *db, const struct conversation *c, int64_t id,
                                  const char **problem)
{
    struct message m;
    if (id == JSON_NO_INT)
        return ERR_OK;
    enum err rc = message_store_get(db, id, &m);
    if (rc == ERR_NOT_FOUND || (rc == ERR_OK && m.conversation_id != c->id)) {
        *problem = "reply_to_id is no message of this conversation";
        return ERR_VALIDATION_ERROR;
    }
    return rc;
}

static enum err CO_FN store(struct db_session *db, const struct conversation *c,
                            const struct posting *p, struct message *out, bool *is_new,
                            const char **problem)
{
    const struct occasion *o = &p->occasion;
    struct message m = {.conversation_id = c->id,
                        .sender_id = o->who->user_id,
                        .sender_role = role_text(db->arena, o->who),
                        .type = p->type.len ? p->type : STR("text"),
                        .content = p->content.p ? p->content : STR(""),
                        .client_id = p->client_id.len ? p->client_id : STR_NULL,
                        .attachments = attachments_json(db->arena, &p->files),
                        .reply_to_id = p->reply_to_id,
                        .created_at = o->now};
    enum err rc = speaker_name(db, o->who, &m.sender_name);
    if (rc == ERR_OK)
        rc = check_reply(db, c, p->reply_to_id, problem);
    if (rc == ERR_OK)
        rc = find_mentions(db, c->id, p->content, &p->mentions, &m.mention_ids, problem);
    if (rc == ERR_OK && !c->is_current)
        rc = participant_store_join(db, c->id, o->who->user_id, o->now);
    if (rc == ERR_OK)
        rc = message_store_add(db, &m, out, is_new);
    if (rc || !*is_new)
        return rc;
    const struct change change = {.id = out->id,
                                  .kind = CHANGE_MESSAGE,
                                  .conversation_id = c->id,
                                  .ticket_number = c->ticket_number,
                                  .message = *out};
    return announce(db, o, &change);
}

/* What the person might do before the conversation was locked is asked again. */
enum err conversation_lock_for_writing(struct db_session *db, const struct speaker *who, int64_t id,
                                       struct conversation *out)
{
    enum err rc = conversation_store_lock(db, id);
    if (rc == ERR_OK)
        rc = conversation_find(db, who, id, STR_NULL, out);
    if (rc)
        return rc;
    struct access access = access_to(out, who);
    return access_may_write(&access) ? ERR_OK : ERR_FORBIDDEN;
}

enum err conversation_post(struct db_session *db, const struct conversation *c,
                           const struct posting *p, struct message *out, bool *is_new,
                           const char **problem)
{
    struct conversation locked;
    *problem = posting_problem(p);
    if (*problem)
        return ERR_VALIDATION_ERROR;
    enum err rc = db_begin(db);
    if (rc == ERR_OK)
        rc = conversation_lock_for_writing(db, p->occasion.who, c->id, &locked);
    if (rc == ERR_OK)
        rc = store(db, &locked, p, out, is_new, problem);
    if (rc == ERR_OK && *is_new)
        rc = db_commit(db);
    db_rollback(db);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------ */

static enum err CO_FN tell_reading(struct db_session *db, const struct conversation *c,
                                   const struct occasion *o, int64_t change_id, int64_t last_read)
{
    const struct change change = {.id = change_id,
                                  .kind = CHANGE_READ,
                                  .conversation_id = c->id,
                                  .ticket_number = c->ticket_number,
                                  .actor_id = o->who->user_id,
                                  .actor_name = o->who->name,
                                  .last_read_id = last_read,
                                  .happened_at = o->now};
    return announce(db, o, &change);
}

static enum err CO_FN read_up_to(struct db_session *db, const struct conversation *c,
                                 const struct occasion *o, int64_t up_to, int64_t *last_read_id)
{
    struct json_array people;
    int64_t newest, change_id, moved_to;
    enum err rc = conversation_store_lock(db, c->id);
    if (rc == ERR_OK)
        rc = message_store_newest(db, c->id, &newest);
    if (rc == ERR_OK)
        rc = participant_store_ids(db, c->id, &people);
    if (rc)
        return rc;
    const struct reading reading = {.conversation_id = c->id,
                                    .user_id = o->who->user_id,
                                    .up_to = up_to < newest ? up_to : newest,
                                    .as_change = people.count <= RECEIPT_PEOPLE_MAX};
    rc = participant_store_read(db, &reading, &change_id, &moved_to);
    *last_read_id = c->last_read_id > reading.up_to ? c->last_read_id : reading.up_to;
    return rc || !change_id ? rc : tell_reading(db, c, o, change_id, moved_to);
}

enum err conversation_read(struct db_session *db, const struct conversation *c,
                           const struct occasion *o, int64_t up_to, int64_t *last_read_id)
{
    enum err rc = db_begin(db);
    if (rc == ERR_OK)
        rc = read_up_to(db, c, o, up_to, last_read_id);
    if (rc == ERR_OK)
        rc = db_commit(db);
    db_rollback(db);
    return rc;
}
