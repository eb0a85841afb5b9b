// The operations of /openapi.json as a page: no library from elsewhere, which the service's own policy would not load.

import { make } from "./make.js";

const api = await (await fetch("openapi.json")).json();
const named = (schema) => (schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema);

function kind(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(kind).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `${kind(schema.items)}[]`;
  const range = [["minimum", "≥"], ["maximum", "≤"]].filter(([key]) => key in schema).map(([key, sign]) => ` ${sign} ${schema[key]}`);
  return `${schema.type ?? "any"}${range.join(",")}`;
}

function rows(operation) {
  const body = named(operation.requestBody?.content?.["application/json"]?.schema);
  const fields = Object.entries(body?.properties ?? {}).map(([name, schema]) => [name, "body", kind(schema), schema.description]);
  return [...(operation.parameters ?? []).map((each) => [each.name, each.in, kind(each.schema), each.description]), ...fields];
}

function operation(path, method, made) {
  const table = rows(made).map((row) => make("tr", {}, ...row.map((cell, i) => make(i ? "td" : "th", { scope: i ? null : "row", text: cell ?? "" }))));
  const answers = Object.entries(made.responses).map(([status, answer]) => {
    const content = Object.values(answer.content ?? {})[0];
    return `${status} ${kind(content?.schema) === "object" ? "problem" : kind(content?.schema)}`.trim();
  });
  return make("section", { class: "operation" }, make("h3", {}, make("b", { text: method.toUpperCase() }), ` ${path}`), make("p", { text: made.description ?? made.summary }),
    table.length ? make("table", {}, make("tbody", {}, ...table)) : null, make("p", { class: "soft", text: answers.join(" · ") }));
}

document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
document.getElementById("about").textContent = api.info.description;
document.getElementById("operations").append(
  ...Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, made]) => operation(path, method, made))),
);
