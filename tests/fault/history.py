"""What concurrent clients did and were answered, and whether one queue could have answered so (Wing and Gong).

Every step has its answer and the moments in which it was asked and answered. The history is sound when the steps can
be put into one order that keeps "answered before the other was asked" and in which a simple queue gives these answers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    arguments: tuple[Any, ...]
    answer: Any
    asked: float
    answered: float


def is_sound(steps: Iterable[Step], start: State, apply: Callable[[State, Step], State | None]) -> bool:
    """``apply`` gives the state after a step, or None when a queue in this state answers otherwise."""
    rows = sorted(steps, key=lambda step: step.asked)
    seen: set[tuple[int, State]] = set()
    branches: list[tuple[int, State]] = [((1 << len(rows)) - 1, start)]
    while branches:
        left, state = branches.pop()
        if not left:
            return True
        numbers = [number for number in range(len(rows)) if left >> number & 1]
        soonest = min(rows[number].answered for number in numbers)
        for number in numbers:
            if rows[number].asked > soonest:
                break  # another was answered before this one was asked
            after = apply(state, rows[number])
            branch = (left & ~(1 << number), after)
            if after is not None and branch not in seen:
                seen.add(branch)  # type: ignore[arg-type]
                branches.append(branch)  # type: ignore[arg-type]
    return False


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    person: str
    state: str = "waiting"
    holder: str = ""
    fence: int = 0
    lapsed: bool = False
    wait: int = 0
    """How often it waited anew: it is opened again when its person cries again."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The simple queue. ``order``: (id, wait) as they stand in line while they wait, a fact of the store's clock."""

    order: tuple[tuple[str, int], ...]
    cases: frozenset[Case] = field(default_factory=frozenset)
    fence: int = 0

    def case(self, id_: str) -> Case | None:
        return next((case for case in self.cases if case.id == id_), None)

    def but(self, case: Case, **changes: Any) -> "Queue":
        return replace(self, cases=(self.cases - {case}) | {replace(case, **changes)})


def answers(queue: Queue, step: Step) -> Queue | None:
    """The queue after a step; None when its answer is not what this queue would have said."""
    return STEPS[step.name](queue, step.answer, *step.arguments)


def _cry(queue: Queue, answer: tuple[str, bool], person: str) -> Queue | None:
    case = next((case for case in queue.cases if case.person == person), None)
    if case and case.state != "resolved":
        return queue if answer == (case.id, False) else None
    if case:
        return queue.but(case, state="waiting", holder="", wait=case.wait + 1) if answer == (case.id, True) else None
    return replace(queue, cases=queue.cases | {Case(answer[0], person)}) if answer[1] else None


def _claim_next(queue: Queue, answer: tuple[str, int] | None, by: str) -> Queue | None:
    line = sorted(
        (c for c in queue.cases if c.state == "waiting"), key=lambda case: queue.order.index((case.id, case.wait))
    )
    if not line:
        return queue if answer is None else None
    return _given(queue, line[0], by) if answer == (line[0].id, queue.fence + 1) else None


def _claim(queue: Queue, answer: tuple[str, int] | str, by: str, id_: str) -> Queue | None:
    case = queue.case(id_)
    if case is None or case.state != "waiting":
        return queue if answer == "taken" else None
    return _given(queue, case, by) if answer == (id_, queue.fence + 1) else None


def _given(queue: Queue, case: Case, to: str) -> Queue:
    held = queue.but(case, state="claimed", holder=to, fence=queue.fence + 1, lapsed=False)
    return replace(held, fence=queue.fence + 1)


def _fenced(change: Callable[[Queue, Case, str], Queue]) -> Callable[..., Queue | None]:
    def step(queue: Queue, answer: str, by: str, id_: str, fence: int, to: str = "") -> Queue | None:
        case = queue.case(id_)
        holds = case and (case.state, case.holder, case.fence, case.lapsed) == ("claimed", by, fence, False)
        if case is None or not holds:
            return queue if answer == "stale" else None
        return change(queue, case, to) if answer == "ok" else None

    return step


def _lapse(queue: Queue, answer: bool, id_: str) -> Queue | None:
    """Its lease is over; nobody has noticed yet."""
    case = queue.case(id_)
    if case is None or case.state != "claimed":
        return None if answer else queue
    return queue.but(case, lapsed=True) if answer else None


def _reap(queue: Queue, answer: list[str]) -> Queue | None:
    over = [case for case in queue.cases if case.lapsed]
    if sorted(answer) != sorted(case.id for case in over):
        return None
    for case in over:
        queue = queue.but(case, state="waiting", holder="", lapsed=False)
    return queue


STEPS: dict[str, Callable[..., Queue | None]] = {
    "cry": _cry,
    "claim_next": _claim_next,
    "claim": _claim,
    "renew": _fenced(lambda queue, case, _: queue),
    "send": _fenced(lambda queue, case, _: queue),
    "resolve": _fenced(lambda queue, case, _: queue.but(case, state="resolved")),
    "give_back": _fenced(lambda queue, case, _: queue.but(case, state="waiting", holder="")),
    "pass_on": _fenced(lambda queue, case, to: _given(queue, case, to)),
    "lapse": _lapse,
    "reap": _reap,
}
