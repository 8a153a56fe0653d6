#pragma once
/* Base64 (RFC 4648 §4 and §5), hex, percent-encoding, HTML. Decoders refuse every malformed input.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Both return the length written, without NUL; out holds BASE64_SIZE(n). The url form has no
 * padding. */
size_t base64_encode(const void *in, size_t n, char *out);
size_t base64url_encode(const void *in, size_t n, char *out);
/* out holds in.len / 4 * 3 + 3 bytes. Padding is required by the first, refused by the second. */
bool base64_decode(struct str in, uint8_t *out, size_t *n);
bool base64url_decode(struct str in, uint8_t *out, size_t *n);

void hex_encode(const void *in, size_t n, char *out); /* lower case, NUL-terminated */
bool hex_decode(struct str in, uint8_t *out, size_t n);

/* Decodes %XX (and '+' as blank when form is set) into the arena; false on a bad escape or NUL. */
bool percent_decode(struct arena *a, struct str in, bool form, struct str *out);
/* Appends s with everything but RFC 3986 unreserved characters escaped. */
void percent_encode(struct buf *b, struct str s);

/* Appends s so that it is text in HTML and XML, also within a quoted attribute. */
void html_escape(struct buf *b, struct str s);
