/* SPDX-License-Identifier: MIT */
/*
 * What two encodings, an ETag and a 304 have to do with each other, for every
 * file that the program serves itself. HTTP threads.
 */
#include "asset.h"

#include "assets.h"
#include "http/reply.h"

/* "q=0", "q=0.000" (RFC 9110, section 12.4.2). */
static bool is_refused(struct str weight)
{
    if (!str_starts_with_nocase(weight, STR("q=")))
        return false;
    for (size_t i = 2; i < weight.len; i++)
        if (weight.ptr[i] != '0' && weight.ptr[i] != '.')
            return false;
    return true;
}

/* RFC 9110, section 12.5.3; what is sent is small either way, so weights are not compared. */
static bool takes_gzip(struct str accept_encoding)
{
    while (accept_encoding.ptr) {
        struct str weight = str_cut(&accept_encoding, ',');
        struct str coding = str_trim(str_cut(&weight, ';'));
        if (str_equal_nocase(coding, STR("gzip")))
            return !is_refused(str_trim(weight));
    }
    return false;
}

/* Weakly (RFC 9110, sections 8.8.3.2 and 13.1.2): our tags have a W/, and proxies drop or add it.
 */
static bool has_tag(struct str if_none_match, struct str tag)
{
    static const size_t WEAK = sizeof "W/" - 1;

    while (if_none_match.ptr) {
        struct str item = str_trim(str_cut(&if_none_match, ','));
        if (str_equal(item, STR("*")) || str_equal(item, tag) ||
            str_equal(item, (struct str){tag.ptr + WEAK, tag.len - WEAK}))
            return true;
    }
    return false;
}

enum flow asset_reply(struct exchange *x, const struct asset *asset, const char *content_type,
                      const char *cache_control)
{
    x->decision = "asset";
    reply_text(x, 200);
    x->reply.content_type = content_type;
    x->reply.is_cacheable = true;
    reply_header(x, "Cache-Control", cache_control);
    reply_header(x, "ETag", asset->etag);
    reply_header(x, "Vary", "Accept-Encoding");
    if (asset->zipped.ptr && takes_gzip(x->headers[HEADER_ACCEPT_ENCODING])) {
        reply_header(x, "Content-Encoding", "gzip");
        buf_put(&x->reply.body, asset->zipped);
    } else {
        buf_put(&x->reply.body, asset->plain);
    }
    /* The library sends no body with it, but the length, which must be the body's (RFC 9110, 8.6).
     */
    if (has_tag(x->headers[HEADER_IF_NONE_MATCH], str_of(asset->etag)))
        x->reply.status = 304;
    return FLOW_DONE;
}
