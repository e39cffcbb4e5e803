/* SPDX-License-Identifier: MIT */
/* What `doctor` looks at: each check is a row of a table, a pure reader of the patient. */
#ifndef CONTACTD_APP_DOCTOR_H
#define CONTACTD_APP_DOCTOR_H

#include "config/config.h"
#include "service/outbox.h"

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_PROBLEM };

enum { FINDING_TEXT = 400 };

struct finding {
    enum level level;
    char text[FINDING_TEXT];   /* what was seen */
    char remedy[FINDING_TEXT]; /* "": the row's own */
};

/* Constant while checks run, each on a thread of its own. */
struct patient {
    const struct config *config;
    struct outbox_options sending;
    struct err_detail sending_error; /* not empty: the options are wrong, `sending` is all zero */
    const char *dkim_selector;       /* NULL: not given */
    const char *send_test;           /* whom to send a probe mail; NULL: nobody */
};

struct check {
    const char *name;
    void (*run)(const struct patient *patient, struct finding *finding);
    const char *remedy; /* of what it usually finds */
};

PRINTF_LIKE(3, 4)
void finding_set(struct finding *finding, enum level level, const char *format, ...);
PRINTF_LIKE(2, 3)
void finding_mend(struct finding *finding, const char *format, ...);

void check_configuration(const struct patient *patient, struct finding *finding); /* local */
void check_disk(const struct patient *patient, struct finding *finding);
void check_database(const struct patient *patient, struct finding *finding);
void check_deliveries(const struct patient *patient, struct finding *finding);
void check_port(const struct patient *patient, struct finding *finding);
void check_clock(const struct patient *patient, struct finding *finding);
void check_certificate(const struct patient *patient, struct finding *finding); /* tls */
void check_spf(const struct patient *patient, struct finding *finding);         /* mail */
void check_dmarc(const struct patient *patient, struct finding *finding);
void check_dkim(const struct patient *patient, struct finding *finding);
void check_mx(const struct patient *patient, struct finding *finding);
void check_mail_server(const struct patient *patient, struct finding *finding);
void check_test_mail(const struct patient *patient, struct finding *finding);
void check_public_url(const struct patient *patient, struct finding *finding); /* web */
void check_proxy(const struct patient *patient, struct finding *finding);

#endif
