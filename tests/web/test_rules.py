"""`/rules`, `/revisions` and `/preview` on the admin listener, and what is served after them."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.answers import ids, personalization
from tests.conftest import StartGateway
from tests.emulators import PASSWORD, OrderCloud
from tests.servers import ADMIN_KEY, Gateway

_HERO = """placement: hero
description: On top
resource: me/products
rules:
  - {name: insiders, when: {group: vip}, query: {categoryID: mens-watches, pageSize: 2}}
default: {query: {categoryID: new, pageSize: 3}}
examples:
  - {given: {group: vip}, expect: {rule: insiders}}
"""
_BROKEN = "placement: hero\nresource: me/products\ndefault: {query: {pageSize: 1000}}\n"
_KEY = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture
async def running(gateway: StartGateway) -> Gateway:
    """Run a gateway whose test shopper for VIPs is alice."""
    named = {"shoppers": {"group:vip": "alice"}, "password": PASSWORD}
    return await gateway({"hero.yaml": _HERO}, check=named)


async def _put(gateway: Gateway, path: str, text: str | bytes, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.admin.put(path, content=text, headers={**_KEY, **named})


async def _preview(gateway: Gateway, **body: Any) -> httpx2.Response:
    return await gateway.admin.post("/preview", json=body, headers=_KEY)


async def test_all_files_are_listed_with_what_their_rules_go_by(running: Gateway) -> None:
    listed = (await running.operate("/rules")).json()
    assert listed["files"] == [
        {
            "file": "hero.yaml",
            "problems": 0,
            "placement": "hero",
            "description": "On top",
            "resource": "me/products",
            "flow": None,
            "rules": ["insiders"],
            "named": {"segment": [], "group": ["vip"]},
        }
    ]
    ready = (await running.admin.get("/readyz")).json()
    assert listed["version"] == ready["parts"]["rules"]["version"]


async def test_a_file_that_is_broken_is_listed_with_its_mistakes(gateway: StartGateway) -> None:
    running = await gateway({"hero.yaml": _BROKEN})
    listed = (await running.operate("/rules")).json()
    assert listed["files"] == [{"file": "hero.yaml", "problems": 1, "placement": None}]
    assert (listed["problems"][0]["line"], listed["problems"][0]["column"]) == (3, 29)


class TestReading:
    async def test_a_file_is_given_as_it_stands(self, running: Gateway) -> None:
        answer = await running.operate("/rules/hero")
        assert (answer.text, answer.headers["content-type"]) == (
            _HERO,
            "application/yaml; charset=utf-8",
        )
        known = {**_KEY, "if-none-match": answer.headers["etag"]}
        assert (await running.admin.get("/rules/hero.yaml", headers=known)).status_code == 304

    async def test_a_list_beside_the_rules_is_json(self, running: Gateway, tmp_path: Path) -> None:
        (tmp_path / "rules" / "list.json").write_text("[]")
        answer = await running.operate("/rules/list.json")
        assert answer.headers["content-type"] == "application/json; charset=utf-8"

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("/rules/offers", 404, "unknown-placement"),
            ("/rules/..hero", 400, "bad-request"),
            ("/rules/a/b", 404, "not-found"),
            ("/rules/hero?revision=1", 404, "unknown-revision"),
        ],
    )
    async def test_what_is_not_there_is_a_problem(
        self, running: Gateway, path: str, status: int, code: str
    ) -> None:
        answer = await running.operate(path)
        assert (answer.status_code, answer.json()["type"]) == (
            status,
            f"urn:decision-proxy:{code}",
        )

    async def test_nobody_reads_or_writes_without_the_key(
        self, running: Gateway, tmp_path: Path
    ) -> None:
        for method in ("GET", "PUT", "DELETE"):
            answer = await running.admin.request(method, "/rules/hero")
            assert answer.status_code == 401
        assert (tmp_path / "rules" / "hero.yaml").read_text() == _HERO


class TestWriting:
    async def test_what_is_published_is_shown_at_once(
        self, running: Gateway, ordercloud: OrderCloud
    ) -> None:
        token = await ordercloud.token()
        assert len(ids(await running.get("/placements/hero", token))) == 3
        answer = await _put(running, "/rules/hero", _HERO.replace("pageSize: 3", "pageSize: 1"))
        assert (answer.status_code, answer.json()["file"]) == (200, "hero.yaml")
        assert len(ids(await running.get("/placements/hero", token))) == 1
        read = await running.operate("/rules/hero")
        assert read.headers["etag"] == answer.headers["etag"]

    async def test_a_new_file_is_created(self, running: Gateway, ordercloud: OrderCloud) -> None:
        answer = await _put(running, "/rules/offers", _HERO.replace("hero", "offers", 1))
        assert (answer.status_code, answer.json()["new"]) == (201, True)
        shown = await running.get("/placements/offers", await ordercloud.token())
        assert personalization(shown)["placement"] == "offers"

    async def test_a_dry_run_only_tells(self, running: Gateway, tmp_path: Path) -> None:
        edited = _HERO.replace("pageSize: 2", "pageSize: 4")
        answer = await _put(running, "/rules/hero?dry_run=true", edited)
        (change,) = answer.json()["changes"]
        assert (answer.status_code, change["given"]) == (200, [{"group": ["vip"]}])
        assert (tmp_path / "rules" / "hero.yaml").read_text() == _HERO

    async def test_how_lists_change_is_told_to_who_asks(
        self, running: Gateway, ordercloud: OrderCloud
    ) -> None:
        edited = _HERO.replace("categoryID: mens-watches, pageSize: 2", "xp.brand: Nobody")
        tried = await _put(running, "/rules/hero?dry_run=true&impacts=true", edited)
        (change,) = tried.json()["changes"]
        (impact,) = change["impacts"]
        assert (impact["shopper"], len(impact["gone"])) == ("alice", 2)
        assert impact["newly_empty"]
        await ordercloud.fail("/v1/me/products", status=500)
        tried = await _put(running, "/rules/hero?dry_run=true&impacts=true", edited)
        (change,) = tried.json()["changes"]
        assert (change["impacts"], "500" in change["why_not"]) == ([], True)

    async def test_what_is_broken_is_refused_with_every_place(
        self, running: Gateway, tmp_path: Path
    ) -> None:
        answer = await _put(running, "/rules/hero", _BROKEN)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "urn:decision-proxy:document-invalid")
        assert [(one["line"], one["column"]) for one in problem["problems"]] == [(3, 29)]
        assert (tmp_path / "rules" / "hero.yaml").read_text() == _HERO

    async def test_what_is_no_text_is_refused(self, running: Gateway) -> None:
        answer = await _put(running, "/rules/hero", b"\xff")
        assert (answer.status_code, answer.json()["type"]) == (
            400,
            "urn:decision-proxy:bad-request",
        )

    async def test_of_two_who_edit_the_same_text_one_is_told(self, running: Gateway) -> None:
        etag = (await running.operate("/rules/hero")).headers["etag"]
        for page_size, status in ((4, 200), (5, 412)):
            edited = _HERO.replace("pageSize: 3", f"pageSize: {page_size}")
            answer = await _put(running, "/rules/hero", edited, if_match=etag)
            assert answer.status_code == status
        tried = await _put(running, "/rules/hero?dry_run=true", _HERO, if_match=etag)
        assert tried.status_code == 412
        only_new = await _put(running, "/rules/hero", _HERO, if_none_match="*")
        assert only_new.json()["type"] == "urn:decision-proxy:edit-conflict"
        assert "pageSize: 4" in (await running.operate("/rules/hero")).text

    async def test_a_file_can_be_removed_and_had_again(
        self, running: Gateway, ordercloud: OrderCloud
    ) -> None:
        token = await ordercloud.token()
        removed = await running.admin.delete("/rules/hero", headers=_KEY)
        assert (removed.status_code, removed.json()["changes"][0]["after"]) == (200, None)
        assert (await running.get("/placements/hero", token)).status_code == 404
        (revision,) = (await running.operate("/revisions/hero")).json()["revisions"]
        text = (await running.operate(f"/rules/hero?revision={revision['id']}")).text
        assert (await _put(running, "/rules/hero", text)).status_code == 201
        assert (await running.get("/placements/hero", token)).status_code == 200


class TestPreview:
    async def test_it_is_what_such_a_shopper_is_shown(
        self, running: Gateway, ordercloud: OrderCloud
    ) -> None:
        shown = await running.get("/placements/hero", await ordercloud.token("alice"))
        seen = (await _preview(running, file="hero", given={"group": ["vip"]})).json()
        assert (seen["rule"], seen["shopper"], seen["why_not"]) == ("insiders", "alice", None)
        assert [item["ID"] for item in seen["page"]["Items"]] == ids(shown)
        assert seen["considered"][0]["why_not"] is None

    async def test_a_text_that_is_not_published_can_be_looked_at(self, running: Gateway) -> None:
        text = _HERO.replace("hero", "offers", 1).replace("pageSize: 3", "pageSize: 1")
        seen = (await _preview(running, file="offers", text=text)).json()
        assert (seen["rule"], seen["shopper"]) == ("default", "anonymous shoppers")
        assert len(seen["page"]["Items"]) == 1
        assert (await running.operate("/rules/offers")).status_code == 404

    async def test_where_nobody_can_look_the_explanation_stands_alone(
        self, running: Gateway, ordercloud: OrderCloud
    ) -> None:
        nobody = (await _preview(running, file="hero", given={"group": ["wholesale"]})).json()
        assert (nobody["page"], nobody["rule"]) == (None, "default")
        assert nobody["why_not"] == "check.shoppers names nobody for group:wholesale"
        await ordercloud.fail("/v1/me/products", status=500)
        assert (await _preview(running, file="hero")).json()["why_not"]

    @pytest.mark.parametrize(
        ("body", "status", "told"),
        [
            ({}, 400, "`file`"),
            ({"file": "hero", "segment": "vip"}, 400, "segment"),
            ({"file": "offers"}, 404, "offers.yaml defines no placement"),
            ({"file": "hero", "given": {"segmnet": "vip"}}, 422, "segment"),
            ({"file": "hero", "given": {"segment": "vip"}}, 400, "plain path"),
            ({"file": "hero", "text": _BROKEN}, 422, "pageSize"),
        ],
    )
    async def test_what_cannot_be_looked_at_is_told(
        self, running: Gateway, body: dict[str, Any], status: int, told: str
    ) -> None:
        answer = await _preview(running, **body)
        assert answer.status_code == status
        assert told in answer.json()["detail"]
