from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def has(typed: Mapping[str, str], name: str) -> str:
    """What was typed under a name; "" where nothing was."""
    return typed.get(name, "")
