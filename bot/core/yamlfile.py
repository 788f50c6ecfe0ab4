"""Reads YAML data files, with the C parser where there is one (ten times faster, the same result)."""

from pathlib import Path
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FileBroken(ValueError):
    """A data file is missing, empty or no YAML; the message names it and says where it breaks."""


def read_yaml(path: Path) -> Any:
    """The content of one file; raises FileBroken."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - both loaders are safe ones
    except (OSError, ValueError, yaml.YAMLError) as error:  # also no UTF-8, a 13th month
        raise FileBroken(f"{path.name} cannot be read: {error}") from error
    if not data:
        raise FileBroken(f"{path.name} is empty")
    return data
