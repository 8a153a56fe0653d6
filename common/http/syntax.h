#pragma once
/* The lexical rules that heads and trailers share (RFC 9110 §5, RFC 9112 §5). */
#include <stdbool.h>

#include "head.h"

enum http_char {
    HTTP_CHAR_TOKEN = 1,  /* tchar */
    HTTP_CHAR_VALUE = 2,  /* field-vchar, blank and tab */
    HTTP_CHAR_TARGET = 4, /* visible ASCII but '#': a target has no fragment */
    HTTP_CHAR_HOST = 8,   /* uri-host with port */
};
extern const unsigned char HTTP_CHARS[256];

static inline bool http_is(unsigned char c, enum http_char class)
{
    return HTTP_CHARS[c] & class;
}

/*
 * Reads the field line at *p, of which end is past the last byte of the section, and moves *p
 * behind its CRLF. NULL, or static text saying what is wrong.
 */
const char *http_scan_field(const char **p, const char *end, struct http_header *out);
