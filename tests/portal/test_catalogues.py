"""The catalogues of other languages: whole for what people read, and compiled as they are written."""

from __future__ import annotations

import gettext
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import templatize

ROOT = Path(__file__).parents[2]
FOR_PEOPLE = (
    "templates/pages", "templates/components", "templates/mail", "templates/sms", "mfa/pages", "mfa/factors",
    "mfa/verification", "mfa/outcomes.py", "mfa/explanations.py", "mfa/obstacles.py", "mfa/cool_down.py",
    "mfa/delivery/progress.py", "accounts/numbering.py",
)  # fmt: skip
"""Whatever is said here is said in every language; the admin speaks English."""
KEYWORDS = (
    "_", "gettext_noop", "gettext", "gettext_lazy", "lazy", "ngettext:1,2", "ngettext_lazy:1,2", "pgettext:1c,2",
    "npgettext:1c,2,3",
)  # fmt: skip
OTHERS = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%[sd]")
Catalogue = dict[str | tuple[str, int], str]


def po(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def read(compiled: Path) -> Catalogue:
    with compiled.open("rb") as file:
        found: Catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key: text for key, text in found.items() if key}


def compiled(source: Path, folder: Path, *arguments: str) -> Catalogue:
    target = folder / "compiled.mo"
    subprocess.run(["msgfmt", *arguments, "-o", target, source], check=True, capture_output=True)
    return read(target)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every text for people that the code marks."""
    folder = tmp_path_factory.mktemp("texts")
    names = list(texts(folder))
    marked = [f"--keyword={keyword}" for keyword in KEYWORDS]
    command = ["xgettext", "--language=Python", "--from-code=UTF-8", *marked, "-o", "all.pot", *names]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    found = (folder / "all.pot").read_text().replace("nplurals=INTEGER; plural=EXPRESSION", "nplurals=2; plural=n != 1")
    (folder / "all.pot").write_text(found.replace("CHARSET", "UTF-8"))
    subprocess.run(["msgen", "-o", "all.po", "all.pot"], cwd=folder, check=True, capture_output=True)
    return {text_of(key) for key in compiled(folder / "all.po", folder)}


def texts(folder: Path) -> Iterator[str]:
    for place in FOR_PEOPLE:
        found = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*"))
        for path in found:
            if path.suffix in (".py", ".html", ".txt"):
                text = path.read_text()
                target = folder / (str(path.relative_to(ROOT)).replace("/", "-") + ".py")
                target.write_text(text if path.suffix == ".py" else templatize(text))
                yield target.name


def text_of(key: str | tuple[str, int]) -> str:
    return key if isinstance(key, str) else key[0]


@pytest.mark.parametrize("language", OTHERS)
def test_what_people_read_is_there_in_every_language(said: set[str], language: str) -> None:
    assert said - {text_of(key) for key in read(po(language).with_suffix(".mo"))} == set()


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_is_what_the_written_one_says(language: str, tmp_path: Path) -> None:
    assert compiled(po(language), tmp_path, "--check-format") == read(po(language).with_suffix(".mo"))


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_fills_in_what_the_text_does(language: str) -> None:
    for key, text in read(po(language).with_suffix(".mo")).items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(text_of(key))), key


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_a_guess_or_left_over(language: str) -> None:
    written = po(language).read_text()
    assert "fuzzy" not in written
    assert "\n#~" not in written
