/* Loading from the environment: every type, aliases, secret files, production, and both printers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "setting.h"

struct target {
    struct str text, url, urls, level, secret, needed;
    int64_t count, lifetime, limit, port, floor;
    bool flag;
};
#define AT(member) offsetof(struct target, member)

static const struct setting settings[] = {
    {"T_TEXT", "T_OLD_TEXT|T_OLDER_TEXT", SETTING_STR, AT(text), "hello", .help = "A | text"},
    {"T_COUNT", NULL, SETTING_INT, AT(count), "5", SETTING_RELOADABLE, "Count", 1, 10},
    {"T_FLOOR", NULL, SETTING_INT, AT(floor), "1", 0, "Floor", 1, 0},
    {"T_FLAG", NULL, SETTING_BOOL, AT(flag), "false", .help = "Flag"},
    {"T_LIFETIME", NULL, SETTING_DURATION, AT(lifetime), "1h", .help = "Lifetime"},
    {"T_LIMIT", NULL, SETTING_SIZE, AT(limit), "1m", .help = "Limit"},
    {"T_PORT", NULL, SETTING_PORT, AT(port), "8080", .help = "Port"},
    {"T_URL", NULL, SETTING_URL, AT(url), NULL, .help = "Broker", .choices = "amqp|amqps"},
    {"T_URLS", NULL, SETTING_URL, AT(urls), NULL, SETTING_LIST, "Peers", .choices = "http|https"},
    {"T_LEVEL", NULL, SETTING_ENUM, AT(level), "info", .help = "Level",
     .choices = "debug|info|Warn"},
    {"T_SECRET", "T_OLD_SECRET", SETTING_STR, AT(secret), "dev-secret",
     SETTING_SECRET | SETTING_NOT_DEFAULT, "Key"},
    {"T_NEEDED", NULL, SETTING_STR, AT(needed), NULL, SETTING_REQUIRED, "Needed"},
};
static const char *const extra_names[] = {"T_OLD_TEXT",   "T_OLDER_TEXT",      "T_SECRET_FILE",
                                          "T_OLD_SECRET", "T_OLD_SECRET_FILE", "T_TEXT_FILE",
                                          "ENVIRONMENT"};

struct fixture {
    struct arena *arena;
    struct target t;
    char *errors; /* owned by the C library's stream */
    char path[64];
};

static int setup(void **state)
{
    struct arena *a = arena_new();
    struct fixture *f = ARENA_NEW(a, struct fixture);

    f->arena = a;
    *state = f;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        unsetenv(settings[i].name);
    for (size_t i = 0; i < sizeof extra_names / sizeof extra_names[0]; i++)
        unsetenv(extra_names[i]);
    setenv("T_NEEDED", "x", 1);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (*f->path)
        unlink(f->path);
    free(f->errors);
    arena_free(f->arena);
    return 0;
}

static struct setting_table table(struct fixture *f)
{
    return (struct setting_table){settings, sizeof settings / sizeof settings[0], &f->t};
}

static bool load(struct fixture *f)
{
    struct setting_table t = table(f);
    size_t size;
    FILE *err;
    bool ok;

    free(f->errors);
    err = open_memstream(&f->errors, &size);
    ok = config_load(&t, 1, f->arena, err);
    fclose(err);
    return ok;
}

static const char *secret_file(struct fixture *f, struct str contents)
{
    int fd;

    memcpy(f->path, "/tmp/test_config.XXXXXX", sizeof "/tmp/test_config.XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, contents.p, contents.len), contents.len);
    close(fd);
    return f->path;
}

static void test_defaults(void **state)
{
    struct fixture *f = *state;

    memset(&f->t, 0x55, sizeof f->t);
    assert_true(load(f));
    assert_string_equal(f->errors, "");
    assert_true(str_eq(f->t.text, STR("hello")));
    assert_int_equal(f->t.count, 5);
    assert_false(f->t.flag);
    assert_int_equal(f->t.lifetime, 3600);
    assert_int_equal(f->t.limit, 1 << 20);
    assert_int_equal(f->t.port, 8080);
    assert_null(f->t.url.p);
    assert_true(str_eq(f->t.level, STR("info")));
    assert_true(str_eq(f->t.secret, STR("dev-secret")));
}

/* value -> what is printed, or NULL and the problem. */
static const struct {
    const char *name, *value, *printed, *problem;
} cases[] = {
    {"T_TEXT", "w\xC3\xB6rld", "w\xC3\xB6rld", NULL},
    {"T_TEXT", "", "hello", NULL},
    {"T_TEXT", "a\xFF", NULL, "config: T_TEXT is \"a\xFF\" but must be UTF-8 text\n"},
    {"T_COUNT", "1", "1", NULL},
    {"T_COUNT", "10", "10", NULL},
    {"T_COUNT", "0", NULL, "config: T_COUNT is \"0\" but must be 1 to 10\n"},
    {"T_COUNT", "11", NULL, "config: T_COUNT is \"11\" but must be 1 to 10\n"},
    {"T_COUNT", "five", NULL, "config: T_COUNT is \"five\" but must be a whole number\n"},
    {"T_COUNT", "5 ", NULL, "config: T_COUNT is \"5 \" but must be a whole number\n"},
    {"T_COUNT", "1\n2", NULL, "config: T_COUNT is \"1?2\" but must be a whole number\n"},
    {"T_FLOOR", "99999999999", "99999999999", NULL},
    {"T_FLOOR", "-1", NULL, "config: T_FLOOR is \"-1\" but must be at least 1\n"},
    {"T_FLOOR", "99999999999999999999", NULL,
     "config: T_FLOOR is \"99999999999999999999\" but must be a whole number\n"},
    {"T_FLAG", "TRUE", "true", NULL},
    {"T_FLAG", "1", "true", NULL},
    {"T_FLAG", "yes", "true", NULL},
    {"T_FLAG", "On", "true", NULL},
    {"T_FLAG", "off", "false", NULL},
    {"T_FLAG", "no", "false", NULL},
    {"T_FLAG", "2", NULL, "config: T_FLAG is \"2\" but must be true or false\n"},
    {"T_LIFETIME", "90", "90", NULL},
    {"T_LIFETIME", "90s", "90", NULL},
    {"T_LIFETIME", "15m", "900", NULL},
    {"T_LIFETIME", "24H", "86400", NULL},
    {"T_LIFETIME", "7d", "604800", NULL},
    {"T_LIFETIME", "0", "0", NULL},
    {"T_LIFETIME", "-5m", NULL,
     "config: T_LIFETIME is \"-5m\" but must be a duration such as 90, 15m, 24h or 7d\n"},
    {"T_LIFETIME", "m", NULL,
     "config: T_LIFETIME is \"m\" but must be a duration such as 90, 15m, 24h or 7d\n"},
    {"T_LIFETIME", "9223372036854775807d", NULL,
     "config: T_LIFETIME is \"9223372036854775807d\" but must be a duration such as 90, 15m, 24h "
     "or "
     "7d\n"},
    {"T_LIMIT", "512k", "524288", NULL},
    {"T_LIMIT", "10M", "10485760", NULL},
    {"T_LIMIT", "2g", "2147483648", NULL},
    {"T_LIMIT", "77", "77", NULL},
    {"T_LIMIT", "1t", NULL,
     "config: T_LIMIT is \"1t\" but must be a size such as 1048576, 512k, 10m or 2g\n"},
    {"T_PORT", "0", "0", NULL},
    {"T_PORT", "65535", "65535", NULL},
    {"T_PORT", "65536", NULL, "config: T_PORT is \"65536\" but must be a port, 0 to 65535\n"},
    {"T_PORT", "-1", NULL, "config: T_PORT is \"-1\" but must be a port, 0 to 65535\n"},
    {"T_URL", "amqps://broker//", "amqps://broker//", NULL},
    {"T_URL", "AMQP://u:p%40ss@broker:5672//?x=@", "AMQP://u:***@broker:5672//?x=@", NULL},
    {"T_URL", "amqp://u:p@ss@broker", "amqp://u:***@broker", NULL},
    {"T_URL", "amqp://user@broker", "amqp://user@broker", NULL},
    {"T_URL", "http://u:hush@broker", NULL,
     "config: T_URL must be a URL with the scheme amqp, amqps\n"},
    {"T_URL", "broker:5672", NULL, "config: T_URL must be a URL with the scheme amqp, amqps\n"},
    {"T_URL", "amqp://", NULL, "config: T_URL must be a URL with the scheme amqp, amqps\n"},
    {"T_URL", "amqp://a b", NULL, "config: T_URL must be a URL with the scheme amqp, amqps\n"},
    {"T_URLS", "http://a:1", "http://a:1", NULL},
    {"T_URLS", "http://a:1, https://b", "http://a:1, https://b", NULL},
    {"T_URLS", "http://a:1,b:2", NULL,
     "config: T_URLS must be a URL with the scheme http, https\n"},
    {"T_URLS", "http://a:1,,http://b", NULL,
     "config: T_URLS must be a URL with the scheme http, https\n"},
    {"T_LEVEL", "DEBUG", "debug", NULL},
    {"T_LEVEL", "warn", "Warn", NULL},
    {"T_LEVEL", "trace", NULL,
     "config: T_LEVEL is \"trace\" but must be one of debug, info, Warn\n"},
    {"T_SECRET", "hush", "***", NULL},
    {"T_SECRET", "hush\xFF", NULL, "config: T_SECRET must be UTF-8 text\n"},
};

static const char *printed(struct fixture *f, const char *name)
{
    struct setting_table t = table(f);
    struct str rest, line, prefix = str_printf(f->arena, "%s=", name);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    config_print(&t, 1, out);
    fclose(out);
    rest = str_from(arena_strdup(f->arena, text));
    free(text);
    while (str_next(&rest, '\n', &line)) {
        if (str_has_prefix(line, prefix))
            return str_cstr(f->arena, str_slice(line, prefix.len, line.len));
    }
    return NULL;
}

static void test_values(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv(cases[i].name, cases[i].value, 1);
        assert_int_equal(load(f), cases[i].printed != NULL);
        assert_string_equal(f->errors, cases[i].problem ? cases[i].problem : "");
        if (cases[i].printed)
            assert_string_equal(printed(f, cases[i].name), cases[i].printed);
        unsetenv(cases[i].name);
    }
}

static void test_all_problems_at_once(void **state)
{
    struct fixture *f = *state;

    unsetenv("T_NEEDED");
    setenv("T_PORT", "x", 1);
    setenv("T_FLAG", "x", 1);
    assert_false(load(f));
    assert_string_equal(f->errors, "config: T_FLAG is \"x\" but must be true or false\n"
                                   "config: T_PORT is \"x\" but must be a whole number\n"
                                   "config: T_NEEDED must be set\n");
}

static void test_aliases(void **state)
{
    struct fixture *f = *state;

    setenv("T_OLDER_TEXT", "older", 1);
    assert_true(load(f) && str_eq(f->t.text, STR("older")));
    setenv("T_OLD_TEXT", "old", 1);
    assert_true(load(f) && str_eq(f->t.text, STR("old")));
    setenv("T_TEXT", "new", 1);
    assert_true(load(f) && str_eq(f->t.text, STR("new")));
    setenv("T_TEXT", "", 1);
    assert_true(load(f) && str_eq(f->t.text, STR("old")));
}

static void test_secret_files(void **state)
{
    struct fixture *f = *state;
    const char *path = secret_file(f, STR("from file\r\n\n"));

    setenv("T_SECRET_FILE", path, 1);
    assert_true(load(f) && str_eq(f->t.secret, STR("from file")));

    setenv("T_SECRET", "hush", 1);
    assert_false(load(f));
    assert_string_equal(f->errors, "config: T_SECRET and T_SECRET_FILE are both set\n");

    unsetenv("T_SECRET");
    setenv("T_SECRET_FILE", "/nonexistent/secret", 1);
    assert_false(load(f));
    assert_string_equal(
        f->errors,
        "config: T_SECRET_FILE names a file that cannot be read: No such file or directory\n");

    setenv("T_SECRET_FILE", "/tmp", 1);
    assert_false(load(f));

    unsetenv("T_SECRET_FILE");
    setenv("T_OLD_SECRET_FILE", path, 1);
    assert_true(load(f) && str_eq(f->t.secret, STR("from file")));
}

static void test_only_secrets_are_read_from_files(void **state)
{
    struct fixture *f = *state;

    setenv("T_TEXT_FILE", secret_file(f, STR("from file")), 1);
    assert_true(load(f) && str_eq(f->t.text, STR("hello")));
}

static void test_production_refuses_default_secrets(void **state)
{
    struct fixture *f = *state;

    setenv("ENVIRONMENT", "Production", 1);
    assert_false(load(f));
    assert_string_equal(f->errors,
                        "config: T_SECRET must not have its default value in production\n");
    setenv("T_SECRET", "dev-secret", 1);
    assert_false(load(f));
    unsetenv("T_SECRET");
    setenv("T_SECRET_FILE", secret_file(f, STR("dev-secret\n")), 1);
    assert_false(load(f));
    assert_string_equal(f->errors,
                        "config: T_SECRET_FILE must not have its default value in production\n");
    unsetenv("T_SECRET_FILE");
    setenv("T_SECRET", "some-file's-secret-change-me", 1);
    assert_false(load(f));
    setenv("T_SECRET", "long and random", 1);
    assert_true(load(f));
    setenv("ENVIRONMENT", "staging", 1);
    unsetenv("T_SECRET");
    assert_true(load(f));
}

static void test_reference(void **state)
{
    struct fixture *f = *state;
    struct setting_table t = table(f);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    config_print_reference(&t, 1, out);
    fclose(out);
    assert_non_null(strstr(text, "| variable | type | default | meaning |\n"));
    assert_non_null(strstr(text,
                           "| `T_TEXT` | text | `hello` | A \\| text; also `T_OLD_TEXT`; also "
                           "`T_OLDER_TEXT` |\n"));
    assert_non_null(
        strstr(text, "| `T_COUNT` | whole number | `5` | Count; 1 to 10; reloadable |\n"));
    assert_non_null(strstr(text, "| `T_URL` | URL: amqp\\|amqps |  | Broker |\n"));
    assert_non_null(
        strstr(text, "secret, also `T_SECRET_FILE`; the default is refused in production"));
    assert_non_null(strstr(text, "| `T_NEEDED` | text |  | Needed; required |\n"));
    free(text);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_defaults),
        CASE(test_values),
        CASE(test_all_problems_at_once),
        CASE(test_aliases),
        CASE(test_secret_files),
        CASE(test_only_secrets_are_read_from_files),
        CASE(test_production_refuses_default_secrets),
        CASE(test_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
