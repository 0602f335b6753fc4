from typing import Any

import pytest

from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.shopping.expressions import Scope, evaluate

SCOPE = Scope(
    order={"Subtotal": 120.5, "LineItemCount": 2, "xp": {"gift": True, "note": None}},
    items=[
        {"ProductID": "p1", "Quantity": 3, "LineSubtotal": 90, "Product": {"xp": {"color": "Red"}}},
        {"ProductID": "p2", "Quantity": 1, "LineSubtotal": 30.5, "Product": {"xp": None}},
    ],
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 3 / 2", 2),
        ("7 % 4", 3),
        ("-2 * -3", 6),
        ("1 - -1", 2),
        ("0.1 * 5", 0.5),
        ("1 < 2 and 2 <= 2", True),
        ("1 > 2 or 2 >= 3", False),
        ("1 = 1 and not 1 <> 1", True),
        ("not 1 = 2 and 3 = 3", True),
        ("true or false and false", True),
        ("NOT true OR true", True),
        ("order.Subtotal > 100", True),
        ("order.subtotal * 0.1", 12.05),
        ("order.xp.gift", True),
        ("order.xp.note = null", True),
        ("order.xp.unknown.deeper = null", True),
        ("items.any(ProductID = 'p1')", True),
        ("items.any(ProductID = 'p3')", False),
        ("items.any(item.Product.xp.color = 'Red')", True),
        ("items.all(Quantity > 0)", True),
        ("items.all(ProductID = 'p1')", False),
        ("items.count(Quantity > 1)", 1),
        ("items.count()", 2),
        ("items.quantity(ProductID = 'p1')", 3),
        ("items.total(Quantity = 1)", 30.5),
        ("min(order.Subtotal, 50)", 50),
        ("max(1, 2, 3)", 3),
        ("in('p1', 'p0', 'p1')", True),
    ],
)
def test_expressions_have_values(text: str, value: Any) -> None:
    assert evaluate(text, SCOPE) == value


def test_at_item_level_names_mean_the_item() -> None:
    scope = Scope(SCOPE.order, SCOPE.items, SCOPE.items[0])

    assert evaluate("item.Quantity * 2", scope) == 6
    assert evaluate("Quantity * 2", scope) == 6
    assert evaluate("items.count(Quantity = 1)", scope) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "InvalidSyntax"),
        ("1 +", "InvalidSyntax"),
        ("(1", "InvalidSyntax"),
        ("1 2", "InvalidSyntax"),
        ("min(1 2)", "InvalidSyntax"),
        ("* 2", "InvalidSyntax"),
        ("order.Total # 1", "InvalidToken"),
        ("'open", "InvalidToken"),
        ("launch(1)", "InvalidFunction"),
        ("order.xp.note + 1", "InvalidArguments"),
        ("1 / 0", "InvalidArguments"),
        ("min()", "InvalidArguments"),
        ("item.Quantity > 1", "ItemNotAllowed"),
        ("Quantity > 1", "ItemNotAllowed"),
    ],
)
def test_wrong_expressions_are_refused(text: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        evaluate(text, SCOPE)
    assert refused.value.code == f"Expression.{code}"
