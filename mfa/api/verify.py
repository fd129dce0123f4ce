"""The verification API: is this code right, ask for one, and the same for FreeRADIUS. Each path needs a key's verb."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import ConfigDict, Field

from accounts import names, trace
from accounts.addresses import of_endpoint
from accounts.requests import address_of
from mfa import kinds
from mfa.api import answers, clients, radius
from mfa.api.body import StrictJson
from mfa.api.clients import Client, NotAllowed, Verb
from mfa.models import Application
from mfa.verification import dialogue
from mfa.verification.dialogue import Asked, Identified, Reply

api = NinjaAPI(
    title="Verification API", version="1.0.0", urls_namespace="api", docs_url=None, openapi_url=None,
    parser=StrictJson(),
)  # fmt: skip


class Bearer:
    """Ninja's authentication: the client whose key may do `verb`, from where the request comes."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, verb: Verb) -> None:
        self.verb = verb

    def __call__(self, request: HttpRequest) -> Client:
        header = request.headers.get("Authorization", "")
        try:
            return clients.authenticate(header, self.verb, address=address_of(request), now=timezone.now())
        except NotAllowed as refused:
            # 401 would be a refusal of the person to FreeRADIUS, and a gateway would ask no other server.
            if refused.known or self.verb is Verb.RADIUS:
                raise HttpError(403, refused.words) from None
            raise AuthenticationError from None


class Question(Schema):
    """About whom, with what the person typed. Texts as they were typed; `state` is a challenge's."""

    model_config = ConfigDict(strict=True, extra="forbid")

    username: str = Field(min_length=1, max_length=names.LONGEST, description="As it was typed", examples=["alice"])
    password: str = Field(default="", max_length=1024, description="Where the application leaves it to the portal")
    state: str = Field(default="", max_length=64, description="Of the challenge that is answered")
    kind: str = Field(
        default="", max_length=20, description="One kind of factor only, such as totp",
        json_schema_extra={"enum": ["", *settings.MFA_FACTORS]},
    )  # fmt: skip
    address: str = Field(default="", max_length=53, description="The person's address, if the application is believed")
    gateway: str = Field(default="", max_length=100, description="What the application calls itself, for the log")


class CodeTyped(Question):
    code: str = Field(min_length=1, max_length=64, description="As it was typed", examples=["123456"])


class Answer(Schema):
    """`accepted` is the only yes. `message` may be shown to anybody; `state` is set where a code is asked for."""

    accepted: bool
    message: str = ""
    state: str = ""
    kind: str = ""


class Problem(Schema):
    detail: Any


REFUSALS: dict[int, Any] = dict.fromkeys((400, 401, 403, 413, 415, 422), Problem)
ATTRIBUTES = dict[str, Any]
"""Of RADIUS, as rlm_rest takes them."""
RADIUS = {**REFUSALS, 200: ATTRIBUTES, 401: ATTRIBUTES, 503: Problem}


@api.post("/verify", auth=Bearer(Verb.VERIFY), response={200: Answer, **REFUSALS}, summary="Judge a code")
def verify(request: HttpRequest, body: CodeTyped) -> Answer:
    """Judge the code, and the password where the application leaves that to the portal. One neutral message for every
    refusal; the cause is in the authentication log."""
    return answered(request.auth, body, code=body.code)  # type: ignore[attr-defined]  # Ninja's


@api.post("/challenge", auth=Bearer(Verb.CHALLENGE), response={200: Answer, **REFUSALS}, summary="Ask for a code")
def challenge(request: HttpRequest, body: Question) -> Answer:
    """Send a code, or say which app shows one; the answer goes to `verify` with the state. Accepts at once where a
    remember rule spares the person a code."""
    return answered(request.auth, body)  # type: ignore[attr-defined]


@api.post("/radius/authorize", auth=Bearer(Verb.RADIUS), response=RADIUS, summary="For FreeRADIUS (rlm_rest)")
def authorize(request: HttpRequest, body: radius.Attributes) -> JsonResponse:
    """Attributes in, attributes out, as in deploy/freeradius. A retransmission hears the first answer again."""
    application, now = request.auth.application, timezone.now()  # type: ignore[attr-defined]
    trace.request_id.set(radius.request_id(body))
    try:
        asked = radius.asked(application, body)
    except radius.Unreadable as error:
        raise HttpError(422, f"{error.name} cannot be read.") from None

    def identify() -> Identified | Reply:
        return dialogue.identify(asked, now=now) if body.password else radius.judged_unread(asked, now=now)

    def judge(who: Identified | Reply) -> answers.Response:
        reply = dialogue.reply(asked, who, now=now) if isinstance(who, Identified) else who
        return radius.response(application, reply)

    key = radius.request_key(application, body)
    try:
        status, told = answers.once(key, identify, judge, now=now)
    except answers.StillJudged:
        raise HttpError(503, "Another process still judges this request.") from None
    return JsonResponse(told, status=status)


def answered(client: Client, body: Question, *, code: str = "") -> Answer:
    """What this client hears. Raises HttpError (422) for a kind that nobody has."""
    return _told(_reply(client, body, code=code))


def _reply(client: Client, body: Question, *, code: str) -> Reply:
    now = timezone.now()
    if body.kind and body.kind not in kinds.registry():
        raise HttpError(422, "There is no such kind of factor.")
    believed = client.application.address_attribute == Application.AddressAttribute.ADDRESS
    asked = Asked(
        client.application, body.username, body.password, code, body.state, body.kind,
        of_endpoint(body.address) if believed else "", body.gateway,
    )  # fmt: skip
    who = dialogue.identify(asked, now=now)
    return dialogue.reply(asked, who, now=now) if isinstance(who, Identified) else who


def _told(reply: Reply) -> Answer:
    return Answer(accepted=reply.accepted, message=reply.words, state=reply.state, kind=reply.kind)


def document() -> dict[str, Any]:
    """The OpenAPI document; whoever shows it decides to whom."""
    return dict(api.get_openapi_schema(path_prefix="/api/v1/"))


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """As it was raised: Ninja turns whatever a parser raises into a 400, and keeps the parser's own as its cause."""
    told = error.__cause__ if isinstance(error.__cause__, HttpError) else error
    return api.create_response(request, {"detail": str(told)}, status=told.status_code)


@api.exception_handler(RequestDataTooBig)
def too_long(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """Longer than Django reads at all."""
    return api.create_response(request, {"detail": "The body is too long."}, status=413)


@api.exception_handler(UnreadablePostError)
def ended_early(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    """Whoever asked has hung up, or sent too slowly."""
    return api.create_response(request, {"detail": "The body ended early."}, status=400)


@api.exception_handler(ValidationError)
def unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Where and what is wrong, never the value: it may be a password."""
    found = [{"where": list(one["loc"]), "what": one["msg"]} for one in error.errors]
    return api.create_response(request, {"detail": found}, status=422)
