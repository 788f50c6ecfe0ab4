"""The queue against a model of it: whatever is done in whatever order, store and model agree after every step."""

import itertools
import secrets
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
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
from bot.store.referrals import Claim, Referrals, Stale, Taken

COUNSELLORS = st.sampled_from([CounsellorId("mei"), CounsellorId("lan"), CounsellorId("fang")])
LEVELS = st.integers(1, 3)
PEOPLE = st.integers(0, 5)


@dataclass
class Case:
    """What the model knows of one referral."""

    id: ReferralId
    person: int
    level: int
    opened: int
    """Order of opening: the store's clock may give two the same millisecond."""
    holder: CounsellorId | None = None
    claim: Claim | None = None
    resolved: bool = False
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

    # What the model says

    def open_of(self, person: int) -> Case | None:
        return next((case for case in self.cases.values() if case.person == person and not case.resolved), None)

    def waiting(self) -> list[Case]:
        found = [case for case in self.cases.values() if not case.resolved and case.holder is None]
        return sorted(found, key=lambda case: (case.level, case.opened))

    def holds(self, claim: Claim) -> Case | None:
        """The case of a claim that still stands."""
        case = self.cases[claim.referral]
        return case if case.claim == claim and case.holder == claim.counsellor and not case.resolved else None

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
        case = self.open_of(person)
        assert placed.created is (case is None)
        if case is None:
            case = self.cases[placed.id] = Case(placed.id, person, level, next(self.numbers))
        assert placed.id == case.id
        case.level = min(case.level, level)
        case.lines.append(text)

    @rule(target=claims, by=COUNSELLORS, again=st.booleans())
    def claim_next(self, by: CounsellorId, again: bool) -> Claim | None:
        op = self.op()
        claim = self.referrals.claim(op, by)
        if again:
            assert self.referrals.claim(op, by) == claim
        queue = self.waiting()
        assert (claim.referral if claim else None) == (queue[0].id if queue else None)
        return self._taken(claim) if claim else multiple()

    @rule(target=claims, by=COUNSELLORS, number=st.integers(0, 9))
    def claim_one(self, by: CounsellorId, number: int) -> Claim | None:
        cases = list(self.cases.values())
        if not cases:
            return multiple()
        case = cases[number % len(cases)]
        if case.resolved or case.holder:
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
            self.cases[claim.referral].resolved = True

    @rule(claim=claims)
    def the_lease_runs_out(self, claim: Claim) -> None:
        case = self.holds(claim)
        if case:
            self.store.client.hset(self.store.keys("referral", case.id), "lease", 1)
            self.store.client.zadd(self.store.keys("leases"), {case.id: 1})
            assert self.referrals.reap() == [case.id]
            self._free(case)

    # What must hold

    @invariant()
    def the_queue_is_as_the_model_says(self) -> None:
        assert [referral.id for referral in self.referrals.waiting()] == [case.id for case in self.waiting()]

    @invariant()
    def everybody_is_in_one_pair_of_hands_at_most(self) -> None:
        held = {referral.id: referral.holder for referral in self.referrals.held()}
        assert held == {case.id: case.holder for case in self.cases.values() if case.holder and not case.resolved}

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
        case.holder, case.claim = claim.counsellor, claim
        return claim

    def _free(self, case: Case) -> None:
        case.holder = case.claim = None

    def _next_millisecond(self) -> None:
        before = self.store.client.time()
        while (now := self.store.client.time()) and (now[0], now[1] // 1000) == (before[0], before[1] // 1000):
            continue


def test_the_queue_agrees_with_its_model(embedded_store: EmbeddedStore) -> None:
    Queue.url = embedded_store.url
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Queue, settings=settings(max_examples=30, stateful_step_count=60, deadline=None, suppress_health_check=quiet)
    )
