"""The house, opened for work: settings, policy, ledger, vault and store, each when first needed."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from care.policy import Policy, read_policy
from care.settings import Settings, read_settings
from care.storage import schema
from care.storage.database import open_engine
from care.storage.vault import Vault

if TYPE_CHECKING:
    from care.gateways.contract import Gateway
    from care.rendering.renderer import Renderer
    from care.storage.store import Store


class UnableToReachLedger(Exception):
    """The ledger's database does not answer, or what answers is no database."""


@dataclass(frozen=True)
class Runtime:
    """What a workflow works with. Made once per task or command by ``open_runtime``."""

    settings: Settings
    policy: Policy

    @cached_property
    def engine(self) -> Engine:
        """The ledger, its schema brought up to date.

        Raises:
            UnableToOpenLedger: its URL or its schema is not one that this version can use.
            UnableToReachLedger: it does not answer.
        """
        engine = open_engine(self.settings.ledger_url)
        try:
            schema.upgrade(engine)
        except DBAPIError as error:
            where = make_url(self.settings.ledger_url).render_as_string(hide_password=True)
            why = str(error.orig).splitlines()[0]
            raise UnableToReachLedger(
                f"{where}: {why}. Start the database, or correct CARE_DATABASE_URL."
            ) from error
        return engine

    @cached_property
    def vault(self) -> Vault:
        """Seals what must be forgotten on request."""
        return Vault(self.settings.vault_key)

    @cached_property
    def store(self) -> "Store":
        """Files: order history, night manifests, models."""
        from care.storage.store import open_store

        return open_store(self.settings.store)

    @cached_property
    def renderer(self) -> "Renderer":
        """The templates, checked and compiled."""
        from care.rendering.renderer import open_renderer

        return open_renderer(
            self.settings.templates_path,
            campaigns=self.policy.used_channels,
            locales=self.policy.shop.locales,
        )

    @cached_property
    def gateway(self) -> "Gateway":
        """Where batches go."""
        from care.gateways.file_drop import FileDrop

        return FileDrop(self.settings.outbound)


def open_runtime(**chosen: object) -> Runtime:
    """Read settings and policy; what the caller chose wins over the environment.

    Raises:
        UnableToReadSettings, UnableToReadConfiguration: before anything else is touched.
    """
    settings = read_settings(**chosen)
    policy = read_policy(settings.policy_path)
    settings.make_home()
    return Runtime(settings=settings, policy=policy)
