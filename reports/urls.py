from django.urls import path

from . import across_views, closing_views, downloads, indicator_views, views

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("indicators/<uuid:key>/", indicator_views.indicator, name="indicator"),
    path("indicators/<uuid:key>/series.csv", indicator_views.indicator_table, name="indicator_table"),
    path("<period:period>/", views.overview, name="overview"),
    path("<period:period>/pack/", views.printable, name="pack"),
    path("<period:period>/print/", views.printable, name="print"),
    path("<period:period>/closing/", closing_views.closing, name="closing"),
    path("<period:period>/versions/<int:number>/", closing_views.version, name="version"),
    path("<period:period>/changes/", across_views.changes, name="changes"),
    path("<period:period>/exceptions/", across_views.exceptions, name="exceptions"),
    path("<period:period>/year/", across_views.year, name="year"),
    path("<period:period>/risks/", across_views.risks, name="risks"),
    path("<period:period>/goals/", across_views.goals, name="goals"),
    path("<period:period>/workbook.<slug:suffix>", downloads.workbook, name="workbook"),
    path("<period:period>/report.pdf", downloads.pdf, name="pdf"),
    path("<period:period>/mine.<slug:suffix>", downloads.mine, name="mine"),
    path("<period:period>/template.<slug:suffix>", downloads.empty, name="template"),
    path("<period:period>/tables/<slug:name>.csv", downloads.table, name="table"),
    path("<period:period>/<slug:slug>/", views.priority, name="priority"),
    path("<period:period>/<slug:slug>/workbook.<slug:suffix>", downloads.workbook, name="workbook"),
    path("<period:period>/<slug:slug>/tables/<slug:name>.csv", downloads.table, name="table"),
]
