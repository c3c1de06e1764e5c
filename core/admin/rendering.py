"""Jinja as the house runs it: the same templates and the same escaping, with less Python for each value.

A page of fifty rows writes more than a thousand values. Stock Jinja wraps each in a `Markup` of its own
only to join them a moment later, which takes longer than escaping them; it looks a dictionary's key up as an
attribute first, which raises and catches an error each time; it asks of every function four times whether it
wants the context; and it hands each piece of a page up through every template that this one extends.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import jinja2
from flask.templating import Environment as FlaskEnvironment
from jinja2 import nodes
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from markupsafe import Markup, escape

try:
    from markupsafe import _escape_inner as escape_text
except ImportError:  # another release of MarkupSafe

    def escape_text(text: str, /) -> str:
        """Return a plain string with the five characters of HTML escaped."""
        return str(escape(text))


METHODS_OF_DICT = frozenset(dir(dict))
PLAIN_FUNCTIONS = (FunctionType, MethodType, BuiltinFunctionType)
MADE_BY = jinja2.__version__ + Path(__file__).read_text("utf-8")
"""What else a compiled template hangs on than its source."""


def escaped(value: Any) -> str:
    """Return what a template writes for a value: escaped, unless the value says that it is HTML."""
    kind = type(value)
    if kind is str:
        return escape_text(value)
    if kind is Markup:
        return value
    return str(value) if kind is int else escape(value)


class _Generator(CodeGenerator):
    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Gather what a template or a block writes, and hand it on in one piece."""
        is_whole = frame.buffer is None and (frame.rootlevel or frame.block_frame)
        if is_whole:
            self.buffer(frame)
        super().blockvisit(nodes, frame)
        if is_whole and not (frame.rootlevel and self.has_known_extends):
            self.writeline(f"yield concat({frame.buffer})")

    def visit_Call(self, node: nodes.Call, frame: Frame, **options: Any) -> None:
        """Call without the variables of loop and block, which only a function that wants the context would read."""
        inside = frame.loop_frame, frame.block_frame
        frame.loop_frame = frame.block_frame = False
        super().visit_Call(node, frame, **options)
        frame.loop_frame, frame.block_frame = inside

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
            return
        self.write("environment.escaped(")
        if finalize.src is not None:
            self.write(finalize.src)


class _Context(Context):
    def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        if type(function) not in PLAIN_FUNCTIONS or hasattr(function, "jinja_pass_arg"):
            return super().call(function, *arguments, **named)
        return function(*arguments, **named)


class _Compiled(BytecodeCache):
    """Templates as they were compiled: once a process, and kept as Python keeps its modules, in `__pycache__`.

    Else every worker compiles each page anew before it first answers it: 12 ms for the sign-in.
    """

    def __init__(self) -> None:
        self.own: dict[str, bytes] = {}
        """What this process has compiled, for however many applications it makes."""
        self.files = SourceFileLoader("", "")

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return cache_from_source(f"{filename}.py")

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(MADE_BY + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError, EOFError, UnpicklingError):  # not there, or cut off when the power went
            bucket.bytecode_from_string(self.own.get(bucket.key) or self.files.get_data(bucket.key))

    def dump_bytecode(self, bucket: Bucket) -> None:
        compiled = self.own[bucket.key] = bucket.bytecode_to_string()
        if not sys.dont_write_bytecode:
            self.files.set_data(bucket.key, compiled)


_compiled = _Compiled()


class Environment(FlaskEnvironment):
    """Flask's Jinja environment, quicker at writing values, at reading dictionaries and at calling functions."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.bytecode_cache = _compiled

    code_generator_class = _Generator
    context_class = _Context
    escaped = staticmethod(escaped)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute` as a template means it: of a dictionary the key, unless it names a method."""
        if type(obj) is dict and attribute not in METHODS_OF_DICT:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        try:
            return getattr(obj, attribute)
        except AttributeError:
            return super().getattr(obj, attribute)
