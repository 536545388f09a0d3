/*
 * The script of a trace's page; html.h describes the page. Records remain text:
 * a record is parsed when its step is shown, and numbers keep their spelling.
 * Text from records goes into text nodes only.
 */

const byId = (id) => document.getElementById(id);
const list = byId("rows"), tools = byId("tools");
const traceBox = byId("trace"), stepBox = byId("step");
const wide = matchMedia("(min-width: 1000px)");
