/* SPDX-License-Identifier: MIT */
/*
 * Counters of the whole process: one row each, added to from any thread, read
 * by /metrics in the Prometheus text format (version 0.0.4).
 */
#ifndef CONTACTD_BASE_METRICS_H
#define CONTACTD_BASE_METRICS_H

#include "base/buf.h"

#define METRIC_SHAKES "contactd_tls_handshakes_failed_total"

/*
 * X(NAME, "prometheus_name", kind, "help"). Rows that differ in a label alone follow each other,
 * and the first has the help of all.
 */
#define METRIC_LIST(X)                                                                             \
    X(SUBMISSIONS, "contactd_submissions_total", "counter", "Submissions committed to disk.")      \
    X(COMMITS, "contactd_commits_total", "counter", "Transactions committed.")                     \
    X(COMMITS_FAILED, "contactd_commits_failed_total", "counter", "Transactions that failed.")     \
    X(QUEUE_REFUSED, "contactd_queue_refused_total", "counter",                                    \
      "Jobs refused because a queue was full or stopping.")                                        \
    X(MEMORY_REFUSED, "contactd_memory_refused_total", "counter",                                  \
      "Requests and replies refused because the others had too much memory.")                      \
    X(COMMIT_QUEUE, "contactd_commit_queue_jobs", "gauge", "Jobs waiting for the committer.")      \
    X(BACKUPS, "contactd_backups_total", "counter", "Scheduled backups made and verified.")        \
    X(BACKUPS_FAILED, "contactd_backups_failed_total", "counter",                                  \
      "Scheduled backups that failed.")                                                            \
    X(BACKUP_AT, "contactd_backup_timestamp_seconds", "gauge",                                     \
      "When the newest good scheduled backup was made (Unix time; 0: none).")                      \
    X(CANARY_AT, "contactd_canary_timestamp_seconds", "gauge",                                     \
      "When a test message came through the public URL the last time (Unix time; 0: never).")      \
    X(CANARY_FAILED, "contactd_canary_failures_total", "counter",                                  \
      "Test messages that did not come through the public URL.")                                   \
    X(CONNECTIONS, "contactd_connections", "gauge", "Open client connections.")                    \
    X(CONNECTIONS_CUT, "contactd_connections_cut_total", "counter",                                \
      "Connections cut because a deadline passed.")                                                \
    X(HTTP_REFUSED, "contactd_http_refused_total", "counter",                                      \
      "Requests refused as malformed HTTP before routing.")                                        \
    X(TLS_EXPIRES_AT, "contactd_tls_certificate_expiry_timestamp_seconds", "gauge",                \
      "When the certificate in force expires (Unix time; 0: TLS is off).")                         \
    X(TLS_RELOADS, "contactd_tls_reloads_total", "counter",                                        \
      "Times that certificate and key were read anew and put into force.")                         \
    X(TLS_RELOADS_FAILED, "contactd_tls_reloads_failed_total", "counter",                          \
      "Times that they could not be used, so that those before stayed.")                           \
    X(TLS_HANDSHAKES, "contactd_tls_handshakes_total", "counter",                                  \
      "TLS handshakes that were answered.")                                                        \
    X(TLS_DESERTED, "contactd_tls_handshakes_deserted_total", "counter",                           \
      "Handshakes not answered because the client had already closed.")                            \
    X(TLS_REFUSED, "contactd_tls_handshakes_refused_total", "counter",                             \
      "Handshakes not answered because an address began too many.")                                \
    X(TLS_NOT_TLS, METRIC_SHAKES "{reason=\"not_tls\"}", "counter",                                \
      "Handshakes that failed otherwise, by what came instead or last.")                           \
    X(TLS_NO_HELLO, METRIC_SHAKES "{reason=\"hello\"}", "counter", "")                             \
    X(TLS_NO_CIPHER, METRIC_SHAKES "{reason=\"cipher\"}", "counter", "")                           \
    X(TLS_NO_CLIENT, METRIC_SHAKES "{reason=\"client\"}", "counter", "")                           \
    X(TLS_CLOSED, METRIC_SHAKES "{reason=\"closed\"}", "counter", "")                              \
    X(TLS_LATE, METRIC_SHAKES "{reason=\"timeout\"}", "counter", "")                               \
    X(DELIVERIES_DONE, "contactd_deliveries_delivered_total", "counter",                           \
      "Deliveries that arrived.")                                                                  \
    X(DELIVERIES_RETRIED, "contactd_deliveries_retried_total", "counter",                          \
      "Attempts that failed and will be repeated.")                                                \
    X(DELIVERIES_FAILED, "contactd_deliveries_failed_total", "counter",                            \
      "Deliveries that were given up.")                                                            \
    X(DELIVERIES_WAITING, "contactd_deliveries_waiting", "gauge",                                  \
      "Deliveries that wait, as counted every few seconds.")                                       \
    X(DELIVERY_OLDEST, "contactd_delivery_oldest_seconds", "gauge",                                \
      "Age of the oldest delivery that waits.")                                                    \
    X(SIGNINS, "contactd_signins_total", "counter", "Credentials verified (not from the cache).")  \
    X(SIGNINS_FAILED, "contactd_signins_failed_total", "counter", "Credentials that were wrong.")  \
    X(SIGNINS_THROTTLED, "contactd_signins_throttled_total", "counter",                            \
      "Sign-in attempts refused without looking.")

#define METRIC_AS_ENUM(name, text, kind, help) METRIC_##name,
enum metric { METRIC_LIST(METRIC_AS_ENUM) METRIC__COUNT };
#undef METRIC_AS_ENUM

void metric_add(enum metric metric, int64_t amount);
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);

/* Appends every row, and before the first of its name HELP and TYPE lines. */
void metrics_render(struct buf *out);

#endif
