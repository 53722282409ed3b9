/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_explain.c - why an element failed, by running its callback again.
 *
 * The loop only counts failures. Which exception it was is asked afterwards, of one
 * element, alone and guarded (README.md).
 */
#include "engine/engine_fenv.h"
#include "engine/engine_internal.h"
#include "runtime/runtime.h"

/* What the guarded call needs and leaves. */
struct attempt {
    const lanes_engine_plan *plan;
    lanes_explain_fn explain;
    lanes_loop_frame *frame;
    uint64_t index;
    int32_t code;
    const void *excinfo;
};

static void call_explain(void *ctx)
{
    struct attempt *attempt = ctx;
    lanes_engine_find_before(attempt->plan, attempt->index, attempt->frame);
    attempt->code = attempt->explain(attempt->frame, attempt->index, &attempt->excinfo);
}

static void classify(const struct attempt *attempt,
                     const lanes_engine_exceptions *exceptions,
                     lanes_abi_raised *out_raised, lanes_repr *text)
{
    const lanes_payload *payload;
    const uint32_t code = (uint32_t)attempt->code;
    const uint32_t node = code >> LANES_ELEMENT_NODE_SHIFT;
    out_raised->node = node < LANES_FUSION_NODES_MAX ? node : 0;
    switch (code & ((1u << LANES_ELEMENT_NODE_SHIFT) - 1)) {
    case LANES_ELEMENT_OK:
        lanes_repr_add(
            text, "a failure that did not repeat when the element was computed alone");
        break;
    case LANES_ELEMENT_RAISED:
        payload = lanes_engine_read_raised(exceptions, attempt->excinfo, out_raised);
        if (payload != NULL) {
            lanes_engine_write_raised(text, payload, out_raised);
        } else {
            lanes_repr_add(text, "an exception of a form lanes does not know");
        }
        break;
    case LANES_ELEMENT_ZERO_DIVISION:
        out_raised->kind = LANES_RAISED_ZERO_DIVISION;
        lanes_repr_add(text, "ZeroDivisionError('integer division by zero')");
        break;
    case LANES_ELEMENT_OVERFLOW:
        out_raised->kind = LANES_RAISED_OVERFLOW;
        lanes_repr_add(text, "OverflowError('integer division overflow (minimum / -1)')");
        break;
    case LANES_ELEMENT_FATAL:
        out_raised->kind = LANES_RAISED_FATAL;
        lanes_repr_add(text, "a fatal error: it asked to abort the process");
        break;
    default:
        lanes_repr_add(text, "a failure of a kind lanes does not know");
        break;
    }
}

void lanes_engine_explain(const lanes_engine_plan *plan,
                          const lanes_engine_exceptions *exceptions, uint64_t index,
                          uint64_t ticket, lanes_abi_raised *out_raised, char *out_text,
                          size_t text_bytes)
{
    LANES_ASSERT(index < plan->count);
    lanes_repr text = lanes_repr_begin(out_text, text_bytes);
    *out_raised = (lanes_abi_raised){.kind = LANES_RAISED_UNKNOWN};
    if (exceptions->explain == NULL) {
        lanes_repr_add(&text, "a failure of a kind lanes does not know");
        return;
    }
    lanes_loop_frame frame; /* outputs are not touched, in place or not */
    lanes_engine_frame_of(plan, index, &frame);
    struct attempt attempt = {
        .plan = plan, .explain = exceptions->explain, .frame = &frame, .index = index};
    lanes_os_fault fault;
    lanes_runtime_enter();
    lanes_runtime_begin(plan->frame.seed, index);
    const lanes_engine_fenv saved = lanes_engine_fenv_enter(plan->flushes);
    const bool has_returned =
        lanes_os_guard_call_for(ticket, call_explain, &attempt, &fault);
    lanes_engine_fenv_leave(saved);
    if (has_returned) {
        classify(&attempt, exceptions, out_raised, &text);
    } else if (lanes_os_fault_is_interrupt(&fault)) {
        lanes_repr_add(&text, "a failure, but computing the element alone did not end");
    } else {
        char signal_text[96];
        lanes_os_fault_format(&fault, signal_text, sizeof(signal_text));
        lanes_repr_add(&text, "a failure, but computing the element alone ended with ");
        lanes_repr_add(&text, signal_text);
    }
    lanes_runtime_trim(); /* the excinfo and all else that the element allocated */
}
