"""A tier: one step of the shop's esteem, what leads to it, and the care that goes with it."""

from typing import Annotated

from pydantic import Field, model_validator

from care.domain.channel import Channel
from care.domain.model import Decided

Privilege = Annotated[str, Field(min_length=1, max_length=120)]


class CarePlan(Decided):
    """How customers of one tier are cared for, where it differs from everybody's contact policy."""

    touches_per_week: int | None = Field(
        default=None,
        ge=1,
        le=7,
        description="at most so many in any seven days, instead of `contact.touches_per_week`",
    )
    touches_per_month: int | None = Field(
        default=None, ge=1, le=31, description="and at most so many in thirty days"
    )
    first_channel: Channel | None = Field(
        default=None,
        description=(
            "comes before the campaign's own order; a customer's own preference comes first"
        ),
    )
    weight: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="how much a touch of this tier is worth beside one of others",
    )

    @model_validator(mode="after")
    def _month_holds_a_week(self) -> "CarePlan":
        week, month = self.touches_per_week, self.touches_per_month
        if week is not None and month is not None and month < week:
            raise ValueError("touches_per_month is less than touches_per_week; a week is in it")
        return self


class Tier(Decided):
    """One step: who reaches it, what it is called and what it gives, by locale."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="the tier as ladders name it")
    label: dict[str, str] = Field(description="the tier as customers read it")
    min_spend: int = Field(
        ge=0,
        description=(
            "minor units spent in the window to reach it; the first tier has 0, and they rise"
        ),
    )
    min_orders: int = Field(
        default=0,
        ge=0,
        description=(
            "orders in the window that it takes besides; never fewer than the tier below asks"
        ),
    )
    privileges: dict[str, tuple[Privilege, ...]] = Field(
        default_factory=dict,
        description="what the tier gives, a line each; letters name them as `privileges`",
    )
    care: CarePlan = Field(
        default=CarePlan(),
        description="how its customers are cared for where that differs from `[contact]`",
    )
