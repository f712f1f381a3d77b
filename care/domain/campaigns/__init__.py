"""Every campaign the house knows: one module each, found by being here."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from care.domain.campaign import Campaign


def _discover() -> dict[str, Campaign]:
    found = {}
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        campaign: Campaign = import_module(f"{__name__}.{module.name}").CAMPAIGN
        found[campaign.name] = campaign
    return found


CAMPAIGNS: Mapping[str, Campaign] = _discover()
