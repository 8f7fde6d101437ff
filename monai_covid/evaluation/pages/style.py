"""The style sheet of the summary page."""

STYLE_SHEET = """\
:root {
  color-scheme: light dark;
  --paper: #fbfbfa; --card: #ffffff; --ink: #1d2125; --faint: #5b646d; --rule: #e1e4e8;
  --accent: #005b8f; --notice: #fff4e5; --notice-ink: #7a3e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1d2125; --ink: #e8eaed; --faint: #a3adb7; --rule: #343a41;
    --accent: #6cb8e6; --notice: #3a2a12; --notice-ink: #ffd9a8;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0.9rem 0 0.5rem; letter-spacing: -0.01em; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.6rem; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 0.5rem; }
p { max-width: 46rem; margin: 0 0 0.8rem; color: var(--faint); }
p.lead { font-size: 1.1rem; color: var(--ink); }
p.notice {
  display: inline-block; margin: 0; padding: 0.25rem 0.75rem; border-radius: 999px;
  background: var(--notice); color: var(--notice-ink); font-size: 0.875rem; font-weight: 600;
}
.cards {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.9rem;
  margin-top: 1.6rem;
}
.card {
  background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 0.9rem 1.1rem;
}
.card .name { font-size: 0.875rem; color: var(--faint); }
.card .value {
  font-size: 1.9rem; font-weight: 650; line-height: 1.25; color: var(--accent);
  font-variant-numeric: tabular-nums;
}
.interval { font-size: 0.8125rem; color: var(--faint); font-variant-numeric: tabular-nums; }
.scroll {
  overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
}
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 0.55rem 0.9rem; text-align: right; white-space: nowrap; vertical-align: top; }
thead th { font-size: 0.8125rem; font-weight: 600; color: var(--faint); vertical-align: bottom; }
tbody tr { border-top: 1px solid var(--rule); }
th[scope="row"], thead th:first-child { text-align: left; }
td .interval { display: block; }
td.undefined { color: var(--faint); font-style: italic; }
.pictures {
  display: grid; grid-template-columns: 1fr 1fr; gap: 1.1rem; align-items: start;
}
.scroll + .pictures { margin-top: 1.1rem; }
figure {
  margin: 0; padding: 0.75rem; background: #ffffff;
  border: 1px solid var(--rule); border-radius: 10px;
}
figure img { display: block; width: 100%; height: auto; }
figcaption { margin-top: 0.5rem; font-size: 0.8125rem; color: #5b646d; }
figure.wide { grid-column: 1 / -1; }
@media (max-width: 48rem) { figure { grid-column: 1 / -1; } }
footer {
  margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule);
  font-size: 0.875rem; color: var(--faint);
}
@media print { body { background: #ffffff; } figure, .card { break-inside: avoid; } }
"""
