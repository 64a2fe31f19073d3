"""Lengths and numbers as CSS writes them, in about how many pixels. Pure; what is none of them is None."""

import re
from collections.abc import Iterator, Mapping, Sequence

EM = 16.0
"""The size of letters where nothing is said."""

_PX: Mapping[str, float] = {
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "q": 0.945,
    **{f"{size}{side}": 10.0 for size in ("", "s", "l", "d") for side in ("vw", "vi", "vmax")},
    **{f"{size}{side}": 8.0 for size in ("", "s", "l", "d") for side in ("vh", "vb", "vmin")},
    "rem": EM,
    "rex": EM / 2,
    "rch": EM / 2,
    "ric": EM,
    "rcap": EM,
    "rlh": 20.0,
}
_EMS: Mapping[str, float] = {"em": 1.0, "ex": 0.5, "ch": 0.5, "ic": 1.0, "cap": 0.7, "lh": 1.2}

_MOST_DIGITS = 40
_MOST_DEPTH = 16
_MEASURE = re.compile(rf"([+-]?(?:\d{{1,{_MOST_DIGITS}}}(?:\.\d{{0,{_MOST_DIGITS}}})?|\.\d{{1,{_MOST_DIGITS}}})"
                      r"(?:e[+-]?\d{1,4})?)([a-z]{1,6}|%|)")  # fmt: skip
_FUNCTIONS = frozenset({"calc", "-webkit-calc", "min", "max", "clamp"})
_TOKEN = re.compile(r"[()*/,]|[+-](?=\s)|[^\s()*/,]++")
_PARTS = re.compile(r"[()]|[\s,/]++|[^\s(),/]++")


def px(value: str, *, em: float = EM, percent: float | None = None) -> float | None:
    """Return a length in pixels; of a number without a unit only 0 is one."""
    return _measure(value, _Units(em=em, percent=percent))


def share(value: str) -> float | None:
    """Return a number, or a percentage as a part of 1."""
    return _measure(value, _Units(em=None, percent=0.01))


def is_length(value: str) -> bool:
    """Whether a value is a length or a percentage."""
    return px(value, percent=1.0) is not None


def pieces(value: str) -> list[str]:
    """Cut a value at its blanks, commas and slashes, but not within brackets."""
    found: list[str] = []
    depth, piece = 0, []
    for part in _PARTS.findall(value):
        depth += (part == "(") - (part == ")" and depth > 0)
        if depth or not (part[0].isspace() or part[0] in ",/"):
            piece.append(part)
        elif piece:
            found.append("".join(piece))
            piece = []
    return [*found, "".join(piece)] if piece else found


def calls(value: str) -> Iterator[tuple[str, str]]:
    """Yield the functions of a value by name, each with what stands in its brackets."""
    for piece in pieces(value):
        name, bracket, rest = piece.partition("(")
        if bracket:
            yield name, rest.removesuffix(")")


class _Units:
    """What stands after a number, as a factor."""

    def __init__(self, *, em: float | None, percent: float | None) -> None:
        self._em, self._percent = em, percent

    def read(self, token: str) -> tuple[float, str] | None:
        """Return what a number with its unit is in pixels, and the unit."""
        found = _MEASURE.fullmatch(token)
        factor = self._factor(found[2]) if found else None
        return None if found is None or factor is None else (float(found[1]) * factor, found[2])

    def is_one(self, number: float, unit: str) -> bool:
        """Whether a number may stand without its unit, if it does."""
        return bool(unit) or self._em is None or number == 0

    def _factor(self, unit: str) -> float | None:
        if unit == "%":
            return self._percent
        if not unit:
            return 1.0
        if self._em is None:
            return None
        return _EMS[unit] * self._em if unit in _EMS else _PX.get(unit)


def _measure(value: str, units: _Units) -> float | None:
    if "(" in value:
        return _Sum(_TOKEN.findall(value), units).read() if value.partition("(")[0] in _FUNCTIONS else None
    found = units.read(value)
    return found[0] if found and units.is_one(*found) else None


class _Sum:
    """What a `calc()` comes to. Lengths and numbers are not told apart: who writes nonsense gets nonsense."""

    def __init__(self, tokens: Sequence[str], units: _Units) -> None:
        self._tokens, self._units = tokens, units
        self._at = 0

    def read(self) -> float | None:
        """Return its value, or None where it has none."""
        try:
            value = self._term(0)
        except (ValueError, ArithmeticError):
            return None
        return value if self._at == len(self._tokens) and value == value else None  # noqa: PLR0124  not a number

    def _sum(self, depth: int) -> float:
        value = self._product(depth)
        while (sign := self._peek()) in {"+", "-"}:
            self._at += 1
            other = self._product(depth)
            value += other if sign == "+" else -other
        return value

    def _product(self, depth: int) -> float:
        value = self._term(depth)
        while (sign := self._peek()) in {"*", "/"}:
            self._at += 1
            other = self._term(depth)
            value = value * other if sign == "*" else value / other
        return value

    def _term(self, depth: int) -> float:
        sign = self._peek()
        self._at += 1
        if depth > _MOST_DEPTH:
            raise ValueError
        if sign in _FUNCTIONS or sign == "(":
            self._at += sign != "(" and self._peek() == "("
            return self._choose(sign, self._arguments(depth + 1))
        found = self._units.read(sign)
        if found is None:
            raise ValueError
        return found[0]

    def _arguments(self, depth: int) -> list[float]:
        values = [self._sum(depth)]
        while self._peek() == ",":
            self._at += 1
            values.append(self._sum(depth))
        self._at += self._peek() == ")"  # a style that ends closes what is open
        return values

    def _choose(self, name: str, values: list[float]) -> float:
        if name == "min":
            return min(values)
        if name == "max":
            return max(values)
        return max(values[0], min(values[1], values[-1])) if name == "clamp" and len(values) > 1 else values[0]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""
