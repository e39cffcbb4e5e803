# SPDX-License-Identifier: MIT
"""Forms, doors, spam, repetition and limits, from outside."""
import base64
import hashlib
import http.server
import json
import threading
import time
import urllib.parse
import uuid

import pytest
import requests

from harness import SLOW, Server, running

PASSWORD = "correct horse battery"


class Admin:
    """A server with an owner who talks to its API."""

    def __init__(self, server):
        self.server = server
        self.headers = {"Authorization": f"Bearer {server.token('manage')}"}

    def call(self, method, path, **options):
        return requests.request(method, self.server.url + "/admin" + path, headers=self.headers, timeout=20 * SLOW, **options)

    def form(self, name, **settings):
        answer = self.call("PUT", f"/forms/{name}", json=settings)
        assert answer.status_code == 200, answer.text

    def messages(self, **params):
        answer = self.call("GET", "/submissions", params={"state": "all", "limit": 200, **params})
        assert answer.status_code == 200, answer.text
        return answer.json()["submissions"]

    def post(self, path, data=None, **options):
        return requests.post(self.server.url + path, data=data, timeout=20 * SLOW, allow_redirects=False, **options)


@pytest.fixture
def admin(server):
    return Admin(server)


def fresh(**more):
    return {"email": "ada@example.org", "message": f"Hello there, number {uuid.uuid4()}", **more}


BROWSER = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html", "Origin": "https://page.example",
           "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}

# --- doors -----------------------------------------------------------------


@pytest.mark.parametrize("path, extra", [
    ("/f/shop", {}), ("/f/xyzabcde", {}), ("/f/xyzabcde.json", {}), ("/p/acme/f/contact", {}), ("/s/xyzabcde", {}),
    ("/submit", {"access_key": "1111-2222"}), ("/submit", {"apiKey": "1111-2222"}), ("/submit", {"accessKey": "1111-2222"}),
    ("/submit", {"apikey": "1111-2222"}), ("/submit/1111-2222", {}), ("/ajax/hello@example.org", {}),
    ("/el/hello@example.org", {}), ("/", {"form-name": "shop"}), ("/contact/shop", {}), ("/contact", {"form-name": "shop"}),
])
@pytest.mark.parametrize("encoding", ["json", "urlencoded", "multipart"])
def test_every_door_leads_to_the_form(admin, path, extra, encoding):
    admin.form("shop", aliases=["xyzabcde", "acme/contact", "1111-2222", "hello@example.org"])
    values = fresh(**extra)
    options = {"json": {"json": values}, "urlencoded": {"data": values},
               "multipart": {"files": {k: (None, v) for k, v in values.items()}}}[encoding]
    answer = admin.post(path, **options)
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert body["ok"] is True and body["code"] == body["statusCode"] == 200 and isinstance(body["next"], str)
    assert "error" not in body and "errors" not in body
    assert body["success"] == ("true" if path[:4] in ("/aja", "/el/") else True)
    assert body["status"] == ("ok" if path.startswith("/contact") else "success")
    rows = admin.messages(form="shop")
    assert [row["id"] for row in rows] == [body["id"]] == [body["submission_id"]]
    assert rows[0]["message"] == values["message"] and rows[0]["fields"] == {}  # nothing of the dialect is left


@pytest.mark.parametrize("path, extra", [("/f/nothing", {}), ("/submit", {}), ("/submit", {"access_key": "no"}), ("/", {}),
                                         ("/", {"form-name": "no"}), ("/p/a/f/b", {}), ("/contact/No%20Form", {})])
def test_a_form_that_is_not_there_is_404(admin, path, extra):
    answer = admin.post(path, fresh(**extra))
    assert answer.status_code == 404
    body = answer.json()
    assert body["ok"] is False and body["code"] == 404 and body["errors"][0]["code"] == "FORM_NOT_FOUND"
    assert admin.messages() == []


def test_plain_words_are_special_on_their_own_door_only(admin):
    admin.form("shop", aliases=["key"])
    words = {"subject": "Price?", "redirect": "/x", "webhook": "https://hook.example"}
    admin.post("/f/key", fresh(**words))
    assert admin.messages()[0]["fields"] == words
    admin.post("/submit", fresh(access_key="key", **words))
    assert admin.messages()[0]["fields"] == {"subject": "Price?"}


def test_the_reply_address_of_other_dialects_is_the_email(admin):
    admin.form("shop")
    admin.post("/f/shop", {"_replyto": "ada@example.org", "message": "one"})
    assert admin.messages()[0]["email"] == "ada@example.org"
    admin.post("/f/shop", {"_replyto": "contact", "contact": "bob@example.org", "message": "two"})
    assert admin.messages()[0]["email"] == "bob@example.org"
    admin.post("/f/shop", {"_replyto": "contact", "contact": "nobody", "message": "three"})
    assert admin.messages()[0]["email"] is None
    admin.post("/f/shop", {"_replyto": "bob@example.org", "email": "ada@example.org", "message": "four"})
    assert admin.messages()[0]["email"] == "ada@example.org"


def test_repeated_and_nested_names_keep_their_shape_and_order(admin):
    admin.form("shop")
    admin.post("/f/shop", [("z", "1"), ("topic", "a"), ("topic", "b"), ("car.color", "red"), ("a[0]", "x"), ("a[1]", "y")])
    fields = admin.messages()[0]["fields"]
    assert list(fields) == ["z", "topic", "car", "a"]
    assert fields == {"z": "1", "topic": ["a", "b"], "car": {"color": "red"}, "a": ["x", "y"]}


def test_files_are_refused_by_name(admin):
    admin.form("shop")
    answer = admin.post("/f/shop", fresh(), files={"cv": ("cv.pdf", b"%PDF")})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "cv", "code": "NO_FILE_UPLOADS", "message": "is a file; this form takes none"}]


def test_an_empty_form_is_refused(admin):
    admin.form("shop")
    answer = admin.post("/f/shop", {"email": " ", "_gotcha": "", "_next": "/x"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "EMPTY"
    assert "field" not in answer.json()["errors"][0]


# --- field rules -----------------------------------------------------------

RULES = {"type": "object", "required": ["email", "size"], "additionalProperties": False,
         "properties": {"email": {"type": "string", "format": "email"}, "size": {"enum": ["S", "M"]},
                        "age": {"type": "integer", "minimum": 18}, "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
                        "agree": {"type": "boolean"}}}


@pytest.mark.parametrize("values, wrong", [
    ({"email": "a@b.example", "size": "S"}, {}),
    ({"email": "a@b.example", "size": "S", "age": "18", "code": "ABC", "agree": "on"}, {}),
    ({"email": "a@b.example", "size": "S", "age": "", "code": ""}, {}),
    ({"email": "nobody", "size": "S"}, {"email": "TYPE_EMAIL"}),
    ({"email": "a@b.example"}, {"size": "REQUIRED_FIELD_MISSING"}),
    ({"email": "a@b.example", "size": "XL"}, {"size": "TYPE_TEXT"}),
    ({"email": "a@b.example", "size": "S", "age": "17"}, {"age": "TYPE_NUMERIC"}),
    ({"email": "a@b.example", "size": "S", "age": "old"}, {"age": "TYPE_TEXT"}),
    ({"email": "a@b.example", "size": "S", "code": "abc"}, {"code": "TYPE_TEXT"}),
    ({"email": "a@b.example", "size": "S", "more": "x"}, {"more": "TYPE_TEXT"}),
])
def test_rules_hold_for_forms(admin, values, wrong):
    admin.form("shop", schema=RULES)
    answer = admin.post("/f/shop", {**values, "_gotcha": "", "_next": "/x"})
    assert answer.status_code == (422 if wrong else 200), answer.text
    assert {e["field"]: e["code"] for e in answer.json().get("errors", [])} == wrong


@pytest.mark.parametrize("settings, hint", [
    ({"colour": "red"}, "no setting 'colour'"), ({"origins": ["example.org"]}, "origin such as"), ({"schema": {"oneOf": []}}, "oneOf"),
    ({"schema": {"properties": {"a": {"pattern": "("}}}}, "/properties/a/pattern"), ({"spamThreshold": 0.001}, "0.01"),
    ({"redirect": "//evil.example"}, "redirect"), ({"captcha": {"kind": "turnstile"}}, "captcha"), ({"token": "maybe"}, "token"),
])
def test_settings_that_are_wrong_are_explained(admin, settings, hint):
    answer = admin.call("PUT", "/forms/shop", json=settings)
    assert answer.status_code == 422 and hint in answer.json()["message"]
    assert admin.call("GET", "/forms").json() == {"forms": []}


def test_forms_are_managed_by_the_api(admin):
    admin.form("shop", title="One")
    admin.form("shop", title="Two", aliases=["x"])
    assert admin.post("/f/x", fresh()).status_code == 200
    assert admin.call("GET", "/forms/shop").json()["settings"] == {"title": "Two", "aliases": ["x"]}
    assert admin.call("DELETE", "/forms/shop").status_code == 200
    assert admin.call("DELETE", "/forms/shop").status_code == 404
    assert admin.post("/f/x", fresh()).status_code == 404
    assert len(admin.messages(form="shop")) == 1  # what was said stays
    reader = {"Authorization": f"Bearer {admin.server.token('read')}"}
    for method, path in (("GET", "/forms/y"), ("PUT", "/forms/y"), ("DELETE", "/forms/y"), ("PATCH", f"/submissions/{uuid.uuid4()}")):
        body = {} if method in ("GET", "DELETE") else {"json": {}}
        assert requests.request(method, admin.server.url + "/admin" + path, headers=reader, timeout=9 * SLOW, **body).status_code == 403


def test_forms_are_managed_by_verbs_while_the_server_runs(admin):
    cli = admin.server.cli
    assert cli("form", "add", "shop", "title=Web shop", "aliases=one,two").returncode == 0
    assert admin.post("/f/two", fresh()).status_code == 200
    assert cli("form", "set", "shop", "aliases+=three", "title=").returncode == 0
    assert admin.post("/f/three", fresh()).status_code == 200
    assert json.loads(cli("form", "show", "shop").stdout) == {"aliases": ["one", "two", "three"]}
    assert "shop" in cli("form", "list").stdout
    assert "exists already" in cli("form", "add", "shop").stderr
    assert "no setting 'colour'" in cli("form", "set", "shop", "colour=red").stderr
    assert cli("form", "set", "shop", "colour").returncode == 2
    assert cli("form", "remove", "shop").returncode == 0
    assert admin.post("/f/three", fresh()).status_code == 404


def test_who_adds_a_form_is_told_all_its_addresses(admin, tmp_path):
    cli = admin.server.cli
    (tmp_path / "settings").write_text('{"aliases": ["one", "two"]}')
    told = cli("form", "add", "shop", "aliases+=three", "--settings", tmp_path / "settings").stdout
    addresses = told.split("\n\n")[0].split()
    addresses = [word for word in addresses if word.startswith("/")]
    assert addresses == [f"/{door}/{name}" for name in ("shop", "one", "two", "three") for door in ("f", "contact")]
    for address in addresses:
        assert admin.post(address, fresh()).status_code == 200
    assert len(admin.messages(form="shop")) == len(addresses)
    assert [w for w in cli("form", "add", "plain").stdout.split("\n\n")[0].split() if w.startswith("/")] == ["/f/plain", "/contact/plain"]
    assert json.loads(cli("form", "add", "third", "aliases=x", "--json").stdout) == {"added": "third", "aliases": ["x"]}


def test_forms_are_there_after_a_restart(start, tmp_path):
    first = Admin(start(directory=tmp_path / "d"))
    first.form("shop", aliases=["x"])
    first.server.stop()
    again = Admin(start(directory=tmp_path / "d"))
    assert again.post("/f/x", fresh()).status_code == 200


# --- where answers go --------------------------------------------------------


@pytest.mark.parametrize("settings, extra, headers, target", [
    ({}, {}, {}, "/thanks?form=shop"),
    ({}, {"_next": "/ok?x=1"}, {}, "https://page.example/ok?x=1"),
    ({}, {"_next": "/ok"}, {"Origin": None, "Referer": "https://page.example/a/b?c"}, "https://page.example/ok"),
    ({}, {"_next": "//evil.example"}, {}, "/thanks?form=shop"),
    ({}, {"_next": "https://evil.example"}, {}, "/thanks?form=shop"),
    ({}, {"_next": "https://page.example/ok"}, {}, "https://page.example/ok"),  # its own site
    ({}, {"_next": "https://page.example/ok"}, {"Origin": "https://other.example"}, "/thanks?form=shop"),
    ({"origins": ["https://page.example"]}, {"_next": "https://page.example/ok"}, {}, "https://page.example/ok"),
    ({"redirectHosts": ["www.example"]}, {"_redirect": "https://www.example/ok"}, {}, "https://www.example/ok"),
    ({"redirectHosts": ["www.example"]}, {"_redirect": "https://www.example@evil.example/"}, {}, "/thanks?form=shop"),
    ({"redirect": "https://owner.example/thanks"}, {}, {}, "https://owner.example/thanks"),
    ({"redirect": "/thanks.html"}, {"_next": "javascript:alert(1)"}, {}, "https://page.example/thanks.html"),
    ({"language": "de"}, {}, {}, "/thanks?form=shop&lang=de"),
])
def test_browsers_are_sent_on_where_they_may_go(admin, settings, extra, headers, target):
    admin.form("shop", **settings)
    values = fresh(**extra)
    sent = {k: v for k, v in {**BROWSER, **headers}.items() if v}
    answer = admin.post("/f/shop", values, headers=sent)
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location == target or location == f"//127.0.0.1:{admin.server.port}{target}"
    assert "number" not in location  # nothing of the message goes along


def test_the_error_page_gives_everything_back_in_the_visitors_language(admin):
    admin.form("shop")
    nasty = "<script>alert(1)</script>\"'&\nsecond line"
    answer = admin.post("/f/shop", [("email", "nobody"), ("message", nasty), ("t", "a"), ("t", "b"), ("_next", "/x"), ("car.color", "red")],
                        headers={**BROWSER, "Accept-Language": "fr-CA;q=0.8, de;q=0.9, x"})
    assert answer.status_code == 422 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert '<html lang="de">' in page and "Bitte geben Sie eine E-Mail-Adresse" in page
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\nsecond line" in page
    assert page.count("<button") == 1 and '<form method="post"' in page
    assert '<input type="hidden" name="_next" value="/x">' in page
    assert page.count('name="t[]"') == 2 and 'name="car[color]"' in page


@pytest.mark.parametrize("headers, status, is_page", [
    (BROWSER, 404, True), ({"Sec-Fetch-Mode": "cors", "Accept": "text/html"}, 404, False), ({"Accept": "text/html"}, 404, True), ({}, 404, False),
])
def test_no_script_gets_a_page(admin, headers, status, is_page):
    answer = admin.post("/f/nothing", fresh(), headers=headers)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html" if is_page else "application/json")


# --- CORS --------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/contact", "/contact/x", "/f/x", "/p/a/f/b", "/s/x", "/submit", "/ajax/x", "/"])
def test_preflights_are_answered_everywhere(server, path):
    answer = requests.options(server.url + path, timeout=9 * SLOW,
                              headers={"Origin": "https://page.example", "Access-Control-Request-Method": "POST",
                                       "Access-Control-Request-Headers": "content-type, formspree-client, formspree-session-data"})
    assert answer.status_code == 204 and answer.text == ""
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type, formspree-client, formspree-session-data"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("request_of, status", [
    (lambda: {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    (lambda: {"data": b"x", "headers": {"Content-Type": "text/plain"}}, 415),
    (lambda: {"data": b"x" * 70000, "headers": {"Content-Type": "application/json"}}, 413),
    (lambda: {"json": {}}, 422), (lambda: {"json": fresh(name="Ada")}, 200),
])
def test_a_page_can_read_every_answer(server, request_of, status):
    options = request_of()
    headers = {**options.pop("headers", {}), "Origin": "https://page.example"}
    answer = requests.post(server.url + "/contact", headers=headers, timeout=9 * SLOW, **options)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.json()["ok"] is (status == 200)


def test_the_admins_api_is_not_for_other_origins(admin):
    answer = requests.options(admin.server.url + "/admin/submissions", headers={"Origin": "https://page.example"}, timeout=9 * SLOW)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" not in admin.call("GET", "/submissions").headers


@pytest.mark.parametrize("origin, status", [("https://shop.example", 200), ("https://a.b.shop.example", 200), (None, 200), ("null", 200),
                                            ("http://shop.example", 403), ("https://evilshop.example", 403), ("https://shop.example.evil", 403)])
def test_a_forms_origins_decide_who_may_post(admin, origin, status):
    admin.form("shop", origins=["https://shop.example", "https://*.shop.example"])
    answer = admin.post("/f/shop", fresh(), headers={"Origin": origin} if origin else {})
    assert answer.status_code == status
    refusals = admin.call("GET", "/refusals").json()["refusals"]
    end = time.monotonic() + 5 * SLOW
    while status == 403 and not refusals and time.monotonic() < end:  # noted behind the answer
        refusals = admin.call("GET", "/refusals").json()["refusals"]
    if status == 403:
        assert answer.json()["errors"][0]["code"] == "BLOCKED"
        assert [(r["form"], r["origin"], r["count"]) for r in refusals] == [("shop", origin, 1)] and refusals[0]["reason"]
    else:
        assert refusals == []


# --- spam --------------------------------------------------------------------


@pytest.mark.parametrize("trap", ["_gotcha", "_honey", "_honeypot", "bot-field", "botcheck", "honeypot", "website_url"])
def test_a_bot_in_a_trap_is_told_nothing(admin, trap):
    admin.form("shop", honeypot="website_url")
    good, bad = admin.post("/f/shop", fresh()), admin.post("/f/shop", fresh(**{trap: "on"}))
    assert bad.status_code == 200

    def shape(answer):
        body = answer.json()
        return {k: (v if k not in ("id", "submission_id") else len(v)) for k, v in body.items()}
    assert shape(good) == shape(bad)
    assert {k: len(v) for k, v in good.headers.items() if k != "Date"} == {k: len(v) for k, v in bad.headers.items() if k != "Date"}
    spam = admin.messages(state="spam")
    assert [row["id"] for row in spam] == [bad.json()["id"]]
    assert spam[0]["spamScore"] >= 5 and spam[0]["spamReasons"][0]["rule"] == "honeypot"
    assert [row["id"] for row in admin.messages(state="new")] == [good.json()["id"]]


def test_an_unticked_trap_is_no_trap(admin):
    admin.form("shop")
    admin.post("/f/shop", json=fresh(botcheck=False))
    admin.post("/f/shop", fresh(_gotcha=""))
    assert [row["state"] for row in admin.messages()] == ["new", "new"]


def test_the_threshold_is_the_forms(admin):
    admin.form("strict", spamThreshold=0.5)
    admin.form("lax", spamThreshold=100)
    text = {"message": "Buy [url=http://cheap.example]now[/url] <a href='http://x.example'>x</a> http://y.example http://z.example"}
    admin.post("/f/strict", fresh(**text))
    admin.post("/f/lax", fresh(**text, _gotcha="x"))
    assert {row["form"]: row["state"] for row in admin.messages()} == {"strict": "spam", "lax": "new"}


def test_the_filter_learns_from_the_admin(admin):
    admin.form("shop")
    offers = [f"Rank your website first on every search engine, cheap backlinks package {i}, guaranteed traffic growth" for i in range(8)]
    letters = [f"I would like to book the small room for our choir on Tuesday {i}, is it still free in the evening" for i in range(8)]
    for text in offers + letters:
        admin.post("/f/shop", fresh(message=text))
    for row in admin.messages():
        states = ["spam"] if row["message"] in offers else ["spam", "new"]  # "not spam" is taking it out of there
        for state in states:
            assert admin.call("PATCH", f"/submissions/{row['id']}", json={"state": state}).status_code == 200
    admin.post("/f/shop", fresh(message="Cheap backlinks package for your website: first on every search engine, traffic growth guaranteed"))
    admin.post("/f/shop", fresh(message="Is the small room free for our choir on Thursday evening? I would like to book it"))
    letter, offer = admin.messages()[:2]
    points = [{r["rule"]: r["points"] for r in row["spamReasons"]} for row in (offer, letter)]
    assert points[0]["bayes"] > 0 and points[1].get("bayes", 0) <= 0


def test_states_are_set_and_listed(admin):
    identity = admin.post("/contact", json=fresh(name="Ada")).json()["id"]
    for state in ("read", "archived", "trash", "spam", "new"):
        assert admin.call("PATCH", f"/submissions/{identity}", json={"state": state}).json()["state"] == state
        assert [row["id"] for row in admin.messages(state=state)] == [identity]
        assert admin.call("GET", f"/submissions/{identity}").json()["state"] == state
    assert admin.call("PATCH", f"/submissions/{identity}", json={"state": "gone"}).status_code == 400
    assert admin.call("PATCH", f"/submissions/{identity[:-1]}0", json={"state": "new"}).status_code in (200, 404)


# --- tokens and proofs -------------------------------------------------------


def solved(challenge):
    for number in range(challenge["maxnumber"] + 1):
        if hashlib.sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["challenge"]:
            payload = {**{k: challenge[k] for k in ("algorithm", "challenge", "salt", "signature")}, "number": number}
            return base64.b64encode(json.dumps(payload).encode()).decode()
    raise AssertionError("the challenge has no solution")


def rules_of(row):
    return {reason["rule"]: reason["detail"] for reason in row["spamReasons"]}


def fetch_token(admin, form="shop"):
    answer = requests.get(admin.server.url + "/token", params={"form": form}, timeout=20 * SLOW)
    assert answer.status_code == 200
    return answer.json()


def test_a_proof_counts_once_also_after_a_restart(start, tmp_path):
    admin = Admin(start(directory=tmp_path / "d"))
    admin.form("shop", proof="required", token="required")
    got = fetch_token(admin)
    proof = solved(got["challenge"])
    time.sleep(2.1)
    extra = {"_token": got["token"], "altcha": proof}
    admin.post("/f/shop", fresh(**extra))
    first = admin.messages()[0]
    assert first["state"] == "new" and first["spamScore"] <= 0 and first["fields"] == {}
    admin.post("/f/shop", fresh(**extra))
    assert "again" in str(rules_of(admin.messages()[0])) or "reused" in str(rules_of(admin.messages()[0]))
    admin.server.stop()
    again = Admin(start(directory=tmp_path / "d"))
    again.post("/f/shop", fresh(**extra))
    rules = rules_of(again.messages()[0])
    assert {"token", "proof"} <= set(rules)
    assert again.messages()[0]["spamScore"] > first["spamScore"]


@pytest.mark.parametrize("change, rule", [
    (lambda got: {}, "token"),
    (lambda got: {"_token": "x"}, "token"),
    (lambda got: {"_token": got["token"][:-2] + ("AA" if got["token"][-2:] != "AA" else "BB")}, "token"),
    (lambda got: {"_token": got["token"]}, "token"),  # at once: nobody types so fast
    (lambda got: {"altcha": "x"}, "proof"),
    (lambda got: {"altcha": base64.b64encode(json.dumps({**got["challenge"], "number": 0}).encode()).decode()}, "proof"),
], ids=["absent", "malformed", "forged", "young", "malformed proof", "unsolved proof"])
def test_what_is_wrong_with_tokens_and_proofs_scores(admin, change, rule):
    admin.form("shop", proof="required", token="required")
    answer = admin.post("/f/shop", fresh(**change(fetch_token(admin))))
    assert answer.status_code == 200  # told nothing
    row = admin.messages()[0]
    assert rule in rules_of(row) and row["spamScore"] > 0


@pytest.mark.parametrize("query, name", [
    ({"form": "shop"}, "shop"), ({"form": "key"}, "shop"), ({"action": "/f/key"}, "shop"), ({"action": "/f/key.json"}, "shop"),
    ({"action": "/contact"}, "default"), ({"action": "/contact/shop"}, "shop"), ({"action": "/contact/other"}, "other"),
    ({"action": "/p/acme/f/contact"}, "shop"), ({"action": "/p/no/f/shop"}, "shop"), ({"action": "/ajax/a@b.example"}, "shop"), ({}, "default"),
    ({"action": "/"}, "default"), ({"form": "No Form"}, "default"),
])
def test_a_token_is_for_the_form_that_the_message_will_be_for(admin, query, name):
    admin.form("shop", aliases=["key", "acme/contact", "a@b.example"])
    assert requests.get(admin.server.url + "/token", params=query, timeout=9 * SLOW).json()["form"] == name


def test_a_token_of_another_form_is_none_of_this(admin):
    admin.form("shop", token="required")
    admin.form("blog")
    admin.post("/f/shop", fresh(_token=fetch_token(admin, "blog")["token"]))
    assert "form" in rules_of(admin.messages()[0])["token"]


class Siteverify(http.server.BaseHTTPRequestHandler):
    """What the three captcha services answer, by their documentation."""

    def do_POST(self):
        asked = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append(asked)
        if asked["response"] == ["slow"]:
            time.sleep(8)
        body = json.dumps({"success": asked["secret"] == ["s3cret&="] and asked["response"] == ["passed"]}).encode()
        self.send_response(500 if asked["response"] == ["broken"] else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def siteverify(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Siteverify)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.mark.parametrize("kind, field", [("turnstile", "cf-turnstile-response"), ("hcaptcha", "h-captcha-response"),
                                         ("recaptcha", "g-recaptcha-response")])
def test_a_captcha_is_asked_about(tmp_path, siteverify, kind, field):
    server = Server(tmp_path)
    plain = server.environment
    server.environment = lambda: {**plain(), "CONTACTD_TEST_CAPTCHA_URL": f"http://127.0.0.1:{siteverify.server_port}/"}
    with running(server):
        admin = Admin(server)
        admin.form("shop", captcha={"kind": kind, "secret": "s3cret&="})
        points = {}
        for answer in (None, "passed", "failed", "broken", "slow"):
            posted = admin.post("/f/shop", fresh(**({field: answer} if answer else {})))
            assert posted.status_code == 200
            row = admin.messages()[0]
            assert row["fields"] == {}
            points[answer] = {r["rule"]: r["points"] for r in row["spamReasons"]}.get("captcha", 0)
        assert points["passed"] < 0 < points["failed"] and points[None] > 0
        assert points["broken"] == points["slow"] < points["failed"]  # somebody else's fault costs no message
        assert siteverify.asked[0] == {"secret": ["s3cret&="], "response": ["passed"], "remoteip": ["127.0.0.1"]}
        assert len(siteverify.asked) == 4 and len(server.log_lines("captcha_unreachable")) == 2


# --- no duplicates -----------------------------------------------------------


def test_the_same_message_twice_is_one(admin):
    admin.form("shop")
    values = fresh()
    first, second = admin.post("/f/shop", values), admin.post("/f/shop", json=values)
    assert first.json() == second.json()
    assert len(admin.messages()) == 1
    assert admin.post("/contact/other", json={**values, "name": "Ada"}).json()["id"] != first.json()["id"]
    assert admin.post("/f/shop", {**values, "phone": "1"}).json()["id"] != first.json()["id"]


def test_the_same_message_is_known_after_a_restart(start, tmp_path):
    values = fresh(name="Ada")
    one = start(directory=tmp_path / "d")
    first = requests.post(one.url + "/contact", json=values, timeout=9 * SLOW).json()["id"]
    one.kill()
    two = start(directory=tmp_path / "d")
    assert requests.post(two.url + "/contact", json=values, timeout=9 * SLOW).json()["id"] == first


@pytest.mark.parametrize("quoted", [True, False])
def test_an_idempotency_key_stands_for_its_message(start, tmp_path, quoted):
    admin = Admin(start(directory=tmp_path / "d"))
    admin.form("shop")
    key = {"Idempotency-Key": '"abc-123"' if quoted else "abc-123"}
    values = fresh()
    first = admin.post("/f/shop", values, headers=key)
    assert first.status_code == 200
    admin.server.stop()
    admin = Admin(start(directory=tmp_path / "d"))
    assert admin.post("/f/shop", values, headers=key).json()["id"] == first.json()["id"]
    other = admin.post("/f/shop", fresh(), headers=key)
    assert other.status_code == 422 and other.json()["reason"] == "idempotency_key_reused"
    assert len(admin.messages()) == 1


# --- limits ------------------------------------------------------------------


def test_a_source_is_limited_and_told_where_it_stands(start):
    admin = Admin(start(rate_limit="on", trusted_proxies="127.0.0.1"))
    admin.form("shop")
    answers = [admin.post("/f/shop", fresh(), headers={"X-Forwarded-For": "2001:db8:1:2::%x" % i}) for i in range(25)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:20] == [200] * 20 and set(statuses[20:]) == {429}  # one /64 is one source
    assert answers[0].headers["RateLimit-Policy"] == '"source";q=20;w=300'
    assert answers[0].headers["RateLimit"].startswith('"source";r=19;')
    assert answers[-1].headers["RateLimit"].startswith('"source";r=0;')
    assert int(answers[-1].headers["Retry-After"]) >= 1 and answers[-1].json()["reason"] == "rate_limited"
    assert admin.post("/f/shop", fresh(), headers={"X-Forwarded-For": "2001:db8:1:3::1"}).status_code == 200
    assert len(admin.messages()) == 21


def test_a_form_is_limited(start):
    admin = Admin(start(rate_limit="on", trusted_proxies="127.0.0.1"))
    admin.form("shop", ratePerHour=3)
    statuses = [admin.post("/f/shop", fresh(), headers={"X-Forwarded-For": f"192.0.2.{i}"}).status_code for i in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_a_wrong_proxy_setting_is_told_loudly_once(start):
    server = start()
    for i in range(210):
        requests.post(server.url + "/contact", json=fresh(name="Ada"), headers={"X-Forwarded-For": f"192.0.2.{i}"}, timeout=9 * SLOW)
    ignored, shared = server.log_lines("x_forwarded_for_ignored"), server.log_lines("all_posts_from_one_address")
    assert len(ignored) == len(shared) == 1
    assert "trusted-proxies" in ignored[0]["remedy"] and "trusted-proxies" in shared[0]["remedy"]


# --- what verbs say ------------------------------------------------------------


def test_verbs_name_what_is_missing_and_what_mends_it(tmp_path):
    with running(Server(tmp_path, public_url="https://forms.example")) as server:
        added = server.cli("form", "add", "shop")
        assert 'action="https://forms.example/f/shop"' in added.stdout, added.stdout
        assert "usage: contactd form remove NAME" in server.cli("form", "remove").stderr
        assert "--settings FILE" in server.cli("form", "set", "shop").stderr
        assert server.cli("form", "set", "shop", "--settings", "-", input='{"title": "Web shop"}').returncode == 0
        assert json.loads(server.cli("form", "show", "shop").stdout) == {"title": "Web shop"}
        assert '{"mail":["owner@example.org"]}' in server.cli("form", "set", "shop", "notify=owner@x").stderr
