"""Narratives and notes on pages: `{{ text|prose }}`."""

from django import template

from priorities.prose import as_html

register = template.Library()
register.filter("prose", as_html)
