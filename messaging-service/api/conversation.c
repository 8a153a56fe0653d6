#include "api/conversation.h"

#include "domain/access.h"
#include "people.h"

enum err conversation_find(struct db_session *db, const struct actor *who, int64_t id,
                           struct str ticket_number, struct conversation *out)
{
    enum err rc = id ? conversation_store_get(db, id, out)
                     : conversation_store_by_ticket(db, ticket_number, out);
    if (rc)
        return rc;
    bool takes_part;
    rc = conversation_store_takes_part(db, out->id, who->user_id, &takes_part);
    if (rc)
        return rc;
    bool is_support = str_eq(out->type, STR("support"));
    return conversation_may_read(takes_part, is_support, actor_is_admin(who))
               ? ERR_OK
               : ERR_CONVERSATION_NOT_FOUND;
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
static enum err CO_FN sender_name(struct db_session *db, const struct actor *who, struct str *out)
{
    struct person person;
    enum err rc = person_by_id(db, who->user_id, &person);
    if (rc == ERR_USER_NOT_FOUND) {
        *out = who->name.len ? who->name : who->email;
        return ERR_OK;
    }
    *out = person.name;
    return rc;
}

static enum err CO_FN store(struct db_session *db, const struct conversation *c,
                            const struct posting *p, struct message *out)
{
    struct message m = {.conversation_id = c->id,
                        .sender_id = p->who->user_id,
                        .content = p->content,
                        .client_id = p->client_id,
                        .created_at = p->now};
    bool is_new = false;
    enum err rc = sender_name(db, p->who, &m.sender_name);
    if (rc == ERR_OK && c->ticket_number.len)
        rc = conversation_store_follow_ticket(db, c->ticket_number, STR_NULL, &p->who->user_id, 1,
                                              p->now);
    if (rc == ERR_OK)
        rc = message_store_add(db, &m, out, &is_new);
    if (rc == ERR_OK && is_new)
        rc = message_store_mark_read(db, c->id, p->who->user_id, out->id);
    if (rc == ERR_OK && is_new)
        rc = announce(db, c, p, out);
    return rc;
}

enum err conversation_post(struct db_session *db, const struct conversation *c,
                           const struct posting *p, struct message *out)
{
    if (!str_trim(p->content).len || !str_is_utf8(p->content) ||
        str_utf8_len(p->content) > MAX_CONTENT || p->client_id.len > 100)
        return ERR_VALIDATION_ERROR;
    enum err rc = db_begin(db);
    if (rc == ERR_OK)
        rc = store(db, c, p, out);
    if (rc == ERR_OK)
        return db_commit(db);
    db_rollback(db);
    return rc;
}
