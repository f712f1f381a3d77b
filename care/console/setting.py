"""A setting of the policy: where it stands, what it says, and what it would say by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from re import sub
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from care.console.speech import catalogue


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. ``path``: as the policy's file has it, such as ``night.gift_budget``.

    ``owner``: the model it belongs to. ``default``: missing (``PydanticUndefined``) where the
    policy must say something.
    """

    path: str
    owner: type[BaseModel]
    name: str
    value: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether the policy must say it, so that there is no usual value."""
        return self.default is PydanticUndefined

    @property
    def differs(self) -> bool:
        """Whether it is not what it would be if the policy said nothing."""
        return not self.required and bool(self.value != self.default)

    @property
    def key(self) -> str:
        """Where the catalogues have its name."""
        return key_of("setting", self.owner, self.name)

    @property
    def key_if_empty(self) -> str:
        """Where the catalogues say what it means that nothing is set."""
        found = key_of("unset", self.owner, self.name)
        return found if found in catalogue("en") else "unset.any"


def settings_of(model: BaseModel, path: str) -> Iterator[Setting]:
    """Every setting of a table, those of the tables within it after the one that holds them."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        default = field.get_default(call_default_factory=True, validated_data={})
        place = f"{path}.{name}"
        optional = default is None
        if not isinstance(value, BaseModel) or optional:
            yield Setting(place, type(model), name, value, default)
        if isinstance(value, BaseModel):
            yield from settings_of(value, place)


@cache
def key_of(kind: str, owner: type[BaseModel], name: str) -> str:
    """The key of a setting's name: of its table, else of one that the table builds upon."""
    keys = [f"{kind}.{table_of(one)}.{name}" for one in owner.__mro__ if issubclass(one, BaseModel)]
    return next((key for key in keys if key in catalogue("en")), keys[0])


def table_of(model: type[BaseModel]) -> str:
    """What the catalogues call a table: ``ContactPolicy`` is ``contact_policy``."""
    return sub(r"(?<=[a-z])(?=[A-Z])", "_", model.__name__).strip("_").lower()
