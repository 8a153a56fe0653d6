#pragma once
/* Business hours: kept by administrators, read by everyone. */
#include "req.h"

enum err CO_FN calendars_list(struct req *r);
enum err CO_FN calendars_get(struct req *r);
enum err CO_FN calendars_post(struct req *r);
enum err CO_FN calendars_patch(struct req *r);
enum err CO_FN calendars_delete(struct req *r);
/* text/calendar: its whole days become closed days. */
enum err CO_FN calendars_import(struct req *r);
/* What a change would do to the deadlines that are running; changes nothing. */
enum err CO_FN calendars_preview(struct req *r);

extern const struct json_schema CALENDARS_QUERY, CALENDAR_IMPORT_REPLY, CALENDAR_PREVIEW_REPLY;
