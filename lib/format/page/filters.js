/*
 * Filters and orders of a table, for a script that has its rows, each with its
 * number i, its heads, key(row, column), place(rows), and arrange(), which shows
 * the rows that pass the filters.
 */

const chosen = new Map();	/* a test of a row for each filter in use */
let sought = "", sorted = -1, down = false;

const collator = new Intl.Collator(undefined, { numeric: true });

function compare(a, b) {
	if (typeof a === "string")
		return collator.compare(a, b);
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
	place(all);
	heads.forEach((head, i) => {
		if (i === sorted)
			head.setAttribute("aria-sort", down ? "descending" :
			    "ascending");
		else
			head.removeAttribute("aria-sort");
	});
}

/* A choice of the texts that rows have, if there are several. */
function choice(label, textOf) {
	const values = new Map();
	for (const row of rows) {
		const text = textOf(row);
		values.set(text, (values.get(text) || 0) + 1);
	}
	if (values.size < 2 || values.size > 200)
		return "";
	const select = make("select", "", new Option("any " + label, ""));
	select.setAttribute("aria-label", label);
	for (const [text, n] of Array.from(values).sort())
		select.add(new Option((visible(text.slice(0, 80)) || "none") +
		    " (" + n + ")", "=" + text));
	select.addEventListener("change", () => {
		if (select.value)
			chosen.set(label, (row) => "=" + textOf(row) ===
			    select.value);
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

/* The search, which "/" leads to. */
function searchBox(what, where) {
	const input = make("input", "");
	input.type = "search";
	input.placeholder = "Search " + what + "\u2026";
	input.setAttribute("aria-label", "Search " + where);
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
	return input;
}

/* Makes the heads of the columns buttons that order by them. */
function headButtons() {
	heads.forEach((head, i) => {
		const b = make("button", "", head.textContent);
		b.type = "button";
		b.addEventListener("click", () => order(i));
		head.replaceChildren(b);
	});
}
