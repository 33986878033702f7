// Rows are sorted by the column whose heading is pressed, and filtered by the words above the table.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const text = cell => cell.textContent.trim();

  function order(column, sign) {
    const key = row => {
      const value = row.cells[column].dataset.value;
      return value === undefined ? text(row.cells[column]) : Number(value);
    };
    const compare = (one, other) => typeof one === "number" && typeof other === "number"
      ? one - other : String(one).localeCompare(String(other));
    body.append(...[...body.rows].sort((one, other) => sign * compare(key(one), key(other))));
  }

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    order(column, ascending ? 1 : -1);
  }));

  const filter = table.parentNode.previousElementSibling;
  if (filter && filter.classList.contains("filter")) {
    filter.hidden = false;
    filter.querySelector("input").addEventListener("input", event => {
      const wanted = event.target.value.toLowerCase().split(/\s+/);
      for (const row of body.rows) {
        const words = text(row).toLowerCase();
        row.hidden = !wanted.every(word => words.includes(word));
      }
    });
  }
}
