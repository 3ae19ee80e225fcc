// Sends events with the CloudEvents SDK for JavaScript, as its users do, in
// every mode of its HTTP binding: cloudevents.mjs EXPECTED_FILE
// What must be kept afterwards is written to EXPECTED_FILE, a JSON object an
// event: source, id, type, subject, time, extensions, and the payload as text
// or, where it is binary, as base64.

import { writeFileSync } from "node:fs";
import { address, adminKey, expect, finish, require } from "./api.mjs";

const { CloudEvent, HTTP, Mode, emitterFor, httpTransport } =
  require("cloudevents");

const sink = httpTransport(`${address}/v1/events`);
const options = { headers: { Authorization: `Bearer ${adminKey}` } };
const emitters = {
  binary: emitterFor(sink, { binding: HTTP, mode: Mode.BINARY }),
  structured: emitterFor(sink, { binding: HTTP, mode: Mode.STRUCTURED }),
  // The SDK reads batches, and has no emitter of them.
  batch: (event, o) => sink({
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify([event, event.cloneWith({ id: `${event.id}-b` })]),
  }, o),
};

const bytes = new Uint8Array([0, 1, 2, 250, 251, 255, 10, 13]);
const payloads = {
  object: { data: { total: 12.5, items: ["a", "ü", "\u{1F600}"], none: null },
    datacontenttype: "application/json" },
  list: { data: [1, 2, { deep: [true] }], datacontenttype: "application/json" },
  text: { data: "plain text", datacontenttype: "text/plain" },
  xml: { data: "<order id='1'/>", datacontenttype: "application/xml" },
  bytes: { data: bytes, datacontenttype: "application/octet-stream" },
  nothing: {},
};
const attributes = {
  plain: {},
  full: { subject: "orders/17", time: "2026-01-02T03:04:05.678Z",
    dataschema: "https://example.com/order.json", sequence: "42",
    partitionkey: "customer-7" },
};

/** The same whichever mode it came in: JSON as text, all else as its bytes. */
function kept(event, { data }) {
  const isBytes = typeof data === "string" || data instanceof Uint8Array;
  const raw = isBytes ? Buffer.from(data).toString("base64") : null;
  const json = data === undefined || isBytes ? null : JSON.stringify(data);
  const extensions = {};
  for (const name of ["sequence", "partitionkey"])
    if (event[name] !== undefined) extensions[name] = event[name];
  return { source: event.source, id: event.id, type: event.type,
    subject: event.subject ?? null, time: event.time ?? null,
    datacontenttype: event.datacontenttype ?? null, extensions, json, raw };
}

const expected = [];
for (const [mode, emit] of Object.entries(emitters))
  for (const [what, payload] of Object.entries(payloads))
    for (const [with_, more] of Object.entries(attributes)) {
      // The SDK's own transport throws on an empty body.
      if (what === "nothing" && mode === "binary") continue;
      const event = new CloudEvent({ id: `${mode}-${what}-${with_}`,
        source: `/sdk/${mode}`, type: "com.example.order", ...payload, ...more });
      const answer = await emit(event, options);
      const body = JSON.parse(answer.body);
      const taken = mode === "batch" ? body.accepted === 2
        : body.status === "accepted" && body.id === event.id;
      expect(taken, `${event.id}: ${answer.body}`);
      expected.push(kept(event, payload));
      if (mode === "batch")
        expected.push(kept(event.cloneWith({ id: `${event.id}-b` }), payload));
    }
writeFileSync(process.argv[2], JSON.stringify(expected));
finish(`${expected.length} events sent`);
