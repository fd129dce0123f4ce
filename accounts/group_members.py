"""Every write to the groups of many people at once. Groups with rights let people into the admin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts import bulk
from accounts.memberships import Membership
from accounts.models import User
from accounts.portions import portions
from accounts.signals import memberships_changed

AT_ONCE = 5000
IN_GROUP = User.groups.through


@transaction.atomic
def change(memberships: Iterable[Membership], *, beat: Callable[[], None]) -> list[Membership]:
    """Let people of the directory enter and leave groups, and tell the rooms above. Returns what was done: a local
    account, and somebody who would enter and is not active, are left alone. `beat` is called inside the transaction and
    raises to end it.

    Whoever enters or leaves a group with rights may enter the admin from now on, or no longer, and all their sessions
    end. Nobody becomes or stops being a superuser.
    """
    beat()
    wanted = sorted(memberships)
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in {one.group for one in wanted}}
    active = _locked({one.user_id for one in wanted})
    done = [one for one in wanted if active.get(one.user_id) or (one.user_id in active and not one.entered)]
    rows = [(one.user_id, groups[one.group].pk) for one in done if one.entered]
    bulk.insert(IN_GROUP, ("user_id", "group_id"), rows, skip_existing=True)
    for name, group in groups.items():
        for part in portions((one.user_id for one in done if one.group == name and not one.entered), AT_ONCE):
            IN_GROUP.objects.filter(group_id=group.pk, user_id__in=part).delete()
    with_rights = {group.name for group in _with_rights().filter(pk__in=[group.pk for group in groups.values()])}
    _renew_entry(sorted({one.user_id for one in done if one.group in with_rights}))
    if done:
        memberships_changed.send(sender=User, changes=done)
    return done


def gives_rights(group: str) -> bool:
    """Whether members of the group may do anything in the admin."""
    return _with_rights().filter(name=group).exists()


def _with_rights() -> QuerySet[Group]:
    return Group.objects.filter(permissions__isnull=False).distinct()


def _locked(user_ids: set[int]) -> dict[int, bool]:
    """Those of them who come from the directory, and whether they are active; their rows stay locked."""
    found: dict[int, bool] = {}
    for part in portions(sorted(user_ids), AT_ONCE):
        rows = User.objects.select_for_update(no_key=True).filter(pk__in=part, directory_id__isnull=False)
        found.update(rows.order_by("pk").values_list("pk", "is_active"))
    return found


def _renew_entry(user_ids: Sequence[int]) -> None:
    """Who may enter the admin follows from the groups; sessions end, so that no open one keeps a right."""
    rights = IN_GROUP.objects.filter(user_id=OuterRef("pk"), group__in=_with_rights())
    for part in portions(user_ids, AT_ONCE):
        people = User.objects.filter(pk__in=part)
        people.update(is_staff=Q(is_superuser=True) | Exists(rights), security_epoch=F("security_epoch") + 1)
