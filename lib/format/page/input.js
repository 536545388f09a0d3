/* Mouse and keyboard. */

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

/* Opens a row. Moves the focus to the step if that covers the rows. */
function openRow(row) {
	show(row);
	if (wide.matches)
		row.a.focus({ preventScroll: true });
	else
		stepBox.querySelector("h2").focus();
}

/* Left: folds a row, or goes to its parent. Right: unfolds it, or goes down. */
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
	goTo(current && document.activeElement !== current.a && !shownRow ?
	    current : nextRow(current, by));
}

const actions = {
	j: () => step(1),
	k: () => step(-1),
	"/": () => input.select(),
	Escape: () => shownRow ? hide() : clear(),
};
/* Keys that keep their usual meaning outside of the list. */
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

/* A button that shows only some rows; toggle returns whether it is on. */
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

/* Links to the pages before and after, if the folder's list is there. */
function neighbours() {
	const nav = document.querySelector("nav");
	if (!nav || typeof pages === "undefined")
		return;
	const parts = location.pathname.split("/").map(decodeURIComponent);
	const up = nav.firstChild.getAttribute("href").startsWith("../");
	const at = pages.indexOf(parts.slice(up ? -2 : -1).join("/"));
	const link = (i, text, key) => {
		if (at < 0 || !pages[i])
			return;
		const a = make("a", key, text);
		a.href = (up ? "../" : "") + pages[i].split("/")
		    .map(encodeURIComponent).join("/");
		a.rel = key;
		nav.append(" ", a);
	};
	link(at - 1, "\u2190 Previous", "prev");
	link(at + 1, "Next \u2192", "next");
	if (at >= 0)
		nav.append(" ", make("small", "", (at + 1) + " of " +
		    pages.length));
}

function begin() {
	document.body.classList.add("scripted");
	neighbours();
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
	searchStatus.setAttribute("role", "status");
	tools.append(make("div", "", input, searchStatus, foldButtons()),
	    filters());
	arrange();
	input.addEventListener("input", () => search(input.value));
	input.addEventListener("keydown", onInputKey);
	list.addEventListener("click", onClick);
	document.addEventListener("keydown", onKey);
	addEventListener("hashchange", follow);
	addEventListener("popstate", follow);
	wide.addEventListener("change", () => {
		traceBox.hidden = wide.matches && shownRow !== null;
	});
	follow();
}

begin();
