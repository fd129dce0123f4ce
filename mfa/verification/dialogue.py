"""What an application and a person say to each other through the portal: password, question, code; then yes or no.

`identify` may ask the directory and so stays outside any transaction; `reply` joins the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts import names
from accounts.compiled import Compiled
from accounts.models import User
from mfa import codes, holdings, kinds
from mfa.kinds import Answer, Purpose
from mfa.models import Application, Factor, OneTimeCode, Prompt
from mfa.outcomes import (
    CODE_PENDING,
    NOTHING_ENROLLED,
    PROMPT_OVER,
    SMS_SENT,
    USER_DISABLED,
    USER_NOT_FOUND,
    Refused,
    Result,
    TooManyMessages,
    Unusable,
)
from mfa.verification import choice, log, passwords, prompts, service, sources, unfit
from mfa.verification.service import Attempt

OPEN_FOR = timedelta(minutes=5)
"""How long a question waits for its answer; as long as a code that was sent."""
LONGEST = timedelta(minutes=10)
"""How long one right password can be asked about, however often another factor is asked for by its word."""
Mode = Application.Mode
_BY_NAME = Compiled(lambda: User.objects.filter(username="alice"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of an application about one person. `username` is as it was typed; `state` names the question that
    `code` answers; `address` is the person's, where the application is believed, else empty; `gateway` is what the
    application calls itself."""

    application: Application
    username: str
    password: str = ""
    code: str = ""
    state: str = ""
    kind: str = ""
    address: str = ""
    gateway: str = ""

    @property
    def name(self) -> str:
        """The user name in the portal that is meant."""
        return names.without_domain(self.username, self.application.domains)


@dataclass(frozen=True, slots=True)
class Reply:
    """Yes, no, or a question: then `state` is not empty. `words` may be shown to anybody; `user` is set with a yes."""

    result: Result
    words: str = ""
    state: str = ""
    kind: str = ""
    user: User | None = None

    @property
    def accepted(self) -> bool:
        return self.result.accepted and self.user is not None and not self.state


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose turn it is, with the question that waits for an answer, if there is one."""

    user: User
    prompt: Prompt | None = None


def identify(asked: Asked, *, now: datetime) -> Identified | Reply:
    """Who it is about, with the password checked where this application leaves that to the portal; or the refusal."""
    try:
        if asked.state:
            return _by_state(asked, now)
        if asked.application.mode == Mode.CODE_ONLY:
            return Identified(_by_name(asked, now))
        user = passwords.check(
            asked.name, asked.password, address=asked.address, now=now,
            application=asked.application.slug, gateway=asked.gateway,
        )  # fmt: skip
    except Refused as refused:
        return no(refused.result)
    return Identified(user)


def reply(asked: Asked, who: Identified, *, now: datetime) -> Reply:
    """Judge the code, or ask for one. A question is ended by its answer, whatever that was."""
    if who.prompt is not None and not _end(who.prompt, now):
        _log(asked, who.user, PROMPT_OVER, now)
        return no(PROMPT_OVER)
    wanted = prompts.chosen(asked.code) if asked.code else None
    if asked.code and wanted is None and asked.code.strip() != prompts.HELP:
        return _judge(asked, who, now)
    if not asked.code:
        spared = service.recall(_attempt(asked, who.user, Answer("", Purpose.APPLICATION)), now=now)
        if spared is not None:
            return Reply(spared.result, kind=spared.kind, user=who.user)
    before = who.prompt.kind if who.prompt else asked.kind
    return _ask(asked, who, wanted.slug if wanted else before, now)


def no(result: Result) -> Reply:
    """The refusal, with the words that are the same for every cause."""
    return Reply(result, prompts.refused())


def _judge(asked: Asked, who: Identified, now: datetime) -> Reply:
    prompt = who.prompt
    answer = Answer(codes.compact(asked.code), Purpose.APPLICATION, prompt.challenge if prompt else "")
    verdict = service.verify(_attempt(asked, who.user, answer, prompt.kind if prompt else asked.kind), now=now)
    if not verdict.accepted:
        return no(verdict.result)
    return Reply(verdict.result, kind=verdict.kind, user=who.user)


def _ask(asked: Asked, who: Identified, wanted: str, now: datetime) -> Reply:
    """A question for a code of the kind that is wanted, else of the first one; sent where the kind sends. What may not
    be sent now gives way to the next."""
    user, begun = who.user, who.prompt.created_at if who.prompt else now
    usable = holdings.usable(user, now=now)
    factors = choice.asked_for(asked.application, choice.typed(user, usable, now=now), now=now)
    if not factors:
        return _none(asked, user, unfit.why(user, usable, asked.application.slug, now=now), now)
    refused, refusing = NOTHING_ENROLLED, ""
    for factor in sorted(factors, key=lambda factor: factor.kind != wanted):
        try:
            challenge = _sent(asked, factor, now) if kinds.kind(factor.kind).sends else ""
        except Refused as refusal:
            refused, refusing = refusal.result, factor.kind
            continue
        cause = f" (instead of {refusing}: {refused.meaning})" if refusing else ""
        reply = _question(factor, factors, _open(asked, factor, challenge, begun, now))
        _log(asked, user, reply.result, now, kind=factor.kind, cause=cause and f"{reply.result.meaning}{cause}")
        return reply
    _log(asked, user, refused, now, kind=refusing)
    return no(refused)


def _none(asked: Asked, user: User, refusal: Refused, now: datetime) -> Reply:
    """Nothing can be asked for."""
    _log(asked, user, refusal.result, now, kind=refusal.kind, cause=refusal.cause)
    return no(refusal.result)


def _open(asked: Asked, factor: Factor, challenge: str, begun: datetime, now: datetime) -> Prompt:
    """A question that waits; `begun` is when the password was right, which no further question makes younger."""
    user, sends = factor.user, kinds.kind(factor.kind).sends
    return Prompt.objects.create(
        application=asked.application, user=user, epoch=user.security_epoch, challenge=challenge,
        kind=factor.kind if sends else "", created_at=begun, expires_at=min(now + OPEN_FOR, begun + LONGEST),
    )  # fmt: skip


def _question(factor: Factor, factors: list[Factor], prompt: Prompt) -> Reply:
    """The words of an open question; its answer can be a code of this factor, or the word of another."""
    result = SMS_SENT if kinds.kind(factor.kind).sends else CODE_PENDING
    others = list(dict.fromkeys(kinds.kind(one.kind) for one in factors if one.kind != factor.kind))
    return Reply(result, prompts.ask(factor, others), prompt.token, factor.kind)


def _sent(asked: Asked, factor: Factor, now: datetime) -> str:
    """The token of the code that was sent; of the one before where the next may not leave yet and that one still
    counts: whoever mistyped a code starts again at once."""
    try:
        return service.challenge(factor, purpose=Purpose.APPLICATION, now=now).token
    except TooManyMessages:
        earlier = (
            Prompt.objects.filter(application=asked.application, user=factor.user, kind=factor.kind)
            .filter(epoch=factor.user.security_epoch)
            .exclude(challenge="")
            .order_by("-pk")
            .first()
        )
        live = OneTimeCode.objects.filter(ending=OneTimeCode.Ending.LIVE, expires_at__gt=now)
        if earlier is None or not live.filter(token=earlier.challenge).exists():
            raise
        return earlier.challenge


def _by_state(asked: Asked, now: datetime) -> Identified:
    """The person whose question this is. Raises Unusable where it is not theirs, over, or from before a change."""
    prompt = Prompt.objects.filter(token=asked.state, application=asked.application).select_related("user").first()
    name = names.normalise(asked.name)
    if prompt is None or prompt.user.username != name or prompt.epoch != prompt.user.security_epoch:
        log.write(
            None, name, PROMPT_OVER, application=asked.application.slug, gateway=asked.gateway,
            address=asked.address, now=now,
        )  # fmt: skip
        raise Unusable(PROMPT_OVER)
    return Identified(prompt.user, prompt)


def _by_name(asked: Asked, now: datetime) -> User:
    """The active person of this name. Raises Unusable, logged."""
    name = names.normalise(asked.name)
    user = _BY_NAME.first(name)
    if user is None or not user.is_active:
        result = USER_NOT_FOUND if user is None else USER_DISABLED
        log.write(
            user, name, result, application=asked.application.slug, gateway=asked.gateway, address=asked.address,
            now=now,
        )  # fmt: skip
        with transaction.atomic():
            sources.missed(user, asked.address, asked.application.slug, now=now)
        raise Unusable(result)
    return user


@transaction.atomic
def _end(prompt: Prompt, now: datetime) -> bool:
    """Take the question; False where it was answered or expired."""
    return bool(Prompt.objects.filter(pk=prompt.pk, answered_at=None, expires_at__gt=now).update(answered_at=now))


def _attempt(asked: Asked, user: User, answer: Answer, kind: str = "") -> Attempt:
    return Attempt(user, answer, asked.application.slug, asked.address, kind, asked.gateway)


def _log(asked: Asked, user: User, result: Result, now: datetime, *, kind: str = "", cause: str = "") -> None:
    log.write(
        user, user.username, result, application=asked.application.slug, gateway=asked.gateway,
        address=asked.address, kind=kind, cause=cause, now=now,
    )  # fmt: skip
