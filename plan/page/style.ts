/** The page's style sheet. Light and dark follow the reader's system; on a narrow screen tables become lists. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#161b24;--soft:#566072;--rule:#dfe3ea;
--accent:#1f5fd0;
--good:#13703f;--good-tint:#e3f4ea;--warn:#8a5300;--warn-tint:#fdf0d7;--bad:#b3231b;--bad-tint:#fde7e5;--calm:#4a5568;
--calm-tint:#e9edf3;--network:#8291a8;--node:#fff;--shade:0 1px 2px rgb(16 24 40/.06)}
@media (prefers-color-scheme:dark){:root{--paper:#0f131a;--card:#171d27;--ink:#e7ebf2;--soft:#9aa6b8;--rule:#2a3341;
--accent:#7fb0ff;--good:#6fd39b;--good-tint:#12301f;--warn:#f2bd62;--warn-tint:#352507;--bad:#ff8e85;
--bad-tint:#3d1613;
--calm:#a9b5c7;--calm-tint:#232c3a;--network:#66758c;--node:#1d2531;--shade:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main,.top>div,footer{max-width:1160px;margin:0 auto;padding:0 24px}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.unseen{position:absolute;left:-9999px}
.unseen:focus{left:8px;top:8px;background:var(--card);padding:8px 12px;z-index:1}
.top{background:var(--card);border-bottom:1px solid var(--rule)}
.top>div{padding-top:28px;padding-bottom:20px}
h1{font-size:28px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:20px;line-height:1.3;margin:44px 0 14px;letter-spacing:-.005em}
h3{font-size:16px;margin:22px 0 10px}
p{margin:0 0 12px;max-width:72ch}
.soft{color:var(--soft)}
.small{font-size:14px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:14px 0 0;padding:0;font-size:15px}
code,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace;
font-size:.875em}
code,.mono,dd,td,.path{overflow-wrap:anywhere}
.tiles+p{margin:12px 0 0}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:12px;margin:24px 0 0;padding:0;list-style:none}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 16px;
box-shadow:var(--shade)}
.tile b{display:block;font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}
.tile.fail b{color:var(--bad)}.tile.open b,.tile.accepted b{color:var(--warn)}.tile.pass b{color:var(--good)}
.tile.zero b{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--rule);border-radius:12px;box-shadow:var(--shade)}
.notice{margin-top:20px;padding:18px 22px;border-left:4px solid var(--warn)}
.notice h2{margin:0 0 8px;font-size:18px}
.notice ol{margin:0;padding-left:22px}
.notice li{margin:6px 0}
.tag{display:inline-block;border-radius:999px;padding:1px 10px;font-size:13px;font-weight:600;white-space:nowrap;
line-height:1.6}
.tag.fail,.tag.critical,.tag.weaker{background:var(--bad-tint);color:var(--bad)}
.tag.open,.tag.accepted,.tag.high{background:var(--warn-tint);color:var(--warn)}
.tag.pass,.tag.stronger{background:var(--good-tint);color:var(--good)}
.tag.skip,.tag.medium,.tag.low,.tag.other{background:var(--calm-tint);color:var(--calm)}
figure{margin:0;padding:20px}
figcaption{margin-top:14px;color:var(--soft);font-size:14px}
.key{display:flex;flex-wrap:wrap;gap:6px 20px;list-style:none;margin:0 0 8px;padding:0}
.key li::before{content:"";display:inline-block;width:22px;height:4px;border-radius:2px;margin-right:8px;
vertical-align:middle;background:var(--network)}
.key .open::before{background:var(--warn)}.key .danger::before{background:var(--bad)}
svg.topology{display:block;width:100%;height:auto;font-family:inherit}
svg.tall{display:none;max-width:420px;margin:0 auto}
svg text{fill:var(--ink)}
svg .name{font-size:14px;font-weight:600}
svg .note{font-size:12px;fill:var(--soft)}
svg .node rect{fill:var(--node);stroke:var(--rule);stroke-width:1.5}
svg .node.edge rect{stroke:var(--accent);stroke-width:2}
svg .node.postgres rect,svg .node.redis rect{stroke:var(--good);stroke-width:1.5}
svg .node.socket-proxy rect{stroke:var(--bad)}
svg .outside rect{fill:var(--calm-tint);stroke:none}
svg .line{fill:none;stroke:var(--network);stroke-width:1.75}
svg .line.plain{stroke:var(--accent);stroke-width:2}svg .line.open{stroke:var(--warn);stroke-width:2}
svg .line.danger{stroke:var(--bad);stroke-width:2}
svg .bar,svg .joint{fill:var(--network)}svg .joint.open{fill:var(--warn)}svg .joint.danger{fill:var(--bad)}
svg .head{fill:var(--accent)}svg .head.open{fill:var(--warn)}svg .head.danger{fill:var(--bad)}
svg .label{font-size:12.5px;font-weight:600;fill:var(--soft)}svg .label.open{fill:var(--warn)}svg .label.danger{
fill:var(--bad)}svg .label.port{fill:var(--accent)}
table{width:100%;border-collapse:collapse;font-size:15px}
th,td{text-align:left;vertical-align:top;padding:10px 14px;border-top:1px solid var(--rule)}
thead th{border-top:0;font-size:13px;color:var(--soft);font-weight:600}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
.found{margin:0 0 2px;font-weight:500}
.finding{margin:0;color:var(--soft);font-size:14px}
.inline{width:1%}
ul.plain{list-style:none;margin:0;padding:0;font-size:14.5px}
.rule{font-weight:600}
details{margin-top:14px}
summary{cursor:pointer;font-weight:600;padding:4px 0}
details .card{margin-top:10px}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;align-items:start}
.item{padding:18px 20px}
.item header{margin-bottom:12px}
.item header p{margin:2px 0 0;color:var(--soft);font-size:14px;overflow-wrap:anywhere}
.item h3{margin:0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:118px minmax(0,1fr);gap:6px 14px;margin:0;font-size:14.5px}
dt{color:var(--soft)}
dd{margin:0}
dd ul{list-style:none;margin:0;padding:0}
dd.weak{color:var(--warn);font-weight:500}
dd.weak::before{content:"\\26A0\\FE0E\\00A0";float:left}
.changes{list-style:none;margin:0;padding:0}
.changes li{padding:12px 18px;border-top:1px solid var(--rule);display:grid;grid-template-columns:92px minmax(0,1fr);
gap:4px 14px}
.changes li:first-child{border-top:0}
.changes .tag{justify-self:start}
.changes .what{grid-column:2;font-size:14.5px}
del{color:var(--soft)}
ins{text-decoration:none;font-weight:600}
footer{padding-top:28px;padding-bottom:48px;color:var(--soft);font-size:14px}
@media (max-width:800px){
main,.top>div,footer{padding-left:16px;padding-right:16px}
.tiles{grid-template-columns:repeat(2,1fr)}
.tile:last-child{grid-column:1/-1}
.grid{grid-template-columns:minmax(0,1fr)}
svg.wide{display:none}svg.tall{display:block}
figure{padding:14px 10px}
h1{font-size:24px}
table.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.stack tr{display:block;padding:12px 16px;border-top:1px solid var(--rule)}
table.stack tbody tr:first-child{border-top:0}
table.stack td,table.stack th{display:block;border:0;padding:2px 0}
table.stack td.inline{display:inline-block;width:auto;margin-right:8px}
.matrix table{font-size:13px}.matrix th,.matrix td{padding:8px 4px}.matrix thead th{font-size:12px}.matrix .tag{
padding:1px 8px;font-size:12px}.matrix tr>:last-child{padding-right:12px}.matrix tr>:first-child{padding-left:12px}
dl{grid-template-columns:minmax(0,1fr);gap:0}
dt{margin-top:8px;font-size:13px}
.changes li{grid-template-columns:minmax(0,1fr)}
.changes .what{grid-column:1}
}
@media print{body{background:#fff}.card,.tile{box-shadow:none}nav,.unseen{display:none}}
`;
