/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_random.c - the two generators that Numba's IR knows, `np` and `py`, each with a
 * stream of its own for every element.
 *
 * IR holds a Mersenne Twister's state: it takes the word mt[index++], tempers it, and
 * calls numba_rnd_shuffle() when none is left. Only the words matter to it, so they come
 * from a counter-based generator instead: Philox4x32-10 (Salmon, Moraes, Dror, Shaw:
 * "Parallel random numbers: as easy as 1, 2, 3", SC'11, doi 10.1145/2063384.2063405). Its
 * key is the batch's seed, its counter is (element index, block, generator), so that an
 * element's words depend on nothing else and starting a stream takes nothing. Tempering
 * is a bijection, so tempered words are as good as the words.
 *
 * A new element gets as many words as elements have lately drawn, at the end of mt; the
 * stream goes on where they end, so results do not depend on how many those are.
 *
 * Once the callback has seeded a generator (np.random.seed), that generator is MT19937 as
 * NumPy and Numba seed it, until the element ends.
 */
#include <math.h>

#include "runtime/runtime_internal.h"

#define WORDS       LANES_MT_WORDS
#define BLOCK_WORDS 4u
/* Given to an element that is not expected to draw, when it asks for its generator. */
#define FIRST_WORDS 8u

enum { STREAM_NP = 0, STREAM_PY = 1, STREAM_COUNT = 2 };

struct stream {
    lanes_rnd_state state;
    uint32_t is_mersenne; /* the callback has seeded it */
    uint32_t word_count;  /* of the stream, put into mt so far */
    uint32_t expected;    /* words that an element draws, in EXPECTED_ONEths */
    uint32_t number;
};

/* expected follows what elements draw up at once, and down by a 64th of the difference:
 * a block too many costs little, one too few a shuffle of 156 blocks. */
#define EXPECTED_ONE 64u

struct streams {
    uint32_t key[2];
    uint32_t index[2];
    struct stream stream[STREAM_COUNT];
};

LANES_RUNTIME_THREAD struct streams these_streams = {
    .stream = {{.number = STREAM_NP}, {.number = STREAM_PY}}};

void lanes_runtime_philox(const uint32_t counter[4], const uint32_t key[2],
                          uint32_t out[4])
{
    uint32_t c0 = counter[0];
    uint32_t c1 = counter[1];
    uint32_t c2 = counter[2];
    uint32_t c3 = counter[3];
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)c0 * 0xD2511F53u;
        const uint64_t p1 = (uint64_t)c2 * 0xCD9E8D57u;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Put the next @p count words of the stream, a multiple of 4, at the end of mt. */
static void give_words(struct stream *stream, uint32_t count)
{
    const struct streams *streams = &these_streams;
    uint32_t counter[4] = {streams->index[0], streams->index[1],
                           stream->word_count / BLOCK_WORDS, stream->number};
    for (uint32_t word = WORDS - count; word < WORDS; word += BLOCK_WORDS) {
        lanes_runtime_philox(counter, streams->key, &stream->state.mt[word]);
        counter[2]++;
    }
    stream->state.index = (int32_t)(WORDS - count);
    stream->word_count += count;
}

/* How many words the element that ends has drawn; anything if the callback has written to
 * its state. */
static uint32_t drawn_words(const struct stream *stream)
{
    const uint32_t left = WORDS - (uint32_t)stream->state.index;
    const uint32_t drawn = stream->word_count > left ? stream->word_count - left : 0;
    return drawn < WORDS ? drawn : WORDS;
}

static void begin(struct stream *stream)
{
    if (!stream->is_mersenne) {
        const uint32_t drawn = drawn_words(stream) * EXPECTED_ONE;
        stream->expected = drawn >= stream->expected
                               ? drawn
                               : stream->expected - (stream->expected - drawn + 63) / 64;
    }
    stream->is_mersenne = 0;
    stream->word_count = 0;
    stream->state.index = WORDS;
    stream->state.has_gauss = 0;
    stream->state.is_initialized = 1;
    if (stream->expected > 0) {
        const uint32_t words = (stream->expected + EXPECTED_ONE - 1) / EXPECTED_ONE;
        give_words(stream, (words + BLOCK_WORDS - 1) / BLOCK_WORDS * BLOCK_WORDS);
    }
}

void lanes_runtime_random_begin(uint64_t seed, uint64_t index)
{
    struct streams *streams = &these_streams;
    streams->key[0] = (uint32_t)seed;
    streams->key[1] = (uint32_t)(seed >> 32);
    streams->index[0] = (uint32_t)index;
    streams->index[1] = (uint32_t)(index >> 32);
    begin(&streams->stream[STREAM_NP]);
    begin(&streams->stream[STREAM_PY]);
}

/*
 * Numba declares these readnone, so LLVM may call one before the first element of a loop
 * and keep the pointer. Hence they need not be called: this only saves a shuffle.
 */
static lanes_rnd_state *get_state(struct stream *stream)
{
    if (stream->word_count == 0 && !stream->is_mersenne) {
        give_words(stream, FIRST_WORDS);
    }
    return &stream->state;
}

/* The stream of @p state; NULL if it is another state, which is always MT19937. */
static struct stream *stream_of(const lanes_rnd_state *state)
{
    struct stream *streams = these_streams.stream;
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (state == &streams[i].state) {
            return &streams[i];
        }
    }
    return NULL;
}

static uint32_t twist(uint32_t upper, uint32_t lower, uint32_t far)
{
    const uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return far ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0);
}

/* The next 624 words of MT19937 (Matsumoto and Nishimura, 1998). */
static void twist_all(uint32_t mt[WORDS])
{
    const int far = 397;
    for (int i = 0; i < WORDS - far; i++) {
        mt[i] = twist(mt[i], mt[i + 1], mt[i + far]);
    }
    for (int i = WORDS - far; i < WORDS - 1; i++) {
        mt[i] = twist(mt[i], mt[i + 1], mt[i + far - WORDS]);
    }
    mt[WORDS - 1] = twist(mt[WORDS - 1], mt[0], mt[far - 1]);
}

static uint32_t next_word(lanes_rnd_state *state)
{
    if ((uint32_t)state->index >= WORDS) {
        numba_rnd_shuffle(state);
        state->index = 0;
    }
    uint32_t y = state->mt[state->index++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    y ^= y >> 18;
    return y;
}

/* In [0, 1), with 53 bits, of two words. */
static double next_double(lanes_rnd_state *state)
{
    const double high = next_word(state) >> 5;
    const double low = next_word(state) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/*
 * log(gamma(x)), in the order of operations that NumPy's distributions have: for large
 * arguments its rounding decides between two results. Stirling's series from 7 on.
 */
static double log_gamma(double x)
{
    static const double coefficients[] = {-1.39243221690590e+00,  1.796443723688307e-01,
                                          -2.955065359477124e-02, 6.410256410256410e-03,
                                          -1.917526917526918e-03, 8.417508417508418e-04,
                                          -5.952380952380952e-04, 7.936507936507937e-04,
                                          -2.777777777777778e-03, 8.333333333333333e-02};
    const double half_log_2pi = 0.5 * 1.8378770664093453;
    if (x == 1.0 || x == 2.0) {
        return 0.0;
    }
    const int steps = x < 7.0 ? (int)(7.0 - x) : 0;
    double shifted = x + steps;
    const double square = (1.0 / shifted) * (1.0 / shifted);
    double sum = coefficients[0];
    for (size_t i = 1; i < LANES_ARRAY_COUNT(coefficients); i++) {
        sum = sum * square + coefficients[i];
    }
    double result =
        sum / shifted + half_log_2pi + (shifted - 0.5) * log(shifted) - shifted;
    for (int i = 0; i < steps; i++) {
        shifted -= 1.0;
        result -= log(shifted);
    }
    return result;
}

/* By multiplying uniform numbers (Knuth). */
static int64_t poisson_by_product(lanes_rnd_state *state, double lam)
{
    const double limit = exp(-lam);
    double product = 1.0;
    for (int64_t k = 0;; k++) {
        product *= next_double(state);
        if (!(product > limit)) {
            return k;
        }
    }
}

/* What conversion instructions make of a number without an integer: the least one. */
static int64_t floor_to_int(double x)
{
    const double y = floor(x);
    return y >= -0x1p63 && y < 0x1p63 ? (int64_t)y : INT64_MIN;
}

/* Transformed rejection, PTRS: Hoermann, "The transformed rejection method for generating
 * Poisson random variables", 1993. */
static int64_t poisson_by_rejection(lanes_rnd_state *state, double lam)
{
    const double log_lam = log(lam);
    const double b = 0.931 + 2.53 * sqrt(lam);
    const double a = -0.059 + 0.02483 * b;
    const double log_inverse_alpha = log(1.1239 + 1.1328 / (b - 3.4));
    const double v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = next_double(state) - 0.5;
        const double v = next_double(state);
        const double us = 0.5 - fabs(u);
        const int64_t k = floor_to_int((2 * a / us + b) * u + lam + 0.43);
        if (us >= 0.07 && v <= v_r) {
            return k;
        }
        if (k < 0 || (us < 0.013 && v > us)) {
            continue;
        }
        const double real_k = (double)k;
        if (log(v) + log_inverse_alpha - log(a / (us * us) + b) <=
            -lam + real_k * log_lam - log_gamma(real_k + 1)) {
            return k;
        }
    }
}

/* NOLINTBEGIN(readability-identifier-naming) */

lanes_rnd_state *numba_get_np_random_state(void)
{
    return get_state(&these_streams.stream[STREAM_NP]);
}

lanes_rnd_state *numba_get_py_random_state(void)
{
    return get_state(&these_streams.stream[STREAM_PY]);
}

/* IR sets index to 0 afterwards. */
void numba_rnd_shuffle(lanes_rnd_state *state)
{
    struct stream *stream = stream_of(state);
    if (stream == NULL || stream->is_mersenne) {
        twist_all(state->mt);
    } else {
        give_words(stream, WORDS);
    }
}

void numba_rnd_init(lanes_rnd_state *state, uint32_t seed)
{
    uint32_t word = seed;
    for (uint32_t i = 0; i < WORDS; i++) {
        state->mt[i] = word;
        word = 1812433253u * (word ^ (word >> 30)) + i + 1;
    }
    state->index = WORDS;
    state->has_gauss = 0;
    state->gauss = 0.0;
    state->is_initialized = 1;
    struct stream *stream = stream_of(state);
    if (stream != NULL) {
        stream->is_mersenne = 1;
    }
}

/* As NumPy's RandomState.poisson(). Numba calls it for lam >= 10 only. */
int64_t numba_poisson_ptrs(lanes_rnd_state *state, double lam)
{
    if (lam >= 10) {
        return poisson_by_rejection(state, lam);
    }
    return lam == 0.0 ? 0 : poisson_by_product(state, lam);
}

/* NOLINTEND(readability-identifier-naming) */
