"""Where to report a weakness (RFC 9116), for those who look for it by machine."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

HOLDS = dt.timedelta(days=30)  # it is written anew for each who asks


@login_not_required
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    contacts = [contact_uri(each.strip()) for each in settings.SECURITY_CONTACT.split(",") if each.strip()]
    if not contacts:
        raise Http404("Nobody is named to report a weakness to.")
    until = (timezone.now() + HOLDS).astimezone(dt.UTC).replace(microsecond=0, tzinfo=None)
    lines = [f"Contact: {contact}" for contact in contacts]
    lines += [f"Expires: {until.isoformat()}Z", "Preferred-Languages: en"]
    lines.append(f"Canonical: {settings.SITE_URL}{reverse('security_txt')}")
    text = "".join(f"{line}\n" for line in lines)
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"}
    )


def contact_uri(said: str) -> str:
    """An address of mail as a mailto: address; others as they are."""
    is_uri = said.startswith(("https://", "mailto:", "tel:"))
    return quote(said if is_uri else f"mailto:{said}", safe=":/?#[]@!$&'()*+,;=%~")
