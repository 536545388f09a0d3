/* Reading JSON as text. */

/* The text of the record of step n, or of the trace (0). */
function record(n) {
	const e = byId("data-" + n);
	return e ? e.textContent : "{}";
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

/* The pieces as one text. */
function whole(pieces) {
	let text = "";
	for (const [kind, piece] of pieces)
		text += kind === "\n" && text ? kind + piece : piece;
	return text;
}
