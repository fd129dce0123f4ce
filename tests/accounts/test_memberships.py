"""Which group of the directory stands for which of the portal's."""

from __future__ import annotations

import pytest

from accounts.memberships import Membership, Rule, compare, parse


def test_groups_with_their_places_are_read() -> None:
    text = r"helpdesk: cn=help\;desk,dc=example ; admin:cn=a\,b,dc=example; helpdesk: cn=second line,dc=example;"
    assert parse(text) == (
        Rule("helpdesk", r"cn=help\;desk,dc=example"), Rule("admin", r"cn=a\,b,dc=example"),
        Rule("helpdesk", "cn=second line,dc=example"),
    )  # fmt: skip
    assert parse("") == parse(" ; ") == ()


@pytest.mark.parametrize("text", [
    "cn=desk,dc=example", "staff", "staff: nowhere", ": cn=x", "help\ndesk: cn=x", "a: cn=x; a: cn=x",
    "x" * 151 + ": cn=x", "-a: cn=x",
])  # fmt: skip
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be groups with places|the same place twice") as refused:
        parse(text)
    assert text not in str(refused.value)


def test_only_differences_are_changes() -> None:
    assert compare("admin", {1, 2}, {2, 3}) == [Membership(1, "admin", True), Membership(3, "admin", False)]
