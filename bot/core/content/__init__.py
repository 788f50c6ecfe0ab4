"""Answers as data: files in, rendered texts out."""

from bot.core.content.library import Library
from bot.core.content.loading import load_library
from bot.core.content.model import Answer, ContentError

__all__ = ["Answer", "ContentError", "Library", "load_library"]
