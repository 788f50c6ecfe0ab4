"""The address book, and one key for each person: erasing the key erases what the person wrote."""

import os

from bot.core.cipher import KEY_BYTES, Cipher, pseudonym
from bot.core.message import PersonId
from bot.store.connection import Store, store_errors
from bot.store.erased import Erased


class UnknownPerson(KeyError):
    """Nobody of this name is in the address book, or the person was erased."""


class People:
    """Knows people by pseudonym; the only place where an address is opened.

    ``site_cipher`` wraps each person's own key; ``secret`` keys the pseudonyms; ``erased`` remembers who was erased.
    """

    def __init__(self, store: Store, site_cipher: Cipher, secret: bytes, erased: Erased | None = None) -> None:
        self._store = store
        self._site = site_cipher
        self._secret = secret
        self._erased = erased

    def name(self, channel: str, address: str) -> PersonId:
        """The pseudonym; needs no store."""
        return PersonId(pseudonym(self._secret, channel, address))

    @store_errors
    def welcome(self, channel: str, address: str) -> PersonId:
        """Makes sure that this person has a key and an address on file."""
        person = self.name(channel, address)
        key = self._store.keys("person", person)
        if not all(self._store.client.hmget(key, "key", "address")):
            fresh = self._site.seal(os.urandom(KEY_BYTES), f"key:{person}")
            self._store.client.hsetnx(key, "key", fresh)
            sealed = self._box(person).seal(address, f"address:{person}")
            self._store.client.hset(key, mapping={"channel": channel, "address": sealed})
        return person

    @store_errors
    def address(self, person: PersonId) -> str:
        """The openid or number; only senders ask for it."""
        sealed = self._store.client.hget(self._store.keys("person", person), "address")
        if not sealed:
            raise UnknownPerson(person)
        return self._box(person).open(str(sealed), f"address:{person}")

    @store_errors
    def channel(self, person: PersonId) -> str:
        """The channel she writes by; UnknownPerson when she was erased."""
        found = self._store.client.hget(self._store.keys("person", person), "channel")
        if not found:
            raise UnknownPerson(person)
        return str(found)

    @store_errors
    def erase(self, person: PersonId) -> None:
        """Forgets the person: without her key nothing that was sealed under it can be read by anybody again."""
        if self._erased is not None:
            self._erased.add(person)  # first: whoever asked to be forgotten is, even when a backup comes back
        keys = self._store.keys
        parts = ("person", "session", "talk", "window")
        self._store.client.delete(*(keys(part, person) for part in parts))
        self._store.client.zrem(keys("talks"), person)
        self._store.put("1", "forgotten")  # her key still stands in the store's file, until that is written anew

    @store_errors
    def forget_talk(self, person: PersonId) -> None:
        """Forgets the conversation with the bot; what lies with counsellors stays until they are done."""
        self._store.client.delete(self._store.keys("session", person), self._store.keys("talk", person))

    def seal(self, person: PersonId, text: str, field: str) -> str:
        """Seals a text of this person for one field; UnknownPerson when she was never welcomed."""
        return self._box(person).seal(text, f"{field}:{person}")

    def open(self, person: PersonId, sealed: str, field: str) -> str:
        return self._box(person).open(sealed, f"{field}:{person}")

    @store_errors
    def _box(self, person: PersonId) -> Cipher:
        wrapped = self._store.client.hget(self._store.keys("person", person), "key")
        if not wrapped:
            raise UnknownPerson(person)
        return Cipher({"p": self._site.open_bytes(str(wrapped), f"key:{person}")})
