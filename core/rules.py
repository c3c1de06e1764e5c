"""Addresses that cost little at start: what builds an address from its parts is compiled when it is first built."""

from collections.abc import Iterable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.routing.rules import RulePart

_plain: dict[str, tuple[list[RulePart], list[tuple[bool, str]]]] = {}
"""What has been read of an address without arguments: each is bound twice, for admission and for serving."""


class LateRule(Rule):
    """A rule of the URL map. Werkzeug compiles two builders a rule, most of the time an application takes to start."""

    def _parse_rule(self, rule: str) -> Iterable[RulePart]:
        if "<" in rule:
            return super()._parse_rule(rule)
        if rule not in _plain:
            before = len(self._trace)
            parts = list(super()._parse_rule(rule))
            _plain[rule] = parts, self._trace[before:]
            return parts
        parts, trace = _plain[rule]
        self._trace += trace
        return parts

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        compile_now = super()._compile_builder

        def build(rule: Rule, **values: Any) -> Any:
            built = compile_now(append_unknown)
            setattr(rule, "_build_unknown" if append_unknown else "_build", built.__get__(rule, None))
            return built(rule, **values)

        return build
