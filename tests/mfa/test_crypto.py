from __future__ import annotations

import pytest
from pytest_django import Settings

from mfa import crypto

OLD = bytes(range(32))
NEW = bytes(range(1, 33))


@pytest.mark.row("A-11.3.1")
def test_what_was_encrypted_for_a_row_is_read_back_for_that_row() -> None:
    assert crypto.decrypt(crypto.encrypt(b"seed", row="factor:1"), row="factor:1") == b"seed"


@pytest.mark.row("A-11.3.1")
def test_a_secret_moved_to_another_row_cannot_be_read() -> None:
    with pytest.raises(crypto.Undecryptable):
        crypto.decrypt(crypto.encrypt(b"seed", row="factor:1"), row="factor:2")


@pytest.mark.row("A-11.3.4")
def test_no_nonce_comes_twice_in_ten_thousand() -> None:
    nonces = {crypto.encrypt(b"", row="r").partition(":")[2][:16] for _ in range(10_000)}
    assert len(nonces) == 10_000


@pytest.mark.parametrize("text", ["", "t1", "t1:", "t1:!!!", "t1:AAAA", ":AAAA", "t1:" + "A" * 40])
@pytest.mark.row("A-11.2.5")
def test_damaged_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(crypto.Undecryptable):
        crypto.decrypt(text, row="r")


@pytest.mark.row("A-11.1.1")
def test_the_first_key_writes_and_older_keys_still_read(settings: Settings) -> None:
    settings.MFA_ENCRYPTION_KEYS = {"old": OLD}
    before = crypto.encrypt(b"seed", row="r")
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}
    assert crypto.decrypt(before, row="r") == b"seed"
    assert crypto.encrypt(b"seed", row="r").startswith("new:")


@pytest.mark.row("A-11.2.5")
def test_a_key_that_left_the_ring_makes_its_secrets_unreadable(settings: Settings) -> None:
    settings.MFA_ENCRYPTION_KEYS = {"old": OLD}
    text = crypto.encrypt(b"seed", row="r")
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW}
    with pytest.raises(crypto.Undecryptable):
        crypto.decrypt(text, row="r")
