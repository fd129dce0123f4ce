"""A new kind of factor is one folder and one word in MFA_FACTORS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.commands import ROOT, environment
from tests.portal.tables import make_tables

pytestmark = pytest.mark.service("processes")

FILES = {
    "__init__.py": "",
    "apps.py": """
from django.apps import AppConfig


class PebbleConfig(AppConfig):
    name = "mfa.factors.pebble"
    label = "mfa_pebble"
""",
    "factor.py": """
from django.urls import reverse

from mfa.kinds import FactorKind
from mfa.outcomes import OATH_INCORRECT, OATH_VERIFIED, WrongCode


class Pebble(FactorKind):
    slug = "pebble"
    label = "Pebble"
    description = "A pebble from the beach."
    icon = "key-round"
    rank = 15
    code_hint = "What the pebble says"

    @property
    def verified(self):
        return OATH_VERIFIED

    def could_match(self, factor, answer):
        return len(answer.text) == 6

    def verify(self, factor, answer, *, now):
        if answer.text.encode() != factor.unseal():
            raise WrongCode(OATH_INCORRECT)

    def describe(self, factor):
        return "Smooth and grey"

    def add_url(self):
        return reverse("pebble:add")


KIND = Pebble()
""",
    "views.py": """
from django.db import transaction
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from mfa import enrolment
from mfa.pages import sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required


@open_before_enrolment
@fresh_proof_required
@require_POST
def add(request):
    now = timezone.now()
    with transaction.atomic():
        factor = enrolment.begin(request.user, "pebble", b"246813", name="Mine", now=now)
        enrolment.confirm(factor, actor=request.user, now=now)
    sessions.keep(request, proved_by=factor)
    return redirect("dashboard")
""",
    "urls.py": """
from django.urls import path

from mfa.factors.pebble import views

app_name = "pebble"
urlpatterns = [path("add/", views.add, name="add")]
""",
}


def test_a_folder_and_one_word_are_a_new_factor_at_every_door(tmp_path: Path) -> None:
    """Over the tables of a portal that never heard of it."""
    folder = tmp_path / "more" / "pebble"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    settings = environment(
        tmp_path / "data",
        {"DJANGO_SETTINGS_MODULE": "tests.settings", "MFA_FACTORS": "totp recovery pebble activation"},
    )
    make_tables(settings)
    command = [sys.executable, "-m", "tests.stories.new_factor", str(folder.parent)]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["own"] == {"offered": True, "added": 302, "card": True, "refused": 422, "accepted": 302}
    assert found["api"]["accepted"] is True
    assert found["api"]["kind"] == "pebble"
    assert found["admin"] == {"person": True, "log": True}
    assert found["log"] == [False, True, True]
