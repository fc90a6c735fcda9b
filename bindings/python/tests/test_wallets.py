# SPDX-License-Identifier: Apache-2.0
"""The two small wallets of examples/wallet, with each other, through a real relay."""
import os
import pathlib
import subprocess
import sys

import pytest

import programs

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples/wallet"
KEY = '{"format":"digitalwallet.generic.authorizationToken","content":{"token":"0123"}}'


def wallet(language):
    if language == "python":
        return [sys.executable, "-B", str(EXAMPLES / "wallet.py")]
    path = pathlib.Path(os.environ["TIGRESS_BIN_DIR"], "examples/small_wallet")
    if not path.is_file():
        pytest.skip("the examples are not built")
    return [str(path)]


def start(language, folder, relay, *words):
    folder.mkdir()
    env = {**os.environ, "TIGRESS_CACERT": relay.ca_file, "PYTHONPATH": str(programs.MODULE)}
    preload = os.environ.get("TIGRESS_TEST_PRELOAD")
    if preload and language == "python":
        env.update(LD_PRELOAD=preload, ASAN_OPTIONS="detect_leaks=0")
    return subprocess.Popen([*wallet(language), *words], cwd=folder, env=env, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("receiver", ["c", "python"])
@pytest.mark.parametrize("sender", ["c", "python"])
def small_wallets__share_and_accept__key_arrives_and_both_say_so(sender, receiver, relay, tmp_path):
    key = tmp_path / "key.json"
    key.write_text(KEY)
    with start(sender, tmp_path / "sender", relay, "share", relay.origin, str(key)) as sharing:
        link = sharing.stdout.readline().strip()
        assert link.startswith(relay.origin), sharing.stderr.read() if not link else link
        with start(receiver, tmp_path / "receiver", relay, "accept", link) as accepting:
            got, said = accepting.communicate(timeout=programs.TIMEOUT_S)
        assert accepting.returncode == 0, said
        assert got.strip() == KEY
        _, said = sharing.communicate(timeout=programs.TIMEOUT_S)
        assert sharing.returncode == 0, said
        assert "complete" in said.lower() or "received" in said.lower() or "finished" in said.lower(), said
    for side in ("sender", "receiver"):  # the state of a transfer that is over is gone
        assert not list((tmp_path / side).iterdir())


def small_wallets__link_of_nobody__fail_with_a_sentence(relay, tmp_path):
    link = f"{relay.origin}/v1/m/9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11#AAAAAAAAAAAAAAAAAAAAAA=="
    for language in ("c", "python"):
        with start(language, tmp_path / language, relay, "accept", link) as accepting:
            got, said = accepting.communicate(timeout=programs.TIMEOUT_S)
        assert accepting.returncode == 1 and got == "" and said.strip()
