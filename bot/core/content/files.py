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


def _under(path: Path, key: str) -> Any:
    """What stands under one key of a file; None when there is no such key."""
    data = read(path)
    return data.get(key) if isinstance(data, dict) else None


def rows(path: Path, key: str) -> list[Any]:
    """The list under one key of a file."""
    found = _under(path, key)
    if not isinstance(found, list) or not found:
        raise ContentError(f"{path.name}: a list is missing under {key}")
    return found


def table(path: Path, model: type[Model], key: str | None = None) -> dict[str, Model]:
    """A mapping of names to rows of one model: the whole file, or what stands under ``key``."""
    found = _under(path, key) if key else read(path)
    if not isinstance(found, dict) or not found:
        raise ContentError(f"{path.name}: names with their rows are missing" + (f" under {key}" if key else ""))
    return {str(name): parse(model, raw, f"{path.name}, {name}") for name, raw in found.items()}


def showable_ids(path: Path, key: str) -> set[str]:
    """Ids of the rows under ``key`` that the fact base allows to be shown."""
    found = _under(path, key)
    if not isinstance(found, dict) or not all(isinstance(row, dict) and "status" in row for row in found.values()):
        raise ContentError(f"{path.name}: rows with a status are missing under {key}")
    return {str(name) for name, row in found.items() if row["status"] != "not_showable"}


def severities(path: Path) -> dict[str, str]:
    """Severity by id of the danger signs that may be shown."""
    signs = _under(path, "signs")
    shown = showable_ids(path, "signs")
    return {name: str(signs[name].get("severity", "")) for name in shown}
