# SPDX-License-Identifier: MIT
"""What an outsider found when he tried the program: each finding is a test here."""
import subprocess

import pytest
import requests

from harness import raw
from test_forms import BROWSER, Admin, fresh
from test_pages import Page

TRAP = {"_gotcha": "x"}
LONG = "A real text that a page has filled in for its visitors, long enough to count."


@pytest.fixture
def admin(server):
    return Admin(server)


def proxied(source):
    return {"X-Forwarded-For": source}


@pytest.fixture
def limited(start):
    return Admin(start(rate_limit="on", trusted_proxies="127.0.0.1"))


# --- limits ----------------------------------------------------------------


def test_invalid_posts_of_one_close_no_form_for_others(limited):
    limited.form("shop", ratePerHour=5)
    for _ in range(12):
        assert limited.post("/f/shop", {"email": "no address"}, headers=proxied("192.0.2.1")).status_code == 422
    assert limited.post("/f/shop", fresh(), headers=proxied("192.0.2.2")).status_code == 200


def test_files_give_back_no_more_than_they_took(limited):
    limited.form("shop", ratePerHour=2)
    codes = []
    for i in range(4):
        limited.post("/f/shop", files={"cv": ("cv.pdf", b"x")}, headers=proxied(f"192.0.2.{i}"))
        codes.append(limited.post("/f/shop", fresh(), headers=proxied(f"198.51.100.{i}")).status_code)
    assert codes == [200, 200, 429, 429]


def test_repetitions_cost_the_form_nothing(limited):
    limited.form("shop", ratePerHour=3)
    body = fresh()
    ids = {limited.post("/f/shop", body, headers=proxied(f"192.0.2.{i}")).json().get("id") for i in range(8)}
    assert len(ids) == 1 and None not in ids


# --- repetitions -----------------------------------------------------------


def test_a_message_does_not_vanish_in_a_spam_row(admin):
    body = fresh(name="Ada")
    spam = admin.post("/contact/x", {**body, **TRAP}).json()["id"]
    real = admin.post("/contact/x", body).json()["id"]
    assert real != spam
    assert {m["id"]: m["state"] for m in admin.messages()} == {spam: "spam", real: "new"}
    assert admin.post("/contact/x", body).json()["id"] == real
    assert admin.post("/contact/x", {**body, **TRAP}).json()["id"] == real


def test_spam_that_is_repeated_is_stored_once(admin):
    body = {**fresh(name="Ada"), **TRAP}
    assert admin.post("/contact/x", body).json()["id"] == admin.post("/contact/x", body).json()["id"]


def test_a_message_does_not_vanish_in_the_trash(admin):
    admin.form("shop")
    body = fresh()
    first = admin.post("/f/shop", body).json()["id"]
    assert admin.call("PATCH", f"/submissions/{first}", json={"state": "trash"}).status_code == 200
    assert admin.post("/f/shop", body).json()["id"] != first


def test_two_visitors_may_say_yes(start):
    admin = Admin(start(trusted_proxies="127.0.0.1"))
    admin.form("poll")

    def vote(source, **headers):
        return admin.post("/f/poll", {"answer": "yes"}, headers={**proxied(source), **headers}).json()["id"]

    assert vote("192.0.2.1") != vote("192.0.2.2")
    assert vote("192.0.2.1") == vote("192.0.2.1")
    assert vote("2001:db8::1") == vote("2001:db8::2") != vote("2001:db8:0:1::1")


def test_who_changes_networks_meanwhile_keeps_his_key(start):
    admin = Admin(start(trusted_proxies="127.0.0.1"))
    admin.form("poll")
    answers = [admin.post("/f/poll", {"answer": "yes"}, headers={**proxied(f"192.0.2.{i}"), "Idempotency-Key": "k"})
               for i in range(2)]
    assert [a.status_code for a in answers] == [200, 200] and answers[0].json()["id"] == answers[1].json()["id"]


# --- spam ------------------------------------------------------------------


def parts(admin, form):
    return {r["rule"]: float(r["points"]) for r in admin.messages(form=form)[0]["spamReasons"]}


def test_strangers_cannot_make_a_text_suspect(admin):
    admin.form("shop")
    for i in range(12):
        assert admin.post(f"/contact/made-up-{i}", {**fresh(message=LONG), "name": "Eve"}).status_code == 200
    assert admin.post("/f/shop", fresh(message=LONG)).status_code == 200
    assert "same-body" not in parts(admin, "shop")


def test_the_same_text_on_many_forms_is_no_proof(admin):
    for i in range(12):
        admin.form(f"shop-{i}")
        assert admin.post(f"/f/shop-{i}", fresh(message=LONG)).status_code == 200
    assert 0 < parts(admin, "shop-11")["same-body"] <= 2.0
    assert admin.messages(form="shop-11")[0]["state"] == "new"


# --- fields ----------------------------------------------------------------


def test_a_pattern_that_takes_too_long_refuses_nothing(admin):
    admin.form("shop", schema={"type": "object", "properties": {"code": {"type": "string", "pattern": "^(a+)+$"}}})
    assert admin.post("/f/shop", {"code": "a" * 60 + "!"}).status_code == 200
    assert admin.post("/f/shop", {"code": "b"}).status_code == 422


@pytest.mark.parametrize("name, label", [("größe", "Größe"), ("Имя", "Имя"), ("deine_größe", "Deine größe"), ("a<b", "A&lt;b")])
def test_labels_are_whole(admin, name, label):
    admin.form("shop")
    answer = admin.post("/f/shop", {"email": "no", name: "x"}, headers=BROWSER)
    assert f">{label}</label>" in answer.content.decode()


WINDOWS = [(b"Gr\xfc\xdfe \x80 5 \x93ja\x94", "Grüße € 5 “ja”"), (b"caf\xe9", "café"), ("Grüße".encode(), "Grüße")]


@pytest.mark.parametrize("sent, kept", WINDOWS)
def test_pages_in_other_charsets_lose_nothing(admin, sent, kept):
    admin.form("shop")
    quoted = "".join(f"%{byte:02X}" for byte in sent)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert admin.post("/f/shop", f"message={quoted}&f%FCr=1&_charset_=windows-1252", headers=kind).status_code == 200
    assert admin.messages()[0]["message"] == kept and admin.messages()[0]["fields"] == {"für": "1"}
    body = b'--b\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + sent + b'\r\n--b--\r\n'
    assert admin.post("/f/shop", body, headers={"Content-Type": "multipart/form-data; boundary=b"}).status_code == 200
    assert admin.messages()[0]["message"] == kept


def test_json_stays_strict(admin):
    assert admin.post("/contact", b'{"message":"\xfc"}', headers={"Content-Type": "application/json"}).status_code == 400


@pytest.mark.parametrize("path", ["/contact/x", "/f/shop"])
def test_an_empty_origin_is_none(admin, path):
    admin.form("shop", origins=["https://shop.example"])
    body = "name=Ada&email=ada@example.org&message=hi"
    answer = raw(admin.server.port, (f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin:\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                                     f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode(), 5)
    assert b"200 OK" in answer.data
    assert len(admin.messages()) == 1


@pytest.mark.parametrize("sent", [" ada@example.org", "ada@example.org ", "\tada@example.org\r\n"])
def test_blanks_around_an_address_are_nobodys_mistake(admin, sent):
    admin.form("shop", schema={"type": "object", "properties": {"email": {"type": "string", "format": "email"},
                                                               "other": {"type": "string", "format": "email"}}})
    for path in ("/f/shop", "/contact/free"):
        answer = admin.post(path, {"name": "Ada", "email": sent, "other": sent, "message": "hello"})
        assert answer.status_code == 200, answer.text
        assert admin.messages()[0]["email"] == "ada@example.org"
    assert admin.messages(form="shop")[0]["fields"]["other"] == "ada@example.org"


@pytest.mark.parametrize("length, status", [(255, 200), (256, 422)])
def test_names_may_be_long(admin, length, status):
    admin.form("shop")
    answer = admin.post("/f/shop", {"n" * length: "x", "m": "y"}, headers={"Accept": "application/json"})
    assert answer.status_code == status
    if status == 422:
        page = Page(admin.post("/f/shop", {"n" * length: "x", "m": "y"}, headers=BROWSER))
        assert "255" in page.html and "name" in page.html


@pytest.mark.parametrize("path, body", [
    ("/f/shop", {"_subject": "Hi", "utm_source": "x", "_anything": "y"}), ("/submit/shop", {"subject": "Hi", "_subject": "x"}),
    ("/", {"form-name": "shop", "subject": "Hi"}), ("/contact/shop", {"_subject": "Hi"})])
def test_what_services_pages_carry_is_no_unknown_field(admin, path, body):
    admin.form("shop", schema={"type": "object", "properties": {"email": {}}, "additionalProperties": False})
    answer = admin.post(path, {"email": "ada@example.org", **body})
    assert answer.status_code == 200, answer.text
    kept = admin.messages()[0]
    assert kept["fields"] == {k: v for k, v in body.items() if k != "form-name"}
    assert "unknown-fields" not in parts(admin, "shop")
    assert admin.post(path, {"email": "ada@example.org", **body, "other": "x"}).status_code == 422
    assert admin.post("/f/shop", {"email": "ada@example.org", "subject": "x"}).status_code == 422


@pytest.mark.parametrize("path, status", [("/f/shop", 200), ("/submit/shop", 200), ("/contact/shop", 422)])
def test_json_of_services_pages_is_form_data(admin, path, status):
    admin.form("shop", schema={"type": "object", "properties": {"age": {"type": "integer"}, "news": {"type": "boolean"}}})
    assert admin.post(path, json={"age": "30", "news": "on"}).status_code == status
    assert admin.post(path, json={"age": "thirty"}).status_code == 422
    assert admin.post(path, json={"age": 30, "news": True}).status_code == 200


# --- doors -----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/f/shop/", "/contact/", "/contact/shop/", "/p/acme/f/shop/", "/submit/shop/"])
def test_a_slash_at_the_end_does_not_matter(admin, path):
    admin.form("shop")
    assert admin.post(path, fresh(name="Ada")).status_code == 200
    assert admin.post("/f//", fresh()).status_code == 404


# --- what a form requires --------------------------------------------------


@pytest.mark.parametrize("setting", [{"token": "required"}, {"proof": "required"}, {"captcha": {"kind": "turnstile", "secret": "x"}}])
@pytest.mark.parametrize("more", [{}, {"_token": "x", "altcha": "x"}])
def test_what_is_required_and_missing_flags(admin, setting, more):
    admin.form("shop", spamThreshold=8, **setting)
    assert admin.post("/f/shop", fresh(**more)).status_code == 200
    message = admin.messages()[0]
    assert message["state"] == "spam" and float(message["spamScore"]) >= 8
    assert sum(float(r["points"]) for r in message["spamReasons"]) == pytest.approx(float(message["spamScore"]))


def test_optional_tokens_flag_nothing(admin):
    admin.form("shop", token="optional", proof="optional")
    assert admin.post("/f/shop", fresh()).status_code == 200
    assert admin.messages()[0]["state"] == "new"


# --- settings --------------------------------------------------------------


def test_a_form_speaks_only_languages_that_we_have(admin):
    assert admin.call("PUT", "/forms/shop", json={"language": "xx"}).status_code == 422
    assert admin.call("PUT", "/forms/shop", json={"language": "pl", "languages": ["ja"]}).status_code == 200


def test_a_key_that_stands_for_another_message_is_nobodys_fault(admin):
    admin.form("shop")
    key = {**BROWSER, "Idempotency-Key": "k"}
    assert admin.post("/f/shop", fresh(), headers=key).status_code == 303
    answer = admin.post("/f/shop", fresh(), headers=key)
    assert answer.status_code == 422 and "try again" in answer.text and "<button>" in answer.text and "owner" not in answer.text


def test_a_page_that_hides_its_origin_is_weighed(admin):
    admin.form("shop", origins=["https://shop.example"])
    admin.form("open")
    for form in ("shop", "open"):
        assert admin.post(f"/f/{form}", fresh(), headers={**BROWSER, "Origin": "null"}).status_code == 303
    assert parts(admin, "shop").get("no-origin") == 1.5 and "no-origin" not in parts(admin, "open")
    assert admin.post("/f/shop", fresh(), headers={**BROWSER, "Origin": "https://shop.example"}).status_code == 303
    assert "no-origin" not in parts(admin, "shop")
    assert {m["page"] for m in admin.messages() if m["form"] == "open"} == {None}


def test_a_refused_page_is_not_led_to(admin):
    admin.form("shop", origins=["https://shop.example"], errorRedirect="/sorry")
    assert admin.post("/f/shop", fresh(), headers={**BROWSER, "Origin": "https://evil.example"}).status_code == 403
    answer = admin.post("/f/shop", {"email": "no"}, headers={**BROWSER, "Origin": "https://shop.example"})
    assert answer.headers["Location"] == "https://shop.example/sorry"


# --- ids ----------------------------------------------------------------------

def put_form(server, name, **settings):
    headers = {"Authorization": f"Bearer {server.token('manage')}"}
    return requests.put(f"{server.url}/admin/forms/{name}", json=settings, headers=headers, timeout=10)


def test_an_id_belongs_to_one_form_only(server):
    assert put_form(server, "shop", aliases=["xyzabcde", "open1234"]).status_code == 200
    for name, settings in (("thief", {"aliases": ["xyzabcde"]}), ("thief", {"aliases": ["shop"]}),
                           ("thief", {"aliases": ["default"]}), ("open1234", {})):
        answer = put_form(server, name, **settings)
        assert (answer.status_code, answer.json()["code"]) == (409, "alias_taken"), answer.text
        done = server.cli("form", "add", name, *[f"aliases={a}" for a in settings.get("aliases", [])])
        assert done.returncode == 1 and "belongs to the form" in done.stderr
    assert put_form(server, "shop", aliases=["xyzabcde"], title="again").status_code == 200
    assert put_form(server, "open1234").status_code == 200  # nobody's any more
    assert requests.post(f"{server.url}/f/xyzabcde", json={"email": "ada@example.org"}, timeout=10).status_code == 200


# --- wrong addresses ------------------------------------------------------------


def test_a_page_that_posts_to_a_wrong_address_can_read_why(server):
    page = {"Origin": "https://www.shop.example"}
    script = requests.post(f"{server.url}/nothing/here", json={"email": "ada@example.org"}, headers=page, timeout=10)
    assert (script.status_code, script.headers["Access-Control-Allow-Origin"]) == (404, page["Origin"])
    assert script.json()["ok"] is False and script.json()["error"] == "not found"
    browser = requests.post(f"{server.url}/nothing/here", data={"email": "ada@example.org"}, timeout=10,
                            headers={**page, "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})
    assert browser.status_code == 404 and browser.headers["Content-Type"].startswith("text/html")
    assert "<h1>" in browser.text and "Content-Security-Policy" in browser.headers
    admin = requests.get(f"{server.url}/admin/nothing", headers=page, timeout=10)
    assert admin.status_code == 404 and "Access-Control-Allow-Origin" not in admin.headers
    assert requests.get(f"{server.url}/nothing", timeout=10).json()["code"] == "not_found"


def test_a_page_may_send_its_visitors_back_to_its_own_site(server):
    def location(origin, target):
        answer = requests.post(f"{server.url}/f/default", data={"name": "Ada", "email": "ada@example.org", "message": target, "_next": target},
                               headers={"Origin": origin, "Sec-Fetch-Mode": "navigate"}, allow_redirects=False, timeout=10)
        assert answer.status_code == 303
        return answer.headers["Location"]

    home = "https://my.site"
    assert location(home, f"{home}/danke") == f"{home}/danke"
    for elsewhere in ("https://evil.example/danke", "https://my.site.evil.example/", "https://my.site@evil.example/", "http://my.site/",
                      "https://my.site:8443/", "//my.site/", "https:my.site", "javascript:alert(1)", "https://my.site\\@evil.example/"):
        assert "/thanks" in location(home, elsewhere), elsewhere
    assert "/thanks" in location("null", "null/danke")
