/*
 * The script of a trace's page; html.h describes the page. Records remain text:
 * a record is parsed when its step is shown, and numbers keep their spelling.
 * Text from records goes into text nodes only.
 */
"use strict";
(() => {

const byId = (id) => document.getElementById(id);
const list = byId("rows"), tools = byId("tools");
const traceBox = byId("trace"), stepBox = byId("step");
const wide = matchMedia("(min-width: 1000px)");

/* Makes an element of a class with these children; strings become text. */
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
