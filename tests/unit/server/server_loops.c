/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_loops.c - loops as codegen could have made them; server_fixture.h says what
 * each computes.
 */
#include "server_loops.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/atomic.h"
#include "base/base.h"

uint32_t fake_explains;
uint32_t fake_lines;
uint32_t fake_crooked;
fake_turn fake_trace[FAKE_TURNS_MAX];
uint32_t fake_turns;
uint64_t fake_elements;
const volatile double *fake_hole;

/* As loop.h says: an array is contiguous or, at stride 0, one element; rows are at a
 * stride. */
static double *element(const lanes_loop_frame *frame, int operand, uint64_t index)
{
    char *base = frame->base[operand];
    const int64_t stride = frame->stride[operand];
    const bool is_array = frame->row_count[operand] == 0 && stride != 0;
    const int64_t step = is_array ? (int64_t)sizeof(double) : stride;
    return (double *)(void *)(base + (int64_t)(index - frame->first) * step);
}

static void count_failure(lanes_loop_result *result, uint64_t index)
{
    result->failed++;
    result->first_failed = index < result->first_failed ? index : result->first_failed;
}

static void loop_double(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    (void)result;
    for (uint64_t i = begin; i < end; i++) {
        *element(frame, 1, i) = 2 * *element(frame, 0, i);
    }
}

static void loop_fail(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    for (uint64_t i = begin; i < end; i++) {
        if (*element(frame, 0, i) < 0) {
            count_failure(result, i);
        } else {
            *element(frame, 1, i) = 2 * *element(frame, 0, i);
        }
    }
}

static void loop_mask(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    loop_fail(frame, begin, end, result);
    char *mask = frame->base[2];
    for (uint64_t i = begin; mask != NULL && i < end; i++) {
        mask[i - frame->first] = *element(frame, 0, i) < 0 ? 1 : 0;
    }
}

static void loop_slow(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    const uint64_t start_ns = lanes_clock_ns();
    loop_double(frame, begin, end, result);
    while (lanes_clock_ns() - start_ns < (end - begin) * 1000) {
        lanes_cpu_relax();
    }
}

/* As double, but does not come back from elements below -1 as long as they are. */
static void loop_endless(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                         lanes_loop_result *result)
{
    for (uint64_t i = begin; i < end; i++) {
        const volatile double *x = element(frame, 0, i);
        while (*x < -1) {
            lanes_cpu_relax();
        }
    }
    loop_double(frame, begin, end, result);
}

/* Takes 200 ms in which no signal gets through. */
static void loop_stubborn(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                          lanes_loop_result *result)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const uint64_t end_ns = lanes_clock_ns() + 200000000u;
    while (lanes_clock_ns() < end_ns) {
        lanes_cpu_relax();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL); /* those that came come now */
    loop_double(frame, begin, end, result);
}

/* As slow, and a code that streams: what loop.h promises it is looked at. */
static void loop_lines(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                       lanes_loop_result *result)
{
    const uintptr_t at = (uintptr_t)element(frame, 1, begin);
    const bool is_crooked =
        end - begin >= LANES_STREAM_COUNT && at % LANES_STREAM_ALIGNMENT != 0;
    lanes_fetch_add_relaxed_u32(&fake_crooked, is_crooked ? 1 : 0);
    lanes_fetch_add_relaxed_u32(&fake_lines, 1);
    loop_slow(frame, begin, end, result);
}

static void loop_trace(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                       lanes_loop_result *result)
{
    const uint64_t start_ns = lanes_clock_ns();
    fake_turn *last = fake_turns > 0 ? &fake_trace[fake_turns - 1] : NULL;
    if ((last == NULL || last->seed != frame->seed) && fake_turns < FAKE_TURNS_MAX) {
        last = &fake_trace[fake_turns++];
        *last = (fake_turn){.seed = frame->seed,
                            .before = lanes_load_relaxed_u64(&fake_elements)};
    }
    loop_slow(frame, begin, end, result);
    last->elements += end - begin;
    const uint64_t taken_ns = lanes_clock_ns() - start_ns;
    last->ns += taken_ns;
    last->longest_ns = taken_ns > last->longest_ns ? taken_ns : last->longest_ns;
    lanes_fetch_add_relaxed_u64(&fake_elements, end - begin);
}

static void loop_seed(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    (void)result;
    for (uint64_t i = begin; i < end; i++) {
        *element(frame, 1, i) = (double)frame->seed;
    }
}

static void loop_params(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    (void)result;
    const double *params = frame->params;
    for (uint64_t i = begin; i < end; i++) {
        *element(frame, 1, i) = params[0] * *element(frame, 0, i) + params[1];
    }
}

static void loop_rows(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    (void)result;
    for (uint64_t i = begin; i < end; i++) {
        double sum = 0;
        for (int32_t j = 0; j < frame->row_count[0]; j++) {
            sum += element(frame, 0, i)[j];
        }
        *element(frame, 1, i) = sum;
    }
}

static void loop_two(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                     lanes_loop_result *result)
{
    loop_double(frame, begin, end, result);
    for (uint64_t i = begin; i < end; i++) {
        *element(frame, 2, i) = *element(frame, 0, i) + 1;
    }
}

static void loop_fault(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                       lanes_loop_result *result)
{
    static volatile uintptr_t nowhere = 0x10;
    const uintptr_t address = nowhere;
    const volatile double *at;
    memcpy(&at, &address, sizeof(at));
    loop_fail(frame, begin, end, result);
    for (uint64_t i = begin; i < end; i++) {
        if (*element(frame, 0, i) < -1) {
            *element(frame, 1, i) = *at;
        }
    }
}

/* Not a loop to the compiler: the caller needs the result after the call. */
static double fall(const double *x, volatile double *depth)
{
    volatile double here[64];
    here[0] = *depth + 1;
    return *x < -1 ? fall(x, here) + here[0] : here[0];
}

static void loop_deep(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    (void)result;
    for (uint64_t i = begin; i < end; i++) {
        volatile double depth = 0;
        *element(frame, 1, i) = fall(element(frame, 0, i), &depth);
    }
}

/* Integer division by zero, and no instruction at all, whatever compilers think of it. */
static void divide_by_zero(void)
{
#if defined(__x86_64__)
    __asm__ volatile("xorl %%ecx, %%ecx\n\tidivl %%ecx" ::: "eax", "ecx", "edx", "cc");
#else
    raise(SIGFPE);
#endif
}

static void do_what_is_not_there(void)
{
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#elif defined(__aarch64__)
    __asm__ volatile("udf #0");
#else
    raise(SIGILL);
#endif
}

/* A third of x; but ends where x is -2 to -6, by a signal each, and after it has changed
 * how its thread rounds, and what it takes for 0. */
static void loop_faults(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    static volatile uintptr_t nowhere = 0x10;
    const uintptr_t address = nowhere;
    const volatile double *at;
    volatile double depth = 0;
    memcpy(&at, &address, sizeof(at));
    (void)result;
    for (uint64_t i = begin; i < end; i++) {
        const double x = *element(frame, 0, i);
        if (x < -1) {
            fesetround(FE_TOWARDZERO);
#if defined(__x86_64__)
            _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ and DAZ */
#endif
        }
        switch ((int)x) {
        case -2:
            *element(frame, 1, i) = *at;
            break;
        case -3:
            divide_by_zero();
            break;
        case -4:
            do_what_is_not_there();
            break;
        case -5:
            *element(frame, 1, i) = fall(element(frame, 0, i), &depth);
            break;
        case -6:
            *element(frame, 1, i) = *fake_hole;
            break;
        default:
            *element(frame, 1, i) = x / 3;
            break;
        }
    }
}

/* ---- Exceptions ---------------------------------------------------------------------
 */

static const char pickle[3] = {'a', 'i', 's'};
static const lanes_payload_excinfo excinfo = {.pickle = pickle, .bytes = sizeof(pickle)};
static const char unwrap;
static const void *const addresses[] = {&excinfo, pickle, &unwrap};

const lanes_payload fake_payload = {
    .form = LANES_PAYLOAD_TEXT,
    .offset = 1,
    .bytes = sizeof(pickle),
    .type = "ValueError",
    .message = "'negative'",
    .location = "",
};

const lanes_payload_arguments fake_arguments = {
    .argument_count = 2,
    .item_count = 2,
    .bytes = 24,
    .item = {{.type = LANES_I4, .offset = 4, .bytes = 4},
             {.type = LANES_C16, .offset = 8, .bytes = 16}}};

static int32_t explain_value_error(const lanes_loop_frame *frame, uint64_t index,
                                   const void **out_excinfo)
{
    lanes_fetch_add_relaxed_u32(&fake_explains, 1);
    *out_excinfo = &excinfo;
    return *element(frame, 0, index) < 0 ? LANES_ELEMENT_RAISED : LANES_ELEMENT_OK;
}

static int32_t explain_zero_division(const lanes_loop_frame *frame, uint64_t index,
                                     const void **out_excinfo)
{
    lanes_fetch_add_relaxed_u32(&fake_explains, 1);
    *out_excinfo = NULL;
    return *element(frame, 0, index) < 0 ? LANES_ELEMENT_ZERO_DIVISION : LANES_ELEMENT_OK;
}

/* ---- Table --------------------------------------------------------------------------
 */

#define UNARY                                                                            \
    {                                                                                    \
        .input_count = 1, .output_count = 1, .dtype = { LANES_F8, LANES_F8 }             \
    }
#define RAISES                                                                           \
    .signature = UNARY, .may_raise = 1, .explain = explain_value_error,                  \
    .address = addresses, .payload_count = 1, .argument_list_count = 1

static const fake_kernel kernels[] = {
    {.name = "double", .loop = loop_double, .signature = UNARY},
    {.name = "hold", .loop = loop_double, .signature = UNARY},
    {.name = "first", .loop = loop_double, .signature = UNARY},
    {.name = "killed", .loop = loop_double, .signature = UNARY},
    {.name = "gone", .loop = loop_double, .signature = UNARY},
    {.name = "fail", .loop = loop_fail, .signature = UNARY, .may_raise = 1},
    {.name = "slow", .loop = loop_slow, .signature = UNARY},
    {.name = "hypot", .loop = loop_double, .signature = UNARY},
    {.name = "endless", .loop = loop_endless, .signature = UNARY},
    {.name = "stubborn", .loop = loop_stubborn, .signature = UNARY},
    {.name = "lines", .loop = loop_lines, .signature = UNARY},
    {.name = "trace", .loop = loop_trace, .signature = UNARY},
    {.name = "seed", .loop = loop_seed, .signature = UNARY},
    {.name = "fault", .loop = loop_fault, .signature = UNARY, .may_raise = 1},
    {.name = "deep", .loop = loop_deep, .signature = UNARY},
    {.name = "faults", .loop = loop_faults, .signature = UNARY},
    {.name = "raise", .loop = loop_mask, RAISES},
    {.name = "bits", .loop = loop_fail, RAISES},
    {.name = "textfit", .loop = loop_fail, RAISES},
    {.name = "formless", .loop = loop_fail, RAISES},
    {.name = "constant",
     .loop = loop_fail,
     .signature = UNARY,
     .may_raise = 1,
     .address = addresses,
     .payload_count = 1},
    {.name = "computed",
     .loop = loop_fail,
     .signature = UNARY,
     .may_raise = 1,
     .address = addresses,
     .argument_list_count = 1},
    {.name = "zero",
     .loop = loop_fail,
     .explain = explain_zero_division,
     .signature = UNARY,
     .may_raise = 1},
    {.name = "params",
     .loop = loop_params,
     .signature = UNARY,
     .has_params = 1,
     .params_bytes = 16},
    {.name = "rows",
     .loop = loop_rows,
     .signature = {.input_count = 1,
                   .output_count = 1,
                   .row_mask = 1,
                   .dtype = {LANES_F8, LANES_F8}}},
    {.name = "two",
     .loop = loop_two,
     .signature = {.input_count = 1,
                   .output_count = 2,
                   .dtype = {LANES_F8, LANES_F8, LANES_F8}}},
};

const fake_kernel *fake_find(const char *name, size_t length)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(kernels); i++) {
        if (strlen(kernels[i].name) == length &&
            memcmp(kernels[i].name, name, length) == 0) {
            return &kernels[i];
        }
    }
    return NULL;
}
