"""Authenticated encryption of everything a person wrote, and the keyed pseudonym of who wrote it.

Sealed form: ``1.<key id>.<base64url of nonce, ciphertext and tag>`` (AES-256-GCM). The associated data names the
field and the person, so a sealed value cannot be moved to another field or person. Runs in both environments.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(ValueError):
    """The value was not sealed by us for this field and person, or its key is gone (erased)."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)


def key_id(sealed: str) -> str:
    """The id of the key that a value lies under; "?" when it is no sealed value."""
    parts = sealed.split(".")
    return parts[1] if len(parts) == 3 else "?"


class Cipher:
    """Seals under the first key and opens under any of them (key rotation).

    ``keys`` maps key ids to 32 bytes; the first one is the active one. Ids may not contain a full stop.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("no encryption key")
        for key_id, key in keys.items():
            if "." in key_id or len(key) != KEY_BYTES:
                raise ValueError(f"the encryption key {key_id!r} must be {KEY_BYTES} bytes, its id without full stop")
        self.active = next(iter(keys))
        self._boxes = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._boxes)

    def seal(self, plain: str | bytes, bound_to: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        data = plain.encode("utf-8", "surrogatepass") if isinstance(plain, str) else plain
        return f"1.{self.active}.{b64(nonce + self._boxes[self.active].encrypt(nonce, data, bound_to.encode()))}"

    def open_bytes(self, sealed: str, bound_to: str) -> bytes:
        """The plain bytes; SealBroken when they cannot be had."""
        try:
            version, key_id, body = sealed.split(".")
            raw = unb64(body)
            if version != "1":
                raise SealBroken("unknown form of seal")
            return self._boxes[key_id].decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to.encode())
        except (ValueError, KeyError, InvalidTag) as error:
            raise SealBroken("the sealed value cannot be opened") from error

    def open(self, sealed: str, bound_to: str) -> str:
        return self.open_bytes(sealed, bound_to).decode("utf-8", "surrogatepass")


def pseudonym(secret: bytes, channel: str, address: str) -> str:
    """22 URL-safe characters that name a person everywhere but in the address book (HMAC-SHA256, cut to 128 bits)."""
    digest = hmac.new(secret, f"{channel}\x00{address}".encode(), hashlib.sha256).digest()
    return b64(digest[:16]).rstrip("=")
