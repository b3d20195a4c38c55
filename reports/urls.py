from django.urls import path

from . import (
    across_views,
    closing_views,
    data_views,
    downloads,
    indicator_views,
    publication_views,
    views,
)
from .publication_views import version_file

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("indicators/<uuid:key>/", indicator_views.indicator, name="indicator"),
    path("indicators/<uuid:key>/series.csv", indicator_views.indicator_table, name="indicator_table"),
    path("data/", data_views.data, name="data"),
    path("<period:period>/", views.overview, name="overview"),
    path("<period:period>/pack/", views.printable, name="pack"),
    path("<period:period>/print/", views.printable, name="print"),
    path("<period:period>/closing/", closing_views.closing, name="closing"),
    path("<period:period>/versions/<int:number>/", closing_views.version, name="version"),
    path("<period:period>/changes/", across_views.changes, name="changes"),
    path("<period:period>/exceptions/", across_views.exceptions, name="exceptions"),
    path("<period:period>/decisions/", across_views.decisions, name="decisions"),
    path("<period:period>/year/", across_views.year, name="year"),
    path("<period:period>/risks/", across_views.risks, name="risks"),
    path("<period:period>/goals/", across_views.goals, name="goals"),
    path("<period:period>/versions/<int:number>/report.<slug:suffix>", version_file, name="pack_file"),
    path("<period:period>/publishing/", publication_views.publishing, name="publishing"),
    path("<period:period>/publishing/answers/", publication_views.answers, name="answers"),
    path("<period:period>/publishing/<slug:audience>/report.<slug:suffix>", publication_views.preview, name="preview"),
    path("published/", publication_views.published_list, name="published_list"),
    path("published/<period:period>/", publication_views.published, name="published"),
    path("published/<period:period>/report.<slug:suffix>", publication_views.published, name="published_file"),
    path("published/<period:period>/v<int:number>/", publication_views.published, name="published_version"),
    path(
        "published/<period:period>/v<int:number>/report.<slug:suffix>",
        publication_views.published,
        name="published_version_file",
    ),
    path("<period:period>/workbook.<slug:suffix>", downloads.workbook, name="workbook"),
    path("<period:period>/report.pdf", downloads.pdf, name="pdf"),
    path("<period:period>/mine.<slug:suffix>", downloads.mine, name="mine"),
    path("<period:period>/template.<slug:suffix>", downloads.empty, name="template"),
    path("<period:period>/tables/<slug:name>.csv", downloads.table, name="table"),
    path("<period:period>/<slug:slug>/", views.priority, name="priority"),
    path("<period:period>/<slug:slug>/revisions/", publication_views.revisions, name="revisions"),
    path("<period:period>/<slug:slug>/workbook.<slug:suffix>", downloads.workbook, name="workbook"),
    path("<period:period>/<slug:slug>/tables/<slug:name>.csv", downloads.table, name="table"),
]
