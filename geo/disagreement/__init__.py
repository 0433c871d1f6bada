"""Three-way disagreement: what an operator claims, what was measured, what is modelled.

How to call
-----------
::

    settings = disagreement_settings(served_share=..., unserved_share=...)   # keywords replace single fields
    counted = count_observations(observations, grid.epsg, planning_dbm=levels, settings=measured_settings(), changes=...)
    cells = measured_cells(counted, grid)                                    # geo.measured
    found = find_disagreement(claims, coverage, index, units, cells, settings, people=people, sites=sites,
                              planning_dbm=levels, correlation=correlation)
    found.zones          # disagreement.csv: where they differ, in which class, with which likely reason
    found.by_area        # claims_by_commune.csv: areas and people per class, reliability of the claim
    found.three_way      # claim × measured × modelled, complete
    found.sieved         # what is too small to be drawn

``claims`` is what :func:`geo.io.coverage_claims.read_coverage_claims` returns. One layer is in memory at a time; the steps
(:func:`claim_layer`, :func:`compare_layer`, :func:`find_zones`, :func:`claims_by_area`) can be called layer by layer as well.
"""

from geo.disagreement.claim_layers import ClaimLayer, claim_layer, claimed_layers
from geo.disagreement.classes import (
    CONTRADICTIONS,
    Claim,
    Disagreement,
    Measured,
    Modelled,
    classify,
    measured_verdict,
    modelled_verdict,
)
from geo.disagreement.comparing import (
    Amounts,
    ComparedLayer,
    amounts,
    cell_area_km2,
    compare_layer,
    three_way,
)
from geo.disagreement.finding import FoundDisagreement, find_disagreement
from geo.disagreement.reasons import REASONS, LayerFacts, layer_facts
from geo.disagreement.reliability import (
    EVIDENCE,
    Reliability,
    claim_reliability,
    clopper_pearson,
    evidence_of,
)
from geo.disagreement.settings import DisagreementSettings, disagreement_settings
from geo.disagreement.summary import AREA_COLUMNS, Areas, areas_of, claims_by_area
from geo.disagreement.zones import SIEVED_COLUMNS, ZONE_COLUMNS, find_zones

__all__ = [
    "AREA_COLUMNS",
    "CONTRADICTIONS",
    "EVIDENCE",
    "REASONS",
    "SIEVED_COLUMNS",
    "ZONE_COLUMNS",
    "Amounts",
    "Areas",
    "Claim",
    "ClaimLayer",
    "ComparedLayer",
    "Disagreement",
    "DisagreementSettings",
    "FoundDisagreement",
    "LayerFacts",
    "Measured",
    "Modelled",
    "Reliability",
    "amounts",
    "areas_of",
    "cell_area_km2",
    "claim_layer",
    "claim_reliability",
    "claimed_layers",
    "claims_by_area",
    "classify",
    "clopper_pearson",
    "compare_layer",
    "disagreement_settings",
    "evidence_of",
    "find_disagreement",
    "find_zones",
    "layer_facts",
    "measured_verdict",
    "modelled_verdict",
    "three_way",
]
