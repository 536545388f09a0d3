/* The tree of steps. */

/*
 * A row for each step, in the order of the tree: i is its index, n its number
 * as in the other formats, parent a row or null. found says whether the search
 * found it, passes whether search and filters did.
 */
const rows = [];
const rowOf = new Map();
let current = null;		/* the row where the keys are */
let shownRow = null;		/* the row whose step is shown */

function readRows() {
	const above = [];
	for (const li of list ? list.querySelectorAll("li") : []) {
		const a = li.firstChild, name = a.querySelector("b > bdi");
		const depth = Number(li.dataset.depth);
		const row = { li, a, name, depth, n: Number(li.id.slice(5)),
			i: rows.length, text: name.textContent,
			kind: li.classList[0],
			bad: li.classList.contains("error"),
			parent: depth ? above[depth - 1] : null, folds: false,
			folded: false, found: true, marked: false };
		above[depth] = row;
		if (row.parent)
			row.parent.folds = true;
		rows.push(row);
		rowOf.set(row.n, row);
	}
	for (const row of rows)
		prepare(row);
}

/* Makes a row an item of a tree for assistive technology. */
function prepare(row) {
	row.li.setAttribute("role", "none");
	row.a.setAttribute("role", "treeitem");
	row.a.setAttribute("aria-level", row.depth + 1);
	row.a.tabIndex = -1;
	if (row.folds) {
		const handle = make("span", "fold");
		row.a.setAttribute("aria-expanded", "true");
		row.a.querySelector("i").before(handle);
	}
}

function fold(row, folded) {
	if (!row.folds || row.folded === folded)
		return;
	row.folded = folded;
	row.a.setAttribute("aria-expanded", !folded);
}

function setCurrent(row) {
	if (current)
		current.a.tabIndex = -1;
	current = row;
	if (row)
		row.a.tabIndex = 0;
}

function goTo(row) {
	if (!row)
		return;
	setCurrent(row);
	row.li.scrollIntoView({ block: "nearest" });
	if (!shownRow || wide.matches)
		row.a.focus({ preventScroll: true });
	if (shownRow)
		show(row);
}

/* The next row in a direction that is shown and not dimmed. */
function nextRow(from, step) {
	let i = from ? from.i + step : 0;
	while (rows[i] && (rows[i].li.hidden ||
	    rows[i].li.classList.contains("dim")))
		i += step;
	return rows[i];
}
