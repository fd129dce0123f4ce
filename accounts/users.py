"""Every write to a person, but for what the directory says of thousands (`provisioning`). Each function is one act in
one transaction, the caller's if there is one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import PhoneSource, User
from accounts.signals import PhoneChange, phones_changed, users_deactivated

PHONE_COLUMNS = ["phone", "phone_source", "phone_confirmed_at", "phone_next", "phone_next_at", "security_epoch"]


@transaction.atomic
def set_phone(user: User, e164: str, *, source: PhoneSource, confirmed_at: datetime | None, actor: User | None) -> None:
    """Replace the number (E.164, or empty to remove it), or only whose it is; one that rested is forgotten. Sessions
    and remembered verifications of the person end."""
    old, was = User.objects.select_for_update(no_key=True).values_list("phone", "phone_source").get(pk=user.pk)
    User.objects.filter(pk=user.pk).update(
        phone=e164,
        phone_source=source if e164 else PhoneSource.NONE,
        phone_confirmed_at=confirmed_at,
        phone_next="",
        phone_next_at=None,
        security_epoch=F("security_epoch") + 1,
    )
    user.refresh_from_db(fields=PHONE_COLUMNS)
    if (old, was) != (e164, user.phone_source):
        announce_phones([PhoneChange(user.pk, old, e164)], source=source, actor=actor)


def refuse_next(user: User, e164: str) -> bool:
    """Keep the present number: the one that rests never counts, until the directory has another one again. False when
    `e164` does not rest any more."""
    done = User.objects.filter(pk=user.pk, phone_next=e164, phone_next_at__isnull=False).update(phone_next_at=None)
    user.refresh_from_db(fields=PHONE_COLUMNS)
    return bool(done)


def forget_resting() -> int:
    """Forget every number that rests, for everybody: links that refuse them were lost. The next run that reads these
    people finds the numbers new, and announces them again. Returns how many."""
    resting = User.objects.filter(phone_next_at__isnull=False)
    return resting.update(phone_next="", phone_next_at=None, directory_fingerprint="")


def note_written(user_id: int, e164: str, *, instead_of: str | None = None) -> None:
    """The portal wrote the number to the directory, so that a run finds nothing new there; a number that rested is no
    longer there. With `instead_of`, only while the note says that one still."""
    noted = User.objects.filter(pk=user_id)
    if instead_of is not None:
        noted = noted.filter(directory_phone=instead_of)
    noted.update(directory_phone=e164, phone_next="", phone_next_at=None)


def set_language(user: User, language: str) -> None:
    """The language of the person's pages and messages, one of LANGUAGES."""
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language


def set_first_password(user: User, password: str) -> bool:
    """Give a local account its first password, and end its sessions; False where it has one, or the directory knows
    it."""
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.directory_id or row.has_usable_password():
        return False
    row.set_password(password)
    row.save(update_fields=["password"])
    move_epoch(user)
    user.refresh_from_db(fields=["password"])
    return True


def move_epoch(user: User) -> None:
    """End every session and remembered verification of the person; the session at hand survives if the view keeps it
    with `django.contrib.auth.update_session_auth_hash`."""
    User.objects.filter(pk=user.pk).update(security_epoch=F("security_epoch") + 1)
    user.refresh_from_db(fields=["security_epoch"])


@transaction.atomic
def deactivate_many(user_ids: Iterable[int], *, now: datetime, actor: User | None) -> int:
    """Deactivate people and end their sessions. Returns how many were active until now."""
    ids = list(User.objects.filter(pk__in=list(user_ids), is_active=True).order_by("pk").values_list("pk", flat=True))
    User.objects.filter(pk__in=ids).update(is_active=False, deactivated_at=now, security_epoch=F("security_epoch") + 1)
    if ids:
        users_deactivated.send(sender=User, user_ids=ids, actor=actor)
    return len(ids)


def reactivate(user: User) -> None:
    """Let a person sign in again. Sessions of before stay ended."""
    User.objects.filter(pk=user.pk).update(is_active=True, deactivated_at=None)


@transaction.atomic
def set_staff(user: User, *, staff: bool) -> None:
    """Let a person into the admin, or no longer. Sessions end, so that no open one keeps a right that was taken."""
    User.objects.filter(pk=user.pk).update(is_staff=staff)
    move_epoch(user)


def announce_phones(changes: list[PhoneChange], *, source: PhoneSource, actor: User | None) -> None:
    """Tell the rooms above about numbers that changed; to be called in the transaction that changed them."""
    phones_changed.send(sender=User, changes=changes, source=source, actor=actor)
