/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_main.c - run a target once with each file named, or in a folder named: the
 * corpus as a plain regression test, by any compiler.
 *
 *   fuzz_x FILE|FOLDER...
 *
 * Fails if there was no file: a corpus that is not found tests nothing.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

#define FILE_BYTES_MAX (1u << 20)

static size_t files_run;

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    uint8_t *data = malloc(FILE_BYTES_MAX);
    FUZZ_CHECK(data != NULL);
    const size_t bytes = fread(data, 1, FILE_BYTES_MAX, file);
    fclose(file);
    /* Exactly as large as the input, for sanitizers; and named if the process ends. */
    uint8_t *exact = malloc(bytes + (bytes == 0));
    FUZZ_CHECK(exact != NULL);
    memcpy(exact, data, bytes);
    free(data);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(exact, bytes);
    free(exact);
    files_run++;
    return 0;
}

static int run_folder(const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, NULL, alphasort);
    int failed = count < 0;
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            failed |= run_file(name);
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat facts;
        const int is_folder = stat(argv[i], &facts) == 0 && S_ISDIR(facts.st_mode);
        failed |= is_folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    if (files_run == 0) {
        fprintf(stderr, "no input was run; name files or folders with inputs\n");
        return 1;
    }
    printf("%zu inputs\n", files_run);
    return failed;
}
