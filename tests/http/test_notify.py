# SPDX-License-Identifier: MIT
"""Who is told of messages, as the API takes and shows it: what is wrong is said, and secrets stay inside."""
import json
import sqlite3

import pytest
import requests
from jsonschema import Draft202012Validator

from harness import SLOW

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SLACK = "https://hooks.slack.com/services/T000/B000/abcdefgh"
NOTIFY = {"mail": ["owner@client.example"], "webhooks": [{"name": "crm", "url": "https://crm.example/in", "secret": SECRET}],
          "slack": [{"url": SLACK}], "gotify": [{"url": "https://push.example", "token": "AKsdj8v.sadkjsd8"}]}
CAPTCHA = {"kind": "turnstile", "secret": "0x4AAAAAAABkMYinukE8nzYS"}


class Forms:
    def __init__(self, server):
        self.server = server
        self.headers = {"Authorization": f"Bearer {server.token('manage')}"}

    def call(self, method, path, expected=200, **options):
        answer = requests.request(method, f"{self.server.url}/admin/forms{path}", headers=self.headers, timeout=20 * SLOW, **options)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def stored(self, name):
        with sqlite3.connect(self.server.directory / "contactd.db") as database:
            return json.loads(database.execute("SELECT settings FROM form WHERE name = ?", (name,)).fetchone()[0])


@pytest.fixture
def forms(server):
    return Forms(server)


def test_secrets_go_in_and_never_come_out(forms):
    forms.call("PUT", "/shop", json={"notify": NOTIFY, "captcha": CAPTCHA})
    one, listed = forms.call("GET", "/shop"), forms.call("GET", "")["forms"][0]
    assert one["settings"] == listed["settings"]
    assert one["settings"]["notify"]["webhooks"] == [{"name": "crm", "url": "https://crm.example/in", "secret": "whsec_…LaSw"}]
    assert one["settings"]["notify"]["slack"] == [{"url": "https://hooks.slack.com/…efgh"}]
    assert one["settings"]["captcha"]["secret"] == "…nzYS"
    shown = json.dumps(one, ensure_ascii=False)
    for secret in (SECRET, SLACK, "AKsdj8v", CAPTCHA["secret"]):
        assert secret not in shown


def test_what_was_shown_can_be_sent_back(forms):
    forms.call("PUT", "/shop", json={"title": "Shop", "notify": NOTIFY, "captcha": CAPTCHA})
    settings = forms.call("GET", "/shop")["settings"]
    settings["title"] = "Web shop"
    settings["notify"]["mail"].append("sales@client.example")
    forms.call("PUT", "/shop", json=settings)
    stored = forms.stored("shop")
    assert stored == {"title": "Web shop", "notify": {**NOTIFY, "mail": ["owner@client.example", "sales@client.example"]}, "captcha": CAPTCHA}
    settings["notify"]["webhooks"][0]["secret"] = "whsec_" + "A" * 32
    forms.call("PUT", "/shop", json=settings)
    assert forms.stored("shop")["notify"]["webhooks"][0]["secret"] == "whsec_" + "A" * 32


def test_a_token_does_not_follow_to_another_server(forms):
    forms.call("PUT", "/shop", json={"notify": NOTIFY})
    settings = forms.call("GET", "/shop")["settings"]
    settings["notify"]["gotify"][0]["url"] = "https://elsewhere.example"
    problem = forms.call("PUT", "/shop", 422, json=settings)
    assert problem["code"] == "invalid_settings" and "notify.gotify[0].token is masked" in problem["detail"]
    assert forms.stored("shop") == {"notify": NOTIFY}


def test_a_mask_is_no_secret_of_another_form(forms):
    forms.call("PUT", "/shop", json={"notify": NOTIFY})
    settings = forms.call("GET", "/shop")["settings"]
    problem = forms.call("PUT", "/blog", 422, json=settings)
    assert "no such secret is stored" in problem["detail"]
    forms.call("GET", "/blog", 404)


TOKENS = {"a": "AAAAAAAAAAAAAAA", "b": "BBBBBBBBBBBBBBB"}  # too short for any of it to be shown


def gotify(**tokens):
    return {"notify": {"gotify": [{"name": name, "url": "https://push.example", "token": token} for name, token in tokens.items()]}}


def test_a_secret_stays_with_its_name_wherever_it_stands(forms):
    forms.call("PUT", "/shop", json=gotify(**TOKENS))
    shown = forms.call("GET", "/shop")["settings"]
    assert shown == gotify(a="…", b="…")
    shown["notify"]["gotify"].reverse()
    forms.call("PUT", "/shop", json=shown)
    assert forms.stored("shop") == gotify(b=TOKENS["b"], a=TOKENS["a"])
    forms.call("PUT", "/shop", json=gotify(b="…"))
    assert forms.stored("shop") == gotify(b=TOKENS["b"])
    forms.call("PUT", "/shop", json=gotify(bb="…"))  # there is only one that it can be
    assert forms.stored("shop") == gotify(bb=TOKENS["b"])


@pytest.mark.parametrize("sent", [{"a": "…", "bb": "…"}, {"bb": "…", "a": "…"}, {"bb": "…"}], ids=["renamed", "and moved", "and the other gone"])
def test_of_two_secrets_that_look_alike_none_is_taken_for_another_name(forms, sent):
    forms.call("PUT", "/shop", json=gotify(**TOKENS))
    problem = forms.call("PUT", "/shop", 422, json=gotify(**sent))
    assert problem["code"] == "invalid_settings" and f"notify.gotify[{list(sent).index('bb')}].token" in problem["detail"]
    assert "give the secret again" in problem["detail"] and forms.stored("shop") == gotify(**TOKENS)
    refused = forms.server.cli("form", "set", "shop", "notify=" + json.dumps(gotify(**sent)["notify"]))
    assert refused.returncode != 0 and "give the secret again" in refused.stderr
    again = {**sent, "bb": TOKENS["b"]}
    forms.call("PUT", "/shop", json=gotify(**again))
    assert forms.stored("shop") == gotify(**{**again, **({"a": TOKENS["a"]} if "a" in sent else {})})


@pytest.mark.parametrize("is_running", [True, False], ids=["beside a server", "without one"])
def test_the_verbs_show_masks_and_take_them_back(forms, is_running):
    cli, whole = forms.server.cli, {"title": "Shop", "notify": NOTIFY, "captcha": CAPTCHA}
    forms.call("PUT", "/shop", json=whole)
    masked = forms.call("GET", "/shop")["settings"]
    if not is_running:
        forms.server.stop()
    shown = cli("form", "show", "shop").stdout
    assert json.loads(shown) == masked
    assert json.loads(cli("form", "show", "shop", "--secrets").stdout) == whole
    masked["notify"]["mail"].append("sales@client.example")
    done = cli("form", "set", "shop", "title=Web shop", *(f"{name}={json.dumps(masked[name])}" for name in ("notify", "captcha")))
    assert done.returncode == 0, done.stderr
    whole = {"title": "Web shop", "notify": {**NOTIFY, "mail": masked["notify"]["mail"]}, "captcha": CAPTCHA}
    assert forms.stored("shop") == whole
    masked["notify"]["gotify"][0]["url"] = "https://elsewhere.example"
    refused = cli("form", "set", "shop", f"notify={json.dumps(masked['notify'])}")
    assert refused.returncode != 0 and "notify.gotify[0].token is masked" in refused.stderr
    refused = cli("form", "add", "copy", "--settings", "-", input=shown)
    assert refused.returncode != 0 and "is masked" in refused.stderr
    assert forms.stored("shop") == whole
    assert cli("form", "add", "copy", "--settings", "-", input=cli("form", "show", "shop", "--secrets").stdout).returncode == 0
    assert forms.stored("copy") == whole


@pytest.mark.parametrize("notify, said", [
    ({"mail": ["nobody"]}, "notify.mail[0].to: 'nobody' is not valid; expected is an address"),
    ({"webhooks": [{"url": "https://a.example", "secret": "hush"}]}, "notify.webhooks[0].secret must be whsec_"),
    ({"webhooks": [{"url": "http://0x7f.1/"}]}, "notify.webhooks[0].url"),
    ({"pager": []}, "known are mail, webhooks, slack, discord, telegram, teams, ntfy, gotify, subject"),
])
def test_a_change_that_is_refused_loses_nothing(forms, notify, said):
    forms.call("PUT", "/shop", json={"title": "Shop", "notify": NOTIFY})
    problem = forms.call("PUT", "/shop", 422, json={"title": "New", "notify": notify})
    assert said in problem["detail"] and "hush" not in problem["detail"]
    assert forms.stored("shop") == {"title": "Shop", "notify": NOTIFY}
    assert forms.call("GET", "/shop")["title"] == "Shop"


def test_what_an_older_version_took_costs_only_itself(server, forms):
    """Any object was a `notify` once. Field rules and origins of such a form stay in force."""
    forms.call("PUT", "/shop", json={"origins": ["https://shop.example"]})
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as database:
        database.execute("UPDATE form SET settings = ?", (json.dumps({"origins": ["https://shop.example"], "notify": {"pager": 7}}),))
    server.start()
    assert server.log_lines("form_settings_ignored")
    for origin, status in (("https://shop.example", 200), ("https://other.example", 403)):
        answer = requests.post(f"{server.url}/f/shop", json={"message": "Hello"}, headers={"Origin": origin}, timeout=20 * SLOW)
        assert answer.status_code == status, answer.text
    assert forms.call("GET", "/shop")["settings"]["notify"] == {"pager": 7}


def test_the_payloads_are_described(server):
    document = requests.get(f"{server.url}/openapi.json", timeout=20 * SLOW).json()
    assert set(document["webhooks"]) == {"submission.created", "alarm"}
    settings = document["components"]["schemas"]["FormSettings"]["properties"]["notify"]
    assert settings["properties"]["webhooks"]["items"]["required"] == ["url"]
    assert set(settings["properties"]) >= {"mail", "telegram", "autoreply", "silenceDays"}
    judge = Draft202012Validator(settings)
    judge.validate(NOTIFY)
    for wrong in ({"pager": []}, {"webhooks": [{"name": "crm"}]}, {"mail": ["a@b.example", 7]}, {"autoreply": {}}, {"silenceDays": 400}):
        assert not judge.is_valid(wrong), wrong
