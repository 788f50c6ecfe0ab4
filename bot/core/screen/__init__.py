"""The distress screen: lexicon, patterns and context rules over the normalised message; no model, no network."""

from bot.core.screen.screen import Screen
from bot.core.screen.verdict import KINDS, Verdict

__all__ = ["KINDS", "Screen", "Verdict"]
