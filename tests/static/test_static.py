# SPDX-License-Identifier: MIT
"""The one file of `make static`: what it is made of, and that it serves when it is alone in its root."""
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socketserver
import ssl
import subprocess
import threading
import time

import pytest
import requests

from harness import ROOT, SLOW, Server, default_binary, running
from kinds import ask_everything
from tls import Authority, TlsServer

BUILT = default_binary().parent
NOBODY = "65532:65532"
SIZE_MAX = 6_000_000
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
with_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")


def readelf(*options, of=None):
    return subprocess.run(["readelf", *options, str(of or default_binary())], capture_output=True, text=True, check=True).stdout


# --- the file ----------------------------------------------------------------


def test_it_needs_no_other_file():
    assert "INTERP" not in readelf("-lW")
    assert "NEEDED" not in readelf("-dW")
    assert default_binary().stat().st_size <= SIZE_MAX


def test_it_is_hardened():
    assert re.search(r"Type:\s+DYN", readelf("-hW")) and re.search(r"FLAGS_1.*\bPIE\b", readelf("-dW"))
    assert "BIND_NOW" in readelf("-dW") and "GNU_RELRO" in readelf("-lW")
    segments = re.findall(r"^\s+(LOAD|GNU_STACK)\s.*?\s([R ][W ][E ])\s+0x", readelf("-lW"), re.MULTILINE)
    assert len(segments) >= 4 and any(kind == "GNU_STACK" for kind, _ in segments)
    assert not [s for s in segments if "W" in s[1] and "E" in s[1] or s[0] == "GNU_STACK" and "E" in s[1]]
    assert "RUNPATH" not in readelf("-dW") and "RPATH" not in readelf("-dW")
    assert "__stack_chk_fail" in readelf("-sW") and "__memcpy_chk" in readelf("-sW")  # what checksec looks for
    code = re.findall(r"^\s+\d\d +(.*)$", readelf("-lW").partition("Section to Segment")[2], re.MULTILINE)
    assert not [sections for sections in code if ".text" in sections and ".rodata" in sections]


@pytest.mark.skipif(not shutil.which("checksec"), reason="checksec is not installed")
def test_checksec_is_content():
    told = json.loads(subprocess.run(["checksec", f"--file={default_binary()}", "--output=json"], capture_output=True, text=True, check=True).stdout)
    about, = told.values()
    wanted = {"relro": "full", "canary": "yes", "nx": "yes", "pie": "yes", "rpath": "no", "runpath": "no", "symbols": "no", "fortify_source": "yes"}
    assert {name: about[name] for name in wanted} == wanted


@pytest.mark.parametrize("archive", ["contactd.a", "root/usr/lib/libcurl.a", "root/usr/lib/libgnutls.a", "root/usr/lib/libmicrohttpd.a",
                                     "root/usr/lib/libsqlite3.a", "root/usr/lib/libjansson.a", "root/usr/lib/libpcre2-8.a"])
def test_its_parts_have_canaries_and_checked_copies(archive):
    symbols = readelf("-sW", of=BUILT / archive)
    assert "__stack_chk_fail" in symbols
    if archive != "root/usr/lib/libpcre2-8.a":  # copies nothing whose size is known
        assert re.search(r"\b__\w+_chk\b", symbols.replace("__stack_chk_fail", ""))


def test_it_does_not_tell_where_it_was_built():
    program = default_binary().read_bytes()
    assert str(ROOT).encode() not in program and b"build/static" not in program


def test_it_is_the_same_when_it_is_built_elsewhere(tmp_path):
    """Our own part; the libraries' needs ten minutes and is packaging/static/twice.sh."""
    for name in ("Makefile", "include", "packaging", "sql", "src"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    other = tmp_path / "build" / "static"
    (other / "gen").mkdir(parents=True)
    shutil.copy(BUILT / "gen" / "roots.h", other / "gen")
    (other / "root").symlink_to(BUILT / "root")
    subprocess.run(["make", "-s", "-j2", "STATIC=1", "BUILD=build/static", "build/static/contactd"], cwd=tmp_path, check=True, capture_output=True)
    assert (other / "contactd").read_bytes() == default_binary().read_bytes()


def test_it_can_be_linked_again_from_its_objects(tmp_path):
    """What the README tells somebody who wants another version of an LGPL library in it."""
    command = re.search(r"cc -static-pie .*(\n .*)*?-o contactd\b.*", (ROOT / "README.md").read_text())[0].replace("-o contactd", f"-o {tmp_path}/contactd")
    subprocess.run(["sh", "-ec", command], cwd=BUILT, check=True, capture_output=True)
    assert subprocess.run([tmp_path / "contactd", "version"], capture_output=True, check=True).stdout


def test_the_bill_names_what_is_in_it():
    bill = json.loads((BUILT / "contactd.cdx.json").read_text())
    pinned = dict(line.split()[:2] for line in (ROOT / "packaging/static/sources").read_text().splitlines()
                  if line and not line.startswith(("#", "snapshot")))
    parts = {part["name"]: part["version"] for part in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX" and len(pinned) >= 9
    assert {name: parts.get(name) for name in pinned} == pinned and {"glibc", "gcc"} < set(parts)
    assert all(part["licenses"][0]["expression"] and part["purl"].startswith("pkg:deb/debian/") for part in bill["components"])
    assert bill["metadata"]["component"]["hashes"][0]["content"] == hashlib.sha256(default_binary().read_bytes()).hexdigest()
    licences = (BUILT / "LICENSES").read_text()
    assert all(f"======== {name}" in licences for name in [*pinned, "glibc", "gcc", "LGPL-2.1"])


def test_it_is_a_debian_package(tmp_path):
    for name in ("contactd", "contactd.cdx.json", "LICENSES"):
        shutil.copy(BUILT / name, tmp_path)
    subprocess.run([ROOT / "packaging/deb/build.sh", tmp_path, "0.1.0"], check=True, capture_output=True)
    package, = tmp_path.glob("contactd_0.1.0_*.deb")
    control = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    assert "Package: contactd\n" in control and "Depends:" not in control
    subprocess.run(["dpkg-deb", "-x", package, tmp_path / "installed"], check=True)
    assert (tmp_path / "installed/usr/bin/contactd").read_bytes() == default_binary().read_bytes()
    # Port 80 is taken when its owner says so, not when the package comes.
    assert (tmp_path / "installed/usr/lib/systemd/system/contactd-redirect.socket").exists()
    postinst = subprocess.run(["dpkg-deb", "-I", package, "postinst"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"systemctl preset +contactd.service contactd.socket\n", postinst) and "redirect" not in postinst
    assert {path.name for path in (tmp_path / "installed/usr/share/doc/contactd/examples").iterdir()} == {"tls.conf", "https.conf", "litestream.yml"}
    first = package.read_bytes()
    subprocess.run([ROOT / "packaging/deb/build.sh", tmp_path, "0.1.0"], check=True, capture_output=True)
    assert package.read_bytes() == first
    if shutil.which("lintian"):
        # Without debhelper there is nobody else to call systemctl, and it is called only where systemd runs.
        known = "bogus-mail-host,bogus-mail-host-in-debian-changelog,maintainer-script-calls-systemctl"
        found = subprocess.run(["lintian", "--allow-root", "--suppress-tags", known, package],
                               capture_output=True, text=True).stdout
        assert not re.search(r"^[EW]: ", found, re.MULTILINE), found


# --- how little it takes -----------------------------------------------------


@with_openssl
def test_it_is_small_after_a_hundred_requests_of_every_kind(tmp_path):
    server = TlsServer(tmp_path / "server", Authority(tmp_path / "authority"))
    with running(server):
        token = server.token("manage")
    server.process = None
    with running(server):
        ask_everything(server, token)
        end = time.monotonic() + 60 * SLOW
        while (mapped := status_mb(server, "VmRSS")) > 5 and time.monotonic() < end:  # it rests first
            time.sleep(0.2)
        assert mapped <= 5 and status_mb(server, "RssAnon") <= 3.5


def status_mb(server, name):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024 / 1e6


# --- alone in its root -------------------------------------------------------


class Alone(Server):
    """contactd as a numeric user in a root that has nothing but it and a folder of its own."""

    def __init__(self, tmp_path, **options):
        super().__init__(tmp_path, database="/data/contactd.db", **options)
        self.root = tmp_path / "root"
        (self.root / "data").mkdir(parents=True)
        shutil.copy(default_binary(), self.root / "contactd")
        os.chown(self.root / "data", *map(int, NOBODY.split(":")))
        self.extra = {}

    def environment(self):
        env = super().environment()
        env.pop("SSL_CERT_FILE", None)  # the tester's own
        return {**env, **self.extra}

    def inside(self, *arguments):
        return ["chroot", f"--userspec={NOBODY}", str(self.root), "/contactd", *arguments]

    def command(self):
        return self.inside("serve"), self.environment()

    def cli(self, *args, input=None):
        return subprocess.run(self.inside(*map(str, args)), input=input, capture_output=True, text=True, env=self.environment(), timeout=30 * SLOW)


@as_root
def test_it_serves_in_an_empty_root(tmp_path):
    server = Alone(tmp_path)
    with running(server):
        assert requests.post(f"{server.url}/contact", json={"name": "Ada", "email": "ada@example.org", "message": "Hi!"}, timeout=20 * SLOW).status_code == 200
        token = server.token()
        found = requests.get(f"{server.url}/admin/submissions", headers={"Authorization": f"Bearer {token}"}, timeout=20 * SLOW).json()
        assert [row["name"] for row in found["submissions"]] == ["Ada"]
        assert server.cli("healthcheck").returncode == 0
    assert server.cli("healthcheck").returncode == 1
    assert sorted(path.name for path in server.root.iterdir()) == ["contactd", "data"]


class Siteverify(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"success": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked += 1

    def log_message(self, *_):
        pass


class Names(socketserver.BaseRequestHandler):
    """A name server that knows 127.0.0.1 for every name, and no IPv6."""

    def handle(self):
        query, reply_to = self.request
        end = query.index(b"\0", 12) + 5
        is_a = query[end - 4:end - 2] == b"\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_a else b""
        head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0"
        reply_to.sendto(head + query[12:end] + answer, self.client_address)


@pytest.fixture
def service(tmp_path):
    """An https service named captcha.test, whose certificate nobody knows but roots.pem."""
    pem = tmp_path / "service.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=captcha.test", "-addext",
                    "subjectAltName=DNS:captcha.test", "-keyout", str(pem), "-out", str(tmp_path / "roots.pem")], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "roots.pem", pem)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Siteverify)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.asked, server.roots = 0, tmp_path / "roots.pem"
    server.url = f"https://captcha.test:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def names():
    """The address of a name server."""
    address = "127.77.53.1"
    with socketserver.ThreadingUDPServer((address, 53), Names) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


def ask_captcha(server):
    """Posts with a captcha's answer; what the log says of the service that was to be asked."""
    headers = {"Authorization": f"Bearer {server.token('manage')}"}
    form = requests.put(f"{server.url}/admin/forms/shop", json={"captcha": {"kind": "turnstile", "secret": "s"}}, headers=headers, timeout=20 * SLOW)
    assert form.status_code == 200, form.text
    posted = requests.post(f"{server.url}/f/shop", data={"email": "ada@example.org", "message": "Hi!", "cf-turnstile-response": "x"}, timeout=40 * SLOW)
    assert posted.status_code == 200
    return [line["reason"] for line in server.log_lines("captcha_unreachable")]


@as_root
@with_openssl
@pytest.mark.parametrize("knows_the_root", [True, False])
def test_it_resolves_names_and_checks_certificates(tmp_path, service, names, knows_the_root):
    server = Alone(tmp_path)
    (server.root / "etc").mkdir()
    (server.root / "etc" / "resolv.conf").write_text(f"nameserver {names}\n")
    (server.root / "etc" / "nsswitch.conf").write_text("hosts: files\n")  # other systems' modules are not for us
    server.extra["CONTACTD_TEST_CAPTCHA_URL"] = service.url
    if knows_the_root:
        shutil.copy(service.roots, server.root / "roots.pem")
        server.extra["SSL_CERT_FILE"] = "/roots.pem"
    with running(server):
        complaints = ask_captcha(server)
    if knows_the_root:
        assert complaints == [] and service.asked == 1
    else:
        assert len(complaints) == 1 and "certificate" in complaints[0].lower() and service.asked == 0


@as_root
def test_it_says_what_is_missing_to_resolve_names(tmp_path):
    server = Alone(tmp_path)
    server.extra["CONTACTD_TEST_CAPTCHA_URL"] = "https://captcha.test/"
    with running(server):
        complaints = ask_captcha(server)
    assert len(complaints) == 1 and "/etc/resolv.conf" in complaints[0]
