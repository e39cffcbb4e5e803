/* SPDX-License-Identifier: MIT */
/*
 * The table of sentences, and the choice of a language. A sentence speaks to
 * somebody who filled in a form and knows nothing of servers: what happened,
 * and what to do. Where a language has a formal address it is used. The last ones are for
 * the form's own people.
 */
#include "core/text.h"

static const char *const CODES[LANGUAGE__COUNT] = {
#define LANGUAGE_AS_CODE(name, code) [LANGUAGE_##name] = code,
    LANGUAGE_LIST(LANGUAGE_AS_CODE)
#undef LANGUAGE_AS_CODE
};

#define ROW(text, en, de, fr, es, pt, it, nl, pl)                                                  \
    [text] = {[LANGUAGE_EN] = en, [LANGUAGE_DE] = de, [LANGUAGE_FR] = fr, [LANGUAGE_ES] = es,      \
              [LANGUAGE_PT] = pt, [LANGUAGE_IT] = it, [LANGUAGE_NL] = nl, [LANGUAGE_PL] = pl}

static const char *const SENTENCES[TEXT__COUNT][LANGUAGE__COUNT] = {
    ROW(TEXT_THANKS, "Thank you!", "Vielen Dank!", "Merci !", "¡Gracias!", "Obrigado!", "Grazie!",
        "Bedankt!", "Dziękujemy!"),
    ROW(TEXT_ARRIVED, "Your message has arrived.", "Ihre Nachricht ist angekommen.",
        "Votre message est bien arrivé.", "Su mensaje ha llegado.", "A sua mensagem chegou.",
        "Il Suo messaggio è arrivato.", "Uw bericht is aangekomen.", "Wiadomość dotarła."),
    ROW(TEXT_BACK, "Back to the page", "Zurück zur Seite", "Retour à la page", "Volver a la página",
        "Voltar à página", "Torna alla pagina", "Terug naar de pagina", "Powrót do strony"),
    ROW(TEXT_NOT_SENT, "Your message has not been sent yet",
        "Ihre Nachricht wurde noch nicht gesendet", "Votre message n’a pas encore été envoyé",
        "Su mensaje aún no se ha enviado", "A sua mensagem ainda não foi enviada",
        "Il Suo messaggio non è ancora stato inviato", "Uw bericht is nog niet verzonden",
        "Wiadomość nie została jeszcze wysłana"),
    ROW(TEXT_CORRECT, "Please correct what is marked below.",
        "Bitte korrigieren Sie, was unten markiert ist.",
        "Veuillez corriger ce qui est signalé ci-dessous.", "Corrija lo que está marcado abajo.",
        "Corrija o que está assinalado abaixo.", "Corregga ciò che è segnalato qui sotto.",
        "Verbeter wat hieronder is gemarkeerd.", "Popraw to, co zaznaczono poniżej."),
    ROW(TEXT_LATER, "That did not work just now. Please try again in a moment.",
        "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
        "Cela n’a pas fonctionné. Veuillez réessayer dans un instant.",
        "No ha funcionado. Inténtelo de nuevo en un momento.",
        "Não funcionou. Tente novamente dentro de momentos.",
        "Non ha funzionato. Riprovi tra un momento.", "Dat lukte niet. Probeer het zo nog eens.",
        "Nie udało się. Spróbuj ponownie za chwilę."),
    ROW(TEXT_REFUSED, "This form cannot take your message. Please tell the site’s owner.",
        "Dieses Formular kann Ihre Nachricht nicht annehmen. Bitte sagen Sie dem Betreiber der "
        "Seite Bescheid.",
        "Ce formulaire ne peut pas recevoir votre message. Veuillez en informer le propriétaire du "
        "site.",
        "Este formulario no puede aceptar su mensaje. Avise al propietario del sitio.",
        "Este formulário não pode aceitar a sua mensagem. Avise o proprietário do site.",
        "Questo modulo non può accettare il Suo messaggio. Avvisi il proprietario del sito.",
        "Dit formulier kan uw bericht niet aannemen. Laat het de eigenaar van de site weten.",
        "Ten formularz nie może przyjąć wiadomości. Powiadom właściciela strony."),
    ROW(TEXT_TOO_LARGE, "Your message is too large.", "Ihre Nachricht ist zu groß.",
        "Votre message est trop volumineux.", "Su mensaje es demasiado grande.",
        "A sua mensagem é demasiado grande.", "Il Suo messaggio è troppo grande.",
        "Uw bericht is te groot.", "Wiadomość jest za duża."),
    ROW(TEXT_KEPT, "Everything you wrote is still here.",
        "Alles, was Sie geschrieben haben, ist noch da.",
        "Tout ce que vous avez écrit est encore là.", "Todo lo que ha escrito sigue aquí.",
        "Tudo o que escreveu continua aqui.", "Tutto ciò che ha scritto è ancora qui.",
        "Alles wat u schreef, staat er nog.", "Wszystko, co napisano, nadal tu jest."),
    ROW(TEXT_GO_BACK, "Go back to the page before: what you wrote should still be there.",
        "Gehen Sie zur vorigen Seite zurück: Was Sie geschrieben haben, sollte dort noch stehen.",
        "Revenez à la page précédente : ce que vous avez écrit devrait encore y être.",
        "Vuelva a la página anterior: lo que ha escrito debería seguir allí.",
        "Volte à página anterior: o que escreveu ainda deve lá estar.",
        "Torni alla pagina precedente: ciò che ha scritto dovrebbe essere ancora lì.",
        "Ga terug naar de vorige pagina: wat u schreef, zou er nog moeten staan.",
        "Wróć do poprzedniej strony: napisany tekst powinien tam nadal być."),
    ROW(TEXT_SEND_AGAIN, "Send again", "Erneut senden", "Renvoyer", "Enviar de nuevo",
        "Enviar novamente", "Invia di nuovo", "Opnieuw verzenden", "Wyślij ponownie"),
    ROW(TEXT_LABEL_NAME, "Name", "Name", "Nom", "Nombre", "Nome", "Nome", "Naam",
        "Imię i nazwisko"),
    ROW(TEXT_LABEL_EMAIL, "E-mail", "E-Mail", "E-mail", "Correo electrónico", "E-mail", "E-mail",
        "E-mail", "E-mail"),
    ROW(TEXT_LABEL_MESSAGE, "Message", "Nachricht", "Message", "Mensaje", "Mensagem", "Messaggio",
        "Bericht", "Wiadomość"),
    ROW(TEXT_REQUIRED, "Please fill this in.", "Bitte ausfüllen.", "Veuillez remplir ce champ.",
        "Rellene este campo.", "Preencha este campo.", "Compili questo campo.", "Vul dit veld in.",
        "Wypełnij to pole."),
    ROW(TEXT_EMAIL, "Please enter an e-mail address such as ada@example.org.",
        "Bitte geben Sie eine E-Mail-Adresse wie ada@example.org ein.",
        "Veuillez saisir une adresse e-mail comme ada@example.org.",
        "Escriba una dirección de correo como ada@example.org.",
        "Escreva um endereço de e-mail como ada@example.org.",
        "Inserisca un indirizzo e-mail come ada@example.org.",
        "Vul een e-mailadres in zoals ada@example.org.",
        "Podaj adres e-mail, np. ada@example.org."),
    ROW(TEXT_FORMAT, "This is not written as expected.", "Das hat nicht das erwartete Format.",
        "Le format n’est pas celui attendu.", "El formato no es el esperado.",
        "O formato não é o esperado.", "Il formato non è quello previsto.",
        "Dit heeft niet de verwachte vorm.", "Format jest inny niż oczekiwany."),
    ROW(TEXT_NUMBER, "This number is outside the allowed range.",
        "Diese Zahl liegt außerhalb des erlaubten Bereichs.",
        "Ce nombre est hors des limites autorisées.",
        "Este número está fuera de los límites permitidos.",
        "Este número está fora dos limites permitidos.",
        "Questo numero è fuori dai limiti consentiti.",
        "Dit getal valt buiten de toegestane grenzen.", "Ta liczba jest poza dozwolonym zakresem."),
    ROW(TEXT_TOO_LONG, "This is too long.", "Das ist zu lang.", "C’est trop long.",
        "Es demasiado largo.", "É demasiado longo.", "È troppo lungo.", "Dit is te lang.",
        "To jest za długie."),
    ROW(TEXT_TOO_SHORT, "This is too short.", "Das ist zu kurz.", "C’est trop court.",
        "Es demasiado corto.", "É demasiado curto.", "È troppo corto.", "Dit is te kort.",
        "To jest za krótkie."),
    ROW(TEXT_CHOICE, "Please choose one of the given values.",
        "Bitte wählen Sie einen der vorgegebenen Werte.",
        "Veuillez choisir l’une des valeurs proposées.", "Elija uno de los valores indicados.",
        "Escolha um dos valores indicados.", "Scelga uno dei valori indicati.",
        "Kies een van de gegeven waarden.", "Wybierz jedną z podanych wartości."),
    ROW(TEXT_FILE, "This form takes no files.", "Dieses Formular nimmt keine Dateien an.",
        "Ce formulaire n’accepte pas de fichiers.", "Este formulario no acepta archivos.",
        "Este formulário não aceita ficheiros.", "Questo modulo non accetta file.",
        "Dit formulier neemt geen bestanden aan.", "Ten formularz nie przyjmuje plików."),
    ROW(TEXT_UNKNOWN_FIELD, "This form does not take this; it will not be sent.",
        "Dieses Formular nimmt das nicht an; es wird nicht mitgesendet.",
        "Ce formulaire n’accepte pas ceci ; ce ne sera pas envoyé.",
        "Este formulario no acepta esto; no se enviará.",
        "Este formulário não aceita isto; não será enviado.",
        "Questo modulo non lo accetta; non verrà inviato.",
        "Dit formulier neemt dit niet aan; het wordt niet verzonden.",
        "Formularz tego nie przyjmuje; nie zostanie to wysłane."),
    ROW(TEXT_FIELD_NAME,
        "The name of this field must have 1 to 255 bytes and no control characters.",
        "Der Name dieses Feldes muss 1 bis 255 Bytes und keine Steuerzeichen haben.",
        "Le nom de ce champ doit avoir de 1 à 255 octets, sans caractères de contrôle.",
        "El nombre de este campo debe tener de 1 a 255 bytes, sin caracteres de control.",
        "O nome deste campo deve ter de 1 a 255 bytes, sem caracteres de controlo.",
        "Il nome di questo campo deve avere da 1 a 255 byte, senza caratteri di controllo.",
        "De naam van dit veld moet 1 tot 255 bytes hebben, zonder stuurtekens.",
        "Nazwa tego pola musi mieć od 1 do 255 bajtów, bez znaków sterujących."),
    ROW(TEXT_INVALID, "This is not valid.", "Das ist nicht gültig.", "Ce n’est pas valide.",
        "No es válido.", "Não é válido.", "Non è valido.", "Dit is niet geldig.",
        "To jest nieprawidłowe."),
    ROW(TEXT_EMPTY, "Please fill in the form.", "Bitte füllen Sie das Formular aus.",
        "Veuillez remplir le formulaire.", "Rellene el formulario.", "Preencha o formulário.",
        "Compili il modulo.", "Vul het formulier in.", "Wypełnij formularz."),
    ROW(TEXT_NEWS, "New message", "Neue Nachricht", "Nouveau message", "Nuevo mensaje",
        "Nova mensagem", "Nuovo messaggio", "Nieuw bericht", "Nowa wiadomość"),
    ROW(TEXT_NEWS_FROM, "New message from", "Neue Nachricht von", "Nouveau message de",
        "Nuevo mensaje de", "Nova mensagem de", "Nuovo messaggio da", "Nieuw bericht van",
        "Nowa wiadomość od"),
    ROW(TEXT_NEWS_MANY, "# new messages", "# neue Nachrichten", "# nouveaux messages",
        "# mensajes nuevos", "# novas mensagens", "# nuovi messaggi", "# nieuwe berichten",
        "Nowe wiadomości: #"),
    ROW(TEXT_FIELDS, "Fields", "Felder", "Champs", "Campos", "Campos", "Campi", "Velden", "Pola"),
    ROW(TEXT_AND_MORE, "And more", "Und mehr", "Et plus encore", "Y más", "E mais", "E altro",
        "En meer", "I więcej"),
    ROW(TEXT_NOT_ALL, "a mail does not hold all of it", "eine E-Mail fasst nicht alles",
        "un e-mail ne peut pas tout contenir", "no todo cabe en un correo",
        "não cabe tudo num e-mail", "non tutto sta in un’e-mail", "niet alles past in één e-mail",
        "nie wszystko mieści się w jednym e-mailu"),
    ROW(TEXT_COUNT_MORE, "and # more", "und # weitere", "et encore #", "y # más", "e mais #",
        "e ancora #", "en nog #", "i jeszcze #"),
    ROW(TEXT_FORM, "Form", "Formular", "Formulaire", "Formulario", "Formulário", "Modulo",
        "Formulier", "Formularz"),
    ROW(TEXT_PAGE, "Page", "Seite", "Page", "Página", "Página", "Pagina", "Pagina", "Strona"),
    ROW(TEXT_RECEIVED, "Received", "Eingegangen", "Reçu", "Recibido", "Recebida", "Ricevuto",
        "Ontvangen", "Otrzymano"),
    ROW(TEXT_SPAM, "Spam", "Spam", "Spam", "Spam", "Spam", "Spam", "Spam", "Spam"),
    ROW(TEXT_POINTS, "points", "Punkte", "points", "puntos", "pontos", "punti", "punten", "pkt"),
    ROW(TEXT_OPEN_MESSAGE, "Open in the inbox", "Im Posteingang öffnen",
        "Ouvrir dans la boîte de réception", "Abrir en la bandeja de entrada",
        "Abrir na caixa de entrada", "Apri nella posta in arrivo", "Openen in de inbox",
        "Otwórz w skrzynce odbiorczej"),
    ROW(TEXT_OPEN_INBOX, "Open the inbox", "Posteingang öffnen", "Ouvrir la boîte de réception",
        "Abrir la bandeja de entrada", "Abrir a caixa de entrada", "Apri la posta in arrivo",
        "Inbox openen", "Otwórz skrzynkę odbiorczą"),
};
#undef ROW

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

/* "q=0.8" in thousandths (RFC 9110, section 12.4.2); what is no weight counts as 1, like none. */
static int read_weight(struct str text)
{
    int weight = 0, place = 1000;

    if (!str_starts_with_nocase(text, STR("q=")) || text.len < 3)
        return 1000;
    for (size_t i = 2; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && i == 3)
            continue;
        if (c < '0' || c > '9')
            return 1000;
        weight += (c - '0') * place;
        place /= 10;
    }
    return weight < 1000 ? weight : 1000;
}

enum language language_negotiate(struct str accept_language)
{
    enum language best = LANGUAGE_EN, language;
    int best_weight = 0;

    while (accept_language.ptr) {
        struct str rest = str_cut(&accept_language, ',');
        struct str tag = str_trim(str_cut(&rest, ';'));
        int weight = read_weight(str_trim(rest));
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
    case FIELD_CODE_PATTERN:
    case FIELD_CODE_FORMAT:
        return TEXT_FORMAT;
    case FIELD_CODE_TOO_SMALL:
    case FIELD_CODE_TOO_LARGE:
        return TEXT_NUMBER;
    case FIELD_CODE_TOO_SHORT:
        return TEXT_TOO_SHORT;
    case FIELD_CODE_TOO_LONG:
        return TEXT_TOO_LONG;
    case FIELD_CODE_FIELDS_TOO_LARGE:
        return TEXT_TOO_LARGE;
    case FIELD_CODE_ENUM:
        return TEXT_CHOICE;
    case FIELD_CODE_NO_FILE_UPLOADS:
        return TEXT_FILE;
    case FIELD_CODE_UNKNOWN_FIELD:
        return TEXT_UNKNOWN_FIELD;
    case FIELD_CODE_FIELD_NAME:
        return TEXT_FIELD_NAME;
    case FIELD_CODE_TYPE:
    case FIELD_CODE_CONTROL_CHARACTER:
    case FIELD_CODE_TOO_MANY_FIELDS:
        break;
    }
    return TEXT_INVALID;
}
