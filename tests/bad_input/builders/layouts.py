"""Tables whose rows and columns are laid out in a way that would lose or misread some of them."""

from __future__ import annotations

from tests.bad_input.builders import way
from tests.bad_input.builders.places import no_sites
from tests.bad_input.made_up_project import Check, MadeUpProject


@way("table_two_stray_quotes")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text().replace("Trạm 2", '"Trạm 2').replace("Trạm 4", '"Trạm 4'))
    return no_sites
