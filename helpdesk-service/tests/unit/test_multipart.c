#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "buf.h"
#include "media/multipart.h"

/* What was read, written down: "<name|filename|type>data;". */
struct record {
    struct buf text;
    enum err data_rc;
};

static enum err on_begin(void *arg, const struct multipart_part *p)
{
    struct record *r = arg;

    buf_printf(&r->text, "<%.*s|%.*s|%.*s>", STR_ARG(p->name), STR_ARG(p->filename),
               STR_ARG(p->content_type));
    return ERR_OK;
}

static enum err on_data(void *arg, struct str piece)
{
    struct record *r = arg;

    buf_add_str(&r->text, piece);
    return r->data_rc;
}

static enum err on_end(void *arg)
{
    struct record *r = arg;

    buf_add_char(&r->text, ';');
    return ERR_OK;
}

/* Feeds the body in pieces of that size. */
static enum err read_body(struct arena *a, struct str body, size_t step, struct record *r)
{
    struct multipart_sink sink = {on_begin, on_data, on_end, r};
    struct multipart *m = multipart_new(a, STR("B"), &sink);

    buf_init(&r->text, a);
    for (size_t at = 0; at < body.len; at += step) {
        size_t end = at + step < body.len ? at + step : body.len;
        enum err rc = multipart_feed(m, str_slice(body, at, end));

        if (rc)
            return rc;
    }
    return multipart_finish(m);
}

#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n"
#define FILE_HEAD "Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n"

static void good_bodies_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"--B\r\n" FILE_HEAD "Content-Type: image/png\r\n\r\ndata\r\n--B--\r\n",
         "<file|a.png|image/png>data;"},
        {"--B\r\n" FILE_HEAD "\r\n\r\n--B--", "<file|a.png|>;"},
        {"pre\r\namble\r\n--B\r\n" HEAD("x") "\r\n1\r\n--B  \r\n" HEAD(
             "y") "\r\n2\r\n--B--epilogue",
         "<x||>1;<y||>2;"},
        {"--B\r\n" FILE_HEAD "\r\n\r\n--\r\n--A\r\n-B\r\r\n--B--",
         "<file|a.png|>\r\n--\r\n--A\r\n-B\r;"},
        {"--B\r\ncontent-disposition:form-data;name=x; filename=plain\r\n\r\n-\r\n--B--",
         "<x|plain|>-;"},
        {"--B\r\nContent-Disposition: form-data; name=\"a\\\"b;c\"; "
         "filename=\"\\\\x\"\r\n\r\n-\r\n--B--",
         "<a\"b;c|\\x|>-;"},
        {"--B\r\n" HEAD("x") "\r\n--B inside\r\n--B--", "<x||>--B inside;"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str body = str_from(cases[i].body);

        for (size_t step = 1; step <= body.len; step++) {
            struct arena *a = arena_new();
            struct record r = {.data_rc = ERR_OK};

            assert_int_equal(read_body(a, body, step, &r), ERR_OK);
            assert_string_equal(buf_cstr(&r.text), cases[i].expected);
            arena_free(a);
        }
    }
}

static void bad_bodies_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char *const BODIES[] = {
        "",
        "B",
        "--B",
        "--B\r\n",
        "--B\r\n" HEAD("x") "\r\n",
        "--B\r\n" HEAD("x") "\r\ndata",
        "--B\r\n" HEAD("x") "\r\ndata\r\n--B",
        "--B\r\n" HEAD("x") "\r\ndata\r\n--B-",
        "--B\r\n" HEAD("x") "\r\ndata\r\n--BB\r\n--B--",
        "--Bx\r\n" HEAD("x") "\r\ndata\r\n--B--",
        "--B\r\n\r\ndata\r\n--B--",
        "--B\r\nContent-Type: text/plain\r\n\r\ndata\r\n--B--",
        "--B\r\nno colon\r\n\r\ndata\r\n--B--",
        "--B\r\n" HEAD("x") "Content-Transfer-Encoding: base64\r\n\r\nZGF0YQ==\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"x\r\n\r\ndata\r\n--B--",
    };

    for (size_t i = 0; i < sizeof BODIES / sizeof *BODIES; i++) {
        struct str body = str_from(BODIES[i]);

        for (size_t step = 1; step <= body.len + 1; step++) {
            struct arena *a = arena_new();
            struct record r = {.data_rc = ERR_OK};

            assert_int_equal(read_body(a, body, step, &r), ERR_INVALID_INPUT);
            arena_free(a);
        }
    }
}

static void the_sink_may_refuse(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct record r = {.data_rc = ERR_PAYLOAD_TOO_LARGE};

    assert_int_equal(read_body(a, STR("--B\r\n" HEAD("x") "\r\ndata\r\n--B--"), 100, &r),
                     ERR_PAYLOAD_TOO_LARGE);
    arena_free(a);
}

static void boundaries_of_content_types(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    static const struct {
        const char *type, *boundary;
    } cases[] = {
        {"multipart/form-data; boundary=abc", "abc"},
        {"Multipart/Form-Data;charset=x; BOUNDARY=\"a b:c\"", "a b:c"},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"abc", NULL},
        {"multipart/form-data; boundary=\"abc \"", NULL},
        {"multipart/mixed; boundary=abc", NULL},
        {"application/json", NULL},
        {"", NULL},
        {"multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaa",
         NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(
            str_eq(multipart_boundary(a, str_from(cases[i].type)), str_from(cases[i].boundary)));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_bodies_in_pieces_of_any_size),
        cmocka_unit_test(bad_bodies_in_pieces_of_any_size),
        cmocka_unit_test(the_sink_may_refuse),
        cmocka_unit_test(boundaries_of_content_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
