"""Operations' settings: where they come from, what they default to, what is said of wrong ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy import config
from proxy.config import Config
from proxy.errors import DocumentError

LEAST = """
ordercloud: {url: "https://api.example", clients: [shop]}
cdp: {region: eu, client_key: k, point_of_sale: p}
"""
ENVIRON = {
    "DECISION_PROXY__ORDERCLOUD__URL": "https://api.example",
    "DECISION_PROXY__ORDERCLOUD__CLIENTS": "shop",
    "DECISION_PROXY__CDP__REGION": "eu",
    "DECISION_PROXY__CDP__CLIENT_KEY": "k",
    "DECISION_PROXY__CDP__POINT_OF_SALE": "p",
}
Environ = Mapping[str, str]


def loaded(folder: Path, text: str, environ: Environ | None = None) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    return config.load(path, environ or {})


def mistakes(folder: Path, text: str, environ: Environ | None = None) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        loaded(folder, text, environ)
    return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]


def test_two_services_are_all_that_has_to_be_told(tmp_path: Path) -> None:
    settings = loaded(tmp_path, LEAST)
    assert settings.ordercloud.url == "https://api.example"
    assert settings.cdp.base_url == "https://api-engage-eu.sitecorecloud.io"
    assert (settings.server.port, settings.server.admin_port) == (8080, 8081)


def test_everything_can_come_from_the_environment() -> None:
    settings = config.load(None, ENVIRON)
    assert settings.ordercloud.clients == ("shop",)
    assert settings.rules.folder == Path("rules")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    environ = {"DECISION_PROXY__SERVER__PORT": "9000", "DECISION_PROXY__CDP__TIMEOUT": "250ms"}
    settings = loaded(tmp_path, LEAST + "server: {port: 8000, host: 0.0.0.0}", environ)
    assert (settings.server.port, settings.server.host) == (9000, "0.0.0.0")  # noqa: S104 - a value
    assert settings.cdp.timeout == 0.25


@pytest.mark.parametrize(
    ("text", "words"),
    [("a", ("a",)), ("a, b ,c", ("a", "b", "c")), ("", ()), (" , ", ())],
)
def test_a_list_in_the_environment_has_commas(text: str, words: tuple[str, ...]) -> None:
    environ = {**ENVIRON, "DECISION_PROXY__SERVER__CORS_ORIGINS": text}
    assert config.load(None, environ).server.cors_origins == words


def test_a_mapping_in_the_environment_has_pairs() -> None:
    environ = {**ENVIRON, "DECISION_PROXY__CDP__GEO_HEADERS": "city=X-City,country=X-Country"}
    assert config.load(None, environ).cdp.geo_headers == {"city": "X-City", "country": "X-Country"}


def test_variables_of_others_are_left_alone() -> None:
    everything = {**ENVIRON, "HOME": "/", "DECISION_PROXY": "x"}
    assert config.load(None, everything) == config.load(None, ENVIRON)


def test_a_section_whose_keys_are_all_commented_out_is_as_if_not_there(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST + "server:\n  # port: 9000\n").server.port == 8080


def test_a_trailing_slash_of_a_url_does_not_matter() -> None:
    environ = {**ENVIRON, "DECISION_PROXY__ORDERCLOUD__URL": "https://api.example/shop/"}
    assert config.load(None, environ).ordercloud.url == "https://api.example/shop"


def test_the_rules_folder_of_a_file_stands_beside_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST).rules.folder == tmp_path / "rules"
    assert loaded(tmp_path, LEAST + "rules: {folder: /etc/rules}").rules.folder == Path(
        "/etc/rules"
    )


def test_the_rules_folder_of_the_environment_is_where_we_run(tmp_path: Path) -> None:
    environ = {"DECISION_PROXY__RULES__FOLDER": "marketing"}
    assert loaded(tmp_path, LEAST, environ).rules.folder == Path("marketing")


@pytest.mark.parametrize(
    ("section", "url"),
    [
        ("{form: edge, context_id: c, site_id: s}", "https://edge-platform.sitecorecloud.io"),
        ("{region: us, client_key: k, point_of_sale: p}",
         "https://api-engage-us.sitecorecloud.io"),
        ("{region: us, url: 'http://127.0.0.1:8102', client_key: k, point_of_sale: p}",
         "http://127.0.0.1:8102"),
    ],
)  # fmt: skip
def test_form_and_region_say_where_cdp_is(section: str, url: str, tmp_path: Path) -> None:
    text = f"ordercloud: {{url: 'https://api.example', clients: ['*']}}\ncdp: {section}"
    assert loaded(tmp_path, text).cdp.base_url == url


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    environ = {**ENVIRON, "DECISION_PROXY__ADMIN__KEY_FILE": str(tmp_path / "key")}
    key = config.load(None, environ).admin.key
    assert key is not None
    assert key.get_secret_value() == "s3cret"


def test_the_shown_configuration_has_no_secret() -> None:
    environ = {
        **ENVIRON,
        "DECISION_PROXY__ADMIN__KEY": "s3cret",
        "DECISION_PROXY__TENANT__CLIENT_SECRET": "s3cret",
    }
    settings = config.load(None, environ)
    assert "s3cret" not in str(settings.shown())
    assert "s3cret" not in repr(settings)
    assert settings.shown()["ordercloud"]["clients"] == ["shop"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["config.yaml:1:1: 'ordercloud' is missing; add it",
              "config.yaml:1:1: 'cdp' is missing; add it"]),
        ("- a", ["config.yaml:1:1: 'the file' is not a mapping; write `key: value` in it"]),
        ("hello", ["config.yaml:1:1: 'the file' is not a mapping; write `key: value` in it"]),
        (LEAST + "server: 8080",
         ["config.yaml:4:9: 'server' is not a mapping; write `key: value` in it"]),
        (LEAST + "sever: {}", ["config.yaml:4:1: unknown key 'sever'; did you mean 'server'?"]),
        (LEAST + "server: {prot: 1}",
         ["config.yaml:4:10: unknown key 'prot'; did you mean 'port'?"]),
        (LEAST + "server: {port: 70000}",
         [("config.yaml:4:16: 'port': input should be less than or equal to 65535; "
          "here stands 70000")]),
        (LEAST + "server: {drain: 20}",
         [("config.yaml:4:17: 20 is not a quantity with a unit; "
          "write a number with one of: ms, s, m, h, d")]),
        (LEAST + "cache: {pages: 256}",
         [("config.yaml:4:16: 256 is not a quantity with a unit; "
          "write a number with one of: KiB, MiB, GiB")]),
        (LEAST + "log: {level: verbose}",
         [("config.yaml:4:14: 'level': input should be 'debug', 'info', 'warning' or 'error'; "
          "here stands 'verbose'")]),
        (LEAST + "admin: {key: s3cret}",
         [("config.yaml:4:14: 'key' is a secret and does not belong in this file; "
          "set DECISION_PROXY__ADMIN__KEY, or DECISION_PROXY__ADMIN__KEY_FILE "
          "to the name of a file that holds it")]),
        (LEAST + "server: {port: 1}\nserver: {port: 2}",
         ["config.yaml:5:1: 'server' stands here twice; keep one of them"]),
        (("ordercloud: {url: api.example, clients: [a]}\n"
         "cdp: {region: eu, client_key: k, point_of_sale: p}"),
         [("config.yaml:1:19: 'url': input should be a valid URL, relative URL without a base; "
          "here stands 'api.example'")]),
        (("ordercloud: {url: 'https://u:p@api.example', clients: [a]}\n"
         "cdp: {region: eu, client_key: k, point_of_sale: p}"),
         [("config.yaml:1:19: a URL here has a scheme, a host and perhaps a path; "
          "remove the rest")]),
        (("ordercloud: {url: 'https://api.example', clients: []}\n"
         "cdp: {region: eu, client_key: k, point_of_sale: p}"),
         [("config.yaml:1:51: 'clients': tuple should have at least 1 item after validation, "
          "not 0")]),
        (("ordercloud: {url: 'https://api.example', clients: [a]}\n"
         "cdp: {client_key: k, point_of_sale: p}"),
         ["config.yaml:2:6: `region` or `url` is missing; add it"]),
        ("ordercloud: {url: 'https://api.example', clients: [a]}\ncdp: {region: eu}",
         ["config.yaml:2:6: `client_key` is missing; add it"]),
        ("ordercloud: {url: 'https://api.example', clients: [a]}\ncdp: {form: edge}",
         ["config.yaml:2:6: `context_id` is missing; add it"]),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_with_its_place_and_its_mend(
    text: str, found: list[str], tmp_path: Path
) -> None:
    assert mistakes(tmp_path, text) == found


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"DECISION_PROXY__SERVER__PORT": "eighty"},
         [("DECISION_PROXY__SERVER__PORT: 'port': input should be a valid integer, "
          "unable to parse string as an integer; here stands 'eighty'")]),
        ({"DECISION_PROXY__SERVER__PROT": "80"},
         [("DECISION_PROXY__SERVER__PROT: there is no such setting; "
          "did you mean 'DECISION_PROXY__SERVER__PORT'?")]),
        ({"DECISION_PROXY__CACHE__PAGES": "256"},
         [("DECISION_PROXY__CACHE__PAGES: '256' is not a quantity with a unit; "
          "write a number with one of: KiB, MiB, GiB")]),
        ({"DECISION_PROXY__ADMIN__KEY_FILE": "/nonexistent"},
         [("/nonexistent: cannot be read: [Errno 2] No such file or directory: '/nonexistent'; "
          "name a file with DECISION_PROXY__ADMIN__KEY_FILE")]),
    ],
)  # fmt: skip
def test_a_mistake_in_the_environment_is_told_with_its_variable(
    environ: Environ, found: list[str], tmp_path: Path
) -> None:
    assert mistakes(tmp_path, LEAST, environ) == found


def test_a_setting_for_a_section_that_is_no_mapping_does_not_hide_the_mistake(
    tmp_path: Path,
) -> None:
    environ = {"DECISION_PROXY__SERVER__PORT": "9000"}
    assert mistakes(tmp_path, LEAST + "server: 8080", environ) == [
        "config.yaml:4:9: 'server' is not a mapping; write `key: value` in it"
    ]


def test_mistakes_of_file_and_environment_are_told_at_once(tmp_path: Path) -> None:
    environ = {"DECISION_PROXY__LOG__LEVEL": "loud", "DECISION_PROXY__SERVER__PORT": "x"}
    assert len(mistakes(tmp_path, LEAST + "cache: {pages: 5, decisions: 5}", environ)) == 4


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no-such-file: cannot be read: "):
        config.load(tmp_path / "no-such-file", {})


@pytest.mark.parametrize(
    ("setting", "what"),
    [("events: {outbox: redis}", "the outbox"), ("rules: {edits: redis}", "edits of rules")],
)
def test_what_is_in_redis_needs_a_redis(tmp_path: Path, setting: str, what: str) -> None:
    (mistake,) = mistakes(tmp_path, f"{LEAST}{setting}\n")
    assert f"{what} would be in Redis, but `redis.nodes` names none" in mistake
    settings = loaded(tmp_path, f"{LEAST}{setting}\nredis: {{nodes: [r:6379]}}\n")
    assert "redis" in {settings.events.outbox, settings.rules.edits}


def test_a_file_of_that_name_can_still_be_the_outbox(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f"{LEAST}events: {{outbox: ./redis}}\n")
    assert settings.events.outbox == tmp_path / "redis"


@pytest.mark.parametrize(
    "redis",
    [
        "{nodes: [a:1, b:2]}",
        "{nodes: [/run/sock], mode: sentinel}",
        "{nodes: [a:1, /s], mode: cluster}",
    ],
)
def test_the_nodes_of_redis_go_with_its_mode(tmp_path: Path, redis: str) -> None:
    (mistake,) = mistakes(tmp_path, f"{LEAST}redis: {redis}\n")
    assert "these are no nodes of mode" in mistake


@pytest.mark.parametrize("node", ["valkey", "redis://valkey:6379", "valkey:", "a/b:1"])
def test_a_node_of_redis_is_a_host_and_a_port_or_a_path(tmp_path: Path, node: str) -> None:
    (mistake,) = mistakes(tmp_path, f"{LEAST}redis: {{nodes: ['{node}']}}\n")
    assert mistake.endswith("write host:port, or the path of a socket")
