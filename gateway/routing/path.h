#pragma once
/*
 * Request paths in normal form, so that routing and policy see what the upstream will see
 * (RFC 3986 §6.2.2): unreserved characters decoded, dot segments removed, slashes merged. Other
 * escapes stay as they are; an encoded slash is never a separator.
 */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

/* *out is path itself when it already is in normal form, else a copy in the arena. false when it is
 * no absolute path, has a bad escape, an encoded NUL, or a control character. */
bool path_normalise(struct arena *a, struct str path, struct str *out);
/* An absolute path in normal form, as the route file must spell them. */
bool path_is_plain(struct str path);
/* Without a trailing slash; "/" becomes empty. */
struct str path_without_slash(struct str path);
