/* SPDX-License-Identifier: MIT */
/*
 * Mails to the operator's people, and the answer to a visitor. The envelope is the
 * operator's own, always; a visitor's address is where answers go, if it can be one.
 *
 * An automatic answer is the one mail that a stranger can have sent to a mailbox of his
 * choosing. So nothing of its form is his, and it never goes to a program, to the
 * sender itself or to a mailbox that hears of the form: no two programs talk to each other here.
 */
#include "channel_parts.h"
#include "core/mail_text.h"

static enum err send_by_smtp(const struct mail_sender *sender, const struct mail *mail,
                             struct outgoing *out, struct err_detail *detail)
{
    TRY(mail_render(&out->body, mail, detail));
    out->is_smtp = true;
    buf_put(&out->url, sender->url);
    buf_put(&out->from, sender->address);
    buf_put(&out->to, mail->to.address);
    return ERR_OK;
}

/* `mail` is all but its texts. */
static enum err compose(const struct channel_input *input, struct mail *mail, struct outgoing *out,
                        struct err_detail *detail)
{
    CLEANUP(mail_text_done) struct mail_text text;

    mail_text_init(&text);
    TRY(mail_text_compose(input, &text));
    mail->subject = buf_str(&text.subject);
    mail->text = buf_str(&text.text);
    mail->html = text.html.len ? buf_str(&text.html) : (struct str){0};
    mail->form = input->form;
    mail->id = input->id;
    mail->date_ms = input->now_ms;
    return input->sender->service == MAIL_SMTP ? send_by_smtp(input->sender, mail, out, detail)
                                               : channel_api(input->sender, mail, out, detail);
}

static enum err check_sender(const struct mail_sender *sender, struct err_detail *detail)
{
    if (sender->service == MAIL_NONE)
        return err_set(detail, ERR_INVALID,
                       "no mail sender is set: set the options smtp_url and smtp_from");
    if (!mail_address_is_usable(sender->address))
        return err_set(detail, ERR_INVALID, "the option smtp_from needs an address of plain ASCII");
    return ERR_OK;
}

enum err channel_mail(const struct channel_input *input, struct outgoing *out,
                      struct err_detail *detail)
{
    struct mail mail = {
        .kind = input->row_count == 1 ? MAIL_NOTICE : MAIL_AUTOMATIC,
        .from = {.address = input->sender->address, .name = input->sender->name},
        .to = {.address = input->destination->address},
    };

    TRY(check_sender(input->sender, detail));
    if (!mail_address_is_usable(mail.to.address))
        return err_set(detail, ERR_INVALID,
                       "notifications need an address of plain ASCII such as you@example.com");
    if (mail.kind == MAIL_NOTICE && mail_address_is_public(input->rows[0].email))
        mail.reply_to = (struct mailbox){input->rows[0].email, input->rows[0].name};
    return compose(input, &mail, out, detail);
}

/* --- the autoresponder --------------------------------------------------- */

/* Local parts of programs, without dots, dashes and underscores; and how they begin or end. */
static const char *const MACHINES[] = {"postmaster", "daemon",        "listserv",  "majordomo",
                                       "autoreply",  "autoresponder", "automailer"};
static const char *const BEGINNINGS[] = {"mailerdaemon", "bounce",    "noreply",
                                         "donotreply",   "dontreply", "msprvs1"};
static const char *const ENDINGS[] = {"-request", "-bounces", "-bounce",  "-owner",
                                      "-noreply", ".noreply", "_noreply", "no-reply"};

enum { LOCAL_MAX = 64 };

static bool is_in(struct str text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(text, str_of(list[i])))
            return true;
    return false;
}

static bool begins_with_any(struct str text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_starts_with_nocase(text, str_of(list[i])))
            return true;
    return false;
}

static bool ends_with_any(struct str text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str ending = str_of(list[i]);
        if (text.len >= ending.len &&
            str_equal_nocase((struct str){text.ptr + text.len - ending.len, ending.len}, ending))
            return true;
    }
    return false;
}

/* `address` is one that mail_address_is_usable(). */
static bool is_machine(struct str address)
{
    char squeezed[LOCAL_MAX];
    struct str local = str_cut(&address, '@'), plain = {squeezed, 0};

    for (size_t i = 0; i < local.len && plain.len < sizeof squeezed; i++)
        if (!memchr("-_.", local.ptr[i], 3))
            squeezed[plain.len++] = local.ptr[i];
    return is_in(plain, MACHINES, COUNTOF(MACHINES)) ||
           begins_with_any(plain, BEGINNINGS, COUNTOF(BEGINNINGS)) ||
           ends_with_any(local, ENDINGS, COUNTOF(ENDINGS)) ||
           str_starts_with_nocase(local, STR("owner-"));
}

/* Whether both come to one mailbox: case and what stands behind a '+' do not tell them apart. */
static bool is_same_mailbox(struct str a, struct str b)
{
    struct str local_a = str_cut(&a, '@'), local_b = str_cut(&b, '@');

    return str_equal_nocase(str_cut(&local_a, '+'), str_cut(&local_b, '+')) &&
           str_equal_nocase(a, b);
}

static bool hears_of_form(const struct notice *notice, struct str address)
{
    for (size_t i = 0; i < notice->count; i++)
        if (notice->destinations[i].channel == CHANNEL_MAIL &&
            is_same_mailbox(notice->destinations[i].address, address))
            return true;
    return false;
}

static enum err check_visitor(const struct channel_input *input, const struct submission *row,
                              struct err_detail *detail)
{
    if (!row->email.len)
        return err_set(detail, ERR_INVALID, "the visitor left no e-mail address");
    if (!mail_address_is_public(row->email))
        return err_set(detail, ERR_INVALID,
                       "the visitor's address cannot be answered by a program");
    if (row->state == STATE_SPAM)
        return err_set(detail, ERR_INVALID, "spam is not answered");
    if (is_machine(row->email))
        return err_set(detail, ERR_INVALID, "the visitor's address is a program's");
    if (is_same_mailbox(row->email, input->sender->address) ||
        hears_of_form(input->notice, row->email))
        return err_set(detail, ERR_INVALID, "the visitor's address is one of our own");
    return ERR_OK;
}

enum err channel_reply(const struct channel_input *input, struct outgoing *out,
                       struct err_detail *detail)
{
    struct mail mail = {
        .kind = MAIL_REPLY,
        .from = {.address = input->sender->address, .name = input->sender->name},
    };

    TRY(check_sender(input->sender, detail));
    if (input->row_count != 1)
        return err_set(detail, ERR_INVALID, "an automatic reply answers one message");
    TRY(check_visitor(input, &input->rows[0], detail));
    mail.to.address = input->rows[0].email;
    return compose(input, &mail, out, detail);
}
