# SPDX-License-Identifier: MIT
"""notify/transport against mail servers: aiosmtpd, and servers that misbehave."""
import pytest

from world import WAIT, Authority, Listener, black_hole, drive, mail, mail_server, post, smtp_talk

BLOCKED_MS = 3000  # a call that stays so much longer than told has waited for somebody


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def one(parcel, *arguments):
    (result,), end = drive(parcel, arguments=arguments)
    assert end["overstayMs"] < BLOCKED_MS and end["closeMs"] < BLOCKED_MS, end
    return result


def test_a_mail_arrives_as_it_was_written():
    body = "Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nend without line end"
    with mail_server() as mailbox:
        result = one(mail(f"smtp://127.0.0.1:{mailbox.port}", body))
    assert (result["result"], result["status"], result["error"]) == ("delivered", 250, "")
    assert mailbox.mails == [("forms@here.example", ["ada@there.example"], (body + "\r\n").encode())]


def test_a_mail_that_begins_with_a_dot_and_one_of_a_megabyte():
    bodies = [".dot\r\n.\r\n", "Subject: large\r\n\r\n" + ("x" * 70 + "\r\n") * 14000]
    with mail_server(data_size_limit=2**21) as mailbox:
        url = f"smtp://127.0.0.1:{mailbox.port}"
        results, _ = drive(mail(url, bodies[0]), WAIT, mail(url, bodies[1]))
    assert [r["result"] for r in results] == ["delivered"] * 2
    assert [content.decode() for _, _, content in mailbox.mails] == bodies


def test_starttls_is_used_and_the_certificate_checked(authority, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    with mail_server(tls=authority.context()) as mailbox:
        url = f"smtp://localhost:{mailbox.port}"
        trusted = one(mail(url, plain=False), "--ca", authority.ca_file)
        unknown = one(mail(url, plain=False), "--ca", stranger.ca_file)
        system = one(mail(url, plain=False))
        plain = one(mail(url, plain=True))
    assert trusted["result"] == "delivered"
    for result in unknown, system, plain:
        assert result["result"] == "later" and "certificate" in result["error"].lower(), result
    assert len(mailbox.mails) == 1


def test_a_certificate_of_another_name_is_not_enough(authority):
    with mail_server(tls=authority.context("DNS:mail.example")) as mailbox:
        result = one(mail(f"smtp://localhost:{mailbox.port}", plain=False), "--ca", authority.ca_file)
    assert result["result"] == "later" and not mailbox.mails
    assert "localhost" in result["error"], result


def test_without_starttls_no_mail_leaves_unless_it_may_be_plain():
    with mail_server() as mailbox:
        url = f"smtp://127.0.0.1:{mailbox.port}"
        strict = one(mail(url, plain=False, user="ada", password="secret"))
        assert strict["result"] == "later" and "STARTTLS" in strict["error"], strict
        assert not mailbox.mails and not mailbox.logins
        assert one(mail(url, plain=True))["result"] == "delivered"


def test_smtps_and_sign_in(authority):
    with mail_server(tls=authority.context(), auth=True) as starttls, \
         mail_server(smtps=authority.context(), auth=True) as smtps:
        for mailbox, url in (starttls, f"smtp://localhost:{starttls.port}"), (smtps, f"smtps://localhost:{smtps.port}"):
            parcel = mail(url, plain=False, user="ada", password="p@ss/w:rd")
            result = one(parcel, "--ca", authority.ca_file)
            assert result["result"] == "delivered", result
            assert set(mailbox.logins) == {("ada", "p@ss/w:rd")} and len(mailbox.mails) == 1


def test_a_wrong_password_is_for_the_operator_to_mend(authority):
    with mail_server(tls=authority.context(), auth=True) as mailbox:
        parcel = mail(f"smtp://localhost:{mailbox.port}", plain=False, user="ada", password="wrong-secret")
        result = one(parcel, "--ca", authority.ca_file)
    assert (result["result"], result["status"], result["end"]) == ("later", 535, "door"), result
    assert "wrong-secret" not in result["error"] and "535" in result["error"]


ANSWERS = {
    "recipient unknown": ({"RCPT": "550 5.1.1 nobody of this name"}, "refused", 550, "5.1.1 nobody of this name"),
    "recipient later": ({"RCPT": "450 4.2.0 greylisted"}, "later", 450, "greylisted"),
    "mailbox full": ({"RCPT": "452 4.2.2 full"}, "later", 452, "full"),
    "content refused": ({"DATA": "554 5.7.1 this is spam"}, "refused", 554, "this is spam"),
    "content later": ({"DATA": "451 4.3.0 try again"}, "later", 451, "try again"),
    "sender refused": ({"MAIL": "553 5.7.1 not yours"}, "later", 553, "not yours"),
    "too large": ({"MAIL": "552 5.3.4 too large"}, "refused", 552, "too large"),
    "relaying denied": ({"RCPT": "550 5.7.1 relaying denied"}, "later", 550, "relaying denied"),
    "recipient refused": ({"RCPT": "554 we do not like you"}, "later", 554, "like you"),
    "mailbox disabled": ({"RCPT": "550 5.2.1 disabled"}, "refused", 550, "disabled"),
    "mailbox full for long": ({"RCPT": "552 5.2.2 full"}, "later", 552, "full"),
    "no such host": ({"RCPT": "554 5.1.2 no such host"}, "refused", 554, "no such host"),
    "no name": ({"RCPT": "553 what is that?"}, "refused", 553, "what is that?"),
    "not our sender": ({"RCPT": "550 5.1.8 the sender does not exist"}, "later", 550, "sender"),
    "said of the content": ({"DATA": "550 5.1.1 nobody"}, "refused", 550, "nobody"),
    "too busy": ({"MAIL": "421 4.3.2 too busy"}, "later", 421, "too busy"),
    "closes for a recipient": ({"RCPT": "421 4.7.0 not with this one"}, "later", 421, "this one"),
    "closes for a message": ({"DATA": "421 4.7.0 not with this one"}, "later", 421, "this one"),
    "does not know us": ({"MAIL": "530 5.7.0 sign in first"}, "later", 530, "sign in"),
    "would relay for who signs in": ({"RCPT": "530 5.7.0 sign in first"}, "later", 530, "sign in"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_the_server_says_is_understood_and_told(name):
    answers, expected, status, words = ANSWERS[name]
    with mail_server(answers) as mailbox:
        result = one(mail(f"smtp://127.0.0.1:{mailbox.port}"))
    assert (result["result"], result["status"]) == (expected, status), result
    assert words in result["error"] and str(status) in result["error"], result
    assert result["gone"] == (expected == "refused" and "RCPT" in answers), "what is refused for its content may be another's fault"
    assert result["end"] == ("door" if "MAIL" in answers and status in (421, 530) else "recipient" if "RCPT" in answers else "answer"), result
    assert not mailbox.mails


FAULTS = {
    "closes at once": ({"GREETING": "close"}, "later", 0),
    "turns us away": ({"GREETING": b"554 5.7.1 not you\r\n"}, "later", 554),
    "no SMTP": ({"GREETING": b"SSH-2.0-server\r\n"}, "later", 0),
    "closes after EHLO": ({"EHLO": "close"}, "later", 0),
    "closes after MAIL": ({"MAIL": "close"}, "later", 0),
    "closes after RCPT": ({"RCPT": "close"}, "later", 0),
    "closes at DATA": ({"DATA": "close"}, "later", 0),
    "closes within the data": ({"BODY": "close"}, "later", 354),
    "closes instead of accepting": ({"END": "close"}, "later", 354),
    "several lines": ({"RCPT": b"550-5.1.1 there is\r\n550-5.1.1 really\r\n550 5.1.1 nobody\r\n"}, "refused", 550),
    "control characters": ({"RCPT": b"550 a\x1b[31mb\x07c\xff\xe2\x80\xae\r\n"}, "refused", 550),
    "an endless line": ({"RCPT": b"550 " + b"x" * 100000 + b"\r\n"}, None, None),
    "refuses and then is silent": ({"RCPT": b"550 no\r\n", "QUIT": "hold"}, "refused", 550),
    "refuses the data and then is silent": ({"END": b"554 no\r\n", "QUIT": "hold"}, "refused", 554),
    "accepts and then is silent": ({"QUIT": "hold"}, "delivered", 250),
}


@pytest.mark.parametrize("name", FAULTS)
def test_servers_that_misbehave(name):
    answers, expected, status = FAULTS[name]
    with Listener(smtp_talk(answers)) as server:
        timeout = 2000 if name == "no SMTP" else 20000  # for what could still be a greeting
        result = one(mail(f"smtp://127.0.0.1:{server.port}", timeout=timeout))
    if expected:
        assert (result["result"], result["status"]) == (expected, status), result
        said = "recipient" if "RCPT" in answers else "answer" if {"DATA", "BODY", "END"} & set(answers) else "door"
        assert result["result"] == "delivered" or result["end"] == said, result
    assert result["result"] == "delivered" or result["error"]
    assert result["error"].isprintable() and len(result["error"].encode()) < 300, result


@pytest.mark.parametrize("step, words", [("GREETING", "before it let us in"), ("MAIL", "after MAIL FROM (the sender)"),
                                         ("RCPT", "after RCPT TO (the recipient)"), ("DATA", "after DATA (the message)"),
                                         ("BODY", "after DATA (the message)"), ("END", "after DATA (the message)")])
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "smtps"])
def test_who_hangs_up_and_when_is_said_in_words(step, words, is_tls, authority):
    with Listener(smtp_talk({step: "close"}), **({"tls": authority.context()} if is_tls else {})) as server:
        parcel = mail(f"{'smtps' if is_tls else 'smtp'}://localhost:{server.port}")
        result = one(parcel, *(["--ca", authority.ca_file] if is_tls else []))
    assert result["error"] == f"the mail server closed the connection {words}", result


def test_a_kept_connection_that_ends_at_a_recipient_is_told_like_any_other():
    class Twice(dict):
        """Takes one recipient, and hangs up at the next."""
        count = 0

        def get(self, name, usual):
            self.count += name == "RCPT"
            return "close" if name == "RCPT" and self.count == 2 else usual

    with Listener(smtp_talk(Twice())) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        (first, second), _ = drive(mail(url), WAIT, mail(url))
        assert server.connections == 1
    assert (first["result"], second["result"], second["end"]) == ("delivered", "later", "recipient")
    assert second["error"] == "the mail server closed the connection after RCPT TO (the recipient)"


def test_several_lines_are_told_as_one():
    with Listener(smtp_talk({"RCPT": b"550-5.1.1 there is\r\n550 5.1.1 nobody\r\n"})) as server:
        result = one(mail(f"smtp://127.0.0.1:{server.port}"))
    assert result["error"] == "it answered 550: 5.1.1 there is 5.1.1 nobody"


def test_what_is_told_is_the_last_answer():
    with Listener(smtp_talk({"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n", "END": b"554 5.7.1 no\r\n"})) as server:
        result = one(mail(f"smtp://127.0.0.1:{server.port}"))
    assert result["error"] == "it answered 554: 5.7.1 no"


@pytest.mark.parametrize("answers", [{"GREETING": "hold"}, {"EHLO": "hold"}, {"MAIL": "hold"}, {"DATA": "hold"}, {"END": "hold"}])
def test_a_silent_server_costs_its_own_mail_its_time_and_others_nothing(answers):
    with Listener(smtp_talk(answers)) as silent, mail_server() as mailbox:
        parcels = [mail(f"smtp://127.0.0.1:{silent.port}", timeout=1500), mail(f"smtp://127.0.0.1:{mailbox.port}")]
        results, end = drive(*parcels)
    assert [r["result"] for r in results] == ["later", "delivered"]
    assert end["overstayMs"] < BLOCKED_MS and end["closeMs"] < BLOCKED_MS, end


def test_nobody_takes_the_connection():
    with black_hole() as port:
        result = one(mail(f"smtp://127.0.0.1:{port}", timeout=1500))
    assert result["result"] == "later" and "timed out" in result["error"].lower(), result


def test_one_connection_carries_several_mails():
    with mail_server() as mailbox:
        url = f"smtp://127.0.0.1:{mailbox.port}"
        results, _ = drive(*[parcel for _ in range(5) for parcel in (mail(url), WAIT)])
    assert [r["result"] for r in results] == ["delivered"] * 5
    assert len(set(mailbox.peers)) == 1


def test_a_kept_connection_that_the_server_closed_costs_no_mail():
    log = []

    def talk(line):
        smtp_talk({}, log)(OneMail(line))

    class OneMail:
        """Closes after the first mail."""

        def __init__(self, line):
            self.line, self.has_ended = line, False

        def __getattr__(self, name):
            return getattr(self.line, name)

        def readline(self):
            return b"" if self.has_ended else self.line.readline()

        def send(self, data):
            self.line.send(data)
            self.has_ended = data == b"250 queued\r\n"

    with Listener(talk) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        results, _ = drive(mail(url), WAIT, post("http://127.0.0.1:1/"), WAIT, mail(url), WAIT)
        assert [r["result"] for r in results if r["index"] != 1] == ["delivered"] * 2, results
        assert server.connections == 2


def test_a_hundred_at_once():
    with mail_server() as mailbox:
        results, _ = drive(*[mail(f"smtp://127.0.0.1:{mailbox.port}", f"Subject: {n}\r\n\r\n") for n in range(100)])
    assert {r["result"] for r in results} == {"delivered"}
    assert sorted(content for _, _, content in mailbox.mails) == sorted(f"Subject: {n}\r\n\r\n".encode() for n in range(100))


@pytest.mark.parametrize("answers", [{"GREETING": "hold"}, {"DATA": "hold"}, {"END": "hold"}])
def test_the_end_comes_at_once(answers):
    with Listener(smtp_talk(answers)) as silent, black_hole() as port:
        parcels = [mail(f"smtp://127.0.0.1:{silent.port}"), mail(f"smtp://127.0.0.1:{port}")]
        results, end = drive(*parcels, arguments=["--close-after", 700])
    assert [r["result"] for r in results] == ["later"] * 2
    assert all("stopped" in r["error"] for r in results) and end["closeMs"] < BLOCKED_MS, (results, end)
