/// How the page looks, on a screen, in the dark and on paper.
enum HTMLStyle {
    static let css = """
        :root{--ink:#1c2430;--soft:#5d6978;--line:#dde2e8;--paper:#fff;--back:#f5f7f9;--pass:#1a7f4b;--fail:#c0322b;\
        --error:#b06a00;--skip:#a5afbb;--known:#7d5ba6}
        @media(prefers-color-scheme:dark){:root{--ink:#e4e9ef;--soft:#9aa6b4;--line:#323b47;--paper:#1b2129;\
        --back:#12161b;--pass:#4cc38a;--fail:#f2726b;--error:#e5a445;--skip:#5d6978;--known:#b79be0}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
        main{max-width:70rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
        h1{font-size:1.9rem;margin:.1rem 0 .6rem;line-height:1.2}
        h2{margin:2.4rem 0 .8rem;font-size:1.25rem}
        h3{margin:1.4rem 0 .5rem;font-size:1rem}
        .kicker{margin:0;color:var(--soft);letter-spacing:.08em;text-transform:uppercase;font-size:.75rem}
        .meta{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
        .notes{color:var(--error);padding-left:1.2rem}
        .badge{display:inline-block;padding:.3rem .8rem;border-radius:2rem;color:#fff;font-weight:600}
        .badge.pass{background:#1a7f4b}.badge.fail{background:#c0322b}.badge.error{background:#b06a00}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem;margin-top:1.5rem}
        .card,.case{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.1rem}
        .card h3{margin:0 0 .6rem}
        .level{display:flex;justify-content:space-between;gap:1rem;font-size:.85rem}
        .level span{color:var(--soft);text-align:right}
        .bar{display:flex;height:.55rem;border-radius:.3rem;overflow:hidden;background:var(--line);margin:.2rem 0 .8rem}
        .bar i.pass{background:var(--pass)}.bar i.fail{background:var(--fail)}.bar i.error{background:var(--error)}\
        .bar i.skip{background:var(--skip)}
        .case{margin:.8rem 0;border-left:.3rem solid var(--fail);break-inside:avoid}
        .case.error{border-left-color:var(--error)}.case.known{border-left-color:var(--known)}
        .case h3{margin:0 0 .4rem;font-weight:600}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem;margin:.3rem 0}
        dt{color:var(--soft);font-size:.85rem}dd{margin:0;overflow-wrap:anywhere}
        code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;font-size:.86em}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--back);border:1px solid var(--line);\
        border-radius:.4rem;padding:.8rem;max-height:30rem;overflow-y:auto}
        summary{cursor:pointer;color:var(--soft)}
        td summary{color:inherit}
        table{border-collapse:collapse;width:100%;background:var(--paper);border:1px solid var(--line);font-size:.9rem}
        th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
        th{color:var(--soft);font-weight:600;font-size:.8rem}
        .lvl{color:var(--soft);font-size:.78rem;white-space:nowrap}
        .mark{text-align:center;font-weight:700;width:5rem}
        .mark.pass{color:var(--pass)}.mark.fail{color:var(--fail)}.mark.error{color:var(--error)}\
        .mark.skip{color:var(--skip)}.mark.known{color:var(--known)}
        @media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--back:#fff}
        body{font-size:10pt}main{max-width:none;padding:0}details:not([open]){display:none}td details{display:block!important}
        *{-webkit-print-color-adjust:exact;print-color-adjust:exact}tr{break-inside:avoid}}
        """
}
