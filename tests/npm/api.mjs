// What the scripts here share: the packages of the npm directory, a running
// EventPulse, and how a script ends.

import { createRequire } from "node:module";

/** CommonJS packages from where tests/npm/install has put them. */
export const require = createRequire(
  new URL(`file://${process.env.EVENTPULSE_NPM}/package.json`));

export const address = process.env.EVENTPULSE_URL;
export const adminKey = process.env.EVENTPULSE_KEY;

const faults = [];

export function wrong(what) {
  faults.push(what);
}

export function expect(holds, what) {
  if (!holds) wrong(what);
}

/** Prints what is wrong and ends, with 0 where nothing is. */
export function finish(summary) {
  for (const fault of faults.slice(0, 50)) console.error(`WRONG ${fault}`);
  console.log(`${summary}, ${faults.length} wrong`);
  process.exit(faults.length === 0 ? 0 : 1);
}

/** The answer of `condition` as soon as it is truthy; throws after a minute. */
export async function eventually(what, condition) {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
