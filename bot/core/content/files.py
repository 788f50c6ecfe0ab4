"""Reading of YAML data files with errors that an editor can act on."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bot.core.content.model import ContentError

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path) -> Any:
    """One YAML file; ContentError when it is missing, broken or empty."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContentError(f"{path.name} cannot be read: {error}") from error
    if not data:
        raise ContentError(f"{path.name} is empty")
    return data


def parse(model: type[Model], raw: Any, where: str) -> Model:
    """One row of a data file as its model; ContentError names the field and what is wrong with it."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContentError(f"{where}: {wrong}") from error
