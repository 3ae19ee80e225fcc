// Holds the running server to its OpenAPI document with Ajv, an independent
// validator of JSON Schema 2020-12: contract.mjs PHASE STATE_FILE
//
//   use            everything answers; every operation is called for every
//                  status that it documents
//   no-worker      no worker runs
//   no-database    PostgreSQL is gone
//   no-stream      Redis is gone too
//   done           every documented (operation, status) has been seen
//
// Each answer must have a status, a content type and headers that the document
// names, and a body that its schema takes, with no member it does not describe.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import zlib from "node:zlib";
import { address, adminKey, eventually, expect, finish, require, wrong }
  from "./api.mjs";

const { Ajv2020 } = require("ajv/dist/2020");
const addFormats = require("ajv-formats").default;

const [phase, stateFile] = process.argv.slice(2);
// What no test can bring about, each with its reason.
const notProvoked = new Map([]);

// --- the document ------------------------------------------------------------

let state = { seen: [] };
if (phase !== "use") state = JSON.parse(readFileSync(stateFile, "utf8"));
const document = state.document ??
  await (await fetch(`${address}/openapi.json`)).json();
state.document = document;

/** A copy in which objects have no members but those described. */
function closed(node, where = "") {
  if (Array.isArray(node)) return node.map((n) => closed(n));
  if (!node || typeof node !== "object") return node;
  if (where.endsWith("/schemas/RuleDocument")) return node; // closed as it is
  const out = {};
  for (const [name, value] of Object.entries(node))
    out[name] = closed(value, `${where}/${name}`);
  if (out.properties && !("additionalProperties" in out))
    out.additionalProperties = false;
  return out;
}

function validator(schemas) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(schemas, "http://api/document");
  return (pointer, value) => {
    const check = ajv.getSchema(`http://api/document#${pointer}`);
    return check(value) ? "" : ajv.errorsText(check.errors);
  };
}
const answerFault = validator(closed(document));
const requestFault = validator(document);

const escaped = (name) =>
  encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));

function resolve(node, pointer) {
  while (node.$ref) {
    pointer = node.$ref.slice(1);
    node = pointer.split("/").slice(1).reduce((at, part) =>
      at[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")],
      document);
  }
  return [node, pointer];
}

const operations = [];
for (const [path, item] of Object.entries(document.paths))
  for (const method of ["get", "put", "post", "delete", "patch"])
    if (item[method])
      operations.push({
        path, method: method.toUpperCase(), ...item[method],
        pointer: `/paths/${escaped(path)}/${method}`,
        parameters: [...(item.parameters ?? []),
                     ...(item[method].parameters ?? [])]
          .map((p) => resolve(p, "")[0]),
      });
const operation = (id) => operations.find((o) => o.operationId === id);

// --- asking ------------------------------------------------------------------

const seen = new Set(state.seen);

/** Checks one answer against its operation. */
function check(op, answer) {
  const status = String(answer.status);
  const name = `${op.operationId} ${status}`;
  seen.add(name);
  const key = status in op.responses ? status
    : `${status[0]}XX` in op.responses ? `${status[0]}XX` : "default";
  if (!(key in op.responses)) return wrong(`${name} is not documented`);
  const [response, pointer] =
    resolve(op.responses[key], `${op.pointer}/responses/${key}`);
  for (const [header, described] of Object.entries(response.headers ?? {})) {
    const [what, at] = resolve(described, `${pointer}/headers/${header}`);
    const given = answer.headers[header.toLowerCase()];
    if (given === undefined) {
      expect(!what.required, `${name} has no ${header}`);
      continue;
    }
    const value = what.schema.type === "integer" ? Number(given) : given;
    const fault = answerFault(`${at}/schema`, value);
    expect(!fault, `${name}: ${header}: ${given}: ${fault}`);
  }
  if (!response.content)
    return expect(answer.text === "", `${name} has a body: ${answer.text}`);
  const type = (answer.headers["content-type"] ?? "").split(";")[0];
  if (!(type in response.content))
    return wrong(`${name} is '${type}', which is not documented`);
  const body = type.endsWith("json") ? JSON.parse(answer.text) : answer.text;
  const fault =
    answerFault(`${pointer}/content/${escaped(type)}/schema`, body);
  expect(!fault, `${name}: ${fault}: ${answer.text.slice(0, 500)}`);
  if (type === "application/problem+json")
    expect(body.status === answer.status, `${name}: status is ${body.status}`);
  answer.body = body;
}

function send(base, method, target, headers, body) {
  return new Promise((done, failed) => {
    const request = http.request(base + target, { method, headers },
      (answer) => {
        const pieces = [];
        answer.on("data", (piece) => pieces.push(piece));
        answer.on("end", () => done({
          status: answer.statusCode, headers: answer.headers,
          text: Buffer.concat(pieces).toString() }));
      });
    request.on("upgrade", (answer, socket) => {
      socket.destroy();
      done({ status: answer.statusCode, headers: answer.headers, text: "" });
    });
    request.on("error", failed);
    // With this the server says what it thinks before it gets the body.
    if (headers.Expect) request.flushHeaders();
    else request.end(body);
  });
}

// Of every call of a route that speaks WebSocket, with the nonce of RFC 6455.
const handshake = { Connection: "Upgrade", Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };

/** Calls an operation: { path: {…}, query, headers, body, type, key, base }. */
async function call(id, o = {}) {
  const op = operation(id);
  if (!op) throw new Error(`no operation ${id}`);
  const path = op.path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(o.path?.[name] ??
      decodeURIComponent(op.parameters.find((p) =>
        p.in === "path" && p.name === name).example)));
  const headers = { ...("101" in op.responses ? handshake : {}), ...o.headers };
  const key = o.key ?? adminKey;
  if (key) headers.Authorization = `Bearer ${key}`;
  let body = o.body;
  if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body))
    body = JSON.stringify(body);
  if (body !== undefined)
    headers["Content-Type"] = o.type ?? "application/json";
  const answer = await send(o.base ?? address, op.method,
    path + (o.query ? `?${o.query}` : ""), headers, body);
  check(op, answer);
  if (o.status !== undefined && ![o.status].flat().includes(answer.status))
    wrong(`${id} answered ${answer.status}, not ${o.status}: ${answer.text}`);
  return answer;
}

// --- the phases --------------------------------------------------------------

const rule = { id: "contract", kind: "match", when: "event.type == 'contract'",
  group_by: ["event.data.who"], labels: { team: "a" },
  alert: { summary: "${event.data.who}", details: "seen" },
  notify: ["contract"] };
const id = (name) => ({ path: { id: name } });

/** Every example in the document is what its schema takes. */
function examples(op) {
  const look = (content, pointer) => {
    for (const [type, media] of Object.entries(content ?? {})) {
      const all = Object.values(media.examples ?? {}).map((e) => e.value);
      if ("example" in media) all.push(media.example);
      expect(all.length > 0 || type === "*/*",
        `${op.operationId}: ${pointer} ${type} has no example`);
      for (const value of all) {
        const fault = requestFault(
          `${pointer}/content/${escaped(type)}/schema`, value);
        expect(!fault, `${op.operationId}: example of ${pointer}: ${fault}`);
      }
    }
  };
  if (op.requestBody)
    look(...((r, p) => [r.content, p])(
      ...resolve(op.requestBody, `${op.pointer}/requestBody`)));
  for (const [status, response] of Object.entries(op.responses))
    look(...((r, p) => [r.content, p])(
      ...resolve(response, `${op.pointer}/responses/${status}`)));
}

async function makeKey(name, scopes, rate = null) {
  const made = await call("createKey",
    { body: { name, scopes, rate }, status: 201 });
  return made.body;
}

/** 429 of whatever counts for rates, with a key that has used its one. */
async function overRate() {
  const key = (await makeKey("slow", ["admin"],
    { requests: 1, window: "24h" })).key;
  const first = await call("listKeys", { key, status: 200 });
  expect(first.headers["ratelimit-policy"] === '"key";q=1;w=86400' &&
    /^"key";r=0;t=\d+$/.test(first.headers.ratelimit),
    "an answer does not say what is left of the rate");
  for (const op of operations)
    if ("429" in op.responses)
      await call(op.operationId, { key, status: 429 });
  const free = await call("listKeys", { status: 200 });
  expect(!free.headers.ratelimit, "a key without a rate is told one");
}

/** 401, 403 and the unknown query parameter, of whatever has them. */
async function refusals() {
  const eventsOnly = (await makeKey("events-only", ["events:read"])).key;
  const rulesOnly = (await makeKey("rules-only", ["rules:read"])).key;
  for (const op of operations) {
    if (op.security?.length === 0) continue;
    const lacking = op.description.includes("`events:read`") ? rulesOnly
      : eventsOnly;
    await call(op.operationId, { key: "", status: 401 });
    await call(op.operationId, { key: "ep_unknown", status: 401 });
    await call(op.operationId, { key: lacking, status: 403 });
    if (op.operationId !== "sendEvents")
      await call(op.operationId, { query: "nonsense=1", status: 422 });
  }
}

async function events() {
  const one = { specversion: "1.0", id: "e1", source: "/contract",
    type: "contract", subject: "s", data: { who: "you" } };
  await call("sendEvents", { body: one, status: 202 });
  await call("sendEvents", { body: one, status: [200, 202] });
  await call("sendEvents", { body: [one, { type: "" }], status: 202 });
  await call("sendEvents", { body: [{ type: "" }, 1], status: 422 });
  await call("sendEvents", { body: { type: "" }, status: 422 });
  await call("sendEvents", { body: "{", status: 400 });
  await call("sendEvents", { body: "a", type: "text/plain", status: 415 });
  await call("sendEvents",
    { body: { type: "big", data: "x".repeat(300 << 10) }, status: 413 });
  await call("sendEvents", { status: 413, headers: {
    "Content-Type": "application/json", "Content-Length": "99999999",
    "Expect": "100-continue" } });
  await call("sendEvents", { body: "{\"type\":\"a\"}\n{}\n\n{\"type\":\"b\"}",
    type: "application/x-ndjson", status: 202 });
  await call("sendEvents", { body: "{}\n", type: "application/x-ndjson",
    status: 422 });
  await call("sendEvents", { body: zlib.gzipSync(JSON.stringify(one)),
    headers: { "Content-Encoding": "gzip" }, status: [200, 202] });
  await call("sendEvents", { body: "\x00\x01", type: "image/png", status: 202,
    headers: { "ce-specversion": "1.0", "ce-id": "e2", "ce-source": "/contract",
      "ce-type": "picture", "ce-count": "3" } });
  for (const media of Object.entries(
    operation("sendEvents").requestBody.content)) {
    const [type, { example, examples: more }] = media;
    for (const value of [example, ...Object.values(more ?? {})
      .map((e) => e.value)].filter((v) => v !== undefined))
      await call("sendEvents", { body: value, type, status: [200, 202] });
  }
  await eventually("the event is kept", async () =>
    (await call("listEvents", { query: "source=/contract" }))
      .body.items.length === 2);
  const page = await call("listEvents", { query: "limit=1", status: 200 });
  expect(page.body.next !== null, "a page of 1 has no next");
  await call("listEvents",
    { query: `limit=1&cursor=${page.body.next}`, status: 200 });
  await call("listEvents", { query: "limit=0", status: 422 });
  await call("getEvent",
    { path: { source: "/contract", id: "e1" }, status: 200 });
  await call("getEvent", { path: { source: "/contract", id: "none" },
    status: 404 });
  const told = await call("getEventById", { ...id("e1"), status: 200 });
  expect(told.body.event_story.rules.some((r) => r.rule === "contract"),
    "the story knows no rule");
  await call("getEventById", { ...id("none"), status: 404 });
  await call("sendEvents", { status: 202,
    body: { id: "e1", source: "/another", type: "elsewhere" } });
  await eventually("the other event is kept", async () =>
    (await call("getEventById", id("e1"))).status === 409);
  await call("getEventById",
    { ...id("e1"), query: "source=/another", status: 200 });
  const found = await call("listEvents", { status: 200,
    query: `where=${encodeURIComponent("event.source == '/another'")}` });
  expect(found.body.items.length === 1 && found.body.looked_at > 1,
    "the condition did not choose");
  await call("listEvents", { query: "where=event.(", status: 422 });
}

async function rules() {
  await call("validateRule", { body: rule, status: 200 });
  await call("validateRule", { body: "id: a\nkind: match\nwhen: 'true'\n",
    type: "application/yaml", status: 200 });
  await call("validateRule", { body: { id: "a" }, status: 422 });
  await call("validateRule", { body: "x".repeat(270_000), status: 413 });
  const made = await call("publishRule",
    { ...id("contract"), body: rule, status: 201 });
  await call("publishRule", { ...id("contract"), body: rule, status: 200,
    headers: { "If-Match": made.headers.etag } });
  await call("publishRule", { ...id("contract"), body: rule, status: 412,
    headers: { "If-Match": made.headers.etag } });
  await call("publishRule", { ...id("contract"), body: rule, status: 412,
    headers: { "If-None-Match": "*" } });
  await call("publishRule", { ...id("other"), body: rule, status: 422 });
  await call("publishRule",
    { ...id("contract"), body: "x".repeat(270_000), status: 413 });
  await call("publishRule",
    { ...id("short"), body: { id: "short", kind: "match", when: "false" } });
  const list = await call("listRules", { query: "limit=1", status: 200 });
  expect(list.body.items.length === 1 && list.body.next, "rules are not paged");
  const got = await call("getRule", { ...id("contract"), status: 200 });
  // A Rule is a RuleDocument with three members more.
  const { version, published_at, published_by, ...alone } = got.body;
  expect(version === 2 && published_at && published_by, "no version");
  const fault = answerFault("/components/schemas/RuleDocument", alone);
  expect(!fault, `a rule is not a RuleDocument: ${fault}`);
  const status = await call("getRuleStatus",
    { ...id("contract"), query: "wait=active", status: 200 });
  expect(status.body.state === "active", `the rule is ${status.body.state}`);
  for (const read of ["getRule", "getRuleStatus", "listRuleVersions",
    "getRuleVersion", "diffRule", "rollbackRule", "pauseRule", "resumeRule",
    "deleteRule"])
    await call(read, { ...id("none"), status: 404 });
  await call("deleteRule",
    { ...id("short"), headers: { "If-Match": "\"7\"" }, status: 412 });
  await call("deleteRule", { ...id("short"), status: 204 });
  const versions = await call("listRuleVersions",
    { ...id("short"), status: 200 });
  expect(versions.body.items.length === 2, "a deletion is a version");
}

/** What changes rules in other ways than PUT and DELETE. */
async function ruleChanges() {
  const again = { id: "again", kind: "match", when: "false" };
  const made = await call("createRule", { body: again, status: 201 });
  expect(made.headers.location === "/v1/rules/again", "no Location");
  await call("createRule", { body: again, status: 409 });
  await call("createRule", { body: { id: "again" }, status: 422 });
  await call("createRule", { body: "x".repeat(270_000), status: 413 });
  const version = (n) => ({ path: { id: "again", n } });
  await call("getRuleVersion", { ...version("1"), status: 200 });
  await call("getRuleVersion", { ...version("2"), status: 404 });
  await call("getRuleVersion", { ...version("x"), status: 422 });

  await call("pauseRule", { ...id("again"), status: 200 });
  const stale = { headers: { "If-Match": "\"1\"" }, status: 412 };
  for (const change of ["pauseRule", "resumeRule", "rollbackRule"])
    await call(change, { ...id("again"), ...stale });
  for (const change of ["pauseRule", "resumeRule", "rollbackRule"])
    await call(change,
      { ...id("again"), headers: { "If-Match": "one" }, status: 422 });
  const resumed = await call("resumeRule", { ...id("again"), status: 200 });
  expect(resumed.body.version === 3 && resumed.body.mode !== "off",
    "the rule did not resume");

  const diff = await call("diffRule",
    { ...id("again"), query: "from=1&to=2", status: 200 });
  expect(diff.body.changes.length === 1 &&
    diff.body.changes[0].pointer === "/mode", "a pause changes the mode alone");
  await call("diffRule", { ...id("again"), query: "from=x", status: 422 });
  await call("diffRule",
    { ...id("short"), query: "from=1&to=2", status: 409 });

  const back = await call("rollbackRule",
    { ...id("again"), body: { version: 1 }, status: 200 });
  expect(back.body.version === 4, "a rollback is no version");
  await call("rollbackRule", { ...id("again"), body: "{", status: 400 });
  await call("rollbackRule",
    { ...id("again"), body: { version: 4 }, status: 409 });
  await call("rollbackRule",
    { ...id("again"), body: { version: "1" }, status: 422 });
  await call("rollbackRule", { ...id("again"), status: 413, headers: {
    "Content-Length": "99999999", "Expect": "100-continue" } });
  const deleted = await call("getRuleVersion",
    { path: { id: "short", n: "2" }, status: 200 });
  expect(deleted.body.deleted, "a deletion has a document");

  const tests = [{ name: "one", alerts: [{ at: "0s" }],
    events: [{ at: "0s", event: { type: "a" } }] }];
  const tested = await call("testRule",
    { body: { ...again, when: "true", tests }, status: 200 });
  expect(tested.body.passed, JSON.stringify(tested.body));
  const failed = await call("testRule",
    { body: { ...again, tests }, status: 200 });
  expect(!failed.body.passed && failed.body.tests[0].diff,
    "a test passes that must not");
  await call("testRule", { body: { id: "a" }, status: 422 });
  await call("testRule", { body: "x".repeat(270_000), status: 413 });

  const rules = [again, { ...again, id: "more" }];
  const plan = await call("applyRules",
    { body: { rules, dry_run: true }, status: 200 });
  expect(plan.body.unchanged.length === 1 && plan.body.published.length === 1,
    JSON.stringify(plan.body));
  const applied = await call("applyRules", { body: { rules }, status: 200 });
  expect(applied.body.published[0].version === 1, "nothing was published");
  await call("applyRules", { body: "{", status: 400 });
  await call("applyRules",
    { body: { rules: [{ ...again, tests }] }, status: 422 });
  await call("applyRules", { status: 413, headers: {
    "Content-Length": "99999999", "Expect": "100-continue" } });
}

async function eventTypes() {
  const type = (name) => ({ path: { type: name } });
  const body = { properties: { who: { type: "string" } }, required: ["who"] };
  const made = await call("putEventType",
    { ...type("strict"), body, status: 201 });
  const etag = made.headers.etag;
  await call("putEventType", { ...type("strict"), status: 200,
    body: made.body, headers: { "If-Match": etag } });
  await call("putEventType", { ...type("strict"), body, status: 412,
    headers: { "If-Match": etag } });
  await call("putEventType", { ...type("strict"), body, status: 412,
    headers: { "If-None-Match": "*" } });
  const noted = await call("putEventType", { ...type("noted"), status: 201,
    body: { properties: { a: { type: "string", format: "colour" } } } });
  expect(noted.body.notes, "a format that is not known is not noted");
  await call("putEventType", { ...type("bad"), body: "{", status: 400 });
  await call("putEventType",
    { ...type("bad"), body: { type: "nothing" }, status: 422 });
  await call("putEventType",
    { ...type("bad"), body: { schema: {}, colour: 1 }, status: 422 });
  await call("putEventType",
    { ...type("bad"), body: "x".repeat(270_000), status: 413 });
  for (const media of Object.values(
    operation("putEventType").requestBody.content["application/json"].examples))
    await call("putEventType",
      { ...type("example"), body: media.value, status: [200, 201] });
  const list = await call("listEventTypes", { query: "limit=1", status: 200 });
  expect(list.body.next, "a page of 1 has no next");
  await call("listEventTypes",
    { query: `limit=1&cursor=${list.body.next}`, status: 200 });
  const got = await call("getEventType", { ...type("strict"), status: 200 });
  expect(got.body.version === 2 && got.body.schema.required[0] === "who",
    "another schema is shown than was put");
  await call("deleteEventType",
    { ...type("noted"), headers: { "If-Match": "\"7\"" }, status: 412 });
  await call("deleteEventType", { ...type("noted"), status: 204 });
  for (const read of ["getEventType", "listEventTypeVersions",
    "deleteEventType"])
    await call(read, { ...type("none"), status: 404 });
  const versions = await call("listEventTypeVersions",
    { ...type("noted"), status: 200 });
  expect(versions.body.items.length === 2, "a deletion is a version");
  await call("listEventTypeVersions",
    { ...type("noted"), query: "limit=1&cursor=2", status: 200 });
  await call("listEventTypeVersions",
    { ...type("noted"), query: "cursor=x", status: 422 });
}

/** After eventTypes() and events(), which have sent what is refused. */
async function deadLetters() {
  const none = id("00000000-0000-7000-8000-00000000ffff");
  for (let i = 0; i < 5; ++i)
    await call("sendEvents",
      { body: { type: "strict", data: { number: i } }, status: 422 });
  const letters = await eventually("five dead letters", async () => {
    const { items } = (await call("listDeadLetters",
      { query: "type=strict&kind=request&key=admin", status: 200 })).body;
    return items.length === 5 && items;
  });
  const page = await call("listDeadLetters",
    { query: "state=pending&limit=1", status: 200 });
  await call("listDeadLetters",
    { query: `state=pending&limit=1&cursor=${page.body.next}`, status: 200 });
  await call("listDeadLetters", { query: "state=gone", status: 422 });

  let malformed;
  for (const { id: one } of (await call("listDeadLetters")).body.items)
    if ((await call("getDeadLetter", { ...id(one), status: 200 }))
      .body.original === "{") malformed = one;
  await call("replayDeadLetter", { ...id(malformed), status: 400 });
  await call("replayDeadLetter", { ...id(letters[0].id), status: 422 });
  const refused = await call("replayDeadLetters",
    { body: { type: "strict" }, status: 200 });
  expect(refused.body.failed === 5, "what does not fit was replayed");
  expect((await call("getDeadLetter", id(letters[0].id))).body.attempts === 2,
    "attempts are not counted");

  await call("putEventType",
    { path: { type: "strict" }, body: true, status: 200 });
  await call("replayDeadLetter", { ...id(letters[0].id), status: 200 });
  await call("replayDeadLetter", { ...id(letters[0].id), status: 409 });
  const some = await call("replayDeadLetters",
    { query: "type=strict&limit=1", status: 200 });
  expect(some.body.replayed === 1 && some.body.next, "not one was replayed");
  await call("discardDeadLetter", { ...id(letters[1].id), status: 204 });
  await call("discardDeadLetter", { ...id(letters[1].id), status: 409 });
  await call("deleteDeadLetter", { ...id(letters[2].id), status: 204 });
  await call("deleteDeadLetter", { ...id(letters[2].id), status: 409 });
  await call("getDeadLetter", { ...id(letters[2].id), status: 200 });
  for (const one of ["getDeadLetter", "replayDeadLetter", "discardDeadLetter",
    "deleteDeadLetter"])
    await call(one, { ...none, status: 404 });
  for (const many of ["replayDeadLetters", "discardDeadLetters"]) {
    await call(many, { body: "{", status: 400 });
    await call(many, { body: { colour: 1 }, status: 422 });
    await call(many, { status: 413, headers: {
      "Content-Length": "99999999", "Expect": "100-continue" } });
  }
  await call("discardDeadLetters", { status: 422 });
  const gone = await call("discardDeadLetters",
    { body: { type: "strict" }, status: 200 });
  expect(gone.body.discarded === 1, `${gone.body.discarded} were discarded`);
}

async function live() {
  const taken = await call("followLive",
    { query: "topics=events,alerts&severity=critical", status: 101 });
  expect(taken.headers["sec-websocket-accept"] === createHash("sha1")
    .update(`${handshake["Sec-WebSocket-Key"]}258EAFA5-E914-47DA-95CA-` +
      "C5AB0DC85B11").digest("base64"), "the handshake is answered wrongly");
  await call("followLive",
    { headers: { "Sec-WebSocket-Version": "8" }, status: 426 });
  await call("followLive", { headers: { Upgrade: "h2c" }, status: 426 });
  await call("followLive",
    { headers: { "Sec-WebSocket-Key": "short" }, status: 400 });
  await call("followLive",
    { query: "after=999999999_1_0-1-0", status: 410 });
  await call("followLive", { query: "after=1", status: 422 });
  await call("followLive", { query: "topics=gossip", status: 422 });
  await call("followLive",
    { query: "topics=events&where=event.nonsense.(", status: 422 });
  const alertsOnly = (await makeKey("alerts-only", ["alerts:read"])).key;
  await call("followLive",
    { key: alertsOnly, query: "topics=alerts,rules", status: 403 });
  await call("followLive",
    { key: alertsOnly, query: "topics=deliveries", status: 101 });
}

async function channels() {
  const hook = process.env.EVENTPULSE_HOOK;
  const body = { kind: "webhook", url: hook };
  const made = await call("putChannel",
    { ...id("contract"), body, status: 201 });
  expect(made.body.secret, "a made secret is shown");
  const again = await call("putChannel",
    { ...id("contract"), body, status: 200 });
  expect(!again.body.secret, "a kept secret is not shown");
  await call("putChannel", { ...id("spare"), body, status: 201 });
  await call("putChannel", { ...id("spare"), body: "{", status: 400 });
  await call("putChannel",
    { ...id("spare"), body: { kind: "pigeon", wings: 2 }, status: 422 });
  await call("putChannel", { ...id("spare"), status: 413, headers: {
    "Content-Length": "99999999", "Expect": "100-continue" } });
  await call("listChannels", { query: "limit=1", status: 200 });
  await call("getChannel", { ...id("contract"), status: 200 });
  await call("getChannel", { ...id("none"), status: 404 });
  await call("deleteChannel", { ...id("spare"), status: 204 });
  await call("deleteChannel", { ...id("none"), status: 404 });

  await call("putChannel", { ...id("turning"), body, status: 201 });
  const turned = await call("rotateChannel", { ...id("turning"), status: 200 });
  expect(turned.body.secret && turned.body.earlier_secrets_end_at.length === 1,
    "a secret does not go on beside its successor");
  for (let i = 0; i < 2; ++i)
    await call("rotateChannel",
      { ...id("turning"), body: { overlap: "1h" }, status: 200 });
  await call("rotateChannel", { ...id("turning"), status: 409 });
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  await call("putChannel",
    { ...id("turning"), body: { ...body, secret }, status: 409 });
  await call("putChannel", { ...id("turning"), status: 200,
    body: { ...body, secret, overlap: "0s" } });
  await call("rotateChannel", { ...id("turning"), body: "{", status: 400 });
  await call("rotateChannel",
    { ...id("turning"), body: { overlap: "1000d", colour: 1 }, status: 422 });
  await call("rotateChannel", { ...id("turning"), status: 413, headers: {
    "Content-Length": "99999999", "Expect": "100-continue" } });
  await call("rotateChannel", { ...id("none"), status: 404 });
}

async function keys() {
  const made = await call("createKey", { status: 201, body: {
    name: "short-lived", scopes: ["events:write", "rules:read"],
    expires_at: new Date(Date.now() + 3_600_000).toISOString() } });
  await call("createKey",
    { body: { name: "short-lived", scopes: ["admin"] }, status: 409 });
  await call("createKey", { body: { name: "a b", scopes: [] }, status: 422 });
  const rated = await makeKey("rated", ["rules:read"], 5);
  expect(rated.rate.requests === 5 && rated.rate.window === "1s",
    "a number is no rate");
  await call("createKey", { status: 422,
    body: { name: "b", scopes: ["admin"], rate: { requests: 0 } } });
  await call("createKey", { body: "[", status: 400 });
  await call("createKey", { status: 413, headers: {
    "Content-Length": "99999999", "Expect": "100-continue" } });
  await call("revokeKey", { ...id(made.body.id), status: 204 });
  await call("revokeKey",
    { ...id("00000000-0000-7000-8000-00000000ffff"), status: 404 });
  await call("listKeys", { status: 200 });
}

async function outcomes() {
  const alert = await eventually("an alert", async () =>
    (await call("listAlerts", { query: "rule=contract", status: 200 }))
      .body.items[0]);
  await call("getAlert", { ...id(alert.id), status: 200 });
  await call("getAlert",
    { ...id("00000000-0000-5000-8000-000000000000"), status: 404 });
  await call("listAlerts", { query: "state=gone", status: 422 });
  await call("listAlerts", { query: "limit=1&severity=warning", status: 200 });
  const delivery = await eventually("a delivery with its attempt", async () =>
    (await call("listDeliveries", { query: `alert=${alert.id}`, status: 200 }))
      .body.items.find((d) => d.state === "delivered"));
  await call("getDelivery", { ...id(delivery.id), status: 200 });
  await call("getDelivery",
    { ...id("00000000-0000-5000-8000-000000000000"), status: 404 });
  await call("deleteChannel", { ...id("contract"), status: 409 });
  await call("getSystem", { status: 200 });
}

const holding = { id: "holding", kind: "threshold",
  when: "event.type == 'holding'", group_by: ["event.data.who"],
  window: { type: "sliding", size: "1h" }, aggregate: { n: "count()" },
  condition: "n >= 1" };

/** Alerts that are open: one for now, one for when there is no worker. */
async function openAlerts() {
  await call("publishRule", { ...id("holding"), body: holding, status: 201 });
  for (const who of ["now", "later"])
    await call("sendEvents",
      { body: { type: "holding", data: { who } }, status: 202 });
  const open = await eventually("two open alerts", async () => {
    const { items } = (await call("listAlerts",
      { query: "rule=holding&state=firing&acknowledged=false" })).body;
    return items.length === 2 && items;
  });
  const [now, later] = ["now", "later"]
    .map((who) => open.find((a) => a.group[0] === who).id);
  state.openAlert = later;
  const comment = { body: { comment: "on it" } };
  const taken = await call("acknowledgeAlert",
    { ...id(now), ...comment, status: 200 });
  expect(taken.body.acknowledged_by === "admin", "nobody acknowledged it");
  const done = await call("resolveAlert",
    { ...id(now), ...comment, status: 200 });
  expect(done.body.resolve_reason === "by_hand" &&
    done.body.resolved_by === "admin", "it did not resolve by hand");
  const shown = await call("getAlert", { ...id(now), status: 200 });
  expect(shown.body.history.map((s) => s.what).join() ===
    "opened,acknowledged,resolved", "the history is another");
  await call("listAlerts", { query: "acknowledged=perhaps", status: 422 });
  for (const act of ["acknowledgeAlert", "resolveAlert"]) {
    await call(act,
      { ...id("00000000-0000-5000-8000-000000000000"), status: 404 });
    await call(act, { ...id(later), body: "{", status: 400 });
    await call(act, { ...id(later), body: { comment: 1 }, status: 422 });
    await call(act, { ...id(later), status: 413, headers: {
      "Content-Length": "99999999", "Expect": "100-continue" } });
  }
}

/** A channel to a receiver of this script's own. */
async function channelTo(name, answer) {
  const server = http.createServer(answer);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await call("putChannel", { ...id(name), status: 201, body: {
    kind: "webhook", url: `http://127.0.0.1:${server.address().port}/` } });
}

/** After outcomes(), which has seen that deliveries are made. */
async function trials() {
  const good = await call("testChannel", { ...id("contract"), status: 200 });
  expect(good.body.state === "delivered" && good.body.test, "not delivered");
  await call("retryDelivery", { ...id(good.body.id), status: 409 });
  await channelTo("failing", (_, answer) => answer.writeHead(500).end());
  const bad = await call("testChannel", { ...id("failing"), status: 200 });
  expect(bad.body.state === "failed", `500 is ${bad.body.state}`);
  await call("retryDelivery", { ...id(bad.body.id), status: 202 });
  await channelTo("gone", (_, answer) => answer.writeHead(410).end());
  await call("testChannel", { ...id("gone"), status: 200 });
  await call("testChannel", { ...id("gone"), status: 409 });
  await call("testChannel", { ...id("none"), status: 404 });
  await call("retryDelivery",
    { ...id("00000000-0000-5000-8000-000000000000"), status: 404 });
  const tests = await call("listDeliveries",
    { query: "type=channel.test&from=2000-01-01T00:00:00Z", status: 200 });
  expect(tests.body.items.length >= 3, "tests are no deliveries");
}

async function audit() {
  const made = await call("rotateChannel", { ...id("turning"), status: 200,
    headers: { "X-Request-Id": "contract-1" } });
  expect(made.headers["x-request-id"] === "contract-1", "another request id");
  const page = await call("listAudit", { status: 200,
    query: "key=admin&action=channel&target=channel/turning&limit=1" });
  expect(page.body.items[0].request_id === "contract-1",
    "the newest change comes first");
  await call("listAudit", { query: `cursor=${page.body.next}`, status: 200 });
  await call("listAudit", { query: "cursor=x", status: 422 });
}

async function processes() {
  for (const base of [address, process.env.EVENTPULSE_WORKER_URL]) {
    for (const what of ["getHealth", "getReadiness", "getMetrics",
      "getContract"]) {
      const answer = await call(what, { base, key: "", status: 200 });
      const head = await send(base, "HEAD", operation(what).path, {});
      expect(head.status === 200 && head.text === "",
        `${what}: HEAD is ${head.status}`);
      const other = await send(base, "POST", operation(what).path, {});
      expect(other.status === 405 && other.headers.allow === "GET, HEAD",
        `${what}: POST is ${other.status}`);
      if (what === "getContract")
        expect(answer.text === JSON.stringify(document) + "\n" ||
          JSON.stringify(answer.body) === JSON.stringify(document),
          `${base} serves another document`);
    }
  }
}

// What an operation needs to get as far as the servers.
const sound = {
  publishRule: { ...id("contract"), body: rule },
  createRule: { body: { ...rule, id: "later" } },
  applyRules: { body: { rules: [rule] } },
  putChannel: { body: { kind: "webhook", url: "http://127.0.0.1/" } },
  createKey: { body: { name: "later", scopes: ["admin"] } },
  sendEvents: { body: { type: "a" } },
  putEventType: { body: {} },
  discardDeadLetters: { query: "all=true" },
};

/** 503 of every operation that documents it, but for those that `without`. */
async function unavailable(chosen) {
  for (const op of operations) {
    if (!("503" in op.responses) || !chosen(op)) continue;
    await call(op.operationId, { ...sound[op.operationId], status: 503 });
  }
}

const streamOnly = new Set(["sendEvents", "getReadiness"]);
switch (phase) {
  case "use":
    operations.forEach(examples);
    await processes();
    await refusals();
    await overRate();
    await keys();
    await channels();
    await rules();
    await ruleChanges();
    await eventTypes();
    await events();
    await deadLetters();
    await live();
    await outcomes();
    await openAlerts();
    await trials();
    await audit();
    break;
  case "no-worker":
    await call("testChannel", { ...id("contract"), status: 202 });
    for (const act of ["acknowledgeAlert", "resolveAlert"])
      await call(act, { ...id(state.openAlert), status: 202 });
    break;
  case "no-database":
    await unavailable((op) => !streamOnly.has(op.operationId));
    await call("getSystem", { status: 200 }); // says what it cannot ask
    break;
  case "no-stream":
    await unavailable((op) => streamOnly.has(op.operationId));
    await call("sendEvents", { body: [{ type: "a", id: "1" }, { type: "b" }],
      status: 503 });
    await call("sendEvents", { body: "{\"type\":\"a\"}\n", status: 503,
      type: "application/x-ndjson" });
    break;
  case "done":
    for (const op of operations)
      for (const status of Object.keys(op.responses)) {
        const name = `${op.operationId} ${status}`;
        if (/^[0-9]+$/.test(status) && !notProvoked.has(name))
          expect(seen.has(name), `${name} is documented and was never seen`);
      }
    break;
  default:
    throw new Error(`no phase '${phase}'`);
}
writeFileSync(stateFile, JSON.stringify({ ...state, document, seen: [...seen] }));
finish(`${phase}: ${operations.length} operations, ${seen.size} answers`);
