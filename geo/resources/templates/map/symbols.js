"use strict";
/* Text, numbers and symbols. Runs before the map's own script. No text ever becomes markup. */
var vungphu = (function () {
  var data = JSON.parse(document.getElementById("vungphu-data").textContent);
  var listeners = [];

  // The hundred thousands of rows of a country are made as they are asked for: all at once they take a second and the memory of a phone.
  var MANY = 20000;
  function lazily(n, line) {
    var made = new Map();
    function index(key) { return typeof key === "string" && /^\d+$/.test(key) && Number(key) < n; }
    return new Proxy(new Array(n), {
      has: function (target, key) { return index(key) || key in target; },
      get: function (target, key) {
        if (!index(key)) { return target[key]; }
        if (!made.has(key)) { made.set(key, line(Number(key))); }
        return made.get(key);
      }
    });
  }

  // Tables come column by column, repeated texts once; here they become rows.
  // Of many rows a stretch is looked up by its end rather than written out; rows are mostly asked for one after the other.
  function stretches(lengths, valueIn) {
    var ends = [], sum = 0, at = 0;
    lengths.forEach(function (length) { sum += length; ends.push(sum); });
    return function (row) {
      if (!(row < ends[at] && (at === 0 || row >= ends[at - 1]))) {
        if (at + 1 < ends.length && row >= ends[at] && row < ends[at + 1]) { at += 1; }
        else {
          var low = 0, high = ends.length - 1;
          while (low < high) { var middle = (low + high) >> 1; if (row < ends[middle]) { high = middle; } else { low = middle + 1; } }
          at = low;
        }
      }
      return valueIn(at, row - (at ? ends[at - 1] : 0));
    };
  }
  // Long columns of figures stand in elements of their own and are read when somebody first asks for one.
  function later(column) {
    var values = null;
    return function (row) {
      if (values === null) { values = JSON.parse(document.getElementById("vungphu-column-" + column.later).textContent); }
      return values.at ? values.of[values.at[row]] : values.is[row];
    };
  }
  function unpack(table) {
    if (!table) { return; }
    // Texts of a column, each once, where that is fewer than its rows.
    table.texts = table.packed.map(function (column) { return column.run || column.of || column.is || (column.later === undefined ? [column.all] : null); });
    // Where the values of a column change, if they stand in stretches.
    table.ends = table.packed.map(function (column) {
      var sum = 0;
      return column.run ? column.long.map(function (length) { sum += length; return sum; }) : "all" in column ? [table.n] : null;
    });
    var columns = table.packed.map(function (column) {
      if (column.later !== undefined) { return later(column); }
      if (table.n > MANY && column.run) { return stretches(column.long, function (k) { return column.run[k]; }); }
      if (table.n > MANY && column.seq) {
        return stretches(column.seq.filter(function (part, k) { return k % 2; }), function (k, i) { return column.of[column.seq[2 * k] + i]; });
      }
      if (column.run) {
        var values = [];
        column.run.forEach(function (value, k) { for (var i = 0; i < column.long[k]; i += 1) { values.push(value); } });
        return function (row) { return values[row]; };
      }
      if (column.seq) {
        var turns = [];
        for (var k = 0; k < column.seq.length; k += 2) { for (var j = 0; j < column.seq[k + 1]; j += 1) { turns.push(column.of[column.seq[k] + j]); } }
        return function (row) { return turns[row]; };
      }
      return function (row) { return "all" in column ? column.all : column.at ? column.of[column.at[row]] : column.is[row]; };
    });
    function line(row) { return columns.map(function (value) { return value(row); }); }
    table.value = function (row, i) { return columns[i](row); };
    if (table.n > MANY) { table.rows = lazily(table.n, line); }
    else {
      table.rows = [];
      for (var row = 0; row < table.n; row += 1) { table.rows.push(line(row)); }
    }
    delete table.packed;
  }
  [data.communes, data.provinces, data.villages, data.sites, data.areas.tables.zone, data.areas.tables.claim, data.areas.tables.change].forEach(unpack);
  var themes = Object.keys(data.themes);
  themes.forEach(function (kind) {
    var theme = data.themes[kind];
    ["classes", "evidences"].forEach(function (name) {
      var short = theme[name];
      if (short && short.of) { theme[name] = theme.table.packed[short.column].at.map(function (k) { return short.of[k]; }); }
    });
    unpack(theme.table);
    // Sentences that the table has in one language.
    Object.keys(theme.words).forEach(function (key) {
      var column = theme.table.columns.find(function (one) { return one.key === key; });
      column.kind = kind + "." + key;
      data.named[column.kind] = theme.words[key];
    });
  });

  // Texts come with every special character as &#N; this undoes it. The result goes to textContent only.
  var plainOf = new Map();
  function plain(text) {
    text = String(text);
    if (text.indexOf("&#") < 0) { return text; }
    var known = plainOf.get(text);
    if (known === undefined) {
      known = text.replace(/&#(\d+);/g, function (whole, number) { return String.fromCodePoint(Number(number)); });
      plainOf.set(text, known);
    }
    return known;
  }
  function language() { return document.documentElement.dataset.language === "en" ? "en" : "vi"; }
  function say(pair, fields) {
    var text = plain(pair[language() === "en" ? 1 : 0]);
    return fields ? text.replace(/\{(\w+)\}/g, function (whole, name) { return name in fields ? fields[name] : whole; }) : text;
  }
  function word(key, fields) { return say(data.words[key], fields); }
  function element(tag, text, className) {
    var made = document.createElement(tag);
    if (text !== undefined && text !== null) { made.textContent = text; }
    if (className) { made.className = className; }
    return made;
  }
  function grouped(digits) { return digits.replace(/\B(?=(\d{3})+$)/g, language() === "en" ? "," : "."); }
  function number(value, decimals) {
    var parts = Math.abs(value).toFixed(decimals).split(".");
    var sign = value < 0 && Number(Math.abs(value).toFixed(decimals)) !== 0 ? "−" : "";
    return sign + grouped(parts[0]) + (parts[1] ? (language() === "en" ? "." : ",") + parts[1] : "");
  }
  function share(value) {
    var english = language() === "en", sign = english ? "%" : " %";
    if (value > 0 && value < 0.0005) { return english ? "< 0.1%" : "< 0,1 %"; }
    if (value >= 0.9995 && value < 1) { return english ? "> 99.9%" : "> 99,9 %"; }
    return number(value * 100, 1) + sign;
  }
  // Shares of one whole that do not add up to 100 once rounded: a reader who adds them up is told why.
  function rounded(shares) {
    var sum = shares.reduce(function (all, value) { return all + Math.round(value * 1000); }, 0);
    return shares.length && sum !== 1000 ? " " + word("rounded") : "";
  }
  // A select shows one line: what is chosen stands below it whole where that is longer.
  var ruler = null;
  function tellWhole() {
    ruler = ruler || document.createElement("canvas").getContext("2d");
    document.querySelectorAll("#side select").forEach(function (select) {
      var below = select.nextElementSibling, chosen = select.options[select.selectedIndex], text = chosen ? chosen.textContent : "", look = getComputedStyle(select);
      if (!below || !below.classList.contains("whole")) {
        below = element("p", null, "whole quiet");
        below.setAttribute("aria-hidden", "true"); // the select itself says it
        select.after(below);
      }
      ruler.font = look.fontSize + " " + look.fontFamily;
      below.textContent = select.clientWidth && ruler.measureText(text).width > select.clientWidth - 40 ? text : "";
    });
  }
  function format(value, column) {
    var kind = column.kind;
    if (value === null || value === undefined) { return "–"; }
    if (typeof value === "boolean") { return word(value ? "yes" : "no"); }
    if (typeof value === "number" && kind !== "code") {
      if (kind === "share") { return share(value); }
      if (kind === "count") { return number(value, 0); }
      if (kind === "degree") { return number(value, 5) + "°"; }
      if (kind === "flag") { return word(value ? "yes" : "no"); }
      return number(value, column.decimals);
    }
    if (kind === "date") { return day(plain(value)); }
    if (kind === "reasons") { return reasons(plain(value)); }
    if (kind === "communes" || kind === "villages") {
      var of = kind.slice(0, -1);
      return codes(value).map(function (code) { var row = rowOf(of, code); return row < 0 ? code : code + " " + vungphu.card.name(of, row); }).join("; ");
    }
    return named(kind, value);
  }
  // A cell may list several codes: "new; reopened".
  function named(kind, value) {
    var names = data.named[kind], has = Object.prototype.hasOwnProperty;
    if (!names) { return plain(value); }
    return has.call(names, value) ? say(names[value]) : plain(value).split("; ").map(function (code) { return has.call(names, code) ? say(names[code]) : code; }).join("; ");
  }
  function codes(value) { return value === null || value === undefined || value === "" ? [] : plain(value).split("; "); }
  function day(text) {
    var parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
    return parts && language() === "vi" ? parts[3] + "/" + parts[2] + "/" + parts[1] : text;
  }
  // "A=uncertain; B=neighbour_sites+terrain" in words.
  function reasons(text) {
    return text.split("; ").map(function (entry) {
      var at = entry.lastIndexOf("=");
      if (at < 0) { return entry; }
      var why = entry.slice(at + 1).split("+").map(function (code) { return named("reasons", code); }).join(", ");
      return entry.slice(0, at) + " (" + why + ")";
    }).join("; ");
  }
  // <data value="..."> carries the figure as the CSV file has it; its text is for people.
  function figure(value, column) {
    var made = element("data", format(value, column));
    if (value !== null && value !== undefined) { made.value = typeof value === "string" ? plain(value) : String(value); }
    else { made.setAttribute("role", "img"); made.setAttribute("aria-label", word("unknown")); }
    return made;
  }
  function fold(text) {
    return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐðÐ]/g, "d").toLowerCase().replace(/[^0-9a-z]+/g, " ").trim();
  }
  function onLanguage(listener) { listeners.push(listener); }
  function setLanguage(chosen) {
    document.documentElement.lang = chosen;
    document.documentElement.dataset.language = chosen;
    listeners.forEach(function (listener) { listener(); });
  }

  var Mark = L.CircleMarker.extend({
    _updatePath: function () {
      var corners = this.options.corners, renderer = this._renderer;
      if (!corners || !corners.length) { L.CircleMarker.prototype._updatePath.call(this); return; }
      if (!renderer._drawing || this._empty()) { return; }
      var context = renderer._ctx, centre = this._point, size = this._radius;
      context.beginPath();
      corners.forEach(function (corner, i) {
        context[i ? "lineTo" : "moveTo"](centre.x + corner[0] * size, centre.y + corner[1] * size);
      });
      context.closePath();
      renderer._fillStroke(context, this);
    }
  });
  function mark(symbol, place) {
    return new Mark(place, {
      radius: symbol.radius, size: symbol.radius, corners: symbol.corners, fillColor: symbol.fill, fillOpacity: 1,
      color: symbol.line, weight: symbol.ring ? 2 : 1, opacity: 1
    });
  }

  // Areas: a light fill, an edge and a pattern in the edge's colour, on the map and in the legend alike.
  var TILE = 10, tiles = {}, strokes = {
    diagonal: [[0, 10, 10, 0], [-2, 2, 2, -2], [8, 12, 12, 8]], back_diagonal: [[0, 0, 10, 10], [-2, 8, 2, 12], [8, -2, 12, 2]],
    cross: [[0, 10, 10, 0], [0, 0, 10, 10]], horizontal: [[0, 5, 10, 5]], vertical: [[5, 0, 5, 10]]
  };
  function tile(context, style) {
    var key = style.pattern + style.line;
    if (tiles[key]) { return tiles[key]; }
    var made = document.createElement("canvas"), ink = made.getContext("2d");
    made.width = made.height = TILE;
    ink.strokeStyle = ink.fillStyle = style.line;
    ink.lineWidth = 1.1;
    (strokes[style.pattern] || []).forEach(function (line) { ink.beginPath(); ink.moveTo(line[0], line[1]); ink.lineTo(line[2], line[3]); ink.stroke(); });
    if (style.pattern === "dots") { ink.beginPath(); ink.arc(5, 5, 1.6, 0, 2 * Math.PI); ink.fill(); }
    tiles[key] = context.createPattern(made, "repeat");
    return tiles[key];
  }
  var AREA_FILL = 0.4, NEAR = 8;
  var Canvas = L.Canvas.extend({
    _fillStroke: function (context, layer) {
      var style = layer.options.area, weight = layer.options.weight, edge = layer.options.color, far = data.outlines && this._map.getZoom() < NEAR;
      // Of a whole country seen from afar borders and patterns would cover the colours.
      if (far && layer.options.fill && !layer.options.fillOpacity) { return; }
      if (far && layer.options.fill) { layer.options.weight = 1; layer.options.color = layer.options.fillOpacity ? layer.options.fillColor : "transparent"; }
      L.Canvas.prototype._fillStroke.call(this, context, layer);
      layer.options.weight = weight;
      layer.options.color = edge;
      if (!style || !layer.options.fill || far) { return; }
      context.globalAlpha = 1;
      context.fillStyle = tile(context, style);
      context.fill("evenodd");
    }
  });
  // On paper a canvas has as many dots as a printer shows, not as few as a screen, and each drawing has a canvas of its own: Chromium prints
  // what is drawn while it prepares the sheet stroke by stroke, and what was cleared before as white over all that lies below. Wider than a sheet
  // has dots (2,480 of A4 at 300 to the inch), all strokes of a canvas would shrink into that and no longer lie on the coverage.
  var onPaper = false, DOTS = 2, onScreen = L.Canvas.prototype._update, clear = L.Canvas.prototype._clear;
  function exchange(renderer, canvas, ink) {
    canvas.className = renderer._container.className;
    renderer._container.replaceWith(canvas);
    renderer._container = canvas;
    renderer._ctx = ink;
  }
  L.Canvas.include({
    _update: function () {
      if (!onPaper) {
        if (this._screen) { exchange(this, this._screen.canvas, this._screen.ink); this._screen = null; }
        onScreen.call(this);
        return;
      }
      L.Renderer.prototype._update.call(this);
      var size = this._bounds.getSize(), least = this._bounds.min, canvas = document.createElement("canvas");
      if (!this._screen) { this._screen = { canvas: this._container, ink: this._ctx }; }
      canvas.width = DOTS * size.x;
      canvas.height = DOTS * size.y;
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      exchange(this, canvas, canvas.getContext("2d"));
      L.DomUtil.setPosition(canvas, least);
      this._ctx.scale(DOTS, DOTS);
      this._ctx.translate(-least.x, -least.y);
      this.fire("update");
    },
    _clear: function () { if (!onPaper) { clear.call(this); } }
  });
  // An outline that several layers draw is projected, clipped and simplified once for all of them.
  var Shared = L.Polygon.extend({
    _project: function () {
      var one = this.options.shared, origin = this._map.getPixelOrigin(), key = this._map.getZoom() + "/" + origin.x + "/" + origin.y;
      if (one.at !== key) {
        L.Polygon.prototype._project.call(this);
        one.at = key;
        one.rings = this._rings;
        one.raw = this._rawPxBounds;
        one.clipped = null;
        return;
      }
      this._rings = one.rings;
      this._rawPxBounds = one.raw;
      if (one.raw) { this._updateBounds(); }
    },
    _update: function () {
      if (!this._map) { return; }
      var one = this.options.shared, bounds = this._renderer._bounds, key = one.at + "/" + bounds.min.x + "/" + bounds.min.y + "/" + bounds.max.x + "/" + bounds.max.y;
      if (one.clipped !== key) {
        this._clipPoints();
        this._simplifyPoints();
        one.clipped = key;
        one.parts = this._parts;
      }
      this._parts = one.parts;
      this._updatePath();
    }
  });
  // A second layer over an outline: the same places, another style.
  function over(layer, style) {
    if (!(layer instanceof Shared)) { return L.geoJSON(layer.feature, { style: style }).getLayers()[0]; }
    var made = new Shared([], Object.assign({ shared: layer.options.shared }, style));
    made._latlngs = layer._latlngs;
    made._bounds = layer._bounds;
    made.feature = layer.feature;
    return made;
  }
  function areaStyle(kind) {
    return function (feature) {
      var style = data.areas.styles[kind][feature.properties.c], line = style.pattern === "line" || /Line/.test(feature.geometry.type);
      return {
        area: style, color: style.line, weight: line ? 6 : 1.6, opacity: 1, fill: !line, fillColor: style.fill, fillOpacity: AREA_FILL,
        dashArray: line ? "10 6" : null, lineCap: line ? "butt" : "round"
      };
    };
  }
  function swatch(style) {
    var made = document.createElement("canvas"), ink = made.getContext("2d");
    made.width = 24;
    made.height = 16;
    made.className = "swatch";
    if (style.pattern === "line") {
      ink.strokeStyle = style.line;
      ink.lineWidth = 5;
      ink.setLineDash([10, 4]);
      ink.beginPath(); ink.moveTo(0, 8); ink.lineTo(24, 8); ink.stroke();
      return made;
    }
    ink.globalAlpha = style.opacity || AREA_FILL;
    ink.fillStyle = style.fill;
    ink.fillRect(0, 0, 24, 16);
    ink.globalAlpha = 1;
    ink.fillStyle = tile(ink, style);
    ink.fillRect(0, 0, 24, 16);
    ink.strokeStyle = style.opacity ? "#555555" : style.line;
    ink.lineWidth = style.opacity ? 1 : 2;
    ink.strokeRect(0, 0, 24, 16);
    return made;
  }
  // A symbol as the legend shows it, drawn like the map's.
  function symbolSwatch(symbol) {
    var made = document.createElement("canvas"), ink = made.getContext("2d");
    var size = Math.min(symbol.radius, 7);
    made.width = 24;
    made.height = 16;
    made.className = "swatch";
    ink.beginPath();
    if (symbol.corners.length) { symbol.corners.forEach(function (corner, i) { ink[i ? "lineTo" : "moveTo"](12 + corner[0] * size, 8 + corner[1] * size); }); ink.closePath(); }
    else { ink.arc(12, 8, size, 0, 2 * Math.PI); }
    ink.fillStyle = symbol.fill;
    ink.strokeStyle = symbol.line === "#ffffff" ? "#777777" : symbol.line;
    ink.fill();
    ink.stroke();
    return made;
  }
  // A line as the legend shows it, with the symbol that stands for it seen from afar.
  function strokeSwatch(stroke) {
    var made = document.createElement("canvas"), ink = made.getContext("2d");
    made.width = 24;
    made.height = 16;
    made.className = "swatch";
    ink.strokeStyle = stroke.line;
    ink.lineWidth = stroke.weight;
    ink.setLineDash(stroke.dash ? stroke.dash.split(" ").map(Number) : []);
    ink.beginPath(); ink.moveTo(0, 8); ink.lineTo(24, 8); ink.stroke();
    ink.drawImage(symbolSwatch(stroke.symbol), 0, 0);
    return made;
  }
  // Row of a table by its code, as people write it.
  var rows = {};
  function codeOf(kind, row) {
    if (Object.prototype.hasOwnProperty.call(data.themes, kind)) { return vungphu.themes.codeOf(kind, row); }
    var table = vungphu.tables[kind], at = table.columns.findIndex(function (column) { return column.key === vungphu.codeColumn[kind]; });
    return at < 0 || table.rows[row][at] === null ? null : plain(table.rows[row][at]);
  }
  function rowOf(kind, code) {
    if (!rows[kind]) {
      rows[kind] = new Map();
      (vungphu.tables[kind] ? vungphu.tables[kind].rows : []).forEach(function (row, i) { var own = codeOf(kind, i); if (own !== null && !rows[kind].has(own)) { rows[kind].set(own, i); } });
    }
    var found = rows[kind].get(code);
    return found === undefined ? -1 : found;
  }
  // Outlines come as steps between vertices, in units of the last decimal.
  function path(steps, unit) {
    var x = 0, y = 0, out = [];
    for (var i = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      out.push([Math.round(x) * unit, Math.round(y) * unit]);
    }
    return out;
  }
  function outline(shape, unit) {
    function one(steps) { return path(steps, unit); }
    return shape[0] ? { type: "MultiLineString", coordinates: shape[1].map(one) } : { type: "MultiPolygon", coordinates: shape[1].map(function (rings) { return rings.map(one); }) };
  }
  function collect(list) { return function (feature, layer) { list[feature.properties.i] = layer; }; }
  var shapes = { commune: [], province: [], village: [], site: [], zone: [], claim: [], change: [] };

  function tablesOf(kinds) { var found = {}; kinds.forEach(function (kind) { found[kind] = data.themes[kind].table; }); return found; }
  // Columns that name (0) and identify (1) the rows of each table.
  function columnsOf(which, of) {
    var found = {};
    Object.keys(data.kinds).forEach(function (kind) { found[kind] = data.kinds[kind][which]; });
    themes.forEach(function (kind) { found[kind] = data.themes[kind][of]; });
    return found;
  }

  return {
    data: data, plain: plain, say: say, word: word, element: element, format: format, figure: figure, fold: fold, number: number,
    share: share, rounded: rounded, tellWhole: tellWhole, language: language, onLanguage: onLanguage, setLanguage: setLanguage,
    communeStyle: function () { return { color: data.lines.commune, weight: 0.9, opacity: 0.9, fill: true, fillOpacity: 0, fillColor: "#ffffff" }; },
    outlineStyle: function () { return { color: data.lines.province, weight: 2.6, fill: false, interactive: false }; },
    roadStyle: function (feature) { return { color: data.lines.road, weight: feature.properties.w, opacity: 0.85, fill: false, interactive: false }; },
    village: function (feature, place) { return mark(data.villages.symbols[feature.properties.c], place); },
    site: function (feature, place) { return mark(data.sites.symbols[feature.properties.c], place); },
    areaStyle: areaStyle, outline: outline,
    canvas: function () { return new Canvas({ tolerance: 5 }); }, onPaper: function (wanted) { onPaper = wanted; },
    swatch: swatch, symbolSwatch: symbolSwatch, strokeSwatch: strokeSwatch, Shared: Shared, over: over, mark: mark, day: day, codes: codes, named: named, rowOf: rowOf, codeOf: codeOf, shapes: shapes,
    communes: shapes.commune, villages: shapes.village, sites: shapes.site,
    tables: Object.assign({ commune: data.communes, province: data.provinces, village: data.villages, site: data.sites, zone: data.areas.tables.zone, claim: data.areas.tables.claim, change: data.areas.tables.change }, tablesOf(themes)),
    nameColumn: columnsOf(0, "name"), codeColumn: columnsOf(1, "code"),
    onCommune: collect(shapes.commune), onVillage: collect(shapes.village), onSite: collect(shapes.site)
  };
})();
