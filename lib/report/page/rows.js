/* The table of runs. Only the rows near the window are in the page. */

/* The most columns of checks; an open run shows all. */
const CHECKS_SHOWN = 6;
const PRINTED = 2000;		/* rows on paper */

const table = make("table", "runs"), body = make("tbody", "");
const status = make("p", "status");
const chips = make("div", "tools chips");

let ordered = rows, shown = rows;
let printing = false;

const outcomeText = (run) => run.outcome === 1 ? "pass" : OUTCOMES[run.outcome] +
    (run.kind.text ? ": " + run.kind.text : "");
const checkOf = (run, name) => run.checks.find((check) => check.name === name);

function checkCell(run, name) {
	const check = checkOf(run, name);
	if (!check)
		return make("td", "check");
	const [kind, sign] = VERDICTS.get(check.pass);
	const part = check.score > 0 && check.score < 1;
	const cell = make("td", "check " + kind, part ?
	    String(Number(check.score.toFixed(2))) : sign);
	cell.title = check.name + ": " + (check.reason.text || kind);
	return cell;
}

const some = (test) => rows.some(test);
const figure = (value, digits) => Number.isNaN(value) ? "" :
    String(Number(value.toPrecision(digits)));

/*
 * A column: its head, the class of its cells, what it orders by, its cell's text
 * or element; columns without a value anywhere are left out.
 */
const columns = [
	["Input", "text", (run) => run.input.text],
	["Output", "text wider", (run) => line(run.output.text)],
	["Outcome", given.base || some((run) => run.flaky) ? "outcome marked" :
	    "outcome", outcomeText],
	["Persona", "short wide", (run) => run.persona.text],
	["Strategy", "short wide", (run) => run.strategy.text],
	["It.", "number wider tiny", (run) => run.iteration, (run) =>
	    figure(run.iteration, 9)],
	["Score", "number wide tiny", (run) => run.score, (run) =>
	    figure(run.score, 3)],
	["Tokens", "number wider tiny", (run) => run.tokens, (run) =>
	    figure(run.tokens, 9)],
	["Duration", "number", (run) => run.ms, (run) => time(run.ms)],
	["Base", "number wider", (run) => run.base ? run.base.ms : NaN,
	    (run) => run.base ? time(run.base.ms) : ""],
].map(([title, kind, by, show]) => ({ title, kind, by, show: show || by }))
    .filter(({ title, by }) => title === "Input" || title === "It." ?
	title === "Input" || some((run) => run.iteration > 0) :
	some((run) => typeof by(run) === "number" ? !Number.isNaN(by(run)) :
	by(run) !== ""));

/* Checks that some run does not pass come first. */
const checkColumns = checkNames.map((name, i) => ({ name, i, bad: rows.filter(
    (run) => run.checks.some((check) => check.name === name &&
    check.pass !== 1)).length }))
    .sort((a, b) => b.bad - a.bad || a.i - b.i).slice(0, CHECKS_SHOWN);
columns.splice(columns.findIndex(({ title }) => title === "Duration"), 0,
    ...checkColumns.map(({ name }) => ({ title: name, kind: "check wide",
	by: (run) => {
		const check = checkOf(run, name);
		return check ? check.pass === null ? -1 : check.score : NaN;
	}, cell: (run) => checkCell(run, name) })));

const heads = columns.map(({ title, kind }) => {
	const th = make("th", kind, visible(title));
	th.scope = "col";
	th.title = title;
	return th;
});
table.append(make("thead", "", make("tr", "", ...heads)), body);

const key = (run, column) => columns[column].by(run);

/* --- rows ----------------------------------------------------------------- */

const opened = new Map();	/* open runs: their element, its height */
const drawn = new Map();	/* the rows that are in the page */

function changeMark(run) {
	const change = run.base && run.base.change;
	if (change === "regressed" || change === "improved")
		return make("em", change === "improved" ? "success" : "failed",
		    change);
	return run.fresh ? make("em", "", "new") : "";
}

function outcomeCell(run) {
	return make("td", "outcome " + OUTCOMES[run.outcome],
	    visible(outcomeText(run)), " ", changeMark(run),
	    run.flaky ? make("em", "unknown", "flaky") : "");
}

function drawRow(run) {
	const cells = columns.map((column) => {
		if (column.cell)
			return column.cell(run);
		if (column.title === "Outcome")
			return outcomeCell(run);
		return make("td", column.kind, line(column.show(run)));
	});
	const handle = button(line(run.input.text) || "(no input)", "", () => {
		toggleRun(run);
	});
	handle.className = "handle";
	cells[0].replaceChildren(handle);
	cells.forEach((cell, i) => {
		for (const kind of ["wide", "wider"])
			if (heads[i].classList.contains(kind))
				cell.classList.add(kind);
		if (!cell.title && i !== 0 && cell.textContent.length > 12)
			cell.title = cell.textContent;
	});
	const tr = make("tr", OUTCOMES[run.outcome], ...cells);
	tr.addEventListener("click", (event) => {
		if (!event.target.closest("button") &&
		    !String(getSelection()))
			toggleRun(run);
	});
	return tr;
}

function rowOf(run) {
	const tr = drawn.get(run) || drawRow(run);
	tr.firstChild.firstChild.setAttribute("aria-expanded", opened.has(run));
	tr.classList.toggle("open", opened.has(run));
	return tr;
}

/* --- which rows are drawn -------------------------------------------------- */

let high = 34;			/* of a row, in pixels */

/* Where row i of those that are shown begins. */
function offset(i) {
	let y = i * high;
	for (const { at, height } of opened.values())
		if (at >= 0 && at < i)
			y += height;
	return y;
}

function rowAt(y) {
	let from = 0, end = shown.length;
	while (from < end) {
		const middle = from + end >> 1;
		if (offset(middle + 1) <= y)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

/* A cell over all columns that the width of the window leaves. */
function across(cell) {
	cell.colSpan = heads.filter((th) => th.offsetParent).length || 1;
	return cell;
}

function space(height) {
	const cell = across(make("td", ""));
	const tr = make("tr", "space", cell);
	tr.style.height = height + "px";
	tr.hidden = height <= 0;
	return tr;
}

let last = "";

/* Notes the heights of open runs, for when they are out of the page. */
function measureOpen() {
	for (const open of opened.values())
		if (open.tr.isConnected)
			open.height = open.tr.offsetHeight;
}

/* Draws the rows near the window, if these are others than before. */
function draw(force) {
	measureOpen();
	const top = -body.getBoundingClientRect().top;
	const from = printing ? 0 : rowAt(top - 500);
	const end = printing ? Math.min(shown.length, PRINTED) :
	    Math.min(shown.length, rowAt(top + innerHeight + 500) + 1);
	if (!force && last === from + " " + end)
		return;
	last = from + " " + end;
	const focus = body.contains(document.activeElement) ?
	    document.activeElement : null;
	const parts = [space(offset(from))], now = new Map();
	for (const run of shown.slice(from, end)) {
		const tr = rowOf(run);
		now.set(run, tr);
		parts.push(tr);
		if (opened.has(run)) {
			across(opened.get(run).tr.firstChild);
			parts.push(opened.get(run).tr);
		}
	}
	drawn.clear();
	now.forEach((tr, run) => drawn.set(run, tr));
	parts.push(space(offset(shown.length) - offset(end)));
	body.replaceChildren(...parts);
	measureOpen();
	if (focus && body.contains(focus))
		focus.focus({ preventScroll: true });
	measure();
}

/* The heights of rows depend on the fonts of the reader. */
function measure() {
	const [tr] = drawn.values();
	const height = tr ? tr.getBoundingClientRect().height : 0;
	if (!printing && height && Math.abs(height - high) > 0.1) {
		high = height;
		draw(true);
	}
}

/* --- opening --------------------------------------------------------------- */

function openRun(run) {
	const cell = across(make("td", "", detail(run)));
	const tr = make("tr", "detail", cell);
	opened.set(run, { tr, at: shown.indexOf(run), height: 0 });
}

function remember(run) {
	const hash = run && run.id ? "#" + run.id : "";
	history.replaceState(null, "", hash || location.pathname +
	    location.search);
}

function toggleRun(run) {
	if (opened.has(run))
		opened.delete(run);
	else
		openRun(run);
	remember(opened.has(run) ? run : null);
	draw(true);
}

/* Opens a run from elsewhere, and brings it into view. */
function show(run) {
	if (!shown.includes(run))
		unfilter();
	if (!opened.has(run))
		openRun(run);
	remember(run);
	draw(true);
	scrollTo(0, scrollY + body.getBoundingClientRect().top +
	    offset(shown.indexOf(run)) - 60);
	draw(true);
	const tr = drawn.get(run);
	if (tr)
		tr.firstChild.firstChild.focus({ preventScroll: true });
}

/* --- filters ---------------------------------------------------------------- */

function figures() {
	const all = durations(shown);
	const bad = shown.filter((run) => run.outcome !== 1).length;
	status.replaceChildren(shown.length === rows.length ? rows.length +
	    " runs" : shown.length + " of " + rows.length + " runs", ", ",
	    make("span", bad ? "failed" : "", bad + " do not pass"));
	if (all.length)
		status.append(" \u00b7 " + spread(all));
}

function arrange() {
	const tests = Array.from(chosen.values());
	shown = ordered.filter((run) => (!sought ||
	    searched(run).includes(sought)) &&
	    tests.every((test) => test(run)));
	for (const [run, open] of opened)
		open.at = shown.indexOf(run);
	table.setAttribute("aria-rowcount", shown.length + 1);
	figures();
	drawPictures();
	draw(true);
}

function place(all) {
	ordered = all;
	arrange();
}

/* Shows only the runs of a part of a picture; the chip undoes it. */
function restrict(label, test) {
	const chip = button(visible(label) + " \u00d7", "show all runs again",
	    () => {
		chosen.delete(chip);
		chip.remove();
		arrange();
	});
	chip.setAttribute("aria-label", "remove the filter " + label);
	chosen.set(chip, test);
	chips.append(chip);
	arrange();
	table.scrollIntoView({ block: "nearest" });
}

/* Removes all filters. */
function unfilter() {
	const box = document.querySelector(".tools");
	chosen.clear();
	chips.replaceChildren();
	sought = box.querySelector("input").value = "";
	for (const select of box.querySelectorAll("select"))
		select.value = "";
	for (const b of box.querySelectorAll("[aria-pressed=true]"))
		b.setAttribute("aria-pressed", "false");
	arrange();
}
