/* Foreign YAML: what is read survives the way through JSON and back. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "doc_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct doc_options FOREIGN = {.is_foreign = true};

static struct str read(struct arena *a, struct str text)
{
    struct problem_list problems;
    problem_list_init(&problems, a, "file");
    const struct doc_node *root = doc_parse(a, text, &FOREIGN, &problems);
    if (!root || problems.count)
        return STR_NULL;
    if (doc_line(root, STR("steps[2].role")) < 1)
        abort();
    return doc_to_json(a, root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    const struct json *v;
    const char *why;
    struct str json = read(a, (struct str){(const char *)data, size});
    if (json.p && json_parse(a, json, &v, &why) == ERR_OK) {
        struct str yaml = doc_from_json(a, v);
        if (!yaml.p || !str_eq(read(a, yaml), json))
            abort();
    }
    arena_free(a);
    return 0;
}
