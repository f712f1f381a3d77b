"""The library: what messages are written from, and the gifts that they carry."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, UploadFile
from starlette.responses import HTMLResponse, Response

from care import desk, gifting
from care.console.access import Admin, Viewer
from care.console.header import LETTER_POLICY
from care.console.page import go, link, now_of, render, root_of, runtime_of
from care.console.preview import preview
from care.console.upload import name_of, saved
from care.console.visitor import Visitor
from care.domain.channel import Channel
from care.gifting import UnableToImportCodes
from care.intake.codes import UnableToReadCodes
from care.letters import shop_of
from care.rendering.specimen import TIER_NAMES, bare, specimen
from care.runtime import Runtime

router = APIRouter()
Tier = Annotated[str, Query(pattern="^(member|silver|gold|diamond)$")]
Known = Annotated[str, Query(pattern="^(all|little)$")]


@router.get("/library")
def library_page(request: Request, visitor: Viewer) -> Response:
    """Every template, by campaign."""
    policy = runtime_of(request).policy
    return render(
        request,
        visitor,
        "library.html",
        campaigns={
            name: [str(one) for one in policy.used_channels[name]] for name in policy.enabled
        },
        off=sorted(set(policy.campaigns) - set(policy.enabled)),
        locales=policy.shop.locales,
    )


@router.get("/library/templates/{campaign}/{channel}/{locale}")
def template_page(
    request: Request,
    visitor: Viewer,
    campaign: str,
    channel: Channel,
    locale: str,
    tier: Tier = "gold",
    known: Known = "all",
) -> Response:
    """One template, tried on made-up customers of every tier, and where real ones are."""
    runtime = runtime_of(request)
    content = specimen_of(runtime, campaign, channel, locale, tier, known)
    address = root_of(request) + link(
        "library", "specimens", campaign, channel, locale, tier=tier, known=known
    )
    return render(
        request,
        visitor,
        "template.html",
        campaign=campaign,
        channel=channel,
        locale=locale,
        tier=tier,
        known=known,
        tiers=list(TIER_NAMES["en"]),
        preview=preview(channel, content, locale=locale, address=address),
        nights=[one for one in desk.list_campaigns(runtime) if one.campaign == campaign][:5],
    )


@router.get("/library/specimens/{campaign}/{channel}/{locale}")
def specimen_letter(
    request: Request,
    visitor: Viewer,
    campaign: str,
    channel: Channel,
    locale: str,
    tier: Tier = "gold",
    known: Known = "all",
) -> Response:
    """The HTML of a made-up letter, for the frame that shows it."""
    runtime = runtime_of(request)
    html = specimen_of(runtime, campaign, channel, locale, tier, known).get("html")
    if html is None:
        raise HTTPException(404)
    return HTMLResponse(str(html), headers={"Content-Security-Policy": LETTER_POLICY})


@router.get("/library/gifts")
def gifts_page(request: Request, visitor: Viewer) -> Response:
    """What there is of each gift, its codes among it."""
    return _gifts(request, visitor)


@router.post("/library/gifts/{gift_id}/codes")
def bring_codes(
    request: Request, visitor: Admin, gift_id: str, file: UploadFile, column: str = Form("code")
) -> Response:
    """Bring the codes of a file into the pool of a gift."""
    try:
        with saved(file) as path:
            found = gifting.import_codes(
                runtime_of(request), gift_id, path, column=column, by=by(request, visitor, file)
            )
    except (UnableToImportCodes, UnableToReadCodes) as error:
        return _gifts(request, visitor, told=str(error), status=409)
    return _gifts(request, visitor, brought=asdict(found))


@router.get("/library/gifts/{gift_id}/codes")
def codes_by_post(request: Request, visitor: Viewer, gift_id: str) -> Response:
    """Whoever comes here by the address bar goes on to the gifts."""
    return go(request, link("library", "gifts"))


def _gifts(request: Request, visitor: Visitor, *, status: int = 200, **told: object) -> Response:
    runtime = runtime_of(request)
    found = gifting.status(runtime)
    values = {"told": None, "brought": None} | told
    return render(
        request, visitor, "gifts.html", status=status, found=found, gifts=runtime.policy.gifts,
        **values,
    )  # fmt: skip


def specimen_of(
    runtime: Runtime, campaign: str, channel: Channel, locale: str, tier: str, known: str
) -> dict[str, Any]:
    """What a template says to a made-up customer, under the names its channel has for it."""
    policy = runtime.policy
    if (
        campaign not in policy.enabled
        or channel not in policy.used_channels[campaign]
        or locale not in policy.shop.locales
    ):
        raise HTTPException(404)
    full = specimen(campaign, channel, locale, tier)
    letter = bare(full) if known == "little" else full
    labels = [one.label[locale] for one in policy.tiers if one.name == tier]
    letter = replace(letter, shop=shop_of(policy, locale), tier_name=(*labels, letter.tier_name)[0])
    written = runtime.renderer.render(letter)
    fields = ("subject", "text", "html", "body", "encoding", "segments")
    said = {name: getattr(written, name) for name in fields if hasattr(written, name)}
    return {"from": letter.shop.name, "sender": letter.shop.name, **said}


def by(request: Request, visitor: Visitor, file: UploadFile) -> gifting.By:
    """Who brings a file, for the record."""
    return gifting.By(visitor.name, now_of(request), name_of(file.filename))
