/** The reference: openapi.json as a page. */

import { text } from "./texts.js";

const reference = document.getElementById("reference");
const contents = document.getElementById("contents");
const spec = await (await fetch("/api/openapi.json")).json();

/** Makes an element; children are elements or plain text, never HTML. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Text whose `code` is set as code. */
function prose(words) {
  return words.split("`").map((part, index) => (index % 2 ? make("code", { textContent: part }) : part));
}

function resolve(schema) {
  return schema?.$ref ? spec.components.schemas[schema.$ref.split("/").at(-1)] : schema ?? {};
}

function typeName(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeName).join(" | ");
  if (schema.type === "array") return `[${typeName(schema.items ?? {})}]`;
  return schema.contentMediaType ? "file" : schema.type ?? "any";
}

function limits(schema) {
  const said = [];
  const [least, most] = [schema.minimum, schema.maximum].map((bound) => (Math.abs(bound) < 1e11 ? bound : null));
  if (least != null && most != null) said.push(`${least} … ${most}`);
  else if (least != null) said.push(`≥ ${least}`);
  else if (most != null) said.push(`≤ ${most}`);
  if (schema.maxLength) said.push(`≤ ${schema.maxLength}`);
  if (schema.default !== undefined) said.push(`= ${JSON.stringify(schema.default)}`);
  return said.join(", ");
}

/** An example of a schema, made of its defaults and types; `depth` ends what refers to itself. */
function example(schema, depth = 0) {
  const plain = resolve(schema);
  if (plain.examples) return plain.examples[0];
  if (plain.default !== undefined && plain.default !== null) return plain.default;
  if (plain.const !== undefined) return plain.const;
  if (plain.enum) return plain.enum[0];
  if (plain.anyOf) return example(plain.anyOf[0], depth);
  if (depth > 6) return null;
  if (plain.type === "array") return [example(plain.items, depth + 1)];
  if (plain.type === "object") {
    return Object.fromEntries(Object.entries(plain.properties ?? {}).map(([name, one]) => [name, example(one, depth + 1)]));
  }
  return { string: "…", integer: 1, number: 0.5, boolean: true }[plain.type] ?? null;
}

function row(name, schema, required, description) {
  return make("tr", {},
    make("td", {}, make("code", { textContent: name }), " ", required ? make("span", { className: "needed", textContent: text("required") }) : ""),
    make("td", { className: "type" }, make("code", { textContent: typeName(schema) }), ` ${limits(schema)}`),
    make("td", {}, ...prose(description ?? schema.description ?? "")));
}

function fields(schema) {
  const plain = resolve(schema);
  const rows = Object.entries(plain.properties ?? {}).map(([name, one]) => row(name, one, plain.required?.includes(name)));
  return make("div", { className: "scroll" }, make("table", {}, ...rows));
}

function requestBody(body) {
  if (!body) return [];
  const [[media, { schema }]] = Object.entries(body.content);
  const parts = [make("h4", {}, `${text("body")} · `, make("code", { textContent: media })), fields(schema)];
  if (media === "application/json") parts.push(exampleOf(schema));
  return parts;
}

function exampleOf(schema) {
  return make("details", {}, make("summary", { textContent: text("example") }),
    make("pre", {}, make("code", { textContent: JSON.stringify(example(schema), null, 2) })));
}

function answers(responses) {
  return Object.entries(responses).flatMap(([status, response]) => {
    const [media, content] = Object.entries(response.content ?? {})[0] ?? ["", {}];
    const line = make("tr", {}, make("td", {}, make("code", { textContent: status })),
      make("td", {}, ...prose(response.description), media && !media.includes("problem") ? make("span", { className: "type", textContent: ` · ${media}` }) : ""));
    const shown = status < "300" && content.schema ? make("tr", {}, make("td"), make("td", {}, exampleOf(content.schema))) : null;
    return shown ? [line, shown] : [line];
  });
}

function operation(path, method, one) {
  const parameters = one.parameters.map((each) => row(each.name, each.schema, each.required, each.description));
  return make("article", { className: "card operation", id: one.operationId },
    make("h3", {}, badge(method), make("code", { textContent: path })),
    make("p", {}, make("strong", { textContent: one.summary })),
    ...one.description.split("\n\n").filter(Boolean).map((part) => make("p", { className: "hint" }, ...prose(part))),
    ...(parameters.length ? [make("h4", { textContent: text("parameters") }), make("div", { className: "scroll" }, make("table", {}, ...parameters))] : []),
    ...requestBody(one.requestBody),
    make("h4", { textContent: text("answers") }),
    make("div", { className: "scroll" }, make("table", {}, ...answers(one.responses))));
}

function badge(method) {
  const element = make("span", { className: "method", textContent: method.toUpperCase() });
  element.dataset.method = method;
  return element;
}

function render(filter) {
  const groups = new Map(spec.tags.map(({ name }) => [name, []]));
  for (const [path, methods] of Object.entries(spec.paths)) {
    for (const [method, one] of Object.entries(methods)) {
      if (`${method} ${path} ${one.summary}`.toLowerCase().includes(filter)) groups.get(one.tags[0]).push([path, method, one]);
    }
  }
  const listed = [...groups].filter(([, operations]) => operations.length);
  reference.replaceChildren(...listed.flatMap(([tag, operations]) =>
    [make("h2", { textContent: tag }), ...operations.map((each) => operation(...each))]));
  contents.replaceChildren(...listed.flatMap(([tag, operations]) =>
    [make("h3", { textContent: tag }), ...operations.map(([, , one]) => make("a", { href: `#${one.operationId}`, textContent: one.summary }))]));
}

document.getElementById("filter").addEventListener("input", ({ target }) => render(target.value.trim().toLowerCase()));
render("");
document.getElementById(location.hash.slice(1))?.scrollIntoView();
