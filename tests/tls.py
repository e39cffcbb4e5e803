# SPDX-License-Identifier: MIT
"""A server that speaks TLS itself, and the authority that its certificates are of."""
import os
import ssl
import subprocess
import time
from http.client import HTTPSConnection

from harness import Server


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, check=True, capture_output=True)


EC = "ec", "-pkeyopt", "ec_paramgen_curve:P-256"
CA_SECTION = """
[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
default_md = sha256
unique_subject = no
serial = serial
policy = names
[names]
commonName = supplied
"""


class Authority:
    """A certificate authority of our own, in a directory."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "authority.pem"
        self.issued = 0
        openssl("req", "-x509", *self.key("authority"), "-days", 90, "-subj", "/CN=test authority",
                "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.file, cwd=directory)

    @staticmethod
    def key(stem, kind=EC):
        return "-newkey", *kind, "-nodes", "-keyout", f"{stem}.key"

    def issue(self, certificate, key, names="DNS:localhost,IP:127.0.0.1", days=30, begins=None, kind=EC):
        """Writes a new certificate and its key; returns the certificate's serial number.

        It is good from now on, or from `begins` on (seconds since 1970, maybe of the future).
        """
        self.issued += 1
        stem = f"leaf-{self.issued}"
        (self.directory / f"{stem}.ext").write_text(f"subjectAltName={names}\n")
        openssl("req", *self.key(stem, kind), "-subj", "/CN=server", "-out", f"{stem}.csr", cwd=self.directory)
        if begins is None:
            openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", self.file, "-CAkey", "authority.key", "-set_serial",
                    self.issued + 1000, "-days", days, "-extfile", f"{stem}.ext", "-out", f"{stem}.pem", cwd=self.directory)
        else:
            self.sign_for(stem, begins, begins + days * 86400)
        key.write_bytes((self.directory / f"{stem}.key").read_bytes())
        certificate.write_bytes((self.directory / f"{stem}.pem").read_bytes())
        return self.issued + 1000

    def sign_for(self, stem, begins, ends):
        (self.directory / "ca.cnf").write_text(CA_SECTION)
        (self.directory / "index").touch()
        (self.directory / "serial").write_text(f"{self.issued + 1000:04X}\n")
        start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(moment)) for moment in (begins, ends))
        openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", self.file, "-keyfile", "authority.key",
                "-startdate", start, "-enddate", end, "-extfile", f"{stem}.ext", "-in", f"{stem}.csr", "-out", f"{stem}.pem",
                cwd=self.directory)

    def context(self):
        return ssl.create_default_context(cafile=self.file)


class TlsServer(Server):
    """With certificate.pem and key.pem in its directory, unless options say otherwise."""

    def __init__(self, directory, authority, **options):
        certificate, key = directory / "certificate.pem", directory / "key.pem"
        super().__init__(directory, tls_cert=certificate, tls_key=key, **options)
        self.authority, self.certificate, self.key = authority, certificate, key
        self.serial = authority.issue(certificate, key)
        self.context = authority.context()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def http(self, timeout):
        return HTTPSConnection("localhost", self.port, timeout=timeout, context=self.context)

    def renew(self, **change):
        """A new pair, each file put in its place as one."""
        new = self.directory / "new.pem", self.directory / "new.key"
        self.serial = self.authority.issue(*new, **change)
        os.rename(new[1], self.key)
        os.rename(new[0], self.certificate)
        return self.serial
