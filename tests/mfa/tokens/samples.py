"""Files of hardware tokens as manufacturers send them."""

from __future__ import annotations

import base64

SEED = b"12345678901234567890"

PLAIN = """<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
{packages}
</KeyContainer>"""

PACKAGE = """  <KeyPackage>
    <DeviceInfo><Manufacturer>Manufacturer</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>
    <Key Id="{serial}" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:{method}">
      <Issuer>Issuer</Issuer>
      <AlgorithmParameters>{suite}<ResponseFormat Length="{digits}" Encoding="{encoding}"/></AlgorithmParameters>
      <Data><Secret><PlainValue>{secret}</PlainValue></Secret>{more}</Data>
      {policy}
    </Key>
  </KeyPackage>"""

RFC_6030_FIGURE_6 = """<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"
  xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">
  <EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></EncryptionKey>
  <MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1">
    <MACKey>
      <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>
      <xenc:CipherData>
        <xenc:CipherValue>ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX</xenc:CipherValue>
      </xenc:CipherData>
    </MACKey>
  </MACMethod>
  <KeyPackage>
    <DeviceInfo><Manufacturer>Manufacturer</Manufacturer><SerialNo>987654321</SerialNo></DeviceInfo>
    <CryptoModuleInfo><Id>CM_ID_001</Id></CryptoModuleInfo>
    <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
      <Issuer>Issuer</Issuer>
      <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
      <Data>
        <Secret>
          <EncryptedValue>
            <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>
            <xenc:CipherData>
              <xenc:CipherValue>AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv</xenc:CipherValue>
            </xenc:CipherData>
          </EncryptedValue>
          <ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=</ValueMAC>
        </Secret>
        <Counter><PlainValue>0</PlainValue></Counter>
      </Data>
    </Key>
  </KeyPackage>
</KeyContainer>"""
RFC_6030_KEY = "12345678901234567890123456789012"


def package(serial: str, method: str = "hotp", *, secret: bytes = SEED, **more: str) -> str:
    """One token of a plain PSKC file."""
    fields = {"suite": "", "digits": "6", "encoding": "DECIMAL", "more": "", "policy": ""} | more
    return PACKAGE.format(serial=serial, method=method, secret=base64.b64encode(secret).decode(), **fields)


def pskc(*packages: str) -> bytes:
    """A plain PSKC file of these tokens."""
    return PLAIN.format(packages="\n".join(packages)).encode()


def csv(*serials: str, method: str = "hotp") -> bytes:
    """A CSV file of tokens that all have the same secret."""
    rows = [f"{serial},{SEED.hex()},{method}" for serial in serials]
    return "\n".join(["serial,secret_hex,type", *rows]).encode()
