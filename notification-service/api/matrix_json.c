#include "api/matrix_json.h"

static void write_cells(struct json_writer *w, const struct wishes *wishes, enum event_group g)
{
    jw_object(w);
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        jw_key(w, channel_word((enum channel)c));
        jw_bool(w, matrix_is_on(wishes, g, (enum channel)c));
    }
    jw_end_object(w);
}

static void write_locked(struct json_writer *w, const struct wishes *wishes, enum event_group g)
{
    JW_KEY(w, "locked");
    jw_array(w);
    for (int c = 0; c < CHANNEL_COUNT; c++)
        if (matrix_is_locked(wishes, g, (enum channel)c))
            jw_str(w, channel_word((enum channel)c));
    jw_end_array(w);
}

void matrix_write(struct json_writer *w, const struct wishes *wishes)
{
    JW_KEY(w, "matrix");
    jw_object(w);
    for (int g = 0; g < GROUP_COUNT; g++) {
        jw_key(w, group_word((enum event_group)g));
        write_cells(w, wishes, (enum event_group)g);
    }
    jw_end_object(w);
    JW_KEY(w, "groups");
    jw_array(w);
    for (int g = 0; g < GROUP_COUNT; g++) {
        jw_object(w);
        JW_STR(w, "name", group_word((enum event_group)g));
        JW_STR(w, "about", str_from(group_meaning((enum event_group)g)));
        write_locked(w, wishes, (enum event_group)g);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void problem(struct req *r, struct str name, const char *message)
{
    req_field_error(r, arena_printf(r->arena, "matrix.%.*s", STR_ARG(name)), message);
}

static void take_cell(struct req *r, struct str name, const struct json *v,
                      const struct wishes *wishes, struct matrix *out)
{
    struct matrix probe = {0};
    bool is_on = true;
    if (!matrix_set(&probe, name, true)) {
        problem(r, name, "is no event group and channel");
        return;
    }
    if (json_type(v) != JSON_NULL && !json_bool(v, &is_on)) {
        problem(r, name, "must be true, false or null");
        return;
    }
    for (int g = 0; g < GROUP_COUNT; g++)
        for (int c = 0; c < CHANNEL_COUNT; c++) {
            if (probe.cell[g][c] == CELL_UNSAID)
                continue;
            if (!is_on && matrix_is_locked(wishes, (enum event_group)g, (enum channel)c))
                problem(r, name, "cannot be switched off");
            else if (json_type(v) == JSON_NULL)
                out->cell[g][c] = CELL_UNSAID;
            else
                out->cell[g][c] = is_on ? CELL_ON : CELL_OFF;
        }
}

static struct str cell_name(struct req *r, struct str group, struct str channel)
{
    return str_printf(r->arena, "%.*s.%.*s", STR_ARG(group), STR_ARG(channel));
}

void matrix_take(struct req *r, const struct json *v, const struct wishes *wishes,
                 struct matrix *out)
{
    struct str group, channel;
    if (json_type(v) == JSON_NULL) {
        *out = (struct matrix){0};
        return;
    }
    if (json_type(v) != JSON_OBJECT) {
        req_field_error(r, "matrix", "must be an object");
        return;
    }
    for (size_t i = 0; i < json_count(v); i++) {
        const struct json *cells = json_member(v, i, &group);
        if (json_type(cells) != JSON_OBJECT)
            problem(r, group, "must be an object");
        for (size_t k = 0; json_type(cells) == JSON_OBJECT && k < json_count(cells); k++) {
            const struct json *cell = json_member(cells, k, &channel);
            take_cell(r, cell_name(r, group, channel), cell, wishes, out);
        }
    }
}

void matrix_take_locked(struct req *r, const struct json *v, struct matrix *out)
{
    struct str group;
    *out = (struct matrix){0};
    if (json_type(v) == JSON_NULL)
        return;
    if (json_type(v) != JSON_OBJECT)
        req_field_error(r, "locked", "must be an object");
    for (size_t i = 0; json_type(v) == JSON_OBJECT && i < json_count(v); i++) {
        const struct json *channels = json_member(v, i, &group);
        bool is_good = json_type(channels) == JSON_ARRAY;
        for (size_t k = 0; is_good && k < json_count(channels); k++)
            is_good = matrix_set(out, cell_name(r, group, json_str(json_at(channels, k))), true);
        if (!is_good)
            req_field_error(r, "locked", "names groups, and channels of each");
    }
}
