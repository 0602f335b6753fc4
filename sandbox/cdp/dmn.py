"""Writes decision models as DMN 1.1 XML, the form in which the REST API carries them.

Namespaces and elements are those of Sitecore's own exports (docs/sandbox-cdp.md, "Sources").
"""

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from sandbox.cdp.catalog import Catalog
from sandbox.cdp.connections import describe
from sandbox.cdp.definitions.model import Decision, ModelVariant, Rule, Table, node_id
from sandbox.cdp.tables import rule_id

_NAMESPACES = {
    "xmlns": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "xmlns:camunda": "http://camunda.org/schema/1.0/dmn",
    "namespace": "http://camunda.org/schema/1.0/dmn",
}
_FEEL_TYPES = {str: "string", bool: "boolean", int: "integer", float: "double"}


def to_xml(variant: ModelVariant, catalog: Catalog) -> str:
    """Return the variant's `definition`."""
    root = Element("definitions", {**_NAMESPACES, "id": "definitions", "name": "definitions"})
    for decision in variant.decisions:
        _add_decision(root, decision, catalog)
    return tostring(root, encoding="unicode")


def _add_decision(root: Element, decision: Decision, catalog: Catalog) -> None:
    element = SubElement(root, "decision", id=decision.id, name=decision.name)
    if decision.table is None:
        kind = decision.type or "map"
        SubElement(element, "variable", name=decision.variable, typeRef=kind)
    for name in decision.needs:
        requirement = SubElement(element, "informationRequirement")
        SubElement(requirement, "requiredDecision", href=f"#{node_id(name)}")
    if decision.table:
        _add_table(element, decision, decision.table, catalog)
    elif decision.data_system:
        connection = catalog.connection(decision.data_system)
        filled = json.dumps(describe(connection, decision.mapping))
        _add_expression(element, "web-service", filled)
    else:
        _add_expression(element, "javascript", decision.programmable or "")


def _add_expression(element: Element, language: str, text: str) -> None:
    expression = SubElement(element, "literalExpression", expressionLanguage=language)
    SubElement(expression, "text").text = text


def _add_table(element: Element, decision: Decision, table: Table, catalog: Catalog) -> None:
    written = SubElement(element, "decisionTable", hitPolicy=table.hit_policy.value)
    if table.aggregation:
        written.set("aggregation", table.aggregation.value)
    for expression in table.inputs:
        column = SubElement(written, "input", label=expression)
        SubElement(SubElement(column, "inputExpression"), "text").text = expression
    for output in table.outputs:
        kind = next(_type_of(rule.then[output]) for rule in table.rules if output in rule.then)
        SubElement(written, "output", label=output, name=output, typeRef=kind)
    if table.offers:
        SubElement(written, "output", label="offer", name="offer", typeRef="com.sandbox.offer")
    for number, rule in enumerate(table.rules):
        row = SubElement(written, "rule", id=rule_id(decision.name, number))
        _add_entries(row, table, rule, catalog)


def _add_entries(row: Element, table: Table, rule: Rule, catalog: Catalog) -> None:
    for expression in table.inputs:
        cell = rule.when.get(expression)
        SubElement(SubElement(row, "inputEntry"), "text").text = cell.text if cell else ""
    said: list[Any] = [rule.then.get(output) for output in table.outputs]
    if table.offers:
        said.append(catalog.offer(rule.offer).ref if rule.offer else None)
    for value in said:
        text = "" if value is None else json.dumps(value, ensure_ascii=False)
        SubElement(SubElement(row, "outputEntry"), "text").text = text


def _type_of(value: Any) -> str:
    return _FEEL_TYPES.get(type(value), "map")
