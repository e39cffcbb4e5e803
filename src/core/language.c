/* SPDX-License-Identifier: MIT */
/*
 * A text's commonest words give its language away: articles, pronouns and
 * prepositions make up a third of what people write. Each language has a row of such
 * words, taken where its neighbours do not have them too. Names, brands and
 * borrowed words are in no row, so they count for nobody.
 */
#include "core/language.h"

enum {
    WORD_MAX = 12,  /* bytes; longer ones are in no row */
    WORDS_MAX = 50, /* of a text; enough to know */
    HITS_MIN = 4,   /* less says nothing */
};

struct language_words {
    const char *code;
    const char *words; /* lower case, between blanks */
};

static const struct language_words ROWS[] = {
    {"en",
     " the and you your for with this that have are not from our would could please what when "
     "will can there they been about thanks which if of to is we my "},
    {"de",
     " der die das und nicht ist ich sie wir ein eine einen mit für auf bitte haben kann noch "
     "auch bei wird sind oder wenn dass ihre mir zu den dem von "},
    {"fr", " le les des est vous nous pas pour une dans je avec sur que qui votre mon sont bonjour "
           "merci cette être plus mais et du au ce "},
    {"es",
     " el los las que por una para con usted está pero como más muy gracias hola mi su ustedes "
     "quiero tengo si cuando hay del y es "},
    {"pt", " o os um uma não você para com que mais muito obrigado obrigada eu meu minha está são "
           "gostaria bom dia quando tem em da do as e "},
    {"it", " il gli che non per una sono con vorrei grazie della questo mi anche più ho è nel alla "
           "buongiorno come avete di si e la "},
    {"nl",
     " het een niet ik van je wij voor met zijn dat graag jullie heb kan maar ook naar wordt deze "
     "en op aan bij of dank de te "},
    {"pl",
     " nie się jest na że czy dla proszę mam od ale jak państwa dzień dobry do po z w i to oraz "
     "przez tym jestem za co "},
    {"tr",
     " bir ve için ile bu çok ne mi var merhaba ben olarak gibi daha teşekkürler lütfen kadar "
     "değil mı nasıl sizin olan "},
    {"sv",
     " och att det som är på jag inte med för en ni har vi till av kan hej tack om när ett den "
     "från vill "},
    {"cs",
     " je se na že to jsem pro dobrý den děkuji ale jak bych prosím máte nebo není by jste při od "
     "do v a "},
    {"id",
     " yang dan di untuk saya dengan ini tidak anda dari bisa ada kami itu akan apakah terima "
     "kasih ke pada "},
};

uint32_t language_bit(struct str language)
{
    struct str code = str_cut(&language, '-');

    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (str_equal_nocase(code, str_of(ROWS[i].code)))
            return UINT32_C(1) << i;
    return 0;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* The next word of `text`, ptr NULL after the last. */
static struct str next_word(struct str *text)
{
    while (text->len && !is_word(*text->ptr)) {
        text->ptr++;
        text->len--;
    }
    if (!text->len)
        return (struct str){0};
    struct str word = {text->ptr, 0};
    while (word.len < text->len && is_word(text->ptr[word.len]))
        word.len++;
    text->ptr += word.len;
    text->len -= word.len;
    return word;
}

/* Adds one to each of the languages `rows` that the word is common in. */
static void count_word(struct str word, uint32_t rows, unsigned hits[COUNTOF(ROWS)])
{
    char key[WORD_MAX + 3] = " ";

    if (word.len > WORD_MAX)
        return;
    for (size_t i = 0; i < word.len; i++)
        key[i + 1] =
            (char)(word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? word.ptr[i] | 0x20 : word.ptr[i]);
    key[word.len + 1] = ' ';
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (rows >> i & 1)
            hits[i] += strstr(ROWS[i].words, key) != NULL;
}

/* The likeliest of the languages `rows` when a text is clearly in one, else NULL. */
static const struct language_words *clear_one(struct str text, uint32_t rows, unsigned *ret_hits)
{
    unsigned hits[COUNTOF(ROWS)] = {0}, words = 0;
    size_t best = 0;

    for (struct str word; words < WORDS_MAX && (word = next_word(&text)).ptr; words++)
        count_word(word, rows, hits);
    for (size_t i = 1; i < COUNTOF(ROWS); i++)
        if (hits[i] > hits[best])
            best = i;
    *ret_hits = hits[best];
    return hits[best] >= HITS_MIN && hits[best] * 6 >= words ? &ROWS[best] : NULL;
}

const char *language_guess(struct str text, uint32_t expected)
{
    unsigned hits = 0, expected_hits = 0;

    /* Most texts are what they should be, and then nobody asks what else they might be. */
    if (expected && clear_one(text, expected, &expected_hits))
        return NULL;
    const struct language_words *row = clear_one(text, ~expected, &hits);
    return row && hits >= expected_hits * 2 ? row->code : NULL;
}
