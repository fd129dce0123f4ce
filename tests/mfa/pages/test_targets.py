from __future__ import annotations

import pytest

from mfa.pages import targets

FOREIGN = [
    "//evil.test", "/\\evil.test", "\\\\evil.test", "https:evil.test", "https://evil.test", "http:///evil.test",
    "/%0d%0aLocation:%20//evil.test", "\r\n//evil.test", "/\r\n/evil.test", "javascript:alert(1)", "/@evil.test",
    "https://portal.test@evil.test", "https://portal.test/", "/\tevil", "///evil.test", "/..//evil.test",
    "%2f%2fevil.test", "//xn--evl-zma.test", "", " ", "/" + "a" * 600, "/no-such-page/",
]  # fmt: skip


@pytest.mark.row("T-25")
@pytest.mark.parametrize("target", FOREIGN)
def test_only_a_page_of_the_portal_is_a_way_on(target: str) -> None:
    assert targets.safe(target) == "/"


@pytest.mark.row("T-25")
@pytest.mark.parametrize("target", ["/history/", "/history/?page=2", "/sign-in/"])
def test_own_pages_are_followed(target: str) -> None:
    assert targets.safe(target) == target
