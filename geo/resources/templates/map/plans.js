"use strict";
/* The yearly plan and the next measurements on the map: what their legends say, stops in their order with the way of each vehicle-day,
   and the slider over years. */
vungphu.plans = (function (app) {
  var themes = app.data.themes, over = null;
  var DIGITS = { proposal: [0, 0, 0, 0, 0], stop: [1, 0, 1], street: [2, 2, 0], street_project: [2, 2, 0] };
  function of(kind, row, key) { return app.card.value(kind, row, key); }
  function sum(kind, found, i) {
    var key = app.plain(themes[kind].sums[i]), known = found.map(function (row) { return of(kind, row, key); }).filter(function (value) { return value !== null; }), lost = found.length - known.length;
    return (known.length || !lost ? app.number(known.reduce(function (a, b) { return a + b; }, 0), DIGITS[kind][i]) : app.word("not_known"))
      + (known.length && lost ? " " + app.word("theme_note_part_unknown", { n: app.number(lost, 0) }) : "");
  }
  function distinct(kind, found, key) { return new Set(found.map(function (row) { return of(kind, row, key); })).size; }

  // What the rows shown add up to; each stop counts once, its rows share its figures.
  function note(kind, found) {
    if (kind === "proposal") {
      var proposed = found.filter(function (row) { return of(kind, row, "source") === "proposed"; });
      return " " + app.word("theme_note_proposal", {
        registered: app.number(found.length - proposed.length, 0), proposed: app.number(proposed.length, 0), places: app.number(distinct(kind, found, app.plain(themes[kind].name)), 0), cost: sum(kind, proposed, 0),
        people: sum(kind, proposed, 1), villages: sum(kind, proposed, 2), open_people: sum(kind, proposed, 3), open_villages: sum(kind, proposed, 4)
      });
    }
    if (kind === "stop") {
      var stops = found.filter(function (row) { return of(kind, row, "stop") !== null; });
      return " " + app.word("theme_note_stop", {
        rows: app.number(found.length, 0), stops: app.number(distinct(kind, stops, "stop"), 0), days: app.number(distinct(kind, stops, "day"), 0), km: sum(kind, stops, 0),
        tests: sum(kind, stops, 1), change: sum(kind, stops, 2)
      });
    }
    if (kind === "street") {
      var under = found.filter(function (row) { return of(kind, row, "action") === "underground"; }), planned = found.filter(inYear(kind));
      return " " + app.word("theme_note_street", {
        under: app.number(under.length, 0), km: sum(kind, under, 0), cable: sum(kind, under, 1), tidied: app.number(planned.length - under.length, 0), cost: sum(kind, planned, 2)
      });
    }
    if (kind === "street_project") {
      var sure = found.filter(inYear(kind));
      return " " + app.word("theme_note_street_project", { planned: app.number(sure.length, 0), km: sum(kind, sure, 0), cable: sum(kind, sure, 1), cost: sum(kind, sure, 2) });
    }
    return "";
  }
  function inYear(kind) { return function (row) { return of(kind, row, "year") !== null; }; }
  // Streets of a commune along which cable hangs, or may hang: what the plan does with them.
  function streetsIn(code) {
    var found = [];
    for (var row = 0; themes.street && row < app.tables.street.n; row += 1) {
      if (app.plain(of("street", row, "commune_code") || "") === code && of("street", row, "cables") !== 0) { found.push(row); }
    }
    return found;
  }
  function streetsHeading(found) {
    var planned = found.filter(inYear("street"));
    return app.word("theme_streets_here", { n: app.number(found.length, 0), planned: app.number(planned.length, 0), km: sum("street", planned, 0), cost: sum("street", planned, 2) });
  }
  function streetLine(row) {
    var year = of("street", row, "year"), km = of("street", row, "length_km");
    return (year === null ? app.word("theme_no_year_yet") : String(year)) + ": " + app.card.name("street", row) + " – " + app.themes.className("street", row).toLowerCase() + (km === null ? "" : ", " + app.number(km, 2) + " km");
  }
  function others(kind, row) {
    var stop = kind === "stop" ? of(kind, row, "stop") : null, found = [];
    for (var other = 0; stop !== null && other < app.tables.stop.n; other += 1) { if (other !== row && of("stop", other, "stop") === stop) { found.push(other); } }
    return found;
  }

  // The way of each vehicle-day, and at each stop its number.
  function draw() {
    if (over) { over.remove(); over = null; }
    numbers.clearLayers();
    if (app.themes.places.point !== "stop") { return; }
    var found = app.themes.rowsOf("stop"), days = new Set(found.map(function (row) { return of("stop", row, "day"); })), told = new Set();
    over = L.layerGroup();
    (themes.stop.ways || []).forEach(function (way) {
      if (days.has(way.day)) { over.addLayer(L.polyline(way.path.map(function (place) { return [place[1], place[0]]; }), { pane: "lines", color: themes.stop.way, weight: 3, opacity: 0.9, dashArray: "8 5", interactive: false })); }
    });
    stops = [];
    found.forEach(function (row) {
      var stop = of("stop", row, "stop"), lat = of("stop", row, "lat"), lon = of("stop", row, "lon");
      if (stop === null || lat === null || lon === null || told.has(stop)) { return; }
      told.add(stop);
      stops.push({ number: stop, place: [lat, lon] });
    });
    stops.sort(function (a, b) { return a.number - b.number; });
    over.addLayer(numbers);
    over.addTo(app.map);
    number();
  }
  // Stops too near to one another for a number each share one label, as long as the map is seen from there.
  var stops = [], numbers = L.layerGroup(), APART = 22, MOST = 3;
  function number() {
    numbers.clearLayers();
    if (app.themes.places.point !== "stop") { return; }
    var groups = [];
    stops.forEach(function (stop) {
      var at = app.map.latLngToContainerPoint(stop.place), group = groups.find(function (other) { return Math.abs(other.at.x - at.x) < APART && Math.abs(other.at.y - at.y) < APART * 0.7; });
      if (group) { group.numbers.push(stop.number); } else { groups.push({ at: at, place: stop.place, numbers: [stop.number] }); }
    });
    groups.forEach(function (group) {
      var text = group.numbers.slice(0, MOST).map(function (n) { return app.number(n, 0); }).join(", ") + (group.numbers.length > MOST ? ", …" : "");
      numbers.addLayer(L.tooltip({ permanent: true, direction: "center", className: "stop-number", pane: "names", interactive: false, opacity: 1 }).setLatLng(group.place).setContent(app.element("div", text)));
    });
    if (app.declutter) { app.declutter(); }
  }
  app.themes.onChange(draw);

  // Years: rows say theirs, or the period that their figures are of ends in one. The last place of the slider is every year.
  var box = document.getElementById("years"), slider = document.getElementById("year"), shown = document.getElementById("year-shown"), first = null, last = null;
  Object.keys(themes).forEach(function (kind) {
    app.themes.years(kind).forEach(function (year) { first = first === null ? year : Math.min(first, year); last = last === null ? year : Math.max(last, year); });
  });
  function told() { return app.themes.until() === null ? app.word("years_all") : app.word("years_until", { year: app.themes.until() }); }
  function say() {
    if (!box) { return; }
    var kinds = Object.keys(app.themes.places).map(function (place) { return app.themes.places[place]; });
    box.hidden = !kinds.some(function (kind) { return kind && app.themes.dated(kind); });
    slider.value = app.themes.until() === null ? last + 1 : app.themes.until();
    shown.textContent = app.themes.until() === null ? told() : String(app.themes.until());
    slider.setAttribute("aria-valuetext", told());
  }
  function set(year) { app.themes.limit(year === null || first === null || year > last ? null : Math.max(first, year)); }
  if (box && first !== null) {
    slider.min = first;
    slider.max = last + 1;
    slider.addEventListener("input", function () { set(Number(slider.value)); });
    app.themes.onChange(say);
    app.onLanguage(say);
    say();
  }
  return { note: note, number: number, others: others, streetsIn: streetsIn, streetsHeading: streetsHeading, streetLine: streetLine, set: function (year) { if (first !== null) { set(year); } } };
})(vungphu);
