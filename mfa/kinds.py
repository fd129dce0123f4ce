"""What a kind of factor is, and the registry: `MFA_FACTORS` names kinds, each is `mfa.factors.<slug>.factor.KIND`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, override

from mfa.notes import CardAction, Note
from mfa.outcomes import Refused, Result, WrongShape

if TYPE_CHECKING:
    from accounts.models import User
    from mfa.models import Delivery, Factor


Person = Callable[[str], Combinable]
"""A column of whoever has a factor, by its name, in a question to the database."""


class Answers(Enum):
    """How a person answers: by typing a code, or by a browser ceremony (passkeys; never over RADIUS)."""

    CODE = "code"
    CEREMONY = "ceremony"


class Purpose(StrEnum):
    """What a one-time code is for; a code for one purpose is worth nothing for another."""

    SIGN_IN = "sign-in"
    PROOF = "proof"
    CONFIRM_PHONE = "confirm-phone"
    CONFIRM_EMAIL = "confirm-email"
    TEST = "test"
    UNDO_PHONE = "undo-phone"
    REFUSE_PHONE = "refuse-phone"
    ACTIVATE = "activate"
    APPLICATION = "application"
    """At an application's prompt: a VPN gateway's, not the portal's own."""
    ALONE = "alone"
    """Signing in with nothing before it: the factor itself must have verified the person."""
    ENROL = "enrol"
    CALLER = "caller"
    """To be read back to helpdesk by whoever calls."""
    HELPDESK_PHONE = "helpdesk-phone"
    """To be read back to helpdesk from a new phone, whose number helpdesk sets then."""

    @property
    def message(self) -> str:
        """The template of the message that carries a code for this purpose."""
        return "caller-code" if self is Purpose.CALLER else "code"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was typed, or what the browser's ceremony gave as JSON, and which question it answers: the purpose, and the
    challenge: the token of the code that was sent, or what the ceremony had to sign."""

    text: str
    purpose: Purpose = Purpose.SIGN_IN
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a browser needs to begin a ceremony (JSON values), and the challenge in it that the answer must sign."""

    options: dict[str, Any]
    challenge: str


@cache
def _labels(kind: type[FactorKind]) -> frozenset[str]:
    """The kind's label in every language of the portal."""
    found = set()
    for language, _name in settings.LANGUAGES:
        with override(language):
            found.add(str(kind.label))
    return frozenset(found)


class FactorKind(ABC):
    """One kind of factor. Instances hold no state; everything of a person is in the Factor row."""

    slug: ClassVar[str]
    label: ClassVar[str | Promise]
    description: ClassVar[str | Promise]
    icon: ClassVar[str]
    answers: ClassVar[Answers] = Answers.CODE
    sends: ClassVar[bool] = False
    channel: ClassVar[str] = ""
    """The outbox's channel that its codes leave by; empty for kinds that send none."""
    by_phone: ClassVar[bool] = False
    """Whether it rests on the person's phone number, so that a new number is a new factor."""
    on_phone: ClassVar[bool] = False
    """Whether it usually lives on a phone, so that it goes when the phone is lost."""
    own_device: ClassVar[bool] = False
    """Whether it is on a device that can be lost by itself (a security key, a token), so that its card says so."""
    single: ClassVar[bool] = False
    signs_in: ClassVar[bool] = True
    restricted: ClassVar[bool] = False
    """Whether people are told of its risks and offered better ones (SMS, e-mail: NIST SP 800-63B-4 3.2.9)."""
    legacy: ClassVar[bool] = False
    """Whether it exists for gateways that know nothing better (mOTP); marked so wherever it is offered."""
    only_where_listed: ClassVar[bool] = False
    """Whether an application accepts it only where its row names it."""
    lent: ClassVar[bool] = False
    """Whether helpdesk gives it for a short time. Rules about kinds do not speak of it, no remember rule outlasts it,
    it is asked for first, and it ends when the person has set up a factor."""
    is_list: ClassVar[bool] = False
    """Whether its answers are a list that is crossed off: an older database brings back those spent since."""
    rank: ClassVar[int]
    """Order in which ways to sign in are offered; the strongest first."""
    code_hint: ClassVar[str | Promise]
    """The label of the code field, e.g. "6-digit code from your app"."""
    prompt_word: ClassVar[str] = ""
    """What one types at an application's prompt to be asked for this kind instead, e.g. "sms"."""
    elsewhere: ClassVar[str | Promise] = ""
    """What else can be wrong where an application refuses a code that is right here."""
    code_field: ClassVar[str] = "numeric"
    """How the field looks: "numeric", "text", or "long" for recovery and activation codes."""
    ceremony_template: ClassVar[str] = ""
    """The part of a page that leads the browser through the ceremony. Only for kinds that answer by one."""

    @abstractmethod
    def could_match(self, factor: Factor, answer: Answer) -> bool:
        """Whether the answer has the shape of a code of this factor. Costs no guess."""

    @abstractmethod
    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        """Use the answer up, or raise Refused. The caller holds the row lock, and saves the factor's row."""

    @abstractmethod
    def describe(self, factor: Factor) -> str:
        """What tells this factor from another of its kind without giving anything away, e.g. "+49 *** **12"."""

    def says_no_more(self, name: str) -> bool:
        """Whether the name of a factor is only its kind's, in whichever language it was stored."""
        return name in _labels(type(self))

    @property
    def mark(self) -> str | Promise:
        """What stands beside the label wherever the kind is had or offered; empty for most."""
        if self.legacy:
            return gettext_lazy("legacy")
        return gettext_lazy("restricted") if self.restricted else ""

    @property
    def marked_label(self) -> str:
        """The label with that mark, where only text can stand: in choices and lists."""
        return f"{self.label} ({self.mark})" if self.mark else str(self.label)

    @property
    def in_portal(self) -> bool:
        """Whether the portal's own sign-in and fresh proof accept it."""
        return True

    @property
    def alone(self) -> bool:
        """Whether it may be a person's only factor: what the portal does not accept cannot manage itself, and recovery
        codes are there to run out."""
        return self.in_portal

    @property
    def backup(self) -> bool:
        """Whether it is a way back in for the day the others are gone (recovery codes), and no factor to count."""
        return self.signs_in and self.in_portal and not self.alone

    @property
    @abstractmethod
    def verified(self) -> Result:
        """The result of a right answer."""

    def implied(self, user: User) -> bool:
        """Whether the person has this factor without any row (SMS, by a number the directory gave)."""
        return False

    def works(self, factor: Factor) -> bool:
        """Whether what the factor rests on is still what was confirmed (the mailbox of codes by mail)."""
        return True

    def working(self, person: Person) -> Q | None:
        """What `works` says, as a condition on rows of factors in SQL, where `person` gives a column of their owner;
        None where all of them work."""
        return None

    def serves(self, factor: Factor, application: str) -> bool:
        """Whether the factor may answer at this application, of all that accept the kind."""
        return True

    def next_send_at(self, user: User, *, now: datetime) -> datetime | None:
        """When the person's own budget allows the next code, for kinds with `sends`; None for now."""
        return None

    def send(self, factor: Factor, *, purpose: Purpose, now: datetime) -> tuple[str, Delivery]:
        """Send a code; returns the challenge's token and the message. Only for kinds with `sends`."""
        raise NotImplementedError(self.slug)

    @property
    def sign_in_template(self) -> str:
        """What stands below the password on the sign-in page, for kinds that lead in without one; else empty."""
        return ""

    def ceremony(self, user: User, *, now: datetime) -> Ceremony:
        """A new ceremony for the person's factors of this kind. Only for kinds that answer by one."""
        raise NotImplementedError(self.slug)

    def unfit(self) -> Refused:
        """The refusal of an answer that none of the person's factors of this kind could have given."""
        return WrongShape()

    def result(self, factor: Factor) -> Result:
        """`verified`, or what says more exactly how this factor has just answered."""
        return self.verified

    def add_url(self) -> str | None:
        """The page that enrols one, or None."""
        return None

    def offered(self, user: User) -> bool:
        """Whether the person may add one."""
        return True

    def notes(self, user: User, rows: list[Factor], *, now: datetime) -> list[Note]:
        """What the person's first page says besides the cards; nothing where all is well. `rows` are all of the
        person's factors, whatever their state."""
        return []

    def actions(self, factor: Factor) -> list[CardAction]:
        """What the owner can do with it on the dashboard."""
        return []

    def mends(self, factor: Factor) -> list[CardAction]:
        """What the owner can do about a factor whose right codes are refused (a clock that is wrong)."""
        return []

    def left(self, factor: Factor) -> int | None:
        """How many answers remain where they run out (recovery codes)."""
        return None


def carrier(channel: str) -> str:
    """The kind whose codes leave by a channel of the outbox; empty where none is in use."""
    return next((one.slug for one in registry().values() if one.sends and one.channel == channel), "")


@cache
def registry() -> dict[str, FactorKind]:
    """All kinds in use by slug, in the order of MFA_FACTORS."""
    return {slug: import_module(f"mfa.factors.{slug}.factor").KIND for slug in settings.MFA_FACTORS}


def kind(slug: str) -> FactorKind:
    """The kind. Raises KeyError for one that is not in use."""
    return registry()[slug]
