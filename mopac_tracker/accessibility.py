"""The accessibility statement that the Public Sector Bodies Accessibility Regulations 2018 ask for.

docs/accessibility.md is the checklist behind it; both carry the same day.
"""

import datetime as dt

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

CHECKED_ON = dt.date(2026, 11, 29)  # when the checklist was last gone through, page by page


@login_not_required
@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    return render(request, "accessibility.html", {"contact": settings.ACCESSIBILITY_CONTACT, "checked_on": CHECKED_ON})
