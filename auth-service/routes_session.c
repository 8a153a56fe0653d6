/* Opening, refreshing and ending sessions. */
#include "routes.h"

#include "api/handlers.h"
#include "api/view.h"

#define LOGIN_ERRORS                                                                               \
    ERRORS(ERR_INVALID_INPUT, ERR_INVALID_CREDENTIALS, ERR_INVALID_CODE, ERR_FORBIDDEN,            \
           ERR_EMAIL_NOT_VERIFIED, ERR_ACCOUNT_LOCKED, ERR_SERVICE_UNAVAILABLE)
#define REGISTER_ERRORS                                                                            \
    ERRORS(ERR_INVALID_INPUT, ERR_FORBIDDEN, ERR_DUPLICATE_RESOURCE, ERR_VALIDATION_ERROR,         \
           ERR_SERVICE_UNAVAILABLE)
#define REFRESH_ERRORS                                                                             \
    ERRORS(ERR_INVALID_INPUT, ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_FORBIDDEN)
#define CODE_REQUEST_ERRORS                                                                        \
    ERRORS(ERR_INVALID_INPUT, ERR_INVALID_CREDENTIALS, ERR_FORBIDDEN, ERR_EMAIL_NOT_VERIFIED,      \
           ERR_CONFLICT, ERR_ACCOUNT_LOCKED, ERR_RATE_LIMIT_EXCEEDED, ERR_SERVICE_UNAVAILABLE)
#define VERIFY_ERRORS ERRORS(ERR_INVALID_INPUT, ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED)

static const struct route_text LOGIN_TEXTS[] = {
    {ERR_FORBIDDEN, "the account is deactivated"},
    {0},
};
static const struct route_text SIMPLE_LOGIN_TEXTS[] = {
    {ERR_INVALID_INPUT, "email and password are required"},
    {ERR_INVALID_CREDENTIALS, "invalid credentials"},
    {ERR_FORBIDDEN, "the account is deactivated"},
    {0},
};
static const struct route_text REGISTER_TEXTS[] = {
    {ERR_INVALID_INPUT, "email and password are required"},
    {ERR_DUPLICATE_RESOURCE, "email already registered"},
    {ERR_FORBIDDEN, "a role cannot be chosen at registration"},
    {0},
};
static const struct route_text REFRESH_TEXTS[] = {
    {ERR_INVALID_INPUT, "a refresh token is required"},
    {ERR_FORBIDDEN, "the origin of the request is not allowed"},
    {0},
};

static const struct route_text CODE_REQUEST_TEXTS[] = {
    {ERR_FORBIDDEN, "the account is deactivated"},
    {ERR_CONFLICT, "codes by mail are not set up"},
    {0},
};
static const struct route_text LOGOUT_TEXTS[] = {
    {ERR_FORBIDDEN, "the origin of the request is not allowed"},
    {0},
};

#define LOGIN_ROUTE(path, handler_, reply_, texts_)                                                \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = handler_, .summary = "Log in",               \
        .body = &LOGIN_BODY, .reply = &reply_, .errors = LOGIN_ERRORS, .texts = texts_,            \
        .max_body = SMALL_BODY                                                                     \
    }
#define REGISTER_ROUTE(path, handler_, reply_)                                                     \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = handler_, .summary = "Create an account",    \
        .body = &REGISTER_BODY, .check = register_check, .reply = &reply_, .success = 201,         \
        .errors = REGISTER_ERRORS, .texts = REGISTER_TEXTS, .max_body = SMALL_BODY                 \
    }
#define REFRESH_ROUTE(path, handler_, reply_)                                                      \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = handler_,                                    \
        .summary = "Exchange a refresh token", .body = &REFRESH_BODY, .reply = &reply_,            \
        .errors = REFRESH_ERRORS, .flags = ROUTE_BODY_OPTIONAL, .texts = REFRESH_TEXTS,            \
        .max_body = SMALL_BODY                                                                     \
    }
#define VERIFY_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = session_verify,                              \
        .summary = "Whether a token is good", .body = &VERIFY_BODY, .errors = VERIFY_ERRORS,       \
        .max_body = SMALL_BODY                                                                     \
    }
#define VALIDATE_ROUTE(method_, path, body_)                                                       \
    {                                                                                              \
        .method = method_, .pattern = path, .handler = session_validate,                           \
        .summary = "Whose access token this is", .body = body_, .reply = &VALIDATION_VIEW,         \
        .errors = ERRORS(ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_USER_NOT_FOUND),                \
        .flags = ROUTE_BODY_OPTIONAL, .max_body = SMALL_BODY                                       \
    }
#define LOGOUT_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = session_logout,                              \
        .summary = "End the session", .body = &REFRESH_BODY, .reply = &MESSAGE_VIEW,               \
        .errors = ERRORS(ERR_FORBIDDEN), .texts = LOGOUT_TEXTS, .flags = ROUTE_BODY_OPTIONAL,      \
        .max_body = SMALL_BODY                                                                     \
    }

const struct route SESSION_ROUTES[] = {
    LOGIN_ROUTE("/api/v1/auth/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/v1/users/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/auth/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/token", login_token_pair, TOKEN_PAIR_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/auth/token", login_token_pair, TOKEN_PAIR_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/v1/token", login_token_pair, TOKEN_PAIR_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/v1/token/obtain", login_token_pair, TOKEN_PAIR_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/auth/login", login_simple, TOKEN_VIEW, SIMPLE_LOGIN_TEXTS),
    LOGIN_ROUTE("/api/v1/users/login/api", login_api, API_LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/v1/hdts/employees/api/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    {.method = "POST",
     .pattern = "/api/v1/users/2fa/request-otp",
     .handler = login_request_code,
     .summary = "Take the first step of a login and have a code mailed for the second",
     .body = &LOGIN_BODY,
     .reply = &CHALLENGE_VIEW,
     .errors = CODE_REQUEST_ERRORS,
     .texts = CODE_REQUEST_TEXTS,
     .max_body = SMALL_BODY},

    REGISTER_ROUTE("/api/v1/auth/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/api/v1/users/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/api/auth/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/api/v1/hdts/employees/api/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/auth/register", register_simple, REGISTRATION_VIEW),

    REFRESH_ROUTE("/api/v1/auth/refresh", session_refresh_full, LOGIN_VIEW),
    REFRESH_ROUTE("/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/auth/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/v1/users/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/v1/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/v1/token/refresh/cookie", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/v1/hdts/employees/api/token/refresh", session_refresh_pair,
                  TOKEN_PAIR_VIEW),
    VERIFY_ROUTE("/api/v1/token/verify"),
    VALIDATE_ROUTE("POST", "/api/v1/auth/validate", &VALIDATE_BODY),
    VALIDATE_ROUTE("POST", "/api/v1/auth/validate-token", &VALIDATE_BODY),
    VALIDATE_ROUTE("POST", "/api/v1/users/token/validate", &VALIDATE_BODY),
    VALIDATE_ROUTE("GET", "/api/v1/users/token/validate", NULL),
    VERIFY_ROUTE("/token/verify"),
    VERIFY_ROUTE("/api/auth/token/verify"),
    LOGOUT_ROUTE("/api/v1/auth/logout"),
    LOGOUT_ROUTE("/api/auth/logout"),
    LOGOUT_ROUTE("/api/v1/users/logout"),
    LOGOUT_ROUTE("/api/v1/hdts/employees/api/logout"),
    {0},
};
