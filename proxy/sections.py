"""What operations may set, section by section: each key, its default and what it means.

`proxy.config` puts the sections together and reads them from `config.yaml` and the environment.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from proxy import document
from proxy.quantity import Duration, Size
from proxy.values import Durations, JmesPath, Nodes, Pairs, Port, Url, Words

_EDGE = "https://edge-platform.sitecorecloud.io"


class Section(BaseModel):
    """Named keys with checked values; others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Section):
    """Where the gateway listens."""

    host: str = Field("127.0.0.1", description="address of the storefront listener")
    port: Port = Field(8080, description="port of the storefront listener")
    admin_host: str = Field("127.0.0.1", description="address of the admin listener")
    admin_port: Port = Field(8081, description="port of the admin listener")
    drain: Duration = Field(20.0, description="how long requests under way may take at shutdown")
    keep_alive: Duration = Field(75.0, description="longer than the load balancer's own")
    fast_path: bool = Field(True, description="answer plain hits without asking the app")
    head_size: Size = Field(32 * 1024, description="of request line and headers; then 431")
    head_time: Duration = Field(10.0, description="until they are there, whole; then 408")
    connections: int = Field(10_000, ge=1, description="open at once on a listener; then 503")
    cors_origins: Words = Field((), description="origins of storefronts that call from a browser")


class Admin(Section):
    """Who may use the admin listener."""

    key: SecretStr | None = Field(None, description="bearer key; environment or file only")


class OrderCloud(Section):
    """The marketplace behind the gateway; tokens are verified against this host only."""

    url: Url = Field(description="API base, without /v1")
    auth_url: Url | None = Field(None, description="where /oauth lives, if not at `url`")
    issuers: Words = Field(("https://auth.ordercloud.io",), description="accepted `iss`")
    audiences: Words = Field((), description="accepted `aud`; empty means `url`")
    clients: Words = Field(min_length=1, description="accepted API client IDs (`cid`), or `*`")
    user_types: Words = Field(("buyer",), description="accepted `usrtype`")
    limit: Duration = Field(10.0, description="one call, connection included")
    patience: Duration = Field(
        1.0, description="a shopper's wait for OrderCloud where an older answer is kept"
    )
    silence: Duration = Field(
        60.0, description="of either side of a call that is passed through: before it is ended"
    )
    in_flight: int = Field(256, ge=1, description="calls under way at once")
    clock_skew: Duration = Field(30.0, description="tolerated for `nbf`; never for `exp`")


class Cdp(Section):
    """The CDP/Personalize tenant that decides."""

    form: Literal["direct", "edge"] = Field("direct", description="which API flows are run by")
    region: Literal["eu", "us", "ap", "jpe"] | None = Field(
        None, description="of a direct tenant; gives `url`"
    )
    url: Url | None = Field(None, description="API base, where neither form nor region gives it")
    client_key: str = Field("", description="of a direct tenant")
    point_of_sale: str = Field("", description="of a direct tenant")
    context_id: str = Field("", description="sitecoreContextId of the Edge form")
    site_id: str = Field("", description="siteId of the Edge form")
    channel: str = Field("WEB", description="told to flows")
    language: str = Field("EN", description="told to flows")
    currency: str = Field("USD", description="told to flows")
    identity_provider: str = Field("ordercloud", description="of the identifiers we send")
    token_param: str = Field("ocToken", description="flow parameter that carries the token")
    geo_headers: Annotated[dict[Literal["city", "country", "region"], str], Pairs] = Field(
        {}, description="request headers that a trusted front proxy sets, by part of params.geo"
    )
    timeout: Duration = Field(0.4, description="a shopper's wait, unless the placement says")
    limit: Duration = Field(5.0, description="one call; outlives the wait and warms the cache")
    in_flight: int = Field(256, ge=1, description="calls under way at once")
    browser_id_cookies: Words = Field(
        ("bid_{clientKey}", "sc_cid"), description="cookies that may hold the CDP browser id"
    )

    @property
    def base_url(self) -> str:
        """Return the API base. Source: docs/sources.md#cdp-regions."""
        if self.url is not None:
            return self.url
        return (
            _EDGE if self.form == "edge" else f"https://api-engage-{self.region}.sitecorecloud.io"
        )

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if self.form == "edge":
            needed = {"context_id": self.context_id, "site_id": self.site_id}
        else:
            needed = {"client_key": self.client_key, "point_of_sale": self.point_of_sale}
            needed["region` or `url"] = self.url or self.region or ""
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise document.refusal(f"`{missing[0]}` is missing", "add it")
        return self


class Tenant(Section):
    """The tenant's administration API, which only `check --live` reads."""

    url: Url | None = Field(None, description="API base, if not that of cdp")
    auth_url: Url = Field("https://auth.sitecorecloud.io", description="where tokens are issued")
    audience: str = Field("https://api.sitecorecloud.io", description="asked for in tokens")
    client_id: str = Field("", description="of an API client that may read flows")
    client_secret: SecretStr | None = Field(None, description="environment or file only")


class Check(Section):
    """Whom `check --live` and `diff --live` list as; and how far a change may reach."""

    shoppers: Annotated[dict[str, str], Pairs] = Field(
        {}, description="segment, `group:ID`, `buyer:ID` or the like to username of a test shopper"
    )
    password: SecretStr | None = Field(None, description="theirs; environment or file only")
    blast: float = Field(
        0.2, ge=0, le=1, description="share of recent answers a change may touch without `--yes`"
    )


class Cache(Section):
    """How long answers live and how much memory they take."""

    pages: Size = Field(256 * 1024**2, description="memory for pages")
    answers: Size = Field(64 * 1024**2, description="memory for requests known to the fast path")
    encodings: Size = Field(128 * 1024**2, description="memory for pages as gzip, br and zstd")
    decisions: Size = Field(64 * 1024**2, description="memory for decisions")
    tokens: Size = Field(128 * 1024**2, description="memory for shoppers known by their token")
    page_fresh: Duration = Field(60.0, description="served without asking OrderCloud")
    page_revalidate: Duration = Field(60.0, description="then served while it is fetched anew")
    page_error: Duration = Field(3600.0, description="then served only while OrderCloud is down")
    decision_fresh: Duration = Field(60.0, description="unless the placement says")
    decision_revalidate: Duration = Field(0.0, description="then served while CDP is asked anew")
    decision_error: Duration = Field(1800.0, description="a last good decision may stand in")
    profile_fresh: Duration = Field(300.0, description="who a shopper is, by GET /v1/me")
    index_lag: Durations = Field(
        (5.0, 60.0), description="after each of these a webhook's purge is repeated"
    )
    nothing_fresh: Duration = Field(
        10.0, description="that there is nothing: no such list, an empty one, no decision"
    )
    snapshot: Path | None = Field(
        None, description="a file of what is kept, for a restart in an outage; without, none"
    )
    snapshot_size: Size = Field(64 * 1024**2, description="disk the snapshot may take")
    lists: Duration = Field(
        0.0, description="OrderCloud's own lists of the catalogue, passed through; `0s`: not kept"
    )
    audit: float = Field(
        0.001, ge=0, le=1, description="share of shared pages that are fetched again to compare"
    )
    fetches: int = Field(512, ge=1, description="answers of one kind fetched at once; then 503")


class Rules(Section):
    """Where the marketers' files are."""

    folder: Path = Field(Path("rules"), description="beside this file, unless absolute")
    edits: Literal["folder", "redis"] = Field(
        "folder", description="where edits over the admin port go; `redis` for many replicas"
    )


class Events(Section):
    """Shopper events: what is told to CDP, and the outbox that keeps it until CDP has it."""

    outbox: Literal["redis"] | Path | None = Field(
        None, description="the outbox's file, or `redis` for many replicas; without, no events"
    )
    replicas: int = Field(0, ge=0, description="of Redis that have an event before it is promised")
    size: Size = Field(512 * 1024**2, description="disk or Redis memory for events; then 503")
    remember: Duration = Field(7 * 86400.0, description="how long a repeated event is known")
    keep_dead: Duration = Field(30 * 86400.0, description="how long refused events are kept")
    in_flight: int = Field(16, ge=1, description="events on their way to CDP at once")
    attempts: int = Field(
        1000, ge=1, description="failed ones until an event is refused, if CDP takes others"
    )
    webhook_key: SecretStr | None = Field(
        None, description="HashKey of OrderCloud's webhooks; environment or file only"
    )
    product_type: JmesPath = Field(
        "Product.xp.ProductType", description="CDP's product type, in a LineItem"
    )
    product_name: JmesPath = Field("Product.Name", description="CDP's product name, in a LineItem")
    item_id: JmesPath = Field("Variant.ID || ProductID", description="CDP's item_id, in a LineItem")


class Consent(Section):
    """What a request must carry before anything is told of its shopper; nothing by default."""

    header: str = Field("", description="e.g. X-Consent")
    cookie: str = Field("", description="e.g. marketing_consent")

    @property
    def is_needed(self) -> bool:
        """Say whether nothing may be told without consent."""
        return bool(self.header or self.cookie)


class Redis(Section):
    """Redis or Valkey, which replicas share; without `nodes` each replica is on its own."""

    nodes: Nodes = Field(
        (), description="`host:port` of the server, its Sentinels, or some of the cluster"
    )
    mode: Literal["standalone", "sentinel", "cluster"] = Field(
        "standalone", description="what answers at `nodes`"
    )
    service: str = Field("mymaster", description="the master's name among Sentinels")
    username: str = Field("", description="of an ACL user")
    password: SecretStr | None = Field(None, description="environment or file only")
    sentinel_password: SecretStr | None = Field(None, description="environment or file only")
    db: int = Field(0, ge=0, description="database number; a cluster has only 0")
    tls: bool = Field(False, description="whether connections are encrypted")
    ca_file: Path | None = Field(None, description="certificates to trust, if not the machine's")
    prefix: str = Field("decision-proxy", description="of every key, where others use it too")
    timeout: Duration = Field(0.005, description="what a shopper's request waits for it")
    limit: Duration = Field(1.0, description="connecting, and calls that no shopper waits for")

    @model_validator(mode="after")
    def _check_nodes(self) -> Self:
        paths = sum(node.startswith("/") for node in self.nodes)
        if len(self.nodes) > 1 if self.mode == "standalone" else paths:
            what = f"these are no nodes of mode {self.mode}"
            raise document.refusal(what, "standalone: name one; else write each as host:port")
        return self


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least grave lines that are written"
    )
    format: Literal["json", "text"] = Field("json", description="for machines or for people")
    requests: Literal["none", "errors", "all"] = Field(
        "errors", description="which requests get a line; never their query or headers"
    )
