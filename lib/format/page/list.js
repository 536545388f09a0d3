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
const chosen = new Map();	/* a test of a row for each filter in use */
const status = make("p", "");
let sought = "", sorted = -1, down = false;

function durations(of) {
	return of.map((row) => row.ms).filter((ms) => !Number.isNaN(ms))
	    .sort((a, b) => a - b);
}

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
		status.append(" \u00b7 ", [["p50", 50], ["p90", 90],
		    ["p95", 95], ["p99", 99]].map(([name, p]) => name + " " +
		    time(percentile(all, p))).join(", "), ", max ",
		    time(all[all.length - 1]));
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

function compare(a, b) {
	if (typeof a === "string")
		return a.localeCompare(b, undefined, { numeric: true });
	/* what has no number comes last */
	return Number.isNaN(a) || Number.isNaN(b) ?
	    (down ? -1 : 1) * (Number.isNaN(a) - Number.isNaN(b)) : a - b;
}

/* Orders by a column, the second time the other way, then as it was. */
function order(column) {
	if (sorted === column && down)
		sorted = -1;
	else
		down = sorted === column;
	if (sorted !== -1 || !down)
		sorted = column;
	const all = rows.slice();
	if (sorted >= 0)
		all.sort((a, b) => (down ? -1 : 1) * compare(key(a, column),
		    key(b, column)) || a.i - b.i);
	body.append(...all.map((row) => row.tr));
	heads.forEach((head, i) => {
		if (i === sorted)
			head.setAttribute("aria-sort", down ? "descending" :
			    "ascending");
		else
			head.removeAttribute("aria-sort");
	});
}

/* A choice of the values of a column, if there are several. */
function choice(label, column) {
	const values = new Map();
	for (const row of rows) {
		const text = row.tr.cells[column].textContent;
		values.set(text, (values.get(text) || 0) + 1);
	}
	if (values.size < 2 || values.size > 200)
		return "";
	const select = make("select", "", new Option("any " + label, ""));
	select.setAttribute("aria-label", label);
	for (const [text, n] of Array.from(values).sort())
		select.add(new Option((text || "none") + " (" + n + ")",
		    "=" + text));
	select.addEventListener("change", () => {
		if (select.value)
			chosen.set(label, (row) => "=" + row.tr.cells[column]
			    .textContent === select.value);
		else
			chosen.delete(label);
		arrange();
	});
	return select;
}

/* A button that shows only the rows that pass a test. */
function toggle(label, title, test) {
	const n = rows.filter(test).length, b = make("button", "", label + " ",
	    make("small", "", String(n)));
	b.type = "button";
	b.title = title;
	b.disabled = !n;
	b.setAttribute("aria-pressed", "false");
	b.addEventListener("click", () => {
		if (!chosen.delete(label))
			chosen.set(label, test);
		b.setAttribute("aria-pressed", chosen.has(label));
		arrange();
	});
	return b;
}

function begin() {
	const input = make("input", "");
	input.type = "search";
	input.placeholder = "Search inputs, outputs, errors\u2026";
	input.setAttribute("aria-label", "Search the traces");
	input.addEventListener("input", () => {
		sought = input.value.trim().toLowerCase();
		arrange();
	});
	document.addEventListener("keydown", (event) => {
		if (event.key === "/" && event.target !== input) {
			event.preventDefault();
			input.focus();
		}
	});
	status.setAttribute("role", "status");
	document.querySelector("p").replaceWith(status);
	table.before(make("div", "tools", input,
	    toggle("failed", "traces that failed", (row) =>
	    row.tr.className === "failed"),
	    toggle("slow", "the slowest twentieth: from " + time(slow),
	    (row) => rows.length > 1 && row.ms >= slow),
	    choice("persona", 3), choice("strategy", 4)));
	heads.forEach((head, i) => {
		const b = make("button", "", head.textContent);
		b.type = "button";
		b.addEventListener("click", () => order(i));
		head.replaceChildren(b);
	});
	arrange();
}

begin();
