# SPDX-License-Identifier: MIT
"""Who hears of a message: the rows beside it, how they are sent, shown, held, released and repeated, seen from outside.

Mails go to a real SMTP server here (aiosmtpd), posts to a real HTTP server; see tests/receiver.py.
"""
import json
import sqlite3
import time

import pytest
import requests

from harness import SLOW, Server, running
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
    world.mails.answers["gone@example.org"] = "550 no such user"
    sent = [world.post("shop") for _ in range(3)]
    failed = [world.state(submission, "failed") for submission in sent]
    assert all("550" in row["error"] and row["attempts"] == 1 for row in failed)
    assert len(world.log("delivery_given_up")) == 3
    assert [d["id"] for d in world.deliveries(state="failed")] == [row["id"] for row in failed][::-1]
    assert world.destination("shop", "mail:gone@example.org")["failed"] == 3
    del world.mails.answers["gone@example.org"]
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
    world.mails.answers["owner@example.org"] = "550 gone"
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
        world.mails.answers[f"{form}@example.org"] = "550 no"
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


# --- verbs --------------------------------------------------------------------


@pytest.mark.parametrize("is_running", [True, False], ids=["beside a server", "without one"])
def test_the_command_line_lists_and_repeats(world, is_running):
    world.form("shop", mail=["owner@example.org", "gone@example.org"])
    world.mails.answers["gone@example.org"] = "550 no such user"
    submission = world.post("shop")
    arrived = world.state(submission, "delivered", "mail:owner@example.org")
    failed = world.state(submission, "failed", "mail:gone@example.org")
    world.mails.answers.clear()
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
            del mails.answers["owner@example.org"]
            world.ask("POST", f"/admin/deliveries/{world.one(submission, 'mail:owner@example.org')['id']}/retry")
            wait(lambda: not alarms(world))
            assert len(told("sales@example.org")) == len(told("operator@example.org")) == 1
            assert len(world.log("alarm_over")) == 1


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
            wait(lambda: len(mails.to("operator@example.org")) == 2)
            assert "inbox-only" in "".join(str(mail.message["Subject"]) for mail in mails.to("operator@example.org"))
            world.post("shop"), world.post("inbox-only")
            wait(lambda: not alarms(world))
