"""A number that its owner confirmed is written to the real directory, once, and never over a foreign change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts import users
from accounts.directory import configuration, sync, write_back
from accounts.directory.readers import DirectoryUnavailable
from accounts.directory.readers.ldap import writing
from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.writing import WriteRefused, write_number
from accounts.models import PhoneSource, SyncRun, User, WriteBack
from accounts.signals import write_back_ended
from accounts.tasks import write_back_due, write_back_one
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
OLD, NEW, OTHER = "+491701234567", "+4915112345678", "+491729876543"
DAY = timedelta(days=1)
State = WriteBack.State


@pytest.fixture
def company(directory: Slapd, settings: LazySettings) -> Iterator[Slapd]:
    """A directory whose service account may change `mobile`, with Alice and her number in it."""
    directory.configure(writable_attributes=["mobile"])
    settings.PHONE_AUTHORITY = "write_back"
    settings.PHONE_COOL_DOWN_HOURS = 24
    directory.add_person("alice", mobile="0170 1234567")
    yield directory
    directory.reset()


def run() -> SyncRun:
    done = sync.run(trigger=SyncRun.Trigger.SHELL)
    assert done.state == SyncRun.State.DONE, done.message
    return done


def alice() -> User:
    return User.objects.get(username="alice")


def confirm(number: str, *, user: User | None = None) -> WriteBack | None:
    """What the flow does when the code came back."""
    person = user or alice()
    users.set_phone(person, number, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=person)
    return WriteBack.objects.filter(user=person).order_by("-pk").first()


def ordered(number: str) -> WriteBack:
    row = confirm(number)
    assert row is not None
    return row


def work(row: WriteBack, *, at: datetime | None = None) -> WriteBack:
    write_back.attempt(row.pk, clock=lambda: at or timezone.now())
    row.refresh_from_db()
    return row


def mobiles(company: Slapd, uid: str = "alice") -> list[str]:
    ((_, values),) = company.search(f"(uid={uid})")
    return sorted(value.decode() for value in values.get("mobile", []))


def test_a_confirmed_number_is_written_and_the_next_run_finds_nothing_new(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    assert (row.e164, row.expected, row.state) == (NEW, OLD, State.QUEUED)
    assert work(row).state == State.WRITTEN
    assert mobiles(company) == [NEW]
    assert alice().directory_phone == NEW
    done = run()
    assert (done.counts["phones_changed"], done.counts["resting"], done.counts["updated"]) == (0, 0, 0)
    assert (alice().phone, alice().phone_source, alice().directory_phone) == (NEW, "self", NEW)


def test_nothing_is_ordered_where_the_portal_does_not_write(company: Slapd, settings: LazySettings) -> None:
    run()
    settings.PHONE_AUTHORITY = "newest"
    assert confirm(NEW) is None


def test_nothing_is_ordered_for_local_accounts_for_runs_and_for_removals(
    company: Slapd, make_user: Callable[..., User]
) -> None:
    run()
    assert confirm(NEW, user=make_user("local")) is None
    company.modify(f"uid=alice,{company.base}", mobile=OTHER)
    run()
    assert alice().phone == OTHER
    users.set_phone(alice(), "", source=PhoneSource.SELF, confirmed_at=None, actor=None)
    assert not WriteBack.objects.exists()


def test_a_first_number_is_added_and_other_values_stay(company: Slapd) -> None:
    company.modify(f"uid=alice,{company.base}", mobile=None)
    company.add_person("bob", mobile=["ask the secretary", "+49 170 1234567", "+44 7400 200001"])
    run()
    assert work(ordered(NEW)).state == State.WRITTEN
    assert mobiles(company) == [NEW]
    bob = User.objects.get(username="bob")
    row = confirm(OTHER, user=bob)
    assert row is not None
    assert work(row).state == State.WRITTEN
    left = {"+44 7400 200001", "+49 170 1234567"} - {"+49 170 1234567" if row.expected == OLD else "+44 7400 200001"}
    assert mobiles(company, "bob") == sorted({"ask the secretary", OTHER} | left)


def test_a_number_that_came_from_another_attribute_stays_there(company: Slapd) -> None:
    company.modify(f"uid=alice,{company.base}", mobile=None, telephoneNumber="0170 1234567")
    run()
    assert work(ordered(NEW)).state == State.WRITTEN
    ((_, values),) = company.search("(uid=alice)")
    assert (values["mobile"], values["telephoneNumber"]) == ([NEW.encode()], [b"0170 1234567"])


def test_the_server_is_asked_to_make_sure_that_there_is_no_value(
    company: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.modify(f"uid=alice,{company.base}", mobile=None)
    run()
    row = ordered(NEW)
    real = writing._asserts

    def another_hand(link: Link) -> bool:
        if not mobiles(company):
            company.modify(f"uid=alice,{company.base}", mobile=OTHER)
        return real(link)

    monkeypatch.setattr(writing, "_asserts", another_hand)
    assert work(row).state == State.REFUSED
    assert mobiles(company) == [OTHER]


def test_a_directory_that_was_changed_meanwhile_is_left_alone(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    company.modify(f"uid=alice,{company.base}", mobile=OTHER)
    assert work(row).state == State.REFUSED
    assert "changed meanwhile" in row.answer
    assert mobiles(company) == [OTHER]
    run()
    assert (alice().phone, alice().resting_phone) == (NEW, OTHER)
    assert write_back.try_again(row.pk, now=timezone.now())
    assert work(row).state == State.WRITTEN
    assert mobiles(company) == [NEW]
    assert (alice().directory_phone, alice().phone_next) == (NEW, "")


def test_another_notation_of_the_same_number_is_no_change(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    company.modify(f"uid=alice,{company.base}", mobile="+49 (170) 1234567")
    assert work(row).state == State.WRITTEN
    assert mobiles(company) == [NEW]


def test_a_directory_that_says_no_is_not_asked_again_until_an_admin_wants_it(company: Slapd) -> None:
    company.configure()
    run()
    heard: list[str] = []

    def hear(row: WriteBack, **more: object) -> None:
        heard.append(row.state)

    write_back_ended.connect(hear)
    try:
        row = work(ordered(NEW))
        assert (row.state, "no right to change mobile" in row.answer) == (State.REFUSED, True)
        assert work(row, at=timezone.now() + 9 * DAY).attempts == 1
    finally:
        write_back_ended.disconnect(hear)
    assert heard == [State.REFUSED]
    assert mobiles(company) == ["0170 1234567"]
    company.configure(writable_attributes=["mobile"])
    assert write_back.try_again(row.pk, now=timezone.now())
    assert not write_back.try_again(row.pk, now=timezone.now())
    assert work(row).state == State.WRITTEN


@pytest.mark.row("F-02")
def test_a_directory_that_is_down_is_asked_again_with_growing_pauses(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    began = row.queued_at
    company.stop()
    pauses = []
    for hours in (0, 1, 5, 30):
        at = began + timedelta(hours=hours)
        WriteBack.objects.update(next_try_at=at)
        assert work(row, at=at).state == State.QUEUED
        pauses.append(row.next_try_at - at)
    assert "cannot be reached" in row.answer
    assert pauses == [timedelta(minutes=1), timedelta(hours=1), timedelta(hours=5), timedelta(hours=6)]
    assert alice().directory_phone == OLD
    company.start()
    assert work(row, at=row.next_try_at).state == State.WRITTEN
    assert mobiles(company) == [NEW]


def test_it_is_given_up_after_some_days(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    company.stop()
    assert work(row, at=row.queued_at + 3 * DAY).state == State.GIVEN_UP
    assert alice().phone == NEW
    company.start()


@pytest.mark.row("F-02")
def test_a_worker_killed_after_writing_is_followed_by_one_that_finds_it_done(
    company: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    row = ordered(NEW)

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(write_back, "_written", killed)
        with pytest.raises(KeyboardInterrupt):
            work(row)
    row.refresh_from_db()
    assert (row.state, mobiles(company), alice().directory_phone) == (State.QUEUED, [NEW], OLD)
    assert work(row).attempts == 1
    assert work(row, at=timezone.now() + write_back.AT_WORK).state == State.WRITTEN
    assert (row.attempts, mobiles(company), alice().directory_phone) == (2, [NEW], NEW)


def test_a_newer_number_follows_one_that_was_written_without_a_word(
    company: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    first = ordered(NEW)
    with monkeypatch.context() as patched:
        patched.setattr(write_back, "_written", lambda *arguments: None)
        work(first)
    second = ordered(OTHER)
    first.refresh_from_db()
    assert (first.state, second.expected, mobiles(company)) == (State.SUPERSEDED, OLD, [NEW])
    assert work(second).state == State.WRITTEN
    assert mobiles(company) == [OTHER]
    third = ordered(OLD)
    assert third.expected == OTHER
    assert work(third).state == State.WRITTEN
    assert mobiles(company) == [OLD]


def test_the_number_that_an_undo_brings_back_is_written_too(company: Slapd) -> None:
    run()
    work(ordered(NEW))
    users.set_phone(alice(), OLD, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)
    row = WriteBack.objects.get(e164=OLD)
    assert work(row).state == State.WRITTEN
    assert mobiles(company) == [OLD]


def test_an_older_number_is_never_written_after_a_newer_one(company: Slapd) -> None:
    run()
    first, second = ordered(NEW), ordered(OTHER)
    assert work(second).state == State.WRITTEN
    assert work(first).state == State.SUPERSEDED
    assert mobiles(company) == [OTHER]
    assert not write_back.try_again(first.pk, now=timezone.now())
    third = ordered(NEW)
    users.set_phone(alice(), "", source=PhoneSource.SELF, confirmed_at=None, actor=None)
    assert work(third).state == State.SUPERSEDED
    assert mobiles(company) == [OTHER]


def test_people_who_left_and_entries_that_are_gone_are_not_written(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    company.delete(f"uid=alice,{company.base}")
    assert work(row).state == State.REFUSED
    assert "no entry of this person" in row.answer
    again = ordered(OTHER)
    users.deactivate_many([alice().pk], now=timezone.now(), actor=None)
    assert work(again).state == State.SUPERSEDED


def test_switched_off_nothing_is_written_any_more(company: Slapd, settings: LazySettings) -> None:
    run()
    row = ordered(NEW)
    settings.PHONE_AUTHORITY = "newest"
    assert work(row).state == State.GIVEN_UP
    assert mobiles(company) == ["0170 1234567"]
    assert not write_back.try_again(row.pk, now=timezone.now())


def test_of_two_workers_one_writes(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    now = timezone.now()
    assert write_back._take(row.pk, now) is not None
    assert write_back._take(row.pk, now) is None
    assert work(row).state == State.QUEUED


def test_two_who_write_at_once_leave_one_value(company: Slapd) -> None:
    run()
    directory_id, server, rules = alice().directory_id or "", configuration.writing_server(), configuration.rules()
    together = threading.Barrier(4)
    outcomes: list[bool] = []

    def write() -> None:
        together.wait(timeout=10)
        outcomes.append(write_number(server, directory_id, NEW, expected=[OLD], rules=rules))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == [False, False, False, True]
    assert mobiles(company) == [NEW]


def test_another_account_may_do_the_writing(company: Slapd, settings: LazySettings) -> None:
    company.configure()
    settings.LDAP_WRITE_BIND_DN, settings.LDAP_WRITE_BIND_PASSWORD = company.root_dn, company.root_password
    run()
    assert work(ordered(NEW)).state == State.WRITTEN
    settings.LDAP_WRITE_BIND_PASSWORD = "wrong"
    row = work(ordered(OTHER))
    assert (row.state, "refused the account that writes" in row.answer) == (State.QUEUED, True)


def test_nothing_is_said_to_a_server_that_cannot_prove_who_it_is(company: Slapd, settings: LazySettings) -> None:
    run()
    row = ordered(NEW)
    settings.LDAP_CA_FILE = str(company.other_ca_file)
    assert work(row).state == State.QUEUED
    assert mobiles(company) == ["0170 1234567"]


def test_the_jobs_find_what_waits_and_forget_what_is_settled(company: Slapd) -> None:
    run()
    row = ordered(NEW)
    write_back_due()
    write_back_one(row.pk)
    row.refresh_from_db()
    assert row.state == State.WRITTEN
    WriteBack.objects.update(ended_at=timezone.now() - 91 * DAY)
    write_back_due()
    assert not WriteBack.objects.exists()


def test_an_entry_that_cannot_be_read_is_refused(company: Slapd) -> None:
    run()
    server, rules = configuration.writing_server(), configuration.rules()
    with pytest.raises(WriteRefused, match="no entry"):
        write_number(server, "0000-*)(uid=*", NEW, expected=[OLD], rules=rules)
    company.stop()
    with pytest.raises(DirectoryUnavailable):
        write_number(server, alice().directory_id or "", NEW, expected=[OLD], rules=rules)
    company.start()
