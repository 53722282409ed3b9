/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers: Philox by its published answers, MT19937 and Poisson by NumPy's, and
 * that an element's stream depends on the seed and the element's index only.
 *
 * next_word() does what Numba's IR does with the state. NumPy's numbers are those of
 * numpy.random.RandomState(seed) of NumPy 1.24.2.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "runtime/runtime_internal.h"

static uint32_t next_word(lanes_rnd_state *state)
{
    if ((uint32_t)state->index >= LANES_MT_WORDS) {
        numba_rnd_shuffle(state);
        state->index = 0;
    }
    uint32_t y = state->mt[state->index];
    state->index++;
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static double next_double(lanes_rnd_state *state)
{
    const double high = next_word(state) >> 5;
    const double low = next_word(state) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* Random123, tests/kat_vectors, "philox4x32 10". */
Test(runtime_random, philox_gives_the_published_answers)
{
    static const struct {
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t answer[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
        {{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu},
         {0xffffffffu, 0xffffffffu},
         {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
        {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
         {0xa4093822u, 0x299f31d0u},
         {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        uint32_t out[4];
        lanes_runtime_philox(rows[i].counter, rows[i].key, out);
        cr_expect_arr_eq(out, rows[i].answer, sizeof(out), "row %zu", i);
    }
}

Test(runtime_random, seeded_state_is_numpys)
{
    lanes_runtime_begin(1, 2);
    lanes_rnd_state *state = numba_get_np_random_state();
    next_double(state);
    numba_rnd_init(state, 42);
    double draws[1000];
    for (int i = 0; i < 1000; i++) {
        draws[i] = next_double(state);
    }
    cr_expect_eq(draws[0], 0x1.7f8771e5f51ecp-2);
    cr_expect_eq(draws[1], 0x1.e6c4068bbd654p-1);
    cr_expect_eq(draws[2], 0x1.76c7e8f1e6751p-1);
    cr_expect_eq(draws[311], 0x1.415b7a8070ca8p-4, "the last of the first 624 words");
    cr_expect_eq(draws[312], 0x1.9f58b97983ee0p-6);
    cr_expect_eq(draws[699], 0x1.ecaffda90acdap-2);
    cr_expect_eq(draws[999], 0x1.c8b5bcc2b9faep-2);
    numba_rnd_init(state, UINT32_MAX);
    cr_expect_eq(next_double(state), 0x1.8fe69a3924820p-4);
    numba_rnd_init(state, 0);
    cr_expect_eq(next_double(state), 0x1.18fe1565f12a8p-1);
}

Test(runtime_random, any_other_state_is_a_mersenne_twister)
{
    lanes_rnd_state other;
    numba_rnd_init(&other, 42);
    cr_expect(other.index == 624 && other.has_gauss == 0 && other.is_initialized == 1);
    cr_expect_eq(next_double(&other), 0x1.7f8771e5f51ecp-2);
}

Test(runtime_random, poisson_is_numpys)
{
    static const struct {
        uint32_t seed;
        double lam;
        int64_t first[4];
        uint64_t sum;       /* of 2000 draws times their position from 1 */
        double next_double; /* after them: as many words were drawn */
    } rows[] = {
        {1, 0.5, {0, 1, 0, 0}, 0xf17f8u, 0x1.b4b876d3282c1p-1},
        {2, 3.25, {1, 3, 2, 3}, 0x617edeu, 0x1.127700f9fae2ap-1},
        {3, 9.99, {9, 6, 10, 13}, 0x12f61dfu, 0x1.3e9279ad3ea30p-3},
        {4, 10.0, {12, 21, 7, 13}, 0x13679d6u, 0x1.ab5bda994e282p-2},
        {5, 12.5, {12, 15, 10, 12}, 0x1825a5au, 0x1.8c5dd028e5710p-2},
        {6, 100.0, {115, 110, 85, 101}, 0xbf49e67u, 0x1.2b6e0e714aaa5p-1},
        {7, 10000.0, {9823, 9983, 10000, 9930}, 0x4a8e859acu, 0x1.ca4effbf1d020p-1},
        {8,
         1000000000.0,
         {1000040752, 999974054, 999993795, 1000002003},
         0x71be5b75ffefeu,
         0x1.bf190f23f6594p-3},
        {9,
         1000000000000000.0,
         {999999999627967, 999999961361172, 999999992706559, 999999947063012},
         0x79741269c1273201u,
         0x1.5bf3d6143ea70p-4},
        {10,
         1e+18,
         {1000000000835508736, 1000000000383964544, 999999999995846400,
          999999999044567296},
         0x6d66f7f59db43980u,
         0x1.45226ffb3bfb1p-1},
        {11, 0.0, {0, 0, 0, 0}, 0x0u, 0x1.71313c117c8e8p-3},
    };
    lanes_rnd_state *state = numba_get_np_random_state();
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_runtime_begin(1, i);
        numba_rnd_init(state, rows[i].seed);
        uint64_t sum = 0;
        for (uint64_t k = 0; k < 2000; k++) {
            const int64_t draw = numba_poisson_ptrs(state, rows[i].lam);
            cr_expect(k >= 4 || draw == rows[i].first[k], "lam %g", rows[i].lam);
            sum += (uint64_t)draw * (k + 1);
        }
        cr_expect_eq(sum, rows[i].sum, "lam %g", rows[i].lam);
        cr_expect_eq(next_double(state), rows[i].next_double, "lam %g", rows[i].lam);
    }
}

Test(runtime_random, poisson_ends_for_every_rate, .timeout = 10)
{
    static const double rates[] = {
        -1.0, -(double)INFINITY, (double)NAN, (double)INFINITY, 1e300, 1e19, 10.0};
    lanes_runtime_begin(1, 1);
    lanes_rnd_state *state = numba_get_np_random_state();
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rates); i++) {
        for (int k = 0; k < 1000; k++) {
            numba_poisson_ptrs(state, rates[i]);
        }
    }
    cr_expect_eq(numba_poisson_ptrs(state, -1.0), 0);
}

/* Words of one element: few of most, many of some, so that elements follow each other
 * that were given few and many words in advance. */
enum { ELEMENTS = 300, WORDS_KEPT = 1500 };

static int words_of(int element)
{
    static const int counts[] = {2, 2, 4, 2, 0, 40, 2, 624, 2, 7, 1500, 1, 0, 0, 630};
    return counts[element % (int)LANES_ARRAY_COUNT(counts)];
}

struct recording {
    uint32_t np[ELEMENTS][WORDS_KEPT];
    uint32_t py[ELEMENTS];
};

static void record(struct recording *out, int element, lanes_rnd_state *np)
{
    lanes_runtime_begin(99, (uint64_t)element);
    if (np == NULL) {
        np = numba_get_np_random_state();
    }
    for (int i = 0; i < words_of(element); i++) {
        out->np[element][i] = next_word(np);
    }
    out->py[element] = next_word(numba_get_py_random_state());
}

static struct recording forward;
static struct recording backward;

static void *record_backward(void *ctx)
{
    (void)ctx;
    /* The pointer is kept, as compiled loops do. */
    lanes_rnd_state *np = numba_get_np_random_state();
    for (int i = ELEMENTS - 1; i >= 0; i--) {
        record(&backward, i, np);
    }
    return NULL;
}

Test(runtime_random, streams_do_not_depend_on_order_or_thread)
{
    for (int i = 0; i < ELEMENTS; i++) {
        record(&forward, i, NULL);
    }
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, record_backward, NULL), 0);
    pthread_join(thread, NULL);
    for (int i = 0; i < ELEMENTS; i++) {
        cr_expect_arr_eq(forward.np[i], backward.np[i], sizeof(forward.np[i]),
                         "element %d", i);
    }
    cr_expect_arr_eq(forward.py, backward.py, sizeof(forward.py));
}

Test(runtime_random, stream_is_philox_of_seed_index_block_and_generator)
{
    const uint64_t seed = 0x0123456789abcdefu;
    const uint64_t index = 0xfedcba9876543210u;
    const uint32_t key[2] = {0x89abcdefu, 0x01234567u};
    lanes_runtime_begin(seed, index);
    lanes_rnd_state *states[2] = {numba_get_np_random_state(),
                                  numba_get_py_random_state()};
    for (uint32_t generator = 0; generator < 2; generator++) {
        lanes_rnd_state *state = states[generator];
        for (uint32_t block = 0; block < 500; block++) {
            const uint32_t counter[4] = {0x76543210u, 0xfedcba98u, block, generator};
            uint32_t expected[4];
            lanes_runtime_philox(counter, key, expected);
            for (int i = 0; i < 4; i++) {
                next_word(state);
                cr_assert_eq(state->mt[state->index - 1], expected[i], "block %u", block);
            }
        }
    }
}

Test(runtime_random, other_seeds_elements_and_generators_have_other_streams)
{
    static const uint64_t rows[][2] = {
        {7, 0}, {7, 1}, {8, 0}, {7, 1ull << 32}, {7 + (1ull << 32), 0}, {0, 7}};
    enum { COUNT = 2 * LANES_ARRAY_COUNT(rows) };
    double first[COUNT];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_runtime_begin(rows[i][0], rows[i][1]);
        first[2 * i] = next_double(numba_get_np_random_state());
        first[2 * i + 1] = next_double(numba_get_py_random_state());
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < i; k++) {
            cr_expect_neq(first[i], first[k], "%zu and %zu", i, k);
        }
    }
}

/* Means over many elements of the first draw and of its product with the next element's.
 * Both have standard errors below 0.001. */
Test(runtime_random, first_draws_of_elements_are_uniform_and_unrelated)
{
    const uint64_t count = 200000;
    lanes_rnd_state *state = numba_get_np_random_state();
    double sum = 0;
    double products = 0;
    double previous = 0.5;
    for (uint64_t i = 0; i < count; i++) {
        lanes_runtime_begin(3, i);
        const double draw = next_double(state);
        cr_assert(draw >= 0 && draw < 1);
        sum += draw;
        products += (draw - 0.5) * (previous - 0.5);
        previous = draw;
    }
    cr_expect_float_eq(sum / (double)count, 0.5, 0.004);
    cr_expect_float_eq(products / (double)count, 0.0, 0.001);
}

Test(runtime_random, a_new_element_forgets_seed_and_gauss)
{
    lanes_runtime_begin(5, 5);
    lanes_rnd_state *state = numba_get_np_random_state();
    const double expected = next_double(state);
    numba_rnd_init(state, 42);
    next_double(state);
    state->has_gauss = 1;
    lanes_runtime_begin(5, 5);
    cr_expect_eq(numba_get_np_random_state(), state);
    cr_expect_eq(state->has_gauss, 0);
    cr_expect_eq(next_double(state), expected);
}

Test(runtime_random, seeding_one_generator_leaves_the_other)
{
    lanes_runtime_begin(5, 5);
    const double np = next_double(numba_get_np_random_state());
    const double py = next_double(numba_get_py_random_state());
    lanes_runtime_begin(5, 5);
    numba_rnd_init(numba_get_py_random_state(), 42);
    cr_expect_eq(next_double(numba_get_py_random_state()), 0x1.7f8771e5f51ecp-2);
    cr_expect_eq(next_double(numba_get_np_random_state()), np);
    cr_expect_neq(np, py);
}

/* A callback's stray writes may hit the state: later elements have their streams. */
Test(runtime_random, damaged_state_is_whole_again_in_the_next_element)
{
    static const int32_t indices[] = {INT32_MIN, -1, 625, INT32_MAX, 0};
    lanes_runtime_begin(5, 5);
    lanes_rnd_state *state = numba_get_np_random_state();
    const double expected = next_double(state);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(indices); i++) {
        lanes_runtime_begin(5, 6);
        memset(state, 0x5a, sizeof(*state));
        state->index = indices[i];
        numba_poisson_ptrs(state, 20.0);
        state->index = indices[i];
        lanes_runtime_begin(5, 5);
        cr_expect_eq(next_double(state), expected, "index %d", (int)indices[i]);
    }
}
