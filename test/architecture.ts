import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What each room may depend on. An edge that is not here does not exist. */
const pureRooms: Record<string, readonly string[]> = {
  model: [],
  manifest: ["model", "nar"],
  settings: ["model"],
  grants: ["model"],
  render: ["model", "settings", "grants"],
  equality: ["model"],
  plan: ["model", "grants", "equality"],
  report: ["model", "grants"],
  nar: ["model"],
};
const ioRooms = ["git", "compose", "engine", "store", "secrets", "record"];
const allowedEdges: Record<string, readonly string[]> = {
  ...pureRooms,
  ...Object.fromEntries(ioRooms.map((room) => [room, ["model"]])),
  store: ["model", "nar"],
  compose: ["model", "grants"],
  reconcile: ["model", "manifest", "nar", "settings", "grants", "render", "plan", "report"],
  node: ["model", "manifest", "nar", "grants", "reconcile", ...ioRooms],
  diagnosis: ["model", "grants", "node", ...ioRooms],
  cli: ["model", "nar", "git", "store", "grants", "plan", "report", "reconcile", "node", "diagnosis"],
  agent: ["model", "git", "engine", "report", "reconcile", "node"],
  test: [],
};

/** Doors for the process that stays, and for what a command line needs at once: they load nothing but `node:` modules. */
const lightDoors = new Set([
  "@keelson/git/poll",
  "@keelson/engine/poll",
  "@keelson/model/light",
  "@keelson/report/light",
  "@keelson/store/folder",
]);

/** The only things of Node that a pure room may use. */
const pureNodeModules = new Set(["node:crypto"]);

/** A pure room gets time and chance as data, and says nothing. */
const impure: readonly [RegExp, string][] = [
  [/\bDate\.now\(|\bnew Date\(\)/, "reads the clock"],
  [/\bMath\.random\(|\brandomBytes\(|\brandomUUID\(/, "uses chance"],
  [/\bprocess\.|\bglobalThis\.process\b/, "reads the process"],
  [/\bconsole\./, "prints"],
  [/\bsetTimeout\(|\bperformance\./, "looks at time"],
];

interface SourceText {
  room: string;
  /** Path below the root. */
  path: string;
  text: string;
  isTest: boolean;
}

/** Everything in a workspace that breaks the direction of the house, one line each, sorted. */
export function findViolations(root: string): string[] {
  const rooms = ["libs", "apps"].flatMap((parent) =>
    list(join(root, parent)).map((room) => ({ parent, room })),
  );
  return rooms
    .flatMap(({ parent, room }) => {
      const folder = join(parent, room);
      const declared = readDependencies(join(root, folder, "package.json"));
      const sources = listSources(root, { folder, room });
      return [
        ...declaredViolations(room, declared),
        ...sources.flatMap((source) => sourceViolations(source, declared)),
      ];
    })
    .sort();
}

function declaredViolations(room: string, declared: readonly string[]): string[] {
  const allowed = allowedEdges[room];
  if (allowed === undefined)
    return [`${room} is no room of the house: name its edges in test/architecture.ts`];
  return declared
    .filter((name) => name.startsWith("@keelson/"))
    .map((name) => name.slice("@keelson/".length))
    .filter((other) => other !== "test" && !allowed.includes(other))
    .map((other) => `${room} may not depend on ${other}`);
}

function sourceViolations(source: SourceText, declared: readonly string[]): string[] {
  const found = importsOf(source.text).flatMap((specifier) =>
    importViolation(source, { specifier, declared }),
  );
  if (!(source.room in pureRooms) || source.isTest) return found;
  const code = source.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  return [
    ...found,
    ...impure.filter(([pattern]) => pattern.test(code)).map(([, what]) => `${source.path} ${what}`),
  ];
}

function importViolation(
  source: SourceText,
  imported: { specifier: string; declared: readonly string[] },
): string[] {
  const { specifier, declared } = imported;
  if (specifier.startsWith("node:")) {
    const isAllowed = source.isTest || !(source.room in pureRooms) || pureNodeModules.has(specifier);
    return isAllowed ? [] : [`${source.path} imports ${specifier}, but ${source.room} is pure`];
  }
  if (specifier.startsWith(".")) {
    const target = join("/", source.path, "..", specifier);
    const room = join("/", ...source.path.split("/").slice(0, 2));
    const leaves = !target.startsWith(`${room}/`) && !source.isTest;
    return leaves ? [`${source.path} reaches into another room: ${specifier}`] : [];
  }
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (name === "vitest" || name === "fast-check" || name === "@keelson/test") {
    return source.isTest ? [] : [`${source.path} imports ${name} outside a test`];
  }
  if (specifier.startsWith("@keelson/") && specifier !== name && !lightDoors.has(specifier))
    return [`${source.path} goes around a door: ${specifier}`];
  return declared.includes(name)
    ? []
    : [`${source.path} imports ${name}, which ${source.room} does not declare`];
}

function importsOf(text: string): string[] {
  const pattern =
    /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? "");
}

function readDependencies(path: string): string[] {
  const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(readFileSync(path, "utf8"));
  return [...Object.keys(manifest["dependencies"] ?? {}), ...Object.keys(manifest["devDependencies"] ?? {})];
}

function listSources(root: string, place: { folder: string; room: string }): SourceText[] {
  return readdirSync(join(root, place.folder, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = join(place.folder, "src", name);
      // Fixtures and test rigs stand beside the tests that use them and are imported by nothing else.
      const isTest = /\.test\.ts$|(^|[/-])(fixture|test-)[^/]*\.ts$/.test(name);
      return { room: place.room, path, text: readFileSync(join(root, path), "utf8"), isTest };
    });
}

function list(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
