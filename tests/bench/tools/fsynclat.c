// SPDX-License-Identifier: MIT
//
// fsynclat FILE COUNT: writes 4 KB and waits for fdatasync, COUNT times, over a
// preallocated 4 MB file in place (as SQLite's WAL does after its first
// checkpoint). Prints the median, 90th and 99th percentile in microseconds: the
// floor under every durable answer on this disk.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1024 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int count = argc == 3 ? atoi(argv[2]) : 0;
    if (count < 1) {
        fprintf(stderr, "usage: fsynclat FILE COUNT\n");
        return 2;
    }
    char page[PAGE];
    memset(page, 'x', sizeof page);
    double *took = calloc((size_t)count, sizeof *took);
    int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
    unlink(argv[1]);
    for (int i = 0; took != NULL && i < PAGES + count; i++) {
        double began = now_us();
        if (pwrite(fd, page, PAGE, (off_t)(i % PAGES) * PAGE) != PAGE) {
            perror("fsynclat");
            return 1;
        }
        if (i < PAGES - 1)
            continue; // the file is still being laid out
        if (fdatasync(fd) != 0) {
            perror("fsynclat");
            return 1;
        }
        if (i >= PAGES)
            took[i - PAGES] = now_us() - began;
    }
    qsort(took, (size_t)count, sizeof *took, by_size);
    printf("%.0f %.0f %.0f\n", took[count / 2], took[count * 9 / 10], took[count * 99 / 100]);
    free(took);
    close(fd);
    return 0;
}
