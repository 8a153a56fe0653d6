#pragma once
/* Setting values between text and target members; for this library's own files only. */
#include "setting.h"

/* Stores the text's value in the target; else says in *why (static or in a) what it must be. */
bool value_parse(const struct setting *s, struct str text, void *target, struct arena *a,
                 const char **why);
/* Stores the value of an absent setting: an absent string, 0, false. */
void value_clear(const struct setting *s, void *target);
/* Writes the stored value, passwords in URLs masked. */
void value_print(const struct setting *s, const void *target, FILE *out);
/* Writes the URL with its password as ***. */
void value_print_url(struct str url, FILE *out);
