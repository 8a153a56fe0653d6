#include "store/filter_json.h"

#include "buf.h"
#include "json.h"

/* Quoted, so that nothing in it is an operator; several words in it are a phrase. */
static void add_word(struct buf *b, const struct query_term *t)
{
    struct str word = t->values[0];

    buf_add_char(b, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (strchr("'\\", word.p[i]))
            buf_add_char(b, word.p[i]);
        buf_add_char(b, word.p[i]);
    }
    buf_add_char(b, '\'');
    if (t->is_prefix)
        BUF_LIT(b, ":*");
}

static struct str words(struct arena *a, const struct ticket_filter *f, bool is_excluded,
                        const char *operator)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < f->term_count; i++) {
        const struct query_term *t = &f->terms[i];

        if (t->key != QUERY_WORD || t->is_excluded != is_excluded)
            continue;
        if (b.len)
            buf_add_str(&b, str_from(operator));
        add_word(&b, t);
    }
    return b.len ? buf_str(&b) : STR_NULL;
}

struct str filter_words(struct arena *a, const struct ticket_filter *f)
{
    return words(a, f, false, " & ");
}

struct str filter_any_word(struct arena *a, const struct ticket_filter *f)
{
    return words(a, f, false, " | ");
}

static void put_id(struct json_writer *w, int64_t v)
{
    if (v == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, v);
}

static void put_term(struct json_writer *w, const struct query_term *t)
{
    jw_object(w);
    JW_STR(w, "key", str_from(query_key_name(t->key)));
    JW_BOOL(w, "not", t->is_excluded);
    JW_BOOL(w, "none", t->has_none);
    JW_KEY(w, "values");
    jw_array(w);
    for (size_t i = 0; i < t->value_count; i++)
        jw_str(w, t->values[i]);
    jw_end_array(w);
    JW_KEY(w, "from");
    put_id(w, t->from);
    JW_KEY(w, "until");
    put_id(w, t->until);
    jw_end_object(w);
}

struct str filter_json(struct arena *a, const struct ticket_filter *f)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_KEY(&w, "viewer");
    put_id(&w, f->viewer_id);
    JW_INT(&w, "reader", f->reader.id);
    JW_BOOL(&w, "is_staff", f->reader.is_staff);
    JW_KEY(&w, "terms");
    jw_array(&w);
    for (size_t i = 0; i < f->term_count; i++)
        if (f->terms[i].key != QUERY_WORD)
            put_term(&w, &f->terms[i]);
    jw_end_array(&w);
    JW_STR(&w, "words", filter_words(a, f));
    JW_STR(&w, "unwanted", words(a, f, true, " | "));
    jw_end_object(&w);
    return buf_str(&b);
}

static bool is_of_status(const struct query_term *t)
{
    for (size_t i = 0; i < t->value_count; i++)
        if (!str_eq(t->values[i], STR("open")) && !str_eq(t->values[i], STR("finished")))
            return false;
    return true;
}

bool filter_is_tallied(const struct ticket_filter *f)
{
    for (size_t i = 0; i < f->term_count; i++) {
        enum query_key key = f->terms[i].key;

        if (key != QUERY_STATUS && key != QUERY_PRIORITY && key != QUERY_CATEGORY &&
            !(key == QUERY_IS && is_of_status(&f->terms[i])))
            return false;
    }
    return f->viewer_id == TICKET_NONE;
}
