"""A backup holds everything and opens for nobody else; a restored site goes on, and the erased stay erased."""

import os
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId, PersonId
from bot.settings import Settings
from bot.store.audit import Audit
from bot.store.backup import Backup, BackupBroken
from bot.store.connection import Store
from bot.store.embedded import EmbeddedStore
from bot.store.erased import Erased
from bot.store.outbox import Outbox
from bot.store.people import People, UnknownPerson
from bot.store.record import Record
from bot.store.referrals import Referrals
from bot.wiring import Site

MEI = CounsellorId("mei")
TEXT = "他们把门锁上了"


class OldSite:
    """A site with some history, and an empty one that its backup is restored to."""

    def __init__(self, embedded: EmbeddedStore, folder: Path) -> None:
        self.cipher = Cipher({"k1": os.urandom(32)})
        self.erased = Erased(folder / "erased.list")
        self.embedded = embedded
        self.store, self.people, self.referrals, self.outbox, self.backup = self._parts()
        self.file = folder / "site.backup"

    def _parts(self) -> tuple[Store, People, Referrals, Outbox, Backup]:
        store = Store(self.embedded.url, "t" + secrets.token_hex(6))
        people = People(store, self.cipher, b"secret", self.erased)
        backup = Backup(store, people, self.erased, self.cipher)
        return store, people, Referrals(store, people), Outbox(store, people), backup

    def cry(self, level: int = 1) -> PersonId:
        person = self.people.welcome("wechat", "o" + secrets.token_hex(8))
        self.referrals.enqueue(secrets.token_hex(8), person, "wechat", "zh", level, ("confinement",), TEXT)
        return person

    def move(self) -> None:
        """From now on everything goes to another, empty site."""
        self.store, self.people, self.referrals, self.outbox, self.backup = self._parts()


@pytest.fixture
def old(embedded_store: EmbeddedStore, tmp_path: Path) -> Iterator[OldSite]:
    site = OldSite(embedded_store, tmp_path)
    yield site
    site.store.client.close()


def test_a_restored_site_has_everybody_in_the_old_order(old: OldSite) -> None:
    people = [old.cry(level) for level in (2, 1, 2, 1)]
    before = [(r.id, r.person, r.level, r.opened) for r in old.referrals.waiting()]
    assert old.backup.write(old.file) > 4
    old.move()
    done = old.backup.restore(old.file)
    assert (done.waiting, done.erased) == (4, 0)
    assert [(r.id, r.person, r.level, r.opened) for r in old.referrals.waiting()] == before
    referral = old.referrals.open_of(people[0])
    assert referral
    assert [line.text for line in old.referrals.transcript(referral, MEI)] == [TEXT]


def test_nobody_holds_a_referral_after_a_restore(old: OldSite) -> None:
    old.cry()
    claim = old.referrals.claim("c1", MEI)
    assert claim
    old.backup.write(old.file)
    old.move()
    assert old.backup.restore(old.file).waiting == 1
    again = old.referrals.claim("c2", CounsellorId("lan"))
    assert again
    assert int(again.fence) > int(claim.fence)


def test_messages_on_their_way_are_sent_after_a_restore(old: OldSite) -> None:
    person = old.cry()
    for number in range(3):
        old.outbox.post(f"m{number}", person, "wechat", f"line {number}")
    parcel = old.outbox.take()
    assert parcel
    old.backup.write(old.file)
    old.move()
    assert old.backup.restore(old.file).to_send == 3
    first = old.outbox.take()
    assert first
    assert (first.id, first.maybe_sent, old.outbox.text(first)) == ("m0", True, "line 0")
    old.outbox.sent(first, "p")
    second = old.outbox.take()
    assert second
    assert (second.id, second.maybe_sent) == ("m1", False)


def test_what_was_deleted_for_its_age_is_no_case_again_after_a_restore(old: OldSite) -> None:
    old.cry()
    claim = old.referrals.claim("c1", MEI)
    assert claim
    old.referrals.resolve("r1", claim, "helped", "bye")
    assert old.referrals.retire(datetime.now(timezone.utc) + timedelta(days=1)) == [claim.referral]
    old.backup.write(old.file)
    old.move()
    assert old.backup.restore(old.file).waiting == 0


def test_the_erased_stay_erased(old: OldSite) -> None:
    kept, gone = old.cry(), old.cry()
    old.backup.write(old.file)
    old.people.erase(gone)
    old.move()
    assert old.backup.restore(old.file).erased == 1
    with pytest.raises(UnknownPerson):
        old.people.address(gone)
    assert old.people.address(kept)
    referral = old.referrals.open_of(gone)
    assert referral
    assert TEXT not in [line.text for line in old.referrals.transcript(referral, MEI)]


def test_who_came_back_after_being_erased_is_restored(old: OldSite, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "o" + secrets.token_hex(8)
    person = old.people.welcome("wechat", address)
    old.people.erase(person)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert old.people.welcome("wechat", address) == person
    old.backup.write(old.file)
    old.move()
    assert old.backup.restore(old.file).erased == 0
    assert old.people.address(person) == address


def test_the_audit_of_a_restored_site_is_whole_and_says_so(old: OldSite) -> None:
    old.cry()
    Audit(old.store, b"s").seal()
    old.backup.write(old.file)
    old.move()
    old.backup.restore(old.file)
    audit = Audit(old.store, b"s")
    assert audit.verify().entries == 2
    assert [entry.action for entry in audit.entries()] == ["opened", "restored"]


def test_an_audit_that_went_on_while_it_was_copied_is_whole_too(old: OldSite, monkeypatch: pytest.MonkeyPatch) -> None:
    old.cry()
    rows = old.backup._rows

    def rows_meanwhile() -> Iterator[dict[str, object]]:
        """The audit's entries first; then somebody cries and the audit is sealed; then all the rest."""
        found = sorted(rows(), key=lambda row: row["key"] != "audit")
        yield found[0]
        old.cry()
        Audit(old.store, b"s").seal()
        yield from (row for row in rows() if row["key"] != "audit")

    monkeypatch.setattr(old.backup, "_rows", rows_meanwhile)
    old.backup.write(old.file)
    old.move()
    assert old.backup.restore(old.file).waiting == 2
    assert Audit(old.store, b"s").verify().entries == 3


def test_many_keys_and_a_long_audit_are_copied_in_pages(old: OldSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.backup.PAGE", 3)
    for _ in range(7):
        old.cry()
    entries = list(Audit(old.store, b"s").read(""))
    assert len([row for row in old.backup._rows() if row["key"] == "audit"]) == 3
    old.backup.write(old.file)
    old.move()
    assert old.backup.restore(old.file).waiting == 7
    assert list(Audit(old.store, b"s").read(""))[:7] == entries
    assert Audit(old.store, b"s").verify().entries == 14


def test_a_restored_site_makes_its_record_anew(old: OldSite) -> None:
    old.cry()
    claim = old.referrals.claim("c1", MEI)
    assert claim
    old.referrals.resolve("r1", claim, "helped", "bye")
    Record(old.store, Audit(old.store, b"s")).follow()
    old.backup.write(old.file)
    old.move()
    old.backup.restore(old.file)
    record = Record(old.store, Audit(old.store, b"s"))
    record.follow()
    month = record.month(datetime.now(timezone.utc).strftime("%Y-%m"))[0]
    assert (month.opened, month.taken, month.ended) == (1, 1, {"helped": 1})


def test_a_backup_shows_nothing_to_who_lacks_the_keys(old: OldSite) -> None:
    person = old.cry()
    old.backup.write(old.file)
    raw = old.file.read_text(encoding="ascii")
    assert person not in raw
    assert "referral" not in raw
    assert old.file.stat().st_mode & 0o077 == 0
    old.cipher = Cipher({"k1": os.urandom(32)})
    old.move()
    with pytest.raises(BackupBroken, match="master keys"):
        old.backup.restore(old.file)


@pytest.mark.parametrize("damage", ["cut", "middle", "swapped", "twice", "empty", "other"])
def test_a_damaged_backup_is_refused_and_nothing_is_written(old: OldSite, damage: str) -> None:
    for _ in range(3):
        old.cry()
    old.backup.write(old.file)
    lines = old.file.read_text(encoding="ascii").splitlines(keepends=True)
    damaged = {
        "cut": lines[:-1],
        "middle": [*lines[:3], *lines[4:]],
        "swapped": [lines[0], lines[2], lines[1], *lines[3:]],
        "twice": lines + lines,
        "empty": [],
        "other": ["{}\n"],
    }
    old.file.write_text("".join(damaged[damage]), encoding="ascii")
    old.move()
    with pytest.raises(BackupBroken):
        old.backup.restore(old.file)
    assert list(old.store.client.scan_iter(f"{old.store.keys.prefix}*")) == []


def test_a_site_in_use_is_not_overwritten(old: OldSite) -> None:
    old.cry()
    old.backup.write(old.file)
    with pytest.raises(BackupBroken, match="data already"):
        old.backup.restore(old.file)


def test_a_backup_that_cannot_be_written_leaves_the_old_one(old: OldSite, monkeypatch: pytest.MonkeyPatch) -> None:
    old.file.write_text("the old one", encoding="ascii")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        old.backup.write(old.file)
    assert old.file.read_text(encoding="ascii") == "the old one"


def test_times_to_live_are_kept(old: OldSite) -> None:
    old.store.put("x", "session", "p", ttl_s=1000)
    old.store.put("y", "forever")
    old.backup.write(old.file)
    old.move()
    old.backup.restore(old.file)
    assert 990 <= old.store.client.ttl(old.store.keys("session", "p")) <= 1000
    assert old.store.client.ttl(old.store.keys("forever")) == -1


def test_the_wiring_remembers_the_erased_in_the_data_folder(settings: Settings) -> None:
    site = Site(settings)
    person = site.people.welcome("wechat", "o" + secrets.token_hex(8))
    site.people.erase(person)
    assert person in Erased(settings.data_dir / "erased.list").since(0)
    site.store.client.close()
