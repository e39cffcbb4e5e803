/* SPDX-License-Identifier: MIT */
/*
 * The mill: text in, plain words out. Both sides of a search go through it,
 * so the index need not know of any script; its tokenizer sees blanks and
 * takes everything else as it is. The tables are made by tests/gen/search_fold.py.
 *
 * Between two texts of a message stands a word that nobody can write, lest a
 * phrase begin in one and end in the other.
 */
#include "core/search_text.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "core/script.h"
#include "core/texts.h"
#include "search_fold.h"

#define BORDER "\xEE\x80\x80 " /* U+E000, private use: a separator wherever it is read */

enum {
    FIELDS_MEMORY_MAX = 8 * 1024 * 1024, /* a body of the largest size, every letter escaped */
    FIELDS_FIRST = 2048,
    POINT_BYTES = 4,
    /* Written without blanks between the words. */
    UNSPACED = SCRIPT_BIT(SCRIPT_HAN) | SCRIPT_BIT(SCRIPT_KANA) | SCRIPT_BIT(SCRIPT_THAI) |
               SCRIPT_BIT(SCRIPT_LAO) | SCRIPT_BIT(SCRIPT_KHMER) | SCRIPT_BIT(SCRIPT_MYANMAR),
};

/* --- letters ------------------------------------------------------------- */

static bool is_within(int32_t point, const int32_t (*ranges)[2], size_t count)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > ranges[middle][1])
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && point >= ranges[low][0];
}

/* The plain letter, or `point` itself. */
static int32_t fold(int32_t point)
{
    size_t low = 0, high = COUNTOF(FOLDS);

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > FOLDS[middle][0])
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNTOF(FOLDS) && FOLDS[low][0] == point ? FOLDS[low][1] : point;
}

/* The plain letters of one that becomes several, or NULL. */
static const char *fold_text(int32_t point)
{
    size_t low = 0, high = COUNTOF(FOLD_TEXTS);

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > FOLD_TEXTS[middle].point)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNTOF(FOLD_TEXTS) && FOLD_TEXTS[low].point == point ? FOLD_TEXTS[low].text
                                                                       : NULL;
}

static size_t encode(int32_t point, char bytes[POINT_BYTES])
{
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char HEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1; point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3f));
    bytes[0] = (char)(HEADS[len] | point);
    return len;
}

/* --- the mill ------------------------------------------------------------ */

struct mill {
    struct buf *out; /* begins with a blank; another ends every word */
    size_t max;      /* bytes of `out` */
    size_t word;     /* bytes of the word under way */
    size_t words;
    bool is_full;
};

static void end_word(struct mill *mill)
{
    if (mill->word)
        buf_put_char(mill->out, ' ');
    mill->word = 0;
}

static void put_letter(struct mill *mill, struct str letter)
{
    /* Room for the blank behind it, and for a border. */
    mill->is_full |= mill->out->len + letter.len + 1 + sizeof BORDER > mill->max;
    if (mill->is_full || mill->word + letter.len > SEARCH_WORD_MAX)
        return;
    mill->words += mill->word == 0;
    mill->word += letter.len;
    buf_put(mill->out, letter);
}

static void put_point(struct mill *mill, int32_t point)
{
    char bytes[POINT_BYTES];
    const char *several = fold_text(point);

    if (several)
        put_letter(mill, str_of(several));
    else
        put_letter(mill, (struct str){bytes, encode(fold(point), bytes)});
}

static void mill_foreign(struct mill *mill, int32_t point)
{
    if (is_within(point, DROPPED, COUNTOF(DROPPED)))
        return;
    if (is_within(point, SEPARATORS, COUNTOF(SEPARATORS))) {
        end_word(mill);
        return;
    }
    bool is_alone = SCRIPT_BIT(script_of(fold(point))) & UNSPACED;
    if (is_alone)
        end_word(mill);
    put_point(mill, point);
    if (is_alone)
        end_word(mill);
}

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void mill_ascii(struct mill *mill, char c)
{
    if (c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    if (is_plain((unsigned char)c))
        put_letter(mill, (struct str){&c, 1});
    else
        end_word(mill);
}

/* What is not UTF-8 stands between words. */
static void mill_text(struct mill *mill, struct str text)
{
    while (text.len && !mill->is_full) {
        int32_t point = (unsigned char)text.ptr[0] < 0x80 ? -1 : utf8_next(&text);
        if (point >= 0) {
            mill_foreign(mill, point);
            continue;
        }
        mill_ascii(mill, text.ptr[0]);
        text.ptr++;
        text.len--;
    }
    end_word(mill);
}

/* --- messages ------------------------------------------------------------ */

static void add_text(void *arg, struct str text)
{
    struct mill *mill = arg;
    size_t words = mill->words;

    mill_text(mill, text);
    if (mill->words > words)
        buf_put(mill->out, STR(BORDER));
}

/* Fields that cannot be read have no words; the others still have. */
static enum err add_fields(struct mill *mill, struct str json)
{
    _Alignas(max_align_t) char first[FIELDS_FIRST] NOT_CLEARED;
    struct fields fields NOT_CLEARED;
    struct arena arena;

    arena_init(&arena, FIELDS_MEMORY_MAX, first, sizeof first);
    enum err err = fields_from_json(json, &arena, &fields, NULL);
    if (err == ERR_OK) {
        for (size_t i = 0; i < fields.count; i++)
            texts_walk(&fields.list[i], add_text, mill);
        fields_done(&fields);
    }
    arena_done(&arena);
    return err == ERR_INVALID ? ERR_OK : err;
}

enum err search_text_make(const struct submission *row, struct buf *out)
{
    struct mill mill = {.out = out, .max = SEARCH_TEXT_MAX};

    out->len = 0;
    buf_put_char(out, ' ');
    add_text(&mill, row->name);
    add_text(&mill, row->email);
    add_text(&mill, row->message);
    if (row->fields.ptr)
        TRY(add_fields(&mill, row->fields));
    return buf_status(out);
}

void search_put_form(struct buf *out, struct str form)
{
    static const char HEX[] = "0123456789abcdef";

    buf_put_char(out, 'x');
    for (size_t i = 0; i < form.len && i < FORM_NAME_MAX; i++) {
        buf_put_char(out, HEX[(unsigned char)form.ptr[i] >> 4]);
        buf_put_char(out, HEX[(unsigned char)form.ptr[i] & 15]);
    }
}

/* --- what is looked for -------------------------------------------------- */

/* Takes the next word or phrase; false: there is none. */
static bool take_term(struct str *rest, struct str *ret_text, bool *ret_is_phrase)
{
    static const char BLANKS[] = " \t\r\n";
    size_t len = 0;

    while (rest->len && strchr(BLANKS, rest->ptr[0]))
        *rest = (struct str){rest->ptr + 1, rest->len - 1};
    if (!rest->len)
        return false;
    *ret_is_phrase = rest->ptr[0] == '"';
    if (*ret_is_phrase)
        *rest = (struct str){rest->ptr + 1, rest->len - 1};
    while (len < rest->len && rest->ptr[len] != '"' &&
           (*ret_is_phrase || !rest->ptr[len] || !strchr(BLANKS, rest->ptr[len])))
        len++;
    *ret_text = (struct str){rest->ptr, len};
    len += *ret_is_phrase && len < rest->len;
    *rest = (struct str){rest->ptr + len, rest->len - len};
    return true;
}

static bool take_star(struct str *rest)
{
    if (!rest->len || rest->ptr[0] != '*')
        return false;
    *rest = (struct str){rest->ptr + 1, rest->len - 1};
    return true;
}

/* A single character of an unspaced script is a whole word already. */
static bool may_go_on(struct str words)
{
    size_t at = words.len - 1; /* behind it stands a blank */

    while (words.ptr[at - 1] != ' ')
        at--;
    struct str last = {words.ptr + at, words.len - at};
    return !(SCRIPT_BIT(script_of(utf8_next(&last))) & UNSPACED);
}

static bool add_term(struct search *search, struct str text, bool is_prefix)
{
    struct buf words = {.ptr = search->text + search->used,
                        .room = sizeof search->text - search->used,
                        .max = sizeof search->text - search->used};
    struct mill mill = {.out = &words, .max = words.max};

    buf_put_char(&words, ' ');
    mill_text(&mill, text);
    if (!mill.words)
        return true; /* nothing but signs */
    if (search->count == SEARCH_TERMS_MAX || mill.is_full)
        return false;
    struct search_term *term = &search->terms[search->count++];
    *term = (struct search_term){(uint16_t)search->used, (uint16_t)words.len, (uint16_t)mill.words,
                                 false};
    search->used += words.len;
    term->is_prefix = is_prefix && may_go_on(buf_str(&words));
    return true;
}

bool search_parse(struct str text, struct search *ret_search)
{
    struct str rest = text, word;
    bool is_phrase;

    ret_search->count = ret_search->used = 0;
    ret_search->is_asked = text.len > 0;
    if (text.len > SEARCH_QUERY_MAX)
        return false;
    while (take_term(&rest, &word, &is_phrase)) {
        bool is_prefix = is_phrase ? take_star(&rest) : str_ends_with(word, STR("*"));
        bool is_last = !is_phrase && !str_trim(rest).len;
        if (!add_term(ret_search, word, is_prefix || is_last))
            return false;
    }
    return true;
}

bool search_fits(const struct search *search, struct str words)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct search_term *term = &search->terms[i];
        size_t len = (size_t)term->len - term->is_prefix;
        if (!words.len || !memmem(words.ptr, words.len, search->text + term->at, len))
            return false;
    }
    return search->count > 0;
}

/* Without the blanks around it. */
static struct str term_text(const struct search *search, const struct search_term *term)
{
    return (struct str){search->text + term->at + 1, (size_t)term->len - 2};
}

static struct str without_last_word(struct str text)
{
    while (text.len && text.ptr[text.len - 1] != ' ')
        text.len--;
    text.len -= text.len > 0;
    return text;
}

void search_put_form_match(struct buf *out, struct str form, bool is_first)
{
    buf_put(out, is_first ? STR("form:(\"") : STR(" OR \""));
    search_put_form(out, form);
    buf_put_char(out, '"');
}

bool search_put_match(struct buf *out, const struct search *search, bool is_rough)
{
    size_t asked = 0;

    buf_put(out, STR("text:("));
    for (size_t i = 0; i < search->count; i++) {
        const struct search_term *term = &search->terms[i];
        struct str text = term_text(search, term);
        bool is_cut = is_rough && term->is_prefix;
        if (is_cut)
            text = without_last_word(text);
        if (!text.len)
            continue;
        buf_put(out, asked++ ? STR(" AND \"") : STR("\""));
        buf_put(out, text);
        buf_put(out, term->is_prefix && !is_cut ? STR("\"*") : STR("\""));
    }
    buf_put_char(out, ')');
    return asked > 0;
}
