/* Reading JSON as text. */

/* The text of the record of step n, or of the trace (0). */
function record(n) {
	const e = byId("data-" + n);
	return e ? e.textContent : "{}";
}

/* The place after the string that begins at at. */
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

/* The place after the value that begins at at. */
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

/* The text of a JSON string. */
function decode(string) {
	const to = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
	return string.slice(1, -1).replace(/\\(?:u(....)|(.))/g,
	    (all, code, c) => code ? String.fromCharCode(parseInt(code, 16)) :
	    to[c] || c);
}

/* A JSON string without the escapes that only a page needs. */
function unguarded(string) {
	return string.replace(/\\(?:(u003c|u003e|u0026)|.)/g,
	    (all, code) => code ? decode('"' + all + '"') : all);
}

/* The values of an array, or the members of an object, as [key, value]. */
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

/* The fields of a record, which has a field a line. */
function fields(n) {
	const found = new Map(), text = record(n).slice(1, -1);
	for (const line of text ? text.split(",\n") : []) {
		const end = stringEnd(line, 0);
		found.set(decode(line.slice(0, end)), line.slice(end + 1));
	}
	return found;
}

/* Text with escapes for characters that are invisible or turn text around. */
function visible(text) {
	return text.replace(
	    /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
	    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/* The most levels of indentation. */
const DEEPEST = 100;

/*
 * Lays out JSON in lines, as pieces of [kind, text]. The kinds are "k" for a
 * key, "s" for a string, "n" for a number or word, "\n" for the indentation of
 * a new line, and "" for punctuation. If plain is true, strings that are values
 * are decoded.
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

/* Text as one piece, without lines of its own. */
function* plainly(text) {
	yield ["", text];
}

/* The pieces as one text. */
function whole(pieces) {
	let text = "";
	for (const [kind, piece] of pieces)
		text += kind === "\n" && text ? kind + piece : piece;
	return text;
}
