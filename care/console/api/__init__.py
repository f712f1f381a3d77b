"""The console for programs: everything that its pages can do, as JSON.

A program shows a bearer's token; a page of the console's own sends its seal in ``X-Care-Seal``.
"""

from care.console.api import acts, audit, campaign, change, customer, library, night

ROUTERS = tuple(
    module.router for module in (night, campaign, change, customer, library, audit, acts)
)
