/** @file How a report looks: light, quiet, set for A4 and for a window alike. No font, picture or script from elsewhere. */
import { Html } from './html.ts';

export const STYLE = new Html(`
:root { color-scheme: light; --text: #17202b; --muted: #566474; --line: #d5dce4; --rule: #17202b; --soft: #f3f5f8; }
* { box-sizing: border-box; }
html { background: #e9edf1; }
body {
  max-width: 210mm; margin: 8mm auto; padding: 16mm 15mm 18mm; background: #fff; color: var(--text);
  font: 10pt/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif;
  font-variant-numeric: tabular-nums; -webkit-print-color-adjust: exact; print-color-adjust: exact;
}
h1 { margin: 0 0 1mm; font-size: 19pt; line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 9mm 0 2.5mm; font-size: 12.5pt; line-height: 1.25; font-weight: 650; break-after: avoid; }
p { margin: 0 0 2.5mm; max-width: 165mm; }
a { color: #1768a8; }
ul { margin: 0 0 2.5mm; padding-left: 5mm; max-width: 170mm; }
li { margin-bottom: 1mm; }
code { font: 7pt/1.45 ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
.lead { color: var(--muted); margin-bottom: 5mm; }
.muted { color: var(--muted); }
.small { font-size: 8.5pt; line-height: 1.4; }
.head { border-bottom: 0.6pt solid var(--line); margin-bottom: 5mm; }

figure { margin: 4mm 0 6mm; }
figure.plot { break-inside: avoid; }
.table { margin: 4mm 0 6mm; break-inside: avoid; }
figcaption, caption { font-size: 8.5pt; line-height: 1.4; color: var(--muted); text-align: left; max-width: 176mm; }
caption { caption-side: top; padding-bottom: 1.5mm; }
figcaption { margin-top: 1.5mm; }
figcaption b, caption b { color: var(--text); }

table { width: 100%; border-collapse: collapse; font-size: 8.5pt; line-height: 1.35; }
thead th { border-top: 1pt solid var(--rule); border-bottom: 0.6pt solid var(--rule); font-weight: 600; vertical-align: bottom; }
tbody tr:last-child > * { border-bottom: 1pt solid var(--rule); }
th, td { padding: 1.1mm 2mm 1.1mm 0; text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
tbody th { font-weight: 500; }
.dense table { font-size: 8pt; }
.dense th, .dense td { padding-right: 1.5mm; }
tbody tr.group > * { border-top: 0.4pt solid var(--line); }
td.n, th.n { text-align: right; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 3mm; }
td.ci, th.name { white-space: nowrap; }
.hash { white-space: nowrap; font-size: 6.3pt; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.key { display: inline-block; width: 16px; height: 8px; margin-right: 1.6mm; vertical-align: 0.3mm; }
.legend { display: flex; flex-wrap: wrap; gap: 0.5mm 5mm; margin: 0 0 1.5mm; font-size: 8.5pt; }
.better { color: #1b7a55; font-weight: 600; }
.worse { color: #a32f27; font-weight: 600; }

.charts { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 3mm; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-family: inherit; fill: var(--text); }
svg .title { font-size: 9.5px; font-weight: 600; }
svg .tick, svg .label { font-size: 8px; font-weight: 400; fill: var(--muted); }
svg .grid { stroke: #e3e8ee; stroke-width: 0.6; }
svg .axis { stroke: #8493a4; stroke-width: 0.7; }
svg .line { stroke-width: 1.4; stroke-linejoin: round; }
svg .chance { stroke: #8493a4; stroke-width: 0.7; stroke-dasharray: 2 2; }
svg.bar { width: 30mm; height: auto; }

.film { margin: 0 0 5mm; break-inside: avoid; }
.film h3 { margin: 0 0 1.2mm; font-size: 9pt; line-height: 1.35; font-weight: 600; }
.film h3 i { font-style: normal; white-space: nowrap; }
.film h3 span { font-weight: 400; color: var(--muted); }
.pictures { display: grid; gap: 2mm; }
.pictures + .pictures { margin-top: 2.5mm; }
.pictures > div { min-width: 0; font-size: 7.5pt; line-height: 1.3; }
.pictures img { display: block; width: 100%; aspect-ratio: 1; background: #000; margin-bottom: 0.8mm; }
.pictures img.coarse { image-rendering: pixelated; }
.pictures .none { display: grid; place-items: center; aspect-ratio: 1; background: var(--soft); color: var(--muted); text-align: center; padding: 2mm; margin-bottom: 0.8mm; }
.pictures b { display: block; font-weight: 600; }
.wrong { color: #a32f27; font-weight: 600; }
.scale { break-after: avoid; display: flex; align-items: center; gap: 2mm; font-size: 8pt; color: var(--muted); margin-bottom: 3mm; }
.scale svg { width: 40mm; height: 3mm; }
.common { break-inside: avoid; display: grid; grid-template-columns: max-content 1fr; gap: 0.8mm 5mm; margin: 0 0 4mm; font-size: 8.5pt; line-height: 1.4; }
.common dt { color: var(--muted); }
.common dd { margin: 0; overflow-wrap: anywhere; }

@page { size: A4; margin: 15mm 14mm 16mm; }
@media print {
  html { background: none; }
  body { margin: 0; padding: 0; max-width: none; }
  a { color: inherit; }
}
@media screen and (max-width: 200mm) {
  body { margin: 0; padding: 8mm 5mm; }
  .table { overflow-x: auto; }
}
`);
