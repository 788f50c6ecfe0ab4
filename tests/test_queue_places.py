"""Proves who gets whom: skills and their relaxation, ageing, capacity, laying aside, one person on two phones."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId, PersonId, ReferralId
from bot.store.audit import Audit
from bot.store.connection import Store
from bot.store.joining import Joining
from bot.store.people import People
from bot.store.record import Record
from bot.store.referral import Claim, Full, Placed, Stale
from bot.store.referrals import Referrals
from bot.store.staff import Skills, Staff

PASSWORD, SECRET = "a long enough password", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HOUR = 3600


class Line:
    """People in a queue, and counsellors with skills."""

    def __init__(self, store: Store, people: People, referrals: Referrals, staff: Staff) -> None:
        self.store, self.people, self.referrals, self.staff = store, people, referrals, staff
        self.count = 0

    def cry(self, level: int = 2, language: str = "zh", kinds: tuple[str, ...] = (), province: str = "") -> ReferralId:
        return self.place(level, language, kinds, province).id

    def place(self, level: int = 2, language: str = "zh", kinds: tuple[str, ...] = (), province: str = "") -> Placed:
        self.count += 1
        return self.again(self.count, level, language, kinds, province)

    def person(self, who: int) -> PersonId:
        return self.people.welcome("sms", f"+8551000000{who}")

    def again(
        self, who: int, level: int = 2, language: str = "zh", kinds: tuple[str, ...] = (), province: str = ""
    ) -> Placed:
        self.count += 1
        op = f"cry{self.count}"
        return self.referrals.enqueue(op, self.person(who), "sms", language, level, kinds, "help", (), province)

    def counsellor(self, login: str, skills: Skills = Skills()) -> CounsellorId:  # noqa: B008 - frozen
        me = self.staff.add(login, login, "counsellor", PASSWORD, SECRET)
        self.staff.equip(me.id, skills)
        return me.id

    def next(self, me: CounsellorId) -> ReferralId | None:
        self.count += 1
        claim = self.referrals.claim(f"claim{self.count}", me)
        return claim.referral if claim else None

    def claim(self, me: CounsellorId, id_: ReferralId) -> Claim:
        self.count += 1
        claim = self.referrals.claim(f"claim{self.count}", me, id_)
        assert claim
        return claim

    def has_waited(self, id_: ReferralId, seconds: float) -> None:
        """As if it had begun to wait so long ago: its hours come with it."""
        keys, client = self.store.keys, self.store.client
        since = float(client.hget(keys("referral", id_), "since") or 0)
        client.hset(keys("referral", id_), mapping=dict.fromkeys(("since", "opened"), int(since - seconds * 1000)))
        if client.zscore(keys("ripens"), id_) is not None:
            client.zincrby(keys("ripens"), -seconds * 1000, id_)
        client.zincrby(keys("queue"), -seconds * 1000, id_)
        client.zincrby(keys("lane", client.hget(keys("referral", id_), "lane") or ""), -seconds * 1000, id_)


@pytest.fixture
def line(store: Store, people: People, referrals: Referrals, site_cipher: Cipher) -> Line:
    return Line(store, people, referrals, Staff(store, site_cipher))


@pytest.fixture
def actions(store: Store) -> Callable[[], list[str]]:
    return lambda: [entry["action"] for _, entry in store.client.xrange(store.keys("audit"))]


# Skills


def test_who_can_do_all_takes_the_first_in_line(line: Line) -> None:
    first, second = line.cry(language="vi"), line.cry(language="zh")
    me = line.counsellor("mei")
    assert [line.next(me), line.next(me), line.next(me)] == [first, second, None]


@pytest.mark.parametrize(
    ("skills", "wanted"),
    [
        (Skills(languages=("zh", "en")), {"language": "vi"}),
        (Skills(kinds=("threat",)), {"kinds": ("sexual_violence", "threat")}),
        (Skills(provinces=("YN",)), {"province": "GD"}),
    ],
)
def test_a_counsellor_gets_nobody_whom_a_colleague_can_serve_better(
    line: Line, skills: Skills, wanted: dict[str, object]
) -> None:
    narrow, other = line.counsellor("narrow", skills), Skills(provinces=("GD",)) if skills.provinces else Skills()
    colleague = line.counsellor("colleague", other)
    first, second = line.cry(**wanted), line.cry()  # type: ignore[arg-type]
    assert line.next(narrow) == second
    assert line.next(narrow) is None
    assert line.next(colleague) == first


def test_what_nobody_lacks_is_not_waited_for(line: Line, store: Store) -> None:
    me = line.counsellor("mei", Skills(kinds=("threat",)))
    line.staff.equip(me, Skills())
    line.cry(language="lo", kinds=("medical",), province="YN")
    assert store.client.smembers(store.keys("lanes")) == set()
    assert store.client.zcard(store.keys("lane", "")) == 1


@pytest.mark.parametrize(("level", "step"), [(1, 60), (2, 210), (3, 210)])
def test_the_longer_somebody_waits_the_more_may_take_her(line: Line, level: int, step: int) -> None:
    zh = line.counsellor("zh", Skills(languages=("zh",)))
    vi = line.counsellor("vi", Skills(languages=("vi",), kinds=("threat",)))
    id_ = line.cry(level, "vi", ("medical",))
    assert (line.next(zh), line.next(vi)) == (None, None)
    line.has_waited(id_, step + 1)
    assert line.next(zh) is None
    assert line.next(vi) == id_
    line.referrals.transfer("back", Claim(id_, vi, _fence(line, id_)), None)
    line.has_waited(id_, step)
    assert line.next(zh) == id_


def _fence(line: Line, id_: ReferralId) -> str:
    found = line.referrals.get(id_)
    assert found
    return found.fence


def test_a_counsellor_may_take_by_name_whomever_she_sees(line: Line) -> None:
    id_ = line.cry(language="vi")
    me = line.counsellor("zh", Skills(languages=("zh",)))
    assert line.claim(me, id_)


def test_a_new_kind_makes_somebody_wait_for_who_can(line: Line) -> None:
    me = line.counsellor("mei", Skills(kinds=("threat",)))
    line.place(kinds=("threat",))
    line.again(1, kinds=("medical",))
    assert line.next(me) is None


def test_order_holds_across_lanes(line: Line) -> None:
    me = line.counsellor("mei", Skills(languages=("zh", "vi")))
    line.counsellor("lan", Skills(languages=("en",)))
    ids = [line.cry(3, "vi"), line.cry(2, "zh"), line.cry(2, "vi"), line.cry(1, "zh"), line.cry(2, "zh")]
    assert [line.next(me) for _ in ids] == [ids[3], ids[1], ids[2], ids[4], ids[0]]


@pytest.mark.parametrize(
    ("skills", "says"),
    [(Skills(languages=("xx",)), "xx"), (Skills(kinds=("sadness",)), "sadness"), (Skills(capacity=0), "at least one")],
)
def test_skills_that_cannot_be_are_refused(line: Line, skills: Skills, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        line.counsellor("mei", skills)


# Ageing


def test_who_asked_for_a_person_four_hours_ago_stands_with_level_two(line: Line, referrals: Referrals) -> None:
    old, danger = line.cry(3), line.cry(1)
    line.has_waited(old, 4 * HOUR + 1)
    referrals.reap()
    held, calm = line.cry(2), line.cry(3)
    assert [r.id for r in referrals.waiting()] == [danger, old, held, calm]


def test_an_aged_one_keeps_its_place_when_it_is_given_back(line: Line, referrals: Referrals) -> None:
    old, held = line.cry(3), line.cry(2)
    line.has_waited(old, 4 * HOUR + 1)
    line.has_waited(held, 60)
    referrals.reap()
    me = line.counsellor("mei")
    claim = line.claim(me, old)
    referrals.transfer("back", claim, None)
    assert [r.id for r in referrals.waiting()] == [held, old]


def test_level_two_never_stands_before_danger_now(line: Line, referrals: Referrals) -> None:
    held = line.cry(2)
    line.has_waited(held, 48 * HOUR)
    referrals.reap()
    danger = line.cry(1)
    assert [r.id for r in referrals.waiting()] == [danger, held]


# Capacity


def test_full_hands_take_nobody_but_danger_now(line: Line) -> None:
    me = line.counsellor("mei", Skills(capacity=2))
    ids = [line.cry(), line.cry(), line.cry()]
    line.next(me), line.next(me)
    with pytest.raises(Full):
        line.next(me)
    with pytest.raises(Full):
        line.claim(me, ids[2])
    assert line.claim(me, line.cry(1))


def test_hands_are_free_again_after_every_way_of_letting_go(line: Line, store: Store, referrals: Referrals) -> None:
    me = line.counsellor("mei", Skills(capacity=1))
    other = line.counsellor("lan")
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    for number, let_go in enumerate(
        [
            lambda c: referrals.resolve(f"r{c.fence}", c, "helped", "bye"),
            lambda c: referrals.transfer(f"t{c.fence}", c, other),
            lambda c: referrals.transfer(f"b{c.fence}", c, None),
            lambda c: referrals.park(f"p{c.fence}", c, later, "note"),
            lambda c: referrals.reassign(f"s{c.fence}", c.referral, other, None),
        ]
    ):
        claim = line.claim(me, line.cry())
        with pytest.raises(Full):
            line.claim(me, line.cry())
        let_go(claim)
        assert store.client.scard(store.keys("hands", me)) == 0, number


# Laying aside and coming back


@pytest.fixture
def parked(line: Line, referrals: Referrals) -> tuple[CounsellorId, ReferralId]:
    me = line.counsellor("mei")
    claim = line.claim(me, line.cry(3))
    referrals.park("park", claim, datetime.now(timezone.utc) + timedelta(days=2), "write on Thursday, if safe")
    return me, claim.referral


def test_what_is_laid_aside_is_in_nobodys_hands(
    line: Line, referrals: Referrals, parked: tuple[CounsellorId, ReferralId]
) -> None:
    me, id_ = parked
    found = referrals.get(id_)
    assert found
    assert (found.state, found.in_hands(0)) == ("parked", False)
    assert (referrals.waiting(), referrals.held(), [r.id for r in referrals.parked()]) == ([], [], [id_])
    with pytest.raises(Stale):
        referrals.send("late", Claim(id_, me, found.fence), "hello")
    notes = [one.text for one in referrals.transcript(found, me) if one.who == "note"]
    assert notes == ["write on Thursday, if safe"]


def test_it_comes_back_at_its_time_and_first_to_who_knows_her(
    line: Line, store: Store, referrals: Referrals, parked: tuple[CounsellorId, ReferralId]
) -> None:
    me, id_ = parked
    other = line.counsellor("lan")
    line.staff.be_present(me)
    assert referrals.reap() == ([], [])
    store.client.zadd(store.keys("parked"), {id_: 1})
    assert referrals.reap() == ([], [id_])
    assert line.next(other) is None
    assert line.next(me) == id_


def test_it_waits_for_nobody_who_is_not_on_duty(
    line: Line, store: Store, referrals: Referrals, parked: tuple[CounsellorId, ReferralId]
) -> None:
    _, id_ = parked
    store.client.zadd(store.keys("parked"), {id_: 1})
    referrals.reap()
    assert line.next(line.counsellor("lan")) == id_


def test_a_word_of_hers_or_a_cry_brings_it_back_at_once(
    line: Line, referrals: Referrals, parked: tuple[CounsellorId, ReferralId]
) -> None:
    _, id_ = parked
    assert line.again(1, 1).id == id_
    [back] = referrals.waiting()
    assert (back.id, back.level) == (id_, 1)


def test_what_the_bot_says_does_not_bring_it_back(
    line: Line, referrals: Referrals, parked: tuple[CounsellorId, ReferralId]
) -> None:
    assert referrals.append("bot", line.person(1), "bot", "an answer") == (parked[1], "parked")


def test_a_supervisors_move_makes_the_holder_stale(
    line: Line, referrals: Referrals, actions: Callable[[], list[str]]
) -> None:
    mei, lan, boss = line.counsellor("mei"), line.counsellor("lan"), line.counsellor("boss")
    claim = line.claim(mei, line.cry())
    for _ in range(2):  # a retry after a lost reply
        referrals.reassign("move", claim.referral, boss, lan)
    with pytest.raises(Stale):
        referrals.send("late", claim, "hello")
    found = referrals.get(claim.referral)
    assert found
    assert (found.holder, actions().count("reassigned")) == (lan, 1)


# What people are told


def test_the_usual_wait_is_told_once_enough_were_seen(line: Line) -> None:
    me = line.counsellor("mei", Skills(capacity=50))
    for _ in range(5):
        placed = line.place()
        assert placed.usual_wait_s is None
        line.has_waited(placed.id, 300)
        line.next(me)
    Record(line.store, Audit(line.store, b"secret")).follow()
    told = line.place().usual_wait_s
    assert told
    assert 290 < told < 310
    assert line.place(level=3).usual_wait_s is None


# One person on two phones


@pytest.fixture
def two(line: Line) -> tuple[Claim, ReferralId]:
    """Her first phone's referral in a counsellor's hands, and her second one's that waits."""
    claim = line.claim(line.counsellor("mei"), line.place(2, kinds=("threat",)).id)
    other = line.again(7, 1, kinds=("medical",)).id
    return claim, other


def test_the_code_sent_from_the_second_phone_makes_one_referral(
    line: Line, store: Store, referrals: Referrals, two: tuple[Claim, ReferralId]
) -> None:
    claim, other = two
    code = Joining(store).offer("offer", claim)
    for _ in range(2):  # the platform repeats
        assert Joining(store).take("m1", code, line.person(7), "wechat") == claim.referral
    found, ended = referrals.get(claim.referral), referrals.get(other)
    assert found
    assert ended
    assert (found.level, found.kinds, found.persons) == (1, ("threat", "medical"), (line.person(1), line.person(7)))
    assert (ended.state, referrals.waiting()) == ("resolved", [])
    assert [one.text for one in referrals.transcript(found, claim.counsellor)] == ["help", "help"]


def test_answers_go_to_where_she_wrote_last(
    line: Line, store: Store, referrals: Referrals, two: tuple[Claim, ReferralId]
) -> None:
    claim, _ = two
    Joining(store).take("m1", Joining(store).offer("offer", claim), line.person(7), "wechat")
    referrals.send("s1", claim, "to the second phone")
    referrals.append("l1", line.person(1), "person", "from the first", "sms")
    referrals.send("s2", claim, "to the first phone")
    posted = [store.client.llen(store.keys("out", "line", line.person(who))) for who in (7, 1)]
    assert posted == [1, 1]
    found = referrals.get(claim.referral)
    assert found
    said = [one.text for one in referrals.transcript(found, claim.counsellor)]
    assert said[-3:] == ["to the second phone", "from the first", "to the first phone"]


def test_the_end_frees_both_phones(
    line: Line, store: Store, referrals: Referrals, two: tuple[Claim, ReferralId]
) -> None:
    claim, _ = two
    Joining(store).take("m1", Joining(store).offer("offer", claim), line.person(7), "wechat")
    referrals.resolve("end", claim, "helped", "bye")
    assert [referrals.open_of(line.person(who)) for who in (1, 7)] == [None, None]


def test_a_code_is_good_once_and_only_as_it_was_made(line: Line, store: Store, two: tuple[Claim, ReferralId]) -> None:
    claim, _ = two
    code = Joining(store).offer("offer", claim)
    assert Joining(store).take("m0", "x" + code, line.person(7), "sms") is None
    assert Joining(store).take("m1", code, line.person(7), "sms")
    assert Joining(store).take("m2", code, line.person(8), "sms") is None


def test_only_the_holder_offers_a_code(line: Line, store: Store, two: tuple[Claim, ReferralId]) -> None:
    claim, _ = two
    with pytest.raises(Stale):
        Joining(store).offer("offer", Claim(claim.referral, CounsellorId("other"), claim.fence))
