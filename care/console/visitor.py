"""A visitor of the console: who she is, and the role she has here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from care.domain.role import Role


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
    """The role of a user by her name, else the highest by her roles elsewhere, if any.

    ``mapped`` has keys such as ``user:mei`` and ``role:op``.
    """
    by_name = mapped.get(f"user:{name}")
    if by_name is not None:
        return by_name
    found = [mapped[key] for key in (f"role:{group}".lower() for group in groups) if key in mapped]
    return max(found, key=list(Role).index, default=None)
