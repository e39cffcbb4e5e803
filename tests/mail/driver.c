/* SPDX-License-Identifier: MIT */
/*
 * notify/transport on a pipe, for tests in Python. Each line of the input is a parcel as JSON, and
 * each result is a line of the output; {"wait":true} lets everything end before the next is
 * sent. {"get":URL} and {"form":URL} ask as doctor and captchas do. The last line tells how long a
 * call overstayed its time, how long the end took, and how many addresses were asked about.
 *
 *   driver [--ca FILE] [--forbid CIDR]... [--close-after MS] [--rules public|none]
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "core/target.h"
#include "notify/https.h"
#include "notify/lookup.h"
#include "notify/transport.h"

enum { RANGES_MAX = 16, PARCELS_MAX = 1024, LINE_MAX_BYTES = 2 * 1024 * 1024, POLL_MS = 200 };

struct sent {
    struct parcel parcel;
    json_t *order; /* its texts */
    size_t index;
    int64_t at_ms;
};

static struct driver {
    struct transport *transport;
    struct cidr forbidden[RANGES_MAX];
    size_t forbidden_count;
    struct sent sent[PARCELS_MAX];
    size_t count, left;
    int64_t close_at_ms; /* 0: when all have ended */
    int64_t overstay_ms;
    unsigned asked;
    bool is_public; /* the rules for webhooks hold */
} driver;

static bool may_connect(void *arg, const uint8_t bytes[16], uint16_t port)
{
    struct address address;

    (void)arg;
    driver.asked++;
    if (driver.is_public && !target_may_connect(NULL, bytes, port))
        return false;
    memcpy(address.bytes, bytes, sizeof address.bytes);
    for (size_t i = 0; i < driver.forbidden_count; i++)
        if (cidr_contains(&driver.forbidden[i], &address))
            return false;
    return true;
}

static void tell(struct parcel *parcel)
{
    static const char *const RESULTS[] = {"delivered", "later", "refused"};
    static const char *const ENDS[] = {"door", "recipient", "answer"};
    struct sent *sent = CONTAINER_OF(parcel, struct sent, parcel);
    struct buf out = buf_new(4096);

    buf_printf(&out, "{\"index\":%zu,\"ms\":%" PRId64 ",\"status\":%d,\"retryAfterMs\":%" PRId64,
               sent->index, clock_mono_ms() - sent->at_ms, parcel->status, parcel->retry_after_ms);
    js_field_string(&out, "result", str_of(RESULTS[parcel->result]));
    js_field_string(&out, "end", str_of(ENDS[parcel->end]));
    js_field_string(&out, "error", str_of(parcel->error));
    js_field_bool(&out, "gone", parcel->is_gone);
    printf("%.*s}\n", (int)out.len, out.ptr);
    fflush(stdout);
    buf_done(&out);
    json_decref(sent->order);
    driver.left--;
}

static bool is_over(void)
{
    return driver.close_at_ms && clock_mono_ms() >= driver.close_at_ms;
}

static void move(void)
{
    int64_t before_ms = clock_mono_ms();

    transport_poll(driver.transport, POLL_MS);
    int64_t overstay_ms = clock_mono_ms() - before_ms - POLL_MS;
    if (overstay_ms > driver.overstay_ms)
        driver.overstay_ms = overstay_ms;
}

static void move_all(void)
{
    while (driver.left > 0 && !is_over())
        move();
}

static void send_order(json_t *order)
{
    struct sent *sent = &driver.sent[driver.count];

    sent->order = order;
    sent->index = driver.count++;
    sent->at_ms = clock_mono_ms();
    sent->parcel = (struct parcel){
        .is_smtp = json_is_true(json_object_get(order, "smtp")),
        .url = js_get_string(order, "url").ptr,
        .user = js_get_string(order, "user").ptr,
        .password = js_get_string(order, "password").ptr,
        .may_be_plain = json_is_true(json_object_get(order, "plain")),
        .from = js_get_string(order, "from").ptr,
        .to = js_get_string(order, "to").ptr,
        .headers = js_get_string(order, "headers").ptr,
        .body = js_get_string(order, "body"),
        .timeout_ms = json_integer_value(json_object_get(order, "timeout")),
        .done = tell,
    };
    driver.left++;
    transport_send(driver.transport, &sent->parcel);
}

/* As parcels end: "delivered" stands for an answer, "later" for none. */
static void ask(json_t *order)
{
    struct sent *sent = &driver.sent[driver.count];
    const char *get = js_get_string(order, "get").ptr, *form = js_get_string(order, "form").ptr;
    CLEANUP(buf_done) struct buf body = buf_new(64 * 1024);
    struct lookup_page page = {.status = 200};
    struct err_detail detail = {""};

    sent->order = order;
    sent->index = driver.count++;
    sent->at_ms = clock_mono_ms();
    enum err err = get ? lookup_get(get, NULL, &body, &page, &detail)
                       : https_post_form(form, STR("a=b"), 20000, &body, &detail);
    sent->parcel.result = err == ERR_OK ? PARCEL_DELIVERED : PARCEL_LATER;
    sent->parcel.status = err == ERR_OK ? page.status : 0;
    snprintf(sent->parcel.error, sizeof sent->parcel.error, "%s", detail.text);
    driver.left++;
    tell(&sent->parcel);
}

static bool is_question(const json_t *order)
{
    return json_object_get(order, "get") || json_object_get(order, "form");
}

static bool take_line(struct str line)
{
    struct err_detail detail = {""};
    json_t *order;

    if (js_parse_object(line, &order, &detail) != ERR_OK) {
        fprintf(stderr, "driver: %s\n", detail.text);
        return false;
    }
    if (json_is_true(json_object_get(order, "wait"))) {
        move_all();
        json_decref(order);
    } else if (driver.count < PARCELS_MAX && is_question(order)) {
        ask(order);
    } else if (driver.count < PARCELS_MAX) {
        send_order(order);
    }
    return true;
}

static bool take_input(void)
{
    static char line[LINE_MAX_BYTES];
    bool is_fine = true;

    while (is_fine && fgets(line, sizeof line, stdin))
        is_fine = take_line(str_trim((struct str){line, strcspn(line, "\n")}));
    return is_fine;
}

static bool take_arguments(int argc, char **argv, struct transport_options *options)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t number;
        if (strcmp(argv[i], "--ca") == 0)
            options->ca_file = argv[i + 1];
        else if (strcmp(argv[i], "--forbid") == 0 && driver.forbidden_count < RANGES_MAX &&
                 cidr_parse(str_of(argv[i + 1]), &driver.forbidden[driver.forbidden_count]))
            driver.forbidden_count++;
        else if (strcmp(argv[i], "--rules") == 0)
            driver.is_public = strcmp(argv[i + 1], "public") == 0;
        else if (strcmp(argv[i], "--close-after") == 0 &&
                 str_to_u64(str_of(argv[i + 1]), INT32_MAX, &number))
            driver.close_at_ms = clock_mono_ms() + (int64_t)number;
        else
            return false;
    }
    return argc % 2 == 1;
}

int main(int argc, char **argv)
{
    struct transport_options options = {.may_connect = may_connect};
    struct err_detail detail = {""};

    signal(SIGPIPE, SIG_IGN);
    if (secret_start() != ERR_OK || !take_arguments(argc, argv, &options) ||
        transport_open(&options, &driver.transport, &detail) != ERR_OK)
        return 2;
    bool is_fine = take_input();
    move_all();
    int64_t closing_ms = clock_mono_ms();
    transport_close(driver.transport);
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"end\":true,\"closeMs\":%" PRId64 ",\"overstayMs\":%" PRId64
           ",\"asked\":%u,\"peakKb\":%ld}\n",
           clock_mono_ms() - closing_ms, driver.overstay_ms, driver.asked, usage.ru_maxrss);
    return is_fine && driver.left == 0 ? 0 : 1;
}
