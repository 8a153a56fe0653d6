#pragma once
/* Where the nodes of a picture stand: in layers, so that edges lead downwards where they can. */
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct layout_edge {
    size_t from, to;
    bool is_back; /* set: leads up again, or to itself */
};

struct layout {
    size_t *layer; /* of each node, from 0: the longest way to it */
    size_t *place; /* within its layer, from 0 */
    size_t *width; /* nodes of each layer */
    size_t layer_count;
};

/* first is drawn on top. The same graph gives the same layout. */
void layout_arrange(struct arena *a, size_t nodes, struct layout_edge *edges, size_t edge_count,
                    size_t first, struct layout *out);
