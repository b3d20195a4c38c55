from django.urls import path

from . import views

app_name = "reports"
urlpatterns = [
    path("", views.home, name="home"),
    path("<period:period>/", views.overview, name="overview"),
    path("<period:period>/print/", views.printable, name="print"),
    path("<period:period>/<slug:slug>/", views.priority, name="priority"),
]
