"""A store whose scripts read a clock that a test may set: only their call of TIME is another."""

from dataclasses import replace
from typing import Any

from bot.store.connection import Store

PLAIN = "redis.call('TIME')"
SHIFTED = """(function()
  local t, shift = redis.call('TIME'), tonumber(redis.call('GET', KEYS[1] .. 'test:shift') or '0')
  return {tonumber(t[1]) + shift, tonumber(t[2])}
end)()"""


class ShiftedStore(Store):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        for name, script in self._scripts.items():
            assert script.text.count(PLAIN) == 1
            self._scripts[name] = replace(script, text=script.text.replace(PLAIN, SHIFTED), sha="0" * 40)

    def shift(self, seconds: int) -> None:
        """Sets the scripts' clock so far ahead of the true one (or back)."""
        self.put(str(seconds), "test", "shift")
