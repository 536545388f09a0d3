/* Laying out JSON as text. */

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
