"""The figures of MOPAC's Q1 2022/23 report, transcribed by hand from the published report,
independently of demo/.
"""

COUNTS = {
    "Victims are better supported": {
        "indicators": {"G": 5, "A": 1, "R": 1},
        "goals": {"G": 8, "A": 2, "R": 0},
    },
    "Trust and confidence increases": {
        "indicators": {"G": 5, "A": 5, "R": 0},
        "goals": {"G": 10, "A": 1, "R": 0},
    },
    "Violence is prevented and reduced": {
        "indicators": {"G": 4, "A": 2, "R": 3},
        "goals": {"G": 12, "A": 0, "R": 0},
    },
    "People are protected from criminal exploitation and harm": {
        "indicators": {"G": 0, "A": 2, "R": 0},
        "goals": {"G": 10, "A": 0, "R": 0},
    },
}

RATINGS = {
    "Victims are better supported": {
        "objectives": "G",
        "time": "G",
        "spend": "A",
        "capability": "G",
        "risk": "A",
    },
    "Trust and confidence increases": {
        "objectives": "G",
        "time": "G",
        "spend": "G",
        "capability": "G",
        "risk": "A",
    },
    "Violence is prevented and reduced": {
        "objectives": "G",
        "time": "G",
        "spend": "A",
        "capability": "G",
        "risk": "A",
    },
    "People are protected from criminal exploitation and harm": {
        "objectives": "G",
        "time": "G",
        "spend": "A",
        "capability": "G",
        "risk": "A",
    },
}

# Whole pounds.
FINANCE = {
    "Victims are better supported": [
        {
            "period": "Q1",
            "budget": 32700000,
            "forecast": 31900000,
            "ytd_profile": 3000000,
            "ytd_actual": 2900000,
        },
        {
            "period": "Q2",
            "budget": 32700000,
            "forecast": 31900000,
            "ytd_profile": 12600000,
            "ytd_actual": None,
        },
        {
            "period": "Q3",
            "budget": 32700000,
            "forecast": 31900000,
            "ytd_profile": 22200000,
            "ytd_actual": None,
        },
        {
            "period": "Q4",
            "budget": 32700000,
            "forecast": 31900000,
            "ytd_profile": 32700000,
            "ytd_actual": None,
        },
    ],
    "Trust and confidence increases": [
        {
            "period": "Q1",
            "budget": 12300000,
            "forecast": 12000000,
            "ytd_profile": 1100000,
            "ytd_actual": 1100000,
        },
        {
            "period": "Q2",
            "budget": 12300000,
            "forecast": 12000000,
            "ytd_profile": 4700000,
            "ytd_actual": None,
        },
        {
            "period": "Q3",
            "budget": 12300000,
            "forecast": 12000000,
            "ytd_profile": 8400000,
            "ytd_actual": None,
        },
        {
            "period": "Q4",
            "budget": 12300000,
            "forecast": 12000000,
            "ytd_profile": 12300000,
            "ytd_actual": None,
        },
    ],
}

# (forecast variance cell, year-to-date variance cell), exactly as printed.
FINANCE_VARIANCES_STATED = {
    "Victims are better supported": {
        "Q1": ("-2.5% (-0.9)", "-3.4% (-0.1)"),
        "Q2": ("", ""),
        "Q3": ("", ""),
        "Q4": ("", ""),
    },
    "Trust and confidence increases": {
        "Q1": ("-2.5% (-0.3)", "0.0"),
        "Q2": ("0.0", ""),
        "Q3": ("0.0", ""),
        "Q4": ("0.0", ""),
    },
}

FINANCE_NOTES = {
    "Victims are better supported": (
        "As at Quarter One the YTD position is a small underspend of £0.1m, with expenditure of £2.9m "
        "having been incurred against a YTD budget of £3m. The forecast position is a £0.9m underspend."
    ),
    "Trust and confidence increases": (
        "As at Quarter One the YTD position is spend to budget, with expenditure of £1.1m having been "
        "incurred in line with the YTD budget."
        "\n\n"
        "The forecast position is a £0.3m underspend. This relates to projects where delivery has been "
        "reprofiled into the next financial year and is offset by a corresponding transfer to reserves."
    ),
    "Violence is prevented and reduced": (
        "As at Quarter One the YTD position is an underspend of £0.3m, with expenditure of £6.3m having "
        "been spent against a budget of £6.6m."
        "\n\n"
        "The forecast position is a £1.9m underspend comprised of a £5.8m overspend offset by additional "
        "grant income of £5.8m, and an underspend of £7.9m in relation to projects where delivery has been "
        "reprofiled into the next financial year, offset by a corresponding transfer to reserves. The "
        "balance is a small overspend of £0.2m"
    ),
    "People are protected from criminal exploitation and harm": (
        "As at Quarter One the YTD position is spend to budget, with expenditure of £1.2m having been "
        "incurred in line with the YTD budget. The forecast position is a £0.4m underspend."
    ),
}

# (reference, title, unit, target, value, confidence)
INDICATORS = {
    "Victims are better supported": [
        (
            "1a",
            "% of vulnerable victims referred to the Victim & Witness Service (LVWS) who take up support",
            "percent",
            25,
            27,
            "G",
        ),
        ("1b", "% of witnesses referred to LVWS who take up support", "percent", 62, 77, "G"),
        (
            "1c",
            "% of domestic abuse victims referred to LVWS supported by a specialist advocate",
            "percent",
            70,
            72,
            "G",
        ),
        (
            "2a",
            "% of young people referred to the CYP Victim & Witness Service receiving ongoing support",
            "percent",
            33,
            38,
            "G",
        ),
        (
            "2b",
            "% of young witnesses referred to the CYP Victim & Witness Service receiving pre-trial support",
            "percent",
            66,
            93,
            "G",
        ),
        (
            "3",
            "% of victims receiving medical exam in forensic window at Sexual Assault Referral Centres",
            "percent",
            44,
            31,
            "R",
        ),
        (
            "4a",
            "No. of referrals processed by the Survivors Gateway 'Navigators'",
            "number",
            None,
            1417,
            None,
        ),
        (
            "4b",
            "No. of victims/ survivors being supported by an Independent Sexual Violence Advocate (ISVA)",
            "number",
            None,
            None,
            None,
        ),
        (
            "4c",
            "No. of counselling hours being delivered to victim/ survivors at the Rape Crisis Centres",
            "number",
            None,
            4127,
            None,
        ),
        (
            "5",
            "No. of calls to Ascent Advice hub, providing support to victims/survivors of domestic abuse",
            "number",
            2000,
            322,
            "A",
        ),
        (
            "6a",
            "No. of referrals to the Lighthouse, supporting young victims of sexual abuse",
            "number",
            None,
            None,
            None,
        ),
        (
            "6b",
            "No. of referrals to the Lighthouse progressing to an assessment for multi agency support",
            "number",
            None,
            None,
            None,
        ),
    ],
    "Trust and confidence increases": [
        (
            "",
            "The Metropolitan Police Service is an organisation that I can trust (PAS) - increase from baseline",
            "percent",
            73,
            72,
            "A",
        ),
        (
            "",
            "The MPS is an organisation that I can trust reduce gap from baseline (Black)",
            "percentage_points",
            -20,
            -18,
            "A",
        ),
        (
            "",
            "The MPS is an organisation I can trust reduce gap Mixed Ethnicity from baseline (M)",
            "percentage_points",
            -12,
            -15,
            "A",
        ),
        (
            "",
            "The MPS treat everyone fairly regardless of who they are (PAS) - increase from baseline",
            "percent",
            62,
            64,
            "G",
        ),
        (
            "",
            "The MPS treat everyone fairly - reduce gap from baseline (Black)",
            "percentage_points",
            -16,
            -13,
            "A",
        ),
        (
            "",
            "The MPS treat everyone fairly - reduce gap from baseline Mixed Ethnicity",
            "percentage_points",
            -18,
            -20,
            "A",
        ),
        ("", "Representative workforce - proportion of female Officers", "percent", 30, 30, "G"),
        ("", "Representative workforce - proportion of BAME Officers", "percent", 16, 17, "G"),
        ("", "Representative workforce - proportion of female Staff", "percent", 50, 57, "G"),
        ("", "Representative workforce - proportion of BAME Staff", "percent", 27, 27, "G"),
    ],
    "Violence is prevented and reduced": [
        (
            "1a",
            "% of YP exploited by county lines supported by Rescue & Response (R&R) following referral",
            "percent",
            70,
            63,
            "R",
        ),
        (
            "1b",
            "% of YP with reduced/ceased involvement in county lines following support provided by R&R",
            "percent",
            None,
            None,
            None,
        ),
        (
            "2a",
            "No. of young victims of violence receiving youth work support in Major Trauma Centres",
            "number",
            320,
            132,
            "G",
        ),
        (
            "2b",
            "% of young people reporting reducing risk of harm 6 months after receiving the intervention",
            "percent",
            44,
            42,
            "A",
        ),
        (
            "3",
            "No. of young victims receiving youth work support following contact in A&E",
            "number",
            None,
            None,
            None,
        ),
        (
            "4",
            "% of young people supported by LGE who have reduced/ ceased involvement in gangs",
            "percent",
            70,
            83,
            "G",
        ),
        ("5a", "No. of cases with a GPS tagging condition in the pilot", "number", 430, 152, "G"),
        ("5b", "% of cases where GPS tag was fitted on day of release", "percent", 80, 79, "A"),
        (
            "6a",
            "No. of high risk domestic abuse perpetrators allocated to the Drive project",
            "number",
            220,
            61,
            "G",
        ),
        (
            "6b",
            "% of open cases where perpetrator is fully engaged with the Drive programme",
            "percent",
            60,
            45,
            "R",
        ),
        (
            "7a",
            "% of young people receiving mentoring support at Youth 2 Adult Hub reporting increased motivation",
            "percent",
            80,
            64,
            "R",
        ),
        (
            "7b",
            "% of young people accessing mental health support at Y2A Hub reporting improved well-being",
            "percent",
            80,
            None,
            None,
        ),
    ],
    "People are protected from criminal exploitation and harm": [
        ("1", "No. of women engaged in 1-2-1 support at the women's centres", "number", None, 851, None),
        (
            "2",
            "% of boys in Cookham Wood YOI referred to a specialist service who are engaging in support "
            "to address their experience of victimisation",
            "percent",
            90,
            86,
            "A",
        ),
        (
            "3",
            "No. of young people affected by sexual exploitation engaged with Empower",
            "number",
            70,
            15,
            "A",
        ),
    ],
}

# (number, description, level, trend, explanation)
RISKS = {
    "Victims are better supported": [
        (
            1,
            "Increases in cost of living creates inflationary pressures on victim services which are "
            "currently unfunded.",
            "H",
            "up",
            "Current high levels of inflation are likely to worsen in the second half of 2022/23",
        ),
        (
            2,
            "The new duties for PCCs in the Victims Bill regarding CJS oversight and provision of victim "
            "services may not come with sufficient resources to discharge them.",
            "M",
            "level",
            "The victims bill is yet to have its first reading. MOPAC will continue to monitor.",
        ),
        (
            3,
            "Following their review, MoJ decide to end devolved arrangement for pre-trial witness support, "
            "resulting in a fragmentation of victim and witness support.",
            "M",
            "level",
            "MoJ contract for the new National Witness Service makes provisions for bringing arrangements in "
            "London back into the national service.",
        ),
    ],
    "Trust and confidence increases": [
        (
            1,
            "Further high profile incidents impact on levels of trust and confidence",
            "H",
            "level",
            "Further concerning issues in the coming months are likely to arise including from the Casey Review",
        ),
        (
            2,
            "The public believe the pace of organisational culture change is insufficient in tackling "
            "sexism, racism, homophobia",
            "M",
            "level",
            "This was a key issue under the former Commissioner's tenure and stakeholders want to be "
            "assured that this will not be the case under the new Commissioner",
        ),
        (
            3,
            "The MPS could struggle to meet the recruitment targets",
            "M",
            "level",
            "The job market is increasingly competitive significant throughput of applicants is needed to "
            "reach target; the London-only residency criteria has been lifted and may also impact on "
            "diversity aspirations",
        ),
    ],
    "Violence is prevented and reduced": [
        (
            1,
            "Changes in the leadership in the MPS in relation to violence may impact on continuity delivery "
            "based on the strengthth of relationship that has been established",
            "M",
            "up",
            "Current commander for violence leaving in Q2, however transition arrangements are in place",
        ),
        (
            2,
            "Limited timeframe to recommission violence and exploitation services to enable full impact "
            "within the current Mayorlty.",
            "M",
            "level",
            "Contracts for youth workers in 5 A&Es need to be reprocured by the start of April",
        ),
        (
            3,
            "An increase in teenage homicides and violence over the summer, driven by cost of living and "
            "lack of diversionary activity",
            "M",
            "level",
            "Plans in place for funding for summer activities",
        ),
    ],
    "People are protected from criminal exploitation and harm": [
        (
            1,
            "Increased cost of living impacts disproportionately on vulnerable groups leading to "
            "increased risk of exploitation and harm.",
            "H",
            "up",
            "Current high levels of inflation are likely to worsen in the second half of 2022/23",
        ),
        (
            2,
            "Unable to secure investment for appropriate secure accommodation for young people in the CJS "
            "which impacts partners' ability to reduce re-offending.",
            "M",
            "up",
            "Funding announced has been ring-fenced for welfare beds, excluding justice placements.",
        ),
        (
            3,
            "The lack of a long term national strategy on fraud makes it more difficult to work with "
            "national and international partners to tackle fraud",
            "M",
            "up",
            "We are expecting a 3 year national fraud strategy rather than the 10 year strategy the Mayor has "
            "lobbied for.",
        ),
    ],
}

# (number, description, level, trend, explanation)
ISSUES = {
    "Victims are better supported": [
        (
            1,
            "Strike action taken by barristers in relation to pay further exacerbates the issues with court "
            "backlogs - worsening delays for achieving outcomes for victims.",
            "H",
            "up",
            "Talks with the government have not resolved the pay dispute and therefore it is likely that the "
            "frequency of strike action will increase.",
        ),
        (
            2,
            "Recruitment of staff into victim services is not keeping pace with attrition reducing "
            "capacity to the point that services cannot meet demand.",
            "H",
            "up",
            "Market conditions are worsening making recruitment increasingly challenging.",
        ),
        (
            3,
            "Ongoing increases in demand for specialist services supporting victims of violence against "
            "women and girls is putting services under increasing strain.",
            "H",
            "up",
            "Waiting lists to access specialist services supporting victims of sexual violence are increasing.",
        ),
    ],
    "Trust and confidence increases": [
        (
            1,
            "HMICFRS decision to put the MPS into the Engage process further impacts on trust and "
            "confidence in the police.",
            "H",
            "level",
            "MPS, working with MOPAC, is developing a plan to address the recommendations, and in particular "
            "improve service levels in MetCC.",
        ),
        (
            2,
            "Recent analysis has shown a reduction in young people reporting being willing to comply with the police.",
            "M",
            "up",
            "Emerging declines are apparent in Public Attitude Survey measures of public co-operation with police",
        ),
        (
            3,
            "Recent analysis shows a reduction in the proportion of young people reporting being very "
            "willing to report crimes to the police.",
            "M",
            "up",
            "Emerging declines are apparent in Public Attitude Survey measures of public co-operation with police",
        ),
    ],
    "Violence is prevented and reduced": [
        (
            1,
            "London Probation continue to face staff shortages which are impacting on service delivery.",
            "H",
            "level",
            "London Probation has been facing staffing challenges since re-unification in June 2021.",
        ),
        (
            2,
            "Services unable to recruit sufficient specialist youth workers impacting on ability to deliver",
            "M",
            "level",
            "Providers struggling to recruit to specialist positions; some post pandemic burnout and some "
            "taking up posts within local authorities",
        ),
        (
            3,
            "Rising demand on services linked to wider social-economic factors and pressures on wider system",
            "M",
            "up",
            "Increasing complexity of cases and increasing safeguarding alerts",
        ),
    ],
    "People are protected from criminal exploitation and harm": [
        (
            1,
            "Lack of qualitative measurement makes it difficult to measure impact in this priority",
            "M",
            "level",
            "MOPAC is undertaking qualitative assessments of key areas of work as well as working with "
            "HMICFRS on future inspections.",
        ),
        (
            2,
            "Delays to the governments on line harms bill impact on MOPACs policy development timelines.",
            "M",
            "level",
            "Bill has been delayed until post Conservative leasership campaign.",
        ),
        (
            3,
            "Recruitment issues in health services and social care result in the police filling gaps in "
            "service provision.",
            "M",
            "level",
            "Ongoing recruitment issues post Brexit",
        ),
    ],
}

# (number, title, baseline, confidence)
GOALS = {
    "Victims are better supported": [
        (
            1,
            "Produce options for the development of a Victim Care Hub in London",
            "Q3",
            "G",
        ),  # the baseline is printed "G3"
        (
            2,
            "Agree commissioning strategy and high-level service requirements for future victims services "
            "(including DA)",
            "Q4",
            "G",
        ),
        (
            3,
            "Complete review of London's specialist services supporting victims of sexual violence",
            "Q4",
            "A",
        ),
        (
            4,
            "Agree future of pre-trial witness support with MoJ following completion of service evaluation",
            "Q3",
            "A",
        ),
        (
            5,
            "Business case for the implementation of the Sexual Assault Referral Centres 'One Site Model' approved",
            "Q4",
            "G",
        ),
        (
            6,
            "Lobby for changes to the Victims Bill to address gaps in the rights and protections for victims of crime",
            "Q4",
            "G",
        ),
        (7, "Complete research into reasons victims withdraw from the criminal justice process", "Q4", "G"),
        (8, "Conduct Child Sexual Abuse research and case review", "Q4", "G"),
        (
            9,
            "Launch pilot to test resources to improve support trusted adults can provide to young victims of crime",
            "Q4",
            "G",
        ),
        (
            10,
            "Launch pilot to provide independent legal advice to victims of rape going through the "
            "criminal justice system",
            "Q4",
            "G",
        ),
    ],
    "Trust and confidence increases": [
        (1, "Launch services tackling disproportionality in youth justice", "Q3", "G"),
        (2, "Publish second annual review of the MPS Gangs Matrix", "Q3", "G"),
        (3, "Deliver Community Engagement Review", "Q3", "G"),
        (4, "Deliver Community Scrutiny Review", "Q3", "G"),
        (
            5,
            "Establish External Reference Group to support delivery of Mayor's Action Plan on trust and confidence",
            "Q2",
            "G",
        ),
        (6, "Publish research on stop-and-search interactions, through body-worn video", "Q4", "G"),
        (7, "Publish research into impact of cannabis enforcement on community relations", "Q3", "A"),
        (8, "Establish pan-London ASB Forum", "Q1", "CG"),  # printed "CG"; the overview counts it as green
        (
            9,
            "Work with MPS to support and enable communication between police and Neighbourhood Watch",
            "Q4",
            "G",
        ),
        (
            10,
            "Establish London Drugs Forum to take a London-wide approach to tackling harms caused by drugs",
            "Q2",
            "G",
        ),
        (
            11,
            "Deliver pilot of a new process enabling Independent Custody Visitors to scrutinise complete "
            "custody records",
            "Q4",
            "G",
        ),
    ],
    "Violence is prevented and reduced": [
        (1, "Establish the London Drugs Commission", "Q2", "G"),
        (2, "Co-commission interventions for repeat violent offenders on probation", "Q3", "G"),
        (3, "Develop a strategy for reducing violence in prisons and through the gate", "Q4", "G"),
        (4, "Develop a plan for the future commissioning of VAWG perpetrator programmes", "Q4", "G"),
        (5, "Publish Serious Youth Violence Problem Profile", "Q3", "G"),
        (6, "Complete review of MPS's arrangements for managing high-harm offenders", "Q4", "G"),
        (
            7,
            "Finalise specification and requirements for commissioning new services for victims of child "
            "criminal exploitation",
            "Q4",
            "G",
        ),
        (
            8,
            "Carry out research into young females affected by group offending, exploitation and being missing",
            "Q4",
            "G",
        ),
        (
            9,
            "Commission a project to support community organisations to increase their resilience in "
            "tackling hate crime",
            "Q4",
            "G",
        ),
        (
            10,
            "Commission a literature review to identify what works in addressing the behaviour of hate "
            "crime perpetrators",
            "Q4",
            "G",
        ),
        (11, "Hold a summit with health partners to agree commitments relating to tacking VAWG", "Q3", "G"),
        (
            12,
            "Launch online toolkit for secondary schools on the promotion of healthy relationships",
            "Q2",
            "G",
        ),
    ],
    "People are protected from criminal exploitation and harm": [
        (
            1,
            "Ensure development of business case for MPS and NHS Improvement mental health hub pilot.",
            "Q3",
            "G",
        ),
        (
            2,
            "Develop a full policy response to Online Harms Bill and lobby government as required.",
            "Q3",
            "G",
        ),
        (3, "Agree next steps following completion of internal safeguarding review", "Q2", "G"),
        (
            4,
            "Establish a multi-agency work programme to implement the findings in the victims Strategic "
            "Needs Assessment to better support victims’ mental health.",
            "Q4",
            "G",
        ),
        (
            5,
            "Oversee delivery of the 'Reducing Criminalisation of Looked after children and care leavers protocol",
            "Q4",
            "G",
        ),
        (6, "Lobby for reform of the National Referral Mechanism", "Q3", "G"),
        (
            7,
            "Review of London Child Protection Improvement Oversight Group to ensure scope remains "
            "appropriate to oversee MPS delivery.",
            "Q2",
            "G",
        ),
        (
            8,
            "Oversee delivery of London’s Blueprint for Women in Contact with the Criminal Justice System",
            "Q4",
            "G",
        ),
        (9, "Convene partners to implement MOPAC’s Child First Approach across the London CJS", "Q3", "G"),
        (10, "Host a roundtable with stakeholders and businesses on fraud prevention strategies", "Q2", "G"),
    ],
}

OVERVIEW = (
    "Improving Trust and Confidence is a key priority for the next financial year and beyond. The incoming "
    "Commissioner is clear about the need for reform to drive improvements and is committed to delivering "
    "this."
    "\n\n"
    "The Mayor's refreshed VAWG Strategy was launched on 15th June and has been well-received by partners. "
    "The strategy is underpinned by a public health approach and has four priorities: preventing and "
    "reducing VAWG; supporting all victims and survivors; holding perpetrators to account, and building "
    "trust and confidence. The strategy cuts across all four PCP priority areas. MOPAC was successful in "
    "securing £16.5m in additional funding from the Ministry of Justice for the provision of services that "
    "support victims of Domestic Abuse and Sexual Violence for three years from 2022-23 to 2024-25."
    "\n\n"
    "Homicides have decreased compared to the same quarter last year (-20%, 7 fewer offences) and compared "
    "to pre-pandemic levels (-36%, 16 fewer offences). The number of teenage homicide victims was lower in "
    "Q1 at three victims than in Q1 21–22 (8 victims)."
)

NARRATIVES = {
    "Victims are better supported": (
        "MOPAC was successful in securing £16.5m in additional funding from the Ministry of Justice for "
        "the provision of services that support victims of Domestic Abuse and Sexual Violence for three "
        "years from 2022-23 to 2024-25."
        "\n\n"
        "MOPAC and the MPS launched a joint-review of the MPS’ Witness Care Units, identifying and "
        "implementing improvements to the customer service offered to victims and witnesses in the lead up "
        "to trial."
        "\n\n"
        "MOPAC is working with National Trading Standards to establish a Multi-Agency Approach to Fraud in "
        "London with aim of improving partnership arrangements for tackling fraud and supporting victims. "
        "The working group has met twice in this period."
    ),
    "Trust and confidence increases": (
        "New community scrutiny processes have been developed with community stakeholders to be piloted in "
        "the autumn. Public and stakeholder engagement activity on the wider engagement review is planned "
        "for September 2022. The Q1 Public Action Plan meeting took place in June 2022 and the next is "
        "planned for September."
        "\n\n"
        "Recruitment to Action Plan External Reference Group has proceeded well with a strong pool of "
        "applicants. Final appointments will be made in Q3."
        "\n\n"
        "The first meeting of the London ASB Forum took place in June 2022 bringing together London Heads "
        "of Community Safety and Housing, MOPAC policy leads and the MPS to identify shared priorities on "
        "pan-London issues relating to anti-social behaviour."
        "\n\n"
        "The custody record review pilot is progressing well, with reports highlighting the need to "
        "improve the recording of the arrival and departure of Appropriate Adults (AA) in custody to "
        "provide assurance that they are present at the appropriate points during the custody and/or "
        "availability issues can be more clearly identified."
    ),
    "Violence is prevented and reduced": (
        "The Reducing Teenage Homicide Partnership continues to meet on a monthly basis, originally being "
        "established at the Mayor's request in 2021."
        "\n\n"
        "The MPS have continued their work to tackle High Harm Gangs. The work has seen the adoption of "
        "the 4P approach – prevent, pursue, protect and prepare. Since an initial pilot in Lambeth and "
        "Southwark (October 2021) the work has been rolled out across all boroughs/BCUs, and has seen the "
        "MPS work with local authority partners."
        "\n\n"
        "The Serious Youth Violence Problem Profile has been produced and is being finalised for "
        "publication in the autumn. Work is underway to agree priority actions for MOPAC, VRU and partners "
        "arising out of the problem profile including in relation to future commissioning."
        "\n\n"
        "The GPS tagging pilot for knife crime offences and DA has reached its 1000 mark. £2.4m has been "
        "secured from the Home Office for DA perpetrator provision."
    ),
    "People are protected from criminal exploitation and harm": (
        "MOPAC will embed child first and trauma informed approaches into our work and oversight of the "
        "MPS. A July meeting will be followed with convening of partners to implement a Child First "
        "Approach across the London CJS throughout quarters 2 and 3."
        "\n\n"
        "MOPAC is working with the MPS to ensure that there is effective oversight of work to improve "
        "public protection. MOPAC is undertaking a review of the London Child Protection Improvement "
        "Oversight Group to ensure that the scope is appropriate to drive the necessary improvement."
        "\n\n"
        "Fraud was discussed at April’s London Crime Reduction Board (LCRB) during which the mayor "
        "reaffirmed his commitment to tackling fraud. MOPAC is currently planning two Fraud Roundtables, a "
        "Technical Group and a Business Group to discuss fraud prevention strategies. These will take "
        "place in September."
    ),
}
