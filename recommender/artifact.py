"""A fitted model as one file that tells what it is and proves that it is whole.

The file is an uncompressed zip of ``meta.json`` and one ``.npy`` an array: no pickle, no clock, no
compressor, so that the same model gives the same bytes and any NumPy can read them.
"""

import hashlib
import io
import json
import math
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.items.two_stage import TwoStage
from recommender.timing.bg_nbd import BgNbd
from recommender.timing.frequency import Frequency
from recommender.timing.gamma_poisson import GammaPoisson
from recommender.timing.interval import Interval
from recommender.timing.kept import Kept
from recommender.timing.law import Law
from recommender.timing.layered import Layered
from recommender.timing.modified_poisson_gamma import ModifiedPoissonGamma

FORMAT = 1
META = "meta.json"
LIBRARIES = ("implicit", "lightgbm", "numpy", "pandas", "scipy")
EPOCH = (1980, 1, 1, 0, 0, 0)


class UnableToSaveArtifact(ValueError):
    """A model or its history cannot be put into a file that would load again."""


class UnableToLoadArtifact(RuntimeError):
    """An artifact is missing, broken, or not the one that was asked for."""


class StoredFile(Protocol):
    """What is asked of a path: ``pathlib.Path`` and ``upath.UPath`` alike."""

    def read_bytes(self) -> bytes:
        """Return the whole content."""
        ...

    def write_bytes(self, data: bytes, /) -> int:
        """Replace the whole content."""
        ...


class Storable(Protocol):
    """A model that can be taken apart into arrays and put together again."""

    @property
    def kind(self) -> str:
        """Name under which ``MODELS`` finds the class."""
        ...

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays, and parameters that JSON can hold."""
        ...

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], parameters: dict[str, Any]) -> Self:
        """Restore what ``to_arrays`` gave."""
        ...


KINDS: tuple[type[Storable], ...] = (
    Als, Personal, Popularity, TwoStage,
    BgNbd, Frequency, GammaPoisson, Interval, Kept, Law, Layered,
    ModifiedPoissonGamma,
)  # fmt: skip
MODELS: Mapping[str, Any] = {str(model.kind): model for model in KINDS}


@dataclass(frozen=True, slots=True)
class Meta:
    """What an artifact says of itself."""

    kind: str
    data: str
    """Fingerprint of the history it learnt from."""
    parameters: Mapping[str, Any]
    figures: Mapping[str, float | None]
    """Held-out figures; None where the history could not tell."""
    versions: Mapping[str, str]
    """Of Python and of the libraries that made it."""
    arrays: Mapping[str, Mapping[str, Any]]
    """Name -> SHA-256, dtype and shape."""

    @property
    def seed(self) -> int | None:
        """What its chance began with; None where the model uses none or does not tell."""
        return self.parameters.get("seed")

    @property
    def parent(self) -> str | None:
        """SHA-256 of the ranker it took over from an earlier night; None if taught anew."""
        return self.parameters.get("parent")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A loaded model with its papers."""

    model: Any
    meta: Meta
    sha256: str


def save(
    model: Storable,
    path: StoredFile,
    *,
    data: str,
    figures: Mapping[str, float] | None = None,
) -> str:
    """Write a model and return the SHA-256 of the file, by which it is known from now on.

    Args:
        model: any model of ``MODELS``.
        path: a file in an existing folder.
        data: fingerprint of the history it learnt from, see ``fingerprint``.
        figures: held-out figures that go with it.

    Raises:
        UnableToSaveArtifact: the model's kind is not in ``MODELS``.
    """
    if MODELS.get(model.kind) is not type(model):
        raise UnableToSaveArtifact(
            f"models of kind {model.kind} cannot be loaded: add it to MODELS"
        )
    arrays, parameters = model.to_arrays()
    members = {f"{name}.npy": _npy(array) for name, array in sorted(arrays.items())}
    meta = {
        "format": FORMAT,
        "kind": model.kind,
        "data": data,
        "parameters": parameters,
        "figures": {
            name: None if math.isnan(value) else value for name, value in (figures or {}).items()
        },
        "versions": {name: version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
        "arrays": {
            name: {
                "sha256": hashlib.sha256(members[f"{name}.npy"]).hexdigest(),
                "dtype": str(array.dtype),
                "shape": list(array.shape),
            }
            for name, array in arrays.items()
        },
    }
    text = json.dumps(meta, sort_keys=True, indent=1, allow_nan=False).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {META: text, **members}.items():
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    content = buffer.getvalue()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def load(path: StoredFile, *, sha256: str | None = None) -> Artifact:
    """Read a model back, having verified that it is the one asked for and whole.

    Args:
        path: the file.
        sha256: what ``save`` returned; without it only the file's own checksums are verified.

    Raises:
        UnableToLoadArtifact: with what to do about it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnableToLoadArtifact(
            f"{path} cannot be read ({error}); train anew or name another champion"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise UnableToLoadArtifact(
            f"{path} has SHA-256 {found}, not {sha256}: it was changed or only half written; "
            "restore it from a backup, train anew or name another champion"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            meta = json.loads(archive.read(META))
            form, kind = meta.pop("format"), meta["kind"]
            members = {name: archive.read(f"{name}.npy") for name in meta["arrays"]}
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UnableToLoadArtifact(
            f"{path} is broken or no artifact ({error}); train anew or name another champion"
        ) from error
    if form != FORMAT or kind not in MODELS:
        raise UnableToLoadArtifact(
            f"{path} holds {kind} in format {form}, which this version does not know; "
            "upgrade or train anew"
        )
    for name, member in members.items():
        if hashlib.sha256(member).hexdigest() != meta["arrays"][name]["sha256"]:
            raise UnableToLoadArtifact(
                f"{path}: array {name} is broken; train anew or name another champion"
            )
    arrays = {
        name: np.lib.format.read_array(io.BytesIO(member), allow_pickle=False)
        for name, member in members.items()
    }
    model = MODELS[kind].from_arrays(arrays, meta["parameters"])
    return Artifact(model, Meta(**meta), found)


def fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256 over a frame's column names, types and numbers, in row order.

    Raises:
        UnableToSaveArtifact: a column does not hold plain numbers.
    """
    digest = hashlib.sha256()
    for name in frame.columns:
        values = np.ascontiguousarray(frame[name].to_numpy())
        if values.dtype.kind not in "biuf":
            raise UnableToSaveArtifact(
                f"column {name} holds no plain numbers; fingerprint keys and days only"
            )
        digest.update(f"{name}:{values.dtype.str}:{values.size};".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
