import { expect } from "vitest";
import { isReady } from "../node-status.ts";
import type { Changes, Container, Platform, Round } from "../platform.ts";

/** What a round must say about a fault. */
export interface Fault {
  readonly code: string;
  /** `file:line:column` for a document, `service:…` and the like for a thing; not looked at unless told. */
  readonly resource?: string;
  /** Part of the message. */
  readonly says?: string;
}

/** A round that failed must say so in its exit code, its status and its printed text. */
export function expectFault(round: Round, { code, resource, says = "" }: Fault): void {
  const error = {
    code,
    message: expect.stringContaining(says),
    ...(resource === undefined ? {} : { resource }),
  };
  expect(round.status.errors).toContainEqual(expect.objectContaining(error));
  expect(isReady(round.status)).toBe(false);
  expect(round.exitCode).toBe(1);
  const printed = [`error[${code}]`, `[${code}]`].some((text) => round.output.includes(text));
  expect(printed, `the printed text names ${code}:\n${round.output}`).toBe(true);
  for (const part of [resource ?? "", says]) expect(round.output).toContain(part);
}

/** A round that came to its end must leave nothing to be wished for. */
export function expectReady(round: Round): void {
  expect(round.status.errors).toEqual([]);
  expect(isReady(round.status)).toBe(true);
  expect(round.exitCode).toBe(0);
}

/** What could move the cursor, hide or reorder text: nothing that others wrote may bring it into our output. */
export const rulesTerminal =
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Containers that are the same and were not started again in between. */
export async function expectUntouched(platform: Platform, before: readonly Container[]): Promise<void> {
  expect((await platform.containers()).map(identityOf)).toEqual(before.map(identityOf));
}

function identityOf({ id, name, state, startedAt }: Container): object {
  return { id, name, state, startedAt };
}

/** Pushes a commit, looks at what comes of it, and takes the commit back whatever that was. */
export async function whilePushed(
  platform: Platform,
  { changes, look }: { changes: Changes; look: () => Promise<void> },
): Promise<void> {
  await platform.push(changes);
  try {
    await look();
  } finally {
    await platform.repository.git("revert", "--no-edit", "HEAD");
    await platform.repository.push();
  }
}
