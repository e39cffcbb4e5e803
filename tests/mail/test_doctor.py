# SPDX-License-Identifier: MIT
"""contactd doctor: every line it may say, against real servers; and that it ends whatever does not answer."""
import json
import os
import socket
import sqlite3
import stat
import subprocess

import pytest

from harness import SLOW, Server, default_binary, free_port, running
from test_names import inside
from world import Authority, Listener, answer, black_hole, http_talk, mail_server, smtp_talk

NAMES = ["configuration", "disk", "database", "deliveries", "port", "certificate", "clock", "spf", "dkim", "dmarc", "mx", "mail server", "public url", "proxy"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def run(directory, *arguments, as_json=True):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONTACTD")}
    listen = [] if "--listen" in arguments else ["--listen", f"127.0.0.1:{free_port()}"]
    command = [default_binary(), "doctor", *listen, *arguments]
    return subprocess.run([*map(str, command), *(["--json"] if as_json else [])], cwd=directory, env=environment,
                          capture_output=True, text=True, timeout=60 * SLOW)


def look(directory, *arguments):
    """(exit code, the checks by name)."""
    done = run(directory, *arguments)
    told = json.loads(done.stdout)
    checks = {check["name"]: check for check in told["checks"]}
    assert told["ok"] == (done.returncode == 0) == all(c["level"] != "problem" for c in told["checks"]), told
    for check in told["checks"]:
        assert check["text"] and bool(check["remedy"]) == (check["level"] != "ok"), check
    return done.returncode, checks


def test_of_a_fresh_machine_nothing_is_wrong(tmp_path):
    code, checks = look(tmp_path)
    assert code == 0 and list(checks) == NAMES
    assert all(check["level"] == "ok" for name, check in checks.items() if name != "clock"), checks
    assert os.listdir(tmp_path) == [], "it leaves nothing"


def test_people_get_a_line_each_with_the_remedy_below(tmp_path):
    done = run(tmp_path, "--database", "memory:", as_json=False)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("ok       configuration  ")], done.stdout
    at = next(i for i, line in enumerate(lines) if line.startswith("warning  disk"))
    assert "--database" in lines[at + 1] and lines[at + 1].split()[0] == "->"


def test_beside_a_running_server(tmp_path):
    with running(Server(tmp_path)) as server:
        done = server.cli("doctor", "--json")
        checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, done.stdout
    assert checks["database"]["level"] == "ok" and "no damage" in checks["database"]["text"]
    assert "contactd" in checks["port"]["text"] and checks["port"]["level"] == "ok"


def make_database(directory):
    with running(Server(directory)) as server:
        return server.options["database"]


def test_a_damaged_database(tmp_path):
    path = make_database(tmp_path)
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096, 2):
        data[page * 4096:page * 4096 + 200] = b"\xa5" * 200
    path.write_bytes(data)
    code, checks = look(tmp_path, "--database", path)
    assert code == 1 and checks["database"]["level"] == "problem", checks["database"]


def test_databases_that_are_not_ours(tmp_path):
    (tmp_path / "text").write_text("no database at all, but long enough to be looked at " * 50)
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE theirs (x)")
    path = make_database(tmp_path / "ours")
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 999")
    for name, words in (tmp_path / "text", "not a database"), (tmp_path / "other", "another program"), (path, "newer"):
        os.chmod(name, 0o600)
        code, checks = look(tmp_path, "--database", name)
        assert code == 1 and words in checks["database"]["text"], checks["database"]


def test_a_database_that_others_may_read(tmp_path):
    path = make_database(tmp_path)
    os.chmod(path, 0o644)
    code, checks = look(tmp_path, "--database", path)
    assert code == 0 and checks["database"]["level"] == "warning" and "chmod 600" in checks["database"]["remedy"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "it mends nothing by itself"


def test_no_directory(tmp_path):
    code, checks = look(tmp_path, "--database", tmp_path / "missing/contactd.db")
    assert code == 1 and checks["disk"]["level"] == "problem" and "missing" in checks["disk"]["text"]


def test_a_port_that_somebody_else_has(tmp_path):
    with Listener(http_talk({"/version": answer("200 OK", body=b"{}")}, [])) as other:
        code, checks = look(tmp_path, "--listen", f"127.0.0.1:{other.port}")
    assert code == 1 and "another program" in checks["port"]["text"] and "--listen" in checks["port"]["remedy"]
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        code, checks = look(tmp_path, "--listen", f"127.0.0.1:{bound.getsockname()[1]}")
    assert code == 1 and checks["port"]["level"] == "problem", checks["port"]


@pytest.mark.parametrize("arguments,words", [
    (["--smtp-url=smtp://u:hush@mail.example"], "set smtp-from"),
    (["--smtp-from=a@b.example"], "set smtp-url"),
    (["--notify-to=a@b.example"], "set smtp-url"),
    (["--smtp-url=smtp://h", "--smtp-from=a@b.example", "--notify-to=nobody"], "nobody is not an address"),
    (["--webhook-allow=10.0.0.0/99"], "10.1.2.0/24"),
    (["--ca-file=/nowhere"], "ca-file"),
])
def test_options_that_do_not_fit_are_told_by_check_config_serve_and_doctor(tmp_path, arguments, words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONTACTD")}
    for verb in "check-config", "serve":
        done = subprocess.run([default_binary(), verb, "--listen", "127.0.0.1:0", *arguments], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=30 * SLOW)
        assert done.returncode == 3 and words in done.stderr and "hush" not in done.stderr + done.stdout, done
    code, checks = look(tmp_path, *arguments)
    assert code == 1 and words in checks["configuration"]["text"], checks["configuration"]
    assert "hush" not in json.dumps(checks)


SENDER = ["--smtp-from", "Forms <forms@here.invalid>"]


def test_the_mail_server_lets_us_in(tmp_path, authority):
    with mail_server(tls=authority.context(), auth=True) as mailbox:
        url = f"smtp://ada:p%40ss%2Fw:rd@localhost:{mailbox.port}"
        code, checks = look(tmp_path, *SENDER, "--smtp-url", url, "--ca-file", authority.ca_file)
        assert checks["mail server"]["level"] == "ok" and "lets us in" in checks["mail server"]["text"], checks
        assert mailbox.logins[-1] == ("ada", "p@ss/w:rd") and not mailbox.mails, "no mail is sent"
        wrong = url.replace("ada", "eve")
        code, checks = look(tmp_path, *SENDER, "--smtp-url", wrong, "--ca-file", authority.ca_file)
        assert code == 1 and "535" in checks["mail server"]["text"] and "password" in checks["mail server"]["remedy"], checks
        code, checks = look(tmp_path, *SENDER, "--smtp-url", url)
        assert code == 1 and "ca-file" in checks["mail server"]["remedy"], checks["mail server"]
    with mail_server() as mailbox:
        code, checks = look(tmp_path, *SENDER, "--smtp-url", f"smtp://localhost:{mailbox.port}")
        assert code == 1 and "STARTTLS" in checks["mail server"]["text"] and "smtps://" in checks["mail server"]["remedy"]


def test_a_probe_mail(tmp_path):
    with mail_server() as mailbox, mail_server({"RCPT": "550 5.1.1 nobody"}) as refusing:
        plain = [*SENDER, "--allow-plain", "on"]
        arguments = [*plain, "--smtp-url", f"smtp://127.0.0.1:{mailbox.port}"]
        _, checks = look(tmp_path, *arguments, "--send-test", "ada@there.example")
        assert checks["test mail"]["level"] == "ok", checks["test mail"]
        (sender, recipients, content), = mailbox.mails
        assert (sender, recipients) == ("forms@here.invalid", ["ada@there.example"]) and b"probe" in content
        code, checks = look(tmp_path, *arguments, "--send-test", "nobody")
        assert code == 1 and checks["test mail"]["level"] == "problem"
        code, checks = look(tmp_path, *plain, "--smtp-url", f"smtp://127.0.0.1:{refusing.port}", "--send-test", "a@b.example")
        assert code == 1 and "5.1.1 nobody" in checks["test mail"]["text"], checks["test mail"]


def test_an_api_is_reached_and_asked_for_nothing(tmp_path):
    requests = []
    with Listener(http_talk({"/email": answer("401 No")}, requests)) as api:
        url = f"postmark://hush?endpoint=http://127.0.0.1:{api.port}/email"
        _, checks = look(tmp_path, *SENDER, "--smtp-url", url)
    assert checks["mail server"]["level"] == "ok" and "--send-test" in checks["mail server"]["text"], checks
    assert [request.line for request in requests] == ["GET /email HTTP/1.1"] and "hush" not in str(requests[0].headers)


VERSION = answer("200 OK", body=b'{"name":"contactd","version":"0.1.0","releaseYear":2026}\n')
OLD = answer("200 OK", "Date: Thu, 01 Jan 2026 00:00:00 GMT", body=b'{"status":"ok"}')
FINE = {"/version": VERSION, "/healthz": answer("200 OK"), "/metrics": answer("401 No")}


def test_the_public_address(tmp_path, authority):
    trust = ["--ca-file", authority.ca_file, "--trusted-proxies", "127.0.0.1"]
    with Listener(http_talk(FINE, []), authority.context()) as proxy:
        url = f"https://localhost:{proxy.port}"
        code, checks = look(tmp_path, "--public-url", url, *trust)
        # The test's certificates are good for two days.
        found = checks["public url"]
        assert code == 0 and found["level"] == "warning" and found["remedy"] == "renew it now", found
        assert "localhost ends in less than three days" in found["text"] and "renew" not in found["text"], found
        assert checks["proxy"]["level"] == "ok"
        code, checks = look(tmp_path, "--public-url", url, "--trusted-proxies", "127.0.0.1")
        assert code == 1 and "certificate" in checks["public url"]["text"].lower(), checks["public url"]
        code, checks = look(tmp_path, "--public-url", url, *trust[:2])
        assert code == 1 and "trusted-proxies" in checks["proxy"]["text"], checks["proxy"]


@pytest.mark.parametrize("pages,name,words", [
    ({"/version": answer("301 Moved", "Location: https://elsewhere.example/")}, "public url", "elsewhere.example"),
    ({"/version": answer("502 Bad")}, "public url", "does not reach contactd"),
    ({"/version": answer("200 OK", body=b"<html>")}, "public url", "something else"),
    ({"/version": lambda line: None}, "public url", "mpty reply"),
    ({"/metrics": answer("200 OK")}, "proxy", "strangers"),
    ({"/healthz": OLD}, "clock", "ahead of"),
])
def test_what_may_be_wrong_with_it(tmp_path, pages, name, words):
    with Listener(http_talk({**FINE, **pages}, [])) as proxy:
        code, checks = look(tmp_path, "--public-url", f"http://127.0.0.1:{proxy.port}", "--trusted-proxies", "127.0.0.1")
    assert code == 1 and checks[name]["level"] == "problem" and words in checks[name]["text"], checks[name]


def test_it_ends_whatever_does_not_answer(tmp_path):
    with black_hole() as port, Listener(smtp_talk({"GREETING": "hold"})) as silent:
        code, checks = look(tmp_path, *SENDER, "--smtp-url", f"smtp://127.0.0.1:{silent.port}", "--public-url",
                            f"http://127.0.0.1:{port}", "--trusted-proxies", "127.0.0.1")
    assert code == 1 and checks["mail server"]["level"] == checks["public url"]["level"] == "problem"


def test_it_ends_without_a_name_server():
    arguments = ["--smtp-url", "smtp://mail.test", "--smtp-from", "a@here.test", "--public-url", "https://forms.test"]
    found = inside("doctor", arguments=arguments, seconds=60 * SLOW)
    checks = {check["name"]: check for check in found["out"]["checks"]}
    assert found["code"] == 1 and set(NAMES) <= set(checks)
    for name in "spf", "dmarc", "mx":
        assert checks[name]["level"] == "problem" and "resolv.conf" in checks[name]["remedy"], checks[name]
    assert checks["mail server"]["level"] == checks["public url"]["level"] == "problem"


def test_the_records_of_the_domain():
    arguments = ["--smtp-url", "smtp://127.0.0.1:1", "--dkim-selector", "sel"]
    good = inside("doctor", arguments=[*arguments, "--smtp-from", "a@forms.good.test"], seconds=60 * SLOW, is_silent=False)
    checks = {check["name"]: check for check in good["out"]["checks"]}
    assert {checks[name]["level"] for name in ("spf", "dkim", "dmarc", "mx")} == {"ok"}, checks
    assert "v=spf1" in checks["spf"]["text"] and "_dmarc.good.test" in checks["dmarc"]["text"]
    bad = inside("doctor", arguments=[*arguments, "--smtp-from", "a@bad.test"], seconds=60 * SLOW, is_silent=False)
    checks = {check["name"]: check for check in bad["out"]["checks"]}
    assert [checks[name]["level"] for name in ("spf", "dkim", "dmarc", "mx")] == ["problem", "problem", "warning", "warning"]
    assert "more than one" in checks["spf"]["text"] and "withdrawn" in checks["dkim"]["text"]


# --- what it said wrongly once -----------------------------------------------------


def test_mail_options_that_do_not_fit_are_not_said_to_be_absent(tmp_path):
    code, checks = look(tmp_path, "--smtp-url", "smtps://mail.example:465")
    assert code == 1 and "smtp-from" in checks["configuration"]["text"]
    for name in ("spf", "dkim", "dmarc", "mx", "mail server"):
        assert "not set" not in checks[name]["text"] and "configuration" in checks[name]["text"], checks[name]


def test_a_directory_of_backups_that_cannot_be_made(tmp_path):
    code, checks = look(tmp_path, "--backup-dir", "/nonexistent/b")
    assert code == 1 and checks["disk"]["level"] == "problem" and "/nonexistent" in checks["disk"]["text"]
    code, checks = look(tmp_path, "--backup-dir", tmp_path / "made-later")
    assert code == 0 and checks["disk"]["level"] == "ok"


def test_of_a_proxy_nothing_is_said_while_somebody_else_answers(tmp_path):
    other = lambda line: http_talk(line, lambda request: answer("200 OK", "hello"))
    with Listener(other) as parked:
        for url in (parked.url if hasattr(parked, "url") else f"http://127.0.0.1:{parked.port}", f"http://127.0.0.1:{free_port()}"):
            _, checks = look(tmp_path, "--public-url", url)
            assert checks["public url"]["level"] == "problem"
            assert checks["proxy"]["level"] == "ok" and "public url" in checks["proxy"]["text"]


def test_deliveries_that_fail_are_told_with_the_worst(tmp_path):
    with running(Server(tmp_path)) as server:
        server.token()
    database = server.options["database"]
    _, checks = look(tmp_path, "--database", database)
    assert checks["deliveries"]["level"] == "ok" and "0 destinations fail" in checks["deliveries"]["text"]
    with sqlite3.connect(database) as db:
        db.execute("INSERT INTO destination VALUES ('shop', 'webhook:crm', 0, 0, 5, 5, 'it answered 500')")
        db.execute("INSERT INTO delivery (seq, id, form, destination, state, due_at, changed_at) VALUES (1, randomblob(16), 'shop', 'webhook:crm', 3, 5, 5)")
        db.execute("INSERT INTO alarm VALUES ('destination', 'shop', 'webhook:crm', 5, 'fails')")
    code, checks = look(tmp_path, "--database", database)
    told = checks["deliveries"]
    assert code == 1 and told["level"] == "problem" and "webhook:crm of shop: it answered 500" in told["text"] and "retry" in told["remedy"]
    assert "1 destinations fail, 1 deliveries were given up, 1 alarms stand" in told["text"]
