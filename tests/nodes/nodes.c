/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodes.c - team, segments and batches on the NUMA nodes of the machine it runs on.
 *
 * CTest runs it on this machine, which most often has one node; then it shows that
 * nothing is placed. tools/dev/numa-test runs it in a guest of two nodes. Each thing
 * shown is a line "PASS what: figures"; the first that is not so is "FAIL ..." and ends
 * it with 1.
 *
 * Where pages are is asked of the kernel here (move_pages), not of lanes.
 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "engine/engine.h"
#include "shm/shm.h"
#include "team/team.h"
#include "topo/topo.h"

#define COUNT     (2u << 20) /* f8: 16 MiB an operand */
#define BYTES     (COUNT * sizeof(double))
#define THREADS   4u
#define SLICES    8u
#define NODES_MAX 8

/* So much of what is near has to be run by its own node's threads; others help out at the
 * end of each slice. */
#define NEAR_PERCENT 80u

/* A tile sleeps, so that threads get on evenly however few cores are behind them. */
#define TILE_SLEEP_NS 500000
#define ELEMENT_PS    4000 /* makes tiles of 12500 elements */

static lanes_topo_plan *plan;
static lanes_shm_table *table;
static int8_t input_nodes[BYTES / 4096];
static uint64_t near_elements;
static uint64_t near_tiles[NODES_MAX];

__attribute__((format(printf, 2, 3))) static void check(bool is_so, const char *text, ...)
{
    va_list list;
    va_start(list, text);
    printf("%s ", is_so ? "PASS" : "FAIL");
    vprintf(text, list);
    printf("\n");
    va_end(list);
    fflush(stdout);
    if (!is_so) {
        exit(1);
    }
}

static void must(lanes_status status, const lanes_error *err, const char *what)
{
    if (status < 0) {
        check(false, "%s: %s", what, err->message);
    }
}

static uint32_t node_of_cpu(void)
{
    unsigned int cpu = 0;
    unsigned int node = 0;
    syscall(SYS_getcpu, &cpu, &node, NULL);
    return node;
}

/* The node of each page; negative: none. */
static void find_nodes(char *data, int8_t *out, uint64_t pages)
{
    void **address = calloc(pages, sizeof(*address));
    int *status = calloc(pages, sizeof(*status));
    for (uint64_t i = 0; i < pages; i++) {
        address[i] = data + i * 4096;
    }
    if (syscall(SYS_move_pages, 0, pages, address, NULL, status, 0) != 0) {
        memset(status, 0, pages * sizeof(*status)); /* no NUMA, or not allowed */
    }
    for (uint64_t i = 0; i < pages; i++) {
        out[i] = status[i] < 0 ? -1 : (int8_t)status[i];
    }
    free(address);
    free(status);
}

static void count_nodes(const int8_t *nodes, uint64_t pages, uint64_t out[NODES_MAX])
{
    memset(out, 0, NODES_MAX * sizeof(out[0]));
    for (uint64_t i = 0; i < pages; i++) {
        for (int node = 0; node < NODES_MAX; node++) {
            out[node] += nodes[i] == node;
        }
    }
}

/* The line of numa_maps about the mapping at @p data; "" if the kernel has none. */
static void read_numa_maps(const void *data, char *line, int bytes)
{
    char start[32];
    snprintf(start, sizeof(start), "%lx ", (unsigned long)(uintptr_t)data);
    FILE *maps = fopen("/proc/self/numa_maps", "r");
    line[0] = '\0';
    while (maps != NULL && fgets(line, bytes, maps) != NULL &&
           strncmp(line, start, strlen(start)) != 0) {
        line[0] = '\0';
    }
    if (maps != NULL) {
        fclose(maps);
    }
    char *end = strchr(line, '\n');
    if (end != NULL) {
        *end = '\0';
    }
}

/* ---- Segments ------------------------------------------------------------------------
 */

static void spread(void *ctx, void *data, uint64_t bytes)
{
    lanes_error err;
    must(lanes_topo_spread(ctx, data, bytes, &err), &err, "spread");
}

static lanes_shm_segment *create_segment(void)
{
    lanes_error err;
    lanes_abi_id id;
    lanes_shm_segment *segment = NULL;
    int fd = -1;
    must(lanes_shm_create(table, BYTES, &id, &fd, &err), &err, "create");
    must(lanes_shm_acquire(table, id, &segment), &err, "acquire");
    close(fd);
    return segment;
}

static void run_on(uint32_t node)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->place[i].node == node) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(plan->place[i].pu, &set);
            sched_setaffinity(0, sizeof(set), &set);
            return;
        }
    }
}

/* A client's memory, touched first on @p first (its first half) and @p second. */
static lanes_shm_segment *attach_segment(uint32_t first, uint32_t second)
{
    lanes_error err;
    lanes_abi_id id;
    lanes_shm_segment *segment = NULL;
    cpu_set_t before;
    sched_getaffinity(0, sizeof(before), &before);
    const int fd = memfd_create("foreign", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, BYTES) != 0) {
        check(false, "no memory for a foreign segment");
    }
    char *data = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    run_on(first);
    memset(data, 0, BYTES / 2);
    run_on(second);
    memset(data + BYTES / 2, 0, BYTES / 2);
    munmap(data, BYTES);
    sched_setaffinity(0, sizeof(before), &before);
    must(lanes_shm_attach(table, fd, 0, 0, &id, &err), &err, "attach");
    must(lanes_shm_acquire(table, id, &segment), &err, "acquire");
    close(fd);
    return segment;
}

/* ---- Batches -------------------------------------------------------------------------
 */

static void loop_line(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    (void)result;
    const double *in = frame->base[0];
    double *out = frame->base[1];
    const uint32_t node = node_of_cpu();
    uint64_t near_count = 0;
    for (uint64_t i = begin; i < end; i++) {
        out[i] = 2 * in[i] + 1;
        near_count += (uint32_t)input_nodes[i * sizeof(double) / 4096] == node;
    }
    lanes_fetch_add_relaxed_u64(&near_elements, near_count);
    if (2 * near_count > end - begin && node < NODES_MAX) {
        lanes_fetch_add_relaxed_u64(&near_tiles[node], 1);
    }
    nanosleep(&(struct timespec){.tv_nsec = TILE_SLEEP_NS}, NULL);
}

static void loop_sum(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                     lanes_loop_result *result)
{
    (void)result;
    const double *in = frame->base[0];
    double *sum = frame->base[1];
    for (uint64_t i = begin - frame->first; i < end - frame->first; i++) {
        *sum += in[i];
    }
}

static lanes_engine_plan plan_batch(const lanes_shm_segment *in,
                                    const lanes_shm_segment *out, uint32_t reduce)
{
    const lanes_engine_kernel kernel = {.signature = {.input_count = 1,
                                                      .output_count = 1,
                                                      .dtype = {LANES_F8, LANES_F8}}};
    const lanes_shm_segment *segment[] = {in, out};
    lanes_engine_batch batch = {.dimensions = 1,
                                .operand_count = 2,
                                .shape = {COUNT},
                                .reduce = reduce,
                                .reduce_axes = 1};
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = segment[k]->mapping.data,
            .segment_bytes = segment[k]->mapping.bytes,
            .segment_key = segment[k]->key,
            .stride = {k == 1 && reduce != LANES_REDUCE_NONE ? 0 : 8},
            .dtype = LANES_F8,
        };
    }
    lanes_engine_plan made;
    lanes_error err;
    must(lanes_engine_plan_batch(&batch, &kernel, &made, &err), &err, "plan");
    return made;
}

struct run {
    const lanes_shm_segment *in;
    const lanes_shm_segment *out;
    bool is_placed; /* wanted in; out: it was */
    uint32_t reduce;
    uint64_t near_percent;
};

static void run_slices(lanes_team *team, struct run *run)
{
    lanes_engine_plan batch = plan_batch(run->in, run->out, run->reduce);
    if (run->is_placed && lanes_engine_is_placeable(&batch, plan)) {
        lanes_topo_pages pages[2];
        lanes_topo_locate(plan, run->in->mapping.data, BYTES, &pages[0]);
        lanes_topo_locate(plan, run->out->mapping.data, BYTES, &pages[1]);
        lanes_engine_place_batch(&batch, plan, lanes_team_thread_count(team),
                                 (const lanes_topo_pages *[]){&pages[0], &pages[1]});
    }
    run->is_placed = batch.placement != NULL;
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    const lanes_loop_fn loop = run->reduce != LANES_REDUCE_NONE ? loop_sum : loop_line;
    near_elements = 0;
    memset(near_tiles, 0, sizeof(near_tiles));
    for (uint64_t slice = 0; slice < SLICES; slice++) {
        outcome.element_ps = ELEMENT_PS;
        outcome.alone_ps = 0;
        lanes_engine_run(team, &batch, loop, COUNT / SLICES * slice,
                         COUNT / SLICES * (slice + 1), NULL, &outcome);
    }
    run->near_percent = near_elements * 100 / COUNT;
    lanes_engine_plan_deinit(&batch);
}

static void fill_input(lanes_shm_segment *in)
{
    double *data = in->mapping.data;
    for (uint64_t i = 0; i < COUNT; i++) {
        data[i] = (double)(i % 1000) * 0.1;
    }
    find_nodes(in->mapping.data, input_nodes, BYTES / 4096);
}

static void check_output(const lanes_shm_segment *in, const lanes_shm_segment *out,
                         const char *name)
{
    const double *from = in->mapping.data;
    const double *to = out->mapping.data;
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        const double wanted = 2 * from[i] + 1;
        wrong += to[i] != wanted;
    }
    check(wrong == 0, "%s: %u results are right", name, COUNT);
}

/* Runs from @p in to @p out, in slices, as it comes and by placement. */
static void compare(lanes_team *team, const char *name, lanes_shm_segment *in,
                    lanes_shm_segment *out, bool is_better)
{
    fill_input(in);
    struct run plain = {.in = in, .out = out};
    run_slices(team, &plain);
    memset(out->mapping.data, 0, BYTES);
    struct run placed = {.in = in, .out = out, .is_placed = true};
    run_slices(team, &placed);
    check(placed.is_placed == is_better, "%s: %s", name,
          is_better ? "is placed" : "is run in order");
    if (is_better) {
        check(placed.near_percent >= NEAR_PERCENT,
              "%s: %lu %% run by threads near it (%lu %% in order); tiles near node 0: "
              "%lu, node 1: %lu",
              name, placed.near_percent, plain.near_percent, near_tiles[0],
              near_tiles[1]);
    }
    check_output(in, out, name);
}

static void compare_sums(lanes_team *team, lanes_shm_segment *in, lanes_shm_segment *out)
{
    struct run plain = {.in = in, .out = out, .reduce = LANES_REDUCE_SUM};
    run_slices(team, &plain);
    double sum;
    uint64_t bits; /* of the sum */
    uint64_t placed_bits;
    memcpy(&sum, out->mapping.data, sizeof(sum));
    memcpy(&bits, out->mapping.data, sizeof(bits));
    memset(out->mapping.data, 0, sizeof(bits));
    struct run placed = {
        .in = in, .out = out, .reduce = LANES_REDUCE_SUM, .is_placed = true};
    run_slices(team, &placed);
    memcpy(&placed_bits, out->mapping.data, sizeof(placed_bits));
    check(placed.is_placed == lanes_topo_has_nodes(plan) && bits == placed_bits,
          "sum: the same bits (%.17g)%s", sum, placed.is_placed ? ", placed" : "");
}

/* ---- Team ----------------------------------------------------------------------------
 */

static void check_thread(void *ctx, pthread_t thread)
{
    uint32_t *index = ctx;
    cpu_set_t set;
    const bool is_known = pthread_getaffinity_np(thread, sizeof(set), &set) == 0;
    check(is_known && CPU_COUNT(&set) == 1 && CPU_ISSET(plan->place[*index].pu, &set),
          "thread %u is bound to CPU %u of node %u", *index, plan->place[*index].pu,
          plan->place[*index].node);
    ++*index;
}

static void check_created(const lanes_shm_segment *segment)
{
    int8_t nodes[BYTES / 4096];
    uint64_t counts[NODES_MAX];
    char line[256];
    find_nodes(segment->mapping.data, nodes, BYTES / 4096);
    count_nodes(nodes, BYTES / 4096, counts);
    uint64_t right = 0;
    for (uint64_t i = 0; i < BYTES / 4096; i++) {
        const uint32_t thread = (uint32_t)(i * plan->count / (BYTES / 4096));
        right += nodes[i] == (int)plan->place[thread].node;
    }
    check(right == BYTES / 4096,
          "created: %lu of %lu pages are their thread's; node 0: "
          "%lu, node 1: %lu",
          right, BYTES / 4096, counts[0], counts[1]);
    for (uint64_t half = 0; half < 2; half++) { /* a mapping for each node */
        read_numa_maps((char *)segment->mapping.data + half * (BYTES / 2), line,
                       sizeof(line));
        printf("numa_maps: %s\n", line);
    }
}

static void lead(void *ctx, lanes_team *team)
{
    (void)ctx;
    uint32_t threads = 0;
    lanes_team_each_thread(team, check_thread, &threads);
    check(node_of_cpu() == plan->place[0].node || !lanes_topo_has_nodes(plan),
          "the leader runs on node %u", node_of_cpu());
    lanes_shm_segment *in = create_segment();
    lanes_shm_segment *out = create_segment();
    const bool has_nodes = lanes_topo_has_nodes(plan);
    if (has_nodes) {
        check_created(in);
    }
    compare(team, "created", in, out, has_nodes);
    compare_sums(team, in, out);
    if (has_nodes) {
        const uint32_t first = plan->place[0].node;
        const uint32_t last = plan->place[plan->count - 1].node;
        lanes_shm_segment *turned = attach_segment(last, first);
        lanes_shm_segment *far = attach_segment(last, last);
        compare(team, "first half on the last node", turned, out, true);
        compare_sums(team, turned, out);
        compare(team, "all on the last node", far, out, false);
        lanes_shm_drop(turned);
        lanes_shm_drop(far);
    }
    lanes_shm_drop(in);
    lanes_shm_drop(out);
}

int main(void)
{
    lanes_error err;
    const lanes_topo_options options = {.threads = THREADS};
    must(lanes_topo_plan_create(&options, &plan, &err), &err, "places");
    must(lanes_shm_table_create(&table, &err), &err, "table");
    printf("%u nodes, %u threads\n", plan->node_count, plan->count);
    if (lanes_topo_has_nodes(plan)) {
        lanes_shm_table_on_new_memory(table, spread, plan);
    }
    must(lanes_team_enter(plan, 20000, lead, NULL, &err), &err, "team");
    lanes_shm_table_destroy(table);
    lanes_topo_plan_destroy(plan);
    printf("PASS all\n");
    return 0;
}
