"""What is wrong with a file of tokens, or with one token of it, in words that say what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mfa.tokens.reading import Fault, Reason

REASONS: dict[Reason, str | Promise] = {
    Reason.NO_SERIAL: _("It has no serial number."),
    Reason.BAD_SERIAL: _("The serial number is not made of letters and digits, or is longer than 64."),
    Reason.TWICE: _("The serial number comes twice in this file; the first one counts."),
    Reason.METHOD: _("It is neither HOTP nor TOTP."),
    Reason.NO_SEED: _("It has no secret."),
    Reason.BAD_SEED: _("The secret cannot be read."),
    Reason.SHORT_SEED: _("The secret is shorter than 14 bytes, which is too weak."),
    Reason.LONG_SEED: _("The secret is longer than 128 bytes."),
    Reason.LOCKED: _("The secret cannot be decrypted with what you typed."),
    Reason.ALGORITHM: _("The algorithm is none of SHA1, SHA256, SHA512."),
    Reason.DIGITS: _("Its codes do not have 6 or 8 digits."),
    Reason.PERIOD: _("Its codes change less often than every two minutes."),
    Reason.COUNTER: _("The counter is no number, or out of range."),
    Reason.POLICY: _("The file does not allow its use for codes, or asks for a PIN that the portal cannot check."),
    Reason.BAD_TEXT: _("The manufacturer's name has characters that cannot be shown, such as a line break."),
}
FAULTS: dict[Fault, str | Promise] = {
    Fault.NO_FORMAT: _("This is neither a PSKC file nor a CSV file in UTF-8."),
    Fault.NOT_XML: _("This PSKC file is damaged: it cannot be read."),
    Fault.DTD: _("This file declares a document type, which no PSKC file needs. It is not read."),
    Fault.TOO_DEEP: _("This file has more parts than any PSKC file needs. It is not read."),
    Fault.NO_COLUMNS: _(
        "The first line must name the columns: serial, and secret_hex or secret_base32. See the help beside the field."
    ),
    Fault.TOO_MANY: _("The file has more than 5000 tokens. Split it."),
    Fault.EMPTY: _("There is no token in this file."),
    Fault.NEEDS_KEY: _("The file is encrypted. Type its password, or its key in hex."),
    Fault.WRONG_KEY: _("The file does not open with this password or key."),
    Fault.ITERATIONS: _("The file asks for more work on its password than is sensible. It is not read."),
}
