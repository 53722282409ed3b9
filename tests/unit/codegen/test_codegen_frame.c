/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame gives a loop beyond arrays of numbers: rows at any stride, a params block,
 * complex arrays, narrow elements in wide blocks, a seed; each for every place where a
 * batch may be split.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "runtime/runtime.h"

/* More than one block of the narrowest elements, and a rest. */
#define COUNT 530

/* Outputs of elements that were not run. */
#define UNTOUCHED 0x5a

/*
 * Runs [begin, end) for ends around multiples of every block size, and expects element i
 * of the last operand to be wanted[i] inside and untouched outside.
 */
static void expect_every_split(const kernel *k, lanes_loop_frame *frame, uint64_t begin,
                               const void *wanted, uint32_t bytes)
{
    static unsigned char out[16 * (COUNT + 8)];
    const uint32_t at = k->result.signature.input_count;
    frame->base[at] = out;
    for (uint64_t end = begin + 1; end <= COUNT; end++) {
        if (end > begin + 40 && end + 8 < COUNT && (end + 3) % 64 > 6) {
            continue;
        }
        memset(out, UNTOUCHED, sizeof(out));
        const lanes_loop_result result = run_frame(k, frame, begin, end);
        cr_assert_eq(result.failed, 0);
        cr_assert_arr_eq(out + begin * bytes,
                         (const unsigned char *)wanted + begin * bytes,
                         (end - begin) * bytes, "elements [%llu, %llu)",
                         (unsigned long long)begin, (unsigned long long)end);
        for (uint64_t i = 0; i < (COUNT + 8) * bytes; i++) {
            const bool is_inside = i >= begin * bytes && i < end * bytes;
            cr_assert(is_inside || out[i] == UNTOUCHED);
        }
    }
}

static void expect_all_splits(const kernel *k, lanes_loop_frame *frame,
                              const void *wanted, uint32_t bytes)
{
    static const uint64_t begins[] = {0, 1, 63, 64, 255, 256, 257, COUNT - 1};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(begins); i++) {
        expect_every_split(k, frame, begins[i], wanted, bytes);
    }
}

/* Runs @p check with the kernel as each CPU that this one can stand for has it. */
static void for_every_cpu(const char *ir, const char *signature,
                          void (*check)(const kernel *k))
{
    const struct {
        const char *name;
        bool is_here;
    } cpus[] = {{"", true},
                {"x86-64", true},
                {"x86-64-v2", __builtin_cpu_supports("sse4.2")},
                {"x86-64-v3", __builtin_cpu_supports("avx2")},
                {"x86-64-v4", __builtin_cpu_supports("avx512vl")}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cpus); i++) {
        lanes_compile_request request = request_with(ir, signature);
        memcpy(request.cpu, cpus[i].name, strlen(cpus[i].name) + 1);
        if (cpus[i].is_here) {
            const kernel k = kernel_of(&request, ir);
            expect_signature_of(&k.result, signature);
            check(&k);
        }
    }
}

/* ---- Narrow and complex elements ------------------------------------------------------
 */

static void check_bytes(const kernel *k)
{
    cr_expect_gt(k->result.info.vector_width, 1);
    static int8_t x[COUNT], y[COUNT], wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = (int8_t)(i * 7);
        y[i] = (int8_t)(i / 3 - 90);
        wanted[i] = (int8_t)(x[i] * y[i] + 3);
    }
    lanes_loop_frame frame = frame_of(k, (void *[]){x, y, NULL});
    expect_all_splits(k, &frame, wanted, 1);
}

Test(codegen_frame, bytes_are_right_for_every_split, .timeout = 60)
{
    static const char ir[] =
        "define signext i8 @f(i8 signext %x, i8 signext %y) {\n"
        "  %m = mul i8 %x, %y\n  %r = add i8 %m, 3\n  ret i8 %r\n}\n";
    for_every_cpu(ir, "i1(i1,i1)", check_bytes);
}

/* Elements of 1 and 8 bytes share a loop whose blocks are those of the narrower. */
static void check_mixed(const kernel *k)
{
    static uint8_t c[COUNT];
    static int16_t n[COUNT];
    static double x[COUNT], wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        c[i] = (uint8_t)(i % 3);
        n[i] = (int16_t)(i - 99);
        x[i] = i * 0.5;
        wanted[i] = c[i] != 0 ? n[i] + x[i] : x[i];
    }
    lanes_loop_frame frame = frame_of(k, (void *[]){c, n, x, NULL});
    expect_all_splits(k, &frame, wanted, 8);
}

Test(codegen_frame, mixed_widths_are_right_for_every_split, .timeout = 60)
{
    static const char ir[] =
        "define double @f(i1 zeroext %c, i16 signext %n, double %x) {\n"
        "  %d = sitofp i16 %n to double\n  %s = fadd double %d, %x\n"
        "  %r = select i1 %c, double %s, double %x\n"
        "  ret double %r\n}\n";
    for_every_cpu(ir, "f8(?,i2,f8)", check_mixed);
}

static void check_complex(const kernel *k)
{
    cr_expect_gt(k->result.info.vector_width, 1);
    static double x[COUNT][2], y[COUNT][2], wanted[COUNT][2];
    for (int i = 0; i < COUNT; i++) {
        x[i][0] = i;
        x[i][1] = 3 - i;
        y[i][0] = 0.5 * i;
        y[i][1] = 7;
        wanted[i][0] = x[i][0] * y[i][0] - x[i][1] * y[i][1];
        wanted[i][1] = x[i][0] * y[i][1] + x[i][1] * y[i][0];
    }
    lanes_loop_frame frame = frame_of(k, (void *[]){x, y, NULL});
    expect_all_splits(k, &frame, wanted, 16);
}

Test(codegen_frame, complex_arrays_are_right_for_every_split, .timeout = 60)
{
    static const char ir[] =
        "define i32 @_ZN1fE10complex12810complex128(ptr %ret, ptr %e, double %a, double "
        "%b, double %c, double %d) {\n"
        "  %ac = fmul double %a, %c\n  %bd = fmul double %b, %d\n"
        "  %ad = fmul double %a, %d\n  %bc = fmul double %b, %c\n"
        "  %re = fsub double %ac, %bd\n  %im = fadd double %ad, %bc\n"
        "  %p = getelementptr double, ptr %ret, i64 1\n"
        "  store double %re, ptr %ret\n  store double %im, ptr %p\n  ret i32 0\n}\n";
    for_every_cpu(ir, "c16(c16,c16)", check_complex);
}

Test(codegen_frame, uniform_complex_operand_is_read_once)
{
    static const char ir[] = "define <2 x float> @f(<2 x float> %z, float %s) {\n"
                             "  %v = insertelement <2 x float> poison, float %s, i32 0\n"
                             "  %w = insertelement <2 x float> %v, float %s, i32 1\n"
                             "  %r = fmul <2 x float> %z, %w\n  ret <2 x float> %r\n}\n";
    lanes_compile_request request = request_with(ir, "c8(c8,f4)");
    request.default_key = 0;
    request.key.layout[0] = LANES_LAYOUT_UNIFORM;
    request.key.layout[1] = request.key.layout[2] = LANES_LAYOUT_CONTIGUOUS;
    const kernel k = kernel_of(&request, ir);
    float z[2] = {2.0f, -3.0f};
    static float s[COUNT], wanted[COUNT][2];
    for (int i = 0; i < COUNT; i++) {
        s[i] = (float)i;
        wanted[i][0] = 2.0f * s[i];
        wanted[i][1] = -3.0f * s[i];
    }
    lanes_loop_frame frame = frame_of(&k, (void *[]){z, s, NULL});
    expect_all_splits(&k, &frame, wanted, 8);
}

/* ---- Rows -----------------------------------------------------------------------------
 */

/* The sum over a row, in order. */
static const char row_sum[] =
    "define double @f(i32 %n, ptr %row) {\n"
    "entry:\n  %some = icmp sgt i32 %n, 0\n  br i1 %some, label %loop, label %exit\n"
    "loop:\n  %i = phi i32 [ 0, %entry ], [ %j, %loop ]\n"
    "  %s = phi double [ 0.0, %entry ], [ %t, %loop ]\n"
    "  %at = sext i32 %i to i64\n  %p = getelementptr double, ptr %row, i64 %at\n"
    "  %v = load double, ptr %p\n  %t = fadd double %s, %v\n  %j = add i32 %i, 1\n"
    "  %more = icmp slt i32 %j, %n\n  br i1 %more, label %loop, label %exit\n"
    "exit:\n  %r = phi double [ 0.0, %entry ], [ %t, %loop ]\n  ret double %r\n}\n";

#define ROW 5

static double rows[COUNT * (ROW + 1)];

static void fill_rows(void)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        rows[i] = (double)(i * i % 101) - 0.25 * (double)i;
    }
}

static double sum_of(const double *row, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += row[i];
    }
    return sum;
}

/* Rows apart, touching, overlapping, the same one, backwards, and off their alignment. */
Test(codegen_frame, rows_may_have_any_stride, .init = fill_rows, .timeout = 60)
{
    const kernel k = kernel_with(row_sum, NULL, "f8(f8[:])");
    static const int64_t strides[] = {ROW * 8, ROW * 8 + 4, 8, 0, -8, 1};
    static double wanted[COUNT];
    for (size_t s = 0; s < LANES_ARRAY_COUNT(strides); s++) {
        char *base = (char *)rows + (strides[s] < 0 ? 8 * COUNT : 0);
        for (int n = 0; n <= ROW; n += ROW) {
            for (int i = 0; i < COUNT; i++) {
                double row[ROW];
                memcpy(row, base + strides[s] * i, sizeof(row));
                wanted[i] = sum_of(row, n);
            }
            lanes_loop_frame frame = frame_of(&k, (void *[]){base, NULL});
            frame.stride[0] = strides[s];
            frame.row_count[0] = n;
            expect_all_splits(&k, &frame, wanted, 8);
        }
    }
}

Test(codegen_frame, rows_are_counted_from_the_frame_s_first, .init = fill_rows)
{
    const kernel k = kernel_with(row_sum, NULL, "f8(f8[:])");
    static double out[COUNT];
    lanes_loop_frame frame = frame_of(&k, (void *[]){rows, out});
    frame.stride[0] = (ROW + 1) * 8;
    frame.row_count[0] = ROW;
    frame.first = 123456;
    memset(out, 0, sizeof(out));
    cr_expect_eq(run_frame(&k, &frame, 123456 + 9, 123456 + COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(out[i], i < 9 ? 0 : sum_of(rows + (size_t)i * (ROW + 1), ROW));
    }
}

/* Without a loop of its own: vectorized, rows or not. */
static void check_unrolled_rows(const kernel *k)
{
    static double x[COUNT], wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = 1.0 / (i + 1);
        wanted[i] = rows[i * ROW] + rows[i * ROW + 2] * x[i];
    }
    lanes_loop_frame frame = frame_of(k, (void *[]){rows, x, NULL});
    frame.stride[0] = 8 * ROW;
    frame.row_count[0] = ROW;
    expect_all_splits(k, &frame, wanted, 8);
}

Test(codegen_frame, rows_of_unrolled_callbacks_vectorize, .init = fill_rows,
     .timeout = 60)
{
    static const char ir[] =
        "define double @f(i32 %n, ptr %row, double %x) {\n"
        "  %p = getelementptr double, ptr %row, i64 2\n  %a = load double, ptr %row\n"
        "  %b = load double, ptr %p\n  %m = fmul double %b, %x\n"
        "  %r = fadd double %a, %m\n  ret double %r\n}\n";
    for_every_cpu(ir, "f8(f8[:],f8)", check_unrolled_rows);
    /* Gathers are worth it from AVX2 on. */
    lanes_compile_request request = request_for(ir);
    snprintf(request.cpu, sizeof(request.cpu), "x86-64-v3");
    lanes_codegen_output output = compile_request(&request, ir);
    cr_expect_gt(output.result.info.vector_width, 1);
    lanes_codegen_output_deinit(&output);
}

/* The last rows end where memory does: no row behind them may be read. */
Test(codegen_frame, rows_behind_the_last_are_not_read, .init = fill_rows)
{
    static const char ir[] = "define double @f(ptr %row) {\n"
                             "  %v = load double, ptr %row\n  ret double %v\n}\n";
    const kernel k = kernel_with(ir, NULL, "f8(f8[:])");
    /* Strides so long that one row too many is far outside. */
    static double two[2] = {3.5, 4.5};
    double out[2] = {0};
    lanes_loop_frame frame = frame_of(&k, (void *[]){two, out});
    frame.stride[0] = (int64_t)1 << 45;
    frame.row_count[0] = 1;
    cr_expect_eq(run_frame(&k, &frame, 0, 1).failed, 0);
    cr_expect_eq(out[0], 3.5);
    frame.base[0] = two + 1;
    frame.stride[0] = -8;
    cr_expect_eq(run_frame(&k, &frame, 0, 2).failed, 0);
    cr_expect_arr_eq(out, ((double[]){4.5, 3.5}), sizeof(out));
}

Test(codegen_frame, rows_of_every_type_are_read)
{
    static const struct {
        const char *type;
        const char *given;
        const char *signature;
        uint32_t bytes;
    } cases[] = {
        {"i8", NULL, "i1(i1[:])", 1},
        {"i8", "u1(u1[:])", "u1(u1[:])", 1},
        {"i16", NULL, "i2(i2[:])", 2},
        {"i32", NULL, "i4(i4[:])", 4},
        {"i64", "u8(uint64[:])", "u8(u8[:])", 8},
        {"float", NULL, "f4(f4[:])", 4},
        {"double", NULL, "f8(f8[:])", 8},
        {"i8", "?(bool[:])", "?(?[:])", 1},
    };
    static unsigned char row[3 * 8 * COUNT], wanted[8 * COUNT];
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        char ir[512];
        const uint32_t bytes = cases[c].bytes;
        snprintf(ir, sizeof(ir),
                 "define %s @f(i32 %%n, ptr %%row) {\n"
                 "  %%p = getelementptr %s, ptr %%row, i64 1\n"
                 "  %%v = load %s, ptr %%p\n  ret %s %%v\n}\n",
                 cases[c].type, cases[c].type, cases[c].type, cases[c].type);
        const kernel k = kernel_with(ir, cases[c].given, cases[c].signature);
        for (size_t i = 0; i < sizeof(row); i++) {
            row[i] =
                (unsigned char)(cases[c].signature[0] == '?' ? i * 7 % 2 : i * 37 % 127);
        }
        for (size_t i = 0; i < COUNT; i++) {
            memcpy(wanted + i * bytes, row + (3 * i + 1) * bytes, bytes);
        }
        lanes_loop_frame frame = frame_of(&k, (void *[]){row, NULL});
        frame.stride[0] = 3 * (int64_t)bytes;
        frame.row_count[0] = 3;
        expect_every_split(&k, &frame, 0, wanted, bytes);
    }
}

Test(codegen_frame, two_rows_have_two_lengths, .init = fill_rows)
{
    static const char ir[] =
        "define i32 @_ZN1fEi10float64_2ai10float64_2a(ptr %ret, ptr %e, i32 %n, ptr %a, "
        "i32 %m, ptr %b) {\n"
        "  %i = sext i32 %n to i64\n  %j = sub i64 %i, 1\n"
        "  %p = getelementptr double, ptr %a, i64 %j\n  %v = load double, ptr %p\n"
        "  %k = sext i32 %m to i64\n  %l = sub i64 %k, 1\n"
        "  %q = getelementptr double, ptr %b, i64 %l\n  %w = load double, ptr %q\n"
        "  %r = fsub double %v, %w\n  store double %r, ptr %ret\n  ret i32 0\n}\n";
    const kernel k = kernel_with(ir, NULL, "f8(f8[:],f8[:])");
    static double wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        wanted[i] = rows[i * ROW + 3] - rows[i + 1];
    }
    lanes_loop_frame frame = frame_of(&k, (void *[]){rows, rows, NULL});
    frame.stride[0] = 8 * ROW;
    frame.stride[1] = 8;
    frame.row_count[0] = 4;
    frame.row_count[1] = 2;
    expect_all_splits(&k, &frame, wanted, 8);
}

/* SciPy's generic_filter: a 64-bit length, a result through a pointer, and a status. */
Test(codegen_frame, lengths_may_have_64_bits, .init = fill_rows)
{
    static const char ir[] =
        "define i32 @f(ptr %buffer, i64 %n, ptr %result, ptr %user) {\n"
        "entry:\n  %scale = load double, ptr %user\n  br label %loop\n"
        "loop:\n  %i = phi i64 [ 0, %entry ], [ %j, %loop ]\n"
        "  %s = phi double [ 0.0, %entry ], [ %t, %loop ]\n"
        "  %p = getelementptr double, ptr %buffer, i64 %i\n"
        "  %v = load double, ptr %p\n  %t = fadd double %s, %v\n  %j = add i64 %i, 1\n"
        "  %more = icmp slt i64 %j, %n\n  br i1 %more, label %loop, label %exit\n"
        "exit:\n  %r = fmul double %t, %scale\n  store double %r, ptr %result\n"
        "  ret i32 1\n}\n";
    const kernel k = kernel_with(ir, NULL, "i4,f8(f8[:])");
    cr_expect_eq(k.result.has_params, 1);
    const double scale = 0.5;
    double wanted[COUNT], out[COUNT];
    int32_t ok[COUNT] = {0};
    lanes_loop_frame frame = frame_of(&k, (void *[]){rows, ok, out});
    frame.params = &scale;
    frame.stride[0] = 8 * ROW;
    frame.row_count[0] = ROW;
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        wanted[i] = 0.5 * sum_of(rows + (ptrdiff_t)ROW * i, ROW);
        cr_assert_eq(ok[i], 1);
    }
    cr_expect_arr_eq(out, wanted, sizeof(out));
}

/* ---- Params, seed ---------------------------------------------------------------------
 */

static void check_params(const kernel *k)
{
    cr_expect_eq(k->result.has_params, 1);
    cr_expect_eq(k->result.params_bytes, 24);
    cr_expect_gt(k->result.info.vector_width, 1);
    const struct {
        double a;
        int32_t n;
        double b;
    } params = {2.5, -3, 100.0};
    static double x[COUNT], wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i;
        wanted[i] = 2.5 * i - 3.0 - 100.0;
    }
    lanes_loop_frame frame = frame_of(k, (void *[]){x, NULL});
    frame.params = &params;
    expect_all_splits(k, &frame, wanted, 8);
}

Test(codegen_frame, params_are_the_same_for_all_elements, .timeout = 60)
{
    static const char ir[] =
        "define double @f(double %x, ptr %user) {\n"
        "  %p = getelementptr { double, i32, double }, ptr %user, i64 0, i32 1\n"
        "  %q = getelementptr { double, i32, double }, ptr %user, i64 0, i32 2\n"
        "  %a = load double, ptr %user\n  %n = load i32, ptr %p\n"
        "  %b = load double, ptr %q\n  %d = sitofp i32 %n to double\n"
        "  %m = fmul double %a, %x\n  %s = fadd double %m, %d\n"
        "  %r = fsub double %s, %b\n  ret double %r\n}\n";
    for_every_cpu(ir, "f8(f8)", check_params);
}

typedef void *(*state_fn)(void);

static state_fn find_state(void)
{
    size_t count;
    const lanes_runtime_symbol *symbols = lanes_runtime_symbols(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(symbols[i].name, "numba_get_np_random_state") == 0) {
            state_fn found;
            memcpy(&found, &symbols[i].address, sizeof(found));
            return found;
        }
    }
    return NULL;
}

/* The next random word, which belongs to (seed, element); it is where Numba's IR looks.
 */
Test(codegen_frame, seed_and_index_reach_the_runtime)
{
    static const char ir[] =
        "declare ptr @numba_get_np_random_state()\n"
        "define i32 @f(i8 zeroext %x) {\n"
        "  %s = call ptr @numba_get_np_random_state()\n"
        "  %i = load i32, ptr %s\n  %j = add i32 %i, 1\n  %k = sext i32 %j to i64\n"
        "  %p = getelementptr i32, ptr %s, i64 %k\n  %w = load i32, ptr %p\n"
        "  %e = zext i8 %x to i32\n  %r = add i32 %w, %e\n  ret i32 %r\n}\n";
    const kernel k = kernel_with(ir, NULL, "i4(u1)");
    const state_fn state = find_state();
    cr_assert_not_null(state);
    static uint8_t x[COUNT];
    static uint32_t wanted[COUNT];
    lanes_runtime_enter();
    for (uint64_t i = 0; i < COUNT; i++) {
        uint32_t word;
        x[i] = (uint8_t)i;
        lanes_runtime_begin(77, i);
        const int32_t *words = state();
        memcpy(&word, &words[1 + words[0]], sizeof(word));
        wanted[i] = word + x[i];
    }
    cr_expect_neq(wanted[1] - x[1], wanted[2] - x[2]);
    lanes_loop_frame frame = frame_of(&k, (void *[]){x, NULL});
    frame.seed = 77;
    expect_every_split(&k, &frame, 3, wanted, 4);
    lanes_runtime_leave();
}
