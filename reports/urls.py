from django.urls import path

from . import closing_views, data_views, downloads, views

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("data/", data_views.data, name="data"),
    path("<period:period>/", views.overview, name="overview"),
    path("<period:period>/pack/", views.printable, name="pack"),
    path("<period:period>/print/", views.printable, name="print"),
    path("<period:period>/closing/", closing_views.closing, name="closing"),
    path("<period:period>/versions/<int:number>/", closing_views.version, name="version"),
    path("<period:period>/workbook.<slug:suffix>", downloads.workbook, name="workbook"),
    path("<period:period>/mine.<slug:suffix>", downloads.mine, name="mine"),
    path("<period:period>/template.<slug:suffix>", downloads.empty, name="template"),
    path("<period:period>/tables/<slug:name>.csv", downloads.table, name="table"),
    path("<period:period>/<slug:slug>/", views.priority, name="priority"),
    path("<period:period>/<slug:slug>/workbook.<slug:suffix>", downloads.workbook, name="workbook"),
    path("<period:period>/<slug:slug>/tables/<slug:name>.csv", downloads.table, name="table"),
]
