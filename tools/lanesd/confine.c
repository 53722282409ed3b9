/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - memory and paths of the executor; confine_calls.c has its system calls.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"

#define ROOM "lanesd/confine"

lanes_status confine_memory(lanes_error *err)
{
    LANES_TRY(lanes_os_limit_set(LANES_OS_LIMIT_CORE_BYTES, 0, 0, err));
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        return lanes_error_errno(err, errno, "cannot become undumpable");
    }
    return LANES_OK;
}

/* ---- Paths --------------------------------------------------------------------------
 */

/* Newer than some headers; a kernel that does not know them is not asked for them. */
#define ACCESS_REFER    (UINT64_C(1) << 13) /* Landlock 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14) /* Landlock 3 */

#define ACCESS_MAKE                                                                      \
    (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                        \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                        \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                      \
     LANDLOCK_ACCESS_FS_MAKE_SYM)

/* In its folder the cache makes, writes, renames and deletes files. */
#define ACCESS_CACHE                                                                     \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                       \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | ACCESS_TRUNCATE)

/* What nothing is allowed of but by a rule, as far as this kernel knows it; 0: nothing.
 */
static uint64_t handled_access(void)
{
    const long version =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        return 0;
    }
    uint64_t access = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                      LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                      ACCESS_MAKE;
    access |= version >= 2 ? ACCESS_REFER : 0;
    access |= version >= 3 ? ACCESS_TRUNCATE : 0;
#ifdef LANES_DEBUG
    /* A failpoint deletes the file that arms it, wherever a test has put that. */
    if (secure_getenv("LANES_FAILPOINT") != NULL) {
        access &= ~(uint64_t)LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
#endif
    return access;
}

static lanes_status allow_below(int rules, const char *folder, uint64_t access,
                                lanes_error *err)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return LANES_OK; /* one that is not there needs no rule; nobody can make it */
    }
    const struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                                    .parent_fd = fd};
    lanes_status status = LANES_OK;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) !=
        0) {
        status = lanes_error_errno(err, errno, "allowing writes in '%s'", folder);
    }
    lanes_os_close(&fd);
    return status;
}

static lanes_status add_rules(int rules, const confine_options *options, uint64_t handled,
                              lanes_error *err)
{
    if (options->cache_folder != NULL) {
        LANES_TRY(allow_below(rules, options->cache_folder, ACCESS_CACHE & handled, err));
    }
    const uint64_t remove = LANDLOCK_ACCESS_FS_REMOVE_FILE & handled;
    if (options->socket_path == NULL || remove == 0) {
        return LANES_OK;
    }
    char folder[LANES_OS_PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", options->socket_path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof(folder), ".");
    } else {
        slash[slash == folder] = '\0'; /* what is in the root is in "/" */
    }
    return allow_below(rules, folder, remove, err);
}

lanes_status confine_paths(const confine_options *options, lanes_error *err)
{
    const struct landlock_ruleset_attr attributes = {.handled_access_fs =
                                                         handled_access()};
    if (attributes.handled_access_fs == 0) {
        return lanes_error_set(err, LANES_E_UNAVAILABLE,
                               "this kernel has no Landlock, or it is switched off");
    }
    int rules =
        (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    if (rules < 0) {
        return lanes_error_errno(err, errno, "Landlock");
    }
    lanes_status status = add_rules(rules, options, attributes.handled_access_fs, err);
    if (status == LANES_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        status = lanes_error_errno(err, errno, "giving up new privileges");
    }
    if (status == LANES_OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0) {
        status = lanes_error_errno(err, errno, "Landlock");
    }
    lanes_os_close(&rules);
    return status;
}

/* ---- All of it ----------------------------------------------------------------------
 */

void confine_self(const confine_options *options)
{
    lanes_error err;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "privileges can still be gained: %s",
                  strerror(errno));
    }
    if (!options->is_dumpable && confine_memory(&err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "%s", err.message);
    }
    if (!options->has_sandbox) {
        return;
    }
#if defined(LANES_SANITIZED)
    lanes_log(LANES_LOG_DEBUG, ROOM, "no sandbox in a build with a sanitizer");
#else
    if (confine_paths(options, &err) < 0) {
        lanes_log(LANES_LOG_INFO, ROOM, "paths are not confined: %s", err.message);
    }
    if (confine_calls(options->cache_folder != NULL, &err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "system calls are not confined: %s; --no-sandbox or "
                  "LANES_NO_SANDBOX=1 is without this line",
                  err.message);
    }
#endif
}
