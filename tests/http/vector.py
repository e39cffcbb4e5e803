# SPDX-License-Identifier: MIT
"""The raw HTTP vectors: reading vectors/*.txt, and judging what a server made of one.

The format is described in vectors/README.md.
"""
import codecs
import pathlib
import re
import zlib
from dataclasses import dataclass, field

DIRECTORY = pathlib.Path(__file__).parent / "vectors"
VERDICTS = {"accept", "may", "refuse", "reject"}

# In the files' own notation: escapes are resolved last, so that a macro can be repeated.
MACROS = {
    "get": r"GET /healthz HTTP/1.1\r\nHost: contactd.local\r\n",
    "post": r"POST /contact HTTP/1.1\r\nHost: contactd.local\r\nContent-Type: application/json\r\n",
    "json": r'\x7b"name":"Ada","email":"ada@example.org","message":"hello, you!"\x7d',
    "hidden": r"{prefix}\r\n",
    "prefix": r"GET {path} HTTP/1.1\r\nHost: contactd.local\r\n",
}
LENGTHS = {"json": 64, "hidden": 64, "prefix": 62, "path": 25}  # the files count on these

PROTOCOL_ERRORS = {400, 405, 408, 411, 413, 414, 417, 431, 501, 505}
OWN_FAULTS = {500, 502, 503, 504}  # no bytes from outside may provoke one
RESPONSE_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
# libmicrohttpd before 1.0 writes the head of its own errors twice ("Connection: close" in both, the page once).
DOUBLED_ERROR = re.compile(rb"(HTTP/1\.[01] 4\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)\1")
DATE = re.compile(rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass
class Vector:
    id: str
    verdict: str
    requests: int
    reference: str
    needs_new_library: bool = False
    text: str = field(default="", repr=False)

    @property
    def tag(self):
        return f"{zlib.crc32(self.id.encode()):08x}"

    @property
    def hidden_path(self):
        return f"/contactd-hidden-{self.tag}"

    @property
    def tail_path(self):
        return f"/contactd-tail-{self.tag}"

    @property
    def parts(self):
        """The bytes to send, cut where the sender waits for an answer."""
        parts = [self.expand(part) for part in self.text.split("{then}")]
        if self.verdict == "reject":
            parts[-1] += f"GET {self.tail_path} HTTP/1.1\r\nHost: contactd.local\r\n\r\n".encode()
        return parts

    def expand(self, text):
        def one(match):
            name, star, times = match[1].rpartition("*")
            if star:
                return name * int(times)
            return self.hidden_path if match[1] == "path" else MACROS[match[1]]

        while (expanded := re.sub(r"\{([^{}]*)\}", one, text)) != text:
            text = expanded
        return codecs.escape_decode(text.encode("latin-1"))[0]


def load(directory=DIRECTORY):
    vectors = []
    for path in sorted(directory.glob("*.txt")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith(" "):
                vectors[-1].text += line.strip()
                continue
            id, verdict, reference, *flags = line.split()
            verdict, _, requests = verdict.partition("*")
            if verdict not in VERDICTS or flags not in ([], ["mhd-1.0"]):
                raise ValueError(f"{path}:{number}: not understood: {line}")
            vectors.append(Vector(id, verdict, int(requests or 1), reference, bool(flags)))
    return vectors


def statuses(data):
    """The final status codes in what came back: one per response, interim ones left out."""
    return [code for code in map(int, STATUS_LINE.findall(data)) if code >= 200]


def judge(vector, reply, logged_paths, is_old_library=False):
    """What is wrong with a server that gave `reply`: a list of sentences, empty when all is well."""
    data = DOUBLED_ERROR.sub(rb"\1", reply.data) if is_old_library else reply.data
    sent, codes, wrong = b"".join(vector.parts), statuses(data), []

    def check(is_good, complaint):
        if not is_good:
            wrong.append(complaint)

    check(codes or reply.closed, f"hangs: neither an answer nor a close in {reply.seconds:.1f} s")
    check(vector.hidden_path not in logged_paths, "executed the hidden request")
    check(vector.tail_path not in logged_paths, "went on reading after a request that must end the connection")
    check(len(codes) <= vector.requests, f"{len(codes)} responses to {vector.requests} request(s)")
    # libmicrohttpd itself answers 500 when the line of a chunk does not fit its buffer.
    check(not OWN_FAULTS & set(codes) or len(sent) > 32768, "blames itself for what a client sent")

    if vector.verdict == "accept":
        check(len(codes) == vector.requests and all(200 <= c < 300 for c in codes), "must be accepted")
    elif vector.verdict == "refuse":
        check(all(400 <= c < 600 for c in codes), "must be refused")
    elif vector.verdict == "reject":
        check(set(codes) <= PROTOCOL_ERRORS, "must be rejected")
        check(reply.closed, "the connection must be closed after a rejection")

    wrong += judge_responses(sent, data)
    if wrong:
        wrong.append(f"statuses {codes}, {'closed' if reply.closed else 'open'} after {reply.seconds:.1f} s")
    return wrong


def judge_responses(sent, data):
    """The rules that every response keeps, whatever the request was."""
    wrong = []
    if data and not STATUS_LINE.match(data):
        wrong.append("does not begin with a status line")
    if b"secret" in data:
        wrong.append("gives a credential back")
    for code, head in RESPONSE_HEAD.findall(data):
        code = int(code)
        lines = (line.partition(b":") for line in head.splitlines())
        fields = {name.lower(): value.strip() for name, _, value in lines}
        if code == 101:
            wrong.append("switches protocols")
        elif code < 200 and (b"100-continue" not in sent.lower() or b" HTTP/1.0\r\n" in sent):
            wrong.append(f"{code} to somebody who did not ask for it")
        if code == 405 and b"allow" not in fields:
            wrong.append("405 without Allow")
        if (code < 200 or code == 204) and {b"content-length", b"transfer-encoding"} & fields.keys():
            wrong.append(f"{code} with a body's length")
        if code >= 200 and not DATE.fullmatch(fields.get(b"date", b"")):
            wrong.append(f"{code} without a good Date")
        if 200 <= code < 300 and code != 204 and b"content-type" not in fields:
            wrong.append(f"{code} without Content-Type")
    if sent.startswith(b"HEAD ") and len(RESPONSE_HEAD.findall(data)) == 1 and not data.endswith(b"\r\n\r\n"):
        wrong.append("HEAD answered with a body")
    return wrong
