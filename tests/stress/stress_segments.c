/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_segments.c - clients that resize, punch, seal and fill what batches run on.
 *
 * A vandal does so with the descriptors of five kinds of segment, at random and as fast
 * as it can, while another client runs batches over them and ends its sessions with
 * batches in flight. Segments that lanes creates, and memfds that can be sealed, must
 * never fail; others must fail by name. An honest session's results must be right, and
 * the executor, which is this process, must survive with its whole team.
 *
 *   stress_segments [OPERATIONS [SEED]]
 *
 * Operations are the vandal's. CTest runs 20000, in 2 s; 1000000 take two minutes.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "stress_honest.h"

#define OPERATIONS_DEFAULT 20000
#define ELEMENTS           8192
#define BYTES              (ELEMENTS * 8u)
#define THREADS            2

enum kind {
    KIND_CREATED = 0, /* by lanes: sealed from the beginning */
    KIND_SEALABLE,    /* a client's memfd */
    KIND_PLAIN,       /* a memfd whose creator wanted no seals */
    KIND_SHARED,      /* POSIX shared memory */
    KIND_FILE,        /* on disk, or whatever /var/tmp is */
    KIND_SMALL,       /* on a tmpfs that somebody fills */
    KIND_COUNT
};

static const char *const kind_names[KIND_COUNT] = {"created",  "sealable", "plain memfd",
                                                   "shm_open", "file",     "small tmpfs"};

static bool can_fail(enum kind kind)
{
    return kind > KIND_SEALABLE;
}

/* What the vandal works on: descriptors of the client's present segments. */
struct scene {
    fixture f;
    char folder[64]; /* of the small tmpfs; "": none */
    int filler;      /* a file there; -1 */
    pthread_mutex_t mutex;
    int fds[KIND_COUNT]; /* -1: none; of mutex */
    uint64_t random;     /* the vandal's */
    uint64_t operations; /* done; atomic */
    uint32_t stop;       /* atomic */
};

static struct scene scene = {
    .filler = -1, .mutex = PTHREAD_MUTEX_INITIALIZER, .fds = {-1, -1, -1, -1, -1, -1}};

/* A file system of its own, which only this process sees. */
static void mount_small(void)
{
    snprintf(scene.folder, sizeof(scene.folder), "/tmp/lanes-stress-XXXXXX");
    require(mkdtemp(scene.folder) != NULL, "stress_segments", "mkdtemp");
    if ((unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("none", scene.folder, "tmpfs", 0, "size=1m") == 0) {
        return;
    }
    printf("stress_segments: no file system can be mounted here; goes without\n");
    rmdir(scene.folder);
    scene.folder[0] = '\0';
}

static void unmount_small(void)
{
    if (scene.folder[0] != '\0') {
        lanes_os_close(&scene.filler);
        LANES_IGNORE(umount2(scene.folder, MNT_DETACH), "gone with this process");
        rmdir(scene.folder);
    }
}

/* ---- The vandal ---------------------------------------------------------------------
 */

/* A file in the small file system that takes what room there is, or gives it back. */
static void fill(bool is_full)
{
    char path[96];
    if (scene.folder[0] == '\0') {
        return;
    }
    if (scene.filler < 0) {
        snprintf(path, sizeof(path), "%s/filler", scene.folder);
        scene.filler = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (!is_full) {
        LANES_IGNORE(ftruncate(scene.filler, 0), "next time");
        return;
    }
    for (off_t at = 0; fallocate(scene.filler, 0, at, 4096) == 0; at += 4096) {
    }
}

static void do_harm(int fd, enum kind kind)
{
    uint64_t *random = &scene.random;
    const off_t at = 4096 * (off_t)random_below(random, BYTES / 4096);
    const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    bool is_resized = false;
    switch (random_below(random, 8)) {
    case 0:
    case 1:
        is_resized = ftruncate(fd, at) == 0;
        break;
    case 2:
    case 3:
    case 4:
        LANES_IGNORE(ftruncate(fd, BYTES), "as it was");
        break;
    case 5:
        LANES_IGNORE(fallocate(fd, punch, at, 8192), "no");
        break;
    case 6:
        LANES_IGNORE(fcntl(fd, F_ADD_SEALS, 1 << random_below(random, 5)), "no");
        break;
    default:
        fill(random_below(random, 2) == 0);
        break;
    }
    require(!is_resized || can_fail(kind), "stress_segments: was resized",
            kind_names[kind]);
}

static void *vandalise(void *ctx)
{
    (void)ctx;
    while (lanes_load_relaxed_u32(&scene.stop) == 0) {
        const enum kind kind = (enum kind)random_below(&scene.random, KIND_COUNT);
        pthread_mutex_lock(&scene.mutex);
        int fd = -1;
        if (scene.fds[kind] >= 0) {
            fd = dup(scene.fds[kind]);
        }
        pthread_mutex_unlock(&scene.mutex);
        if (fd >= 0) {
            do_harm(fd, kind);
            close(fd);
            lanes_fetch_add_relaxed_u64(&scene.operations, 1);
        }
    }
    return NULL;
}

/* ---- The client ---------------------------------------------------------------------
 */

/* Never maps anything that can shrink: that would end this process, and rightly. */
struct user {
    client c;
    uint64_t random;
    lanes_abi_kernel kernel;
    segment segments[KIND_COUNT];
    bool is_there[KIND_COUNT];
    uint64_t completions[KIND_COUNT];
    uint64_t lost[KIND_COUNT];
    uint64_t sessions;
};

static int open_in(const char *folder)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/lanes-stress-XXXXXX", folder);
    const int fd = mkostemp(path, O_CLOEXEC);
    unlink(path);
    return fd;
}

static int open_kind(enum kind kind)
{
    char name[64];
    int fd = -1;
    switch (kind) {
    case KIND_SEALABLE:
        return memfd_create("stress", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    case KIND_PLAIN:
        return memfd_create("stress", MFD_CLOEXEC);
    case KIND_SHARED:
        snprintf(name, sizeof(name), "/lanes-stress-%d", getpid());
        fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        shm_unlink(name);
        return fd;
    case KIND_FILE:
        return open_in("/var/tmp");
    case KIND_SMALL:
        return scene.folder[0] != '\0' ? open_in(scene.folder) : -1;
    case KIND_CREATED:
    case KIND_COUNT:
    default:
        return -1;
    }
}

static lanes_status create_segment(client *c, segment *out, int *out_fd)
{
    lanes_abi_segment request = {.bytes = BYTES};
    lanes_abi_segment reply;
    const lanes_status status =
        client_request(c, LANES_ABI_SEGMENT_CREATE, &request, sizeof(request), -1, &reply,
                       sizeof(reply), out_fd);
    *out = (segment){.id = reply.id, .bytes = reply.bytes};
    return status;
}

static lanes_status attach_segment(client *c, int fd, segment *out)
{
    lanes_abi_segment request = {.bytes = BYTES};
    lanes_abi_segment reply;
    const lanes_status status =
        client_request(c, LANES_ABI_SEGMENT_ATTACH, &request, sizeof(request), fd, &reply,
                       sizeof(reply), NULL);
    *out = (segment){.id = reply.id, .bytes = reply.bytes};
    return status;
}

/* Gives the vandal something before it is attached, so that it can be in between. */
static void hand_out(enum kind kind, int fd)
{
    pthread_mutex_lock(&scene.mutex);
    lanes_os_close(&scene.fds[kind]);
    scene.fds[kind] = fd;
    pthread_mutex_unlock(&scene.mutex);
}

static void make_segments(struct user *user)
{
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        lanes_status status = LANES_OK;
        int fd = open_kind(kind);
        user->is_there[kind] = false;
        if (kind == KIND_CREATED) {
            status = create_segment(&user->c, &user->segments[kind], &fd);
            require(status == LANES_OK, "stress_segments: create", user->c.text);
            hand_out(kind, fd);
        } else if (fd >= 0) {
            LANES_IGNORE(ftruncate(fd, BYTES), "then it is refused");
            if (can_fail(kind)) {
                hand_out(kind, dup(fd));
            }
            status = attach_segment(&user->c, fd, &user->segments[kind]);
            require(status == LANES_OK || status == LANES_E_INVALID ||
                        status == -ENOSPC || status == -EPERM,
                    "stress_segments: attach", user->c.text);
            if (can_fail(kind)) {
                close(fd);
            } else {
                hand_out(kind, fd);
            }
        }
        user->is_there[kind] = fd >= 0 && status == LANES_OK;
    }
}

/* A batch from one segment to another; @p kinds are theirs. */
static void submit_one(struct user *user, uint64_t tag, uint8_t kinds[2])
{
    do {
        kinds[0] = (uint8_t)random_below(&user->random, KIND_COUNT);
        kinds[1] = (uint8_t)random_below(&user->random, KIND_COUNT);
    } while (kinds[0] == kinds[1] || !user->is_there[kinds[0]] ||
             !user->is_there[kinds[1]]);
    batch b =
        batch_of(&user->kernel, &user->segments[kinds[0]], &user->segments[kinds[1]],
                 1 + random_below(&user->random, ELEMENTS / 2));
    b.stride[0] = random_below(&user->random, 2) == 0 ? 8 : 16; /* 16: it is copied */
    client_submit(&user->c, &b, tag);
}

static void note(struct user *user, const lanes_abi_completion *done,
                 const uint8_t kinds[2])
{
    const bool is_lost = done->status == LANES_E_SEGMENT_TRUNCATED;
    require(done->status == LANES_OK || is_lost, "stress_segments: a batch",
            user->c.text);
    user->completions[kinds[0]]++;
    user->completions[kinds[1]]++;
    if (is_lost) {
        const int operand = strstr(user->c.text, " of operand 1 had ") != NULL ? 1 : 0;
        require(can_fail(kinds[operand]),
                "stress_segments: what cannot fail is said to have failed", user->c.text);
        user->lost[kinds[operand]]++;
    }
}

#define BURST 16u

static void run_session(struct user *user)
{
    client_open_ok(&user->c, &scene.f);
    require(client_load(&user->c, "double", &user->kernel) == LANES_OK,
            "stress_segments: load", user->c.text);
    make_segments(user);
    if (!user->is_there[KIND_SEALABLE]) {
        require(false, "stress_segments: nobody can resize it before it is attached",
                user->c.text);
    }
    bool is_left = false;
    for (int i = 0; i < 40 && !is_left; i++) {
        uint8_t kinds[BURST][2];
        for (uint64_t tag = 0; tag < BURST; tag++) {
            submit_one(user, tag, kinds[tag]);
        }
        is_left = random_below(&user->random, 50) == 0; /* with all of them in flight */
        for (uint32_t n = 0; n < BURST && !is_left; n++) {
            const lanes_abi_completion done = client_wait(&user->c);
            note(user, &done, kinds[done.tag]);
        }
    }
    client_close(&user->c);
    user->sessions++;
}

int main(int argc, char **argv)
{
    const uint64_t wanted = number_of(argc, argv, 1, OPERATIONS_DEFAULT);
    const uint64_t seed = number_of(argc, argv, 2, lanes_clock_ns());
    printf("stress_segments: seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    lanes_log_set_level(LANES_LOG_ERROR);
    mount_small();
    scene.random = seed;
    fixture_init(&scene.f, THREADS);
    fixture_start(&scene.f);
    honest other;
    honest_start(&other, &scene.f, seed + 1);
    pthread_t vandal;
    require(pthread_create(&vandal, NULL, vandalise, NULL) == 0, "vandal", "no thread");
    static struct user user;
    user.random = seed + 2;
    while (lanes_load_relaxed_u64(&scene.operations) < wanted || user.sessions < 20) {
        run_session(&user);
    }
    lanes_store_relaxed_u32(&scene.stop, 1);
    pthread_join(vandal, NULL);
    honest_stop(&other, "stress_segments: honest");
    honest_expect_team(&scene.f, THREADS);
    fixture_stop(&scene.f);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        lanes_os_close(&scene.fds[kind]);
        printf("stress_segments: %s: %llu batches, %llu lost\n", kind_names[kind],
               (unsigned long long)user.completions[kind],
               (unsigned long long)user.lost[kind]);
    }
    unmount_small();
    printf("stress_segments: %llu operations, %llu sessions\n",
           (unsigned long long)scene.operations, (unsigned long long)user.sessions);
    require(user.lost[KIND_PLAIN] > 0 && user.lost[KIND_SHARED] > 0 &&
                user.lost[KIND_FILE] > 0,
            "stress_segments", "no batch has ever met the vandal");
    return 0;
}
