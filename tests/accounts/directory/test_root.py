"""What a server says about itself, and one that says nothing."""

from __future__ import annotations

from typing import Any

import ldap
import pytest

from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.root import Root, root_of


class Hidden(Link):
    """A connection to a server that keeps its root entry to itself, in this way."""

    def __init__(self, answer: type[ldap.LDAPError] | None) -> None:
        super().__init__("ldapi://%2Fnowhere")
        self._answer = answer

    def search_ext_s(self, *arguments: Any, **options: Any) -> list[Any]:
        if self._answer:
            raise self._answer
        return []


@pytest.mark.parametrize("answer", [None, ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS])
def test_server_that_hides_its_root_entry_is_read_all_the_same(answer: type[ldap.LDAPError] | None) -> None:
    hidden = root_of(Hidden(answer))
    assert hidden == Root((), frozenset(), None, "")
    assert hidden.context_of("ou=people,dc=example,dc=org") == ""
