"""A role at the desk: what a visitor of the console may do, and who she is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do, each role all that the ones before it may."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what another one may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in.

    ``session``: what her forms are bound to. ``by_bearer``: she showed a token of her own making
    with the request, so no other page can have sent it in her name.
    """

    name: str
    role: Role
    session: str
    by_bearer: bool = False


def role_of(name: str, groups: Collection[str], mapped: Mapping[str, Role]) -> Role | None:
    """The highest role that a user has by her name or by a role of hers elsewhere, if any.

    ``mapped`` has keys such as ``user:mei`` and ``role:op``; a name of hers wins over her groups.
    """
    by_name = mapped.get(f"user:{name}")
    if by_name is not None:
        return by_name
    found = [mapped[key] for key in (f"role:{group}".lower() for group in groups) if key in mapped]
    return max(found, key=list(Role).index, default=None)
