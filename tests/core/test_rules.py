"""A whole rules file: what it becomes, and what is said of one that cannot be."""

import pytest

from proxy.core.curated import Curated
from proxy.core.freshness import Times
from proxy.core.query import Pick
from proxy.core.rules import load
from proxy.core.scope import Sharing
from tests.core.making import chosen, listed, mistakes, placement, slot

HEAD = "placement: slot\nresource: me/products\n"
TAIL = "default: {query: {}}\n"


def test_a_file_becomes_a_placement() -> None:
    where = placement("""
        placement: home-hero
        description: First thing seen
        resource: me/categories
        decision:
          flow: home_hero
          segment: persona
          cache: 5m
          timeout: 400ms
          params: {depth: 2, zone: {request: region}}
          token: false
        rules:
          - name: vips
            when: {segment: [vip, 7, true]}
            query: {ParentID: tops}
        default:
          query: {sortBy: Name}
        allow: [search, xp.color]
    """)
    assert (where.name, where.description) == ("home-hero", "First thing seen")
    assert (where.resource, where.file) == ("me/categories", "rules/slot.yaml")
    assert where.allow == {"search": "search", "xp.color": "xp.color"}
    (rule,) = where.rules
    assert (rule.name, set(rule.segments), rule.line) == ("vips", {"vip", "7", "true"}, 13)
    flow = where.flow
    assert flow is not None
    assert (flow.friendly_id, flow.timeout_s) == ("home_hero", 0.4)
    assert (where.page_times, where.decision_times) == (Times(), Times(300))
    assert (flow.params, flow.asked, flow.forwards_token) == (
        {"depth": 2},
        {"zone": "region"},
        False,
    )


def test_only_a_name_a_list_and_a_default_are_needed() -> None:
    where = placement(HEAD + TAIL)
    assert (where.flow, where.rules, where.allow, where.description) == (None, (), {}, "")
    assert listed(chosen(where, None).then) == ("/v1/me/products",)


@pytest.mark.parametrize("cache", ["none", "0s"])
def test_decisions_need_not_be_kept(cache: str) -> None:
    where = placement(f"{HEAD}decision: {{flow: f, cache: {cache}}}\n{TAIL}")
    assert where.decision_times == Times(fresh_s=0, revalidate_s=0)


@pytest.mark.parametrize(
    ("cache", "page", "decision"),
    [
        ("{page: {fresh: 10m}}", Times(600), Times()),
        ("{page: {fresh: 1m, revalidate: 5m, error: 1d}}", Times(60, 300, 86_400), Times()),
        ("{decision: {revalidate: 1s, error: 0s}}", Times(), Times(None, 1, 0)),
        ("{page: {fresh: none}, decision: {fresh: none}}", Times(0, 0), Times(0, 0)),
        ("{page: {fresh: none, revalidate: 5s}}", Times(0, 5), Times()),
        ("{page: {}}", Times(), Times()),
    ],
)
def test_pages_and_decisions_are_kept_as_long_as_each_says(
    cache: str, page: Times, decision: Times
) -> None:
    where = placement(f"{HEAD}decision: {{flow: f}}\ncache: {cache}\n{TAIL}")
    assert (where.page_times, where.decision_times) == (page, decision)


def test_the_short_form_and_the_long_one_go_together() -> None:
    where = placement(
        f"{HEAD}decision: {{flow: f, cache: 5m}}\ncache: {{decision: {{error: 1h}}}}\n{TAIL}"
    )
    assert where.decision_times == Times(300, None, 3600)


def test_a_flow_may_be_chosen_by_a_prefix() -> None:
    flow = placement(f"{HEAD}decision: {{flow: home_*}}\n{TAIL}").flow
    assert flow is not None
    assert flow.friendly_id == "home_*"


def test_a_rule_may_show_the_list_inside_the_decision() -> None:
    (rule,) = slot("[{name: r, when: {has: list}, page: {from: list}}]").rules
    assert isinstance(rule.then, Pick)
    assert rule.then.path == "list"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["1:1: the file is empty; see docs/rules.md"]),
        ("[]", ["1:1: 'the file' is not a mapping; write `key: value` in it"]),
        ("placement: slot", ["1:1: 'resource' is missing; add it",
                             "1:1: 'default' is missing; add it"]),
        (HEAD + "default: {}", ["3:10: 'query' is missing; add it; {} lists everything"]),
        (HEAD + TAIL + "rule: []", ["4:1: unknown key 'rule'; did you mean 'rules'?"]),
        (HEAD + TAIL + "colour: red", [("4:1: unknown key 'colour'; known are: allow, cache, cart, "
          "curated, decision, default, description, examples, parents, placement, resource, "
          "route, rules, scope, timezone")]),
        ("placement: Home Hero\nresource: me/products\n" + TAIL,
         [("1:12: 'Home Hero' cannot be a name here; use small letters, digits and -, "
           "a letter or digit first")]),
        ("placement: slot\nresource: me/product\n" + TAIL,
         ["2:11: 'me/product' is not a list of OrderCloud's; did you mean 'me/products'?"]),
        ("placement: slot\nresource: products\n" + TAIL,
         ["2:11: 'products' is not a list of OrderCloud's; did you mean 'me/products'?"]),
        (HEAD + "decision: {segment: x}\n" + TAIL, ["3:11: 'flow' is missing; add it"]),
        (HEAD + "decision: {flow: Home Hero}\n" + TAIL,
         [("3:18: 'Home Hero' cannot be a name here; use small letters, digits and _, "
           "as CDP does in a friendlyId")]),
        (HEAD + "decision: {flow: f, segment: 'a['}\n" + TAIL,
         [("3:30: 'a[' is not a path into the decision; "
          "write e.g. persona, offer.ids or products[].id")]),
        (HEAD + "decision: {flow: f, cache: 5m}\ncache: {decision: {fresh: 1m}}\n" + TAIL,
         ["4:27: `decision.cache` says how long a decision is fresh, too; keep one of them"]),
        (HEAD + "decision: {flow: f, cache: 5}\n" + TAIL,
         ["3:28: 5 is not a quantity with a unit; write a number with one of: ms, s, m, h, d"]),
        (HEAD + "decision: {flow: f, timeout: 1 second}\n" + TAIL,
         [("3:30: '1 second' is not a quantity with a unit; "
          "write a number with one of: ms, s, m, h, d")]),
        (HEAD + TAIL + "allow: [search, Nmae]",
         ["4:17: OrderCloud has no field 'Nmae' here; did you mean 'Name'?"]),
        (HEAD + TAIL + "allow: [page, pagesize, browserId, names]",
         [f"4:{column}: '{name}' means something to the gateway itself; remove it"
          for column, name in ((9, "page"), (15, "pagesize"), (25, "browserId"), (36, "names"))]),
        (HEAD + "decision: f\n" + TAIL,
         ["3:11: 'decision' is not a mapping; write `key: value` in it"]),
        (HEAD + "rules:\n" + TAIL,
         ["3:7: there is no value; write one, or remove the key"]),
        (HEAD + "decision: {flow: f, params: {x: [1]}}\n" + TAIL,
         ["3:33: 'x' cannot be this; see docs/rules.md"]),
        (HEAD + "decision: {flow: f, params: {x: {requestt: a}}}\n" + TAIL,
         ["3:33: 'request' is missing; add it",
          "3:34: unknown key 'requestt'; did you mean 'request'?"]),
        (HEAD + "decision: {flow: f, params: {'1x': 5}}\n" + TAIL,
         ["3:30: '1x' cannot be a name here; use letters, digits and _, a letter first"]),
        (HEAD + "timezone: London\n" + TAIL,
         ["3:11: 'London' is not a time zone; write e.g. Europe/London or America/New_York"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_told_with_its_place_and_its_mend(
    text: str, found: list[str]
) -> None:
    assert mistakes(text) == found


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("{when: {segment: a}, query: {}}", ["3:9: 'name' is missing; add it"]),
        ("{name: r, query: {}}", ["3:9: 'when' is missing; add it"]),
        ("{name: r, when: {}, query: {}}",
         ["3:25: this holds for everybody; say for whom, or make it the default"]),
        ("{name: r, when: {segment: []}, query: {}}",
         ["3:35: this list is empty; name at least one"]),
        ("{name: r, when: {segmentt: a}, query: {}}",
         ["3:26: unknown key 'segmentt'; did you mean 'segment'?"]),
        ("{name: r, when: {has: 'a['}, query: {}}",
         [("3:31: 'a[' is not a path into the decision; "
          "write e.g. persona, offer.ids or products[].id")]),
        ("{name: r, when: {segment: a}}",
         ["3:9: a rule has a `query`, a `page` or `variants`; add one of them"]),
        ("{name: r, when: {segment: a}, query: {}, page: {from: b}}",
         [("3:9: a rule has a `query`, a `page` or `variants`; "
          "keep one of them, not query and page")]),
        ("{name: r, when: {segment: a}, page: {}}", ["3:45: 'from' is missing; add it"]),
        ("{name: default, when: {segment: a}, query: {}}",
         ["3:16: the name 'default' is taken; give each rule a name of its own"]),
        ("{name: '-', when: {segment: a}, query: {}}",
         [("3:16: '-' cannot be a name here; use letters, digits, spaces, ., _ and -, "
           "a letter or digit first")]),
        ("{name: r, when: {segment: a}, query: {ID: a}, order: sorted}",
         ["3:62: 'order': input should be 'as-listed'; here stands 'sorted'"]),
        ("{name: r, when: {segment: a}, query: {Name: a}, order: as-listed}",
         ["3:46: `order: as-listed` has no list to follow; give `ID` as a list"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_told_with_its_place_and_its_mend(
    rule: str, found: list[str]
) -> None:
    assert mistakes(f"{HEAD}rules: [{rule}]\n{TAIL}") == found


def test_a_placement_may_be_bound_to_the_call_that_lists_the_same() -> None:
    assert placement(f"{HEAD}{TAIL}route: GET  /v1/me/products\n").route == "/v1/me/products"
    assert placement(f"{HEAD}{TAIL}").route is None


@pytest.mark.parametrize(
    "route", ["/v1/me/products", "GET /v1/me/categories", "POST /v1/me/products", "GET /v1", "x"]
)
def test_a_placement_cannot_be_bound_to_another_call(route: str) -> None:
    (mistake,) = mistakes(f"{HEAD}{TAIL}route: {route}\n")
    assert mistake == (
        f"4:8: this placement lists me/products, which '{route}' does not; "
        "write GET /v1/me/products"
    )


def test_all_mistakes_of_a_file_are_told_at_once_from_top_to_bottom() -> None:
    assert mistakes("""
        placement: slot
        resource: me/product
        rules:
          - {name: a, when: {segment: x}, query: {pageSize: 500}}
          - {name: a, when: {segment: x}, query: {Name: {close: 1}}}
        default: {query: {depth: none}}
    """) == [
        "3:11: 'me/product' is not a list of OrderCloud's; did you mean 'me/products'?",
        "5:53: '500' cannot be pageSize; write a whole number from 1 to 100",
        "6:12: the name 'a' is taken; give each rule a name of its own",
        (
            "6:57: 'close' is not a condition; "
            "known are: between, from, gt, gte, like, lt, lte, missing, not"
        ),
        "7:26: 'none' cannot be depth; write a whole number from 1, or all",
    ]


def test_all_unknown_keys_are_told_at_once() -> None:
    assert mistakes(f"{HEAD}{TAIL}titla: x\nrles: []\n") == [
        (
            "4:1: unknown key 'titla'; known are: allow, cache, cart, curated, decision, default, "
            "description, examples, parents, placement, resource, route, rules, scope, timezone"
        ),
        "5:1: unknown key 'rles'; did you mean 'rules'?",
    ]


@pytest.mark.parametrize(
    ("written", "sharing"),
    [
        ("", Sharing.ANONYMOUS),
        ("scope: anonymous\n", Sharing.ANONYMOUS),
        ("scope: groups\n", Sharing.GROUPS),
        ("scope: shopper\n", Sharing.SHOPPER),
    ],
)
def test_a_file_says_who_may_share_its_lists(written: str, sharing: Sharing) -> None:
    assert placement(HEAD + TAIL + written).sharing is sharing


def test_what_belongs_to_each_shopper_alone_cannot_be_shared() -> None:
    assert mistakes("placement: slot\nresource: me/promotions\nscope: groups\n" + TAIL) == [
        "3:8: me/promotions belongs to each shopper alone, so it cannot be shared; remove `scope`"
    ]


def test_segments_may_have_parents() -> None:
    where = slot(more="parents: {gold: vip, 7: gold}")
    assert where.parents == {"gold": "vip", "7": "gold"}


@pytest.mark.parametrize(
    ("parents", "told"),
    [
        ("{a: a}", ["6:14: 'a' is its own ancestor"]),
        ("{a: b, b: a}", ["6:14: 'a' is its own ancestor", "6:20: 'b' is its own ancestor"]),
        ("{x: a, a: b, b: a}", ["6:20: 'a' is its own ancestor", "6:26: 'b' is its own ancestor"]),
    ],
)
def test_parents_do_not_go_round_in_a_circle(parents: str, told: list[str]) -> None:
    text = f"{HEAD}decision: {{flow: f, segment: s}}\n{TAIL}\nparents: {parents}"
    mend = "; let no parents go round in a circle"
    assert mistakes(text) == [one + mend for one in told]


def test_only_segments_have_parents() -> None:
    assert mistakes(f"{HEAD}{TAIL}parents: {{a: b}}") == [
        (
            "4:10: there are no segments here that could have parents; "
            "say in `decision.segment` where they are named"
        )
    ]


def test_a_curated_list_stands_in_the_file_or_beside_it() -> None:
    here = placement(HEAD + TAIL + "curated: [{ID: p1}]\n")
    beside = load(HEAD + TAIL + "curated: worst.json\n", "f", {"worst.json": '[{"ID": "p1"}]'})
    assert here.curated == beside.curated == Curated({"Items": [{"ID": "p1"}]})


@pytest.mark.parametrize(
    ("curated", "told"),
    [
        ("lost.json", ("4:10: there is no text file 'lost.json' beside this one; put it there, or "
         "mend the name")),
        ("[{Name: Watch}]", ("4:10: an item has no ID: Object missing required field `ID`; write "
         "items as OrderCloud lists them, each with its ID")),
        ("../secret.json", "4:10: 'curated' cannot be this; here stands '../secret.json'"),
        ("p1", "4:10: 'curated' cannot be this; here stands 'p1'"),
    ],
)  # fmt: skip
def test_what_is_no_curated_list_is_told_with_its_place(curated: str, told: str) -> None:
    assert mistakes(f"{HEAD}{TAIL}curated: {curated}") == [told]
