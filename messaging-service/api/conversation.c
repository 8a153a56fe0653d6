#include "api/conversation.h"

#include "domain/access.h"
#include "people.h"
#include "service.h"

struct speaker speaker_of(const struct actor *a)
{
    return (struct speaker){.user_id = a->user_id,
                            .name = a->name.len ? a->name : a->email,
                            .sees_all_tickets = actor_may(a, PERM_TICKET_READ_ALL)};
}

/* ---- access ------------------------------------------------------------------------------- */

static struct access access_to(const struct conversation *c, const struct speaker *who)
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
                                  int64_t now, struct conversation *out)
{
    struct person person;
    enum err rc = person_by_id(db, other, &person);
    return rc ? rc : conversation_store_direct(db, who->user_id, other, now, out);
}

/* ---- posting ------------------------------------------------------------------------------ */

const char *posting_problem(const struct posting *p)
{
    if (!str_trim(p->content).len || !str_is_utf8(p->content))
        return "content is required";
    if (str_utf8_len(p->content) > MAX_CONTENT)
        return "content is too long";
    return p->client_id.len > MAX_CLIENT_ID ? "client_id is too long" : NULL;
}

static enum err CO_FN announce(struct db_session *db, const struct conversation *c,
                               const struct posting *p, const struct message *m)
{
    const int64_t *ids;
    size_t count;
    enum err rc = conversation_store_participants(db, c->id, &ids, &count);
    if (rc)
        return rc;
    struct event_message payload = {
        .id = m->id,
        .conversation_id = c->id,
        .sender_id = m->sender_id,
        .ticket_number = c->ticket_number,
        .sender_name = m->sender_name,
        .content = m->content,
        .client_id = m->client_id,
        .created_at = m->created_at,
        .participant_ids = {(void *)(uintptr_t)ids, count},
    };
    struct event_meta meta = {
        .source = "messaging-service",
        .type = "message.created",
        .subject = c->ticket_number.len ? c->ticket_number
                                        : str_printf(db->arena, "%lld", (long long)c->id),
        .time = p->now,
        .log = p->log,
        .time_overridden = p->time_overridden,
    };
    return event_put(db, &meta, &EVENT_MESSAGE, &payload);
}

/* The name people know now, not the one in an old token. */
static enum err CO_FN sender_name(struct db_session *db, const struct speaker *who, struct str *out)
{
    struct person person;
    enum err rc = person_by_id(db, who->user_id, &person);
    if (rc == ERR_USER_NOT_FOUND) {
        *out = who->name;
        return ERR_OK;
    }
    *out = person.name;
    return rc;
}

static enum err CO_FN store(struct db_session *db, const struct conversation *c,
                            const struct posting *p, struct message *out, bool *is_new)
{
    struct message m = {.conversation_id = c->id,
                        .sender_id = p->who->user_id,
                        .content = p->content,
                        .client_id = p->client_id.len ? p->client_id : STR_NULL,
                        .created_at = p->now};
    enum err rc = sender_name(db, p->who, &m.sender_name);
    if (rc == ERR_OK && !c->is_current)
        rc = conversation_store_join(db, c->id, p->who->user_id, p->now);
    if (rc == ERR_OK)
        rc = message_store_add(db, &m, out, is_new);
    if (rc || !*is_new)
        return rc;
    rc = conversation_store_mark_read(db, c->id, p->who->user_id, out->id);
    return rc ? rc : announce(db, c, p, out);
}

enum err conversation_post(struct db_session *db, const struct conversation *c,
                           const struct posting *p, struct message *out, bool *is_new)
{
    struct access access = access_to(c, p->who);
    if (posting_problem(p))
        return ERR_VALIDATION_ERROR;
    if (!access_may_write(&access))
        return ERR_FORBIDDEN;
    enum err rc = db_begin(db);
    if (rc == ERR_OK)
        rc = store(db, c, p, out, is_new);
    if (rc == ERR_OK)
        rc = db_commit(db);
    db_rollback(db);
    return rc;
}
