"""The styles of an OpenDocument spreadsheet, as far as they change what a cell says."""

from __future__ import annotations

from dataclasses import dataclass, field

from .formats import Show, affixed, number

Attributes = dict[str, str]
NUMBER_STYLES = ("number:number-style", "number:currency-style", "number:text-style")
WRITTEN = ("number:text", "number:currency-symbol")


@dataclass(slots=True)
class NumberStyle:
    """What a number format writes before and after the digits, and by how many thousands it divides them."""

    before: str = ""
    after: str = ""
    thousands: int = 0
    digits: bool = False

    def write(self, text: str) -> None:
        if self.digits:
            self.after += text
        else:
            self.before += text

    def show(self) -> Show:
        return affixed(self.before, self.after, self.thousands)


@dataclass(slots=True)
class Styles:
    """The styles of a file by name."""

    numbers: dict[str, NumberStyle] = field(default_factory=dict)
    number_of: dict[str, str] = field(default_factory=dict)  # cell style: its number format
    parent_of: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)  # number format: the one that it uses for positive numbers
    hidden: set[str] = field(default_factory=set)  # styles of tables that are not displayed
    shows: dict[str, Show] = field(default_factory=dict)

    def show(self, style: str) -> Show:
        """How a number in a cell of this style is written."""
        if style not in self.shows:
            name, seen = style, set()
            while name and name not in self.number_of and name not in seen:
                seen.add(name)
                name = self.parent_of.get(name, "")
            of = self.number_of.get(name, "")
            found = self.numbers.get(self.instead.get(of, of))
            self.shows[style] = found.show() if found else number
        return self.shows[style]


class StyleReader:
    """Takes styles from styles.xml and from the beginning of content.xml, element by element."""

    def __init__(self, styles: Styles) -> None:
        self.styles = styles
        self.number: NumberStyle | None = None
        self.style = self.format = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "style:style":
            self.style = attributes.get("style:name", "")
            if "style:data-style-name" in attributes:
                self.styles.number_of[self.style] = attributes["style:data-style-name"]
            self.styles.parent_of[self.style] = attributes.get("style:parent-style-name", "")
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            self.styles.hidden.add(self.style)
        elif tag in NUMBER_STYLES:
            self.format = attributes.get("style:name", "")
            self.number = self.styles.numbers[self.format] = NumberStyle()
        elif self.number and tag == "number:number":
            self.number.digits = True
            factor = attributes.get("number:display-factor", "1")
            self.number.thousands = (len(factor) - 1) // 3 if factor.rstrip("0") == "1" else 0
        elif self.number and tag == "style:map":
            self.choose(attributes.get("style:condition", ""), attributes.get("style:apply-style-name", ""))

    def choose(self, condition: str, format_: str) -> None:
        """Keep the format of positive numbers; one that is for large numbers alone is none."""
        if condition.startswith("value()>"):
            from_zero = condition.removeprefix("value()>").lstrip("=") == "0"
            self.styles.instead.setdefault(self.format, format_ if from_zero else "")

    def end(self, tag: str, text: str) -> None:
        if tag in NUMBER_STYLES:
            self.number = None
        elif tag in WRITTEN and self.number:
            self.number.write(text)
