/// How the page looks, on a screen, in the dark and on paper.
enum HTMLStyle {
    static let css = """
        :root{--ink:#18202b;--soft:#5b6776;--line:#e1e6ec;--paper:#fff;--back:#f4f6f9;--quiet:#eef1f5;\
        --pass:#17804a;--fail:#c62f29;--error:#8f5600;--skip:#c3cbd5;--known:#7a55a8;--gap:#e4e9ef;--link:#1f5fbf;\
        --passback:#e8f5ee;--failback:#fdeeed;--errorback:#fdf3e2;--knownback:#f3eefa}
        @media screen and (prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#98a4b3;--line:#2c3540;--paper:#181e26;--back:#0f1318;\
        --quiet:#202832;--pass:#3fbf7f;--fail:#f0716a;--error:#e3a444;--skip:#4a5664;--known:#b597e0;--gap:#2c3540;--link:#7fb0f5;\
        --passback:#14291f;--failback:#331a1a;--errorback:#322612;--knownback:#251d33}}
        *{box-sizing:border-box}[hidden]{display:none!important}
        html{scroll-behavior:smooth}
        body{margin:0;background:var(--back);color:var(--ink);\
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:74rem;margin:0 auto;padding:2.75rem 1.5rem 4rem}
        h1{font-size:2rem;line-height:1.2;letter-spacing:-.015em;margin:.15rem 0 1.1rem;overflow-wrap:anywhere}
        h2{margin:2.75rem 0 .9rem;font-size:1.2rem;letter-spacing:-.005em}
        h2 small{color:var(--soft);font-weight:400;margin-left:.3rem}
        h3{margin:0;font-size:1rem}
        a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
        code,pre{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.86em}
        .kicker{margin:0;color:var(--soft);letter-spacing:.09em;text-transform:uppercase;font-size:.72rem;font-weight:600}
        .verdict{display:flex;gap:1rem;align-items:center;border-radius:.7rem;padding:1rem 1.2rem;margin:0 0 1.2rem;border:1px solid}
        .verdict b{flex:none;width:2.4rem;height:2.4rem;border-radius:50%;display:grid;place-items:center;color:#fff;font-size:1.3rem}
        .verdict strong{display:block;font-size:1.15rem}.verdict span{color:var(--soft)}
        .verdict.pass{background:var(--passback);border-color:var(--pass)}.verdict.pass b{background:var(--pass)}
        .verdict.fail{background:var(--failback);border-color:var(--fail)}.verdict.fail b{background:var(--fail)}
        .verdict.known{background:var(--knownback);border-color:var(--known)}.verdict.known b{background:var(--known);font-size:1rem}
        .verdict.error{background:var(--errorback);border-color:var(--error)}.verdict.error b{background:var(--error)}
        .facts{display:flex;flex-wrap:wrap;gap:.3rem 2rem;margin:0}
        .facts dt{color:var(--soft);font-size:.78rem;width:100%}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,max-content));\
        grid-auto-flow:column;grid-template-rows:auto auto}
        .facts dd{margin:0;overflow-wrap:anywhere}
        .notes{color:var(--error);padding-left:1.2rem;margin:1.2rem 0 0}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem}
        .card,.case,.chapter{background:var(--paper);border:1px solid var(--line);border-radius:.7rem}
        .card{padding:1.1rem 1.2rem .5rem}
        .card h3{margin-bottom:.7rem}
        .row{display:flex;justify-content:space-between;gap:1rem;font-size:.86rem}
        .row span:first-child{color:var(--soft);font-weight:600;font-size:.78rem;letter-spacing:.04em}
        .row em{font-style:normal}em.fail{color:var(--fail)}em.known{color:var(--known)}em.error{color:var(--error)}
        .bar{display:flex;gap:1px;height:.5rem;border-radius:.25rem;overflow:hidden;margin:.25rem 0 .85rem}
        .bar i{min-width:2px}
        .bar .pass,.legend .pass{background:var(--pass)}.bar .fail,.legend .fail{background:var(--fail)}
        .bar .known,.legend .known{background:var(--known)}.bar .error,.legend .error{background:var(--error)}
        .bar .skip,.legend .skip{background:var(--skip)}.bar .gap,.legend .gap{background:var(--gap)}
        .legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.7rem 0 0;color:var(--soft);font-size:.8rem}
        .legend i{display:inline-block;width:.7rem;height:.7rem;border-radius:.2rem;margin-right:.4rem;vertical-align:-.05rem}
        .legend .gap{border:1px solid var(--skip)}
        .level{font-size:.68rem;font-weight:700;letter-spacing:.04em;color:var(--soft);white-space:nowrap}
        h3 .level{border:1px solid var(--line);border-radius:.3rem;padding:.1rem .4rem;vertical-align:.1rem}
        .case{margin:.8rem 0;padding:1rem 1.2rem;border-left:.3rem solid var(--fail);break-inside:avoid;scroll-margin-top:1rem}
        .case.error{border-left-color:var(--error)}.case.known{border-left-color:var(--known)}
        .case:target{box-shadow:0 0 0 .2rem var(--errorback)}
        .case h3{font-weight:600;overflow-wrap:anywhere}
        .case p{margin:.3rem 0}.bound{color:var(--soft);font-size:.88rem}
        .case dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.6rem 0 .3rem}
        .case dt{color:var(--soft);font-size:.82rem;padding-top:.1rem}
        .case dd{margin:0;overflow-wrap:anywhere}
        dd.expected,dd.got,dd.at,dd.place{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.86em}
        dd.expected{color:var(--pass)}dd.got{color:var(--fail)}dd.place{color:var(--soft)}
        summary{cursor:pointer}
        .wire summary,.case details summary{color:var(--link);font-size:.86rem}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--quiet);border-radius:.5rem;padding:.9rem;margin:.5rem 0 0;\
        max-height:32rem;overflow-y:auto;line-height:1.45}
        pre b{color:var(--soft);font-weight:600}.sent{color:var(--link)}.note{color:var(--error)}
        .filter{display:flex;flex-wrap:wrap;gap:.4rem;align-items:center;margin:0 0 1rem}
        .filter input{flex:1 1 14rem;min-width:10rem;font:inherit;font-size:.9rem;padding:.4rem .7rem;border:1px solid var(--line);\
        border-radius:.5rem;background:var(--paper);color:var(--ink)}
        .filter button{font:inherit;font-size:.82rem;padding:.4rem .75rem;border:1px solid var(--line);border-radius:2rem;\
        background:var(--paper);color:var(--ink);cursor:pointer}
        .filter button[aria-pressed=true]{background:var(--ink);color:var(--paper);border-color:var(--ink)}
        .filter output{color:var(--soft);font-size:.82rem;margin-left:.3rem}
        .chapter{margin:.5rem 0;overflow:hidden}
        .chapter>summary{display:grid;grid-template-columns:minmax(9rem,1fr) minmax(6rem,16rem) 6rem;gap:1rem;align-items:center;\
        padding:.7rem 1.1rem;list-style-position:inside}
        .chapter>summary::-webkit-details-marker{display:none}
        .chapter>summary b::before{content:"▸";display:inline-block;width:1.1rem;color:var(--soft)}
        .chapter[open]>summary b::before{content:"▾"}
        .chapter>summary .bar{margin:0}.count{color:var(--soft);font-size:.82rem;text-align:right}
        .columns,.item>summary,.line{display:grid;grid-template-columns:11.5rem 5.8rem 1fr auto;gap:.8rem;align-items:baseline;\
        padding:.4rem 1.1rem;border-top:1px solid var(--line)}
        .columns{padding-top:.25rem;padding-bottom:.25rem;background:var(--quiet);font-size:.68rem;color:var(--soft);font-weight:600}
        .columns .marks{grid-column:4}.columns i{font-weight:600;font-style:normal}
        .item>summary{list-style:none}.item>summary::-webkit-details-marker{display:none}
        .item>summary:hover{background:var(--quiet)}
        .item[open]>summary{background:var(--quiet)}
        .item .inside{background:var(--back);padding:.3rem 0}
        .inside .why{margin:.2rem 1.1rem;color:var(--soft);font-size:.86rem}
        .line{grid-template-columns:11.5rem 1fr auto;font-size:.9rem}.inside .line{border-top:0;padding-left:2.2rem}
        .line .text small{display:block;color:var(--soft);overflow-wrap:anywhere}
        .chapter>.inside{padding:.2rem 1rem .6rem}
        code{overflow-wrap:anywhere}
        .marks{display:inline-flex}.marks i{width:4.6rem;text-align:center;font-style:normal;font-weight:700}
        .marks .pass{color:var(--pass)}.marks .fail{color:var(--fail)}.marks .error{color:var(--error)}
        .marks .skip{color:var(--skip)}.marks .known{color:var(--known)}
        footer{margin-top:3rem;color:var(--soft);font-size:.8rem}
        @media(max-width:60rem){.columns{display:none}.item>summary,.line{grid-template-columns:1fr auto}
        .item>summary .text,.line .text{grid-column:1/-1;order:3}.marks i{width:1.9rem}
        .chapter>summary{grid-template-columns:1fr auto}.chapter>summary .bar{display:none}
        .facts{grid-auto-flow:row;grid-template-rows:none;grid-template-columns:max-content 1fr}.inside .line{padding-left:1.1rem}
        main{padding:1.5rem 1rem 3rem}}
        @media print{:root{--ink:#000;--soft:#444;--line:#ccc;--back:#fff;--quiet:#f3f3f3;--link:#000}
        body{font-size:9.5pt}main{max-width:none;padding:0}.filter{display:none}
        h2{break-after:avoid}.card,.item,.line,.case{break-inside:avoid}.chapter{overflow:visible;border-radius:0}
        .chapter>summary{background:#f3f3f3;break-after:avoid}.chapter>summary b::before{content:none!important}
        .wire:not([open]),.case details:not([open]),.item .inside{display:none}pre{max-height:none}
        .columns,.item>summary,.line{grid-template-columns:9rem 4.6rem 1fr auto;padding:.2rem .4rem}.line{grid-template-columns:9rem 1fr auto}
        .marks i{width:3.6rem}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}@page{margin:14mm}}
        """
}
