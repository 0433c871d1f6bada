"use strict";
/* Ties map, layers, legend, scorecard and table together. Runs after the map's own script. */
(function (app) {
  var data = app.data, map = window[data.map], bounds = L.latLngBounds(data.bounds), coverage = -1, highlight = null;
  var layers = {};
  Object.keys(data.layers).forEach(function (key) { layers[key] = data.layers[key].map(function (name) { return window[name]; }); });
  if (app.outlines) { layers.communes = [app.outlines.communes, app.outlines.provinces]; }
  var images = data.coverage.map(function (entry) { return window[entry.image]; });
  app.map = map;
  app.selected = null;

  // The view comes first: what is drawn afterwards is placed once.
  function measure() {
    var board = document.getElementById("board");
    document.documentElement.style.setProperty("--above", Math.ceil(board.getBoundingClientRect().top + window.scrollY) + "px");
    map.invalidateSize({ animate: false });
  }
  // The whole area fits the first view, and again after the window changes, until somebody moves the map.
  var inset = document.getElementById("inset");
  function view() { map.fitBounds(bounds, { paddingTopLeft: [12, 12], paddingBottomRight: [12 + (inset && wide() ? inset.offsetWidth + 8 : 0), 12], animate: false }); }
  measure();
  view();

  // Selection: one way for map, search, scorecard and table.
  app.communeName = function (code) {
    if (code === null || !data.communes) { return ""; }
    var row = app.rowOf("commune", app.plain(code));
    return row < 0 ? "" : app.card.name("commune", row);
  };
  app.provinceName = function (code) {
    var row = code === null || !data.provinces ? -1 : app.rowOf("province", app.plain(code));
    return row < 0 ? "" : app.card.name("province", row);
  };
  function layerOf(kind, row) { return app.shapes[kind][row]; }
  app.zoomTo = function (kind, row) {
    var layer = layerOf(kind, row);
    if (!layer) { return; }
    if (layer.getBounds) { map.fitBounds(layer.getBounds(), { paddingTopLeft: [30, 30], paddingBottomRight: [30 + cardWidth(), 30], maxZoom: 13, animate: false }); }
    else { map.setView(layer.getLatLng(), Math.max(map.getZoom(), 13), { animate: false }); uncover(layer); }
  };
  // The scorecard lies over the right side of a wide map; what it describes must not lie under it.
  function wide() { return window.matchMedia("(min-width: 801px)").matches; }
  function cardWidth() { var card = document.getElementById("card"); return !card.hidden && getComputedStyle(card).position === "absolute" ? card.offsetWidth + 12 : 0; }
  function uncover(layer) {
    var free = map.getSize().x - cardWidth(), at = map.latLngToContainerPoint(layer.getBounds ? layer.getBounds().getCenter() : layer.getLatLng());
    if (at.x > free - 20) { map.panBy([at.x - free / 2, 0], { animate: false }); }
  }
  function isArea(kind) { return kind === "zone" || kind === "claim" || kind === "change"; }
  // Whoever opens a scorecard from a list goes to it, and back to where it was opened when it is closed.
  var card = document.getElementById("card"), opener = null;
  app.close = function () {
    app.select(null);
    if (opener && opener.isConnected && opener.offsetParent !== null) { opener.focus({ preventScroll: true }); }
    opener = null;
  };
  card.addEventListener("keydown", function (event) { if (event.key === "Escape") { app.close(); event.stopPropagation(); } });
  app.select = function (kind, row, zoom) {
    if (kind && zoom && !card.contains(document.activeElement)) { opener = document.activeElement; }
    app.selected = kind ? { kind: kind, row: row } : null;
    if (highlight) { highlight.remove(); highlight = null; }
    if (kind && isArea(kind)) { app.areas.uncover(kind, row); }
    if (kind && app.themes.is(kind)) { app.themes.uncover(kind, row); }
    if (kind) {
      var layer = layerOf(kind, row);
      if (layer && layer.getBounds) { highlight = L.geoJSON(layer.feature, { pane: "selected", interactive: false, style: { color: data.lines.selected, weight: 4, fill: false, interactive: false } }).addTo(map); }
      else if (layer) { highlight = L.circleMarker(layer.getLatLng(), { pane: "selected", interactive: false, radius: 13, color: data.lines.selected, weight: 3, fill: false }).addTo(map); }
    }
    app.card.show(kind, row);
    if (kind && zoom) { app.zoomTo(kind, row); }
    else if (kind && layerOf(kind, row)) { uncover(layerOf(kind, row)); }
    app.table.select(kind, row);
    if (app.remember) { app.remember(); }
    if (kind && zoom) { card.focus({ preventScroll: true }); }
    if (kind) { document.querySelector(".map-hint").hidden = true; }
    if (kind && !wide()) { window.scrollBy(0, document.getElementById("card").getBoundingClientRect().top - window.innerHeight * 0.55); }
    else if (kind && zoom && map.getContainer().getBoundingClientRect().bottom < 80) { map.getContainer().scrollIntoView({ block: "start" }); }
  };
  app.hook = function (kind, layer, row) {
    layer.on("click", function (event) { L.DomEvent.stopPropagation(event); app.select(kind, row, false); });
    layer.bindTooltip(function () {
      var box = app.element("div"), state = app.themes.is(kind) ? app.themes.className(kind, row) : isArea(kind) ? app.areas.className(kind, row) : kind === "village" ? app.say(data.villages.labels[data.villages.classes[row]]) : kind === "site" ? app.card.value("site", row, "operator") : null;
      box.appendChild(app.element("b", app.card.name(kind, row)));
      if (app.themes.is(kind) && app.data.themes[kind].evidence) { state += "; " + app.themes.evidenceName(kind, row).toLowerCase(); }
      if (state) { box.appendChild(app.element("div", kind === "site" ? app.plain(state) : state)); }
      return box;
    }, { sticky: kind === "commune" || isArea(kind) || (app.themes.is(kind) && app.data.themes[kind].place === "commune") });
  };
  ["commune", "village", "site"].forEach(function (kind) {
    app.shapes[kind].forEach(function (layer, row) { if (layer) { app.hook(kind, layer, row); } });
  });

  // Names of communes: drawn where they do not cover one another, larger population first. Of a whole country only those in view are made.
  var names = L.layerGroup(), communeNames = [], provinceNames = [], ALL_NAMES = 400, NAMES_IN_VIEW = 150, NAMES_FROM_ZOOM = 8.5;
  function nameTip(text, place, extra) {
    return L.tooltip({ permanent: true, direction: "center", className: "name" + (extra || ""), pane: "names", interactive: false, opacity: 1 })
      .setLatLng(place).setContent(app.element("div", text));
  }
  if (data.communes) {
    var populationAt = data.communes.columns.findIndex(function (column) { return column.key === "population"; });
    communeNames = data.communes.anchors.map(function (place, row) { return { kind: "commune", place: place, row: row, weight: populationAt < 0 ? 0 : data.communes.rows[row][populationAt] || 0 }; })
      .filter(function (entry) { return entry.place; })
      .sort(function (a, b) { return b.weight - a.weight || a.row - b.row; });
  }
  if (data.provinces) { provinceNames = data.provinces.anchors.map(function (place, row) { return { kind: "province", place: place, row: row }; }).filter(function (entry) { return entry.place; }); }
  function fillNames() {
    var some = communeNames.length > ALL_NAMES, view = some ? map.getBounds() : null, found = communeNames;
    if (!some && names.getLayers().length) { return; }
    if (some) { found = map.getZoom() < NAMES_FROM_ZOOM ? [] : communeNames.filter(function (entry) { return view.contains([entry.place[1], entry.place[0]]); }).slice(0, NAMES_IN_VIEW); }
    names.clearLayers();
    provinceNames.concat(found).forEach(function (entry) {
      var text = app.card.name(entry.kind, entry.row);
      names.addLayer(nameTip(entry.kind === "province" ? text.replace(/^(Tỉnh|Thành phố) /, "") : text, [entry.place[1], entry.place[0]], entry.kind === "province" ? " province-name" : ""));
    });
  }
  // Names at the edge of the view move inwards rather than being cut; those that would move far are hidden.
  function declutter() {
    var frame = map.getContainer().getBoundingClientRect(), most = 60, taken = Array.from(map.getContainer().querySelectorAll(".stop-number"), function (node) { return node.getBoundingClientRect(); });
    names.eachLayer(function (tip) {
      var node = tip.getElement();
      if (!node) { return; }
      var text = node.firstChild;
      text.style.transform = "";
      var box = node.getBoundingClientRect(), shift = Math.max(0, frame.left + 3 - box.left) - Math.max(0, box.right - frame.right + 3);
      if (shift && Math.abs(shift) <= most) { text.style.transform = "translateX(" + shift + "px)"; }
      var left = box.left + shift, right = box.right + shift, clash = Math.abs(shift) > most || taken.some(function (other) {
        return left < other.right + 4 && right > other.left - 4 && box.top < other.bottom + 2 && box.bottom > other.top - 2;
      });
      node.classList.toggle("hidden", clash);
      if (!clash) { taken.push({ left: left, right: right, top: box.top, bottom: box.bottom }); }
    });
  }
  map.on("moveend", function () { if (map.hasLayer(names)) { fillNames(); declutter(); } });
  // Symbols shrink where many of them share little room, and have their full size from zoom 11 on.
  var shrink = 1;
  function resize(always) {
    var wanted = Math.min(1, Math.max(0.55, 0.55 + (map.getZoom() - 8.5) * 0.18));
    if (wanted === shrink && always !== true) { return; }
    shrink = wanted;
    app.villages.concat(app.sites, app.themes.places.point ? app.shapes[app.themes.places.point] : []).forEach(function (layer) { if (layer && layer.setRadius) { layer.setRadius(layer.options.size * shrink); } });
  }
  map.on("zoomend", resize);
  map.on("zoomend", function () { app.themes.fromAfar(); app.plans.number(); });
  app.resize = resize;

  // The archipelagos, as labelled points where the boundaries do not hold them.
  var islands = L.layerGroup().addTo(map);
  function drawIslands() {
    islands.clearLayers();
    data.archipelagos.forEach(function (entry) {
      islands.addLayer(L.circleMarker([entry.lat, entry.lon], { pane: "lines", radius: 3, weight: 1, color: data.lines.province, fillOpacity: 1, interactive: false }));
      islands.addLayer(nameTip(app.say(entry.label), [entry.lat, entry.lon], " sea-name"));
    });
  }

  // Layers.
  var choice = document.getElementById("coverage"), slider = document.getElementById("opacity");
  function coverageLabel(entry) { return app.say(entry.operator) + " – " + app.say(entry.technology); }
  function fillChoice() {
    if (!choice) { return; }
    var options = data.coverage.map(function (entry, i) { var made = app.element("option", coverageLabel(entry)); made.value = i; return made; });
    var none = app.element("option", app.word("no_coverage"));
    none.value = -1;
    choice.replaceChildren.apply(choice, options.concat([none]));
    choice.value = coverage;
  }
  function showCoverage(i) {
    coverage = i;
    images.forEach(function (image, k) { if (k === i) { image.addTo(map); } else { image.remove(); } });
    opacity();
    legend();
  }
  function opacity() { if (coverage >= 0 && slider) { images[coverage].setOpacity(slider.value / 100); } }
  function legend() {
    var heading = document.getElementById("legend-layer"), note = document.getElementById("legend-cells");
    if (!heading) { return; }
    var entry = data.coverage[coverage], total = 0;
    if (entry) { Object.keys(entry.counts).forEach(function (code) { total += entry.counts[code]; }); }
    heading.textContent = app.word("coverage") + (entry ? ": " + coverageLabel(entry) : "");
    var shares = [];
    document.querySelectorAll("[data-state]").forEach(function (node) {
      node.textContent = entry && total ? app.share(entry.counts[node.dataset.state] / total) : "";
      if (entry && total) { shares.push(entry.counts[node.dataset.state] / total); }
    });
    note.textContent = entry ? app.word("cells", { size: app.number(entry.cell, 0), n: app.number(total, 0) }) + app.rounded(shares) + (entry.note ? " " + app.say(entry.note) : "") : "";
  }
  if (choice) {
    choice.addEventListener("change", function () { showCoverage(Number(choice.value)); app.tellWhole(); });
    slider.addEventListener("input", opacity);
    showCoverage(0);
  }
  function toggle(box) {
    var on = box.checked, key = box.dataset.toggle;
    (key === "names" ? [names] : layers[key]).forEach(function (layer) { if (on) { layer.addTo(map); } else { layer.remove(); } });
    // One canvas holds them all, the last one drawn takes the click: communes at the bottom, points on top.
    if (on && key === "communes") { layers.communes.forEach(function (layer) { layer.bringToBack(); }); }
    else if (on) { ["villages", "sites"].forEach(raise); app.themes.raise(); }
    if (key === "names" && on) { fillNames(); declutter(); }
  }
  app.areas.onChange(function () { ["villages", "sites"].forEach(raise); app.themes.raise(); });
  app.themes.onChange(function () { ["villages", "sites"].forEach(raise); app.themes.raise(); });
  app.areas.fill();
  app.areas.show(0);
  app.themes.fill();
  if (app.outlines) { app.themes.show("commune", "verdict"); }
  function raise(key) { (layers[key] || []).forEach(function (layer) { if (map.hasLayer(layer)) { layer.bringToFront(); } }); }
  document.querySelectorAll("[data-toggle]").forEach(function (box) {
    box.addEventListener("change", function () { toggle(box); });
    toggle(box);
  });

  // Controls and words that HTML alone cannot switch.
  var zoom = L.control.zoom().addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
  map.getContainer().addEventListener("keydown", function (event) { if (event.key === "Escape") { app.select(null); } });
  function words() {
    map.getContainer().setAttribute("aria-label", app.word("map_region"));
    [[zoom._zoomInButton, "zoom_in"], [zoom._zoomOutButton, "zoom_out"]].forEach(function (pair) {
      pair[0].title = app.word(pair[1]);
      pair[0].setAttribute("aria-label", app.word(pair[1]));
    });
    document.querySelectorAll("[data-set-language]").forEach(function (button) {
      button.setAttribute("aria-pressed", button.dataset.setLanguage === app.language() ? "true" : "false");
    });
    fillChoice();
    legend();
    drawIslands();
  }
  document.querySelectorAll("[data-set-language]").forEach(function (button) {
    button.addEventListener("click", function () { app.setLanguage(button.dataset.setLanguage); });
  });
  document.getElementById("print").addEventListener("click", function () { window.print(); });
  app.onLanguage(words);
  words();

  app.moved = false;
  function fit() { view(); declutter(); }
  var before = map.getSize();
  measure();
  if (before.equals(map.getSize())) { declutter(); } else { fit(); }
  map.on("dragstart zoomstart", function () { if (!fitting) { app.moved = true; } });
  var fitting = false;
  function again() {
    if (app.printing) { return; }
    measure();
    if (!app.moved) { app.quietly(fit); }
    declutter();
  }
  window.addEventListener("resize", again);
  window.addEventListener("resize", app.tellWhole);
  // What moves the map without being a reader's wish.
  app.quietly = function (move) { fitting = true; move(); fitting = false; };
  app.whole = function () { map.fitBounds(bounds, { padding: [12, 12], animate: false }); };
  app.declutter = declutter;
  app.cardWidth = cardWidth;
})(vungphu);
