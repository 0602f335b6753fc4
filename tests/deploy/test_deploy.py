"""The examples in deploy/ agree with the gateway: settings, ports, probes, labels, rules."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy import config
from proxy.config import Config
from proxy.ruleset import load_folder
from proxy.sections import Server

_ROOT = Path(__file__).parent.parent.parent
_DEPLOY = _ROOT / "deploy"
_BESIDE_CACHES_BYTES = 256 * 1024**2


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted((_DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def one(kind: str, name: str = "decision-proxy") -> dict[str, Any]:
    (found,) = (m for m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name))
    return found


def pod(kind: str = "Deployment", name: str = "decision-proxy") -> dict[str, Any]:
    spec: dict[str, Any] = one(kind, name)["spec"]["template"]["spec"]
    return spec


def gateway() -> dict[str, Any]:
    (container,) = pod()["containers"]
    assert isinstance(container, dict)
    return container


def environ() -> dict[str, str]:
    return {each["name"]: each.get("value", "secret") for each in gateway()["env"]}


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    """Return what the gateway makes of the ConfigMap and the pod's environment."""
    path = tmp_path / "config.yaml"
    path.write_text(one("ConfigMap", "decision-proxy-config")["data"]["config.yaml"])
    return config.load(path, environ())


def test_the_settings_are_valid_and_replicas_share_all_they_can(settings: Config) -> None:
    assert settings.redis.nodes == ("valkey:6379",)
    assert settings.events.outbox == "redis"
    assert settings.admin.key is not None


def test_the_rules_have_no_mistakes(tmp_path: Path) -> None:
    for name, text in one("ConfigMap", "decision-proxy-rules")["data"].items():
        (tmp_path / name).write_text(text)
    rules = load_folder(tmp_path)
    assert not rules.problems
    assert rules.placements


def test_the_ports_are_those_that_the_gateway_listens_on(settings: Config) -> None:
    ports = {port["name"]: port["containerPort"] for port in gateway()["ports"]}
    assert ports == {"storefront": settings.server.port, "admin": settings.server.admin_port}
    assert settings.server.host == settings.server.admin_host == "0.0.0.0"  # noqa: S104 - in a pod


def test_the_probes_ask_what_they_are_for() -> None:
    asked = {name: gateway()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness")}
    assert all(probe == {"path": "/readyz", "port": "admin"} for probe in asked.values())
    assert gateway()["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "admin"}


def test_the_service_shows_the_storefront_only() -> None:
    (port,) = one("Service")["spec"]["ports"]
    assert port["targetPort"] == "storefront"


def test_there_is_time_to_end_what_is_under_way(settings: Config) -> None:
    (_, _, sleep) = gateway()["lifecycle"]["preStop"]["exec"]["command"]
    (before_s,) = re.findall(r"sleep\((\d+)\)", sleep)
    assert pod()["terminationGracePeriodSeconds"] > settings.server.drain + int(before_s)


def test_the_caches_fit_into_the_memory(settings: Config) -> None:
    limit = int(gateway()["resources"]["limits"]["memory"].removesuffix("Mi")) * 1024**2
    caches = settings.cache.pages + settings.cache.decisions
    assert caches + _BESIDE_CACHES_BYTES < limit


def test_the_container_may_do_no_more_than_it_needs() -> None:
    dockerfile = (_ROOT / "Dockerfile").read_text()
    security = pod()["securityContext"]
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in dockerfile
    assert gateway()["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "decision-proxy"), ("StatefulSet", "valkey")]
)
def test_whatever_selects_pods_finds_them(kind: str, name: str) -> None:
    workload = one(kind, name)["spec"]
    labels = workload["template"]["metadata"]["labels"]
    assert workload["selector"]["matchLabels"] == labels
    assert one("Service", name)["spec"]["selector"] == labels


def test_what_watches_the_deployment_names_it() -> None:
    labels = pod_labels()
    assert one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    target = one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "decision-proxy")
    assert (
        one("HorizontalPodAutoscaler")["spec"]["minReplicas"]
        == one("Deployment")["spec"]["replicas"]
    )


def pod_labels(kind: str = "Deployment", name: str = "decision-proxy") -> dict[str, str]:
    labels: dict[str, str] = one(kind, name)["spec"]["template"]["metadata"]["labels"]
    return labels


def test_only_gateways_reach_redis() -> None:
    policy = one("NetworkPolicy", "valkey")["spec"]
    assert policy["podSelector"]["matchLabels"] == pod_labels("StatefulSet", "valkey")
    (allowed,) = policy["ingress"]
    assert allowed["from"] == [{"podSelector": {"matchLabels": pod_labels()}}]


def test_what_is_mounted_is_there() -> None:
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    for mount in gateway()["volumeMounts"]:
        volume = volumes[mount["name"]]
        if "emptyDir" in volume:
            assert f"CACHE__SNAPSHOT={mount['mountPath']}/" in (_ROOT / "Dockerfile").read_text()
        else:
            assert one("ConfigMap", volume["configMap"]["name"])
            assert mount["mountPath"].startswith("/app/")


def test_redis_keeps_events_and_forgets_the_rest() -> None:
    (container,) = pod("StatefulSet", "valkey")["containers"]
    for said in (container["args"], compose()["services"]["valkey"]["command"].split()):
        assert said[said.index("--maxmemory-policy") + 1] == "volatile-lru"
        assert said[said.index("--appendonly") + 1] == "yes"


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((_DEPLOY / "compose" / "compose.yaml").read_text())
    return loaded


@pytest.mark.parametrize("name", ["gateway-a", "gateway-b"])
def test_the_gateways_of_docker_compose_have_valid_settings(name: str) -> None:
    service = compose()["services"][name]
    values = {
        key: re.sub(r"\$\{\w+:-?([^}?]*)[^}]*\}", _filled, value)
        for key, value in service["environment"].items()
    }
    loaded = config.load(_ROOT / "config.yaml", values)
    assert loaded.redis.nodes == ("valkey:6379",)
    assert loaded.server.host == "0.0.0.0"  # noqa: S104 - in a container
    grace_s = float(service["stop_grace_period"].removesuffix("s"))
    assert grace_s > loaded.server.drain


def _filled(match: re.Match[str]) -> str:
    return match[1] or "value"


def test_nginx_balances_over_the_gateways_that_there_are() -> None:
    text = (_DEPLOY / "compose" / "nginx.conf").read_text()
    port = Server().port
    services = compose()["services"]
    gateways = {name for name in services if name.startswith("gateway")}
    assert set(re.findall(r"server (\S+):(\d+) ", text)) == {(name, str(port)) for name in gateways}
    (idle_s,) = re.findall(r"keepalive_timeout (\d+)s", text)
    assert int(idle_s) < Server().keep_alive
    (listens_on,) = re.findall(r"listen (\d+);", text)
    assert services["balancer"]["ports"] == [f"127.0.0.1:8080:{listens_on}"]
