#pragma once
/*
 * The changes of an audit event: a JSON array of {"field", "old", "new"}. Of long texts and secrets
 * the name is told and no value.
 */
#include "arena.h"
#include "domain/ticket.h"
#include "json.h"

struct audit_changes {
    struct buf text;
    struct json_writer w;
};

void audit_changes_begin(struct audit_changes *c, struct arena *a);
/* Absent values are null. */
void audit_change(struct audit_changes *c, struct str field, struct str old_value,
                  struct str new_value);
/* That it is another one, not what it says. */
void audit_change_name(struct audit_changes *c, struct str field);
/* The members in which two JSON objects differ, prefix before each name; an absent or empty text is
 * an object without members, and version is not compared. */
void audit_change_members(struct audit_changes *c, struct str prefix, struct str before,
                          struct str after);
/* Absent when nothing has changed. */
struct str audit_changes_end(struct audit_changes *c);

/* What ticket_diff has found, and the custom fields. */
struct str audit_changes_of_ticket(struct arena *a, const struct ticket *before,
                                   const struct ticket *after,
                                   const struct ticket_field_change *changes, int n);
/* audit_change_members alone. */
struct str audit_changes_of_json(struct arena *a, struct str before, struct str after);
