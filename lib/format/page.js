/*
 * What a trace's page does (html.h says what it consists of). Records stay
 * text: they are read when a step is looked at, and numbers are shown as they
 * are written. All that comes from a record is put into text nodes.
 */
"use strict";
(() => {

const byId = (id) => document.getElementById(id);
const list = byId("rows"), tools = byId("tools");
const traceBox = byId("trace"), stepBox = byId("step");
const wide = matchMedia("(min-width: 1000px)");

/* An element of that class with these children; strings become text. */
function make(name, kind, ...children) {
	const e = document.createElement(name);
	if (kind)
		e.className = kind;
	e.append(...children);
	return e;
}

function button(label, title, action) {
	const b = make("button", "", label);
	b.type = "button";
	if (title) {
		b.title = title;
		b.setAttribute("aria-label", title);
	}
	if (action)
		b.addEventListener("click", action);
	return b;
}

/* --- JSON as text ------------------------------------------------------- */

/* A record's text; 0 is the trace's. */
function record(n) {
	const e = byId("data-" + n);
	return e ? e.textContent : "{}";
}

/* The place behind the string that begins at at. */
function stringEnd(text, at) {
	for (let end = at;;) {
		end = text.indexOf('"', end + 1);
		if (end < 0)
			return text.length;
		let k = end;
		while (text[k - 1] === "\\")
			k--;
		if ((end - k) % 2 === 0)
			return end + 1;
	}
}

/* The place behind the value that begins at at. */
function valueEnd(text, at) {
	for (let depth = 0; at < text.length; at++) {
		const c = text[at];
		if (c === "{" || c === "[") {
			depth++;
		} else if (c === "}" || c === "]") {
			if (--depth <= 0)
				return depth < 0 ? at : at + 1;
		} else if (c === '"') {
			at = stringEnd(text, at) - 1;
			if (!depth)
				return at + 1;
		} else if (c === "," && !depth) {
			return at;
		}
	}
	return at;
}

/* What a string says. */
function decode(string) {
	const to = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
	return string.slice(1, -1).replace(/\\(?:u(....)|(.))/g,
	    (all, code, c) => code ? String.fromCharCode(parseInt(code, 16)) :
	    to[c] || c);
}

/* A string as JSON has it, without what only a page has to escape. */
function unguarded(string) {
	return string.replace(/\\(?:(u003c|u003e|u0026)|.)/g,
	    (all, code) => code ? decode('"' + all + '"') : all);
}

/* An array's values, or an object's members, as [key, value]. */
function members(text) {
	const found = [];
	for (let at = 1; at < text.length - 1;) {
		let key = "";
		if (text[0] === "{") {
			const end = stringEnd(text, at);
			key = decode(text.slice(at, end));
			at = end + 1;
		}
		const end = valueEnd(text, at);
		found.push([key, text.slice(at, end)]);
		at = end + 1;
	}
	return found;
}

/* A record's fields; they stand on lines of their own. */
function fields(n) {
	const found = new Map(), text = record(n).slice(1, -1);
	for (const line of text ? text.split(",\n") : []) {
		const end = stringEnd(line, 0);
		found.set(decode(line.slice(0, end)), line.slice(end + 1));
	}
	return found;
}

/* What cannot be seen, or turns text around, is shown as an escape. */
function visible(text) {
	return text.replace(
	    /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
	    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

const DEEPEST = 100;

/*
 * JSON in lines, as pieces of [kind, text]: k a key, s a string, n a number
 * or word, "\n" the indentation of a new line. Strings that are values are
 * shown as they read when they are to be plain.
 */
function* pretty(text, plain) {
	const word = /[^,\]}]+/y;
	let at = 0, depth = 0;
	const line = () => ["\n", "  ".repeat(Math.min(depth, DEEPEST))];
	yield line();
	while (at < text.length) {
		const c = text[at], next = text[at + 1];
		if (c === '"') {
			const end = stringEnd(text, at);
			const s = text.slice(at, end), key = text[end] === ":";
			yield [key ? "k" : "s", plain && !key ?
			    '"' + decode(s) + '"' : unguarded(s)];
			at = end;
		} else if (c === "{" || c === "[") {
			const empty = next === "}" || next === "]";
			yield ["", empty ? c + next : c];
			at += empty ? 2 : 1;
			if (!empty) {
				depth++;
				yield line();
			}
		} else if (c === "}" || c === "]") {
			depth--;
			yield line();
			yield ["", c];
			at++;
		} else if (c === "," || c === ":") {
			yield ["", c === ":" ? ": " : c];
			at++;
			if (c === ",")
				yield line();
		} else {
			word.lastIndex = at;
			const found = word.exec(text)[0];
			yield ["n", found];
			at += found.length;
		}
	}
}

/* Text as it is; it has no lines of its own. */
function* plainly(text) {
	yield ["", text];
}

/* All of it as one text. */
function whole(pieces) {
	let text = "";
	for (const [kind, piece] of pieces)
		text += kind === "\n" && text ? kind + piece : piece;
	return text;
}

/* --- Showing values ----------------------------------------------------- */

/* What is searched for in what is shown, or null. */
let needle = null;
let readable = true;

/* Appends text with what is searched for marked. */
function put(to, text) {
	let at = 0, m;
	if (needle) {
		needle.lastIndex = 0;
		while ((m = needle.exec(text))) {
			to.append(text.slice(at, m.index),
			    make("mark", "", m[0]));
			at = needle.lastIndex;
		}
	}
	to.append(at ? text.slice(at) : text);
}

/* So much of a value is shown at first, and ten times as much each time. */
const AT_FIRST = 100000;
/* Strings are shown in pieces of that many characters. */
const PIECE = 20000;

function* cut(pieces) {
	for (const [kind, text] of pieces)
		for (let at = 0; at === 0 || at < text.length; at += PIECE)
			yield [kind, text.slice(at, at + PIECE)];
}

/* A line of JSON: what does not fit into it hangs below its beginning. */
function addLine(pre, indent) {
	const line = make("span", "");
	const hang = Math.min(indent.length, 24);
	line.style.paddingLeft = hang + 2 + "ch";
	line.style.textIndent = -hang - 2 + "ch";
	line.append(indent.slice(0, hang));
	pre.append(line);
	return line;
}

/* Appends pieces as lines of code, and a button while there are more. */
function showPieces(box, pieces) {
	const pre = make("pre", ""), rest = cut(pieces);
	let line = pre, enough = AT_FIRST;
	const more = button("Show more", "", () => {
		enough *= 10;
		fill(enough);
	});
	function fill(room) {
		while (room > 0) {
			const { value, done } = rest.next();
			if (done) {
				more.remove();
				return;
			}
			const [kind, text] = value;
			room -= text.length + 10;
			if (kind === "\n")
				line = addLine(pre, text);
			else
				addPiece(line, kind, visible(text));
		}
	}
	more.classList.add("more");
	box.append(pre, more);
	fill(enough);
}

function addPiece(line, kind, text) {
	const to = kind ? make("span", kind) : line;
	put(to, text);
	if (kind)
		line.append(to);
}

/*
 * The messages of a chat, [role, content, others] each, or null when the value
 * is none: an array of objects with a role, or an object of such messages.
 */
function messages(text) {
	if (text.length > AT_FIRST || !text.includes('"role":'))
		return null;
	let of = text;
	if (of[0] === "{") {
		const all = members(of);
		of = all.length === 1 && all[0][0] === "messages" ?
		    all[0][1] : "[" + text + "]";
	}
	if (of[0] !== "[")
		return null;
	const found = [];
	for (const [, message] of members(of)) {
		if (message[0] !== "{")
			return null;
		const all = new Map(members(message));
		const role = all.get("role") || "";
		const content = all.get("content");
		if (role[0] !== '"' || !content)
			return null;
		all.delete("role");
		all.delete("content");
		found.push([decode(role), content, all]);
	}
	return found;
}

/* An object's text again. */
function object(all) {
	return "{" + Array.from(all, ([key, value]) =>
	    JSON.stringify(key) + ":" + value).join(",") + "}";
}

function showValue(box, text) {
	const said = readable && messages(text);
	if (said) {
		for (const [role, content, others] of said) {
			const part = make("div", "said", make("small", ""));
			put(part.firstChild, visible(role));
			if (content !== "null" || !others.size)
				showValue(part, content);
			if (others.size)
				showPieces(part, pretty(object(others), true));
			box.append(part);
		}
	} else if (readable && text[0] === '"') {
		showPieces(box, plainly(decode(text)));
	} else {
		showPieces(box, pretty(text, readable));
	}
}

/* What "Copy" takes of a value: a string's text, or JSON. */
function copied(text) {
	return readable && text[0] === '"' ? decode(text) :
	    whole(pretty(text, false));
}

/* For who may not use the clipboard, as in files. */
function copyByHand(text) {
	const area = make("textarea", "");
	area.value = text;
	area.style.position = "fixed";
	area.style.opacity = "0";
	document.body.append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	return done;
}

async function copy(text, from) {
	let done = false;
	try {
		await navigator.clipboard.writeText(text);
		done = true;
	} catch (refused) {
		done = copyByHand(text);
		from.focus({ preventScroll: true });
	}
	from.textContent = done ? "Copied" : "Not allowed";
	setTimeout(() => { from.textContent = "Copy"; }, 1500);
}

function size(text) {
	const n = text.length;
	return n < 1000 ? "" : n < 1e6 ? (n / 1e3).toFixed(1) + " kB" :
	    (n / 1e6).toFixed(1) + " MB";
}

/* Which parts were opened or closed, for the next step. */
const opened = new Map([["input", true], ["output", true], ["error", true]]);

/* A part that shows a value as soon as it is open. */
function part(key, text, title) {
	const value = text();
	const head = make("summary", key === "error" ? "error" : "", title,
	    make("small", "", size(value)));
	const box = make("details", "", head);
	const copier = button("Copy", "", () => copy(copied(text()), copier));
	const show = () => {
		if (!box.open || box.contains(copier))
			return;
		box.append(copier);
		showValue(box, text());
	};
	copier.className = "quiet copy";
	box.open = opened.get(key) || key !== "" && found(value);
	box.addEventListener("toggle", show);
	head.addEventListener("click", () => opened.set(key, !box.open));
	show();
	return box;
}

/* Whether a value is short enough for a line. */
function short(text) {
	return text.length < 80 && !"{[".includes(text[0]) &&
	    !text.includes("\\n");
}

function fact(label, text) {
	const value = make("bdi", "");
	put(value, visible(text[0] === '"' ? decode(text) : text));
	return make("div", "", make("dt", "", visible(label)),
	    make("dd", "", value));
}

/* Switches between text that reads well and JSON as it is. */
function modes() {
	const pair = make("div", "pair");
	for (const [label, value] of [["Readable", true], ["JSON", false]]) {
		const b = button(label, "", () => {
			readable = value;
			refresh();
		});
		b.setAttribute("aria-pressed", readable === value);
		pair.append(b);
	}
	return pair;
}

/*
 * Appends the parts of a record: input and output first, what is long behind
 * its name, then what is short, and the record itself. What is known already
 * is left out.
 */
function putRecord(box, all, n, known) {
	const facts = make("dl", "");
	for (const key of ["error", "input", "output"]) {
		const text = all.get(key) || "null";
		if (key !== "error" || text !== "null" && !known.has(key))
			box.append(part(key, () => text, key));
	}
	for (const [key, text] of all) {
		if (known.has(key) || key === "input" || key === "output" ||
		    key === "error" || text === "null" || text === "{}" ||
		    text === "[]")
			continue;
		if (short(text))
			facts.append(fact(key, text));
		else
			box.append(part(key, () => text, key));
	}
	/* lines mean nothing to JSON */
	box.append(part("", () => record(n).replace(/,\n/g, ","), "record"));
	if (facts.firstChild)
		box.append(facts);
	if (rows.length)
		box.append(keys());
}

/* What the header tells, and what is told above the parts of a step. */
const traceKnown = new Set(["trace_id", "name", "iteration", "persona",
	"duration_ms", "success", "error", "error_kind", "start_time",
	"token_usage", "termination_reason"]);
const stepKnown = new Set(["type", "name", "model", "prompt_tokens",
	"completion_tokens", "total_tokens"]);

function showTrace() {
	refill(traceBox, make("div", "head", make("h2", "", "Overview"),
	    modes()));
	putRecord(traceBox, fields(0), 0, traceKnown);
}

/* Shows something else; the button that was just used keeps the focus. */
function refill(box, ...children) {
	const buttons = () => Array.from(box.querySelectorAll("button"));
	const used = buttons().indexOf(document.activeElement);
	box.replaceChildren(...children);
	if (used >= 0 && buttons()[used])
		buttons()[used].focus();
}

function keys() {
	const p = make("p", "keys");
	for (const [key, what] of [["j", "next"], ["k", "previous"],
	    ["Enter", "open"], ["\u2190 \u2192", "fold"], ["/", "search"],
	    ["Esc", "back"]])
		p.append(make("span", "", make("kbd", "", key), " " + what),
		    " ");
	return p;
}

/* --- Steps -------------------------------------------------------------- */

/*
 * A row for each step, in the order of the tree: i its place here, n its
 * number as in the other formats, parent a row or null; found and passes tell
 * whether the search and the types let it be seen.
 */
const rows = [];
const rowOf = new Map();
let current = null;		/* the row that keys go from */
let open = null;		/* the row whose step is shown */

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

/* The rows become a tree for who does not see them. */
function prepare(row) {
	row.li.setAttribute("role", "none");
	row.a.setAttribute("role", "treeitem");
	row.a.setAttribute("aria-level", row.depth + 1);
	row.a.tabIndex = -1;
	if (row.folds) {
		const fold = make("span", "fold");
		row.a.setAttribute("aria-expanded", "true");
		row.a.querySelector("i").before(fold);
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
	if (!open || wide.matches)
		row.a.focus({ preventScroll: true });
	if (open)
		show(row);
}

/* The next row in that direction that can be seen and was searched for. */
function nextRow(from, step) {
	let i = from ? from.i + step : 0;
	while (rows[i] && (rows[i].li.hidden ||
	    rows[i].li.classList.contains("dim")))
		i += step;
	return rows[i];
}

/* --- Search ------------------------------------------------------------- */

const kinds = new Set();	/* those that are to be seen; empty: all */
let onlyBad = false;
let ticket = 0;
let query = "";
const input = make("input", ""), status = make("span", "");

/* Fields that hold a mark of every step. */
const unsearched = new Set(["trace_id", "start_time", "end_time"]);

const quote = (s) => s.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/* What to look for in records: the text as strings hold it, or as it is. */
function pattern(text) {
	const json = JSON.stringify(text).slice(1, -1).replace(
	    /[<>&\u2028\u2029]/g, (c) => "\\u" +
	    c.charCodeAt(0).toString(16).padStart(4, "0"));
	return new RegExp(quote(json) + (json === text ? "" :
	    "|" + quote(text)), "gi");
}

/* Whether the place is within an escape. */
function inEscape(text, at) {
	return /(?:^|[^\\])(?:\\\\)*\\(?:u[0-9a-f]{0,3})?$/.test(
	    text.slice(Math.max(0, at - 64), at));
}

let looked = null;		/* the pattern for records */

/* Whether a value has what is searched for. */
function found(text) {
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

/* Whether a record has it, in the value of a field that is searched. */
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

/* Looks through all records, a little at a time. */
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
			status.textContent = "searching\u2026";
			setTimeout(some);
			return;
		}
		arrange();
		refresh();
	})();
}

/* Shows the rows that are to be seen, and those above them. */
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
	status.textContent = some ? count + " of " + rows.length : "";
	if (!current || current.li.hidden)
		setCurrent(nextRow(null, 1) || null);
}

/* Tells how high a list is while it is not laid out. */
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

/* --- The step that is looked at ----------------------------------------- */

function stepHead(row) {
	const to = (next) => {
		const b = next < 0 ? button("\u2191", "previous step") :
		    button("\u2193", "next step");
		b.addEventListener("click", () => show(nextRow(row, next)));
		b.disabled = !nextRow(row, next);
		return b;
	};
	return make("div", "head", to(-1), to(1), make("span", "gap"),
	    modes(), button("Close", "", () => hide()));
}

function stepLink(row, kind, text) {
	const link = make("a", kind, text);
	link.href = "#step-" + row.n;
	return link;
}

/* The steps around a step, the nearest ones. */
function stepPath(row) {
	const path = make("p", "path"), above = [];
	for (let up = row.parent; up && above.length < 4; up = up.parent)
		above.unshift(up);
	if (above.length && above[0].parent)
		path.append("\u2026 \u203a ");
	for (const up of above)
		path.append(stepLink(up, "", up.text), " \u203a ");
	return path;
}

function stepTitle(row, all) {
	const name = all.get("name") || "", shown = make("bdi", "");
	const text = visible(name[0] === '"' ? decode(name) : name);
	const title = make("h2", row.kind, make("i", ""), shown, " ",
	    stepLink(row, "", "#" + row.n));
	put(shown, text.slice(0, 1000) || row.text);
	for (const mark of row.a.querySelectorAll("em"))
		title.append(" ", make("em", mark.textContent,
		    mark.textContent));
	title.tabIndex = -1;
	return title;
}

/* Tokens as "812 in, 96 out, 908 in all". */
function tokens(all) {
	return [["prompt_tokens", " in"], ["completion_tokens", " out"],
	    ["total_tokens", " in all"]].filter(([key]) => all.has(key)).map(
	    ([key, what]) => all.get(key) + what).join(", ");
}

function stepFacts(row, all) {
	const facts = make("dl", ""), time = row.a.lastChild;
	const counts = tokens(all);
	facts.append(fact("type", all.get("type") || "null"),
	    fact("duration", time.textContent),
	    fact("begins at", time.title.replace("begins at ", "")));
	if (all.has("model"))
		facts.append(fact("model", all.get("model")));
	if (counts)
		facts.append(fact("tokens", counts));
	return facts;
}

function fillStep(row) {
	const all = fields(row.n);
	refill(stepBox, stepHead(row), stepPath(row), stepTitle(row, all),
	    stepFacts(row, all));
	putRecord(stepBox, all, row.n, stepKnown);
}

/*
 * Shows a step. The way back in the browser's history leads to the overview,
 * however many steps were looked at.
 */
function show(row) {
	const before = open;
	if (before)
		before.a.removeAttribute("aria-selected");
	open = row;
	row.a.setAttribute("aria-selected", "true");
	setCurrent(row);
	reveal(row);
	fillStep(row);
	stepBox.hidden = false;
	traceBox.hidden = wide.matches;
	if (before !== row)
		stepBox.scrollTop = 0;
	address("#step-" + row.n, !before);
}

/* Unfolds what is around a row, and brings it into sight. */
function reveal(row) {
	for (let up = row.parent; up; up = up.parent)
		fold(up, false);
	if (row.li.hidden)
		arrange();
	row.li.scrollIntoView({ block: "nearest" });
}

function hide() {
	if (!open)
		return;
	const row = open;
	row.a.removeAttribute("aria-selected");
	open = null;
	stepBox.hidden = true;
	stepBox.replaceChildren();
	traceBox.hidden = false;
	address("", false);
	if (history.state === PUSHED)
		history.back();
	row.a.focus({ preventScroll: true });
}

/* The state of an entry that has one without a step before it. */
const PUSHED = "step";
let later = 0;

/* The page's address; browsers do not like it changed too often. */
function address(hash, push) {
	const url = location.href.split("#")[0] + hash;
	clearTimeout(later);
	if (url === location.href)
		return;
	if (!push) {
		later = setTimeout(() =>
		    history.replaceState(history.state, "", url), 150);
		return;
	}
	try {
		history.pushState(PUSHED, "", url);
	} catch (refused) {
		location.hash = hash;
	}
}

/* Follows the page's address. */
function follow() {
	const m = /^#step-(\d+)$/.exec(location.hash);
	const row = m && rowOf.get(Number(m[1]));
	if (row && row !== open) {
		show(row);
		row.li.scrollIntoView({ block: "center" });
	} else if (!row) {
		hide();
	}
}

/* Shows the same again, after a switch or another search. */
function refresh() {
	if (open)
		fillStep(open);
	showTrace();
}

/* --- What the user does ------------------------------------------------- */

function onClick(event) {
	const a = event.target.closest("a");
	if (!a || event.ctrlKey || event.metaKey || event.shiftKey)
		return;
	const row = rowOf.get(Number(a.parentNode.id.slice(5)));
	event.preventDefault();
	if (event.target.closest(".fold")) {
		fold(row, !row.folded);
		arrange();
	} else {
		openRow(row);
	}
}

/* Opens a row; where the step covers the rows the keys go there. */
function openRow(row) {
	show(row);
	if (wide.matches)
		row.a.focus({ preventScroll: true });
	else
		stepBox.querySelector("h2").focus();
}

/* To the left: fold, or go up. To the right: unfold, or go down. */
function sideways(right) {
	if (!current)
		return;
	if (current.folds && current.folded === right) {
		fold(current, !right);
		arrange();
	} else if (!right) {
		goTo(current.parent);
	} else if (current.folds) {
		goTo(nextRow(current, 1));
	}
}

function step(by) {
	goTo(current && document.activeElement !== current.a && !open ?
	    current : nextRow(current, by));
}

const actions = {
	j: () => step(1),
	k: () => step(-1),
	"/": () => input.select(),
	Escape: () => open ? hide() : clear(),
};
/* These have another meaning outside of the list. */
const listActions = {
	ArrowDown: () => step(1),
	ArrowUp: () => step(-1),
	ArrowRight: () => sideways(true),
	ArrowLeft: () => sideways(false),
	Home: () => goTo(nextRow(null, 1)),
	End: () => goTo(nextRow({ i: rows.length }, -1)),
	Enter: () => current && openRow(current),
};

function onKey(event) {
	const at = event.target;
	if (event.ctrlKey || event.metaKey || event.altKey || at === input)
		return;
	const action = actions[event.key] ||
	    (at === document.body || list.contains(at)) &&
	    listActions[event.key];
	if (!action)
		return;
	event.preventDefault();
	action();
}

function onInputKey(event) {
	if (event.key === "Escape") {
		if (!input.value)
			input.blur();
		clear();
	} else if (event.key === "Enter" || event.key === "ArrowDown") {
		const row = nextRow(null, 1);
		goTo(row);
		if (row && event.key === "Enter")
			openRow(row);
	} else {
		return;
	}
	event.preventDefault();
}

function clear() {
	input.value = "";
	kinds.clear();
	onlyBad = false;
	for (const b of tools.querySelectorAll("[aria-pressed=true]"))
		b.setAttribute("aria-pressed", "false");
	search("");
}

/* A button that lets only some rows be seen. */
function filter(label, kind, count, toggle) {
	const b = button("", "", () => {
		b.setAttribute("aria-pressed", toggle());
		arrange();
	});
	b.append(make("i", kind), label + " ", make("small", "", count));
	b.setAttribute("aria-pressed", "false");
	return b;
}

function filters() {
	const counts = new Map(), box = make("div", "");
	for (const row of rows)
		counts.set(row.kind, (counts.get(row.kind) || 0) + 1);
	for (const [kind, n] of counts)
		box.append(filter(kind, kind, n, () => kinds.delete(kind) ?
		    false : !!kinds.add(kind)));
	const bad = rows.filter((row) => row.bad).length;
	if (bad)
		box.append(filter("errors", "bad", bad, () =>
		    (onlyBad = !onlyBad)));
	return box;
}

function foldButtons() {
	const all = (folded) => () => {
		rows.forEach((row) => fold(row, folded));
		arrange();
	};
	const box = make("div", "pair", button("Fold", "fold all", all(true)),
	    button("Unfold", "unfold all", all(false)));
	box.hidden = !rows.some((row) => row.folds);
	return box;
}

function begin() {
	readRows();
	showTrace();
	if (!rows.length)
		return;
	list.setAttribute("role", "tree");
	list.setAttribute("aria-label", "Steps");
	for (const box of list.children)
		box.setAttribute("role", "none");
	input.type = "search";
	input.placeholder = "Search names, inputs, outputs\u2026";
	input.setAttribute("aria-label", "Search the steps");
	status.setAttribute("role", "status");
	tools.append(make("div", "", input, status, foldButtons()), filters());
	arrange();
	input.addEventListener("input", () => search(input.value));
	input.addEventListener("keydown", onInputKey);
	list.addEventListener("click", onClick);
	document.addEventListener("keydown", onKey);
	addEventListener("hashchange", follow);
	addEventListener("popstate", follow);
	wide.addEventListener("change", () => {
		traceBox.hidden = wide.matches && open !== null;
	});
	follow();
}

begin();

})();
