/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_shm_attach.c - any sequence of objects and calls to a session's table of segments.
 *
 * Each step is 8 bytes: call u8, object u8 (kind, access, seals), size u16, bytes u16
 * wanted, flags u8, slot u8. What is mapped is touched at both ends; what the table says
 * of itself is what a model says; in the end no mapping and no descriptor is left.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "fuzz.h"
#include "shm/shm.h"

#define STEPS_MAX   64u
#define OBJECTS_MAX 4u /* that are attached more than once */
#define HELD_MAX    8u

enum { CALL_ATTACH, CALL_CREATE, CALL_RELEASE, CALL_HOLD, CALL_DROP, CALL_RINGS, CALLS };

struct step {
    uint8_t call;
    uint8_t object;
    uint16_t size;
    uint16_t bytes;
    uint8_t flags;
    uint8_t slot;
};

static struct {
    lanes_shm_table *table;
    uint32_t count; /* what the table should say */
    uint64_t bytes;
    lanes_shm_segment *held[HELD_MAX];
    int object[OBJECTS_MAX]; /* -1: not made yet */
    lanes_abi_id id[LANES_SEGMENTS_MAX];
} world;

static uint32_t count_fds(void)
{
    uint32_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    FUZZ_CHECK(folder != NULL);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static int make_memfd(const struct step *step)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, step->size) == 0);
    if ((step->object & 8) != 0) { /* a hole between two bytes that are there */
        FUZZ_CHECK(pwrite(fd, "a", 1, 0) == 1 && pwrite(fd, "z", 1, step->size) == 1);
    }
    const int seals[] = {0, F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK | F_SEAL_SEAL};
    FUZZ_CHECK(fcntl(fd, F_ADD_SEALS, seals[step->object >> 4 & 3]) == 0);
    return fd;
}

/* The same object through another descriptor, for reading only or writing only. */
static int reopen(int fd, int access)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const int again = open(path, access | O_CLOEXEC);
    close(fd);
    return again; /* -1: a write-sealed one cannot be written; then it is no descriptor */
}

static int other_object(const struct step *step)
{
    static const char *const paths[] = {"/dev/null", "/dev/zero", "/proc/self/fd",
                                        "/proc/self/maps", "/proc/self/exe"};
    int pair[2];
    const uint32_t which = step->size % (LANES_ARRAY_COUNT(paths) + 3);
    if (which < LANES_ARRAY_COUNT(paths)) {
        return open(paths[which], O_RDONLY | O_CLOEXEC);
    }
    if (which == LANES_ARRAY_COUNT(paths)) {
        return eventfd(0, EFD_CLOEXEC);
    }
    if (which == LANES_ARRAY_COUNT(paths) + 1) {
        FUZZ_CHECK(pipe2(pair, O_CLOEXEC) == 0);
    } else {
        FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    }
    close(pair[1]);
    return pair[0];
}

static int make_object(const struct step *step)
{
    int *known = &world.object[step->slot % OBJECTS_MAX];
    switch (step->object & 7) {
    case 0:
        return other_object(step);
    case 1:
        return reopen(make_memfd(step), O_RDONLY);
    case 2:
        return reopen(make_memfd(step), O_WRONLY);
    case 3: /* one that is attached again and again */
        *known = *known < 0 ? make_memfd(step) : *known;
        return fcntl(*known, F_DUPFD_CLOEXEC, 0);
    default:
        return make_memfd(step);
    }
}

static void touch(const lanes_shm_mapping *mapping)
{
    volatile char *first = mapping->data;
    volatile char *last = first + mapping->bytes - 1;
    FUZZ_CHECK(mapping->bytes > 0 && (uintptr_t)first % 4096 == 0);
    const char seen = (char)(*first + *last);
    if (!mapping->is_read_only) {
        *first = seen;
        *last = seen;
    }
}

static void add(lanes_abi_id id)
{
    lanes_shm_segment *segment = NULL;
    FUZZ_CHECK(id.slot < LANES_SEGMENTS_MAX && id.generation != 0);
    FUZZ_CHECK(lanes_shm_acquire(world.table, id, &segment) == LANES_OK);
    touch(&segment->mapping);
    world.id[id.slot] = id;
    world.count++;
    world.bytes += segment->mapping.bytes;
    lanes_shm_drop(segment);
}

static void attach(const struct step *step)
{
    lanes_abi_id id;
    lanes_error err = {.message = ""};
    int fd = make_object(step);
    /* Large sizes stand for sizes that nothing has. */
    const uint64_t wanted =
        step->bytes < 0xfff0 ? step->bytes : UINT64_MAX << (step->bytes & 15);
    const lanes_status status =
        lanes_shm_attach(world.table, fd, wanted, step->flags & 7, &id, &err);
    FUZZ_CHECK(status <= 0 && (status == LANES_OK || err.message[0] != '\0'));
    if (status == LANES_OK) {
        add(id);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void create(const struct step *step)
{
    lanes_abi_id id;
    lanes_error err = {.message = ""};
    int fd = -1;
    const uint64_t bytes = step->bytes < 0xfff0
                               ? step->bytes
                               : (LANES_SEGMENT_BYTES_MAX + 1) << (step->bytes & 15);
    const lanes_status status = lanes_shm_create(world.table, bytes, &id, &fd, &err);
    FUZZ_CHECK(status <= 0 && (status == LANES_OK || err.message[0] != '\0'));
    if (status == LANES_OK) {
        FUZZ_CHECK(ftruncate(fd, 0) != 0); /* it cannot shrink under us */
        add(id);
        close(fd);
    }
}

static void release(lanes_abi_id id)
{
    lanes_shm_segment *segment = NULL;
    lanes_error err = {.message = ""};
    const bool is_there = lanes_shm_acquire(world.table, id, &segment) == LANES_OK;
    const uint64_t bytes = is_there ? segment->mapping.bytes : 0;
    const lanes_status status = lanes_shm_release(world.table, id, &err);
    FUZZ_CHECK(status == (is_there ? LANES_OK : LANES_E_STALE_ID));
    if (is_there) {
        touch(&segment->mapping); /* still ours */
        world.count--;
        world.bytes -= bytes;
        FUZZ_CHECK(lanes_shm_release(world.table, id, NULL) == LANES_E_STALE_ID);
    }
    lanes_shm_drop(segment);
}

static void hold(lanes_abi_id id, uint32_t place)
{
    if (world.held[place] == NULL) {
        LANES_IGNORE(lanes_shm_acquire(world.table, id, &world.held[place]) < 0,
                     "it may be stale");
    }
}

/* A lying executor's U and K. */
static void map_rings(const struct step *step)
{
    lanes_shm_rings rings = LANES_SHM_RINGS_NONE;
    lanes_ring_client ring;
    lanes_error err = {.message = ""};
    int u = make_object(step);
    int k = make_object(step);
    FUZZ_CHECK(lanes_shm_rings_map(u, k, &rings, &ring, &err) < 0); /* of no such size */
    FUZZ_CHECK(rings.u == NULL && rings.k == NULL && err.message[0] != '\0');
    close(u);
    close(k);
}

static void take_step(const struct step *step)
{
    lanes_abi_id id = world.id[step->slot % 16];
    if ((step->flags & 0x80) != 0) { /* one that was not given out */
        id = (lanes_abi_id){.slot = step->size, .generation = step->bytes};
    }
    switch (step->call % CALLS) {
    case CALL_ATTACH:
        attach(step);
        break;
    case CALL_CREATE:
        create(step);
        break;
    case CALL_RELEASE:
        release(id);
        break;
    case CALL_HOLD:
        hold(id, step->flags % HELD_MAX);
        break;
    case CALL_RINGS:
        map_rings(step);
        break;
    default:
        lanes_shm_drop(world.held[step->flags % HELD_MAX]);
        world.held[step->flags % HELD_MAX] = NULL;
    }
    FUZZ_CHECK(lanes_shm_table_count(world.table) == world.count);
    FUZZ_CHECK(lanes_shm_table_bytes(world.table) == world.bytes);
}

static void end(void)
{
    lanes_shm_table_destroy(world.table);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        if (world.held[i] != NULL) {
            touch(&world.held[i]->mapping);
        }
        lanes_shm_drop(world.held[i]);
        world.held[i] = NULL;
    }
    for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
        if (world.object[i] >= 0) {
            close(world.object[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint32_t fds;
    fuzz_input input = {data, bytes};
    memset(&world, 0, sizeof(world));
    for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
        world.object[i] = -1;
    }
    FUZZ_CHECK(lanes_shm_table_create(&world.table, NULL) == LANES_OK);
    for (uint32_t i = 0; i < STEPS_MAX && input.bytes > 0; i++) {
        struct step step;
        fuzz_take(&input, &step, sizeof(step));
        take_step(&step);
    }
    end();
    const uint32_t now = count_fds();
    FUZZ_CHECK(fds == 0 || now == fds);
    fds = now;
    return 0;
}
