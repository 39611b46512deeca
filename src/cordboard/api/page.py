"""The page at /api/docs: every address of the API, from its own description. Nothing on it comes from
elsewhere, and nothing on it runs. Pure."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8884; }
details { margin: .4rem 0; } summary { cursor: pointer; }
code { font: 13px/1.4 ui-monospace, monospace; }
summary code:first-child { display: inline-block; min-width: 4.5rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; } td { padding: .2rem .8rem .2rem 0; vertical-align: top; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } a { color: #8bf; } }
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + b64encode(sha256(_STYLE.encode()).digest()).decode()
    + "'"
}
"""The page may show its own style, and do nothing else (reliability.md S18)."""
_METHODS = ("get", "put", "post", "delete")


def page(description: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI description."""
    groups: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method in _METHODS:
            if operation := operations.get(method):
                tag = (operation.get("tags") or ["others"])[0]
                groups.setdefault(tag, []).append(_operation(method, path, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in groups.items())
    title = escape(f"{description['info']['title']} {description['info']['version']}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>"
        '<p>HTTP Basic: the account\'s API key and token. The same for programs: <a href="/api/openapi.json">'
        f"openapi.json</a>.</p>{body}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = [*_parameters(operation), *_body(operation), *_answers(operation)]
    told = _text(operation.get("description", ""))
    return (
        f"<details><summary><code>{method.upper()}</code> <code>{escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}</summary>"
        f"{f'<p>{told}</p>' if told else ''}<table>{''.join(rows)}</table></details>"
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    for one in operation.get("parameters", ()):
        needed = " (must be given)" if one.get("required") else ""
        yield _row(
            one["name"], f"{one['in']}{needed}", _about(one.get("schema", {}), one.get("description", ""))
        )


def _body(operation: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a body, where they are few; each is told once, whatever forms it may come in."""
    seen: dict[str, Mapping[str, Any]] = {}
    needed: set[str] = set()
    for form in operation.get("requestBody", {}).get("content", {}).values():
        schema = form.get("schema", {})
        seen |= schema.get("properties", {})
        needed |= set(schema.get("required", ()))
    for name, schema in seen.items():
        where = "body (must be given)" if name in needed else "body"
        yield _row(name, where, _about(schema, schema.get("description", "")))


def _answers(operation: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in operation.get("responses", {}).items():
        if status != "422" or answer.get("description") != "Validation Error":
            yield _row(status, "answer", answer.get("description", ""))


def _about(schema: Mapping[str, Any], description: str) -> str:
    limits = [str(schema["type"])] if "type" in schema else []
    limits += [f"one of {', '.join(map(str, schema['enum']))}"] if "enum" in schema else []
    bounds = [
        f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema
    ]
    limits += [" ".join(bounds)] if bounds else []
    if schema.get("default") not in (None, ""):
        limits.append(f"{schema['default']} if not given")
    return f"{description} [{'; '.join(limits)}]" if limits else description


def _row(name: str, where: str, about: str) -> str:
    return f"<tr><td><code>{escape(name)}</code></td><td>{escape(where)}</td><td>{_text(about)}</td></tr>"


def _text(plain: str) -> str:
    """What stands between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(plain))
