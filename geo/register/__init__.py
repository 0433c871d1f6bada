"""The register of dead zones: what became of each between two reviews, and why.

An *identity* is a gap that was listed once; it keeps its id through all reviews. A comparison goes

1. :func:`identities_of`: what the old review stands for (its register, else its zones, listed by it);
2. :func:`find_places`: which new zone is which identity (rule: :mod:`geo.register.succession`);
3. :func:`recorded_of_places`: acceptances, claims and deadlines;
4. :func:`look`: what the new review shows of each place, and what both show under either rule
   (:mod:`geo.register.evidence`, :mod:`geo.register.rules`);
5. :func:`compare`: state (:mod:`geo.register.states`) and causes (:mod:`geo.register.causes`);
6. :func:`require_nothing_lost`.
"""

from geo.register.acceptances import Recorded, claimed_places, recorded_of_places, with_earlier
from geo.register.causes import Cause, Causes, PlaceFacts, SiteNear
from geo.register.changes import Change, files_by_kind, manifest_changes
from geo.register.comparison import Compared, compare, find_places
from geo.register.looking import Looked, look
from geo.register.people import WeightedPoints
from geo.register.register import IDENTITY_COLUMNS, Places, identities_of, require_nothing_lost
from geo.register.rules import RuleSet
from geo.register.settings import RegisterSettings, register_settings
from geo.register.sites import changed_sites
from geo.register.states import CLOSED, STATES
from geo.register.view import SAMPLE_COLUMNS, LayerRasters, ReviewView
from geo.register.zones import Layer, dead_zones, deciding_layers, plane_shapes

__all__ = [
    "CLOSED",
    "IDENTITY_COLUMNS",
    "SAMPLE_COLUMNS",
    "STATES",
    "Cause",
    "Causes",
    "Change",
    "Compared",
    "Layer",
    "LayerRasters",
    "Looked",
    "PlaceFacts",
    "Places",
    "Recorded",
    "RegisterSettings",
    "ReviewView",
    "RuleSet",
    "SiteNear",
    "WeightedPoints",
    "changed_sites",
    "claimed_places",
    "compare",
    "dead_zones",
    "deciding_layers",
    "files_by_kind",
    "find_places",
    "identities_of",
    "look",
    "manifest_changes",
    "plane_shapes",
    "recorded_of_places",
    "register_settings",
    "require_nothing_lost",
    "with_earlier",
]
