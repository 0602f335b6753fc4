import xml.etree.ElementTree as ET

import pytest

from sandbox.ordercloud.pictures import draw
from tests.sandbox.ordercloud.conftest import OrderCloud


@pytest.mark.parametrize("color", ["black", "white", "navy", "vip"])
@pytest.mark.parametrize(
    "motif", ["watch", "sneaker", "boot", "backpack", "tote", "jacket", "banner"]
)
def test_every_motif_is_drawn_in_every_color(motif: str, color: str) -> None:
    drawn = draw(f"{motif}-{color}-7", width=240)

    assert drawn is not None
    assert ET.fromstring(drawn).get("width") == "240"  # noqa: S314 - our own drawing


def test_the_same_name_is_the_same_picture() -> None:
    assert draw("watch-navy-7") == draw("watch-navy-7") != draw("watch-navy-8")


@pytest.mark.parametrize("name", ["", "watch", "watch-navy", "watch-mauve-1", "car-red-1", "a-b-c"])
async def test_what_cannot_be_drawn_is_not_found(oc: OrderCloud, name: str) -> None:
    assert (await oc.client.get(f"/_sandbox/images/{name}.svg")).status_code == 404


async def test_pictures_are_served_as_svg_of_any_width(oc: OrderCloud) -> None:
    answer = await oc.client.get("/_sandbox/images/boot-tan-12.svg?width=99999")

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "max-age" in answer.headers["cache-control"]
    assert 'width="2000"' in answer.text


async def test_the_seeds_pictures_can_all_be_drawn(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    products = (await alice.get("/me/products?pageSize=100"))["Items"]
    promotions = (await alice.get("/me/promotions?pageSize=100"))["Items"]

    for item in (*products, *promotions):
        for image in item["xp"]["Images"]:
            for url in image.values():
                assert (await oc.client.get(url)).status_code == 200
