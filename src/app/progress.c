/* SPDX-License-Identifier: MIT */
/* One line, drawn over itself. Nothing is shown where nobody looks: a file, a pipe, cron. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { TELL_MS = 150 };

void progress_start(struct progress *progress, const char *what)
{
    *progress = (struct progress){.what = what, .is_shown = isatty(STDERR_FILENO)};
}

const char *progress_number(uint64_t number, char room[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number), at = 0;

    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            room[at++] = ',';
        room[at++] = digits[i];
    }
    room[at] = '\0';
    return room;
}

void progress_tell(struct progress *progress, uint64_t count, int percent)
{
    int64_t now_ms = clock_mono_ms();
    char number[32];

    if (!progress->is_shown || now_ms - progress->told_ms < TELL_MS)
        return;
    progress->told_ms = now_ms;
    progress->is_there = true;
    fprintf(stderr, "\r\033[K%s %s", progress_number(count, number), progress->what);
    if (percent >= 0)
        fprintf(stderr, " (%d %%)", percent);
    fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (progress->is_there)
        fputs("\r\033[K", stderr);
    progress->is_there = false;
}
