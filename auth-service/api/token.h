#pragma once
/* Access and refresh tokens: issuing, reading, and the cookies that carry them. */
#include "api/app.h"
#include "domain/token_id.h"
#include "domain/user.h"

struct token_pair {
    struct str access, refresh;
};

/* What tokens say of a person; token_type, jti, exp and scope are the caller's. now in µs. */
struct jwt_claims token_claims(struct arena *a, const struct user *u, int64_t now);

/* Tokens of a person for one generation of a session; both live from now (µs). */
struct token_pair token_pair_issue(struct auth_app *app, struct arena *a, const struct user *u,
                                   struct str session, int64_t generation, int64_t now);
/* The intermediate token of a login that wants its second step; opens nothing else. */
struct str token_mfa_issue(struct auth_app *app, struct arena *a, int64_t user_id,
                           struct str challenge, int64_t now, int64_t life_s);
/* Its challenge. ERR_TOKEN_INVALID or ERR_TOKEN_EXPIRED. */
MUST_CHECK enum err token_mfa_read(struct auth_app *app, struct arena *a, struct str text,
                                   int64_t now, struct str *challenge);
/* When a refresh token issued now ends (µs). */
int64_t token_refresh_end(const struct auth_app *app, int64_t now);

/* A verified token of ours. ERR_TOKEN_INVALID or ERR_TOKEN_EXPIRED. */
struct token {
    struct jwt_claims claims;
    struct token_id id;
};
MUST_CHECK enum err token_read(struct auth_app *app, struct arena *a, struct str text, int64_t now,
                               struct token *out);
bool token_is_refresh(const struct token *t);

/* The token of the Authorization header, absent without one. */
struct str token_from_header(struct req *r);

/* Both are HttpOnly and SameSite=Lax, in production also Secure. */
void token_set_cookies(struct req *r, const struct token_pair *p);
void token_clear_cookies(struct req *r);
/* A request that acts by cookie must come from an allowed origin: browsers send cookies along with
 * forged requests too. */
bool token_cookie_may_act(struct req *r);
