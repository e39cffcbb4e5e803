# SPDX-License-Identifier: MIT
"""Who hears of a message: the rows beside it, how they are sent, shown, held, released and repeated, seen from outside.

Mails go to a real SMTP server here (aiosmtpd), posts to a real HTTP server; see tests/receiver.py.
"""
import json
import sqlite3
import time

import pytest
import requests

from harness import SLOW, Server, free_port, running
from receiver import MailServer, Receiver, wait

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
SPAM = {**ADA, "_gotcha": "filled by a bot"}
NUMBERS = iter(range(1_000_000))


class World:
    def __init__(self, server, mails, posts):
        self.server, self.mails, self.posts, self.url = server, mails, posts, server.url
        self.tokens = {}

    def form(self, name, **notify):
        done = self.server.cli("form", "add", name, "notify=" + json.dumps(notify))
        assert done.returncode == 0, done.stderr

    def set(self, name, setting):
        done = self.server.cli("form", "set", name, setting)
        assert done.returncode == 0, done.stderr

    def post(self, form, body=ADA, **headers):
        body = {**body, "message": f"{body['message']} {next(NUMBERS)}"}
        answer = requests.post(f"{self.url}/contact/{form}", json=body, headers=headers, timeout=10 * SLOW)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def token(self, scope="manage", forms=None):
        key = (scope, forms)
        if key not in self.tokens:
            more = ["--forms", forms or "*"]
            done = self.server.cli("token", "add", f"t{next(NUMBERS)}", "--scope", scope, *more)
            assert done.returncode == 0, done.stderr
            self.tokens[key] = done.stdout.strip()
        return self.tokens[key]

    def ask(self, method, path, body=None, scope="manage", forms=None, **query):
        return requests.request(method, self.url + path, json=body, params=query, timeout=10 * SLOW,
                                headers={"Authorization": f"Bearer {self.token(scope, forms)}"})

    def get(self, path, **query):
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def deliveries(self, **query):
        return self.get("/admin/deliveries", **query)["deliveries"]

    def one(self, submission, destination=None):
        """The delivery of a message (to this destination, if there are more), with its history."""
        told = self.get(f"/admin/submissions/{submission}")["deliveries"]
        found = [d for d in told if destination in (None, d["destination"])]
        assert len(found) == 1, told
        return found[0]

    def state(self, submission, state, destination=None):
        """Waits until the delivery is in this state; returns it."""
        def look():
            row = self.one(submission, destination)
            return row if row["state"] == state and not row["inFlight"] else None
        return wait(look)

    def tried(self, submission, attempts=1):
        """Waits until the delivery has failed so often, and is not under way."""
        def look():
            row = self.one(submission)
            return row if row["attempts"] >= attempts and not row["inFlight"] else None
        return wait(look)

    def destination(self, form, name):
        found = [d for d in self.get("/admin/destinations")["destinations"] if (d["form"], d["destination"]) == (form, name)]
        return found[0] if found else None

    def move(self, submission, state):
        answer = self.ask("PATCH", f"/admin/submissions/{submission}", {"state": state})
        assert answer.status_code == 200, answer.text

    def log(self, event):
        return self.server.log_lines(event)

    def metric(self, name):
        text = self.ask("GET", "/metrics").text
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


@pytest.fixture
def world(tmp_path):
    with MailServer() as mails, Receiver() as posts:
        server = Server(tmp_path, **{**posts.options, **mails.options})
        with running(server):
            yield World(server, mails, posts)


def rows(world, query, *arguments):
    with sqlite3.connect(world.server.options["database"]) as db:
        return db.execute(query, arguments).fetchall()


# --- mails --------------------------------------------------------------------


def test_a_message_is_told_at_once_and_shown_as_delivered(world):
    world.form("shop", mail=["owner@example.org", "sales@example.org"])
    submission = world.post("shop")
    for name in ("owner", "sales"):
        row = world.state(submission, "delivered", f"mail:{name}@example.org")
        assert row["attempts"] == 1 and row["error"] is None and row["nextAttemptAt"] is None
        assert [(h["status"], h["error"]) for h in row["history"]] == [(250, None)]
        assert len(world.mails.to(f"{name}@example.org")) == 1
    assert len({mail.id for mail in world.mails.mails}) == 2
    assert all(submission in mail.id for mail in world.mails.mails)
    assert world.metric("contactd_deliveries_delivered_total") == 2
    shown = world.destination("shop", "mail:owner@example.org")
    assert shown["delivered"] == 1 and shown["waiting"] == 0 and shown["channel"] == "mail" and shown["failingSince"] is None


def test_the_option_is_for_the_default_form_and_its_own_setting_goes_before(tmp_path):
    with MailServer() as mails:
        server = Server(tmp_path, notify_to="a@example.org,b@example.org", **mails.options)
        with running(server):
            world = World(server, mails, None)
            world.state(world.post("default"), "delivered", "mail:a@example.org")
            world.state(world.post("nobody-has-registered-it"), "delivered", "mail:b@example.org")
            world.form("shop")
            assert world.get(f"/admin/submissions/{world.post('shop')}")["deliveries"] == []
            world.form("default", mail=["c@example.org"])
            assert world.state(world.post("default"), "delivered")["destination"] == "mail:c@example.org"
            world.set("default", "notify={}")
            assert world.get(f"/admin/submissions/{world.post('default')}")["deliveries"] == []


def test_the_option_s_mailboxes_are_listed_before_anything_was_sent(tmp_path):
    with MailServer() as mails, running(Server(tmp_path, notify_to="a@example.org,b@example.org", **mails.options)) as server:
        world = World(server, mails, None)

        def listed(**who):
            answer = world.ask("GET", "/admin/destinations", **who).json()["destinations"]
            return [(d["form"], d["destination"], d["channel"], d["delivered"]) for d in answer]

        def both(form, delivered=0):
            return [(form, f"mail:{name}@example.org", "mail", delivered) for name in "ab"]

        assert listed() == both("default") + both(None)
        assert listed(scope="read", forms="shop") == []
        assert listed(scope="read", forms="default") == both("default")
        submission = world.post("default")
        for name in "ab":
            world.state(submission, "delivered", f"mail:{name}@example.org")
        assert listed() == both("default", 1) + both(None)
        world.form("default", mail=["c@example.org"])
        assert listed()[0] == ("default", "mail:c@example.org", "mail", 0)
        assert [one for one in listed() if one[0] is None] == both(None), "alarms of the server go there all the same"


def test_a_form_without_destinations_writes_nothing_and_starts_nothing(tmp_path):
    with running(Server(tmp_path)) as server:
        world = World(server, None, None)
        threads = len(list((server.process.pid and __import__("pathlib").Path(f"/proc/{server.process.pid}/task")).iterdir()))
        world.post("default")
        assert world.deliveries() == [] and world.get("/admin/destinations") == {"destinations": []}
        assert world.get("/admin/alarms") == {"alarms": []}
        assert len(list(__import__("pathlib").Path(f"/proc/{server.process.pid}/task").iterdir())) == threads


def test_what_fails_waits_is_told_once_and_goes_on_by_hand(world):
    world.form("shop", mail=["owner@example.org"])
    world.mails.answers["owner@example.org"] = "451 not now"
    submission = world.post("shop")
    row = world.tried(submission)
    assert row["state"] == "waiting" and "451" in row["error"] and row["nextAttemptAt"]
    assert row["history"][0]["status"] == 451
    failing = world.destination("shop", "mail:owner@example.org")
    assert failing["waiting"] == 1 and failing["failingSince"] and "451" in failing["error"]
    line = wait(lambda: world.log("delivery_failed"))
    assert len(line) == 1 and line[0]["attempt"] == 1 and line[0]["destination"] == "mail:owner@example.org" and line[0]["againInMs"] >= 9000
    del world.mails.answers["owner@example.org"]
    answer = world.ask("POST", f"/admin/deliveries/{row['id']}/retry", scope="write")
    assert answer.status_code == 200 and answer.json()["attempts"] == 0
    row = world.state(submission, "delivered")
    assert [h["status"] for h in row["history"]] == [250, 451]
    assert world.destination("shop", "mail:owner@example.org")["failingSince"] is None
    assert len(world.mails.to("owner@example.org")) == 1


def test_a_mailbox_that_does_not_exist_is_given_up_and_all_start_again(world):
    world.form("shop", mail=["gone@example.org"])
    world.mails.rejected["gone@example.org"] = "550 no such user"
    sent = [world.post("shop") for _ in range(3)]
    failed = [world.state(submission, "failed") for submission in sent]
    assert all("550" in row["error"] and row["attempts"] == 1 for row in failed)
    assert len(world.log("delivery_given_up")) == 3
    assert [d["id"] for d in world.deliveries(state="failed")] == [row["id"] for row in failed][::-1]
    assert world.destination("shop", "mail:gone@example.org")["failed"] == 3
    del world.mails.rejected["gone@example.org"]
    answer = world.ask("POST", "/admin/deliveries/retry", {"form": "shop", "destination": "mail:gone@example.org"}, scope="write")
    assert answer.json() == {"count": 3}
    for submission in sent:
        world.state(submission, "delivered")
    assert sorted(mail.id.split(".")[0].strip("<") for mail in world.mails.mails) == sorted(sent)


@pytest.mark.parametrize("body, status", [
    (b"", 200), (b"{}", 200), (b" {\n}\n", 200), (b'{"force":true}', 400), (b"[]", 400), (b"{", 400), (b"null", 400),
])
def test_the_buttons_take_no_body_or_an_empty_one(world, body, status):
    world.form("shop", mail=["owner@example.org"])
    row = world.state(world.post("shop"), "delivered")
    headers = {"Authorization": f"Bearer {world.token()}", "Content-Type": "application/json"}
    answer = requests.post(f"{world.url}/admin/deliveries/{row['id']}/replay", data=body, headers=headers, timeout=10 * SLOW)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["code"] == "invalid_json" and "{}" in answer.json()["detail"]
    wait(lambda: len(world.mails.to("owner@example.org")) == 1 + (status == 200))
    world.mails.rejected["owner@example.org"] = "550 gone"
    row = world.state(world.post("shop"), "failed")
    answer = requests.post(f"{world.url}/admin/deliveries/{row['id']}/retry", data=body, headers=headers, timeout=10 * SLOW)
    assert answer.status_code == status, answer.text


def test_a_replay_has_the_same_id(world):
    world.form("shop", mail=["owner@example.org"])
    submission = world.post("shop")
    row = world.state(submission, "delivered")
    assert world.ask("POST", f"/admin/deliveries/{row['id']}/retry").json()["code"] == "delivery_state"
    assert world.ask("POST", f"/admin/deliveries/{row['id']}/replay").status_code == 200
    wait(lambda: len(world.mails.to("owner@example.org")) == 2)
    first, second = world.mails.to("owner@example.org")
    assert first.id == second.id and world.state(submission, "delivered")["id"] == row["id"]
    audit = world.get("/admin/audit")["entries"]
    assert (audit[0]["action"], audit[0]["target"]) == ("delivery.replay", row["id"])


def test_a_visitor_is_not_answered_again_and_again(world):
    """Whoever may write could have any mailbox that was answered once answered without end."""
    world.form("shop", autoreply={"subject": "Thanks", "text": "Thank you."})
    row = world.state(world.post("shop"), "delivered")
    refused = world.ask("POST", f"/admin/deliveries/{row['id']}/replay", scope="write")
    assert refused.status_code == 409 and refused.json()["code"] == "delivery_state"
    assert "answered once" in refused.json()["detail"]
    done = world.server.cli("delivery", "replay", row["id"])
    assert done.returncode != 0 and "answered once" in done.stderr
    assert world.one(row["submission"])["state"] == "delivered" and len(world.mails.mails) == 1


def test_a_mail_speaks_the_form_s_language(world):
    world.form("shop", mail=["owner@example.org"])
    world.set("shop", "language=de")
    world.state(world.post("shop"), "delivered")
    mail = world.mails.to("owner@example.org")[0].message
    assert mail["Subject"] == "Neue Nachricht von Ada - shop"
    text = mail.get_body(("plain",)).get_content()
    assert "Nachricht: Hello" in text and "Formular: shop" in text and "Eingegangen: " in text


# --- spam ---------------------------------------------------------------------


def test_spam_is_held_and_not_spam_releases_it(world):
    world.form("shop", mail=["owner@example.org"], autoreply={"subject": "Thanks", "text": "Thank you."})
    submission = world.post("shop", SPAM)
    row = world.one(submission)
    assert (row["state"], row["destination"]) == ("held", "mail:owner@example.org"), "and the autoresponder never answers spam"
    assert world.ask("POST", f"/admin/deliveries/{row['id']}/retry").status_code == 409
    after = world.post("shop", {**ADA, "email": "eve@example.org"})
    world.state(after, "delivered", "mail:owner@example.org")
    assert world.one(submission)["state"] == "held" and world.destination("shop", "mail:owner@example.org")["held"] == 1
    world.move(submission, "new")
    world.state(submission, "delivered")
    assert not world.mails.to("ada@example.org")


def test_what_becomes_spam_or_trash_is_held_while_it_waits(world):
    world.form("shop", mail=["owner@example.org"])
    world.mails.answers["owner@example.org"] = "451 not now"
    one, two = world.post("shop"), world.post("shop")
    world.tried(one), world.tried(two)
    world.move(one, "spam")
    assert world.one(one)["state"] == "held"
    world.move(one, "trash")
    assert world.one(one)["state"] == "held"
    done = world.ask("POST", "/admin/submissions/bulk", {"ids": [two], "state": "trash"})
    assert done.status_code == 200 and world.one(two)["state"] == "held"
    del world.mails.answers["owner@example.org"]
    done = world.ask("POST", "/admin/submissions/bulk", {"ids": [one, two], "state": "read"})
    assert done.status_code == 200
    # They wait for what is left of their own distance, and are hurried here.
    for submission in (one, two):
        assert world.one(submission)["state"] in ("waiting", "delivered")
        world.ask("POST", f"/admin/deliveries/{world.one(submission)['id']}/retry")
        world.state(submission, "delivered")


def test_deletion_takes_the_deliveries_along(world):
    world.form("shop", mail=["owner@example.org"])
    world.mails.answers["owner@example.org"] = "451 not now"
    one, two = world.post("shop"), world.post("shop", {**ADA, "email": "eve@example.org"})
    world.tried(one), world.tried(two)
    assert world.ask("DELETE", f"/admin/submissions/{one}").status_code == 204
    assert world.ask("POST", "/admin/erase", {"email": "eve@example.org", "preview": False}).json()["count"] == 1
    assert world.deliveries() == []
    world.server.stop()
    assert rows(world, "SELECT count(*) FROM attempt") == [(0,)]


# --- the autoresponder --------------------------------------------------------


def test_an_address_is_answered_so_often_a_day_and_no_more(world):
    world.form("shop", autoreply={"subject": "Thanks", "text": "Thank you.", "perDay": 2})
    sent = [world.post("shop", {**ADA, "email": email}) for email in
            ("ada@example.org", "Ada+1@Example.ORG", "ada+2@example.org", "ada@example.org", "bob@example.org")]
    told = [len(world.get(f"/admin/submissions/{submission}")["deliveries"]) for submission in sent]
    assert told == [1, 1, 0, 0, 1]
    for submission, is_told in zip(sent, told):
        if is_told:
            assert world.state(submission, "delivered")["destination"] == "reply"
    assert len(world.mails.mails) == 3


def test_an_address_is_answered_so_often_by_all_forms_together(world):
    """Whoever fills somebody else's address in may choose the form, and how the address is spelt."""
    reply = {"subject": "Thanks", "text": "Thank you."}
    world.form("default", autoreply=reply)
    told = [world.post(f"nobody-registered-{i}", {**ADA, "email": "victim@bank.example"}) for i in range(5)]
    assert [len(world.get(f"/admin/submissions/{id}")["deliveries"]) for id in told] == [1, 1, 1, 0, 0]
    for i in range(5):
        world.form(f"shop{i}", autoreply=reply)
    told = [world.post(f"shop{i % 5}", {**ADA, "email": f"v.ictim+{i}@{'gmail' if i % 2 else 'Googlemail'}.com"}) for i in range(15)]
    assert [len(world.get(f"/admin/submissions/{id}")["deliveries"]) for id in told] == [1] * 10 + [0] * 5
    world.form("many", autoreply={**reply, "perDay": 12})
    told = [world.post("many", {**ADA, "email": "victim@gmail.com"}) for _ in range(3)]
    assert [len(world.get(f"/admin/submissions/{id}")["deliveries"]) for id in told] == [1, 1, 0]


def test_an_address_that_names_another_is_not_answered(world):
    world.form("shop", mail=["owner@example.org"], autoreply={"subject": "Thanks", "text": "Thank you."})
    for address in "victim%bank.example@relay.example", "relay!victim@bank.example", "=?utf-8?q?a=40b=3e?=@bank.example":
        submission = world.post("shop", {**ADA, "email": address})
        world.state(submission, "delivered", "mail:owner@example.org")
        row = world.state(submission, "failed", "reply")
        assert row["error"] == "the visitor's address cannot be answered by a program"
    assert [mail.to for mail in world.mails.mails] == ["owner@example.org"] * 3
    assert [mail.message["Reply-To"] for mail in world.mails.mails] == [None] * 3


def test_names_in_capital_letters_are_the_same_names(world):
    world.form("shop", mail=["owner@example.org"], autoreply={"subject": "Thanks, {{Name}}", "text": "Thank you."})
    answer = requests.post(f"{world.url}/f/shop", data={"Name": "Ada", "EMAIL": "ada@example.org", "Message": "Hello", "City": "Paris"},
                           headers={"Accept": "application/json"}, timeout=10 * SLOW)
    assert answer.status_code == 200, answer.text
    row = world.get("/admin/submissions")["submissions"][0]
    assert (row["name"], row["email"], row["message"]) == ("Ada", "ada@example.org", "Hello")
    assert world.get(f"/admin/submissions/{row['id']}")["fields"] == {"City": "Paris"}
    assert "ada@example.org" in wait(lambda: world.mails.to("owner@example.org"))[0].message["Reply-To"]
    assert wait(lambda: world.mails.to("ada@example.org"))[0].message["Subject"] == "Thanks, Ada"

    # The one that is spelled so goes first, and a form's own rules have their own spelling.
    world.set("shop", 'schema={"type":"object","properties":{"Name":{"type":"string"}},"required":["Name"]}')
    body = {"Name": "Lovelace", "email": "first@example.org", "Email": "second@example.org", "message": "again"}
    assert requests.post(f"{world.url}/contact/shop", json=body, timeout=10 * SLOW).status_code == 200
    row = world.get("/admin/submissions")["submissions"][0]
    assert (row["name"], row["email"]) == (None, "first@example.org")
    assert world.get(f"/admin/submissions/{row['id']}")["fields"] == {"Name": "Lovelace", "Email": "second@example.org"}


def test_a_list_for_people_has_straight_columns(world):
    world.form("shop", mail=["owner-with-a-rather-long-name@clients.example.org", "o@example.org"])
    submission = world.post("shop")
    for name in ("mail:owner-with-a-rather-long-name@clients.example.org", "mail:o@example.org"):
        world.state(submission, "delivered", name)
    head, *lines = world.server.cli("delivery", "list").stdout.splitlines()
    assert len(lines) == 2
    for column in head.split()[1:]:
        at = head.index(column)
        assert all(line[at] != " " and line[at - 1] == " " for line in lines), (column, lines)


def test_a_visitors_mistyped_address_says_nothing_of_the_autoresponder(world):
    world.form("shop", autoreply={"subject": "Thanks", "text": "Thank you."})
    world.mails.rejected.update({"ada@exmaple.org": "550 5.1.1 no such user", "bob@nowhere.example": "450 4.1.2 domain not found"})
    world.mails.rejected["eve@example.org"] = "550 no such user"

    def reply():
        return world.destination("shop", "reply")

    for email in ("ada@exmaple.org", "eve@example.org", "noreply@example.org"):
        row = world.state(world.post("shop", {**ADA, "email": email}), "failed")
        assert row["error"] and len(row["history"]) == 1
    assert "450" in world.tried(world.post("shop", {**ADA, "email": "bob@nowhere.example"}))["error"]
    assert (reply()["failed"], reply()["waiting"], reply()["failingSince"], reply()["error"]) == (3, 1, None, None)
    # What lies with us is told as ever; whoever is refused then has shown that it is over.
    world.mails.locked = "530 5.7.0 sign in first"
    refused = world.tried(world.post("shop", {**ADA, "email": "carl@example.org"}))
    assert refused["state"] == "waiting" and reply()["failingSince"] and "530" in reply()["error"]
    world.mails.locked = None
    world.state(world.post("shop", {**ADA, "email": "ada+2@exmaple.org"}), "delivered")
    assert reply()["failingSince"] is None and reply()["delivered"] == 1
    world.mails.locked = "530 5.7.0 sign in first"
    world.tried(world.post("shop", {**ADA, "email": "dora@example.org"}))
    assert reply()["failingSince"]
    world.mails.locked = None
    world.mails.rejected["emma@exmaple.org"] = "550 5.1.1 no such user"
    world.state(world.post("shop", {**ADA, "email": "emma@exmaple.org"}), "failed")
    assert reply()["failingSince"] is None


# --- digests ------------------------------------------------------------------


def test_a_digest_gathers_what_came_and_stays_together(world):
    world.form("shop", mail=[{"to": "owner@example.org", "digest": "hourly"}])
    world.mails.answers["owner@example.org"] = "451 not now"
    first = [world.post("shop") for _ in range(3)]
    assert all(world.one(submission)["state"] == "waiting" for submission in first)
    assert all(world.one(submission)["nextAttemptAt"][14:19] == "00:00" for submission in first)
    hurry(world, first)
    for submission in first:
        world.tried(submission)
    again = {world.one(submission)["nextAttemptAt"] for submission in first}
    assert len(again) == 1, "they come back together, or the first of them would be sent alone under the digest's id"
    late = world.post("shop")
    world.mails.answers.clear()
    hurry(world, [*first, late])
    for submission in [*first, late]:
        world.state(submission, "delivered")
    digests = world.mails.to("owner@example.org")
    assert len(digests) == 2, "what came after the first attempt is a digest of its own"
    ids = {mail.id for mail in digests}
    assert len(ids) == 2 and len(world.mails.attempts) == 3


def hurry_and_try(world, submissions):
    before = {submission: len(world.one(submission)["history"]) for submission in submissions}
    hurry(world, submissions)

    def is_over(submission):
        row = world.one(submission)
        return row["state"] != "waiting" or (len(row["history"]) > before[submission] and not row["inFlight"])

    wait(lambda: all(map(is_over, submissions)))


def contents(mail, submissions):
    """Which of them a mail tells of: their messages are numbered."""
    text = mail.message.get_body(("plain",)).get_content()
    return frozenset(number for number in submissions if f"number-{number}." in text)


def numbered(world, form, count, said=lambda number: ""):
    return [world.post(form, {**ADA, "message": f"number-{number}. {said(number)}"}) for number in range(count)]


def test_a_message_that_is_refused_takes_no_other_along(world):
    """One visitor's spam must not keep a day's messages from being told: 554 to the whole digest."""
    world.form("shop", mail=[{"to": "owner@example.org", "digest": "daily"}])
    world.mails.unwanted = "BUY-NOW"
    sent = numbered(world, "shop", 7, lambda number: "BUY-NOW" if number == 4 else "")
    for _ in range(4):
        hurry_and_try(world, sent)
    states = [world.one(submission)["state"] for submission in sent]
    assert states == ["delivered"] * 4 + ["waiting"] + ["delivered"] * 2
    assert world.one(sent[4])["error"] == "it answered 554: 5.7.1 this looks like spam"
    told = [contents(mail, range(7)) for mail in world.mails.mails]
    assert sorted(number for numbers in told for number in numbers) == [0, 1, 2, 3, 5, 6]
    offered = {mail.id: contents(mail, range(7)) for mail in world.mails.offered}
    assert all(offered[mail.id] == contents(mail, range(7)) for mail in world.mails.offered), "one id is one content"
    assert offered[world.mails.offered[-1].id] == {4}


def test_no_two_digests_have_one_id(world):
    """Whoever knows an id drops what comes under it later, so it must never say anything else."""
    world.form("shop", mail=[{"to": "owner@example.org", "digest": "daily"}])
    sent = numbered(world, "shop", 2)
    world.mails.rejected["owner@example.org"] = "550 5.1.1 no such user"
    hurry(world, sent)
    for submission in sent:
        world.state(submission, "failed")
    world.mails.rejected.clear()
    world.mails.answers["owner@example.org"] = "451 later"
    retry = {"form": "shop", "destination": "mail:owner@example.org"}
    sent.append(world.post("shop", {**ADA, "message": "number-2."}))
    assert world.ask("POST", "/admin/deliveries/retry", retry).json() == {"count": 3}
    hurry(world, sent)
    for submission in sent:
        world.tried(submission)
    world.mails.answers.clear()
    hurry(world, sent)
    rows = [world.state(submission, "delivered") for submission in sent]
    for number, row in enumerate(rows):
        count = len(world.mails.mails)
        assert world.ask("POST", f"/admin/deliveries/{row['id']}/replay").status_code == 200
        wait(lambda: len(world.mails.mails) == count + 1)
        assert contents(world.mails.mails[-1], range(3)) == {number}
        world.state(sent[number], "delivered")
    by_id = {mail.id: contents(mail, range(3)) for mail in world.mails.offered}
    assert all(by_id[mail.id] == contents(mail, range(3)) for mail in world.mails.offered)
    replayed = [mail.id for mail in world.mails.mails[-3:]]
    assert len(set(replayed)) == 3 and not {*replayed} & {mail.id for mail in world.mails.offered[:-3]}


def test_a_mailbox_that_is_gone_ends_the_whole_digest(world):
    world.form("shop", mail=[{"to": "gone@example.org", "digest": "daily"}])
    world.mails.rejected["gone@example.org"] = "550 5.1.1 no such user"
    sent = numbered(world, "shop", 3)
    hurry(world, sent)
    assert all(len(world.state(submission, "failed")["history"]) == 1 for submission in sent)


def told_of(mail, markers):
    """Which of the markers the mail shows, in its text and in its HTML."""
    parts = [mail.message.get_body((kind,)).get_content() for kind in ("plain", "html")]
    shown = [{marker for marker in markers if f"<{marker}>" in part or f"&lt;{marker}&gt;" in part} for part in parts]
    assert shown[0] == shown[1]
    return shown[0]


def test_a_digest_that_is_too_large_is_split(tmp_path):
    with MailServer() as mails, running(Server(tmp_path, **mails.options)) as server:
        world = World(server, mails, None)
        world.form("shop", mail=[{"to": "owner@example.org", "digest": "daily"}])
        markers = [f"number-{i:03}" for i in range(13)]
        sent = [world.post("shop", {**ADA, "message": f"<{marker}>", **{f"field{i}": "x" * 950 for i in range(40)}}) for marker in markers]
        mails.answers["owner@example.org"] = "451 not now"
        hurry(world, sent)
        for submission in sent:
            world.tried(submission)
        mails.answers.clear()
        hurry(world, sent)
        for submission in sent:
            world.state(submission, "delivered")
        by_id = {}
        for mail in mails.to("owner@example.org"):
            told = told_of(mail, markers)
            assert by_id.setdefault(mail.id, told) == told != set(), "under one id it is always the same mail"
            assert len(told) == 1 or f"{len(told)} new messages" in mail.message["Subject"]
        assert len(by_id) > 1
        assert sorted(marker for told in by_id.values() for marker in told) == markers, "each in one mail and in one only"


def hurry(world, submissions):
    """The hour has passed: in the database, while nobody serves it."""
    world.server.stop()
    for submission in submissions:
        blob = bytes.fromhex(submission.replace("-", ""))
        rows(world, "UPDATE delivery SET due_at = 1 WHERE state = 0 AND submission = ?", blob)
    world.server.start()
    world.url = world.server.url


# --- who sees what ------------------------------------------------------------


def test_another_clients_deliveries_do_not_exist(world):
    for form in ("shop", "jobs"):
        world.form(form, mail=[f"{form}@example.org"])
        world.mails.rejected[f"{form}@example.org"] = "550 no"
    shop, jobs = world.post("shop"), world.post("jobs")
    theirs = world.state(jobs, "failed")
    mine = world.state(shop, "failed")
    bound = {"scope": "write", "forms": "shop"}

    def listed(**query):
        return [d["id"] for d in world.ask("GET", "/admin/deliveries", **bound, **query).json()["deliveries"]]

    assert listed() == listed(form="shop") == listed(state="failed") == [mine["id"]]
    assert listed(form="jobs") == listed(submission=jobs) == listed(destination="mail:jobs@example.org") == []
    assert {d["form"] for d in world.ask("GET", "/admin/destinations", **bound).json()["destinations"]} == {"shop"}
    for verb in ("retry", "replay"):
        assert world.ask("POST", f"/admin/deliveries/{theirs['id']}/{verb}", **bound).status_code == 404
    assert world.ask("POST", "/admin/deliveries/retry", {"form": "jobs", "destination": "mail:jobs@example.org"}, **bound).status_code == 404
    assert world.ask("POST", "/admin/deliveries/retry", {"form": None, "destination": "mail:jobs@example.org"}, **bound).status_code == 404
    assert world.ask("POST", f"/admin/deliveries/{mine['id']}/retry", scope="read", forms="shop").status_code == 403
    assert world.one(jobs)["state"] == "failed" and world.one(jobs)["attempts"] == 1


def test_a_list_goes_on_page_by_page(world):
    world.form("shop", mail=["a@example.org", "b@example.org"])
    sent = [world.post("shop") for _ in range(7)]
    for submission in sent:
        for name in "ab":
            world.state(submission, "delivered", f"mail:{name}@example.org")
    whole, cursor = [], None
    while True:
        page = world.get("/admin/deliveries", limit=3, **({"cursor": cursor} if cursor else {}))
        whole += page["deliveries"]
        cursor = page["next"]
        if not cursor:
            break
    assert [d["id"] for d in whole] == [d["id"] for d in world.deliveries(limit=200)]
    assert len({d["id"] for d in whole}) == 14 and [d["id"] for d in whole] == sorted((d["id"] for d in whole), reverse=True)
    assert len(world.deliveries(destination="mail:a@example.org")) == 7
    assert len(world.deliveries(submission=sent[0])) == 2
    assert world.ask("GET", "/admin/deliveries", state="done").status_code == 400
    assert world.ask("GET", "/admin/deliveries", submission="x").status_code == 400


def test_watchers_hear_of_it(world):
    world.form("shop", mail=["owner@example.org"])
    headers = {"Authorization": f"Bearer {world.token('read')}"}
    with requests.get(world.url + "/admin/events", headers=headers, stream=True, timeout=30 * SLOW) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        next(line for line in lines if line.startswith("id:"))
        submission = world.post("shop")
        next(line for line in lines if line == "event: delivery")
        data = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
    assert data == {"id": world.one(submission)["id"], "submission": submission, "form": "shop", "state": "delivered"}


# --- settings that change -----------------------------------------------------


def test_a_destination_that_is_gone_withdraws_and_one_that_comes_back_goes_on(world):
    world.form("shop", mail=["owner@example.org"])
    world.mails.answers["owner@example.org"] = "451 not now"
    submission = world.post("shop")
    row = world.tried(submission)
    world.set("shop", 'notify={"mail": ["new@example.org"]}')
    world.ask("POST", f"/admin/deliveries/{row['id']}/retry")
    row = world.state(submission, "withdrawn")
    assert "no such destination" in row["error"]
    assert world.destination("shop", "mail:owner@example.org")["channel"] is None
    del world.mails.answers["owner@example.org"]
    world.set("shop", 'notify={"mail": ["owner@example.org"]}')
    world.ask("POST", f"/admin/deliveries/{row['id']}/retry")
    world.state(submission, "delivered")


# --- dead destinations --------------------------------------------------------


@pytest.mark.parametrize("again", [False, True], ids=["removed", "and made again by somebody else"])
def test_what_a_removed_form_had_to_tell_is_told_to_nobody(world, again):
    """Unnamed destinations are called alike in every form."""
    world.form("default", webhooks=[{"url": world.posts.url + "/operator"}])
    world.posts.answers["/shop"] = 500
    world.form("shop", webhooks=[{"url": world.posts.url + "/shop"}])
    for body in ADA, SPAM:
        world.post("shop", body)
    wait(lambda: [row for row in world.deliveries(form="shop", state="waiting") if row["error"]])
    assert len(world.deliveries(form="shop", state="held")) == 1
    assert world.ask("DELETE", "/admin/forms/shop").status_code in (200, 204)
    rows = world.deliveries(form="shop")
    assert [(row["state"], row["error"]) for row in rows] == [("withdrawn", "the form was removed")] * 2
    if again:
        world.form("shop", webhooks=[{"url": world.posts.url + "/stranger"}])
    for row in rows:
        assert world.ask("POST", f"/admin/deliveries/{row['id']}/retry").status_code == 200
    wait(lambda: len(world.deliveries(form="shop", state="withdrawn")) == 2)
    world.post("shop")
    wait(lambda: world.posts.at("/stranger" if again else "/operator"))
    assert len(world.posts.at("/stranger")) + len(world.posts.at("/operator")) == 1


def test_what_the_default_form_had_to_tell_is_not_told_by_a_new_one(world):
    world.posts.answers["/operator"] = 500
    world.form("default", webhooks=[{"url": world.posts.url + "/operator"}])
    world.post("shop")
    wait(lambda: [row for row in world.deliveries(form="shop") if row["error"]])
    world.form("shop", webhooks=[{"url": world.posts.url + "/stranger"}])
    (row,) = world.deliveries(form="shop")
    assert world.ask("POST", f"/admin/deliveries/{row['id']}/retry").status_code == 200
    wait(lambda: world.deliveries(form="shop", state="withdrawn"))
    assert world.posts.at("/stranger") == []


def test_one_that_is_dead_keeps_no_other_waiting(world):
    world.form("dead", webhooks=[{"name": "crm", "url": world.posts.url + "/slow", "secret": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}])
    world.form("shop", mail=["owner@example.org"])
    for _ in range(40):
        world.post("dead")
    submission = world.post("shop")
    world.state(submission, "delivered")
    assert len(world.posts.at("/slow")) == 0
    started = time.monotonic()
    assert world.server.stop() == 0 and time.monotonic() - started < 5 * SLOW
    world.posts.gate.set()
    world.server.start()
    world.url = world.server.url
    wait(lambda: len(world.deliveries(form="dead", state="delivered", limit=200)) == 40)
    assert len({post.id for post in world.posts.at("/slow")}) == 40


def test_a_webhook_is_retried_with_the_same_id(world):
    world.form("shop", webhooks=[{"name": "crm", "url": world.posts.url + "/in"}])
    world.posts.answers["/in"] = 503
    submission = world.post("shop")
    row = world.tried(submission)
    assert row["history"][0]["status"] == 503 and row["destination"] == "webhook:crm"
    world.posts.answers["/in"] = (429, {"Retry-After": "3600"})
    world.ask("POST", f"/admin/deliveries/{row['id']}/retry")
    wait(lambda: len(world.posts.at("/in")) == 2)
    row = world.tried(submission)
    assert row["history"][0]["status"] == 429
    before, after = (time.mktime(time.strptime(row[k][:19], "%Y-%m-%dT%H:%M:%S")) for k in ("changedAt", "nextAttemptAt"))
    assert 3590 <= after - before <= 4000
    world.posts.answers["/in"] = 410
    world.ask("POST", f"/admin/deliveries/{row['id']}/retry")
    assert world.state(submission, "failed")["history"][0]["status"] == 410
    world.posts.answers["/in"] = 204
    world.ask("POST", f"/admin/deliveries/{row['id']}/retry")
    world.state(submission, "delivered")
    assert {post.id for post in world.posts.at("/in")} == {f"msg_{submission}"} and len(world.posts.at("/in")) == 4


def test_a_host_that_fails_is_asked_less_and_less(world):
    world.form("shop", webhooks=[{"name": "crm", "url": world.posts.url + "/in"}])
    world.posts.answers["/in"] = 500
    sent = [world.post("shop") for _ in range(20)]
    wait(lambda: len(world.posts.at("/in")) >= 5)
    wait(lambda: not any(d["inFlight"] for d in world.deliveries(limit=200)))
    assert len(world.posts.at("/in")) <= 9, "the five that fail, and those that were under way beside the fifth"
    waiting = [d for d in world.deliveries(limit=200) if d["attempts"] == 0]
    assert len(waiting) >= 11
    world.posts.answers["/in"] = 200
    row = world.deliveries(limit=200)[0]
    assert world.ask("POST", f"/admin/deliveries/{row['id']}/retry").status_code == 200
    wait(lambda: len(world.deliveries(state="delivered", limit=200)) >= len(waiting))
    assert len(sent) == 20


def test_a_message_that_a_receiver_cannot_bear_does_not_keep_the_next_one_from_it(world):
    world.form("shop", webhooks=[{"name": "crm", "url": world.posts.url + "/in"}])
    world.posts.poison = b"poison"
    sent = [world.post("shop", {**ADA, "message": "poison"}) for _ in range(5)]
    poison = [world.tried(submission) for submission in sent]
    real = world.post("shop")  # behind them, and nobody is asked now
    rows(world, "UPDATE delivery SET due_at = 1 WHERE state = 0 AND attempts > 0")
    before = len(world.posts.posts)
    assert world.ask("POST", f"/admin/deliveries/{poison[0]['id']}/retry").status_code == 200
    world.state(real, "delivered")
    assert b"poison" not in world.posts.posts[before].body


def test_one_forms_slow_receivers_leave_places_for_others(tmp_path):
    with Receiver("0.0.0.0") as slow, running(Server(tmp_path, webhook_allow="127.0.0.0/8", allow_plain="on")) as server:
        world = World(server, None, slow)
        port = slow.server.server_port
        world.form("many", webhooks=[{"name": f"n{host}", "url": f"http://127.0.0.{host}:{port}/slow"} for host in range(2, 6)])
        world.form("one", webhooks=[{"name": "crm", "url": f"http://127.0.0.1:{port}/in"}])
        sent = [world.post("many") for _ in range(4)]
        wait(lambda: slow.slow == 8)
        world.state(world.post("one"), "delivered")
        assert slow.slow == 8, "of sixteen"
        slow.gate.set()
        for submission in sent:
            wait(lambda: all(d["state"] == "delivered" for d in world.get(f"/admin/submissions/{submission}")["deliveries"]))


def test_a_pause_says_nothing_of_other_clients_mails(world):
    world.form("shop", mail=["shop@example.org"])
    world.form("jobs", mail=["secret-client@example.org"])
    world.mails.locked = "421 4.7.0 too many mails for <secret-client@example.org>"
    for submission in [world.post("jobs") for _ in range(5)]:
        world.tried(submission)
    submission = world.post("shop")
    seen = {"scope": "read", "forms": "shop"}
    (row,) = world.ask("GET", "/admin/deliveries", **seen).json()["deliveries"]
    assert row["submission"] == submission and row["pausedBy"]["reason"] == "it answered 421"
    assert "secret" not in world.ask("GET", "/admin/deliveries", **seen).text
    assert "secret-client" in world.ask("GET", "/admin/deliveries", forms="jobs").text, "whose own it is reads all of it"


def test_who_tries_again_by_hand_asks_nobody_elses_receivers(world):
    """Each at an address of its own, which refuses."""
    world.posts.answers.update({"/mine": 500, "/theirs": 500})
    for form in ("mine", "theirs"):
        world.form(form, webhooks=[{"name": "crm", "url": f"{world.posts.url}/{form}"}])
        for submission in [world.post(form) for _ in range(5)]:
            world.tried(submission)
        world.post(form)
    counts = len(world.posts.at("/mine")), len(world.posts.at("/theirs"))
    mine = {"scope": "write", "forms": "mine"}
    answer = world.ask("POST", "/admin/deliveries/retry", {"form": "mine", "destination": "webhook:crm"}, **mine)
    assert answer.status_code == 200, answer.text
    wait(lambda: len(world.posts.at("/mine")) > counts[0])
    wait(lambda: not any(row["inFlight"] for row in world.deliveries(limit=200)))
    theirs = [row for row in world.deliveries(form="theirs") if row["attempts"] == 0]
    assert len(theirs) == 1 and theirs[0]["pausedBy"]["until"] and len(world.posts.at("/theirs")) == counts[1]


def test_visitors_mailboxes_that_hang_leave_room_for_mails(world):
    world.form("shop", autoreply={"subject": "Thanks", "text": "Thank you."})
    world.form("jobs", mail=["jobs@example.org"])
    visitors = [f"visitor{i}@slow.example" for i in range(6)]
    world.mails.held = set(visitors)
    sent = [world.post("shop", {**ADA, "email": visitor}) for visitor in visitors]
    wait(lambda: len(world.mails.waiting) == 2)
    world.state(world.post("jobs"), "delivered")
    assert len(world.mails.waiting) == 2, "of six"
    world.mails.held.clear()
    for submission in sent:
        world.state(submission, "delivered")


def fail_often(world, form, probes=4):
    """Until nothing but probes is sent there, and those minutes apart: retrying one is a probe too."""
    for _ in range(12):
        world.post(form)
    wait(lambda: any(d["pausedBy"] for d in world.deliveries(form=form, limit=200)))
    for _ in range(probes):
        wait(lambda: not any(d["inFlight"] for d in world.deliveries(form=form, limit=200)))
        before = sum(d["attempts"] for d in world.deliveries(form=form, limit=200))
        world.ask("POST", f"/admin/deliveries/{world.deliveries(form=form, state='waiting', limit=200)[0]['id']}/retry")
        wait(lambda: sum(d["attempts"] for d in world.deliveries(form=form, limit=200)) != before)
    wait(lambda: not any(d["inFlight"] for d in world.deliveries(form=form, limit=200)))


def paused(world, form, host):
    rows = [d for d in world.deliveries(form=form, limit=200) if d["pausedBy"]]
    assert rows and all(d["state"] == "waiting" and d["pausedBy"]["host"] == host for d in rows), world.deliveries(form=form)
    return rows


@pytest.mark.parametrize("answer", [None, 503, 429, (503, {"Retry-After": "1"})], ids=["closed", "503", "429", "Retry-After"])
def test_one_that_fails_pauses_no_other_on_its_host(world, answer):
    """Another port when nobody listens there; another path, as another client's at the same service, when it refuses."""
    url = f"http://127.0.0.1:{free_port()}" if answer is None else world.posts.url
    world.form("dead", webhooks=[{"name": "crm", "url": url + "/dead"}])
    world.form("well", webhooks=[{"name": "crm", "url": world.posts.url + "/well"}])
    if answer is not None:
        world.posts.answers["/dead"] = answer
    fail_often(world, "dead")
    row = paused(world, "dead", url)[0]
    assert row["pausedBy"]["until"] > row["createdAt"] and ("connect" if answer is None else "it answered ") in row["pausedBy"]["reason"].lower()
    for _ in range(8):
        submission = world.post("well")
        world.state(submission, "delivered")
        assert world.one(submission)["pausedBy"] is None
    assert paused(world, "dead", url), "and they still wait"
    listed = json.loads(world.server.cli("delivery", "list", "--form", "dead", "--state", "waiting", "--json").stdout)
    assert any(one["pausedBy"] and one["pausedBy"].startswith(url + " until 20") for one in listed), listed
    assert all(one["pausedBy"] is None for one in json.loads(world.server.cli("delivery", "list", "--form", "well", "--json").stdout))


def test_one_mailbox_that_is_not_taken_yet_pauses_no_other_and_a_server_that_shuts_us_out_does(world):
    world.form("grey", mail=["grey@example.org"])
    world.form("well", mail=["well@example.org"])
    world.mails.rejected["grey@example.org"] = "450 4.2.0 greylisted, come back"
    for _ in range(12):
        world.post("grey")
    wait(lambda: all(d["attempts"] and not d["inFlight"] for d in world.deliveries(form="grey")))
    assert not any(d["pausedBy"] for d in world.deliveries(form="grey"))
    world.state(world.post("well"), "delivered")
    world.mails.locked = "530 5.7.0 sign in first"
    fail_often(world, "grey", probes=1)
    rows = paused(world, "grey", world.mails.options["smtp_url"])
    assert "530" in rows[0]["pausedBy"]["reason"]
    submission = world.post("well")
    wait(lambda: world.one(submission)["pausedBy"])
    assert world.one(submission)["attempts"] == 0


@pytest.mark.parametrize("hears", ["a visitor", "an owner"])
@pytest.mark.parametrize("step", ["RCPT TO (the recipient)", "DATA (the message)"])
@pytest.mark.parametrize("answer", ["421 4.7.0 not with this address", MailServer.HANG_UP], ids=["421", "closed"])
def test_an_address_that_ends_the_connection_counts_against_nobody(world, answer, step, hears):
    """The server had let us in: what ends it then is this mail's alone."""
    places = [f"odd{n}@example.org" for n in range(7)]
    refuses = world.mails.rejected if "RCPT" in step else world.mails.answers
    refuses.update({place: answer for place in places})
    world.form("well", mail=["well@example.org"])
    if hears == "a visitor":
        world.form("odd", autoreply={"subject": "Thanks", "text": "Thank you."})
        sent = [world.post("odd", {**ADA, "email": place}) for place in places]
    else:
        world.form("odd", mail=places[:1])
        sent = [world.post("odd") for _ in places]
    rows = [world.tried(submission) for submission in sent]
    assert not any(row["pausedBy"] for row in rows) and {row["state"] for row in rows} == {"waiting"}
    words = "421: 4.7.0 not with this address" if answer[0] == "4" else f"the mail server closed the connection after {step}"
    assert all(words in row["error"] for row in rows), rows
    world.state(world.post("well"), "delivered")
    failing = world.destination("odd", rows[0]["destination"])["failingSince"]
    assert bool(failing) == (hears == "an owner" or "DATA" in step), "a visitor's address says nothing of the autoresponder"


def later(world, form):
    """All that waits was tried an hour ago, and is due in hours: in the database, while nobody serves it."""
    world.server.stop()
    rows(world, "UPDATE delivery SET due_at = due_at + 7200000, changed_at = changed_at - 3600000 WHERE state = 0 AND form = ?", form)
    world.server.start()
    world.url = world.server.url


@pytest.mark.parametrize("by", ["the API", "the verb"])
def test_retry_of_a_destination_takes_what_waits_as_well(world, by):
    world.form("shop", webhooks=[{"name": "crm", "url": world.posts.url + "/in"}])
    world.form("jobs", webhooks=[{"name": "crm", "url": world.posts.url + "/other"}])
    world.posts.answers.update({"/in": 503, "/other": 503})
    sent = [world.post("shop") for _ in range(7)]
    other = world.post("jobs")
    wait(lambda: sum(d["attempts"] for d in world.deliveries(form="shop")) >= 5 and not any(d["inFlight"] for d in world.deliveries()))
    world.tried(other)
    later(world, "shop"), later(world, "jobs")
    world.posts.answers.clear()
    if by == "the API":
        answer = world.ask("POST", "/admin/deliveries/retry", {"form": "shop", "destination": "webhook:crm"}, scope="write")
        assert answer.json() == {"count": 7}
    else:
        assert world.server.cli("delivery", "retry", "webhook:crm", "--form", "shop").stdout == '{"count":7}\n'
    for submission in sent:
        world.state(submission, "delivered")
    assert world.one(other)["state"] == "waiting"


def test_when_one_arrives_again_the_others_follow(world):
    world.form("shop", webhooks=[{"name": "crm", "url": world.posts.url + "/in"}])
    world.form("jobs", webhooks=[{"name": "crm", "url": world.posts.url + "/other"}])
    world.posts.answers.update({"/in": 503, "/other": 503})
    sent = [world.post("shop") for _ in range(3)]
    other = world.post("jobs")
    for submission in [*sent, other]:
        world.tried(submission)
    later(world, "shop"), later(world, "jobs")
    world.posts.answers.clear()
    world.state(world.post("shop"), "delivered")
    for submission in sent:
        assert [h["status"] for h in world.state(submission, "delivered")["history"]] == [200, 503]
    assert world.one(other)["state"] == "waiting"


def test_a_digest_that_failed_comes_again_together(world):
    world.form("shop", mail=[{"to": "owner@example.org", "digest": "hourly"}])
    world.mails.answers["owner@example.org"] = "451 not now"
    sent = [world.post("shop") for _ in range(5)]
    hurry(world, sent)
    for submission in sent:
        world.tried(submission)
    assert len({world.one(submission)["nextAttemptAt"] for submission in sent}) == 1
    world.mails.answers.clear()
    assert world.server.cli("delivery", "retry", "mail:owner@example.org", "--form", "shop").stdout == '{"count":5}\n'
    for submission in sent:
        world.state(submission, "delivered")
    assert len(world.mails.mails) == 1


def test_what_is_no_destination_is_said_to_be_none(world):
    world.form("shop", webhooks=[{"name": "crm", "url": world.posts.url + "/in"}], mail=["owner@example.org"])
    row = world.state(world.post("shop"), "delivered", "webhook:crm")

    def ask(form, destination):
        answer = world.ask("POST", "/admin/deliveries/retry", {"form": form, "destination": destination}, scope="write")
        return answer.status_code, answer.json().get("detail", "")

    assert ask("shop", "webhook:crm") == (200, "")
    for form, destination in (("shop", "webhook:crn"), ("shop", "mail:nobody@example.org"), ("nobody-has-it", "webhook:crm"), (None, "webhook:crm")):
        status, detail = ask(form, destination)
        assert status == 404 and f"no destination {destination}" in detail and (form or "server") in detail

    def verb(*words):
        done = world.server.cli("delivery", "retry", *words)
        return done.returncode, done.stdout + done.stderr

    for form, destination in (("shop", "webhook:crn"), ("nobody-has-it", "webhook:crm")):
        code, said = verb(destination, "--form", form)
        assert code == 1 and f"{form} has no destination {destination}" in said, said
    code, said = verb(row["id"], "--form", "shop")
    assert code == 1 and "leave --form out" in said, said
    code, said = verb("webhook:crm")
    assert code == 1 and "--form NAME" in said, said
    world.server.stop()
    code, said = verb("webhook:crn", "--form", "shop")
    assert code == 1 and "no destination webhook:crn" in said, said
    assert verb("mail:owner@example.org", "--form", "shop") == (0, '{"count":0}\n')


# --- to another destination ---------------------------------------------------


def missed(world):
    """Four messages that a mistyped mailbox did not get, one of them spam by now; its setting is corrected meanwhile."""
    world.form("shop", mail=["wrong@client.example"], autoreply={"subject": "Thanks", "text": "Thank you."})
    world.form("jobs", mail=["wrong@client.example"])
    world.mails.rejected["wrong@client.example"] = "550 no such user"
    sent = [world.post("shop", {**ADA, "email": f"ada{n}@example.org"}) for n in range(4)]
    other = world.post("jobs")
    for submission in sent:
        world.state(submission, "failed", "mail:wrong@client.example")
    world.state(other, "failed")
    world.move(sent[3], "spam")
    world.set("shop", "notify=" + json.dumps({"mail": ["right@client.example"], "autoreply": {"subject": "Thanks", "text": "Thank you."}}))
    gone = world.one(sent[0], "mail:wrong@client.example")
    world.ask("POST", f"/admin/deliveries/{gone['id']}/retry")
    world.state(sent[0], "withdrawn", "mail:wrong@client.example")
    return sent, other


@pytest.mark.parametrize("by", ["the API", "the verb", "the verb without a server"])
def test_all_that_was_missed_goes_to_the_right_address(world, by):
    sent, other = missed(world)

    def move():
        if by == "the API":
            body = {"form": "shop", "destination": "mail:wrong@client.example", "to": "mail:right@client.example"}
            answer = world.ask("POST", "/admin/deliveries/retry", body, scope="write", forms="shop")
            assert answer.status_code == 200, answer.text
            return answer.json()["count"]
        if by != "the verb":
            world.server.stop()
        done = world.server.cli("delivery", "retry", "mail:wrong@client.example", "--form", "shop", "--to", "mail:right@client.example")
        assert done.returncode == 0, done.stderr
        if by != "the verb":
            world.server.start()
            world.url = world.server.url
        return json.loads(done.stdout)["count"]

    assert move() == 4
    for submission in sent[:3]:
        row = world.state(submission, "delivered", "mail:right@client.example")
        assert row["attempts"] == 1 and row["id"] != world.one(submission, "mail:wrong@client.example")["id"]
        left = world.one(submission, "mail:wrong@client.example")
        assert left["state"] == "withdrawn" and left["error"] == "sent to mail:right@client.example instead"
        assert left["history"][0]["error"] == left["error"] and "550" in json.dumps(left["history"])
    assert world.one(sent[3], "mail:right@client.example")["state"] == "held", "spam is held there as well"
    assert len(world.mails.to("right@client.example")) == 3 == len({mail.id for mail in world.mails.to("right@client.example")})
    assert move() == 0 and len(world.mails.to("right@client.example")) == 3, "and once is enough"
    assert world.one(other)["state"] == "failed"
    tally = world.destination("shop", "mail:wrong@client.example")
    assert (tally["failed"], tally["waiting"], tally["withdrawn"]) == (0, 0, 4)
    if by == "the API":
        told = [(e["action"], e["target"], e["detail"]) for e in world.get("/admin/audit")["entries"]]
        assert ("delivery.retry", "shop", "mail:wrong@client.example to mail:right@client.example") in told
    world.move(sent[3], "new")
    world.state(sent[3], "delivered", "mail:right@client.example")


def test_one_message_goes_to_another_destination(world):
    sent, other = missed(world)
    row = world.one(sent[1], "mail:wrong@client.example")
    reply = world.state(sent[1], "delivered", "reply")

    def send(delivery, to, scope="write", forms="shop"):
        answer = world.ask("POST", f"/admin/deliveries/{delivery['id']}/retry", {"to": to}, scope=scope, forms=forms)
        return answer.status_code, answer.json()

    assert send(row, "mail:right@client.example", scope="read")[0] == 403
    assert send(row, "mail:right@client.example", forms="jobs")[0] == 404
    assert send(row, "mail:wrong@client.example")[0] == 404, "which the form does not have any more"
    assert send(row, "reply")[0] == 400 and send(reply, "mail:right@client.example")[0] == 400
    assert send(row, "")[0] == 400 and send(row, 7)[0] == 400 and send(row, "x" * 261)[0] == 400
    status, there = send(row, "mail:right@client.example")
    assert status == 200 and there["destination"] == "mail:right@client.example" and there["id"] != row["id"]
    assert world.state(sent[1], "delivered", "mail:right@client.example")["id"] == there["id"]
    assert world.one(sent[1], "mail:wrong@client.example")["state"] == "withdrawn"
    status, problem = send(row, "mail:right@client.example")
    assert status == 409 and "has arrived there" in problem["detail"]
    assert world.get("/admin/audit")["entries"][0]["detail"] == "mail:right@client.example"
    # What is over there starts again instead of being there twice.
    world.mails.rejected["right@client.example"] = "550 not now"
    again = world.one(sent[2], "mail:wrong@client.example")
    first = send(again, "mail:right@client.example")[1]
    world.state(sent[2], "failed", "mail:right@client.example")
    world.mails.rejected.clear()
    assert send(again, "mail:right@client.example")[1]["id"] == first["id"]
    world.state(sent[2], "delivered", "mail:right@client.example")
    # What has arrived stays as it is.
    world.set("shop", 'notify={"mail": ["right@client.example", "third@client.example"]}')
    done = world.server.cli("delivery", "retry", there["id"], "--to", "mail:third@client.example")
    assert (done.returncode, done.stdout) == (0, '{"count":1}\n'), done.stderr
    world.state(sent[1], "delivered", "mail:third@client.example")
    assert world.one(sent[1], "mail:right@client.example")["state"] == "delivered"
    for words in ((there["id"], "--to", "mail:nobody@client.example"), ("x", "--to", "mail:third@client.example"),
                  ("mail:right@client.example", "--form", "shop", "--to", "mail:right@client.example")):
        assert world.server.cli("delivery", "retry", *words).returncode == 1
    assert world.server.cli("delivery", "replay", there["id"], "--to", "mail:third@client.example").returncode == 1


REMOVED = "webhook:crm"


def withdrawn_by_removal(world, form):
    """What the form had to tell was not told when it was removed; also one that had arrived. Returns both."""
    world.form(form, webhooks=[{"name": "crm", "url": f"{world.posts.url}/{form}"}])
    arrived = world.state(world.post(form), "delivered")
    world.posts.answers[f"/{form}"] = 500
    missed = [world.tried(world.post(form)) for _ in range(3)]
    assert world.ask("DELETE", f"/admin/forms/{form}").status_code in (200, 204)
    assert {d["state"] for d in world.deliveries(form=form)} == {"delivered", "withdrawn"}
    return arrived, missed


def asked(world, by, form, to, delivery=None, destination=REMOVED):
    """Sends elsewhere, all or one; True, or what is said instead."""
    if by == "the API":
        path, body = "/admin/deliveries/retry", {"form": form, "destination": destination, "to": to}
        if delivery:
            path, body = f"/admin/deliveries/{delivery['id']}/retry", {"to": to}
        answer = world.ask("POST", path, body, scope="write", forms=form)
        return True if answer.status_code == 200 else (answer.status_code, answer.json()["detail"])
    words = (delivery["id"],) if delivery else (destination, "--form", form)
    done = world.server.cli("delivery", "retry", *words, "--to", to)
    return True if done.returncode == 0 else (done.returncode, done.stdout + done.stderr)


@pytest.mark.parametrize("by", ["the API", "the verb"])
def test_what_a_removed_form_had_to_tell_is_not_sent_to_the_default_forms_destinations(world, by):
    world.form("default", webhooks=[{"name": "dflt", "url": world.posts.url + "/operator"}])
    arrived, missed = withdrawn_by_removal(world, "gone")
    there = [asked(world, by, "gone", "webhook:dflt", one) for one in (None, missed[0], arrived)]
    assert True not in there, there
    elsewhere = [asked(world, by, "gone", "webhook:nono", one) for one in (None, missed[0], arrived)]
    assert [(code, said.replace("dflt", "nono")) for code, said in there] == elsewhere, "who has the form learns what the default one has"
    assert asked(world, by, "never-seen", "webhook:dflt") != True
    assert {d["destination"] for d in world.deliveries(form="gone")} == {REMOVED} and not world.posts.at("/operator")
    # One that was never registered goes by the default one's settings, and by those alone.
    world.set("default", 'notify={"webhooks": [{"name": "old", "url": "%s/old"}]}' % world.posts.url)
    world.posts.answers["/old"] = 500
    free = world.tried(world.post("free"))
    world.set("default", 'notify={"webhooks": [{"name": "dflt", "url": "%s/operator"}]}' % world.posts.url)
    assert asked(world, by, "free", "webhook:nono", destination="webhook:old") != True
    assert asked(world, by, "free", "webhook:dflt", destination="webhook:old") == True
    world.state(free["submission"], "delivered", "webhook:dflt")
    # Not when another has taken its name, either.
    world.form("free", webhooks=[{"name": "dflt", "url": world.posts.url + "/stranger"}])
    world.ask("POST", f"/admin/deliveries/{world.one(free['submission'], 'webhook:dflt')['id']}/replay")
    world.state(free["submission"], "withdrawn", "webhook:dflt")
    assert not world.posts.at("/stranger")


@pytest.mark.parametrize("by", ["the API", "the verb"])
def test_what_a_removed_form_had_to_tell_is_not_sent_to_who_takes_its_name(world, by):
    arrived, missed = withdrawn_by_removal(world, "shop")
    world.form("shop", webhooks=[{"name": "newowner", "url": world.posts.url + "/newowner"}])
    assert asked(world, by, "shop", "webhook:newowner") == True, "of the new one's there is nothing yet"
    for one in missed[0], arrived:
        code, said = asked(world, by, "shop", "webhook:newowner", one)
        assert code == (409 if by == "the API" else 1) and "the form was removed" in said, said
    assert {d["destination"] for d in world.deliveries(form="shop")} == {REMOVED}
    assert {d["error"] for d in world.deliveries(form="shop", state="withdrawn")} == {"the form was removed"}
    own = world.state(world.post("shop"), "delivered", "webhook:newowner")
    assert [json.loads(post.body)["data"]["id"] for post in world.posts.at("/newowner")] == [own["submission"]]


# --- verbs --------------------------------------------------------------------


@pytest.mark.parametrize("is_running", [True, False], ids=["beside a server", "without one"])
def test_the_command_line_lists_and_repeats(world, is_running):
    world.form("shop", mail=["owner@example.org", "gone@example.org"])
    world.mails.rejected["gone@example.org"] = "550 no such user"
    submission = world.post("shop")
    arrived = world.state(submission, "delivered", "mail:owner@example.org")
    failed = world.state(submission, "failed", "mail:gone@example.org")
    world.mails.rejected.clear()
    if not is_running:
        world.server.stop()

    def verb(*words):
        done = world.server.cli("delivery", *words)
        return done.returncode, done.stdout + done.stderr

    code, listed = verb("list", "--form", "shop", "--json")
    assert code == 0 and {row["id"] for row in json.loads(listed)} == {arrived["id"], failed["id"]}
    assert [row["id"] for row in json.loads(verb("list", "--state", "failed", "--json")[1])] == [failed["id"]]
    assert json.loads(verb("list", "--form", "jobs", "--json")[1]) == []
    assert "mail:gone@example.org" in verb("list")[1]
    assert verb("list", "--state", "lost")[0] != 0
    assert verb("retry", arrived["id"])[0] != 0 and verb("replay", failed["id"])[0] != 0 and verb("retry", "x")[0] != 0
    assert verb("replay", arrived["id"])[0] == 0
    assert verb("retry", "mail:gone@example.org", "--form", "shop") == (0, '{"count":1}\n')
    if not is_running:
        world.server.start()
        world.url = world.server.url
    world.state(submission, "delivered", "mail:gone@example.org")
    wait(lambda: len(world.mails.to("owner@example.org")) == 2)


# --- alarms -------------------------------------------------------------------


def alarms(world, **who):
    """But for what the tester's own disk may say."""
    return [a for a in world.ask("GET", "/admin/alarms", **who).json()["alarms"] if a["kind"] != "disk"]


def test_a_destination_that_fails_for_an_hour_is_told_to_the_others_once(tmp_path):
    with MailServer() as mails:
        mails.answers["owner@example.org"] = "451 not now"
        server = Server(tmp_path, notify_to="operator@example.org", test_watch_ms=100, **mails.options)
        with running(server):
            world = World(server, mails, None)
            world.form("shop", mail=["owner@example.org", "sales@example.org"], autoreply={"subject": "Thanks", "text": "Thank you."})
            world.form("jobs", mail=["jobs@example.org"])
            submission = world.post("shop")
            world.state(submission, "delivered", "mail:sales@example.org")
            wait(lambda: world.one(submission, "mail:owner@example.org")["attempts"] and world.destination("shop", "mail:owner@example.org")["failingSince"])
            assert alarms(world) == []
            server.stop()
            rows(world, "UPDATE destination SET failing_since = failing_since - 3600000 WHERE failing_since > 0")
            server.start()
            world.url = server.url
            raised = wait(lambda: alarms(world))
            assert [(a["kind"], a["form"], a["destination"]) for a in raised] == [("destination", "shop", "mail:owner@example.org")]
            assert "451" in raised[0]["text"]
            assert alarms(world, scope="read", forms="shop") == raised and alarms(world, scope="read", forms="jobs") == []

            def told(address):
                return [m for m in mails.to(address) if "has not been reached" in m.message.get_body(("plain",)).get_content()]

            wait(lambda: told("sales@example.org") and told("operator@example.org"))
            told_rows = [d for d in world.deliveries(limit=200) if d["text"] and "reached" in d["text"]]
            assert sorted((d["form"] or "", d["destination"]) for d in told_rows) == [("", "mail:operator@example.org"), ("shop", "mail:sales@example.org")]
            assert all(m.message["Subject"] == "contactd: mail:owner@example.org of shop fails" for m in told("operator@example.org"))
            del mails.answers["owner@example.org"]
            world.ask("POST", f"/admin/deliveries/{world.one(submission, 'mail:owner@example.org')['id']}/retry")
            wait(lambda: not alarms(world))

            def told_of_the_end(address):
                return [m for m in mails.to(address) if "reached again" in m.message["Subject"]]

            wait(lambda: told_of_the_end("sales@example.org") and told_of_the_end("operator@example.org"))
            for address in ("sales@example.org", "operator@example.org"):
                assert len(told(address)) == len(told_of_the_end(address)) == 1
            assert not told_of_the_end("owner@example.org") and not told_of_the_end("jobs@example.org")
            assert len(world.log("alarm_over")) == 1


def fail_for_an_hour(world, submission, destinations):
    """So that the next start finds them failing for long."""
    server = world.server
    failing = lambda name: world.destination("shop", name)["failingSince"] and not world.one(submission, name)["inFlight"]
    wait(lambda: all(failing(name) for name in destinations))
    server.stop()
    rows(world, "UPDATE destination SET failing_since = failing_since - 3600000 WHERE failing_since > 0")
    server.options["test_watch_ms"] = 100
    server.start()
    world.url = server.url


def test_what_one_look_finds_is_one_mail_for_each_who_hears(tmp_path):
    dead = [f"dead{number}@example.org" for number in range(12)]
    names = [f"mail:{address}" for address in dead]
    with MailServer() as mails, Receiver() as posts:
        mails.answers.update({address: "451 not now." for address in dead})
        options = {"notify_to": "ops@example.org", **mails.options, **posts.options}
        with running(Server(tmp_path, **options)) as server:
            world = World(server, mails, posts)
            hooks = [{"name": "hears", "url": f"{posts.url}/hears"}, {"name": "deaf", "url": f"{posts.url}/deaf", "alarms": False}]
            world.form("shop", mail=[*dead, "ops@example.org"], webhooks=hooks)
            submission = world.post("shop")
            fail_for_an_hour(world, submission, names)
            raised = wait(lambda: len(alarms(world)) == 12 and alarms(world))
            for alarm in raised:
                assert "1 wait" in alarm["text"] and not alarm["text"].endswith("."), alarm["text"]

            def told():
                return [m for m in mails.to("ops@example.org") if m.message["Subject"].startswith("contactd: ")]

            assert wait(told)[0].message["Subject"].endswith(", and 11 more")
            text = told()[0].message.get_body(("plain",)).get_content()
            assert all(f"{name} of the form shop has not been reached" in text for name in names)
            assert "not now.\n" in text.replace("\r", "") and ".." not in text
            hook = wait(lambda: [p for p in posts.at("/hears") if json.loads(p.body)["type"] == "alarm"])
            assert json.loads(hook[0].body)["data"]["text"].startswith("contactd: mail:")

            more = world.post("shop")  # the list tells how it is now
            wait(lambda: all("2 wait" in alarm["text"] for alarm in alarms(world)))
            told_before = {one["id"] for one in world.deliveries(destination="mail:ops@example.org", limit=200)}
            world.set("shop", "notify=" + json.dumps({"mail": ["ops@example.org"], "webhooks": hooks}))
            assert alarms(world) == [], "what is taken away is wrong no longer"
            wait(lambda: len(world.log("alarm_over")) == 12)
            assert {one["id"] for one in world.deliveries(destination="mail:ops@example.org", limit=200)} == told_before, "nobody need be told of that"
            assert len(told()) == 1 and len([p for p in posts.at("/hears") if json.loads(p.body)["type"] == "alarm"]) == 1
            wait(lambda: world.one(more, "webhook:deaf")["state"] == "delivered")
            assert {json.loads(p.body)["type"] for p in posts.at("/deaf")} == {"submission.created"}


DAY = 24 * 3600


def days_ago(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * DAY))


def brought(world, form, agos):
    """Messages of so many days ago, as an import brings them."""
    lines = [json.dumps({"id": None, "createdAt": days_ago(ago), "form": form, "email": "a@example.org", "message": f"{form} {n} {ago}"})
             for n, ago in enumerate(agos)]
    done = world.server.cli("import", "-", "--from", "contactd", input="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stdout + done.stderr


def test_silence_is_counted_from_the_last_message_however_long_ago_or_from_when_the_form_was_made(tmp_path):
    with running(Server(tmp_path)) as server:
        world = World(server, None, None)
        for form, limit in (("old", 120), ("older", 365), ("quarter", 60), ("late", 130), ("never", 3), ("young", 30), ("past", 0)):
            world.form(form, **({"silenceDays": limit} if limit else {}))
        brought(world, "old", [121 + n % 5 for n in range(100)])
        brought(world, "older", [500])
        brought(world, "quarter", [95])
        brought(world, "late", [121, 129])
        server.stop()
        rows(world, "UPDATE form SET created_at = created_at - ? WHERE name = 'never'", 4 * DAY * 1000)
        # Raised when its messages were within the ninety days that its past is judged by.
        rows(world, "INSERT INTO alarm VALUES ('silence', 'past', '', ?, 'silent')", int((time.time() - 100 * DAY) * 1000))
        server.options["test_watch_ms"] = 100
        server.start()
        world.url = server.url
        wait(lambda: {a["form"] for a in alarms(world)} == {"old", "older", "quarter", "never", "past"})
        texts = {a["form"]: a["text"] for a in alarms(world)}
        assert "no message for 121 days" in texts["old"] and "its limit is 120" in texts["old"]
        assert "made 4 days ago" in texts["never"]
        for form in texts:
            world.post(form)
        wait(lambda: not alarms(world))


def test_a_form_gone_silent_is_told(tmp_path):
    with MailServer() as mails:
        server = Server(tmp_path, notify_to="operator@example.org", **mails.options)
        day = 24 * 3600
        with running(server):
            world = World(server, mails, None)
            world.form("shop", mail=["owner@example.org"], silenceDays=2)
            world.form("jobs", mail=["owner@example.org"])
            world.form("inbox-only", silenceDays=2)
            assert world.get("/admin/forms") and alarms(world) == []
            lines = [json.dumps({"id": None, "createdAt": time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime(time.time() - ago * day)),
                                 "form": form, "email": "a@example.org", "message": f"{form} {ago}"})
                     for form, agos in (("shop", [5]), ("jobs", [5]), ("inbox-only", [5])) for ago in agos]
            done = server.cli("import", "-", "--from", "contactd", input="\n".join(lines) + "\n")
            assert done.returncode == 0, done.stdout + done.stderr
            assert world.deliveries() == [], "what is imported is told nobody"
            server.stop()
            server.options["test_watch_ms"] = 100
            server.start()
            world.url = server.url
            raised = wait(lambda: alarms(world))
            assert sorted((a["kind"], a["form"]) for a in raised) == [("silence", "inbox-only"), ("silence", "shop")]
            wait(lambda: mails.to("owner@example.org"))
            told = wait(lambda: mails.to("operator@example.org"))[0].message
            assert told["Subject"] == "contactd: inbox-only is silent, and 1 more"
            assert "the form shop has had no message for" in told.get_body(("plain",)).get_content()
            world.post("shop"), world.post("inbox-only")
            wait(lambda: not alarms(world))
