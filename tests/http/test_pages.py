# SPDX-License-Identifier: MIT
"""What visitors without JavaScript see, read as a browser reads it, and the script for those who have it."""
import gzip
import re
from html.parser import HTMLParser

import pytest
import requests

from test_forms import Admin

PAGE = "https://page.example/contact.html"
BROWSER = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html", "Origin": "https://page.example", "Referer": PAGE}
# What a browser sends from a page whose policy is no-referrer.
RETRY = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html", "Origin": "null"}


class Page(HTMLParser):
    """The controls of a page: (name, value) of what its form would send, and all of their attributes."""

    def __init__(self, answer):
        super().__init__()
        self.status, self.headers, self.html = answer.status_code, answer.headers, answer.text
        self.tags, self.sent, self.controls, self.links, self._area = [], [], {}, [], None
        self.feed(answer.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(attrs["href"])
        if tag in ("input", "textarea") and attrs.get("name"):
            self.controls[attrs["name"]] = {"tag": tag, **attrs}
            if "disabled" not in attrs:
                self.sent.append([attrs["name"], attrs.get("value", "")])
            if tag == "textarea":
                self._area = (attrs["name"], "disabled" not in attrs, [])

    def handle_data(self, data):
        if self._area:
            self._area[2].append(data)

    def handle_endtag(self, tag):
        if tag == "textarea":
            name, is_sent, pieces = self._area
            # A tag's own line break is none of the text (HTML Standard, section 13.2.6.4.7).
            text = re.sub(r"^\n", "", "".join(pieces))
            self.controls[name]["value"] = text
            if is_sent:
                self.sent[-1][1] = text
            self._area = None


@pytest.fixture

def admin(server):
    return Admin(server)


def post(server, path, body, headers=BROWSER):
    return requests.post(server.url + path, data=body, headers=headers, timeout=5, allow_redirects=False)


def retry(server, path, page, **changes):
    body = [(name, changes.get(name, value)) for name, value in page.sent]
    return post(server, path, body, RETRY)


def test_what_was_typed_comes_back_and_is_sent_again_as_it_was(admin):
    admin.form("shop")
    typed = [("email", "nobody"), ("topics[]", "one"), ("car[0][color]", "red"), ("car[1][color]", "blue"), ("a.b", "c"),
             ("size", "S"), ("size", "M"), ("_subject", "Hi & <b>bye</b>"), ("message", "\r\n  \"Hello\"\r\n</textarea>")]
    page = Page(post(admin.server, "/f/shop", typed))
    assert page.status == 422 and page.tags.count("button") == 1
    assert page.controls["message"]["tag"] == "textarea"
    assert retry(admin.server, "/f/shop", page, email="ada@example.org").status_code == 303
    first = admin.messages()[0]
    admin.form("other")
    assert post(admin.server, "/f/other", [(n, "ada@example.org" if n == "email" else v) for n, v in typed]).status_code == 303
    second = admin.messages()[0]
    assert (first["email"], first["message"]) == (second["email"], second["message"])
    assert first["fields"] == second["fields"] and first["fields"]["topics"] == ["one"]


def test_a_retry_keeps_the_way_on_and_the_page_it_came_from(admin):
    admin.form("shop", origins=["https://page.example"])
    page = Page(post(admin.server, "/f/shop", {"email": "nobody", "message": "x", "_next": "/thank-you"}))
    # Chromium holds a redirect after a form's post against form-action, too.
    assert re.search(r"form-action 'self' https://page\.example(;|$)", page.headers["Content-Security-Policy"])
    answer = retry(admin.server, "/f/shop", page, email="ada@example.org")
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://page.example/thank-you")
    assert admin.messages()[0]["page"] == PAGE


def test_a_page_that_lies_about_where_it_is_leads_nowhere(admin):
    admin.form("shop", origins=["https://page.example"])
    for there in ("https://evil.example/", "https://page.example@evil.example/", "javascript:alert(1)"):
        body = {"email": "ada@example.org", "message": there, "_next": "/x", "_page": there}
        answer = post(admin.server, "/f/shop", body, RETRY)
        assert answer.status_code == 303 and "/thanks?form=shop" in answer.headers["Location"]
        assert "evil" not in answer.headers["Location"].replace(there, "")
    body = {"email": "ada@example.org", "message": "x", "_page": "https://page.example/"}
    assert post(admin.server, "/f/shop", body, {**BROWSER, "Origin": "https://evil.example"}).status_code == 403


def test_a_proof_is_not_lost_with_a_mistake(admin):
    """The proof was not used up, and without it the message would count as spam where one is required."""
    admin.form("shop")
    page = Page(post(admin.server, "/f/shop", {"email": "nobody", "message": "x", "altcha": "abc", "_token": "def"}))
    assert page.controls["altcha"]["type"] == page.controls["_token"]["type"] == "hidden"
    assert page.controls["altcha"]["value"] == "abc"


def test_a_field_that_the_form_does_not_take_is_shown_but_not_sent_again(admin):
    admin.form("shop", schema={"type": "object", "properties": {"message": {"type": "string"}}, "additionalProperties": False})
    page = Page(post(admin.server, "/f/shop", {"message": "x", "extra": "kept <here>"}))
    assert page.status == 422 and page.controls["extra"]["value"] == "kept <here>"
    assert retry(admin.server, "/f/shop", page).status_code == 303


def test_how_a_visitor_came_breaks_no_rule(admin):
    """form.js sends these along; a strict form must not refuse a message for them."""
    admin.form("shop", schema={"type": "object", "properties": {"message": {"type": "string"}}, "additionalProperties": False})
    body = {"message": "x", "_utm_source": "news", "_referrer": "https://search.example/", "_page": PAGE}
    assert post(admin.server, "/f/shop", body).status_code == 303
    row = admin.messages()[0]
    assert row["fields"] == {"_utm_source": "news", "_referrer": "https://search.example/"}
    assert row["page"] == PAGE


def test_too_much_about_a_visit_costs_no_message(start):
    server = start(max_body="1m")
    typed = {"name": "Ada", "email": "ada@example.org", "message": "x", "notes": "n" * 40_000}
    assert post(server, "/contact", {**typed, "_utm_source": "u" * 40_000}).status_code == 303
    row = Admin(server).messages()[0]
    assert row["fields"] == {"notes": typed["notes"]}
    # Too much of the visitor's own is said, and not put off.
    assert post(server, "/contact", {**typed, "notes": "n" * 80_000}).status_code == 422


def test_a_missing_field_gets_a_place(admin):
    page = Page(post(admin.server, "/contact", {"name": "Ada", "message": "x"}))
    email = page.controls["email"]
    assert email["aria-invalid"] == "true" and "required" in email and "autofocus" in email
    assert f'id="{email["aria-describedby"]}"' in page.html
    assert "autofocus" not in page.controls["message"]


def test_a_file_is_named_and_the_rest_can_be_sent(admin):
    admin.form("shop")
    answer = requests.post(admin.server.url + "/f/shop", data={"message": "x"}, files={"my_cv": ("cv.pdf", b"%PDF")},
                           headers=BROWSER, timeout=5, allow_redirects=False)
    page = Page(answer)
    assert page.status == 422 and "My cv" in page.html and "my_cv" not in page.controls
    assert retry(admin.server, "/f/shop", page).status_code == 303


def test_labels_are_words(admin):
    admin.form("shop")
    body = {"first_name": "Ada", "email": "nobody", "message": "x", "name": "y"}
    page = Page(post(admin.server, "/f/shop", body, {**BROWSER, "Accept-Language": "de"}))
    assert all(f">{label}</label>" in page.html for label in ("First name", "E-Mail", "Nachricht", "Name"))


def test_a_refused_page_cannot_send_from_ours(admin):
    admin.form("shop", origins=["https://page.example"])
    page = Page(post(admin.server, "/f/shop", {"message": "typed"}, {**BROWSER, "Origin": "https://evil.example"}))
    assert page.status == 403 and "button" not in page.tags
    assert page.controls["message"]["value"] == "typed" and "readonly" in page.controls["message"]


def test_what_is_not_there_is_not_promised(server):
    big = post(server, "/contact", {"message": "x" * 2_000_000})
    assert big.status_code == 413 and "still here" not in big.text and "Go back" in big.text


def test_pages_need_nothing_from_elsewhere_and_let_nothing_run(server):
    for answer in (requests.get(server.url + "/thanks", timeout=5), post(server, "/contact", {"message": "<script>"})):
        page = Page(answer)
        assert not {"script", "link", "img", "iframe"} & set(page.tags)
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
        assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
        assert page.headers["Referrer-Policy"] == "no-referrer"


def test_thanks_leads_back_only_where_it_may(admin):
    admin.form("shop", origins=["https://page.example"], title="A <shop>")
    admin.form("any")

    def links(query, **headers):
        return Page(requests.get(admin.server.url + "/thanks" + query, headers=headers, timeout=5)).links

    assert links("") == links("?form=nobody&back=https://page.example/") == []
    assert links("", Referer="https://page.example/") == ["https://page.example/"]
    assert links("", Referer="javascript:alert(1)") == []
    assert links("?form=shop&back=https://page.example/a%26b") == ["https://page.example/a&b"]
    for evil in ("https://evil.example/", "javascript:alert(1)", "//evil.example", "/x", "https://page.example@evil.example/"):
        assert links("?form=shop&back=" + evil) == links("?form=any&back=" + evil) == []
    page = requests.get(admin.server.url + "/thanks?form=shop&lang=pl", timeout=5).text
    assert '<html lang="pl">' in page and "A &lt;shop&gt;</title>" in page


def test_form_js_is_small_cached_and_for_everybody(server):
    url = server.url + "/form.js"
    packed = requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=5, stream=True)
    plain = requests.get(url, headers={"Accept-Encoding": "gzip;q=0.0, identity"}, timeout=5)
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    raw = packed.raw.read(decode_content=False)
    assert len(raw) <= 3072 and gzip.decompress(raw) == plain.content
    for answer in (packed, plain):
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=3600" and answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # One tag stands for two encodings of the same, so it is a weak one (RFC 9110, section 8.8.1).
    tag = plain.headers["ETag"]
    assert tag.startswith('W/"') and tag == packed.headers["ETag"]
    for known in (tag, tag[2:], f'"other", {tag}', "*"):
        again = requests.get(url, headers={"If-None-Match": known}, timeout=5)
        assert again.status_code == 304 and not again.content and again.headers["ETag"] == tag
        assert again.headers["Content-Length"] == packed.headers["Content-Length"]  # RFC 9110, section 8.6
    assert requests.get(url, headers={"If-None-Match": '"other"'}, timeout=5).status_code == 200


def test_scripts_are_told_in_the_visitors_language_too(server):
    answer = requests.post(server.url + "/contact", json={"name": "A", "email": "x", "message": ""},
                           headers={"Accept-Language": "fr"}, timeout=5).json()
    assert answer["text"] == "Veuillez corriger ce qui est signalé ci-dessous."
    assert answer["texts"] == {"email": "C’est trop court.", "message": "Veuillez remplir ce champ."}
    assert all(isinstance(error["message"], str) for error in answer["errors"])
