from django.urls import path

from . import closing_views, views

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("<period:period>/", views.overview, name="overview"),
    path("<period:period>/pack/", views.printable, name="pack"),
    path("<period:period>/print/", views.printable, name="print"),
    path("<period:period>/closing/", closing_views.closing, name="closing"),
    path("<period:period>/versions/<int:number>/", closing_views.version, name="version"),
    path("<period:period>/<slug:slug>/", views.priority, name="priority"),
]
