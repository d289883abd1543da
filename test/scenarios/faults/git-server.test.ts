import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import type { Container, Platform } from "../platform.ts";
import { expectFault, expectReady, expectUntouched } from "./outcome.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
`;

const password = "a-t0ken-of-the-node";

interface Fault {
  readonly what: string;
  readonly code: string;
  readonly happens: (platform: Platform) => Promise<void> | void;
  readonly mend: (platform: Platform) => Promise<void> | void;
}

const mendServer = (platform: Platform) => platform.server.setBehaviour({ kind: "normal" });
const credentialOf = (platform: Platform) => join(platform.folder, "credential");

const faults: Fault[] = [
  {
    what: "is down",
    code: "K2001",
    happens: async (platform) => platform.server.stop(),
    mend: async (platform) => platform.server.start(),
  },
  {
    what: "hangs",
    code: "K2005",
    happens: (platform) => platform.server.setBehaviour({ kind: "hang" }),
    mend: mendServer,
  },
  {
    what: "answers 500",
    code: "K2009",
    happens: (platform) => platform.server.setBehaviour({ kind: "fail", status: 500 }),
    mend: mendServer,
  },
  {
    what: "hangs up in the middle of an answer",
    code: "K2001",
    happens: (platform) => platform.server.setBehaviour({ kind: "cut", afterBytes: 100 }),
    mend: mendServer,
  },
  {
    what: "refuses the credential",
    code: "K2002",
    happens: async (platform) => writeFile(credentialOf(platform), "node:wrong\n"),
    mend: async (platform) => writeFile(credentialOf(platform), `node:${password}\n`),
  },
];

describe("a round while the Git server", () => {
  const platform = usePlatform({
    release,
    credentials: { username: "node", password },
    // Also what is well has to answer within it.
    agent: { timeouts: { git: "10s" } },
  });
  let before: Container[];
  let good: string;

  beforeAll(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
    good = await platform().repository.head();
  });

  it.each(faults)("$what must do nothing and say so ($code)", async ({ code, happens, mend }) => {
    await platform().push({}, "something new");
    await happens(platform());
    const round = await platform().reconcile();
    await mend(platform());
    await expectUntouched(platform(), before);
    expect(await platform().pageOf("web/web")).toBe("web 1\n");
    expectFault(round, { code });
    expect(round.worked).toBe(false);
    expect(round.status).toMatchObject({
      source: { applied: good },
    });
    expect(JSON.stringify(round.status) + round.output).not.toContain(password);
    expect(await platform().status()).toEqual(round.status);

    const later = await platform().reconcile();
    await expectUntouched(platform(), before);
    expectReady(later);
    good = await platform().repository.head();
    expect(later.status.source.applied).toBe(good);
  });
});
