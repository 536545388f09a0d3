/* Elements, for the scripts of all pages. */

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

/* Text with escapes for characters that are invisible or turn text around. */
function visible(text) {
	return text.replace(
	    /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
	    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}
