"use strict";
/* Text, numbers and symbols. Runs before the map's own script. No text ever becomes markup. */
var vungphu = (function () {
  var data = JSON.parse(document.getElementById("vungphu-data").textContent);
  var listeners = [];

  // Texts come with every special character as &#N; this undoes it. The result goes to textContent only.
  function plain(text) {
    return String(text).replace(/&#(\d+);/g, function (whole, number) { return String.fromCodePoint(Number(number)); });
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
    return named(kind, value);
  }
  function named(kind, value) {
    var names = data.named[kind];
    return names && Object.prototype.hasOwnProperty.call(names, value) ? say(names[value]) : plain(value);
  }
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
    else { made.setAttribute("aria-label", word("unknown")); }
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

  return {
    data: data, plain: plain, say: say, word: word, element: element, format: format, figure: figure, fold: fold, number: number,
    share: share, language: language, onLanguage: onLanguage, setLanguage: setLanguage,
    communeStyle: function () { return { color: data.lines.commune, weight: 0.9, opacity: 0.9, fill: true, fillOpacity: 0, fillColor: "#ffffff" }; },
    outlineStyle: function () { return { color: data.lines.province, weight: 2.6, fill: false, interactive: false }; },
    roadStyle: function (feature) { return { color: data.lines.road, weight: feature.properties.w, opacity: 0.85, fill: false, interactive: false }; },
    village: function (feature, place) { return mark(data.villages.symbols[feature.properties.c], place); },
    site: function (feature, place) { return mark(data.sites.symbols[feature.properties.c], place); },
    communes: [], villages: [], sites: [],
    onCommune: function (feature, layer) { vungphu.communes[feature.properties.i] = layer; },
    onVillage: function (feature, layer) { vungphu.villages[feature.properties.i] = layer; },
    onSite: function (feature, layer) { vungphu.sites[feature.properties.i] = layer; }
  };
})();
