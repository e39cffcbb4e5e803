/* SPDX-License-Identifier: MIT */
#include "core/language.h"

#include "check.h"

static void languages_are_guessed(void **state)
{
    static const struct {
        const char *code; /* NULL: in doubt */
        const char *text;
    } ROWS[] = {
        {NULL, ""},
        {NULL, "hello"},
        {NULL, "ok 12345"},
        {"en", "Hello, could you please tell me when the shop will be open this week?"},
        {"de", "Guten Tag, können Sie mir bitte sagen, wann der Laden geöffnet ist und ob ich mit "
               "Karte zahlen kann?"},
        {"fr", "Bonjour, je voudrais savoir si vous avez une table pour deux dans le jardin et "
               "pour quelle heure."},
        {"es", "Hola, quiero saber si hay una mesa para dos personas en el jardín y cuando abren, "
               "muchas gracias por todo."},
        {"pt", "Bom dia, gostaria de saber se vocês têm uma mesa para dois e quando abrem, muito "
               "obrigado."},
        {"it", "Buongiorno, vorrei sapere se avete ancora una camera per due persone con vista, "
               "grazie della risposta."},
        {"nl", "Ik wil graag weten of jullie deze fiets ook met een mand voor het stuur hebben."},
        {"pl", "Dzień dobry, czy jest możliwe, że dostanę fakturę na firmę? Proszę o odpowiedź, "
               "jak to zrobić."},
        {"tr", "Merhaba, bu ürün için bir indirim var mı ve kargo ne kadar sürer?"},
        {"sv", "Hej, jag vill gärna veta om det är möjligt att byta storlek på jackan och hur."},
        {"cs", "Dobrý den, prosím máte ještě volný termín na zítra? Děkuji, že to vyřídíte."},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        const char *code = language_guess(str_of(ROWS[i].text), 0);
        CHECK_ROW(!code == !ROWS[i].code, ROWS[i].text);
        CHECK_ROW(!code || strcmp(code, ROWS[i].code) == 0, ROWS[i].text);
    }
}

static void an_absent_text_has_no_language(void **state)
{
    (void)state;
    assert_null(language_guess((struct str){0}, 0));
    assert_null(language_guess((struct str){0}, language_bit(STR("en"))));
}

static void what_is_expected_wins_in_doubt(void **state)
{
    const struct str text = STR("el perro es de la casa que o eu não y el gato del mi");
    const char *code = language_guess(text, 0);

    (void)state;
    assert_non_null(code);
    assert_string_equal(code, "es");
    assert_null(language_guess(text, language_bit(STR("pt")) | language_bit(STR("it"))));
}

static void languages_have_bits_of_their_own(void **state)
{
    (void)state;
    assert_int_not_equal(language_bit(STR("en")), 0);
    assert_int_equal(language_bit(STR("EN-gb")), language_bit(STR("en")));
    assert_int_not_equal(language_bit(STR("de")), language_bit(STR("en")));
    assert_int_equal(language_bit(STR("ru")), 0);
    assert_int_equal(language_bit(STR("")), 0);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("languages are guessed", languages_are_guessed),
        CASE("an absent text has no language", an_absent_text_has_no_language),
        CASE("what is expected wins in doubt", what_is_expected_wins_in_doubt),
        CASE("languages have bits of their own", languages_have_bits_of_their_own),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
