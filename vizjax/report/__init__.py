"""Self-contained HTML pages: everything embedded, readable on a phone and on paper."""

from vizjax.report.differences import in_order
from vizjax.report.gallery import Group, Panel, Section, data_uri, page
from vizjax.report.of_runs import runs_page
