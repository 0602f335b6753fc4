"""The steps of an answer, put together: Shopper → Decision → ListQuery → Page."""

import random
import time
from dataclasses import dataclass
from functools import partial

from proxy.audit import Audit
from proxy.cache.purges import Purger
from proxy.cache.refusals import Refusals
from proxy.caches import Caches
from proxy.config import Config
from proxy.core import tags
from proxy.decisions import Decisions
from proxy.edge.cdp import Cdp
from proxy.edge.codec import EXECUTIONS, GROUPS, PAGES, PROFILES
from proxy.edge.ordercloud import OrderCloud
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.fleet import Fleet
from proxy.pages import Pages
from proxy.pipeline import Pipeline
from proxy.scopes import Scopes
from proxy.shoppers import Shoppers
from proxy.tasks import Tasks

_PROFILES_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class Means:
    """What the steps are made of."""

    config: Config
    metrics: Metrics
    tasks: Tasks
    fleet: Fleet
    caches: Caches
    verifier: Verifier
    catalog: OrderCloud
    decider: Cdp


@dataclass(frozen=True, slots=True)
class Steps:
    """The pipeline, and those of its parts that others need too."""

    pipeline: Pipeline
    shoppers: Shoppers
    scopes: Scopes
    audit: Audit


def put_together(means: Means) -> Steps:
    """Return the steps."""
    shoppers = _shoppers(means)
    scopes = Scopes(shoppers, timeout_s=means.config.cdp.timeout)
    audit = _audit(means, scopes)
    pages = _pages(means, scopes, audit)
    pipeline = Pipeline(means.verifier, shoppers, scopes, _decisions(means, shoppers), pages)
    return Steps(pipeline, shoppers, scopes, audit)


def _shoppers(means: Means) -> Shoppers:
    config, journal = means.config, means.fleet.journals.shoppers
    make = partial(means.caches.make, max_age_s=config.cache.page_error, is_shared=False)
    return Shoppers(
        means.catalog,
        profiles=make("profiles", journal, _PROFILES_BYTES, PROFILES),
        groups=make("groups", journal, _PROFILES_BYTES, GROUPS),
        fresh_s=config.cache.profile_fresh,
        error_s=config.cache.page_error,
        timeout_s=config.cdp.timeout,
    )


def _decisions(means: Means, shoppers: Shoppers) -> Decisions:
    config = means.config
    return Decisions(
        means.decider,
        shoppers=shoppers,
        cache=means.caches.make(
            "decisions",
            means.fleet.journals.decisions,
            config.cache.decisions,
            EXECUTIONS,
            max_age_s=config.cache.decision_error,
        ),
        lifetimes=config.cache,
        timeout_s=config.cdp.timeout,
    )


def _audit(means: Means, scopes: Scopes) -> Audit:
    purges = means.fleet.purges
    return Audit(
        means.catalog,
        scopes,
        share=means.config.cache.audit,
        purge=lambda name: purges.purge({tags.tag("placement", name)}, hard=True, by=Purger.AUDIT),
        watch=means.metrics,
        tasks=means.tasks,
        clock=time.monotonic,
        random=random.random,
    )


def _pages(means: Means, scopes: Scopes, audit: Audit) -> Pages:
    config, journal = means.config, means.fleet.journals.pages
    return Pages(
        means.catalog,
        cache=means.caches.make(
            "pages", journal, config.cache.pages, PAGES, max_age_s=config.cache.page_error
        ),
        refusals=Refusals(journal=journal, keep_s=config.cache.nothing_fresh, clock=time.monotonic),
        scopes=scopes,
        audit=audit,
        lifetimes=config.cache,
        patience_s=config.ordercloud.patience,
    )
