"""Whoever changes the audit in the store is found out: by the chain, by the numbers, by the seals."""

import itertools
import secrets
from pathlib import Path

import pytest

from bot.core.message import CounsellorId, PersonId
from bot.store.audit import Audit, AuditBroken, Walk
from bot.store.connection import Store, StoreAway
from bot.store.people import People
from bot.store.referrals import Referrals

MEI = CounsellorId("mei")
SECRET = b"a secret of this test"
_numbers = itertools.count()


@pytest.fixture
def audit(store: Store) -> Audit:
    return Audit(store, SECRET)


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("wechat", "o" + secrets.token_hex(8))


def a_case(referrals: Referrals, people: People) -> None:
    """Opened, claimed, read, resolved: four entries."""
    person = people.welcome("wechat", "o" + secrets.token_hex(8))
    n = next(_numbers)
    placed = referrals.enqueue(f"in{n}", person, "wechat", "zh", 1, ("violence",), "救命")
    claim = referrals.claim(f"claim{n}", MEI, placed.id)
    assert claim
    referral = referrals.get(placed.id)
    assert referral
    referrals.transcript(referral, MEI)
    referrals.resolve(f"done{n}", claim, "helped", "再见")


@pytest.fixture
def three(referrals: Referrals, people: People) -> None:
    for _ in range(3):
        a_case(referrals, people)


def rewrite(store: Store, number: int, **changes: str) -> None:
    """Replaces the entry with this number, as somebody with the store in his hands would."""
    key = store.keys("audit")
    entries = store.client.xrange(key)
    store.client.delete(key)
    for id_, fields in entries:
        if int(fields["n"]) == number:
            fields = {**fields, **changes}
        store.client.xadd(key, fields, id=id_)


def test_an_untouched_audit_is_verified(audit: Audit, three: None) -> None:
    found = audit.verify()
    assert (found.entries, found.sealed) == (12, 0)
    assert [entry.action for entry in audit.entries()][:4] == ["opened", "claimed", "read", "resolved"]


def test_an_empty_audit_is_whole(audit: Audit) -> None:
    assert audit.verify().entries == 0
    assert not audit.seal()


@pytest.mark.parametrize("field", ["actor", "action", "referral", "at", "note"])
def test_a_changed_entry_is_found(audit: Audit, store: Store, three: None, field: str) -> None:
    rewrite(store, 5, **{field: "other"})
    with pytest.raises(AuditBroken, match="entry 5"):
        audit.verify()


def test_a_missing_entry_is_found(audit: Audit, store: Store, three: None) -> None:
    number, _ = store.client.xrange(store.keys("audit"))[4]
    store.client.xdel(store.keys("audit"), number)
    with pytest.raises(AuditBroken, match="5 to 5 are missing"):
        audit.verify()


def test_a_cut_off_end_is_found(audit: Audit, store: Store, three: None) -> None:
    last, _ = store.client.xrevrange(store.keys("audit"), count=1)[0]
    store.client.xdel(store.keys("audit"), last)
    with pytest.raises(AuditBroken, match="ends with entry 11"):
        audit.verify()


def forge(store: Store) -> None:
    """Changes an entry and mends every hash after it and the head, which anybody can who writes to the store."""
    import hashlib

    key, chain = store.keys("audit"), ""
    entries = store.client.xrange(key)
    store.client.delete(key)
    for id_, fields in entries:
        if fields["n"] == "5":
            fields["actor"] = "somebody else"
        words = "\n".join(fields[name] for name in ("n", "at", "action", "referral", "actor", "note"))
        chain = hashlib.sha1(f"{chain}\n{words}".encode(), usedforsecurity=False).hexdigest()
        store.client.xadd(key, {**fields, "chain": chain}, id=id_)
    store.client.hset(store.keys("audit:head"), "chain", chain)


def test_a_forged_chain_breaks_the_seal(audit: Audit, store: Store, three: None) -> None:
    assert audit.seal()
    forge(store)
    with pytest.raises(AuditBroken, match="seal"):
        audit.verify()


def test_a_chain_forged_before_any_seal_passes_and_that_is_why_the_worker_seals_often(
    audit: Audit, store: Store, three: None
) -> None:
    forge(store)
    assert audit.verify().sealed == 0


def test_seals_go_on_where_the_last_one_ended(audit: Audit, three: None, referrals: Referrals, people: People) -> None:
    assert audit.seal()
    assert not audit.seal()
    a_case(referrals, people)
    assert audit.verify().sealed == 12
    assert audit.seal()
    assert [seal.n for seal in audit.seals()] == [12, 16]
    assert audit.verify().sealed == 16


def test_a_new_seal_reads_on_from_the_last_one(
    audit: Audit, three: None, referrals: Referrals, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.seal()
    a_case(referrals, people)
    read: list[int] = []
    step = Walk.step
    monkeypatch.setattr(Walk, "step", lambda walk, at, entry: (read.append(entry.n), step(walk, at, entry))[1])
    assert audit.seal()
    assert read == [13, 14, 15, 16]


def test_seals_that_do_not_tell_where_they_end_are_read_and_followed(
    audit: Audit, store: Store, three: None, referrals: Referrals, people: People
) -> None:
    audit.seal()
    key = store.keys("audit:seals")
    [(id_, fields)] = store.client.xrange(key)
    store.client.delete(key)
    del fields["at"]
    store.client.xadd(key, fields, id=id_)
    a_case(referrals, people)
    assert audit.seal()
    assert [seal.n for seal in audit.seals()] == [12, 16]
    assert audit.verify().sealed == 16


def test_no_seal_is_put_over_entries_that_do_not_follow_the_sealed_ones(
    audit: Audit, store: Store, three: None, referrals: Referrals, people: People
) -> None:
    audit.seal()
    a_case(referrals, people)
    rewrite(store, 13, actor="other")
    with pytest.raises(AuditBroken, match="entry 13"):
        audit.seal()


def test_no_seal_is_put_when_the_last_sealed_entry_is_gone(audit: Audit, store: Store, three: None) -> None:
    audit.seal()
    last, _ = store.client.xrevrange(store.keys("audit"), count=1)[0]
    store.client.xdel(store.keys("audit"), last)
    with pytest.raises(AuditBroken, match="entry 12"):
        audit.seal()


def test_an_audit_that_cannot_be_read_is_a_store_away(tmp_path: Path) -> None:
    away = Store(f"unix://{tmp_path}/nobody.sock", "t")
    with pytest.raises(StoreAway):
        list(Audit(away, SECRET).entries())


def test_a_seal_of_another_secret_is_not_ours(audit: Audit, store: Store, three: None) -> None:
    Audit(store, b"another").seal()
    with pytest.raises(AuditBroken, match="seal"):
        audit.verify()
    with pytest.raises(AuditBroken, match="not ours"):
        audit.seal()


def test_an_audit_that_lost_its_sealed_end_is_found(audit: Audit, store: Store, three: None) -> None:
    audit.seal()
    key = store.keys("audit")
    for number, fields in store.client.xrange(key)[8:]:
        assert fields
        store.client.xdel(key, number)
    with pytest.raises(AuditBroken, match="sealed"):
        audit.verify()


def test_foreign_entries_are_found(audit: Audit, store: Store, three: None) -> None:
    store.client.xadd(store.keys("audit"), {"action": "opened"})
    with pytest.raises(AuditBroken, match="not written by Anlu"):
        audit.verify()


def test_a_long_audit_is_read_in_pages(
    audit: Audit, store: Store, referrals: Referrals, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.audit._PAGE", 7)
    for _ in range(5):
        a_case(referrals, people)
    assert audit.seal()
    assert audit.verify().entries == 20
