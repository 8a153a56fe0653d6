#pragma once
/* Invitations: who may become a person, with which roles. */
#include "db.h"
#include "domain/user.h"

struct invitation {
    int64_t id;
    struct str email, first_name, last_name, department;
    int64_t invited_by; /* JSON_NO_INT: nobody who is still there */
    int64_t created_at, expires_at, accepted_at, revoked_at; /* µs, INT64_MIN: not */
    int64_t user_id;                                         /* who it has become; JSON_NO_INT */
    const struct user_role *roles;
    size_t role_count;
};

/* Sets id. ERR_CONFLICT when the address has an open invitation. role_ids: existing ones. */
MUST_CHECK enum err CO_FN invitation_store_insert(struct db_session *s, struct invitation *i,
                                                  const int64_t *role_ids, size_t n);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN invitation_store_by_id(struct db_session *s, int64_t id,
                                                 struct invitation *out);
/* The open one of an address. ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN invitation_store_by_email(struct db_session *s, struct str email,
                                                    struct invitation *out);
/* ERR_LINK_INVALID, ERR_LINK_EXPIRED or ERR_LINK_USED. */
MUST_CHECK enum err CO_FN invitation_store_by_token(struct db_session *s, struct str hash,
                                                    int64_t now, struct invitation *out);

/* The token of the mail that is being made: an earlier one is void. */
MUST_CHECK enum err CO_FN invitation_store_set_token(struct db_session *s, int64_t id,
                                                     struct str hash);
/* These change an open one; *changed is false when it is not open (any more). */
MUST_CHECK enum err CO_FN invitation_store_extend(struct db_session *s, int64_t id,
                                                  int64_t expires_at, bool *changed);
MUST_CHECK enum err CO_FN invitation_store_revoke(struct db_session *s, int64_t id, int64_t now,
                                                  bool *changed);
MUST_CHECK enum err CO_FN invitation_store_accept(struct db_session *s, int64_t id, int64_t user_id,
                                                  int64_t now, bool *changed);

struct invitation_list {
    struct invitation *items;
    size_t count;
    int64_t total; /* of all pages */
};
/* Newest first. status: pending, expired, accepted, revoked; absent: all. */
MUST_CHECK enum err CO_FN invitation_store_list(struct db_session *s, struct str status,
                                                int64_t now, int64_t limit, int64_t offset,
                                                struct invitation_list *out);
