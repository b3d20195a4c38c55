from django.urls import path

from . import views

app_name = "workbooks"
urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/<int:pk>/", views.one, name="import"),
    path("imports/<int:pk>/file/", views.file, name="file"),
    path("imports/<int:pk>/marked/", views.marked, name="marked"),
]
