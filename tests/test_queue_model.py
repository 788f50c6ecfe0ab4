"""The queue against a model of it: whatever is done in whatever order, store and model agree after every step."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId, PersonId, ReferralId
from bot.store.connection import Store
from bot.store.embedded import EmbeddedStore
from bot.store.people import People
from bot.store.referral import Claim, Stale, Taken
from bot.store.referrals import Referrals

COUNSELLORS = st.sampled_from([CounsellorId("mei"), CounsellorId("lan"), CounsellorId("fang")])
PRESENT = CounsellorId("mei")
"""The one who is on duty: what she knows waits for her first."""
LEVELS = st.integers(1, 3)
PEOPLE = st.integers(0, 5)


@dataclass
class Case:
    """What the model knows of one referral."""

    id: ReferralId
    person: int
    level: int
    since: int
    """Order of beginning to wait: the store's clock may give two the same millisecond."""
    holder: CounsellorId | None = None
    """Who holds it, or held it last."""
    claim: Claim | None = None
    state: str = "waiting"
    known: CounsellorId | None = None
    """Whom it waits for first."""
    lines: list[str] = field(default_factory=list)


class Queue(RuleBasedStateMachine):
    url: str
    """Of the store that the machines share; each has a site of its own."""

    claims = Bundle("claims")
    """Every claim ever given, the outdated ones too."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(self.url, "m" + secrets.token_hex(6))
        self.people = People(self.store, Cipher({"k1": secrets.token_bytes(32)}), b"model")
        self.referrals = Referrals(self.store, self.people)
        self.cases: dict[ReferralId, Case] = {}
        self.numbers = itertools.count()
        self.store.client.zadd(self.store.keys("staff", "present"), {PRESENT: 1e15})

    # What the model says

    def case_of(self, person: int) -> Case | None:
        return next((case for case in self.cases.values() if case.person == person), None)

    def waiting(self) -> list[Case]:
        found = [case for case in self.cases.values() if case.state == "waiting"]
        return sorted(found, key=lambda case: (case.level, case.since))

    def holds(self, claim: Claim) -> Case | None:
        """The case of a claim that still stands."""
        case = self.cases[claim.referral]
        return case if case.claim == claim and case.state == "claimed" else None

    def op(self) -> str:
        return f"op{next(self.numbers)}"

    def address(self, person: int) -> PersonId:
        return self.people.welcome("sms", f"+8550000000{person}")

    # What is done

    @rule(person=PEOPLE, level=LEVELS, again=st.booleans())
    def cry(self, person: int, level: int, again: bool) -> None:
        op, text, name = self.op(), secrets.token_hex(4), self.address(person)
        # Two cries of one millisecond are ordered by their ids: the model waits for the clock instead.
        self._next_millisecond()
        for _ in range(1 + again):  # a retry after a lost reply
            placed = self.referrals.enqueue(op, name, "sms", "zh", level, ("threat",), text)
        case = self.case_of(person)
        assert placed.created is (case is None or case.state == "resolved")
        if case is None:
            case = self.cases[placed.id] = Case(placed.id, person, level, next(self.numbers))
        assert placed.id == case.id
        case.level = level if case.state == "resolved" else min(case.level, level)
        case.lines.append(text)
        if case.state in ("resolved", "parked"):
            self._wake(case)

    @rule(person=PEOPLE)
    def write(self, person: int) -> None:
        case, text = self.case_of(person), secrets.token_hex(4)
        self._next_millisecond()
        found = self.referrals.append(self.op(), self.address(person), "person", text, "sms")
        if case is None or case.state == "resolved":
            assert found is None
            return
        case.lines.append(text)
        if case.state == "parked":
            self._wake(case)
        assert found == (case.id, case.state)

    @rule(target=claims, by=COUNSELLORS, again=st.booleans())
    def claim_next(self, by: CounsellorId, again: bool) -> Claim | None:
        op = self.op()
        claim = self.referrals.claim(op, by)
        if again:
            assert self.referrals.claim(op, by) == claim
        queue = [case for case in self.waiting() if case.known in (None, by)]
        assert (claim.referral if claim else None) == (queue[0].id if queue else None)
        return self._taken(claim) if claim else multiple()

    @rule(target=claims, by=COUNSELLORS, number=st.integers(0, 9))
    def claim_one(self, by: CounsellorId, number: int) -> Claim | None:
        cases = list(self.cases.values())
        if not cases:
            return multiple()
        case = cases[number % len(cases)]
        if case.state != "waiting":
            with pytest.raises(Taken):
                self.referrals.claim(self.op(), by, case.id)
            return multiple()
        claim = self.referrals.claim(self.op(), by, case.id)
        assert claim
        return self._taken(claim)

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        self._fenced(claim, lambda: self.referrals.renew(claim))

    @rule(claim=claims)
    def send(self, claim: Claim) -> None:
        text = secrets.token_hex(4)
        if self._fenced(claim, lambda: self.referrals.send(self.op(), claim, text)):
            self.cases[claim.referral].lines.append(text)

    @rule(target=claims, claim=claims, to=COUNSELLORS)
    def transfer(self, claim: Claim, to: CounsellorId) -> Claim | None:
        if not self._fenced(claim, lambda: self.referrals.transfer(self.op(), claim, to)):
            return multiple()
        found = self.referrals.get(claim.referral)
        assert found
        assert found.holder == to
        assert int(found.fence) > int(claim.fence)
        return self._taken(Claim(claim.referral, to, found.fence))

    @rule(claim=consumes(claims))
    def give_back(self, claim: Claim) -> None:
        if self._fenced(claim, lambda: self.referrals.transfer(self.op(), claim, None)):
            self._free(self.cases[claim.referral])

    @rule(claim=consumes(claims))
    def resolve(self, claim: Claim) -> None:
        if self._fenced(claim, lambda: self.referrals.resolve(self.op(), claim, "helped", "bye")):
            self.cases[claim.referral].state = "resolved"

    @rule(claim=consumes(claims))
    def park(self, claim: Claim) -> None:
        later, text = datetime.now(timezone.utc) + timedelta(days=1), secrets.token_hex(4)
        if self._fenced(claim, lambda: self.referrals.park(self.op(), claim, later, text)):
            self.cases[claim.referral].state = "parked"
            self.cases[claim.referral].lines.append(text)

    @rule(number=st.integers(0, 9), to=st.none() | COUNSELLORS)
    def a_supervisor_reassigns(self, number: int, to: CounsellorId | None) -> None:
        cases = list(self.cases.values())
        if not cases:
            return
        case = cases[number % len(cases)]
        if case.state == "resolved":
            with pytest.raises(Taken):
                self.referrals.reassign(self.op(), case.id, CounsellorId("boss"), to)
            return
        self.referrals.reassign(self.op(), case.id, CounsellorId("boss"), to)
        found = self.referrals.get(case.id)
        assert found
        if to is None:
            self._free(case)
        else:
            self._taken(Claim(case.id, to, found.fence))

    @rule()
    def the_day_comes_for_what_was_laid_aside(self) -> None:
        parked = [case for case in self.cases.values() if case.state == "parked"]
        for case in parked[:1]:
            self._next_millisecond()
            self.store.client.zadd(self.store.keys("parked"), {case.id: 1})
            assert self.referrals.reap() == ([], [case.id])
            self._wake(case)

    @rule(claim=claims)
    def the_lease_runs_out(self, claim: Claim) -> None:
        case = self.holds(claim)
        if case:
            self.store.client.hset(self.store.keys("referral", case.id), "lease", 1)
            self.store.client.zadd(self.store.keys("leases"), {case.id: 1})
            assert self.referrals.reap() == ([case.id], [])
            self._free(case)

    # What must hold

    @invariant()
    def the_queue_is_as_the_model_says(self) -> None:
        assert [referral.id for referral in self.referrals.waiting()] == [case.id for case in self.waiting()]

    @invariant()
    def everybody_is_in_one_pair_of_hands_at_most(self) -> None:
        held = {referral.id: referral.holder for referral in self.referrals.held()}
        assert held == {case.id: case.holder for case in self.cases.values() if case.state == "claimed"}
        for who in {case.holder for case in self.cases.values() if case.holder}:
            assert {r.id for r in self.referrals.held_by(who)} == {id_ for id_, by in held.items() if by == who}

    @invariant()
    def everything_is_in_one_place(self) -> None:
        parked = {referral.id for referral in self.referrals.parked()}
        assert parked == {case.id for case in self.cases.values() if case.state == "parked"}
        lanes = ["", *self.store.client.smembers(self.store.keys("lanes"))]
        standing = [id_ for lane in lanes for id_ in self.store.client.zrange(self.store.keys("lane", lane), 0, -1)]
        assert sorted(standing) == sorted(case.id for case in self.waiting())

    def teardown(self) -> None:
        for case in self.cases.values():
            referral = self.referrals.get(case.id)
            assert referral
            assert referral.level == case.level
            said = [line.text for line in self.referrals.transcript(referral, CounsellorId("reader"))]
            assert said == case.lines
        self.store.client.close()

    # Bookkeeping

    def _fenced(self, claim: Claim, step: object) -> bool:
        """Does a step that needs the claim; whether it was allowed, which the model must have known."""
        if self.holds(claim):
            step()  # type: ignore[operator]
            return True
        with pytest.raises(Stale):
            step()  # type: ignore[operator]
        return False

    def _taken(self, claim: Claim) -> Claim:
        case = self.cases[claim.referral]
        case.holder, case.claim, case.state, case.known = claim.counsellor, claim, "claimed", None
        return claim

    def _free(self, case: Case) -> None:
        case.holder = case.claim = None
        case.state = "waiting"

    def _wake(self, case: Case) -> None:
        case.known = case.holder if case.holder == PRESENT else None
        case.state, case.holder, case.since = "waiting", None, next(self.numbers)

    def _next_millisecond(self) -> None:
        before = self.store.client.time()
        while (now := self.store.client.time()) and (now[0], now[1] // 1000) == (before[0], before[1] // 1000):
            continue


def test_the_queue_agrees_with_its_model(embedded_store: EmbeddedStore) -> None:
    Queue.url = embedded_store.url
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    # Without shrinking, which takes minutes against a real store: a failure shows its steps as they were.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    run_state_machine_as_test(
        Queue,
        settings=settings(
            max_examples=30, stateful_step_count=80, deadline=None, suppress_health_check=quiet, phases=phases
        ),
    )
