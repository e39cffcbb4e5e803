# SPDX-License-Identifier: MIT
"""Finding, counting and forgetting messages, from outside: q, /admin/stats and retention."""
import datetime
import sqlite3
import time

import pytest
import requests

from harness import SLOW, Server, running

DAY_MS = 86_400_000
RANDOM = b"\x11" * 7


class Admin:
    def __init__(self, server, scope="manage"):
        self.server = server
        self.headers = {"Authorization": f"Bearer {server.token(scope)}"}

    def get(self, path, status=200, **params):
        answer = requests.get(self.server.url + "/admin" + path, params=params, headers=self.headers, timeout=20 * SLOW)
        assert answer.status_code == status, answer.text
        return answer.json()

    def form(self, name, **settings):
        answer = requests.put(f"{self.server.url}/admin/forms/{name}", json=settings, headers=self.headers, timeout=20 * SLOW)
        assert answer.status_code == 200, answer.text

    def patch(self, identity, state):
        answer = requests.patch(f"{self.server.url}/admin/submissions/{identity}", json={"state": state}, headers=self.headers, timeout=20 * SLOW)
        assert answer.status_code == 200, answer.text

    def found(self, q, **params):
        params = {"state": "all", **params}
        return [row["message"] for row in self.get("/submissions", q=q, **params)["submissions"]]

    def stats(self, **params):
        return self.get("/stats", **params)


@pytest.fixture
def admin(server):
    return Admin(server)


def post(server, message, form="default", **more):
    data = {"name": "Ada Lovelace", "email": "ada@example.org", "message": message, **more}
    answer = requests.post(f"{server.url}/contact/{form}", json=data, timeout=20 * SLOW)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def database(server):
    return sqlite3.connect(server.directory / "contactd.db", timeout=20)


def wait_until(claim, seconds=5):
    end = time.monotonic() + seconds * SLOW
    while not claim():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.02)


def is_indexed(server):
    with database(server) as db:
        newest = db.execute("SELECT coalesce(max(seq), 0) FROM submission").fetchone()[0]
        place = db.execute("SELECT value FROM meta WHERE key = 'search_seq'").fetchone()
    return place is not None and int(place[0]) >= newest


def index_hits(server, match):
    """What the index itself says: the newest rows are found without it."""
    with database(server) as db:
        return db.execute("SELECT count(*) FROM search WHERE search MATCH ?", (match,)).fetchone()[0]


def row_of(wall_ms, number=0):
    """The row number and id of a message of that time."""
    seq = (wall_ms << 15) | number
    head = seq >> 15
    counter = seq & 0x7FFF
    raw = bytearray(head.to_bytes(6, "big") + ((7 << 12) | (counter >> 3)).to_bytes(2, "big") + bytes([0x80 | (counter & 7) << 3]) + RANDOM)
    return seq, bytes(raw)


def put_past(server, rows):
    """Rows as an earlier process would have left them: (form, state, days ago, message); the server is stopped."""
    now = int(time.time() * 1000)
    with database(server) as db:
        for number, (form, state, days, message) in enumerate(rows):
            seq, identity = row_of(now - int(days * DAY_MS), number)
            db.execute("INSERT INTO submission (seq, id, state, spam_score, form, name, message) VALUES (?, ?, ?, 0, ?, 'Past', ?)", (seq, identity, state, form, message))
    db.close()


LATIN = "Une élève naïve à Łódź mange des crêpes brûlées"
CYRILLIC = "Здравствуйте, меня зовут Ёлкин"
GREEK = "Καλημέρα από την ΑΘΗΝΑ, φίλος"
ARABIC = "السَّلامُ عليكم من أحمد"
CHINESE = "您好,我想询问iPhone手机的价格"
JAPANESE = "はじめまして、東京都庁の田中です。カタログをください"
THAI = "สวัสดีครับ ผมอยากถามเรื่องราคา"
KOREAN = "안녕하세요 문의드립니다"
HINDI = "नमस्ते, मुझे जानकारी चाहिए"

FINDS = [
    ("eleve", LATIN), ("ÉLÈVE", LATIN), ("lodz cre", LATIN), ('"naive a lodz"', LATIN), ("brule*", LATIN),
    ("ЗДРАВСТВУЙТЕ", CYRILLIC), ("елкин", CYRILLIC), ("мен* зов", CYRILLIC), ("Αθήνα", GREEK), ("καλημερα", GREEK),
    ("ΦΊΛΟΣ", GREEK), ("السلام", ARABIC), ("احمد", ARABIC), ("手机", CHINESE), ("询问iphone", CHINESE), ("价格", CHINESE),
    ("東京", JAPANESE), ("田中", JAPANESE), ("カタログ", JAPANESE), ("ราคา", THAI), ("อยาก ราคา", THAI), ("문의", KOREAN),
    ("जानकारी", HINDI),
]


def test_words_of_the_world_are_found_in_index_and_rows(server, admin):
    texts = [LATIN, CYRILLIC, GREEK, ARABIC, CHINESE, JAPANESE, THAI, KOREAN, HINDI]
    for text in texts:
        post(server, text)
    for q, text in FINDS:
        assert admin.found(q) == [text], q
    wait_until(lambda: is_indexed(server))
    # Many newer rows, so that the answers must come from the index.
    put_newer(server, 1200)
    for q, text in FINDS:
        assert admin.found(q) == [text], q
    for q in ("機手", "京東", "eve", "лкин", "ada@nowhere", "格价"):
        assert admin.found(q) == [], q


def put_newer(server, count):
    server.stop()
    with database(server) as db:
        newest = db.execute("SELECT coalesce(max(seq), 0) FROM submission").fetchone()[0]
        for number in range(count):
            seq, identity = row_of((newest >> 15) + 1 + number)
            db.execute("INSERT INTO submission (seq, id, state, spam_score, form, name, message) VALUES (?, ?, 0, 0, 'filler', 'x', 'filler')", (seq, identity))
    db.close()
    server.start()
    wait_until(lambda: is_indexed(server), 20)


def test_prefixes_phrases_and_fields(server, admin):
    post(server, "Where is my parcel?", company="Engines Ltd", tags=["Zürich", "Genève"])
    post(server, "Is the parcel mine?")
    assert admin.found("parc") == ["Is the parcel mine?", "Where is my parcel?"]
    assert admin.found("parc mine") == []
    assert admin.found("parc* mine") == ["Is the parcel mine?"]
    assert admin.found('"my parcel"') == ["Where is my parcel?"]
    assert admin.found('"parcel my"') == []
    assert admin.found("engines") == admin.found("zurich geneve") == ["Where is my parcel?"]
    assert len(admin.found("ada@example.org")) == len(admin.found('"ada lovelace"')) == 2
    assert admin.found("company") == []
    assert len(admin.found("")) == 2, "an empty q asks for nothing in particular"
    assert admin.found("?!") == []


HOSTILE = ['"', '""', '"""', "*", "**", "a*b*", "AND", "OR", "NOT", "a AND", "a OR b", "NOT a", "NEAR(a b)", "NEAR(", "form:x64", "text : a", "{text form} : a", "^a", "- a",
           "a + b", "(", ")", "((((", "a) OR (b", "';--", "' OR 1=1 --", "\\", "\x01", "\ufffe", "\ue000", "%", "_", "a\tb\nc", "🙂", "\u0301", "x64656661756c74", '"a', 'a"', '" "', "a" * 256]


def test_no_query_is_a_mistake_of_syntax(server, admin):
    post(server, "and or not near harmless")
    wait_until(lambda: is_indexed(server))
    put_newer(server, 1100)
    for q in HOSTILE:
        admin.found(q)
        admin.found(q, form="default")
    assert admin.found("AND") == admin.found("NOT OR NEAR") == ["and or not near harmless"]
    assert admin.found("form:x64656661756c74") == admin.found("x64656661756c74") == []
    assert server.is_healthy()


def test_too_much_is_refused(admin):
    assert "q must be" in admin.get("/submissions", 400, q="a" * 257)["message"]
    assert "q must be" in admin.get("/submissions", 400, q="a " * 17)["message"]
    admin.get("/submissions", 200, q="a " * 16)


def test_a_search_combines_with_everything_and_pages_join(server, admin):
    ids = [post(server, f"parcel {number}", form="shop" if number % 3 else "blog") for number in range(30)]
    post(server, "nothing", form="shop")
    admin.patch(ids[4], "spam")
    admin.patch(ids[5], "archived")
    wait_until(lambda: is_indexed(server))
    for newer in (0, 1100):
        if newer:
            put_newer(server, newer)
        assert len(admin.found("parcel")) == 30
        assert len(admin.found("parcel", form="blog")) == 10
        assert admin.found("parcel", state="spam") == ["parcel 4"]
        assert admin.found("parcel", state="archived", form="shop") == ["parcel 5"]
        assert len(admin.get("/submissions", q="parcel")["submissions"]) == 29
        seen, cursor = [], None
        while True:
            page = admin.get("/submissions", q="parc", state="all", form="shop", limit=7, **({"cursor": cursor} if cursor else {}))
            seen += [row["message"] for row in page["submissions"]]
            cursor = page["next"]
            if not cursor:
                break
        assert seen == [f"parcel {number}" for number in range(29, -1, -1) if number % 3]
        now = datetime.datetime.now(datetime.timezone.utc)
        assert admin.found("parcel", until=(now - datetime.timedelta(days=1)).isoformat().replace("+00:00", "Z")) == []
        assert len(admin.found("parcel", since=(now - datetime.timedelta(days=1)).isoformat().replace("+00:00", "Z"))) == 30


def test_what_arrives_is_indexed_within_a_second(server, admin):
    post(server, "first")
    wait_until(lambda: index_hits(server, "first") == 1, 1.5)
    post(server, "second")
    wait_until(lambda: index_hits(server, "second") == 1, 1.5)


def counts(stats, form):
    found = [row["counts"] for row in stats["forms"] if row["name"] == form]
    return found[0] if found else None


def test_stats_are_exact_before_and_after_the_index(server, admin):
    admin.form("shop", title="Web shop")
    first = post(server, "one", form="shop")
    post(server, "two", form="shop")
    post(server, "three", form="unregistered")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    for _ in range(2):
        stats = admin.stats()
        assert counts(stats, "shop") == {"new": 2, "read": 0, "archived": 0, "spam": 0, "trash": 0}
        assert [(row["name"], row["title"], row["isRegistered"]) for row in stats["forms"]] == [("default", None, True), ("shop", "Web shop", True), ("unregistered", None, False)]
        assert stats["days"] == [{"day": today, "form": "shop", "received": 2, "spam": 0}, {"day": today, "form": "unregistered", "received": 1, "spam": 0}]
        wait_until(lambda: is_indexed(server))
    admin.patch(first, "spam")
    stats = admin.stats(days=365, form="shop")
    assert counts(stats, "shop") == {"new": 1, "read": 0, "archived": 0, "spam": 1, "trash": 0}
    assert stats["days"] == [{"day": today, "form": "shop", "received": 2, "spam": 1}] and len(stats["forms"]) == 1
    for wrong in ({"days": 0}, {"days": 367}, {"days": "x"}, {"form": "NO"}, {"q": "x"}):
        admin.get("/stats", 400, **wrong)


def test_stats_show_only_the_forms_of_ones_scope(server, admin):
    for form in ("a", "b", "c"):
        admin.form(form, title=form.upper())
        post(server, "x", form=form)
    narrow = Admin(server, "read")
    server.stop()
    with database(server) as db:
        newest = db.execute("SELECT name FROM token ORDER BY created_at DESC, rowid DESC LIMIT 1").fetchone()[0]
    db.close()
    set_forms(server, newest, "b")
    server.start()
    stats = narrow.stats()
    assert [row["name"] for row in stats["forms"]] == ["b"] and {row["form"] for row in stats["days"]} == {"b"}
    assert narrow.stats(form="a")["forms"] == []
    assert narrow.found("x", form="a") == [] and narrow.found("x") == ["x"]
    set_forms(server, newest, "a c nothing")
    put_newer(server, 1100)
    assert [row["form"] for row in narrow.get("/submissions", q="x")["submissions"]] == ["c", "a"]
    assert narrow.found("filler") == [] and len(admin.found("x", form="b")) == 1
    assert [row["name"] for row in admin.stats()["forms"]] == ["a", "b", "c", "default", "filler"]


def set_forms(server, token, forms):
    with database(server) as db:
        db.execute("UPDATE token SET forms = ? WHERE name = ?", (forms, token))
    db.close()


def test_without_credentials_no_stats(server):
    assert requests.get(server.url + "/admin/stats", timeout=10).status_code == 401


def test_retention_deletes_what_is_too_old_and_nothing_else(server, admin):
    admin.form("short", retentionDays=7, spamRetentionDays=2)
    admin.form("long")
    admin.form("ever", spamRetentionDays=0)
    server.stop()
    past = [
        ("short", 0, 8, "gone"), ("short", 1, 400, "gone"), ("short", 4, 30, "gone"), ("short", 3, 3, "gone spam"), ("short", 0, 6, "kept"), ("short", 3, 1, "kept spam"),
        ("long", 0, 4000, "kept"), ("long", 3, 29, "kept spam"), ("long", 3, 31, "gone spam"),
        ("ever", 3, 4000, "kept spam"), ("nobody", 0, 4000, "kept"), ("nobody", 3, 4000, "kept spam"),
    ]
    put_past(server, past + [("short", 0, 20 + i / 100, "gone") for i in range(500)])
    server.start()
    kept = sorted((form, message) for form, _, _, message in past if message.startswith("kept"))
    wait_until(lambda: left(server) == kept, 20)
    wait_until(lambda: is_indexed(server))
    assert left(server) == kept
    assert counts(admin.stats(), "short") == {"new": 1, "read": 0, "archived": 0, "spam": 1, "trash": 0}
    assert admin.found("gone") == [] and index_hits(server, "gone") == 0
    assert len(admin.found("kept")) == len(kept)
    assert {line["chore"] for line in server.log_lines("chore_done")} == {"retention", "spam_retention"}


def left(server):
    with database(server) as db:
        return sorted(db.execute("SELECT form, message FROM submission").fetchall())


def test_what_is_marked_as_spam_late_is_kept_from_then_on(server, admin):
    admin.form("shop", spamRetentionDays=2)
    server.stop()
    put_past(server, [("shop", 3, 10, "marked just now"), ("shop", 3, 10.5, "spam all along")])
    with database(server) as db:
        db.execute("UPDATE submission SET state_at = ? WHERE message = 'marked just now'", (int(time.time() * 1000),))
    db.close()
    server.start()
    wait_until(lambda: left(server) == [("shop", "marked just now")])


def test_stopping_is_prompt_while_much_is_to_be_indexed(tmp_path):
    server = Server(tmp_path)
    server.start()
    server.stop()
    put_past(server, [("shop", 0, 1 + number / 100000, f"word{number} " * 50) for number in range(20000)])
    server.start()
    with running(server):
        admin = Admin(server)
        assert counts(admin.stats(), "shop")["new"] == 20000
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 1 * SLOW
        assert not is_indexed(server)
        server.start()
        wait_until(lambda: is_indexed(server), 60)
        assert counts(admin.stats(), "shop")["new"] == 20000
        assert admin.found('"word7"') == [("word7 " * 50)]
    with database(server) as db:
        assert db.execute("SELECT sum(count) FROM tally WHERE day >= 0").fetchone()[0] == 20000
