"""The base of everything the merchant may configure."""

from pydantic import BaseModel, ConfigDict


class Decided(BaseModel):
    """Something the merchant decided: immutable, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
