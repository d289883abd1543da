import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import { readDocument } from "@keelson/manifest";
import { AgentConfig, KeelsonError, type Located, stalled } from "@keelson/model";

import { requireTrustedConfig } from "./trusted-files.ts";

/**
 * Reads an agent.yaml. Throws K1004 when it cannot be read, the code of the first problem when it is not valid, and
 * K4016 when others could change it or a file that it names.
 */
export function readAgentConfig(path: string): AgentConfig {
  return readAgentDocument(path).value;
}

/** The same with the place of each key. */
export function readAgentDocument(path: string): Located<AgentConfig> {
  const { value, problems } = readDocument({ path, mode: "100644", bytes: readBytes(path) }, AgentConfig);
  const [first] = problems;
  if (value !== null && first === undefined) {
    requireTrustedConfig(path, value.value);
    return value;
  }
  throw new KeelsonError({
    code: first?.code ?? "K1003",
    message: problems.map(({ line, column, message }) => `${path}:${line}:${column} ${message}`).join("\n"),
    hint: first?.hint ?? "schemas/agent.schema.json describes the file.",
    outcome: stalled,
  });
}

const longestBytes = 1024 * 1024;

/** Reads only an ordinary, small file. A pipe in its place would hang Keelson, and a device would never end. */
function readBytes(path: string): Uint8Array {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.size > longestBytes) throw new Error("it is not an ordinary, small file");
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new KeelsonError({
      code: "K1004",
      message: `the agent's configuration ${path} cannot be read`,
      hint: "docs/spec/agent.md has an example. To use another file, name it with --config FILE.",
      outcome: stalled,
      cause,
    });
  }
}
