# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for one run, and certificates for 127.0.0.1 from it. Made by openssl(1)."""
from tigress_cluster.process import run

DAYS = 7


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.key = folder / "ca-key.pem"
        self.file = folder / "ca.pem"
        make_key(self.key)
        run(["openssl", "req", "-x509", "-new", "-key", self.key, "-out", self.file, "-days", DAYS, "-subj",
             "/CN=Tigress cluster on loopback", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
             "keyUsage=critical,keyCertSign"])

    def issue(self, cert, key):
        """Writes a certificate for 127.0.0.1 and its key."""
        make_key(key)
        request, extensions = cert.with_suffix(".csr"), cert.with_suffix(".ext")
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
        run(["openssl", "req", "-new", "-key", key, "-out", request, "-subj", "/CN=127.0.0.1"])
        run(["openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-out",
             cert, "-days", DAYS, "-extfile", extensions])
        request.unlink()
        extensions.unlink()


def make_key(path):
    path.touch(mode=0o600)
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path])
