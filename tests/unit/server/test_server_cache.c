/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_cache.c - code that is not made again: because another has just asked for
 * it, because it is still loaded, or because it is on disk.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "cache/cache.h"
#include "kernel/compile.h"
#include "os/os_file.h"
#include "server_fake.h"
#include "server_fixture.h"

static fixture f;
static client c;
static char folder[64];
static char cache_path[96];

static void start(void)
{
    fixture_start(&f);
    client_open_ok(&c, &f);
}

/* An executor without a cache on disk. */
static void start_plain(void)
{
    fixture_init(&f, 2);
    start();
}

static void stop(void)
{
    client_close(&c);
    fixture_stop(&f);
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(cache_path, sizeof(cache_path), "%s/cache", folder);
}

static void teardown(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(server_cache, .init = setup, .fini = teardown, .timeout = 30);

static void wait_for(const uint32_t *count, uint32_t wanted)
{
    while (lanes_load_relaxed_u32(count) < wanted) {
        sleep_ms(1);
    }
    cr_assert_eq(lanes_load_relaxed_u32(count), wanted);
}

static lanes_abi_kernel load_ok(client *who, const char *command)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(who, command, &kernel), LANES_OK, "%s: %s", command,
                 who->text);
    return kernel;
}

static void expect_report(client *who, const lanes_abi_kernel *kernel, const char *part)
{
    char *report = client_report(who, kernel->id);
    cr_assert_not_null(strstr(report, part), "%s: %s", part, report);
    free(report);
}

/* Runs 2 * 21 on @p kernel, with a number or an array. */
static lanes_status run_double(client *who, const lanes_abi_kernel *kernel,
                               bool is_uniform)
{
    segment in;
    segment out;
    cr_assert_eq(client_segment(who, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(who, 4096, &out), LANES_OK);
    in.data[0] = 21;
    batch b = batch_of(kernel, &in, &out, 8);
    b.stride[0] = is_uniform ? 0 : 8;
    const lanes_status status = client_run(who, &b).status;
    if (status == LANES_OK) {
        cr_assert_eq(out.data[0], 42);
    }
    cr_assert_eq(client_segment_release(who, &in), LANES_OK);
    cr_assert_eq(client_segment_release(who, &out), LANES_OK);
    return status;
}

/* ---- Asked for twice ----------------------------------------------------------------
 */

/* Has @p count clients wait for a load of @p command while the compiler is busy. */
static void begin_loads(client clients[], unsigned count, const char *command)
{
    for (unsigned i = 0; i < count; i++) {
        client_open_ok(&clients[i], &f);
    }
    client_load_begin(&c, "hold");
    wait_for(&f.compiles, 1);
    for (unsigned i = 0; i < count; i++) {
        client_load_begin(&clients[i], command);
    }
    /* Requests are taken in the order in which they come. */
    client last;
    segment s;
    client_open_ok(&last, &f);
    cr_assert_eq(client_segment(&last, 4096, &s), LANES_OK);
    client_close(&last);
}

static void close_all(client clients[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        client_close(&clients[i]);
    }
}

Test(server_cache, clients_that_ask_the_same_at_once_cause_one_compile)
{
    client others[3];
    start_plain();
    begin_loads(others, 3, "=double");
    lanes_store_relaxed_u32(&f.is_released, 1);
    lanes_abi_kernel kernels[3];
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(client_load_end(&others[i], &kernels[i]), LANES_OK);
        cr_assert_eq(run_double(&others[i], &kernels[i], false), LANES_OK);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2, "the one that was held");
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 2);
    expect_report(&others[0], &kernels[0], "\"cached\":false");
    expect_report(&others[1], &kernels[1], "\"cached\":true,\"width\":8,\"cache\":\"mem");
    expect_report(&others[2], &kernels[2], "\"cached\":true");
    close_all(others, 3);
    stop();
}

Test(server_cache, what_differs_is_compiled_for_each)
{
    client others[2];
    start_plain();
    begin_loads(others, 1, "=double");
    client_open_ok(&others[1], &f);
    others[1].load_flags = LANES_ABI_KERNEL_STAGES;
    client_load_begin(&others[1], "=double");
    lanes_store_relaxed_u32(&f.is_released, 1);
    for (unsigned i = 0; i < 2; i++) {
        lanes_abi_kernel kernel;
        cr_assert_eq(client_load_end(&others[i], &kernel), LANES_OK);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 3);
    close_all(others, 2);
    stop();
}

Test(server_cache, clients_that_ask_the_same_fail_alike)
{
    client others[3];
    start_plain();
    begin_loads(others, 3, "refuse");
    lanes_store_relaxed_u32(&f.is_released, 1);
    for (unsigned i = 0; i < 3; i++) {
        lanes_abi_kernel kernel;
        cr_assert_eq(client_load_end(&others[i], &kernel), LANES_E_IR_REFUSED);
        cr_assert_not_null(strstr(others[i].text, "refused by the fake"));
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
    close_all(others, 3);
    stop();
}

Test(server_cache, who_waits_for_another_is_served_when_that_one_has_gone)
{
    client others[3];
    start_plain();
    begin_loads(others, 3, "=double");
    client_close(&others[0]); /* whose job it is */
    client_close(&others[1]); /* who only waits */
    client witness;
    client_open_ok(&witness, &f); /* and that is seen */
    client_close(&witness);
    lanes_store_relaxed_u32(&f.is_released, 1);
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load_end(&others[2], &kernel), LANES_OK);
    cr_assert_eq(run_double(&others[2], &kernel, false), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
    client_close(&others[2]);
    stop();
}

Test(server_cache, who_waits_for_another_waits_for_its_second_try_too)
{
    client others[2];
    start_plain();
    begin_loads(others, 2, "gone");
    lanes_store_relaxed_u32(&f.is_released, 1);
    for (unsigned i = 0; i < 2; i++) {
        lanes_abi_kernel kernel;
        cr_assert_eq(client_load_end(&others[i], &kernel), LANES_OK);
        cr_assert_eq(run_double(&others[i], &kernel, false), LANES_OK);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 3);
    close_all(others, 2);
    stop();
}

Test(server_cache, who_waits_for_another_survives_the_compiler)
{
    client others[2];
    start_plain();
    begin_loads(others, 2, "die");
    lanes_store_relaxed_u32(&f.is_released, 1);
    for (unsigned i = 0; i < 2; i++) {
        lanes_abi_kernel kernel;
        cr_assert_eq(client_load_end(&others[i], &kernel), LANES_E_COMPILE_CRASHED);
    }
    const lanes_abi_kernel kernel = load_ok(&others[0], "double");
    cr_assert_eq(run_double(&others[0], &kernel, false), LANES_OK);
    close_all(others, 2);
    stop();
}

/* ---- In memory ----------------------------------------------------------------------
 */

Test(server_cache, code_stays_loaded_for_the_next_who_asks)
{
    fixture_init(&f, 2);
    f.options.code_bytes = 2 * FAKE_CODE_BYTES;
    start();
    const char *commands[] = {"=double", "=fail", "=slow"};
    for (unsigned round = 0; round < 3; round++) {
        const lanes_abi_kernel kernel = load_ok(&c, "=double");
        expect_report(&c, &kernel, round == 0 ? "\"cached\":false" : "\"cached\":true");
        cr_assert_eq(run_double(&c, &kernel, false), LANES_OK);
        cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 1);
    /* Three do not fit: the one that has been idle for longest goes. */
    for (unsigned i = 1; i < 3; i++) {
        const lanes_abi_kernel kernel = load_ok(&c, commands[i]);
        cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
    }
    wait_for(&f.unloads, 1);
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 3);
    for (unsigned i = 1; i < 3; i++) {
        load_ok(&c, commands[i]);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 3);
    load_ok(&c, "=double");
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 4);
    cr_assert_eq(lanes_load_relaxed_u32(&f.unloads), 1, "what is in use does not go");
    stop();
}

Test(server_cache, a_kernel_has_a_limited_number_of_variants)
{
    fixture_init(&f, 2);
    f.options.limits.variants = 1;
    start();
    const lanes_abi_kernel kernel = load_ok(&c, "double");
    for (int again = 0; again < 2; again++) {
        cr_assert_eq(run_double(&c, &kernel, true), LANES_E_QUOTA);
        cr_assert_not_null(strstr(c.text, "code for 1 combinations"), "%s", c.text);
        cr_assert_eq(run_double(&c, &kernel, false), LANES_OK);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1);
    stop();
}

/* ---- On disk ------------------------------------------------------------------------
 */

/* A new executor, which has made nothing yet, on the same folder. */
static void start_another(void)
{
    fixture_init(&f, 2);
    f.options.cache_folder = cache_path;
    start();
}

static bool count_entry(void *ctx, const char *name)
{
    (void)name;
    ++*(unsigned *)ctx;
    return true;
}

static unsigned count_entries(void)
{
    unsigned count = 0;
    cr_assert_eq(lanes_os_folder_list(cache_path, count_entry, &count, NULL), LANES_OK);
    return count;
}

/* One executor has =double for arrays and for a number; it has ended. */
static void fill_cache(void)
{
    start_another();
    const lanes_abi_kernel kernel = load_ok(&c, "=double");
    cr_assert_eq(run_double(&c, &kernel, true), LANES_OK);
    expect_report(&c, &kernel, "\"cached\":false");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
    stop();
}

Test(server_cache, the_next_executor_asks_no_compiler)
{
    fill_cache();
    start_another();
    const lanes_abi_kernel kernel = load_ok(&c, "=double");
    cr_assert_eq(run_double(&c, &kernel, false), LANES_OK);
    cr_assert_eq(run_double(&c, &kernel, true), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 0);
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 2);
    expect_report(&c, &kernel, "\"cached\":true");
    expect_report(&c, &kernel, "\"cache\":\"disk\"");
    const lanes_abi_kernel again = load_ok(&c, "=double");
    expect_report(&c, &again, "\"cache\":\"memory\"");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 0);
    stop();
}

Test(server_cache, exceptions_come_back_with_the_code)
{
    for (unsigned round = 0; round < 2; round++) {
        start_another();
        const lanes_abi_kernel kernel = load_ok(&c, "=raise");
        segment in;
        segment out;
        cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
        cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
        in.data[3] = -1;
        const batch b = batch_of(&kernel, &in, &out, 8);
        cr_assert_eq(client_run(&c, &b).status, LANES_E_KERNEL_RAISED);
        cr_assert_not_null(strstr(c.text, "ValueError('negative')"), "%s", c.text);
        cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1 - round);
        stop();
    }
}

Test(server_cache, the_same_code_of_another_text_is_read_and_not_made)
{
    fill_cache();
    start_another();
    const lanes_abi_kernel kernel = load_ok(&c, "=double =double");
    cr_assert_eq(run_double(&c, &kernel, false), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1);
    cr_assert_eq(lanes_load_relaxed_u32(&f.left_out), 1, "the compiler was told");
    expect_report(&c, &kernel, "\"entry\":\"fake\"");
    expect_report(&c, &kernel, "\"cache\":\"disk\"");
    stop();
    /* And that text is known from now on, too. */
    start_another();
    load_ok(&c, "=double =double");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 0);
    stop();
}

Test(server_cache, other_options_are_another_request)
{
    fill_cache();
    start_another();
    c.load_flags = LANES_ABI_KERNEL_STAGES;
    load_ok(&c, "=double");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1, "stages are made on the way");
    cr_assert_eq(lanes_load_relaxed_u32(&f.left_out), 0);
    cr_assert_eq(count_entries(), 4, "and not kept: two variants are");
    stop();
    fixture_init(&f, 2);
    f.options.cache_folder = cache_path;
    f.options.cpu = "x86-64-v2";
    start();
    load_ok(&c, "=double");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1, "for another CPU");
    stop();
}

Test(server_cache, failures_are_not_kept)
{
    for (unsigned round = 0; round < 2; round++) {
        lanes_abi_kernel kernel;
        start_another();
        cr_assert_eq(client_load(&c, "refuse", &kernel), LANES_E_IR_REFUSED);
        cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1);
        stop();
    }
}

/* ---- On disk, damaged ---------------------------------------------------------------
 */

struct change {
    const char *suffix;
    void (*apply)(enum lanes_cache_kind kind, const lanes_cache_key *key);
};

static lanes_cache *cache_open_ok(void)
{
    lanes_cache *cache = NULL;
    cr_assert_eq(lanes_cache_open(cache_path, 1 << 20, &cache, NULL), LANES_OK);
    return cache;
}

static bool change_entry(void *ctx, const char *name)
{
    const struct change *change = ctx;
    const char *suffix = strchr(name, '.');
    lanes_cache_key key;
    if (strcmp(suffix, change->suffix) != 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(key.bytes); i++) {
        const char digits[] = {name[2 * i], name[2 * i + 1], '\0'};
        key.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    change->apply(strcmp(suffix, ".code") == 0 ? LANES_CACHE_CODE : LANES_CACHE_REQUEST,
                  &key);
    return true;
}

/* Does something to all entries of a kind. */
static void change_entries(const char *suffix, void (*apply)(enum lanes_cache_kind kind,
                                                             const lanes_cache_key *key))
{
    struct change change = {suffix, apply};
    cr_assert_eq(lanes_os_folder_list(cache_path, change_entry, &change, NULL), LANES_OK);
}

static void remove_entry(enum lanes_cache_kind kind, const lanes_cache_key *key)
{
    lanes_cache *cache = cache_open_ok();
    lanes_cache_remove(cache, kind, key);
    lanes_cache_close(cache);
}

/* Writes something else that is whole, as far as the cache can see. */
static void rewrite(enum lanes_cache_kind kind, const lanes_cache_key *key,
                    void (*spoil)(lanes_compile_result *head, char *body), size_t keep)
{
    lanes_cache *cache = cache_open_ok();
    char *data = NULL;
    size_t bytes = 0;
    cr_assert_eq(lanes_cache_read(cache, kind, key, &data, &bytes, NULL), LANES_OK);
    lanes_compile_result head;
    memcpy(&head, data, sizeof(head));
    if (spoil != NULL) {
        spoil(&head, data + sizeof(head));
    }
    memcpy(data, &head, sizeof(head));
    const lanes_cache_part part = {data, keep > 0 ? keep : bytes};
    cr_assert_eq(lanes_cache_write(cache, kind, key, &part, 1, NULL), LANES_OK);
    free(data);
    lanes_cache_close(cache);
}

static void cut_short(enum lanes_cache_kind kind, const lanes_cache_key *key)
{
    rewrite(kind, key, NULL, 100);
}

static void spoil_version(lanes_compile_result *head, char *body)
{
    (void)body;
    head->version = 99;
}

static void change_version(enum lanes_cache_kind kind, const lanes_cache_key *key)
{
    rewrite(kind, key, spoil_version, 0);
}

static void spoil_key(lanes_compile_result *head, char *body)
{
    (void)body;
    head->code_key.bytes[0] ^= 1;
}

static void change_code_key(enum lanes_cache_kind kind, const lanes_cache_key *key)
{
    rewrite(kind, key, spoil_key, 0);
}

static void spoil_report(lanes_compile_result *head, char *body)
{
    (void)head;
    body[0] = '[';
}

static void change_report(enum lanes_cache_kind kind, const lanes_cache_key *key)
{
    rewrite(kind, key, spoil_report, 0);
}

/* The fake's object is the name of a loop. */
static void spoil_object(lanes_compile_result *head, char *body)
{
    memset(body + head->report_bytes, 'x', head->object_bytes);
}

static void change_object(enum lanes_cache_kind kind, const lanes_cache_key *key)
{
    rewrite(kind, key, spoil_object, 0);
}

/* =double works all the same, and does after that without compiling. */
static void expect_mended(uint32_t left_out)
{
    start_another();
    const lanes_abi_kernel kernel = load_ok(&c, "=double");
    cr_assert_eq(run_double(&c, &kernel, false), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1);
    cr_assert_eq(lanes_load_relaxed_u32(&f.left_out), left_out);
    stop();
    start_another();
    load_ok(&c, "=double");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 0);
    stop();
}

Test(server_cache, code_that_is_of_no_use_is_compiled_again)
{
    void (*const changes[])(enum lanes_cache_kind, const lanes_cache_key *) = {
        remove_entry,    cut_short,     change_version,
        change_code_key, change_report, change_object};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(changes); i++) {
        fill_cache();
        change_entries(".code", changes[i]);
        expect_mended(0);
        change_entries(".code", remove_entry);
        change_entries(".request", remove_entry);
    }
}

Test(server_cache, a_request_that_is_of_no_use_is_read_again)
{
    void (*const changes[])(enum lanes_cache_kind, const lanes_cache_key *) = {
        remove_entry, cut_short, change_version, change_report};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(changes); i++) {
        fill_cache();
        change_entries(".request", changes[i]);
        expect_mended(1);
        change_entries(".code", remove_entry);
        change_entries(".request", remove_entry);
    }
}

Test(server_cache, a_folder_that_cannot_be_used_is_done_without)
{
    cr_assert_eq(mkdir(cache_path, 0755), 0);
    cr_assert_eq(chmod(cache_path, 0755), 0);
    start_another();
    lanes_abi_kernel kernel = load_ok(&c, "=double");
    cr_assert_eq(run_double(&c, &kernel, false), LANES_OK);
    stop();
    cr_assert_eq(rmdir(cache_path), 0, "nothing was written");
    start_another();
    cr_assert_eq(rmdir(cache_path), 0);
    cr_assert_eq(lanes_os_file_replace(cache_path, "in the way", 10, NULL), LANES_OK);
    kernel = load_ok(&c, "=double");
    cr_assert_eq(run_double(&c, &kernel, true), LANES_OK);
    stop();
}
