"use strict";
/* The scorecard of a commune, village or site: the figures of the tables, and where they come from. */
vungphu.card = (function (app) {
  var data = app.data, el = app.element, card = document.getElementById("card"), shown = null;
  var tables = { commune: data.communes, village: data.villages, site: data.sites };
  var names = { commune: "commune_name", village: "village_name", site: "site_name" };
  var codes = { commune: "commune_code", village: "village_id", site: "site_id" };

  function at(table, key) { return table.columns.findIndex(function (column) { return column.key === key; }); }
  function value(kind, row, key) { var i = at(tables[kind], key); return i < 0 ? null : tables[kind].rows[row][i]; }
  function name(kind, row) {
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
    return box;
  }

  function list(kind, row) {
    var table = tables[kind], dl = el("dl");
    table.columns.forEach(function (column, i) {
      if (column.group || column.key === names[kind]) { return; }
      var dt = el("dt", app.say(column.label)), dd = el("dd"), shownFigure = app.figure(table.rows[row][i], column);
      dd.dataset.column = column.key;
      dd.appendChild(shownFigure);
      if (kind === "village" && column.key === "commune_code" && app.communeName(table.rows[row][i])) {
        dd.appendChild(document.createTextNode(" " + app.communeName(table.rows[row][i])));
      }
      dl.appendChild(dt);
      dl.appendChild(dd);
    });
    return dl;
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
    head.appendChild(el("th", ""));
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

  function origin(kind, row) {
    var details = el("details"), code = value(kind, row, codes[kind]), ul = el("ul");
    details.appendChild(el("summary", app.word("origin")));
    details.appendChild(el("p", app.word("origin_" + kind, { code: code === null ? "" : app.plain(code) })));
    tables[kind].columns.forEach(function (column) {
      var about = app.say(column.about);
      if (!about || column.group) { return; }
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
    close.addEventListener("click", function () { app.select(null); });
    card.dataset.kind = kind;
    card.appendChild(close);
    card.appendChild(el("p", app.word("card_" + kind), "quiet"));
    card.appendChild(el("h2", name(kind, row)));
    if (kind !== "site" && !data.checked) { card.appendChild(el("p", app.word("forecast"), "forecast")); }
    var tools = el("div", null, "tools"), zoom = el("button", app.word("zoom_here"));
    zoom.type = "button";
    zoom.addEventListener("click", function () { app.zoomTo(kind, row); });
    tools.appendChild(zoom);
    if (kind === "commune") {
      var there = el("button", app.word("row_here"));
      there.type = "button";
      there.addEventListener("click", function () { app.showRow(row); });
      tools.appendChild(there);
    }
    [kind === "commune" ? bar(row) : null, list(kind, row), kind === "commune" ? byOperator(row) : null,
      kind === "commune" ? villagesOf(row) : null, origin(kind, row), tools].forEach(function (part) { if (part) { card.appendChild(part); } });
    card.scrollTop = 0;
  }
  app.onLanguage(render);

  return { name: name, value: value, show: function (kind, row) { shown = kind ? { kind: kind, row: row } : null; render(); } };
})(vungphu);
