#include "api/groups.h"

#include <stddef.h>

#include "api/announce.h"
#include "api/conversation.h"
#include "api/refuse.h"
#include "api/view.h"
#include "service.h"
#include "state.h"
#include "store/participant_store.h"
#include "write_run.h"

struct new_group {
    struct str title, type;
    struct json_array user_ids; /* int64_t */
};
#define AT(member) offsetof(struct new_group, member)
static const struct json_field NEW_FIELDS[] = {
    {"title", JK_STR, AT(title), JF_REQUIRED | JF_NON_EMPTY, .min = 1, .max = MAX_TITLE},
    {"type", JK_ENUM, AT(type), .choices = "group"},
    {"participant_ids", JK_INT_ARRAY, AT(user_ids), .alias = "user_ids"},
};
#undef AT
JSON_SCHEMA(NEW_GROUP, "NewGroup", struct new_group, NEW_FIELDS);

struct group_patch {
    struct str title;
    int64_t owner_id;
};
#define AT(member) offsetof(struct group_patch, member)
static const struct json_field PATCH_FIELDS[] = {
    {"title", JK_STR, AT(title), .min = 1, .max = MAX_TITLE},
    {"owner_id", JK_INT, AT(owner_id), .min = 1, .max = INT64_MAX, .doc = "a member"},
};
#undef AT
JSON_SCHEMA(GROUP_PATCH, "GroupPatch", struct group_patch, PATCH_FIELDS);

struct new_members {
    struct json_array user_ids;
};
static const struct json_field MEMBER_FIELDS[] = {
    {"user_ids", JK_INT_ARRAY, offsetof(struct new_members, user_ids), JF_REQUIRED, .min = 1,
     .max = 5000, .alias = "participant_ids"},
};
JSON_SCHEMA(NEW_MEMBERS, "NewMembers", struct new_members, MEMBER_FIELDS);

/* ---- what they share ---------------------------------------------------------------------- */

static int64_t id_at(const struct json_array *ids, size_t i)
{
    return ((const int64_t *)ids->items)[i];
}

static bool has_id(const struct json_array *ids, int64_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (id_at(ids, i) == id)
            return true;
    return false;
}

/* The group of the path, locked; for its owner only unless for_members. */
static enum err CO_FN find_group(struct req *r, struct db_session *s, const struct speaker *who,
                                 bool for_members, struct conversation *c)
{
    int64_t id;
    if (!req_param_int(r, "id", &id))
        return ERR_CONVERSATION_NOT_FOUND;
    enum err rc = conversation_store_lock(s, id);
    if (rc == ERR_OK)
        rc = conversation_find(s, who, id, STR_NULL, c);
    if (rc)
        return rc;
    if (!str_eq(c->type, STR("group")))
        return refuse(r, ERR_CONFLICT, "Only groups can be changed");
    return for_members || c->group_owner_id == who->user_id ? ERR_OK : ERR_FORBIDDEN;
}

static enum err CO_FN enter(struct req *r, struct db_session *s, const struct speaker *who,
                            struct change *change)
{
    const struct occasion o = occasion_of(r, who);
    change->actor_id = who->user_id;
    change->happened_at = r->now;
    enum err rc = speaker_name(s, who, &change->actor_name);
    if (rc == ERR_OK)
        rc = change_store_add(s, change);
    return rc ? rc : announce(s, &o, change);
}

static enum err CO_FN answer(struct req *r, struct db_session *s, int64_t id, int status,
                             struct answer *out)
{
    struct conversation c;
    enum err rc = conversation_store_seen_by(s, id, r->actor->user_id, &c);
    if (rc)
        return rc;
    *out = (struct answer){.status = status,
                           .body = answer_json(r->arena, &CONVERSATION_SCHEMA, &c),
                           .version = c.version};
    if (status == 201)
        out->location = str_printf(r->arena, "/api/v1/conversations/%lld", (long long)id);
    return ERR_OK;
}

/* All of the people must be able to join, and the group must have room for them. */
static enum err CO_FN add_people(struct req *r, struct db_session *s, int64_t id,
                                 const struct json_array *ids, struct json_array *added)
{
    struct json_array fit, members;
    int64_t max = messaging_config(req_service(r))->group_members_max;
    if (ids->count > (size_t)max) {
        req_field_error(r, "user_ids", "are too many");
        return ERR_VALIDATION_ERROR;
    }
    enum err rc = participant_store_eligible(s, ids, GROUPS_MAX, &fit);
    if (rc)
        return rc;
    for (size_t i = 0; i < ids->count; i++) {
        if (!has_id(&fit, id_at(ids, i))) {
            req_field_error(r, "user_ids", "has somebody unknown, disabled or in too many groups");
            return ERR_VALIDATION_ERROR;
        }
    }
    rc = participant_store_add(s, id, &fit, r->now, added);
    if (rc == ERR_OK)
        rc = participant_store_ids(s, id, &members);
    if (rc == ERR_OK && members.count > (size_t)max)
        return refuse(r, ERR_CONFLICT, "The group would have too many members");
    return rc;
}

/* ---- making ------------------------------------------------------------------------------- */

static enum err CO_FN make(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct new_group *b = arg;
    const struct speaker who = speaker_of(r->actor);
    int64_t id, *ids = ARENA_ARRAY(r->arena, int64_t, b->user_ids.count + 1);
    struct json_array added, all = {ids, b->user_ids.count + 1};
    if (b->user_ids.count)
        memcpy(ids, b->user_ids.items, b->user_ids.count * sizeof *ids);
    ids[b->user_ids.count] = who.user_id;
    enum err rc = conversation_store_add_group(s, b->title, who.user_id, r->now, &id);
    if (rc == ERR_OK)
        rc = add_people(r, s, id, &all, &added);
    if (rc)
        return rc;
    struct change change = {
        .kind = CHANGE_MEMBERS_ADDED, .conversation_id = id, .detail = b->title, .user_ids = added};
    rc = enter(r, s, &who, &change);
    return rc ? rc : answer(r, s, id, 201, out);
}

enum err CO_FN groups_post(struct req *r)
{
    return write_run(r, req_body_text(r), make, r->body);
}

/* ---- changing ----------------------------------------------------------------------------- */

static enum err CO_FN rename_group(struct req *r, struct db_session *s, const struct speaker *who,
                                   const struct conversation *c, struct str title)
{
    if (!title.p || str_eq(title, c->title))
        return ERR_OK;
    struct change change = {.kind = CHANGE_RENAMED, .conversation_id = c->id, .detail = title};
    enum err rc = conversation_store_rename(s, c->id, title, r->now);
    return rc ? rc : enter(r, s, who, &change);
}

static enum err CO_FN hand_over(struct req *r, struct db_session *s, const struct speaker *who,
                                const struct conversation *c, int64_t owner_id)
{
    struct json_array members;
    int64_t owner;
    enum err rc = participant_store_ids(s, c->id, &members);
    if (rc)
        return rc;
    if (owner_id && !has_id(&members, owner_id)) {
        req_field_error(r, "owner_id", "is no member");
        return ERR_VALIDATION_ERROR;
    }
    rc = conversation_store_hand_over(s, c->id, owner_id, &owner);
    if (rc || owner == JSON_NO_INT)
        return rc;
    struct change change = {.kind = CHANGE_OWNER,
                            .conversation_id = c->id,
                            .user_ids = {ARENA_NEW(r->arena, int64_t), 1}};
    *(int64_t *)change.user_ids.items = owner;
    return enter(r, s, who, &change);
}

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct group_patch *b = arg;
    const struct speaker who = speaker_of(r->actor);
    struct conversation c;
    enum err rc = find_group(r, s, &who, false, &c);
    if (rc == ERR_OK)
        rc = write_check_match(r, c.version);
    if (rc == ERR_OK)
        rc = rename_group(r, s, &who, &c, b->title);
    if (rc == ERR_OK && b->owner_id != JSON_NO_INT && b->owner_id != c.group_owner_id)
        rc = hand_over(r, s, &who, &c, b->owner_id);
    return rc ? rc : answer(r, s, c.id, 200, out);
}

enum err CO_FN groups_patch(struct req *r)
{
    return write_run(r, req_body_text(r), patch, r->body);
}

/* ---- members ------------------------------------------------------------------------------ */

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct new_members *b = arg;
    const struct speaker who = speaker_of(r->actor);
    struct json_array added;
    struct conversation c;
    enum err rc = find_group(r, s, &who, false, &c);
    if (rc == ERR_OK)
        rc = add_people(r, s, c.id, &b->user_ids, &added);
    if (rc)
        return rc;
    struct change change = {.kind = CHANGE_MEMBERS_ADDED,
                            .conversation_id = c.id,
                            .detail = c.title,
                            .user_ids = added};
    rc = added.count ? enter(r, s, &who, &change) : ERR_OK;
    return rc ? rc : answer(r, s, c.id, 200, out);
}

enum err CO_FN groups_add(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

/* An owner who goes leaves the group to whoever has been in it for longest. */
static enum err CO_FN take_out(struct req *r, struct db_session *s, const struct speaker *who,
                               const struct conversation *c, int64_t user_id)
{
    bool was_there;
    struct change change = {.kind = CHANGE_MEMBERS_REMOVED,
                            .conversation_id = c->id,
                            .user_ids = {ARENA_NEW(r->arena, int64_t), 1}};
    *(int64_t *)change.user_ids.items = user_id;
    enum err rc = participant_store_remove(s, c->id, user_id, &was_there);
    if (rc == ERR_OK && !was_there)
        return ERR_USER_NOT_FOUND;
    if (rc == ERR_OK)
        rc = enter(r, s, who, &change);
    if (rc == ERR_OK && c->group_owner_id == user_id)
        rc = hand_over(r, s, who, c, 0);
    return rc;
}

static struct str left_body(struct req *r, int64_t id)
{
    return str_printf(r->arena, "{\"success\":true,\"conversation_id\":%lld}", (long long)id);
}

static enum err CO_FN remove_member(struct req *r, struct db_session *s, void *arg,
                                    struct answer *out)
{
    const struct speaker who = speaker_of(r->actor);
    struct conversation c = {0};
    int64_t user_id;
    (void)arg;
    if (!req_param_int(r, "user_id", &user_id))
        return ERR_USER_NOT_FOUND;
    enum err rc = find_group(r, s, &who, user_id == who.user_id, &c);
    if (rc == ERR_OK)
        rc = take_out(r, s, &who, &c, user_id);
    out->body = left_body(r, c.id);
    return rc;
}

enum err CO_FN groups_remove(struct req *r)
{
    return write_run(r, STR(""), remove_member, NULL);
}

static enum err CO_FN leave(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct speaker who = speaker_of(r->actor);
    struct conversation c = {0};
    (void)arg;
    enum err rc = find_group(r, s, &who, true, &c);
    if (rc == ERR_OK)
        rc = take_out(r, s, &who, &c, who.user_id);
    out->body = left_body(r, c.id);
    return rc;
}

enum err CO_FN groups_leave(struct req *r)
{
    return write_run(r, STR(""), leave, NULL);
}
