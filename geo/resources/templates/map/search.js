"use strict";
/* Finding a commune or village by name or code, with or without accents, by mouse or keyboard. */
(function (app) {
  var input = document.getElementById("search"), list = document.getElementById("found"), count = document.getElementById("found-count");
  var order = ["province", "commune", "village", "zone"], most = 12, entries = null, results = [], active = -1;
  function add(kind, table, codeKey) {
    if (!table) { return; }
    table.rows.forEach(function (row, i) {
      var name = app.card.name(kind, i), code = app.card.value(kind, i, codeKey);
      entries.push({ kind: kind, row: i, name: name, folded: app.fold(name), code: code === null ? "" : app.plain(code).toLowerCase() });
    });
  }
  // Made when somebody begins to search: thousands of folded names are not needed to open the map.
  function index() {
    if (entries) { return; }
    entries = [];
    add("commune", app.data.communes, "commune_code");
    add("province", app.data.provinces, "province_code");
    add("village", app.data.villages, "village_id");
    if (app.areas.first("zone")) { add("zone", { rows: app.tables.zone.rows.slice(0, app.areas.first("zone").n) }, "dead_zone_id"); }
  }

  function rank(entry, wanted, raw) {
    if (entry.code && entry.code === raw) { return 0; }
    var bare = entry.folded.replace(/^(xa|phuong|dac khu|thi tran|thon|ban|to dan pho|tinh|thanh pho) /, "");
    if (entry.folded === wanted || bare === wanted) { return 1; }
    if (entry.folded.startsWith(wanted) || bare.startsWith(wanted)) { return 2; }
    if ((" " + entry.folded).indexOf(" " + wanted) >= 0) { return 3; }
    if (entry.folded.indexOf(wanted) >= 0) { return 4; }
    return entry.code && raw.length > 2 && entry.code.startsWith(raw) ? 5 : -1;
  }
  function find() {
    index();
    var wanted = app.fold(input.value), raw = input.value.trim().toLowerCase();
    active = -1;
    results = !wanted ? [] : entries.map(function (entry) { return { entry: entry, rank: rank(entry, wanted, raw) }; })
      .filter(function (found) { return found.rank >= 0; })
      .sort(function (a, b) {
        return a.rank - b.rank || order.indexOf(a.entry.kind) - order.indexOf(b.entry.kind) || a.entry.name.localeCompare(b.entry.name, "vi") || a.entry.row - b.entry.row;
      });
    count.textContent = !wanted ? "" : results.length ? app.word("found", { n: app.number(results.length, 0) }) : app.word("nothing");
    results = results.slice(0, most).map(function (found) { return found.entry; });
    list.replaceChildren.apply(list, results.map(option));
    open(results.length > 0);
  }
  function option(entry, i) {
    var li = app.element("li", entry.name + " "), commune = "";
    if (entry.kind === "commune") { commune = app.provinceName(app.card.value("commune", entry.row, "province_code")); }
    if (entry.kind === "village") { commune = app.communeName(app.card.value("village", entry.row, "commune_code")); }
    li.id = "found-" + i;
    li.setAttribute("role", "option");
    li.setAttribute("aria-selected", "false");
    li.appendChild(app.element("small", app.word(entry.kind) + (commune ? ", " + commune : "")));
    li.addEventListener("mousedown", function (event) { event.preventDefault(); });
    li.addEventListener("click", function () { choose(i); });
    return li;
  }
  function open(wanted) { list.hidden = !wanted; input.setAttribute("aria-expanded", wanted ? "true" : "false"); if (!wanted) { input.removeAttribute("aria-activedescendant"); } }
  function move(step) {
    if (!results.length) { return; }
    active = (active + step + results.length) % results.length;
    Array.prototype.forEach.call(list.children, function (li, i) { li.setAttribute("aria-selected", i === active ? "true" : "false"); });
    list.children[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", "found-" + active);
  }
  function choose(i) {
    var entry = results[i];
    if (!entry) { return; }
    input.value = entry.name;
    count.textContent = "";
    open(false);
    app.select(entry.kind, entry.row, true);
  }
  input.addEventListener("input", find);
  input.addEventListener("focus", function () {
    index();
    if (results.length && input.value) { open(true); } });
  input.addEventListener("blur", function () { open(false); });
  input.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown") { move(1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { move(-1); event.preventDefault(); }
    else if (event.key === "Enter") { choose(active < 0 ? 0 : active); }
    else if (event.key === "Escape") { open(false); }
  });
  function words() { input.placeholder = app.word("placeholder"); count.textContent = ""; open(false); }
  app.onLanguage(words);
  words();
})(vungphu);
