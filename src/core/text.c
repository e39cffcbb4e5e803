/* SPDX-License-Identifier: MIT */
/* The table of sentences, one column a language, and the choice among them. */
#include "core/text.h"

static const char *const CODES[LANGUAGE__COUNT] = {
#define LANGUAGE_AS_CODE(name, code) [LANGUAGE_##name] = code,
    LANGUAGE_LIST(LANGUAGE_AS_CODE)
#undef LANGUAGE_AS_CODE
};

static const char *const SENTENCES[TEXT__COUNT][LANGUAGE__COUNT] = {
    [TEXT_THANKS] = {"Thank you!", "Vielen Dank!", "Merci !", "¡Gracias!", "Obrigado!", "Grazie!",
                     "Bedankt!", "Dziękujemy!"},
    [TEXT_ARRIVED] = {"Thank you! Your message has arrived.",
                      "Vielen Dank! Ihre Nachricht ist angekommen.",
                      "Merci ! Votre message est bien arrivé.", "¡Gracias! Su mensaje ha llegado.",
                      "Obrigado! A sua mensagem chegou.", "Grazie! Il Suo messaggio è arrivato.",
                      "Bedankt! Uw bericht is aangekomen.", "Dziękujemy! Wiadomość dotarła."},
    [TEXT_BACK] = {"Back to the page", "Zurück zur Seite", "Retour à la page", "Volver a la página",
                   "Voltar à página", "Torna alla pagina", "Terug naar de pagina",
                   "Powrót do strony"},
    [TEXT_NOT_SENT] = {"Your message has not been sent yet",
                       "Ihre Nachricht wurde noch nicht gesendet",
                       "Votre message n’a pas encore été envoyé", "Su mensaje aún no se ha enviado",
                       "A sua mensagem ainda não foi enviada",
                       "Il Suo messaggio non è ancora stato inviato",
                       "Uw bericht is nog niet verzonden", "Wiadomość nie została jeszcze wysłana"},
    [TEXT_CORRECT] =
        {"Please correct what is marked below. Everything you wrote is still here.",
         "Bitte korrigieren Sie, was unten markiert ist. Alles, was Sie geschrieben "
         "haben, ist noch da.",
         "Veuillez corriger ce qui est signalé ci-dessous. Tout ce que vous avez écrit "
         "est encore là.",
         "Corrija lo que está marcado abajo. Todo lo que ha escrito sigue aquí.",
         "Corrija o que está assinalado abaixo. Tudo o que escreveu continua aqui.",
         "Corregga ciò che è segnalato qui sotto. Tutto ciò che ha scritto è ancora "
         "qui.",
         "Verbeter wat hieronder is gemarkeerd. Alles wat u schreef, staat er nog.",
         "Popraw to, co zaznaczono poniżej. Cały tekst nadal tu jest."},
    [TEXT_TRY_AGAIN] = {"Send", "Senden", "Envoyer", "Enviar", "Enviar", "Invia", "Verzenden",
                        "Wyślij"},
    [TEXT_KEPT] = {"That did not work just now. Everything you wrote is still here; please try "
                   "again in a moment.",
                   "Das hat gerade nicht geklappt. Alles, was Sie geschrieben haben, ist noch da; "
                   "bitte versuchen Sie es gleich noch einmal.",
                   "Cela n’a pas fonctionné. Tout ce que vous avez écrit est encore là ; veuillez "
                   "réessayer dans un instant.",
                   "No ha funcionado. Todo lo que ha escrito sigue aquí; inténtelo de nuevo en un "
                   "momento.",
                   "Não funcionou. Tudo o que escreveu continua aqui; tente novamente dentro de "
                   "momentos.",
                   "Non ha funzionato. Tutto ciò che ha scritto è ancora qui; riprovi tra un "
                   "momento.",
                   "Dat lukte niet. Alles wat u schreef, staat er nog; probeer het zo nog eens.",
                   "Nie udało się. Cały tekst nadal tu jest; spróbuj ponownie za chwilę."},
    [TEXT_REFUSED] =
        {"This form cannot take your message. Please tell the site’s owner.",
         "Dieses Formular kann Ihre Nachricht nicht annehmen. Bitte sagen Sie dem "
         "Betreiber der Seite Bescheid.",
         "Ce formulaire ne peut pas recevoir votre message. Veuillez en informer le "
         "propriétaire du site.",
         "Este formulario no puede aceptar su mensaje. Avise al propietario del sitio.",
         "Este formulário não pode aceitar a sua mensagem. Avise o dono do site.",
         "Questo modulo non può accettare il Suo messaggio. Avvisi il proprietario del "
         "sito.",
         "Dit formulier kan uw bericht niet aannemen. Laat het de eigenaar van de site "
         "weten.",
         "Ten formularz nie może przyjąć wiadomości. Powiadom właściciela strony."},
    [TEXT_TOO_LARGE] = {"Your message is too large.", "Ihre Nachricht ist zu groß.",
                        "Votre message est trop volumineux.", "Su mensaje es demasiado grande.",
                        "A sua mensagem é demasiado grande.", "Il Suo messaggio è troppo grande.",
                        "Uw bericht is te groot.", "Wiadomość jest za duża."},
    [TEXT_REQUIRED] = {"Please fill this in.", "Bitte ausfüllen.", "Veuillez remplir ce champ.",
                       "Rellene este campo.", "Preencha este campo.", "Compili questo campo.",
                       "Vul dit veld in.", "Wypełnij to pole."},
    [TEXT_EMAIL] = {"Please enter an e-mail address such as ada@example.org.",
                    "Bitte geben Sie eine E-Mail-Adresse wie ada@example.org ein.",
                    "Veuillez saisir une adresse e-mail comme ada@example.org.",
                    "Escriba una dirección de correo como ada@example.org.",
                    "Escreva um endereço de e-mail como ada@example.org.",
                    "Inserisca un indirizzo e-mail come ada@example.org.",
                    "Vul een e-mailadres in zoals ada@example.org.",
                    "Podaj adres e-mail, np. ada@example.org."},
    [TEXT_TOO_LONG] = {"This is too long.", "Das ist zu lang.", "C’est trop long.",
                       "Es demasiado largo.", "É demasiado longo.", "È troppo lungo.",
                       "Dit is te lang.", "To jest za długie."},
    [TEXT_TOO_SHORT] = {"This is too short.", "Das ist zu kurz.", "C’est trop court.",
                        "Es demasiado corto.", "É demasiado curto.", "È troppo corto.",
                        "Dit is te kort.", "To jest za krótkie."},
    [TEXT_CHOICE] = {"Please choose one of the given values.",
                     "Bitte wählen Sie einen der vorgegebenen Werte.",
                     "Veuillez choisir l’une des valeurs proposées.",
                     "Elija uno de los valores indicados.", "Escolha um dos valores indicados.",
                     "Scelga uno dei valori indicati.", "Kies een van de gegeven waarden.",
                     "Wybierz jedną z podanych wartości."},
    [TEXT_FILE] = {"This form takes no files.", "Dieses Formular nimmt keine Dateien an.",
                   "Ce formulaire n’accepte pas de fichiers.",
                   "Este formulario no acepta archivos.", "Este formulário não aceita ficheiros.",
                   "Questo modulo non accetta file.", "Dit formulier neemt geen bestanden aan.",
                   "Ten formularz nie przyjmuje plików."},
    [TEXT_INVALID] = {"This is not valid.", "Das ist nicht gültig.", "Ce n’est pas valide.",
                      "No es válido.", "Não é válido.", "Non è valido.", "Dit is niet geldig.",
                      "To jest nieprawidłowe."},
    [TEXT_EMPTY] = {"Please fill in the form.", "Bitte füllen Sie das Formular aus.",
                    "Veuillez remplir le formulaire.", "Rellene el formulario.",
                    "Preencha o formulário.", "Compili il modulo.", "Vul het formulier in.",
                    "Wypełnij formularz."},
};

const char *text_say(enum language language, enum text text)
{
    return SENTENCES[text][language];
}

const char *language_code(enum language language)
{
    return CODES[language];
}

bool language_parse(struct str tag, enum language *ret_language)
{
    struct str primary = str_cut(&tag, '-');

    for (int i = 0; i < LANGUAGE__COUNT; i++) {
        if (!str_equal_nocase(primary, str_of(CODES[i])))
            continue;
        *ret_language = (enum language)i;
        return true;
    }
    return false;
}

/* "0.8" in thousandths; what is no weight counts as 1, as if there were none. */
static int read_weight(struct str text)
{
    int weight = 0, place = 1000;

    text = str_trim(text);
    if (!str_starts_with_nocase(text, STR("q=")) || text.len < 3)
        return 1000;
    for (size_t i = 2; i < text.len && place > 0; i++) {
        if (text.ptr[i] == '.')
            continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 1000;
        weight += (text.ptr[i] - '0') * place;
        place /= 10;
    }
    return weight;
}

enum language language_negotiate(struct str accept_language)
{
    enum language best = LANGUAGE_EN, language;
    int best_weight = 0;

    while (accept_language.ptr) {
        struct str rest = str_cut(&accept_language, ',');
        struct str tag = str_trim(str_cut(&rest, ';'));
        int weight = read_weight(rest);
        if (weight <= best_weight || !language_parse(tag, &language))
            continue;
        best = language;
        best_weight = weight;
    }
    return best;
}

enum text text_of_field_code(enum field_code code)
{
    switch (code) {
    case FIELD_CODE_REQUIRED:
        return TEXT_REQUIRED;
    case FIELD_CODE_EMPTY:
        return TEXT_EMPTY;
    case FIELD_CODE_EMAIL:
        return TEXT_EMAIL;
    case FIELD_CODE_TOO_SHORT:
        return TEXT_TOO_SHORT;
    case FIELD_CODE_TOO_LONG:
    case FIELD_CODE_FIELDS_TOO_LARGE:
        return TEXT_TOO_LONG;
    case FIELD_CODE_ENUM:
        return TEXT_CHOICE;
    case FIELD_CODE_NO_FILE_UPLOADS:
        return TEXT_FILE;
    case FIELD_CODE_TYPE:
    case FIELD_CODE_TOO_SMALL:
    case FIELD_CODE_TOO_LARGE:
    case FIELD_CODE_PATTERN:
    case FIELD_CODE_FORMAT:
    case FIELD_CODE_UNKNOWN_FIELD:
    case FIELD_CODE_CONTROL_CHARACTER:
    case FIELD_CODE_TOO_MANY_FIELDS:
    case FIELD_CODE_FIELD_NAME:
        break;
    }
    return TEXT_INVALID;
}
