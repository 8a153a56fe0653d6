/* Inviting people by mail. */
#include "routes.h"

#include "actor.h"
#include "api/handlers.h"
#include "api/view.h"

static const struct route_text INVITE_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "this address is registered or invited already"},
    {0},
};
static const struct route_text CHANGE_TEXTS[] = {
    {ERR_NOT_FOUND, "there is no such invitation"},
    {ERR_CONFLICT, "the invitation was accepted or revoked"},
    {0},
};
static const struct route_text ACCEPT_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "email already registered"},
    {0},
};

#define INVITE_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .permission = PERM_USER_ADMIN,       \
        .handler = invitation_post, .summary = "Invite somebody by mail",                          \
        .body = &INVITATION_BODY, .reply = &INVITATION_VIEW, .success = 201,                       \
        .errors = ERRORS(ERR_DUPLICATE_RESOURCE, ERR_VALIDATION_ERROR), .texts = INVITE_TEXTS,     \
        .max_body = SMALL_BODY                                                                     \
    }

const struct route INVITATION_ROUTES[] = {
    INVITE_ROUTE("/api/v1/users/invitations"),
    INVITE_ROUTE("/api/v1/users/invite-agent"),
    {.method = "GET",
     .pattern = "/api/v1/users/invitations",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = invitation_list_get,
     .summary = "Invitations, newest first",
     .query = &INVITATION_QUERY,
     .reply = &INVITATION_PAGE_VIEW},
    {.method = "POST",
     .pattern = "/api/v1/users/invitations/{id}/resend",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = invitation_resend,
     .summary = "Mail a new link, which voids the old one, and begin the time anew",
     .reply = &INVITATION_VIEW,
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_NOT_FOUND, ERR_CONFLICT, ERR_VALIDATION_ERROR),
     .texts = CHANGE_TEXTS},
    {.method = "DELETE",
     .pattern = "/api/v1/users/invitations/{id}",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = invitation_delete,
     .summary = "Revoke an invitation",
     .reply = &INVITATION_VIEW,
     .errors = ERRORS(ERR_NOT_FOUND, ERR_CONFLICT),
     .texts = CHANGE_TEXTS},
    {.method = "POST",
     .pattern = "/api/v1/auth/invitations/accept",
     .handler = invitation_accept,
     .summary = "Accept an invitation: choose a password and begin",
     .body = &ACCEPT_BODY,
     .check = accept_check,
     .reply = &LOGIN_VIEW,
     .success = 201,
     .errors = ERRORS(ERR_LINK_INVALID, ERR_LINK_EXPIRED, ERR_LINK_USED, ERR_DUPLICATE_RESOURCE,
                      ERR_VALIDATION_ERROR, ERR_SERVICE_UNAVAILABLE),
     .texts = ACCEPT_TEXTS,
     .max_body = SMALL_BODY},
    {0},
};
