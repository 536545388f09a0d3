/* The difference of two texts, word by word. */

/* The most cells of the table of common words; more are not compared. */
const CELLS = 4e6;

const split = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^]/gu) || [];

/*
 * The longest common subsequence of a and b, as [kind, text] with the kinds
 * "same", "del" and "ins".
 */
function common(a, b) {
	const width = b.length + 1, found = [];
	const longest = new Uint16Array((a.length + 1) * width);
	for (let i = a.length - 1; i >= 0; i--)
		for (let j = b.length - 1; j >= 0; j--)
			longest[i * width + j] = a[i] === b[j] ?
			    longest[(i + 1) * width + j + 1] + 1 :
			    Math.max(longest[(i + 1) * width + j],
			    longest[i * width + j + 1]);
	for (let i = 0, j = 0; i < a.length || j < b.length;) {
		if (i < a.length && j < b.length && a[i] === b[j]) {
			found.push(["same", a[i++]]);
			j++;
		} else if (j === b.length || i < a.length &&
		    longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
			found.push(["del", a[i++]]);
		} else {
			found.push(["ins", b[j++]]);
		}
	}
	return found;
}

function difference(base, now) {
	let a = split(base), b = split(now), from = 0, end = 0;
	while (from < a.length && from < b.length && a[from] === b[from])
		from++;
	while (end < a.length - from && end < b.length - from &&
	    a[a.length - 1 - end] === b[b.length - 1 - end])
		end++;
	const head = ["same", a.slice(0, from).join("")];
	const tail = ["same", a.slice(a.length - end).join("")];
	a = a.slice(from, a.length - end);
	b = b.slice(from, b.length - end);
	const middle = a.length * b.length > CELLS || a.length > 65000 ?
	    [["del", a.join("")], ["ins", b.join("")]] : common(a, b);
	return [head, ...together(middle), tail].filter(([, text]) => text);
}

/*
 * Joins what was removed and what was put in its place; white space alone does
 * not separate two changes.
 */
function together(pieces) {
	const found = [];
	let del = "", ins = "";
	const end = () => {
		found.push(["del", del], ["ins", ins]);
		del = ins = "";
	};
	pieces.forEach(([kind, text], i) => {
		const same = kind === "same", next = pieces[i + 1];
		if (same && !((del || ins) && next && next[0] !== "same" &&
		    !text.trim())) {
			end();
			found.push([kind, text]);
			return;
		}
		if (kind !== "ins")
			del += text;
		if (kind !== "del")
			ins += text;
	});
	end();
	return found;
}
