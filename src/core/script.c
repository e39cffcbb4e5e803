/* SPDX-License-Identifier: MIT */
/*
 * Scripts by Unicode block, which is coarser than the Script property and
 * enough to tell whole texts apart. Case folding follows UnicodeData.txt where
 * upper and lower case lie at a fixed distance or side by side; the few letters
 * that do neither keep their case, which costs nothing but a match.
 */
#include "core/script.h"

#include "base/utf8.h"

struct block {
    int32_t first, last;
    enum script script;
};

/* In order, for the binary search. */
static const struct block BLOCKS[] = {
    {'A', 'Z', SCRIPT_LATIN},          {'a', 'z', SCRIPT_LATIN},
    {0xaa, 0xaa, SCRIPT_LATIN},        {0xba, 0xba, SCRIPT_LATIN},
    {0xc0, 0xd6, SCRIPT_LATIN},        {0xd8, 0xf6, SCRIPT_LATIN},
    {0xf8, 0x24f, SCRIPT_LATIN},       {0x250, 0x2af, SCRIPT_LATIN},
    {0x370, 0x3ff, SCRIPT_GREEK},      {0x400, 0x52f, SCRIPT_CYRILLIC},
    {0x531, 0x58f, SCRIPT_ARMENIAN},   {0x591, 0x5f4, SCRIPT_HEBREW},
    {0x610, 0x61a, SCRIPT_ARABIC},     {0x620, 0x65f, SCRIPT_ARABIC},
    {0x66e, 0x6ef, SCRIPT_ARABIC},     {0x6fa, 0x6ff, SCRIPT_ARABIC},
    {0x750, 0x77f, SCRIPT_ARABIC},     {0x900, 0x963, SCRIPT_DEVANAGARI},
    {0x971, 0x97f, SCRIPT_DEVANAGARI}, {0x980, 0x9e3, SCRIPT_BENGALI},
    {0xa01, 0xa65, SCRIPT_GURMUKHI},   {0xa70, 0xa76, SCRIPT_GURMUKHI},
    {0xa81, 0xae3, SCRIPT_GUJARATI},   {0xb82, 0xbe5, SCRIPT_TAMIL},
    {0xc00, 0xc65, SCRIPT_TELUGU},     {0xc80, 0xce5, SCRIPT_KANNADA},
    {0xd00, 0xd65, SCRIPT_MALAYALAM},  {0xd81, 0xdf3, SCRIPT_SINHALA},
    {0xe01, 0xe4e, SCRIPT_THAI},       {0xe81, 0xecd, SCRIPT_LAO},
    {0x1000, 0x103f, SCRIPT_MYANMAR},  {0x10a0, 0x10ff, SCRIPT_GEORGIAN},
    {0x1100, 0x11ff, SCRIPT_HANGUL},   {0x1200, 0x135f, SCRIPT_ETHIOPIC},
    {0x1780, 0x17d3, SCRIPT_KHMER},    {0x1e00, 0x1eff, SCRIPT_LATIN},
    {0x1f00, 0x1fff, SCRIPT_GREEK},    {0x3041, 0x30ff, SCRIPT_KANA},
    {0x3131, 0x318e, SCRIPT_HANGUL},   {0x31f0, 0x31ff, SCRIPT_KANA},
    {0x3400, 0x4dbf, SCRIPT_HAN},      {0x4e00, 0x9fff, SCRIPT_HAN},
    {0xac00, 0xd7a3, SCRIPT_HANGUL},   {0xf900, 0xfaff, SCRIPT_HAN},
    {0xfb50, 0xfdff, SCRIPT_ARABIC},   {0xfe70, 0xfefc, SCRIPT_ARABIC},
    {0xff21, 0xff3a, SCRIPT_LATIN},    {0xff41, 0xff5a, SCRIPT_LATIN},
    {0xff66, 0xff9d, SCRIPT_KANA},     {0x20000, 0x3134f, SCRIPT_HAN},
};

static const char *const TEXTS[] = {
    [SCRIPT_NONE] = "no letters",
    [SCRIPT_LATIN] = "Latin",
    [SCRIPT_GREEK] = "Greek",
    [SCRIPT_CYRILLIC] = "Cyrillic",
    [SCRIPT_ARMENIAN] = "Armenian",
    [SCRIPT_HEBREW] = "Hebrew",
    [SCRIPT_ARABIC] = "Arabic",
    [SCRIPT_DEVANAGARI] = "Devanagari",
    [SCRIPT_BENGALI] = "Bengali",
    [SCRIPT_GURMUKHI] = "Gurmukhi",
    [SCRIPT_GUJARATI] = "Gujarati",
    [SCRIPT_TAMIL] = "Tamil",
    [SCRIPT_TELUGU] = "Telugu",
    [SCRIPT_KANNADA] = "Kannada",
    [SCRIPT_MALAYALAM] = "Malayalam",
    [SCRIPT_SINHALA] = "Sinhala",
    [SCRIPT_THAI] = "Thai",
    [SCRIPT_LAO] = "Lao",
    [SCRIPT_MYANMAR] = "Myanmar",
    [SCRIPT_GEORGIAN] = "Georgian",
    [SCRIPT_ETHIOPIC] = "Ethiopic",
    [SCRIPT_KHMER] = "Khmer",
    [SCRIPT_HANGUL] = "Hangul",
    [SCRIPT_KANA] = "Kana",
    [SCRIPT_HAN] = "Han",
};

_Static_assert(COUNTOF(TEXTS) == SCRIPT__COUNT, "every script has a name");
_Static_assert(SCRIPT__COUNT <= 32, "a mask holds them all");

const char *script_text(enum script script)
{
    return TEXTS[script];
}

/* The block that holds `point`, or NULL. */
static const struct block *block_of(int32_t point)
{
    size_t low = 0, high = COUNTOF(BLOCKS);

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > BLOCKS[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNTOF(BLOCKS) && point >= BLOCKS[low].first ? &BLOCKS[low] : NULL;
}

enum script script_of(int32_t point)
{
    const struct block *block = block_of(point);

    return block ? block->script : SCRIPT_NONE;
}

/* Upper case from `first` to `last`; `step` 2: it alternates with its lower case. */
struct case_range {
    int32_t first, last, step, distance;
};

static const struct case_range CASES[] = {
    {'A', 'Z', 1, 32},       {0xc0, 0xd6, 1, 32},   {0xd8, 0xde, 1, 32},    {0x100, 0x12e, 2, 1},
    {0x130, 0x130, 1, -199}, {0x132, 0x136, 2, 1},  {0x139, 0x147, 2, 1},   {0x14a, 0x176, 2, 1},
    {0x178, 0x178, 1, -121}, {0x179, 0x17d, 2, 1},  {0x1a0, 0x1a4, 2, 1},   {0x1af, 0x1af, 1, 1},
    {0x1cd, 0x1db, 2, 1},    {0x1de, 0x1ee, 2, 1},  {0x1f8, 0x21e, 2, 1},   {0x386, 0x386, 1, 38},
    {0x388, 0x38a, 1, 37},   {0x38c, 0x38c, 1, 64}, {0x38e, 0x38f, 1, 63},  {0x391, 0x3a1, 1, 32},
    {0x3a3, 0x3ab, 1, 32},   {0x3c2, 0x3c2, 1, 1},  {0x400, 0x40f, 1, 80},  {0x410, 0x42f, 1, 32},
    {0x460, 0x480, 2, 1},    {0x48a, 0x4be, 2, 1},  {0x4c0, 0x4c0, 1, 15},  {0x4c1, 0x4cd, 2, 1},
    {0x4d0, 0x52e, 2, 1},    {0x531, 0x556, 1, 48}, {0x1e00, 0x1e94, 2, 1}, {0x1ea0, 0x1efe, 2, 1},
    {0xff21, 0xff3a, 1, 32},
};

int32_t script_fold(int32_t point)
{
    for (size_t i = 0; i < COUNTOF(CASES) && point >= CASES[i].first; i++)
        if (point <= CASES[i].last)
            return (point - CASES[i].first) % CASES[i].step ? point : point + CASES[i].distance;
    return point;
}

struct language_row {
    const char *languages; /* ISO 639 codes between blanks */
    uint32_t scripts;
};

/* Every language of ISO 639-1 that has a script above and speakers who write to forms. */
static const struct language_row LANGUAGES[] = {
    {" af az br bs ca co cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr ht hu id ig is it la"
     " lb lt lv mg mi ms mt nb nl nn no ny oc pl pt qu rm ro rw sk sl sm sn so sq st su sv sw tk tl"
     " tn tr uz vi wo xh yo zu ",
     SCRIPT_BIT(SCRIPT_LATIN)},
    {" be bg ce cv kk ky mk mn os ru tg tt uk ", SCRIPT_BIT(SCRIPT_CYRILLIC)},
    {" sr ", SCRIPT_BIT(SCRIPT_CYRILLIC) | SCRIPT_BIT(SCRIPT_LATIN)},
    {" el ", SCRIPT_BIT(SCRIPT_GREEK)},
    {" hy ", SCRIPT_BIT(SCRIPT_ARMENIAN)},
    {" ka ", SCRIPT_BIT(SCRIPT_GEORGIAN)},
    {" he yi ", SCRIPT_BIT(SCRIPT_HEBREW)},
    {" ar fa ku ps sd ug ur ", SCRIPT_BIT(SCRIPT_ARABIC)},
    {" hi mr ne sa ", SCRIPT_BIT(SCRIPT_DEVANAGARI)},
    {" as bn ", SCRIPT_BIT(SCRIPT_BENGALI)},
    {" pa ", SCRIPT_BIT(SCRIPT_GURMUKHI) | SCRIPT_BIT(SCRIPT_ARABIC)},
    {" gu ", SCRIPT_BIT(SCRIPT_GUJARATI)},
    {" ta ", SCRIPT_BIT(SCRIPT_TAMIL)},
    {" te ", SCRIPT_BIT(SCRIPT_TELUGU)},
    {" kn ", SCRIPT_BIT(SCRIPT_KANNADA)},
    {" ml ", SCRIPT_BIT(SCRIPT_MALAYALAM)},
    {" si ", SCRIPT_BIT(SCRIPT_SINHALA)},
    {" th ", SCRIPT_BIT(SCRIPT_THAI)},
    {" lo ", SCRIPT_BIT(SCRIPT_LAO)},
    {" my ", SCRIPT_BIT(SCRIPT_MYANMAR)},
    {" am ti ", SCRIPT_BIT(SCRIPT_ETHIOPIC)},
    {" km ", SCRIPT_BIT(SCRIPT_KHMER)},
    {" ko ", SCRIPT_BIT(SCRIPT_HANGUL) | SCRIPT_BIT(SCRIPT_HAN)},
    {" ja ", SCRIPT_BIT(SCRIPT_KANA) | SCRIPT_BIT(SCRIPT_HAN)},
    {" zh ", SCRIPT_BIT(SCRIPT_HAN)},
};

uint32_t script_of_language(struct str language)
{
    struct str code = str_cut(&language, '-');
    char key[] = {' ', '?', '?', ' ', '\0'};

    if (code.len != 2)
        return 0;
    for (size_t i = 0; i < code.len; i++)
        key[i + 1] = (char)script_fold((unsigned char)code.ptr[i]);
    for (size_t i = 0; i < COUNTOF(LANGUAGES); i++)
        if (strstr(LANGUAGES[i].languages, key))
            return LANGUAGES[i].scripts;
    return 0;
}

/* Scripts whose letters are lent to each other's words to deceive the eye. */
static bool is_disguise(uint32_t scripts)
{
    const uint32_t lookalikes = SCRIPT_BIT(SCRIPT_GREEK) | SCRIPT_BIT(SCRIPT_CYRILLIC);

    return scripts & SCRIPT_BIT(SCRIPT_LATIN) && scripts & lookalikes;
}

void script_count(struct str text, struct script_count *count)
{
    const struct block *block = BLOCKS; /* the last one: letters come in runs */
    uint32_t word = 0;                  /* the scripts of the word so far */

    while (text.len) {
        int32_t point = utf8_next(&text);
        if (point < 0)
            break;
        if (!block || point < block->first || point > block->last)
            block = block_of(point);
        if (block) {
            count->letters[block->script]++;
            count->total++;
            word |= SCRIPT_BIT(block->script);
        } else {
            count->mixed_words += is_disguise(word);
            word = 0;
        }
    }
    count->mixed_words += is_disguise(word);
}
