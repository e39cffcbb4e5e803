/* SPDX-License-Identifier: MIT */
/*
 * Asks a captcha's service whether a visitor has passed: Turnstile, hCaptcha
 * and reCAPTCHA speak one protocol. On a thread of its own, since the service
 * is somebody else's and may take its time.
 */
#ifndef CONTACTD_SERVICE_CAPTCHA_H
#define CONTACTD_SERVICE_CAPTCHA_H

#include "base/job.h"
#include "core/form.h"
#include "core/verdict.h"

struct captcha;

/* `test_url`, unless NULL, is asked in place of every service. */
MUST_CHECK enum err captcha_start(const char *test_url, struct captcha **ret_captcha,
                                  struct err_detail *detail);
void captcha_stop(struct captcha *captcha); /* NULL is allowed */

/* One question; texts are borrowed until done(). */
struct captcha_question {
    struct job job; /* the caller sets job.done */
    enum captcha_kind kind;
    struct str secret, answer, source;
    enum verdict verdict; /* by then FINE, WRONG or UNREACHABLE */

    const char *url; /* captcha's own */
};

/* Any thread. done() follows exactly once. */
void captcha_ask(struct captcha *captcha, struct captcha_question *question);

#endif
