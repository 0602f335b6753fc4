"""OrderCloud's list engine: filters, search, sort, paging and facets. Pure: no HTTP, no clock."""

from sandbox.ordercloud.listing.page import run as run
from sandbox.ordercloud.listing.request import ListRequest as ListRequest
from sandbox.ordercloud.listing.request import parse as parse
from sandbox.ordercloud.listing.resource import Kind as Kind
from sandbox.ordercloud.listing.resource import Resource as Resource
from sandbox.ordercloud.listing.table import Table as Table
from sandbox.ordercloud.listing.table import View as View
from sandbox.ordercloud.listing.xp_types import XpTypes as XpTypes
