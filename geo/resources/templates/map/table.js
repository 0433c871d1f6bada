"use strict";
/* The table twin: the same figures as on the map, sortable, reachable by keyboard. */
vungphu.table = (function (app) {
  var source = app.data.communes, table = document.getElementById("communes");
  if (!source || !table) { return { select: function () {}, reveal: function () {} }; }
  var el = app.element, sorted = { column: -1, down: false }, lines = [], operatorBox = document.getElementById("operator-columns");
  var order = source.rows.map(function (row, i) { return i; });
  var nameAt = source.columns.findIndex(function (column) { return column.key === "commune_name"; });

  function visible() {
    var rest = source.columns.map(function (column, i) { return i; }).filter(function (i) {
      return i !== nameAt && (!source.columns[i].group || (operatorBox && operatorBox.checked));
    });
    return [nameAt].concat(rest);
  }
  function compare(a, b) {
    var x = source.rows[a][sorted.column], y = source.rows[b][sorted.column], sign = sorted.down ? -1 : 1;
    if (x === null || y === null) { return (x === null) - (y === null) || a - b; }
    var by = typeof x === "string" ? app.plain(x).localeCompare(app.plain(y), "vi") : x - y;
    return by * sign || a - b;
  }
  function sortBy(column) {
    sorted = { column: column, down: sorted.column === column ? !sorted.down : typeof source.rows[0][column] === "number" };
    order.sort(compare);
    render();
    var pressed = table.querySelector('thead button[data-column="' + column + '"]');
    if (pressed) { pressed.focus(); }
  }
  function header(columns) {
    var head = el("thead"), line = el("tr");
    columns.forEach(function (i) {
      var column = source.columns[i], th = el("th"), button = el("button");
      th.scope = "col";
      th.setAttribute("aria-sort", sorted.column === i ? (sorted.down ? "descending" : "ascending") : "none");
      button.type = "button";
      button.dataset.column = i;
      button.title = app.say(column.about);
      button.textContent = (column.group ? app.say(column.group) + ": " : "") + app.say(column.label) + (sorted.column === i ? (sorted.down ? " ▼" : " ▲") : "");
      button.addEventListener("click", function () { sortBy(i); });
      th.appendChild(button);
      line.appendChild(th);
    });
    head.appendChild(line);
    return head;
  }
  function body(columns) {
    var made = el("tbody");
    lines = [];
    order.forEach(function (row) {
      var line = el("tr"), cells = source.rows[row];
      columns.forEach(function (i) {
        var cell = el(i === nameAt ? "th" : "td"), column = source.columns[i];
        cell.dataset.column = column.key;
        if (i === nameAt) {
          var button = el("button", app.card.name("commune", row));
          button.type = "button";
          button.addEventListener("click", function () { app.select("commune", row, true); });
          cell.scope = "row";
          cell.appendChild(button);
        } else {
          if (["count", "number", "share", "degree"].indexOf(column.kind) >= 0) { cell.className = "number"; }
          if (column.kind === "code") { cell.className = "code"; }
          cell.appendChild(app.figure(cells[i], column));
        }
        line.appendChild(cell);
      });
      if (app.selected && app.selected.kind === "commune" && app.selected.row === row) { line.className = "selected"; }
      lines[row] = line;
      made.appendChild(line);
    });
    return made;
  }
  function render() {
    var columns = visible();
    table.replaceChildren(header(columns), body(columns));
  }
  if (operatorBox) { operatorBox.addEventListener("change", render); }
  app.onLanguage(render);
  render();
  return {
    select: function (row) {
      lines.forEach(function (line) { line.classList.remove("selected"); });
      if (row !== null && lines[row]) { lines[row].classList.add("selected"); }
    },
    reveal: function (row) {
      lines[row].scrollIntoView({ block: "center" });
      lines[row].querySelector("button").focus({ preventScroll: true });
    }
  };
})(vungphu);
