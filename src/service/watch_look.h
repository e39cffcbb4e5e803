/* SPDX-License-Identifier: MIT */
/* One look of the watch: what it found, and telling it. Inside this room only. */
#ifndef CONTACTD_SERVICE_WATCH_LOOK_H
#define CONTACTD_SERVICE_WATCH_LOOK_H

#include "base/arena.h"
#include "core/alarm.h"
#include "service/watch.h"

/* One alarm: as it was, as it is to be, or both. Texts are the arena's. */
struct finding {
    struct finding *next;
    struct alarm alarm;
    struct str subject; /* what is wrong or right again, in some words; ptr NULL: not looked at */
    struct str over;    /* what is told when it has ended; ptr NULL: nothing */
    bool was_raised, is_raised;
    bool is_reworded; /* still raised, in other words */
    bool is_louder;   /* and so wrong by now that everybody is told anew */
};

struct look {
    struct commit *commit;
    struct forms *forms;
    struct arena arena;
    struct finding *findings;
    int64_t now_ms;
    bool has_rows; /* somebody is to hear of it */
};

/* Changes the list of alarms and writes who is to hear of what; logs it. */
MUST_CHECK enum err look_tell(struct look *look);

#endif
