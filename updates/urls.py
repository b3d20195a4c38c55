from django.urls import include, path

from . import views

app_name = "updates"

of_an_update = [
    path("", views.task_list, name="update"),
    path("check/", views.check, name="check"),
    path("submitted/", views.submitted, name="submitted"),
    path("people/", views.people, name="people"),
    path("history/", views.timeline, name="timeline"),
    path("history/<slug:section>/", views.history, name="history"),
    path("history/<slug:section>/<slug:key>/", views.history, name="history"),
    path("move/<slug:verb>/", views.move, name="move"),
    path("<slug:section>/", views.section, name="section"),
    path("<slug:section>/draft/", views.draft, name="draft"),
]

urlpatterns = [
    path("my-updates/", views.mine, name="mine"),
    path("<period:period>/update/finance/", views.finance, name="finance"),
    path("<period:period>/update/finance/draft/", views.finance_draft, name="finance_draft"),
    path("<period:period>/<slug:slug>/update/", include(of_an_update)),
]
