/** The colours of the page, light and dark; every pair of ink and ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3). */
export const colours = {
  light: {
    ground: '#ffffff',
    raised: '#f3f5f7',
    ink: '#1a1f24',
    quiet: '#56606a',
    line: '#c9d0d6',
    link: '#0b57a4',
    good: '#14662b',
    bad: '#a8201a',
    warn: '#7a4d00',
  },
  dark: {
    ground: '#14181c',
    raised: '#1e242a',
    ink: '#e6eaee',
    quiet: '#a3adb7',
    line: '#3b444d',
    link: '#8cc2ff',
    good: '#7fd693',
    bad: '#ff9d94',
    warn: '#f2c063',
  },
} as const

const variables = (of: Record<string, string>): string =>
  Object.entries(of)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')

/** The whole style sheet. The page's policy names its hash, so nothing else can style the page. */
export const style = `
:root{color-scheme:light dark;${variables(colours.light)}}
@media (prefers-color-scheme:dark){:root{${variables(colours.dark)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance}
h2{margin-top:2.5rem}
h3{margin:1.5rem 0 .5rem;font-size:1.05rem}
h4{margin:1rem 0 .25rem;font-size:.9rem}
p{max-width:48rem;margin:.5rem 0}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px}
nav ul,ul.claims{padding:0;list-style:none}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;min-width:44rem;table-layout:fixed}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{font-size:.85rem;vertical-align:bottom}
thead th:first-child{width:42%}
tbody th{font-weight:normal}
th:first-child{position:sticky;left:0;background:var(--ground)}
td{overflow-wrap:break-word}
td a{color:inherit}
td.number{font-variant-numeric:tabular-nums}
td details{margin:0;border:0;padding:0;background:none}
td ul{margin:.25rem 0;padding-left:1rem;font-size:.85rem}
code,pre,.id{font-family:ui-monospace,monospace;font-size:.85em}
.id,.quiet,caption{color:var(--quiet)}
.id{display:block}
caption{text-align:left;padding:.25rem 0;font-size:.85rem}
.good{color:var(--good)}.bad{color:var(--bad)}.warn,.surprise{color:var(--warn)}.dim{color:var(--quiet)}
details{margin:.4rem 0;border:1px solid var(--line);border-radius:.4rem;padding:.4rem .8rem}
details details{background:var(--raised)}
summary{cursor:pointer}
summary .id{display:inline;margin-left:.5rem}
main>section>details[open]>summary{position:sticky;top:0;z-index:1;margin:-.4rem -.8rem 0;padding:.4rem .8rem;border-bottom:1px solid var(--line);border-radius:.4rem .4rem 0 0;background:var(--ground)}
.back{float:right;font-size:.85rem;font-weight:normal}
:target{scroll-margin-top:1rem;outline:2px solid var(--link);outline-offset:.4rem}
details :target{scroll-margin-top:3.75rem}
details details :target{scroll-margin-top:6rem}
figure{margin:.5rem 0 .75rem;padding-left:.75rem;border-left:3px solid var(--line)}
figcaption{font-size:.9rem}
.kind{font-size:.75rem;border:1px solid var(--line);border-radius:.3rem;padding:0 .35rem;color:var(--quiet)}
pre{margin:.25rem 0;padding:.5rem;background:var(--raised);border-radius:.3rem;white-space:pre-wrap;overflow-wrap:anywhere;direction:ltr;unicode-bidi:isolate}
details details pre{background:var(--ground)}
pre.hex{white-space:pre;overflow-x:auto}
@media (max-width:40rem){
body{padding:1rem .75rem}
h1{font-size:1.5rem}
table{min-width:42rem}
thead th:first-child{width:9rem}
th,td{padding:.35rem .4rem;font-size:.9rem}
details details{padding:.4rem .5rem}
}
@media print{
:root{${variables(colours.light)};font-size:9pt}
body{max-width:none;padding:0}
table{min-width:0}
nav,.back{display:none}
:target{outline:0}
main>section>details[open]>summary,th:first-child{position:static}
a{text-decoration:none;color:inherit}
.scroll{overflow:visible}
thead{display:table-header-group}
tr,figure{break-inside:avoid}
h2{break-after:avoid}
details:not([open]){display:none}
details,details details{border:0;padding:0;background:none}
pre.hex{white-space:pre-wrap}
}
`
