"""The whole state of one local marketplace, and what its parts share."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.control import Clock
from sandbox.ordercloud import dates
from sandbox.ordercloud.accounts import Accounts
from sandbox.ordercloud.options import Options
from sandbox.ordercloud.search_index import SearchIndex
from sandbox.ordercloud.sessions import Sessions
from sandbox.ordercloud.store import Store
from sandbox.ordercloud.tokens import Tokens
from sandbox.ordercloud.visibility import Visibility


@dataclass(frozen=True, slots=True)
class Settings:
    """*base_url* is where this API answers: a token's audience and the root of picture URLs."""

    base_url: str
    issuer: str = "https://auth.ordercloud.io"
    marketplace_id: str = "demo"


class Marketplace:
    """Store, clock, tokens and visibility of one marketplace; *plant* fills in its seed."""

    def __init__(
        self, settings: Settings, clock: Clock, plant: Callable[["Marketplace"], None]
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tokens = Tokens(clock, issuer=settings.issuer, audience=settings.base_url)
        self._plant = plant
        self._seed()

    def reset(self) -> None:
        """Forget what has happened and begin again with the seed."""
        self.tokens.reset()
        self._seed()

    def _seed(self) -> None:
        self.store = Store()
        self.visibility = Visibility(self.store)
        self.index = SearchIndex(self.store, self.visibility, self.clock)
        self.options = Options()
        self.accounts = Accounts(self.store)
        self.sessions = Sessions(self.accounts, self.tokens, self.clock)
        self._plant(self)

    def set_options(self, options: Options) -> None:
        """Behave differently from now on."""
        self.options = options
        self.index.set_lag(options.index_lag_s)
        self.tokens.with_kid = options.token_kid

    def now(self) -> str:
        """Return the present as OrderCloud writes it."""
        return dates.write(self.clock.now())
