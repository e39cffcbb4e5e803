/* SPDX-License-Identifier: MIT */
/* What became of something that a page sent along to show that a person uses it. */
#ifndef CONTACTD_CORE_VERDICT_H
#define CONTACTD_CORE_VERDICT_H

/* Of a form token, a proof of work or a captcha. */
enum verdict {
    VERDICT_NONE, /* not asked for, or not looked at */
    VERDICT_FINE,
    VERDICT_ABSENT, /* the page should have sent one */
    VERDICT_MALFORMED,
    VERDICT_FORGED,
    VERDICT_OTHER_FORM,
    VERDICT_TOO_YOUNG,
    VERDICT_EXPIRED,
    VERDICT_WRONG, /* genuine, but not solved; or the captcha's service said no */
    VERDICT_REUSED,
    VERDICT_UNREACHABLE, /* the captcha's service did not answer */
    VERDICT__COUNT
};

#endif
