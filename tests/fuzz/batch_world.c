/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_world.c - see batch_world.h.
 *
 * Segments are blocks of their exact size, so that AddressSanitizer sees who leaves one;
 * as mapped ones, they begin at pages.
 */
#include "batch_world.h"

#include "fuzz.h"

#define PAGE_BYTES 4096u

/* Elements that are run; of more, only those at both ends. */
#define RUN_MAX  4096u
#define RUN_EDGE 300u

#define SIGNATURE(inputs, outputs, rows, ...)                                            \
    .signature = {.input_count = (inputs),                                               \
                  .output_count = (outputs),                                             \
                  .row_mask = (rows),                                                    \
                  .dtype = {__VA_ARGS__}}
#define F4_3 LANES_F4, LANES_F4, LANES_F4

static const lanes_engine_kernel kernels[WORLD_KERNELS] = {
    {SIGNATURE(1, 1, 0, LANES_F8, LANES_F8)},
    {SIGNATURE(2, 1, 0, LANES_F8, LANES_F8, LANES_F8)},
    {SIGNATURE(2, 1, 1, LANES_F8, LANES_F8, LANES_F8), .row_minimum = {2}},
    {SIGNATURE(2, 2, 0, LANES_C16, LANES_U2, LANES_F4, LANES_I1)},
    {SIGNATURE(1, 1, 0, LANES_F8, LANES_F8), .has_params = 1, .params_bytes = 16},
    {SIGNATURE(1, 1, 0, LANES_F8, LANES_F8), .may_raise = 1},
    {SIGNATURE(2, 1, 0, LANES_C16, LANES_C16, LANES_C16)},
    {SIGNATURE(2, 1, 0, LANES_I8, LANES_I8, LANES_BOOL), .may_raise = 1},
    {SIGNATURE(1, 1, 0, LANES_F8, LANES_F8), .keeps_order = 1},
    {SIGNATURE(15, 1, 0, F4_3, F4_3, F4_3, F4_3, F4_3, LANES_F4)},
    {SIGNATURE(2, 1, 0, LANES_I4, LANES_I4, LANES_I4), .may_raise = 1},
    {SIGNATURE(2, 2, 2, LANES_U1, LANES_C8, LANES_I2, LANES_F8), .may_raise = 1,
     .has_params = 1},
};

/* The last is a shorter attachment of the first one's object. */
static const struct {
    size_t bytes;
    bool is_read_only;
} sizes[WORLD_SEGMENTS] = {{4096, false}, {1000, true},   {64, false}, {1, false},
                           {9, true},     {65536, false}, {512, false}};

static struct {
    lanes_topo_plan topo;
    lanes_server_options options;
    lanes_server server;
    lanes_server_session session;
    lanes_server_kernel kernel[WORLD_KERNELS];
    lanes_server_kernel *kernel_slots[LANES_KERNELS_MAX];
    lanes_server_view view[WORLD_SEGMENTS];
    lanes_shm_segment segment[WORLD_SEGMENTS];
} world;

/* The plan that is run: the loop is told no more than its frame. */
static const lanes_engine_plan *plan_run;
static const lanes_engine_kernel *kernel_run;

static void make_segment(uint32_t slot)
{
    void *data = NULL;
    const bool is_alias = slot == WORLD_SEGMENTS - 1;
    FUZZ_CHECK(is_alias || posix_memalign(&data, PAGE_BYTES, sizes[slot].bytes) == 0);
    world.segment[slot] = (lanes_shm_segment){
        .mapping = {.data = is_alias ? world.segment[0].mapping.data : data,
                    .bytes = sizes[slot].bytes,
                    .is_read_only = sizes[slot].is_read_only},
        .key = is_alias ? 1 : slot + 1,
    };
    world.view[slot] = (lanes_server_view){
        .session = &world.session, .id = {slot, 1}, .segment = &world.segment[slot]};
    world.session.dispatch_views[slot] = &world.view[slot];
}

lanes_server_session *world_session(void)
{
    if (world.session.server != NULL) {
        return &world.session;
    }
    world.topo.count = 1;
    world.options = (lanes_server_options)LANES_SERVER_OPTIONS_INIT;
    world.options.plan = &world.topo;
    world.server.dispatch.plan = &world.topo;
    world.server.options = &world.options;
    world.session.server = &world.server;
    world.session.dispatch_kernels = world.kernel_slots;
    for (uint32_t i = 0; i < WORLD_KERNELS; i++) {
        world.kernel[i] = (lanes_server_kernel){
            .session = &world.session, .id = {i, 1}, .checked = kernels[i]};
        world.kernel_slots[i] = &world.kernel[i];
    }
    world.kernel[1].calls_vector_hypot = true;
    for (uint32_t i = 0; i < WORLD_SEGMENTS; i++) {
        make_segment(i);
    }
    return &world.session;
}

void world_reset(uint8_t fill, uint64_t stream_bytes)
{
    for (uint32_t i = 0; i < WORLD_SEGMENTS; i++) {
        memset(world.segment[i].mapping.data, fill, sizes[i].bytes);
    }
    world.topo.last_level_cache_bytes = stream_bytes;
}

void world_check_let_go(void)
{
    for (uint32_t i = 0; i < WORLD_KERNELS; i++) {
        FUZZ_CHECK(world.kernel[i].uses == 0);
    }
    for (uint32_t i = 0; i < WORLD_SEGMENTS; i++) {
        FUZZ_CHECK(world.view[i].uses == 0);
    }
}

/* ---- The loop -----------------------------------------------------------------------
 */

/* memcpy() is what AddressSanitizer looks at as a whole. */
static void touch(const char *at, size_t bytes)
{
    char seen[256];
    while (bytes > 0) {
        const size_t part = bytes < sizeof(seen) ? bytes : sizeof(seen);
        memcpy(seen, at, part);
        at += part;
        bytes -= part;
    }
}

static void *place(const lanes_loop_frame *frame, uint32_t slot, uint64_t index,
                   int64_t step)
{
    return (char *)frame->base[slot] + (int64_t)(index - frame->first) * step;
}

/* Bytes from an element of operand @p k to the next, as loop.h says. */
static int64_t step_of(const lanes_loop_frame *frame, uint32_t k)
{
    const lanes_variant_key *key = &plan_run->key;
    switch (key->layout[k]) {
    case LANES_LAYOUT_UNIFORM:
        return 0;
    case LANES_LAYOUT_ROWS:
        return frame->stride[k];
    default:
        return lanes_dtype_bytes(lanes_variant_key_dtype(key, &kernel_run->signature, k));
    }
}

static void touch_inputs(const lanes_loop_frame *frame, uint64_t index)
{
    const lanes_signature *signature = &kernel_run->signature;
    for (uint32_t k = 0; k < signature->input_count; k++) {
        const uint32_t dtype = lanes_variant_key_dtype(&plan_run->key, signature, k);
        const bool is_row = plan_run->key.layout[k] == LANES_LAYOUT_ROWS;
        FUZZ_CHECK(!is_row || frame->row_count[k] > 0);
        const size_t count = is_row ? (size_t)frame->row_count[k] : 1;
        touch(place(frame, k, index, step_of(frame, k)),
              count * lanes_dtype_bytes(dtype));
    }
    if (kernel_run->params_bytes > 0) {
        touch(frame->params, kernel_run->params_bytes);
    }
}

static void write_outputs(const lanes_loop_frame *frame, uint64_t index)
{
    const lanes_signature *signature = &kernel_run->signature;
    const uint32_t end = lanes_signature_operand_count(signature);
    for (uint32_t k = signature->input_count; k < end; k++) {
        const uint32_t dtype = lanes_variant_key_dtype(&plan_run->key, signature, k);
        memset(place(frame, k, index, step_of(frame, k)), dtype == LANES_BOOL ? 1 : 3,
               lanes_dtype_bytes(dtype));
    }
    if (plan_run->key.reduce == LANES_REDUCE_SCAN) { /* what was kept last */
        memset(frame->base[0], 3, lanes_dtype_bytes(signature->dtype[0]));
    }
}

static void check_streams(const lanes_loop_frame *frame, uint64_t begin, uint64_t end)
{
    const lanes_signature *signature = &kernel_run->signature;
    if (plan_run->key.streams == 0 || end - begin < LANES_STREAM_COUNT) {
        return;
    }
    for (uint32_t k = signature->input_count;
         k < lanes_signature_operand_count(signature); k++) {
        const void *at = place(frame, k, begin, step_of(frame, k));
        FUZZ_CHECK((uintptr_t)at % LANES_STREAM_ALIGNMENT == 0);
    }
}

static void loop(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                 lanes_loop_result *result)
{
    const uint32_t mask = lanes_signature_operand_count(&kernel_run->signature);
    FUZZ_CHECK(frame->first <= begin && begin < end);
    FUZZ_CHECK(end - begin <= LANES_TILE_COUNT_MAX);
    check_streams(frame, begin, end);
    for (uint64_t i = begin; i < end; i++) {
        const bool has_failed = kernel_run->may_raise != 0 && i % 3 == 1;
        touch_inputs(frame, i);
        if (plan_run->key.has_where != 0) {
            touch(place(frame, mask + 1, i, 1), 1);
        }
        if (has_failed) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        } else {
            write_outputs(frame, i);
        }
        if (frame->base[mask] != NULL && kernel_run->may_raise != 0) {
            *(char *)place(frame, mask, i, 1) = has_failed ? 1 : 0;
        }
    }
}

static int32_t explain(const lanes_loop_frame *frame, uint64_t index,
                       const void **out_excinfo)
{
    *out_excinfo = NULL;
    touch_inputs(frame, index);
    return LANES_ELEMENT_ZERO_DIVISION;
}

/* ---- Running ------------------------------------------------------------------------
 */

static void explain_first(const lanes_engine_outcome *outcome)
{
    const lanes_engine_exceptions exceptions = {.explain = explain};
    lanes_abi_raised raised;
    char text[LANES_ABI_TEXT_BYTES];
    FUZZ_CHECK(outcome->result.first_failed < plan_run->count);
    lanes_engine_explain(plan_run, &exceptions, outcome->result.first_failed, 0, &raised,
                         text, sizeof(text));
}

/* Costs are said to be known, so that how a batch is cut does not depend on the clock. */
static void run_whole(void *ctx, lanes_team *team)
{
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    const uint64_t work = plan_run->work;
    const uint64_t count = plan_run->count;
    (void)ctx;
    outcome.element_ps = 1;
    outcome.alone_ps = 1;
    if (work <= RUN_MAX) {
        lanes_engine_run(team, plan_run, loop, 0, work, NULL, &outcome);
    } else if (plan_run->reduction.op == LANES_REDUCE_NONE) {
        lanes_engine_run(team, plan_run, loop, 0, RUN_EDGE, NULL, &outcome);
        outcome.element_ps = 1;
        outcome.alone_ps = 1;
        lanes_engine_run(team, plan_run, loop, count - RUN_EDGE, count, NULL, &outcome);
    }
    FUZZ_CHECK(outcome.fault.signal_number == 0);
    if (outcome.result.failed > 0 && work <= RUN_MAX) {
        explain_first(&outcome);
    }
}

void world_run(const lanes_engine_plan *plan, const lanes_engine_kernel *kernel)
{
    plan_run = plan;
    kernel_run = kernel;
    lanes_os_fault fault;
    if (plan->count > 0) {
        FUZZ_CHECK(lanes_team_enter(&world.topo, 0, run_whole, NULL, NULL) == LANES_OK);
    } else if (plan->reduction.is_empty) {
        FUZZ_CHECK(lanes_engine_write_empty(plan, &fault));
    }
}
