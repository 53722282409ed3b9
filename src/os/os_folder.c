/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_folder.c - folders that only this user can change, and what is in a folder.
 */
#include "os/os_file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "os/os_process.h"

lanes_status lanes_os_folder_check(const char *path, lanes_error *err)
{
    struct stat folder;
    if (lstat(path, &folder) != 0) {
        return lanes_error_errno(err, errno, "folder '%s'", path);
    }
    if (!S_ISDIR(folder.st_mode)) {
        return lanes_error_errno(err, ENOTDIR, "folder '%s'", path);
    }
    if (folder.st_uid != lanes_os_uid()) {
        return lanes_error_set(
            err, LANES_E_FOREIGN_UID,
            "folder '%s' belongs to uid %u, not to uid %u; choose another "
            "path or remove it",
            path, folder.st_uid, lanes_os_uid());
    }
    if ((folder.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return lanes_error_set(err, LANES_E_FOREIGN_UID,
                               "folder '%s' has mode %04o, so other users can change it; "
                               "choose a path in a folder of your own",
                               path, (unsigned)(folder.st_mode & 07777));
    }
    return LANES_OK;
}

lanes_status lanes_os_folder_ensure(const char *path, lanes_error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return lanes_error_errno(err, errno, "cannot create folder '%s'", path);
    }
    return lanes_os_folder_check(path, err);
}

lanes_status lanes_os_folder_ensure_closed(const char *path, lanes_error *err)
{
    struct stat folder;
    LANES_TRY(lanes_os_folder_ensure(path, err));
    if (lstat(path, &folder) != 0) {
        return lanes_error_errno(err, errno, "folder '%s'", path);
    }
    if ((folder.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return lanes_error_set(
            err, LANES_E_FOREIGN_UID,
            "folder '%s' has mode %04o, so others can enter or read it; make that 0700",
            path, (unsigned)(folder.st_mode & 07777));
    }
    return LANES_OK;
}

lanes_status lanes_os_folder_make_above(const char *path, lanes_error *err)
{
    char above[LANES_OS_PATH_MAX];
    const size_t length = strlen(path);
    if (length >= sizeof(above)) {
        return lanes_error_errno(err, ENAMETOOLONG, "folder '%.200s...'", path);
    }
    memcpy(above, path, length + 1);
    for (char *slash = strchr(above + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        /* Folders on the way there may be closed to us, on a file system that is read
         * only, or links; what matters is whether the next one can be made. */
        if (mkdir(above, 0700) != 0 && errno == ENOTDIR) {
            return lanes_error_errno(err, errno, "cannot create folder '%s'", above);
        }
        *slash = '/';
    }
    return LANES_OK;
}

lanes_status lanes_os_folder_list(const char *path, lanes_os_folder_entry_fn entry,
                                  void *ctx, lanes_error *err)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return lanes_error_errno(err, errno, "cannot read folder '%s'", path);
    }
    lanes_status status = LANES_OK;
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(folder);
        if (found == NULL) {
            if (errno != 0) {
                status = lanes_error_errno(err, errno, "cannot read folder '%s'", path);
            }
            break;
        }
        const bool is_self =
            strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0;
        if (!is_self && !entry(ctx, found->d_name)) {
            break;
        }
    }
    closedir(folder);
    return status;
}
