"""Sign-in with the directory's password: the entry is found by user name, the person by the entry's id.

django-auth-ldap searches and binds; who that is here, and whether they may come in, is decided below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from django.db import IntegrityError
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_auth_ldap.backend import LDAPBackend, ldap_error
from django_auth_ldap.config import LDAPSearch, LDAPSettings

from accounts import names
from accounts.directory import configuration, numbers, turns
from accounts.directory.apply import apply
from accounts.directory.entries import Entry, Sighting
from accounts.directory.planner import Planner
from accounts.directory.readers import DirectoryError
from accounts.directory.readers.ldap import REFUSALS, SUBTREE, Server, link, person
from accounts.directory.readers.records import Raw, read
from accounts.directory.stored import PERSON
from accounts.models import User
from accounts.passwords import DirectoryUnreachable
from accounts.people import Person


class PersonSearch(LDAPSearch):  # type: ignore[misc]  # the package has no type hints
    """Leaves DN and values as the server wrote them. The package's own search puts a DN into lower case, and lower case
    of "İ" or of a final "Σ" is another name to a directory: such people could not sign in."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.base, SUBTREE)
        self._server = server

    def execute(
        self, connection: link.Link, filterargs: Mapping[str, str] = MappingProxyType({}), escape: bool = True
    ) -> list[tuple[str, Raw]]:
        return person.find(connection, self._server, filterargs["user"])


class DirectoryBackend(LDAPBackend):  # type: ignore[misc]  # the package has no type hints
    """Answers None where there is no directory, and for every password that is not right. Raises DirectoryUnreachable
    when nobody can know."""

    _settings: LDAPSettings | None = None

    @property
    def settings(self) -> LDAPSettings:
        if self._settings is None:
            self._settings = LDAPSettings(self.settings_prefix, _settings_of(configuration.server()))
        return self._settings

    @property
    def ldap(self) -> ModuleType:
        """Where connections are made: ours say in the log why a password was refused."""
        return link

    @sensitive_variables("password")
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: object
    ) -> User | None:
        typed = names.normalise(username or "")
        if not configuration.knows_passwords() or not typed or not (password or "").strip("\0 \t\r\n"):
            return None
        server = configuration.server()
        try:
            server.require_protection()
        except DirectoryError as error:
            raise DirectoryUnreachable(str(error)) from None
        with turns.of_process().one():
            user = super().authenticate(request, username=typed, password=password)
        if user is None:
            return None
        # Drops the connection, which is bound and would live as long as the person's object.
        del user.ldap_user
        return user if isinstance(user, User) else None

    def get_or_build_user(self, username: str, ldap_user: Any) -> tuple[User, bool]:
        """The person whose entry this is; one the portal has not met yet is created by the rules of the sync."""
        user = _person(username, ldap_user)
        if user is None or not user.is_active:
            raise ldap_user.AuthenticationFailed("the portal lets nobody in by this entry")
        return user, False

    def get_user(self, user_id: int) -> User | None:
        """For each request of a session: the row alone, no directory."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    def get_group_permissions(self, user: User, obj: object = None) -> set[str]:
        """The portal's own groups say who may do what; the other backend knows them."""
        return set()


@receiver(ldap_error, sender=DirectoryBackend)
def _unreachable(sender: type, context: str, exception: Exception, **kwargs: object) -> None:
    """django-auth-ldap would take an outage for a wrong password. A directory that says no to one person's bind has
    answered, though; a search is made by the service account, whose refusals are outages."""
    if context != "authenticate" or not isinstance(exception, REFUSALS):
        raise DirectoryUnreachable("The directory did not answer.") from None


def _settings_of(server: Server) -> dict[str, object]:
    return {
        "SERVER_URI": server.url,
        "START_TLS": server.upgrades,
        "CONNECTION_OPTIONS": server.options(),
        "BIND_DN": server.bind_dn,
        "BIND_PASSWORD": server.bind_password,
        "USER_SEARCH": PersonSearch(server),
        "ALWAYS_UPDATE_USER": False,
    }


def _person(username: str, ldap_user: Any) -> User | None:
    """None unless exactly this user name has one readable entry and nobody else's account is in its way."""
    entry = read(ldap_user.dn, ldap_user.attrs, configuration.profile())
    # A directory compares more loosely than the portal (runs of spaces, accents of some servers).
    if not isinstance(entry, Entry) or entry.username != username or not entry.enabled:
        return None
    known = User.objects.filter(directory_id=entry.directory_id).first()
    return known or _meet(entry)


def _meet(entry: Entry) -> User | None:
    """Create the person, with only those people in view whom the plan has to see: who has this name or this number."""
    now = timezone.now()
    number = numbers.choose(entry, configuration.rules(), before="").e164
    concerned = Q(username=entry.username) | (Q(phone=number) if number else Q())
    people = map(Person._make, User.objects.filter(concerned).values_list(*PERSON))
    planner = Planner(people, rules=configuration.rules(), policy=configuration.policy(now), complete=False)
    planner.take([Sighting(entry.directory_id, entry.fingerprint, lambda: entry)])
    try:
        apply(planner.finish(), run=None, now=now, actor=None, beat=lambda _done: None)
    except IntegrityError:
        return None
    return User.objects.filter(directory_id=entry.directory_id).first()
