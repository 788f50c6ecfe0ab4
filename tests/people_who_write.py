"""A site on the real store with a stubbed dialogue engine, and people who write to it: for tests of the public side."""

import functools
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import responses

from bot.core.content import Library, load_library
from bot.core.message import Inbound, Kind, PersonId
from bot.core.screen import Screen
from bot.core.screen.lexicon import load as load_lexicon
from bot.service.inbound import Outcome
from bot.settings import Settings
from bot.store.referral import Referral
from bot.wiring import CONTENT, Site

ENGINE = "http://127.0.0.1:9/webhooks/anlu/message"
QUESTION = "老板不发工资怎么办"
CRY = "他们把我锁在房间里，不让我出去"
ENGLISH_CRY = "I want to kill myself"
_numbers = itertools.count(10**9)


def decided(
    *answers: str, ranking: dict[str, float] | None = None, also: str | None = None, **slots: str | float
) -> dict[str, Any]:
    """What the engine's connector answers: the ids it decided on, its ranking (labels as in training), its slots."""
    rows = [{"name": name, "confidence": share} for name, share in (ranking or {}).items()]
    decisions = [{"answer": answer, "slots": slots} for answer in answers]
    return {"decisions": decisions, "ranking": rows, "also": also}


UNSURE = decided(
    "system/did_you_mean",
    ranking={"ask/rights.written_contract": 0.3, "ask/wages.unpaid": 0.2, "ask/help.legal_aid": 0.1, "talk/greet": 0.1},
)
PAY = decided("wages/unpaid", ranking={"ask/wages.unpaid": 0.9})


@functools.cache
def _content() -> tuple[Library, Screen]:
    return load_library(CONTENT), Screen(load_lexicon(CONTENT / "screen"))


@contextmanager
def site_on(settings: Settings) -> Iterator[Site]:
    """A site as the wiring builds it; the content, which cannot change, is read once for all tests.

    Its screen has the lexicon alone: what cues and the reader make of a message changes with every training.
    """
    site = Site(settings)
    site.library, site.screen = _content()
    yield site
    site.store.client.close()


class EngineStub:
    """The dialogue engine as the gateway sees it over HTTP."""

    def __init__(self, web: responses.RequestsMock) -> None:
        self._web = web

    def says(self, *answers: dict[str, Any]) -> None:
        """These answers one after another, the last one for ever."""
        for answer in answers:
            self._web.post(ENGINE, json=answer)

    def does(self, callback: Any) -> None:
        self._web.add_callback(responses.POST, ENGINE, callback)

    @property
    def asked(self) -> int:
        return sum(call.request.url == ENGINE for call in self._web.calls)


@dataclass
class Person:
    """Somebody with a phone; ``says`` gives what the phone shows."""

    site: Site
    channel: str = "wechat"
    style: str = "text"
    address: str = field(default_factory=lambda: "o" + secrets.token_hex(12))

    def message(self, text: str = "", kind: Kind = Kind.TEXT, id_: str | None = None) -> Inbound:
        return Inbound(self.channel, self.address, id_ or str(next(_numbers)), kind, text)

    def outcome(self, text: str = "", kind: Kind = Kind.TEXT, id_: str | None = None) -> Outcome:
        return self.site.inbound.handle(self.message(text, kind, id_), self.style)

    def says(self, text: str, id_: str | None = None) -> str:
        return "\n".join(self.outcome(text, id_=id_).reply.texts)

    def does(self, kind: Kind, text: str = "") -> str:
        return "\n".join(self.outcome(text, kind).reply.texts)

    @property
    def id(self) -> PersonId:
        return self.site.people.name(self.channel, self.address)

    @property
    def referral(self) -> Referral | None:
        return self.site.referrals.open_of(self.id)

    @property
    def transcript(self) -> list[tuple[str, str]]:
        referral = self.referral
        assert referral is not None
        lines = self.site.referrals.transcript(referral, "reader", audited=False)  # type: ignore[arg-type]
        return [(line.who, line.text) for line in lines]


def phrase(site: Site, key: str, language: str = "zh", **values: object) -> str:
    return site.answers.phrase(key, language, **values)
