# SPDX-License-Identifier: Apache-2.0
"""A phone: the tool `tigress` with its own state, and a P-256 key."""
import base64
import json
import os
import subprocess

from tigress_cluster.process import ClusterError, run


class Phone:
    def __init__(self, program, folder, name, ca_file):
        self.program = program
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(mode=0o700)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder),
                            "XDG_STATE_HOME": str(self.folder / "state"), "TIGRESS_CACERT": str(ca_file)}
        self.private, self.public = self.folder / "key.pem", self.folder / "public.der"
        run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.private])
        run(["openssl", "pkey", "-in", self.private, "-pubout", "-outform", "DER", "-out", self.public])

    def begin(self, *arguments, given=None):
        """Starts a command of the tool."""
        process = subprocess.Popen([self.program, *map(str, arguments), "--json"], env=self.environment, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        process.stdin.write(given or "")
        process.stdin.close()
        process.stdin = None
        return process

    def end(self, process, expect=0):
        """Waits for it and returns its JSON result."""
        output, errors = process.communicate()
        if process.returncode != expect:
            raise ClusterError(f"{self.name}: tigress ended with {process.returncode}: {errors}{output}")
        return json.loads(output) if output.strip() else {}

    def do(self, *arguments, given=None, expect=0):
        return self.end(self.begin(*arguments, given=given), expect)

    def write(self, name, step, **content):
        """A message of a car key, in a file."""
        path = self.folder / name
        path.write_text(json.dumps({"format": "digitalwallet.carkey.ccc", "content": {"step": step, **content}}))
        return path

    def public_text(self):
        return base64.b64encode(self.public.read_bytes()).decode()

    def sign(self, text):
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.private], input=text.encode(),
                              capture_output=True, check=True)
        return base64.b64encode(done.stdout).decode()

    def verify(self, public_text, signature_text, text):
        """Whether the signature is that of the other phone's key."""
        key, signature = self.folder / "other.der", self.folder / "signature"
        key.write_bytes(base64.b64decode(public_text))
        signature.write_bytes(base64.b64decode(signature_text))
        return subprocess.run(["openssl", "dgst", "-sha256", "-verify", key, "-keyform", "DER", "-signature", signature],
                              input=text.encode(), capture_output=True, check=False).returncode == 0
