"""The fallback when the engine is away: topics whose keywords stand in the message."""

import ahocorasick

from bot.core.content.library import Library
from bot.core.normalise import normalise

AT_MOST = 3


class KeywordMenu:
    """Offers the topics that a message names; needs nothing but memory."""

    def __init__(self, library: Library) -> None:
        self.renew(library)

    def renew(self, library: Library) -> None:
        """Takes up other content."""
        automaton = ahocorasick.Automaton()
        owners: dict[str, list[str]] = {}
        for answer in library.answers.values():
            for word in {*answer.keywords.zh, *answer.keywords.en}:
                owners.setdefault(normalise(word).text, []).append(answer.id)
        for word, ids in owners.items():
            if word:
                automaton.add_word(word, (len(word), tuple(ids)))
        automaton.make_automaton()
        self._automaton = automaton

    def topics(self, message: str) -> list[str]:
        """Up to three answer ids, the one with the longest and most keywords first."""
        scores: dict[str, int] = {}
        for _, (length, ids) in self._automaton.iter(normalise(message).text):
            for answer_id in ids:
                scores[answer_id] = scores.get(answer_id, 0) + length
        return sorted(scores, key=lambda answer_id: -scores[answer_id])[:AT_MOST]
