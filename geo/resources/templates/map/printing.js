"use strict";
/* On paper: a browser draws the page as it stands when it is told to print, and lays out the sheet after that. So the map gets its size on
   paper first, is fitted to it, drawn at once, and put back afterwards. Whoever moved the map finds the same view on the sheet. */
(function (app) {
  var map = app.map, root = document.documentElement, kept = null, query = window.matchMedia("print");

  function seen() {
    var size = map.getSize();
    return L.latLngBounds(map.containerPointToLatLng([0, size.y]), map.containerPointToLatLng([size.x - app.cardWidth(), 0]));
  }
  // Layers ask for being drawn with the next picture of the screen, which on paper is too late.
  function draw() {
    [map.options.renderer, map._renderer].concat(Object.keys(map._paneRenderers).map(function (name) { return map._paneRenderers[name]; })).forEach(function (renderer) {
      if (!renderer || !renderer._ctx || !map.hasLayer(renderer)) { return; }
      L.Util.cancelAnimFrame(renderer._redrawRequest);
      renderer._redrawRequest = null;
      renderer._postponeUpdatePaths = false;
      renderer._update();
    });
  }
  function resized(wanted, move) {
    app.printing = wanted;
    root.classList.toggle("printing", wanted);
    app.onPaper(wanted);
    app.quietly(function () { map.invalidateSize({ animate: false, pan: false }); move(); });
    app.declutter();
    draw();
  }
  function begin(by) {
    if (kept) { return; }
    kept = { by: by, centre: map.getCenter(), zoom: map.getZoom(), seen: seen(), at: [window.scrollX, window.scrollY] };
    resized(true, function () { if (app.moved) { map.fitBounds(kept.seen, { animate: false }); } else { app.whole(); } });
  }
  function end(by) {
    if (!kept || kept.by !== by) { return; }
    var was = kept;
    kept = null;
    resized(false, function () { map.setView(was.centre, was.zoom, { animate: false }); });
    window.scrollTo(was.at[0], was.at[1]);
  }
  // Where the browser tells of printing it also changes media, at times of its own: whoever began ends.
  window.addEventListener("beforeprint", function () { begin("event"); });
  window.addEventListener("afterprint", function () { end("event"); });
  query.addEventListener("change", function () { if (query.matches) { begin("media"); } else { end("media"); } });
})(vungphu);
