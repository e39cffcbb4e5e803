# SPDX-License-Identifier: MIT
"""What core/mail writes is what Python's email package reads, whatever visitors write.

Mails of generated names, addresses, messages, fields, titles and templates are composed by
build/tests/mail/render and parsed with both of the package's policies. CONTACTD_TEST_MAILS says
how many (default 6000; 100000 take some minutes).
"""

import codecs
import email
import email.header
import email.policy
import email.utils
import html.parser
import json
import os
import random
import re
import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from world import drive, mail, mail_server

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CONTACTD", ROOT / "build/contactd")).resolve().parent
RENDER = BUILD / "tests/mail/render"
NAUGHTY = ROOT / "build/clients/node_modules/big-list-of-naughty-strings/blns.json"
COUNT = int(os.environ.get("CONTACTD_TEST_MAILS", "6000"))
ID = "0198f0a4-7c11-7abc-8def-0123456789ab.9f3c2a10"
LINK = "https://forms.example/admin/"

# --- the cleaning that include/core/mail.h documents, once more -----------------------------------

codecs.register_error("each", lambda error: ("\ufffd" * (error.end - error.start), error.end))

CONTROL = "\x00-\x1f\x7f-\x9f"
SPACE = CONTROL + " \xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
BLANKS = re.compile(f"[{SPACE}]+")


def line(text, most):
    text = BLANKS.sub(" ", BIDI.sub("", text)).strip(" ")
    if len(text) <= most:
        return text
    text = text[:most]
    return (text[:-1] if text.endswith(" ") else text) + "\u2026"


def lines(text):
    return re.split("\r\n|\r|\n", re.sub("[\r\n]+$", "", text))


def body(text):
    """A value's lines as they may stand in a body."""
    return [re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", each) for each in lines(text)]


def text_of(raw):
    return raw.decode("utf-8", "each")


# --- what visitors write --------------------------------------------------------------------------

HOSTILE = [
    "\r\nBcc: evil@example.net", "\nTo: evil@example.net\n\nbody", "\rX: y", "a\0b", "\x0b\x0c\x1b[31m", "\x85\x9b\u2028\u2029",
    ".", "\r\n.\r\n", "\n.\nQUIT\n", "..", "From me to you", "\nFrom me", "=?UTF-8?Q?=0D=0ABcc:x?=", "=?utf-8?b?", "?=", "=?", "--=_" + ID,
    "\n--=_" + ID + "--\n", '"', "\\", '\\"', '" <evil@example.net>', "a, b", "a; b", "(comment)", "<>", "<script>alert(1)</script>",
    "{{message}}", "{{", "}}", "%0d%0aBcc:%20x", "\u202emoc.elgoog", "\u2066\u2069", "مرحبا بالعالم", "שלום עולם", "日本語のとても長いテキスト" * 9,
    "😀" * 40, "👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈", "e" + "\u0301" * 60, "x" * 77, "y" * 998, "word " * 60, "ß", "\ufffd", "\uffff", "\U0010ffff", "\u00ad",
    "Jürgen Müller", "O'Brien", "Dr. Jane Doe", "Jane Doe", "Jane", " ", "  two  blanks  ", "\t", "&amp;", "&#x0A;", "&", "'", "http://evil.example.com/?a=b",
]  # fmt: skip
BROKEN = [b"\xff", b"\xc3", b"\xed\xa0\x80\xed\xb0\x80", b"\xf0\x9f\x98", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80", b"\x80", b"a\xc3"]
EMAILS = [
    "jane@example.com", "a.b+c@sub.example.org", "x" * 64 + "@example.com", "o'brien@example.ie", "!#$%&'*+-/=?^_`{|}~@example.com",
    "a..b@example.com", ".a@example.com", "jane@localhost", "jürgen@example.com", "jane@exämple.com", "jane@example.com\r\nBcc: x@example.net",
    "jane@example.com, x@example.net", "<jane@example.com>", '"jane"@example.com', "jane", "@example.com", "jane@example.com ", "jane@[127.0.0.1]",
    "jane@" + "d" * 63 + "." + "e" * 63 + "." + "f" * 60 + ".com",
]  # fmt: skip
PUBLIC = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def is_public(address):
    return bool(PUBLIC.fullmatch(address)) and len(address) <= 254 and len(address.split("@")[0]) <= 64


class Visitor:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.naughty = json.loads(NAUGHTY.read_text("utf-8")) if NAUGHTY.exists() else []
        self.naughty = [each for each in self.naughty if each] or HOSTILE

    def text(self):
        """UTF-8; NUL among it."""
        kind = self.random.randrange(5)
        if kind == 0:
            return self.random.choice(self.naughty)
        if kind == 1:
            return "".join(chr(self.random.choice(ALPHABET)) for _ in range(self.random.randrange(80)))
        return "".join(self.random.choice([*HOSTILE, self.random.choice(self.naughty)]) for _ in range(self.random.randrange(1, 4)))

    def raw(self):
        """The same as bytes, sometimes broken."""
        raw = self.text().encode("utf-8", "surrogatepass")
        if self.random.random() < 0.1:
            at = self.random.randrange(len(raw) + 1)
            raw = raw[:at] + self.random.choice(BROKEN) + raw[at:]
        return raw

    def json_text(self):
        return self.text().replace("\0", "").encode("utf-8", "replace").decode()

    def json_value(self, depth=0):
        kind = self.random.randrange(8 if depth < 4 else 4)
        if kind < 3:
            return self.json_text()
        if kind == 3:
            return self.random.choice([True, False, None, 0, -1, 3.5, 10**15])
        if kind < 6:
            return [self.json_value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.json_text()[:60]: self.json_value(depth + 1) for _ in range(self.random.randrange(3))}


ALPHABET = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x3FF), *range(0x590, 0x6FF), *range(0x4E00, 0x4F00), *range(0x1F600, 0x1F640),
            *range(0x200B, 0x2070), *range(0x00, 0x20), 0xFEFF, 0xFFFD, 0xE000, 0xFDD0, 0xE0041]  # fmt: skip

COLUMNS = ["kind", "service", "rows", "state", "name", "email", "message", "fields", "page", "title", "subject", "text"]


def a_case(visitor):
    chance = visitor.random
    fields = {visitor.json_text()[:60]: visitor.json_value() for _ in range(chance.randrange(4))}
    if chance.random() < 0.3:
        fields[chance.choice(["_subject", "subject"])] = visitor.json_text()
    kind = chance.choices(["mail", "reply", "digest", "alarm"], [12, 4, 1, 1])[0]
    return {
        "kind": kind,
        "service": "",
        "rows": "0" if kind == "alarm" else str(chance.choice([2, 2, 3, 5, 5, 120])) if kind == "digest" else "1",
        "state": "spam" if kind == "mail" and chance.random() < 0.1 else "new",
        "name": visitor.raw() if chance.random() < 0.9 else b"",
        "email": chance.choice(EMAILS) if chance.random() < 0.9 else visitor.raw(),
        "message": visitor.raw() or b"-",
        "fields": json.dumps(fields, ensure_ascii=chance.random() < 0.5) if fields else "",
        "page": visitor.raw() if chance.random() < 0.3 else "https://page.example/a",
        "title": visitor.raw() if chance.random() < 0.3 else "",
        "subject": chance.choice(["", "", "{{name}}", "About: {{ message }} / {{form}}", "{{nope}}"]).encode(),
        "text": chance.choice(["", "", "Dear owner,\n{{name}} wrote: {{message}}"]).encode(),
    }


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def compose(cases):
    """What render says to each: (headers, body) or a reason."""
    asked = b"".join(b"\t".join(as_bytes(case[name]).hex().encode() for name in COLUMNS) + b"\n" for case in cases)
    said = subprocess.run([RENDER], input=asked, stdout=subprocess.PIPE, check=True).stdout
    at, answers = 0, []
    while at < len(said):
        end = said.index(b"\n", at)
        word, rest = said[at:end].decode().split(" ", 1)
        at = end + 1
        if word == "NO":
            answers.append(rest)
            continue
        headers, size = map(int, rest.split())
        answers.append((said[at : at + headers], said[at + headers : at + headers + size]))
        at += headers + size
    assert len(answers) == len(cases)
    return answers


# --- what must hold -------------------------------------------------------------------------------


class Cells(html.parser.HTMLParser):
    """The cells of the HTML's tables, and everything that could load, run or lead somewhere."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.cells, self.is_open, self.links, self.tags = [], False, [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            assert name in ("style", "role", "charset", "name", "content", "colspan", "href"), name
            assert name != "style" or "url" not in value
            if name == "href":
                self.links.append(value)
        if tag in ("td", "th", "p", "body"):
            self.cells.append("")
            self.is_open = True
        if tag == "br":
            self.cells[-1] += "\n"

    def handle_endtag(self, tag):
        self.is_open = False

    def handle_data(self, data):
        if self.is_open:
            self.cells[-1] += data


TAGS = {"html", "head", "meta", "body", "p", "table", "tr", "th", "td", "br", "hr", "a"}


def check_bytes(mail):
    head, _, rest = mail.partition(b"\r\n\r\n")
    assert mail.endswith(b"\r\n") and b"\0" not in mail and mail.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", mail)
    for each in head.split(b"\r\n"):
        assert re.fullmatch(rb"(?:[A-Z][A-Za-z-]*:| ) ?[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", each), each
        assert len(each) <= (320 if b"@" in each else 76), each
    for each in rest.split(b"\r\n"):
        assert len(each) <= 76, each


def expected_headers(case, has_reply_to):
    names = ["From", "To"] + ["Reply-To"] * has_reply_to + ["Subject", "Date", "Message-ID"]
    if case["kind"] != "mail":
        names += ["Auto-Submitted", "X-Auto-Response-Suppress"]
    if case["kind"] == "reply":
        names += ["Precedence"]
    names += ["X-Contactd-Form", "MIME-Version", "Content-Type"]
    return names + ["Content-Transfer-Encoding"] * (case["kind"] == "alarm")


def decoded(value):
    """A header of compat32, folds and encoded words undone."""
    return str(email.header.make_header(email.header.decode_header(re.sub("\r\n", "", value))))


def simple(value):
    """A field's value on its lines, as templates have it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(simple(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {simple(each)}" for name, each in value.items())
    return json.dumps(value)


def rows_of(label, value):
    """The rows that a field makes."""
    if isinstance(value, dict) and value:
        return [row for name, each in value.items() for row in rows_of(f"{label}.{name}", each)]
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return [row for i, each in enumerate(value) for row in rows_of(f"{label}[{i}]", each)]
    return [(label, simple(value))]


def fields_of(case):
    return json.loads(case["fields"]) if case["fields"] else {}


def filled(template, case):
    known = {"name": text_of(case["name"]), "message": text_of(case["message"]), "form": "contact", "nope": ""}
    fields = fields_of(case)

    def value(match):
        name = match.group(1).strip()
        return known[name] or (simple(fields[name]) if name in fields else "")

    return re.sub(r"{{(.*?)}}", value, template)


def expected_subject(case):
    """And the name of the field that it is taken from."""
    mark = "[Spam] " if case["state"] == "spam" else ""
    template, name, fields = case["subject"].decode(), None, fields_of(case)
    title = text_of(as_bytes(case["title"])) or "contact"
    if case["kind"] == "alarm":
        return line(lines(text_of(case["message"]))[0] if text_of(case["message"]).strip("\r\n") else "", 200) or "Alarm", None
    if case["kind"] == "digest":
        return line(f"{case['rows']} new messages - {line(title, 200)}", 200), None
    if case["kind"] == "reply":
        return None, None
    if template:
        said = filled(template, case)
    else:
        name = next((each for each in ("_subject", "subject") if isinstance(fields.get(each), str) and fields[each]), None)
        said = fields[name] if name else ""
    said = line(said, 200)
    if not said:
        who, name = line(text_of(case["name"] or as_bytes(case["email"])), 100), None
        has_who = case["name"] or case["email"]
        said = line("New message" + (f" from {who}" if has_who else "") + f" - {title}", 200)
    return mark + line(said, 200 - len(mark)), name


def check_rows(case, text, cells, skipped):
    shown = [("Name", text_of(case["name"])), ("E-mail", text_of(as_bytes(case["email"]))), ("Message", text_of(case["message"]))]
    shown = [(label, value) for label, value in shown if value]
    for name, value in fields_of(case).items():
        shown += rows_of(name, value) if name != skipped else []
    shown.append(("Page", text_of(as_bytes(case["page"]))))
    at = 0
    for label, value in shown:
        if label == "Page" and not value:
            continue
        value = body(value[:20000])
        label = line(label, 100)
        said = f"{label}:\n  " + "\n  ".join(value) if len(value) > 1 else f"{label}: {value[0]}" if value[0] else f"{label}:"
        found = text.find("\n" + said + "\n", at)
        assert found >= 0, (said, text)
        at = found
        assert [label, "\n".join(value)] in [cells[i : i + 2] for i in range(len(cells))], (label, value, cells)


def content(part):
    return part.get_content().replace("\r\n", "\n")


def check_headers(case, modern, old, address):
    """The modern policy's headers are read once: it parses them anew each time that it is asked."""
    has_reply_to = case["kind"] == "mail" and is_public(address)
    items = modern.items()
    headers = dict(items)
    assert [name for name, _ in items] == list(old.keys()) == expected_headers(case, has_reply_to)
    assert not modern.defects and not old.defects
    for name, value in items:
        assert not value.defects, (name, value, value.defects)
    (to,), (sender,) = headers["To"].addresses, headers["From"].addresses
    assert to.addr_spec == (address if case["kind"] == "reply" else "owner@client.example")
    assert (sender.display_name, sender.addr_spec) == ("Forms of Acme", "forms@sender.example")
    subject, taken_from = expected_subject(case)
    if subject is not None:
        assert str(headers["Subject"]) == subject, (str(headers["Subject"]), subject)
        assert decoded(old["Subject"]) == subject
    if has_reply_to:
        (box,) = headers["Reply-To"].addresses
        wanted = line(text_of(case["name"]), 100)
        # Python 3.11 keeps the blanks between the encoded words of a phrase, against RFC 2047, 6.2.
        is_split = old["Reply-To"].count("=?UTF-8?B?") > 1
        shown, name = (re.sub(r"\s", "", each) if is_split else each for each in (box.display_name, wanted))
        assert (shown, box.addr_spec) == (name, address), (box, wanted)
        name, spec = email.utils.parseaddr(re.sub("\r\n", "", old["Reply-To"]))
        assert (decoded(name), spec) == (wanted, address)
    return taken_from


def check_one(case, answer):
    address = text_of(as_bytes(case["email"]))
    if case["kind"] == "reply" and not is_public(address):
        assert isinstance(answer, str), answer
        return "refused"
    assert not isinstance(answer, str), answer
    check_bytes(answer[1])
    modern = email.message_from_bytes(answer[1], policy=email.policy.default)
    old = email.message_from_bytes(answer[1])
    taken_from = check_headers(case, modern, old, address)
    if case["kind"] == "alarm":
        assert old.get_content_type() == "text/plain"
        assert content(modern) == "\n".join(body(text_of(case["message"]))) + f"\n\nOpen the inbox: {LINK}\n"
        return "alarm"
    assert [part.get_content_type() for part in old.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, page = map(content, modern.get_payload())
    for part, said in zip(old.get_payload(), (text, page)):
        assert part.get_payload(decode=True).decode().replace("\r\n", "\n") == said
    check_bodies(case, text, page, taken_from)
    return case["kind"]


def check_bodies(case, text, page, taken_from):
    cells = Cells()
    cells.feed(page)
    assert cells.tags <= TAGS, cells.tags
    if case["kind"] == "reply":
        assert not cells.links and not re.search(r"://|www\.\w", text), text
        assert "".join(cells.cells).strip("\n") == text.strip("\n")
        return
    assert cells.links and all(each.startswith(LINK) for each in cells.links)
    if case["kind"] == "mail":
        check_rows(case, "\n" + text, cells.cells, taken_from)
        return
    shown = len([each for each in cells.links if "#message/" in each])
    rest = int(case["rows"]) - shown
    assert text.count("\nReceived: ") == shown > 0 and shown <= 100
    assert text.count(f"\n----\nand {rest} more\n") == (rest > 0)


def check_many(seed, count):
    visitor = Visitor(seed)
    cases = [a_case(visitor) for _ in range(count)]
    seen = {}
    for case, answer in zip(cases, compose(cases)):
        try:
            kind = check_one(case, answer)
        except Exception as error:
            raise AssertionError(f"{error!r:.2000}\n{case!r:.4000}") from None
        seen[kind] = seen.get(kind, 0) + 1
    return seen


@pytest.fixture(scope="module", autouse=True)
def render():
    subprocess.run(["make", "-s", f"BUILD={BUILD.relative_to(ROOT)}", str(RENDER.relative_to(ROOT))], cwd=ROOT, check=True)


def test_whatever_visitors_write_is_read_as_it_was_written():
    share = 500
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check_many, range((COUNT + share - 1) // share), [share] * ((COUNT + share - 1) // share)))
    total = {}
    for result in results:
        for kind, count in result.items():
            total[kind] = total.get(kind, 0) + count
    print(total)
    assert sum(total.values()) >= COUNT and all(total.get(kind, 0) > COUNT // 100 for kind in ("mail", "reply", "refused", "digest", "alarm"))


def test_the_apis_get_the_same_mail():
    visitor = Visitor(4711)
    cases = [a_case(visitor) for _ in range(300)]
    by_smtp = compose(cases)
    for service in ("postmark", "resend", "mailgun"):
        for case, mail, answer in zip(cases, by_smtp, compose([{**case, "service": service} for case in cases])):
            if isinstance(mail, str):
                assert answer == mail
                continue
            headers, sent = answer
            assert re.fullmatch(rb"(?:[A-Z][A-Za-z-]*: [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\n)+", headers), headers
            if service == "mailgun":
                _, to, message, end = sent.split(b"--contactd-mime")
                assert end == b"--\r\n" and message.split(b"\r\n\r\n", 1)[1] == mail[1] + b"\r\n"
                assert b"To: <" + to.split(b"\r\n\r\n")[1].strip() + b">\r\n" in mail[1]
                continue
            said = json.loads(sent)
            read = email.message_from_bytes(mail[1], policy=email.policy.default)
            name = (lambda text: text) if service == "postmark" else (lambda text: {"ReplyTo": "reply_to", "TextBody": "text", "HtmlBody": "html"}.get(text, text.lower()))
            assert said[name("Subject")] == str(read["Subject"]) and said[name("To")] == str(read["To"])
            assert said[name("From")] == '"Forms of Acme" <forms@sender.example>'
            assert said.get(name("ReplyTo")) == (read["Reply-To"].addresses[0].addr_spec if read["Reply-To"] else None)
            bodies = [content(part) for part in read.iter_parts()] or [content(read)]
            assert [said[key] for key in (name("TextBody"), name("HtmlBody")) if key in said] == bodies
            marks = {each["Name"]: each["Value"] for each in said["Headers"]} if service == "postmark" else said["headers"]
            if service == "postmark":
                assert (marks.pop("Message-ID"), marks.pop("X-PM-KeepID")) == (read["Message-ID"], "true")
            assert marks == {key: str(read[key]) for key in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "X-Contactd-Form") if read[key]}


def test_a_mail_server_gets_every_byte_of_it():
    visitor = Visitor(42)
    cases = [case for case in (a_case(visitor) for _ in range(120)) if case["rows"] != "120"]
    answers = compose(cases)
    sent = [(case, answer) for case, answer in zip(cases, answers) if not isinstance(answer, str)]
    with mail_server(data_size_limit=2**21) as mailbox:
        results, _ = drive(*[mail(f"smtp://127.0.0.1:{mailbox.port}", answer[1].decode()) for _, answer in sent])
    assert [result["result"] for result in results] == ["delivered"] * len(sent) and len(sent) > 50
    by_bytes = sorted(answer[1] for _, answer in sent)
    assert sorted(content for _, _, content in mailbox.mails) == by_bytes
    for case, answer in sent:
        check_one(case, answer)
