from django.urls import path, register_converter

from priorities.periods import PeriodConverter

from . import views

register_converter(PeriodConverter, "period")

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("<period:period>/", views.overview, name="overview"),
    path("<period:period>/print/", views.printable, name="print"),
    path("<period:period>/<slug:slug>/", views.priority, name="priority"),
]
