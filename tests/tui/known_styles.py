"""How widgets are styled, remembered from one app to the next.

Each test starts an app, and a fifth of its time would go by while Textual parses the same style
sheets and looks for the same rules for the same widgets. The key is what the rules of a widget are
found by: all rules there are, and type, name, classes and pseudo-classes of it and of all that
contain it. So each app is styled as it would be anyway, and whatever changes is looked for again.
"""

from collections.abc import Hashable
from typing import Any, NamedTuple

import pytest
from textual.css.model import RuleSet
from textual.css.styles import RulesMap
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

PLAIN_APPLY = Stylesheet.apply
"""Textual's own."""


class _Styling(NamedTuple):
    """What `Stylesheet.apply` finds out about a widget; no rules where none is for it."""

    rules: RulesMap | None
    has_hover_style: bool
    has_focus_within: bool
    has_order_style: bool
    has_odd_or_even: bool


class KnownStyles:
    """Takes the place of the methods of Textual's style sheets that take long."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._parse = Stylesheet._parse_rules
        self._replace = Stylesheet.replace_rules
        self._parsed: dict[Hashable, list[RuleSet]] = {}
        self._numbers: dict[tuple[int, ...], int] = {}
        self._pseudo_classes: dict[Hashable, tuple[str, ...]] = {}
        self._known: dict[Hashable, _Styling] = {}
        self._found: list[RulesMap] = []

        def apply(*arguments: Any, **options: Any) -> None:
            self.apply(*arguments, **options)

        def parse_rules(*arguments: Any, **options: Any) -> list[RuleSet]:
            return self.parse_rules(*arguments, **options)

        patch.setattr(Stylesheet, "apply", apply)
        patch.setattr(Stylesheet, "_parse_rules", parse_rules)
        patch.setattr(Stylesheet, "replace_rules", self.replace_rules)

    def parse_rules(self, sheet: Stylesheet, css: str, *where: Any, **kind: Any) -> list[RuleSet]:
        """The rules of a text, with these variables."""
        variables = _kept(sheet, "variables", sheet._variables, _items)
        key = css, where, *kind.items(), variables
        if key not in self._parsed:
            self._parsed[key] = self._parse(sheet, css, *where, **kind)
        return self._parsed[key]

    def apply(
        self, sheet: Stylesheet, node: DOMNode, *, animate: bool = False, cache: object = None
    ) -> None:
        """Style a widget; `cache` is Textual's own, for widgets side by side."""
        key = self._causes(sheet, node)
        if (known := self._known.get(key)) is None:
            others, self._found = self._found, []
            PLAIN_APPLY(sheet, node, animate=animate)
            rules = self._found[0] if self._found else None
            self._found = others
            self._known[key] = _Styling(
                rules,
                node._has_hover_style,
                node._has_focus_within,
                node._has_order_style,
                node._has_odd_or_even,
            )
            return
        node._has_hover_style = known.has_hover_style
        node._has_focus_within = known.has_focus_within
        node._has_order_style = known.has_order_style
        node._has_odd_or_even = known.has_odd_or_even
        if known.rules is not None:
            self._replace(node, known.rules, animate)
        sheet._process_component_classes(node)

    def replace_rules(self, node: DOMNode, rules: RulesMap, animate: bool = False) -> None:
        """Give a widget its rules, and note which they are."""
        self._found.append(rules)
        self._replace(node, rules, animate)

    def _causes(self, sheet: Stylesheet, node: DOMNode) -> Hashable:
        rules = _kept(sheet, "rules", sheet.rules, self._number)
        causes: list[Hashable] = [rules]
        pseudo_classes = self._relevant_pseudo_classes(sheet, rules, node)
        it: Any = node
        while it is not None:
            causes += type(it), it._id, frozenset(it._classes)
            checks = it._PSEUDO_CLASSES
            causes += (name in checks and bool(checks[name](it)) for name in pseudo_classes)
            it = it._parent
        return tuple(causes)

    def _relevant_pseudo_classes(
        self, sheet: Stylesheet, rules: Hashable, node: DOMNode
    ) -> tuple[str, ...]:
        """Those that any rule for such a widget asks for."""
        key = rules, type(node), node._id, frozenset(node._classes)
        if key not in self._pseudo_classes:
            by_name = sheet.rules_map
            sets = [rule for it in by_name.keys() & node._selector_names for rule in by_name[it]]
            self._pseudo_classes[key] = tuple({it for rule in sets for it in rule.pseudo_classes})
        return self._pseudo_classes[key]

    def _number(self, rules: list[RuleSet]) -> int:
        """Equal for the same rules, which `parse_rules` has made once."""
        return self._numbers.setdefault(tuple(map(id, rules)), len(self._numbers))


def _items(variables: dict[str, str]) -> Hashable:
    return frozenset(variables.items())


def _kept(sheet: Stylesheet, name: str, value: Any, key_of: Any) -> Any:
    """The key of a value, made once for a sheet as long as it has this value."""
    kept = vars(sheet).setdefault("_keys", {})
    if name not in kept or kept[name][0] is not value:
        kept[name] = value, key_of(value)
    return kept[name][1]
