/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_lanesd.c - the fake executor as a program, for tests in which the client starts
 * it: fake_lanesd --private-fd=N [--threads=N] [--cpu=NAME]. $FAKE_MODE makes it
 * misbehave.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/client/fake_executor.h"

int main(int argc, char **argv)
{
    int fd = -1;
    uint32_t threads = 0;
    const char *cpu = "";
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--private-fd=", 13) == 0) {
            fd = (int)strtol(argv[i] + 13, NULL, 10);
        } else if (strncmp(argv[i], "--threads=", 10) == 0) {
            threads = (uint32_t)strtoul(argv[i] + 10, NULL, 10);
        } else if (strncmp(argv[i], "--cpu=", 6) == 0) {
            cpu = argv[i] + 6;
        }
    }
    const char *mode = getenv("FAKE_MODE");
    mode = mode != NULL ? mode : "";
    if (fd < 0 || strcmp(mode, "exit") == 0) {
        return 3;
    }
    if (strcmp(mode, "crash") == 0) {
        raise(SIGKILL);
    }
    if (strcmp(mode, "threads") == 0 && threads != 2) {
        return 4; /* the option did not arrive */
    }
    if (strcmp(mode, "cpu") == 0 ? strcmp(cpu, "x86-64-v2") != 0 : *cpu != '\0') {
        return 5;
    }
    fake_executor fake = {.plan = {.lie = FAKE_HONEST}};
    if (strcmp(mode, "silent") == 0) {
        fake.plan = (fake_plan){.lie = FAKE_SILENT, .type = LANES_ABI_HELLO};
    }
    fake_serve(fd, -1, &fake);
    if (strcmp(mode, "stay") == 0) {
        for (;;) {
            pause(); /* does not end when the client hangs up */
        }
    }
    return 0;
}
