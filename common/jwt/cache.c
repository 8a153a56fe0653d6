#include "cache.h"

#include <stddef.h>
#include <stdlib.h>

#include "keys.h"
#include "mem.h"

#define SLOTS 128

struct slot {
    char signature[JWT_SIGNATURE_SIZE];
    struct jwt_claims claims; /* slices and roles point into block */
    int64_t nbf;
    char *block; /* owned; NULL: empty */
    size_t size;
};

struct jwt_cache {
    struct slot slots[SLOTS];
};

struct jwt_cache *jwt_cache_new(void)
{
    return MEM_NEW(struct jwt_cache);
}

void jwt_cache_free(struct jwt_cache *c)
{
    for (size_t i = 0; i < SLOTS; i++)
        free(c->slots[i].block);
    free(c);
}

/* Every slice of the claims but those of the roles. */
static const size_t slices[] = {
    offsetof(struct jwt_claims, iss),        offsetof(struct jwt_claims, sub),
    offsetof(struct jwt_claims, email),      offsetof(struct jwt_claims, name),
    offsetof(struct jwt_claims, role),       offsetof(struct jwt_claims, jti),
    offsetof(struct jwt_claims, token_type), offsetof(struct jwt_claims, scope),
};
#define SLICES (sizeof slices / sizeof slices[0])

static struct str *slice_at(struct jwt_claims *c, size_t i)
{
    return (struct str *)((char *)c + slices[i]);
}

static size_t size_of(struct jwt_claims *c)
{
    size_t size = c->role_count * sizeof *c->roles;
    for (size_t i = 0; i < SLICES; i++)
        size += slice_at(c, i)->len;
    for (size_t i = 0; i < c->role_count; i++)
        size += c->roles[i].system.len + c->roles[i].role.len;
    return size;
}

static void move_slice(struct str *s, char **to)
{
    if (!s->p)
        return;
    memcpy(*to, s->p, s->len);
    s->p = *to;
    *to += s->len;
}

/* Moves what the claims point to into block: the roles, then the text. */
static void pack(struct jwt_claims *c, char *block)
{
    struct jwt_role *roles = (void *)block;
    char *text = block + c->role_count * sizeof *roles;
    for (size_t i = 0; i < SLICES; i++)
        move_slice(slice_at(c, i), &text);
    for (size_t i = 0; i < c->role_count; i++) {
        roles[i] = c->roles[i];
        move_slice(&roles[i].system, &text);
        move_slice(&roles[i].role, &text);
    }
    c->roles = roles;
}

static size_t index_of(struct str signature)
{
    return ((size_t)(unsigned char)signature.p[0] * 64 + (unsigned char)signature.p[1]) % SLOTS;
}

bool jwt_cache_get(const struct jwt_cache *c, struct arena *a, struct str signature,
                   struct jwt_claims *claims, int64_t *nbf)
{
    const struct slot *s = &c->slots[index_of(signature)];
    if (!s->block || !str_eq(signature, str_n(s->signature, JWT_SIGNATURE_SIZE)))
        return false;
    *claims = s->claims;
    *nbf = s->nbf;
    pack(claims, arena_alloc(a, s->size));
    return true;
}

void jwt_cache_put(struct jwt_cache *c, struct str signature, const struct jwt_claims *claims,
                   int64_t nbf)
{
    struct slot *s = &c->slots[index_of(signature)];
    free(s->block);
    memcpy(s->signature, signature.p, JWT_SIGNATURE_SIZE);
    s->claims = *claims;
    s->nbf = nbf;
    s->size = size_of(&s->claims);
    s->block = mem_alloc(s->size + 1);
    pack(&s->claims, s->block);
}
