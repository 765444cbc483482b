"""How a report looks: light and dark, on a phone, on paper.

Stage 5 (evaluation).
"""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--text:#1c2321;--quiet:#5b6663;--page:#fdfdfb;--line:#dfe3df;--mark:31 111 92;--warn:#fff3d6}
@media(prefers-color-scheme:dark){:root{--text:#e6eae8;--quiet:#9fabA7;--page:#141817;--line:#303835;--mark:88 190 160;--warn:#3d3212}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}
.lead{font-size:1.15rem;color:var(--quiet);margin:.2rem 0 1rem;overflow-wrap:anywhere}
.warning{background:var(--warn);padding:.7rem 1rem;border-radius:.5rem}
ul.warning{padding-inline-start:2rem}td ul{margin:0;padding:0;list-style:none}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;margin:1rem 0}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin-bottom:1rem}
table{border-collapse:collapse;min-width:60%;font-variant-numeric:tabular-nums}
caption{text-align:start;color:var(--quiet);font-size:.87rem;padding-bottom:.3rem}
th,td{padding:.35rem .7rem;border-bottom:1px solid var(--line);text-align:start;vertical-align:baseline}
thead th{font-size:.87rem;color:var(--quiet)}tbody th{font-weight:500;min-width:5.5rem;max-width:22rem;overflow-wrap:break-word}
small{color:var(--quiet);white-space:nowrap}
.confusion td{padding:.15rem}
.confusion td span{display:block;min-width:3rem;padding:.25rem .5rem;border-radius:.3rem;text-align:end;background:rgb(var(--mark)/calc(var(--share)*.55))}
.notes{color:var(--quiet);padding-inline-start:1.2rem}
pre{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem;padding:1rem;font-size:.85rem}
@media(max-width:30rem){main{padding:1rem .7rem 3rem}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}th,td{padding:.3rem .45rem}}
@media print{.scroll{overflow:visible}}
""".replace("\n", "")
