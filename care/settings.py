"""Where things are: read once from the environment (``CARE_…``), and loudly when wrong."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from care.domain.role import Role

PREFIX = "CARE_"
_LEDGERS = re.compile(r"sqlite:///.|postgres(ql)?(\+psycopg)?://")
_SECRET = frozenset({"database_url", "master_key", "gateway_secret"})


class UnableToReadSettings(Exception):
    """A setting is missing or wrong."""


def shipped(name: str) -> Path:
    """A file or folder that travels with the product: in the wheel, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "_shipped" / name
    return installed if installed.exists() else package.parent / name


def _ledger_url(url: str) -> str:
    if not _LEDGERS.match(url):
        raise ValueError(
            "write sqlite:////folder/care.sqlite, or postgresql+psycopg://user:password@host/name"
        )
    return url


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("there is no such folder")
    return path


class Settings(BaseSettings):
    """Where this installation keeps its state and finds its configuration.

    Everything has a default under ``home``, so a laptop needs no setting at all.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    home: Path = Field(
        default=Path("var"),
        description=(
            "Folder of everything that has no place of its own below. Default: `var` in the "
            "current folder; give an absolute path wherever a scheduler starts the process."
        ),
    )
    database_url: Annotated[str, AfterValidator(_ledger_url)] | None = Field(
        default=None,
        description=(
            "SQLAlchemy URL of the ledger, such as `postgresql+psycopg://care@db/care`. "
            "Default: the SQLite file `care.sqlite` under home. In Airflow tasks the "
            "connection `care_db` wins."
        ),
    )
    store_url: str | None = Field(
        default=None,
        description=(
            "Folder or fsspec URL for order history, night manifests and models, such as "
            "`s3://bucket/care`. Default: `store` under home."
        ),
    )
    outbound_path: Path | None = Field(
        default=None,
        description=(
            "Folder in which gateways find their batches. Default: `outbound` under home."
        ),
    )
    sources_path: Path | None = Field(
        default=None,
        description=(
            "The `shop.toml` that maps the shop's data. Default: `shop/shop.toml` under home."
        ),
    )
    policy_path: Path = Field(
        default_factory=lambda: shipped("policy.toml"),
        description=(
            "The merchant's decisions. Default: the `policy.toml` that came with nightcare. "
            "DAG files read it too, for the shop's time zone."
        ),
    )
    templates_path: Annotated[Path, AfterValidator(_folder)] = Field(
        default_factory=lambda: shipped("templates"),
        description=(
            "Folder of message templates. Default: the `templates` that came with nightcare."
        ),
    )
    shards: int = Field(
        default=2,
        ge=1,
        le=256,
        description=(
            "Parts into which a night's messages are split, each a task of its own. Default: 2."
        ),
    )
    master_key: SecretStr | None = Field(
        default=None,
        description=(
            "64 hexadecimal digits; wraps every customer's key. Default: the file `care.key` "
            "under home, made on first use. Set it when there is more than one machine."
        ),
    )
    gateway_secret: SecretStr | None = Field(
        default=None,
        description=(
            "64 hexadecimal digits, shared with the gateways; signs batches and unsubscribe "
            "links. Default: the file `gateway.key` under home, made on first use. Set it "
            "when there is more than one machine."
        ),
    )

    console_roles: dict[str, Role] = Field(
        default_factory=lambda: {
            "role:viewer": Role.VIEWER,
            "role:user": Role.REVIEWER,
            "role:op": Role.REVIEWER,
            "role:admin": Role.ADMIN,
        },
        description=(
            "Who may do what in the console inside Airflow, as JSON: "
            '`{"user:mei": "reviewer", "role:viewer": "viewer"}`. A user\'s own line wins over '
            "those of her roles; whoever has none stays out. Default: Airflow's viewers look, its "
            "users and operators decide, its admins configure."
        ),
    )

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger; a SQLite file under ``home`` unless set."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'care.sqlite'}"

    @property
    def store(self) -> str:
        """Where history, night manifests and models are kept."""
        return self.store_url or str(self.home.absolute() / "store")

    @property
    def outbound(self) -> Path:
        """Where the file-drop gateway finds its batches."""
        return self.outbound_path or self.home.absolute() / "outbound"

    @property
    def sources(self) -> Path:
        """The mapping of the shop's own data."""
        return self.sources_path or self.home.absolute() / "shop" / "shop.toml"

    @cached_property
    def vault_key(self) -> bytes:
        """The 32 bytes that wrap every customer's own key; made on first use, mode 0600."""
        return _secret(self.master_key, self.home / "care.key", "CARE_MASTER_KEY")

    @cached_property
    def batch_key(self) -> bytes:
        """The secret shared with the gateways that check a batch's signature."""
        return _secret(self.gateway_secret, self.home / "gateway.key", "CARE_GATEWAY_SECRET")

    def make_home(self) -> None:
        """Make the home, for its owner only, unless it is there.

        Raises:
            UnableToReadSettings: it cannot be made, or nothing can be written there.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            why = "" if os.access(self.home, os.W_OK | os.X_OK) else "Permission denied"
        except OSError as error:
            why = str(error.strerror)
        if why:
            raise UnableToReadSettings(
                f"{self.home}: {why}. Name a folder that may be made and written, with --home or "
                "CARE_HOME."
            )


def read_settings(**chosen: Any) -> Settings:
    """Read the settings; what the caller chose wins over the environment.

    Raises:
        UnableToReadSettings: a value cannot be, or a variable is one letter off a setting's name.
    """
    _refuse_slips(os.environ)
    try:
        return Settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(map(_describe, error.errors()))
        raise UnableToReadSettings(f"{problems}. Correct the environment and try again.") from None


def _refuse_slips(environment: Mapping[str, str]) -> None:
    """A setting that is silently ignored may put the ledger in the wrong place."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            for meant in get_close_matches(name, known, n=1, cutoff=0.85):
                raise UnableToReadSettings(f"{name}: there is no such setting. Write {meant}.")


def _describe(problem: ErrorDetails) -> str:
    name, message = str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")
    value = "…" if name in _SECRET else repr(str(problem["input"]))
    return f"{PREFIX}{name.upper()}={value}: {message}"


def _secret(given: SecretStr | None, path: Path, variable: str) -> bytes:
    if given is not None:
        text, source = given.get_secret_value(), variable
    else:
        text, source = _read_or_make(path), str(path)
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise UnableToReadSettings(f"{source} must hold 64 hexadecimal digits (32 bytes)")
    return key


def _read_or_make(path: Path) -> str:
    """Make the file whole or not at all, so that two processes starting at once agree on it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()
