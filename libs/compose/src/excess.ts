import {
  type JsonObject,
  type Problem,
  isJsonObject,
  defaultsOf,
  filledLength,
  maxNesting,
  nestingOf,
  valueOf,
} from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { stringsOf } from "./compose-node.ts";
import { countDependencyPaths } from "./dependency-paths.ts";
import { servicesOf } from "./extends-chain.ts";
import { localPath } from "./local-path.ts";
import type { Participant, Participants, PlainFile } from "./participant.ts";
import { textsOf } from "./plain-file.ts";
import { referencesOf } from "./references.ts";
import { type Amount, amountOf } from "./service-amount.ts";
import { newWriting } from "./written-out.ts";

/** Many times what real instances have; more costs Compose, the engine or the plan minutes and gigabytes. */
const limits = { ports: 1_000, containers: 500 } as const;
const sectionLimits = { services: 256, networks: 64, volumes: 256, secrets: 256, configs: 256 } as const;
const maxWrittenOutBytes = 2 * 1024 * 1024;
const maxIncludes = 64;
const maxPaths = 100_000;

const splitHint = "Split the package into several instances.";

/**
 * K1428: a few bytes that Compose, the engine or the plan would make very much of. Judged before Compose runs, with
 * variables filled in; each limit counts for all files of the instance together.
 */
export function findExcess(files: Participants): Problem[] {
  const project = files.composeFiles.filter(({ role }) => role !== "base");
  const many = [...findManyIncludes(project), ...findManyEntries(project)];
  // Each service is counted with all that it extends, so there must not be too many of them.
  if (many.length > 0) return many;
  const long = [...findLongTexts(files.composeFiles), ...findManyDefaults(files.plainFiles)];
  // The next checks fill variables in, so no text may become too long.
  if (long.length > 0) return long;
  return [...findManyPaths(project, files), ...findLargeServices(project, files)];
}

/** The same of Compose's model, in which everything is written out. */
export function findModelExcess(model: JsonObject): Finding[] {
  const services = isJsonObject(model["services"]) ? Object.entries(model["services"]) : [];
  const total = newTotal();
  return [
    ...Object.entries(sectionLimits).flatMap(([section, limit]) => {
      const entries = isJsonObject(model[section]) ? Object.keys(model[section]).length : 0;
      return entries > limit ? [tooMany(section, { limit, path: [section] })] : [];
    }),
    ...services.flatMap(([name, service]) =>
      isJsonObject(service) ? total.add(amountOf(service, {}), ["services", name]) : [],
    ),
  ];
}

function tooMany(what: string, { limit, path }: { limit: number; path: readonly string[] }): Finding {
  const message = `the instance has more than ${limit} ${what}`;
  return { code: "K1428", path, message, hint: splitHint };
}

function findManyEntries(project: readonly Participant[]): Problem[] {
  return Object.entries(sectionLimits).flatMap(([section, limit]) => {
    const names = new Set<string>();
    for (const { document } of project) {
      const root = document.root.value;
      const entries = isJsonObject(root) ? root[section] : null;
      for (const name of Object.keys(isJsonObject(entries) ? entries : {})) names.add(name);
      if (names.size > limit) return [problemAt(document, tooMany(section, { limit, path: [section] }))];
    }
    return [];
  });
}

/** Compose takes more than twice the time for twice as much of these: a text of a thousand defaults, or a long command. */
const maxDefaults = 1_000;
const maxCommandLength = 32 * 1024;

/** A variable can be long and stand in a text often. */
function findLongTexts(files: readonly Participant[]): Problem[] {
  const sum = { length: 0, defaults: 0, commands: 0 };
  for (const { document, variables } of files) {
    const lengthOf = (name: string) => valueOf(name, variables).length;
    for (const { text, path } of stringsOf(document.root)) {
      const report = (message: string, hint: string) => [
        problemAt(document, { code: "K1428", path, message, hint }),
      ];
      const length = filledLength(text, lengthOf);
      sum.length += length;
      sum.defaults += defaultsOf(text) ** 2;
      if (isCommand(path)) sum.commands += length ** 2;
      if (sum.length > maxWrittenOutBytes)
        return report(`the Compose files exceed ${shownLimit} with their variables filled in`, textHint);
      if (nestingOf(text) > maxNesting)
        return report(`variables are nested more than ${maxNesting} deep`, textHint);
      if (sum.defaults > maxDefaults ** 2)
        return report(`one text has more than ${maxDefaults} variables with a default`, textHint);
      if (sum.commands > maxCommandLength ** 2)
        return report("the commands are so long that Compose takes very long to split them", commandHint);
    }
  }
  return [];
}

/** The same of files that services read, each as often as it is named. */
function findManyDefaults(plainFiles: readonly PlainFile[]): Problem[] {
  const costs = new Map<Uint8Array, number>();
  let sum = 0;
  // Nothing is filled in in a raw one.
  for (const plain of plainFiles.filter(({ raw }) => !raw)) {
    const { bytes, namedBy } = plain;
    const cost = costs.get(bytes) ?? textsOf(plain).reduce((total, text) => total + defaultsOf(text) ** 2, 0);
    costs.set(bytes, cost);
    sum += cost;
    if (sum <= maxDefaults ** 2) continue;
    const message = `one text of ${plain.name} has more than ${maxDefaults} variables with a default`;
    const finding = { code: "K1428", path: namedBy.path, message, hint: textHint };
    return [problemAt(namedBy.participant.document, finding)];
  }
  return [];
}

function isCommand([section, , key, ...rest]: readonly string[]): boolean {
  return section === "services" && (key === "command" || key === "entrypoint") && rest.length === 0;
}

const shownLimit = `${maxWrittenOutBytes / 1024 / 1024} MiB`;
const textHint = "Put long values into a file that the service reads, and write defaults into package.yaml.";
const commandHint = "Write the command as a list, which is not split, or bind a script.";

/** Compose follows every way through the dependencies, and there are exponentially many. */
function findManyPaths(project: readonly Participant[], { composeFiles }: Participants): Problem[] {
  const [main] = project;
  if (main === undefined || countDependencyPaths(project, composeFiles) <= maxPaths) return [];
  const message = `its services depend on each other in more than ${maxPaths} ways`;
  const hint =
    "Leave out dependencies that another one implies: in a chain each service names only the one before it.";
  return [problemAt(main.document, { code: "K1428", path: ["services"], message, hint })];
}

/** Compose reads an included file anew for each way that leads to it. */
function findManyIncludes(project: readonly Participant[]): Problem[] {
  const counts = new Map<Participant, number>();
  const countOf = (participant: Participant): number => {
    const known = counts.get(participant);
    if (known !== undefined) return known;
    counts.set(participant, 1); // includes that go in a circle are refused elsewhere
    const count = includedBy(participant, project).reduce((sum, file) => sum + countOf(file), 1);
    counts.set(participant, count);
    return count;
  };
  const [main] = project;
  if (main === undefined || countOf(main) <= maxIncludes) return [];
  const message = `its includes read more than ${maxIncludes} files; a file that is included twice counts twice`;
  return [
    problemAt(main.document, { code: "K1428", path: ["include"], message, hint: "Include each file once." }),
  ];
}

function includedBy(participant: Participant, project: readonly Participant[]): Participant[] {
  return referencesOf(participant.document.root.value).flatMap((reference) => {
    if (reference.kind !== "include") return [];
    const { path } = localPath(reference.value, { folder: participant.folder, reach: "repository" });
    return project.filter((other) => other.role === "included" && other.path === path);
  });
}

function findLargeServices(project: readonly Participant[], read: Participants): Problem[] {
  const total = newTotal();
  const amountOfService = newWriting(read);
  return project.flatMap((participant) =>
    Object.keys(servicesOf(participant)).flatMap((name) =>
      total
        .add(amountOfService({ participant, name }), ["services", name])
        .map((finding) => problemAt(participant.document, finding)),
    ),
  );
}

/** Adds up what services have; each limit gives one finding, at the service that goes beyond it. */
function newTotal() {
  const total: Amount = { bytes: 0, ports: 0, containers: 0 };
  const add = (
    key: keyof Amount,
    { amount, limit, finding }: { amount: Amount; limit: number; finding: Finding },
  ) => {
    const before = total[key];
    total[key] += amount[key];
    return before <= limit && total[key] > limit ? [finding] : [];
  };
  return {
    add: (amount: Amount, path: readonly string[]): Finding[] => [
      ...(["ports", "containers"] as const).flatMap((key) =>
        add(key, { amount, limit: limits[key], finding: tooMany(key, { limit: limits[key], path }) }),
      ),
      ...add("bytes", {
        amount,
        limit: maxWrittenOutBytes,
        finding: {
          code: "K1428",
          path,
          message: `the services exceed ${shownLimit}, counting what they extend and read`,
          hint: "Let fewer services extend a large one or read a large file; bind the file, or split the package.",
        },
      }),
    ],
  };
}
