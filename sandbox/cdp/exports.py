"""Writes definitions as the REST API shows them."""

import json
from typing import Any

from sandbox.cdp import dmn
from sandbox.cdp.catalog import Catalog
from sandbox.cdp.connections import describe
from sandbox.cdp.definitions.flow import Flow, Variant
from sandbox.cdp.definitions.model import Model, ModelStatus, ModelVariant
from sandbox.cdp.traffic import splits


def flow_definition(flow: Flow, catalog: Catalog) -> dict[str, Any]:
    """Return a flow as `/v3/flowDefinitions` has it."""
    return {
        "name": flow.name or flow.friendly_id,
        "friendlyId": flow.friendly_id,
        "type": flow.type,
        "subtype": flow.subtype,
        "status": flow.status.value,
        "channels": list(flow.channels),
        "triggers": _triggers(flow),
        "businessProcess": "triggered_v1" if flow.trigger else "interactive_v1",
        "traffic": _traffic(flow),
        "variants": [
            {
                "ref": ref,
                "name": variant.name,
                "isControl": variant.is_control,
                "tasks": _tasks(flow, variant, catalog),
            }
            for ref, variant in flow.variants_by_ref.items()
        ],
        "schedule": {
            "type": "simpleSchedule",
            **flow.schedule.model_dump(mode="json", by_alias=True, exclude_none=True),
        },
        "revision": 1,
        "archived": False,
        "tags": [],
    }


def _triggers(flow: Flow) -> list[dict[str, Any]]:
    if flow.trigger is None:
        return []
    identifier = {"operator": "Equals", "value": flow.trigger}
    return [{"name": flow.trigger, "identifiers": [identifier]}]


def _traffic(flow: Flow) -> dict[str, Any]:
    by_audience = any(variant.audience for variant in flow.variants)
    shares = zip(flow.variants_by_ref, splits(flow.variants), strict=True)
    return {
        "type": "audienceTraffic" if by_audience else "simpleTraffic",
        "weightingAlgorithm": "USER_DEFINED",
        "allocation": flow.allocation,
        "splits": [{"ref": ref, "split": split} for ref, split in shares],
    }


def _tasks(flow: Flow, variant: Variant, catalog: Catalog) -> list[dict[str, Any]]:
    written = json.dumps(variant.output) if variant.template is None else variant.template.source
    tasks = [_task("templateRender", type="application/json", template=written)]
    conditions = [text for text in (flow.audience, variant.audience) if text]
    if conditions:
        rules = [{"id": "scriptCondition", "ruleData": {"expression": c}} for c in conditions]
        tasks.append(_task("conditions", rules=rules))
    if variant.models:
        refs = [catalog.model(model).ref for model in variant.models]
        tasks.append(_task("decisionModel", decisionModelRefs=refs))
    if variant.destination:
        connection = describe(catalog.connection(variant.destination), {})
        tasks.append(_task("connection", connection=connection))
    return tasks


def _task(kind: str, **given: Any) -> dict[str, Any]:
    return {"implementation": f"{kind}Task", "input": {"inputType": f"{kind}TaskInput", **given}}


def decision_model(model: Model) -> dict[str, Any]:
    """Return a model as `/v2/decisionModelDefinitions` has it."""
    shares = zip(model.variants_by_ref.items(), splits(model.variants), strict=True)
    deployed = [
        {
            "variantRef": ref,
            "split": split,
            "status": variant.status.value,
            "variantRevision": 1,
        }
        for (ref, variant), split in shares
    ]
    return {
        "name": model.name,
        "revision": 1,
        "archived": False,
        "deploymentConfiguration": {"variants": deployed},
    }


def model_variant(model: Model, variant: ModelVariant, catalog: Catalog) -> dict[str, Any]:
    """Return a variant as `/v2/decisionModelVariants` has it, with its DMN as `definition`."""
    return {
        "name": variant.name,
        "revision": 1,
        "archived": variant.status is ModelStatus.ARCHIVED,
        "decisionModelDefinitionRef": model.ref,
        "definition": dmn.to_xml(variant, catalog),
        "inProduction": variant.status is ModelStatus.PRODUCTION,
    }
