"""Addresses that cost little at start: what builds an address from its parts is compiled when it is first built."""

from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule of the URL map. Werkzeug compiles two builders a rule, most of the time an application takes to start."""

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        compile_now = super()._compile_builder

        def build(rule: Rule, **values: Any) -> Any:
            built = compile_now(append_unknown)
            setattr(rule, "_build_unknown" if append_unknown else "_build", built.__get__(rule, None))
            return built(rule, **values)

        return build
