"""Self-contained HTML pages: everything embedded, readable on a phone and on paper."""

from vizjax.report.gallery import Group, Panel, Section, data_uri, page
