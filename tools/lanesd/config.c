/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - the configuration file: lines "key = value", # begins a comment.
 *
 * Read whole before any of it counts: a file with one wrong line is as good as none, and
 * whoever reads it says so.
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_memory.h"

#define FILE_NAME "lanes/lanesd.conf"

/* Bytes of a file; more is none of ours. */
#define FILE_BYTES_MAX 65536

/* The file to read, and whether it has to be there; *path "" = there is none to read. */
static lanes_status find_file(const struct lanesd_options *options,
                              char path[LANES_OS_PATH_MAX], bool *out_is_needed,
                              lanes_error *err)
{
    const char *config_home = lanesd_environment("XDG_CONFIG_HOME");
    const char *home = lanesd_environment("HOME");
    int length = 0;
    path[0] = '\0';
    *out_is_needed = options->config[0] != '\0';
    if (*out_is_needed) {
        const bool is_none = strcmp(options->config, LANESD_NONE) == 0;
        length = snprintf(path, LANES_OS_PATH_MAX, "%s", is_none ? "" : options->config);
    } else if (config_home != NULL && config_home[0] == '/') {
        length = snprintf(path, LANES_OS_PATH_MAX, "%s/" FILE_NAME, config_home);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, LANES_OS_PATH_MAX, "%s/.config/" FILE_NAME, home);
    }
    return length < LANES_OS_PATH_MAX
               ? LANES_OK
               : lanes_error_set(err, -ENAMETOOLONG,
                                 "the path of the configuration file is too long");
}

/* The text of @p path, NUL-terminated, to be freed; NULL if it is not there. */
static lanes_status read_file(const char *path, bool is_needed, char **out_text,
                              lanes_error *err)
{
    int fd = -1;
    const lanes_status status = lanes_os_file_open(path, 0, &fd, err);
    if (status == -ENOENT && !is_needed) {
        return LANES_OK;
    }
    if (status < 0) {
        return lanes_error_prefix(err, status, "the configuration");
    }
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t used = 0;
    int64_t count = text != NULL ? 1 : -ENOMEM;
    while (count > 0 && used < FILE_BYTES_MAX) {
        count = lanes_os_read_some(fd, text + used, FILE_BYTES_MAX - used);
        used += count > 0 ? (size_t)count : 0;
    }
    lanes_os_close(&fd);
    if (count < 0 || used == FILE_BYTES_MAX || memchr(text, '\0', used) != NULL) {
        free(text);
        return count < 0
                   ? lanes_error_errno(err, (int)-count, "configuration '%.150s'", path)
                   : lanes_error_set(err, LANES_E_INVALID,
                                     "configuration '%.150s' is not a text of less than "
                                     "%d bytes",
                                     path, FILE_BYTES_MAX);
    }
    text[used] = '\0';
    *out_text = text;
    return LANES_OK;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static lanes_status read_line(struct lanesd_options *options, const char *path,
                              unsigned number, char *line, lanes_error *err)
{
    line[strcspn(line, "#")] = '\0';
    char *key = trim(line);
    if (*key == '\0') {
        return LANES_OK;
    }
    char *equals = strchr(key, '=');
    if (equals == NULL) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "%.80s:%u: '%.60s' is not of the form key = value", path,
                               number, key);
    }
    *equals = '\0';
    key = trim(key);
    const lanes_status status = lanesd_options_set(options, key, trim(equals + 1), err);
    return status < 0 ? lanes_error_prefix(err, LANES_E_INVALID, "%.80s:%u: %.30s", path,
                                           number, key)
                      : LANES_OK;
}

lanes_status lanesd_config_read(struct lanesd_options *options, lanes_error *err)
{
    char path[LANES_OS_PATH_MAX];
    bool is_needed = false;
    char *text = NULL;
    LANES_TRY(find_file(options, path, &is_needed, err));
    if (path[0] != '\0') {
        LANES_TRY(read_file(path, is_needed, &text, err));
    }
    lanes_status status = LANES_OK;
    char *rest = text;
    for (unsigned number = 1; status == LANES_OK && rest != NULL; number++) {
        char *line = strsep(&rest, "\n");
        status = read_line(options, path, number, line, err);
    }
    free(text);
    return status;
}
