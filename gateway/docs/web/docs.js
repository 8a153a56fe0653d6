'use strict';
/* Shows /openapi.json: operations by service and tag, with a form to call them. Text from the document only
   ever becomes text nodes. */

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const byId = (id) => document.getElementById(id);

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/* ---- schemas ------------------------------------------------------------------------------------ */

let api = {};

function resolve(schema) {
  const ref = schema && schema.$ref;
  if (!ref || !ref.startsWith('#/components/schemas/')) return schema || {};
  return (api.components.schemas || {})[ref.slice('#/components/schemas/'.length)] || {};
}

function typeOf(schema) {
  const found = resolve(schema);
  const type = Array.isArray(found.type) ? found.type.filter((one) => one !== 'null').join(' or ') : found.type;
  if (type === 'array') return `list of ${typeOf(found.items)}`;
  return found.enum ? found.enum.filter((one) => one != null).join(' | ') : [type || (found.properties ? 'object' : 'any'), found.format].filter(Boolean).join(', ');
}

function limitsOf(schema) {
  const found = resolve(schema), parts = [];
  if (found.minLength != null || found.maxLength != null) parts.push(`${found.minLength ?? 0} to ${found.maxLength ?? 'any number of'} characters`);
  if (found.minimum != null || found.maximum != null) parts.push(`${found.minimum ?? 'any'} to ${found.maximum ?? 'any'}`);
  return [found.description, ...parts].filter(Boolean).join('; ');
}

function example(schema, depth = 0) {
  const found = resolve(schema);
  const type = Array.isArray(found.type) ? found.type.find((one) => one !== 'null') : found.type;
  if (found.example !== undefined) return found.example;
  if (found.enum) return found.enum.find((one) => one != null);
  if (type === 'array') return depth > 3 ? [] : [example(found.items, depth + 1)];
  if (found.properties && depth < 4)
    return Object.fromEntries(Object.entries(found.properties).map(([name, one]) => [name, example(one, depth + 1)]));
  if (type === 'integer' || type === 'number') return found.minimum > 0 ? found.minimum : 0;
  if (type === 'boolean') return false;
  if (type === 'string') return found.format === 'email' ? 'john.doe@example.com' : found.format === 'date-time' ? '2026-01-12T10:30:00Z' : '';
  return {};
}

function schemaTable(schema) {
  let found = resolve(schema), prefix = '';
  if (found.type === 'array') { found = resolve(found.items); prefix = '[].'; }
  if (!found.properties) return make('p', { class: 'note' }, typeOf(schema));
  const required = new Set(found.required || []);
  return make('table', null, make('thead', null, row('th', 'Field', 'Type', 'About')), make('tbody', null,
    ...Object.entries(found.properties).map(([name, one]) =>
      row('td', prefix + name + (required.has(name) ? ' *' : ''), typeOf(one), limitsOf(one)))));
}

function row(cell, ...texts) {
  return make('tr', null, ...texts.map((text) => make(cell, null, text || '')));
}

/* ---- an operation ------------------------------------------------------------------------------- */

function parametersOf(operation, form) {
  const list = operation.parameters || [];
  if (!list.length) return null;
  return make('section', null, make('h3', null, 'Parameters'), make('table', null,
    make('thead', null, row('th', 'Name', 'In', 'Type', 'Value', 'About')),
    make('tbody', null, ...list.map((one) => {
      const input = make('input', { 'aria-label': one.name, autocomplete: 'off' });
      form.parameters.push({ one, input });
      return make('tr', null, make('td', null, one.name + (one.required ? ' *' : '')), make('td', null, one.in),
        make('td', null, typeOf(one.schema)), make('td', null, input),
        make('td', null, one.description || limitsOf(one.schema)));
    }))));
}

function bodyOf(operation, form) {
  if (!operation.requestBody) return null;
  const [type, media] = Object.entries(operation.requestBody.content || {})[0] || ['application/json', {}];
  form.type = type;
  const note = `${type}${operation.requestBody.required ? ', required' : ''}`;
  if (!type.endsWith('json')) return make('section', null, make('h3', null, 'Body'), make('p', { class: 'note' }, `${note}; not sent from this page`));
  form.body = make('textarea', { 'aria-label': 'Request body', spellcheck: 'false' });
  form.body.value = JSON.stringify(example(media.schema), null, 2);
  return make('section', null, make('h3', null, 'Body'), make('p', { class: 'note' }, note),
    media.schema ? schemaTable(media.schema) : null, form.body);
}

function responsesOf(operation) {
  const rows = Object.entries(operation.responses || {}).map(([status, response]) => {
    const media = Object.values(response.content || {})[0];
    const isError = Number(status) >= 400;
    return make('tr', null, make('td', null, status), make('td', null, response.description || '',
      media && media.schema && !isError ? schemaTable(media.schema) : null));
  });
  return make('section', null, make('h3', null, 'Responses'), make('table', null, make('tbody', null, ...rows)));
}

async function call(path, method, form, output) {
  const query = new URLSearchParams();
  let url = path;
  for (const { one, input } of form.parameters) {
    if (one.in === 'path') url = url.replace(`{${one.name}}`, encodeURIComponent(input.value));
    else if (one.in === 'query' && input.value !== '') query.append(one.name, input.value);
  }
  if ([...query].length) url += `?${query}`;
  const headers = { Accept: 'application/json' }, token = byId('token').value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: method.toUpperCase(), headers, credentials: 'omit', cache: 'no-store' };
  if (form.body && form.body.value.trim()) {
    headers['Content-Type'] = 'application/json';
    options.body = form.body.value;
  }
  output.replaceChildren(make('p', { class: 'note' }, 'Waiting for the answer…'));
  const begun = performance.now();
  try {
    const answer = await fetch(url, options), text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
    const kept = ['content-type', 'etag', 'location', 'retry-after', 'ratelimit-remaining', 'x-request-id', 'www-authenticate'];
    const lines = kept.filter((name) => answer.headers.get(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
    output.replaceChildren(
      make('p', { class: 'note' }, `${options.method} ${url} — ${answer.status} ${answer.statusText}, ${Math.round(performance.now() - begun)} ms`),
      make('pre', null, lines.join('\n')), make('pre', { class: 'answer' }, shown || '(empty)'));
  } catch (problem) {
    output.replaceChildren(make('p', { class: 'note' }, `No answer: ${problem.message}`));
  }
}

function fill(details, path, method, operation) {
  const form = { parameters: [] }, output = make('div', { class: 'output', 'aria-live': 'polite' });
  const needs = (operation.security || []).some((one) => 'bearer' in one);
  details.append(make('div', { class: 'body' },
    operation.description ? make('p', null, operation.description) : null,
    needs ? make('p', { class: 'note' }, `Needs a token${operation['x-permission'] ? `, permission ${operation['x-permission']}` : ''}`) : null,
    parametersOf(operation, form), bodyOf(operation, form), responsesOf(operation),
    make('div', { class: 'try' }, make('button', { type: 'button', onclick: () => call(path, method, form, output) }, 'Try it')),
    output));
}

/* Its inside is made when it is first opened: there are hundreds. */
function operationElement(entry) {
  const { path, method, operation } = entry;
  const details = make('details', { class: 'operation', id: `${method}${path}` },
    make('summary', null, make('span', { class: `method ${method}` }, method.toUpperCase()),
      make('span', { class: 'path' }, path), make('span', { class: 'summary' }, operation.summary || '')));
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) fill(details, path, method, operation);
  });
  entry.element = details;
  return details;
}

/* ---- the page ----------------------------------------------------------------------------------- */

function collect() {
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths || {}))
    for (const method of METHODS.filter((one) => item[one])) {
      const operation = item[method], tag = (operation.tags || ['other'])[0], service = item['x-service'] || '';
      const key = `${service} ${tag}`;
      if (!groups.has(key)) groups.set(key, { service, tag, entries: [] });
      groups.get(key).entries.push({ path, method, operation,
        text: `${method} ${path} ${operation.summary || ''} ${tag} ${service}`.toLowerCase() });
    }
  return [...groups.values()].sort((a, b) => a.service.localeCompare(b.service) || a.tag.localeCompare(b.tag));
}

function show(groups) {
  const nav = make('div'), main = byId('operations');
  let service = null;
  main.replaceChildren();
  for (const group of groups) {
    const id = `tag-${group.service}-${group.tag}`;
    if (group.service !== service) nav.append(make('h2', null, group.service));
    service = group.service;
    group.link = make('a', { href: `#${id}` }, group.tag);
    group.heading = make('h2', { id }, group.tag, ' ', make('small', null, group.service));
    nav.append(group.link);
    group.entries.sort((a, b) => a.path.localeCompare(b.path) || METHODS.indexOf(a.method) - METHODS.indexOf(b.method));
    main.append(group.heading, ...group.entries.map(operationElement));
  }
  main.append(make('p', { id: 'state', class: 'note' }));
  byId('tags').replaceChildren(nav);
}

function filter(groups) {
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const group of groups) {
    let some = 0;
    for (const entry of group.entries) {
      entry.element.hidden = !words.every((word) => entry.text.includes(word));
      some += !entry.element.hidden;
    }
    group.heading.hidden = group.link.hidden = !some;
    count += some;
  }
  byId('state').textContent = count ? `${count} operations` : 'Nothing matches.';
}

async function start() {
  try {
    const answer = await fetch('/openapi.json', { credentials: 'omit' });
    if (!answer.ok) throw new Error(`the document cannot be had: ${answer.status}`);
    api = await answer.json();
  } catch (problem) {
    byId('state').textContent = `Not available: ${problem.message}`;
    return;
  }
  byId('version').textContent = api.info.version;
  const groups = collect();
  show(groups);
  filter(groups);
  byId('search').addEventListener('input', () => filter(groups));
  const wanted = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
}

start();
