"""Point-to-point path loss by Recommendation ITU-R P.1812, every intermediate value available.

Plain numpy, one idea per module: ``path`` (what is given), ``refractivity``, ``horizons``,
``smooth_earth``, ``bullington``, ``spherical_earth``, ``mechanisms``, ``blending``, ``location``,
``normal`` (formulas on arrays), ``loss`` (their order) and ``result``.
"""

from geo.propagation.p1812.bullington import bullington, bullington_loss_db, knife_edge_loss_db
from geo.propagation.p1812.location import location_height_factor, location_spread_db
from geo.propagation.p1812.loss import MODEL, basic_transmission_loss
from geo.propagation.p1812.normal import inverse_complementary_normal
from geo.propagation.p1812.path import Path
from geo.propagation.p1812.refractivity import ducting_incidence_percent, effective_earth_radius_km
from geo.propagation.p1812.result import P1812Result
from geo.propagation.p1812.spherical_earth import first_term_loss_db, spherical_earth_loss_db

__all__ = [
    "MODEL",
    "P1812Result",
    "Path",
    "basic_transmission_loss",
    "bullington",
    "bullington_loss_db",
    "ducting_incidence_percent",
    "effective_earth_radius_km",
    "first_term_loss_db",
    "inverse_complementary_normal",
    "knife_edge_loss_db",
    "location_height_factor",
    "location_spread_db",
    "spherical_earth_loss_db",
]
