import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { sampleInput } from "./sample-input.ts";

type Sample = Parameters<typeof sampleInput>[0];

const list = <T>(count: number, entry: (index: number) => T) =>
  Array.from({ length: count }, (_, n) => entry(n));
const lines = (count: number, entry: (index: number) => string) => list(count, entry).join("\n");
const app = (keys: string) => `services:\n  app:\n    image: app\n    ${keys}\n`;
const services = (count: number, keys: (index: number) => string) =>
  `services:\n${lines(count, (n) => `  s${n}: {image: app, ${keys(n)}}`)}\n`;
const section = (name: string, count: number) =>
  `${app("")}${name}:\n${lines(count, (n) => `  e${n}: {}`)}\n`;
const environment = (count: number) => `environment: {${list(count, (n) => `k${n}: "${n}"`).join(", ")}}`;

interface Case {
  what: string;
  path: string;
  refused: string | Sample;
  /** The nearest that is accepted. */
  accepted: string | Sample;
}

const ports: Case[] = [
  ['ports: ["1-65535:1-65535"]', 'ports: ["30000-30999:30000-30999"]'],
  ['ports: ["1-65535"]', 'ports: ["65535"]'],
  ['ports: ["127.0.0.1:1-1001:1-1001/udp"]', 'ports: ["127.0.0.1:1-1000:1-1000/udp"]'],
  ['ports: ["[::1]:1-1001:1-1001"]', 'ports: ["1-65535:80"]'],
  ['ports: ["1-600:1-600", "601-1100:601-1100"]', 'ports: ["1-500:1-500", "501-1000:501-1000"]'],
  ['ports: ["${FIRST}-${LAST}:${FIRST}-${LAST}"]', 'ports: ["${FIRST}:${LAST}"]'],
  ['ports: ["1-$LAST:1-$LAST"]', 'ports: ["1-${FIRST}:1-${FIRST}"]'],
  ['ports: ["1-${NONE:-65535}"]', 'ports: ["1-${FIRST:-65535}"]'],
  ['ports: ["1-${NONE:-${NONE:-65535}}"]', 'ports: ["1-${NONE:-${NONE:-80}}"]'],
  ['ports: ["${FIRST:+1-65535}"]', 'ports: ["${NONE:+1-65535}80"]'],
  ['ports: ["1-${LAST:?}"]', 'ports: ["${LAST:?}"]'],
  ['ports: ["1-0000065535"]', 'ports: ["1-0000000080"]'],
  ['ports: ["${DOLLARS}"]', 'ports: ["80"]'],
  ['expose: ["1-65535"]', 'expose: ["1-1000"]'],
  ['expose: ["1-65535/udp"]', 'expose: ["80/udp", 443]'],
  ['expose: ["1-65535/"]', 'expose: ["80/"]'],
  ['expose: ["1-65535/udp:"]', 'expose: ["1-1000/udp"]'],
  ['ports: ["1-65535/"]', 'ports: ["8080:80/"]'],
  ['ports: ["1-65535:1-65535/tcp/udp"]', 'ports: ["1-65535:80/tcp"]'],
].map(([refused = "", accepted = ""]) => ({
  what: "1000 ports",
  path: "services.app",
  refused: app(refused),
  accepted: app(accepted),
}));

const containers: Case[] = [
  ["scale: 1000000", "scale: 500"],
  ['scale: "1000000"', 'scale: "3"'],
  ["scale: 1e9", "scale: 0"],
  ["scale: ${LAST}", "scale: ${FIRST}"],
  ["deploy: {replicas: 501}", "deploy: {replicas: 500}"],
].map(([refused = "", accepted = ""]) => ({
  what: "500 containers",
  path: "services.app",
  refused: app(refused),
  accepted: app(accepted),
}));

const diamond = (levels: number, width: number): Sample => {
  const names = (level: number) => list(width, (n) => `f${level}-${n}.yaml`).join(", ");
  const files = list(levels, (level) => level).flatMap((level) =>
    list(width, (n): [string, string] => {
      const below = level + 1 < levels ? `include: [${names(level + 1)}]\n` : "";
      return [`f${level}-${n}.yaml`, `${below}services: {s${level}-${n}: {image: app}}`];
    }),
  );
  return { files: { "compose.yaml": `include: [${names(0)}]\n${app("")}`, ...Object.fromEntries(files) } };
};

const extending = (count: number, base: string, file = true): Sample => ({
  files: {
    "compose.yaml": `services:\n  base: {image: app, ${file ? "" : base}}\n${lines(count, (n) => `  s${n}: {extends: {service: base${file ? ", file: base.yaml" : ""}}}`)}`,
    "base.yaml": `services: {base: {image: app, ${base}}}`,
  },
});

const chain = (length: number): string =>
  `services:\n  s0: {image: app}\n${lines(length, (n) => `  s${n + 1}: {extends: {service: s${n}}}`)}\n`;

const doubling = (count: number): Sample => ({
  files: { "compose.yaml": app("env_file: a.env") },
  rendered: { "a.env": `A0=0123456789\n${lines(count, (n) => `A${n + 1}=\${A${n}}$A${n}`)}\n` },
});

const written = "the services exceed 2 MiB, counting what they extend and read";
const cases: Case[] = [
  ...ports,
  ...containers,
  {
    what: "1000 ports",
    path: "services.s",
    refused: extending(20, 'ports: ["1-100"]'),
    accepted: extending(10, 'ports: ["1-100"]'),
  },
  {
    what: "500 containers",
    path: "services.s5",
    refused: services(6, () => "scale: 100"),
    accepted: services(5, () => "scale: 100"),
  },
  {
    what: "256 services",
    path: "services",
    refused: services(257, () => ""),
    accepted: services(256, () => ""),
  },
  {
    what: "64 networks",
    path: "networks",
    refused: section("networks", 65),
    accepted: section("networks", 64),
  },
  {
    what: "256 volumes",
    path: "volumes",
    refused: section("volumes", 257),
    accepted: section("volumes", 256),
  },
  {
    what: written,
    path: "services.s",
    refused: extending(200, environment(2000), false),
    accepted: extending(50, environment(2000), false),
  },
  {
    what: written,
    path: "services.s",
    refused: extending(200, environment(2000)),
    accepted: extending(20, environment(2000)),
  },
  { what: written, path: "services.s64", refused: chain(100), accepted: chain(60) },
  { what: written, path: "services.app", refused: doubling(40), accepted: doubling(12) },
  {
    what: written,
    path: "services.s",
    refused: {
      files: { "compose.yaml": services(60, () => "env_file: a.env") },
      rendered: { "a.env": `A=${"x".repeat(90_000)}\n` },
    },
    accepted: {
      files: { "compose.yaml": services(20, () => "env_file: a.env") },
      rendered: { "a.env": `A=${"x".repeat(90_000)}\n` },
    },
  },
  {
    what: "its includes read more than 64 files",
    path: "include",
    refused: diamond(6, 3),
    accepted: diamond(3, 3),
  },
  {
    what: "the Compose files exceed 2 MiB with their variables filled in",
    path: "services.s",
    refused: services(60, () => 'environment: {A: "${LONG}"}'),
    accepted: services(20, () => 'environment: {A: "${LONG}"}'),
  },
  {
    what: "one text has more than 1000 variables with a default",
    path: "services.app.user",
    refused: app(`user: "${"${NONE:-x}".repeat(1001)}"`),
    accepted: app(`user: "${"${NONE:-x}".repeat(1000)}${"${NONE}".repeat(3000)}"`),
  },
  {
    what: "one text has more than 1000 variables with a default",
    path: "services.app.user",
    refused: app(`user: "${"${ſ:-x}".repeat(1001)}"`),
    accepted: app(`user: "${"${ſ:-x}".repeat(1000)}${"${ſ}".repeat(3000)}"`),
  },
  {
    what: "one text of a.env has more than 1000 variables with a default",
    path: "services.app.env_file",
    refused: {
      files: { "compose.yaml": app("env_file: a.env"), "a.env": `A=${"${NONE:-x}".repeat(1001)}\n` },
    },
    accepted: {
      files: { "compose.yaml": app("env_file: a.env"), "a.env": `A=${"${NONE:-x}".repeat(1000)}\n` },
    },
  },
  {
    what: "commands are so long",
    path: "services.app.command",
    refused: app(`command: echo ${"x".repeat(33_000)}`),
    accepted: app(`command: [echo, ${"x".repeat(60_000)}]`),
  },
  {
    what: "commands are so long",
    path: "services.app.entrypoint",
    refused: app('entrypoint: "${LONG}"'),
    accepted: app('entrypoint: ["${LONG}"]'),
  },
  ...["depends_on", "links"].map((key) => ({
    what: "its services depend on each other in more than 100000 ways",
    path: "services",
    refused: services(20, (n) => `${key}: [${list(n, (each) => `s${each}`).join(", ")}]`),
    accepted: services(100, (n) => `${key}: [${list(Math.min(n, 1), () => `s${n - 1}`).join(", ")}]`),
  })),
  {
    what: "its services depend on each other in more than 100000 ways",
    path: "services",
    refused: services(40, (n) =>
      n < 2 ? "" : `depends_on: {s${n - 1}: {condition: service_started}}, ipc: "service:s${n - 2}"`,
    ),
    accepted: services(20, (n) =>
      n < 2 ? "" : `depends_on: {s${n - 1}: {condition: service_started}}, ipc: "service:s${n - 2}"`,
    ),
  },
  ...["depends_on", "links"].map((key) => ({
    what: "its services depend on each other in more than 100000 ways",
    path: "services",
    refused: services(20, (n) => `${key}: [${list(n, (each) => `"\${NONE:-s${each}}"`).join(", ")}]`),
    accepted: services(
      40,
      (n) => `${key}: [${list(Math.min(n, 1), () => `"\${NONE:-s${n - 1}}"`).join(", ")}]`,
    ),
  })),
  {
    what: "its services depend on each other in more than 100000 ways",
    path: "services",
    refused: services(2, (n) => (n === 0 ? "" : 'depends_on: ["${NONE:+$$}s0"]')),
    accepted: services(2, (n) => (n === 0 ? "" : 'depends_on: ["${NONE:+x}s0"]')),
  },
  {
    what: "the Compose files exceed 2 MiB with their variables filled in",
    path: "services.app.ports",
    refused: app(`ports: ["${"${LONG}".repeat(10_000)}"]`),
    accepted: app('ports: ["${FIRST}"]'),
  },
  {
    what: "variables are nested more than 8 deep",
    path: "services.app.command",
    refused: app(`command: "${"${NONE:-".repeat(9)}x${"}".repeat(9)}"`),
    accepted: app(`command: "${"${NONE:-".repeat(8)}x${"}".repeat(8)} ${"${FIRST}".repeat(20)}"`),
  },
];

describe("a few bytes that become very much", () => {
  it.each(cases)("must be refused with K1428: $what at $path", ({ what, path, refused }) => {
    const [problem, ...more] = gate(refused);
    expect(problem).toMatchObject({ code: "K1428", message: expect.stringContaining(what) });
    expect(problem?.path.startsWith(path)).toBe(true);
    expect(problem?.sourceLine).not.toBe("");
    expect(more).toEqual([]);
  });

  it.each(cases)("must be accepted in its nearest form: $what at $path", ({ accepted }) => {
    expect(gate(accepted)).toEqual([]);
  });

  it("must be counted over all files of an instance", () => {
    const override = 'services: {other: {image: app, ports: ["1-600"]}}';
    const files = { "compose.yaml": app('ports: ["1-600"]') };
    expect(gate({ files, override })).toMatchObject([{ code: "K1428", path: "services.other" }]);
    expect(gate({ files })).toEqual([]);
  });
});

function gate(sample: string | Sample) {
  const { files, ...rest } = typeof sample === "string" ? { files: { "compose.yaml": sample } } : sample;
  const variables = {
    FIRST: "8",
    LAST: "65535",
    NONE: "",
    ſ: "",
    DOLLARS: "${DOLLARS}".repeat(50),
    LONG: "x".repeat(100_000),
  };
  return gateCompose(sampleInput({ files, variables, ...rest }));
}
