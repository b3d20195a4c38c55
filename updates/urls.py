from django.urls import include, path

from .views import (
    board,
    changes,
    checking,
    decisions,
    entry,
    handing,
    indicators,
    opening,
    overview,
    people,
    review,
    update,
)

app_name = "updates"

of_an_update = [
    path("", update.task_list, name="update"),
    path("check/", checking.check, name="check"),
    path("check/draft/", checking.draft, name="check_draft"),
    path("submitted/", checking.submitted, name="submitted"),
    path("people/", handing.people, name="people"),
    path("decisions/", decisions.decisions, name="decisions"),
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

of_the_overview = [
    path("", overview.overview, name="overview"),
    path("draft/", overview.draft, name="overview_draft"),
    path("author/", overview.author, name="overview_author"),
    path("history/", overview.history, name="overview_history"),
    path("move/<slug:verb>/", overview.move, name="overview_move"),
]

of_people = [
    path("", people.people_list, name="people_list"),
    path("invite/", people.invite_person, name="people_invite"),
    path("roles/", people.roles, name="people_roles"),
    path("drafts/<int:pk>/", people.left_draft, name="left_draft"),
    path("<int:pk>/", people.person, name="person"),
    path("<int:pk>/part/", people.assign, name="people_assign"),
    path("<int:pk>/end/", people.end_part, name="people_end"),
    path("<int:pk>/invite/", people.invite_again, name="people_again"),
    path("<int:pk>/hand-over/", people.hand_all_over, name="people_hand_over"),
    path("<int:pk>/deactivate/", people.deactivate_person, name="people_deactivate"),
    path("<int:pk>/reactivate/", people.reactivate_person, name="people_reactivate"),
]

urlpatterns = [
    path("people/", include(of_people)),
    path("my-updates/", update.mine, name="mine"),
    path("opening/", opening.next_one, name="open_next"),
    path("<period:period>/opening/", opening.opening, name="opening"),
    path("indicators/<uuid:key>/retiring/", indicators.indicator, name="indicator"),
    path("progress/", board.newest, name="board"),
    path("<period:period>/progress/", board.progress, name="progress"),
    path("<period:period>/progress/remind/", board.remind_some, name="remind"),
    path("<period:period>/progress/extend/", board.give_time, name="give_time"),
    path("<period:period>/update/finance/", entry.finance, name="finance"),
    path("<period:period>/update/finance/draft/", entry.finance_draft, name="finance_draft"),
    path("<period:period>/overview/", include(of_the_overview)),
    path("<period:period>/<slug:slug>/update/", include(of_an_update)),
]
