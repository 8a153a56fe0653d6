/* The second step of a login: taking it, setting it up, doing without it again. */
#include "routes.h"

#include "api/handlers.h"
#include "api/view.h"

#define ANSWER_ERRORS                                                                              \
    ERRORS(ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_INVALID_CODE, ERR_ACCOUNT_LOCKED,             \
           ERR_SERVICE_UNAVAILABLE)
#define MAIL_ERRORS                                                                                \
    ERRORS(ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_CONFLICT, ERR_RATE_LIMIT_EXCEEDED)
#define BEGIN_ERRORS                                                                               \
    ERRORS(ERR_INVALID_CREDENTIALS, ERR_USER_NOT_FOUND, ERR_CONFLICT, ERR_ACCOUNT_LOCKED,          \
           ERR_RATE_LIMIT_EXCEEDED, ERR_SERVICE_UNAVAILABLE)
#define CONFIRM_ERRORS                                                                             \
    ERRORS(ERR_INVALID_CODE, ERR_USER_NOT_FOUND, ERR_CONFLICT, ERR_ACCOUNT_LOCKED,                 \
           ERR_SERVICE_UNAVAILABLE)
#define PROOF_ERRORS                                                                               \
    ERRORS(ERR_INVALID_CREDENTIALS, ERR_INVALID_CODE, ERR_USER_NOT_FOUND, ERR_CONFLICT,            \
           ERR_ACCOUNT_LOCKED, ERR_SERVICE_UNAVAILABLE)

static const struct route_text MAIL_TEXTS[] = {
    {ERR_CONFLICT, "codes by mail are not set up"},
    {0},
};
static const struct route_text BEGIN_TEXTS[] = {
    {ERR_INVALID_CREDENTIALS, "the password is wrong"},
    {ERR_CONFLICT, "this is set up already"},
    {0},
};
static const struct route_text CONFIRM_TEXTS[] = {
    {ERR_CONFLICT, "there is nothing to confirm"},
    {0},
};
static const struct route_text PROOF_TEXTS[] = {
    {ERR_INVALID_CREDENTIALS, "the password is wrong"},
    {ERR_CONFLICT, "this is not set up"},
    {0},
};

#define ANSWER_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = challenge_answer,                            \
        .summary = "Take the second step of a login", .body = &CHALLENGE_BODY,                     \
        .reply = &LOGIN_VIEW, .errors = ANSWER_ERRORS, .max_body = SMALL_BODY                      \
    }
#define FACTOR_ROUTE(path, handler_, summary_, body_, reply_, errors_, texts_)                     \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .handler = handler_,                 \
        .summary = summary_, .body = &body_, .reply = &reply_, .errors = errors_,                  \
        .flags = ROUTE_LOGIN, .texts = texts_, .max_body = SMALL_BODY                              \
    }
#define EMAIL_BEGIN_ROUTE(path)                                                                    \
    FACTOR_ROUTE(path, email_factor_post, "Begin to set up codes by mail", PASSWORD_BODY,          \
                 MESSAGE_VIEW, BEGIN_ERRORS, BEGIN_TEXTS)
#define EMAIL_DISABLE_ROUTE(path)                                                                  \
    FACTOR_ROUTE(path, email_factor_disable, "Do without codes by mail", PROOF_BODY, MESSAGE_VIEW, \
                 PROOF_ERRORS, PROOF_TEXTS)
#define CODE_ROUTE(path)                                                                           \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .handler = factor_code_post,         \
        .summary = "Have a code mailed to oneself", .reply = &MESSAGE_VIEW,                        \
        .errors = ERRORS(ERR_USER_NOT_FOUND, ERR_CONFLICT, ERR_RATE_LIMIT_EXCEEDED),               \
        .flags = ROUTE_LOGIN, .texts = MAIL_TEXTS                                                  \
    }

const struct route FACTOR_ROUTES[] = {
    ANSWER_ROUTE("/api/v1/auth/login/verify"),
    ANSWER_ROUTE("/api/v1/users/login/verify-otp"),
    {.method = "POST",
     .pattern = "/api/v1/auth/login/code",
     .handler = challenge_mail_code,
     .summary = "Have a code mailed for the second step",
     .body = &MFA_TOKEN_BODY,
     .reply = &MESSAGE_VIEW,
     .errors = MAIL_ERRORS,
     .texts = MAIL_TEXTS,
     .max_body = SMALL_BODY},

    {.method = "GET",
     .pattern = "/api/v1/auth/mfa",
     .auth = AUTH_USER,
     .handler = factor_get,
     .summary = "What one has set up for the second step",
     .reply = &FACTOR_VIEW,
     .errors = ERRORS(ERR_USER_NOT_FOUND),
     .flags = ROUTE_LOGIN},
    FACTOR_ROUTE("/api/v1/auth/mfa/totp", totp_post, "Begin to set up an authenticator app",
                 PASSWORD_BODY, TOTP_VIEW, BEGIN_ERRORS, BEGIN_TEXTS),
    FACTOR_ROUTE("/api/v1/auth/mfa/totp/confirm", totp_confirm,
                 "Confirm the app by a code; the first time gives recovery codes", CODE_BODY,
                 RECOVERY_CODES_VIEW, CONFIRM_ERRORS, CONFIRM_TEXTS),
    FACTOR_ROUTE("/api/v1/auth/mfa/totp/disable", totp_disable, "Do without the app", PROOF_BODY,
                 MESSAGE_VIEW, PROOF_ERRORS, PROOF_TEXTS),
    EMAIL_BEGIN_ROUTE("/api/v1/auth/mfa/email"),
    EMAIL_BEGIN_ROUTE("/api/v1/users/2fa/enable"),
    FACTOR_ROUTE("/api/v1/auth/mfa/email/confirm", email_factor_confirm,
                 "Confirm codes by mail; the first time gives recovery codes", CODE_BODY,
                 RECOVERY_CODES_VIEW, CONFIRM_ERRORS, CONFIRM_TEXTS),
    EMAIL_DISABLE_ROUTE("/api/v1/auth/mfa/email/disable"),
    EMAIL_DISABLE_ROUTE("/api/v1/users/2fa/disable"),
    EMAIL_DISABLE_ROUTE("/api/v1/users/verify-disable-otp"),
    CODE_ROUTE("/api/v1/auth/mfa/email/code"),
    CODE_ROUTE("/api/v1/users/2fa/request-otp-authenticated"),
    FACTOR_ROUTE("/api/v1/auth/mfa/recovery-codes", recovery_codes_post,
                 "New recovery codes in place of the old", PROOF_BODY, RECOVERY_CODES_VIEW,
                 PROOF_ERRORS, PROOF_TEXTS),
    {0},
};
