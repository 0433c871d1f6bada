"""Does each area meet the standard: evidence from clustered, skewed, scarce samples.

::

    given = clusters_of(area, cluster, areas)              # a cluster: one car in one minute, one phone in one place
    share_evidence(level_dbm >= -110, given, 0.95, evidence_settings())
    mean_evidence(download_mbps, given, 40.0, evidence_settings())
    percentile_evidence(download_mbps, given, 0.1, 10.0, evidence_settings())
    q_values(found.p_contradicted)                         # controls the list of areas to challenge, nothing else
"""

from geo.standards.effective import Clusters, EffectiveSizes, clusters_of, effective_sizes
from geo.standards.many import q_values, spent_error
from geo.standards.means import MeanEvidence, mean_evidence
from geo.standards.percentiles import PercentileEvidence, percentile_evidence
from geo.standards.settings import EvidenceSettings, evidence_settings
from geo.standards.shares import EVIDENCE, Comparator, ShareEvidence, share_evidence, share_needed

__all__ = [
    "EVIDENCE",
    "Clusters",
    "Comparator",
    "EffectiveSizes",
    "EvidenceSettings",
    "MeanEvidence",
    "PercentileEvidence",
    "ShareEvidence",
    "clusters_of",
    "effective_sizes",
    "evidence_settings",
    "mean_evidence",
    "percentile_evidence",
    "q_values",
    "share_evidence",
    "share_needed",
    "spent_error",
]
