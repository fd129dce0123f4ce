from __future__ import annotations

import pytest

from accounts import addresses


@pytest.mark.row("T-31", "T-33")
@pytest.mark.parametrize(
    ("typed", "canonical", "source"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0:1::7", "2001:db8::1:0:0:7", "2001:db8::/64"),
        ("2001:db8:0:1::7", "2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "", ""),
        ("fe80::1%" + "x" * 200, "", ""),
        ("192.0.2.7:80", "", ""),
        ("192.0.2.0/24", "", ""),
        ("192.0.2.07", "", ""),
        ("a", "", ""),
        ("", "", ""),
    ],
)
def test_each_address_has_one_spelling_and_one_source(typed: str, canonical: str, source: str) -> None:
    assert (addresses.canonical(typed), addresses.source(typed)) == (canonical, source)
