"use strict";
/* What is shown stands in the page's address, so that a link or a bookmark opens it again. Runs last. */
(function (app) {
  var map = app.map, ready = false, waiting = null, boxes = document.querySelectorAll("[data-toggle]"), choice = document.getElementById("coverage");

  // The address is text from outside: only numbers within range and codes that the tables hold are taken from it.
  function read() {
    var found = {};
    window.location.hash.replace(/^#/, "").split("&").forEach(function (part) {
      var at = part.indexOf("="), text = "";
      if (at < 1) { return; }
      try { text = decodeURIComponent(part.slice(at + 1)); } catch (error) { return; }
      found[part.slice(0, at)] = text;
    });
    return found;
  }
  function restore() {
    var asked = read(), view = (asked.view || "").split("/").map(Number), shown = (asked.show || "").split(":");
    if (asked.lang === "vi" || asked.lang === "en") { app.setLanguage(asked.lang); }
    if (choice && asked.coverage !== undefined && /^-?\d+$/.test(asked.coverage) && Number(asked.coverage) < app.data.coverage.length) { choice.value = asked.coverage; choice.dispatchEvent(new Event("change")); }
    if (asked.areas !== undefined && /^-?\d+$/.test(asked.areas)) { app.areas.show(Number(asked.areas)); }
    if (asked.on !== undefined) { app.themes.restore("commune", asked.on); }
    if (asked.points !== undefined) { app.themes.restore("point", asked.points); }
    if (asked.until !== undefined && /^\d{4}$/.test(asked.until)) { app.plans.set(Number(asked.until)); }
    if (asked.compare !== undefined) { app.compare.restore(asked.compare); }
    if (asked.off !== undefined) {
      var off = asked.off.split(",");
      boxes.forEach(function (box) {
        var wanted = off.indexOf(box.dataset.toggle) < 0;
        if (box.checked !== wanted) { box.checked = wanted; box.dispatchEvent(new Event("change")); }
      });
    }
    if (asked.table !== undefined) { app.table.open(asked.table); }
    if (shown.length > 1 && Object.prototype.hasOwnProperty.call(app.tables, shown[0]) && app.tables[shown[0]]) {
      var row = app.rowOf(shown[0], shown.slice(1).join(":"));
      if (row >= 0) { app.select(shown[0], row, !asked.view); }
    }
    if (view.length === 3 && view.every(isFinite) && view[0] >= 4 && view[0] <= 17 && Math.abs(view[1]) <= 85 && Math.abs(view[2]) <= 180) {
      app.moved = true;
      map.setView([view[1], view[2]], view[0], { animate: false });
    }
  }
  function write() {
    waiting = null;
    var parts = ["lang=" + app.language()], off = [], centre = map.getCenter();
    if (app.moved) { parts.push("view=" + [map.getZoom().toFixed(1), centre.lat.toFixed(5), centre.lng.toFixed(5)].join("/")); }
    if (choice) { parts.push("coverage=" + choice.value); }
    parts.push("areas=" + app.areas.chosen());
    ["commune", "point"].forEach(function (place, i) { if (app.themes.places[place]) { parts.push(["on", "points"][i] + "=" + encodeURIComponent(app.themes.told(place))); } });
    if (app.themes.until() !== null) { parts.push("until=" + app.themes.until()); }
    if (app.compare.told()) { parts.push("compare=" + app.compare.told()); }
    boxes.forEach(function (box) { if (!box.checked) { off.push(box.dataset.toggle); } });
    parts.push("off=" + off.join(","));
    if (app.table.current()) { parts.push("table=" + app.table.current()); }
    // A card whose row is no longer on the map does not bring back what was chosen away.
    if (app.selected && (!app.themes.is(app.selected.kind) || (app.themes.places[app.data.themes[app.selected.kind].place] === app.selected.kind && app.themes.rowsOf(app.selected.kind).indexOf(app.selected.row) >= 0))) {
      var code = app.codeOf(app.selected.kind, app.selected.row);
      if (code !== null) { parts.push("show=" + app.selected.kind + ":" + encodeURIComponent(code).replace(/%3A/g, ":")); }
    }
    window.history.replaceState(null, "", "#" + parts.join("&"));
  }
  app.remember = function () { if (ready && waiting === null) { waiting = window.setTimeout(write, 120); } };
  restore();
  ready = true;
  app.onLanguage(app.tellWhole);
  app.areas.onChange(app.tellWhole);
  app.themes.onChange(app.tellWhole);
  app.compare.onChange(app.tellWhole);
  app.tellWhole();
  app.onLanguage(app.remember);
  app.areas.onChange(app.remember);
  app.themes.onChange(app.remember);
  app.compare.onChange(app.remember);
  map.on("moveend", app.remember);
  if (choice) { choice.addEventListener("change", app.remember); }
  boxes.forEach(function (box) { box.addEventListener("change", app.remember); });
  window.addEventListener("hashchange", function () { if (window.location.hash.indexOf("=") > 0) { restore(); } });
  app.ready = true;
  app.readyAt = performance.now();
})(vungphu);
