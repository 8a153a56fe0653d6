#include "csv.h"

void record_reader_init(struct record_reader *r, struct arena *a, bool is_csv)
{
    *r = (struct record_reader){.is_csv = is_csv, .is_complete = true, .next_line = 1};
    buf_init(&r->record, a);
}

static void begin(struct record_reader *r)
{
    r->is_complete = r->is_too_long = r->in_quotes = false;
    r->line = r->next_line;
    buf_clear(&r->record);
}

static struct str finish(struct record_reader *r)
{
    struct str s = buf_str(&r->record);

    r->is_complete = true;
    return str_has_suffix(s, STR("\r")) ? str_slice(s, 0, s.len - 1) : s;
}

bool record_next(struct record_reader *r, struct str *input, struct str *record)
{
    for (size_t i = 0; i < input->len; i++) {
        char c = input->p[i];

        if (r->is_complete)
            begin(r);
        r->next_line += c == '\n';
        if (c == '"' && r->is_csv)
            r->in_quotes = !r->in_quotes;
        if (c == '\n' && !r->in_quotes) {
            *input = str_slice(*input, i + 1, input->len);
            *record = finish(r);
            return true;
        }
        if (r->record.len < RECORD_MAX)
            buf_add_char(&r->record, c);
        else
            r->is_too_long = true;
    }
    return false;
}

bool record_last(struct record_reader *r, struct str *record)
{
    if (r->is_complete)
        return false;
    *record = finish(r);
    return true;
}

/* ---- fields -------------------------------------------------------------------------------- */

static bool is_formula(struct str s)
{
    return s.len && strchr("=+-@\t\r", s.p[0]);
}

static struct str without_guard(struct str s)
{
    bool is_guarded = s.len > 1 && s.p[0] == '\'' && is_formula(str_slice(s, 1, s.len));

    return is_guarded ? str_slice(s, 1, s.len) : s;
}

/* The quoted field at the beginning of *rest, which goes on behind its closing quote. */
static bool take_quoted(struct arena *a, struct str *rest, struct str *field)
{
    char *out = arena_alloc(a, rest->len + 1);
    size_t n = 0;

    for (size_t i = 1; i < rest->len; i++) {
        if (rest->p[i] != '"') {
            out[n++] = rest->p[i];
            continue;
        }
        if (i + 1 < rest->len && rest->p[i + 1] == '"') {
            out[n++] = rest->p[i++];
            continue;
        }
        *rest = str_slice(*rest, i + 1, rest->len);
        *field = str_n(out, n);
        return rest->len == 0 || rest->p[0] == ',';
    }
    return false;
}

static bool take_plain(struct arena *a, struct str *rest, struct str *field)
{
    ptrdiff_t comma = str_index(*rest, ',', 0);
    size_t end = comma < 0 ? rest->len : (size_t)comma;

    *field = str_dup(a, str_slice(*rest, 0, end));
    *rest = str_slice(*rest, end, rest->len);
    return str_index(*field, '"', 0) < 0;
}

bool csv_split(struct arena *a, struct str record, struct str *fields, size_t max, size_t *n)
{
    struct str rest = record;

    for (*n = 0; *n < max;) {
        bool is_quoted = rest.len && rest.p[0] == '"';
        struct str *field = &fields[*n];

        if (is_quoted ? !take_quoted(a, &rest, field) : !take_plain(a, &rest, field))
            return false;
        *field = without_guard(*field);
        ++*n;
        if (rest.len == 0)
            return true;
        rest = str_slice(rest, 1, rest.len);
    }
    return false;
}

void csv_write_field(struct buf *b, struct str field)
{
    bool needs_quotes = false;

    for (size_t i = 0; i < field.len; i++)
        needs_quotes |= strchr(",\"\r\n", field.p[i]) != NULL;
    if (needs_quotes)
        buf_add_char(b, '"');
    if (is_formula(field))
        buf_add_char(b, '\'');
    for (size_t i = 0; i < field.len; i++) {
        if (field.p[i] == '"')
            buf_add_char(b, '"');
        buf_add_char(b, field.p[i]);
    }
    if (needs_quotes)
        buf_add_char(b, '"');
}
