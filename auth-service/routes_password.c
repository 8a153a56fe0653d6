/* Passwords and addresses of mail: changing, forgetting, resetting, verifying. */
#include "routes.h"

#include "api/handlers.h"
#include "api/view.h"

#define CHANGE_ERRORS                                                                              \
    ERRORS(ERR_INVALID_CREDENTIALS, ERR_FORBIDDEN, ERR_USER_NOT_FOUND, ERR_VALIDATION_ERROR,       \
           ERR_ACCOUNT_LOCKED, ERR_SERVICE_UNAVAILABLE)
#define PROVE_ERRORS                                                                               \
    ERRORS(ERR_INVALID_CREDENTIALS, ERR_FORBIDDEN, ERR_USER_NOT_FOUND, ERR_ACCOUNT_LOCKED,         \
           ERR_SERVICE_UNAVAILABLE)
#define MAIL_ERRORS ERRORS(ERR_VALIDATION_ERROR, ERR_RATE_LIMIT_EXCEEDED)
#define RESET_ERRORS                                                                               \
    ERRORS(ERR_LINK_INVALID, ERR_LINK_EXPIRED, ERR_LINK_USED, ERR_VALIDATION_ERROR,                \
           ERR_SERVICE_UNAVAILABLE)
#define LINK_ERRORS ERRORS(ERR_LINK_INVALID, ERR_LINK_EXPIRED, ERR_LINK_USED)

static const struct route_text PROVE_TEXTS[] = {
    {ERR_INVALID_CREDENTIALS, "the current password is wrong"},
    {0},
};

#define CHANGE_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .flags = ROUTE_LOGIN,                \
        .handler = password_change, .summary = "Change one's password; ends the other sessions",   \
        .body = &PASSWORD_CHANGE_BODY, .reply = &MESSAGE_VIEW, .errors = CHANGE_ERRORS,            \
        .texts = PROVE_TEXTS, .max_body = SMALL_BODY                                               \
    }
#define PROVE_ROUTE(path)                                                                          \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .flags = ROUTE_LOGIN,                \
        .handler = password_verify, .summary = "Whether this is one's password",                   \
        .body = &PASSWORD_BODY, .reply = &MESSAGE_VIEW, .errors = PROVE_ERRORS,                    \
        .texts = PROVE_TEXTS, .max_body = SMALL_BODY                                               \
    }
#define FORGOT_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = password_forgot,                             \
        .summary = "Have a link mailed that resets the password", .body = &EMAIL_BODY,             \
        .reply = &MESSAGE_VIEW, .errors = MAIL_ERRORS, .max_body = SMALL_BODY                      \
    }
#define RESET_ROUTE(path)                                                                          \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = password_reset,                              \
        .summary = "Choose a new password; ends all sessions", .body = &PASSWORD_RESET_BODY,       \
        .reply = &MESSAGE_VIEW, .errors = RESET_ERRORS, .max_body = SMALL_BODY                     \
    }
#define VERIFY_EMAIL_ROUTES(path)                                                                  \
    {.method = "GET",                                                                              \
     .pattern = path,                                                                              \
     .handler = email_verify,                                                                      \
     .summary = "Follow the link of the verification mail",                                        \
     .query = &LINK_BODY,                                                                          \
     .reply = &MESSAGE_VIEW,                                                                       \
     .errors = LINK_ERRORS},                                                                       \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = email_verify,                                \
        .summary = "Verify one's address of mail", .body = &LINK_BODY, .reply = &MESSAGE_VIEW,     \
        .errors = LINK_ERRORS, .max_body = SMALL_BODY                                              \
    }
#define RESEND_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = email_resend,                                \
        .summary = "Have the verification mailed again", .body = &EMAIL_BODY,                      \
        .reply = &MESSAGE_VIEW, .errors = MAIL_ERRORS, .max_body = SMALL_BODY                      \
    }

const struct route PASSWORD_ROUTES[] = {
    CHANGE_ROUTE("/api/v1/auth/change-password"),
    CHANGE_ROUTE("/api/v1/users/password/change"),
    CHANGE_ROUTE("/api/v1/users/change-password"),
    CHANGE_ROUTE("/api/v1/users/profile/reset-password"),
    PROVE_ROUTE("/api/v1/auth/verify-password"),
    CHANGE_ROUTE("/api/v1/hdts/employees/api/profile/change-password"),
    PROVE_ROUTE("/api/v1/users/verify-password"),
    PROVE_ROUTE("/api/v1/hdts/employees/api/profile/verify-password"),

    FORGOT_ROUTE("/api/v1/auth/forgot-password"),
    FORGOT_ROUTE("/api/v1/users/password/forgot"),
    FORGOT_ROUTE("/api/v1/hdts/employees/password/forgot"),
    FORGOT_ROUTE("/api/auth/password-reset"),
    RESET_ROUTE("/api/v1/auth/reset-password"),
    RESET_ROUTE("/api/v1/users/password/reset"),
    RESET_ROUTE("/api/v1/hdts/employees/password/reset"),
    RESET_ROUTE("/api/auth/password-reset-confirm"),

    VERIFY_EMAIL_ROUTES("/api/v1/auth/verify-email"),
    VERIFY_EMAIL_ROUTES("/api/auth/verify-email"),
    RESEND_ROUTE("/api/v1/auth/resend-verification"),
    {0},
};
