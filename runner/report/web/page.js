// Draws the charts of a page. Their data lies in the page as JSON (chart_block.h says in which form), Chart.js before this script.
// How many were drawn stands in data-charts of <html>, and what went wrong in data-errors and on the page.
"use strict";
const lafsCharts = (() => {
  const root = document.documentElement;
  const drawn = [];   // {chart, canvas, instance}
  let unfolded = [];  // parts that are open for paper only

  function problem(text) {
    root.dataset.errors = (root.dataset.errors ? root.dataset.errors + "; " : "") + text;
    const box = document.createElement("p");
    box.className = "problem";
    box.textContent = "A part of this page could not be drawn: " + text;
    document.querySelector("main").prepend(box);
  }

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const seriesColour = (i) => colour("--series-" + (i % 8 + 1));
  const points = (x, y) => x.map((at, i) => ({x: at, y: y[i]}));

  // A band lies behind its line: the smallest and largest value that a point of the line stands for.
  function lineSets(chart) {
    return chart.series.flatMap((series, i) => {
      const ink = seriesColour(series.colour ?? i);
      const line = {
        label: series.name, data: points(series.x, series.y), borderColor: ink, borderWidth: series.reference ? 1.5 : 2,
        borderDash: series.reference ? [6, 5] : [], backgroundColor: ink + "38", fill: chart.filled ? "origin" : false,
        pointRadius: series.x.length > 12 || series.reference ? 0 : 3, pointBackgroundColor: ink, pointHitRadius: 6, order: i,
      };
      if (!series.low) return [line];
      const edge = {band: true, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order: 100 + i};
      return [
        line, {...edge, label: series.name, data: points(series.x, series.low), fill: false},
        {...edge, label: series.name, data: points(series.x, series.high), fill: "-1", backgroundColor: ink + "30"},
      ];
    });
  }

  // A dot for each label, with a line from its low to its high value.
  function dotSets(chart) {
    return chart.series.map((series, i) => ({
      label: series.name, data: series.y, low: series.low, high: series.high, borderColor: seriesColour(i), showLine: false,
      backgroundColor: seriesColour(i), pointRadius: 5, pointHitRadius: 8,
    }));
  }

  const whiskers = {
    id: "whiskers",
    afterDatasetsDraw(instance) {
      const {ctx, scales: {x}, chartArea: area} = instance;
      instance.data.datasets.forEach((set, i) => {
        if (!set.low || !instance.isDatasetVisible(i)) return;
        instance.getDatasetMeta(i).data.forEach((dot, at) => {
          if (set.low[at] === null || set.high[at] === null) return;
          ctx.save();
          ctx.beginPath();
          ctx.rect(area.left, area.top, area.width, area.height);
          ctx.clip();
          ctx.strokeStyle = set.borderColor;
          ctx.lineWidth = 2;
          ctx.beginPath();
          ctx.moveTo(x.getPixelForValue(set.low[at]), dot.y);
          ctx.lineTo(x.getPixelForValue(set.high[at]), dot.y);
          ctx.stroke();
          ctx.restore();
        });
      });
    },
  };

  function powerOfTen(value) {
    const exponent = Math.log10(value);
    if (Math.abs(exponent - Math.round(exponent)) > 1e-6) return null;
    return value >= 1e-3 && value <= 1e4 ? String(Number(value.toPrecision(1))) : value.toExponential(0);
  }

  // Chart.js also makes ticks just outside the data, whose labels would stand beside the plot.
  function ticksInside(scale) {
    scale.ticks = scale.ticks.filter((tick) => tick.value >= scale.min && tick.value <= scale.max);
  }

  // And one at the last point, however near the tick before it is.
  function ticksApart(scale) {
    const values = scale.ticks.map((tick) => tick.value), last = values.length - 1;
    if (last >= 2 && values[last] - values[last - 1] < (values[1] - values[0]) / 2) scale.ticks = scale.ticks.slice(0, last);
  }

  function axis(name, logarithmic) {
    const grid = {color: colour("--grid"), borderColor: colour("--axis")};
    const ticks = {color: colour("--muted"), maxRotation: 0, autoSkipPadding: 14, includeBounds: false};
    if (logarithmic) ticks.callback = powerOfTen;
    const title = {display: name !== "", text: name, color: colour("--ink-2")};
    return {type: logarithmic ? "logarithmic" : "linear", grid, ticks, title, afterBuildTicks: logarithmic ? ticksInside : ticksApart};
  }

  // A line that never changes lies in the middle.
  function around(chart) {
    const all = chart.series.flatMap((series) => series.y), value = all[0];
    return all.every((y) => y === value) && value !== 0 ? {suggestedMin: value - Math.abs(value) / 2, suggestedMax: value + Math.abs(value) / 2} : {};
  }

  function scales(chart) {
    if (!chart.labels) return {x: {...axis(chart.x, chart.log_x), bounds: "data"}, y: {...axis(chart.y, chart.log_y), ...around(chart)}};
    const names = axis("", false), ends = chart.series.flatMap((series) => [...series.low, ...series.high]).filter((end) => end !== null);
    names.ticks.autoSkip = false;
    const range = ends.length ? {suggestedMin: Math.min(...ends), suggestedMax: Math.max(...ends)} : {};
    return {x: {...axis(chart.x, false), grace: "5%", ...range}, y: {...names, type: "category", offset: true}};
  }

  const number = (value) => Number(value.toPrecision(6)).toString();

  function tooltipText(context) {
    const set = context.dataset, at = context.dataIndex;
    const value = number(set.low ? context.parsed.x : context.parsed.y);
    return `${set.label}: ${value}` + (set.low && set.low[at] !== null ? ` (${number(set.low[at])} to ${number(set.high[at])})` : "");
  }

  function options(chart) {
    const shown = (item, data) => !data.datasets[item.datasetIndex].band;
    return {
      responsive: true, maintainAspectRatio: false, animation: false, locale: "en", indexAxis: chart.labels ? "y" : "x",
      parsing: chart.labels ? undefined : false, interaction: {mode: "nearest", axis: chart.labels ? "y" : "x", intersect: false},
      scales: scales(chart),
      plugins: {
        legend: {
          display: chart.series.length > 1 || chart.legend === true,
          labels: {filter: shown, color: colour("--ink-2"), boxWidth: 14, boxHeight: chart.labels ? 8 : 2, padding: 8},
        },
        tooltip: {filter: (item) => !item.dataset.band, callbacks: {label: tooltipText}},
      },
    };
  }

  function make(chart, canvas) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", chart.title);
    if (chart.labels) canvas.parentElement.style.height = 90 + chart.labels.length * 26 + "px";
    return new Chart(canvas, {
      type: "line", data: {labels: chart.labels, datasets: chart.labels ? dotSets(chart) : lineSets(chart)}, options: options(chart),
      plugins: [whiskers],
    });
  }

  function draw(chart, canvas) {
    try {
      drawn.push({chart, canvas, instance: make(chart, canvas)});
      root.dataset.charts = drawn.length;
    } catch (error) {
      problem(`${chart.title}: ${error.message}`);
    }
  }

  function clear() {
    for (const {instance} of drawn.splice(0)) instance.destroy();
  }

  function redraw() {
    const all = drawn.map(({chart, canvas}) => ({chart, canvas}));
    clear();
    for (const {chart, canvas} of all) draw(chart, canvas);
  }

  function forPaper(paper) {
    root.classList.toggle("print", paper);
    const folded = paper ? [...document.querySelectorAll("details:not([open])")] : unfolded;
    for (const one of folded) one.open = paper;
    unfolded = paper ? folded : [];
    redraw();
  }

  window.addEventListener("error", (event) => problem(event.message));
  window.addEventListener("beforeprint", () => forPaper(true));
  window.addEventListener("afterprint", () => forPaper(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const data = document.getElementById("charts");
  if (data) JSON.parse(data.textContent).forEach((chart, i) => draw(chart, document.getElementById("chart-" + i)));
  return {draw, clear};
})();
