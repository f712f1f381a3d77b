"""What staff did about customers, for who answers for it: filtered, and taken away as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from care.console.access import Reviewer
from care.console.audit import A_CHUNK, A_PAGE, After, Text
from care.console.day import AskedDay, between
from care.console.page import render, runtime_of
from care.console.spreadsheet import as_file
from care.desk.acts import Asked, StaffAct, acts_of_staff
from care.desk.page import Page
from care.domain.act import Act
from care.runtime import Runtime

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ActFilter:
    """A filter as an address carries it."""

    asked: Asked
    customer: str | None

    def page(self, runtime: Runtime, *, after: str | None, limit: int) -> Page[StaffAct]:
        """A page of what it finds."""
        return acts_of_staff(
            runtime, asked=self.asked, customer=self.customer, after=after, limit=limit
        )


def filter_from(
    request: Request,
    act: Annotated[Act | Literal[""] | None, Query()] = None,
    actor: Text = None,
    customer: Text = None,
    since: AskedDay = None,
    until: AskedDay = None,
) -> ActFilter:
    """An empty field is any, ``until`` includes its day, ``customer`` is a whole number of hers."""
    first, last = between(since, until, zone=runtime_of(request).policy.shop.zone)
    asked = Asked(act=act or None, actor=actor or None, since=first, until=last)
    return ActFilter(asked, customer or None)


Filter = Annotated[ActFilter, Depends(filter_from)]


@router.get("/audit/customers")
def acts_page(request: Request, visitor: Reviewer, chosen: Filter, after: After = None) -> Response:
    """Who was revealed, stopped, heard and brought in, the newest first."""
    runtime = runtime_of(request)
    return render(
        request,
        visitor,
        "acts.html",
        page=chosen.page(runtime, after=after, limit=A_PAGE),
        query={name: one for name, one in request.query_params.items() if one and name != "after"},
        after=after,
        acts=list(Act),
        gifts=runtime.policy.gifts,
    )


@router.get("/audit/customers.csv")
def acts_file(request: Request, visitor: Reviewer, chosen: Filter) -> Response:
    """What a filter finds, as a file for a spreadsheet."""
    runtime = runtime_of(request)
    first = chosen.page(runtime, after=None, limit=A_CHUNK)  # what is refused is refused as a page
    return as_file("customers", _pages(runtime, chosen, first))


def _pages(runtime: Runtime, chosen: ActFilter, page: Page[StaffAct]) -> Iterator[pd.DataFrame]:
    names = StaffAct.__slots__
    while True:
        rows = [
            ["" if (told := getattr(one, name)) is None else str(told) for name in names]
            for one in page.rows
        ]
        yield pd.DataFrame(rows, columns=list(names), dtype="str")
        if page.next is None:
            return
        page = chosen.page(runtime, after=page.next, limit=A_CHUNK)
