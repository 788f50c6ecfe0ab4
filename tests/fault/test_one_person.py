"""Many messages of one person at once, through several gateways on one store: one after another, none lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.core.message import CounsellorId
from bot.store.embedded import EmbeddedStore
from tests.e2e.service import new_sid
from tests.fault.machine import CRY, Machine
from tests.fault.one_person import Hold, Monitor, holds

MESSAGES, GATEWAYS = 500, 4
NUMBER = "+85261234567"


@pytest.mark.slow
def test_five_hundred_messages_at_once_are_handled_one_after_another(tmp_path: Path) -> None:
    texts = [CRY, *(f"message number {number} of mine" for number in range(1, MESSAGES))]
    with EmbeddedStore(tmp_path / "store") as store, Machine(tmp_path, store.url, GATEWAYS) as machine:
        machine.deliver(machine.ports[0], NUMBER, CRY, new_sid())  # from now on everything stands in the transcript
        with Monitor(str(store.socket)) as monitor, ThreadPoolExecutor(MESSAGES) as pool:
            calls = [
                pool.submit(machine.deliver, machine.ports[number % GATEWAYS], NUMBER, text, new_sid())
                for number, text in enumerate(texts)
            ]
            assert all(call.result().ok for call in calls)
        site = machine.site()
        person = site.people.name("sms", NUMBER)
        keys = site.store.keys
        held = holds(list(monitor.commands()), keys("lock", person), keys("session", person))
        waiting = site.referrals.waiting()
        said = site.referrals.transcript(waiting[0], CounsellorId("reader"), audited=False, count=10 * MESSAGES)
        site.store.client.close()
    assert [(hold.start, hold.end) for hold in held] == sorted((hold.start, hold.end) for hold in held)
    assert all(before.end < after.start for before, after in zip(held, held[1:], strict=False))
    assert {hold.saved for hold in held} == {1}
    assert len(held) in (MESSAGES - 1, MESSAGES)  # the cry among them may have gone ahead without the lock
    assert len(waiting) == 1
    assert Counter(line.text for line in said if line.who == "person") == Counter([CRY, *texts])


def test_two_holds_at_once_would_be_seen() -> None:
    lock, session = "{s}:lock:p", "{s}:session:p"
    release = ["EVALSHA", "0", "1", "{s}:", "lock:p"]
    asked = [["SET", lock, "a"], ["SET", lock, "b"], ["SET", session, "x"]]
    given = [[*release, "a"], ["DEL", lock], [*release, "b"], ["DEL", lock]]
    found = holds([*asked, *given], lock, session)
    assert found == [Hold(0, 4, 1), Hold(1, 6, 1)]
    assert found[1].start < found[0].end
