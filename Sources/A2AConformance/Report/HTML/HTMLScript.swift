/// What the page does beside being there: filters of the list of requirements, and everything unfolded on paper.
enum HTMLScript {
    static let js = """
        (function(){
        var form=document.querySelector('form.filter');if(!form)return;form.hidden=false;
        var field=form.querySelector('input'),out=form.querySelector('output'),fold=form.querySelector('[data-fold]');
        var chapters=[].slice.call(document.querySelectorAll('details.list'));
        var items=[].slice.call(document.querySelectorAll('details.item'));
        var was=chapters.map(function(c){return c.open});
        function pressed(name){return [].slice.call(form.querySelectorAll('button['+name+'][aria-pressed=true]'))
        .map(function(b){return b.getAttribute(name)})}
        function apply(){
        var words=field.value.toLowerCase().split(/\\s+/).filter(Boolean),kinds=pressed('data-standing'),levels=pressed('data-level');
        var some=words.length||kinds.length||levels.length,count=0;
        items.forEach(function(i){var text=i.textContent.toLowerCase();
        var show=words.every(function(w){return text.indexOf(w)>=0})
        &&(!kinds.length||kinds.indexOf(i.dataset.standing)>=0)&&(!levels.length||levels.indexOf(i.dataset.level)>=0);
        i.hidden=!show;if(show)count++});
        chapters.forEach(function(c,n){var any=c.querySelector('details.item:not([hidden])');c.hidden=!any;c.open=some?!!any:was[n]});
        out.textContent=some?count+' of '+items.length:'';fold.textContent='open all'}
        form.addEventListener('submit',function(e){e.preventDefault()});
        field.addEventListener('input',apply);
        form.addEventListener('click',function(e){var b=e.target;
        if(b.hasAttribute('data-fold')){var open=b.textContent=='open all';chapters.forEach(function(c){c.open=open});
        b.textContent=open?'close all':'open all'}
        else if(b.hasAttribute('aria-pressed')){b.setAttribute('aria-pressed',b.getAttribute('aria-pressed')!='true');apply()}});
        var before;
        window.addEventListener('beforeprint',function(){before=chapters.map(function(d){return d.open});chapters.forEach(function(d){d.open=true})});
        window.addEventListener('afterprint',function(){if(!before)return;
        chapters.forEach(function(d,n){d.open=before[n]})});
        })();
        """
}
