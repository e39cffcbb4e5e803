/* SPDX-License-Identifier: MIT */
/*
 * The protocol of all three ("siteverify"): post secret, response and remoteip,
 * read {"success": true}. A service that does not answer in time must cost no
 * message: the verdict then is UNREACHABLE, which hardly counts.
 */
#include "service/captcha.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"
#include "notify/https.h"
#include "service/worker.h"

enum { QUEUE_MAX = 256, FORM_MAX = 16 * 1024, TIMEOUT_MS = 5000 };

static const char *const URLS[] = {
    [CAPTCHA_TURNSTILE] = "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    [CAPTCHA_HCAPTCHA] = "https://api.hcaptcha.com/siteverify",
    [CAPTCHA_RECAPTCHA] = "https://www.google.com/recaptcha/api/siteverify",
};

struct captcha {
    struct worker *worker;
    const char *test_url;
};

static void put_encoded(struct buf *out, struct str text)
{
    static const char HEX[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_plain) {
            buf_put_char(out, (char)c);
            continue;
        }
        buf_put_char(out, '%');
        buf_put_char(out, HEX[c >> 4]);
        buf_put_char(out, HEX[c & 15]);
    }
}

static enum err ask(const struct captcha_question *question, bool *ret_is_passed,
                    struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf form = buf_new(FORM_MAX);
    CLEANUP(buf_done) struct buf reply = buf_new(HTTPS_REPLY_MAX);
    CLEANUP(js_decref) json_t *answer = NULL;

    buf_put(&form, STR("secret="));
    put_encoded(&form, question->secret);
    buf_put(&form, STR("&response="));
    put_encoded(&form, question->answer);
    buf_put(&form, STR("&remoteip="));
    put_encoded(&form, question->source);
    TRY(buf_status(&form));
    TRY(https_post_form(question->url, buf_str(&form), TIMEOUT_MS, &reply, detail));
    TRY(js_parse_object(buf_str(&reply), &answer, detail));
    *ret_is_passed = json_is_true(json_object_get(answer, "success"));
    return ERR_OK;
}

static enum err run(struct job *job, struct store *reader)
{
    struct captcha_question *self = CONTAINER_OF(job, struct captcha_question, job);
    struct err_detail detail = {""};
    bool is_passed = false;

    (void)reader;
    enum err err = ask(self, &is_passed, &detail);
    self->verdict = err != ERR_OK ? VERDICT_UNREACHABLE : is_passed ? VERDICT_FINE : VERDICT_WRONG;
    if (err != ERR_OK)
        LOG(LOG_WARN, "captcha_unreachable", LOG_TEXT("url", self->url),
            LOG_TEXT("reason", detail.text[0] ? detail.text : err_text(err)));
    return ERR_OK;
}

void captcha_ask(struct captcha *captcha, struct captcha_question *question)
{
    question->job.run = run;
    question->verdict = VERDICT_UNREACHABLE; /* unless run() says otherwise */
    question->url = captcha->test_url ? captcha->test_url : URLS[question->kind];
    worker_submit(captcha->worker, &question->job);
}

enum err captcha_start(const char *test_url, struct captcha **ret_captcha,
                       struct err_detail *detail)
{
    struct captcha *captcha = calloc(1, sizeof *captcha);

    if (!captcha)
        return ERR_MEMORY;
    captcha->test_url = test_url;
    enum err err = worker_start(NULL, 1, QUEUE_MAX, &captcha->worker, detail);
    if (err != ERR_OK) {
        free(captcha);
        return err;
    }
    *ret_captcha = captcha;
    return ERR_OK;
}

void captcha_stop(struct captcha *captcha)
{
    if (!captcha)
        return;
    worker_stop(captcha->worker);
    free(captcha);
}
