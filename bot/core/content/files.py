"""Reading of YAML data files with errors that an editor can act on."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.core.content.model import ContentError
from bot.core.yamlfile import FileBroken, read_yaml

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path) -> Any:
    """One YAML file; ContentError when it is missing, broken or empty."""
    try:
        return read_yaml(path)
    except FileBroken as error:
        raise ContentError(str(error)) from error


def parse(model: type[Model], raw: Any, where: str) -> Model:
    """One row of a data file as its model; ContentError names the field and what is wrong with it."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContentError(f"{where}: {wrong}") from error
