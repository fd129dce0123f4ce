"""How people write telephone numbers: from any notation to "+" and ASCII digits. No telephone rules here, no Django.

Everything works on text already bounded by LONGEST, so no expression can be made slow from outside.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

LONGEST = 64

# Marks that a copied number carries unseen around it: direction marks, zero-width marks, byte order mark, soft hyphen.
_UNSEEN = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_SPACES = (
    " \t\r\n\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_SIGNS = dict(zip("＋﹢（）．／＃，；：｜＝", "++()./#,;:|=", strict=True))
_EXTENSION = re.compile(
    r"""^(?P<number>.*?\d[\s.\-)]*)
        (?: [\s,;]* (?: extension|extn|ext|durchwahl|dw|poste|x|\# ) \s* [.:=]* \s* [\d\-]+ \s* \#? \s*
          | [\s]* [,;]+ \s* \d{1,5} \s* \#? \s*
        )$""",
    re.IGNORECASE | re.VERBOSE,
)
_CONTEXT = re.compile(r"^(?P<number>[^;]+);phone-context=(?P<context>\+\d{1,6}|[a-z][\w.\-]*)$", re.IGNORECASE)
_ANOTHER = re.compile(r"\s*(?:[,;|]|\b(?:or|and|oder|und)\b)\s*|\s*/?\s*(?=\+)", re.IGNORECASE)
_SLASHED = re.compile(r"^(?P<first>[^/]+)/[^/]+", re.ASCII)
_NUMBER = re.compile(r"^\(?(?P<plus>\+?)(?P<rest>[\d\s().\-/]*\d[\s).]*)$", re.ASCII)
# A slash stands behind an area code here: with seven digits before it there may be two numbers.
_CLEAR = re.compile(r"\(?\+?[0-9][0-9 ().\-]*[0-9]|(?:\+[0-9]{1,3} )?[0-9]{2,3}[0-9]?/[0-9][0-9 \-]*[0-9]")
_NO_DIGITS = {ord(mark): None for mark in " ().-/"}


def at_sight(text: str) -> str | None:
    """What `digits` gives for one number of ASCII digits, spaces, brackets, points, hyphens and a slash, as is usual.
    None for any other text, which takes all the steps below."""
    if len(text) > LONGEST or not _CLEAR.fullmatch(text):
        return None
    return text.translate(_NO_DIGITS)


def trim(text: str) -> str:
    """The text without surrounding white space and unseen marks; linear in time, so safe before any bound."""
    return text.strip(_SPACES + _UNSEEN)


def plain(text: str) -> str | None:
    """The same number with ASCII digits, signs, spaces and hyphens; a `tel:` URI (RFC 3966) without its scheme.

    None when it holds a control character or a combining mark. Takes at most LONGEST characters.
    """
    if text[:4].lower() == "tel:":
        text = _local_part(unquote(text[4:]).strip(" "))
    marks = [_plain_mark(mark) for mark in text if mark not in _UNSEEN]
    return None if None in marks else "".join(mark for mark in marks if mark is not None)


def without_extension(text: str) -> str | None:
    """What stands before "ext. 12", ";ext=12", "x12", "#12" or a dialling pause ",,12"; None without an extension."""
    found = _EXTENSION.match(text)
    return found["number"] if found else None


def first_of_several(text: str) -> str | None:
    """The first number of "+49170..., +49171..."; None for one number only, which may hold a slash: "0170/1234567"."""
    for found in _ANOTHER.finditer(text):
        if _many(text[: found.start()]):
            return text[: found.start()]
    slashed = _SLASHED.match(text)
    return slashed["first"] if slashed and all(_many(part) for part in text.split("/", 1)) else None


def digits(text: str) -> str | None:
    """The digits, after a plus sign when one came first: "+491701234567", "01701234567"; None when not a number."""
    found = _NUMBER.match(text)
    return found["plus"] + re.sub(r"\D", "", found["rest"], flags=re.ASCII) if found else None


def _plain_mark(mark: str) -> str | None:
    if mark in _SIGNS:
        return _SIGNS[mark]
    digit = unicodedata.decimal(mark, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(mark)
    if category == "Pd" or mark == "\u2212":
        return "-"
    if category == "Zs" or mark == "\t":
        return " "
    return None if category[0] in "CM" or category in ("Zl", "Zp") else mark


def _local_part(number: str) -> str:
    found = _CONTEXT.match(number)
    if not found:
        return number
    return found["context"] + found["number"] if found["context"].startswith("+") else found["number"]


def _many(text: str) -> bool:
    """At least as many digits as the shortest number that could stand alone beside another."""
    return sum(mark.isdecimal() for mark in text) >= 7
