import { describe, expect, it } from "vitest";
import { expectReady } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";

/** Every file is called x.conf and holds the same, in sites that lie beside and in one another. */
const sites = ["a", "b", "a/a", "b/a/a"];
const classes = ["recreate", "restart", "none"];
const places = classes.flatMap((onChange) =>
  sites.map((site) => ({ onChange, site: `${onChange}/${site}/conf` })),
);

const release = `
-- packages/web/package.yaml --
files:
${places.map(({ onChange, site }) => `  - { template: x.conf, to: ${site}/x.conf, onChange: ${onChange} }\n`).join("")}
-- packages/web/x.conf --
equal
-- packages/web/compose.yaml --
services:
  folders:
    image: IMAGES/app:1
    volumes: [${places.map(({ site }) => `./${site}:/sites/${site}`).join(", ")}]
  files:
    image: IMAGES/app:1
    volumes: [${places
      .filter(({ onChange }) => onChange !== "none")
      .map(({ site }) => `./${site}/x.conf:/sites/${site}/x.conf`)
      .join(", ")}]
`;

describe("equal files of one name", () => {
  const platform = usePlatform({ release });
  const read = async (service: string) =>
    platform().exec(
      `web/${service}`,
      "sh",
      "-c",
      "find /sites -name x.conf -not -path '*/..*' -exec cat {} + | sort | uniq -c | xargs",
    );

  it("must all be bound, as folders and as single files", async () => {
    expectReady(await platform().reconcile());
    expect(await read("folders")).toBe("12 equal\n");
    expect(await read("files")).toBe("8 equal\n");
  });

  it("must need nothing in the next round", async () => {
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must all have the new content after an upgrade, and leave nothing to do", async () => {
    await platform().upgrade({ "packages/web/x.conf": "same\n" });
    expectReady(await platform().reconcile());
    expect(await read("folders")).toBe("12 same\n");
    expect(await read("files")).toBe("8 same\n");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});
