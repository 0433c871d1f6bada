"use strict";
/* Communes and provinces of a view of the country, drawn from the page's own data. */
vungphu.outlines = (function (app) {
  var data = app.data.outlines;
  if (!data) { return null; }
  function layer(kind, shapes, style) {
    if (kind === "commune") { return communes(shapes, style()); }
    var made = L.geoJSON(null, { style: style, pane: kind === "province" ? "lines" : "overlayPane", interactive: kind === "commune", onEachFeature: function (feature, part) { app.shapes[kind][feature.properties.i] = part; } });
    shapes.forEach(function (shape, i) { if (shape) { made.addData({ type: "Feature", properties: { i: i }, geometry: app.outline(shape, data.unit) }); } });
    return made;
  }
  // Communes are drawn twice where a theme colours them: their outlines are shared.
  function communes(shapes, style) {
    var made = L.featureGroup();
    shapes.forEach(function (shape, i) {
      if (!shape) { return; }
      var geometry = app.outline(shape, data.unit), part = new app.Shared(geometry.coordinates.map(function (rings) { return L.GeoJSON.coordsToLatLngs(rings, 1); }), Object.assign({ shared: {} }, style));
      part.feature = { type: "Feature", properties: { i: i }, geometry: geometry };
      app.shapes.commune[i] = part;
      made.addLayer(part);
    });
    return made;
  }
  return {
    communes: layer("commune", data.communes, app.communeStyle),
    provinces: layer("province", data.provinces, function () { return Object.assign(app.outlineStyle(), { weight: 1.8 }); })
  };
})(vungphu);
