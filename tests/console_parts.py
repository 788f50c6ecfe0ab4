"""What the console's pages work with, on a test's store."""

from collections.abc import Mapping

from bot.console.app import Parts
from bot.core.cipher import Cipher
from bot.core.clock import SystemClock
from bot.core.content import Library
from bot.core.hours import ALWAYS_OPEN
from bot.core.window import Window
from bot.service.alarm_desk import AlarmDesk
from bot.service.answers import Answers
from bot.service.counselling import Counselling
from bot.service.editorial import Editorial
from bot.service.letters import Letters
from bot.store.alarms import AlarmStore
from bot.store.audit import Audit
from bot.store.connection import Store
from bot.store.counts import Counts
from bot.store.joining import Joining
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.record import Record
from bot.store.referrals import Referrals
from bot.store.staff import Staff
from bot.store.verdicts import Verdicts
from bot.store.windows import Windows


def console_parts(store: Store, cipher: Cipher, library: Library, windows: Mapping[str, Window]) -> Parts:
    """The parts of one site; nobody's worker is silent and the hours are always open."""
    people, staff = People(store, cipher, b"pseudonyms of this test"), Staff(store, cipher)
    referrals, answers = Referrals(store, people), Answers(library, SystemClock())
    helped, unsure = Counts(store, SystemClock(), "helped"), Counts(store, SystemClock(), "unanswered")
    codes, verdicts = Joining(store), Verdicts(store, cipher)
    return Parts(
        counselling=Counselling(referrals, staff, answers, verdicts, codes, Windows(store, windows)),
        editorial=Editorial(answers, helped, unsure, lambda: None),
        record=Record(store, Audit(store, b"seals of this test")),
        alarms=AlarmDesk(AlarmStore(store), staff, lambda: ALWAYS_OPEN, lambda: False),
        letters=Letters(Outbox(store, people), referrals, staff),
        staff=staff,
        bell=store.bell,
    )
