# SPDX-License-Identifier: Apache-2.0
"""Privacy Pass tokens over HTTPS; the test is the issuer."""
import contextlib
import json
import random
import re
import subprocess
import threading
import time

import pytest

import standing
from cli_device import KEY, Device as Wallet
from conftest import make_relay, open_api
from relay_process import RelayError, find_binary, sanitizer_env
from tigress_client import create_message, new_id

ORIGIN = "127.0.0.1"
DAY = 86400


def has_tool():
    with contextlib.suppress(RelayError):
        return bool(find_binary("tigress"))
    return False


@pytest.fixture(scope="module")
def issuers():
    return standing.Issuer(), standing.Issuer()


def settings(tmp, keys, *more):
    path = standing.write_issuers(tmp / "issuers.json", [("issuer.example", keys)])
    return ["--private-tokens", "required", "--private-token-issuers", str(path), *more]


@pytest.fixture(scope="module")
def asking(tmp_path_factory, issuers):
    """Two valid keys: the challenge names the first one."""
    tmp = tmp_path_factory.mktemp("tokens")
    end = time.time() + DAY
    keys = [issuers[0].entry(end), issuers[1].entry(end)]
    with make_relay(tmp, args=settings(tmp, keys, "--workers", "2")) as running:
        yield running


@pytest.fixture(params=["h1", "h2"])
def asked(request, asking):
    with contextlib.closing(open_api(asking, request.param)) as opened:
        yield opened


def fresh(issuer, **options):
    return standing.authorization(issuer.token(issuer.token_challenge(ORIGIN), **options))


def create(api, header=None, claim=None, request_id=None, message=None):
    return api.create(message, claim or new_id(), request_id or new_id(),
                      extra=[header] if header else [])


def assert_refused(answer, step):
    assert answer.status == 401, (answer.status, answer.body)
    problem = answer.json()
    assert problem["type"] == "urn:tigress:problem/standing"
    assert step in problem["detail"], problem
    assert standing.asked_tokens(answer)


# spec-test: protocol/6#challenges-in-401
def create__without_token__asked_for_one_that_then_does(asked, issuers):
    answer = create(asked)
    assert_refused(answer, "a private token")
    [(challenge, key)] = standing.asked_tokens(answer)
    assert challenge == issuers[0].token_challenge(ORIGIN)
    assert key == issuers[0].spki
    for is_blind in (False, True):
        token = issuers[0].token(challenge, is_blind=is_blind)
        assert create(asked, standing.authorization(token)).status == 200


# spec-test: protocol/6#token-spent-once
def token__spent__only_the_same_create_succeeds_again(asked, issuers):
    header, claim, request_id = fresh(issuers[0]), new_id(), new_id()
    message = create_message()
    first = create(asked, header, claim, request_id, message)
    assert first.status == 200
    again = create(asked, header, claim, request_id, message)
    assert again.status == 201 and again.json() == first.json()
    assert_refused(create(asked, header, claim), "spent")
    assert_refused(create(asked, header, request_id=request_id), "spent")


# spec-test: protocol/6#private-token-rotation
def token__of_the_second_key__accepted(asked, issuers):
    assert create(asked, fresh(issuers[1], is_blind=True)).status == 200


def token__of_a_stranger_or_damaged__refused(asked, issuers):
    assert_refused(create(asked, fresh(standing.Issuer())), "key")
    token = bytearray(issuers[0].token(issuers[0].token_challenge(ORIGIN)))
    for at, step in ((1, "encoding"), (5, "signature"), (40, "challenge"), (70, "key"),
                     (353, "signature")):
        token[at] ^= 1
        assert_refused(create(asked, standing.authorization(bytes(token))), step)
        token[at] ^= 1
    assert_refused(create(asked, standing.authorization(bytes(token) + b"x")), "encoding")
    assert_refused(create(asked, ("Authorization", "PrivateToken")), "encoding")
    assert create(asked, standing.authorization(bytes(token))).status == 200


def token__for_another_origin_or_context__refused(asked, issuers):
    issuer = issuers[0]
    for challenge in (issuer.token_challenge("relay.example"), issuer.token_challenge(""),
                      issuer.token_challenge(ORIGIN, b"c" * 32)):
        header = standing.authorization(issuer.token(challenge))
        assert_refused(create(asked, header), "challenge")


def many_creates_with_one_token__exactly_one_wins(asking, issuers):
    header = fresh(issuers[0])
    count = 64
    statuses = []
    start = threading.Barrier(count)

    def run():
        with contextlib.closing(open_api(asking)) as api:
            api.preview(new_id())  # connected
            start.wait(30)
            statuses.append(create(api, header).status)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200] + [401] * (count - 1)


def crash__after_spending__the_token_stays_spent(tmp_path, issuers):
    keys = [issuers[0].entry(time.time() + DAY)]
    header, claim, request_id = fresh(issuers[0]), new_id(), new_id()
    message = create_message()
    relay = make_relay(tmp_path, args=settings(tmp_path, keys))
    relay.start()
    try:
        with contextlib.closing(open_api(relay)) as api:
            assert create(api, header, claim, request_id, message).status == 200
        relay.kill()
        relay.start()
        with contextlib.closing(open_api(relay)) as api:
            assert_refused(create(api, header), "spent")
            assert create(api, header, claim, request_id, message).status == 201
    finally:
        relay.stop()


def crash__while_many_redeem__one_create_at_most_has_the_token(tmp_path, issuers):
    """Killed at a random moment; afterwards the token is valid for only one create."""
    keys = [issuers[0].entry(time.time() + DAY)]
    relay = make_relay(tmp_path, args=settings(tmp_path, keys, "--workers", "2"))
    relay.start()
    try:
        for _ in range(3):
            redeem_and_kill(relay, issuers[0])
    finally:
        relay.stop()


def redeem_and_kill(relay, issuer):
    header = fresh(issuer)
    shares = [(new_id(), new_id()) for _ in range(16)]
    message = create_message()
    answers = {}

    def run(share):
        with contextlib.suppress(OSError, EOFError, Exception), \
                contextlib.closing(open_api(relay)) as api:
            answers[share] = create(api, header, *share, message).status

    threads = [threading.Thread(target=run, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    threads[0].join(60)
    relay.kill()
    for thread in threads:
        thread.join(60)
    relay.start()
    with contextlib.closing(open_api(relay)) as api:
        after = {share: create(api, header, *share, message).status for share in shares}
    winners = [share for share, status in after.items() if status in (200, 201)]
    assert len(winners) == 1, after
    assert all(status == 401 for share, status in after.items() if share not in winners)
    assert all(share == winners[0] for share, status in answers.items() if status in (200, 201))


# spec-test: protocol/6#token-spent-once
def crash__at_a_random_moment__no_token_is_lost_and_none_spent_twice(tmp_path, issuers):
    """Each create has a token of its own: after a kill it succeeds, and its token no other create."""
    keys = [issuers[0].entry(time.time() + DAY)]
    relay = make_relay(tmp_path, args=settings(tmp_path, keys, "--workers", "2"))
    relay.start()
    try:
        for _ in range(4):
            create_and_kill(relay, issuers[0])
    finally:
        relay.stop()


def create_and_kill(relay, issuer):
    shares = [(fresh(issuer), new_id(), new_id()) for _ in range(24)]
    message = create_message()
    answers = {}
    start = threading.Barrier(len(shares) + 1)

    def run(share):
        with contextlib.suppress(OSError, EOFError, Exception), \
                contextlib.closing(open_api(relay)) as api:
            api.preview(new_id())  # connected
            start.wait(30)
            answers[share] = create(api, *share, message).status

    threads = [threading.Thread(target=run, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    start.wait(30)
    time.sleep(random.uniform(0, 0.03))  # the moment of the kill
    relay.kill()
    for thread in threads:
        thread.join(60)
    relay.start()
    with contextlib.closing(open_api(relay)) as api:
        for share in shares:
            status = create(api, *share, message).status
            assert status in (200, 201), (share in answers, status)
            assert status == 201 or answers.get(share) not in (200, 201)
            assert_refused(create(api, share[0]), "spent")


# spec-test: protocol/6#spent-full-refuses
def table_of_spent_tokens__full__503_and_the_token_stays_good(tmp_path, issuers):
    keys = [issuers[0].entry(time.time() + DAY)]
    path = tmp_path / "r"
    path.mkdir()
    relay = make_relay(path, args=settings(path, keys, "--spent-tokens-max", "2"))
    relay.start()
    with contextlib.closing(open_api(relay)) as api:
        first, second, third = (fresh(issuers[0]) for _ in range(3))
        claim, request_id, message = new_id(), new_id(), create_message()
        assert create(api, first, claim, request_id, message).status == 200
        assert create(api, second).status == 200
        answer = create(api, third)
        assert answer.status == 503 and int(answer.header("retry-after")) > 0
        assert create(api, first, claim, request_id, message).status == 201
        assert_refused(create(api, first), "spent")
    relay.stop()
    relay.args = settings(path, keys, "--spent-tokens-max", "3")
    with relay, contextlib.closing(open_api(relay)) as api:
        assert create(api, third).status == 200


# ---- the life of a key --------------------------------------------------------------------------

def start_refusal(relay):
    with pytest.raises(RelayError) as refused:
        relay.start()
    return str(refused.value)


def checked(relay):
    ran = subprocess.run(relay.command() + ["--check-config"], capture_output=True, text=True,
                         env=sanitizer_env(), timeout=60)
    return ran.returncode, ran.stderr


# spec-test: protocol/6#retired-key-for-good
def key__prolonged_or_removed_and_named_again__its_spent_tokens_stay_spent(tmp_path, issuers):
    old, other = issuers
    end = time.time() + DAY
    header = fresh(old)
    relay = make_relay(tmp_path, args=settings(tmp_path, [old.entry(end)]))
    with relay, contextlib.closing(open_api(relay)) as api:
        assert create(api, header).status == 200
    for keys in ([old.entry(end + 30 * DAY)], [other.entry(end)], [old.entry(end + 60 * DAY)]):
        relay.args = settings(tmp_path, keys)
        assert checked(relay)[0] == 0
        with relay, contextlib.closing(open_api(relay)) as api:
            assert_refused(create(api, header), "key" if keys[0] == other.entry(end) else "spent")
            if keys[0] != other.entry(end):
                assert create(api, fresh(old)).status == 200


# spec-test: protocol/6#retired-key-for-good
def key__retired__refused_at_the_start_with_the_reason(tmp_path, issuers):
    """A restored copy retires every key that it knows, as the end of a key does."""
    old, other = issuers
    now = time.time()
    relay = make_relay(tmp_path, args=settings(tmp_path, [old.entry(now + DAY)]))
    with relay, contextlib.closing(open_api(relay)) as api:
        assert create(api, fresh(old)).status == 200
    subprocess.run(relay.command() + ["--restored=keep-mailboxes"], check=True,
                   capture_output=True, env=sanitizer_env(), timeout=60)
    for keys in ([old.entry(now + DAY)], [other.entry(now + DAY), old.entry(now + 90 * DAY)]):
        relay.args = settings(tmp_path, keys)
        place = f"issuer 1, key {len(keys)}: this key is retired"
        assert place in start_refusal(relay)
        code, text = checked(relay)
        assert code != 0 and place in text
    # The file of a relay whose key has ended in the meantime: it starts.
    relay.args = settings(tmp_path, [old.entry(now - 5), other.entry(now + DAY)])
    assert checked(relay)[0] == 0
    with relay, contextlib.closing(open_api(relay)) as api:
        assert_refused(create(api, fresh(old)), "key")
        assert create(api, fresh(other)).status == 200


# spec-test: protocol/6#token-context
def context__request__the_token_is_valid_for_one_request_only(tmp_path, issuers):
    issuer = issuers[0]
    keys = [issuer.entry(time.time() + DAY)]
    args = settings(tmp_path, keys, "--private-token-context", "request")
    with make_relay(tmp_path, args=args) as relay, contextlib.closing(open_api(relay)) as api:
        claim, request_id, message = new_id(), new_id(), create_message()
        asked = create(api, None, claim, request_id, message)
        [(challenge, _)] = standing.asked_tokens(asked)
        covered = standing.challenge(claim, request_id, message)
        assert challenge == issuer.token_challenge(ORIGIN, covered)
        header = standing.authorization(issuer.token(challenge))
        assert_refused(create(api, header), "challenge")
        assert_refused(create(api, fresh(issuer), claim, request_id, message), "challenge")
        assert create(api, header, claim, request_id, message).status == 200


def key__whose_time_is_over_or_not_yet_come__refused(tmp_path, issuers):
    now = time.time()
    keys = [issuers[0].entry(now - 1), issuers[1].entry(now + 2 * DAY, now + DAY)]
    with make_relay(tmp_path, args=settings(tmp_path, keys)) as relay, \
            contextlib.closing(open_api(relay)) as api:
        for issuer in issuers:
            answer = create(api, fresh(issuer))
            assert answer.status == 401 and "key" in answer.json()["detail"]


# ---- the tool -----------------------------------------------------------------------------------

@pytest.mark.skipif(not has_tool(), reason="built without the tool")
def tool__token_required__prints_the_challenge_and_continues_with_one(asking, issuers, tmp_path):
    (tmp_path / "credential.json").write_text(json.dumps(KEY))
    alice, bob = Wallet(tmp_path / "alice", asking), Wallet(tmp_path / "bob", asking)
    ran = alice.run("share", "--yes", "--json", tmp_path / "credential.json")
    assert ran.code == 1 and ran.error == "standing"
    said = ran.json["error"]["message"]
    challenge = standing.unb64u(re.search(r'challenge="([^"=]*)', said).group(1))
    assert challenge == issuers[0].token_challenge(ORIGIN)
    waiting = re.search(r"--resume (\S+)", said).group(1)
    token = standing.b64u(issuers[0].token(challenge))
    assert alice.run("share", "--json", "--resume", waiting).code == 1
    made = alice.must("share", "--resume", waiting, "--private-token", "-", given=token + "\n")
    assert bob.must("accept", made["url"])["message"]["content"] == KEY["content"]


@pytest.mark.skipif(not has_tool(), reason="built without the tool")
def tool__token_got_ahead_spent_or_no_token__as_it_is(asking, issuers, tmp_path):
    (tmp_path / "credential.json").write_text(json.dumps(KEY))
    (tmp_path / "token").write_text(
        standing.b64u(issuers[0].token(issuers[0].token_challenge(ORIGIN))))
    alice = Wallet(tmp_path / "alice", asking)
    share = ("share", "--yes", tmp_path / "credential.json", "--private-token")
    assert alice.must(*share, f"@{tmp_path / 'token'}")["url"]
    spent = alice.run(*share, f"@{tmp_path / 'token'}", "--json")
    assert spent.code == 1 and spent.error == "standing" and "spent" in spent.err
    assert alice.run(*share, "not a token", "--json").code == 2
