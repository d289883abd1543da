import { cpus, totalmem } from "node:os";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";

import { checkout, outputOf } from "@keelson/test/support";

import { measureCommandLine } from "../test/bench/command-line.ts";
import { measureDigests } from "../test/bench/digest.ts";
import { measureLocal } from "../test/bench/local.ts";
import { type Row, isMissed } from "../test/bench/measure.ts";
import { measureNoOp } from "../test/bench/no-op.ts";
import { measureReplay } from "../test/bench/replay.ts";
import { measureRounds } from "../test/bench/rounds.ts";
import { measureStatuses } from "../test/bench/statuses.ts";
import { measureWatcherMemory } from "../test/bench/watcher-memory.ts";

// Run it by script/bench, which sets up what is needed and makes the bundles.

const groups = ["cli", "noop", "rounds", "memory", "status", "replay", "digest", "local"] as const;
type Group = (typeof groups)[number];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const asked = positionals.length === 0 ? groups : groups.filter((group) => positionals.includes(group));
if (positionals.some((name) => !groups.some((group) => group === name))) {
  console.error(`usage: script/bench [--json] [--check] [--write] [--quick] [${groups.join("|")}]...`);
  process.exit(2);
}

const runs = options.quick ? 1 : 5;
const sizes = options.quick ? [10] : [10, 50, 100];
const say = (text: string) => console.error(styleText("dim", `bench: ${text}`));

const measure: Record<Group, () => Promise<Row[]>> = {
  cli: async () => [await measureCommandLine(runs)],
  noop: async () => inTurn(sizes, async (services) => [await measureNoOp({ services, runs, say })]),
  rounds: async () => inTurn(sizes, async (services) => measureRounds({ services, runs, say })),
  memory: async () => measureWatcherMemory(say),
  status: async () =>
    inTurn(options.quick ? [10] : [10, 100, 300], async (nodes) => measureStatuses(nodes, runs)),
  replay: async () => measureReplay(options.quick ? 3 : 100, say),
  local: async () => measureLocal({ folders: options.quick ? 10 : 60, runs, say }),
  digest: async () => measureDigests({ runs, isQuick: options.quick }),
};
const rows = await inTurn(asked, async (group) => measure[group]());

console.log(options.json ? JSON.stringify(rows, null, 2) : formatTable(rows));
if (options.write) await writeFile(join(checkout, "docs/bench.md"), await formatPage(rows));
if (options.check && rows.some(isMissed)) process.exitCode = 1;

async function inTurn<T>(of: readonly T[], task: (each: T) => Promise<Row[]>): Promise<Row[]> {
  const all: Row[] = [];
  for (const each of of) all.push(...(await task(each)));
  return all;
}

function formatTable(of: readonly Row[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  const body = of.map((row) => {
    const { case: name, services, keelson, reference, ratio, unit, limit } = row;
    const judged = limit === null ? "–" : `${limit}${isMissed(row) ? " missed" : ""}`;
    return line([name, services ?? "–", `${keelson} ${unit}`, reference ?? "–", ratio ?? "–", judged]);
  });
  return [
    line(["case", "services", "keelson", "reference", "ratio", "limit"]),
    line(["---", "--:", "--:", "--:", "--:", "--:"]),
    ...body,
  ].join("\n");
}

async function formatPage(of: readonly Row[]): Promise<string> {
  const [cpu] = cpus();
  const compose = await outputOf([process.env["KEELSON_COMPOSE"] ?? "docker-compose", "version", "--short"]);
  const engine = (await outputOf(["dockerd", "--version"])).replace(/^Docker version /, "").split(",")[0];
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `# Bench

The last run of \`script/bench --write\`: ${cpus().length} × ${cpu?.model.trim() ?? "unknown"}, ${memory} GiB, Node ${process.versions.node}, Compose ${compose.trim()},
engine ${engine ?? "unknown"}. Ratios are keelson / reference, of medians of ${runs} runs that took turns on one engine; a limit is
for the ratio where there is one. Times of a shared machine: look at the ratios.

${formatTable(of)}

What the cases are:

| case | ours | reference |
| --- | --- | --- |
| \`cli\` | \`keelson version\` | \`node -e 0\` |
| \`noop\` | a poll of Git and the engine by the running agent | \`git fetch && docker compose up -d\` with nothing to do |
| \`first-start\` | \`keelson sync\` after a push, until all services are healthy | \`git pull && docker compose up -d --wait\` |
| \`change\` | the same for one changed service; below it the seconds of its last run, step by step | the same |
| \`plan\` | \`keelson plan\` with nothing to do | \`docker compose up -d --dry-run\` |
| \`round-memory\` | the peak of a round's process | the peak of \`docker compose up -d\` |
| \`heal\` | from the end of a container to the plan that starts it again | – |
| \`memory\` | the watcher of the agent, after it applied the sample and polled 2,000 times; and what it grows by 2,000 more polls | a Node that does nothing |
| \`status-push\` | one node's push of its status, 8 at a time | – |
| \`status-read\` | \`keelson status --json\` of so many nodes | – |
| \`replay\` | commits in a row that change one of 60 instances each, \`keelson sync\` after each | \`git pull\` and \`docker compose up -d\` in every project |
| \`digest-large\` | \`keelson release digest\` of 1 GB in files of 1 kB to 50 MB | \`nix hash path\` |
| \`digest-many\` | the same of 20,000 files of up to 2 kB | the same |
| \`local-check\` | \`keelson check\` of so many Compose folders | \`docker compose config\` in each of them |
| \`local-noop\` | a round with nothing to do, by \`keelson-agent reconcile\` | \`git pull\` and \`docker compose up -d\` in each folder |
| \`local-change\` | the same after a commit that changes one folder | the same |

To repeat it: \`script/bench --write\` on a machine that does nothing else; \`script/bench --check\` fails when a limit is missed,
\`script/bench noop cli\` runs only those.
`;
}
