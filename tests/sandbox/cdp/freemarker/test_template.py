import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.cdp.freemarker.template import Template
from sandbox.cdp.freemarker.values import TemplateError

NOW = datetime(2026, 11, 23, 14, 5, 6, tzinfo=UTC)


def render(source: str, **model: Any) -> str:
    return Template(source).render(model, now=NOW)


def test_plain_text_is_kept_as_it_is() -> None:
    assert render('{\n  "a": "$b", "c": "<b>"\n}') == '{\n  "a": "$b", "c": "<b>"\n}'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<#if n gt 3>big<#elseif n == 3>three<#else>small</#if>", "three"),
        ("<#if (n > 3)>big</#if>", ""),
        ("<#if n lt 3>small<#else>not</#if>", "not"),
        ("<#if missing??>there<#else>not</#if>", "not"),
        ("<#list xs as x>${x?index}:${x}<#sep>, </#sep></#list>", "0:a, 1:b, 2:c"),
        ("<#list xs as x>${x}<#sep>, </#list>", "a, b, c"),
        ("<#list xs as x>${x?counter}${x?is_first?c}${x?is_last?c} </#list>", None),
        ("<#list xs as x>${x_index}<#if x_has_next>-</#if></#list>", "0-1-2"),
        ("<#list none! as x>${x}<#else>empty</#list>", "empty"),
        ("<#list hash as k, v>${k}=${v};</#list>", "p=1;q=2;"),
        ("<#list xs as x><#if x == 'b'><#continue></#if>${x}</#list>", "ac"),
        ("<#list xs as x><#if x == 'b'><#break></#if>${x}</#list>", "a"),
        ("<#list xs as x><#list 1..2 as y>${x}${y}<#sep>,</#list><#sep>;</#list>", None),
        ("<#assign a = 1 b = a + 1>${b}", "2"),
        ("<#assign a = 1, b = 2>${a + b}", "3"),
        ("<#assign t>hello ${n}</#assign>[${t}]", "[hello 3]"),
        ("<#list xs as x><#assign last = x></#list>${last}", "c"),
        ("<#switch n><#case 1>one<#break><#case 3>three<#break><#default>other</#switch>", "three"),
        ("<#switch n><#case 3>three<#case 4>four<#break><#default>other</#switch>", "threefour"),
        ("<#switch n><#case 9>nine<#break><#default>other</#switch>", "other"),
        ("<#switch n><#case 9>nine<#break></#switch>", ""),
        ("a<#-- <#if> ${x} -->b", "ab"),
        ('<#assign a = ">"/>${a}', ">"),
    ],
)
def test_directives(source: str, text: str | None) -> None:
    expected = text or {
        "<#list xs as x>${x?counter}": "1truefalse 2falsefalse 3falsetrue ",
        "<#list xs as x><#list 1..2 ": "a1,a2;b1,b2;c1,c2",
    }.get(source[:27], "")
    assert render(source, n=3, xs=["a", "b", "c"], hash={"p": 1, "q": 2}) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("<#if true>", "</#if> is missing"),
        ("<#list xs as x>", "</#list> is missing"),
        ("</#if>", "</#if> is not supported, or not here"),
        ("<#else>", "<#else> is not supported, or not here"),
        ("<#macro m></#macro>", "<#macro> is not supported"),
        ("<#list xs>", "Expected 'as'"),
        ("<#if x", "No '>'"),
        ("${x", "No '}'"),
        ("<#switch 1><#case 1>", "</#switch> is missing"),
        ("<#break>", "<#break> is not inside a list or switch"),
        ("<#switch 1><#case 1><#continue></#switch>", "<#continue> is not inside a list"),
        ("<#sep>, </#sep>", "<#sep> is not inside a list"),
    ],
)
def test_a_template_that_does_not_parse_says_why(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        Template(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("${missing}", "null or missing: missing"),
        ("${guest.name.first}", "null or missing: guest.name"),
        ("${true}", "got a boolean"),
        ("${xs}", "got a sequence"),
        ("${guest}", "got a hash"),
        ("<#if 1>x</#if>", "Expected a boolean, got a number"),
        ("<#list guest as x></#list>", "Expected a sequence, got a hash"),
        ("<#list xs as k, v></#list>", "Only a hash"),
        ("${'a'?substring('b')}", "Expected a number"),
        ("${xs?join()}", "cannot take its arguments"),
        ("${'a'?replace('(', '', 'r')}", "cannot take its arguments"),
    ],
)
def test_a_value_that_does_not_fit_fails_the_template(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(source, guest={}, xs=[1])


def test_the_pattern_that_guards_every_step_renders_with_and_without_a_result() -> None:
    source = """
        <#assign message = "">
        <#assign node = find("Message")!>
        <#if (node)??><#if (node.outputs)??><#if (node.outputs[0])??>
        <#if (node.outputs[0].text)??><#assign message = node.outputs[0].text></#if>
        </#if></#if></#if>
        {"message": "${message}"}"""
    nodes = {"Message": {"outputs": [{"text": "Hi"}]}}
    assert render(source, find=nodes.get).strip() == '{"message": "Hi"}'
    nodes["Message"]["outputs"] = []
    assert render(source, find=nodes.get).strip() == '{"message": ""}'


PIECES = ["<#if ", "</#if>", "<#list ", " as x", ">", "<#else>", "<#sep>", "</#list>", "${", "}"]
PIECES += [
    "<#assign a",
    "=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "..",
    ".",
    "?size",
    "!",
    "??",
    "xs",
    "1",
    '"',
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_whatever_a_template_says_it_renders_or_is_refused(source: str) -> None:
    with contextlib.suppress(TemplateError):
        assert isinstance(render(source, xs=[1, 2]), str)
