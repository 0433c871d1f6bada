"""The project file itself."""

from __future__ import annotations

from tests.bad_input.builders import way
from tests.bad_input.builders.places import at
from tests.bad_input.made_up_project import Check, MadeUpProject

_GOOD = """[project]
name = "Dự án mẫu (giả định)"
province = "99"
date = 2026-11-01

[inputs]
boundaries = "communes.geojson"
sites = "sites.csv"

[rules]
extra = "rules.toml"
"""


@way("project_syntax")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD.replace('"sites.csv"', '"D:\\data\\sites.csv"')
    return None


@way("project_not_utf8")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD.encode("utf-16")
    return None


@way("project_entry_twice")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD + 'extra = "rules.toml"\n'
    return None


@way("project_empty")
def _(p: MadeUpProject) -> Check | None:
    p.text = ""
    return None


@way("project_section_unknown")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD + "\n[input]\nsites = 'x'\n"
    return None


@way("project_key_misspelt")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD.replace("boundaries", "boundary")
    return None


@way("project_name_missing")
def _(p: MadeUpProject) -> Check | None:
    del p.project["name"]
    return None


@way("project_date_missing")
def _(p: MadeUpProject) -> Check | None:
    del p.project["date"]
    return None


@way("project_date_impossible")
def _(p: MadeUpProject) -> Check | None:
    p.project["date"] = "2026-02-30"
    return None


@way("project_date_day_first")
def _(p: MadeUpProject) -> Check | None:
    p.project["date"] = "01/11/2026"
    return None


@way("project_province_a_number")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = 8
    return None


@way("project_province_without_zero")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = "8"
    return None


@way("project_province_by_name")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = "Tuyên Quang"
    return None


@way("project_cell_size_off_range")
def _(p: MadeUpProject) -> Check | None:
    p.project["cell_size_m"] = -100
    return None


@way("project_language_unknown")
def _(p: MadeUpProject) -> Check | None:
    p.project["language"] = "fr"
    return None


@way("project_operators_not_texts")
def _(p: MadeUpProject) -> Check | None:
    p.project["operators"] = [45204]
    return None


@way("project_operator_misspelt")
def _(p: MadeUpProject) -> Check | None:
    p.project["operators"] = ["Vietel", "MobiFone"]
    return None


@way("project_input_not_a_path")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = {"sheet": "BTS"}
    return None


@way("project_input_a_number")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = 7
    return None


@way("project_input_from_database")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "postgresql://localhost/sites"
    return None


@way("project_input_option_misspelt")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = {"path": "sites.csv", "shet": "BTS"}
    p.write("sites.csv", p.csv_text())
    return None


@way("project_general_option_misspelt")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["options"] = {"encodng": "utf-8"}
    return None


@way("project_header_row_zero")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "header_row": 0}
    return None


@way("project_columns_not_a_table")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "columns": "lon"}
    return None


@way("project_delimiter_of_two_letters")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = {"path": "sites.csv", "delimiter": ";;"}
    p.write("sites.csv", p.csv_text())
    return None


@way("project_no_boundaries")
def _(p: MadeUpProject) -> Check | None:
    del p.inputs["boundaries"]
    return None


@way("project_no_sites")
def _(p: MadeUpProject) -> Check | None:
    del p.inputs["sites"]
    return None


@way("project_list_of_sites_empty")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = []
    return None


@way("project_input_not_used_yet")
def _(p: MadeUpProject) -> Check | None:
    p.write("hamlets.csv", "x\n1\n")
    p.inputs["hamlets"] = "hamlets.csv"
    return at()


@way("project_setting_a_text")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD + '\n[settings]\nreach_m = "15 km"\n'
    return None


@way("project_rules_absent")
def _(p: MadeUpProject) -> Check | None:
    p.text = _GOOD.replace("rules.toml", "our_rules.toml")
    return None


@way("project_rules_broken")
def _(p: MadeUpProject) -> Check | None:
    p.write("rules.toml", "[[province]\n")
    return None


@way("project_rules_zone_unknown")
def _(p: MadeUpProject) -> Check | None:
    p.write("rules.toml", '[[province]]\ncode = "99"\nzone_epsg = 4326\n')
    return None


@way("project_rules_operator_not_a_table")
def _(p: MadeUpProject) -> Check | None:
    p.write("rules.toml", 'operator = "Viettel"\n')
    return None


@way("project_name_with_path")
def _(p: MadeUpProject) -> Check | None:
    p.project["name"] = "../../ra ngoài"
    return at()
