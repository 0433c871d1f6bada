"use strict";
/* Two operators side by side: where the one, the other, both or none of them has signal, read off the coverage images that the page holds
   anyway. The shares are those of the cells, counted when the map was made. */
vungphu.compare = (function (app) {
  var data = app.data.compare, box = document.getElementById("compare");
  if (!box || !data) { return { told: function () { return ""; }, restore: function () {}, onChange: function () {} }; }
  var el = app.element, entries = app.data.coverage, pick = null, image = null, before = null, later = null, states = {}, changed = [], asked = 0;
  var list = document.getElementById("compare-classes"), note = document.getElementById("compare-note"), choice = document.getElementById("coverage"), opacity = document.getElementById("opacity");
  var UNDECIDED = 5, PERIOD = 8;

  function operator(i) { return app.say(entries[i].operator); }
  function technology(i) { return app.say(entries[i].technology); }
  function pairOf(a, b) { return data.pairs.find(function (pair) { return (pair.of[0] === a && pair.of[1] === b) || (pair.of[0] === b && pair.of[1] === a); }); }
  // Cells by class, 1 only A, 2 only B, 3 both, 4 neither, 5 not decided; a pair turned round changes the first two.
  function counts(a, b) {
    var pair = pairOf(a, b), n = pair.counts;
    return pair.of[0] === a ? n : [n[1], n[0]].concat(n.slice(2));
  }

  // A state's code by its colour or that of its hatch; images are placed alike, so that pixels lie over one another.
  var codes = new Map();
  function rgb(colour) { return parseInt(colour.slice(1), 16); }
  data.states.forEach(function (state) { state.colours.forEach(function (colour) { codes.set(rgb(colour), state.code); }); });
  function read(i) {
    if (states[i]) { return Promise.resolve(states[i]); }
    return new Promise(function (done) {
      var picture = new Image();
      picture.onload = function () {
        var canvas = document.createElement("canvas"), ink, raw, out;
        canvas.width = picture.naturalWidth;
        canvas.height = picture.naturalHeight;
        ink = canvas.getContext("2d", { willReadFrequently: true });
        ink.drawImage(picture, 0, 0);
        raw = ink.getImageData(0, 0, canvas.width, canvas.height).data;
        out = new Uint8Array(canvas.width * canvas.height);
        for (var k = 0; k < out.length; k += 1) {
          if (raw[4 * k + 3]) { out[k] = codes.get((raw[4 * k] << 16) | (raw[4 * k + 1] << 8) | raw[4 * k + 2]) || 3; }
        }
        states[i] = { of: out, width: canvas.width, height: canvas.height };
        done(states[i]);
      };
      picture.src = window[entries[i].image]._url;
    });
  }
  function served(code) { return code === 1 || code === 2; }
  function unserved(code) { return code === 4 || code === 5; }
  function classOf(a, b) {
    if (a === 0 || b === 0) { return 0; }
    if (served(a)) { return served(b) ? 3 : unserved(b) ? 1 : UNDECIDED; }
    return unserved(a) ? (served(b) ? 2 : unserved(b) ? 4 : UNDECIDED) : UNDECIDED;
  }
  var marked = {
    diagonal: function (x, y) { return (x + y) % PERIOD < 2; }, back_diagonal: function (x, y) { return (x + PERIOD * 1000 - y % PERIOD) % PERIOD < 2; },
    dots: function (x, y) { return x % PERIOD < 2 && y % PERIOD < 2; }, horizontal: function (x, y) { return y % PERIOD < 2; }, vertical: function (x) { return x % PERIOD < 2; },
    cross: function (x, y) { return (x + y) % PERIOD < 2 || (x + PERIOD * 1000 - y % PERIOD) % PERIOD < 2; }, solid: function () { return false; }
  };
  function paint(a, b) {
    var canvas = document.createElement("canvas"), ink = canvas.getContext("2d"), made, of = [], n = {};
    canvas.width = a.width;
    canvas.height = a.height;
    made = ink.createImageData(a.width, a.height);
    data.styles.forEach(function (style, i) { of[i + 1] = { fill: rgb(style.fill), line: rgb(style.line), marked: marked[style.pattern] }; n[i + 1] = 0; });
    for (var k = 0; k < a.of.length; k += 1) {
      var number = classOf(a.of[k], b.of[k]), style = of[number];
      if (!style) { continue; }
      n[number] += 1;
      var colour = style.marked(k % a.width, Math.floor(k / a.width)) ? style.line : style.fill;
      made.data[4 * k] = colour >> 16;
      made.data[4 * k + 1] = (colour >> 8) & 255;
      made.data[4 * k + 2] = colour & 255;
      made.data[4 * k + 3] = 255;
    }
    ink.putImageData(made, 0, 0);
    return { address: canvas.toDataURL("image/png"), pixels: n };
  }

  function put(select, value) { select.value = value; select.dispatchEvent(new Event("change")); }
  function tick(box, wanted) { if (box.checked !== wanted) { box.checked = wanted; box.dispatchEvent(new Event("change")); } }
  function points() { return Array.from(document.querySelectorAll('[data-toggle="villages"], [data-toggle="sites"]')); }
  function remove() { if (image) { image.remove(); image = null; } }
  function back(kept) {
    later = null;
    if (kept && Number(choice.value) < 0) { put(choice, kept.coverage); }
    if (kept && app.areas.chosen() < 0) { app.areas.show(kept.areas); }
    if (kept) { kept.boxes.forEach(function (box) { tick(box, true); }); }
  }
  // What would lie under or over the comparison is put away, and comes back after it.
  function show(a, b) {
    var number = asked += 1;
    remove();
    if (a === null) {
      var kept = before;
      pick = before = null;
      if (app.themes.places.commune) { later = kept; } else { back(kept); }
      panel();
      return;
    }
    if (app.themes.places.commune) { app.themes.show("commune", null); }
    before = before || { coverage: choice.value, areas: app.areas.chosen(), boxes: points().filter(function (point) { return point.checked; }) };
    pick = { a: a, b: b };
    put(choice, "-1");
    app.areas.show(-1);
    if (before.fresh !== false) { points().forEach(function (point) { tick(point, false); }); before.fresh = false; } // once: who then wants points over it has them
    panel();
    Promise.all([read(a), read(b)]).then(function (found) {
      if (number !== asked || !pick) { return; }
      var made = paint(found[0], found[1]);
      api.pixels = made.pixels;
      image = L.imageOverlay(made.address, window[entries[a].image].getBounds(), { pane: "coverage", interactive: false, opacity: opacity.value / 100 }).addTo(app.map);
      image.getElement().setAttribute("alt", "");
      api.drawn = true;
    });
    api.drawn = false;
  }

  function unique(values) { return values.filter(function (value, i) { return values.indexOf(value) === i; }); }
  // Layers of an operator that can be held against those of another.
  function partners(a) { return data.pairs.filter(function (pair) { return pair.of.indexOf(a) >= 0; }).map(function (pair) { return pair.of[0] === a ? pair.of[1] : pair.of[0]; }); }
  var layers = unique([].concat.apply([], data.pairs.map(function (pair) { return pair.of; }))).sort(function (a, b) { return a - b; });
  function pairs(left, right) {
    return [].concat.apply([], layers.filter(function (i) { return operator(i) === left; }).map(function (i) {
      return partners(i).filter(function (j) { return operator(j) === right; }).map(function (j) { return [i, j]; });
    }));
  }
  function rivals(left) { return unique([].concat.apply([], layers.filter(function (i) { return operator(i) === left; }).map(partners)).map(operator)); }
  // The pair that stays nearest to what is chosen: the same technology where both have it, else 4G, else the first.
  function nearest(found) {
    var wanted = pick ? technology(pick.a) : "4G";
    return found.find(function (pair) { return technology(pair[0]) === wanted; }) || found.find(function (pair) { return technology(pair[0]) === "4G"; }) || found[0];
  }
  function select(id, label, options, value, listener) {
    var line = el("div", null, "choice"), name = el("label", label), made = el("select");
    made.id = id;
    name.htmlFor = id;
    options.forEach(function (entry) { var option = el("option", entry[1]); option.value = entry[0]; made.appendChild(option); });
    made.value = value;
    made.addEventListener("change", function () {
      listener(made.value);
      var again = document.getElementById(id);
      if (again) { again.focus(); }
    });
    line.appendChild(name);
    line.appendChild(made);
    return line;
  }
  function named(value) { return [value, value]; }
  function panel() {
    var own = unique(layers.map(operator)), parts = [], left = pick ? operator(pick.a) : "", right = pick ? operator(pick.b) : "";
    parts.push(select("compare-a", app.word("compare_choice"), [["", app.word("compare_none")]].concat(own.map(named)), left, function (value) {
      if (!value) { show(null); return; }
      var other = right && right !== value ? right : rivals(value)[0], pair = nearest(pairs(value, other).length ? pairs(value, other) : pairs(value, rivals(value)[0]));
      show(pair[0], pair[1]);
    }));
    if (pick) {
      parts.push(select("compare-b", app.word("compare_with"), rivals(left).map(named), right, function (value) { var pair = nearest(pairs(left, value)); show(pair[0], pair[1]); }));
      var found = pairs(left, right);
      if (found.length > 1) {
        parts.push(select("compare-technology", app.word("compare_technology"), found.map(function (pair, i) { return [i, technology(pair[0])]; }), found.findIndex(function (pair) { return pair[0] === pick.a; }),
          function (value) { show(found[Number(value)][0], found[Number(value)][1]); }));
      }
    }
    box.replaceChildren.apply(box, parts);
    legend();
    changed.forEach(function (listener) { listener(); });
  }
  function legend() {
    var heading = document.getElementById("compare-heading");
    document.getElementById("compare-legend").hidden = !pick;
    document.getElementById("coverage-legend").hidden = pick !== null;
    list.replaceChildren();
    heading.textContent = note.textContent = "";
    if (!pick) { return; }
    var fields = { a: operator(pick.a), b: operator(pick.b), technology: technology(pick.a) }, n = counts(pick.a, pick.b), all = n.reduce(function (x, y) { return x + y; }, 0);
    heading.textContent = app.word("compare_heading", fields);
    data.styles.forEach(function (style, i) {
      var li = el("li");
      li.appendChild(app.swatch({ fill: style.fill, line: style.line, pattern: style.pattern, opacity: 1 }));
      li.appendChild(el("span", app.say(style.label, fields)));
      li.appendChild(el("span", all ? app.share(n[i] / all) : "", "amount"));
      list.appendChild(li);
    });
    note.textContent = app.word("cells", { size: app.number(entries[pick.a].cell, 0), n: app.number(all, 0) }) + (all ? app.rounded(n.map(function (cells) { return cells / all; })) : "") + " " + app.word("compare_note");
  }

  choice.addEventListener("change", function () { if (pick && Number(choice.value) >= 0) { show(null); } });
  opacity.addEventListener("input", function () { if (image) { image.setOpacity(opacity.value / 100); } });
  // A theme on the communes ends the comparison; what lay there before both comes back when the theme goes.
  app.themes.onChange(function () {
    if (pick && app.themes.places.commune) { show(null); }
    else if (later && !pick && !app.themes.places.commune) { back(later); }
  });
  app.onLanguage(panel);
  panel();
  var api = {
    drawn: false, pixels: null, counts: counts,
    told: function () { return pick ? pick.a + "~" + pick.b : ""; },
    restore: function (text) {
      var parts = /^(\d+)~(\d+)$/.exec(text), a = parts ? Number(parts[1]) : -1, b = parts ? Number(parts[2]) : -1;
      if (parts && pairOf(a, b)) { show(a, b); } else if (pick) { show(null); }
    },
    onChange: function (listener) { changed.push(listener); }
  };
  return api;
})(vungphu);
