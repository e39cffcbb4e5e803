# SPDX-License-Identifier: MIT
"""Accounts over the API: browser sessions and what guards them, users, tokens, the audit log, invitations."""
import base64
import datetime
import re
import sqlite3
import time

import pytest
import requests

from harness import raw

COOKIE = "__Host-contactd"
PASSWORD = "correct horse"
SAME = {"Sec-Fetch-Site": "same-origin"}
DAY_MS = 86400_000


def add_user(server, name="ada", role="owner", forms="*", password=PASSWORD):
    args = ["user", "add", name, "--role", role, "--forms", forms, "--password-file", "-"]
    done = server.cli(*args, input=password + "\n")
    assert done.returncode == 0, done.stderr
    return name, password


def call(server, method, path, json=None, **options):
    return requests.request(method, server.url + path, json=json, timeout=20, **options)


class Panel:
    """A browser that has signed in: the cookie, and the token that its page's scripts send with changes."""

    def __init__(self, server, name="ada", password=PASSWORD, **headers):
        self.server = server
        self.adopt(sign_in(server, name, password, **headers))

    def adopt(self, answer):
        assert answer.status_code == 200, answer.text
        self.cookie, self.csrf, self.about = cookie_of(answer), answer.json()["csrf"], answer.json()
        return self

    def headers(self, **headers):
        return {"Cookie": f"{COOKIE}={self.cookie}", "X-CSRF-Token": self.csrf, **SAME, **headers}

    def __call__(self, method, path, json=None, **headers):
        return call(self.server, method, path, json, headers=self.headers(**headers))


def sign_in(server, name="ada", password=PASSWORD, **headers):
    return call(server, "POST", "/admin/session", {"name": name, "password": password}, headers=headers)


def cookie_of(answer):
    value = re.match(COOKIE + "=([A-Za-z0-9_-]{43});", answer.headers["Set-Cookie"])
    return value[1]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def database(server):
    return sqlite3.connect(server.directory / "contactd.db")


@pytest.fixture
def server(start):
    """With one user: ada, an owner. The administrator of the first start is gone."""
    server = start()
    add_user(server)
    wait_until(lambda: server.cli("user", "remove", "admin").returncode == 0)
    return server


@pytest.fixture
def ada(server):
    return Panel(server)


# --- sessions -----------------------------------------------------------------


def test_signing_in_sets_a_strict_cookie_and_says_who_one_is(server):
    answer = sign_in(server)
    attributes = {part.strip() for part in answer.headers["Set-Cookie"].split(";")[1:]}
    assert attributes == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"}
    assert answer.headers["Cache-Control"] == "no-store"
    about = answer.json()
    assert (about["name"], about["role"], about["access"], about["forms"]) == ("ada", "owner", "manage", ["*"])
    assert re.fullmatch("[A-Za-z0-9_-]{43}", about["csrf"]) and about["csrf"] != cookie_of(answer)
    left = datetime.datetime.fromisoformat(about["expiresAt"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23) < left <= datetime.timedelta(hours=24)


def test_who_one_is_with_any_credential(server, ada):
    seen = ada("GET", "/admin/session").json()
    assert seen == ada.about
    basic = call(server, "GET", "/admin/session", auth=("ada", PASSWORD)).json()
    assert basic["name"] == "ada" and basic["csrf"] is None and basic["expiresAt"] is None
    token = call(server, "GET", "/admin/session", headers=bearer(server.token("write"))).json()
    assert token["role"] is None and token["access"] == "write" and token["csrf"] is None
    assert call(server, "GET", "/admin/session").status_code == 401


def test_neither_cookie_nor_csrf_token_is_logged_and_the_cookie_is_stored_hashed(server, ada):
    assert ada("GET", "/admin/sessions").status_code == 200
    server.stop()
    content = b"".join(p.read_bytes() for p in server.directory.glob("contactd.db*") if p.is_file())
    assert b"ada" in content and ada.cookie.encode() not in content
    raw = base64.urlsafe_b64decode(ada.cookie + "=")
    assert raw not in content
    assert ada.cookie not in server.stderr() and ada.csrf not in server.stderr()


@pytest.mark.parametrize("name, password", [("ada", "wrong password"), ("nobody", PASSWORD), ("", ""), ("ada", ""), ("ada:", PASSWORD),
                                            ("ada", "x" * 300), ("a" * 100, PASSWORD), ("ada", "tab\there")])
def test_a_wrong_name_or_password_is_401_and_makes_no_session(server, name, password):
    answer = sign_in(server, name, password)
    assert answer.status_code == 401 and answer.json()["code"] == "unauthorized" and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("body, status", [("{", 400), ("[]", 400), ("", 400), ('{"name":"ada"}', 422), ('{"name":1,"password":"x"}', 422),
                                          ('{"name":"ada","password":"correct horse","more":1}', 422)])
def test_a_malformed_sign_in_says_what_is_wrong(server, body, status):
    answer = requests.post(server.url + "/admin/session", data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert answer.status_code == status and answer.json()["message"] and "Set-Cookie" not in answer.headers


def test_signing_in_takes_json_only(server):
    answer = requests.post(server.url + "/admin/session", data={"name": "ada", "password": PASSWORD}, timeout=10)
    assert answer.status_code == 415


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_another_site_cannot_sign_anybody_in(server, headers):
    answer = sign_in(server, **headers)
    assert answer.status_code == 403 and answer.json()["code"] == "csrf"


def test_a_new_sign_in_makes_a_new_session_and_ends_the_old_one(server, ada):
    old = Panel(server)
    assert ada.cookie != old.cookie and ada("GET", "/admin/session").status_code == 200
    new = Panel(server).adopt(sign_in(server, Cookie=f"{COOKIE}={old.cookie}"))
    assert old("GET", "/admin/session").status_code == 401
    assert new("GET", "/admin/session").status_code == ada("GET", "/admin/session").status_code == 200
    assert new.csrf != old.csrf


def test_a_session_that_somebody_planted_is_not_taken_over(server):
    planted = "A" * 43
    answer = sign_in(server, Cookie=f"{COOKIE}={planted}")
    assert answer.status_code == 200 and cookie_of(answer) != planted
    assert call(server, "GET", "/admin/session", headers={"Cookie": f"{COOKIE}={planted}"}).status_code == 401


def test_additions_let_nobody_verify_anew(server, ada):
    def signins():
        page = requests.get(server.url + "/metrics", timeout=5).text
        return int(re.search(r"^contactd_signins_total (\d+)", page, re.MULTILINE)[1])

    assert call(server, "GET", "/admin/session", auth=("ada", PASSWORD)).status_code == 200
    before = signins()
    invite(ada)
    ada("POST", "/admin/tokens", {"name": "ci", "scope": "read", "forms": ["*"]})
    Panel(server)
    assert call(server, "GET", "/admin/session", auth=("ada", PASSWORD)).status_code == 200
    assert signins() <= before + 2  # the new session's, and the old one's first look


def test_signing_out_ends_the_session_at_once_and_clears_the_cookie(server, ada):
    other = Panel(server)
    answer = ada("DELETE", "/admin/session")
    assert answer.status_code == 204 and answer.content == b""
    assert re.match(COOKIE + "=;.*Max-Age=0", answer.headers["Set-Cookie"]) and "Secure" in answer.headers["Set-Cookie"]
    assert ada("GET", "/admin/session").status_code == 401
    assert other("GET", "/admin/session").status_code == 200
    assert call(server, "DELETE", "/admin/session", auth=("ada", PASSWORD)).status_code == 204


def test_a_cookie_that_came_twice_or_broken_is_no_session(server, ada):
    other, good = Panel(server), f"{COOKIE}={ada.cookie}"
    for cookie in (f"{good}; {COOKIE}={other.cookie}", f"{good}; {good}", f"{COOKIE}={ada.cookie[:-1]}", f"{COOKIE}={ada.cookie}A", f"{COOKIE}=",
                   f'{COOKIE}="{ada.cookie}"', f"contactd={ada.cookie}", f"x{good}", COOKIE):
        assert call(server, "GET", "/admin/session", headers={"Cookie": cookie}).status_code == 401, cookie
    for cookie in (good, f"theme=dark; {good}", f"{good}; a=b", f"a;{good};"):
        assert call(server, "GET", "/admin/session", headers={"Cookie": cookie}).status_code == 200, cookie


def test_an_authorization_header_counts_before_the_cookie(server, ada):
    headers = {**ada.headers(), **bearer("ctd_" + "A" * 43)}
    assert call(server, "GET", "/admin/session", headers=headers).status_code == 401
    # And a session's secret is good for nothing but the cookie.
    for value in (f"Session {ada.cookie}", f"Bearer {ada.cookie}", ada.cookie):
        assert call(server, "GET", "/admin/session", headers={"Authorization": value}).status_code == 401


@pytest.mark.parametrize("mode, has_dialog", [(None, True), ("navigate", True), ("cors", False), ("same-origin", False), ("no-cors", False)])
def test_scripts_are_not_answered_with_the_browsers_dialog(server, mode, has_dialog):
    headers = {"Sec-Fetch-Mode": mode} if mode else {}
    for answer in (call(server, "GET", "/admin/submissions", headers=headers), sign_in(server, "nobody", **headers)):
        assert answer.status_code == 401 and ("WWW-Authenticate" in answer.headers) == has_dialog


def test_two_cookie_lines_open_nothing_and_refuse_no_message(server, ada):
    cookie = f"Cookie: {COOKIE}={ada.cookie}\r\n"
    for lines in (cookie * 2, "Cookie: a=b\r\n" + cookie):
        reply = raw(server.port, f"GET /admin/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode(), timeout=10)
        assert reply.data.startswith(b"HTTP/1.1 401 ")
    body = b'{"name":"Ada","email":"ada@example.org","message":"Hello"}'
    head = f"POST /contact HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=b\r\nCookie: c=d\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    assert raw(server.port, head.encode() + body, timeout=10).data.startswith(b"HTTP/1.1 200 ")


def test_query_parameters_that_mean_nothing_are_errors(server, ada):
    for path in ("session", "sessions", "users", "tokens", "invitations"):
        answer = ada("GET", f"/admin/{path}?limit=5")
        assert answer.status_code == 400 and answer.json()["code"] == "invalid_query"


# --- CSRF ---------------------------------------------------------------------

HOST = object()  # stands for the server's own origin

CSRF_MATRIX = [
    # Sec-Fetch-Site, Origin, X-CSRF-Token is right; passes
    ("same-origin", None, True, True),
    ("same-origin", HOST, True, True),
    ("same-origin", "https://evil.example", True, True),  # the browser knows better than a proxy that changed Host
    ("same-origin", None, False, False),
    ("same-origin", HOST, False, False),
    ("same-site", HOST, True, False),
    ("cross-site", HOST, True, False),
    ("none", None, True, False),
    ("", HOST, True, False),
    ("Same-Origin", HOST, True, False),
    (None, HOST, True, True),
    (None, HOST, False, False),
    (None, None, True, False),
    (None, "null", True, False),
    (None, "https://evil.example", True, False),
    (None, "127.0.0.1", True, False),
    (None, "http://127.0.0.1", True, False),  # another port
]


@pytest.mark.parametrize("site, origin, has_token, passes", CSRF_MATRIX)
def test_a_change_with_the_cookie_needs_our_own_page_and_its_token(server, ada, site, origin, has_token, passes):
    headers = {"Cookie": f"{COOKIE}={ada.cookie}"}
    if site is not None:
        headers["Sec-Fetch-Site"] = site
    if origin:
        headers["Origin"] = server.url if origin is HOST else origin
    if has_token:
        headers["X-CSRF-Token"] = ada.csrf
    body = {"name": "bob", "role": "reader", "forms": ["*"], "password": PASSWORD}
    answer = call(server, "POST", "/admin/users", body, headers=headers)
    assert answer.status_code == (201 if passes else 403), answer.text
    if not passes:
        assert answer.json()["code"] == "csrf"
        names = [user["name"] for user in ada("GET", "/admin/users").json()["users"]]
        assert "bob" not in names


def test_whoever_signs_in_where_somebody_else_was_ends_that_session_at_once(server, ada):
    """Although it was verified just before, and although it is another account's."""
    add_user(server, "bob", "reader")
    bob = Panel(server, "bob")
    assert bob("GET", "/admin/session").status_code == 200
    Panel(server, "ada", Cookie=f"{COOKIE}={bob.cookie}")
    assert bob("GET", "/admin/session").status_code == 401 and ada("GET", "/admin/session").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 44])
def test_a_wrong_csrf_token_is_refused(server, ada, token):
    answer = ada("DELETE", "/admin/session", **{"X-CSRF-Token": token})
    assert answer.status_code == 403 and answer.json()["code"] == "csrf"
    assert ada("GET", "/admin/session").status_code == 200


def test_another_sessions_csrf_token_does_not_help(server, ada):
    other = Panel(server)
    assert ada("DELETE", "/admin/session", **{"X-CSRF-Token": other.csrf}).status_code == 403


def test_reading_needs_no_csrf_token_and_other_credentials_need_none_at_all(server, ada):
    cookie = {"Cookie": f"{COOKIE}={ada.cookie}", "Sec-Fetch-Site": "cross-site"}
    assert call(server, "GET", "/admin/users", headers=cookie).status_code == 200
    assert call(server, "HEAD", "/admin/users", headers=cookie).status_code == 200
    body = {"name": "ci", "scope": "read", "forms": ["*"]}
    assert call(server, "POST", "/admin/tokens", body, auth=("ada", PASSWORD)).status_code == 201
    token = server.token("manage")
    assert call(server, "DELETE", "/admin/tokens/ci", headers=bearer(token)).status_code == 204


CHANGES = [("DELETE", "/admin/session"), ("DELETE", "/admin/sessions/x"), ("POST", "/admin/password"), ("POST", "/admin/users"), ("PATCH", "/admin/users/ada"),
           ("DELETE", "/admin/users/ada"), ("POST", "/admin/tokens"), ("DELETE", "/admin/tokens/x"), ("POST", "/admin/invitations"),
           ("DELETE", "/admin/invitations/x"), ("PUT", "/admin/forms/a"), ("DELETE", "/admin/forms/a"), ("PATCH", "/admin/submissions/x")]


def test_every_change_is_guarded_against_other_sites(server, ada):
    for method, path in CHANGES:
        answer = call(server, method, path, {} if method != "DELETE" else None, headers={"Cookie": f"{COOKIE}={ada.cookie}"})
        assert answer.status_code == 403 and answer.json()["code"] == "csrf", (method, path)


# --- how long a session lives -------------------------------------------------


def age(server, **columns):
    """Moves times of all sessions while the server is stopped."""
    server.stop()
    with database(server) as db:
        for column, by_ms in columns.items():
            db.execute(f"UPDATE session SET {column} = {column} - ?", (by_ms,))
    server.start()


@pytest.mark.parametrize("columns, lives", [
    ({"seen_at": DAY_MS - 60_000}, True), ({"seen_at": DAY_MS + 1000}, False),
    ({"expires_at": 30 * DAY_MS - 60_000}, True), ({"expires_at": 30 * DAY_MS + 1000}, False),
])
def test_a_session_ends_idle_or_old(server, ada, columns, lives):
    age(server, **columns)
    assert ada("GET", "/admin/session").status_code == (200 if lives else 401)
    assert ada("DELETE", "/admin/sessions/x").status_code == (404 if lives else 401)


def test_being_seen_keeps_a_session_and_is_written_seldom(server, ada):
    age(server, seen_at=DAY_MS - 60_000)
    assert ada("GET", "/admin/session").status_code == 200
    session, = wait_until(lambda: [s for s in ada("GET", "/admin/sessions").json()["sessions"] if seconds_ago(s["seenAt"]) < 600])
    server.stop()
    with database(server) as db:
        before = db.execute("SELECT seen_at FROM session").fetchone()
    server.start()
    assert ada("GET", "/admin/session").status_code == 200
    server.stop()
    with database(server) as db:
        assert db.execute("SELECT seen_at FROM session").fetchone() == before, "it was seen less than ten minutes before"
    server.start()
    assert session["isCurrent"] and session["user"] == "ada"


def seconds_ago(text):
    then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()


def wait_until(look, seconds=10):
    """The first truth; what is written behind an answer comes a moment later."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found
    return found


def test_sessions_that_ended_are_purged_when_somebody_signs_in(server, ada):
    age(server, seen_at=2 * DAY_MS)
    Panel(server)
    server.stop()
    with database(server) as db:
        assert db.execute("SELECT count(*) FROM session").fetchone() == (1,)
    server.start()


# --- the list of sessions -----------------------------------------------------


def test_one_sees_and_ends_ones_own_sessions_and_an_owner_everybodys(server, ada):
    add_user(server, "bob", "reader")
    bob, other = Panel(server, "bob", **{"User-Agent": "Browser/1.0 (X11)"}), Panel(server, "bob")
    seen = bob("GET", "/admin/sessions").json()["sessions"]
    assert [s["user"] for s in seen] == ["bob", "bob"] and [s["isCurrent"] for s in seen].count(True) == 1
    current = next(s for s in seen if s["isCurrent"])
    assert current["userAgent"] == "Browser/1.0 (X11)" and current["source"] == "127.0.0.1"
    assert set(current) == {"id", "user", "createdAt", "seenAt", "expiresAt", "source", "userAgent", "isCurrent"}
    assert bob.cookie not in str(seen) and bob.csrf not in str(seen)
    everybodys = ada("GET", "/admin/sessions").json()["sessions"]
    assert sorted(s["user"] for s in everybodys) == ["ada", "bob", "bob"]
    adas = next(s["id"] for s in everybodys if s["user"] == "ada")
    assert bob("DELETE", f"/admin/sessions/{adas}").status_code == 404
    assert bob("DELETE", "/admin/sessions/" + next(s["id"] for s in seen if not s["isCurrent"])).status_code == 204
    assert other("GET", "/admin/session").status_code == 401
    assert ada("DELETE", f"/admin/sessions/{current['id']}").status_code == 204
    assert bob("GET", "/admin/session").status_code == 401
    assert ada("DELETE", f"/admin/sessions/{current['id']}").status_code == 404
    assert ada("GET", "/admin/session").status_code == 200


def test_a_token_has_no_sessions_but_a_managing_one_sees_all(server, ada):
    assert call(server, "GET", "/admin/sessions", headers=bearer(server.token("write"))).json() == {"sessions": []}
    assert len(call(server, "GET", "/admin/sessions", headers=bearer(server.token("manage"))).json()["sessions"]) == 1


def test_a_user_has_thirty_two_sessions_at_most(server, ada):
    for _ in range(32):
        last = Panel(server)
    assert ada("GET", "/admin/session").status_code == 401
    assert len(last("GET", "/admin/sessions").json()["sessions"]) == 32


# --- one's own password -------------------------------------------------------


def test_another_password_ends_ones_other_sessions(server, ada):
    add_user(server, "bob", "reader")
    bob, here, there = Panel(server, "bob"), Panel(server), Panel(server)
    answer = here("POST", "/admin/password", {"old": PASSWORD, "new": "battery staple"})
    assert answer.status_code == 204, answer.text
    assert here("GET", "/admin/session").status_code == 200
    assert there("GET", "/admin/session").status_code == ada("GET", "/admin/session").status_code == 401
    assert bob("GET", "/admin/session").status_code == 200
    assert sign_in(server).status_code == 401 and sign_in(server, "ada", "battery staple").status_code == 200
    # With the password itself, no session is spared.
    assert call(server, "POST", "/admin/password", {"old": "battery staple", "new": PASSWORD}, auth=("ada", "battery staple")).status_code == 204
    assert here("GET", "/admin/session").status_code == 401
    assert call(server, "GET", "/admin/session", auth=("ada", "battery staple")).status_code == 401


@pytest.mark.parametrize("body, status, code", [
    ({"old": "wrong one", "new": "battery staple"}, 403, "wrong_password"),
    ({"old": "", "new": "battery staple"}, 403, "wrong_password"),
    ({"old": PASSWORD, "new": "short"}, 422, "invalid_fields"),
    ({"old": PASSWORD, "new": "x" * 257}, 422, "invalid_fields"),
    ({"old": PASSWORD, "new": "a new\nline in it"}, 422, "invalid_fields"),
    ({"old": PASSWORD}, 422, "invalid_fields"),
    ({"new": "battery staple"}, 422, "invalid_fields"),
    ({"old": PASSWORD, "new": "battery staple", "name": "bob"}, 422, "invalid_fields"),
])
def test_a_password_is_not_changed_by_halves(server, ada, body, status, code):
    other = Panel(server)
    answer = ada("POST", "/admin/password", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert other("GET", "/admin/session").status_code == 200 and sign_in(server).status_code == 200


def test_a_token_has_no_password(server, ada):
    answer = call(server, "POST", "/admin/password", {"old": "x", "new": "battery staple"}, headers=bearer(server.token("manage")))
    assert answer.status_code == 403


def test_guessing_at_every_door_is_throttled_together(start):
    server = start(rate_limit="on")
    add_user(server)
    statuses = [sign_in(server, "ada", f"guess number {i}").status_code for i in range(14)]
    assert statuses[0] == 401 and statuses[-1] == 429
    answer = call(server, "POST", "/admin/invitations/accept", {"token": "A" * 43, "password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1
    assert call(server, "POST", "/admin/invitations/look", {"token": "A" * 43}).status_code == 429
    assert call(server, "GET", "/admin/session", auth=("ada", "another guess")).status_code == 429


# --- users --------------------------------------------------------------------


def test_a_users_life_over_the_api(server, ada):
    answer = ada("POST", "/admin/users", {"name": "bob", "role": "manager", "forms": ["shop", "jobs"], "password": PASSWORD})
    assert answer.status_code == 201
    bob = answer.json()
    assert (bob["name"], bob["role"], bob["forms"]) == ("bob", "manager", ["shop", "jobs"]) and bob["createdAt"]
    assert [u["name"] for u in ada("GET", "/admin/users").json()["users"]] == ["ada", "bob"]
    assert ada("GET", "/admin/users").json()["users"][1] == bob
    panel = Panel(server, "bob")
    assert panel.about["access"] == "write" and panel.about["forms"] == ["shop", "jobs"]
    changed = ada("PATCH", "/admin/users/bob", {"role": "reader", "forms": ["jobs"]})
    assert changed.status_code == 200 and changed.json() == {**bob, "role": "reader", "forms": ["jobs"]}
    seen = panel("GET", "/admin/session").json()
    assert (seen["access"], seen["forms"]) == ("read", ["jobs"])
    assert ada("DELETE", "/admin/users/bob").status_code == 204
    assert panel("GET", "/admin/session").status_code == 401
    assert ada("DELETE", "/admin/users/bob").status_code == 404
    # Whoever gets the name later does not get the sessions.
    add_user(server, "bob", "owner")
    assert panel("GET", "/admin/session").status_code == 401


def test_a_password_that_an_owner_sets_ends_that_users_sessions(server, ada):
    add_user(server, "bob", "reader")
    bob, here = Panel(server, "bob"), Panel(server)
    assert ada("PATCH", "/admin/users/bob", {"password": "battery staple"}).status_code == 200
    assert bob("GET", "/admin/session").status_code == 401
    assert sign_in(server, "bob").status_code == 401 and sign_in(server, "bob", "battery staple").status_code == 200
    assert ada("PATCH", "/admin/users/ada", {"password": "battery staple"}).status_code == 200
    assert ada("GET", "/admin/session").status_code == 200 and here("GET", "/admin/session").status_code == 401


@pytest.mark.parametrize("change, status", [
    ({"name": "a b"}, 422), ({"name": ""}, 422), ({"name": "x" * 65}, 422), ({"name": "ada"}, 409), ({"name": None}, 422),
    ({"role": "king"}, 422), ({"role": None}, 422), ({"password": "short"}, 422), ({"password": None}, 422), ({"forms": []}, 422),
    ({"forms": "shop"}, 422), ({"forms": ["UPPER"]}, 422), ({"forms": ["*", "shop"]}, 422), ({"forms": [1]}, 422), ({"forms": ["a"] * 33}, 422),
    ({"role": "owner", "forms": ["shop"]}, 422), ({"more": 1}, 422), ({"role": "owner", "forms": None}, 201), ({"role": "owner", "forms": ["*"]}, 201), ({"forms": None}, 422),
    ({"role": "manager", "forms": None}, 422), ({"forms": ["*"]}, 201), ({"forms": ["not-registered"]}, 201),
])
def test_a_new_user_is_checked(server, ada, change, status):
    body = {"name": "bob", "role": "reader", "forms": ["shop"], "password": PASSWORD, **change}
    answer = ada("POST", "/admin/users", {k: v for k, v in body.items() if v is not None})
    assert answer.status_code == status, answer.text
    if status == 409:
        assert answer.json()["code"] == "name_taken"
    if status == 422:
        assert answer.json()["code"] == "invalid_fields" and answer.json()["message"]
        assert len(ada("GET", "/admin/users").json()["users"]) == 1


@pytest.mark.parametrize("body, status", [({}, 422), ({"name": "x"}, 422), ({"role": "x"}, 422), ({"forms": ["*", "a"]}, 422), ({"password": "x"}, 422),
                                          ({"role": None}, 422)])
def test_a_change_of_a_user_is_checked(server, ada, body, status):
    add_user(server, "bob", "reader")
    assert ada("PATCH", "/admin/users/bob", body).status_code == status
    assert ada("PATCH", "/admin/users/nobody", {"role": "reader"}).status_code == 404


def test_an_owner_has_all_forms_always(server, ada):
    add_user(server, "bob", "reader", "shop")
    assert ada("PATCH", "/admin/users/bob", {"role": "owner"}).json()["forms"] == ["*"]
    assert ada("PATCH", "/admin/users/bob", {"forms": ["shop"]}).status_code == 422
    assert ada("PATCH", "/admin/users/bob", {"role": "manager", "forms": ["shop"]}).json()["forms"] == ["shop"]


def test_the_last_owner_stays(server, ada):
    for answer in (ada("DELETE", "/admin/users/ada"), ada("PATCH", "/admin/users/ada", {"role": "manager", "forms": ["*"]})):
        assert answer.status_code == 409 and answer.json()["code"] == "last_owner"
    add_user(server, "bob", "owner")
    unsaid = ada("PATCH", "/admin/users/ada", {"role": "manager"})
    assert unsaid.status_code == 422 and "forms" in unsaid.json()["message"]
    assert ada("PATCH", "/admin/users/ada", {"role": "manager", "forms": ["*"]}).status_code == 200
    assert ada("GET", "/admin/users").status_code == 403
    bob = Panel(server, "bob")
    assert bob("DELETE", "/admin/users/ada").status_code == 204
    assert bob("DELETE", "/admin/users/bob").status_code == 409


# --- tokens -------------------------------------------------------------------


def test_a_tokens_life_over_the_api(server, ada):
    made = ada("POST", "/admin/tokens", {"name": "ci", "scope": "write", "forms": ["shop"], "expiresAt": "2099-01-01T00:00:00Z"})
    assert made.status_code == 201
    about = made.json()
    assert (about["scope"], about["forms"], about["usedAt"], about["expiresAt"]) == ("write", ["shop"], None, "2099-01-01T00:00:00.000Z")
    listed, = ada("GET", "/admin/tokens").json()["tokens"]
    secret = about.pop("token")
    assert listed == about and secret.startswith("ctd_")
    assert call(server, "GET", "/admin/session", headers=bearer(secret)).json()["forms"] == ["shop"]
    used = wait_until(lambda: ada("GET", "/admin/tokens").json()["tokens"][0]["usedAt"])
    assert seconds_ago(used) < 60
    assert ada("DELETE", "/admin/tokens/ci").status_code == 204
    assert call(server, "GET", "/admin/session", headers=bearer(secret)).status_code == 401
    assert ada("DELETE", "/admin/tokens/ci").status_code == 404


@pytest.mark.parametrize("change, status", [
    ({"name": "a/b"}, 422), ({"scope": "root"}, 422), ({"scope": None}, 422), ({"forms": [""]}, 422), ({"expiresAt": "tomorrow"}, 422),
    ({"expiresAt": "2020-01-01"}, 422), ({"expiresAt": 5}, 422), ({"expires": "90d"}, 422), ({"forms": None}, 422), ({"expiresAt": "2099-01-01"}, 201),
])
def test_a_new_token_is_checked(server, ada, change, status):
    body = {"name": "ci", "scope": "read", "forms": ["*"], **change}
    assert ada("POST", "/admin/tokens", {k: v for k, v in body.items() if v is not None}).status_code == status
    assert len(ada("GET", "/admin/tokens").json()["tokens"]) == (status == 201)


def test_a_tokens_name_is_its_own(server, ada):
    assert ada("POST", "/admin/tokens", {"name": "ci", "scope": "read", "forms": ["*"]}).status_code == 201
    answer = ada("POST", "/admin/tokens", {"name": "ci", "scope": "manage", "forms": ["*"]})
    assert answer.status_code == 409 and answer.json()["code"] == "name_taken"


def test_last_use_is_written_once_in_ten_minutes(server, ada):
    secret = ada("POST", "/admin/tokens", {"name": "ci", "scope": "read", "forms": ["*"]}).json()["token"]

    def used_at():
        server.stop()
        with database(server) as db:
            return db.execute("SELECT used_at FROM token").fetchone()[0]

    def use_again_after(minutes):
        with database(server) as db:
            db.execute("UPDATE token SET used_at = ?", (int(time.time() * 1000) - minutes * 60_000,))
        before = used_at()
        server.start()
        assert call(server, "GET", "/admin/session", headers=bearer(secret)).status_code == 200
        return used_at() - before

    assert call(server, "GET", "/admin/session", headers=bearer(secret)).status_code == 200
    assert used_at() > 0
    assert use_again_after(9) == 0
    assert use_again_after(11) > 0
    server.start()


# --- who may what -------------------------------------------------------------

LEVELS = {"read": 1, "write": 2, "manage": 3, "owner": 4}
NEEDS = {  # what a route asks for, and for changes a body that gets past the guard without doing anything
    ("GET", "/admin/session"): "read", ("GET", "/admin/sessions"): "read", ("DELETE", "/admin/sessions/x"): "read",
    ("GET", "/admin/users"): "owner", ("POST", "/admin/users"): "owner", ("PATCH", "/admin/users/x"): "owner", ("DELETE", "/admin/users/x"): "owner",
    ("GET", "/admin/tokens"): "owner", ("POST", "/admin/tokens"): "owner", ("DELETE", "/admin/tokens/x"): "owner",
    ("GET", "/admin/invitations"): "owner", ("POST", "/admin/invitations"): "owner", ("DELETE", "/admin/invitations/x"): "owner",
    ("GET", "/admin/audit"): "owner",
    ("GET", "/admin/submissions"): "read", ("PATCH", "/admin/submissions/x"): "write",
    ("GET", "/admin/deliveries"): "read", ("GET", "/admin/destinations"): "read", ("GET", "/admin/alarms"): "read",
    ("POST", "/admin/deliveries/x/retry"): "write", ("POST", "/admin/deliveries/x/replay"): "write", ("POST", "/admin/deliveries/retry"): "write",
    ("PUT", "/admin/forms/UPPER"): "manage", ("DELETE", "/admin/forms/x"): "manage",
}


def harmless_body(method, path):
    takes_none = path.startswith("/admin/deliveries/x/")
    return {} if method in ("POST", "PUT", "PATCH") and not takes_none else None


def test_roles_and_scopes_against_routes(server):
    holders = {}
    for name, role in (("ada", "owner"), ("max", "manager"), ("rea", "reader")):
        if name != "ada":
            add_user(server, name, role)
        level = LEVELS[{"owner": "owner", "manager": "write", "reader": "read"}[role]]
        holders[f"session of a {role}"] = (level, Panel(server, name).headers())
        holders[f"password of a {role}"] = (level, {"Authorization": "Basic " + base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()})
    for scope in ("read", "write", "manage"):
        bound = server.cli("token", "add", f"bound-{scope}", "--scope", scope, "--forms", "shop").stdout.strip()
        holders[f"token to {scope}"] = (LEVELS["owner" if scope == "manage" else scope], bearer(server.token(scope)))
        # Who may manage some forms only must not make accounts that may manage all.
        holders[f"token to {scope} one form"] = (LEVELS[scope], bearer(bound))
    for (method, path), needed in NEEDS.items():
        assert call(server, method, path, harmless_body(method, path)).status_code == 401, path
        for who, (level, headers) in holders.items():
            status = call(server, method, path, harmless_body(method, path), headers=headers).status_code
            if level < LEVELS[needed]:
                assert status == 403, (who, method, path)
            else:
                assert status in (200, 204, 400, 404, 422), (who, method, path, status)


def test_every_admin_route_is_in_the_matrix_or_known_to_be_open(server):
    listed = server.cli("routes").stdout
    known = {(method, re.sub("/(x|UPPER)(?=/|$)", "/{}", path)) for method, path in NEEDS}
    known |= {("POST", "/admin/session"), ("DELETE", "/admin/session"), ("POST", "/admin/password"), ("POST", "/admin/invitations/accept"),
              ("POST", "/admin/invitations/look")}
    ours = re.compile("/admin/(session|sessions|users|tokens|invitations|audit|password|deliveries|destinations|alarms)(/|$)")
    for line in listed.splitlines():
        method, path = line.split()[:2]
        if ours.match(path):
            assert (method, re.sub(r"\{\w+\}", "{}", path)) in known, line


# --- the audit log ------------------------------------------------------------


def entries(panel, **query):
    answer = call(panel.server, "GET", "/admin/audit", params=query, headers=panel.headers())
    assert answer.status_code == 200, answer.text
    return answer.json()["entries"]


def test_what_is_changed_is_in_the_audit_log(server, ada):
    ada("POST", "/admin/users", {"name": "bob", "role": "reader", "forms": ["shop"], "password": PASSWORD})
    ada("PATCH", "/admin/users/bob", {"role": "manager", "password": "battery staple"})
    bob = Panel(server, "bob", "battery staple")
    bob("POST", "/admin/password", {"old": "battery staple", "new": PASSWORD})
    bob("DELETE", "/admin/session")
    token = ada("POST", "/admin/tokens", {"name": "ci", "scope": "manage", "forms": ["*"]}).json()["token"]
    call(server, "DELETE", "/admin/users/bob", headers=bearer(token))
    ada("DELETE", "/admin/tokens/ci")
    ada("POST", "/admin/invitations", {"name": "eve", "role": "reader", "forms": ["*"]})
    ada("DELETE", "/admin/invitations/eve")
    ada("PUT", "/admin/forms/shop", {"title": "Shop"})
    ada("DELETE", "/admin/forms/shop")
    seen = [(e["actor"], e["action"], e["target"], e["detail"]) for e in entries(ada)][::-1]
    assert seen == [
        ("cli:local", "user.add", "ada", None),
        ("cli:local", "user.remove", "admin", None),
        ("ada", "signin", None, "browser"),
        ("ada", "user.add", "bob", "role reader; forms shop"),
        ("ada", "user.set", "bob", "role manager; forms shop; password"),
        ("bob", "signin", None, "browser"),
        ("bob", "user.password", "bob", None),
        ("bob", "signout", None, None),
        ("ada", "token.add", "ci", "scope manage; forms *"),
        ("token:ci", "user.remove", "bob", None),
        ("ada", "token.revoke", "ci", None),
        ("ada", "invitation.add", "eve", "role reader; forms *"),
        ("ada", "invitation.remove", "eve", None),
        ("ada", "form.save", "shop", None),
        ("ada", "form.remove", "shop", None),
    ]
    for entry in entries(ada)[:-2]:
        assert entry["source"] == "127.0.0.1" and seconds_ago(entry["at"]) < 60


def test_what_is_deleted_and_allowed_is_in_the_audit_log_without_the_address(server, ada):
    def post(message):
        body = {"name": "Eve", "email": "eve@example.org", "message": message}
        return requests.post(server.url + "/contact", json=body, timeout=10).json()["id"]

    first, _, _ = post("first"), post("second"), post("third")
    ada("PUT", "/admin/forms/shop", {"origins": ["https://shop.example"]})
    assert ada("DELETE", f"/admin/submissions/{first}").status_code == 204
    assert ada("DELETE", f"/admin/submissions/{first}").status_code == 404
    for preview in (True, False, False):
        assert ada("POST", "/admin/erase", {"email": "EVE@example.org", "preview": preview}).status_code == 200
    assert ada("POST", "/admin/refusals/allow", {"form": "shop", "origin": "https://new.example"}).status_code == 200
    seen = [(e["actor"], e["action"], e["target"], e["detail"]) for e in entries(ada)][::-1]
    assert seen[-4:] == [
        ("ada", "form.save", "shop", None),
        ("ada", "submission.delete", first, None),
        ("ada", "submission.erase", None, "messages of an address: 2"),
        ("ada", "form.allow", "shop", "https://new.example"),
    ]
    assert "eve@" not in str(seen).lower()


def test_what_fails_is_not_in_the_audit_log(server, ada):
    before = entries(ada)
    ada("POST", "/admin/users", {"name": "ada", "role": "reader", "forms": ["*"], "password": PASSWORD})
    ada("DELETE", "/admin/users/ada")
    ada("DELETE", "/admin/tokens/none")
    ada("DELETE", "/admin/sessions/none")
    ada("DELETE", "/admin/forms/none")
    assert entries(ada) == before


def test_failed_sign_ins_of_known_accounts_are_told_once_a_minute(server, ada):
    for _ in range(3):
        assert sign_in(server, "ada", "wrong password").status_code == 401
        assert call(server, "GET", "/admin/session", auth=("ada", "wrong as well")).status_code == 401
        assert sign_in(server, "hunter2secret", "typed in the wrong field").status_code == 401
    assert call(server, "GET", "/admin/session", auth=("ada", PASSWORD)).status_code == 200
    wait_until(lambda: [e for e in entries(ada) if e["detail"] == "HTTP Basic"])
    seen = [(e["actor"], e["action"]) for e in entries(ada)]
    assert seen.count(("ada", "signin.failed")) == 1
    assert "hunter2secret" not in str(entries(ada))


def test_sign_ins_are_told_once_a_minute_for_each_account(server, ada):
    add_user(server, "bob", "reader")
    for _ in range(5):
        Panel(server), Panel(server, "bob")
    seen = [(e["actor"], e["action"]) for e in entries(ada)]
    assert seen.count(("ada", "signin")) == seen.count(("bob", "signin")) == 1
    assert len(ada("GET", "/admin/sessions").json()["sessions"]) == 11


def test_the_audit_log_is_paged(server, ada):
    for i in range(12):
        ada("POST", "/admin/tokens", {"name": f"t{i}", "scope": "read", "forms": ["*"]})
    everything, seen, cursor = entries(ada), [], None
    for _ in range(10):
        page = ada("GET", "/admin/audit?limit=5" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += page["entries"]
        ada("POST", "/admin/tokens", {"name": f"late{len(seen)}", "scope": "read", "forms": ["*"]})
        cursor = page["next"]
        if not cursor:
            break
    assert seen == everything and len(seen) == 15


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "form=shop", "limit=%zz"])
def test_a_bad_query_of_the_audit_log_is_400(server, ada, query):
    answer = ada("GET", f"/admin/audit?{query}")
    assert answer.status_code == 400 and answer.json()["code"] == "invalid_query"


def test_no_secret_is_in_the_audit_log(server, ada):
    secret = ada("POST", "/admin/tokens", {"name": "ci", "scope": "read", "forms": ["*"]}).json()["token"]
    invitation = ada("POST", "/admin/invitations", {"name": "eve", "role": "reader", "forms": ["*"]}).json()["token"]
    ada("POST", "/admin/password", {"old": PASSWORD, "new": "battery staple"})
    text = str(entries(ada))
    for word in (secret, invitation, PASSWORD, "battery staple", ada.cookie, ada.csrf):
        assert word not in text


# --- invitations --------------------------------------------------------------


def invite(panel, name="bob", role="manager", **more):
    answer = panel("POST", "/admin/invitations", {"name": name, "role": role, "forms": ["*"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def accept(server, token, password="battery staple", **headers):
    return call(server, "POST", "/admin/invitations/accept", {"token": token, "password": password}, headers=headers)


def test_an_invitation_makes_one_account_and_signs_in(server, ada):
    invitation = invite(ada, forms=["shop"])
    assert invitation["path"] == "/admin/#invite=" + invitation["token"] and invitation["url"] == server.url + invitation["path"]
    assert 6.9 * 86400 < -seconds_ago(invitation["expiresAt"]) <= 7 * 86400
    listed, = ada("GET", "/admin/invitations").json()["invitations"]
    assert (listed["name"], listed["role"], listed["forms"], listed["createdBy"]) == ("bob", "manager", ["shop"], "ada")
    assert invitation["token"] not in str(listed)
    answer = accept(server, invitation["token"])
    bob = Panel(server).adopt(answer)
    assert (bob.about["name"], bob.about["access"], bob.about["forms"]) == ("bob", "write", ["shop"])
    assert bob("GET", "/admin/session").status_code == 200
    assert ada("GET", "/admin/invitations").json() == {"invitations": []}
    assert accept(server, invitation["token"], "another one").status_code == 404
    assert sign_in(server, "bob", "battery staple").status_code == 200
    assert ("bob", "invitation.accept") in [(e["actor"], e["action"]) for e in entries(ada)]


@pytest.mark.parametrize("headers, origin", [
    ({"Host": "forms.example"}, "https://forms.example"), ({"Host": "forms.example:8443"}, "https://forms.example:8443"), ({"Host": "127.0.0.1:3000"}, "http://127.0.0.1:3000"),
    ({"Host": "localhost:3000"}, "http://localhost:3000"), ({"Host": "[::1]:3000"}, "http://[::1]:3000"), ({"Host": "127.0.0.1.example"}, "https://127.0.0.1.example"),
    ({"Host": "lan.example", "Origin": "http://lan.example"}, "http://lan.example"), ({"Host": "forms.example", "Origin": "https://forms.example"}, "https://forms.example"),
    ({"Host": "forms.example", "Origin": "http://other.example"}, "https://forms.example"), ({"Host": "forms.example", "Origin": "ftp://forms.example"}, "https://forms.example")])
def test_an_invitation_can_be_sent_as_it_is(server, headers, origin):
    owner = bearer(server.token("manage"))
    answer = call(server, "POST", "/admin/invitations", {"name": "bob", "role": "reader", "forms": ["*"]}, headers={**owner, **headers})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["url"] == f"{origin}/admin/#invite={told['token']}" and told["path"] == f"/admin/#invite={told['token']}"


def test_without_a_host_an_invitation_is_a_path(server):
    body = b'{"name":"bob","role":"reader", "forms": ["*"]}'
    head = f"POST /admin/invitations HTTP/1.0\r\nAuthorization: Bearer {server.token('manage')}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    reply = raw(server.port, head.encode() + body, timeout=30)
    assert b" 201 " in reply.data[:20] and b'"url":"/admin/#invite=' in reply.data, reply.data


def test_members_that_are_not_known_are_answered_with_those_that_are(server, ada):
    answer = ada("POST", "/admin/invitations", {"name": "bob", "rôle": "reader"})
    assert answer.status_code == 422 and "rôle: there is no such member here; known: name, role, forms" in answer.text
    answer = ada("PATCH", "/admin/users/ada", {"colour": "red"})
    assert answer.status_code == 422 and "colour: there is no such member here; known: role, forms, password" in answer.text


def test_an_invitation_is_over_when_it_is_replaced_taken_back_or_old(server, ada):
    first, second = invite(ada), invite(ada)
    assert accept(server, first["token"]).status_code == 404
    assert ada("DELETE", "/admin/invitations/bob").status_code == 204
    assert ada("DELETE", "/admin/invitations/bob").status_code == 404
    assert accept(server, second["token"]).status_code == 404
    third = invite(ada)
    server.stop()
    with database(server) as db:
        db.execute("UPDATE invitation SET expires_at = expires_at - ?", (7 * DAY_MS + 1000,))
    server.start()
    assert accept(server, third["token"]).status_code == 404
    assert ada("GET", "/admin/invitations").json() == {"invitations": []}
    assert sign_in(server, "bob", "battery staple").status_code == 401


def test_the_invitations_of_whoever_owns_no_more_are_over(server, ada):
    add_user(server, "olga", "owner")
    add_user(server, "omar", "owner")
    token = server.cli("token", "add", "ci", "--scope", "manage", "--forms", "*").stdout.strip()
    by_olga, by_omar = invite(Panel(server, "olga"), "a", "owner"), invite(Panel(server, "omar"), "b", "owner")
    by_ada, by_token = invite(ada, "c"), call(server, "POST", "/admin/invitations", {"name": "d", "role": "owner"}, headers=bearer(token)).json()
    assert ada("PATCH", "/admin/users/olga", {"role": "manager", "forms": ["*"]}).status_code == 200
    assert ada("DELETE", "/admin/users/omar").status_code == 204
    assert ada("DELETE", "/admin/tokens/ci").status_code == 204
    assert [accept(server, i["token"]).status_code for i in (by_olga, by_omar, by_token, by_ada)] == [404, 404, 404, 200]


def look(server, token, **headers):
    return call(server, "POST", "/admin/invitations/look", {"token": token}, headers=headers)


def test_an_invitation_can_be_looked_at_before_it_is_accepted(server, ada):
    first, second = invite(ada), invite(ada, forms=["shop"])
    assert look(server, first["token"]).status_code == 404
    answer = look(server, second["token"])
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {"name": "bob", "role": "manager", "forms": ["shop"], "expiresAt": second["expiresAt"]}
    assert look(server, second["token"]).status_code == 200
    assert accept(server, second["token"]).status_code == 200
    assert look(server, second["token"]).status_code == 404


def test_a_look_at_an_invitation_is_checked(server, ada):
    token = invite(ada)["token"]
    assert look(server, "A" * 43).status_code == 404 and look(server, "").status_code == 404
    assert call(server, "POST", "/admin/invitations/look", {}).status_code == 422
    assert call(server, "POST", "/admin/invitations/look", {"token": token, "password": PASSWORD}).status_code == 422
    answer = look(server, token, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and answer.json()["code"] == "csrf"


def test_an_invitations_secret_is_stored_hashed(server, ada):
    token = invite(ada)["token"]
    server.stop()
    content = b"".join(p.read_bytes() for p in server.directory.glob("contactd.db*") if p.is_file())
    assert token.encode() not in content and base64.urlsafe_b64decode(token + "=") not in content


@pytest.mark.parametrize("change, status", [({"name": "ada"}, 409), ({"name": "a b"}, 422), ({"role": "x"}, 422), ({"forms": []}, 422),
                                            ({"role": "owner", "forms": ["shop"]}, 422), ({"password": "x"}, 422), ({"role": "owner"}, 201),
                                            ({"role": "owner", "forms": None}, 201), ({"forms": None}, 422), ({"role": "manager", "forms": None}, 422)])
def test_a_new_invitation_is_checked(server, ada, change, status):
    body = {"name": "bob", "role": "reader", "forms": ["*"], **change}
    assert ada("POST", "/admin/invitations", {k: v for k, v in body.items() if v is not None}).status_code == status


def test_whose_forms_are_not_said_gets_none_and_learns_how_to_say_it(server, ada):
    for path, body in (("/admin/users", {"name": "bob", "role": "reader", "password": PASSWORD}), ("/admin/users", {"name": "bob", "role": "manager", "password": PASSWORD}),
                       ("/admin/tokens", {"name": "bob", "scope": "read"}), ("/admin/invitations", {"name": "bob", "role": "reader"})):
        answer = ada("POST", path, body)
        assert answer.status_code == 422 and answer.json()["code"] == "invalid_fields", answer.text
        assert answer.json()["message"].startswith("forms: ") and '["*"]' in answer.json()["message"]
        assert ada("POST", path, {**body, "forms": None}).status_code == 422


def test_accepting_is_checked(server, ada):
    token = invite(ada)["token"]
    assert accept(server, token, "short").status_code == 422
    assert accept(server, token, "a new\nline in it").status_code == 422
    assert accept(server, "A" * 43).status_code == 404 and accept(server, "").status_code == 404
    assert call(server, "POST", "/admin/invitations/accept", {"password": PASSWORD}).status_code == 422
    answer = accept(server, token, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and answer.json()["code"] == "csrf"
    # The name was given away meanwhile.
    add_user(server, "bob", "reader")
    answer = accept(server, token)
    assert answer.status_code == 409 and sign_in(server, "bob", "battery staple").status_code == 401


# --- the command line ---------------------------------------------------------


def test_the_command_line_binds_accounts_to_forms(server):
    add_user(server, "bob", "reader", "shop,jobs")
    assert Panel(server, "bob").about["forms"] == ["shop", "jobs"]
    assert server.cli("user", "set", "bob", "--role", "manager", "--forms", "shop").returncode == 0
    bob = Panel(server, "bob")
    assert (bob.about["access"], bob.about["forms"]) == ("write", ["shop"])
    table = server.cli("user", "list").stdout.splitlines()
    assert table[0].split() == ["name", "role", "forms", "createdAt"] and table[2].split()[:3] == ["bob", "manager", "shop"]
    assert server.cli("user", "set", "bob", "--forms", "*").returncode == 0
    assert bob("GET", "/admin/session").json()["forms"] == ["*"]
    token = server.cli("token", "add", "ci", "--forms", "shop,jobs", "--expires", "90d").stdout.strip()
    assert call(server, "GET", "/admin/session", headers=bearer(token)).json()["forms"] == ["shop", "jobs"]
    table = server.cli("token", "list").stdout.splitlines()
    assert table[0].split() == ["name", "scope", "forms", "createdAt", "expiresAt", "usedAt"] and table[1].split()[2] == "shop,jobs"


@pytest.mark.parametrize("args", [("user", "add", "bob", "--forms", "UPPER"), ("user", "add", "bob", "--forms", ""), ("user", "add", "bob", "--forms", "a,*"),
                                  ("user", "add", "bob", "--role", "owner", "--forms", "shop"), ("user", "set", "ada", "--role", "reader"),
                                  ("user", "set", "ada", "--forms", "shop"), ("user", "set", "ada"), ("user", "set", "nobody", "--role", "reader"),
                                  ("user", "set", "ada", "--role", "king"), ("user", "add", "bob"), ("user", "add", "bob", "--role", "manager"), ("token", "add", "ci"), ("token", "add", "ci", "--forms", "a b")])
def test_the_command_line_says_what_is_wrong(server, args):
    done = server.cli(*args)
    assert done.returncode != 0 and done.stderr.strip(), done
    assert done.stdout == ""


def test_what_the_command_line_changes_counts_at_once(server, ada):
    add_user(server, "bob", "reader")
    bob = Panel(server, "bob")
    assert server.cli("user", "passwd", "bob", "--password-file", "-", input="battery staple\n").returncode == 0
    assert bob("GET", "/admin/session").status_code == 401
    bob = Panel(server, "bob", "battery staple")
    assert server.cli("user", "remove", "bob").returncode == 0
    assert bob("GET", "/admin/session").status_code == 401
    actions = [(e["actor"], e["action"], e["target"]) for e in entries(ada)]
    assert ("cli:local", "user.passwd", "bob") in actions and ("cli:local", "user.remove", "bob") in actions


# --- what somebody who wanted to get in has tried ---------------------------------


def test_names_that_a_path_cannot_hold_are_refused(server, ada):
    for name in (".", ".."):
        assert ada("POST", "/admin/users", {"name": name, "role": "reader", "forms": ["a"], "password": "correct horse"}).status_code == 422


def test_who_is_bound_to_forms_gives_out_no_aliases(server, ada):
    server.cli("form", "add", "b", "aliases=zkey")
    secret = ada("POST", "/admin/tokens", {"name": "m", "scope": "manage", "forms": ["a"]}).json()["token"]
    for alias in ("zkey", "shop/b", "anything"):
        answer = call(server, "PUT", "/admin/forms/a", {"aliases": [alias]}, headers=bearer(secret))
        assert answer.status_code == 403, answer.text
    assert call(server, "PUT", "/admin/forms/a", {"title": "A"}, headers=bearer(secret)).status_code == 200
    assert ada("PUT", "/admin/forms/a", {"aliases": ["mine"]}).status_code == 200
    assert call(server, "PUT", "/admin/forms/a", {"title": "A", "aliases": ["mine"]}, headers=bearer(secret)).status_code == 200


def test_metrics_are_for_who_may_read_all_forms(server, ada):
    bound = ada("POST", "/admin/tokens", {"name": "r", "scope": "read", "forms": ["a"]}).json()["token"]
    whole = ada("POST", "/admin/tokens", {"name": "w", "scope": "read", "forms": ["*"]}).json()["token"]
    elsewhere = {"X-Forwarded-For": "192.0.2.9"}
    assert call(server, "GET", "/metrics", headers={**bearer(bound), **elsewhere}).status_code == 403
    assert call(server, "GET", "/metrics", headers={**bearer(whole), **elsewhere}).status_code == 200


def test_exports_do_not_wash_the_audit_log_away(server, ada):
    token = ada("POST", "/admin/tokens", {"name": "r", "scope": "read", "forms": ["a"]}).json()["token"]
    for _ in range(60):
        assert call(server, "GET", "/admin/export?format=ndjson&form=a", headers=bearer(token)).status_code == 200
    entries = ada("GET", "/admin/audit?limit=200").json()["entries"]
    assert 1 <= sum(e["action"] == "export" for e in entries) <= 15


def test_a_stream_ends_with_its_token(server, ada):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    token = ada("POST", "/admin/tokens", {"name": "s", "scope": "read", "forms": ["*"], "expiresAt": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}).json()["token"]
    began = time.monotonic()
    with requests.get(server.url + "/admin/events", headers=bearer(token), stream=True, timeout=30) as stream:
        assert stream.status_code == 200
        for _ in stream.iter_content(64):
            pass
    assert time.monotonic() - began < 20
