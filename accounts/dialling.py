"""The world's numbering plans, compiled: which number some digits are, where that can be told at sight. Pure.

The facts are libphonenumber's metadata and the answers are those of libphonenumber, which takes twenty times as long
because it keeps every doubt open. Where there is one, the answer here is None, and numbering.py asks the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc, PhoneNumberType

LONGEST_CODE = 3
NO_REGION = "001"
_SPECIAL = (
    (PhoneNumberType.PREMIUM_RATE, "premium_rate"),
    (PhoneNumberType.TOLL_FREE, "toll_free"),
    (PhoneNumberType.SHARED_COST, "shared_cost"),
    (PhoneNumberType.VOIP, "voip"),
    (PhoneNumberType.PERSONAL_NUMBER, "personal_number"),
    (PhoneNumberType.PAGER, "pager"),
    (PhoneNumberType.UAN, "uan"),
    (PhoneNumberType.VOICEMAIL, "voicemail"),
)
"""Kinds in the order in which they are looked for: a number of several kinds is of the first."""

Test = Callable[[str], object]
Match = Callable[[str], re.Match[str] | None]


class Known(NamedTuple):
    """A number that exists: the calling code ("49"), the region ("DE") and libphonenumber's PhoneNumberType."""

    code: str
    region: str
    type: int


class RegionPlan:
    """How numbers of one region are dialled there, and what they look like without their calling code."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        general = metadata.general_desc or PhoneNumberDesc()
        self._metadata = metadata
        self._of_length: dict[int, tuple[Test | None, tuple[tuple[int, Test], ...]]] = {}
        self._general = _match(general.national_number_pattern, whole=True)
        self._leading = _match(metadata.leading_digits) if metadata.leading_digits is not None else None
        self._rewrites = bool(metadata.national_prefix_transform_rule)
        self.region: str = metadata.id
        self.code = str(metadata.country_code)
        self.lengths = frozenset[int](general.possible_length)
        self.trunk_prefix = _match(metadata.national_prefix_for_parsing)
        self.dials_abroad = _match(metadata.international_prefix)
        self.dials_abroad_by_zeros = metadata.international_prefix == "00"

    def dialled(self, digits: str) -> str | None:
        """The national number without the trunk prefix that is dialled before it; None in doubt."""
        prefix = self.trunk_prefix(digits)
        if prefix is None:
            return digits
        rest = digits[prefix.end() :]
        certain = not self._rewrites and len(rest) in self.lengths and self._general(rest)
        return rest if certain else None

    def type_of(self, national: str) -> int:
        """The type of a national number; UNKNOWN when the region has no such number."""
        length = len(national)
        general, tests = self._of_length.get(length) or self._of_length.setdefault(length, self._tests(length))
        if general and general(national):
            for kind, test in tests:
                if test(national):
                    return kind
        return PhoneNumberType.UNKNOWN

    def claims(self, national: str) -> bool:
        """Whether this region may have the number, of all the regions that share its calling code: where it has
        leading digits of its own, they alone decide."""
        return not self._leading or bool(self._leading(national))

    @property
    def is_marked(self) -> bool:
        """Whether it has leading digits of its own."""
        return self._leading is not None

    def _tests(self, length: int) -> tuple[Test | None, tuple[tuple[int, Test], ...]]:
        """The tests that a number of so many digits can pass, in order."""
        data = self._metadata
        found = [(kind, _test(getattr(data, name), length)) for kind, name in _SPECIAL]
        fixed, mobile = _test(data.fixed_line, length), _test(data.mobile, length)
        if data.same_mobile_and_fixed_line_pattern:
            found.append((PhoneNumberType.FIXED_LINE_OR_MOBILE, fixed))
        else:
            both = partial(_both, fixed, mobile) if fixed and mobile else None
            found.append((PhoneNumberType.FIXED_LINE_OR_MOBILE, both))
            found.append((PhoneNumberType.FIXED_LINE, fixed))
            found.append((PhoneNumberType.MOBILE, mobile))
        return _test(data.general_desc, length), tuple((kind, test) for kind, test in found if test)


class CodePlan:
    """The regions that share a calling code; the first one's rules decide how numbers are written."""

    def __init__(self, regions: list[RegionPlan]) -> None:
        self._regions = regions
        self.main = regions[0]
        self.code = self.main.code

    def find(self, national: str) -> tuple[str, int] | None:
        """The region that has a number, and its type there; None when there is no such number."""
        for plan in self._regions:
            if len(self._regions) > 1 and not plan.claims(national):
                continue
            kind = plan.type_of(national)
            if kind != PhoneNumberType.UNKNOWN:
                return plan.region, kind
            if plan.is_marked:
                return None
        return None


def recognise(e164: str) -> Known | None:
    """The number that "+" and ASCII digits are, when they can be nothing else and nothing has to be taken away from
    them; None when they are no number, or when it takes a longer look."""
    plan = _plan_of(e164)
    if plan is None:
        return None
    national = e164[1 + len(plan.code) :]
    if len(national) not in plan.main.lengths or plan.main.trunk_prefix(national) or not national.strip("0"):
        return None
    found = plan.find(national)
    return Known(plan.code, *found) if found else None


def code_of(e164: str) -> str:
    """The calling code that "+" and digits begin with ("49"), of a country or of none; empty where there is no such
    code. No code begins another one."""
    codes = (e164[1:end] for end in range(2, LONGEST_CODE + 2))
    return next((code for code in codes if int(code) in COUNTRY_CODE_TO_REGION_CODE), "")


def without_trunk_prefix(digits: str) -> str | None:
    """ "+49170..." of "+490170..."; None when there is no such prefix, or in doubt."""
    plan = _plan_of(digits)
    if plan is None:
        return None
    national = digits[1 + len(plan.code) :]
    rest = plan.main.dialled(national)
    return f"+{plan.code}{rest}" if rest and rest != national else None


def complete(digits: str, region: str) -> str | None:
    """ "+" and all digits of what is dialled in a region: its trunk prefix gone, its calling code in front. None in
    doubt, so where the digits may begin with a dialling prefix or the calling code."""
    home = region_plan(region)
    if home is None or home.dials_abroad(digits) or digits.startswith(home.code):
        return None
    national = home.dialled(digits)
    return f"+{home.code}{national}" if national else None


@cache
def region_plan(region: str) -> RegionPlan | None:
    """The plan of a region, by its upper-case ISO code; None for one without telephone numbers."""
    metadata = PhoneMetadata.metadata_for_region(region)
    return RegionPlan(metadata) if metadata else None


def _plan_of(digits: str) -> CodePlan | None:
    for end in range(2, LONGEST_CODE + 2):
        if plan := _code_plan(digits[1:end]):
            return plan
    return None


@cache
def _code_plan(code: str) -> CodePlan | None:
    """The plan of a calling code; None for other digits, and for the codes of no region, such as satellites."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code.isdecimal() and code[0] != "0" else None
    if not regions or regions[0] == NO_REGION:
        return None
    plans = [region_plan(region) for region in regions]
    return None if None in plans else CodePlan([plan for plan in plans if plan])


def _match(pattern: str | None, *, whole: bool = False) -> Match:
    """Matches a text from its beginning, or as a whole; an empty pattern matches nothing."""
    compiled = re.compile(pattern or r"(?!)")
    return compiled.fullmatch if whole else compiled.match


def _test(kind: PhoneNumberDesc | None, length: int) -> Test | None:
    """The test of one kind of number; None when none of them has so many digits."""
    if kind is None or not kind.national_number_pattern:
        return None
    if kind.possible_length and length not in kind.possible_length:
        return None
    return _match(kind.national_number_pattern, whole=True)


def _both(first: Test, second: Test, national: str) -> bool:
    return bool(first(national) and second(national))
