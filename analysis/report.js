"use strict";
(() => {
  const parse = (id) => JSON.parse(document.getElementById(id).textContent);
  const themes = parse("themes");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const drawAll = () => {
    for (const place of document.querySelectorAll(".chart")) {
      const config = structuredClone(themes[dark.matches ? "dark" : "light"]);
      config.legend.columns = Math.max(1, Math.floor(place.clientWidth / 190));
      const options = { config, actions: false, renderer: "svg" };
      options.tooltip = { theme: dark.matches ? "dark" : "light" };
      vegaEmbed(place, parse(`spec-${place.id}`), options).catch((error) => { place.textContent = error.message; });
    }
  };
  drawAll();
  dark.addEventListener("change", drawAll);

  const value = (row, column) => {
    const text = row.cells[column].dataset.sort;
    return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  const compare = (a, b) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);

  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const heading = button.closest("th");
      const direction = heading.ariaSort === "descending" ? "ascending" : "descending";
      for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", direction);
      const body = heading.closest("table").tBodies[0];
      const sign = direction === "ascending" ? 1 : -1;
      const rows = [...body.rows].map((row) => [value(row, heading.cellIndex), row]);
      const known = rows.filter(([key]) => key !== "").sort(([a], [b]) => sign * compare(a, b));
      body.append(...[...known, ...rows.filter(([key]) => key === "")].map(([, row]) => row));
    });
  }
})();
