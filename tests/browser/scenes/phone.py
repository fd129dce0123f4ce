"""Changing the phone number, and undoing that."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from accounts.signals import PhoneChange
from mfa.delivery import outbox
from mfa.factors.sms import resting, undo
from mfa.models import Delivery, OneTimeCode, Policy
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, person, work_off_outbox
from tests.services.servers.chromium import PHONE as PHONE_SIZE

NEW = "+4915199988877"


def undo_path(user: User) -> str:
    """The link that a change made now would send."""
    return urlsplit(undo.offer(user, undo.Number.of(user), now=timezone.now()).url).path


@scene("sms:change", "first number")
def change_first(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/sms/change/")
    stage.page.locator(".iti").wait_for()


@scene("sms:change", "number understood")
def change(stage: Stage) -> None:
    stage.let_in(with_phone())
    stage.open("/sms/change/")
    stage.type("Mobile number", "0151 999 888 77")
    stage.reads("Understood as")


@scene("sms:change", "number refused")
def change_refused(stage: Stage) -> None:
    stage.let_in(with_phone())
    stage.open("/sms/change/")
    stage.type("Mobile number", "030 901820")
    stage.press("Send a code to this number")
    stage.page.locator(".field-error").wait_for()


@scene("sms:change", "country list open")
def change_country(stage: Stage) -> None:
    """On a narrow window: what the picker opens there fills it, and is not laid out anew when the window grows."""
    stage.page.set_viewport_size(PHONE_SIZE)  # type: ignore[arg-type]  # a dict of the right keys
    change_first(stage)
    stage.page.locator(".iti__selected-country").click()
    stage.page.locator(".iti__search-input").fill("43")


@scene("sms:confirm", "code on its way")
def confirm(stage: Stage) -> None:
    stage.let_in(with_phone())
    stage.open("/sms/change/")
    stage.type("Mobile number", "0151 999 888 77")
    stage.press("Send a code to this number")
    stage.heading_is("Confirm your new number")


@scene("sms:confirm", "sent, wrong code")
def confirm_wrong(stage: Stage) -> None:
    confirm(stage)
    work_off_outbox()
    stage.page.locator("#id_code").fill("000000")
    stage.press("Confirm the number")
    stage.page.locator(".field-error").wait_for()


@scene("sms:confirm", "code too old, number shared")
def confirm_over(stage: Stage) -> None:
    other = person("bob", name="Bob Sample")
    User.objects.filter(pk=other.pk).update(phone=NEW)
    confirm(stage)
    OneTimeCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    stage.page.reload()
    stage.reads("This code no longer works.")


@scene("sms:change", "entered by helpdesk, not confirmed")
def unconfirmed(stage: Stage) -> None:
    user = with_phone()
    User.objects.filter(pk=user.pk).update(phone_source="helpdesk", phone_confirmed_at=None)
    stage.let_in(user)
    stage.open("/sms/change/")
    stage.reads("It is not confirmed.")


@scene("sms:change", "entered and confirmed by helpdesk")
def confirmed_by_helpdesk(stage: Stage) -> None:
    user = with_phone()
    User.objects.filter(pk=user.pk).update(phone_source="helpdesk", phone_confirmed_at=timezone.now())
    stage.let_in(user)
    stage.open("/sms/change/")
    stage.reads("It is confirmed, by helpdesk.")


@scene("sms:confirm", "the present number")
def confirm_present(stage: Stage) -> None:
    unconfirmed(stage)
    stage.press("Confirm this number")
    stage.heading_is("Confirm your number")


@scene("sms:remove", "last one")
def remove(stage: Stage) -> None:
    stage.let_in(with_phone())
    stage.open("/sms/remove/")


@scene("sms:remove", "must be kept")
def remove_kept(stage: Stage) -> None:
    user = with_phone()
    Policy.objects.create(user=user, required=True)
    stage.let_in(user)
    stage.open("/sms/remove/")


@scene("sms:undo", "open")
def undo_open(stage: Stage) -> None:
    stage.open(undo_path(with_phone()))


@scene("sms:undo", "open, with a number at rest")
def undo_open_at_rest(stage: Stage) -> None:
    user = with_phone(directory_id="11111111-0000-4000-8000-000000000000")
    path = undo_path(user)
    User.objects.filter(pk=user.pk).update(phone_next=NEW, phone_next_at=timezone.now() + timedelta(hours=23))
    stage.open(path)
    stage.reads("is then not used either")


@scene("sms:undo", "done")
def undo_done(stage: Stage) -> None:
    undo_open(stage)
    stage.press("Undo the change")
    stage.heading_is("The change is undone")


@scene("sms:undo", "not a link")
def undo_wrong(stage: Stage) -> None:
    stage.open("/sms/undo/nonsense/nonsense/")


def rests(**more: object) -> User:
    """Somebody whose directory has another number since an hour."""
    user = with_phone(directory_id="11111111-0000-4000-8000-000000000000", **more)
    until = timezone.now() + timedelta(hours=23)
    User.objects.filter(pk=user.pk).update(phone_next=NEW, phone_next_at=until, directory_phone=NEW)
    resting.tell(None, changes=[PhoneChange(user.pk, user.phone, NEW)], until=until)
    user.refresh_from_db()
    return user


@scene("dashboard", "another number rests")
def number_rests(stage: Stage) -> None:
    stage.let_in(rests())
    stage.open("/")
    stage.reads("That is not my number")


@scene("sms:change", "number refused, directory's own")
def number_refused(stage: Stage) -> None:
    user = rests()
    User.objects.filter(pk=user.pk).update(phone_next_at=None)
    stage.let_in(user)
    stage.open("/sms/change/?number=directory")
    stage.reads("You refused the directory's number")


@scene("sms:change", "the directory decides")
def directory_decides(stage: Stage) -> None:
    with override_settings(PHONE_AUTHORITY="directory"):
        user = with_phone(directory_id="11111111-0000-4000-8000-000000000000")
        User.objects.filter(pk=user.pk).update(phone_source="directory", phone_confirmed_at=None)
        stage.let_in(user)
        stage.open("/sms/change/")
        stage.reads("it cannot be changed or removed here")


@scene("sms:not_mine", "asked")
def not_mine(stage: Stage) -> None:
    stage.let_in(rests())
    stage.open("/sms/not-mine/")


def refuse_path() -> str:
    """The link in the notice."""
    text = outbox.read(Delivery.objects.filter(template="phone-announced", channel="sms").latest("pk"))
    return text[text.index("/sms/refuse/") :]


@scene("sms:refuse", "open")
def refuse_open(stage: Stage) -> None:
    rests()
    stage.open(refuse_path())


@scene("sms:refuse", "done")
def refuse_done(stage: Stage) -> None:
    refuse_open(stage)
    stage.press("That is not my number")
    stage.heading_is("The number is refused")


@scene("sms:refuse", "not a link")
def refuse_wrong(stage: Stage) -> None:
    stage.open("/sms/refuse/nonsense/nonsense/")


@scene("dashboard", "phone dialog open")
def dialog(stage: Stage) -> None:
    stage.let_in(with_phone())
    stage.open("/")
    stage.page.get_by_role("link", name="(Change settings)").click()
    stage.page.locator("dialog .iti").wait_for()
