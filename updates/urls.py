from django.urls import include, path

from .views import changes, checking, entry, handing, review, update

app_name = "updates"

of_an_update = [
    path("", update.task_list, name="update"),
    path("check/", checking.check, name="check"),
    path("check/draft/", checking.draft, name="check_draft"),
    path("submitted/", checking.submitted, name="submitted"),
    path("people/", handing.people, name="people"),
    path("review/", review.review, name="review"),
    path("review/draft/", review.draft, name="review_draft"),
    path("review/mend/<slug:section>/", review.mend, name="mend"),
    path("review/mend/<slug:section>/<slug:key>/", review.mend, name="mend"),
    path("history/", changes.timeline, name="timeline"),
    path("history/<slug:section>/", changes.history, name="history"),
    path("history/<slug:section>/<slug:key>/", changes.history, name="history"),
    path("move/<slug:verb>/", update.move, name="move"),
    path("<slug:section>/", entry.section, name="section"),
    path("<slug:section>/draft/", entry.draft, name="draft"),
]

urlpatterns = [
    path("my-updates/", update.mine, name="mine"),
    path("<period:period>/update/finance/", entry.finance, name="finance"),
    path("<period:period>/update/finance/draft/", entry.finance_draft, name="finance_draft"),
    path("<period:period>/<slug:slug>/update/", include(of_an_update)),
]
