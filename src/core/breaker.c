/* SPDX-License-Identifier: MIT */
/*
 * The wait after the fifth failure is half a minute; it doubles with each probe that
 * fails, and gets up to a quarter more by chance.
 */
#include "core/breaker.h"

enum { FIRST_WAIT_MS = 30 * 1000, DOUBLINGS_MAX = 8 };

int breaker_room(const struct breaker *breaker, int64_t now_ms, int under_way, int max)
{
    if (breaker->failures < BREAKER_FAILURES)
        return under_way < max ? max - under_way : 0;
    /* A clock that was set back must not keep it open for longer than it can be. */
    bool is_over = now_ms >= breaker->until_ms || breaker->until_ms - now_ms > BREAKER_WAIT_MAX_MS;
    return under_way == 0 && is_over;
}

bool breaker_is_down(const struct breaker *breaker, int64_t now_ms)
{
    return breaker->failures >= BREAKER_FAILURES && now_ms - breaker->since_ms >= BREAKER_DOWN_MS;
}

void breaker_failed(struct breaker *breaker, int64_t now_ms, uint64_t chance)
{
    int doublings = breaker->failures - (BREAKER_FAILURES - 1);

    if (breaker->failures == 0)
        breaker->since_ms = now_ms;
    if (breaker->failures < BREAKER_FAILURES + DOUBLINGS_MAX)
        breaker->failures++;
    if (breaker->failures < BREAKER_FAILURES)
        return;
    int64_t wait_ms = (int64_t)FIRST_WAIT_MS << (doublings < 0 ? 0 : doublings);
    wait_ms += (int64_t)(chance % (uint64_t)(wait_ms / 4));
    breaker->until_ms = now_ms + (wait_ms < BREAKER_WAIT_MAX_MS ? wait_ms : BREAKER_WAIT_MAX_MS);
}

void breaker_worked(struct breaker *breaker)
{
    *breaker = (struct breaker){0};
}
