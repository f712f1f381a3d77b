"""A role at the desk: what somebody may do in the console."""

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
