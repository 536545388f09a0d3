/* The step that is shown. */

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

/* Links to the nearest steps above a step. */
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

/* Tokens: "812 in, 96 out, 908 in all". */
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
 * Shows a step. The Back button leads to the overview, no matter how many steps
 * were shown.
 */
function show(row) {
	const before = shownRow;
	if (before)
		before.a.removeAttribute("aria-selected");
	shownRow = row;
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

/* Unfolds the rows above a row, and scrolls to it. */
function reveal(row) {
	for (let up = row.parent; up; up = up.parent)
		fold(up, false);
	if (row.li.hidden)
		arrange();
	row.li.scrollIntoView({ block: "nearest" });
}

function hide() {
	if (!shownRow)
		return;
	const row = shownRow;
	row.a.removeAttribute("aria-selected");
	shownRow = null;
	stepBox.hidden = true;
	stepBox.replaceChildren();
	traceBox.hidden = false;
	address("", false);
	if (history.state === PUSHED)
		history.back();
	row.a.focus({ preventScroll: true });
}

/* The state of a history entry that comes after one without a step. */
const PUSHED = "step";
let later = 0;

/* Sets the page's address, but rarely: browsers limit such changes. */
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

/* Shows the step in the page's address, or none. */
function follow() {
	const m = /^#step-(\d+)$/.exec(location.hash);
	const row = m && rowOf.get(Number(m[1]));
	if (row && row !== shownRow) {
		show(row);
		row.li.scrollIntoView({ block: "center" });
	} else if (!row) {
		hide();
	}
}

/* Shows the same step again, after a switch of modes or another search. */
function refresh() {
	if (shownRow)
		fillStep(shownRow);
	showTrace();
}
