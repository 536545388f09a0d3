/* Showing values. */

/* The pattern that is marked in shown text, or null. */
let needle = null;
let readable = true;

/* Appends text, with matches of the search marked. */
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

/* Characters of a value that are shown at first; each click shows ten times. */
const AT_FIRST = 100000;
/* The most characters of a piece of a string. */
const PIECE = 20000;

function* cut(pieces) {
	for (const [kind, text] of pieces)
		for (let at = 0; at === 0 || at < text.length; at += PIECE)
			yield [kind, text.slice(at, at + PIECE)];
}

/* Appends a line of JSON; where it wraps, it has a hanging indent. */
function addLine(pre, indent) {
	const line = make("span", "");
	const hang = Math.min(indent.length, 24);
	line.style.paddingLeft = hang + 2 + "ch";
	line.style.textIndent = -hang - 2 + "ch";
	line.append(indent.slice(0, hang));
	pre.append(line);
	return line;
}

/* Appends pieces as lines of code, with a button if there are more. */
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
 * The messages of a chat as [role, content, others], or null if the value is
 * not a chat: an array of objects with a role, an object with such an array as
 * its messages, or one such object.
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

/* The JSON text of an object's members. */
function object(all) {
	return "{" + Array.from(all, ([key, value]) =>
	    JSON.stringify(key) + ":" + value).join(",") + "}";
}

/* The files of the page: pictures, and the base64 of each. */
const files = Array.from(document.querySelectorAll("#files img"), (img) => ({
	img, data: img.src.slice(img.src.indexOf(",") + 1),
	note: img.parentNode.querySelector("figcaption").lastChild
	    .textContent.trim() }));

/*
 * A value with notes in place of its pictures, and the pictures. In JSON both
 * are strings, and base64 has no character that needs an escape.
 */
function withoutFiles(text) {
	const shown = [];
	for (const { img, data, note } of files) {
		const at = text.indexOf(data);
		if (at < 0)
			continue;
		const from = text.lastIndexOf('"', at) + 1;
		text = text.slice(0, from) + note +
		    text.slice(text.indexOf('"', at));
		shown.push(img);
	}
	return [text, shown];
}

function showValue(box, value) {
	const [text, shown] = readable && files.length ? withoutFiles(value) :
	    [value, []];
	showText(box, text);
	for (const img of shown)
		box.append(img.cloneNode());
}

function showText(box, text) {
	const chat = readable && messages(text);
	if (chat) {
		for (const [role, content, others] of chat) {
			const turn = make("div", "said", make("small", ""));
			put(turn.firstChild, visible(role));
			if (content !== "null" || !others.size)
				showText(turn, content);
			if (others.size)
				showPieces(turn, pretty(object(others), true));
			box.append(turn);
		}
	} else if (readable && text[0] === '"') {
		showPieces(box, plainly(decode(text)));
	} else {
		showPieces(box, pretty(text, readable));
	}
}

/* The text that "Copy" copies of a value: a string's text, or JSON. */
function copied(text) {
	return readable && text[0] === '"' ? decode(text) :
	    whole(pretty(text, false));
}

/* Copies without the clipboard, which pages from files may not use. */
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

/* The parts that the reader has opened or closed, for the next step too. */
const opened = new Map(["input", "output", "error", "conversation",
	"callback_messages", "stdout", "stderr"].map((key) => [key, true]));

/* A part of a record, which shows its value once it is open. */
function part(key, text, title) {
	const value = text();
	const head = make("summary", key === "error" ? "error" : "", title,
	    make("small", "", size(value)));
	const box = make("details", "", head);
	const copier = button("Copy", "", () => copy(copied(text()), copier));
	const showOnce = () => {
		if (!box.open || box.contains(copier))
			return;
		box.append(copier);
		showValue(box, text());
	};
	copier.className = "quiet copy";
	box.open = opened.get(key) || key !== "" && hasMatch(value);
	box.addEventListener("toggle", showOnce);
	head.addEventListener("click", () => opened.set(key, !box.open));
	showOnce();
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
 * Appends the parts of a record: error, input and output first, then the other
 * long values, the record itself, and the short values. Fields that the page
 * shows elsewhere (known) are left out.
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
	/* JSON does not need the line breaks between members */
	box.append(part("", () => record(n).replace(/,\n/g, ","), "record"));
	if (facts.firstChild)
		box.append(facts);
	if (rows.length)
		box.append(keys());
}

/* The fields that the header shows, and those above the parts of a step. */
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

/* Replaces the content of a box; the button in use keeps the focus. */
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
