// The list of runs, and the curves of those that are ticked. Both are asked for again every few seconds; what is chosen stands in the
// address, so that it can be kept.
"use strict";
(() => {
  const every = 3000;
  const filter = document.getElementById("filter"), body = document.getElementById("runs"), place = document.getElementById("compared");
  const address = new URLSearchParams(location.hash.slice(1));
  const chosen = new Set(address.getAll("run"));
  filter.value = address.get("filter") || "";
  let runs = [], shownRuns = "", shownCharts = "";

  function keep() {
    const parts = [...chosen].map((name) => ["run", name]);
    if (filter.value) parts.push(["filter", filter.value]);
    history.replaceState(null, "", "#" + new URLSearchParams(parts));
  }

  function cell(row, text, style) {
    const made = row.insertCell();
    made.textContent = text;
    if (style) made.className = style;
    return made;
  }

  function ago(seconds) {
    const past = Math.max(0, Date.now() / 1000 - seconds);
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (past >= length) return `${Math.floor(past / length)} ${unit} ago`;
    }
    return "now";
  }

  function addRow(run) {
    const row = body.insertRow(), first = row.insertCell();
    if (run.kind === "run") {
      const tick = first.appendChild(document.createElement("input"));
      tick.type = "checkbox";
      tick.checked = chosen.has(run.name);
      tick.setAttribute("aria-label", "compare " + run.name);
      tick.addEventListener("change", () => {
        tick.checked ? chosen.add(run.name) : chosen.delete(run.name);
        keep();
        compare();
      });
    }
    const link = row.insertCell().appendChild(document.createElement("a"));
    link.href = "/view/" + run.name.split("/").map(encodeURIComponent).join("/") + "/report.html";
    link.textContent = run.name;
    if (run.title) link.title = run.title;
    cell(row, run.kind === "run" ? run.state : run.kind);
    cell(row, run.step === null ? "" : run.step, "number");
    cell(row, run.answer);
    cell(row, ago(run.changed));
  }

  function list() {
    const words = filter.value.toLowerCase();
    const shown = runs.filter((run) => (run.name + " " + run.title).toLowerCase().includes(words));
    body.replaceChildren();
    shown.forEach(addRow);
    document.getElementById("count").textContent = `${shown.length} of ${runs.length}; tick runs to lay their curves over each other`;
  }

  async function asked(path) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.text();
  }

  // A run has one colour in all charts.
  function drawCharts(charts, names) {
    lafsCharts.clear();
    place.replaceChildren();
    if (!charts.length) return;
    place.appendChild(document.createElement("h2")).textContent = "Compared";
    const grid = place.appendChild(document.createElement("div"));
    grid.className = "charts";
    for (const chart of charts) {
      chart.legend = true;
      for (const series of chart.series) series.colour = names.indexOf(series.name);
      const figure = grid.appendChild(document.createElement("figure"));
      figure.appendChild(document.createElement("figcaption")).textContent = chart.title;
      const plot = figure.appendChild(document.createElement("div"));
      plot.className = "plot";
      lafsCharts.draw(chart, plot.appendChild(document.createElement("canvas")));
    }
  }

  async function compare() {
    const names = [...chosen].filter((name) => runs.some((run) => run.name === name && run.kind === "run"));
    const text = names.length ? await asked("/charts.json?" + new URLSearchParams(names.map((name) => ["run", name]))) : "[]";
    if (text === shownCharts) return;
    shownCharts = text;
    drawCharts(JSON.parse(text), names);
  }

  async function refresh() {
    try {
      const text = await asked("/runs.json");
      if (text !== shownRuns) {
        shownRuns = text;
        runs = JSON.parse(text);
        list();
      }
      await compare();
      document.documentElement.dataset.listed = runs.length;
    } catch (error) {
      document.getElementById("count").textContent = "the server does not answer: " + error.message;
    }
    setTimeout(refresh, every);
  }

  filter.addEventListener("input", () => { keep(); list(); });
  refresh();
})();
