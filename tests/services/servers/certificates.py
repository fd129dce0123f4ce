"""Certificate authorities and server certificates made for one run, right ones and each wrong kind."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class ServerCertificate:
    """PEM files of one server: its certificate, its key, and the authority that a client must trust to accept it."""

    cert_file: Path
    key_file: Path
    ca_file: Path


class Authority:
    """A certificate authority whose files live in `folder`."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._cert = _build(self._name, self._name, self._key.public_key(), days=3650, ca=True).sign(
            self._key, hashes.SHA256()
        )
        self.ca_file = _write(folder / "ca.pem", self._cert.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, file_name: str = "server", names: Sequence[str] = LOOPBACK, *, days: int = 30, since: int = -60
    ) -> ServerCertificate:
        """A server certificate for these host names or IP addresses from `since` to `days` from today: with negative
        `days` it has expired, with positive `since` it is not valid yet."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _build(_named(names[0]), self._name, key.public_key(), days=days, since=since, ca=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = (
            builder.add_extension(_alternative_names(names), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return ServerCertificate(
            cert_file=_write(self.folder / f"{file_name}.pem", signed.public_bytes(serialization.Encoding.PEM)),
            key_file=_write(self.folder / f"{file_name}.key", _private_bytes(key)),
            ca_file=self.ca_file,
        )


def self_signed(folder: Path, names: Sequence[str] = LOOPBACK) -> ServerCertificate:
    """A certificate that no authority signed; its `ca_file` is an authority that has nothing to do with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(names[0])
    builder = _build(subject, subject, key.public_key(), days=30, ca=False)
    signed = builder.add_extension(_alternative_names(names), critical=False).sign(key, hashes.SHA256())
    stranger = Authority(folder / "stranger", "Stranger")
    return ServerCertificate(
        cert_file=_write(folder / "self-signed.pem", signed.public_bytes(serialization.Encoding.PEM)),
        key_file=_write(folder / "self-signed.key", _private_bytes(key)),
        ca_file=stranger.ca_file,
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _build(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    days: int,
    ca: bool,
    since: int = -60,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=since))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if ca:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return builder.add_extension(usage, critical=True)
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
