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


@pytest.mark.row("T-31", "T-33")
@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:51234", "192.0.2.7"),
        ("192.0.2.7:0", "192.0.2.7"),
        ("[2001:DB8::7]:443", "2001:db8::7"),
        ("[::ffff:192.0.2.7]:443", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::1:443", "::1:443"),
    ],
)
def test_a_port_behind_an_address_is_taken_off_where_it_can_be_nothing_else(sent: str, address: str) -> None:
    assert addresses.of_endpoint(sent) == address


@pytest.mark.row("T-31", "T-33")
@pytest.mark.parametrize(
    "sent",
    [
        "192.0.2.7:5:6", "192.0.2.7:99999", "192.0.2.7:65536", "192.0.2.7:", "192.0.2.7:+80", "192.0.2.7:\u0661",
        " 192.0.2.7:80", "192.0.2.7:80 ", "192.0.2.7 :80", "192.0.2.7: 80", "192.0.2.7:80\n", "192.0.2.07:80",
        "192.0.2.0/24:80", "192.0.2.7,192.0.2.8:80", "a:80", ":80", "", "[192.0.2.7]:80", "[2001:db8::7]", "[::1]:",
        "[::1]443", "[::1]:443:1", "[[::1]]:443", "[fe80::1%eth0]:443", "fe80::1%eth0:443", "1:2:3:4:5:6:7:8:443",
        "udp:192.0.2.7:80",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_no_address(sent: str) -> None:
    assert addresses.of_endpoint(sent) == ""
