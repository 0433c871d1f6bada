"use strict";
/* Dead zones, claims and changes of the register: one set of areas at a time, its legend, and classes that can be hidden. */
vungphu.areas = (function (app) {
  var data = app.data.areas, sets = data.sets, chosen = -1, hidden = {}, changed = [];
  var choice = document.getElementById("areas"), list = document.getElementById("area-classes"), note = document.getElementById("area-note");
  var layers = sets.map(function () { return null; });

  // A set is built when it is first shown.
  function layer(k) {
    if (layers[k]) { return layers[k]; }
    var set = sets[k], style = app.areaStyle(set.kind);
    layers[k] = L.geoJSON(null, { style: style, onEachFeature: function (feature, part) { app.shapes[set.kind][feature.properties.i] = part; app.hook(set.kind, part, feature.properties.i); } });
    set.shapes.forEach(function (shape, i) {
      if (shape) { layers[k].addData({ type: "Feature", properties: { i: set.first + i, c: app.tables[set.kind].classes[set.first + i] }, geometry: app.outline(shape, data.unit) }); }
    });
    return layers[k];
  }

  function label(set) { return app.word(set.kind + "s") + " – " + app.say(set.whose); }
  function first(kind) { return sets.find(function (set) { return set.kind === kind; }); }
  // The set whose rows a table of a kind shows: the one on the map, else the first of its kind.
  function shownOf(kind) { return chosen >= 0 && sets[chosen].kind === kind ? sets[chosen] : first(kind); }
  function key(kind, number) { return kind + number; }
  function isHidden(kind, row) { return hidden[key(kind, app.tables[kind].classes[row])] === true; }

  function draw() {
    layers.forEach(function (made, k) { if (made && k !== chosen) { made.remove(); } });
    if (chosen < 0) { return; }
    var set = sets[chosen];
    layer(chosen).addTo(app.map).eachLayer(function (part) {
      var wanted = !isHidden(set.kind, part.feature.properties.i);
      if (wanted !== app.map.hasLayer(part)) { if (wanted) { app.map.addLayer(part); } else { app.map.removeLayer(part); } }
    });
    changed.forEach(function (listener) { listener(); });
  }
  function show(i) {
    chosen = sets[i] ? Number(i) : -1;
    if (choice) { choice.value = chosen; }
    draw();
    legend();
    if (chosen < 0) { changed.forEach(function (listener) { listener(); }); }
  }
  function legend() {
    if (!choice) { return; }
    list.replaceChildren();
    document.getElementById("area-legend").hidden = chosen < 0;
    document.getElementById("area-heading").textContent = chosen < 0 ? "" : label(sets[chosen]);
    if (chosen < 0) { return; }
    var set = sets[chosen], counts = {};
    for (var row = set.first; row < set.first + set.n; row += 1) { var c = app.tables[set.kind].classes[row]; counts[c] = (counts[c] || 0) + 1; }
    data.styles[set.kind].forEach(function (style, number) {
      if (!counts[number]) { return; }
      var li = app.element("li"), text = app.element("label"), box = app.element("input");
      box.type = "checkbox";
      box.checked = hidden[key(set.kind, number)] !== true;
      box.addEventListener("change", function () { hidden[key(set.kind, number)] = !box.checked; draw(); });
      li.appendChild(app.swatch(style));
      text.appendChild(box);
      text.appendChild(document.createTextNode(" " + app.say(style.label)));
      li.appendChild(text);
      li.appendChild(app.element("span", app.number(counts[number], 0), "amount"));
      list.appendChild(li);
    });
    note.textContent = app.word("areas_count", { n: app.number(set.n, 0), day: app.say(app.data.date) });
  }
  function fill() {
    if (!choice) { return; }
    var options = sets.map(function (set, i) { var made = app.element("option", label(set)); made.value = i; return made; });
    var none = app.element("option", app.word("no_areas"));
    none.value = -1;
    choice.replaceChildren.apply(choice, options.concat([none]));
    choice.value = chosen;
    legend();
  }
  // Makes sure that an area can be seen before it is selected.
  function uncover(kind, row) {
    var at = sets.findIndex(function (set) { return set.kind === kind && row >= set.first && row < set.first + set.n; });
    if (isHidden(kind, row)) { hidden[key(kind, app.tables[kind].classes[row])] = false; draw(); legend(); }
    if (at >= 0 && at !== chosen) { show(at); }
  }
  if (choice) { choice.addEventListener("change", function () { show(Number(choice.value)); }); }
  app.onLanguage(fill);

  return {
    first: first, shownOf: shownOf, isHidden: isHidden, show: show, fill: fill, uncover: uncover, chosen: function () { return chosen; },
    onChange: function (listener) { changed.push(listener); },
    name: function (kind, row) { return app.card.name(kind, row); },
    className: function (kind, row) { return app.say(data.styles[kind][app.tables[kind].classes[row]].label); }
  };
})(vungphu);
