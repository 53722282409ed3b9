/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_place.c - on machines of several NUMA nodes: where new segments come from, and
 * where those of large batches are. On others nothing here does anything.
 */
#include "server/server_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#define ROOM "server/place"

/* Pages move seldom, and looking takes about a millisecond. */
#define LOCATE_AGAIN_NS UINT64_C(10000000000)

static void spread(void *ctx, void *data, uint64_t bytes)
{
    const lanes_server *server = ctx;
    lanes_error error;
    if (lanes_topo_spread(server->team.plan, data, bytes, &error) < 0) {
        /* As in containers that forbid it. It costs time, not results. */
        lanes_log(LANES_LOG_DEBUG, ROOM, "%s", error.message);
    }
}

void lanes_server_place_segments(lanes_server_session *session)
{
    lanes_server *server = session->server;
    if (lanes_topo_has_nodes(server->team.plan)) {
        lanes_shm_table_on_new_memory(session->segments, spread, server);
    }
}

/* Where the pages of @p view are; NULL: unknown. */
static const lanes_topo_pages *locate(lanes_server *server, lanes_server_view *view)
{
    const uint64_t now_ns = server->dispatch.now_ns;
    if (view->pages == NULL) {
        view->pages = malloc(sizeof(*view->pages));
        view->located_ns = 0;
    }
    if (view->pages != NULL &&
        (view->located_ns == 0 || now_ns - view->located_ns >= LOCATE_AGAIN_NS)) {
        lanes_topo_locate(server->dispatch.plan, view->segment->mapping.data,
                          view->segment->mapping.bytes, view->pages);
        view->located_ns = now_ns;
    }
    return view->pages;
}

void lanes_server_place_batch(lanes_server *server, lanes_server_batch *batch)
{
    const lanes_topo_pages *pages[LANES_FRAME_OPERANDS_MAX];
    LANES_ASSERT(batch->plan.operand_count <= LANES_FRAME_OPERANDS_MAX &&
                 batch->plan.operand_count <= batch->view_count);
    for (uint32_t k = 0; k < batch->plan.operand_count; k++) {
        pages[k] = locate(server, batch->views[k]);
    }
    lanes_engine_place_batch(&batch->plan, server->dispatch.plan,
                             server->dispatch.threads, pages);
    if (batch->plan.placement != NULL) {
        lanes_log(LANES_LOG_DEBUG, ROOM,
                  "batch %" PRIu64 ": %u of %u parts are run near their memory",
                  batch->tag, batch->plan.placement->near_count,
                  batch->plan.placement->chunk_count);
    }
}
