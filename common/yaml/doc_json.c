#include "doc_json.h"

#include <math.h>
#include <stdlib.h>
#include <yaml.h>

/* ---- to JSON ------------------------------------------------------------------------------ */

static void write_number(struct arena *a, struct json_writer *w, const struct doc_node *n)
{
    int64_t whole;
    double d = strtod(str_cstr(a, n->text), NULL);
    if (str_to_i64(n->text, &whole))
        jw_int(w, whole);
    else if (isfinite(d))
        jw_double(w, d + 0.0); /* -0.0 is 0 */
    else
        jw_str(w, n->text);
}

static void write_node(struct arena *a, struct json_writer *w, const struct doc_node *n)
{
    bool truth;
    if (n->kind == DOC_LIST) {
        jw_array(w);
        for (size_t i = 0; i < n->count; i++)
            write_node(a, w, n->items[i]);
        jw_end_array(w);
    } else if (n->kind == DOC_MAP) {
        jw_object(w);
        for (size_t i = 0; i < n->count; i++) {
            jw_key(w, n->pairs[i].key);
            write_node(a, w, n->pairs[i].value);
        }
        jw_end_object(w);
    } else if (n->type == DOC_NULL) {
        jw_null(w);
    } else if (n->type == DOC_BOOL && doc_to_bool(n, &truth)) {
        jw_bool(w, truth);
    } else if (n->type == DOC_INT || n->type == DOC_FLOAT) {
        write_number(a, w, n);
    } else {
        jw_str(w, n->text);
    }
}

struct str doc_to_json(struct arena *a, const struct doc_node *root)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    write_node(a, &w, root);
    return buf_str(&b);
}

/* ---- from JSON ---------------------------------------------------------------------------- */

struct emission {
    struct arena *arena;
    yaml_emitter_t emitter;
    bool is_good;
};

static int append(void *arg, unsigned char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return 1;
}

/* Takes the event over, as yaml_emitter_emit does. */
static void emit(struct emission *e, yaml_event_t *event, int initialized)
{
    if (!initialized)
        abort();
    if (e->is_good)
        e->is_good = yaml_emitter_emit(&e->emitter, event);
    else
        yaml_event_delete(event);
}

static void emit_scalar(struct emission *e, struct str s, yaml_scalar_style_t style)
{
    yaml_event_t event;
    emit(e, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s.p, (int)s.len, 1,
                                      1, style));
}

/* What YAML 1.1 takes for the end of a line beyond \n: only escapes keep it apart. */
static bool has_odd_break(struct str s)
{
    return str_index(s, '\r', 0) >= 0 || str_find(s, STR("\xc2\x85")) >= 0 ||
           str_find(s, STR("\xe2\x80\xa8")) >= 0 || str_find(s, STR("\xe2\x80\xa9")) >= 0;
}

/* Lines of text stand as a block when no blank at an edge could get lost on the way. */
static bool is_block(struct str s)
{
    if (str_index(s, '\n', 0) < 0 || strchr(" \t\n", s.p[0]))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_before_end = i + 1 == s.len || s.p[i + 1] == '\n';
        if (s.p[i] == '\t' || (s.p[i] == ' ' && is_before_end))
            return false;
    }
    return true;
}

static yaml_scalar_style_t style_of(struct str s)
{
    if (has_odd_break(s))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (is_block(s))
        return YAML_LITERAL_SCALAR_STYLE;
    if (str_index(s, '\n', 0) >= 0)
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return doc_is_plain_text(s) ? YAML_PLAIN_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE;
}

static void emit_value(struct emission *e, const struct json *v);

static void emit_object(struct emission *e, const struct json *v)
{
    yaml_event_t event;
    struct str key;
    yaml_mapping_style_t style = json_count(v) ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
    emit(e, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
    for (size_t i = 0; i < json_count(v); i++) {
        const struct json *member = json_member(v, i, &key);
        emit_scalar(e, key, style_of(key));
        emit_value(e, member);
    }
    emit(e, &event, yaml_mapping_end_event_initialize(&event));
}

static void emit_array(struct emission *e, const struct json *v)
{
    yaml_event_t event;
    yaml_sequence_style_t style =
        json_count(v) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
    emit(e, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
    for (size_t i = 0; i < json_count(v); i++)
        emit_value(e, json_at(v, i));
    emit(e, &event, yaml_sequence_end_event_initialize(&event));
}

static void emit_word(struct emission *e, const struct json *v)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, e->arena);
    jw_init(&w, &b);
    jw_value(&w, v);
    emit_scalar(e, buf_str(&b), YAML_PLAIN_SCALAR_STYLE);
}

static void emit_value(struct emission *e, const struct json *v)
{
    switch (json_type(v)) {
    case JSON_OBJECT:
        emit_object(e, v);
        return;
    case JSON_ARRAY:
        emit_array(e, v);
        return;
    case JSON_STRING:
        emit_scalar(e, json_str(v), style_of(json_str(v)));
        return;
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
        emit_word(e, v);
        return;
    }
}

struct str doc_from_json(struct arena *a, const struct json *v)
{
    struct emission e = {.arena = a, .is_good = true};
    yaml_event_t event;
    struct buf out;
    buf_init(&out, a);
    if (!yaml_emitter_initialize(&e.emitter))
        abort();
    yaml_emitter_set_output(&e.emitter, append, &out);
    yaml_emitter_set_unicode(&e.emitter, 1);
    yaml_emitter_set_width(&e.emitter, -1);
    emit(&e, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&e, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_value(&e, v);
    emit(&e, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&e, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&e.emitter);
    return e.is_good ? buf_str(&out) : STR_NULL;
}
