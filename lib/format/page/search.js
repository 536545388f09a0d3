/* Searching and filtering. */

const kinds = new Set();	/* the types to show; empty: all */
let onlyBad = false;
let ticket = 0;
let query = "";
const input = make("input", ""), searchStatus = make("span", "");

/* Fields that are not searched: most steps have the same text there. */
const unsearched = new Set(["trace_id", "start_time", "end_time"]);

const quote = (s) => s.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/* A pattern for records: the text as JSON strings spell it, or as it is. */
function pattern(text) {
	const json = JSON.stringify(text).slice(1, -1).replace(
	    /[<>&\u2028\u2029]/g, (c) => "\\u" +
	    c.charCodeAt(0).toString(16).padStart(4, "0"));
	return new RegExp(quote(json) + (json === text ? "" :
	    "|" + quote(text)), "gi");
}

/* Whether a place is within an escape. */
function inEscape(text, at) {
	return /(?:^|[^\\])(?:\\\\)*\\(?:u[0-9a-f]{0,3})?$/.test(
	    text.slice(Math.max(0, at - 64), at));
}

let looked = null;		/* the pattern for records */

/* Whether a value matches the search. */
function hasMatch(text) {
	let m;
	if (!looked)
		return false;
	looked.lastIndex = 0;
	while ((m = looked.exec(text))) {
		if (!inEscape(text, m.index))
			return true;
		looked.lastIndex = m.index + 1;
	}
	return false;
}

/* Whether the value of a searched field of a record matches the search. */
function recordHas(n) {
	const text = record(n);
	let m;
	looked.lastIndex = 0;
	while ((m = looked.exec(text))) {
		const line = text.lastIndexOf("\n", m.index) + 1;
		const from = line || 1, end = stringEnd(text, from);
		const next = text.indexOf("\n", m.index);
		if (m.index <= end) {
			looked.lastIndex = end + 1;
		} else if (unsearched.has(text.slice(from + 1, end - 1))) {
			if (next < 0)
				return false;
			looked.lastIndex = next;
		} else if (inEscape(text, m.index)) {
			looked.lastIndex = m.index + 1;
		} else {
			return true;
		}
	}
	return false;
}

/* Searches all records, for a few milliseconds at a time. */
function search(text) {
	const mine = ++ticket;
	let i = 0;
	query = text.trim();
	needle = query ? new RegExp(quote(query), "gi") : null;
	looked = query ? pattern(query) : null;
	(function some() {
		const until = performance.now() + 12;
		if (mine !== ticket)
			return;
		while (i < rows.length && performance.now() < until) {
			rows[i].found = !looked || recordHas(rows[i].n);
			i++;
		}
		if (i < rows.length) {
			searchStatus.textContent = "searching\u2026";
			setTimeout(some);
			return;
		}
		arrange();
		refresh();
	})();
}

/* Shows the rows that pass search and filters, and the rows above them. */
function arrange() {
	const some = query || kinds.size || onlyBad;
	let count = 0, folded = Infinity;
	for (const row of rows) {
		row.above = false;
		row.passes = row.found && (!onlyBad || row.bad) &&
		    (!kinds.size || kinds.has(row.kind));
		count += row.passes;
		for (let up = row.parent; some && row.passes && up &&
		    !up.above; up = up.parent)
			up.above = true;
	}
	for (const row of rows) {
		if (row.depth <= folded)
			folded = Infinity;
		row.li.hidden = some ? !row.passes && !row.above :
		    folded < Infinity;
		row.li.classList.toggle("dim", !row.passes);
		if (row.folded && folded === Infinity)
			folded = row.depth;
		if (row.marked || needle)
			markName(row);
	}
	for (const rowsTogether of list.children)
		setHeight(rowsTogether);
	searchStatus.textContent = some ? count + " of " + rows.length : "";
	if (!current || current.li.hidden)
		setCurrent(nextRow(null, 1) || null);
}

/* Gives the style the number of rows, for the height of lists out of sight. */
function setHeight(box) {
	let n = 0;
	for (const li of box.children)
		n += !li.hidden;
	box.hidden = !n;
	box.style.setProperty("--rows", n);
}

function markName(row) {
	needle && (needle.lastIndex = 0);
	const marked = needle !== null && needle.test(row.text);
	if (!marked && !row.marked)
		return;
	row.marked = marked;
	row.name.replaceChildren();
	put(row.name, row.text);
}
