"""Keeps two plans that no run has applied, a long one and a short one, and signs an administrator in. Prints where."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from django.utils import timezone

from accounts.directory import kept
from accounts.models import PhoneSource, SyncChange, SyncRun, User
from accounts.people import NOBODY, Change
from bench.inside import people


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("rows", "few"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    few, many = _keep(options.few), _keep(options.rows)
    middle = SyncChange.objects.filter(run_id=many).order_by("pk")[options.rows // 2]
    print(json.dumps({"session": _administrator(), "few": few, "many": many, "middle": middle.pk}))


def _administrator() -> str:
    now = timezone.now()
    [administrator] = people.add_people(0, 1)
    User.objects.filter(pk=administrator.pk).update(is_staff=True, is_superuser=True)
    administrator.refresh_from_db()
    people.add_factors([administrator], 1, now=now)
    return people.signed_in(administrator, now=now)


def _keep(count: int) -> int:
    """A dry run whose plan has so many people with a new number."""
    run = SyncRun.objects.create(state=SyncRun.State.DONE, trigger=SyncRun.Trigger.SHELL, dry_run=True)
    kept.keep(run, _plan(count))
    run.counts = kept.counted(run)
    run.finished_at = timezone.now()
    run.save()
    return int(run.pk)


def _plan(count: int) -> Iterator[Change]:
    for number in range(count):
        old = NOBODY._replace(
            pk=number + 1, directory_id=f"id-{number}", username=f"u{number:07d}", name=f"Person {number}",
            phone=f"+447400{number % 1_000_000:06d}", phone_source=PhoneSource.DIRECTORY.value,
        )  # fmt: skip
        yield Change(old, old._replace(phone=f"+447500{number % 1_000_000:06d}"), "international")


if __name__ == "__main__":
    main()
