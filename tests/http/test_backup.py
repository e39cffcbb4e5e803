# SPDX-License-Identifier: MIT
"""Backups as operators make them: the verbs beside a running server, the schedule, and the way back."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest
import requests

from harness import SLOW

NAME = re.compile(r"contactd-\d{8}T\d{6}Z\.db")


def post(server, message):
    answer = requests.post(server.url + "/contact", timeout=20 * SLOW,
                           json={"name": "Ada", "email": "ada@example.org", "message": message})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def messages(path):
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in db.execute("SELECT message FROM submission")}


def until(condition, what="it does not come"):
    end = time.monotonic() + 30 * SLOW
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def fill(path, rows):
    """Many messages, put in while no server runs."""
    with sqlite3.connect(path) as db:
        start = 1_790_000_000_000
        db.executemany("INSERT INTO submission (seq, id, state, spam_score, form, message) VALUES (?, ?, 0, 0, 'default', ?)", (
            ((start + n) << 15, (start + n).to_bytes(6, "big") + b"\x70\x00\x80" + n.to_bytes(7, "big"), f"{n} " + "x" * 400)
            for n in range(rows)))


class Poster(threading.Thread):
    """Posts until it is told to stop, and fails the test if it is ever refused."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.count, self.error, self.is_stopping = server, 0, None, False

    def run(self):
        try:
            while not self.is_stopping:
                post(self.server, f"post {self.count}")
                self.count += 1
        except Exception as error:  # shown by the test
            self.error = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_stopping = True
        self.join(timeout=60 * SLOW)
        assert not self.is_alive() and self.error is None, self.error


def test_a_backup_beside_a_busy_server_is_whole_and_private(server):
    copy = server.directory / "copy.db"
    first = {f"first {n}" for n in range(5)}
    for message in first:
        post(server, message)
    with Poster(server) as poster:
        for _ in range(3):
            done = server.cli("backup", copy)
            assert done.returncode == 0, done.stderr
            assert re.search(r"\d+ messages, [\d,]+ bytes written to .*copy\.db, and verified\n$", done.stderr) and done.stdout == ""
            kept = messages(copy)
            assert first <= kept and kept - first == {f"post {n}" for n in range(len(kept) - 5)}, "not of one moment"
    assert poster.count > 0 and copy.stat().st_mode & 0o7777 == 0o600
    assert not [f for f in os.listdir(server.directory) if "part" in f or "contactd-backup" in f]


def piped(server, verb, input=None):
    """The verb with "-" for its file; what it reads and writes are bytes."""
    return subprocess.run([str(server.binary), verb, "-"], env=server.environment(), cwd=server.directory, input=input,
                          capture_output=True, timeout=30 * SLOW)


def test_a_backup_goes_through_a_pipe_and_nothing_is_left_beside(server, tmp_path):
    post(server, "through a pipe")
    before = set(os.listdir(server.directory))
    done = piped(server, "backup")
    assert done.returncode == 0, done.stderr
    assert set(os.listdir(server.directory)) == before
    path = tmp_path / "piped.db"
    path.write_bytes(done.stdout)
    assert messages(path) == {"through a pipe"}
    assert server.cli("verify", path).returncode == 0


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_restore_comes_through_a_pipe_and_nothing_is_left_beside(server, tmp_path, monkeypatch, is_elsewhere):
    if is_elsewhere:
        (tmp_path / "scratch").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    post(server, "through a pipe")
    copy = server.directory / "copy.db"
    assert server.cli("backup", copy).returncode == 0
    assert piped(server, "restore", copy.read_bytes()).returncode == 4  # the server runs
    server.stop()
    (server.directory / "contactd.db").unlink()
    before = set(os.listdir(server.directory))
    for nonsense in b"", b"no database", copy.read_bytes()[:-4096]:
        done = piped(server, "restore", nonsense)
        assert done.returncode == 1, done
        assert set(os.listdir(server.directory)) == before
    done = piped(server, "restore", copy.read_bytes())
    assert done.returncode == 0, done
    assert messages(server.directory / "contactd.db") == {"through a pipe"}
    assert set(os.listdir(server.directory)) == before | {"contactd.db"}
    assert not is_elsewhere or not os.listdir(tmp_path / "scratch")


def test_a_pipe_that_is_full_fails_the_backup(server):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(server.binary), "backup", "-"], env=server.environment(), cwd=server.directory,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=30 * SLOW)
    assert done.returncode == 1 and "standard output" in done.stderr


def test_a_backup_works_without_a_server_too(server):
    post(server, "kept")
    server.stop()
    assert server.cli("backup", "copy.db").returncode == 0
    assert messages(server.directory / "copy.db") == {"kept"}
    missing = server.cli("backup", "copy.db", "--database", "nowhere.db")
    assert missing.returncode == 1 and "nowhere.db" in missing.stderr
    assert not (server.directory / "nowhere.db").exists()


def test_verify_tells_what_it_looked_at(server):
    post(server, "one")
    live = server.cli("verify")
    assert live.returncode == 0 and re.search(r"^messages  1$", live.stdout, re.M) and "it is sound" in live.stdout
    server.cli("backup", "copy.db")
    told = json.loads(server.cli("verify", "copy.db", "--json").stdout)
    assert told["messages"] == 1 and told["schema"] == told["schemaKnown"] and told["rows"] > told["messages"]
    damaged = bytearray((server.directory / "copy.db").read_bytes())
    damaged[4096:8192] = b"\xa5" * 4096
    (server.directory / "copy.db").write_bytes(damaged)
    refused = server.cli("verify", "copy.db")
    assert refused.returncode == 1 and "copy.db" in refused.stderr and refused.stdout == ""
    assert server.cli("restore", "copy.db").returncode != 0
    assert server.cli("verify", "a", "b").returncode == 2


@pytest.mark.parametrize("damage, word", [
    ("PRAGMA user_version = -1", "schema"),
    ("ALTER TABLE submission RENAME TO x; CREATE VIEW submission AS SELECT * FROM x", "submission"),
    ("ALTER TABLE token DROP COLUMN scope", "scope"),
])
def test_what_is_not_as_its_number_says_is_refused(server, damage, word):
    post(server, "Hello")
    copy = server.directory / "copy.db"
    assert server.cli("backup", copy).returncode == 0
    with sqlite3.connect(copy) as db:
        db.executescript(damage)
    server.stop()
    before = server.directory.joinpath("contactd.db").read_bytes()
    for verb in "verify", "restore":
        done = server.cli(verb, copy)
        assert done.returncode == 1 and word in done.stderr, done
    assert server.directory.joinpath("contactd.db").read_bytes() == before
    server.options["database"] = copy
    done = server.cli("serve")
    assert done.returncode == 4, done


@contextlib.contextmanager
def home_of_another(mode=0o755):
    """(folder, home): a directory of nobody's in one of root's, which has this mode."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, mode)
        home = pathlib.Path(folder, "home")
        home.mkdir()
        os.chown(home, 65534, 65534)
        yield pathlib.Path(folder), home


@pytest.mark.parametrize("cut", [1, 100, 4095])
def test_a_copy_whose_end_is_missing_is_refused(server, cut):
    """SQLite takes it for one that ends with zeros: of a text that lay there, nothing would be said."""
    post(server, "Hello")
    copy = server.directory / "copy.db"
    assert server.cli("backup", copy).returncode == 0
    copy.write_bytes(copy.read_bytes()[:-cut])
    server.stop()
    for verb in "verify", "restore":
        done = server.cli(verb, copy)
        assert done.returncode == 1 and "its end is missing" in done.stderr, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_restores_behind_a_door_that_is_closed_to_the_owner(server):
    """As systemd keeps the directories of users that exist only while they run: /var/lib/private is root's alone."""
    post(server, "Hello")
    copy = server.directory / "copy.db"
    assert server.cli("backup", copy).returncode == 0
    with home_of_another(mode=0o700) as (_, home):
        server.options["database"] = home / "contactd.db"
        assert server.cli("restore", copy).returncode == 0  # over nothing
        kept = []
        for _ in range(4):  # and over what is there: in the same second there is no name for it, so it stays
            done = server.cli("restore", copy)
            kept += re.findall(r"the database that was there is now (\S+)", done.stderr)
            assert done.returncode == 0 or "is there already" in done.stderr, done
        assert kept and len(set(kept)) == len(kept) == len(list(home.glob("*.before-restore-*")))
        assert {file.stat().st_uid for file in home.iterdir()} == {65534}
        assert messages(home / "contactd.db") == {"Hello"}

        (server.directory / "door").symlink_to(home)  # as /var/lib/contactd leads to /var/lib/private/contactd
        server.options["database"] = server.directory / "door/contactd.db"
        (home / "contactd.db").unlink()
        names = set(os.listdir(home))
        done = piped(server, "restore", copy.read_bytes())
        assert done.returncode == 0, done
        assert messages(home / "contactd.db") == {"Hello"} and set(os.listdir(home)) == names | {"contactd.db"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_roots_hand_is_not_led_when_it_restores_for_another_user(server):
    post(server, "Hello")
    copy = server.directory / "copy.db"  # in a directory that the other one may not enter
    assert server.cli("backup", copy).returncode == 0
    os.chmod(server.directory, 0o700)
    with home_of_another() as (folder, home):
        server.options["database"] = home / "contactd.db"
        done = server.cli("restore", copy)
        assert done.returncode == 0, done
        assert {file.stat().st_uid for file in home.iterdir()} == {65534}
        assert messages(home / "contactd.db") == {"Hello"}

        treasure = folder / "treasure"
        treasure.write_bytes(copy.read_bytes())
        os.chmod(treasure, 0o600)
        before = os.stat(treasure), treasure.read_bytes()
        (home / "contactd.db").unlink()
        (home / "contactd.db").symlink_to(treasure)
        assert server.cli("restore", copy).returncode == 1
        assert (os.stat(treasure).st_uid, treasure.read_bytes()) == (before[0].st_uid, before[1])
        assert sorted(os.listdir(folder)) == ["home", "treasure"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_restores_nothing_that_the_new_owner_may_not_read(server):
    """Whoever gets the restored database may rule over the backup's name too, and knows whose content he would like."""
    post(server, "somebody else's")
    treasure = server.directory / "treasure.db"
    assert server.cli("backup", treasure).returncode == 0
    os.chown(treasure, 1234, 1234)
    with home_of_another() as (folder, home):
        shelf, elsewhere = home / "backups", folder / "elsewhere"
        shelf.mkdir()
        os.chown(shelf, 65534, 65534)
        elsewhere.mkdir(mode=0o700)
        (elsewhere / "new.db").write_bytes(treasure.read_bytes())
        server.options["database"] = home / "contactd.db"
        (shelf / "link.db").symlink_to(treasure)
        (home / "led").symlink_to(elsewhere)
        os.link(treasure, shelf / "hard.db")
        os.symlink(shelf / "link.db", folder / "latest.db")  # root's own, by way of his
        for link in shelf / "link.db", home / "led":
            os.chown(link, 65534, 65534, follow_symlinks=False)
        names = shelf / "link.db", home / "led/new.db", shelf / "hard.db", folder / "latest.db"
        for name in names:
            done = server.cli("restore", name)
            assert done.returncode == 1 and "not his" in done.stderr, (name, done)
        assert not (home / "contactd.db").exists()

        shutil.copy(treasure, shelf / "roots.db")  # what root has put there is restored, and what is his
        shutil.copy(treasure, shelf / "his.db")
        os.chmod(shelf / "roots.db", 0o600)
        os.chown(shelf / "his.db", 65534, 65534)
        os.symlink(shelf / "his.db", folder / "newest.db")
        for name in shelf / "roots.db", shelf / "his.db", folder / "newest.db":
            (home / "contactd.db").unlink(missing_ok=True)
            done = server.cli("restore", name)
            assert done.returncode == 0, (name, done)
            assert messages(home / "contactd.db") == {"somebody else's"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_who_restores_waits_for_no_fifo_and_enters_no_directory_by_the_owners_link(server):
    post(server, "Hello")
    copy = server.directory / "copy.db"
    assert server.cli("backup", copy).returncode == 0
    with home_of_another() as (folder, home):
        closed = folder / "closed"
        (closed / "open").mkdir(parents=True)
        os.chmod(closed, 0o700)
        os.chmod(closed / "open", 0o777)
        server.options["database"] = home / "contactd.db"
        assert server.cli("restore", copy).returncode == 0
        for name in "contactd.db-journal", "contactd.db-wal", "contactd.db.restoring-journal":
            os.mkfifo(home / name)
            os.chown(home / name, 65534, 65534)
            server.cli("restore", copy)  # whatever it says, it comes back
            (home / name).unlink(missing_ok=True)
        (home / "contactd.db").unlink()
        (home / "contactd.db").symlink_to(closed / "open/theirs.db")
        shutil.copy(copy, closed / "open/theirs.db")
        done = server.cli("restore", copy)
        assert done.returncode == 1 and "ermission denied" in done.stderr, done
        os.chmod(folder, 0o700)  # the way there is closed too, so root's right to pass is kept
        done = server.cli("restore", copy)
        assert done.returncode == 1 and "leads to" in done.stderr, done
        assert os.listdir(closed / "open") == ["theirs.db"]


def sign_in(server):
    server.cli("user", "add", "eve", "--role", "owner", "--password-file", "-", input="pass-word-1\n")
    session = requests.Session()
    answer = session.post(server.url + "/admin/session", json={"name": "eve", "password": "pass-word-1"},
                          headers={"Origin": server.url}, timeout=20 * SLOW)
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    return {"Cookie": cookie}


def test_a_restore_ends_sessions_keeps_the_old_and_reuses_no_id(server):
    cookie = sign_in(server)
    who = server.url + "/admin/session"
    assert requests.get(who, headers=cookie, timeout=20 * SLOW).status_code == 200
    ids = [post(server, "in the backup")]
    assert server.cli("backup", "copy.db").returncode == 0
    ids += [post(server, f"later {n}") for n in range(20)]
    owned = server.cli("restore", "copy.db")
    assert owned.returncode == 4 and "owned by another contactd" in owned.stderr
    server.stop()
    done = server.cli("restore", "copy.db")
    assert done.returncode == 0 and "sessions ended: 1" in done.stderr, done.stderr
    aside = re.search(r"the database that was there is now (\S+)", done.stderr)[1]
    assert len(messages(aside)) == 21
    server.start()
    assert requests.get(server.url + "/admin/session", headers=cookie, timeout=20 * SLOW).status_code == 401
    ids += [post(server, f"after {n}") for n in range(20)]
    assert len(set(ids)) == len(ids) and ids == sorted(ids)
    token = {"Authorization": "Bearer " + server.token()}
    listed = requests.get(server.url + "/admin/submissions?limit=200", headers=token, timeout=20 * SLOW).json()["submissions"]
    assert [s["id"] for s in reversed(listed)] == [ids[0], *ids[21:]]


DELIVERY = """CREATE TABLE IF NOT EXISTS delivery (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, submission BLOB, form TEXT NOT NULL,
    destination TEXT NOT NULL, state INTEGER NOT NULL, leased INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, batch BLOB, address TEXT, error TEXT, text TEXT) STRICT"""


@pytest.mark.parametrize("flags, state, error, leased", [([], 3, "not sent", 0), (["--send-waiting"], 0, None, 0)])
def test_what_waited_when_the_backup_was_made_is_not_sent_unasked(server, flags, state, error, leased):
    """States: 0 waiting, 2 delivered, 3 given up (and shown, to be retried)."""
    server.cli("backup", "copy.db")
    server.stop()
    copy = server.directory / "copy.db"
    with sqlite3.connect(copy) as db:
        db.execute(DELIVERY)
        for n in range(50):
            db.execute("INSERT INTO delivery (seq, id, form, destination, state, leased, due_at, changed_at) VALUES (?, ?, '', 'mail', ?, ?, 1, 1)",
                       (n + 1, os.urandom(16), 2 if n % 5 == 0 else 0, n % 2))
    done = server.cli("restore", copy, *flags)
    assert done.returncode == 0 and re.search(r"deliveries that wait.*: 40\b", done.stderr), done.stderr
    with sqlite3.connect(server.options["database"]) as db:
        waited = db.execute("SELECT state, leased, error FROM delivery WHERE state <> 2").fetchall()
        assert len(waited) == 40 and {row[:2] for row in waited} == {(state, leased)}
        assert all((row[2] or "").startswith(error or "") and bool(row[2]) == bool(error) for row in waited)
        assert db.execute("SELECT count(*) FROM delivery WHERE state = 2 AND error IS NULL").fetchone() == (10,)


# --- the schedule ----------------------------------------------------------


def backups(server):
    path = server.directory / "backups"
    return sorted(f for f in os.listdir(path) if NAME.fullmatch(f)) if path.exists() else []


def scheduled(start, **options):
    return start(backup_dir="backups", **options)


def metric(server, name):
    page = requests.get(server.url + "/metrics", timeout=20 * SLOW).text
    return int(re.search(rf"^{name} (\d+)$", page, re.M)[1])


def test_backups_are_made_on_schedule_and_the_oldest_go(start):
    server = scheduled(start, backup_every="1s", backup_keep=2)
    post(server, "kept")
    until((server.directory / "backups").exists)
    (server.directory / "backups/notes.txt").write_text("mine")
    until(lambda: len(server.log_lines("backup_made")) >= 4)
    server.stop()
    made = [line["file"] for line in server.log_lines("backup_made")]
    assert backups(server) == made[-2:] and made == sorted(set(made))
    assert [line["file"] for line in server.log_lines("backup_removed")] == made[:-2]
    newest = server.directory / "backups" / made[-1]
    assert messages(newest) == {"kept"} and newest.stat().st_mode & 0o7777 == 0o600
    assert (server.directory / "backups").stat().st_mode & 0o7777 == 0o700
    assert sorted(os.listdir(server.directory / "backups")) == [*made[-2:], "notes.txt"]


def test_the_schedule_goes_on_after_a_restart(start):
    server = scheduled(start)
    until(lambda: server.log_lines("backup_made"))
    until(lambda: metric(server, "contactd_backup_timestamp_seconds") > time.time() - 600)
    assert metric(server, "contactd_backups_total") == 1 and metric(server, "contactd_backups_failed_total") == 0
    server.stop()
    (server.directory / "backups/contactd-20200101T000000Z.db.part").write_text("left by a kill")
    server.start()
    until(lambda: metric(server, "contactd_backup_timestamp_seconds") > 0)
    assert len(backups(server)) == 1 and metric(server, "contactd_backups_total") == 0, "a day has not gone by"
    assert os.listdir(server.directory / "backups") == backups(server), "what a kill leaves behind is removed"


def test_a_backup_from_the_future_does_not_stop_the_schedule(start, tmp_path):
    directory = tmp_path / "future"
    (directory / "backups").mkdir(parents=True)
    (directory / "backups/contactd-29990101T000000Z.db").write_text("a clock was wrong")
    server = scheduled(start, directory=directory, backup_keep=1)
    until(lambda: server.log_lines("backup_made"))
    server.stop()
    assert server.log_lines("backup_made")[-1]["file"] in backups(server), "the one just made was removed"


def test_a_failure_is_told_and_tried_again_and_costs_no_message(start):
    server = scheduled(start, backup_every="1s")
    until(lambda: server.log_lines("backup_made"))
    away = server.directory / "backups.away"
    os.rename(server.directory / "backups", away)
    (server.directory / "backups").write_text("in the way")
    failed = len(server.log_lines("backup_failed"))
    until(lambda: len(server.log_lines("backup_failed")) >= failed + 2)
    post(server, "stored all the same")
    assert metric(server, "contactd_backups_failed_total") >= 2
    assert "backups" in server.log_lines("backup_failed")[-1]["reason"]
    (server.directory / "backups").unlink()
    os.rename(away, server.directory / "backups")
    made = len(server.log_lines("backup_made"))
    until(lambda: len(server.log_lines("backup_made")) > made)
    server.stop()
    assert messages(server.directory / "backups" / backups(server)[-1]) == {"stored all the same"}


def test_a_stop_does_not_wait_for_a_backup(start):
    server = start()
    server.stop()
    fill(server.options["database"], 20000)
    server.options["backup_dir"] = "backups"
    server.start()
    path = server.directory / "backups"
    until(lambda: path.exists() and os.listdir(path))
    assert server.stop() == 0
    assert not [f for f in os.listdir(server.directory / "backups") if f.endswith(".part")]
    assert not server.log_lines("backup_failed")


def test_a_database_in_memory_has_no_backups(start):
    refused = start().cli("serve", "--database", "memory:", "--backup-dir", "backups", "--listen", "127.0.0.1:0")
    assert refused.returncode == 3 and "backup-dir" in refused.stderr
