"use strict";
(() => {
  const table = document.getElementById("rows");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({
    row,
    verdict: row.dataset.v,
    mistakes: (row.dataset.m || "").split("|"),
    text: row.textContent.toLowerCase(),
    keys: Array.from(row.cells, (cell) => {
      const text = cell.dataset.k ?? cell.textContent;
      const value = Number(text);
      return text === "" || Number.isNaN(value) ? text.toLowerCase() : value;
    }),
  }));
  const search = document.getElementById("search");
  const verdict = document.getElementById("verdict");
  const mistake = document.getElementById("mistake");
  const count = document.getElementById("count");
  const order = new Intl.Collator(undefined, { numeric: true }).compare;

  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return order(a, b);
  };
  const sort = (column, ascending) => {
    const sign = ascending ? 1 : -1;
    rows.sort((a, b) => sign * compare(a.keys[column], b.keys[column]));
    const all = document.createDocumentFragment();
    for (const { row } of rows) all.append(row);
    body.append(all);
    Array.from(table.tHead.rows[0].cells, (cell, i) =>
      cell.setAttribute("aria-sort", i === column ? (ascending ? "ascending" : "descending") : "none"));
  };
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, verdict: v, mistakes, text } of rows) {
      const keep = (!verdict.value || v === verdict.value)
        && (!mistake.value || mistakes.includes(mistake.value))
        && words.every((word) => text.includes(word));
      row.hidden = !keep;
      shown += keep;
    }
    count.textContent = `${shown} of ${rows.length} shown`;
  };

  Array.from(table.tHead.rows[0].cells, (cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    button.addEventListener("click", () => sort(column, cell.getAttribute("aria-sort") !== "ascending"));
    cell.replaceChildren(button);
    cell.setAttribute("aria-sort", "none");
  });
  for (const field of [search, verdict, mistake]) field.addEventListener("input", filter);
  for (const button of document.querySelectorAll("button[data-mistake]")) {
    button.addEventListener("click", () => {
      mistake.value = button.dataset.mistake;
      filter();
      table.scrollIntoView();
      mistake.focus({ preventScroll: true });
    });
  }
  document.getElementById("controls").hidden = false;
  filter();
})();
