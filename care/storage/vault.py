"""What must be forgotten on request: rendered bodies, sealed under a key of the customer's own.

A customer's key is wrapped by the installation's master key and lives beside her identity. Delete
that row, and every body ever written to her is noise, while the audit's hashes still hold.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12

Proof = Mapping[str, Any]
"""What shows that somebody said something: form, wording, address of the machine, a note."""


class UnableToOpenSealedBody(Exception):
    """A sealed body or key does not open."""


class Vault:
    """Seals and opens bodies. AES-256-GCM with a random 96-bit nonce before the ciphertext."""

    def __init__(self, master_key: bytes) -> None:
        """``master_key``: 32 bytes."""
        self._master = AESGCM(master_key)
        self._addresses = hmac.digest(master_key, b"address", "sha256")
        self._pseudonyms = hmac.digest(master_key, b"customer_ref", "sha256")

    def customer_ref(self, customer_id: str) -> str:
        """The pseudonym under which gateways and files know a customer."""
        return hmac.digest(self._pseudonyms, customer_id.encode(), hashlib.sha256).hex()[:24]

    def address_hash(self, address: str) -> str:
        """What an e-mail address or telephone number is known by where it must not be written.

        Keyed, as there are so few telephone numbers that a plain hash is guessed in minutes.
        """
        plain = address.strip().casefold().encode()
        return hmac.digest(self._addresses, plain, "sha256").hex()

    def new_key(self) -> bytes:
        """A fresh key for one customer, wrapped."""
        return self._wrap(self._master, AESGCM.generate_key(256), b"key")

    def seal(self, wrapped_key: bytes, body: bytes, *, bound_to: str) -> bytes:
        """Seal a body under a customer's key; it opens only as what it was ``bound_to``."""
        return self._wrap(self._own(wrapped_key), body, bound_to.encode())

    def open(self, wrapped_key: bytes, sealed: bytes, *, bound_to: str) -> bytes:
        """Open a sealed body."""
        return self._unwrap(self._own(wrapped_key), sealed, bound_to.encode())

    def _own(self, wrapped_key: bytes) -> AESGCM:
        return AESGCM(self._unwrap(self._master, wrapped_key, b"key"))

    @staticmethod
    def _wrap(cipher: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + cipher.encrypt(nonce, plain, bound_to)

    @staticmethod
    def _unwrap(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
        try:
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
        except (InvalidTag, ValueError):
            raise UnableToOpenSealedBody(
                "a sealed body does not open: the master key is another one than it was sealed "
                "with, or the row was changed. Restore the key file, or CARE_MASTER_KEY."
            ) from None


def seal_proof(vault: Vault, data_key: bytes, event_id: str, proof: Proof) -> bytes:
    """A proof as the ledger keeps it: readable until the customer's key is deleted."""
    return vault.seal(data_key, orjson.dumps(dict(proof)), bound_to=event_id)


def open_proof(
    vault: Vault, data_key: bytes | None, event_id: str, proof: bytes | None
) -> dict[str, Any] | None:
    """What a sealed proof says; nothing where there is none, or its customer was erased."""
    if proof is None or data_key is None:
        return None
    found: dict[str, Any] = orjson.loads(vault.open(data_key, proof, bound_to=event_id))
    return found
