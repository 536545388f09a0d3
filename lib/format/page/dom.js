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
