"use strict";
/* Themes: tables of results drawn on the communes or as points. A reader chooses by facets what of a table is shown; the map, the
   legend and the table twin show the same rows. */
vungphu.themes = (function (app) {
  var all = app.data.themes, el = app.element, places = { commune: null, point: null }, hidden = {}, picks = {}, layer = { commune: null, point: null };
  var changed = [], before = null, AT = { commune: "on_communes", point: "as_points" };
  var columnAt = {};
  Object.keys(all).forEach(function (kind) { columnAt[kind] = new Map(); all[kind].table.columns.forEach(function (column, i) { columnAt[kind].set(column.key, i); }); });
  function at(kind, key) { var i = columnAt[kind].get(key); return i === undefined ? -1 : i; }
  function cell(kind, row, key) { var i = at(kind, key); return i < 0 ? null : app.tables[kind].value(row, i); }
  function text(value) { return value === null || value === undefined ? "" : app.plain(value); }
  function facetKeys(kind) { return all[kind].facets.map(function (facet) { return facet.key; }); }
  function onCommunes(kind) { return all[kind].place === "commune"; }
  Object.keys(all).forEach(function (kind) { picks[kind] = { figure: 0, period: null, facets: {}, until: null }; hidden[kind] = {}; app.shapes[kind] = []; });

  // Rows whose facets are the same: what a reader chooses among is some dozen groups, however many rows a country has.
  var grouped = {}, areaRows = {};
  function differs(table, row, columns, raw) {
    for (var k = 0; k < columns.length; k += 1) { if (table.value(row, columns[k]) !== raw[k]) { return true; } }
    return false;
  }
  function groups(kind) {
    if (grouped[kind]) { return grouped[kind]; }
    var columns = facetKeys(kind).map(function (key) { return at(kind, key); }), levelAt = at(kind, "area_level"), known = all[kind].known, found = new Map(), last = null;
    var table = app.tables[kind], ends = columns.concat(levelAt < 0 ? [] : [levelAt]).map(function (column) { return table.ends[column]; });
    if (ends.every(Boolean)) {
      // Rows that stand together have their facets and their level in common: one look at each stretch.
      var from = 0;
      Array.from(new Set([].concat.apply([table.n], ends))).sort(function (a, b) { return a - b; }).forEach(function (to) {
        var raw = columns.map(function (column) { return table.value(from, column); }), id = JSON.stringify(raw);
        if (!found.has(id)) { found.set(id, { raw: raw, values: raw.map(text), first: from, spans: [], areas: 0, known: known !== undefined && known[found.size] === 1 }); }
        found.get(id).spans.push([from, to]);
        if (levelAt < 0 || table.value(from, levelAt) !== "province") { found.get(id).areas += to - from; }
        from = to;
      });
      grouped[kind] = Array.from(found.values());
      return grouped[kind];
    }
    for (var i = 0; i < table.n; i += 1) {
      if (last === null || differs(table, i, columns, last.raw)) {
        var raw = columns.map(function (column) { return table.value(i, column); }), id = JSON.stringify(raw);
        if (!found.has(id)) { found.set(id, { raw: raw, values: raw.map(text), first: i, rows: [], areas: 0, known: known !== undefined && known[found.size] === 1 }); }
        last = found.get(id);
      }
      last.rows.push(i);
      if (levelAt < 0 || table.value(i, levelAt) !== "province") { last.areas += 1; }
    }
    grouped[kind] = Array.from(found.values());
    return grouped[kind];
  }
  function rowsOfGroup(group) {
    if (!group.rows) {
      group.rows = [];
      group.spans.forEach(function (span) { for (var row = span[0]; row < span[1]; row += 1) { group.rows.push(row); } });
    }
    return group.rows;
  }
  // Rows by the code of their area.
  function rowsIn(kind, code) {
    if (!areaRows[kind]) {
      var raw = new Map(), codeAt = at(kind, "area_code");
      for (var i = 0; i < app.tables[kind].n; i += 1) {
        var of = app.tables[kind].value(i, codeAt);
        if (!raw.has(of)) { raw.set(of, []); }
        raw.get(of).push(i);
      }
      areaRows[kind] = new Map();
      raw.forEach(function (list, key) { areaRows[kind].set(text(key), list); });
    }
    return areaRows[kind].get(code) || [];
  }
  function wants(kind, group, k) { var wanted = picks[kind].facets[facetKeys(kind)[k]]; return wanted === null || wanted === undefined || group.values[k] === wanted; }
  // What a reader may choose of a facet, given what is chosen of those before it.
  function options(kind, k) {
    var found = new Map();
    groups(kind).forEach(function (group) {
      if (facetKeys(kind).slice(0, k).every(function (key, j) { return wants(kind, group, j); })) { found.set(group.values[k], (found.get(group.values[k]) || 0) + group.areas); }
    });
    // Rules stand in the order of their weight, all else in that of the alphabet, what is not said first.
    return k === 0 && onCommunes(kind) ? found : new Map(Array.from(found).sort(function (a, b) { return a[0].localeCompare(b[0], "vi", { numeric: true }); }));
  }
  function matches(kind, row, key) { var wanted = picks[kind].facets[key]; return wanted === null || wanted === undefined || text(cell(kind, row, key)) === wanted; }
  // On communes each facet has one value, the one with most rows unless a reader chose another; as points one or all.
  function settle(kind) {
    facetKeys(kind).forEach(function (key, k) {
      var found = options(kind, k), wanted = picks[kind].facets[key];
      if (wanted !== null && wanted !== undefined && found.has(wanted)) { return; }
      if (!onCommunes(kind)) { picks[kind].facets[key] = null; return; }
      var best = null;
      found.forEach(function (n, value) { if (best === null || n > found.get(best)) { best = value; } });
      picks[kind].facets[key] = k === 0 ? found.keys().next().value : best;
    });
    var periods = periodsOf(kind);
    if (picks[kind].period !== null && periods.indexOf(picks[kind].period) < 0) { picks[kind].period = null; }
  }
  function chosen(kind) {
    var found = groups(kind).filter(function (group) { return facetKeys(kind).every(function (key, k) { return wants(kind, group, k); }); });
    return found.length === 1 ? rowsOfGroup(found[0]).slice() : [].concat.apply([], found.map(rowsOfGroup)).sort(function (a, b) { return a - b; });
  }
  function area(kind, row) { return text(cell(kind, row, "area_level")) + ":" + text(cell(kind, row, "area_code")); }
  function end(period) { return period.split("/").pop(); }
  // The last day that a period names, as text that sorts: "2026-Q3" ends before "2026-10", and "2026" after it.
  function lastDay(period) {
    var last = end(period.split("; ").pop()), quarter = /^(\d{4})-Q([1-4])$/.exec(last);
    if (quarter) { last = quarter[1] + "-" + ("0" + 3 * quarter[2]).slice(-2); }
    return last + (last.length === 4 ? "-12-31" : last.length === 7 ? "-31" : "");
  }
  // Periods, where some area has more than one of them.
  function periodsOf(kind) {
    if (!all[kind].period) { return []; }
    var of = {}, several = false, found = [];
    chosen(kind).forEach(function (row) {
      var period = text(cell(kind, row, all[kind].period));
      several = several || area(kind, row) in of;
      of[area(kind, row)] = 1;
      if (period && found.indexOf(period) < 0) { found.push(period); }
    });
    return several ? found.sort(function (a, b) { return lastDay(a) < lastDay(b) ? 1 : lastDay(a) > lastDay(b) ? -1 : 0; }) : [];
  }
  // The year of a row: its own, or that in which its period ends.
  function yearOf(kind, row) {
    var value = at(kind, "year") >= 0 ? text(cell(kind, row, "year")) : all[kind].period ? end(text(cell(kind, row, all[kind].period))).slice(0, 4) : "";
    return /^\d{4}$/.test(value) ? Number(value) : null;
  }
  // Every year of a theme, from the texts that its rows have in common.
  function years(kind) {
    var own = at(kind, "year"), column = own >= 0 ? own : all[kind].period ? at(kind, all[kind].period) : -1, found = new Set();
    (column < 0 ? [] : app.tables[kind].texts[column]).forEach(function (value) {
      var year = own >= 0 ? text(value) : end(text(value)).slice(0, 4);
      if (/^\d{4}$/.test(year)) { found.add(Number(year)); }
    });
    return found;
  }
  function dated(kind) { return at(kind, "year") >= 0 || all[kind].period !== ""; }
  // What a plan puts in no year is in no year: it is counted beside the legend and shown with every year alone. A result without a period (nobody
  // measured, nobody reported) is no later one: it stays, or an area that is not known would look like one that has nothing to say.
  function inTime(kind, row) {
    if (picks[kind].until === null || !dated(kind)) { return true; }
    var year = yearOf(kind, row);
    return year === null ? at(kind, "year") < 0 : year <= picks[kind].until;
  }
  function undated(kind) { return picks[kind].until === null || at(kind, "year") < 0 ? 0 : chosen(kind).filter(function (row) { return yearOf(kind, row) === null; }).length; }
  // Areas whose every result is of a later year: they have no colour, and that is said.
  function later(kind) {
    if (picks[kind].until === null || at(kind, "year") >= 0 || !dated(kind)) { return 0; }
    var told = new Set(current(kind).map(function (row) { return area(kind, row); }));
    return new Set(chosen(kind).filter(function (row) { return cell(kind, row, "area_level") !== "province"; }).map(function (row) { return area(kind, row); }).filter(function (one) { return !told.has(one); })).size;
  }
  function until() { var kinds = Object.keys(all); return kinds.length ? picks[kinds[0]].until : null; }
  function limit(year) {
    Object.keys(all).forEach(function (kind) {
      picks[kind].until = year;
      if (year !== null && dated(kind)) { picks[kind].period = null; if (facetKeys(kind).indexOf("year") >= 0) { picks[kind].facets.year = null; } }
    });
    Object.keys(places).forEach(function (place) { if (places[place] && dated(places[place])) { again(place); } });
  }
  var kept = {};
  function current(kind) {
    var key = JSON.stringify(picks[kind]);
    if (!kept[kind] || kept[kind].key !== key) { kept[kind] = { key: key, rows: now(kind) }; }
    return kept[kind].rows;
  }
  function now(kind) {
    var found = chosen(kind).filter(function (row) { return inTime(kind, row); }), pick = picks[kind].period, latest = {};
    if (!all[kind].period) { return found; }
    if (pick !== null) { return found.filter(function (row) { return text(cell(kind, row, all[kind].period)) === pick; }); }
    found.forEach(function (row) {
      var key = area(kind, row), known = latest[key];
      if (known === undefined || lastDay(text(cell(kind, row, all[kind].period))) > lastDay(text(cell(kind, known, all[kind].period)))) { latest[key] = row; }
    });
    return found.filter(function (row) { return latest[area(kind, row)] === row; });
  }
  function classOf(kind, row) {
    var theme = all[kind];
    if (!theme.figures) { return theme.classes[row]; }
    var figure = theme.figures[picks[kind].figure], value = figure ? cell(kind, row, figure.key) : null;
    if (value === null) { return theme.styles.length - 1; }
    return theme.cuts.filter(function (cut) { return value >= cut; }).length;
  }
  function isHidden(kind, row) { return hidden[kind]["class" + classOf(kind, row)] === true || (all[kind].evidences !== undefined && hidden[kind]["evidence" + all[kind].evidences[row]] === true); }
  function shown(kind) { return current(kind).filter(function (row) { return !isHidden(kind, row); }); }
  function looksOf(kind) { return all[kind].styles || all[kind].symbols || all[kind].strokes; }
  function style(kind, row) {
    var theme = all[kind], base = theme.styles[classOf(kind, row)], pattern = theme.evidence ? theme.evidence[theme.evidences[row]].pattern : base.pattern;
    return { fill: base.fill, line: base.line, pattern: pattern, opacity: 1 };
  }

  function make(kind) {
    var theme = all[kind];
    app.shapes[kind] = [];
    if (theme.strokes) { return lines(kind); }
    if (theme.place === "point") {
      layer.point = L.layerGroup();
      shown(kind).map(function (row) { return { row: row, c: theme.classes[row] }; }).sort(function (a, b) { return a.c - b.c || a.row - b.row; }).forEach(function (entry) {
        var lat = cell(kind, entry.row, "lat"), lon = cell(kind, entry.row, "lon");
        if (lat === null || lon === null) { return; }
        var made = app.mark(theme.symbols[entry.c], [lat, lon]);
        app.shapes[kind][entry.row] = made;
        app.hook(kind, made, entry.row);
        layer.point.addLayer(made);
      });
      return layer.point;
    }
    layer.commune = L.layerGroup();
    shown(kind).forEach(function (row) {
      var commune = app.rowOf("commune", text(cell(kind, row, "area_code"))), shape = commune < 0 || cell(kind, row, "area_level") === "province" ? null : app.shapes.commune[commune];
      if (!shape) { return; }
      var look = style(kind, row);
      var made = app.over(shape, { area: look, color: app.data.lines.commune, weight: 0.9, opacity: 0.9, fill: true, fillColor: look.fill, fillOpacity: look.opacity });
      app.shapes[kind][row] = made;
      app.hook(kind, made, row);
      layer.commune.addLayer(made);
    });
    return layer.commune;
  }
  // Lines; a symbol stands for each where it is too short to be seen, both lead to the row.
  var FROM_AFAR = 13, THIN = 3;
  function lines(kind) {
    var theme = all[kind], far = app.map.getZoom() < FROM_AFAR;
    layer.point = L.layerGroup();
    shown(kind).map(function (row) { return { row: row, c: theme.classes[row] }; }).sort(function (a, b) { return a.c - b.c || b.row - a.row; }).forEach(function (entry) {
      var shape = theme.lines[entry.row], look = theme.strokes[entry.c];
      if (!shape) { return; }
      var style = { color: look.line, weight: look.weight, opacity: 1, fill: false, dashArray: look.dash || null, lineCap: look.dash ? "butt" : "round" };
      var geometry = app.outline(shape, app.data.areas.unit);
      // A white edge, so that a line is told from whatever colour lies below.
      if (look.weight > THIN) { layer.point.addLayer(L.geoJSON({ type: "Feature", properties: {}, geometry: geometry }, { interactive: false, style: { color: "#ffffff", weight: look.weight + 3, opacity: 1, fill: false } }).getLayers()[0]); }
      var made = L.geoJSON({ type: "Feature", properties: {}, geometry: geometry }, { style: style }).getLayers()[0];
      app.shapes[kind][entry.row] = made;
      app.hook(kind, made, entry.row);
      layer.point.addLayer(made);
      if (far) {
        var middle = made.getBounds().getCenter(), spot = app.mark(look.symbol, middle);
        app.hook(kind, spot, entry.row);
        layer.point.addLayer(spot);
      }
    });
    layer.point.far = far;
    return layer.point;
  }
  function again_from_afar() {
    var kind = places.point;
    if (kind && all[kind].strokes && layer.point && layer.point.far !== (app.map.getZoom() < FROM_AFAR)) { layer.point.remove(); lines(kind).addTo(app.map); }
  }
  function draw(place) {
    if (layer[place]) { layer[place].remove(); layer[place] = null; }
    var kind = places[place];
    if (kind) {
      make(kind).addTo(app.map);
      if (place === "commune") { layer.commune.eachLayer(function (part) { part.bringToBack(); }); }
      if (app.resize) { app.resize(true); }
    }
    changed.forEach(function (listener) { listener(); });
  }
  // Coverage, areas and points would show through the colours of communes: they are put away while a theme is shown, and come back.
  function show(place, kind) {
    places[place] = kind && all[kind] && all[kind].place === place ? kind : null;
    if (places[place]) { settle(places[place]); }
    if (place === "commune") { clear(places.commune !== null); }
    panel(place);
    draw(place);
  }
  function clear(wanted) {
    var coverage = document.getElementById("coverage"), boxes = Array.from(document.querySelectorAll('[data-toggle="villages"], [data-toggle="sites"]'));
    if (wanted && before === null) {
      before = { areas: app.areas.chosen(), coverage: coverage ? coverage.value : null, boxes: boxes.filter(function (box) { return box.checked; }) };
      app.areas.show(-1);
      put(coverage, "-1");
      boxes.forEach(function (box) { tick(box, false); });
    } else if (!wanted && before !== null) {
      if (app.areas.chosen() < 0) { app.areas.show(before.areas); }
      if (coverage && coverage.value === "-1") { put(coverage, before.coverage); }
      before.boxes.forEach(function (box) { tick(box, true); });
      before = null;
    }
  }
  function tick(box, wanted) { if (box.checked !== wanted) { box.checked = wanted; box.dispatchEvent(new Event("change")); } }
  function put(select, value) { if (select) { select.value = value; select.dispatchEvent(new Event("change")); } }

  function choice(parent, label, entries, value, listener) {
    var box = el("div", null, "choice"), name = el("label", label), select = el("select");
    select.id = "theme-" + parent.id + "-" + parent.children.length;
    name.htmlFor = select.id;
    var groups = {};
    entries.forEach(function (entry) {
      var made = el("option", entry[1]), into = select;
      made.value = entry[0];
      if (entry[2]) {
        if (!groups[entry[2]]) { groups[entry[2]] = el("optgroup"); groups[entry[2]].label = entry[2]; select.appendChild(groups[entry[2]]); }
        into = groups[entry[2]];
      }
      into.appendChild(made);
    });
    select.value = value;
    select.addEventListener("change", function () {
      listener(select.value);
      var again = document.getElementById(select.id);
      if (again) { again.focus(); }
    });
    box.appendChild(name);
    box.appendChild(select);
    parent.appendChild(box);
  }
  function zoomButton(parent, kind) {
    var made = el("button", app.word("theme_zoom_to"));
    made.type = "button";
    made.addEventListener("click", function () {
      var all_ = L.featureGroup(shown(kind).map(function (row) { return app.shapes[kind][row]; }).filter(Boolean));
      if (all_.getLayers().length) { app.moved = true; app.map.fitBounds(all_.getBounds(), { padding: [30, 30], maxZoom: 16, animate: false }); }
    });
    parent.appendChild(made);
  }
  function facetWord(kind, facet, value) {
    if (Object.prototype.hasOwnProperty.call(facet.words, safe(kind, facet.key, value))) { return app.say(facet.words[safe(kind, facet.key, value)]); }
    return value === "" ? app.say(facet.none) : app.format(safe(kind, facet.key, value), all[kind].table.columns[at(kind, facet.key)]);
  }
  // Rules stand under what they are: legal, target, scorecard, reference; what has no figure by commune comes last.
  function group(kind, key, value) {
    if (kind !== "verdict") { return ""; }
    var k = facetKeys(kind).indexOf(key), of = groups(kind).filter(function (one) { return one.values[k] === value; });
    if (!of.some(function (one) { return one.known; })) { return app.word("theme_without"); }
    var basis = app.format(cell(kind, of[0].first, "basis"), all[kind].table.columns[at(kind, "basis")]);
    return basis.charAt(0).toUpperCase() + basis.slice(1);
  }
  // The escaped form of a value, as tables and words hold it.
  function safe(kind, key, value) { var k = facetKeys(kind).indexOf(key), one = groups(kind).find(function (group) { return group.values[k] === value; }); return one === undefined ? value : one.raw[k]; }
  function panel(place) {
    var box = document.getElementById("themes-" + place);
    if (!box) { return; }
    var kind = places[place], facets = document.getElementById("facets-" + place);
    fill(place);
    facets.replaceChildren();
    document.getElementById("theme-legend-" + place).hidden = !kind;
    if (!kind) { return; }
    var theme = all[kind], pick = picks[kind];
    if (theme.figures) {
      if (theme.figures.length > 1) {
        choice(facets, app.word("theme_figure"), theme.figures.map(function (figure, i) { return [i, app.say(figure.label)]; }), pick.figure, function (value) { pick.figure = Number(value); again(place); });
      }
    }
    theme.facets.forEach(function (facet, k) {
      var found = Array.from(options(kind, k).keys());
      if (found.length < 2) { return; }
      var entries = found.map(function (value) { return ["=" + value, facetWord(kind, facet, value), k === 0 ? group(kind, facet.key, value) : ""]; });
      if (!onCommunes(kind)) { entries.unshift(["", app.word("theme_all")]); }
      choice(facets, app.say(facet.label), entries, pick.facets[facet.key] === null ? "" : "=" + pick.facets[facet.key], function (value) {
        pick.facets[facet.key] = value === "" ? null : value.slice(1);
        if (facet.key === "year" && value !== "") { limit(null); }
        settle(kind);
        again(place);
      });
    });
    var periods = periodsOf(kind);
    if (periods.length) {
      choice(facets, app.word("theme_period"), [["", app.word("theme_latest")]].concat(periods.map(function (period) { return [period, span(period)]; })), pick.period || "",
        function (value) { pick.period = value || null; if (value) { limit(null); pick.period = value; } again(place); });
    }
    if (theme.strokes) { zoomButton(facets, kind); }
    legend(place);
  }
  function span(period) { return period.split("/").map(app.day).join(" – "); }
  function again(place) { panel(place); draw(place); }
  function entry(kind, key, swatch, label, n, place) {
    var li = el("li"), name = el("label"), box = el("input");
    box.type = "checkbox";
    box.checked = hidden[kind][key] !== true;
    box.addEventListener("change", function () { hidden[kind][key] = !box.checked; draw(place); });
    li.appendChild(swatch);
    name.appendChild(box);
    name.appendChild(document.createTextNode(" " + label));
    li.appendChild(name);
    li.appendChild(el("span", app.number(n, 0), "amount"));
    return li;
  }
  // What a reader counts: rows, or what several rows are of (a stop has one per operator and technology).
  function thing(kind, row) { var key = all[kind].counted.find(function (name) { return text(cell(kind, row, name)) !== ""; }); return key === undefined ? "#" + row : key + "=" + text(cell(kind, row, key)); }
  function things(kind, list) { return all[kind].counted.length ? new Set(list.map(function (row) { return thing(kind, row); })).size : list.length; }
  function tally(kind, list, of) {
    var lists = {}, counts = {};
    list.forEach(function (row) { (lists[of(row)] = lists[of(row)] || []).push(row); });
    Object.keys(lists).forEach(function (key) { counts[key] = things(kind, lists[key]); });
    return counts;
  }
  function drawable(kind) { return current(kind).filter(function (row) { return cell(kind, row, "area_level") !== "province"; }); }
  function legend(place) {
    var kind = places[place], theme = all[kind], list = document.getElementById("classes-" + place), list2 = document.getElementById("evidence-" + place), found = drawable(kind);
    document.getElementById("theme-heading-" + place).textContent = heading(kind);
    list.replaceChildren();
    list2.replaceChildren();
    document.getElementById("classes-heading-" + place).textContent = theme.evidence ? app.word("theme_result") : "";
    document.getElementById("evidence-heading-" + place).textContent = theme.evidence ? app.word("theme_evidence") : "";
    var counts = tally(kind, found, function (row) { return classOf(kind, row); });
    var looks = looksOf(kind).map(function (look, number) { return { look: look, number: number }; });
    if (theme.symbols || theme.strokes) { looks.reverse(); } // the gravest first, as it lies on top of the map
    looks.forEach(function (pair) {
      var look = pair.look, number = pair.number;
      if (!counts[number]) { return; }
      var swatch = theme.symbols ? app.symbolSwatch(look) : theme.strokes ? app.strokeSwatch(look) : app.swatch({ fill: look.fill, line: look.line, pattern: theme.evidence ? "solid" : look.pattern, opacity: 1 });
      list.appendChild(entry(kind, "class" + number, swatch, app.say(look.label), counts[number], place));
    });
    if (theme.evidence) {
      counts = tally(kind, found, function (row) { return theme.evidences[row]; });
      theme.evidence.forEach(function (look, number) {
        if (counts[number]) { list2.appendChild(entry(kind, "evidence" + number, app.swatch({ fill: "#ffffff", line: "#3a3a3a", pattern: look.pattern, opacity: 1 }), app.say(look.label), counts[number], place)); }
      });
    }
    document.getElementById("theme-note-" + place).textContent = note(kind, found) + (undated(kind) ? " " + app.word("years_undated", { n: app.number(undated(kind), 0) }) : "") + (later(kind) ? " " + app.word("years_later", { n: app.number(later(kind), 0), year: picks[kind].until }) : "") + app.plans.note(kind, found);
    document.getElementById("theme-about-" + place).textContent = app.say(theme.about);
  }
  function heading(kind) {
    return [app.say(all[kind].label)].concat(all[kind].facets.map(function (facet) {
      var value = picks[kind].facets[facet.key];
      return value === null || value === undefined || (value === "" && facet.key !== "operator") ? "" : facetWord(kind, facet, value);
    })).concat(picks[kind].until === null || !dated(kind) ? [] : [app.word("years_until", { year: picks[kind].until })]).filter(function (part) { return part; }).join(" – ");
  }
  function total(kind, found, key) { return found.reduce(function (sum, row) { return sum + (cell(kind, row, key) || 0); }, 0); }
  function reach(kind, found) {
    var all_ = found.map(function (row) { return text(cell(kind, row, all[kind].period)); }).filter(function (period) { return period; });
    if (!all_.length) { return app.word("theme_not_said"); }
    var first = all_.map(function (period) { return period.split("/")[0]; }).sort()[0], last = end(all_.reduce(function (a, b) { return lastDay(b) > lastDay(a) ? b : a; }));
    return first === last ? app.day(first) : app.day(first) + " – " + app.day(last);
  }
  function note(kind, found) {
    if (all[kind].strokes) {
      var drawn = found.filter(function (row) { return all[kind].lines[row]; }).length;
      return app.word(kind === "street" ? "theme_note_line" : "theme_note_line_project", { n: app.number(drawn, 0), day: app.say(app.data.date), lost: found.length > drawn ? app.word("theme_note_lines_lost", { n: app.number(found.length - drawn, 0) }) : "" });
    }
    if (all[kind].place === "point") {
      var placed = found.filter(function (row) { return cell(kind, row, "lat") !== null && cell(kind, row, "lon") !== null; }), lost = found.length - placed.length;
      return app.word("theme_note_point", { n: app.number(things(kind, placed), 0), day: app.say(app.data.date), lost: lost ? app.word("theme_note_lost", { n: app.number(lost, 0) }) : "" });
    }
    if (!found.length) { return app.word("theme_note_elsewhere"); }
    if (kind === "ipv6") {
      var figure = all[kind].figures[picks[kind].figure], known = found.filter(function (row) { return figure && cell(kind, row, figure.key) !== null; });
      return app.word("theme_note_ipv6", { n: app.number(known.length, 0), samples: app.number(figure ? total(kind, known, figure.n) : 0, 0), periods: reach(kind, known) });
    }
    var row = found[0], columns = all[kind].table.columns;
    function told(key) { var i = at(kind, key); return i < 0 || cell(kind, row, key) === null ? "" : app.format(cell(kind, row, key), columns[i]); }
    return app.word("theme_note_verdict", {
      n: app.number(found.length, 0), samples: app.number(total(kind, found, "n"), 0), periods: reach(kind, found), statistic: told("statistic"), threshold: threshold(row),
      minimum: asked(row, "n_minimum", "theme_asks"), due: asked(row, "rule_due", "theme_due"), basis: told("basis"), document: told("document") + (told("clause") ? ", " + told("clause") : "")
    });
  }
  // What the document asks for besides: samples, a day; empty where it names none.
  function asked(row, key, word) {
    var value = at("verdict", key) < 0 ? null : cell("verdict", row, key);
    return value === null || value === "" ? "" : app.word(word, typeof value === "number" ? { n: app.number(value, 0) } : { day: app.day(text(value)) });
  }
  // A verdict's figures in the unit of its rule.
  function amount(row, key) {
    var value = cell("verdict", row, key), unit = text(cell("verdict", row, "unit"));
    if (value === null) { return null; }
    if (unit === "share") { return app.share(value); }
    return app.number(value, [0, 1].find(function (n) { return Math.abs(value - Number(value.toFixed(n))) < 1e-9; }) || (Math.abs(value - Math.round(value)) < 1e-9 ? 0 : 2)) + (unit && unit !== "ratio" ? " " + app.format(cell("verdict", row, "unit"), all.verdict.table.columns[at("verdict", "unit")]) : "");
  }
  function threshold(row) { var value = amount(row, "threshold"); return value === null ? app.word("theme_threshold_unknown") : text(cell("verdict", row, "comparator")).replace(">=", "≥").replace("<=", "≤") + " " + value; }

  function fill(place) {
    var select = document.getElementById("themes-" + place);
    if (!select) { return; }
    var kinds = Object.keys(all).filter(function (kind) { return all[kind].place === place; });
    select.replaceChildren.apply(select, [["", app.word("theme_none_" + AT[place])]].concat(kinds.map(function (kind) { return [kind, app.say(all[kind].label)]; })).map(function (pair) {
      var made = el("option", pair[1]);
      made.value = pair[0];
      return made;
    }));
    select.value = places[place] || "";
  }
  Object.keys(places).forEach(function (place) {
    var select = document.getElementById("themes-" + place);
    if (select) { select.addEventListener("change", function () { show(place, select.value); }); }
  });
  app.onLanguage(function () { panel("commune"); panel("point"); });
  if (app.data.outlines) { Object.keys(all).forEach(settle); } // no table of a country is ever of all its rows

  // Makes sure that a row can be seen before it is selected.
  function uncover(kind, row) {
    var place = all[kind].place, before_ = JSON.stringify([picks[kind], hidden[kind], places[place]]);
    facetKeys(kind).forEach(function (key) { if (!matches(kind, row, key) || onCommunes(kind)) { picks[kind].facets[key] = text(cell(kind, row, key)); } });
    if (current(kind).indexOf(row) < 0 && all[kind].period) { picks[kind].period = text(cell(kind, row, all[kind].period)); }
    if (!inTime(kind, row)) { limit(null); }
    if (isHidden(kind, row)) { hidden[kind] = {}; }
    if (places[place] !== kind || before_ !== JSON.stringify([picks[kind], hidden[kind], places[place]])) { show(place, kind); }
  }
  // What a reader chose, for the page's address: kind, figure, period and facets; what the tables do not hold is not taken.
  function told(place) {
    var kind = places[place];
    return kind ? [kind, picks[kind].figure, picks[kind].period || ""].concat(facetKeys(kind).map(function (key) { var value = picks[kind].facets[key]; return value === null || value === undefined ? "*" : "=" + value; })).map(function (part) { return encodeURIComponent(part).replace(/~/g, "%7E"); }).join("~") : "";
  }
  function restore(place, asked) {
    var parts = asked.split("~"), kind = parts[0];
    if (!Object.prototype.hasOwnProperty.call(all, kind) || all[kind].place !== place) { show(place, null); return; }
    try { parts = parts.map(decodeURIComponent); } catch (error) { return; }
    if (all[kind].figures && /^\d+$/.test(parts[1]) && Number(parts[1]) < all[kind].figures.length) { picks[kind].figure = Number(parts[1]); }
    facetKeys(kind).forEach(function (key, k) { var value = parts[3 + k]; picks[kind].facets[key] = value !== undefined && value.charAt(0) === "=" ? value.slice(1) : null; });
    picks[kind].period = parts[2] || null;
    show(place, kind);
  }
  function keysOf(kind) { return [all[kind].code].concat(all[kind].also, onCommunes(kind) ? facetKeys(kind).concat(all[kind].period ? [all[kind].period] : []) : []); }
  // A row's code: what tells it from the others of its table.
  function codeOf(kind, row) {
    var keys = keysOf(kind);
    return keys.map(function (key) { return text(cell(kind, row, key)); }).join("|");
  }
  function keyWords(kind, row) {
    var keys = keysOf(kind);
    return keys.filter(function (key) { return text(cell(kind, row, key)) !== ""; }).map(function (key) { return key + " = " + text(cell(kind, row, key)); }).join(", ");
  }
  // A title of several columns: the second pattern is for rows without a name of their own.
  function titleOf(kind, row) {
    var titles = all[kind].titles, fields = {};
    all[kind].table.columns.forEach(function (column) { fields[column.key] = app.format(cell(kind, row, column.key), column); });
    fields.area = app.communeName(cell(kind, row, "area_code")) || fields.area_code;
    return app.say(titles[titles.length > 1 && text(cell(kind, row, all[kind].name)) === "" ? 1 : 0], fields);
  }
  function nameOf(kind, row) {
    if (all[kind].titles.length) { return titleOf(kind, row); }
    var value = text(cell(kind, row, all[kind].name)) || text(cell(kind, row, all[kind].code));
    if (!onCommunes(kind) || all[kind].name !== "area_code") { return value; }
    return app.communeName(cell(kind, row, "area_code")) || app.provinceName(cell(kind, row, "area_code")) || text(cell(kind, row, "area_name")) || app.format(cell(kind, row, "area_level"), all[kind].table.columns[at(kind, "area_level")]) + " " + value;
  }
  // Rows of the verdicts of one commune that say something.
  function ofCommune(code) {
    return !all.verdict ? [] : rowsIn("verdict", code).filter(function (row) { return cell("verdict", row, "value") !== null; });
  }
  function others(kind, row) {
    return !all[kind].period ? [] : rowsIn(kind, text(cell(kind, row, "area_code"))).filter(function (other) { return other !== row && area(kind, other) === area(kind, row) && facetKeys(kind).every(function (key) { return text(cell(kind, other, key)) === text(cell(kind, row, key)); }); });
  }

  return {
    all: all, is: function (kind) { return Object.prototype.hasOwnProperty.call(all, kind); }, rowsOf: shown, isHidden: isHidden, show: show, fill: function () { panel("commune"); panel("point"); },
    uncover: uncover, told: told, restore: restore, codeOf: codeOf, keyWords: keyWords, name: nameOf, amount: amount, threshold: threshold, asked: asked, ofCommune: ofCommune, others: others,
    yearOf: yearOf, years: years, dated: dated, things: things, until: until, limit: limit, settle: settle, places: places, span: span, facetWord: facetWord,
    onChange: function (listener) { changed.push(listener); },
    className: function (kind, row) { return app.say(looksOf(kind)[classOf(kind, row)].label); },
    evidenceName: function (kind, row) { return app.say(all[kind].evidence[all[kind].evidences[row]].label); },
    swatch: function (kind, row) {
      return all[kind].symbols ? app.symbolSwatch(all[kind].symbols[classOf(kind, row)]) : all[kind].strokes ? app.strokeSwatch(all[kind].strokes[classOf(kind, row)]) : app.swatch(style(kind, row));
    },
    fromAfar: again_from_afar,
    raise: function () { if (layer.point) { layer.point.eachLayer(function (part) { part.bringToFront(); }); } }
  };
})(vungphu);
