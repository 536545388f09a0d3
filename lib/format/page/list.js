/*
 * The script of the list of pages (html.c): a search, filters, an order by each
 * column, and figures of the rows that are shown.
 */

const table = document.querySelector("table");
const body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells);
const rows = Array.from(body.rows, (tr, i) => ({ tr, i,
	text: Array.from(tr.cells).slice(0, 3).map((cell) => cell.textContent)
	    .join("\n").toLowerCase(),
	ms: tr.dataset.ms === undefined ? NaN : Number(tr.dataset.ms) }));
const status = make("p", "");

const slow = percentile(durations(rows), 95);

function figures(shown) {
	const all = durations(shown);
	const failed = shown.filter((row) =>
	    row.tr.className === "failed").length;
	status.replaceChildren(shown.length === rows.length ?
	    rows.length + " traces" : shown.length + " of " + rows.length +
	    " traces", ", ", make("span", failed ? "failed" : "",
	    failed + " failed"));
	if (all.length)
		status.append(" \u00b7 " + spread(all));
}

function arrange() {
	const shown = [];
	for (const row of rows) {
		const found = row.text.includes(sought) &&
		    Array.from(chosen.values()).every((test) => test(row));
		row.tr.hidden = !found;
		if (found)
			shown.push(row);
	}
	figures(shown);
}

/* What a row is ordered by: a number, or the text of its cell. */
function key(row, column) {
	const cell = row.tr.cells[column];
	if (heads[column].dataset.by === "ms")
		return row.ms;
	return heads[column].classList.contains("number") ?
	    Number.parseFloat(cell.textContent) : cell.textContent;
}

/* Puts the rows of the table into an order. */
function place(all) {
	body.append(...all.map((row) => row.tr));
}

const cellText = (column) => (row) => row.tr.cells[column].textContent;

function begin() {
	status.setAttribute("role", "status");
	document.querySelector("p").replaceWith(status);
	table.before(make("div", "tools", searchBox("inputs, outputs, errors",
	    "the traces"),
	    toggle("failed", "traces that failed", (row) =>
	    row.tr.className === "failed"),
	    toggle("slow", "the slowest twentieth: from " + time(slow),
	    (row) => rows.length > 1 && row.ms >= slow),
	    choice("persona", cellText(3)), choice("strategy", cellText(4))));
	headButtons();
	arrange();
}

begin();
