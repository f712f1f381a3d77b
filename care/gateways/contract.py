"""What every gateway does: take a sealed batch, and later say what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validates_whole

from care.domain.batch import SealedBatch


class UnableToSubmitBatch(Exception):
    """The batch did not reach the gateway; nothing of it can be seen there. Try again later."""


class UnableToReplaceBatch(UnableToSubmitBatch):
    """The gateway holds another batch of that name. A person must look; trying again is no use."""


class UnableToReadAcknowledgement(Exception):
    """The gateway's answer cannot be relied on: the batch counts as not answered yet."""


Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
"""A short text on one line."""

_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid")


class Reject(BaseModel):
    """A message the gateway did not take; ``retryable`` if it may be offered again."""

    model_config = _STRICT

    message_id: Text
    code: Text
    retryable: bool


class Acknowledgement(BaseModel):
    """The gateway's answer to one batch.

    ``accepted`` counts the messages it took over, and with ``rejects`` it adds up to the batch. A
    batch refused as a whole is ``rejected`` and may leave ``rejects`` empty. ``reason`` is for
    the people who read it.
    """

    model_config = _STRICT

    batch_id: Text
    manifest_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    status: Literal["accepted", "partial", "rejected"]
    accepted: Annotated[int, Field(ge=0)]
    rejects: tuple[Reject, ...]
    reason: Text | None = None

    @validates_whole(mode="after")
    def _says_one_thing(self) -> Self:
        if len({reject.message_id for reject in self.rejects}) != len(self.rejects):
            raise ValueError("a message is rejected twice")
        fits = {
            "accepted": self.accepted > 0 and not self.rejects,
            "partial": self.accepted > 0 and bool(self.rejects),
            "rejected": self.accepted == 0,
        }
        if not fits[self.status]:
            raise ValueError(
                f"status {self.status} does not go with {self.accepted} accepted "
                f"and {len(self.rejects)} rejects"
            )
        return self


@dataclass(frozen=True, slots=True)
class Submission:
    """Proof that the gateway can see the batch: ``manifest_sha256`` is what it will answer to."""

    batch_id: str
    manifest_sha256: str
    location: str


class Gateway(Protocol):
    """A peer that sends messages.

    ``dedupes_by_key`` promises that the peer sends a message once however often its idempotency
    key arrives. Only such a peer may be offered a batch again when its answer was lost.
    """

    @property
    def name(self) -> str:
        """The gateway's name, as manifests carry it."""
        ...

    @property
    def dedupes_by_key(self) -> bool:
        """Whether a batch may be offered again without sending twice."""
        ...

    def submit(self, batch: SealedBatch) -> Submission:
        """Hand the batch over whole, or not at all. The same batch again gives the same answer.

        Raises :class:`UnableToSubmitBatch`; its kind :class:`UnableToReplaceBatch` if the gateway
        holds other content under that ``batch_id``.
        """
        ...

    def collect(self, batch_id: str) -> Acknowledgement | None:
        """Give the gateway's answer, or None while there is none.

        Raises :class:`UnableToReadAcknowledgement` for an answer that cannot be relied on. It is
        put aside, so that the gateway can answer again and other batches are not held up.
        """
        ...


def read_acknowledgement(
    answer: bytes,
    *,
    batch_id: str,
    manifest_sha256: str,
    records: int,
    message_ids: Iterable[str],
) -> Acknowledgement:
    """Parse a gateway's answer (JSON) and hold it against the batch it should belong to.

    ``message_ids`` are those of the batch; they are looked at only when something was rejected.
    Raises :class:`UnableToReadAcknowledgement`, whose message says what is wrong with the answer.
    """
    try:
        found = Acknowledgement.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnableToReadAcknowledgement(f"{where}: {first['msg']}".removeprefix(": ")) from None
    if found.batch_id != batch_id:
        raise UnableToReadAcknowledgement(f"it answers batch {found.batch_id}")
    if found.manifest_sha256 != manifest_sha256:
        raise UnableToReadAcknowledgement(
            f"it answers a manifest with sha256 {found.manifest_sha256}, not {manifest_sha256}"
        )
    answered = found.accepted + len(found.rejects)
    refused_whole = found.status == "rejected" and not found.rejects
    if answered != records and not refused_whole:
        raise UnableToReadAcknowledgement(f"it answers {answered} of {records} messages")
    strangers = {reject.message_id for reject in found.rejects}
    if strangers:
        strangers.difference_update(message_ids)
    if strangers:
        raise UnableToReadAcknowledgement(
            f"it rejects {len(strangers)} messages the batch does not hold, one is {min(strangers)}"
        )
    return found
