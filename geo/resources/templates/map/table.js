"use strict";
/* The table twins: the same figures as on the map, sortable, reachable by keyboard; one table is open at a time. */
vungphu.table = (function (app) {
  var el = app.element, tabs = document.getElementById("tables"), note = document.getElementById("table-note");
  var operatorBox = document.getElementById("operator-columns"), moreBox = document.getElementById("more-columns");
  var ids = { commune: "communes", province: "provinces", village: "villages", zone: "zones", claim: "claims", change: "changes" };
  Object.keys(app.data.themes).forEach(function (kind) { ids[kind] = kind + "s"; });
  var kinds = Object.keys(ids).filter(function (kind) { return app.tables[kind] && app.tables[kind].rows.length && document.getElementById(ids[kind]); });
  if (!tabs || !kinds.length) { return { select: function () {}, reveal: function () {}, open: function () {}, current: function () { return null; } }; }
  var current = kinds[0], state = {};
  // A table shows so many rows at a time: thousands of them take seconds to make and help nobody.
  var PAGE = 500;
  kinds.forEach(function (kind) { state[kind] = { column: -1, down: false, lines: [], stale: true, first: 0, order: [] }; });

  function source(kind) { return app.tables[kind]; }
  function place(kind) { return document.getElementById(ids[kind]); }
  function nameAt(kind) { return source(kind).columns.findIndex(function (column) { return column.key === app.nameColumn[kind]; }); }
  function visible(kind) {
    var all = source(kind).columns, own = nameAt(kind);
    var rest = all.map(function (column, i) { return i; }).filter(function (i) {
      return i !== own && (!all[i].group || (operatorBox && operatorBox.checked)) && (!all[i].more || moreBox.checked);
    });
    return [own].concat(rest);
  }
  function plainTable(kind) { return kind === "commune" || kind === "village" || kind === "province"; }
  function rowsOf(kind) {
    if (app.themes.is(kind)) { return app.themes.rowsOf(kind); }
    var rows = source(kind).rows.map(function (row, i) { return i; });
    if (plainTable(kind)) { return rows; }
    var set = app.areas.shownOf(kind);
    return rows.slice(set.first, set.first + set.n).filter(function (row) { return !app.areas.isHidden(kind, row); });
  }
  function order(kind) {
    var sorted = state[kind], rows = source(kind).rows, sign = sorted.down ? -1 : 1, found = rowsOf(kind);
    if (sorted.column < 0) { return found; }
    return found.sort(function (a, b) {
      var x = rows[a][sorted.column], y = rows[b][sorted.column];
      if (x === null || y === null) { return (x === null) - (y === null) || a - b; }
      var by = typeof x === "string" || typeof y === "string" ? app.plain(x).localeCompare(app.plain(y), "vi") : x - y;
      return by * sign || a - b;
    });
  }
  function sortBy(kind, column) {
    var sorted = state[kind], known = source(kind).rows.find(function (row) { return row[column] !== null; });
    sorted.down = sorted.column === column ? !sorted.down : Boolean(known) && typeof known[column] === "number";
    sorted.column = column;
    sorted.first = 0;
    render(kind);
    var pressed = place(kind).querySelector('thead button[data-column="' + column + '"]');
    if (pressed) { pressed.focus(); }
  }
  function header(kind, columns) {
    var head = el("thead"), line = el("tr"), sorted = state[kind];
    columns.forEach(function (i) {
      var column = source(kind).columns[i], th = el("th"), button = el("button");
      th.scope = "col";
      th.setAttribute("aria-sort", sorted.column === i ? (sorted.down ? "descending" : "ascending") : "none");
      button.type = "button";
      button.dataset.column = i;
      button.title = app.say(column.about);
      button.textContent = (column.group ? app.say(column.group) + ": " : "") + app.say(column.label) + (sorted.column === i ? (sorted.down ? " ▼" : " ▲") : "");
      button.addEventListener("click", function () { sortBy(kind, i); });
      th.dataset.said = button.textContent; // on paper: a browser repeats a table's head on each sheet, but no buttons
      th.appendChild(button);
      line.appendChild(th);
    });
    head.appendChild(line);
    return head;
  }
  function body(kind, columns) {
    var made = el("tbody"), own = nameAt(kind), lines = [];
    state[kind].order.slice(state[kind].first, state[kind].first + PAGE).forEach(function (row) {
      var line = el("tr"), cells = source(kind).rows[row];
      columns.forEach(function (i) {
        var cell = el(i === own ? "th" : "td"), column = source(kind).columns[i];
        cell.dataset.column = column.key;
        if (i === own) {
          var button = el("button", app.card.name(kind, row));
          button.type = "button";
          button.addEventListener("click", function () { app.select(kind, row, true); });
          cell.scope = "row";
          cell.appendChild(button);
        } else {
          if (["count", "number", "share", "degree"].indexOf(column.kind) >= 0) { cell.className = "number"; }
          if (column.kind === "code") { cell.className = "code"; }
          cell.appendChild(app.figure(cells[i], column));
        }
        line.appendChild(cell);
      });
      if (app.selected && app.selected.kind === kind && app.selected.row === row) { line.className = "selected"; }
      lines[row] = line;
      made.appendChild(line);
    });
    state[kind].lines = lines;
    return made;
  }
  function render(kind) {
    var columns = visible(kind), one = state[kind];
    one.order = order(kind);
    if (one.first >= one.order.length) { one.first = 0; }
    place(kind).replaceChildren(header(kind, columns), body(kind, columns));
    one.stale = false;
    pager(kind);
  }
  // Which rows are shown, and the way to the others; nothing where all of them are.
  function pager(kind) {
    var one = state[kind], box = place(kind).parentNode.nextElementSibling, n = one.order.length;
    box.replaceChildren();
    box.hidden = n <= PAGE;
    if (box.hidden) { return; }
    function button(word, first, usable) {
      var made = el("button", app.word(word));
      made.type = "button";
      made.dataset.to = word;
      made.disabled = !usable;
      made.addEventListener("click", function () {
        one.first = first;
        render(kind);
        place(kind).parentNode.scrollTop = 0;
        var again = box.querySelector('[data-to="' + word + '"]');
        (again.disabled ? box.querySelector("button:not([disabled])") : again).focus();
      });
      box.appendChild(made);
    }
    button("previous_rows", Math.max(0, one.first - PAGE), one.first > 0);
    box.appendChild(el("span", " " + app.word("rows_shown", { first: app.number(one.first + 1, 0), last: app.number(Math.min(n, one.first + PAGE), 0), n: app.number(n, 0) }) + " "));
    button("next_rows", one.first + PAGE, one.first + PAGE < n);
  }
  // Only the open table is made; the others wait until they are opened.
  function refresh() {
    kinds.forEach(function (kind) { state[kind].stale = true; });
    render(current);
    heads();
  }
  function heads() {
    tabs.replaceChildren.apply(tabs, kinds.map(function (kind) {
      var button = el("button", app.word("table_" + ids[kind]) + " (" + app.number(rowsOf(kind).length, 0) + ")");
      button.type = "button";
      button.dataset.table = kind;
      button.setAttribute("role", "tab");
      button.setAttribute("aria-selected", kind === current ? "true" : "false");
      button.setAttribute("aria-controls", "panel-" + ids[kind]);
      button.tabIndex = kind === current ? 0 : -1;
      button.addEventListener("click", function () { open(kind); });
      return button;
    }));
    note.textContent = current === "mast" ? app.word("caption_masts") : app.themes.is(current) ? app.word("caption_themes", { csv: app.plain(app.data.themes[current].csv) }) : app.word(plainTable(current) ? "caption_" + ids[current] : "caption_areas");
    kinds.forEach(function (kind) { document.getElementById("panel-" + ids[kind]).hidden = kind !== current; place(kind).parentNode.nextElementSibling.hidden = kind !== current || state[kind].order.length <= PAGE; });
    if (operatorBox) { operatorBox.closest("label").hidden = current !== "commune"; }
    moreBox.closest("label").hidden = !source(current).columns.some(function (column) { return column.more; });
  }
  function open(kind) {
    if (kinds.indexOf(kind) < 0) { return; }
    var focused = tabs.contains(document.activeElement);
    current = kind;
    if (state[kind].stale) { render(kind); }
    heads();
    if (focused) { tabs.querySelector('[aria-selected="true"]').focus(); }
    if (app.remember) { app.remember(); }
  }
  tabs.addEventListener("keydown", function (event) {
    var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { open(kinds[(kinds.indexOf(current) + step + kinds.length) % kinds.length]); event.preventDefault(); }
  });
  if (operatorBox) { operatorBox.addEventListener("change", refresh); }
  moreBox.addEventListener("change", refresh);
  app.onLanguage(refresh);
  function follow() {
    kinds.forEach(function (kind) { if (!plainTable(kind)) { state[kind].stale = true; } });
    if (state[current].stale) { render(current); }
    heads();
  }
  app.areas.onChange(follow);
  app.themes.onChange(follow);
  refresh();

  return {
    open: open,
    current: function () { return current; },
    select: function (kind, row) {
      kinds.forEach(function (other) { state[other].lines.forEach(function (line) { line.classList.remove("selected"); }); });
      if (kind && state[kind] && state[kind].lines[row]) { state[kind].lines[row].classList.add("selected"); }
    },
    reveal: function (kind, row) {
      if (kinds.indexOf(kind) < 0) { return; }
      if (app.themes.is(kind)) { app.themes.uncover(kind, row); }
      else if (!plainTable(kind)) { app.areas.uncover(kind, row); }
      open(kind);
      var at = state[kind].order.indexOf(row);
      if (at >= 0 && !state[kind].lines[row]) { state[kind].first = at - at % PAGE; render(kind); }
      var line = state[kind].lines[row];
      if (!line) { return; }
      line.classList.add("selected");
      line.scrollIntoView({ block: "center" });
      line.querySelector("button").focus({ preventScroll: true });
    }
  };
})(vungphu);
