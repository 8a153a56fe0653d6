#include "message/wording.h"

#include "domain/shipped.h"
#include "log.h"
#include "mustache.h"
#include "store/template_store.h"

#define LANGUAGES_MAX 5

static size_t add_language(struct str *list, size_t n, struct str code)
{
    if (!code.len)
        return n;
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], code))
            return n;
    list[n] = code;
    return n + 1;
}

static size_t languages_of(struct str own, struct str fallback, struct str out[LANGUAGES_MAX])
{
    size_t n = add_language(out, 0, own);
    n = add_language(out, n, language_parent(own));
    n = add_language(out, n, fallback);
    n = add_language(out, n, language_parent(fallback));
    return add_language(out, n, STR(LANGUAGE_DEFAULT));
}

enum err wording_shipped(struct str name, struct str language, struct template *out)
{
    const struct shipped *s = shipped_find(name, language);
    if (!s)
        return ERR_NOT_FOUND;
    *out = (struct template){
        .name = str_from(s->name),
        .language = language,
        .subject = str_from(s->subject),
        .message = str_from(s->message),
        .text = s->text ? str_from(s->text) : STR(""),
        .html = s->html ? str_from(s->html) : STR(""),
        .updated_at = INT64_MIN,
        .updated_by = INT64_MIN,
    };
    return ERR_OK;
}

static bool choose(const struct template *set, size_t n, struct str name, struct str language,
                   struct template *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(set[i].name, name) || !str_eq(set[i].language, language))
            continue;
        *out = set[i];
        return true;
    }
    return wording_shipped(name, language, out) == ERR_OK;
}

enum err wording_find(struct db_session *s, struct str name, struct str language,
                      struct str default_language, struct wording *out)
{
    const struct str names[] = {name, STR(SHIPPED_LAYOUT)};
    struct str languages[LANGUAGES_MAX] = {0};
    size_t n, k = 0, count = languages_of(language, default_language, languages);
    const struct template *set;
    struct template t, layout;
    enum err rc = template_store_find(s, names, 2, languages, count, &set, &n);
    if (rc)
        return rc;
    while (k < count && !choose(set, n, name, languages[k], &t))
        k++;
    if (k == count)
        return ERR_NOT_FOUND;
    /* The frame in the language of the words, or in one that has a frame. */
    if (!choose(set, n, STR(SHIPPED_LAYOUT), languages[k], &layout))
        for (k = 0; !choose(set, n, STR(SHIPPED_LAYOUT), languages[k], &layout); k++)
            ;
    *out = (struct wording){
        .language = t.language,
        .subject = t.subject,
        .message = t.message,
        .text = t.text.len ? t.text : layout.text,
        .html = t.html.len ? t.html : layout.html,
        .version = t.version,
    };
    return ERR_OK;
}

enum err wording_exact(struct db_session *s, struct str name, struct str language,
                       struct template *out)
{
    const struct template *set;
    size_t n;
    enum err rc = template_store_find(s, &name, 1, &language, 1, &set, &n);
    if (rc)
        return rc;
    if (n == 0)
        return wording_shipped(name, language, out);
    *out = set[0];
    return ERR_OK;
}

static struct str show(struct arena *a, struct str text, const struct json *view,
                       enum mustache_escape escape)
{
    const struct mustache *m;
    const struct mustache_problem *problems;
    struct str out;
    enum err rc = mustache_parse(a, text, &m, &problems);
    if (rc == ERR_OK)
        rc = mustache_render(a, m, view, escape, &out);
    if (rc == ERR_OK)
        return out;
    log_warn("a template cannot be shown", LOG_CSTR("error", err_code(rc)));
    return STR("");
}

struct str wording_plain(struct arena *a, struct str text, const struct json *view)
{
    return show(a, text, view, MUSTACHE_PLAIN);
}

struct str wording_html(struct arena *a, struct str text, const struct json *view)
{
    return show(a, text, view, MUSTACHE_HTML);
}
