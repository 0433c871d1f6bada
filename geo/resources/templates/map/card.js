"use strict";
/* The scorecard of a commune, village or site: the figures of the tables, and where they come from. */
vungphu.card = (function (app) {
  var data = app.data, el = app.element, card = document.getElementById("card"), shown = null;
  var tables = app.tables, names = app.nameColumn, codes = app.codeColumn, areas = { zone: 1, claim: 1, change: 1 };
  // Columns of areas that the card tells in another form than the list, or that a list would only crowd.
  var told = ["population_low", "population_high", "commune_codes", "commune_shares", "village_ids", "weak_village_ids", "priority", "lon", "lat", "draws"];

  function at(table, key) { return table.columns.findIndex(function (column) { return column.key === key; }); }
  function value(kind, row, key) { var i = at(tables[kind], key); return i < 0 ? null : tables[kind].rows[row][i]; }
  function name(kind, row) {
    if (app.themes.is(kind)) { return app.themes.name(kind, row); }
    var text = value(kind, row, names[kind]);
    if (text === null) { text = value(kind, row, codes[kind]); }
    return text === null ? "" : app.plain(text);
  }

  function bar(row) {
    var parts = [["population_served_share", "served", 2], ["population_uncertain_share", "uncertain", 3],
      ["population_unknown_share", "part_unknown", 6], ["population_unserved_share", "unserved", 4]];
    var shares = parts.map(function (part) { return value("commune", row, part[0]); });
    if (shares.some(function (share) { return share === null; })) { return null; }
    var box = el("div"), strip = el("div", null, "bar"), key = el("ul", null, "bar-key");
    box.appendChild(el("h3", app.word("people")));
    parts.forEach(function (part, i) {
      var piece = el("span", null, "state-" + part[2]), item = el("li");
      piece.style.width = (shares[i] * 100) + "%";
      strip.appendChild(piece);
      item.appendChild(el("span", null, "swatch state-" + part[2]));
      item.appendChild(document.createTextNode(" " + app.word(part[1]) + " " + app.share(shares[i])));
      key.appendChild(item);
    });
    strip.setAttribute("aria-hidden", "true");
    box.appendChild(strip);
    box.appendChild(key);
    if (app.rounded(shares)) { box.appendChild(el("p", app.rounded(shares).trim(), "quiet")); }
    return box;
  }

  // Villages by grid power and special difficulty: ten figures of the table as one small table rather than as ten rows that look alike.
  var SPLIT = /^villages_(white|weak)_(power_difficult|power_other|no_power_difficult|no_power_other|split_unknown)$/;
  function split(row) {
    var found = {}, classes = [], parts = [];
    tables.commune.columns.forEach(function (column, i) {
      var key = SPLIT.exec(column.key);
      if (!key) { return; }
      if (classes.indexOf(key[1]) < 0) { classes.push(key[1]); }
      if (parts.indexOf(key[2]) < 0) { parts.push(key[2]); }
      found[key[1] + key[2]] = i;
    });
    if (!parts.length) { return null; }
    var box = el("div"), made = el("table"), head = el("tr");
    box.appendChild(el("h3", app.word("split")));
    head.appendChild(el("td", ""));
    classes.forEach(function (name) { var th = el("th", app.word("split_" + name)); th.scope = "col"; head.appendChild(th); });
    made.appendChild(head);
    parts.forEach(function (part) {
      var line = el("tr"), th = el("th", app.word("split_" + part));
      th.scope = "row";
      line.appendChild(th);
      classes.forEach(function (name) {
        var td = el("td", null, "number"), i = found[name + part];
        if (i !== undefined) { td.dataset.column = tables.commune.columns[i].key; td.appendChild(app.figure(tables.commune.rows[row][i], tables.commune.columns[i])); }
        line.appendChild(td);
      });
      made.appendChild(line);
    });
    box.appendChild(made);
    return box;
  }

  // What a theme's card says elsewhere: a figure that another column has too, villages that are listed below by name.
  function repeated(kind, row, column) {
    var theme = data.themes[kind], of = theme.repeats[column.key];
    if (of !== undefined && value(kind, row, app.plain(of)) === value(kind, row, column.key)) { return true; }
    return theme.links.some(function (link) {
      return link.column === column.key && link.word === "theme_villages_served" && app.codes(value(kind, row, column.key)).every(function (code) { return app.rowOf("village", code) >= 0; });
    });
  }
  var LONG = 70; // letters from which on a text has lines of its own
  function list(kind, row) {
    var table = tables[kind], dl = el("dl");
    table.columns.forEach(function (column, i) {
      if (column.group || column.key === names[kind]) { return; }
      if (kind === "commune" && SPLIT.test(column.key)) { return; }
      if (app.themes.is(kind) && repeated(kind, row, column)) { return; }
      if (areas[kind] && skipped(kind, column.key, table.rows[row][i])) { return; }
      if (app.themes.is(kind) && (table.rows[row][i] === null || table.rows[row][i] === "")) { return; }
      var dt = el("dt", app.say(column.label)), dd = el("dd"), shownFigure = app.figure(table.rows[row][i], column);
      dd.dataset.column = column.key;
      dd.appendChild(shownFigure);
      if ((kind === "village" || app.themes.is(kind)) && column.key === "commune_code" && app.communeName(table.rows[row][i])) {
        dd.appendChild(document.createTextNode(" " + app.communeName(table.rows[row][i])));
      }
      if (kind === "commune" && column.key === "province_code" && app.provinceName(table.rows[row][i])) { dd.appendChild(document.createTextNode(" " + app.provinceName(table.rows[row][i]))); }
      if (dd.textContent.length > LONG) { dt.className = dd.className = "long"; }
      dl.appendChild(dt);
      dl.appendChild(dd);
    });
    return dl;
  }

  function skipped(kind, key, figure) {
    if (told.indexOf(key) >= 0 || (kind === "change" ? key === "state" : key === "population" || key === "class") || key.indexOf("priority_") === 0) { return true; }
    if (key === "remark_vi" || key === "remark_en") { return key !== "remark_" + app.language() || figure === null; }
    return (figure === null || figure === "") && key !== "deadline";
  }
  function areaClass(kind, row) {
    var p = el("p", null, "area-class"), style = app.data.areas.styles[kind][tables[kind].classes[row]];
    p.appendChild(app.swatch(style));
    p.appendChild(document.createTextNode(" " + app.say(style.label)));
    return p;
  }
  function people(kind, row) {
    var figure = value(kind, row, "population"), low = value(kind, row, "population_low"), high = value(kind, row, "population_high");
    var p = el("p", null, "people"), said = figure === null ? app.word("not_known") : app.number(figure, 0);
    p.appendChild(el("b", app.word(kind === "zone" ? "people_lacking" : "people_here") + ": "));
    if (kind === "zone" && figure !== null) {
      said = low === null || high === null ? app.word("no_interval", { n: said }) : app.word("interval", { n: said, low: app.number(low, 0), high: app.number(high, 0) });
    }
    p.appendChild(document.createTextNode(said));
    return p;
  }
  function priority(row) {
    var whole = value("zone", row, "priority");
    if (whole === null) { return null; }
    var box = el("div"), made = el("table"), head = el("tr"), weights = app.data.areas.weights, weighed = Object.keys(weights).length > 0;
    function cell(figure, decimals) { return el("td", figure === null ? "–" : app.number(figure, decimals), "number"); }
    box.appendChild(el("h3", app.word("priority")));
    ["term", "value"].concat(weighed ? ["weight"] : []).forEach(function (key) { var th = el("th", app.word(key)); th.scope = "col"; head.appendChild(th); });
    made.appendChild(head);
    ["people", "villages", "facilities", "deadline", "cost"].forEach(function (term) {
      var line = el("tr"), th = el("th", app.named("priority_terms", term));
      th.scope = "row";
      line.appendChild(th);
      line.appendChild(cell(value("zone", row, "priority_" + term), 2));
      if (weighed) { line.appendChild(cell(term in weights ? weights[term] : null, 2)); }
      made.appendChild(line);
    });
    var last = el("tr"), th = el("th", app.word("whole"));
    th.scope = "row";
    last.appendChild(th);
    last.appendChild(cell(whole, 3));
    if (weighed) { last.appendChild(el("td", "")); }
    made.appendChild(last);
    box.appendChild(made);
    return box;
  }
  // A list of what belongs to this: each a button that opens it, or its code where the map does not have it.
  function linked(heading, kind, found, say) {
    if (!found.length) { return null; }
    var box = el("div"), ul = el("ul", null, "villages");
    box.appendChild(el("h3", app.word(heading)));
    found.forEach(function (code) {
      var li = el("li"), other = app.rowOf(kind, code), button = el("button", other < 0 ? code : say ? say(other) : name(kind, other));
      button.type = "button";
      button.disabled = other < 0;
      button.addEventListener("click", function () { app.select(kind, other, true); });
      li.appendChild(button);
      ul.appendChild(li);
    });
    box.appendChild(ul);
    return box;
  }
  function zoneLine(row) {
    var figure = value("zone", row, "population");
    return name("zone", row) + " – " + app.say(app.data.areas.styles.zone[tables.zone.classes[row]].label) + (figure === null ? "" : " (" + app.number(figure, 0) + ")");
  }
  // Zones of every operator together come first in the table; those of one operator are not listed under a place.
  function zonesWith(keys, code) {
    if (!tables.zone || !app.areas.first("zone")) { return []; }
    var found = [];
    for (var row = 0; row < app.areas.first("zone").n; row += 1) {
      if (keys.some(function (key) { return app.codes(value("zone", row, key)).indexOf(code) >= 0; })) { found.push(app.plain(value("zone", row, "dead_zone_id"))); }
    }
    return found;
  }
  function ofArea(kind, row) {
    var parts = [areaClass(kind, row), kind === "change" ? null : people(kind, row), list(kind, row), kind === "zone" ? priority(row) : null];
    if (kind === "change") {
      var zone = value(kind, row, "dead_zone_id");
      if (zone !== null && app.rowOf("zone", app.plain(zone)) >= 0) { parts.push(linked("card_zone", "zone", [app.plain(zone)], zoneLine)); }
    }
    parts.push(linked("area_villages", "village", app.codes(value(kind, row, "village_ids")).concat(app.codes(value(kind, row, "weak_village_ids")))));
    parts.push(linked("area_communes", "commune", app.codes(value(kind, row, "commune_codes"))));
    return parts;
  }

  // The province's own map lies beside this file: the path is relative, and holds nothing but what a path of folders may.
  var PATH = /^[\w.~%-]+(\/[\w.~%-]+)*$/;
  function provinceLink(code) {
    var row = data.provinces && code !== null ? app.rowOf("province", app.plain(code)) : -1, file = row < 0 ? "" : app.plain(data.provinces.files[row]);
    if (row < 0) { return null; }
    if (!PATH.test(file)) { return el("p", app.word("no_province_map", { province: name("province", row) }), "quiet"); }
    var p = el("p", null, "tools"), link = el("a", app.word("open_province", { province: name("province", row) }), "button");
    link.setAttribute("href", file);
    p.appendChild(link);
    return p;
  }

  function byOperator(row) {
    var table = tables.commune, groups = [], figures = [], cells = {};
    table.columns.forEach(function (column, i) {
      if (!column.group) { return; }
      var group = app.say(column.group);
      if (groups.indexOf(group) < 0) { groups.push(group); }
      if (!figures.some(function (other) { return other.figure === column.figure; })) { figures.push(column); }
      cells[group + "\n" + column.figure] = i;
    });
    if (!groups.length) { return null; }
    var box = el("div"), scroll = el("div", null, "scroll"), made = el("table"), head = el("tr");
    box.appendChild(el("h3", app.word("by_operator")));
    head.appendChild(el("td", ""));
    figures.forEach(function (column) { var th = el("th", app.say(column.label)); th.scope = "col"; head.appendChild(th); });
    made.appendChild(head);
    groups.forEach(function (group) {
      var line = el("tr"), th = el("th", group);
      th.scope = "row";
      line.appendChild(th);
      figures.forEach(function (column) {
        var td = el("td", null, "number"), i = cells[group + "\n" + column.figure];
        if (i !== undefined) { td.dataset.column = table.columns[i].key; td.appendChild(app.figure(table.rows[row][i], column)); }
        line.appendChild(td);
      });
      made.appendChild(line);
    });
    scroll.tabIndex = 0;
    scroll.appendChild(made);
    box.appendChild(scroll);
    return box;
  }

  function villagesOf(row) {
    if (!data.villages) { return null; }
    var code = value("commune", row, "commune_code"), inCommune = at(data.villages, "commune_code");
    var box = el("div"), ul = el("ul", null, "villages");
    box.appendChild(el("h3", app.word("villages_here")));
    data.villages.rows.forEach(function (line, i) {
      var number = data.villages.classes[i];
      if (line[inCommune] !== code || data.villages.urgent.indexOf(number) < 0) { return; }
      var li = el("li"), button = el("button");
      button.type = "button";
      button.appendChild(symbol("villages", number));
      button.appendChild(el("span", name("village", i) + " – " + app.say(data.villages.labels[number])));
      button.addEventListener("click", function () { app.select("village", i, true); });
      li.appendChild(button);
      ul.appendChild(li);
    });
    box.appendChild(ul.children.length ? ul : el("p", app.word("no_villages_here"), "quiet"));
    return box;
  }
  function symbol(group, number) {
    var found = document.querySelector(".legend .symbol-" + group + "-" + number);
    return found ? found.cloneNode(true) : el("span");
  }

  // A theme's row: where it stands, its figures, and what it has to do with.
  function ofTheme(kind, row) {
    var theme = data.themes[kind], p = el("p", null, "area-class"), parts = [];
    p.appendChild(app.themes.swatch(kind, row));
    if (kind === "verdict") {
      var title = theme.facets[0], amount = app.themes.amount(row, "value"), low = app.themes.amount(row, "low"), high = app.themes.amount(row, "high");
      parts.push(el("p", app.themes.facetWord(kind, title, app.plain(value(kind, row, title.key))), "rule"));
      p.appendChild(document.createTextNode(" " + app.word("theme_result_of") + ": " + app.themes.className(kind, row)));
      parts.push(p, el("p", app.word("theme_evidence_of") + ": " + app.themes.evidenceName(kind, row), "area-class"));
      parts.push(el("p", app.word("theme_value_of", { value: amount === null ? app.word("not_known") : amount, threshold: app.themes.threshold(row),
        interval: low === null || high === null ? "" : " " + app.word("theme_interval_of", { low: low, high: high }) }), "people"));
      if (value(kind, row, "n") !== null) {
        parts.push(el("p", app.word("theme_samples_of", { n: app.number(value(kind, row, "n"), 0), minimum: app.themes.asked(row, "n_minimum", "theme_samples_minimum"),
          needed: app.themes.asked(row, "n_needed", "theme_samples_needed") })));
      }
      if (app.themes.asked(row, "rule_due", "theme_due_on")) { parts.push(el("p", app.themes.asked(row, "rule_due", "theme_due_on"))); }
    } else {
      p.appendChild(document.createTextNode(" " + app.themes.className(kind, row)));
      parts.push(p);
    }
    parts.push(list(kind, row));
    if (theme.explained.some(function (key) { return value(kind, row, key) !== null; })) { parts.push(el("p", app.word("theme_kept"), "quiet")); }
    theme.links.forEach(function (link) {
      var of = link.by && app.plain(value(kind, row, link.by)) !== "village" ? link.kind[1] : link.kind[0];
      parts.push(linked(link.word, of, app.codes(value(kind, row, link.column)), of === "zone" ? zoneLine : undefined));
    });
    var beside = app.plans.others(kind, row);
    if (beside.length) { parts.push(rowList(app.word("theme_measured_here", { n: app.number(beside.length, 0) }), kind, beside, function (other) { return name(kind, other); })); }
    parts.push(rowList(app.word("theme_others_here"), kind, app.themes.others(kind, row), function (other) { return app.themes.span(app.plain(value(kind, other, theme.period) || "")) + ": " + app.themes.className(kind, other); }));
    return parts;
  }
  function rowList(heading, kind, found, say) {
    if (!found.length) { return null; }
    var box = el("details"), ul = el("ul", null, "villages");
    box.appendChild(el("summary", heading));
    found.forEach(function (other) {
      var li = el("li"), button = el("button", say(other));
      button.type = "button";
      button.addEventListener("click", function () { app.select(kind, other, false); });
      li.appendChild(button);
      ul.appendChild(li);
    });
    box.appendChild(ul);
    return box;
  }
  function verdictsOf(code) {
    var found = app.themes.ofCommune(code), facets = found.length ? data.themes.verdict.facets : [];
    return rowList(app.word("theme_verdicts_here", { n: app.number(found.length, 0) }), "verdict", found, function (row) {
      return facets.map(function (facet) { var of = value("verdict", row, facet.key); return of === null || of === "" ? "" : app.themes.facetWord("verdict", facet, app.plain(of)); }).concat([app.themes.span(app.plain(value("verdict", row, "period") || ""))])
        .filter(function (part) { return part; }).join(" – ") + ": " + app.themes.amount(row, "value") + ", " + app.themes.className("verdict", row).toLowerCase() + "; " + app.themes.evidenceName("verdict", row).toLowerCase();
    });
  }

  function streetsOf(code) {
    var found = app.plans.streetsIn(code);
    return found.length ? rowList(app.plans.streetsHeading(found), "street", found, app.plans.streetLine) : null;
  }

  function origin(kind, row) {
    var details = el("details"), code = value(kind, row, codes[kind]), ul = el("ul");
    details.appendChild(el("summary", app.word("origin")));
    if (app.themes.is(kind)) { details.appendChild(el("p", app.word(kind === "mast" ? "theme_origin_mast" : "theme_origin", { csv: app.plain(data.themes[kind].csv), key: app.themes.keyWords(kind, row) }))); }
    else { details.appendChild(el("p", app.word("origin_" + kind, { code: code === null ? "" : app.plain(code) }))); }
    if (data.words.explain && !app.themes.is(kind) && kind !== "claim" && kind !== "change" && code !== null) { details.appendChild(el("p", app.word("explain", { code: app.plain(code) }))); }
    tables[kind].columns.forEach(function (column) {
      var about = app.say(column.about);
      if (!about || column.group) { return; }
      if ((areas[kind] || app.themes.is(kind)) && value(kind, row, column.key) === null) { return; }
      var li = el("li");
      li.appendChild(el("b", app.say(column.label) + ": "));
      li.appendChild(document.createTextNode(about));
      ul.appendChild(li);
    });
    data.sources.forEach(function (source) { ul.appendChild(el("li", app.say(source))); });
    details.appendChild(ul);
    return details;
  }

  function render() {
    card.replaceChildren();
    card.hidden = !shown;
    if (!shown) { return; }
    var kind = shown.kind, row = shown.row, close = el("button", "×", "close");
    close.type = "button";
    close.setAttribute("aria-label", app.word("close"));
    close.addEventListener("click", app.close);
    card.dataset.kind = kind;
    card.appendChild(close);
    card.appendChild(el("p", app.word("card_" + kind), "quiet"));
    card.appendChild(el("h2", name(kind, row)));
    if (kind !== "site" && kind !== "change" && kind !== "mast" && kind !== "sharing" && kind !== "verdict" && kind !== "ipv6" && !(app.themes.is(kind) && data.themes[kind].strokes) && !data.checked) { card.appendChild(el("p", app.word("forecast"), "forecast")); }
    var tools = el("div", null, "tools"), zoom = el("button", app.word("zoom_here"));
    zoom.type = "button";
    zoom.addEventListener("click", function () { app.zoomTo(kind, row); });
    tools.appendChild(zoom);
    if (kind !== "site") {
      var there = el("button", app.word("row_here"));
      there.type = "button";
      there.addEventListener("click", function () { app.table.reveal(kind, row); });
      tools.appendChild(there);
    }
    var code = value(kind, row, codes[kind]), parts;
    if (areas[kind]) { parts = ofArea(kind, row); }
    else if (app.themes.is(kind)) { parts = ofTheme(kind, row); }
    else if (kind === "commune") {
      parts = [provinceLink(value(kind, row, "province_code")), bar(row), list(kind, row), split(row), byOperator(row), linked("zones_here", "zone", code === null ? [] : zonesWith(["commune_codes"], app.plain(code)), zoneLine), villagesOf(row), code === null ? null : verdictsOf(app.plain(code)), code === null ? null : streetsOf(app.plain(code))];
    } else if (kind === "province") {
      parts = [provinceLink(code), list(kind, row), code === null ? null : verdictsOf(app.plain(code))];
    } else { parts = [list(kind, row), kind === "village" && code !== null ? linked("card_zone", "zone", zonesWith(["village_ids", "weak_village_ids"], app.plain(code)), zoneLine) : null]; }
    parts.concat([origin(kind, row), tools]).forEach(function (part) { if (part) { card.appendChild(part); } });
    card.scrollTop = 0;
  }
  app.onLanguage(render);

  return { name: name, value: value, show: function (kind, row) { shown = kind ? { kind: kind, row: row } : null; render(); } };
})(vungphu);
