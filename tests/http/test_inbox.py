# SPDX-License-Identifier: MIT
"""The inbox from outside: states, stars, notes, deleting and erasing, and that nobody sees beyond their forms."""
import datetime
import sqlite3
import time
import uuid

import pytest
import requests

from harness import SLOW

NOBODY = "01900000-0000-7000-8000-000000000000"
TOTALS_AT, ORDER = (16, 20), "little"  # of a packed model: messages taught as spam, and as good


class Caller:
    """Somebody with a token."""

    def __init__(self, server, token):
        self.server, self.headers = server, {"Authorization": f"Bearer {token}"}

    def call(self, method, path, expect=200, **options):
        answer = requests.request(method, self.server.url + "/admin" + path, headers=self.headers, timeout=30 * SLOW, **options)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def ids(self, **params):
        return [row["id"] for row in self.call("GET", "/submissions", params={"limit": 200, **params})["submissions"]]

    def one(self, identity):
        return self.call("GET", f"/submissions/{identity}")

    def patch(self, identity, expect=200, **change):
        return self.call("PATCH", f"/submissions/{identity}", expect, json=change)

    def bulk(self, ids, expect=200, **change):
        return self.call("POST", "/submissions/bulk", expect, json={"ids": ids, **change})

    def erase(self, email, preview, expect=200):
        return self.call("POST", "/erase", expect, json={"email": email, "preview": preview})

    def note(self, identity, text, expect=201):
        return self.call("POST", f"/submissions/{identity}/notes", expect, json={"text": text})


def post(server, form="", **change):
    body = {"name": "Ada", "email": "ada@example.org", "message": f"Hello, number {uuid.uuid4()}", **change}
    answer = requests.post(f"{server.url}/contact{'/' + form if form else ''}", json=body, timeout=20 * SLOW)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


@pytest.fixture
def manager(server):
    return Caller(server, server.token("manage"))


@pytest.fixture
def writer(server):
    return Caller(server, server.token("write"))


@pytest.fixture
def reader(server):
    return Caller(server, server.token("read"))


def bound(server, **scopes):
    """Callers with tokens that are bound to forms, one for each NAME=(scope, forms)."""
    callers = []
    for name, (scope, forms) in scopes.items():
        done = server.cli("token", "add", name, "--scope", scope, "--forms", forms.replace(" ", ","))
        assert done.returncode == 0, done.stderr
        callers.append(Caller(server, done.stdout.strip()))
    return callers


# --- state and star ----------------------------------------------------------


def test_the_inbox_is_what_is_new_or_read(server, writer):
    states = {state: post(server) for state in ("new", "read", "archived", "spam", "trash")}
    for state, identity in states.items():
        writer.patch(identity, state=state)
    assert writer.ids(state="inbox") == [states["read"], states["new"]]
    assert writer.call("GET", "/submissions?state=inboxes", 400)["code"] == "invalid_query"


def test_a_change_answers_with_the_submission(server, writer):
    identity = post(server, message="Hi")
    row = writer.patch(identity, state="read", starred=True)
    assert row["id"] == identity and row["state"] == "read" and row["starred"] is True and row["message"] == "Hi"
    assert row["receivedAt"] == row["createdAt"]
    assert {**row, "notes": [], "deliveries": []} == writer.one(identity)
    assert writer.patch(identity, starred=False)["state"] == "read"
    assert writer.patch(identity, state="archived")["starred"] is False


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"state": "gone"}', '{"state": null}', '{"state": 1}', '{"starred": "true"}', '{"starred": 1}',
                                  '{"starred": null}', '{"state": "read", "colour": "red"}', '{"state": "read", "ids": []}', '{"colour": "red"}'])
def test_a_change_that_says_nothing_clear_is_400(server, writer, body):
    identity = post(server)
    answer = requests.patch(f"{server.url}/admin/submissions/{identity}", data=body, timeout=20 * SLOW,
                            headers={**writer.headers, "Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["code"] == "invalid_json"
    for unknown in ("colour", "ids"):
        assert f'"{unknown}"' not in body or f"{unknown}: there is no such member here; known: state, starred" in answer.text
    row = writer.one(identity)
    assert row["state"] == "new" and row["starred"] is False


def test_what_does_not_exist_cannot_be_changed(writer):
    for identity in (NOBODY, "x", "bulk"):
        writer.patch(identity, 404, state="read")


def test_stars_are_listed(server, writer):
    a, b, c, d = [post(server, form) for form in ("a", "b", "a", "b")]
    writer.bulk([a, b, c], starred=True)
    writer.patch(c, state="trash")
    assert writer.ids(starred="true") == [b, a]
    assert writer.ids(starred="true", form="a") == [a]
    assert writer.ids(starred="true", state="all") == [c, b, a]
    assert writer.ids(starred="true", state="trash", form="a") == [c]
    assert writer.ids(starred="true", state="trash", form="b") == []
    writer.patch(b, starred=False)
    assert writer.ids(starred="true") == [a]
    for wrong in ("false", "1", ""):
        writer.call("GET", "/submissions", 400, params={"starred": wrong})


def test_the_time_of_a_change_of_state_is_kept(server, writer):
    changed, starred, untouched = [post(server) for _ in range(3)]
    before = time.time() * 1000
    writer.patch(changed, state="read")
    writer.patch(starred, starred=True, state="new")
    first = state_times(server)
    assert before - 1 <= first[changed] <= time.time() * 1000 + 1
    assert first[starred] == first[untouched] == 0
    server.start()
    writer.patch(changed, state="read", starred=True)
    assert state_times(server) == first


def state_times(server):
    """Stops the server."""
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as database:
        return {str(uuid.UUID(bytes=row[0])): row[1] for row in database.execute("SELECT id, state_at FROM submission")}


# --- many at once ------------------------------------------------------------


def test_many_are_changed_at_once(server, writer):
    ids = [post(server, "ab"[i % 2]) for i in range(9)]
    assert writer.bulk([*ids[:5], NOBODY, ids[0]], state="archived") == {"changed": 5, "missing": [NOBODY]}
    assert writer.ids(state="archived") == ids[:5][::-1]
    assert writer.bulk(ids, state="read", starred=True) == {"changed": 9, "missing": []}
    assert writer.ids(state="read", starred="true") == ids[::-1]
    assert writer.bulk([NOBODY], starred=True) == {"changed": 0, "missing": [NOBODY]}


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": [NOBODY]}, {"ids": NOBODY, "state": "read"}, {"ids": ["x"], "state": "read"},
                                  {"ids": [1], "state": "read"}, {"ids": [NOBODY], "state": "gone"}, {"state": "read"},
                                  {"ids": [NOBODY], "state": "read", "more": 1}, {"ids": [NOBODY] * 501, "state": "read"}])
def test_a_wrong_list_is_400(writer, body):
    answer = writer.call("POST", "/submissions/bulk", 400, json=body)
    assert answer["code"] == "invalid_json" and ("more" not in body or "more: there is no such member here; known: ids, state, starred" in answer["detail"])


def test_many_teach_the_filter_of_each_form(server, writer):
    """More forms than models are held at a time, interleaved."""
    forms = [f"f{i}" for i in range(11)]
    ids = [post(server, form, message=f"buy cheap pills now {i}") for i in range(3) for form in forms]
    manager = Caller(server, server.token("manage"))
    for form in forms:
        manager.call("PUT", f"/forms/{form}", json={})
    assert writer.bulk(ids, state="spam")["changed"] == len(ids)
    assert totals(server) == {form: (3, 0) for form in forms}
    server.start()
    writer.bulk(ids[:11], state="new")
    assert totals(server) == {form: (2, 1) for form in forms}


def totals(server):
    """Messages taught as (spam, good) by form, from the packed models. Stops the server."""
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as database:
        models = dict(database.execute("SELECT form, bytes FROM model"))
    return {form: tuple(int.from_bytes(blob[at:at + 4], ORDER) for at in TOTALS_AT) for form, blob in models.items()}


def test_archiving_teaches_what_is_good_and_reading_does_not(server, writer):
    archived, read = post(server, message="An order of twelve chairs, please."), post(server, message="When do you open on Sundays?")
    writer.patch(archived, state="archived")
    writer.patch(archived, state="new")
    writer.patch(read, state="read")
    assert totals(server) == {"default": (0, 1)}


def test_five_hundred_are_one_request(server, writer):
    ids = [post(server, message=f"number {i}") for i in range(500)]
    assert writer.bulk(ids, state="spam") == {"changed": 500, "missing": []}
    assert len(writer.ids(state="spam")) == 200


def test_one_message_that_the_filter_cannot_read_holds_nobody_up(server, writer):
    """Another program has written to the database: a name that is there twice is none that we read."""
    odd, even = post(server), post(server)
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as database:
        fields = '{"colour":"red","colour":"blue"}'
        database.execute("UPDATE submission SET fields = ? WHERE id = ?", (fields, uuid.UUID(odd).bytes))
    server.start()
    assert writer.bulk([odd, even], state="spam") == {"changed": 2, "missing": []}
    assert writer.patch(odd, state="new")["state"] == "new"
    assert totals(server) == {"default": (1, 1)}


# --- notes -------------------------------------------------------------------


def test_notes_are_written_read_and_taken_away(server, writer, reader, manager):
    identity = post(server)
    first, second = writer.note(identity, "Called back. \u00e4\n"), writer.note(identity, "Sold.")
    assert first["text"] == "Called back. \u00e4\n" and first["createdAt"].startswith("20") and isinstance(first["id"], str)
    assert reader.one(identity)["notes"] == [first, second]
    assert "notes" not in reader.call("GET", "/submissions")["submissions"][0]
    other = Caller(server, server.token("write"))
    path = f"/submissions/{identity}/notes/"
    other.call("DELETE", path + first["id"], 403)
    reader.call("DELETE", path + first["id"], 403)
    writer.call("DELETE", path + first["id"], 204)
    writer.call("DELETE", path + first["id"], 404)
    manager.call("DELETE", path + second["id"], 204)
    assert reader.one(identity)["notes"] == []


def test_a_204_has_neither_body_nor_type(server, writer):
    identity = post(server)
    note = writer.note(identity, "x")["id"]
    answer = requests.delete(f"{server.url}/admin/submissions/{identity}/notes/{note}", headers=writer.headers, timeout=20 * SLOW)
    assert answer.status_code == 204 and answer.content == b""
    assert "Content-Type" not in answer.headers and "Content-Length" not in answer.headers


def test_a_note_needs_a_text_and_a_message(server, writer, reader):
    identity, other = post(server), post(server)
    for wrong in ("", " \t", "x" * 4001, 5, None):
        writer.note(identity, wrong, 400)
    writer.call("POST", f"/submissions/{identity}/notes", 400, json={"text": "x", "more": 1})
    assert len(writer.note(identity, "\U0001f600" * 4000)["text"]) == 4000
    writer.note(NOBODY, "x", 404)
    writer.note("x", "x", 404)
    reader.note(identity, "x", 403)
    note = writer.note(identity, "x")["id"]
    for path in (f"{other}/notes/{note}", f"{identity}/notes/0", f"{identity}/notes/x", f"{identity}/notes/-1", f"{identity}/notes/{2**63}", f"x/notes/{note}"):
        writer.call("DELETE", f"/submissions/{path}", 404)


def test_a_notes_id_counts_nothing(server, writer):
    """It tells the time that is told anyway, in its own order: not how many notes others have written."""
    first, second = post(server), post(server, message="another")
    notes = [writer.note(identity, f"note {i}") for i in range(5) for identity in (first, second)]
    for note in notes:
        written = datetime.datetime.fromisoformat(note["createdAt"].replace("Z", "+00:00")).timestamp()
        assert abs(int(note["id"]) / 2**15 / 1000 - written) < 60, note
    assert writer.one(first)["notes"] == notes[::2] and writer.one(second)["notes"] == notes[1::2]


def test_notes_have_a_ceiling(server, writer):
    identity = post(server)
    for i in range(100):
        writer.note(identity, str(i))
    assert writer.note(identity, "one more", 422)["code"] == "too_many_notes"
    assert len(writer.one(identity)["notes"]) == 100


# --- the end -----------------------------------------------------------------


def test_what_is_deleted_is_gone_for_good(server, manager, writer):
    identity = post(server, message="The same text")
    writer.note(identity, "A secret remark")
    writer.call("DELETE", f"/submissions/{identity}", 403)
    manager.call("DELETE", f"/submissions/{identity}", 204)
    manager.call("DELETE", f"/submissions/{identity}", 404)
    manager.call("GET", f"/submissions/{identity}", 404)
    assert manager.ids(state="all") == []
    # Who says the same again is heard, and not told the id of what is no more.
    again = post(server, message="The same text")
    assert again != identity and manager.ids() == [again]
    assert manager.one(again)["notes"] == []
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as database:
        assert database.execute("SELECT count(*) FROM note").fetchone() == (0,)
    assert b"A secret remark" not in (server.directory / "contactd.db").read_bytes()


def test_an_address_is_erased_everywhere(server, manager):
    mine = [post(server, "a", email="Bob@Example.org"), post(server, "b", email="bob@example.ORG"),
            post(server, "c", cc="BOB@example.org"), post(server, "c", people=["x", "bob@example.org"])]
    manager.patch(mine[0], state="trash")
    manager.note(mine[1], "Bob again")
    kept = [post(server, "a", email="bob@example.org.uk"), post(server, "a", message="ask bob@example.org"),
            post(server, "a", cc="not bob@example.org")]
    assert manager.erase("bob@example.org", True) == {"count": 4, "submissions": mine[::-1]}
    assert len(manager.ids(state="all")) == 7
    assert manager.erase("bob@example.org", False) == {"count": 4, "submissions": mine[::-1]}
    assert manager.ids(state="all") == kept[::-1]
    assert manager.erase("bob@example.org", False) == {"count": 0, "submissions": []}
    assert manager.erase("ada@example.org", True)["count"] == 2


def test_addresses_beyond_ascii_are_erased_too(server, manager):
    mine = [post(server, email="jörg@exämple.org"), post(server, cc="Jörg@Exämple.org"), post(server, people={"boss": ["jörg@exämple.ORG"]})]
    post(server, cc="xjörg@exämple.org")
    assert manager.erase("jörg@exämple.org", False) == {"count": 3, "submissions": mine[::-1]}
    assert len(manager.ids()) == 1


def test_erasing_many_goes_in_steps_and_shows_a_hundred(server, manager):
    ids = [post(server, email="bob@example.org") for _ in range(150)]
    other = post(server)
    answer = manager.erase("bob@example.org", False)
    assert answer["count"] == 150 and answer["submissions"] == ids[::-1][:100]
    assert manager.ids(state="all") == [other]


@pytest.mark.parametrize("body", [{}, {"email": "a@b.example"}, {"preview": True}, {"email": "a@b.example", "preview": "true"},
                                  {"email": "", "preview": True}, {"email": "yes", "preview": True}, {"email": '"a b"@b.example', "preview": True},
                                  {"email": 5, "preview": True}, {"email": "a@b.example", "preview": True, "form": "a"}])
def test_an_unclear_erasure_is_400(manager, body):
    assert manager.call("POST", "/erase", 400, json=body)["code"] == "invalid_json"


def test_only_who_manages_erases(writer):
    writer.erase("ada@example.org", True, 403)


# --- forms, refusals, settings ----------------------------------------------


def test_forms_are_listed_with_settings_for_those_who_may_change_them(manager, reader, writer):
    manager.call("PUT", "/forms/shop", json={"title": "Shop", "captcha": {"kind": "turnstile", "secret": "hush"}})
    manager.call("PUT", "/forms/blog", json={})
    blog, shop = manager.call("GET", "/forms")["forms"]
    assert shop["title"] == "Shop" and shop["settings"]["captcha"] == {"kind": "turnstile", "secret": "…"} and blog["title"] is None
    for caller in (reader, writer):
        rows = caller.call("GET", "/forms")["forms"]
        assert rows == [{k: v for k, v in row.items() if k != "settings"} for row in (blog, shop)]
        assert "hush" not in str(rows)
        caller.call("GET", "/forms/shop", 403)


def test_the_settings_are_told(server, manager, reader):
    settings = manager.call("GET", "/settings")["settings"]
    assert {"name": "title", "help": "what people call the form", "isList": False} in settings
    verb = server.cli("form", "settings").stdout.splitlines()
    assert [row["name"] for row in settings] == [line.split()[0] for line in verb]
    assert next(row for row in settings if row["name"] == "origins")["isList"] is True
    reader.call("GET", "/settings", 403)


def post_from(server, origin, form):
    body = {"name": "Ada", "email": "ada@example.org", "message": str(uuid.uuid4())}
    return requests.post(f"{server.url}/contact/{form}", json=body, headers={"Origin": origin}, timeout=20 * SLOW).status_code


def refusals(caller):
    for _ in range(100):  # they are counted behind the answer
        rows = caller.call("GET", "/refusals")["refusals"]
        if rows:
            break
        time.sleep(0.02)
    return {(row["form"], row["origin"]) for row in rows}


def test_a_refused_page_is_let_in(server, manager, writer):
    manager.call("PUT", "/forms/shop", json={"title": "Shop", "origins": ["https://shop.example"]})
    assert post_from(server, "https://new.example", "shop") == 403
    assert refusals(manager) == {("shop", "https://new.example")}
    body = {"form": "shop", "origin": "https://new.example"}
    writer.call("POST", "/refusals/allow", 403, json=body)
    assert manager.call("POST", "/refusals/allow", json=body) == {"form": "shop", "allowed": "https://new.example"}
    assert manager.call("GET", "/refusals")["refusals"] == []
    assert post_from(server, "https://new.example", "shop") == post_from(server, "https://shop.example", "shop") == 200
    assert post_from(server, "https://third.example", "shop") == 403
    manager.call("POST", "/refusals/allow", json=body)  # again: nothing is there twice
    assert manager.call("GET", "/forms/shop")["settings"] == {"title": "Shop", "origins": ["https://shop.example", "https://new.example"]}


def test_a_form_that_is_not_registered_is_registered_like_the_default(server, manager):
    manager.call("PUT", "/forms/default", json={"title": "Us", "aliases": ["x"], "origins": ["https://us.example"], "honeypot": "trap"})
    assert post_from(server, "https://new.example", "side") == 403
    assert refusals(manager) == {("side", "https://new.example")}
    manager.call("POST", "/refusals/allow", json={"form": "side", "origin": "https://new.example"})
    assert manager.call("GET", "/forms/side")["settings"] == {"origins": ["https://us.example", "https://new.example"], "honeypot": "trap"}
    assert post_from(server, "https://new.example", "side") == post_from(server, "https://us.example", "side") == 200
    assert post_from(server, "https://new.example", "default") == 403


def test_allowing_a_page_never_shuts_others_out(server, manager):
    """A form without origins takes all; with the first one it would take only that."""
    manager.call("PUT", "/forms/open", json={})
    for form in ("open", "unheard-of"):
        manager.call("POST", "/refusals/allow", json={"form": form, "origin": "https://new.example"})
        assert post_from(server, "https://other.example", form) == 200
    assert [row["name"] for row in manager.call("GET", "/forms")["forms"]] == ["open"]
    assert manager.call("GET", "/forms/open")["settings"] == {}


def test_what_is_no_origin_is_not_allowed(server, manager):
    manager.call("PUT", "/forms/shop", json={"origins": ["https://shop.example"]})
    for wrong in ("null", "(not a URL)", "ftp://x.example", "https://x.example/path"):
        assert manager.call("POST", "/refusals/allow", 422, json={"form": "shop", "origin": wrong})["code"] == "invalid_settings"
    for wrong in ({}, {"form": "shop"}, {"form": "shop", "origin": ""}, {"form": 1, "origin": "https://x.example"},
                  {"form": "shop", "origin": "https://x.example", "more": 1}):
        manager.call("POST", "/refusals/allow", 400, json=wrong)
    manager.call("POST", "/refusals/allow", 404, json={"form": "UPPER", "origin": "https://x.example"})
    assert manager.call("GET", "/forms/shop")["settings"] == {"origins": ["https://shop.example"]}


def test_a_form_has_so_many_origins_and_no_more(manager):
    manager.call("PUT", "/forms/shop", json={"origins": [f"https://s{i}.example" for i in range(64)]})
    answer = manager.call("POST", "/refusals/allow", 422, json={"form": "shop", "origin": "https://new.example"})
    assert "64" in answer["message"]


# --- who sees what -----------------------------------------------------------


def test_who_is_bound_to_a_form_sees_no_other(server):
    rows = {form: [post(server, form) for _ in range(3)] for form in ("a", "b", "c")}
    a, ab, boss = bound(server, one=("write", "a"), two=("write", "a b"), boss=("manage", "a"))
    everything = Caller(server, server.token("manage"))
    note = everything.note(rows["b"][0], "about b")["id"]

    assert a.ids() == boss.ids() == a.ids(form="a") == rows["a"][::-1]
    assert a.ids(form="b") == a.ids(form="b", state="all") == a.ids(form="b", starred="true") == []
    assert ab.ids() == rows["b"][::-1] + rows["a"][::-1] and ab.ids(form="c") == []
    everything.bulk(rows["b"] + rows["c"], starred=True)
    everything.bulk(rows["c"], state="spam")
    assert a.ids(starred="true", state="all") == a.ids(state="spam") == ab.ids(state="spam") == []
    assert ab.ids(starred="true") == rows["b"][::-1]

    for identity in (rows["b"][0], rows["c"][0]):
        before = everything.one(identity)
        a.call("GET", f"/submissions/{identity}", 404)
        a.patch(identity, 404, state="trash")
        a.note(identity, "x", 404)
        assert a.bulk([identity, rows["a"][0]], state="read") == {"changed": 1, "missing": [identity]}
        boss.call("DELETE", f"/submissions/{identity}", 404)
        assert everything.one(identity) == before
    a.call("DELETE", f"/submissions/{rows['b'][0]}/notes/{note}", 404)
    a.call("DELETE", f"/submissions/{rows['a'][0]}/notes/{note}", 404)
    assert [row["id"] for row in everything.one(rows["b"][0])["notes"]] == [note]

    assert boss.erase("ada@example.org", True)["count"] == 3
    assert boss.erase("ada@example.org", False)["count"] == 3
    assert len(everything.ids(state="all")) == 6


def test_a_cursor_leads_no_further_than_the_scope(server):
    ids = [(form, post(server, form)) for form in "abcabcabcabc"]
    caller, all_seen = bound(server, two=("read", "a c nothing"), all=("read", "*"))
    cursor = all_seen.call("GET", "/submissions", params={"limit": 5})["next"]
    assert caller.ids(cursor=cursor) == [identity for form, identity in ids[:7][::-1] if form != "b"]
    seen, cursor = [], None
    while True:
        page = caller.call("GET", "/submissions", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        seen += [row["id"] for row in page["submissions"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == [identity for form, identity in ids[::-1] if form != "b"]


def test_a_user_is_bound_as_a_token_is(server):
    mine, other = post(server, "a"), post(server, "b")
    done = server.cli("user", "add", "eve", "--role", "manager", "--forms", "*", "--password-file", "-", input="correct horse battery\n")
    assert done.returncode == 0, done.stderr
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as database:
        database.execute("UPDATE user SET forms = 'a' WHERE name = 'eve'")
    server.start()
    options = {"auth": ("eve", "correct horse battery"), "timeout": 30 * SLOW}
    listed = requests.get(server.url + "/admin/submissions", **options).json()["submissions"]
    assert [row["id"] for row in listed] == [mine]
    assert requests.get(f"{server.url}/admin/submissions/{other}", **options).status_code == 404
    answer = requests.post(f"{server.url}/admin/submissions/{mine}/notes", json={"text": "mine"}, **options)
    assert answer.status_code == 201 and answer.json()["author"] == "eve"


def test_forms_and_refusals_of_others_are_not_there(server, manager):
    for form in ("a", "b"):
        manager.call("PUT", f"/forms/{form}", json={"origins": ["https://us.example"]})
        assert post_from(server, "https://new.example", form) == 403
    caller, boss = bound(server, reads=("read", "a c"), boss=("manage", "a"))
    for one in (caller, boss):
        assert [row["name"] for row in one.call("GET", "/forms")["forms"]] == ["a"]
        assert refusals(one) == {("a", "https://new.example")}
    boss.call("GET", "/forms/a")
    for form in ("b", "c"):
        boss.call("GET", f"/forms/{form}", 404)
        boss.call("PUT", f"/forms/{form}", 404, json={})
        boss.call("DELETE", f"/forms/{form}", 404)
        boss.call("POST", "/refusals/allow", 404, json={"form": form, "origin": "https://new.example"})
    assert len(refusals(manager)) == 2 and len(manager.call("GET", "/forms")["forms"]) == 2


@pytest.mark.parametrize("method, path", [("PATCH", "/submissions/x"), ("POST", "/submissions/bulk"), ("DELETE", "/submissions/x"),
                                          ("POST", "/submissions/x/notes"), ("DELETE", "/submissions/x/notes/1"), ("POST", "/erase"),
                                          ("POST", "/refusals/allow"), ("GET", "/settings"), ("GET", "/forms")])
def test_without_credentials_every_door_is_shut(server, method, path):
    body = {"json": {}} if method in ("PATCH", "POST") else {}
    assert requests.request(method, server.url + "/admin" + path, timeout=20 * SLOW, **body).status_code == 401
