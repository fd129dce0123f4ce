"""Hardware tokens from a CSV file. Pure.

The first line names the columns, in any order: `serial` and one of `secret_hex`, `secret_base32`; optional are `type`
(totp, hotp), `algorithm` (SHA1, SHA256, SHA512), `digits`, `period` (seconds), `counter`, `manufacturer`. Also read are
the names of the files for Microsoft Entra: `serial number`, `secret key` (base32), `time interval`. Separated by comma
or semicolon, in UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io

from mfa.tokens.reading import MOST_TOKENS, Entry, Fault, Line, Reason, Unreadable, line, normal_serial

ALIASES = {
    "serial number": "serial",
    "serialnumber": "serial",
    "secret key": "secret_base32",
    "secretkey": "secret_base32",
    "time interval": "period",
    "timeinterval": "period",
}
DEFAULTS = {"digits": "6", "period": "30", "counter": "0"}


def read(data: bytes) -> list[Line]:
    """One line for each token. Raises Unreadable."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(Fault.NO_FORMAT) from None
    rows = _rows(text)
    columns = [_column(name) for name in rows[0][1]] if rows else []
    if "serial" not in columns or not {"secret_hex", "secret_base32"} & set(columns):
        raise Unreadable(Fault.NO_COLUMNS)
    if len(rows) > MOST_TOKENS + 1:
        raise Unreadable(Fault.TOO_MANY)
    return [_line(number, dict(zip(columns, row, strict=False))) for number, row in rows[1:]]


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """What is not empty, each with its line in the file as an editor counts them."""
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        return [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error:
        raise Unreadable(Fault.NO_FORMAT) from None


def _column(name: str) -> str:
    plain = name.strip().lower()
    return ALIASES.get(plain, plain.replace(" ", "_"))


def _line(number: int, row: dict[str, str]) -> Line:
    row = {name: value.strip() for name, value in row.items()}
    serial = normal_serial(row.get("serial", ""))
    secret = _secret(row)
    if secret is None:
        return line(number, Reason.BAD_SEED, serial)
    numbers = {name: row.get(name) or default for name, default in DEFAULTS.items()}
    for name, text in numbers.items():
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            return line(number, Reason(name), serial)
    entry = Entry(
        serial, (row.get("type") or "totp").lower(), secret, _algorithm(row.get("algorithm", "")),
        int(numbers["digits"]), int(numbers["period"]), int(numbers["counter"]), row.get("manufacturer", "")[:64],
    )  # fmt: skip
    return line(number, entry)


def _secret(row: dict[str, str]) -> bytes | None:
    """The secret's bytes; None where it is no hex or base32."""
    try:
        if text := row.get("secret_hex", ""):
            return bytes.fromhex(text)
        text = row.get("secret_base32", "").replace(" ", "").upper().rstrip("=")
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except (ValueError, binascii.Error):
        return None


def _algorithm(text: str) -> str:
    return text.upper().replace("HMAC", "").replace("-", "") or "SHA1"
