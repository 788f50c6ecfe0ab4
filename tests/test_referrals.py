"""Proves that the referral queue keeps every cry for help once, in order, in one pair of hands, audited and sealed."""

import base64
import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.core.message import CounsellorId, Inbound, Kind, ReferralId
from bot.store import referrals as module
from bot.store.connection import Store, StoreAway
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.referral import Claim, Placed, Referral, Stale, Taken
from bot.store.referrals import Referrals
from bot.store.sessions import Session, Sessions
from bot.store.turns import Turns

MEI, LAN = CounsellorId("c-mei"), CounsellorId("c-lan")
ADDRESS = "oOpenId_of_a_frightened_woman"
TEXT = "他们把门锁上了 help me"
THREADS = 8
ON_A_SHARED_STORE = hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Crowd:
    """People who cry for help, each call under its own operation id unless one is given."""

    def __init__(self, people: People, referrals: Referrals) -> None:
        self.people = people
        self.referrals = referrals
        self.count = 0

    def cry(
        self,
        who: str = ADDRESS,
        level: int = 2,
        kinds: tuple[str, ...] = ("confinement",),
        text: str = TEXT,
        op: str | None = None,
    ) -> Placed:
        self.count += 1
        person = self.people.welcome("wechat", who)
        return self.referrals.enqueue(op or f"cry{self.count}", person, "wechat", "zh", level, kinds, text, ("why",))

    def claimed(self, who: str = ADDRESS, by: CounsellorId = MEI) -> Claim:
        claim = self.referrals.claim(f"claim{self.cry(who).id}", by)
        assert claim
        return claim


@pytest.fixture
def crowd(people: People, referrals: Referrals) -> Crowd:
    return Crowd(people, referrals)


@pytest.fixture
def expire(store: Store) -> Callable[[Claim], None]:
    """Lets a lease run out by writing its end back to long ago."""

    def run_out(claim: Claim) -> None:
        store.client.hset(store.keys("referral", claim.referral), "lease", 1)
        store.client.zadd(store.keys("leases"), {claim.referral: 1})

    return run_out


@pytest.fixture
def audit(store: Store) -> Callable[[], list[str]]:
    """The actions in the audit, oldest first."""
    return lambda: [entry["action"] for _, entry in store.client.xrange(store.keys("audit"))]


def texts(referrals: Referrals, id_: ReferralId) -> list[tuple[str, str]]:
    referral = referrals.get(id_)
    assert referral
    return [(line.who, line.text) for line in referrals.transcript(referral, MEI, audited=False)]


def get(referrals: Referrals, id_: ReferralId) -> Referral:
    referral = referrals.get(id_)
    assert referral
    return referral


def everything(store: Store) -> str:
    """Every key and every value of the site, as the store holds them."""
    client, parts = store.client, []
    readers: dict[str, Callable[[str], Any]] = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        "stream": client.xrange,
    }
    for key in client.scan_iter(match=store.keys.prefix + "*", count=1000):
        parts += [key, str(readers[client.type(key)](key))]
    assert parts, "the site holds nothing: the test looks in the wrong place"
    return "\n".join(parts)


# One person, one referral


def test_a_cry_opens_a_referral_with_what_the_person_wrote(crowd: Crowd, referrals: Referrals) -> None:
    placed = crowd.cry()
    assert texts(referrals, placed.id) == [("person", TEXT), ("screen", "why")]


def test_a_first_cry_is_the_next_in_line(crowd: Crowd) -> None:
    placed = crowd.cry()
    assert (placed.created, placed.state, placed.place, placed.news) == (True, "waiting", 1, True)


def test_a_second_message_joins_the_open_referral(crowd: Crowd, referrals: Referrals) -> None:
    first, second = crowd.cry(), crowd.cry()
    assert (second.id, second.created, len(referrals.waiting())) == (first.id, False, 1)


def test_the_same_again_is_no_news(crowd: Crowd) -> None:
    crowd.cry()
    assert crowd.cry().news is False


def test_a_graver_message_is_news(crowd: Crowd) -> None:
    crowd.cry(level=2)
    assert crowd.cry(level=1).news is True


def test_kinds_are_joined_without_repetition(crowd: Crowd, referrals: Referrals) -> None:
    crowd.cry(kinds=("confinement",))
    placed = crowd.cry(kinds=("confinement", "violence"))
    assert get(referrals, placed.id).kinds == ("confinement", "violence")


def test_a_further_kind_is_news(crowd: Crowd) -> None:
    crowd.cry(kinds=("confinement",))
    assert crowd.cry(kinds=("violence",)).news is True


@ON_A_SHARED_STORE
@given(levels=st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_a_level_is_raised_but_never_lowered(crowd: Crowd, referrals: Referrals, levels: list[int]) -> None:
    crowd.count += 1
    who = f"person{crowd.count}"
    placed = [crowd.cry(who, level=level) for level in levels]
    assert get(referrals, placed[0].id).level == min(levels)


def test_messages_sent_at_the_same_moment_open_one_referral(crowd: Crowd, referrals: Referrals) -> None:
    crowd.people.welcome("wechat", ADDRESS)
    with ThreadPoolExecutor(THREADS) as pool:
        placed = list(pool.map(lambda n: crowd.cry(op=f"at-once{n}"), range(THREADS)))
    assert (sum(p.created for p in placed), len({p.id for p in placed})) == (1, 1)


def test_a_line_is_appended_to_the_open_referral(crowd: Crowd, referrals: Referrals, people: People) -> None:
    placed = crowd.cry()
    assert referrals.append("note", people.name("wechat", ADDRESS), "person", "more") == (placed.id, "waiting")
    assert texts(referrals, placed.id)[-1] == ("person", "more")


def test_a_line_of_somebody_without_a_referral_goes_nowhere(referrals: Referrals, people: People) -> None:
    assert referrals.append("note", people.welcome("wechat", ADDRESS), "person", "hello") is None


# Order


@ON_A_SHARED_STORE
@given(levels=st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_the_queue_stands_by_level_and_then_by_age(crowd: Crowd, referrals: Referrals, levels: list[int]) -> None:
    ours = set()
    for level in levels:
        crowd.count += 1
        ours.add(crowd.cry(f"person{crowd.count}", level=level).id)
    queue = [(r.level, r.opened) for r in referrals.waiting(count=10_000) if r.id in ours]
    assert len(queue) == len(levels)
    assert queue == sorted(queue)


def test_a_danger_now_goes_before_an_older_question(crowd: Crowd, referrals: Referrals) -> None:
    crowd.cry("older", level=3)
    grave = crowd.cry("later", level=1)
    assert (grave.place, referrals.waiting()[0].id) == (1, grave.id)


def test_raising_the_level_moves_it_forward(crowd: Crowd, referrals: Referrals) -> None:
    crowd.cry("other", level=2)
    crowd.cry("mine", level=3)
    assert crowd.cry("mine", level=1).place == 1


def test_a_page_of_the_queue_starts_where_it_is_asked_to(crowd: Crowd, referrals: Referrals) -> None:
    for number in range(3):
        crowd.cry(f"person{number}")
    assert [r.id for r in referrals.waiting(1, 1)] == [referrals.waiting()[1].id]


def test_placing_tells_how_many_counsellors_are_present(crowd: Crowd, store: Store) -> None:
    store.client.zadd(store.keys("staff", "present"), {MEI: 9e15, LAN: 1})
    assert crowd.cry().present == 1


# Claiming


def test_exactly_one_of_many_counsellors_gets_a_referral(crowd: Crowd, referrals: Referrals) -> None:
    placed, gate = crowd.cry(), threading.Barrier(THREADS)

    def reach(number: int) -> bool:
        gate.wait()
        try:
            return referrals.claim(f"reach{number}", CounsellorId(f"c{number}"), placed.id) is not None
        except Taken:
            return False

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(reach, range(THREADS))) == 1


def test_the_next_in_line_goes_to_each_counsellor_once(crowd: Crowd, referrals: Referrals) -> None:
    for number in range(THREADS // 2):
        crowd.cry(f"person{number}")
    with ThreadPoolExecutor(THREADS) as pool:
        claims = list(pool.map(lambda n: referrals.claim(f"next{n}", CounsellorId(f"c{n}")), range(THREADS)))
    got = [claim.referral for claim in claims if claim]
    assert (len(got), len(set(got))) == (THREADS // 2, THREADS // 2)


def test_an_empty_queue_gives_nothing(referrals: Referrals) -> None:
    assert referrals.claim("op", MEI) is None


def test_an_unknown_referral_cannot_be_claimed(referrals: Referrals) -> None:
    with pytest.raises(Taken):
        referrals.claim("op", MEI, ReferralId("r-unknown"))


def test_a_claimed_referral_leaves_the_queue(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    assert (referrals.waiting(), [r.id for r in referrals.held()]) == ([], [claim.referral])


# Fencing

STEPS: dict[str, Callable[[Referrals, Claim], None]] = {
    "send": lambda referrals, claim: referrals.send("late", claim, "late words"),
    "renew": lambda referrals, claim: referrals.renew(claim),
    "transfer": lambda referrals, claim: referrals.transfer("late", claim, LAN),
    "return": lambda referrals, claim: referrals.transfer("late", claim, None),
    "resolve": lambda referrals, claim: referrals.resolve("late", claim, "helped", "bye"),
}


@pytest.fixture(params=sorted(STEPS))
def step(request: pytest.FixtureRequest) -> Callable[[Referrals, Claim], None]:
    return STEPS[request.param]


def test_nothing_can_be_done_after_the_lease_ran_out(
    crowd: Crowd,
    referrals: Referrals,
    expire: Callable[[Claim], None],
    step: Callable[[Referrals, Claim], None],
) -> None:
    claim = crowd.claimed()
    expire(claim)
    with pytest.raises(Stale):
        step(referrals, claim)


def test_nothing_can_be_done_once_a_colleague_holds_it(
    crowd: Crowd,
    referrals: Referrals,
    expire: Callable[[Claim], None],
    step: Callable[[Referrals, Claim], None],
) -> None:
    claim = crowd.claimed()
    expire(claim)
    referrals.reap()
    referrals.claim("again", LAN)
    with pytest.raises(Stale):
        step(referrals, claim)


def test_an_old_claim_of_the_same_counsellor_is_stale_too(
    crowd: Crowd,
    referrals: Referrals,
    expire: Callable[[Claim], None],
    step: Callable[[Referrals, Claim], None],
) -> None:
    claim = crowd.claimed()
    expire(claim)
    referrals.reap()
    referrals.claim("again", MEI)
    with pytest.raises(Stale):
        step(referrals, claim)


def test_nothing_can_be_done_with_a_resolved_referral(
    crowd: Crowd, referrals: Referrals, step: Callable[[Referrals, Claim], None]
) -> None:
    claim = crowd.claimed()
    referrals.resolve("end", claim, "helped", "bye")
    with pytest.raises(Stale):
        step(referrals, claim)


def test_nothing_can_be_done_with_an_unknown_referral(
    referrals: Referrals, step: Callable[[Referrals, Claim], None]
) -> None:
    with pytest.raises(Stale):
        step(referrals, Claim(ReferralId("r-unknown"), MEI, "1"))


def test_the_words_of_a_stale_holder_reach_nobody(
    crowd: Crowd, referrals: Referrals, outbox: Outbox, expire: Callable[[Claim], None]
) -> None:
    claim = crowd.claimed()
    expire(claim)
    with pytest.raises(Stale):
        referrals.send("late", claim, "late words")
    assert outbox.waiting() == 0


def test_every_claim_has_a_higher_fence(crowd: Crowd) -> None:
    first, second = crowd.claimed("one"), crowd.claimed("two")
    assert int(second.fence) > int(first.fence)


# Leases


def test_what_a_silent_counsellor_held_goes_back_to_its_old_place(
    crowd: Crowd, referrals: Referrals, expire: Callable[[Claim], None]
) -> None:
    claim = crowd.claimed("first")
    crowd.cry("second")
    expire(claim)
    assert referrals.reap() == ([claim.referral], [])
    assert referrals.waiting()[0].id == claim.referral


def test_what_became_graver_in_her_hands_goes_back_further_ahead(
    crowd: Crowd, referrals: Referrals, expire: Callable[[Claim], None]
) -> None:
    crowd.cry("other", level=2, op="other")
    placed = crowd.cry("mine", level=3)
    claim = referrals.claim("claim", MEI, placed.id)
    assert claim
    crowd.cry("mine", level=1)
    expire(claim)
    referrals.reap()
    assert referrals.waiting()[0].id == placed.id


def test_a_cry_in_a_counsellors_hands_stays_in_her_hands(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    placed = crowd.cry(level=1)
    assert (placed.id, placed.state, placed.place, referrals.waiting()) == (claim.referral, "claimed", 0, [])


def test_a_lease_that_runs_is_left_alone(crowd: Crowd, referrals: Referrals) -> None:
    crowd.claimed()
    assert referrals.reap() == ([], [])


def test_a_renewed_lease_is_not_taken_back(crowd: Crowd, referrals: Referrals, store: Store) -> None:
    claim = crowd.claimed()
    store.client.zadd(store.keys("leases"), {claim.referral: 1})
    referrals.renew(claim)
    assert referrals.reap() == ([], [])


def test_a_tick_puts_back_no_more_than_its_cap_and_the_next_tick_the_rest(
    crowd: Crowd, referrals: Referrals, expire: Callable[[Claim], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REAP_AT_MOST", 2)
    for number in range(3):
        expire(crowd.claimed(f"person{number}"))
    assert [len(referrals.reap()[0]) for _ in range(3)] == [2, 1, 0]


# Passing on and ending


def test_a_transfer_puts_it_into_the_colleagues_hands(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    referrals.transfer("pass", claim, LAN)
    assert get(referrals, claim.referral).holder == LAN


def test_after_a_transfer_the_giver_can_no_longer_write(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    referrals.transfer("pass", claim, LAN)
    with pytest.raises(Stale):
        referrals.send("late", claim, "late words")


def test_after_a_transfer_the_receiver_can_write(crowd: Crowd, referrals: Referrals, outbox: Outbox) -> None:
    claim = crowd.claimed()
    referrals.transfer("pass", claim, LAN)
    referrals.send("hello", Claim(claim.referral, LAN, get(referrals, claim.referral).fence), "hello")
    assert outbox.waiting() == 1


def test_a_return_gives_the_old_place_back(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed("first")
    crowd.cry("second")
    referrals.transfer("back", claim, None)
    assert referrals.waiting()[0].id == claim.referral


def test_resolving_takes_it_out_of_every_list(crowd: Crowd, referrals: Referrals) -> None:
    referrals.resolve("end", crowd.claimed(), "helped", "bye")
    assert (referrals.waiting(), referrals.held()) == ([], [])


def test_resolving_frees_the_person(crowd: Crowd, referrals: Referrals, people: People) -> None:
    referrals.resolve("end", crowd.claimed(), "helped", "bye")
    assert referrals.open_of(people.name("wechat", ADDRESS)) is None


def test_a_cry_soon_after_the_end_opens_the_same_referral_again(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    referrals.resolve("end", claim, "helped", "bye")
    placed = crowd.cry(level=3, text="again")
    again = get(referrals, claim.referral)
    assert (placed.id, placed.created, placed.news) == (claim.referral, True, True)
    assert (again.state, again.level, [text for who, text in texts(referrals, again.id) if who == "person"]) == (
        "waiting", 3, [TEXT, "again"],
    )  # fmt: skip
    assert again.since > again.opened


def test_a_cry_long_after_the_end_opens_a_new_referral(crowd: Crowd, referrals: Referrals, store: Store) -> None:
    claim = crowd.claimed()
    referrals.resolve("end", claim, "helped", "bye")
    key = store.keys("last", crowd.people.name("wechat", ADDRESS))
    assert 0 < store.client.ttl(key) <= 72 * 3600
    store.client.delete(key)
    assert crowd.cry().id != claim.referral


def test_a_resolved_referral_cannot_be_claimed(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    referrals.resolve("end", claim, "helped", "bye")
    with pytest.raises(Taken):
        referrals.claim("again", LAN, claim.referral)


def test_resolving_queues_the_hand_back(crowd: Crowd, referrals: Referrals, outbox: Outbox) -> None:
    referrals.resolve("end", crowd.claimed(), "helped", "the bot answers again")
    parcel = outbox.take()
    assert parcel
    assert outbox.text(parcel) == "the bot answers again"


# Operation ids: a retry after a lost reply does nothing twice


def test_a_retried_cry_is_placed_once_with_the_same_answer(crowd: Crowd, referrals: Referrals) -> None:
    first, second = crowd.cry(op="same"), crowd.cry(op="same")
    assert second == first
    assert get(referrals, first.id).lines == 2


def test_a_retried_cry_after_the_end_opens_nothing(crowd: Crowd, referrals: Referrals) -> None:
    first = crowd.cry(op="same")
    claim = referrals.claim("claim", MEI)
    assert claim
    referrals.resolve("end", claim, "helped", "bye")
    assert crowd.cry(op="same").id == first.id
    assert referrals.waiting() == []


def test_a_retried_line_is_appended_once(crowd: Crowd, referrals: Referrals, people: People) -> None:
    placed, person = crowd.cry(), people.name("wechat", ADDRESS)
    answers = [referrals.append("same", person, "person", "more") for _ in range(2)]
    assert answers[0] == answers[1]
    assert texts(referrals, placed.id).count(("person", "more")) == 1


def test_a_retried_claim_gets_the_same_claim(crowd: Crowd, referrals: Referrals) -> None:
    crowd.cry()
    assert referrals.claim("same", MEI) == referrals.claim("same", MEI)


def test_a_retried_claim_of_the_next_in_line_takes_no_second_one(crowd: Crowd, referrals: Referrals) -> None:
    crowd.cry("one")
    crowd.cry("two")
    for _ in range(2):
        referrals.claim("same", MEI)
    assert len(referrals.waiting()) == 1


def test_a_retried_send_reaches_the_person_once(
    crowd: Crowd, referrals: Referrals, store: Store, people: People
) -> None:
    claim = crowd.claimed()
    for _ in range(2):
        referrals.send("same", claim, "we are here")
    assert store.client.llen(store.keys("out", "line", people.name("wechat", ADDRESS))) == 1
    assert texts(referrals, claim.referral).count(("counsellor", "we are here")) == 1


def test_a_retried_transfer_is_confirmed_and_changes_nothing_more(crowd: Crowd, referrals: Referrals) -> None:
    claim = crowd.claimed()
    referrals.transfer("same", claim, LAN)
    fence = get(referrals, claim.referral).fence
    referrals.transfer("same", claim, LAN)
    assert get(referrals, claim.referral).fence == fence


def test_a_retried_resolve_sends_one_hand_back(
    crowd: Crowd, referrals: Referrals, store: Store, people: People
) -> None:
    claim = crowd.claimed()
    for _ in range(2):
        referrals.resolve("same", claim, "helped", "bye")
    assert store.client.llen(store.keys("out", "line", people.name("wechat", ADDRESS))) == 1


def test_retries_leave_no_second_entry_in_the_audit(
    crowd: Crowd, referrals: Referrals, audit: Callable[[], list[str]]
) -> None:
    crowd.cry(op="cry")
    crowd.cry(op="cry")
    claim = [referrals.claim("claim", MEI) for _ in range(2)][0]
    assert claim
    for _ in range(2):
        referrals.send("send", claim, "we are here")
    for _ in range(2):
        referrals.resolve("end", claim, "helped", "bye")
    assert audit() == ["opened", "claimed", "wrote", "resolved"]


# Audit


def test_every_change_stands_in_the_audit(
    crowd: Crowd, referrals: Referrals, audit: Callable[[], list[str]], expire: Callable[[Claim], None]
) -> None:
    crowd.cry(level=2)
    crowd.cry(level=1)
    claim = referrals.claim("first", MEI)
    assert claim
    referrals.send("send", claim, "we are here")
    referrals.transfer("back", claim, None)
    claim = referrals.claim("second", MEI)
    assert claim
    expire(claim)
    referrals.reap()
    claim = referrals.claim("third", MEI)
    assert claim
    referrals.transfer("pass", claim, LAN)
    claim = dataclasses.replace(claim, counsellor=LAN, fence=get(referrals, claim.referral).fence)
    referrals.resolve("end", claim, "helped", "bye")
    assert audit() == [
        "opened",
        "raised",
        "claimed",
        "wrote",
        "returned",
        "claimed",
        "lease_expired",
        "claimed",
        "transferred",
        "resolved",
    ]


def test_a_kind_that_joins_stands_in_the_audit(crowd: Crowd, audit: Callable[[], list[str]]) -> None:
    crowd.cry(kinds=("confinement",))
    crowd.cry(kinds=("violence",))
    assert len(audit()) == 2


def test_opening_a_transcript_stands_in_the_audit(
    crowd: Crowd, referrals: Referrals, audit: Callable[[], list[str]]
) -> None:
    referrals.transcript(get(referrals, crowd.cry().id), MEI)
    assert audit() == ["opened", "read"]


def test_a_live_update_of_an_open_transcript_does_not_flood_the_audit(
    crowd: Crowd, referrals: Referrals, audit: Callable[[], list[str]]
) -> None:
    referral = get(referrals, crowd.cry().id)
    for _ in range(3):
        referrals.transcript(referral, MEI, audited=False)
    assert audit() == ["opened", "read"]


def test_the_audit_names_who_did_it(crowd: Crowd, store: Store) -> None:
    crowd.claimed(by=LAN)
    (_, entry), *_ = store.client.xrevrange(store.keys("audit"))
    assert (entry["actor"], entry["action"]) == (LAN, "claimed")


def test_every_change_rings_the_bell(crowd: Crowd, referrals: Referrals, store: Store) -> None:
    before = store.bell()
    claim = crowd.claimed()
    after_claim = store.bell()
    referrals.send("send", claim, "we are here")
    assert before < after_claim < store.bell()


# Sealed


def hidden_in(text: str) -> list[str]:
    """The text, and how it would look in base64, hex or JSON escapes."""
    raw = text.encode()
    return [text, base64.b64encode(raw).decode()[:12], raw.hex(), ascii(text).strip("'")]


def test_neither_words_nor_addresses_stand_in_the_store_in_the_clear(
    crowd: Crowd, referrals: Referrals, store: Store, people: People, outbox: Outbox, sessions: Sessions, turns: Turns
) -> None:
    person = people.welcome("sms", "+8613912345678")
    turns.begin("sms", "SMid-of-the-platform", 0)
    turns.finish("sms", "SMid-of-the-platform", people.seal(person, "秘密 reply", "reply"))
    sessions.save(person, Session(rest=("秘密 rest",)))
    outbox.post("m1", person, "sms", "秘密 posted")
    claim = crowd.claimed()
    referrals.append("note", people.name("wechat", ADDRESS), "bot", "秘密 noted")
    referrals.send("send", claim, "秘密 written")
    referrals.resolve("end", claim, "helped", "秘密 hand-back")
    found = everything(store)
    secrets = (TEXT, ADDRESS, "+8613912345678", "13912345678", "秘密", "SMid-of-the-platform")
    assert [s for s in secrets if any(form in found for form in hidden_in(s))] == []


def test_a_line_moved_to_another_person_cannot_be_read(crowd: Crowd, referrals: Referrals, store: Store) -> None:
    mine, hers = crowd.cry("mine", text="mine"), crowd.cry("hers", text="hers")
    (_, entry), *_ = store.client.xrange(store.keys("transcript", mine.id))
    store.client.delete(store.keys("transcript", hers.id))
    store.client.xadd(store.keys("transcript", hers.id), entry)
    assert "mine" not in [text for _, text in texts(referrals, hers.id)]


def test_the_transcript_of_an_erased_person_says_so(crowd: Crowd, referrals: Referrals, people: People) -> None:
    placed = crowd.cry()
    people.erase(people.name("wechat", ADDRESS))
    assert {text for _, text in texts(referrals, placed.id)} == {"（已删除 / erased）"}


def test_what_a_person_wrote_stays_out_of_representations(crowd: Crowd, referrals: Referrals) -> None:
    lines = referrals.transcript(get(referrals, crowd.cry().id), MEI)
    assert TEXT not in repr(lines)


def test_an_inbound_message_shows_neither_words_nor_address() -> None:
    shown = repr(Inbound("wechat", ADDRESS, "1", Kind.TEXT, TEXT))
    assert [s for s in (ADDRESS, TEXT) if s in shown] == []


# Bad days of the store


def test_a_flushed_script_cache_is_survived(crowd: Crowd, referrals: Referrals, store: Store, outbox: Outbox) -> None:
    flush = store.client.script_flush
    flush()
    crowd.cry()
    flush()
    claim = referrals.claim("claim", MEI)
    assert claim
    flush()
    referrals.renew(claim)
    flush()
    referrals.send("send", claim, "we are here")
    flush()
    assert outbox.take() is not None
    flush()
    referrals.resolve("end", claim, "helped", "bye")
    assert referrals.held() == []


def test_the_state_of_her_words_is_shown_beside_them(crowd: Crowd, referrals: Referrals, outbox: Outbox) -> None:
    claim = crowd.claimed()
    referrals.send("send", claim, "we are here")
    parcel = outbox.take()
    assert parcel
    outbox.dead(parcel, "21610")
    assert referrals.transcript(get(referrals, claim.referral), MEI)[-1].delivery == "dead"


@pytest.mark.parametrize("fate", ["sent", "dead", "closed", "aside"])
def test_with_a_conversation_its_messages_go_wherever_they_are(
    referrals: Referrals, outbox: Outbox, store: Store, people: People, fate: str
) -> None:
    person = people.welcome("sms", "+85251112222")
    referrals.enqueue("cry", person, "sms", "zh", 1, ("threat",), "help")
    claim = referrals.claim("claim", MEI)
    assert claim
    referrals.send("write", claim, "Are you safe?")
    referrals.resolve("resolve", claim, "helped", "goodbye")
    outbox.post("other", person, "sms", "of another conversation")
    parcel = outbox.take()
    assert parcel
    if fate == "sent":
        outbox.sent(parcel, "SM1")
    elif fate == "closed":
        outbox.close(parcel, "", "shut")
    else:
        outbox.dead(parcel, "21610")
    if fate == "aside":
        outbox.put_aside("op", parcel.id, MEI)
    referrals.retire(datetime.now(timezone.utc) + timedelta(days=1))
    left = [key.rpartition(":")[2] for key in store.client.keys(store.keys("out", "message", "*"))]
    line = store.client.lrange(store.keys("out", "line", person), 0, -1)
    assert (left, line, outbox.given_up()) == (["other"], ["other"], 0)


def test_words_whose_key_was_lost_on_the_way_are_not_accepted(
    referrals: Referrals, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failover may lose a person's key between the sealing of her words and their arrival."""
    person = people.welcome("sms", "+85251234567")
    sealed = people.seal(person, "help", "line")
    monkeypatch.setattr(people, "seal", lambda *_: sealed)
    store.forget("person", person)
    with pytest.raises(StoreAway):
        referrals.enqueue("op", person, "sms", "en", 1, ("threat",), "help")
    assert referrals.waiting() == []
