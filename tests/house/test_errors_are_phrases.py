"""What an InputError says has its words in every language: text with values is a phrase, and text without has an entry."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.models.language.test_catalogue import OTHERS, PRODUCT, ROOT, entries

ERRORS: Final = {"InputError", "TakenError", "NotThereError", "ServerAwayError", "RefusedError", "DriftError"}
PARTS: Final = ("what", "where", "mend")
MADE: Final = {"phrase", "joined", "counted", "counted_phrase", "told"}
"""Calls that make phrases, which tests/models/language holds."""
WORDS: Final = re.compile(r"(?<![.\w-])[a-z]{2,} (?!-)", re.IGNORECASE)
"""Of an f-string that says where: more than a path, a key or an option."""
DEVELOPERS: Final = "studies/paperdoll/make/"
"""Makes the lab's models, for developers: its messages are English."""
AS_TYPED: Final = re.compile(r"pip |huanhua |--|dress x shoes$")
"""Values that are typed or are names, in any language."""
Found = tuple[str, ast.expr]


class Code:
    """The product's modules, and what each name in them may be."""

    def __init__(self) -> None:
        self.trees: dict[str, ast.Module] = {}
        self.constants: defaultdict[str, list[Found]] = defaultdict(list)
        self.calls: defaultdict[str, list[tuple[str, ast.Call]]] = defaultdict(list)
        self.parents: dict[ast.AST, ast.AST] = {}
        for path in (path for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py"))):
            name = path.relative_to(ROOT).as_posix()
            if "/testing/" not in name and not name.startswith(DEVELOPERS):
                self._read(name, path)

    def _read(self, name: str, path: Path) -> None:
        tree = self.trees[name] = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            for target, value in assigned(node):
                self.constants[target].append((name, value))
        for part in ast.walk(tree):
            self.parents.update(dict.fromkeys(ast.iter_child_nodes(part), part))
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                self.calls[part.func.id].append((name, part))

    def functions_around(self, node: ast.AST) -> Iterator[ast.FunctionDef]:
        while (node := self.parents.get(node, ast.Pass())) in self.parents:
            if isinstance(node, ast.FunctionDef):
                yield node


def assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what becomes theirs."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from ((t.id, v) for t, v in zip(target.elts, node.value.elts, strict=True) if isinstance(t, ast.Name))
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value


class Flow:
    """Which strings an expression may be."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.seen: set[ast.expr] = set()

    def texts(self, file: str, node: ast.expr) -> Iterator[Found]:
        if node in self.seen:
            return
        self.seen.add(node)
        if isinstance(node, ast.IfExp):
            yield from self.texts(file, node.body)
            yield from self.texts(file, node.orelse)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self.texts(file, value)
        elif isinstance(node, ast.Name):
            for place, value in self._named(file, node):
                yield from self.texts(place, value)
        elif isinstance(node, ast.JoinedStr | ast.BinOp) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            yield file, node

    def _named(self, file: str, name: ast.Name) -> Iterator[Found]:
        for function in self.code.functions_around(name):
            values = [value for node in ast.walk(function) for target, value in assigned(node) if target == name.id]
            names = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
            if values:
                yield from ((file, value) for value in values)
            if name.id in names:
                yield from self._given(function, names.index(name.id), name.id)
            if values or name.id in names:
                return
        found = self.code.constants[name.id]
        yield from [own for own in found if own[0] == file] or found

    def _given(self, function: ast.FunctionDef, place: int, name: str) -> Iterator[Found]:
        for file, call in self.code.calls[function.name]:
            yield from ((file, word.value) for word in call.keywords if word.arg == name)
            if place < len(call.args) and not any(isinstance(value, ast.Starred) for value in call.args[:place]):
                yield file, call.args[place]


class Said:
    """The parts of all errors."""

    @cached_property
    def code(self) -> Code:
        return Code()

    def parts(self) -> Iterator[tuple[str, str, ast.expr]]:
        for error in ERRORS:
            for file, call in self.code.calls[error]:
                given = dict(zip(PARTS, call.args, strict=False)) | {word.arg: word.value for word in call.keywords if word.arg}
                yield from ((part, file, given[part]) for part in PARTS if part in given)


SAID: Final = Said()


def shown(file: str, node: ast.expr) -> str:
    return f"{file}:{node.lineno} {ast.unparse(node)}"


def test_what_an_error_says_is_in_every_catalogue() -> None:
    flow = Flow(SAID.code)
    found = [text for part, file, node in SAID.parts() if part != "where" for text in flow.texts(file, node)]
    assert len(found) > 500
    for language in OTHERS:
        known = {text for english, _ in entries(language) for text in english}
        assert [shown(file, node) for file, node in found if not (isinstance(node, ast.Constant) and node.value in known)] == []


def test_where_it_is_has_no_words_but_phrases() -> None:
    wrong = []
    for part, file, node in SAID.parts():
        if part == "where" and isinstance(node, ast.JoinedStr):
            written = "".join(str(value.value) if isinstance(value, ast.Constant) else "0" for value in node.values)
            wrong += [shown(file, node)] if WORDS.search(written) else []
    assert wrong == []


def test_values_of_phrases_that_are_words_are_phrases() -> None:
    """A value that is plain English stays English within a Chinese sentence."""
    wrong = []
    for file, call in SAID.code.calls["phrase"]:
        flow = Flow(SAID.code)
        for value in (word.value for word in call.keywords):
            nodes = [value] if isinstance(value, ast.IfExp | ast.BoolOp | ast.Constant) else []
            texts = [text for node in nodes for text in flow.texts(file, node)]
            words = [(at, str(text.value)) for at, text in texts if isinstance(text, ast.Constant)]
            wrong += [f"{at}: {text}" for at, text in words if " " in text.strip() and not AS_TYPED.match(text)]
    assert wrong == []
