import type { ComposeModel } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findProjects } from "./found-project.ts";
import { tallyOf } from "./import-tally.ts";
import { filesOf } from "./test-files.ts";
import { readWrittenProject } from "./written-project.ts";

const texts = {
  "apps/a/compose.yaml": `include: [../shared/more.yaml]
services:
  app:
    extends: base
    ports: ["8080:80", "9000-9002:9000-9002/udp", "\${PORT}:81"]
  base:
    profiles: [never]
    ports: [{ target: 443, published: 8443 }]
  debug: { profiles: [debug] }
volumes: { data: , unused: }
networks:
  default: { driver: bridge }
  front: { external: true }
  back:
  named: { name: "n-\${PORT}" }
`,
  "apps/a/compose.override.yaml": 'services: { app: { ports: ["127.0.0.1:8080:80", "8080:80"] } }\n',
  "apps/a/.env": "PORT=1\n",
  "apps/shared/more.yaml": "services: { more: { ports: [53] } }\n",
};

function readWritten() {
  const files = filesOf(texts);
  const [project] = findProjects(
    files,
    Object.keys(texts).filter((path) => path.startsWith("apps/a/")),
  );
  if (project === undefined) throw new Error("no project");
  return readWrittenProject(project, files);
}

const model = (other: Partial<ComposeModel>): ComposeModel => ({
  name: "a",
  services: {},
  volumes: {},
  networks: {},
  secrets: {},
  configs: {},
  ...other,
});

describe("what goes into an import", () => {
  it("must be counted without Compose, over all files that it merges", () => {
    const { services, volumes, networks } = readWritten();
    expect(services).toEqual([
      { name: "app", profiles: [], ports: 7 },
      { name: "base", profiles: ["never"], ports: 1 },
      { name: "debug", profiles: ["debug"], ports: 0 },
      { name: "more", profiles: [], ports: 1 },
    ]);
    expect(volumes).toEqual(["data", "unused"]);
    expect(networks).toEqual([
      { key: "default", makes: "a_default" },
      { key: "front", makes: null },
      { key: "back", makes: "a_back" },
      { key: "named", makes: "n-1" },
    ]);
  });

  it("must come out, or be named with the reason", () => {
    const port = { target: 80 };
    const tally = tallyOf(
      readWritten(),
      model({
        services: { app: { image: "a", ports: [port, port, port] }, more: { image: "a", ports: [port] } },
        volumes: { data: null },
        networks: { default: null, front: null, back: null },
      }),
    );
    expect(tally.in).toEqual({ services: 4, volumes: 2, networks: 4, ports: 9 });
    expect(tally.out).toEqual({ services: 2, volumes: 1, networks: 3, ports: 4 });
    expect(tally.leftOut.map(({ what }) => what)).toEqual([
      "service base",
      "service debug",
      "volume unused",
      "network named",
      "4 of 7 ports of app",
    ]);
    expect(tally.leftOut[1]?.because).toContain("its profile debug is not on");
    expect(tallyOf(readWritten(), null)).toMatchObject({ out: { services: 0, ports: 0 }, leftOut: [] });
  });

  it("must not count the network that Compose adds by itself", () => {
    const written = { services: [], volumes: [], networks: [] };
    expect(tallyOf(written, model({ networks: { default: null } })).out.networks).toBe(0);
  });
});
